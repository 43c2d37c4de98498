"""What NATS hears: every committed row once and in order, whoever stops and starts meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
import structlog
from nats.js import JetStreamContext
from structlog.testing import capture_logs

from exchange import bus_nats
from exchange.bootstrap import Settings, StartRefused, build_services
from exchange.bus_nats import FeedDiverged, FeedGap, FeedRow, NatsFeed, follow, subject_of
from exchange.core.rule_messages import PublishedKind, PublishText
from exchange.node.ports import NodeFault
from exchange.rulebook import shipped
from tests.bus.venue import Exchange, Nats, Reader, own_nats


@pytest.fixture
async def exchange(tmp_path: Path, nats_url: str, fresh_stream: str) -> AsyncIterator[Exchange]:
    exchange = Exchange(tmp_path / "exchange.sqlite", nats_url, fresh_stream)
    await exchange.start()
    yield exchange
    await exchange.stop()


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Nats]:
    with own_nats(tmp_path) as server:
        yield server


async def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - nobody tells the test
            await asyncio.sleep(0.02)


async def published(exchange: Exchange) -> None:
    """Wait until NATS has everything."""
    await eventually(lambda: exchange.feed.connected and not exchange.feed.behind)


async def stored(url: str, name: str) -> list[tuple[str, str]]:
    """Which rows, and which part of them, each message of the stream holds."""
    connection = await nats.connect(url)
    stream = connection.jetstream()
    state = (await stream.stream_info(name)).state
    found = []
    for number in range(state.first_seq, state.last_seq + 1):
        headers = (await stream.get_msg(name, seq=number)).headers or {}
        found.append((headers["Exchange-Rows"], headers["Exchange-Part"]))
    await connection.close()
    return found


async def test_a_reader_hears_every_row_once_and_in_order_and_folds_the_same_tables(
    exchange: Exchange, tmp_path: Path
) -> None:
    reader = Reader(tmp_path / "reader.sqlite", exchange.url, exchange.name)
    await exchange.admits(5)
    listening = asyncio.create_task(reader.run())
    await asyncio.gather(*(exchange.admits(1) for _ in range(40)))  # many in few batches
    await published(exchange)
    listening.cancel()
    await asyncio.wait([listening])
    if reader.after < exchange.head:
        await reader.until(exchange.head)
    reader.agrees_with(exchange.path)
    messages = await stored(exchange.url, exchange.name)
    assert 1 < len(messages) < exchange.head, "a batch is one message, however many rows it has"


@pytest.mark.services
async def test_nothing_is_lost_or_doubled_whoever_restarts(restartable: Nats, tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "exchange.sqlite", restartable.url, "EXCHANGE_1")
    reader = Reader(tmp_path / "reader.sqlite", restartable.url, "EXCHANGE_1")
    await exchange.start()
    listening = asyncio.create_task(reader.run())
    await exchange.admits(10)

    for _ in range(3):  # the reader stops anywhere and goes on from its own tables
        await exchange.admits(3)
        listening.cancel()
        await asyncio.wait([listening])
        await exchange.admits(3)
        reader = Reader(tmp_path / "reader.sqlite", restartable.url, "EXCHANGE_1")
        listening = asyncio.create_task(reader.run())

    restartable.stop()  # NATS goes; trading goes on
    started = time.monotonic()
    await exchange.admits(20)
    assert time.monotonic() - started < 5
    assert exchange.feed.behind
    restartable.start()
    await exchange.admits(5)

    await exchange.stop(warned=False)  # the exchange dies with rows that were never published
    restartable.stop()
    second = Exchange(exchange.path, restartable.url, "EXCHANGE_1")
    second.operator, second.members = exchange.operator, exchange.members
    await second.start()
    await second.admits(5)
    restartable.start()
    await second.admits(5)
    await published(second)

    await eventually(lambda: reader.after == second.head)
    assert not listening.done()
    listening.cancel()
    await asyncio.wait([listening])
    await second.stop()
    reader.agrees_with(exchange.path)


async def test_a_clean_stop_publishes_the_last_row_and_a_start_only_what_is_new(
    exchange: Exchange, tmp_path: Path
) -> None:
    await exchange.admits(3)
    await exchange.stop()
    before = await stored(exchange.url, exchange.name)
    assert before[-1][0].endswith(f"-{exchange.head}")
    await exchange.start()
    await exchange.admits(1)
    await published(exchange)
    after = await stored(exchange.url, exchange.name)
    assert after[: len(before)] == before
    firsts = [int(rows.split("-")[0]) for rows, _ in after]
    lasts = [int(rows.split("-")[1]) for rows, _ in after]
    assert firsts == [1, *(last + 1 for last in lasts[:-1])], "each message begins where the one before it ended"


async def test_a_message_too_long_for_nats_travels_in_parts(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_nats, "PART_BYTES", 2_000)
    text = shipped.profile_text("sandbox")
    assert len(text) > 4_000
    await exchange.do(PublishText(kind=PublishedKind.PROFILE, text=text))
    await exchange.admits(2)
    await published(exchange)
    parts = [part for _, part in await stored(exchange.url, exchange.name)]
    assert max(int(part.split("/")[1]) for part in parts) > 3
    reader = Reader(tmp_path / "reader.sqlite", exchange.url, exchange.name)
    await reader.until(exchange.head)
    reader.agrees_with(exchange.path)


async def test_a_publisher_that_died_between_two_parts_leaves_no_trace_with_the_reader(
    exchange: Exchange, tmp_path: Path
) -> None:
    await exchange.admits(1)
    await published(exchange)
    await exchange.stop(warned=False)
    publish = JetStreamContext.publish
    sent = 0

    async def dies_after_two(self: JetStreamContext, *args: Any, **options: Any) -> Any:
        nonlocal sent
        if sent == 2:
            await asyncio.Event().wait()
        sent += 1
        return await publish(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bus_nats, "PART_BYTES", 60)
        patch.setattr(JetStreamContext, "publish", dies_after_two)
        await exchange.start()
        await exchange.admits(4)
        await eventually(lambda: sent == 2)
        await exchange.stop(warned=False)
    await exchange.start()
    await exchange.admits(1)
    await published(exchange)
    broken = [(rows, part) for rows, part in await stored(exchange.url, exchange.name) if part != "1/1"]
    assert [part.split("/")[0] for _, part in broken] == ["1", "2"]
    reader = Reader(tmp_path / "reader.sqlite", exchange.url, exchange.name)
    await reader.until(exchange.head)
    reader.agrees_with(exchange.path)


async def test_a_reader_that_stands_in_the_middle_of_a_batch_gets_its_rest(exchange: Exchange) -> None:
    await asyncio.gather(*(exchange.admits(1) for _ in range(20)))
    await published(exchange)
    ranges = [rows.split("-") for rows, _ in await stored(exchange.url, exchange.name)]
    first, last = next((int(first), int(last)) for first, last in ranges if int(last) > int(first) + 1)
    async with asyncio.timeout(10), aclosing(follow(exchange.url, first, name=exchange.name)) as batches:
        rows = await anext(batches)
    assert [row.sequence for row in rows] == list(range(first + 1, last + 1))


@pytest.mark.services
async def test_what_waits_while_nats_is_away_is_bounded_and_read_again_from_the_journal(
    tmp_path: Path, restartable: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_nats, "WAITING_BYTES", 4_000)
    restartable.stop()
    exchange = Exchange(tmp_path / "exchange.sqlite", restartable.url, "EXCHANGE_1")
    await exchange.start()
    for _ in range(60):
        await exchange.admits(1)
        assert exchange.feed._waiting_bytes <= 4_000
        assert sum(size for _, size in exchange.feed._waiting) == exchange.feed._waiting_bytes
    restartable.start()
    await published(exchange)
    reader = Reader(tmp_path / "reader.sqlite", restartable.url, "EXCHANGE_1")
    await reader.until(exchange.head)
    await exchange.stop()
    reader.agrees_with(exchange.path)


async def test_another_journal_is_never_mixed_into_the_stream(exchange: Exchange, tmp_path: Path) -> None:
    await exchange.admits(2)
    await published(exchange)
    before = await stored(exchange.url, exchange.name)
    stranger = Exchange(tmp_path / "stranger.sqlite", exchange.url, exchange.name)
    with capture_logs() as told:
        await stranger.start()
        await stranger.admits(9)
        assert stranger.feed._task is not None
        await asyncio.wait([stranger.feed._task], timeout=10)
    assert stranger.feed._task.done() and not stranger.feed.connected
    assert "feed.diverged" in {entry["event"] for entry in told}
    await stranger.stop()
    assert await stored(exchange.url, exchange.name) == before


async def test_two_publishers_of_one_journal_cannot_double_a_row(exchange: Exchange, tmp_path: Path) -> None:
    await exchange.admits(3)
    await published(exchange)
    ghost = NatsFeed(exchange.url, exchange.journal, name=exchange.name)  # a node that was thought dead
    ghost.reach(exchange.head)
    await exchange.admits(3)
    await eventually(lambda: ghost.connected)
    for _ in range(10):
        ghost.reach(exchange.head + 1)
        await exchange.admits(1)
    await published(exchange)
    await ghost.close()
    reader = Reader(tmp_path / "reader.sqlite", exchange.url, exchange.name)
    await reader.until(exchange.head)
    reader.agrees_with(exchange.path)
    lasts = [int(rows.split("-")[1]) for rows, _ in await stored(exchange.url, exchange.name)]
    assert lasts == sorted(set(lasts))


async def test_a_reader_whom_the_stream_left_behind_is_told_so(exchange: Exchange) -> None:
    for _ in range(4):
        await exchange.admits(1)
        await published(exchange)
    connection = await nats.connect(exchange.url)
    stream = connection.jetstream()
    await stream.purge_stream(exchange.name, keep=1)
    await connection.close()
    async with asyncio.timeout(10), aclosing(follow(exchange.url, 1, name=exchange.name)) as batches:
        with pytest.raises(FeedGap):
            await anext(batches)


async def test_a_strangers_message_in_the_stream_stops_publisher_and_reader(exchange: Exchange) -> None:
    await exchange.admits(1)
    await published(exchange)
    await exchange.stop()
    connection = await nats.connect(exchange.url)
    await connection.jetstream().publish(subject_of(exchange.name), b"hello")
    await connection.close()
    await exchange.start()
    assert exchange.feed._task is not None
    await asyncio.wait([exchange.feed._task], timeout=10)
    assert exchange.feed._task.done()
    async with asyncio.timeout(10), aclosing(follow(exchange.url, exchange.head, name=exchange.name)) as batches:
        with pytest.raises(FeedDiverged):
            await anext(batches)


def test_a_row_is_written_as_the_journal_has_it() -> None:
    row = FeedRow(7, 1, 1, 1, 2, 3, 4, 5, "key", b"command", b"events", b"salt", b"chain")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode([row])) == [
        [7, 1, 1, 1, 2, 3, 4, 5, "key", b"command", b"events", b"salt", b"chain"]
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1:4222", "tls://nats:4222", "nats:", "redis://x", "4222"])
def test_a_bus_that_is_not_nats_is_refused_with_its_code(url: str, tmp_path: Path) -> None:
    async def journal(_: int) -> list[FeedRow]:
        return []

    with pytest.raises(NodeFault) as fault:
        NatsFeed(url, journal)
    assert fault.value.code == "bus.url_unsupported"
    with pytest.raises(StartRefused, match=r"bus\.url_unsupported"):
        build_services(Settings(data_dir=tmp_path, bus_url=url))


async def test_a_password_in_the_address_is_never_logged() -> None:
    async def journal(_: int) -> list[FeedRow]:
        return []

    structlog.reset_defaults()  # whatever level an exchange served in this process left behind
    feed = NatsFeed("nats://exchange:secret-word@127.0.0.1:9", journal)
    with capture_logs() as told:
        feed.reach(1)
        await eventually(lambda: bool(told))
        await feed.close()
    assert [entry["event"] for entry in told] == ["feed.away"]
    assert "secret-word" not in repr(told)
