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

from exchange.core.ids import SHARD, UserId
from exchange.core.units import Epoch
from exchange.engine.state import ExchangeState
from exchange.node.codec import ENGINE_VERSION, key_hash
from exchange.node.ports import Batch, Clock, Head, Known, NodeFault
from exchange.store.load.state import load_state
from exchange.store.migrate import upgrade
from exchange.store.save.changes import Statement, Verb
from exchange.store.save.flush import changes_of, statements
from exchange.store.schema.journal import JournalTable

_DIALECT = dialect.dialect(paramstyle="qmark")
CACHED_STATEMENTS = 256
AUTOCHECKPOINT_PAGES = 4_000
KNOWN_KEYS_A_QUERY = 400
"""SQLite takes at most 999 parameters in the oldest builds we meet; a key needs two."""


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


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our settings; transactions are begun and ended by hand."""
    uri = f"file:{path}?mode=ro" if read_only else f"file:{path}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, cached_statements=CACHED_STATEMENTS, check_same_thread=False, timeout=5
    )
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
    return connection


class SqliteStore:
    """The embedded store: journal and tables in one file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, while the store is open."""
        if self._connection is None:
            raise NodeFault("store.closed")
        return self._connection

    def open(self) -> Epoch:
        """Take the lock file, bring the schema up to date, and write this start's epoch row before anything is read."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_file(self.path.with_name(self.path.name + ".lock"))
        upgrade(f"sqlite:///{self.path}")
        self._connection = connect(self.path)
        with self._transaction():
            (last,) = self.connection.execute("SELECT coalesce(max(epoch), 0) FROM epochs").fetchone()
            epoch = Epoch(last + 1)
            self.connection.execute(
                "INSERT INTO epochs (epoch, shard, started_ns, engine_version) VALUES (?, ?, ?, ?)",
                (epoch, SHARD, self.clock.now_ns(), ENGINE_VERSION),
            )
        return epoch

    def load(self) -> tuple[ExchangeState, Head]:
        """The state and the journal's head, read in one transaction."""
        with self._transaction():
            state = load_state(self.rows)
            head = self.head()
        state.sequence, state.epoch, state.at_ns = head.sequence, head.epoch, head.at_ns
        return state, head

    def head(self) -> Head:
        """The journal's last row, or the start of an empty one."""
        row = self.connection.execute(
            f"SELECT sequence, epoch, at_ns, chain FROM {JournalTable.__tablename__} ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return Head(*row) if row else Head()

    def rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a query built from the tables."""
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
        return iter(self.connection.execute(str(compiled)))

    def known(self, keys: Sequence[tuple[UserId, str]]) -> dict[tuple[UserId, str], Known]:
        """The earlier commands of these senders and keys, found by one index look-up each."""
        found: dict[tuple[UserId, str], Known] = {}
        for start in range(0, len(keys), KNOWN_KEYS_A_QUERY):
            hashes = [key_hash(principal, key) for principal, key in keys[start : start + KNOWN_KEYS_A_QUERY]]
            for principal, key, *rest in self.connection.execute(_known_text(len(hashes)), hashes):
                found[UserId(principal), key] = Known(*rest)
        return found

    def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction; its COMMIT is one synced write of the log."""
        todo = [(sql_text(statement), rows) for statement, rows in statements(changes_of(batch))]
        with self._transaction():
            for text, rows in todo:
                self.connection.executemany(text, rows)

    def suspects(self) -> dict[bytes, int]:
        """Fingerprints of commands that stopped a node, and how often."""
        return dict(self.connection.execute("SELECT fingerprint, stops FROM suspects"))

    def suspect(self, fingerprint: bytes, command_name: str) -> int:
        """Count one more stop against a command."""
        with self._transaction():
            (stops,) = self.connection.execute(
                "INSERT INTO suspects (fingerprint, command_name, stops) VALUES (?, ?, 1) "
                "ON CONFLICT (fingerprint) DO UPDATE SET stops = stops + 1 RETURNING stops",
                (fingerprint, command_name),
            ).fetchone()
        return int(stops)

    def release(self, fingerprint: bytes) -> bool:
        """Let a quarantined command be tried again; tells whether it was known."""
        with self._transaction():
            cursor = self.connection.execute("DELETE FROM suspects WHERE fingerprint = ?", (fingerprint,))
        return cursor.rowcount == 1

    def close(self) -> None:
        """Close the file and let go of the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

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
def _known_text(count: int) -> str:
    """The look-up of so many key hashes; joined from a list of values, because row values scan the table."""
    values = ", ".join("(?)" for _ in range(count))
    return (
        f"WITH asked (hash) AS (VALUES {values}) "
        "SELECT journal.principal, journal.key, journal.sequence, journal.at_ns, journal.command, journal.events "
        "FROM asked CROSS JOIN journal WHERE journal.key_hash = asked.hash"
    )


def _lock_file(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise NodeFault("store.locked", "another node holds this database") from None
    return descriptor
