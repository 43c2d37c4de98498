"""The gateway's figures on PostgreSQL: a local server, or one that is started for it (see tests/services.py)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.gateway import measured
from benchmarks.processes import exchange
from benchmarks.rows import BenchmarkFailed, Report
from benchmarks.venue import FULL, QUICK, fresh_copy
from exchange.store.migrate import upgrade
from exchange.store.schema.all import metadata
from tests.services import ServiceMissing, postgres

FLOOR = 0.20
MAX_IDLE_MS = 1.5
URL_VARIABLE = "BENCHMARK_POSTGRESQL_URL"
"""An empty database of one's own, postgresql+psycopg://…; without it a server is found or started."""


def run(*, quick: bool) -> Report:
    """The same rounds as on SQLite, on a copy of the same rows."""
    with fresh_copy(QUICK if quick else FULL) as venue, _database() as url:
        _copy(venue.database, url)
        with exchange(Path(venue.folder), database_url=url) as ours:
            report = measured(ours, venue, {"50x16": FLOOR}, MAX_IDLE_MS, quick=quick)
    report.notes.append("the processor time is the exchange's; the PostgreSQL server's comes on top")
    return report


@contextmanager
def _database() -> Iterator[str]:
    """An empty database's URL.

    Raises: BenchmarkFailed if there is no server and none starts.
    """
    if url := os.environ.get(URL_VARIABLE):
        yield url
        return
    try:
        with postgres() as server, server.fresh_database() as fresh:
            yield fresh
    except ServiceMissing as missing:
        raise BenchmarkFailed(str(missing).splitlines()[0]) from missing


def _copy(source: Path, url: str) -> None:
    """Every row of a seeded SQLite database, table by table."""
    upgrade(url)
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with contextlib.closing(sqlite3.connect(source)) as reading, psycopg.connect(plain) as writing:
        for table in metadata.sorted_tables:
            columns = [column.name for column in table.columns]
            types = [column.type.python_type for column in table.columns]
            booleans = [place for place, kind in enumerate(types) if kind is bool]
            copied = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with writing.cursor() as cursor, cursor.copy(copied) as copy:
                for values in reading.execute(f"SELECT {', '.join(columns)} FROM {table.name}"):
                    row = list(values)
                    for place in booleans:
                        row[place] = None if row[place] is None else bool(row[place])
                    copy.write_row(row)
        writing.commit()
        writing.autocommit = True
        writing.execute("ANALYZE")
