"""Deals that must be refused: for each static check a deal that is sound but for one thing, its code, and the place."""

from __future__ import annotations

from typing import Any

import pytest

from securitization.deal_problems import SENTENCES, DealCode
from securitization.shipped import EXAMPLES
from tests.securitization.change import GONE, changed, example, problems
from tests.securitization.refused import REFUSED, TWO, balance, deep

FOUND_ELSEWHERE = (
    "deal.not_json",
    "deal.too_large",
    "periods.count",
    "periods.column",
    "periods.value",
    "vectors.overflow",
    "vectors.shape",
    "pool.not_json",
    "pool.shape",
    "pool.too_large",
    "pool.currency",
    "pool.balance",
    "pool.calendar",
    "pool.figures",
    "pool.guarantor",
    "absbox.not_said",
)
"""Codes of other doors, each with tests of its own."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_sound(name: str) -> None:
    assert problems(changed(name, {})) == []
    assert example(name).name == name


@pytest.mark.parametrize(("what", "name", "changes", "code", "path"), REFUSED, ids=[row[0] for row in REFUSED])
def test_it_is_refused(what: str, name: str, changes: dict[str, Any], code: str, path: str) -> None:
    found = problems(changed(name, changes))

    assert (code, path) in [(one.code, one.path) for one in found], found
    assert all(one.reason for one in found), what


def test_every_check_has_a_deal_that_it_refuses() -> None:
    tried = {code for _, _, _, code, _ in REFUSED}

    assert tried | set(FOUND_ELSEWHERE) == {str(code) for code in DealCode}


def test_every_code_has_its_sentence() -> None:
    assert set(SENTENCES) == set(DealCode)
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_eight_levels_of_formula_are_allowed_and_the_ninth_is_not() -> None:
    assert problems(changed(TWO, {"accounts[1].target": deep(8)})) == []


def test_a_liquidity_line_may_be_repaid_before_principal_and_a_guarantor_may_not() -> None:
    assert example(TWO).supports[0].kind == "liquidity"
    assert problems(changed(TWO, {})) == []
    assert problems(changed(TWO, {"supports[0].kind": "guarantee"}))[0].code == "seniority.subrogation"


def test_a_support_without_recourse_needs_no_repayment() -> None:
    changes = {
        "supports[0].recourse": False,
        "supports[0].restores": False,
        "waterfalls.normal[5]": GONE,
        "waterfalls.early_amortisation[5]": GONE,
    }
    assert problems(changed(TWO, changes)) == []


def test_balance_in_a_fee_is_known_as_the_period_opens() -> None:
    assert problems(changed(TWO, {"fees[0].charge.base": balance("senior")})) == []
