"""A batch's rows are the same, whether its events are read as objects or, by the compiled saver, as bytes.

Where nothing was compiled both sides are the readable saver, and these tests hold trivially.
"""

from __future__ import annotations

import types
from enum import Enum
from typing import Any, NewType, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.messages import AssetIssued
from exchange.core.ids import ConnectionId, UserId
from exchange.core.messages import Command, Event, Header, Rejected
from exchange.core.node_messages import RunContinued, StartNode
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.core.wire import decode_events, encode_event, encode_events
from exchange.node.ports import Batch, JournalRow
from exchange.store.save.flush import changes_of, statements, statements_of
from exchange.store.sqlite import sql_text
from matching.messages import OrderAccepted, OrderCancelled, OrderReplaced, TradeMade
from tests.scratch import Scratch
from tests.support import Venue

FIRST = 1_000
"""The sequence of a made batch's first row; older orders have ids before it."""


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type; integers few and small, so that rows meet, or as large as the wire allows."""
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), min_size=3, max_size=5).map(tuple)
    if isinstance(kind, types.UnionType):
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.one_of(st.integers(0, 6), st.integers(-(2**53) + 1, 2**53 - 1))
    if kind is str:
        return st.text(max_size=40)
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    return messages(kind)


def messages(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Events or records of one kind."""
    return st.builds(kind, **{field.name: values(field.type) for field in msgspec.structs.fields(kind)})


ACCEPTED, TRADE, CANCELLED, REPLACED = map(messages, (OrderAccepted, TradeMade, OrderCancelled, OrderReplaced))
OTHER = st.one_of(messages(Rejected), messages(RunContinued), messages(AssetIssued))


@st.composite
def rows(draw: st.DrawFn, sequence: int) -> list[Event]:
    """One row's events: at most one acceptance, of the row's own order; the rest speak of it and of earlier ones."""
    earlier = st.integers(max(FIRST - 3, sequence - 5), sequence - 1)
    told: list[Event] = []
    if draw(st.booleans()):
        told.append(msgspec.structs.replace(draw(ACCEPTED), order_id=sequence))
        earlier = st.one_of(earlier, st.just(sequence))
    for event in draw(st.lists(st.one_of(TRADE, CANCELLED, REPLACED, TRADE, CANCELLED, OTHER), max_size=4)):
        if isinstance(event, TradeMade):
            buyer, seller = (
                msgspec.structs.replace(side, order_id=draw(earlier)) for side in (event.buyer, event.seller)
            )
            told.append(msgspec.structs.replace(event, buyer=buyer, seller=seller))
        elif isinstance(event, OrderCancelled | OrderReplaced):
            told.append(msgspec.structs.replace(event, order_id=draw(earlier)))
        else:
            told.append(event)
    return told


BATCHES = st.integers(1, 8).flatmap(lambda count: st.tuples(*(rows(FIRST + place) for place in range(count))))


def journal_row(sequence: int, raw: bytes, key: str = "", command: Command | None = None) -> JournalRow:
    """A row of which only the bytes are there."""
    header = Header(Sequence(sequence), Epoch(3), TimeNs(10**18 + sequence), UserId(7), ConnectionId(2))
    return JournalRow(header, key, command or StartNode(), b"asked", None, raw, bytes(16), bytes(32))


def batch_of(told: list[list[Event]]) -> Batch:
    """Rows with these events, every second one with a key."""
    return Batch(
        [
            journal_row(FIRST + place, encode_events(map(encode_event, events)), key="k" * (place % 2))
            for place, events in enumerate(told)
        ]
    )


def exactly(todo: list[Any]) -> str:
    """Statements as text, in which truth is not 1."""
    return repr(todo)


@given(BATCHES)
def test_bytes_and_events_make_the_same_statements(told: tuple[list[Event], ...]) -> None:
    batch = batch_of(list(told))
    assert exactly(statements_of(batch)) == exactly(statements(changes_of(batch)))


@pytest.mark.parametrize("rows_a_batch", [1, 7, 1_000])
def test_what_the_engine_told_makes_the_same_statements_and_tables(rows_a_batch: int) -> None:
    venue = Venue.sandbox()
    for name in ("wu", "li"):
        venue.member(name, cash=1_000_000)
    venue.instrument("INS", wu=1_000, li=1_000)
    before = len(venue.journal)
    by_bytes, by_events = venue.scratch.copy(), venue.scratch.copy()
    venue.plays("""
        wu   sells 10 @ 100 as a          -> rests
        li   buys   4 @ 100               -> wu 4 @ 100
        wu   replaces a by 9 @ 101        -> rests
        li   buys   9 @ 101 as b          -> wu 5 @ 101; 4 rest
        li   cancels b                    -> 4 lots
        wu   sells  3 @ 101 ioc           -> 3 cancelled: immediate_or_cancel
        li   sells  5 @ 120 on 7          -> rests
        wu   buys  12 @ 90                -> rests
        wu   buys   2 @ 120               -> li 2 @ 120
        li   buys  9999999 @ 119          -> hold.insufficient_available
        connection 7 is lost              -> 1 order ends: disconnected
        wu   buys   3 @ 91                -> rests
        wu   cancels all                  -> 2 orders end: cancel_all
        ops  halts                        -> done
    """)
    journal = [
        JournalRow(
            entry.header,
            "",
            entry.command or StartNode(),
            b"",
            None,
            encode_events(map(encode_event, entry.events)),
            bytes(16),
            bytes(32),
        )
        for entry in venue.journal[before:]
    ]
    for first in range(0, len(journal), rows_a_batch):
        batch = Batch(journal[first : first + rows_a_batch])
        assert exactly(statements_of(batch)) == exactly(statements(changes_of(batch)))
        run(by_bytes, statements_of(batch))
        run(by_events, statements(changes_of(batch)))
    assert tables(by_bytes) == tables(by_events)
    assert tables(by_bytes, without="journal") == tables(venue.scratch, without="journal")


def run(scratch: Scratch, todo: list[Any]) -> None:
    """Write what is to be written."""
    for statement, written in todo:
        scratch.connection.executemany(sql_text(statement), written)


def tables(scratch: Scratch, without: str = "") -> dict[str, list[Any]]:
    """Every table's rows."""
    names = [name for (name,) in scratch.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: scratch.connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
        for name in sorted(names)
        if name != without
    }


@given(ACCEPTED, st.data())
def test_bytes_that_are_no_events_are_refused_and_not_half_saved(event: OrderAccepted, data: st.DataObject) -> None:
    raw = encode_events([encode_event(event)])
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    with pytest.raises(msgspec.DecodeError):
        decode_events(cut)
    with pytest.raises(msgspec.DecodeError):
        statements_of(Batch([journal_row(FIRST, cut)]))
