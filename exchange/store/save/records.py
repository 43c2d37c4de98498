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
from exchange.store.registry import STUBS, TABLES, RecordTable
from exchange.store.save import hot
from exchange.store.save.changes import Changes, Statement, Verb, primary_key
from matching.correction_messages import TradeBusted, TradeCorrected
from matching.messages import (
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
)

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
    """Upsert one record's row, if its kind has a table; of a stub, update the columns it has."""
    table = TABLES.get(type(record))
    if table is not None:
        row = to_row(table, record)
        key = table.key(row)
        changes.records.setdefault(table.table, {})[key] = row
        for statement, rows in changes.stubs.items():
            if statement.table is table.table:
                rows.pop(key, None)
    elif type(record) in STUBS:
        put_stub(changes, TABLES[STUBS[type(record)]], record)


def put_stub(changes: Changes, table: RecordTable, stub: Record) -> None:
    """Change the columns a stub has, in the batch's own row if there is one, else in the row that is stored."""
    nested = dict(table.fields)
    key_names = primary_key(table.table)
    key = tuple(getattr(stub, name) for name in key_names)
    values = {
        name: _column(getattr(stub, name), nested[name]) for name in stub.__struct_fields__ if name not in key_names
    }
    pending = changes.records.get(table.table, {})
    if key in pending:
        names = [name for name, _ in table.fields]
        row = list(pending[key])
        for name, value in values.items():
            row[names.index(name)] = value
        pending[key] = tuple(row)
        return
    statement = Statement(Verb.UPDATE, table.table, tuple(values), key_names)
    changes.stubs.setdefault(statement, {})[key] = (*values.values(), *key)


def to_row(table: RecordTable, record: Record) -> tuple[Any, ...]:
    """A record as its table's row: plain integers, texts and bytes; nested values as msgpack."""
    row = [_column(getattr(record, name), nested) for name, nested in table.fields]
    if table.has_live:
        row.append(table.live(record))
    return tuple(row)


def _column(value: Any, nested: bool) -> Any:
    if nested:
        return _encode(value)
    return value.value if isinstance(value, Enum) else value


def _timer_dropped(changes: Changes, header: Header, event: TimerDropped) -> None:
    del header
    changes.records.get(TABLES[Timer].table, {}).pop((event.timer_id,), None)
    changes.dropped_timers[event.timer_id] = None


def _run_continued(changes: Changes, header: Header, event: RunContinued) -> None:
    del header
    changes.run_positions[event.run_id] = (event.position, event.total)


def _trade_changed(changes: Changes, header: Header, event: TradeBusted | TradeCorrected) -> None:
    generic(changes, header, event)
    hot.trade_changed(changes, header, event)


SAVERS: dict[type[Event], Saver] = {
    OrderAccepted: hot.order_accepted,
    TradeMade: hot.trade_made,
    OrderCancelled: hot.order_cancelled,
    OrderReplaced: hot.order_replaced,
    OrderMoved: hot.order_moved,
    OrderReduced: hot.order_reduced,
    OrderCovered: hot.order_covered,
    TradeBusted: _trade_changed,
    TradeCorrected: _trade_changed,
    TimerDropped: _timer_dropped,
    RunContinued: _run_continued,
}
"""Events that need more than their records put: all others are generic."""
