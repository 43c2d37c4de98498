"""`exchange deal stress` and `report`: what they find is what the plain evaluator pays; bad input is one line."""

from __future__ import annotations

import csv
import json
import re
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import Result

from securitization.evaluate import run_checked
from securitization.periods import read_periods
from securitization.shipped import EXAMPLES, POOLS, example_deal_text, example_pool_text
from tests.cli.test_deals import deal
from tests.securitization.change import example

FEW = ("--scenarios", "60", "--seed", "11")
REFUSED = """
$.currency                      | "USD"         | pool.currency at pool.json $.currency
$.valuation_minor               | [1, 2, 3]     | pool.figures at pool.json $.valuation_minor: 3 figures for 4 periods
$.events                        | {}            | pool.figures at pool.json $.events
$.rates_ppm                     | {"lpr": [1]}  | pool.figures at pool.json $.rates_ppm
$.guarantees                    | ["nobody"]    | pool.guarantor at pool.json $.guarantees[0]
$.guarantor                     | null          | pool.guarantor at pool.json $.guarantees[0]
$.guarantor.cover_ppm           | 1             | pool.guarantor at pool.json $.guarantor.cover_ppm
$.parts.0.balance_minor         | 2999999999    | pool.balance at pool.json $.parts: the assets owe 20599999999
$.parts.0.balance_minor         | 3000000001    | pool.balance at pool.json $.parts: the assets owe 20600000001
$.parts.0.balance_minor         | 1.5           | pool.shape at pool.json $.parts[0].balance_minor
$.parts.0.colour                | 1             | pool.shape at pool.json $.parts[0].colour
$.parts.0.terms.colour          | 1             | pool.shape at pool.json $.parts[0].terms.colour
$.patents.0.colour              | 1             | pool.shape at pool.json $.patents[0].colour
$.parts.0.remaining_months      | 15            | projection.asset_invalid at pool $.parts: an asset runs for 15 months
$.parts.1.asset_id              | "loan_01"     | projection.asset_invalid at pool $.parts: two parts
$.patents.0.assets              | ["loan_99"]   | projection.assumption_invalid at assumptions: right_01 secures loan_99
$.guarantor.name                | "borrower_01" | projection.assumption_invalid at assumptions: borrower_01
$.scenarios.0.name              | "expected"    | projection.assumption_invalid at assumptions: two scenarios
$.valuation_minor.0             | 9007199254740992 | pool.shape at pool.json $.valuation_minor
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples that have a pool, written as a user would."""
    monkeypatch.chdir(tmp_path)
    for name in POOLS:
        Path(f"{name}.json").write_text(deal("example", name).stdout, encoding="utf-8")
        Path(f"{name}.pool.json").write_text(deal("example", name, "--pool").stdout, encoding="utf-8")
    return tmp_path


def stress(name: str, *more: str) -> Result:
    """Run the command on an example."""
    return deal("stress", f"{name}.json", "--pool", f"{name}.pool.json", *FEW, *more)


def told(name: str, *more: str) -> dict[str, Any]:
    """What it says as JSON."""
    done = stress(name, "--json", *more)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def lost(name: str, number: int, *more: str) -> dict[str, Fraction]:
    """What each class with a face loses of itself in one drawn scenario, by the plain evaluator on its periods file."""
    written = stress(name, "--periods-of", str(number), *more)
    assert written.exit_code == 0, written.output
    periods = read_periods(example(name), written.stdout)
    assert isinstance(periods, list)
    run = run_checked(example(name), periods)
    losses = {tranche.name: tranche.face_minor for tranche in example(name).tranches if tranche.face_minor}
    for period in run.periods:
        for payment in period.payments:
            if payment.to in losses:
                sign = {"principal": -1, "capitalised": 1}.get(payment.kind.value, 0)
                losses[payment.to] += sign * payment.amount_minor
    faces = {tranche.name: tranche.face_minor for tranche in example(name).tranches}
    return {each: Fraction(loss, faces[each]) for each, loss in losses.items()}


