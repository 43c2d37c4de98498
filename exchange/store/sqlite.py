"""One SQLite file: WAL, synchronous=FULL, one writer behind a lock file, one transaction a batch.

SQL texts are compiled once from the tables; rows go in as tuples, one executemany a statement. (Measured: the ORM's
executemany with dicts costs three times as much an order.)
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.sql import Select

from exchange.node.ports import MAX_COMMANDS, Clock, NodeFault
from exchange.store.base import SqlStore
from exchange.store.migrate import upgrade
from exchange.store.save.changes import Row, Statement, Verb

_DIALECT = dialect.dialect(paramstyle="qmark")
CACHED_STATEMENTS = 256
AUTOCHECKPOINT_PAGES = 16_000
"""Pages the write-ahead log may hold (64 MB): what many batches touch is copied to the database once for all."""
CACHE_KIB = 65_536
"""Pages the writer keeps: the leaves of a long journal's key index are met at random, and reading each again was a
twentieth of the writer's time."""


@functools.cache
def sql_text(statement: Statement) -> str:
    """A statement's SQL with question marks."""
    table = statement.table.name
    columns = ", ".join(statement.columns)
    marks = ", ".join("?" for _ in statement.columns)
    where = " AND ".join(f"{name} = ?" for name in statement.key)
    match statement.verb:
        case Verb.INSERT:
            return f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        case Verb.UPSERT:
            replaced = ", ".join(f"{name} = excluded.{name}" for name in statement.replaced)
            key = ", ".join(statement.key)
            return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {replaced}"
        case Verb.UPDATE:
            changed = ", ".join(f"{name} = ?" for name in statement.columns)
            return f"UPDATE {table} SET {changed} WHERE {where}"
        case Verb.DELETE:
            return f"DELETE FROM {table} WHERE {where}"


def query_text(query: Select[Any]) -> str:
    """A query's SQL with its values written in."""
    return str(query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our settings; transactions are begun and ended by hand."""
    uri = f"{path.absolute().as_uri()}?mode=ro" if read_only else path.absolute().as_uri()
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, cached_statements=CACHED_STATEMENTS, check_same_thread=False, timeout=5
    )
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


class SqliteStore(SqlStore):
    """The embedded store: journal and tables in one file."""

    inline_commands = MAX_COMMANDS
    """Every batch: SQLite computes more than it waits, and a thread would fight the loop for the interpreter."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(clock)
        self.path = path
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, while the store is open."""
        if self._connection is None:
            raise NodeFault("store.closed")
        return self._connection

    def rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a query built from the tables."""
        return iter(self.connection.execute(query_text(query)))

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._keys = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_file(self.path.with_name(self.path.name + ".lock"))
        upgrade(f"sqlite:///{self.path}")
        self._connection = connect(self.path)

    def _execute(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(text, values).fetchall()

    def _write(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        for statement, rows in todo:
            self.connection.executemany(sql_text(statement), rows)

    def _fence(self) -> None:
        """A lock file can be deleted under a node; the epoch row of the node that came after cannot."""
        ((newest,),) = self.connection.execute("SELECT max(epoch) FROM epochs").fetchall()
        if newest != self.epoch:
            raise NodeFault("store.superseded", f"epoch {newest} has begun; this is epoch {self.epoch}")

    def _find_keys(self, places: list[int]) -> list[tuple[Any, ...]]:
        return self.connection.execute(_find_text(len(places)), places).fetchall()

    def _key_places(self) -> Iterator[int]:
        cursor = self.connection.execute("SELECT key_hash FROM journal WHERE key_hash IS NOT NULL")
        return (place for (place,) in cursor)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


@functools.cache
def _find_text(count: int) -> str:
    """The look-up of so many keys' places; joined from a list of values, because row values scan the table."""
    values = ", ".join("(?)" for _ in range(count))
    return (
        f"WITH asked (place) AS (VALUES {values}) "
        "SELECT journal.principal, journal.key, journal.sequence, journal.at_ns, journal.command, journal.events "
        "FROM asked CROSS JOIN journal WHERE journal.key_hash = asked.place"
    )


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold a database's lock without opening it, so that no node can start meanwhile.

    Raises: NodeFault store.locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _lock_file(path.with_name(path.name + ".lock"))
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_file(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise NodeFault("store.locked", "another node holds this database") from None
    return descriptor
