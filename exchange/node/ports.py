"""What the node needs of the world, as protocols, and the values that cross them.

A Store commits a batch and loads the state; a Bus brings commands and takes answers; a Feed tells what was committed;
a Clock says what time it is. The database URL and the bus URL choose the implementations, nothing else knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from exchange.core.ids import NO_CONNECTION, ConnectionId, UserId
from exchange.core.messages import Command, Event, Header
from exchange.core.units import Epoch, TimeNs
from exchange.core.wire import decode_events
from exchange.engine.desk import Told
from exchange.engine.state import ExchangeState

MAX_COMMANDS = 512
"""Commands a batch takes from the queue at most."""


class Clock(Protocol):
    """What time it is."""

    def now_ns(self) -> TimeNs:
        """Nanoseconds since 1970-01-01T00:00Z."""
        ...


class Outcome:
    """What became of a command: its place, its time, its events; `repeated` if an earlier one with the key answered.

    `told` sums up a row of the order's hot path, whose events are read from their bytes only when somebody asks.
    """

    __slots__ = ("_events", "_row", "at_ns", "repeated", "sequence", "told")

    def __init__(
        self,
        sequence: int,
        at_ns: int,
        events: Sequence[Event] | None = None,
        repeated: bool = False,
        row: JournalRow | None = None,
    ) -> None:
        self.sequence = sequence
        self.at_ns = at_ns
        self.repeated = repeated
        self.told = row.told if row is not None else None
        self._events = events
        self._row = row

    @property
    def events(self) -> Sequence[Event]:
        """The command's events."""
        if self._events is None:
            self._events = self._row.events if self._row is not None else ()
        return self._events


class NodeFault(Exception):  # noqa: N818 - a fault is the world's, in the house's words
    """The world's failure, not the command's: ask again, with the same key. `code` is stable.

    node.busy (the queue is full, nothing was taken), node.restarting (the outcome is unknown), node.stopped.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


Answer = Callable[["Outcome | NodeFault"], None]


class Submission(msgspec.Struct):
    """A command on its way, with who authenticated, over which connection, and the sender's key for safe retries."""

    command: Command
    principal: UserId
    answer: Answer
    connection_id: ConnectionId = NO_CONNECTION
    key: str = ""
    encoded: bytes = b""


class JournalRow:
    """One committed command with its events, as the bytes that are stored, and as objects once somebody asks.

    A row with `told` is one of the order's hot path: it holds events of that path only, and none is a refusal.
    """

    __slots__ = (
        "_events",
        "chain",
        "command",
        "command_bytes",
        "event_count",
        "events_bytes",
        "header",
        "key",
        "salt",
        "told",
    )

    def __init__(
        self,
        header: Header,
        key: str,
        command: Command,
        command_bytes: bytes,
        events: list[Event] | None,
        events_bytes: bytes,
        salt: bytes,
        chain: bytes,
        told: Told | None = None,
        event_count: int = 0,
    ) -> None:
        self.header = header
        self.key = key
        self.command = command
        self.command_bytes = command_bytes
        self.events_bytes = events_bytes
        self.event_count = len(events) if events is not None else event_count
        self.salt = salt
        self.chain = chain
        self.told = told
        self._events = events

    @property
    def events(self) -> list[Event]:
        """The row's events, decoded the first time they are asked for if only their bytes were made."""
        if self._events is None:
            self._events = decode_events(self.events_bytes)
        return self._events


@dataclass(slots=True)
class Batch:
    """What one transaction commits."""

    rows: list[JournalRow] = field(default_factory=list[JournalRow])


class Head(msgspec.Struct, frozen=True):
    """Where the journal stands."""

    sequence: int = 0
    epoch: int = 0
    at_ns: int = 0
    chain: bytes = bytes(32)


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier command with the same sender and key."""

    sequence: int
    at_ns: int
    command_bytes: bytes
    events_bytes: bytes


class Store(Protocol):
    """Journal and tables, written by one node at a time."""

    inline_commands: int
    """A batch up to this size commits in the sequencer's loop, a larger one in a thread beside it."""

    def open(self) -> Epoch:
        """Take the lock, write this start's epoch row, and answer the epoch.

        Raises: NodeFault store.locked if another node holds the lock.
        """
        ...

    def load(self) -> tuple[ExchangeState, Head]:
        """The state and the journal's head, from the tables alone."""
        ...

    def known(self, keys: Sequence[tuple[UserId, str]]) -> dict[tuple[UserId, str], Known]:
        """The earlier commands of these senders and keys."""
        ...

    def commit(self, batch: Batch) -> None:
        """Write journal rows and every row they change, in one durable transaction.

        Raises: anything the driver raises; the outcome is then unknown and the node stops.
        """
        ...

    def chain_at(self, sequence: int) -> bytes | None:
        """The chain at one row of the journal; none where there is no such row."""
        ...

    def suspects(self) -> dict[bytes, int]:
        """Fingerprints of commands that stopped a node, and how often."""
        ...

    def suspect(self, fingerprint: bytes, command_name: str) -> int:
        """Count one more stop against a command; answers how often it happened."""
        ...

    def release(self, fingerprint: bytes) -> bool:
        """Let a quarantined command be tried again; tells whether it was known."""
        ...

    def close(self) -> None:
        """Let go of the lock and the connections."""
        ...


class Feed(Protocol):
    """Hears of every committed batch, in order, in the sequencer's own thread: it must be quick and may not fail."""

    def publish(self, batch: Batch) -> None:
        """Take note of a committed batch."""
        ...
