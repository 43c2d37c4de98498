"""A hundred thousand patents pass through the engine in bounded memory, and a later list is taken as a difference."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc

from exchange.assets.messages import PatentStub
from tests.assets.helpers import REPOSITORY
from tests.assets.large_list import large_file
from tests.assets_engine.large_import import AGAIN, ROWS, Importer, slices

MAX_BYTES_A_PATENT = 500
"""What memory may keep of one patent: its stub, its number and hash, and its places in two dicts. Measured: 430."""
MAX_GROWTH_BYTES = ROWS * 900
"""What the process may have grown by: the patents, and what passes through while they are read."""


def test_a_hundred_thousand_rows_stay_small_and_come_back_as_a_difference() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.assets_engine.large_import"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    found = json.loads(told.stdout)
    assert found["first"] == {"new": ROWS, "changed": 0, "same": 0, "refused": 0}
    assert found["second"] == {"new": 0, "changed": AGAIN // 1_000, "same": AGAIN - AGAIN // 1_000, "refused": 0}
    assert found["kept"] == ROWS
    assert found["grown_bytes"] < MAX_GROWTH_BYTES, f"{found['grown_bytes'] / ROWS:.0f} bytes a row"


def test_memory_keeps_a_stub_of_each_patent_and_nothing_of_its_record() -> None:
    importer = Importer()
    entries = slices(large_file())
    importer.take(next(entries))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            importer.take(next(entries))
        del entries
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(importer.state.table(PatentStub)) == 21 * 200
    assert grown / (20 * 200) < MAX_BYTES_A_PATENT, f"{grown / (20 * 200):.0f} bytes a patent"
