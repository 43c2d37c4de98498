"""What follows an operation of the plain book: stops have their turn, trailing stops and pegs move, calls fill."""

from __future__ import annotations

from matching.book_events import BUY, COLLECT, CONTINUOUS, IN_HAND, QUEUE, SELL, Events, event_of
from matching.book_messages import MAX_TICKS, NO_PRICE, EventKind, Flag, Reason, StopTrigger
from matching.book_parts import best_of
from matching.book_trading import TradingBook
from matching.pegs import behind, peg_price
from matching.queues import Entry
from matching.stops import triggered_limit


class FollowingBook(TradingBook):
    """A book whose orders react to what happened."""

    def _follow_up(self, left: int, events: Events) -> None:
        """Let stops have their turn, and when nothing is pending let trailing stops and pegs move; in a call, let its
        orders join. `left` bounds the former and the latter; the moving is bounded by MAX_FOLLOWERS.
        """
        if self._matching == CONTINUOUS:
            stops = self._stops
            if stops.count or stops.reaches or self._in_hand is not None:
                self._run_stops(left, events)
            if (self._pegs or stops.trailing) and self._matching == CONTINUOUS and not self.pending:
                self._move_trailing_stops(events)
                self._move_pegs(events)
        elif self._matching == COLLECT:
            waiting = self._calls.get(self._call)
            while waiting and left > 0:
                entry = next(iter(waiting.values()))
                self._leave(entry)
                self._rest(entry, events)
                left -= 1

    def _run_stops(self, left: int, events: Events) -> None:
        """One stop after another, until none is due or `left` is used up."""
        while self._matching == CONTINUOUS:
            entry = self._in_hand
            if entry is None:
                if self._rules.stop_trigger is StopTrigger.OPPOSITE_QUOTE:
                    self._look_at_quotes(events)
                entry = self._stops.due()
                if entry is None or left <= 0:
                    return
                left -= 1
                self._trigger(entry, events)
            elif left <= 0:
                return
            left, why = self._take(entry, left, events)
            if why == Reason.FILL_LIMIT:
                return  # it stays in hand
            self._in_hand = None
            entry.place = QUEUE
            self._settle_rest(entry, why, events)

    def _trigger(self, entry: Entry, events: Events) -> None:
        """A stop becomes what it waited to be."""
        self._stops.remove(entry)
        entry.place = IN_HAND
        self._in_hand = entry
        entry.price_ticks = triggered_limit(entry)
        events.append(event_of(EventKind.TRIGGERED, entry, price_ticks=entry.stop_ticks))
        if entry.oco_id:
            self._end_other(entry, events)

    def _look_at_quotes(self, events: Events) -> None:
        for side, price in ((BUY, self._followed(buys=True)), (SELL, self._followed(buys=False))):
            if price:
                self._reach(side, price, events)

    def _move_trailing_stops(self, events: Events) -> None:
        for buys in (True, False):
            price = self._followed(buys)
            if price and self._stops.trailing:
                for entry in self._stops.follow(buys, price):
                    level = entry.stop_ticks
                    events.append(event_of(EventKind.REPRICED, entry, price_ticks=level, priority=entry.priority))

    def _move_pegs(self, events: Events) -> None:
        """Move pegs after the best prices, if those moved, in the order of their numbers."""
        if not self._pegs:
            return
        bid, offer = self._anchors()
        now = (bid, offer, best_of(self._bids), best_of(self._offers))
        if now == self._pegged_to:
            return
        self._pegged_to = now
        for entry in sorted(self._pegs.values(), key=lambda entry: entry.priority):
            wanted = peg_price(entry, bid, offer)
            price = behind(entry, wanted, self._best_of_other(entry)) if wanted else NO_PRICE
            if not 0 < price <= MAX_TICKS or price == entry.price_ticks:
                continue
            half = self._bids if entry.buys else self._offers
            half.drop(entry)
            entry.price_ticks = price
            self._number(entry)
            half.append(entry)
            flags = Flag.PEGGED | Flag.HIDDEN * entry.hidden
            events.append(
                event_of(EventKind.REPRICED, entry, flags=flags, lots=entry.shown_lots, priority=entry.priority)
            )
