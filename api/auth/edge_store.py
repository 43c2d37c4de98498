"""The `edge` store: its own SQLite file or PostgreSQL schema, so that a login never waits for the sequencer's lock.

Everything written here is durable when the call returns (SQLite WAL with synchronous=FULL; synchronous_commit on):
a nonce that was forgotten in a crash could be replayed, a revoked session could come back. Calls are synchronous and
run in a bounded pool; `run` is the way in from async code, `transaction` and `read` from a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.edge_tables import SCHEMA, SCHEMA_VERSION, EdgeBase, SchemaVersion
from api.auth.pool import BoundedPool

T = TypeVar("T")

FILE_NAME = "edge.sqlite"
BUSY_MS = 5_000
SCHEMA_LOCK = 0x65646765  # "edge": two gateways starting at once make the tables one after the other


class EdgeStoreMismatch(Exception):  # noqa: N818 - it reads as the refusal to start that it is
    """The store was made by a program that expects other tables. Starting on it would be guessing."""


class EdgeStore:
    """The engine of the edge tables, and the threads that may use it."""

    def __init__(self, engine: Engine, *, workers: int, waiting: int) -> None:
        self.engine = engine
        self._reader = engine.execution_options(edge_read_only=True)
        self._pool = BoundedPool("edge-store", workers=workers, waiting=waiting)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do one piece of work in one transaction, in a thread.

        Refused: auth.busy when too many wait; auth.unavailable when the database does not answer.
        """
        return await self._pool.run(self.run_now, work)

    def run_now(self, work: Callable[[Connection], T]) -> T:
        """Do one piece of work in one transaction, in this thread.

        Refused: auth.unavailable when the database does not answer.
        """
        with self.transaction() as connection:
            return work(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that writes: committed and synced when the block ends, undone if it raises."""
        with _answering(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and so never waits for a writer."""
        with _answering(), self._reader.begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Empty SQLite's write-ahead log, in which what was just deleted can still be read. PostgreSQL vacuums itself.

        Readers in progress may keep it until the next checkpoint.
        """
        if self.engine.dialect.name != "sqlite":
            return
        raw = self.engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()

    def close(self) -> None:
        """Finish the threads and close the connections."""
        self._pool.close()
        self.engine.dispose()


def edge_url(data_dir: Path) -> URL:
    """The URL of the SQLite file that a data directory keeps its edge store in."""
    return URL.create("sqlite", database=str(data_dir / FILE_NAME))


def open_edge(url: URL | str, *, workers: int = 4, waiting: int = 256) -> EdgeStore:
    """Open the store, making its tables if it is new.

    Raises: EdgeStoreMismatch if the tables have another version than this program's.
    """
    url = make_url(url)
    engine = _sqlite(url, workers) if url.get_backend_name() == "sqlite" else _postgresql(url, workers)
    try:
        _prepare(engine)
    except BaseException:
        engine.dispose()
        raise
    return EdgeStore(engine, workers=workers, waiting=waiting)


def _prepare(engine: Engine) -> None:
    """Make what is missing and check the version, under a lock, in one transaction."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK})
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        schema = SCHEMA if connection.dialect.name == "postgresql" else None
        if inspect(connection).has_table(SchemaVersion.__tablename__, schema=schema):
            found = list(connection.scalars(select(SchemaVersion.version)))
            if found != [SCHEMA_VERSION]:
                raise EdgeStoreMismatch(f"the edge store has version {found}, this program needs [{SCHEMA_VERSION}]")
            EdgeBase.metadata.create_all(connection)
        else:
            EdgeBase.metadata.create_all(connection)
            connection.execute(insert(SchemaVersion).values(version=SCHEMA_VERSION))


def _sqlite(url: URL, workers: int) -> Engine:
    if url.database:
        # Made here and not by SQLite, because the file holds private keys: WAL and shm copy its permissions.
        os.close(os.open(url.database, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(
        url,
        pool_size=workers,
        max_overflow=workers,
        pool_timeout=BUSY_MS / 1000,
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
        execution_options={"schema_translate_map": {SCHEMA: None}},
    )

    @event.listens_for(engine, "connect")
    def _configure(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # the driver's own BEGIN is late and lazy; ours is explicit
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten: it may be a person's name

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("edge_read_only", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL, workers: int) -> Engine:
    options = f"-c synchronous_commit=on -c statement_timeout={BUSY_MS} -c lock_timeout={BUSY_MS}"
    return create_engine(
        url,
        pool_size=workers,
        max_overflow=workers,
        pool_timeout=BUSY_MS / 1000,
        pool_pre_ping=True,
        connect_args={"connect_timeout": BUSY_MS // 1000, "options": options},
    )


@contextmanager
def _answering() -> Iterator[None]:
    """A database that is away, locked or too slow is the world's fault: the caller may try again."""
    try:
        yield
    except (OperationalError, PoolTimeout) as fault:
        raise EdgeRefused(EdgeCode.AUTH_UNAVAILABLE, retry_after_s=1) from fault
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise EdgeRefused(EdgeCode.AUTH_UNAVAILABLE, retry_after_s=1) from fault
        raise
