"""A disk in memory that outlives the process, and a store on it that fails, or dies, at a chosen step.

A step is one call of the database by the store: a BEGIN, a statement, a COMMIT. Whoever dies does nothing more, not
even roll back; the next start finds what SQLite leaves of an unfinished transaction, which is nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.sql import Select

from exchange.core.units import TimeNs
from exchange.node.ports import NodeFault
from exchange.store.sqlite import SqliteStore, query_text

T = TypeVar("T")
_TEXTS: dict[int, tuple[Select[Any], str]] = {}
"""Each loading query's text; the queries are kept too, so that an id stays its own."""


class Died(BaseException):
    """The process is gone. Not an Exception: nothing in the node may catch it."""


class Clock:
    """A clock that moves a little each time it is read."""

    def __init__(self, at_ns: int) -> None:
        self.at_ns = at_ns

    def now_ns(self) -> TimeNs:
        """A millisecond after the last time."""
        self.at_ns += 1_000_000
        return TimeNs(self.at_ns)


@dataclass
class Fate:
    """When the store is struck: at which step of a start, or of the work after it; before or after it is done."""

    at: int
    working: bool
    after: bool
    dies: bool
    steps: int = 0
    at_work: bool = False
    struck: str = ""
    dead: bool = False
    seen: list[str] = field(default_factory=list[str])

    def begin_work(self) -> None:
        """The start is over; steps are counted anew."""
        self.at_work = True
        self.steps = 0

    def around(self, name: str, run: Callable[[], T]) -> T:
        """Do one step, unless fate has it otherwise."""
        if self.dead:
            raise Died
        if self.struck or self.at_work is not self.working:
            return run()
        self.steps += 1
        if self.steps == self.at and not self.after:
            self.strike(f"before {name}")
        result = run()
        if self.steps == self.at:
            self.strike(f"after {name}")
        return result

    def strike(self, where: str) -> None:
        """Fail as a disk does, or die."""
        self.struck = where
        if self.dies:
            self.dead = True
            raise Died
        raise sqlite3.OperationalError("disk I/O error")


class Disk:
    """A database that outlives whoever writes it."""

    def __init__(self, template: Path) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        source = sqlite3.connect(template)
        source.backup(self.connection)
        source.close()

    def restart(self) -> None:
        """What a dead process leaves of its transaction."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def rows_from(self, sequence: int) -> list[tuple[Any, ...]]:
        """The journal's rows after a sequence."""
        return self.connection.execute(
            "SELECT * FROM journal WHERE sequence > ? ORDER BY sequence", (sequence,)
        ).fetchall()


class Watched:
    """The disk's connection as the store sees it."""

    def __init__(self, disk: Disk, fate: Fate) -> None:
        self._connection = disk.connection
        self._fate = fate

    def execute(self, text: str, values: Any = ()) -> sqlite3.Cursor:
        """One step."""
        return self._fate.around(_name(text), lambda: self._connection.execute(text, values))

    def executemany(self, text: str, rows: Any) -> sqlite3.Cursor:
        """One step."""
        return self._fate.around(_name(text), lambda: self._connection.executemany(text, rows))


def _name(text: str) -> str:
    words = text.split()
    return " ".join(words[:3]) if words[0] in {"INSERT", "DELETE"} else " ".join(words[:2])


class FailingStore(SqliteStore):
    """The real SQLite store over a disk in memory, under a fate."""

    def __init__(self, disk: Disk, clock: Clock, fate: Fate) -> None:
        super().__init__(Path("memory"), clock)
        self.disk = disk
        self.fate = fate
        self.watched = Watched(disk, fate)
        self.opened = False

    @property
    def connection(self) -> Any:
        """The writer's connection, while the store is open."""
        if not self.opened:
            raise NodeFault("store.closed")
        return self.watched

    def rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a query; its text is made once."""
        known = _TEXTS.get(id(query))
        if known is None:
            known = _TEXTS[id(query)] = (query, query_text(query))
        return iter(self.connection.execute(known[1]))

    def close(self) -> None:
        """Let go; a node that is alive leaves nothing unfinished."""
        self.opened = False

    def _connect(self) -> None:
        self.disk.restart()
        self.opened = True
