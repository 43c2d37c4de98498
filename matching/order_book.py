"""The order book in plain Python: the specification of `matching.book_messages.Book`, and what other books are held to.

It is built in layers, each a file and a class on the one before; read them in this order: `book_parts` what there is,
`book_checks` what is refused, `book_places` where an order goes, `book_trading` how it trades, `book_following` what
follows from that, `book_uncrossing` how an auction is handed out, and here the operations themselves.

Every operation has the same shape: it refuses, or it changes and appends to a list of events; then `_follow_up` lets
the consequences happen. An order comes in by `_enter`, takes by `_take`, and stays by `_rest` or ends by `_end`.

An order costs O(1) at a known price and two short searches at a new one. Self-trade prevention, icebergs, hidden orders
and the others cost what they do, and nothing where there are none.
"""

from __future__ import annotations

from exchange.core.rejections import ensure
from matching.book_checks import ALLOWED, with_terms
from matching.book_events import (
    BUY,
    COLLECT,
    CONTINUOUS,
    FIXED_PRICE,
    SELL,
    STOP,
    UNCROSSING,
    Events,
    event_of,
    refused,
)
from matching.book_messages import (
    MAX_FILLS,
    MAX_PRIORITY,
    MAX_TICKS,
    NO_ORDER,
    NO_PRICE,
    BookEvent,
    BookOrder,
    Call,
    EventKind,
    Matching,
    Reason,
    Refusal,
    StopTrigger,
)
from matching.book_parts import entry_of
from matching.book_uncrossing import UncrossingBook
from matching.queues import side_of


