"""What one batch changes, merged by row: a row touched ten times in a batch is written once, with its last values.

A Statement says what to do in terms of the tables; each database compiles it to its own text once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Table

Row = tuple[Any, ...]


class Verb(Enum):
    """What a statement does with its rows."""

    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Statement:
    """One kind of write. Rows carry the values of `columns`, then (update, delete) those of `key`.

    An upsert's `columns` include its key; on conflict the `replaced` ones take the new values.
    """

    verb: Verb
    table: Table
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


def insert(table: Table) -> Statement:
    """Insert whole rows, in the table's own column order."""
    return Statement(Verb.INSERT, table, tuple(column.name for column in table.columns))


def upsert(table: Table, replaced: tuple[str, ...] = ()) -> Statement:
    """Insert whole rows, or replace the named columns (all, if none is named) of rows that are there."""
    names = tuple(column.name for column in table.columns)
    key = primary_key(table)
    others = replaced or tuple(name for name in names if name not in key)
    return Statement(Verb.UPSERT, table, names, key, others)


def primary_key(table: Table) -> tuple[str, ...]:
    """The names of a table's key columns."""
    return tuple(column.name for column in table.primary_key.columns)


@dataclass(slots=True)
class BalanceChange:
    """New values of one balance; None: unchanged."""

    units: int | None = None
    held_units: int | None = None
    last_sequence: int | None = None


@dataclass(slots=True)
class Changes:
    """The rows of one batch. Hot tables have shapes of their own, everything else is in `records` by table and key."""

    journal: list[Row] = field(default_factory=list[Row])
    postings: list[Row] = field(default_factory=list[Row])
    trades: list[Row] = field(default_factory=list[Row])
    new_orders: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    old_orders: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    balances: dict[tuple[int, int], BalanceChange] = field(default_factory=dict[tuple[int, int], BalanceChange])
    channels: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    numbers: dict[int, tuple[int, int | None, int | None]] = field(
        default_factory=dict[int, tuple[int, int | None, int | None]]
    )
    records: dict[Table, dict[Any, Row]] = field(default_factory=dict[Table, dict[Any, Row]])
    stubs: dict[Statement, dict[Any, Row]] = field(default_factory=dict[Statement, dict[Any, Row]])
    """New values of the columns that memory keeps of older rows, by statement and key."""
    new_conditions: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    old_conditions: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    """Where orders stand; of a plain one there is no row, and nothing comes of it."""
    run_positions: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    dropped_timers: dict[int, None] = field(default_factory=dict[int, None])

    def balance(self, account_id: int, asset_id: int) -> BalanceChange:
        """The change of one balance, to be filled in."""
        change = self.balances.get((asset_id, account_id))
        if change is None:
            change = self.balances[asset_id, account_id] = BalanceChange()
        return change

    def order(self, order_id: int) -> dict[str, Any]:
        """The columns of one order that change, whether it is new in this batch or old."""
        changed = self.new_orders.get(order_id)
        if changed is None:
            changed = self.old_orders.setdefault(order_id, {})
        return changed

    def conditions(self, order_id: int) -> dict[str, Any]:
        """The columns of one order's conditions that change."""
        changed = self.new_conditions.get(order_id)
        if changed is None:
            changed = self.old_conditions.setdefault(order_id, {})
        return changed


@dataclass(slots=True, kw_only=True)
class HotTables:
    """The hot tables' rows of one batch, each list as its statement takes it."""

    journal: list[Row]
    new_orders: list[Row]
    changed_orders: dict[tuple[str, ...], list[Row]]
    """Older orders by which of their columns changed; each order is in one group, so the groups' order is free."""
    trades: list[Row]
    postings: list[Row]
    balances: list[Row]
    """Balances both posted and held."""
    posted: list[Row]
    held: list[Row]
    channels: list[Row]
    numbers: list[Row]
    """Instruments with a trade."""
    book_numbers: list[Row]
