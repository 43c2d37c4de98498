"""Questions to the tables: connections of their own that cannot write, one snapshot a question, two seconds at most.

The writer never waits for a reader, nor a reader for the writer (WAL; on PostgreSQL, REPEATABLE READ READ ONLY). Each
answer names the sequence it was read at. A snapshot kept long would keep the WAL from being cut, so it is ended by
the clock, whatever it was doing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from exchange.store.schema.journal import JournalTable

T = TypeVar("T")

OPS_BETWEEN_LOOKS = 4_000
"""SQLite looks at the clock after so many steps of its machine: some tens of microseconds."""


class ReadFault(Exception):  # noqa: N818 - a fault is the world's, in the house's words
    """A question was not answered. `code`: read.busy, read.too_long, read.unavailable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Snapshot:
    """The tables at one sequence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # The first question of the transaction fixes the snapshot, so that this number is exactly what it holds.
        self.sequence = int(self._connection.execute(select(func.max(JournalTable.sequence))).scalar() or 0)

    def rows(self, query: Executable) -> list[Any]:
        """Everything a query finds; queries are bounded by their own limit."""
        return list(self._connection.execute(query))

    def stream(self, query: Executable) -> Iterator[Any]:
        """What a query finds, row by row."""
        return iter(self._connection.execute(query))

    def first(self, query: Executable) -> Any:
        """The first row a query finds; None if there is none."""
        return self._connection.execute(query).first()


class Reads:
    """A few threads, each question in one of them with a connection and a snapshot of its own."""

    def __init__(self, url: str, *, readers: int = 2, waiting: int = 64, seconds: float = 2.0) -> None:
        self._seconds = seconds
        self._engine = _sqlite(url, readers) if url.startswith("sqlite") else _postgresql(url, readers, seconds)
        self._pool = ThreadPoolExecutor(max_workers=readers, thread_name_prefix="reads")
        self._limit = readers + waiting
        self._taken = 0
        self._lock = Lock()

    def submit(self, work: Callable[[Snapshot], T]) -> Future[T]:
        """Ask in a thread.

        Raises: ReadFault read.busy when too many questions wait; the future may hold the others.
        """
        with self._lock:
            if self._taken >= self._limit:
                raise ReadFault("read.busy")
            self._taken += 1
        future = self._pool.submit(self.run, work)
        future.add_done_callback(self._give_back)
        return future

    def run(self, work: Callable[[Snapshot], T]) -> T:
        """Ask in this thread.

        Raises: ReadFault read.too_long, read.unavailable.
        """
        with self.snapshot() as snapshot:
            return work(snapshot)

    @contextmanager
    def snapshot(self, seconds: float | None = None) -> Iterator[Snapshot]:
        """A snapshot for as long as the block, and at most as long as a snapshot may last."""
        deadline = time.monotonic() + (seconds or self._seconds)
        try:
            with self._engine.connect() as connection:
                with _ended_at(connection, deadline, seconds):
                    yield Snapshot(connection)
                connection.rollback()
        except DBAPIError as fault:
            late = time.monotonic() >= deadline or "statement timeout" in str(fault.orig)
            raise ReadFault("read.too_long" if late else "read.unavailable") from fault
        except SQLAlchemyError as fault:
            raise ReadFault("read.unavailable") from fault

    def close(self) -> None:
        """Finish the running questions, drop the waiting ones, close the connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()

    def _give_back(self, _: object) -> None:
        with self._lock:
            self._taken -= 1


@contextmanager
def _ended_at(connection: Connection, deadline: float, seconds: float | None) -> Iterator[None]:
    """End whatever runs on a SQLite connection at the deadline; PostgreSQL has its own limits."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        if seconds is not None:
            connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1_000)}"))
        yield
        return
    raw.set_progress_handler(lambda: int(time.monotonic() >= deadline), OPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)


def _sqlite(url: str, readers: int) -> Engine:
    path = Path(make_url(url).database or "").absolute()

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=2
        )

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=readers, max_overflow=2)
    # The stock driver begins a transaction only before a write, so two reads could see two states: begin by hand.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _postgresql(url: str, readers: int, seconds: float) -> Engine:
    limit_ms = int(seconds * 1_000)
    limits = f"-c statement_timeout={limit_ms} -c idle_in_transaction_session_timeout={2 * limit_ms}"
    options = f"{limits} -c default_transaction_read_only=on"
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=readers,
        max_overflow=2,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args={"options": options, "connect_timeout": 5},
    )
