"""What the routes are given: the way to the node, the way to the tables, and who is who.

One object, made by `exchange.bootstrap` and kept at `app.state.services`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from api.auth.clock import Clock as EdgeClock
from api.auth.clock import MachineClock
from api.auth.edge_store import EdgeStore, open_edge
from api.auth.nonces import Nonces
from api.auth.passwords import Passwords, PasswordSettings
from api.auth.sessions import Sessions
from api.auth.signed_door import SignedDoor
from api.auth.signing_keys import KeyRing
from api.auth.tokens import AccessTokens
from api.cursors import Cursors
from api.directory import Directory
from api.limits import Limits
from api.metrics import Metrics
from api.proofs.keeper import HeadKeeper
from api.settings import EdgeSettings
from exchange.core.ids import ConnectionId, InstrumentId
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Clock
from exchange.store.queries.reader import Reads
from matching.depth import DepthSnapshot, Quote

UPLOADS_RECEIVED = 8


class BookSource(Protocol):
    """Where a book's visible depth is kept: the stream's projector."""

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> tuple[int, DepthSnapshot]:
        """The best prices of both sides, and the journal sequence they stand at."""
        ...

    def most_levels(self, instrument_id: InstrumentId, wanted: int) -> int:
        """How many prices a side the instrument's market shows to who wants so many."""
        ...

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """The best prices with phase and last price, all of one sequence; None without such an instrument."""
        ...


class Blobs(Protocol):
    """Files by the SHA-256 of their contents."""

    async def put(self, sha256: str, body: bytes) -> None:
        """Keep a file; putting it again does nothing."""
        ...

    async def get(self, sha256: str) -> bytes | None:
        """A file's bytes, if it is kept."""
        ...

    async def size(self, sha256: str) -> int | None:
        """A file's length, if it is kept."""
        ...


@dataclass(slots=True)
class Edge:
    """Who is asking: passwords, tokens, sessions, signatures. None of it is journaled."""

    store: EdgeStore
    ring: KeyRing
    passwords: Passwords
    tokens: AccessTokens
    sessions: Sessions
    nonces: Nonces
    door: SignedDoor
    clock: EdgeClock

    def close(self) -> None:
        """Finish what runs and close the connections."""
        self.passwords.close()
        self.store.close()


def open_edge_services(url: Any, settings: EdgeSettings, directory: Directory, clock: EdgeClock | None = None) -> Edge:
    """Open the edge's own store and everything that stands on it."""
    clock = clock or MachineClock()
    store = open_edge(url)
    ring = KeyRing(store, clock)
    tokens = AccessTokens(ring, clock, issuer=settings.issuer, audience=settings.audience)
    passwords = Passwords(
        store,
        clock,
        PasswordSettings(
            time_cost=settings.password_time_cost,
            memory_kib=settings.password_memory_kib,
            parallelism=settings.password_parallelism,
        ),
    )
    nonces = Nonces(store, clock)
    door = SignedDoor(
        keys=directory.key, authorities=frozenset(settings.authorities), nonces=nonces, ring=ring, clock=clock
    )
    sessions = Sessions(store, passwords, tokens, clock)
    return Edge(store, ring, passwords, tokens, sessions, nonces, door, clock)


@dataclass(slots=True)
class Services:
    """Everything a route may use."""

    settings: EdgeSettings
    clock: Clock
    bus: LocalBus
    feed: LocalFeed
    keeper: Keeper
    reads: Reads
    directory: Directory
    edge: Edge
    blobs: Blobs
    metrics: Metrics
    limits: Limits
    cursors: Cursors
    proofs: HeadKeeper
    books: BookSource | None = None
    """Set by the stream when it is mounted; without it, depth is reckoned from the open orders' table."""
    on_node_over: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """Told when no node will run here any more, whether it was asked to end or gave up."""
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list[Callable[[], Awaitable[None]]])
    """What else must end when the exchange stops, in reverse order."""
    enders: list[Callable[[], Awaitable[None]]] = field(default_factory=list[Callable[[], Awaitable[None]]])
    """What ends only after the node: it still hears of the last committed batch."""
    receiving: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_RECEIVED))
    """Lists of patents on their way in; each may lie on the disk until it is read."""
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Lists are read one at a time: two that name the same new patent would each draw a salt for it."""
    _connections: int = 0

    def next_connection(self) -> ConnectionId:
        """A number for a login's connection, unique within the epoch of this process."""
        self._connections += 1
        return ConnectionId(self._connections)

    @property
    def sequence(self) -> int:
        """The last committed sequence the edge heard of."""
        return self.directory.sequence
