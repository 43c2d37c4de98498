"""What is handed on: a plain program that pays what the evaluator pays, and AbsBox JSON where AbsBox has the words."""

from __future__ import annotations

import ast
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from securitization.deal import Deal, deal_hash, read_deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.evaluate import run_checked
from securitization.explain import run_items
from securitization.export_absbox import export_absbox
from securitization.export_python import export_python
from securitization.periods import PoolPeriod, write_periods
from securitization.shipped import EXAMPLES, example_periods_text
from tests.securitization.change import GONE, changed, example, example_pool
from tests.securitization.random_deals import Maker
from tests.securitization.random_pools import scenarios


def items(text: str) -> list[tuple[int, str, int]]:
    """The lines a program printed."""
    return [(int(number), item, int(amount)) for number, item, amount in list(csv.reader(text.splitlines()))[1:]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_program_of_an_example_runs_alone_and_pays_the_same(name: str, tmp_path: Path) -> None:
    program, periods = tmp_path / "program.py", tmp_path / "periods.csv"
    program.write_text(export_python(example(name)), encoding="utf-8")
    periods.write_text(example_periods_text(name), encoding="utf-8")

    done = subprocess.run([sys.executable, "-I", "-S", program, periods], capture_output=True, text=True, check=True)

    assert items(done.stdout) == run_items(run_checked(example(name), example_pool(name)))


def test_the_programs_of_random_deals_pay_the_same() -> None:
    for seed in range(60):
        deal = Maker(seed).deal
        program: dict[str, Any] = {"__name__": "program"}
        exec(compile(export_python(deal), "program.py", "exec"), program)  # noqa: S102 - it is what is tested
        for pool in scenarios(deal, seed, 3):
            assert items(played(program, deal, pool)) == run_items(run_checked(deal, pool)), seed


def played(program: dict[str, Any], deal: Deal, pool: list[PoolPeriod]) -> str:
    sink = io.StringIO()
    program["main"](io.StringIO(write_periods(deal, pool)), sink)
    return sink.getvalue()


def test_a_program_needs_the_standard_library_only_and_names_its_deal() -> None:
    deal = example("patent_licences_3y")
    text = export_python(deal)
    tree = ast.parse(text)
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]

    assert imported == ["csv", "sys"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert deal_hash(deal) in text
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)]


def test_titles_cannot_smuggle_code_into_a_program() -> None:
    nasty = {"en": '"""\u2028 \'\\ # x', "zh": "“”"}
    changes = {"title": nasty, "tranches[0].title": nasty, "triggers[0].title": nasty, "accounts[0].title": nasty}
    deal = read_deal(changed("two_classes", changes))
    assert isinstance(deal, Deal)

    plain, odd = ast.parse(export_python(example("two_classes"))), ast.parse(export_python(deal))
    assert ast.dump(ast.Module(odd.body[1:], [])) == ast.dump(ast.Module(plain.body[1:], []))


