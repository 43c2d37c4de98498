"""Bytes a command: what all tables and their indexes take for a long journal, divided by its commands."""

from __future__ import annotations

import contextlib
import sqlite3

from benchmarks.rows import Report, row
from benchmarks.venue import FULL, QUICK, fresh_copy

FLOOR_BYTES = 600
SHOWN = 8


def run(*, quick: bool) -> Report:
    """Count pages; by table and index where this SQLite can tell."""
    with fresh_copy(QUICK if quick else FULL) as venue, contextlib.closing(sqlite3.connect(venue.database)) as file:
        ((commands,),) = file.execute("SELECT count(*) FROM journal").fetchall()
        ((command_bytes, event_bytes),) = file.execute(
            "SELECT avg(length(command)), avg(length(events)) FROM journal"
        ).fetchall()
        try:
            parts = file.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC").fetchall()
        except sqlite3.OperationalError:  # a SQLite built without dbstat: the whole file, compacted
            file.execute("VACUUM")
            ((pages,),) = file.execute("PRAGMA page_count").fetchall()
            ((page_bytes,),) = file.execute("PRAGMA page_size").fetchall()
            parts = [("the whole file", pages * page_bytes)]
    total = sum(size for _, size in parts)
    largest = ", ".join(f"{name} {size / commands:.1f}" for name, size in parts[:SHOWN])
    title = f"bytes a command, {commands:,} commands"
    return Report(
        [row(title, total / commands, "bytes", target=FLOOR_BYTES, higher_is_better=False)],
        [f"of it: {largest}", f"a command is {command_bytes:.0f} bytes, its events {event_bytes:.0f}, as stored"],
    )
