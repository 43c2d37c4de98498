"""Everything that is not hot: whichever records and movements an event carries go to their tables, by type.

So a new workflow writes no saving code: its event carries the record whole, and its table has the record's fields.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec

from exchange.core.messages import Event, Header, Record
from exchange.core.node_messages import RunContinued, Timer, TimerDropped
from exchange.core.postings import Movement
from exchange.store.registry import TABLES, RecordTable
from exchange.store.save import hot
from exchange.store.save.changes import Changes
from matching.messages import OrderAccepted, OrderCancelled, OrderReplaced, TradeMade

Saver = Callable[[Changes, Header, Any], None]

_encode = msgspec.msgpack.Encoder().encode


def save_event(changes: Changes, header: Header, event: Event) -> None:
    """Note every row one event changes."""
    saver = SAVERS.get(type(event))
    if saver is None:
        generic(changes, header, event)
    else:
        saver(changes, header, event)


def generic(changes: Changes, header: Header, event: Event) -> None:
    """The records and movements an event carries, in its fields' order."""
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, Movement):
            hot.movement(changes, header, value)
        elif isinstance(value, Record):
            put(changes, value)
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Record):
                    put(changes, item)


def put(changes: Changes, record: Record) -> None:
    """Upsert one record's row, if its kind has a table."""
    table = TABLES.get(type(record))
    if table is not None:
        row = to_row(table, record)
        changes.records.setdefault(table.table, {})[table.key(row)] = row


def to_row(table: RecordTable, record: Record) -> tuple[Any, ...]:
    """A record as its table's row: plain integers, texts and bytes; nested values as msgpack."""
    row: list[Any] = []
    for name, nested in table.fields:
        value = getattr(record, name)
        if nested:
            value = _encode(value)
        elif isinstance(value, Enum):
            value = value.value
        row.append(value)
    if table.has_live:
        row.append(table.live(record))
    return tuple(row)


def _timer_dropped(changes: Changes, header: Header, event: TimerDropped) -> None:
    del header
    changes.records.get(TABLES[Timer].table, {}).pop((event.timer_id,), None)
    changes.dropped_timers[event.timer_id] = None


def _run_continued(changes: Changes, header: Header, event: RunContinued) -> None:
    del header
    changes.run_positions[event.run_id] = (event.position, event.position < event.total)


SAVERS: dict[type[Event], Saver] = {
    OrderAccepted: hot.order_accepted,
    TradeMade: hot.trade_made,
    OrderCancelled: hot.order_cancelled,
    OrderReplaced: hot.order_replaced,
    TimerDropped: _timer_dropped,
    RunContinued: _run_continued,
}
"""Events that need more than their records put: all others are generic."""