@pytest.mark.parametrize("name", POOLS)
def test_chances_of_loss_are_those_of_the_plain_evaluator_scenario_by_scenario(name: str, files: Path) -> None:
    few = ("--scenarios", "12", "--cdr", "25")
    every = [lost(name, number, *few) for number in range(1, 13)]

    found = {each["name"]: each["credit"] for each in told(name, *few)["classes"] if each["credit"]}

    assert any(share for one in every for share in one.values())
    assert sorted(found) == sorted(every[0])
    for each, credit in found.items():
        losses = [one[each] for one in every]
        assert credit["pd"] == sum(1 for share in losses if share > 0) / 12
        assert credit["el"] == pytest.approx(float(sum(losses) / 12), abs=1e-15)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(files: Path) -> None:
    first, again, other = (stress("nanshan_5", "--seed", seed, "--json").stdout for seed in ("7", "7", "8"))

    assert first == again
    assert json.loads(first)["scenarios"] == json.loads(other)["scenarios"]
    assert json.loads(first)["classes"] != json.loads(other)["classes"]


def test_everything_it_was_drawn_from_stands_in_the_output(files: Path) -> None:
    more = ("--cpr", "5", "--cdr", "2.5", "--severity", "40", "--lag", "2", "--copula", "t", "--correlation", "25")
    inputs = told("nanshan_5", *more, "--method", "antithetic", "--price", "senior=99.5")["inputs"]

    assert inputs["simulation"]["draws"] == {"seed": 11, "scenarios": 60, "method": "antithetic"}
    assert inputs["simulation"]["dependence"] == {
        "otherwise_ppm": [500_000],
        "by_segment": [],
        "degrees_of_freedom": 4,
    }
    assert inputs["simulation"]["guarantor"]["loadings_ppm"] == [500_000]
    for each in (inputs["assumptions"]["otherwise"], inputs["assumptions"]["by_segment"][0]["assumption"]):
        assert each["prepayment"] == {"type": "cpr", "rate_ppm": 50_000}
        assert each["default"] == {"type": "cdr", "rate_ppm": 25_000}
        assert (each["severity_ppm"], each["recovery_lag_months"]) == (400_000, 2)
    assert inputs["prices"] == {"senior": 99.5}
    assert (inputs["cut_off"], inputs["months"], inputs["months_a_period"]) == ("2022-04-14", 12, 3)


def test_without_defaults_the_senior_yields_its_coupon_and_nobody_loses(files: Path) -> None:
    found = told("nanshan_5", "--cdr", "0", "--correlation", "0", "--frequency", "4")
    senior, junior = found["classes"]

    assert senior["yield_a_year"] == pytest.approx(0.038, abs=2e-5)  # four periods of 91 to 92 days, one paid late
    assert senior["average_life_years"] == 1.0
    assert (senior["attachment"], senior["detachment"], junior["detachment"]) == (0.05, 1.0, 0.05)
    assert senior["loss_minor"] == junior["loss_minor"] == 0


def test_a_price_finds_the_yield_that_finds_the_price(files: Path) -> None:
    [senior, _] = told("nanshan_5", "--price", "senior=99")["classes"]
    quoted = f"senior={senior['yield_a_year'] * 100!r}"
    [again, _] = told("nanshan_5", "--yield", quoted)["classes"]

    assert senior["yield_a_year"] > 0.04
    assert again["price"] == pytest.approx(99.0, abs=1e-9)


def test_the_senior_bears_any_default_rate_until_the_guarantor_fails(files: Path) -> None:
    found = told("nanshan_5", "--cdr", "60")
    senior, junior = found["classes"]

    assert senior["break_even_cdr"] == 1.0
    assert 0.05 < senior["break_even_cdr_guarantor_fails"] < 0.2
    assert junior["break_even_cdr"] < senior["break_even_cdr_guarantor_fails"]
    losses = {row["scenario"]: row["senior_loss_minor"] for row in found["scenarios"]}
    assert losses["expected"] == 0 < losses["guarantor_fails"]


