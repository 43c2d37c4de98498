"""How the plain book hands out what an auction has fixed, one fill after another."""

from __future__ import annotations

from exchange.core.rejections import InvariantBroken
from matching.auction import share_pro_rata
from matching.book_events import BUY, COLLECT, FILLED, MARKET, UNCROSSING, Events, refused
from matching.book_following import FollowingBook
from matching.book_messages import (
    MAX_FILLS,
    NO_ORDER,
    NO_PRICE,
    Allocation,
    BookEvent,
    EventKind,
    Flag,
    Reason,
    Refusal,
)
from matching.queues import Entry, Half
from matching.taking import related


class UncrossingBook(FollowingBook):
    """A book that ends a call by an auction."""

    def uncross_begin(self) -> Events:
        """Fix price, volume and allocation of the call's auction."""
        if self._matching != COLLECT:
            return [refused(Refusal.PHASE, NO_ORDER)]
        if self.pending:
            return [refused(Refusal.PENDING, NO_ORDER)]
        price, lots, imbalance, side = self.indication()
        self._matching = UNCROSSING
        self._uncross_ticks, self._uncross_lots = price, lots
        if self._rules.allocation is Allocation.PRO_RATA and lots:
            self._shares = self._share_last_price(self._bids, lots) or self._share_last_price(self._offers, lots)
        return [BookEvent(EventKind.UNCROSSING, side, 0, 0, 0, 0, price, lots, imbalance, 0, 0)]

    def uncross_continue(self, max_fills: int) -> Events:
        """Hand out the next fills; at the end, end what lives only for the auction, and collect again."""
        if self._matching != UNCROSSING:
            return [refused(Refusal.PHASE, NO_ORDER)]
        if not 0 < max_fills <= MAX_FILLS:
            return [refused(Refusal.RECORD_INVALID, NO_ORDER)]
        events: Events = []
        left = max_fills
        while left and self._uncross_lots:
            self._pair(events)
            left -= 1
        while left and not self._uncross_lots and self._auction_only:
            entry = next(iter(self._auction_only.values()))
            market = entry.order.kind == MARKET
            self._end(entry, Reason.MARKET_REMAINDER if market else Reason.AUCTION_ENDED, events)
            left -= 1
        if not self._uncross_lots and not self._auction_only:
            self._matching = COLLECT
            self._last = self._uncross_ticks or self._last
            events.append(BookEvent(EventKind.UNCROSSED, 0, 0, 0, 0, 0, self._uncross_ticks, 0, 0, 0, 0))
            self._uncross_ticks = NO_PRICE
        return events

    def _pair(self, events: Events) -> None:
        """One fill of the auction: the best bid and the best offer that still have something due."""
        bid, bid_lots = self._next_due(self._bids)
        offer, offer_lots = self._next_due(self._offers)
        lots = min(bid_lots, offer_lots, self._uncross_lots)
        self._uncross_lots -= lots
        flags = Flag.AUCTION | Flag.SELF * related(bid, offer)
        bid.remaining_lots -= lots
        offer.remaining_lots -= lots
        left = bid.remaining_lots, offer.remaining_lots
        ids = bid.order_id, offer.order_id
        events.append(BookEvent(FILLED, BUY, 0, flags, *ids, self._uncross_ticks, lots, *left, 0))
        for entry in (bid, offer):
            self._after_auction_fill(entry, lots, events)

    def _next_due(self, half: Half) -> tuple[Entry, int]:
        """Whose turn it is on one side, and how much is due to it."""
        if self._shares:
            order_id, lots = next(iter(self._shares.items()))
            entry = self._entries[order_id]
            if entry.buys == half.buys and entry.price_ticks == half.best:
                return entry, lots
        entry = half.first()
        return entry, entry.remaining_lots

    def _after_auction_fill(self, entry: Entry, lots: int, events: Events) -> None:
        """Take the lots off what an order shows first; an iceberg shows again when its turn is over."""
        shared = entry.order_id in self._shares
        if shared:
            self._shares[entry.order_id] -= lots
            if not self._shares[entry.order_id]:
                del self._shares[entry.order_id]
        level = entry.level
        if level is None:
            raise InvariantBroken("an order in an auction stands in a queue")
        no_longer_shown = min(entry.shown_lots, lots)
        entry.shown_lots -= no_longer_shown
        level.shown -= no_longer_shown
        level.lots -= lots
        turn_over = not self._uncross_lots or (shared and entry.order_id not in self._shares)
        if not entry.remaining_lots:
            self._leave(entry)
            del self._entries[entry.order_id]
        elif turn_over and not entry.hidden and not entry.shown_lots:
            self._refill(entry, events)
        if entry.oco_id:
            self._end_other(entry, events)

    def _share_last_price(self, half: Half, lots: int) -> dict[int, int]:
        """What is due to each order at the price that is not filled whole; nothing if every price is."""
        before = 0
        for price in half:
            level = half.levels[price]
            if before + level.lots > lots:
                if before == lots:
                    break
                entries = list(level)
                parts = share_pro_rata(lots - before, [entry.remaining_lots for entry in entries])
                return {entry.order_id: part for entry, part in zip(entries, parts, strict=True) if part}
            before += level.lots
        return {}
