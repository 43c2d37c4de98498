"""A deal with a line of cash, a guarantor and a swap, through shortfalls, failures, default and clean-up.

Amounts are in thousands of CNY; the senior class bears 3 % and owes about 13.4 for the first half-year.
"""

from __future__ import annotations

import json
from typing import Any

from exchange.core.messages import Rejected
from securitization.issue_messages import FeePayee, IssueRole
from securitization.servicing_messages import ApprovePayment, DepositCollection, PreparePayment
from tests.issuing.pooled import Plan, deal_text
from tests.sales.stage import THOUSAND
from tests.servicing.pooled import Life

LEVEL = 20_000
"""The index at which the swap's legs are worth the same, ppm."""
PAYEES = (
    FeePayee(name="trustee", role=IssueRole.TRUSTEE),
    FeePayee(name="line", role=IssueRole.ORIGINATOR),
    FeePayee(name="guarantee", role=IssueRole.GUARANTOR),
    FeePayee(name="swap", role=IssueRole.HEDGE_PROVIDER),
)
WORDS = {"en": "For a test", "zh": "测试"}
LEGS = {"receive": {"is": "floating", "index": "shibor"}, "pay": {"is": "fixed", "rate_ppm": LEVEL}}


def full_text() -> str:
    """Two classes, a line of cash called first and a guarantor last, a swap, four triggers, four waterfalls."""
    deal = json.loads(deal_text())
    line = deal["supports"][0]
    deal["supports"] = [line, line | {"name": "guarantee", "kind": "guarantee", "restores": False}]
    senior = {"is": "tranches", "figure": "balance", "tranches": ["senior"]}
    swap = {"name": "swap", "title": WORDS, "terms": {"is": "swap"} | LEGS, "notional": senior}
    deal |= {"indexes": ["shibor"], "hedges": [swap | {"day_count": "act_365", "account": "cash"}]}
    small = {"is": "compare", "relation": "at_most", "ratio_ppm": 100_000}
    small |= {side: {"is": "pool", "figure": f} for side, f in (("left", "balance"), ("right", "initial_balance"))}
    deal["triggers"] = [
        _trigger("guarantor", {"is": "support_failed", "support": "guarantee"}, "collection", "event_of_default"),
        _trigger("rights", {"is": "invalidation", "rights": 1}, "collection", "early_amortisation"),
        _trigger("unpaid", {"is": "interest_unpaid", "tranches": ["senior"]}, "payment", "event_of_default"),
        _trigger("small", small, "collection", "clean_up"),
    ]
    falls = deal["waterfalls"]
    for steps in (falls["normal"], falls["early_amortisation"]):
        top_up = next(step for step in steps if step["is"] == "top_up")
        top_up["sources"] = [{"is": "support", "support": name} for name in ("line", "guarantee")]
        principal = next(place for place, step in enumerate(steps) if step["is"] == "pay_principal")
        sequential = steps[principal] | {"order": "sequential"}
        steps[principal : principal + 1] = [
            sequential | {"tranches": ["senior"]},
            {"is": "repay_supports", "from_account": "cash", "supports": ["guarantee"]},
            sequential | {"tranches": ["junior"]},
        ]
        fees = next(place for place, step in enumerate(steps) if step["is"] == "pay_fees")
        steps.insert(fees + 1, {"is": "pay_hedges", "from_account": "cash", "hedges": ["swap"]})
    falls |= {"clean_up": falls["early_amortisation"], "event_of_default": falls["early_amortisation"]}
    return json.dumps(deal)


def _trigger(name: str, test: dict[str, Any], checked: str, status: str) -> dict[str, Any]:
    return {"name": name, "title": WORDS, "test": test, "checked": checked, "status": status}


def opened() -> Life:
    """The deal issued and served, the swap worth nothing."""
    life = Life.opened(Plan.of_fees(), full_text(), payees=PAYEES)
    life.rates = {"shibor": LEVEL}
    life.yard.pay_in("fund", 100 * THOUSAND)
    return life


def whole(life: Life) -> dict[Any, int]:
    """Everything is still owed."""
    return dict(zip(life.plan.assets, (525, 315, 210), strict=True))


def approval(life: Life) -> str:
    """The code the trustee's approval is refused with."""
    payment = life.payment()
    command = ApprovePayment(payment_id=payment.payment_id, plan_sha256=payment.plan_sha256)
    return life.venue.refusal(command, "trustee2")


def called(life: Life) -> dict[str, int]:
    """Who is called, and for how much."""
    return {one.name: one.amount_minor for one in life.payment().pay_ins}


# --- Hedges -----------------------------------------------------------------------------------------------------------


def test_a_swap_pays_in_what_the_index_is_above_and_is_paid_what_it_is_below() -> None:
    life = opened()
    life.rates = {"shibor": LEVEL + 10_000}
    life.collects(20, 0, whole(life))
    due = (900 * THOUSAND * 10_000 * 181 + 182_500_000) // 365_000_000  # 1 % of the senior balance, 181 days
    assert called(life) == {"swap": due}
    assert life.duties() == ["top_up swap open"]
    assert (approval(life), life.funds("swap", "lab")) == ("payment.not_funded", "payment.not_party")
    assert life.funds("swap", "fund") == ""
    before = life.plan.cash("fund")
    life.pays()
    life.rates = {"shibor": LEVEL - 10_000}
    life.collects(40, 0, whole(life))
    assert called(life) == {}
    life.pays()
    assert life.plan.cash("fund") > before
    life.venue.close()


