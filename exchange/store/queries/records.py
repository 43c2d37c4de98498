"""Any record by its key, or a page of them in the order of their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import or_, select, tuple_
from sqlalchemy.sql import ColumnElement

from exchange.core.messages import Record
from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES, RecordTable

Position = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """A row is the reader's if this column holds one of these values."""

    column: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of records, and where the next one begins; None at the end."""

    records: tuple[Record, ...]
    next_position: Position | None


def kept_records() -> list[type[Record]]:
    """Every kind of record that has a table."""
    return list(TABLES)


def key_fields(record: type[Record]) -> tuple[str, ...]:
    """The fields that name one record of a kind."""
    return tuple(column.name for column in TABLES[record].table.primary_key.columns)


def one(snapshot: Snapshot, record: type[Record], key: Position, mine: Sequence[Among] | None = None) -> Record | None:
    """The record of that key, if it is there and the reader's. `mine` None: everybody's."""
    kept = TABLES[record]
    conditions = [column == value for column, value in zip(_key(kept), key, strict=True)]
    found = snapshot.first(_columns(kept).where(*conditions, *_mine(kept, mine)))
    return read_record(kept, record, tuple(found)) if found is not None else None


def page(
    snapshot: Snapshot,
    record: type[Record],
    limit: int,
    *,
    after: Position | None = None,
    filters: Mapping[str, Any] | None = None,
    mine: Sequence[Among] | None = None,
) -> Found:
    """The next records in the order of their keys; `filters` are exact values of plain columns."""
    kept = TABLES[record]
    key = _key(kept)
    query = _columns(kept).where(*_mine(kept, mine)).order_by(*key).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after) if len(key) > 1 else key[0] > after[0])
    for name, value in (filters or {}).items():
        query = query.where(kept.table.columns[name] == value)
    rows = [tuple(row) for row in snapshot.rows(query)]
    shown = rows[:limit]
    more = len(rows) > limit
    return Found(
        tuple(read_record(kept, record, row) for row in shown),
        tuple(shown[-1][place] for place in kept.key_places) if more else None,
    )


def everything(snapshot: Snapshot, record: type[Record], show: Callable[[Record], Any]) -> list[Any]:
    """All of a kind that has few."""
    kept = TABLES[record]
    return [show(read_record(kept, record, tuple(row))) for row in snapshot.rows(_columns(kept).order_by(*_key(kept)))]


def _columns(kept: RecordTable) -> Any:
    return select(*(kept.table.columns[name] for name in kept.record.__struct_fields__))


def _key(kept: RecordTable) -> list[ColumnElement[Any]]:
    return cast("list[ColumnElement[Any]]", list(kept.table.primary_key.columns))


def _mine(kept: RecordTable, mine: Sequence[Among] | None) -> list[ColumnElement[bool]]:
    if mine is None:
        return []
    return [or_(*(kept.table.columns[among.column].in_(among.values) for among in mine))]
