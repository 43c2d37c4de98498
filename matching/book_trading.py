"""How an order trades in the plain book: whom it meets, at what price, and what becomes of its rest."""

from __future__ import annotations

from matching.book_events import (
    AT_OPEN,
    BUY,
    CALL_OF,
    COLLECT,
    CONTINUOUS,
    FILLED,
    IOC,
    LIMIT,
    NOTHING,
    SELL,
    STOPS,
    Events,
    event_of,
    new_event,
)
from matching.book_messages import NO_PRICE, BookEvent, Call, EventKind, Matching, Reason, SelfTrade, StopTrigger
from matching.book_places import PlacedBook
from matching.pegs import behind, peg_price
from matching.queues import Entry
from matching.stops import trailing_level
from matching.taking import related


class TradingBook(PlacedBook):
    """A book in which orders take from each other."""

    def _enter(self, entry: Entry, max_fills: int, events: Events) -> int:
        """A new order: it waits, or acts. Answers what is left of `max_fills`."""
        order = entry.order
        if order.kind == LIMIT and order.time_limit < AT_OPEN and self._matching == CONTINUOUS:
            half, whole = (self._offers, self._whole_offers) if entry.buys else (self._bids, self._whole_bids)
            apart = half.best > entry.price_ticks if entry.buys else half.best < entry.price_ticks
            if apart and not whole.ranked and order.time_limit < IOC and not order.all_or_none:
                self._rest(entry, events)  # most orders meet nobody and stay
                return max_fills
            return self._act(entry, max_fills, events)
        if order.kind in STOPS:
            entry.stop_ticks = order.stop_ticks or trailing_level(
                entry.buys, self._followed(entry.buys), order.trail_ticks
            )
            self._park(entry, events)
            return max_fills
        return self._enter_active(entry, max_fills, events)

    def _enter_active(self, entry: Entry, max_fills: int, events: Events) -> int:
        """An order that does not wait for a price: it joins its call, or takes and then rests or ends."""
        order = entry.order
        if order.time_limit >= AT_OPEN and not (self._matching == COLLECT and self._call == CALL_OF[order.time_limit]):
            self._park_for_call(entry, events)
            return max_fills
        if self._matching == COLLECT:
            self._rest(entry, events)
            return max_fills
        if entry.pegged:
            price = peg_price(entry, *self._anchors())
            entry.price_ticks = behind(entry, price, self._best_of_other(entry)) if order.post_only else price
        return self._act(entry, max_fills, events)

    def _act(self, entry: Entry, max_fills: int, events: Events) -> int:
        """Take, and let the rest stay or end. Answers what is left of `max_fills`."""
        order = entry.order
        if order.all_or_none and not self._fills_whole(entry, max_fills):
            self._rest_whole(entry, events)
            return max_fills
        left, why = (max_fills, NOTHING) if order.post_only else self._take(entry, max_fills, events)
        self._settle_rest(entry, why, events)
        return left

    def _settle_rest(self, entry: Entry, why: int, events: Events) -> None:
        """What remains of an order that took goes to its queue, or ends."""
        if not entry.remaining_lots:
            self._forget(entry)
        elif why:
            self._end(entry, why, events)
        elif entry.takes_only:
            self._end(entry, Reason.MARKET_REMAINDER, events)
        elif entry.order.time_limit == IOC:
            self._end(entry, Reason.IMMEDIATE_OR_CANCEL, events)
        else:
            self._rest(entry, events)

    def _take(self, taker: Entry, max_fills: int, events: Events) -> tuple[int, int]:
        """Trade with the other side, best price and oldest order first. What is left of `max_fills`, and why it ended.

        The reason is zero when the taker is filled, nothing more is in its reach, or its cap buys no further lot.
        """
        buys, limit = taker.buys, self._fixed or taker.price_ticks
        half, whole = (self._offers, self._whole_offers) if buys else (self._bids, self._whole_bids)
        left = max_fills
        budget = taker.order.max_notional_ticks
        capped = budget > 0
        first_trade = last_trade = NO_PRICE
        why = NOTHING
        while taker.remaining_lots:
            maker = self._next_whole(taker, limit, budget if capped else None) if whole.ranked else None
            if maker is not None:
                lots = maker.remaining_lots
            elif not (half.best <= limit if buys else half.best >= limit):
                break
            elif not self._low <= half.best <= self._high and not self._fixed:
                self._interrupt(taker, half.best, events)
                break
            else:
                maker = half.first()
                lots = maker.remaining_lots if maker.hidden else maker.shown_lots
            price = self._fixed or maker.price_ticks
            if lots > taker.remaining_lots:  # noqa: PLR1730 - min() takes four times as long, once a fill
                lots = taker.remaining_lots
            if capped and price * lots > budget:
                lots = budget // price
                if not lots:
                    break
            if not left:
                why = int(Reason.FILL_LIMIT)
                break
            left -= 1
            if (taker.account_id == maker.account_id or taker.group_id) and related(taker, maker):
                why = self._prevent(taker, maker, events)
                if why:
                    break
                continue
            budget -= price * lots
            self._fill(taker, maker, price, lots, events)
            last_trade = price
            first_trade = first_trade or price
        if last_trade:
            self._last = last_trade
            if (
                self._stops.count
                and self._matching == CONTINUOUS
                and self._rules.stop_trigger is StopTrigger.LAST_TRADE
            ):
                for price in (first_trade, last_trade):  # a taker's prices only rise or only fall
                    self._reach(BUY, price, events)
                    self._reach(SELL, price, events)
        return left, why

    def _next_whole(self, taker: Entry, limit: int, budget: int | None) -> Entry | None:
        """The all-or-none order that comes before every queue, and that the taker can fill."""
        half, whole = (self._offers, self._whole_offers) if taker.buys else (self._bids, self._whole_bids)
        for entry in whole:
            price = entry.price_ticks
            if not (price < half.best and price <= limit if taker.buys else price > half.best and price >= limit):
                return None
            if entry.remaining_lots > taker.remaining_lots or not (self._fixed or self._low <= price <= self._high):
                continue
            if budget is None or (self._fixed or price) * entry.remaining_lots <= budget:
                return entry
        return None

    def _fill(self, taker: Entry, maker: Entry, price: int, lots: int, events: Events) -> None:
        """One trade; what is used up leaves, an iceberg shows its next slice, the other order of a pair ends."""
        taker_left = taker.remaining_lots = taker.remaining_lots - lots
        maker_left = maker.remaining_lots = maker.remaining_lots - lots
        side = BUY if taker.buys else SELL
        told = (FILLED, side, 0, 0, taker.order_id, maker.order_id, price, lots, taker_left, maker_left, 0)
        events.append(new_event(BookEvent, told))
        level = maker.level
        if level is not None:
            level.lots -= lots
            if not maker.hidden:
                maker.shown_lots -= lots
                level.shown -= lots
        if not maker_left:
            self._leave(maker)
            del self._entries[maker.order_id]
        elif level is not None and not maker.hidden and not maker.shown_lots:
            self._refill(maker, events)
        if maker.oco_id:
            self._end_other(maker, events)
        if taker.oco_id:
            self._end_other(taker, events)

    def _prevent(self, taker: Entry, maker: Entry, events: Events) -> int:
        """A taker met one of its own: do what it asked for. The reason that ends the taker, zero if it goes on."""
        word = taker.order.self_trade
        if word == SelfTrade.CANCEL_NEWEST:
            return int(Reason.SELF_TRADE)
        if word == SelfTrade.DECREMENT:
            lots = min(taker.remaining_lots, maker.remaining_lots)
            if lots == maker.remaining_lots:
                self._end(maker, Reason.SELF_TRADE, events)
            else:
                self._reduce(maker, lots, Reason.SELF_TRADE, events)
            if lots == taker.remaining_lots:
                return int(Reason.SELF_TRADE)
            self._reduce(taker, lots, Reason.SELF_TRADE, events)
            return NOTHING
        self._end(maker, Reason.SELF_TRADE, events)
        return NOTHING if word == SelfTrade.CANCEL_OLDEST else int(Reason.SELF_TRADE)

    def _interrupt(self, taker: Entry, price: int, events: Events) -> None:
        """Nothing may trade at this price: a volatility call begins."""
        events.append(event_of(EventKind.INTERRUPTED, taker, price_ticks=price))
        self._change_phase(Matching.COLLECT, Call.VOLATILITY, NO_PRICE, events)
