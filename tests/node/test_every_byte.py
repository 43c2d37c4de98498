"""Every byte of a stretch of the journal, altered once: the chain finds each, the last acknowledged row's too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.node.ports import Head
from exchange.node.verify import ChainCheck, Entry, Problems
from tests.api.rest.exchange import prepared
from tests.rechain import COLUMNS

STRETCH_BYTES = 65_536
WIDE = ("command", "events", "salt", "chain")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """The last rows of a journal, 64 KiB of them at least."""
    database: Path = prepared(tmp_path_factory.mktemp("bytes")).database
    with sqlite3.connect(database) as file:
        found = [Entry(*row) for row in file.execute(f"SELECT {COLUMNS} FROM journal ORDER BY sequence")]
    file.close()
    stretch: list[Entry] = []
    while sum(len(getattr(entry, name)) for entry in stretch for name in WIDE) < STRETCH_BYTES:
        stretch.insert(0, found.pop())
    return stretch


def found_in(entry: Entry, before: Head) -> int:
    """How much the chain's check finds wrong with one row after another."""
    problems = Problems()
    ChainCheck(problems, {entry.epoch: entry.engine_version}, before).take(entry)
    return problems.count


def heads(rows: list[Entry]) -> Iterator[tuple[Entry, Head]]:
    """Each row with the head before it; the first row of the stretch gives the second its own."""
    for before, entry in zip(rows, rows[1:], strict=False):  # noqa: RUF007 - as the sentence says
        yield entry, Head(before.sequence, before.epoch, before.at_ns, before.chain)


def test_every_byte_of_64_kib_altered_once_is_found(rows: list[Entry]) -> None:
    altered = 0
    for entry, before in heads(rows):
        assert found_in(entry, before) == 0
        for name in WIDE:
            whole: bytes = getattr(entry, name)
            for place in range(len(whole)):
                changed = whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :]
                assert found_in(replace(entry, **{name: changed}), before), (entry.sequence, name, place)
                altered += 1
    assert altered >= STRETCH_BYTES * 9 // 10


def test_every_number_of_the_last_acknowledged_row_is_under_its_hash(rows: list[Entry]) -> None:
    *_, (last, before) = heads(rows)
    for name in ("sequence", "shard", "format", "engine_version", "epoch", "at_ns", "principal", "connection_id"):
        for bit in range(31):
            changed = replace(last, **{name: getattr(last, name) ^ (1 << bit)})
            assert found_in(changed, before), (name, bit)
