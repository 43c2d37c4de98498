"""The last chain head, kept beside the database: a journal that ends before it is not the journal we answered from.

The chain shows that no row was changed, but not that none was cut off at the end, and an old backup is a perfectly good
chain. So each node also writes its head to a small file, at most once a second and when it stops, off the hot path; a
start whose journal does not hold that head refuses (`journal.behind_head`) until an operator accepts the loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import structlog

from exchange.node.ports import Batch, Head, NodeFault

FILE_NAME = "head"
PAUSE_S = 1.0

log = structlog.get_logger("exchange.node")


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """The file: one JSON object, readable by a person."""

    sequence: int
    epoch: int
    at_ns: int
    chain: str


class HeadFile:
    """A Feed that remembers the newest head and, once a second, a thread writes it down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._latest: Head | None = None
        self._written: Head | None = None

    def read(self) -> Head | None:
        """The head written last; none where no node ever ran.

        Raises: NodeFault journal.head_unreadable; whoever removes the file accepts what it would have shown.
        """
        try:
            found = msgspec.json.decode(self.path.read_bytes(), type=_Written)
            return Head(found.sequence, found.epoch, found.at_ns, bytes.fromhex(found.chain))
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, ValueError) as error:
            raise NodeFault("journal.head_unreadable", f"{self.path} is not a head") from error

    def write(self, head: Head) -> None:
        """Replace the file: whatever happens, the old head or the new one is there, whole and synced."""
        content = msgspec.json.encode(_Written(head.sequence, head.epoch, head.at_ns, head.chain.hex()))
        beside = self.path.with_name(self.path.name + ".new")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def publish(self, batch: Batch) -> None:
        """Remember the newest committed row; costs the sequencer nothing else."""
        row = batch.rows[-1]
        self._latest = Head(row.header.sequence, row.header.epoch, row.header.at_ns, row.chain)

    def catch_up(self) -> None:
        """Write the newest head, if it is not written yet."""
        latest = self._latest
        if latest is not None and latest != self._written:
            self.write(latest)
            self._written = latest

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Write the head once a second while the block runs, and at its end."""
        task = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._try()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            await asyncio.to_thread(self._try)

    def _try(self) -> None:
        """A full disk must not stop the trading; the next second tries again."""
        try:
            self.catch_up()
        except OSError as error:
            log.warning("head.not_written", error=repr(error))


def refuse_behind(outside: Head | None, journal: Head, chain_there: bytes | None) -> None:
    """Refuse a journal that does not hold the head kept outside; `chain_there` is its chain at that sequence.

    Raises: NodeFault journal.behind_head.
    """
    if (
        outside is None
        or not outside.sequence
        or (outside.sequence <= journal.sequence and chain_there == outside.chain)
    ):
        return
    detail = f"the journal ends at {journal.sequence}, the head outside it is {outside.sequence}"
    if outside.sequence <= journal.sequence:
        detail = f"the journal's row {outside.sequence} is not the one the head outside it names"
    raise NodeFault("journal.behind_head", f"{detail}; start with --accept-head if this backup is to go on")
