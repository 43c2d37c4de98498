"""Each signed request is accepted once: the pair (key, nonce) is on disk before the request is obeyed.

A nonce is kept until its signature can no longer be accepted by anybody's clock, and a minute longer, so a machine
clock set back by as much opens no gap; a restart or another gateway changes nothing. Claims that arrive while one
transaction is being synced travel together in the next: one sync serves hundreds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from api.auth.clock import SECOND_NS, Clock
from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.edge_store import EdgeStore
from api.auth.edge_tables import Nonce
from api.auth.signatures import SKEW_S
from exchange.core.ids import KeyId

MARGIN_S = 60
MAX_BATCH = 512
MAX_WAITING = 4_096
MAX_KEPT = 1_000_000
"""At 5,000 requests a second for 95 s there are half as many; beyond it the door is busy."""
PURGE_EVERY_NS = SECOND_NS


@dataclass(frozen=True, slots=True)
class _Claim:
    key_id: KeyId
    nonce: str
    keep_until_ns: int
    fresh: asyncio.Future[bool] = field(compare=False)


class Nonces:
    """The nonces in use. One object a process, used from one event loop."""

    def __init__(self, store: EdgeStore, clock: Clock, *, max_kept: int = MAX_KEPT) -> None:
        self._store = store
        self._clock = clock
        self._max_kept = max_kept
        self._waiting: list[_Claim] = []
        self._flusher: asyncio.Task[None] | None = None
        self._purged_at_ns = 0
        self._kept = store.run_now(self._purge)

    async def claim(self, key_id: KeyId, nonce: str, expires_s: int) -> None:
        """Take the nonce; when this returns, it is taken for good.

        Refused: signature.replayed, signature.busy, auth.busy, auth.unavailable.
        """
        if len(self._waiting) >= MAX_WAITING or self._kept >= self._max_kept:
            await self._make_room()
        keep_until_ns = (expires_s + SKEW_S + MARGIN_S) * SECOND_NS
        claim = _Claim(key_id, nonce, keep_until_ns, asyncio.get_running_loop().create_future())
        self._waiting.append(claim)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        if not await claim.fresh:
            raise EdgeRefused(EdgeCode.SIGNATURE_REPLAYED)

    async def _make_room(self) -> None:
        """Purge before saying no: what fills the store may long be over."""
        if len(self._waiting) < MAX_WAITING and self._clock.now_ns() - self._purged_at_ns >= PURGE_EVERY_NS:
            self._kept = await self._store.run(self._purge)
        if len(self._waiting) >= MAX_WAITING or self._kept >= self._max_kept:
            raise EdgeRefused(EdgeCode.SIGNATURE_BUSY, retry_after_s=1)

    async def _flush(self) -> None:
        """Write what waits, batch after batch, until nothing does."""
        batch: list[_Claim] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                try:
                    fresh = await self._store.run(partial(self._write, batch=batch))
                except Exception as fault:
                    _fail(batch, fault)
                    continue
                for claim in batch:
                    name = (claim.key_id, claim.nonce)
                    if not claim.fresh.done():  # the client may have gone meanwhile
                        claim.fresh.set_result(name in fresh)
                    fresh.discard(name)  # of two in one batch the second is a replay
        finally:
            self._flusher = None
            _fail([*batch, *self._waiting], EdgeRefused(EdgeCode.SIGNATURE_BUSY))
            self._waiting = []

    def _write(self, connection: Connection, batch: list[_Claim]) -> set[tuple[int, str]]:
        if self._clock.now_ns() - self._purged_at_ns >= PURGE_EVERY_NS:
            self._kept = self._purge(connection)
        rows = {(claim.key_id, claim.nonce): claim.keep_until_ns for claim in reversed(batch)}
        # In one order in every gateway, or two of them could wait for each other's rows.
        ordered = [{"key_id": k, "nonce": n, "keep_until_ns": until} for (k, n), until in sorted(rows.items())]
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        statement = insert(Nonce).on_conflict_do_nothing().returning(Nonce.key_id, Nonce.nonce)
        fresh = {(row.key_id, row.nonce) for row in connection.execute(statement, ordered)}
        self._kept += len(fresh)
        return fresh

    def _purge(self, connection: Connection) -> int:
        """Delete what is over; return how many are kept."""
        now_ns = self._clock.now_ns()
        connection.execute(delete(Nonce).where(Nonce.keep_until_ns <= now_ns))
        self._purged_at_ns = now_ns
        return connection.scalar(select(func.count()).select_from(Nonce)) or 0


def _fail(batch: list[_Claim], fault: Exception) -> None:
    """Every waiter of the batch hears of the fault; those already answered keep their answer."""
    for claim in batch:
        if not claim.fresh.done():
            claim.fresh.set_exception(fault)
