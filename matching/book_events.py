"""How the plain book writes its events, and the numbers that it compares most often."""

from __future__ import annotations

from collections.abc import Callable

from matching.book_messages import (
    BookEvent,
    BookSide,
    Call,
    EventKind,
    Kind,
    Matching,
    Place,
    Reason,
    Refusal,
    TimeLimit,
)
from matching.queues import Entry, side_of

# Looking a member up in its class takes longer than comparing two numbers, and every order does it many times.
BUY, SELL = int(BookSide.BUY), int(BookSide.SELL)
HALTED, COLLECT, CONTINUOUS = int(Matching.HALTED), int(Matching.COLLECT), int(Matching.CONTINUOUS)
UNCROSSING, FIXED_PRICE = int(Matching.UNCROSSING), int(Matching.FIXED_PRICE)
RESTED, FILLED, CANCELLED = int(EventKind.RESTED), int(EventKind.FILLED), int(EventKind.CANCELLED)
LIMIT, MARKET, PEGGED_BEST = int(Kind.LIMIT), int(Kind.MARKET), int(Kind.PEGGED_BEST)
IOC, FOK, AT_OPEN = int(TimeLimit.IOC), int(TimeLimit.FOK), int(TimeLimit.AT_OPEN)
QUEUE, STOP, IN_HAND, CONTINGENT = Place.QUEUE, Place.STOP, Place.IN_HAND, Place.CONTINGENT
NOTHING = int(Reason.NONE)
STOPS = (Kind.STOP, Kind.STOP_LIMIT, Kind.TRAILING_STOP, Kind.TRAILING_STOP_LIMIT)
TAKES_ONLY = (Kind.MARKET, Kind.STOP, Kind.TRAILING_STOP)
CALL_OF = {TimeLimit.AT_OPEN: Call.OPENING, TimeLimit.AT_CLOSE: Call.CLOSING}
WAITS_FOR = {TimeLimit.AT_OPEN: Reason.AT_OPEN, TimeLimit.AT_CLOSE: Reason.AT_CLOSE}

Events = list[BookEvent]
EventMaker = Callable[[type[BookEvent], tuple[int, ...]], BookEvent]

# BookEvent(...) spends half of its time on the names of its fields
new_event: EventMaker = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def refused(refusal: Refusal, order_id: int) -> BookEvent:
    """The answer of an operation that did nothing."""
    return BookEvent(EventKind.REFUSED, 0, refusal, 0, order_id, 0, 0, 0, 0, 0, 0)


def event_of(
    kind: EventKind,
    entry: Entry,
    *,
    reason: int = 0,
    flags: int = 0,
    price_ticks: int | None = None,
    lots: int = 0,
    priority: int = 0,
) -> BookEvent:
    """An event about one order, with what remains of it."""
    price = entry.price_ticks if price_ticks is None else price_ticks
    return BookEvent(
        kind, side_of(entry), reason, flags, entry.order_id, 0, price, lots, entry.remaining_lots, 0, priority
    )
