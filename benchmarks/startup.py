"""How long a long journal's exchange takes until it answers, how much memory it needs, and the tables' part of it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.processes import exchange
from benchmarks.rows import BenchmarkFailed, Report, median, row, spread
from benchmarks.venue import DEEP, QUICK_DEEP, ROOT, Venue, fresh_copy
from exchange.node.clock import SystemClock
from exchange.store.sqlite import SqliteStore

FLOOR_S = 5.0


def run(*, quick: bool) -> Report:
    """Load the tables alone, then start the whole server, some times each; every time in a new process."""
    rounds = 2 if quick else 5
    with fresh_copy(QUICK_DEEP if quick else DEEP) as venue:
        loads = [_in_child(venue) for _ in range(rounds)]
        starts = []
        for _ in range(rounds):
            begun = time.perf_counter()
            with exchange(Path(venue.folder)) as server:
                starts.append({**server.started, "whole_s": time.perf_counter() - begun})
    ready = [start["ready_s"] for start in starts]
    rows = [
        row("startup, tables loaded", median(loads), "s", target=FLOOR_S, higher_is_better=False),
        row("startup, server answers", median(ready), "s", target=FLOOR_S, higher_is_better=False),
        row("startup, with the interpreter's", median(start["whole_s"] for start in starts), "s"),
        row("startup, peak memory", median(start["peak_mib"] for start in starts), "MiB"),
    ]
    return Report(
        rows,
        [
            f"{starts[0]['sequence']:,} journal rows, {starts[0]['open_orders']:,} open orders, {rounds} starts, "
            "the file in the page cache",
            f"loaded {spread(loads)} s, answers {spread(ready)} s",
        ],
    )


def _in_child(venue: Venue) -> float:
    """Seconds from opening the store to a loaded state, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.startup", str(venue.database)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise BenchmarkFailed(f"the tables were not loaded: {(ran.stderr.strip().splitlines() or [''])[-1]}")
    return float(json.loads(ran.stdout))


def main() -> None:
    """Load as the keeper does, the collector off; print the seconds."""
    store = SqliteStore(Path(sys.argv[1]), SystemClock())
    gc.disable()
    begun = time.perf_counter()
    store.open()
    store.load()
    print(json.dumps(time.perf_counter() - begun))
    store.close()


if __name__ == "__main__":
    main()
