"""A plan can be read line by line, by whom it concerns, with everything needed to work it out again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from custody.distribution import withheld_minor
from exchange.cli.distributions import sheet
from exchange.core.wire_json import show
from exchange.store.queries.distributions import distribution_of, lines_of
from tests.incomes.stage import Stage


def _read(stage: Stage, path: Path, **asked: Any) -> Any:
    """Ask the stage's tables, as a reader would."""
    import sqlite3

    from sqlalchemy import create_engine

    with sqlite3.connect(path) as file:
        stage.venue.scratch.connection.backup(file)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        snapshot: Any = SimpleNamespace(
            rows=lambda query: list(connection.execute(query)),
            stream=lambda query: iter(connection.execute(query)),
            first=lambda query: connection.execute(query).first(),
        )
        found = distribution_of(snapshot, stage.distribution_id)
        assert found is not None
        answer = lines_of(snapshot, found, **asked)
    engine.dispose()
    return found, answer


def _planned() -> Stage:
    stage = Stage.cn()
    stage.floats(hana=333_333, li=1)
    stage.planned()
    return stage


def test_every_line_shows_its_arithmetic(tmp_path: Path) -> None:
    stage = _planned()
    found, answer = _read(stage, tmp_path / "x.sqlite", limit=100)
    assert found == stage.distribution()
    assert len(answer.shown) == found.lines == 6
    assert sum(line["gross_minor"] for line in answer.shown) == found.planned_minor
    for line in answer.shown:
        exact = line["pot_minor"] * line["weight"] / line["of"]
        assert abs(line["gross_minor"] - exact) < 1
        assert line["withheld_minor"] == withheld_minor(line["gross_minor"], line["withholding_ppm"])
        assert line["net_minor"] == line["gross_minor"] - line["withheld_minor"]
        assert line["reason"]
    contributors = [line for line in answer.shown if line["role"] == "contributors"]
    assert {line["rule"]["provision"] for line in contributors} == {"CN-PCSTA-45"}


def test_pages_go_on_where_they_ended_and_a_payee_sees_its_own(tmp_path: Path) -> None:
    stage = _planned()
    _, whole = _read(stage, tmp_path / "x.sqlite", limit=100)
    _, first = _read(stage, tmp_path / "x.sqlite", limit=4)
    _, rest = _read(stage, tmp_path / "x.sqlite", limit=4, after=first.next_place)
    assert [*first.shown, *rest.shown] == whole.shown
    assert rest.next_place is None
    hana = stage.venue.accounts["hana"]
    _, own = _read(stage, tmp_path / "x.sqlite", limit=100, sees=lambda account_id: account_id == hana)
    assert [line["weight"] for line in own.shown] == [333_333]


def test_the_sheet_names_the_rule_and_each_payee(tmp_path: Path) -> None:
    stage = _planned()
    found, answer = _read(stage, tmp_path / "x.sqlite", limit=2)
    text = "\n".join(sheet(show(found), answer.shown))
    assert "50 % of 89,000,000: the law's standard, CN-PCSTA-45" in text
    assert "and 4 more" in text
    assert found.plan_sha256 in text