def test_a_swap_that_does_not_pay_in_stops_the_payment_and_stays_late() -> None:
    life = opened()
    life.rates = {"shibor": LEVEL + 10_000}
    life.collects(20, 0, whole(life))
    life.to_day("2027-07-15")
    assert (life.duties(), approval(life)) == (["top_up swap late"], "payment.not_funded")
    assert life.funds("swap", "fund") == ""
    life.pays()
    assert life.status() == "normal"
    life.venue.close()


# --- Shortfalls -------------------------------------------------------------------------------------------------------


def test_a_shortfall_is_topped_up_and_paid_back_by_subrogation() -> None:
    life = opened()
    life.collects(0, 0, whole(life))
    short = called(life)["line"]
    assert short == life.payment().result.figures["support.line.owed"] > 0
    assert life.funds("line", "lab") == ""
    life.pays()
    before = life.plan.cash("lab")
    life.collects(60, 0, whole(life))
    life.pays()
    # It has back what it paid in, and what its junior notes got.
    assert life.plan.cash("lab") - before >= short
    assert [one.owed for one in life.servicing().running.supports] == [0, 0]
    life.venue.close()


def test_a_missed_top_up_calls_the_guarantor_who_pays() -> None:
    life = opened()
    life.collects(0, 0, whole(life))
    short, first = called(life)["line"], life.payment().plan_sha256
    life.to_day("2027-07-10")
    payment = life.payment()
    assert (payment.failed_supports, called(life)) == (("line",), {"guarantee": short})
    assert payment.plan_sha256 != first
    assert life.duties() == ["guarantee_call guarantee open"]
    assert life.funds("line", "lab") == "payment.not_called"
    assert life.funds("guarantee", "guarantor") == ""
    life.pays()
    assert life.status() == "normal"
    assert [tranche.interest_due for tranche in life.servicing().running.tranches] == [0, 0]
    life.venue.close()


def test_a_guarantor_that_fails_is_an_event_of_default_and_the_senior_class_comes_first_from_then_on() -> None:
    life = opened()
    first, second, third = life.plan.assets
    life.collects(0, 0, whole(life))
    life.to_day("2027-07-10")
    life.to_day("2027-07-12")
    payment = life.payment()
    assert payment.failed_supports == ("line", "guarantee") and called(life) == {}
    assert payment.result.status == "event_of_default"
    life.pays()
    assert life.status() == "event_of_default"
    assert life.servicing().running.tranches[0].interest_due > 0
    assert life.perfects() == ""
    life.collects(30, 500, {first: 25, second: 315, third: 210}, by="agent")
    life.pays()
    senior, junior = life.balances()
    assert junior == 100 and 900 - senior > 490
    life.collects(30, 550, {first: 0, second: 0, third: 0}, by="agent")
    life.pays()
    assert life.balances() == [0, 0] and not life.redeemed()  # the reserve is still to be paid out
    life.collects(0, 0, {first: 0, second: 0, third: 0}, by="agent")
    life.pays()
    assert life.redeemed()
    life.venue.close()


# --- Clean-up ---------------------------------------------------------------------------------------------------------


def test_a_small_pool_is_cleaned_up_by_its_originator_and_every_note_ends() -> None:
    life = opened()
    first, second, third = life.plan.assets
    life.collects(20, 945, {first: 0, second: 0, third: 105})  # a tenth of the pool, to the fen
    assert life.payment().result.status == "clean_up"
    life.pays()
    assert life.status() == "clean_up" and life.balances()[0] == 0 and not life.redeemed()
    senior, junior = life.plan.issue().classes
    assert life.venue.state.ledger.held(life.venue.accounts["lab"], junior.asset_id) == 100
    told = life.buys_back(third, 105)
    assert not isinstance(told[0], Rejected)
    life.collects(0, 0, {first: 0, second: 0})
    life.pays()
    assert life.redeemed()
    ledger = life.venue.state.ledger
    for asset_id in (senior.asset_id, junior.asset_id):
        assert not any(balance.units for balance in ledger.balances.get(asset_id, {}).values())
    life.venue.restart()
    life.venue.close()


def test_one_fen_above_a_tenth_is_no_small_pool() -> None:
    life = opened()
    first, second, third = life.plan.assets
    rows = list(life.rows(20, 944, {first: 0, second: 0, third: 105}))
    rows[-1] = type(rows[-1])(key=rows[-1].key, balance_minor=rows[-1].balance_minor + 1)
    assert life.venue.refusal(life.collection(tuple(rows)), "servicer") == ""
    for command in (DepositCollection, PreparePayment):
        assert life.venue.refusal(command(servicing_id=life.servicing_id), "servicer") == ""
    assert life.payment().result.status == "normal"
