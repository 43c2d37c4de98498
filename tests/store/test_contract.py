"""What every store promises, on SQLite and on PostgreSQL: whole batches, the same state back, one writer."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func
from sqlalchemy import select as query

from exchange.core.ids import ConnectionId, UserId
from exchange.core.messages import Header
from exchange.core.units import Sequence, TimeNs
from exchange.engine.digest import differences, section_differences, sections
from exchange.node.clock import SystemClock
from exchange.node.ports import Batch, JournalRow, NodeFault
from exchange.store.base import SqlStore
from exchange.store.load.state import load_state
from exchange.store.postgres import COPY_FROM_ROWS, PostgresStore
from exchange.store.proofs import verify
from exchange.store.queries.feed import journal_after
from exchange.store.queries.reader import ReadFault, Reads
from exchange.store.schema.journal import JournalTable
from exchange.store.snapshot import snapshot
from exchange.store.sqlite import SqliteStore
from tests.node.clients import Clients
from tests.node.driven import copy_to_postgres, driver_url
from tests.node.running import Running, running
from tests.node.template import Stage
from tests.store.conftest import code

Open = Callable[[], SqlStore]


def place(request: pytest.FixtureRequest, source: Path, folder: Path) -> str:
    """A copy of a database, on the server the test is for."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copyfile(source, folder / 'exchange.sqlite')}"
    found = driver_url(request.getfixturevalue("postgres_url"))
    copy_to_postgres(source, found)
    return found


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, past: tuple[Path, Stage], tmp_path: Path) -> str:
    """A database with a short past, on each server."""
    return place(request, past[0], tmp_path)


@pytest.fixture(params=BOTH)
def new_url(request: pytest.FixtureRequest, staged: tuple[Path, Stage], tmp_path: Path) -> str:
    """A database before its first trade, on each server."""
    return place(request, staged[0], tmp_path)


def store_of(url: str) -> SqlStore:
    """A store over a database."""
    if url.startswith("sqlite"):
        return SqliteStore(Path(url.removeprefix("sqlite:///")), SystemClock())
    return PostgresStore(url, SystemClock())


@pytest.fixture
def made(url: str) -> Open:
    """Makes stores over the database with a past."""
    return lambda: store_of(url)


@pytest.fixture
def opened(made: Open) -> Iterator[SqlStore]:
    """An open store."""
    store = made()
    store.open()
    yield store
    store.close()


def compare(node: Running, url: str) -> list[str]:
    """What differs between the node's memory and the tables."""
    assert node.keeper.sequencer is not None
    with snapshot(url) as tables:
        loaded = load_state(tables.stream)
    state = node.keeper.sequencer.state
    loaded.sequence, loaded.epoch, loaded.at_ns = state.sequence, state.epoch, state.at_ns
    return differences(state, loaded)


async def settled(node: Running) -> None:
    """Wait until nothing waits, no run is left, and the last batch is committed."""
    sequencer = node.keeper.sequencer
    assert sequencer is not None
    async with asyncio.timeout(20):
        while node.bus.fast or node.bus.slow or sequencer.state.runs:  # noqa: ASYNC110 - nobody tells the test
            await asyncio.sleep(0.005)
    await node.place("li", "after-everything", price=1)


