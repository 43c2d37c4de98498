"""The bytes of what is said to a book and of what it answers: 64-byte records, little-endian, for batches and tapes.

A command is one record; an order with a rare condition is two, and the second holds nothing but numbers:

    bytes   main record                               second record (present if flag MORE)
    0       op                                        0: MORE_OP
    1       side (order, cancel_where), matching      1-7: zero
    2       kind (order), call (set_phase), reason (cancels)
    3       time limit
    4       self-trade word
    5       flags: HIDDEN 1, POST_ONLY 2, ALL_OR_NONE 4, MORE 8
    6-7     max_fills (max_orders of cancel_where)
    8       order_id (last_ticks of set_references,   display_lots
            priority of number_from)
    16      account_id (reference_ticks)              minimum_lots
    24      group_id (band_low_ticks)                 stop_ticks
    32      price_ticks (fixed_ticks, band_high)      trail_ticks
    40      quantity_lots                             offset_ticks
    48      max_notional_ticks; stop_ticks of replace oco_id
    56      zero                                      zero
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum

import msgspec

from matching.book_messages import (
    Book,
    BookEvent,
    BookOrder,
    BookSide,
    Call,
    Kind,
    Matching,
    SelfTrade,
    TimeLimit,
)

COMMAND_RECORD = struct.Struct("<BBBBBBHqqqqqqq")
EVENT_RECORD = struct.Struct("<BBBBIqqqqqqq")
RECORD_BYTES = 64

HIDDEN, POST_ONLY, ALL_OR_NONE, MORE = 1, 2, 4, 8


class Op(IntEnum):
    """What a command record asks for."""

    SUBMIT = 1
    CANCEL = 2
    CANCEL_WHERE = 3
    REPLACE = 4
    SET_PHASE = 5
    SET_REFERENCES = 6
    UNCROSS_BEGIN = 7
    UNCROSS_CONTINUE = 8
    CONTINUE = 9
    NUMBER_FROM = 10
    MORE = 255


class Submit(msgspec.Struct, frozen=True):
    """Book.submit."""

    order: BookOrder
    max_fills: int


class Cancel(msgspec.Struct, frozen=True):
    """Book.cancel."""

    order_id: int
    reason: int


class CancelWhere(msgspec.Struct, frozen=True):
    """Book.cancel_where."""

    account_id: int
    group_id: int
    side: int
    reason: int
    max_orders: int


class Replace(msgspec.Struct, frozen=True):
    """Book.replace."""

    order_id: int
    price_ticks: int
    quantity_lots: int
    stop_ticks: int
    max_fills: int


class SetPhase(msgspec.Struct, frozen=True):
    """Book.set_phase."""

    matching: Matching
    call: Call
    fixed_ticks: int
    max_fills: int


class SetReferences(msgspec.Struct, frozen=True):
    """Book.set_references."""

    last_ticks: int
    reference_ticks: int
    band_low_ticks: int
    band_high_ticks: int


class UncrossBegin(msgspec.Struct, frozen=True):
    """Book.uncross_begin."""


class UncrossContinue(msgspec.Struct, frozen=True):
    """Book.uncross_continue."""

    max_fills: int


class Continue(msgspec.Struct, frozen=True):
    """Book.continue_."""

    max_fills: int


class NumberFrom(msgspec.Struct, frozen=True):
    """Book.number_from, which answers no event."""

    priority: int


BookCommand = (
    Submit
    | Cancel
    | CancelWhere
    | Replace
    | SetPhase
    | SetReferences
    | UncrossBegin
    | UncrossContinue
    | Continue
    | NumberFrom
)


def perform(book: Book, command: BookCommand) -> list[BookEvent]:
    """Do to a book what a command says."""
    match command:
        case Submit(order, max_fills):
            return book.submit(order, max_fills)
        case Cancel(order_id, reason):
            return book.cancel(order_id, reason)
        case CancelWhere(account_id, group_id, side, reason, max_orders):
            return book.cancel_where(account_id, group_id, side, reason, max_orders)
        case Replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills):
            return book.replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills)
        case SetPhase(matching, call, fixed_ticks, max_fills):
            return book.set_phase(matching, call, fixed_ticks, max_fills)
        case SetReferences(last_ticks, reference_ticks, band_low_ticks, band_high_ticks):
            return book.set_references(last_ticks, reference_ticks, band_low_ticks, band_high_ticks)
        case UncrossBegin():
            return book.uncross_begin()
        case UncrossContinue(max_fills):
            return book.uncross_continue(max_fills)
        case Continue(max_fills):
            return book.continue_(max_fills)
        case NumberFrom(priority):
            book.number_from(priority)
            return []


def pack_events(events: Iterable[BookEvent], place: int = 0) -> bytes:
    """The records of the events of one command; `place` is its place in its batch."""
    return b"".join(EVENT_RECORD.pack(*event[:4], place, *event[4:]) for event in events)


def unpack_events(data: bytes) -> Iterator[tuple[int, BookEvent]]:
    """Places and events of records."""
    for kind, side, reason, flags, place, *numbers in EVENT_RECORD.iter_unpack(data):
        yield place, BookEvent(kind, side, reason, flags, *numbers)


def pack_command(command: BookCommand) -> bytes:
    """The one or two records of a command."""
    match command:
        case Submit(order, max_fills):
            return _pack_order(order, max_fills)
        case Cancel(order_id, reason):
            return _record(Op.CANCEL, kind=reason, numbers=(order_id,))
        case CancelWhere(account_id, group_id, side, reason, max_orders):
            return _record(
                Op.CANCEL_WHERE, side=side, kind=reason, max_fills=max_orders, numbers=(0, account_id, group_id)
            )
        case Replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills):
            terms = (order_id, 0, 0, price_ticks, quantity_lots, stop_ticks)
            return _record(Op.REPLACE, max_fills=max_fills, numbers=terms)
        case SetPhase(matching, call, fixed_ticks, max_fills):
            return _record(Op.SET_PHASE, side=matching, kind=call, max_fills=max_fills, numbers=(0, 0, 0, fixed_ticks))
        case SetReferences(last_ticks, reference_ticks, band_low_ticks, band_high_ticks):
            numbers = (last_ticks, reference_ticks, band_low_ticks, band_high_ticks)
            return _record(Op.SET_REFERENCES, numbers=numbers)
        case UncrossBegin():
            return _record(Op.UNCROSS_BEGIN)
        case UncrossContinue(max_fills):
            return _record(Op.UNCROSS_CONTINUE, max_fills=max_fills)
        case Continue(max_fills):
            return _record(Op.CONTINUE, max_fills=max_fills)
        case NumberFrom(priority):
            return _record(Op.NUMBER_FROM, numbers=(priority,))


def unpack_commands(data: bytes) -> Iterator[BookCommand]:
    """The commands of well-formed records.

    Raises: ValueError for what is no record of ours; StopIteration never.
    """
    if len(data) % RECORD_BYTES:
        raise ValueError("a record is 64 bytes")
    records = COMMAND_RECORD.iter_unpack(data)
    for op, side, kind, time_limit, self_trade, flags, max_fills, *numbers in records:
        first, second, third, fourth, fifth, sixth, _ = numbers
        match Op(op):
            case Op.SUBMIT:
                more = next(records, None) if flags & MORE else (Op.MORE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
                if more is None or more[0] != Op.MORE:
                    raise ValueError("the second record of an order is missing")
                order = BookOrder(
                    order_id=first,
                    account_id=second,
                    group_id=third,
                    side=BookSide(side),
                    price_ticks=fourth,
                    quantity_lots=fifth,
                    max_notional_ticks=sixth,
                    kind=Kind(kind),
                    time_limit=TimeLimit(time_limit),
                    self_trade=SelfTrade(self_trade),
                    hidden=bool(flags & HIDDEN),
                    post_only=bool(flags & POST_ONLY),
                    all_or_none=bool(flags & ALL_OR_NONE),
                    display_lots=more[7],
                    minimum_lots=more[8],
                    stop_ticks=more[9],
                    trail_ticks=more[10],
                    offset_ticks=more[11],
                    oco_id=more[12],
                )
                yield Submit(order, max_fills)
            case Op.CANCEL:
                yield Cancel(first, kind)
            case Op.CANCEL_WHERE:
                yield CancelWhere(second, third, side, kind, max_fills)
            case Op.REPLACE:
                yield Replace(first, fourth, fifth, sixth, max_fills)
            case Op.SET_PHASE:
                yield SetPhase(Matching(side), Call(kind), fourth, max_fills)
            case Op.SET_REFERENCES:
                yield SetReferences(first, second, third, fourth)
            case Op.UNCROSS_BEGIN:
                yield UncrossBegin()
            case Op.UNCROSS_CONTINUE:
                yield UncrossContinue(max_fills)
            case Op.CONTINUE:
                yield Continue(max_fills)
            case Op.NUMBER_FROM:
                yield NumberFrom(first)
            case Op.MORE:
                raise ValueError("a second record without its first")


def _pack_order(order: BookOrder, max_fills: int) -> bytes:
    more = (
        order.display_lots,
        order.minimum_lots,
        order.stop_ticks,
        order.trail_ticks,
        order.offset_ticks,
        order.oco_id,
    )
    flags = HIDDEN * order.hidden | POST_ONLY * order.post_only | ALL_OR_NONE * order.all_or_none | MORE * any(more)
    main = COMMAND_RECORD.pack(
        Op.SUBMIT,
        order.side,
        order.kind,
        order.time_limit,
        order.self_trade,
        flags,
        max_fills,
        order.order_id,
        order.account_id,
        order.group_id,
        order.price_ticks,
        order.quantity_lots,
        order.max_notional_ticks,
        0,
    )
    return main + _record(Op.MORE, numbers=more) if flags & MORE else main


def _record(op: Op, *, side: int = 0, kind: int = 0, max_fills: int = 0, numbers: tuple[int, ...] = ()) -> bytes:
    padded = numbers + (0,) * (7 - len(numbers))
    return COMMAND_RECORD.pack(op, side, kind, 0, 0, 0, max_fills, *padded)