def test_a_program_refuses_another_number_of_periods(tmp_path: Path) -> None:
    program, periods = tmp_path / "program.py", tmp_path / "periods.csv"
    program.write_text(export_python(example("two_classes")), encoding="utf-8")
    periods.write_text("\n".join(example_periods_text("two_classes").splitlines()[:-1]), encoding="utf-8")

    done = subprocess.run([sys.executable, program, periods], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "3 periods of figures for a deal of 4" in done.stderr


# --- AbsBox


def absbox(changes: dict[str, Any]) -> Any:
    deal = read_deal(changed("two_classes", changes))
    assert isinstance(deal, Deal)
    assert check_deal(deal) == []
    found = export_absbox(deal)
    return found if isinstance(found, Problem) else json.loads(found)


def test_a_deal_has_the_shape_of_absbox() -> None:
    """The keys and tags are those AbsBox writes for its own benchmark deals."""
    deal = absbox({})
    contents = deal["contents"]

    assert deal["tag"] == "MDeal"
    assert list(contents) == [
        "dates", "name", "status", "pool", "bonds", "waterfall", "fees", "accounts", "collects", "rateSwap", "rateCap",
        "currencySwap", "custom", "triggers", "liqProvider", "ledgers",
    ]  # fmt: skip
    bond = contents["bonds"]["senior"]
    assert bond["bndInterestInfo"] == {"tag": "Fix", "contents": [0.03, "DC_ACT_365F"]}
    assert (bond["bndBalance"], bond["bndType"], bond["tag"]) == (90_000_000, {"tag": "Sequential"}, "Bond")
    assert contents["bonds"]["junior"]["bndType"] == {"tag": "Equity"}
    assert contents["collects"][0] == {"tag": "Collect", "contents": [None, "CollectedInterest", "cash"]}
    assert [one["tag"] for one in contents["waterfall"]["DistributionDay Amortizing"]] == [
        "CalcFee", "CalcBondInt", "Transfer", "LiqSupport", "PayFeeBySeq", "PayIntBySeq", "Transfer", "LiqRepay",
        "PayPrin", "PayIntResidual",
    ]  # fmt: skip
    late = contents["waterfall"]["DistributionDay (DealAccelerated Nothing)"]
    assert late[8] == {"tag": "PayPrinBySeq", "contents": [None, "cash", ["senior", "junior"], None]}
    assert contents["triggers"]["EndDistributionWF"]["oc"]["trgEffects"] == {
        "tag": "DealStatusTo",
        "contents": {"tag": "DealAccelerated", "contents": None},
    }


def test_amounts_are_exact_decimals() -> None:
    deal = read_deal(changed("two_classes", {"accounts[0].opening_minor": 900_719_925_474_099}))
    assert isinstance(deal, Deal)
    text = export_absbox(deal)
    assert isinstance(text, str)
    assert '"accBalance": 9007199254740.99' in text


SAID: list[tuple[str, dict[str, Any], Any]] = [
    ("bonds", {"tranches[0].principal": {"is": "bullet", "period": 4}}, {"tag": "Lockout", "contents": "2027-01-15"}),
    (
        "bonds",
        {"tranches[0].principal": {"is": "planned", "balances_minor": [1, 1, 0, 0]}},
        {
            "tag": "PAC",
            "contents": {
                "tag": "BalanceCurve",
                "contents": [["2025-07-15", 0.01], ["2026-01-15", 0.01], ["2026-07-15", 0], ["2027-01-15", 0]],
            },
        },
    ),
]


@pytest.mark.parametrize(("where", "changes", "wanted"), SAID)
def test_absbox_has_words_for_plans_and_bullets(where: str, changes: dict[str, Any], wanted: Any) -> None:
    assert absbox(changes)["contents"][where]["senior"]["bndType"] == wanted


NOT_SAID: list[tuple[dict[str, Any], str]] = [
    ({"currency": "JPY"}, "$.currency"),
    (
        {"tranches[0].coupon": {"is": "stepped", "steps": [{"from_period": 1, "rate_ppm": 1}]}},
        "$.tranches[0].coupon",
    ),
    (
        {"tranches[0].coupon": {"is": "floating", "index": "lpr", "spread_ppm": 1}, "indexes": ["lpr"]},
        "$.tranches[0].coupon",
    ),
    ({"tranches[0].unpaid_interest": "compounding"}, "$.tranches[0].unpaid_interest"),
    ({"tranches[0].capitalise_until_period": 1}, "$.tranches[0].capitalise_until_period"),
    ({"fees[0].minimum_minor": 1}, "$.fees[0]"),
    ({"fees[0].vat_ppm": 1}, "$.fees[0]"),
    ({"fees[0].charge.day_count": "act_360"}, "$.fees[0].charge"),
    ({"fees[0].charge.base": {"is": "pool", "figure": "valuation"}}, "$.fees[0].charge.base"),
    ({"supports[0].rate_ppm": 1}, "$.supports[0].rate_ppm"),
    ({"supports[0].restores": False}, "$.supports[0].restores"),
    ({"triggers[0].strikes": 2}, "$.triggers[0]"),
    ({"triggers[0].cure_after": 2}, "$.triggers[0]"),
    ({"triggers[0].test": {"is": "valuation", "minimum_ppm": 1}}, "$.triggers[0].test.left"),
    ({"triggers[0].test": {"is": "support_failed", "support": "line"}}, "$.triggers[0].test.left"),
    (
        {"triggers[0].test": {"is": "interest_coverage", "tranches": ["senior"], "minimum_ppm": 1, "window": 2}},
        "$.triggers[0].test",
    ),
    (
        {"waterfalls.normal[6].order": "shares", "waterfalls.normal[6].shares_ppm": [1, 999_999]},
        "$.waterfalls.normal[6].order",
    ),
    ({"waterfalls.normal[1].principal": ["senior"]}, "$.waterfalls.normal[1].principal"),
    (
        {"accounts[1].target": {"is": "support", "figure": "owed", "support": "line"}},
        "$.accounts[1].target",
    ),
]


@pytest.mark.parametrize(("changes", "path"), NOT_SAID, ids=[row[1] + str(n) for n, row in enumerate(NOT_SAID)])
def test_what_absbox_cannot_say_is_refused_with_its_place(changes: dict[str, Any], path: str) -> None:
    refused = absbox(changes)

    assert isinstance(refused, Problem), refused
    assert (refused.code, refused.path) == ("absbox.not_said", path)


def test_hedges_and_other_statuses_are_refused() -> None:
    found = export_absbox(example("patent_licences_3y"))
    assert isinstance(found, Problem)
    assert found.path == "$.hedges"

    late = {"triggers[0].status": "clean_up", "waterfalls.early_amortisation": GONE}
    tree = json.loads(changed("two_classes", late))
    tree["waterfalls"]["clean_up"] = tree["waterfalls"]["normal"]
    for step in tree["waterfalls"]["clean_up"]:
        step.pop("order", None)
    deal = read_deal(json.dumps(tree))
    assert isinstance(deal, Deal)
    refused = export_absbox(deal)
    assert isinstance(refused, Problem)
    assert refused.path in {"$.triggers[0].status", "$.waterfalls.clean_up"}