async def drive(node: Running, clients: Clients, commands: int, at_once: int) -> None:
    """Send so many commands, some of them together."""
    for _ in range(commands // at_once):
        asked = [clients.ask() for _ in range(at_once)]
        told = await asyncio.gather(*(node.bus.submit(one.command, one.principal, key=one.key) for one in asked))
        for one, result in zip(asked, told, strict=True):
            clients.hears(one, result)


@pytest.mark.parametrize("at_once", [1, 8, 4 * COPY_FROM_ROWS])
async def test_what_is_loaded_is_what_was_in_memory_whatever_the_size_of_the_batches(
    new_url: str, staged: tuple[Path, Stage], tmp_path: Path, at_once: int
) -> None:
    clients = Clients(staged[1], random.Random(7))
    async with running(tmp_path, staged[1], open_store=lambda: store_of(new_url)) as node:
        for _ in range(3):
            await drive(node, clients, 4 * COPY_FROM_ROWS, at_once)
            await settled(node)
            assert compare(node, new_url) == []
        assert node.keeper.sequencer is not None
        head, in_memory = node.keeper.sequencer.head, sections(node.keeper.sequencer.state)
    store = store_of(new_url)
    store.open()
    loaded, found = store.load()
    store.close()
    assert found == head
    assert section_differences(in_memory, sections(loaded)) == []
    with snapshot(new_url) as tables:
        report = verify(tables, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]


def test_a_known_key_is_its_senders_alone_and_any_number_is_asked_at_once(opened: SqlStore) -> None:
    keyed = query(JournalTable.principal, JournalTable.key, JournalTable.sequence).where(JournalTable.key.is_not(None))
    rows = list(opened.rows(keyed))
    assert len(rows) > 100
    asked = [(UserId(principal), key) for principal, key, _ in rows]
    strangers = [(UserId(principal + 1), key) for principal, key, _ in rows]
    absent = [(UserId(principal), f"{key}?") for principal, key, _ in rows]
    many = [(UserId(1), f"nobody-{number}") for number in range(2_000)]
    found = opened.known([*many[:1_000], *asked, *strangers, *absent, *many[1_000:]])
    assert {place: known.sequence for place, known in found.items()} == {
        (UserId(principal), key): sequence for principal, key, sequence in rows
    }
    assert opened.known([]) == {}


def test_a_suspect_is_counted_until_it_is_released(opened: SqlStore, made: Open) -> None:
    mark = bytes(range(32))
    assert [opened.suspect(mark, "order.place") for _ in range(3)] == [1, 2, 3]
    opened.suspect(bytes(32), "order.cancel")
    opened.close()
    again = made()
    again.open()
    assert again.suspects() == {mark: 3, bytes(32): 1}
    assert again.release(mark) and not again.release(mark)
    assert again.suspects() == {bytes(32): 1}
    again.close()


def test_a_second_node_is_refused_until_the_first_lets_go(opened: SqlStore, made: Open) -> None:
    second = made()
    with pytest.raises(NodeFault) as refused:
        second.open()
    assert code(refused) == "store.locked"
    second.close()
    opened.suspect(bytes(32), "the first goes on")
    epochs = list(opened.rows(query(func.count()).select_from(JournalTable)))
    opened.close()
    epoch = second.open()
    assert list(second.rows(query(func.count()).select_from(JournalTable))) == epochs
    second.close()
    third = made()
    assert third.open() == epoch + 1
    third.close()


def test_a_closed_store_says_so(made: Open) -> None:
    store = made()
    store.open()
    store.close()
    store.close()
    for ask in (store.suspects, store.load, lambda: store.known([(UserId(1), "k")])):
        with pytest.raises(NodeFault) as refused:
            ask()
        assert code(refused) == "store.closed"


async def test_a_batch_is_written_whole_or_not_at_all(new_url: str, staged: tuple[Path, Stage], tmp_path: Path) -> None:
    taken: list[JournalRow] = []

    class Watched:
        def publish(self, batch: Batch) -> None:
            taken.extend(batch.rows)

    async with running(tmp_path, staged[1], open_store=lambda: store_of(new_url)) as node:
        node.keeper.feed = Watched()
        assert node.keeper.sequencer is not None
        node.keeper.sequencer.feed = node.keeper.feed
        await drive(node, Clients(staged[1], random.Random(9)), 60, 60)
    store = store_of(new_url)
    store.open()
    _, before = store.load()
    held = rows_of(store)
    last = taken[-1]
    header = Header(
        Sequence(before.sequence + 1), last.header.epoch, TimeNs(before.at_ns + 1), UserId(1), ConnectionId(0)
    )
    fresh = JournalRow(header, "fresh", last.command, last.command_bytes, [], last.events_bytes, last.salt, last.chain)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        store.commit(Batch(rows=[fresh, last]))  # the second is in the journal: so neither is written
    store.close()
    again = store_of(new_url)
    again.open()
    assert again.load()[1] == before
    assert rows_of(again) == held
    again.close()


def rows_of(store: SqlStore) -> int:
    """How many rows the journal has."""
    ((count,),) = store.rows(query(func.count()).select_from(JournalTable))
    return int(count)


def test_readers_see_one_moment_however_much_is_written_meanwhile(url: str, opened: SqlStore) -> None:
    reads = Reads(url)
    count = query(func.count()).select_from(JournalTable)
    with reads.snapshot() as moment:
        before, at = moment.rows(count)[0][0], moment.sequence
        opened.suspect(bytes(32), "written meanwhile")
        row = JournalTable
        opened._execute(
            f"INSERT INTO journal SELECT {at + 1}, shard, format, engine_version, epoch, at_ns, principal,"
            f" connection_id, NULL, NULL, command, events, salt, chain FROM journal WHERE sequence = {at}"
        )
        assert moment.rows(count)[0][0] == before
        assert moment.rows(query(func.max(row.sequence)))[0][0] == at
    with reads.snapshot() as later:
        assert (later.rows(count)[0][0], later.sequence) == (before + 1, at + 1)
    reads.close()


def test_a_reader_cannot_write(url: str) -> None:
    reads = Reads(url)
    with pytest.raises(ReadFault) as refused, reads.snapshot() as moment:
        moment._connection.exec_driver_sql("DELETE FROM journal")
    assert refused.value.code == "read.unavailable"
    with reads.snapshot() as moment:
        assert moment.sequence > 0
    reads.close()


def test_a_question_that_takes_too_long_is_ended(url: str) -> None:
    reads = Reads(url, seconds=0.2)
    slow = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000000) SELECT count(*) FROM n"
        if url.startswith("sqlite")
        else "SELECT pg_sleep(30)"
    )
    with pytest.raises(ReadFault) as refused, reads.snapshot() as moment:
        moment._connection.exec_driver_sql(slow)
    assert refused.value.code == "read.too_long"
    with reads.snapshot() as moment:
        assert moment.sequence > 0, "and the next one is answered"
    reads.close()


def test_the_feeds_reader_gets_whole_rows_in_order_and_no_more_than_fit(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(url)
    head = reads.run(lambda moment: moment.sequence)
    found: list[int] = []
    while rows := reads.run(lambda moment: journal_after(moment, found[-1] if found else 0)):
        found.extend(row[0] for row in rows)
    assert found == list(range(1, head + 1))
    monkeypatch.setattr("exchange.store.queries.feed.MAX_BYTES", 1)
    assert [row[0] for row in reads.run(lambda moment: journal_after(moment, 5))] == [6]
    monkeypatch.setattr("exchange.store.queries.feed.MAX_ROWS", 3)
    monkeypatch.setattr("exchange.store.queries.feed.MAX_BYTES", 1 << 20)
    assert [row[0] for row in reads.run(lambda moment: journal_after(moment, 5))] == [6, 7, 8]
    reads.close()
