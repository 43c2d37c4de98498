"""Reading a whole database as it stood at one moment, in a stream, while a node goes on writing it.

A proof or an export that read table after table while batches commit would compare two moments with each other. Here
every query of one `snapshot(url)` sees the same commit, through a connection of its own that can only read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Column, Table, Text, collate, select
from sqlalchemy.engine import make_url
from sqlalchemy.sql import ColumnElement, Select

from exchange.node.ports import NodeFault
from exchange.store import postgres, sqlite

ROWS_A_FETCH = 1_000


class Snapshot(Protocol):
    """A database at one moment."""

    def stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """A query's rows, fetched in portions, so that memory stays bounded."""
        ...

    def by_key(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """All rows of a table in the order of its key, texts by their bytes."""
        ...


class SqliteSnapshot:
    """A SQLite database at one moment; also reads the proofs' own scratch database."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """A query's rows; SQLite walks its tree as they are asked for."""
        cursor = self.connection.cursor()
        cursor.arraysize = ROWS_A_FETCH
        yield from cursor.execute(sqlite.query_text(query))

    def by_key(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """All rows of a table in the order of its key; SQLite compares texts by their bytes anyway."""
        return self.stream(select(*table.columns).order_by(*table.primary_key.columns))


class PostgresSnapshot:
    """A PostgreSQL database at one moment."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._cursors = 0

    def stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """A query's rows, through a cursor on the server."""
        self._cursors += 1
        with self.connection.cursor(f"proof_{self._cursors}", binary=True) as cursor:
            cursor.itersize = ROWS_A_FETCH
            yield from cursor.execute(postgres.query_text(query))

    def by_key(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """All rows of a table in the order of its key; texts by their bytes, not by the server's language."""
        order = [_by_bytes(column) for column in table.primary_key.columns]
        return self.stream(select(*table.columns).order_by(*order))


def _by_bytes(column: Column[Any]) -> ColumnElement[Any]:
    return collate(column, "C") if isinstance(column.type, Text) else column


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """A read-only view of the database at a URL, at one moment. Costs a writing node nothing but disk space.

    Raises: NodeFault store.missing when there is no database.
    """
    if make_url(url).get_backend_name() == "postgresql":
        with _postgres_snapshot(url) as found:
            yield found
    else:
        with _sqlite_snapshot(database_path(url)) as found:
            yield found


def database_path(url: str) -> Path:
    """The file of a SQLite URL."""
    return Path(make_url(url).database or "")


@contextlib.contextmanager
def _sqlite_snapshot(path: Path) -> Iterator[Snapshot]:
    if not path.is_file():
        raise NodeFault("store.missing", f"there is no database at {path}")
    connection = sqlite.connect(path, read_only=True)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is that of the first read
        yield SqliteSnapshot(connection)
    finally:
        connection.close()


@contextlib.contextmanager
def _postgres_snapshot(url: str) -> Iterator[Snapshot]:
    import psycopg

    connection = psycopg.connect(postgres.connection_string(url), autocommit=False)
    try:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield PostgresSnapshot(connection)
    finally:
        connection.close()
