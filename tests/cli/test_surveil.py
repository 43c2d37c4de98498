"""`exchange surveil`: what it prints, how it is repeated, and that a failure is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from exchange.__main__ import MODULES, app
from exchange.cli import surveillance
from exchange.core.ids import AccountId, make_id
from tests.matching.surveillance.flow import Day
from tests.matching.surveillance.test_promises import cross
from tests.store.watched import write

FIRST, SECOND, THIRD = AccountId(make_id(20_000)), AccountId(make_id(30_000)), AccountId(make_id(20_001))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of a day on which one member traded with itself, and two strangers with each other."""
    day = Day(1)
    day.trade(50)
    cross(day, FIRST, SECOND, 77)
    day.pass_time(600)
    cross(day, FIRST, THIRD, 78)
    found = tmp_path_factory.mktemp("surveil")
    write(day, found / "exchange.sqlite")
    return found


def surveil(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    if not any(command.name == "surveil" for command in app.registered_commands):
        surveillance.register(app)
        app.registered_commands[-1].name = "surveil"
    return CliRunner().invoke(app, ["surveil", "--data-dir", str(folder), *arguments])


def objects(result: Result) -> list[dict[str, Any]]:
    """The lines as JSON."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_it_is_a_command_of_the_exchange() -> None:
    assert "exchange.cli.surveillance" in MODULES


def test_each_alert_is_a_name_and_a_sentence(folder: Path) -> None:
    lines = surveil(folder).stdout.splitlines()

    assert lines[0].startswith("wash.related:T1-")
    assert "traded 77 lots" in lines[1]
    assert lines[-1].startswith("1 alert in rows 1..")
    assert lines[-1].endswith("by standard@1")


def test_json_is_an_object_a_line_and_the_row_finds_the_alert_again(folder: Path) -> None:
    alert, counts = objects(surveil(folder, "--json"))
    row = str(alert["to_sequence"])

    assert alert["accounts"] == ["A1-20000", "A1-30000"]
    assert counts["alerts"] == 1
    assert counts["forgotten"] == 0
    assert objects(surveil(folder, "--json", "--from", row, "--to", row))[0] == alert


def test_a_declared_group_is_taken_as_one(folder: Path) -> None:
    found = objects(surveil(folder, "--json", "--related", "A1-20000,A1-20001"))

    assert [alert["relation"] for alert in found[:-1]] == ["member", "declared"]
    assert found[0]["declared"] == ["A1-20000,A1-20001"]


def test_one_instrument_alone(folder: Path) -> None:
    assert objects(surveil(folder, "--json", "--instrument", "I1-1"))[-1]["alerts"] == 1
    assert objects(surveil(folder, "--json", "--instrument", "I1-2"))[-1]["alerts"] == 0


@pytest.mark.parametrize(
    "arguments",
    [("--related", "O1-3"), ("--instrument", "INS"), ("--parameters", "99"), ("--from", "0")],
)
def test_an_argument_that_means_nothing_is_refused(folder: Path, arguments: tuple[str, str]) -> None:
    result = surveil(folder, *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_a_folder_without_a_database_is_one_line(tmp_path: Path) -> None:
    result = surveil(tmp_path)

    assert result.exit_code == 1
    assert result.output.startswith("exchange: store.missing: ")
