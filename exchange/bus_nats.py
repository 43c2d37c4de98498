"""Committed batches on NATS JetStream: at least once, in order, each where the last one stopped.

    stream EXCHANGE_1, subject exchange.1.batches; one message a batch: msgpack of its journal rows

How far the stream has come is written in the stream itself: its last message says which sequence it ends with, and
each message is taken by the server only behind the one it was meant to follow. After a restart, an outage or an answer
that never came, the publisher reads that last message and goes on from the journal; so it keeps nothing of its own,
and nobody has to wait for it. What waits in memory is bounded; what does not fit is read again from the journal.

A reader (`follow`) names the sequence its own work has come to and gets everything behind it, once and in order, for
as long as it likes: its position is kept where its work is kept, not in the server.
Source: NATS JetStream (Nats-Expected-Last-Sequence, Nats-Msg-Id).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StreamConfig

from exchange.core.ids import SHARD
from exchange.core.wire import FORMAT
from exchange.node.codec import ENGINE_VERSION
from exchange.node.ports import Batch, JournalRow, NodeFault

STREAM = f"EXCHANGE_{SHARD}"
STREAM_BYTES = 1 << 30
"""What the stream keeps; older messages go first. A reader further behind reads the journal instead."""
PART_BYTES = 512 * 1024
"""A message longer than this, or than the server takes, travels in parts."""
WAITING_BYTES = 8 << 20
WAITING_BATCHES = 4_096
"""What may wait in memory while NATS is slow or away."""
ANSWER_S = 5.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
LOOK_AGAIN_S = 1.0
FLUSH_S = 2.0
"""How long a clean stop waits for what is not published yet."""
FAULTS = (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError, NodeFault)

log = structlog.get_logger("exchange.feed")


class FeedRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One journal row as it stands in the table: enough to fold it, and to check hash and chain."""

    sequence: int
    shard: int
    format: int
    engine_version: int
    epoch: int
    at_ns: int
    principal: int
    connection_id: int
    key: str
    command: bytes
    events: bytes
    salt: bytes
    chain: bytes


JournalAfter = Callable[[int], Awaitable[Sequence[FeedRow]]]
"""The journal's next rows behind a sequence, as many as fit one message; none at its end. Raises: NodeFault."""


class FeedDiverged(Exception):  # noqa: N818 - it reads as what happened
    """The stream tells another journal's past: publishing into it, or reading on, would mix two truths."""


class FeedGap(Exception):  # noqa: N818 - it reads as what happened
    """The stream no longer holds what the reader needs next; the journal does."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one stored message stands in the stream, and what it holds of the journal."""

    stored: int
    first: int
    last: int
    part: int
    parts: int
    chain: str

    @property
    def whole(self) -> bool:
        """Whether the batch it belongs to is all there."""
        return self.part == self.parts


