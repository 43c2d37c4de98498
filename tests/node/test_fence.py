"""One writer: a second node is refused, and one that was overtaken may not commit."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from exchange.core.messages import Header
from exchange.core.node_messages import StartNode
from exchange.core.wire import encode_command, encode_events
from exchange.node.clock import SystemClock
from exchange.node.ports import Batch, Head, JournalRow, NodeFault
from exchange.store.sqlite import SqliteStore
from tests.node.running import running
from tests.node.template import Stage


@pytest.fixture
def database(staged: tuple[Path, Stage], tmp_path: Path) -> Path:
    """The template's database, to be written."""
    return Path(shutil.copyfile(staged[0], tmp_path / "exchange.sqlite"))


def next_batch(head: Head, epoch: int, salt: bytes) -> Batch:
    """A batch of one row that follows a head."""
    header = Header(head.sequence + 1, epoch, head.at_ns + 1, 0, 0)  # type: ignore[arg-type]
    row = JournalRow(
        header=header,
        key="",
        command=StartNode(),
        command_bytes=encode_command(StartNode()),
        events=[],
        events_bytes=encode_events([]),
        salt=salt,
        chain=salt * 2,
    )
    return Batch(rows=[row])


async def test_a_second_node_is_refused_while_the_first_runs(database: Path, staged: tuple[Path, Stage]) -> None:
    async with running(database, staged[1]) as node:
        with pytest.raises(NodeFault) as refused:
            async with running(database, staged[1]):
                raise AssertionError("two nodes run on one database")
        assert refused.value.code == "store.locked"
        await node.place("li", "L1")
    async with running(database, staged[1]) as node:
        await node.place("li", "L2")


async def test_a_node_whose_epoch_was_superseded_may_not_commit(database: Path, staged: tuple[Path, Stage]) -> None:
    async with running(database, staged[1]) as older:
        await older.place("li", "L1")
        database.with_name("exchange.sqlite.lock").unlink()  # as a careless person would
        async with running(database, staged[1]) as newer:
            with pytest.raises(NodeFault) as told:
                await older.place("li", "L2")
            assert told.value.code == "node.restarting"
            answer = await newer.place("li", "L3")
            assert older.keeper.sequencer is None, "the older cannot start again while the newer holds the lock"
            older.keeper.close()
    connection = sqlite3.connect(database)
    (epoch,) = connection.execute("SELECT epoch FROM journal WHERE sequence = ?", (answer.sequence,)).fetchone()
    assert epoch == 3
    connection.close()


def test_the_journals_key_stops_whoever_writes_a_sequence_second(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteStore, "_fence", lambda _: None)
    older, newer = SqliteStore(database, SystemClock()), SqliteStore(database, SystemClock())
    older_epoch = older.open()
    database.with_name("exchange.sqlite.lock").unlink()
    newer_epoch = newer.open()
    head = newer.load()[1]
    newer.commit(next_batch(head, newer_epoch, b"n" * 16))
    with pytest.raises(sqlite3.IntegrityError, match=r"journal\.sequence"):
        older.commit(next_batch(head, older_epoch, b"o" * 16))
    assert newer.chain_at(head.sequence + 1) == b"n" * 32
    older.close()
    newer.close()


def test_each_start_has_an_epoch_of_its_own_even_if_it_writes_nothing(database: Path) -> None:
    epochs = []
    for _ in range(3):
        store = SqliteStore(database, SystemClock())
        epochs.append(store.open())
        store.close()
    assert epochs == [2, 3, 4]