def test_a_class_at_its_break_even_rate_loses_nothing_and_above_it_something(files: Path) -> None:
    def loss(cdr: float) -> int:
        rows = told("nanshan_5", "--cdr", f"{cdr:.4f}")["scenarios"]
        return int(next(row["senior_loss_minor"] for row in rows if row["scenario"] == "guarantor_fails"))

    [senior, _] = told("nanshan_5")["classes"]
    borne = senior["break_even_cdr_guarantor_fails"] * 100
    assert loss(borne - 0.0002) == 0 < loss(borne + 0.0002)


def test_a_class_without_a_face_has_no_measures_and_equals_lie_between_the_same_points(files: Path) -> None:
    classes = {each["name"]: each for each in told("patent_licences_3y")["classes"]}

    assert classes["x"]["credit"] is classes["x"]["price"] is classes["x"]["break_even_cdr"] is None
    assert (classes["a1"]["attachment"], classes["a1"]["detachment"]) == (0.2, 1.0)
    assert (classes["a2"]["attachment"], classes["a2"]["detachment"]) == (0.2, 1.0)


def test_the_page_needs_nothing_else_and_the_tables_are_the_same_figures(files: Path) -> None:
    done = deal("report", "nanshan_5.json", "--pool", "nanshan_5.pool.json", "--out", "out", *FEW, "--cdr", "20")
    assert done.exit_code == 0, done.output
    written = sorted(path.name for path in (files / "out").iterdir())
    assert written == sorted(Path(line).name for line in done.stdout.splitlines())

    page = (files / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 5
    assert "Where the guarantor fails" in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not any(tag in page for tag in ("<script", "<link", "<img"))
    found = told("nanshan_5", "--cdr", "20")
    assert json.loads((files / "out" / "stress.json").read_text(encoding="utf-8")) == found
    with (files / "out" / "scenarios.csv").open(encoding="utf-8", newline="") as opened:
        assert [row["senior_loss_minor"] for row in csv.DictReader(opened)] == [
            str(row["senior_loss_minor"]) for row in found["scenarios"]
        ]


def test_words_of_a_file_stay_words_on_the_page_and_in_the_tables(files: Path) -> None:
    pool = json.loads(example_pool_text("nanshan_5"))
    pool["sources"], pool["scenarios"][0]["name"] = ["<script>alert(1)</script>"], "=1+1"
    Path("pool.json").write_text(json.dumps(pool), encoding="utf-8")
    done = deal("report", "nanshan_5.json", "--pool", "pool.json", "--out", "out", *FEW)

    assert done.exit_code == 0, done.output
    assert "<script" not in Path("out/report.html").read_text(encoding="utf-8")
    assert "\n'=1+1," in Path("out/scenarios.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_a_pool_that_does_not_fit_is_refused_with_code_and_place(line: str, files: Path) -> None:
    place, value, words = (part.strip() for part in line.split("|"))
    pool = json.loads(example_pool_text("nanshan_5"))
    *way, last = place.removeprefix("$.").split(".")
    at = pool
    for step in way:
        at = at[int(step)] if step.isdigit() else at[step]
    at[int(last) if last.isdigit() else last] = json.loads(value)
    Path("pool.json").write_text(json.dumps(pool), encoding="utf-8")

    done = deal("stress", "nanshan_5.json", "--pool", "pool.json", *FEW)

    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1), done.output
    assert words in done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--price", "senior"), "expected CLASS=PERCENT"),
        (("--price", "senior=nan"), "out of bounds"),
        (("--price", "nobody=100"), "projection.assumption_invalid at assumptions: no class nobody"),
        (("--price", "senior=100", "--yield", "senior=4"), "senior has a price and a yield"),
        (("--periods-of", "61"), "expected a scenario from 1 to 60"),
        (("--method", "sobol"), "60 scenarios are not a power of two"),
        (("--scenarios", "61", "--method", "antithetic"), "61 scenarios are not pairs"),
    ],
)
def test_a_wrong_option_is_one_line(more: tuple[str, ...], words: str, files: Path) -> None:
    done = stress("nanshan_5", *more)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1), done.output
    assert words in done.stderr


