"""A pool's life behind its deal: what collections name, what a fallen right does, what is bought back or swapped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.assets.kinds import PatentStatus
from exchange.core.messages import Rejected
from exchange.core.units import Minor
from securitization.pool_records import PoolAssetState, PoolKind
from securitization.servicing_messages import DebtorsTold, RepurchaseMade, SalePerfected
from securitization.servicing_records import CollectionRow, Duty, DutyKind
from tests.issuing.pooled import Plan, deal_text
from tests.pools.stage import ISSUER, rule
from tests.sales.stage import THOUSAND
from tests.servicing.pooled import Life


def deal_with_invalidation() -> str:
    """The deal of two classes; one right that falls begins early amortisation, for good."""
    deal = json.loads(deal_text())
    deal["triggers"].append(
        deal["triggers"][0]
        | {"name": "rights", "test": {"is": "invalidation", "rights": 1}, "checked": "collection"}
    )  # fmt: skip
    return json.dumps(deal)


def test_a_right_that_falls_begins_early_amortisation_whatever_the_servicer_says_and_counts_once() -> None:
    life = Life.opened(Plan.of_fees(), deal_with_invalidation())
    first, second, third = life.plan.assets
    life.yard.falls(life.yard.right_id, PatentStatus.LAPSED_FEE)  # two fees hang on it
    life.collects(20, 0, {first: 525, second: 315, third: 210})
    assert life.payment().result.status == "early_amortisation"
    life.pays()
    running = life.servicing().running
    assert (running.invalidated_rights, life.servicing().fallen) == (1, (life.yard.right_id,))
    life.collects(20, 0, {first: 525, second: 315, third: 210})
    assert life.payment().after.invalidated_rights == 1
    life.pays()
    life.yard.falls(life.yard.other_right, PatentStatus.LAPSED_FEE)
    life.collects(20, 0, {first: 525, second: 315, third: 210})
    assert life.payment().after.invalidated_rights == 2
    life.venue.close()


@pytest.mark.parametrize(
    ("who", "left", "changed", "code"),
    [
        ("each asset once", (525, 315, 210), {}, ""),
        ("the last is missing", (525, 315), {}, "collection.invalid"),
        ("more than is owed", (526, 315, 210), {}, "collection.invalid"),
        ("a right that did not fall", (525, 315, 210), {"invalidated_rights": 1}, "collection.invalid"),
    ],
)
def test_rows_are_those_of_the_pool(who: str, left: tuple[int, ...], changed: dict[str, Any], code: str) -> None:
    life = Life.opened(Plan.of_fees())
    rows = life.rows(20, 0, dict(zip(life.plan.assets, left, strict=False)))
    assert life.venue.refusal(life.collection(rows, **changed), "servicer") == code, who


def test_a_strangers_row_is_refused() -> None:
    life = Life.opened(Plan.of_fees())
    rows = life.rows(20, 0, dict(zip(life.plan.assets, (525, 315, 210), strict=True)))
    for key in ("PX1-1", "PX1-0001", "loan-7"):
        more = tuple(sorted((*rows, CollectionRow(key=key)), key=lambda row: row.key))
        assert life.venue.refusal(life.collection(more), "servicer") == "collection.invalid"
    whole = life.collection(rows)
    part = type(whole)(servicing_id=whole.servicing_id, period=1, version=1, rows=rows)
    assert life.venue.refusal(part, "servicer") == "collection.invalid"  # no figures: a part of more


def test_what_is_bought_back_leaves_the_pool_and_its_price_is_principal() -> None:
    life = Life.opened(Plan.of_fees())
    first, second, third = life.plan.assets
    before = life.plan.cash("lab")
    made = life.buys_back(second, 315)
    assert isinstance(made[0], RepurchaseMade)
    assert life.plan.cash("lab") == before - 315 * THOUSAND
    back = life.plan.pool_asset(second)
    assert (back.state, life.pool().assets) == (PoolAssetState.OFFERED, (first, third))
    assert life.plan.holds("lab", back.asset_id) == (315 * THOUSAND, 315 * THOUSAND)
    assert life.plan.holds(ISSUER, back.asset_id) == (0, 0)
    again = life.buys_back(second, 1)[0]
    assert isinstance(again, Rejected) and again.code == "pool_asset.unknown"
    owes = life.collection(life.rows(20, 0, {first: 525, second: 315, third: 210}))
    assert life.venue.refusal(owes, "servicer") == "collection.invalid"  # it owes the pool nothing more
    life.collects(20, 0, {first: 525, second: 0, third: 210})
    late = life.buys_back(first, 525)[0]
    assert isinstance(late, Rejected) and late.code == "collection.period"
    assert life.payment().after.pool[0].principal_minor == 315 * THOUSAND
    life.pays()
    assert sum(life.balances()) < 1_000 - 300
    life.venue.close()


@pytest.mark.parametrize(("by", "code"), [("bank", "servicing.not_party"), ("lab", "")])
def test_only_its_own_originator_buys_an_asset_back(by: str, code: str) -> None:
    life = Life.opened(Plan.of_fees())
    told = life.buys_back(life.plan.assets[0], 1, by)[0]
    assert str(getattr(told, "code", "")) == code


REVOLVING = {"kind": PoolKind.REVOLVING, "revolving_until": "2027-12-31"}


def test_a_revolving_pool_is_replenished_under_its_rules_until_its_date_and_the_collection_follows() -> None:
    life = Life.opened(Plan.of_fees(rule("debtor_to", value=500_000), **REVOLVING))
    first, second, third = life.plan.assets
    weak, meis = life.yard.fee("ren", 314), life.yard.fee("mei", 315)
    assert life.yard.does("substitute", second, by_pool_asset_id=weak) == "pool_asset.substitute"
    assert life.yard.does("substitute", second, by_pool_asset_id=meis) == "pool.rules_failed"  # mei owes half of it
    strong = life.yard.fee("ren", 315)
    assert life.yard.does("substitute", second, by_pool_asset_id=strong) == ""
    old = life.collection(life.rows(20, 0, {first: 525, second: 315, third: 210}))
    assert life.venue.refusal(old, "servicer") == "collection.invalid"
    life.collects(20, 0, {first: 525, third: 210, strong: 315})
    life.pays()
    later = life.yard.fee("ren", 400)
    life.to_day("2027-12-31")
    assert life.yard.does("substitute", strong, by_pool_asset_id=later) == "pool.state"  # it revolves no more
    life.venue.close()


def test_early_amortisation_ends_the_revolving_period() -> None:
    life = Life.opened(Plan.of_fees(**REVOLVING), deal_with_invalidation())
    first, second, third = life.plan.assets
    life.yard.falls(life.yard.other_right, PatentStatus.REVOKED)
    fresh = life.yard.fee("ren", 315)
    life.collects(20, 0, {first: 525, second: 315, third: 210})
    life.pays()
    assert life.yard.does("substitute", second, by_pool_asset_id=fresh) == "pool.state"
    assert life.yard.does("add", fresh, price_minor=Minor(315 * THOUSAND)) == "pool.state"
    life.venue.close()


# --- Perfection -------------------------------------------------------------------------------------------------------


def test_a_sale_is_perfected_after_a_trigger_and_the_back_up_serves() -> None:
    life = Life.opened(Plan.of_fees(), deal_with_invalidation())
    assert life.perfects() == "servicing.not_triggered"
    first, second, third = life.plan.assets
    life.yard.falls(life.yard.right_id, PatentStatus.REVOKED)
    life.collects(20, 0, {first: 525, second: 315, third: 210})
    assert life.perfects() == "servicing.state"  # the period's money is handed in
    life.pays()
    assert life.perfects("servicer") == "servicing.not_party"
    assert life.perfects() == ""
    told = life.venue.journal[-1].events
    assert [type(event) for event in told[:2]] == [SalePerfected, DebtorsTold]
    accounts = life.venue.accounts
    debtors = {mark.account_id for mark in told[1].movement.marks}  # type: ignore[attr-defined] # DebtorsTold
    assert debtors == {accounts["mei"], accounts["wu"]}
    duties = life.venue.state.table(Duty).values()
    served = {duty.account_id for duty in duties if duty.kind is not DutyKind.DISCLOSURE}
    assert served == {accounts["agent"]}
    assert life.perfects() == "servicing.state"
    rows = life.rows(20, 100, {first: 425, second: 315, third: 210})
    assert life.venue.refusal(life.collection(rows), "servicer") == "servicing.not_party"
    life.collects(20, 100, {first: 425, second: 315, third: 210}, by="agent")
    life.pays()
    life.venue.restart()
    life.venue.close()


def test_a_late_collection_lets_the_back_up_in() -> None:
    life = Life.opened(Plan.of_fees())
    assert life.perfects() == "servicing.not_triggered"
    life.to_day("2027-07-05")  # ten days before the payment date
    assert life.perfects() == ""
    life.collects(20, 100, dict(zip(life.plan.assets, (425, 315, 210), strict=True)), by="agent")
    life.pays()
    life.venue.close()
