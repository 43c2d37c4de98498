"""A batch's changes as statements and their rows, in the order in which they must run."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table

from exchange.core.ids import SHARD
from exchange.core.node_messages import Timer
from exchange.core.wire import FORMAT
from exchange.node.codec import ENGINE_VERSION, key_hash
from exchange.node.ports import Batch, JournalRow
from exchange.store.registry import TABLES
from exchange.store.save.changes import Changes, Row, Statement, Verb, insert, upsert
from exchange.store.save.records import save_event
from exchange.store.schema.custody import BalanceTable, ChannelTable, PostingTable
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.matching import NumbersTable, OrderTable, TradeTable
from exchange.store.schema.members import RunTable


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)


BALANCES, ORDERS = _table(BalanceTable), _table(OrderTable)
NUMBERS, TIMERS = _table(NumbersTable), TABLES[Timer].table

INSERT_JOURNAL = insert(_table(JournalTable))
INSERT_POSTINGS = insert(_table(PostingTable))
INSERT_TRADES = insert(_table(TradeTable))
INSERT_ORDERS = insert(ORDERS)
UPSERT_BALANCES = upsert(BALANCES)
UPSERT_POSTED = upsert(BALANCES, replaced=("units", "last_sequence"))
UPDATE_HELD = Statement(Verb.UPDATE, BALANCES, ("held_units",), ("asset_id", "account_id"))
UPSERT_CHANNELS = upsert(_table(ChannelTable))
UPSERT_NUMBERS = upsert(NUMBERS)
UPSERT_BOOK_N = upsert(NUMBERS, replaced=("book_n",))
UPDATE_RUNS = Statement(Verb.UPDATE, _table(RunTable), ("position", "live"), ("run_id",))
DELETE_TIMERS = Statement(Verb.DELETE, TIMERS, (), ("timer_id",))

_ORDER_UPDATES: dict[tuple[str, ...], Statement] = {}


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
        key_hash(header.principal, row.key) if row.key else None,
        row.command_bytes,
        row.events_bytes,
        row.salt,
        row.chain,
    )


def statements(changes: Changes) -> list[tuple[Statement, list[Row]]]:
    """What to run, each statement once with all its rows; empty ones are left out."""
    todo: list[tuple[Statement, list[Row]]] = [
        (INSERT_JOURNAL, changes.journal),
        (INSERT_ORDERS, [tuple(order.values()) for order in changes.new_orders.values()]),
        *_order_updates(changes),
        (INSERT_TRADES, changes.trades),
        (INSERT_POSTINGS, changes.postings),
        *_balances(changes),
        (UPSERT_CHANNELS, [(account, n, sequence) for account, (n, sequence) in changes.channels.items()]),
        *_numbers(changes),
    ]
    todo.extend((upsert(table), list(rows.values())) for table, rows in changes.records.items())
    todo.extend((statement, list(rows.values())) for statement, rows in changes.stubs.items())
    todo.append((UPDATE_RUNS, [(place, live, run) for run, (place, live) in changes.run_positions.items()]))
    todo.append((DELETE_TIMERS, [(timer,) for timer in changes.dropped_timers]))
    return [(statement, rows) for statement, rows in todo if rows]


def _order_updates(changes: Changes) -> list[tuple[Statement, list[Row]]]:
    """Old orders grouped by which columns changed; each order is in one group, so the groups' order is free."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for order_id, changed in changes.old_orders.items():
        groups.setdefault(tuple(changed), []).append((*changed.values(), order_id))
    found: list[tuple[Statement, list[Row]]] = []
    for columns, rows in groups.items():
        statement = _ORDER_UPDATES.get(columns)
        if statement is None:
            statement = _ORDER_UPDATES[columns] = Statement(Verb.UPDATE, ORDERS, columns, ("order_id",))
        found.append((statement, rows))
    return found


def _balances(changes: Changes) -> list[tuple[Statement, list[Row]]]:
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
    return [(UPSERT_BALANCES, whole), (UPSERT_POSTED, posted), (UPDATE_HELD, held)]


def _numbers(changes: Changes) -> list[tuple[Statement, list[Row]]]:
    whole: list[Row] = []
    book: list[Row] = []
    for instrument_id, (book_n, trade_n, price) in changes.numbers.items():
        if trade_n is None:
            book.append((instrument_id, book_n, 0, 0))
        else:
            whole.append((instrument_id, book_n, trade_n, price))
    return [(UPSERT_NUMBERS, whole), (UPSERT_BOOK_N, book)]
