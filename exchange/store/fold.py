"""The proof by folding: all events through `save` into empty tables must give the tables that are there.

The scratch tables live in a SQLite file of their own, whatever database is proved, and are written without syncs. Both
sides are then walked together in the order of their keys, so memory stays bounded and every difference has a name.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine

from exchange.core.wire import decode_events
from exchange.engine.state import ExchangeState
from exchange.node.verify import ABSENT, Entry, Problems
from exchange.store.load.state import load_state
from exchange.store.save.changes import Changes
from exchange.store.save.flush import statements
from exchange.store.save.records import save_event
from exchange.store.schema.all import STATE_TABLES, metadata
from exchange.store.snapshot import Snapshot, SqliteSnapshot
from exchange.store.sqlite import sql_text

ROWS_A_BATCH = 500
PROOF = "fold"


class Fold:
    """Empty tables into which the journal's events are saved."""

    def __init__(self, path: Path, problems: Problems) -> None:
        engine = create_engine(f"sqlite:///{path}")
        metadata.create_all(engine)
        engine.dispose()
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "cache_size = -65536"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.tables = SqliteSnapshot(self.connection)
        self.problems = problems
        self._waiting: list[Entry] = []
        self._last: Entry | None = None

    def take(self, entry: Entry) -> None:
        """Save one row's events, by and by."""
        self._waiting.append(entry)
        if len(self._waiting) >= ROWS_A_BATCH:
            self.flush()

    def flush(self) -> None:
        """Save what waits; if the tables refuse a batch, row by row, so that the row is named."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self._last = waiting[-1]
        try:
            self._save(waiting)
        except Exception:
            for entry in waiting:
                try:
                    self._save([entry])
                except Exception as error:  # a row nobody could have written: named, the others go on
                    key = f"sequence={entry.sequence}"
                    self.problems.add(PROOF, "journal", key, "events", "events the tables take", repr(error))

    def load(self) -> ExchangeState:
        """The state after the rows saved so far, as a start would load it."""
        self.flush()
        state = load_state(self.tables.stream)
        if self._last is not None:
            header = self._last.header
            state.sequence, state.epoch, state.at_ns = header.sequence, header.epoch, header.at_ns
        return state

    def close(self) -> None:
        """Close the scratch database."""
        self.connection.close()

    def _save(self, entries: Sequence[Entry]) -> None:
        changes = Changes()
        for entry in entries:
            header = entry.header
            for event in decode_events(entry.events):
                save_event(changes, header, event)
        self.connection.execute("BEGIN")
        try:
            for statement, rows in statements(changes):
                self.connection.executemany(sql_text(statement), rows)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


@contextlib.contextmanager
def scratch_fold(problems: Problems) -> Iterator[Fold]:
    """A fold in a temporary folder, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="exchange-verify-") as folder:
        fold = Fold(Path(folder) / "scratch.sqlite", problems)
        try:
            yield fold
        finally:
            fold.close()


def compare_tables(
    expected: Snapshot, found: Snapshot, problems: Problems, tables: Sequence[Table] = STATE_TABLES
) -> int:
    """Compare tables row by row, column by column; answers how many rows were compared."""
    return sum(compare_table(expected, found, problems, table) for table in tables)


def compare_table(expected: Snapshot, found: Snapshot, problems: Problems, table: Table) -> int:
    """Walk one table on both sides in the order of its key, and name what differs, is missing or is too much."""
    names = [column.name for column in table.columns]
    keys = [names.index(column.name) for column in table.primary_key.columns]
    ours, theirs = expected.by_key(table), found.by_key(table)
    mine, other = next(ours, None), next(theirs, None)
    rows = 0
    while mine is not None or other is not None:
        mine_at = None if mine is None else _place(mine, keys)
        other_at = None if other is None else _place(other, keys)
        if mine is not None and (other_at is None or (mine_at is not None and mine_at < other_at)):
            problems.add(PROOF, table.name, _key_text(mine, keys, names), "", "the row", ABSENT)
            mine = next(ours, None)
        elif other is not None and mine_at != other_at:
            problems.add(PROOF, table.name, _key_text(other, keys, names), "", ABSENT, "a row too many")
            other = next(theirs, None)
        elif mine is not None and other is not None:
            for name, one, two in zip(names, mine, other, strict=True):
                if not _same(one, two):
                    problems.add(PROOF, table.name, _key_text(mine, keys, names), name, _plain(one), _plain(two))
            rows += 1
            mine, other = next(ours, None), next(theirs, None)
    return rows


def _plain(value: Any) -> Any:
    """SQLite keeps truth as 0 and 1."""
    return int(value) if isinstance(value, bool) else value


def _same(one: Any, two: Any) -> bool:
    """Equal in value and in kind: a text "5" in a column of numbers is not 5."""
    one, two = _plain(one), _plain(two)
    return type(one) is type(two) and one == two


def _place(row: tuple[Any, ...], keys: list[int]) -> tuple[tuple[str, Any], ...]:
    """A row's place in the order, by kind first so that values of different kinds compare too."""
    values = (_plain(row[place]) for place in keys)
    return tuple((_KINDS.get(type(value), "3"), value) for value in values)


_KINDS = {type(None): "0", int: "1", float: "1", str: "2"}
"""The order in which SQLite sorts values of different kinds."""


def _key_text(row: tuple[Any, ...], keys: list[int], names: list[str]) -> str:
    return " ".join(f"{names[place]}={_plain(row[place])}" for place in keys)