class NatsFeed:
    """A Feed that publishes to JetStream in a task of its own; `publish` only takes note."""

    def __init__(self, url: str, journal: JournalAfter, *, name: str = STREAM) -> None:
        check_url(url)
        self.url = url
        self.journal = journal
        self.name = name
        self.committed = 0
        self.published = 0
        self.connected = False
        self._waiting: deque[tuple[list[FeedRow], int]] = deque()
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._done = asyncio.Event()
        self._stored = 0
        self._away = False
        self._task: asyncio.Task[None] | None = None

    def publish(self, batch: Batch) -> None:
        """Take note of a committed batch; never waits and never fails."""
        if not batch.rows:
            return
        rows = [row_of(row) for row in batch.rows]
        size = sum(len(row.command) + len(row.events) for row in rows)
        self.committed = rows[-1].sequence
        self._done.clear()
        if self._waiting_bytes + size > WAITING_BYTES or len(self._waiting) >= WAITING_BATCHES:
            self._waiting.clear()
            self._waiting_bytes = 0
        if size <= WAITING_BYTES:
            self._waiting.append((rows, size))
            self._waiting_bytes += size
        self._news.set()

    def reach(self, sequence: int) -> None:
        """A node starts with its journal at this sequence: whatever is not published of it is now."""
        self.committed = max(self.committed, sequence)
        self._news.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="nats-feed")

    @property
    def behind(self) -> int:
        """Committed sequences that are not in the stream yet."""
        return max(0, self.committed - self.published)

    async def close(self) -> None:
        """Publish what is left, for as long as a clean stop may take; the rest is published by the next start."""
        if self._task is None:
            return
        if not self._away:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), FLUSH_S)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        """Connect, go on where the stream stopped, and again after every fault."""
        failures = 0
        while True:
            try:
                async with connection(self.url) as client:
                    await self._resume(client)
                    failures = 0
                    self._away = False
                    await self._publish_all(client)
            except FAULTS as fault:
                if failures == 0:
                    log.warning("feed.away", server=_server(self.url), fault=repr(fault), behind=self.behind)
                failures += 1
            except asyncio.CancelledError:
                _heed_cancelling()
                failures += 1  # the client cancels its own requests when it loses the connection
            except FeedDiverged as fault:
                log.error("feed.diverged", detail=str(fault))  # noqa: TRY400 - a state to report, not a traceback
                return
            finally:
                self.connected, self._away = False, True
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S)) - 1])

    async def _resume(self, client: Client) -> None:
        """Find out how far the stream has come, and that it is this journal's."""
        stream = client.jetstream(timeout=ANSWER_S)
        self._stored, place = await open_stream(stream, self.name)
        self.published = 0 if place is None else place.last if place.whole else place.first - 1
        if place is not None and place.whole:
            row = next(iter(await self.journal(place.last - 1)), None)
            if row is None or row.chain.hex() != place.chain:
                raise FeedDiverged(f"the stream ends with sequence {place.last}, of which this journal knows nothing")
        self.connected = True
        log.info("feed.ready", server=_server(self.url), published=self.published, behind=self.behind)

    async def _publish_all(self, client: Client) -> None:
        """Publish what was committed, and then what is being committed, until the connection is lost."""
        stream = client.jetstream(timeout=ANSWER_S)
        while True:
            _heed_cancelling()
            while rows := await self._next():
                await self._publish(stream, rows, min(PART_BYTES, client.max_payload - 4_096))
                self.published = rows[-1].sequence
            self._news.clear()
            if client.is_closed:
                raise nats.errors.ConnectionClosedError
            if not self.behind:
                self._done.set()
                await _either(self._news, client)

    async def _next(self) -> Sequence[FeedRow]:
        """The next rows behind the last published one: from memory if they wait there, else from the journal."""
        while self._waiting:
            rows, size = self._waiting[0]
            if rows[0].sequence > self.published + 1:
                break
            self._waiting.popleft()
            self._waiting_bytes -= size
            if rows[0].sequence == self.published + 1:
                return rows
            if rows[-1].sequence > self.published:  # the stream ends inside this batch: published by an earlier run
                return [row for row in rows if row.sequence > self.published]
        return await self.journal(self.published) if self.behind else []

    async def _publish(self, stream: JetStreamContext, rows: Sequence[FeedRow], part_bytes: int) -> None:
        """Store one batch, in as many parts as it needs, behind the message that is the stream's last."""
        payload = msgspec.msgpack.encode(rows)
        first, last = rows[0].sequence, rows[-1].sequence
        parts = -(-len(payload) // part_bytes)
        for part in range(1, parts + 1):
            answer = await stream.publish(
                subject_of(self.name),
                payload[(part - 1) * part_bytes : part * part_bytes],
                timeout=ANSWER_S,
                stream=self.name,
                headers={
                    "Nats-Msg-Id": f"{first}-{last}.{part}/{parts}",
                    "Nats-Expected-Last-Sequence": str(self._stored),
                    "Exchange-Rows": f"{first}-{last}",
                    "Exchange-Part": f"{part}/{parts}",
                    "Exchange-Chain": rows[-1].chain.hex(),
                },
            )
            self._stored = answer.seq


async def follow(url: str, after: int, *, name: str = STREAM) -> AsyncIterator[list[FeedRow]]:
    """The committed rows behind a sequence: each once, in order, batch by batch, and then those to come, for ever.

    The server may stop and start meanwhile. Ask again, from where your own work stands, after your own restart.
    Raises: FeedGap if the stream's first message begins further on.
    """
    check_url(url)
    failures = 0
    while True:
        try:
            async with connection(url) as client:
                async for rows in _delivered(client, name, after):
                    failures = 0
                    if rows[0].sequence > after + 1:
                        raise FeedGap(f"needed {after + 1}, the stream goes on with {rows[0].sequence}")
                    if fresh := [row for row in rows if row.sequence > after]:
                        after = fresh[-1].sequence
                        yield fresh
        except FAULTS as fault:
            log.info("follow.away", server=_server(url), fault=repr(fault), after=after)
        except asyncio.CancelledError:
            _heed_cancelling()
        failures += 1
        await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S)) - 1])


