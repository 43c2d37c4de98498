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
from psycopg.types.numeric import Int8BinaryDumper
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
ARRAYS_FROM_ROWS = 4
"""From so many rows on a statement's rows travel as arrays, one a column; fewer are cheaper one by one."""
LOCK_WAIT_S = 2
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
def row_text(statement: Statement) -> sql.SQL:
    """A statement's SQL for one row."""
    table = statement.table.name
    columns = ", ".join(statement.columns)
    marks = ", ".join("%b" for _ in statement.columns)
    same = " AND ".join(f"{name} = %b" for name in statement.key)
    match statement.verb:
        case Verb.INSERT:
            text = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        case Verb.UPSERT:
            replaced = ", ".join(f"{name} = excluded.{name}" for name in statement.replaced)
            key = ", ".join(statement.key)
            text = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {replaced}"
        case Verb.UPDATE:
            changed = ", ".join(f"{name} = %b" for name in statement.columns)
            text = f"UPDATE {table} SET {changed} WHERE {same}"
        case Verb.DELETE:
            text = f"DELETE FROM {table} WHERE {same}"
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
        # Every integer is a bigint, so that a statement has one plan whatever its numbers are.
        connection.adapters.register_dumper(int, Int8BinaryDumper)
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

    def _commit(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        """A small batch is one message to the server and one back; a large one sends its inserts by COPY before."""
        if any(_by_copy(statement, rows) for statement, rows in todo):
            super()._commit(todo)
            return
        connection = self.connection
        try:
            with connection.pipeline():  # the driver's own transaction() would wait for the server at both its ends
                connection.execute("BEGIN")
                self._send(todo)
                connection.execute("COMMIT")  # the server passes over it when anything before it failed
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                connection.rollback()
            raise

    def _write(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        """Large inserts by COPY, which a pipeline does not take, everything else in one pipeline."""
        connection = self.connection
        for statement, rows in todo:
            if _by_copy(statement, rows):
                text, types = copy_text(statement)
                with connection.cursor() as cursor, cursor.copy(text) as copy:
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row)
        with connection.pipeline():
            self._send([(statement, rows) for statement, rows in todo if not _by_copy(statement, rows)])

    def _send(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        execute = self.connection.execute
        for statement, rows in todo:
            if len(rows) < ARRAYS_FROM_ROWS:
                text = row_text(statement)
                for row in rows:
                    execute(text, row)
            else:
                execute(array_text(statement), [list(column) for column in zip(*rows, strict=True)])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self.connection.transaction():
            yield


def _by_copy(statement: Statement, rows: list[Row]) -> bool:
    return statement.verb is Verb.INSERT and len(rows) >= COPY_FROM_ROWS


def _guard(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Refuse a server that may forget what it committed, and a database another node writes."""
    for setting in ("fsync", "synchronous_commit"):
        ((value,),) = connection.execute(f"SHOW {setting}").fetchall()
        if value == "off":
            raise NodeFault("store.not_durable", f"{setting} is off")
    # A node that has just ended holds the lock until its server process has noticed: that is waited for, no longer.
    connection.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
    except psycopg.errors.LockNotAvailable:
        raise NodeFault("store.locked", "another node holds this database") from None
    connection.execute("SET lock_timeout = 0")
