"""What both databases' stores share: the epoch row, the head, known keys, suspects; only the SQL's carrier differs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.sql import Select

from exchange.core.ids import SHARD, UserId
from exchange.core.units import Epoch
from exchange.engine.state import ExchangeState
from exchange.node.codec import ENGINE_VERSION, key_hash
from exchange.node.ports import Batch, Clock, Head, Known, NodeFault
from exchange.store.keys import KeyFilter, key_filter
from exchange.store.load.state import load_state
from exchange.store.save.changes import Row, Statement
from exchange.store.save.flush import INSERT_JOURNAL, KEY_PLACE, statements_of


class SqlStore(ABC):
    """A Store over SQL. A subclass brings connection, lock, transaction and the fastest way to write rows."""

    keys_a_query = 400
    inline_commands = 24
    """The hop to a thread and back costs more than it frees, until the commit is mostly waiting for a server."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.epoch = Epoch(0)
        self._keys: KeyFilter | None = None

    @property
    def keys(self) -> KeyFilter:
        """Which keys may be in the journal, while the store is open."""
        if self._keys is None:
            raise NodeFault("store.closed")
        return self._keys

    # What a database brings.

    @abstractmethod
    def rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a query built from the tables."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection and let go of the lock."""

    @abstractmethod
    def _connect(self) -> None:
        """Take the lock, bring the schema up to date, connect."""

    @abstractmethod
    def _execute(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement with question marks; answers its rows."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """A writing transaction; commits at its end, rolls back on any exception."""

    @abstractmethod
    def _write(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        """Write rows inside the transaction."""

    @abstractmethod
    def _find_keys(self, places: list[int]) -> list[tuple[Any, ...]]:
        """(principal, key, sequence, at_ns, command, events) of the journal rows whose keys have these places."""

    @abstractmethod
    def _key_places(self) -> Iterator[int]:
        """The index values of all keys, out of the index alone."""

    def _fence(self) -> None:  # noqa: B027 - a database whose lock is its connection has nothing to add
        """Inside a commit's transaction: make sure that this start is still the newest.

        Nothing to do where the lock lives as long as the connection that commits.
        Raises: NodeFault store.superseded.
        """

    # What follows from that.

    def open(self) -> Epoch:
        """Take the lock and write this start's epoch row before anything is read."""
        self._connect()
        with self._transaction():
            ((last,),) = self._execute("SELECT coalesce(max(epoch), 0) FROM epochs")
            epoch = Epoch(last + 1)
            self._execute(
                "INSERT INTO epochs (epoch, shard, started_ns, engine_version) VALUES (?, ?, ?, ?)",
                (epoch, SHARD, self.clock.now_ns(), ENGINE_VERSION),
            )
        self.epoch = epoch
        keys = key_filter()
        keys.add(self._key_places())
        self._keys = keys
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
        found = self._execute("SELECT sequence, epoch, at_ns, chain FROM journal ORDER BY sequence DESC LIMIT 1")
        return Head(*found[0]) if found else Head()

    def chain_at(self, sequence: int) -> bytes | None:
        """The chain at one row of the journal; none where there is no such row."""
        found = self._execute("SELECT chain FROM journal WHERE sequence = ?", (sequence,))
        return found[0][0] if found else None

    def known(self, keys: Sequence[tuple[UserId, str]]) -> dict[tuple[UserId, str], Known]:
        """The earlier commands of these senders and keys; only a key that may be there is asked for in SQL."""
        places = self.keys.find([key_hash(principal, key) for principal, key in keys])
        found: dict[tuple[UserId, str], Known] = {}
        for start in range(0, len(places), self.keys_a_query):
            for principal, key, *rest in self._find_keys(places[start : start + self.keys_a_query]):
                found[UserId(principal), key] = Known(*rest)
        return found

    def commit(self, batch: Batch) -> None:
        """Write the batch, journal and tables, in one durable transaction."""
        todo = statements_of(batch)
        journal = next((rows for statement, rows in todo if statement is INSERT_JOURNAL), [])
        self.keys.add([place for row in journal if (place := row[KEY_PLACE]) is not None])
        self._commit(todo)

    def _commit(self, todo: list[tuple[Statement, list[Row]]]) -> None:
        with self._transaction():
            self._fence()
            self._write(todo)

    def suspects(self) -> dict[bytes, int]:
        """Fingerprints of commands that stopped a node, and how often."""
        return dict(self._execute("SELECT fingerprint, stops FROM suspects"))

    def suspect(self, fingerprint: bytes, command_name: str) -> int:
        """Count one more stop against a command; answers how often it happened."""
        with self._transaction():
            ((stops,),) = self._execute(
                "INSERT INTO suspects (fingerprint, command_name, stops) VALUES (?, ?, 1) "
                "ON CONFLICT (fingerprint) DO UPDATE SET stops = suspects.stops + 1 RETURNING stops",
                (fingerprint, command_name),
            )
        return int(stops)

    def release(self, fingerprint: bytes) -> bool:
        """Let a quarantined command be tried again; tells whether it was known."""
        with self._transaction():
            found = self._execute("DELETE FROM suspects WHERE fingerprint = ? RETURNING command_name", (fingerprint,))
        return bool(found)