Place = tuple[str | int, ...]


def leaves(value: Any, way: Place = ()) -> list[Place]:
    """The ways to every value of a file that is no list or object."""
    if isinstance(value, dict):
        return [place for name, inner in value.items() for place in leaves(inner, (*way, name))]
    if isinstance(value, list):
        return [place for number, inner in enumerate(value) for place in leaves(inner, (*way, number))]
    return [way]


POOL = json.loads(example_pool_text("nanshan_5"))
FAIR = [place for place in leaves(POOL) if place[0] not in {"parts", "patents"} or place[1] == 0]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FAIR),
    st.sampled_from([-1, 0, 1, 2, 13, 1_000_000, 1_000_001, 2**53 - 1, 2**53, 2**64, 1.5, None, "", "x", [], {}]),
)
def test_a_pool_with_any_value_changed_is_measured_or_refused_in_one_line(place: Place, value: object) -> None:
    pool = json.loads(example_pool_text("nanshan_5"))
    at = pool
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    with TemporaryDirectory() as folder:
        files = Path(folder, "deal.json"), Path(folder, "pool.json")
        files[0].write_text(example_deal_text("nanshan_5"), encoding="utf-8")
        files[1].write_text(json.dumps(pool), encoding="utf-8")
        done = deal("stress", str(files[0]), "--pool", str(files[1]), "--scenarios", "4")

    assert done.exception is None or isinstance(done.exception, SystemExit), (place, value, done.exception)
    if done.exit_code:
        assert len(done.stderr.splitlines()) == 1
        assert re.match(r"exchange: (pool|projection|measure|periods|vectors)\.[a-z_]+ at ", done.stderr), done.stderr


def test_text_that_is_no_pool_is_refused(files: Path) -> None:
    for text, code in (("{", "pool.not_json"), ("[" * 65, "pool.too_large"), ('{"a":1,"a":1}', "pool.shape")):
        Path("pool.json").write_text(text, encoding="utf-8")
        done = deal("stress", "nanshan_5.json", "--pool", "pool.json")
        assert done.exit_code == 1
        assert f"{code} at pool.json $" in done.stderr
    repeated = example_pool_text("nanshan_5").replace('"format": 1,', '"format": 1, "format": 1,', 1)
    Path("pool.json").write_text(repeated, encoding="utf-8")
    assert "pool.not_json at pool.json $" in deal("stress", "nanshan_5.json", "--pool", "pool.json").stderr


def test_a_deal_whose_periods_are_not_whole_months_is_not_projected(files: Path) -> None:
    moved = json.loads(example_deal_text("nanshan_5"))
    moved["periods"][1]["end"] = moved["periods"][2]["start"] = "2022-10-15"
    moved["periods"][1]["payment_date"] = "2022-10-17"
    Path("moved.json").write_text(json.dumps(moved), encoding="utf-8")
    done = deal("stress", "moved.json", "--pool", "nanshan_5.pool.json")
    assert done.exit_code == 1
    assert "pool.calendar at deal $.periods[1].end: period 2 ends on 2022-10-15" in done.stderr


def test_an_example_without_a_pool_says_so() -> None:
    for name in sorted(set(EXAMPLES) - set(POOLS)):
        assert "no pool for" in deal("example", name, "--pool").stderr
    assert "not both" in deal("example", "nanshan_5", "--pool", "--periods").stderr


def test_a_drawn_scenario_runs_by_the_command_that_explains_it(files: Path) -> None:
    Path("periods.csv").write_text(stress("nanshan_5", "--periods-of", "60").stdout, encoding="utf-8")
    done = deal("run", "nanshan_5.json", "--periods", "periods.csv", "--why", "4:senior")
    assert done.exit_code == 0, done.output
    assert " to Senior (senior): of 1,833,682.19 due" in done.stdout
