"""The head kept outside the database: a journal that ends before it, or contradicts it, is refused."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from exchange.node import head_file as keeping
from exchange.node.head_file import HeadFile, refuse_behind
from exchange.node.ports import Head, NodeFault
from tests.node.running import running
from tests.node.template import Stage

CHAIN, OTHER = b"c" * 32, b"o" * 32


@pytest.fixture
def database(staged: tuple[Path, Stage], tmp_path: Path) -> Path:
    """The template's database, to be written."""
    return Path(shutil.copyfile(staged[0], tmp_path / "exchange.sqlite"))


def test_a_head_reads_back_as_it_was_written(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "head")
    assert file.read() is None
    file.write(Head(7, 2, 1_000, CHAIN))
    assert file.read() == Head(7, 2, 1_000, CHAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["head"]


def test_a_head_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "head").write_text("{}")
    with pytest.raises(NodeFault) as refused:
        HeadFile(tmp_path / "head").read()
    assert refused.value.code == "journal.head_unreadable"


@pytest.mark.parametrize(
    ("outside", "journal", "chain_there", "refused"),
    [
        (None, Head(), None, False),
        (Head(), Head(), None, False),
        (Head(7, 1, 7, CHAIN), Head(7, 1, 7, CHAIN), CHAIN, False),
        (Head(7, 1, 7, CHAIN), Head(9, 1, 9, OTHER), CHAIN, False),
        (Head(7, 1, 7, CHAIN), Head(6, 1, 6, OTHER), None, True),
        (Head(7, 1, 7, CHAIN), Head(9, 1, 9, OTHER), OTHER, True),
    ],
)
def test_a_journal_must_hold_the_head_outside_it(
    outside: Head | None, journal: Head, chain_there: bytes | None, refused: bool
) -> None:
    if not refused:
        refuse_behind(outside, journal, chain_there)
        return
    with pytest.raises(NodeFault) as fault:
        refuse_behind(outside, journal, chain_there)
    assert fault.value.code == "journal.behind_head"


async def test_the_head_is_written_while_the_node_runs_and_when_it_stops(
    database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAUSE_S", 0.05)
    file = HeadFile(database.with_name("head"))
    async with running(database, staged[1], head_file=file) as node:
        first = await node.place("li", "L1")
        for _ in range(100):
            await asyncio.sleep(0.02)
            if (head := file.read()) is not None and head.sequence >= first.sequence:
                break
        else:
            raise AssertionError("the head is not written")
        monkeypatch.setattr(keeping, "PAUSE_S", 1_000)
        last = await node.place("li", "L2")
    written = file.read()
    assert written is not None and written.sequence == last.sequence


async def test_an_old_copy_of_the_database_is_refused_until_somebody_accepts_the_loss(
    database: Path, staged: tuple[Path, Stage]
) -> None:
    file = HeadFile(database.with_name("head"))
    async with running(database, staged[1], head_file=file) as node:
        await node.place("li", "L1")
    for leftover in database.parent.glob("exchange.sqlite*"):
        leftover.unlink()
    shutil.copyfile(staged[0], database)
    with pytest.raises(NodeFault) as refused:
        async with running(database, staged[1], head_file=file):
            raise AssertionError("an old copy was started")
    assert refused.value.code == "journal.behind_head"
    async with running(database, staged[1], head_file=file, accept_head=True) as node:
        await node.place("li", "L2")
    async with running(database, staged[1], head_file=file):
        pass


async def test_a_journal_rewritten_at_the_head_is_refused(database: Path, staged: tuple[Path, Stage]) -> None:
    file = HeadFile(database.with_name("head"))
    async with running(database, staged[1], head_file=file) as node:
        await node.place("li", "L1")
    connection = sqlite3.connect(database)
    connection.execute("UPDATE journal SET chain = ? WHERE sequence = (SELECT max(sequence) FROM journal)", (OTHER,))
    connection.commit()
    connection.close()
    with pytest.raises(NodeFault) as refused:
        async with running(database, staged[1], head_file=file):
            raise AssertionError("a rewritten journal was started")
    assert refused.value.code == "journal.behind_head"