async def _delivered(client: Client, name: str, after: int) -> AsyncIterator[list[FeedRow]]:
    """Whole batches from the one that holds the row behind `after`, until the connection is lost.

    Messages are asked for one by one, so nothing is sent that nobody has room for; at the stream's end the publisher's
    own message on the subject is the bell that rings for the next.
    """
    stream = client.jetstream(timeout=ANSWER_S)
    bell = await client.subscribe(subject_of(name), pending_msgs_limit=1)
    number = await _stored_with(stream, name, after + 1)
    parts: list[bytes] = []
    while True:
        _heed_cancelling()
        try:
            message = await stream.get_msg(name, seq=number, subject=subject_of(name), next=True)
        except nats.js.errors.NotFoundError:  # the stream's end
            with suppress(TimeoutError):
                await bell.next_msg(timeout=LOOK_AGAIN_S)
            continue
        place = _place(message.seq or number, message.headers)
        number = place.stored + 1
        if place.part == 1:
            parts = []  # what was there before is of a publisher that died between two parts
        if place.part != len(parts) + 1:
            raise FeedGap(f"message {place.stored} is part {place.part} of a batch whose other parts are gone")
        parts.append(message.data or b"")
        if place.whole:
            yield msgspec.msgpack.decode(b"".join(parts), type=list[FeedRow])
            parts = []


def subject_of(name: str) -> str:
    """The subject of a stream's messages.

    >>> subject_of("EXCHANGE_1")
    'exchange.1.batches'
    """
    return f"{name.lower().replace('_', '.')}.batches"


async def open_stream(stream: JetStreamContext, name: str) -> tuple[int, Place | None]:
    """Make the stream if it is missing; answer its own last number, and its last message unless it is empty."""
    try:
        info = await stream.stream_info(name)
    except nats.js.errors.NotFoundError:
        config = StreamConfig(
            name=name,
            subjects=[subject_of(name)],
            max_bytes=STREAM_BYTES,
            discard=DiscardPolicy.OLD,
            description="Committed batches of the exchange's journal",
        )
        info = await stream.add_stream(config)
    if not info.state.messages:
        return info.state.last_seq, None
    message = await stream.get_last_msg(name, subject_of(name))
    return info.state.last_seq, _place(message.seq or 0, message.headers)


async def _stored_with(stream: JetStreamContext, name: str, sequence: int) -> int:
    """The number in the stream of the message that a journal sequence's batch begins with."""
    state = (await stream.stream_info(name)).state

    async def first_from(wanted: int) -> int:
        low, high = state.first_seq, state.last_seq + 1
        while low < high:
            middle = (low + high) // 2
            place = await _place_from(stream, name, middle)
            if place is not None and place.first < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    beyond = await first_from(sequence + 1)
    if beyond <= state.first_seq:
        return max(1, state.first_seq)
    before = await _place_from(stream, name, beyond - 1)
    return beyond if before is None else await first_from(before.first)


async def _place_from(stream: JetStreamContext, name: str, number: int) -> Place | None:
    """The first message at or behind a number of the stream, if there is one."""
    try:
        message = await stream.get_msg(name, seq=number, subject=subject_of(name), next=True)
    except nats.js.errors.NotFoundError:
        return None
    return _place(message.seq or number, message.headers)


def _place(stored: int, headers: dict[str, Any] | None) -> Place:
    """Read a message's headers.

    Raises: FeedDiverged if the message is not one of ours.
    """
    try:
        first, last = (headers or {})["Exchange-Rows"].split("-")
        part, parts = (headers or {})["Exchange-Part"].split("/")
        return Place(stored, int(first), int(last), int(part), int(parts), (headers or {})["Exchange-Chain"])
    except (KeyError, ValueError) as error:
        raise FeedDiverged(f"message {stored} of the stream is not the exchange's") from error


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[Client]:
    """One connection, without the client's own reconnecting: whoever loses it has to look where the stream stands."""
    client = await nats.connect(
        url,
        name="exchange",
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0.05,
        connect_timeout=2,
        ping_interval=10,
        error_cb=_quiet,
    )
    try:
        _heed_cancelling()
        yield client
    finally:
        with suppress(Exception):
            await client.close()


def _heed_cancelling() -> None:
    """End the task if somebody asked it to: the client may have swallowed that, as it may make up one of its own."""
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError


def row_of(row: JournalRow) -> FeedRow:
    """A committed row as it is published."""
    header = row.header
    return FeedRow(
        header.sequence,
        SHARD,
        FORMAT,
        ENGINE_VERSION,
        header.epoch,
        header.at_ns,
        header.principal,
        header.connection_id,
        row.key,
        row.command_bytes,
        row.events_bytes,
        row.salt,
        row.chain,
    )


def check_url(url: str) -> None:
    """Take nats://HOST:PORT and nothing else.

    Raises: NodeFault bus.url_unsupported.
    """
    parts = urlsplit(url)
    if parts.scheme != "nats" or not parts.hostname:
        raise NodeFault("bus.url_unsupported", "the bus is NATS: nats://HOST:PORT, with USER:PASSWORD@ if it asks")


async def _either(news: asyncio.Event, client: Client) -> None:
    """Wait for news, and look now and then whether the connection is still there."""
    while not news.is_set() and not client.is_closed:
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), LOOK_AGAIN_S)


async def _quiet(_: Exception) -> None:
    """Faults are told where they are met, once."""


def _server(url: str) -> str:
    """A server's address without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 4222}"
