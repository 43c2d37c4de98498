"""What the plain book refuses, and why. Nothing here changes anything."""

from __future__ import annotations

import msgspec

from matching.book_events import (
    AT_OPEN,
    BUY,
    CALL_OF,
    COLLECT,
    CONTINUOUS,
    FIXED_PRICE,
    FOK,
    HALTED,
    IN_HAND,
    IOC,
    LIMIT,
    MARKET,
    PEGGED_BEST,
    QUEUE,
    STOP,
    STOPS,
    UNCROSSING,
)
from matching.book_messages import (
    MAX_CONTINGENT,
    MAX_FILLS,
    MAX_FOLLOWERS,
    MAX_LOTS,
    MAX_TICKS,
    NO_ORDER,
    NO_PRICE,
    BookOrder,
    Refusal,
    SelfTrade,
    conflicts,
)
from matching.book_parts import BookParts, entry_of
from matching.pegs import peg_price
from matching.queues import Entry
from matching.taking import Obtainable, Taker, obtainable

ALLOWED = Refusal.NONE


class CheckedBook(BookParts):
    """A book that knows what it may not do."""

    def check(self, order: BookOrder, max_fills: int) -> Refusal:
        """What `submit` would refuse with; see the contract for what is looked at in which order."""
        kind, limit = order.kind, order.price_ticks
        if (
            not 0 < limit <= MAX_TICKS
            or not 0 < order.quantity_lots <= MAX_LOTS
            or order.order_id <= 0
            or order.account_id <= 0
            or not 0 < max_fills <= MAX_FILLS
        ):
            return Refusal.RECORD_INVALID
        simple = kind == LIMIT and not (
            order.post_only
            or order.display_lots
            or order.hidden
            or order.minimum_lots
            or order.all_or_none
            or order.stop_ticks
            or order.trail_ticks
            or order.offset_ticks
            or order.oco_id
            or order.max_notional_ticks
            or order.group_id
            or order.time_limit >= FOK
        )
        if not simple:
            if not _numbers_valid(order):
                return Refusal.RECORD_INVALID
            if conflicts(order):
                return Refusal.CONFLICT
        if order.order_id in self._entries:
            return Refusal.ORDER_KNOWN
        if simple and self._matching == CONTINUOUS:
            return ALLOWED
        return self._check_market(order, max_fills)

    def _check_market(self, order: BookOrder, max_fills: int) -> Refusal:
        """What the phase, the other orders and the prices forbid."""
        if not self._phase_allows(order):
            return Refusal.PHASE
        if self._matching == FIXED_PRICE and not self._accepts_fixed(order.side == BUY, order.price_ticks):
            return Refusal.NOT_AT_FIXED_PRICE
        entry = entry_of(order)
        if entry.pegged and peg_price(entry, *self._anchors()) == NO_PRICE:
            return Refusal.NO_REFERENCE
        if order.trail_ticks and not order.stop_ticks and self._followed(entry.buys) == NO_PRICE:
            return Refusal.NO_REFERENCE
        if order.oco_id != NO_ORDER and not self._can_pair(order):
            return Refusal.OCO_INVALID
        if (entry.pegged or order.trail_ticks) and len(self._pegs) + len(self._stops.trailing) >= MAX_FOLLOWERS:
            return Refusal.TOO_MANY_FOLLOWERS
        if self._matching not in (CONTINUOUS, FIXED_PRICE) or order.kind in STOPS or order.time_limit in CALL_OF:
            return Refusal.NONE  # it takes nothing now
        if order.all_or_none:
            whole = len(self._whole_bids) + len(self._whole_offers)
            if whole >= MAX_CONTINGENT and not self._fills_whole(entry, max_fills):
                return Refusal.TOO_MANY_CONTINGENT
            return Refusal.NONE
        if order.post_only and not entry.pegged and self._would_take(entry, order.price_ticks):
            return Refusal.WOULD_TRADE
        if order.kind == MARKET and not self._would_take(entry, order.price_ticks):
            return Refusal.NO_LIQUIDITY
        wanted = order.quantity_lots if order.time_limit == FOK else order.minimum_lots
        if wanted:
            got = self._obtainable(entry, wanted, max_fills)
            if got.lots < wanted:
                if got.cut:
                    return Refusal.TOO_MANY_FILLS
                return Refusal.NOT_FILLABLE if order.time_limit == FOK else Refusal.MINIMUM_NOT_MET
        return Refusal.NONE

    def check_replace(self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int) -> Refusal:
        """What `replace` would refuse with, in the order of the contract."""
        if not 0 < price_ticks <= MAX_TICKS or not 0 < quantity_lots <= MAX_LOTS or not 0 <= stop_ticks <= MAX_TICKS:
            return Refusal.RECORD_INVALID
        entry = self._entries.get(order_id)
        if entry is None:
            return Refusal.ORDER_UNKNOWN
        if self._matching in (HALTED, UNCROSSING) or (entry.order.all_or_none and self._matching != CONTINUOUS):
            return Refusal.PHASE
        if entry.place == IN_HAND:
            return Refusal.PENDING
        waits = entry.place == STOP
        new_stop = stop_ticks or entry.stop_ticks
        same_terms = price_ticks == entry.order.price_ticks and (not waits or new_stop == entry.stop_ticks)
        if same_terms and quantity_lots == entry.remaining_lots:
            return Refusal.NOTHING_CHANGES
        if self._matching == FIXED_PRICE and not waits and not self._accepts_fixed(entry.buys, price_ticks):
            return Refusal.NOT_AT_FIXED_PRICE
        if stop_ticks and not waits:
            return Refusal.CONFLICT
        if same_terms and quantity_lots < entry.remaining_lots:
            return Refusal.NONE
        if entry.pegged:
            if self._matching != CONTINUOUS:
                return Refusal.PHASE
            moved = with_terms(entry.order, price_ticks, quantity_lots, 0)
            if peg_price(entry_of(moved), *self._anchors()) == NO_PRICE:
                return Refusal.NO_REFERENCE
        elif entry.order.post_only and self._takes_now(entry) and self._would_take(entry, price_ticks, quantity_lots):
            return Refusal.WOULD_TRADE
        return Refusal.NONE

    # --- Small questions ----------------------------------------------------------------------------------------------

    def _accepts_fixed(self, buys: bool, price: int) -> bool:
        return price >= self._fixed if buys else price <= self._fixed

    def _phase_allows(self, order: BookOrder) -> bool:
        """Which orders may be sent now."""
        if self._matching == CONTINUOUS:
            return True
        if self._matching not in (COLLECT, FIXED_PRICE) or order.all_or_none or order.minimum_lots:
            return False
        if order.kind >= PEGGED_BEST or order.time_limit == FOK:
            return False
        if self._matching == FIXED_PRICE:
            return order.kind in (LIMIT, MARKET) and order.time_limit < AT_OPEN
        return order.time_limit != IOC and not order.max_notional_ticks

    def _takes_now(self, entry: Entry) -> bool:
        """Whether an order that is replaced could take."""
        return self._matching in (CONTINUOUS, FIXED_PRICE) and entry.place == QUEUE

    def _would_take(self, entry: Entry, price: int, lots: int = 0) -> bool:
        """Whether anybody stands within an order's limit, all-or-none orders it could fill included."""
        half, whole = (self._offers, self._whole_offers) if entry.buys else (self._bids, self._whole_bids)
        limit = self._fixed or price
        return half.reaches(limit) or whole.fitting(limit, lots or entry.remaining_lots)

    def _fills_whole(self, entry: Entry, max_fills: int) -> bool:
        """Whether an all-or-none order gets everything at once."""
        return self._obtainable(entry, entry.remaining_lots, max_fills).lots == entry.remaining_lots

    def _obtainable(self, entry: Entry, wanted_lots: int, max_fills: int) -> Obtainable:
        half, whole = (self._offers, self._whole_offers) if entry.buys else (self._bids, self._whole_bids)
        taker = Taker(
            account_id=entry.account_id,
            group_id=entry.group_id,
            buys=entry.buys,
            limit_ticks=self._fixed or entry.price_ticks,
            lots=entry.remaining_lots,
            removes_own=entry.order.self_trade == SelfTrade.CANCEL_OLDEST,
            low_ticks=1 if self._fixed else self._low,
            high_ticks=MAX_TICKS if self._fixed else self._high,
            fixed_ticks=self._fixed,
            cap_ticks=entry.order.max_notional_ticks,
        )
        return obtainable(half, whole, taker, wanted_lots, max_fills)

    def _can_pair(self, order: BookOrder) -> bool:
        other = self._entries.get(order.oco_id)
        if other is None or other.oco_id or other.account_id != order.account_id:
            return False
        return other.place == STOP or (order.kind in STOPS and other.place != IN_HAND)


def _numbers_valid(order: BookOrder) -> bool:
    lots = (order.display_lots, order.minimum_lots)
    ticks = (order.stop_ticks, order.trail_ticks, order.offset_ticks)
    others = (order.group_id, order.oco_id, order.max_notional_ticks)
    return (
        all(0 <= number <= MAX_LOTS for number in lots)
        and all(0 <= number <= MAX_TICKS for number in ticks)
        and all(number >= 0 for number in others)
    )


def with_terms(order: BookOrder, price_ticks: int, quantity_lots: int, stop_ticks: int) -> BookOrder:
    """The same order, replaced."""
    return msgspec.structs.replace(order, price_ticks=price_ticks, quantity_lots=quantity_lots, stop_ticks=stop_ticks)
