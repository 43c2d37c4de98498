"""Where an order goes in the plain book: a queue, beside the queues, to the waiting stops, to its call, or away."""

from __future__ import annotations

from exchange.core.rejections import ensure
from matching.book_checks import CheckedBook
from matching.book_events import (
    AT_OPEN,
    BUY,
    CALL_OF,
    CANCELLED,
    CONTINGENT,
    CONTINUOUS,
    QUEUE,
    RESTED,
    SELL,
    STOP,
    WAITS_FOR,
    Events,
    event_of,
    new_event,
)
from matching.book_messages import (
    NO_ORDER,
    NO_PRICE,
    BookEvent,
    Call,
    EventKind,
    Flag,
    Matching,
    Place,
    Reason,
    StopTrigger,
)
from matching.queues import Entry, side_of


class PlacedBook(CheckedBook):
    """A book that puts orders where they belong, and tells it."""

    def _rest(self, entry: Entry, events: Events) -> None:
        """Put an order at the end of its queue."""
        left = entry.remaining_lots
        entry.shown_lots = shown = 0 if entry.hidden else min(entry.display_lots, left) if entry.display_lots else left
        entry.priority = priority = self._next_priority
        self._next_priority = priority + 1
        entry.place = QUEUE
        (self._bids if entry.buys else self._offers).append(entry)
        self._entries[entry.order_id] = entry
        flags = 0
        if entry.hidden:
            flags |= Flag.HIDDEN
        if entry.pegged:
            flags |= Flag.PEGGED
            self._pegs[entry.order_id] = entry
        if entry.takes_only or entry.order.time_limit >= AT_OPEN:
            self._auction_only[entry.order_id] = entry
        side = BUY if entry.buys else SELL
        told = (RESTED, side, 0, flags, entry.order_id, 0, entry.price_ticks, shown, left, 0, priority)
        events.append(new_event(BookEvent, told))

    def _rest_whole(self, entry: Entry, events: Events) -> None:
        """Put an all-or-none order beside the queues."""
        entry.place = CONTINGENT
        self._number(entry)
        (self._whole_bids if entry.buys else self._whole_offers).insert(entry)
        self._entries[entry.order_id] = entry
        events.append(event_of(EventKind.RESTED, entry, flags=Flag.CONTINGENT, priority=entry.priority))

    def _park(self, entry: Entry, events: Events) -> None:
        """Let a stop wait for its price; one that is reached already has its turn after this operation."""
        entry.place = STOP
        self._number(entry)
        self._stops.add(entry)
        self._entries[entry.order_id] = entry
        level, last = entry.stop_ticks, self._last
        events.append(event_of(EventKind.PARKED, entry, reason=Reason.STOP, price_ticks=level, priority=entry.priority))
        reached = last != NO_PRICE and (level <= last if entry.buys else level >= last)
        if reached and self._matching == CONTINUOUS and self._rules.stop_trigger is StopTrigger.LAST_TRADE:
            self._reach(side_of(entry), last, events)

    def _park_for_call(self, entry: Entry, events: Events) -> None:
        """Let an at-open or at-close order wait for its call."""
        entry.place = Place.CALL
        self._number(entry)
        self._calls[CALL_OF[entry.order.time_limit]][entry.order_id] = entry
        self._entries[entry.order_id] = entry
        reason = WAITS_FOR[entry.order.time_limit]
        events.append(event_of(EventKind.PARKED, entry, reason=reason, priority=entry.priority))

    def _leave(self, entry: Entry) -> None:
        """Take an order out of wherever it is; it is still open."""
        place = entry.place
        if place is QUEUE:
            if entry.level is not None:
                (self._bids if entry.buys else self._offers).drop(entry)
            if entry.pegged:
                self._pegs.pop(entry.order_id, None)
            if self._auction_only:
                self._auction_only.pop(entry.order_id, None)
        elif place is STOP:
            self._stops.remove(entry)
        elif place is Place.CALL:
            del self._calls[CALL_OF[entry.order.time_limit]][entry.order_id]
        elif place is CONTINGENT:
            (self._whole_bids if entry.buys else self._whole_offers).remove(entry)
        else:
            self._in_hand = None
        entry.place = QUEUE

    def _end(self, entry: Entry, reason: int, events: Events) -> None:
        """Cancel what remains of an order, wherever it is."""
        self._leave(entry)
        self._forget(entry)
        side = BUY if entry.buys else SELL
        told = (CANCELLED, side, reason, 0, entry.order_id, 0, entry.price_ticks, entry.remaining_lots, 0, 0, 0)
        events.append(new_event(BookEvent, told))

    def _forget(self, entry: Entry) -> None:
        """An order is over; its pair is dissolved."""
        self._entries.pop(entry.order_id, None)
        if entry.oco_id:
            self._entries[entry.oco_id].oco_id = NO_ORDER
            entry.oco_id = NO_ORDER

    def _end_other(self, entry: Entry, events: Events) -> None:
        """One order of a pair traded or was triggered: cancel the other."""
        other = self._entries[entry.oco_id]
        entry.oco_id = other.oco_id = NO_ORDER
        self._end(other, Reason.ONE_CANCELS_OTHER, events)

    def _reduce(self, entry: Entry, lots: int, reason: int, events: Events) -> None:
        """Take lots off an order, which keeps its place; an iceberg gives from its reserve first."""
        entry.remaining_lots -= lots
        hidden_now = entry.shown_lots - min(entry.shown_lots, entry.remaining_lots)
        entry.shown_lots -= hidden_now
        if entry.level is not None:
            entry.level.lots -= lots
            entry.level.shown -= hidden_now
        events.append(event_of(EventKind.REDUCED, entry, reason=reason, lots=entry.shown_lots))

    def _refill(self, entry: Entry, events: Events) -> None:
        """Show an iceberg's next slice, behind what is displayed at its price."""
        level = entry.level
        ensure(level is not None, "an iceberg stands in a queue")
        if level is not None:
            level.remove(entry)
            entry.shown_lots = min(entry.display_lots, entry.remaining_lots)
            self._number(entry)
            level.append(entry)
        if entry.order_id in self._auction_only:  # which ends its orders by number
            self._auction_only[entry.order_id] = self._auction_only.pop(entry.order_id)
        events.append(event_of(EventKind.REFILLED, entry, lots=entry.shown_lots, priority=entry.priority))

    def _number(self, entry: Entry) -> None:
        entry.priority = self._next_priority
        self._next_priority += 1

    def _reach(self, side: int, price: int, events: Events) -> None:
        """Note that a price was reached, if stops wait for it."""
        if self._stops.reach(side, price, self._next_priority):
            events.append(BookEvent(EventKind.REACHED, side, 0, 0, 0, 0, price, 0, 0, 0, self._next_priority))

    def _change_phase(self, matching: Matching, call: Call, fixed_ticks: int, events: Events) -> None:
        self._matching, self._call, self._fixed = int(matching), int(call), fixed_ticks
        events.append(BookEvent(EventKind.PHASE, matching, call, 0, 0, 0, fixed_ticks, 0, 0, 0, 0))
