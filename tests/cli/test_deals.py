"""`exchange deal`: what it prints, how it ends, and that a failure is one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner, Result

from exchange.__main__ import MODULES
from exchange.cli import deals
from securitization.shipped import EXAMPLES
from tests.securitization.change import changed


def deal(*arguments: str) -> Result:
    """Run the command."""
    app = typer.Typer()
    deals.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["deal", *arguments])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """An example and its periods, written as a user would."""
    found = {}
    for name in EXAMPLES:
        for extra in ([], ["--periods"]):
            file = tmp_path / (name + (".csv" if extra else ".json"))
            file.write_text(deal("example", name, *extra).stdout, encoding="utf-8")
            found[file.name] = str(file)
    return found


def test_it_is_a_command_of_the_exchange() -> None:
    assert "exchange.cli.deals" in MODULES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_checked_run_shown_and_exported(name: str, files: dict[str, str], tmp_path: Path) -> None:
    file, periods = files[f"{name}.json"], files[f"{name}.csv"]

    checked = deal("check", file)
    assert (checked.exit_code, checked.stdout.startswith(f"{name}: no problem found, sha256 ")) == (0, True)
    run = deal("run", file, "--periods", periods)
    assert (run.exit_code, run.stdout.splitlines()[0]) == (0, "period,item,amount")
    for language in ("zh", "en"):
        assert deal("show", file, "--language", language).exit_code == 0
    program = tmp_path / "program.py"
    program.write_text(deal("export", file, "--to", "python").stdout, encoding="utf-8")
    done = subprocess.run([sys.executable, program, periods], capture_output=True, text=True, check=True)
    assert done.stdout == run.stdout


def test_problems_are_told_with_code_and_place(tmp_path: Path) -> None:
    file = tmp_path / "deal.json"
    file.write_text(changed("two_classes", {"issue_minor": 10_000_000_001}), encoding="utf-8")

    plain, as_json = deal("check", str(file)), deal("check", str(file), "--json")

    assert plain.exit_code == as_json.exit_code == 1
    assert plain.stdout == "tranche.total at $.issue_minor: is 10000000001, the faces are 10000000000 together\n"
    told = json.loads(as_json.stdout)
    assert told["problems"][0]["code"] == "tranche.total"
    assert told["problems"][0]["meaning"] == "The tranches' faces do not add up to the amount issued."
    assert len(told["sha256"]) == 64


def test_a_sound_deal_has_no_problems_as_json(files: dict[str, str]) -> None:
    told = deal("check", files["two_classes.json"], "--json")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["problems"] == []


def test_why_somebody_got_an_amount(files: dict[str, str]) -> None:
    file, periods = files["nanshan_5.json"], files["nanshan_5.csv"]

    told = deal("run", file, "--periods", periods, "--why", "4:senior", "--language", "zh").stdout

    assert "195,700,000.00按年利率3.80%计90/365天" in told
    refused = deal("run", file, "--periods", periods, "--why", "4:nobody")
    assert refused.exit_code == 1
    assert "there is collection, custodian" in refused.stderr
    for wrong in ("5:senior", "0:senior", "x:senior", "senior"):
        assert deal("run", file, "--periods", periods, "--why", wrong).exit_code == 1


def test_a_run_as_json_names_its_fields_and_its_reasons(files: dict[str, str]) -> None:
    told = json.loads(deal("run", files["two_classes.json"], "--periods", files["two_classes.csv"], "--json").stdout)
    payment = told["periods"][0]["payments"][0]
    assert (payment["kind"], payment["amount_minor"]) == ("collection", 236_250_000)
    assert payment["why"]["rule"] == "collected"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "patent_licences_3y.json", "--to", "absbox"], "absbox.not_said at $.hedges"),
        (["run", "two_classes.json", "--periods", "nanshan_5.csv"], "periods.column at line 1"),
        (["show", "two_classes.csv"], "deal.not_json at $"),
        (["example", "nobody"], "expected one of nanshan_5"),
    ],
)
def test_a_failure_is_one_line(arguments: list[str], words: str, files: dict[str, str]) -> None:
    done = deal(*[files.get(argument, argument) for argument in arguments])

    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_not_text_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "deal.json"
    file.write_bytes(b"\xff\xfe{}")
    done = deal("check", str(file))
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)


def test_the_smallest_example_goes_to_absbox(files: dict[str, str]) -> None:
    done = deal("export", files["two_classes.json"], "--to", "absbox")
    assert json.loads(done.stdout)["tag"] == "MDeal"


def test_the_schema_is_printed() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(deal("schema").stdout))
