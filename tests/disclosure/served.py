"""A deal served for some periods, its tables as a file, and its reports as the tests read them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from api.disclosure.outlook import Projection
from api.disclosure.report import report_of
from exchange.core.documents import FileDocument
from exchange.core.wire_json import show
from exchange.store.queries import journal, records
from exchange.store.queries.reader import Snapshot
from securitization.disclosure import Cell, Projected, Report, Row, Source, Stated, Worked, figures
from securitization.periods import PoolPeriod
from securitization.servicing_messages import MakeRepurchase
from securitization.servicing_records import Servicing
from securitization.shipped import example_periods_text
from tests.servicing.stage import SMALLER, Stage
from tests.servicing.test_life import serve_period

PAPER = "ab" * 32


def served(periods: int) -> Stage:
    """Some periods paid as they come."""
    stage = Stage.opened()
    for _ in range(periods):
        serve_period(stage)
    return stage


def troubled() -> Stage:
    """One period in which all goes wrong that still ends well: a claim bought back, a corrected collection, a call on
    the line of cash that is not paid in."""
    stage = Stage.opened()
    venue = stage.venue
    venue.do(FileDocument(sha256=PAPER, size_bytes=9, media_type="text/plain", title="breach"), "licensor0")
    bought = MakeRepurchase(
        servicing_id=stage.servicing_id, key="a-9", amount_minor=5_000, reason="breach", document_sha256=PAPER
    )  # type: ignore[arg-type]
    assert venue.refusal(bought, "licensor0") == ""
    poor = PoolPeriod(
        interest_minor=1_000,
        principal_minor=0,
        recoveries_minor=0,
        defaults_minor=250_000,
        balance_minor=800_000,
        valuation_minor=1_400_000,
    )
    for version in (1, 2):
        assert venue.refusal(stage.collection(poor, version), "servicer") == ""
    assert stage.step("deposit") == ""
    assert stage.step("prepare") == ""
    stage.to_payment_date()  # the line had to pay in five days before
    assert stage.step("approve") == ""
    assert stage.step("pay") == ""
    venue.finish_runs()
    return stage


def projected_text() -> str:
    """The shipped periods file in the size of the deal served here."""
    head, *lines = example_periods_text("two_classes").splitlines()
    small = [
        ",".join(
            str(int(one) // SMALLER) if name.endswith("_minor") else one
            for name, one in zip(head.split(","), line.split(","), strict=True)
        )
        for line in lines
    ]
    return "\n".join([head, *small, ""])


@contextlib.contextmanager
def tables(stage: Stage) -> Iterator[Snapshot]:
    """The stage's tables at this moment."""
    with sqlite3.connect(":memory:", check_same_thread=False) as file:
        stage.venue.scratch.connection.backup(file)
        engine = create_engine("sqlite://", creator=lambda: file)
        with engine.connect() as connection:
            yield Snapshot(connection)


def saved(stage: Stage, path: Path) -> Path:
    """The stage's tables as a file."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        stage.venue.scratch.connection.backup(file)
    return path


def report(stage: Stage, *, period: int = 0, year: int = 0, projection: Projection | None = None) -> Report:
    """A report of the stage's deal."""
    with tables(stage) as snapshot:
        found = records.one(snapshot, Servicing, (stage.servicing_id,))
        assert isinstance(found, Servicing)
        return report_of(snapshot, found, period=period, year=year, projection=projection)


def row(told: Report, table: str, key: str) -> Row:
    """One line of one table."""
    return next(
        one
        for chapter in told.chapters
        for each in chapter.tables
        for one in each.rows
        if each.code == table and one.key == key
    )


def value(told: Report, table: str, key: str, column: int = 0) -> int | str | None:
    """What stands in one place."""
    cell = row(told, table, key).cells[column]
    return None if cell is None else cell.value


def untraced(stage: Stage, told: Report) -> list[str]:
    """The figures that their sources do not bear out, found without a line of the code under test.

    The journal's rows are read as a client reads them, the arithmetic is done in fractions.
    """
    from tests.disclosure.model import resolved

    with tables(stage) as snapshot:
        rows: dict[int, list[Any]] = {}

        def events(sequence: int) -> list[Any]:
            if sequence not in rows:
                entry = journal.entry(snapshot, sequence)
                rows[sequence] = [] if entry is None else [show(event) for event in entry.events]
            return rows[sequence]

        return [place for place, cell in figures(told) if resolved(cell, events) != cell.value]


def leaves(source: Source | None) -> list[Stated | Projected]:
    """What a figure rests on in the end."""
    if isinstance(source, Worked):
        return [leaf for one in source.of for leaf in leaves(one.source)]
    return [] if source is None else [source]


def every_cell(told: Report) -> list[tuple[str, Cell]]:
    """Every number of a report."""
    return figures(told)
