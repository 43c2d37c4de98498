"""A scratch database in memory: folds each command's events into the real tables, and loads the state back."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import Select

from exchange.core.messages import Command, Event, Header, Record
from exchange.core.postings import Movement
from exchange.core.wire import decode_command, decode_events, encode_command, encode_event, encode_events
from exchange.engine.state import ExchangeState
from exchange.node.ports import Batch, JournalRow
from exchange.store.load.state import load_state
from exchange.store.save import hot, records
from exchange.store.save.changes import Changes
from exchange.store.save.flush import changes_of, statements
from exchange.store.schema.all import metadata
from exchange.store.sqlite import sql_text

_DIALECT = dialect.dialect(paramstyle="qmark")


@functools.cache
def _schema() -> tuple[str, ...]:
    """The statements that make every table and index."""
    made: list[str] = []
    for table in metadata.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=_DIALECT)))
        made.extend(str(CreateIndex(index).compile(dialect=_DIALECT)) for index in sorted(table.indexes, key=str))
    return tuple(made)


class Scratch:
    """One in-memory database. Nothing is ever committed, so a row costs no more than its insertion."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)

    @classmethod
    def empty(cls) -> Scratch:
        """A database with all tables and no rows."""
        scratch = cls()
        for text in _schema():
            scratch.connection.execute(text)
        return scratch

    def copy(self) -> Scratch:
        """Another database with the same rows."""
        other = Scratch()
        self.connection.backup(other.connection)
        return other

    def save(self, header: Header, command: Command, events: list[Event]) -> None:
        """Fold one command; what goes into the journal must come out of it as it was."""
        asked = encode_command(command)
        told = encode_events([encode_event(event) for event in events])
        assert decode_command(asked) == command, "a command's bytes read back"
        assert decode_events(told) == events, "events' bytes read back"
        row = JournalRow(
            header=header,
            key="",
            command=command,
            command_bytes=asked,
            events=events,
            events_bytes=told,
            salt=bytes(16),
            chain=bytes(32),
        )
        self.write(changes_of(Batch(rows=[row])))

    def save_seed(self, header: Header, seeded: list[Record | Movement]) -> None:
        """Fold what a test put into the state by hand."""
        changes = Changes()
        for value in seeded:
            if isinstance(value, Movement):
                hot.movement(changes, header, value)
            else:
                records.put(changes, value)
        self.write(changes)

    def write(self, changes: Changes) -> None:
        """Run the statements of some changes."""
        for statement, rows in statements(changes):
            self.connection.executemany(sql_text(statement), rows)

    def load(self) -> ExchangeState:
        """The state the tables describe."""
        return load_state(self.rows)

    def rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a query built from the tables."""
        return iter(self.connection.execute(_text(query)))


@functools.lru_cache(maxsize=256)
def _text(query: Select[Any]) -> str:
    """A query's SQL; the loader makes each of its queries once, and a test loads thousands of times."""
    return str(query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))
