"""A batch's changes as statements and their rows, in the order in which they must run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import Table

from exchange.core.ids import SHARD
from exchange.core.node_messages import Timer
from exchange.core.wire import FORMAT
from exchange.node.codec import ENGINE_VERSION, key_hash, key_place
from exchange.node.ports import Batch, JournalRow
from exchange.store.registry import TABLES
from exchange.store.save.changes import Changes, HotTables, Row, Statement, Verb, insert, upsert
from exchange.store.save.records import save_event
from exchange.store.schema.custody import BalanceTable, ChannelTable, PostingTable
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.matching import NumbersTable, OrderConditionsTable, OrderTable, TradeTable
from exchange.store.schema.members import RunTable


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)


BALANCES, ORDERS, CONDITIONS = _table(BalanceTable), _table(OrderTable), _table(OrderConditionsTable)
NUMBERS, TIMERS = _table(NumbersTable), TABLES[Timer].table

INSERT_JOURNAL = insert(_table(JournalTable))
INSERT_POSTINGS = insert(_table(PostingTable))
INSERT_TRADES = insert(_table(TradeTable))
INSERT_ORDERS = insert(ORDERS)
INSERT_CONDITIONS = insert(CONDITIONS)
UPSERT_BALANCES = upsert(BALANCES)
UPSERT_POSTED = upsert(BALANCES, replaced=("units", "last_sequence"))
UPDATE_HELD = Statement(Verb.UPDATE, BALANCES, ("held_units",), ("asset_id", "account_id"))
UPSERT_CHANNELS = upsert(_table(ChannelTable))
UPSERT_NUMBERS = upsert(NUMBERS)
UPSERT_BOOK_N = upsert(NUMBERS, replaced=("book_n",))
KEY_PLACE = INSERT_JOURNAL.columns.index("key_hash")
UPDATE_RUNS = Statement(Verb.UPDATE, _table(RunTable), ("position", "total", "live"), ("run_id",))
DELETE_TIMERS = Statement(Verb.DELETE, TIMERS, (), ("timer_id",))

compiled: Callable[[list[JournalRow], Changes], HotTables] | None
"""The compiled saver of the hot path, where it was built."""
try:
    from exchange.store.save._hot import gather as compiled
except ImportError:
    compiled = None


def statements_of(batch: Batch) -> list[tuple[Statement, list[Row]]]:
    """What a batch writes; by the compiled saver where it was built, and it says the same as the readable one."""
    if compiled is None:
        return statements(changes_of(batch))
    others = Changes()
    return _in_order(compiled(batch.rows, others), others)


def changes_of(batch: Batch) -> Changes:
    """Every row the batch's events change, its journal rows first."""
    changes = Changes()
    for row in batch.rows:
        changes.journal.append(_journal_row(row))
        for event in row.events:
            save_event(changes, row.header, event)
    return changes


def _journal_row(row: JournalRow) -> Row:
    header = row.header
    return (
        header.sequence,
        SHARD,
        FORMAT,
        ENGINE_VERSION,
        header.epoch,
        header.at_ns,
        header.principal,
        header.connection_id,
        row.key or None,
        key_place(header.sequence, key_hash(header.principal, row.key)) if row.key else None,
        row.command_bytes,
        row.events_bytes,
        row.salt,
        row.chain,
    )


def statements(changes: Changes) -> list[tuple[Statement, list[Row]]]:
    """What to run, each statement once with all its rows; empty ones are left out."""
    return _in_order(_hot_tables(changes), changes)


def _in_order(hot: HotTables, others: Changes) -> list[tuple[Statement, list[Row]]]:
    todo: list[tuple[Statement, list[Row]]] = [
        (INSERT_JOURNAL, hot.journal),
        (INSERT_ORDERS, hot.new_orders),
        *((_update(ORDERS, columns), rows) for columns, rows in hot.changed_orders.items()),
        (INSERT_CONDITIONS, [tuple(row.values()) for row in others.new_conditions.values()]),
        *((_update(CONDITIONS, columns), rows) for columns, rows in _by_columns(CONDITIONS, others.old_conditions)),
        (INSERT_TRADES, hot.trades),
        (INSERT_POSTINGS, hot.postings),
        (UPSERT_BALANCES, hot.balances),
        (UPSERT_POSTED, hot.posted),
        (UPDATE_HELD, hot.held),
        (UPSERT_CHANNELS, hot.channels),
        (UPSERT_NUMBERS, hot.numbers),
        (UPSERT_BOOK_N, hot.book_numbers),
    ]
    todo.extend((upsert(table), list(rows.values())) for table, rows in others.records.items())
    todo.extend((statement, list(rows.values())) for statement, rows in others.stubs.items())
    todo.append((UPDATE_RUNS, [(at, of, at < of, run) for run, (at, of) in others.run_positions.items()]))
    todo.append((DELETE_TIMERS, [(timer,) for timer in others.dropped_timers]))
    return [(statement, rows) for statement, rows in todo if rows]


@functools.cache
def _update(table: Table, columns: tuple[str, ...]) -> Statement:
    return Statement(Verb.UPDATE, table, columns, ("order_id",))


def _hot_tables(changes: Changes) -> HotTables:
    """The readable way from changes to rows."""
    whole, posted, held = _balances(changes)
    numbers, book_numbers = _numbers(changes)
    return HotTables(
        journal=changes.journal,
        new_orders=[tuple(order.values()) for order in changes.new_orders.values()],
        changed_orders=dict(_by_columns(ORDERS, changes.old_orders)),
        trades=changes.trades,
        postings=changes.postings,
        balances=whole,
        posted=posted,
        held=held,
        channels=[(account, n, sequence) for account, (n, sequence) in changes.channels.items()],
        numbers=numbers,
        book_numbers=book_numbers,
    )


def _by_columns(table: Table, changed: dict[int, dict[str, Any]]) -> list[tuple[tuple[str, ...], list[Row]]]:
    """Older rows by which columns changed, these in the table's order, so that there are few different statements."""
    names = [column.name for column in table.columns]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for order_id, values in changed.items():
        columns = tuple(name for name in names if name in values)
        groups.setdefault(columns, []).append((*(values[name] for name in columns), order_id))
    return list(groups.items())


def _balances(changes: Changes) -> tuple[list[Row], list[Row], list[Row]]:
    """Balances whole, only posted, or only held; a hold alone never makes a balance."""
    whole: list[Row] = []
    posted: list[Row] = []
    held: list[Row] = []
    for (asset_id, account_id), change in changes.balances.items():
        if change.units is None:
            held.append((change.held_units, asset_id, account_id))
        elif change.held_units is None:
            posted.append((asset_id, account_id, change.units, 0, change.last_sequence))
        else:
            whole.append((asset_id, account_id, change.units, change.held_units, change.last_sequence))
    return whole, posted, held


def _numbers(changes: Changes) -> tuple[list[Row], list[Row]]:
    """Instruments with a trade, and those whose book alone changed."""
    whole: list[Row] = []
    book: list[Row] = []
    for instrument_id, (book_n, trade_n, price) in changes.numbers.items():
        if trade_n is None:
            book.append((instrument_id, book_n, 0, 0))
        else:
            whole.append((instrument_id, book_n, trade_n, price))
    return whole, book