class PlainBook(UncrossingBook):
    """The open orders of one instrument."""

    def submit(self, order: BookOrder, max_fills: int) -> Events:
        """Take what the order may take, then let it rest, wait or end, and what follows from that happen."""
        refusal = self.check(order, max_fills)
        if refusal is not ALLOWED:
            return [refused(refusal, order.order_id)]
        events: Events = []
        entry = entry_of(order)
        if order.oco_id:
            self._entries[order.oco_id].oco_id = order.order_id
        left = self._enter(entry, max_fills, events)
        self._follow_up(left, events)
        return events

    def cancel(self, order_id: int, reason: int = Reason.REQUESTED) -> Events:
        """End an open order, wherever it is."""
        entry = self._entries.get(order_id)
        if entry is None:
            return [refused(Refusal.ORDER_UNKNOWN, order_id)]
        if self._matching == UNCROSSING:
            return [refused(Refusal.PHASE, order_id)]
        events: Events = []
        self._end(entry, reason, events)
        self._follow_up(0, events)
        return events

    def cancel_where(self, account_id: int, group_id: int, side: int, reason: int, max_orders: int) -> Events:
        """End open orders by ascending id, at most `max_orders`; zero means any account, group or side."""
        if self._matching == UNCROSSING:
            return [refused(Refusal.PHASE, NO_ORDER)]
        if max_orders <= 0:
            return [refused(Refusal.RECORD_INVALID, NO_ORDER)]
        chosen = sorted(
            order_id
            for order_id, entry in self._entries.items()
            if account_id in (0, entry.account_id) and group_id in (0, entry.group_id) and side in (0, side_of(entry))
        )
        events: Events = []
        for order_id in chosen[:max_orders]:
            self._end(self._entries[order_id], reason, events)
        self._follow_up(0, events)
        return events

    def replace(self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int, max_fills: int) -> Events:
        """Give an open order a new price and a new remaining quantity: in place if it merely shrinks, else anew."""
        refusal = self.check_replace(order_id, price_ticks, quantity_lots, stop_ticks)
        if refusal is Refusal.NONE and not 0 < max_fills <= MAX_FILLS:
            refusal = Refusal.RECORD_INVALID
        if refusal is not Refusal.NONE:
            return [refused(refusal, order_id)]
        events: Events = []
        entry = self._entries[order_id]
        waits = entry.place == STOP
        same_level = not waits or stop_ticks in (0, entry.stop_ticks)
        same_terms = price_ticks == entry.order.price_ticks and same_level
        new_stop = (stop_ticks or entry.stop_ticks) if waits else entry.order.stop_ticks
        if same_terms and quantity_lots < entry.remaining_lots and not entry.order.all_or_none:
            entry.order = with_terms(entry.order, price_ticks, quantity_lots, entry.order.stop_ticks)
            self._reduce(entry, entry.remaining_lots - quantity_lots, Reason.REPLACED, events)
            self._follow_up(0, events)
            return events
        self._leave(entry)
        entry.order = with_terms(entry.order, price_ticks, quantity_lots, new_stop)
        entry.price_ticks, entry.remaining_lots, entry.shown_lots = price_ticks, quantity_lots, 0
        events.append(event_of(EventKind.REPLACED, entry, price_ticks=price_ticks))
        if waits:
            entry.stop_ticks = new_stop
            self._park(entry, events)
            left = max_fills
        else:
            left = self._enter_active(entry, max_fills, events)
        self._follow_up(left, events)
        return events

    def set_phase(self, matching: Matching, call: Call, fixed_ticks: int, max_fills: int) -> Events:
        """Change what the book does, then go on with what that sets free."""
        if (
            matching == UNCROSSING
            or (matching == COLLECT) != (call != Call.NONE)
            or (matching == FIXED_PRICE) != (fixed_ticks != NO_PRICE)
            or not 0 <= fixed_ticks <= MAX_TICKS
            or not 0 < max_fills <= MAX_FILLS
        ):
            return [refused(Refusal.RECORD_INVALID, NO_ORDER)]
        if self._matching == UNCROSSING:
            return [refused(Refusal.PHASE, NO_ORDER)]
        if matching in (CONTINUOUS, FIXED_PRICE):
            if matching == CONTINUOUS and self._crossed():
                return [refused(Refusal.CROSSED, NO_ORDER)]
            if matching == FIXED_PRICE and self._bids.reaches(fixed_ticks) and self._offers.reaches(fixed_ticks):
                return [refused(Refusal.CROSSED, NO_ORDER)]
            if self._auction_only:
                return [refused(Refusal.PENDING, NO_ORDER)]
        events: Events = []
        self._change_phase(matching, call, fixed_ticks, events)
        if matching == CONTINUOUS and self._rules.stop_trigger is StopTrigger.LAST_TRADE and self._last:
            self._reach(BUY, self._last, events)
            self._reach(SELL, self._last, events)
        self._follow_up(max_fills, events)
        return events

    def set_references(
        self, last_ticks: int, reference_ticks: int, band_low_ticks: int, band_high_ticks: int
    ) -> Events:
        """Tell the last price, the reference price and the band."""
        prices = (last_ticks, reference_ticks, band_low_ticks, band_high_ticks)
        if not all(0 <= price <= MAX_TICKS for price in prices) or (
            band_high_ticks and band_low_ticks > band_high_ticks
        ):
            return [refused(Refusal.RECORD_INVALID, NO_ORDER)]
        if self._matching == UNCROSSING:
            return [refused(Refusal.PHASE, NO_ORDER)]
        self._set_references(*prices)
        return [BookEvent(EventKind.REFERENCES, 0, 0, 0, 0, 0, *prices, 0)]

    def number_from(self, priority: int) -> None:
        """The next to join a queue gets at least this number."""
        ensure(0 <= priority <= MAX_PRIORITY, "a number fits what carries it")
        self._next_priority = max(self._next_priority, priority)

    def continue_(self, max_fills: int) -> Events:
        """Go on with what earlier operations left pending."""
        if self._matching == UNCROSSING:
            return [refused(Refusal.PHASE, NO_ORDER)]
        if not 0 < max_fills <= MAX_FILLS:
            return [refused(Refusal.RECORD_INVALID, NO_ORDER)]
        events: Events = []
        self._follow_up(max_fills, events)
        return events
