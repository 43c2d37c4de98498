"""PostgreSQL, the same tables: one connection, a session lock, arrays in a pipeline for small batches, COPY for large.

Refuses to start where `fsync` or `synchronous_commit` is off: an answer here means durable. A connection lost during
COMMIT leaves the outcome unknown; the node then stops, loads, and the sender's key decides.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import BigInteger, Boolean, LargeBinary, Table, Text
from sqlalchemy.dialects import postgresql as dialect
from sqlalchemy.engine import make_url
from sqlalchemy.sql import Select

from exchange.core.ids import SHARD
from exchange.node.ports import Clock, NodeFault
from exchange.store.base import SqlStore
from exchange.store.migrate import upgrade
from exchange.store.save.changes import Row, Statement, Verb

_DIALECT = dialect.dialect(paramstyle="format")  # type: ignore[no-untyped-call] # untyped in the library
COPY_FROM_ROWS = 48
"""From so many rows on a table's inserts travel by COPY; below, the fixed cost of leaving the pipeline is dearer."""
LOCK_KEY = 0x1FE0_0000 + SHARD
"""The advisory lock a writing node holds for as long as it is connected."""

_ARRAY_TYPES: tuple[tuple[type[Any], str], ...] = (
    (BigInteger, "bigint"),
    (Boolean, "boolean"),
    (LargeBinary, "bytea"),
    (Text, "text"),
)


def _type_of(table: Table, column: str) -> str:
    kind = table.columns[column].type
    for known, name in _ARRAY_TYPES:
        if isinstance(kind, known):
            return name
    raise TypeError(f"{table.name}.{column} has a type the fast path does not know")


@functools.cache
def array_text(statement: Statement) -> sql.SQL:
    """A statement's SQL over arrays, one array a column."""
    table = statement.table.name
    names = (*statement.columns, *(statement.key if statement.verb in (Verb.UPDATE, Verb.DELETE) else ()))
    arrays = ", ".join(f"%b::{_type_of(statement.table, name)}[]" for name in names)
    rows = f"unnest({arrays}) AS given ({', '.join(names)})"
    columns = ", ".join(statement.columns)
    same = " AND ".join(f"{table}.{name} = given.{name}" for name in statement.key)
    match statement.verb:
        case Verb.INSERT:
            text = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows}"
        case Verb.UPSERT:
            replaced = ", ".join(f"{name} = excluded.{name}" for name in statement.replaced)
            key = ", ".join(statement.key)
            conflict = f"ON CONFLICT ({key}) DO UPDATE SET {replaced}"
            text = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows} {conflict}"
        case Verb.UPDATE:
            changed = ", ".join(f"{name} = given.{name}" for name in statement.columns)
            text = f"UPDATE {table} SET {changed} FROM {rows} WHERE {same}"
        case Verb.DELETE:
            text = f"DELETE FROM {table} USING {rows} WHERE {same}"
    return sql.SQL(text)


@functools.cache
def copy_text(statement: Statement) -> tuple[sql.SQL, list[str]]:
    """A COPY of a statement's columns, and their types for its binary form."""
    columns = ", ".join(statement.columns)
    text = f"COPY {statement.table.name} ({columns}) FROM STDIN (FORMAT BINARY)"
    types = [
        "int8" if kind == "bigint" else "bool" if kind == "boolean" else kind
        for kind in (_type_of(statement.table, name) for name in statement.columns)
    ]
    return sql.SQL(text), types


def query_text(query: Select[Any]) -> str:
    """A query's SQL with its values written in."""
    return str(query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})).replace("%%", "%")


def connection_string(url: str) -> str:
    """The driver's form of a database URL."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class PostgresStore(SqlStore):
    """The scaled-out store: the same tables on a server."""

    keys_a_query = 512

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(clock)
        self.url = url
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    @property
    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The writer's connection, while the store is open."""
        if self._connection is None:
            raise NodeFault("store.closed")
        return self._connection

    def rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a query built from the tables."""
        return iter(self.connection.execute(query_text(query), binary=True).fetchall())

    def close(self) -> None:
        """Close the connection, and with it the session's lock."""
        self._keys = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        connection = psycopg.connect(connection_string(self.url), autocommit=True, prepare_threshold=2)
        try:
            _guard(connection)
            upgrade(self.url)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _execute(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(text.replace("?", "%s"), values or None, binary=True)
        return cursor.fetchall() if cursor.description else []

    def _find_keys(self, places: list[int]) -> list[tuple[Any, ...]]:
        return self._execute(
            "SELECT principal, key, sequence, at_ns, command, events FROM journal WHERE key_hash = ANY(?::bigint[])",
            (places,),
        )

    def _key_places(self) -> Iterator[int]:
        with self.connection.transaction(), self.connection.cursor("key_places", binary=True) as cursor:
            cursor.itersize = 100_000
            cursor.execute("SELECT key_hash FROM journal WHERE key_hash IS NOT NULL")
            for (place,) in cursor:
                yield place

    def _write(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        """Large inserts by COPY, everything else by arrays in one pipeline."""
        connection = self.connection
        by_array = [item for item in todo if item[0].verb is not Verb.INSERT or len(item[1]) < COPY_FROM_ROWS]
        for statement, rows in todo:
            if statement.verb is Verb.INSERT and len(rows) >= COPY_FROM_ROWS:
                text, types = copy_text(statement)
                with connection.cursor() as cursor, cursor.copy(text) as copy:
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row)
        with connection.pipeline():
            for statement, rows in by_array:
                connection.execute(array_text(statement), [list(column) for column in zip(*rows, strict=True)])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self.connection.transaction():
            yield


def _guard(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Refuse a server that may forget what it committed, and a database another node writes."""
    for setting in ("fsync", "synchronous_commit"):
        ((value,),) = connection.execute(f"SHOW {setting}").fetchall()
        if value == "off":
            raise NodeFault("store.not_durable", f"{setting} is off")
    ((locked,),) = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchall()
    if not locked:
        raise NodeFault("store.locked", "another node holds this database")
