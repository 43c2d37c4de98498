"""An issue of a sealed pool: it waits for its issue, is sold truly as that is established, or is free again."""

from __future__ import annotations

from typing import Any

import pytest

from custody.pledges import ReleasePledge
from exchange.assets.kinds import PatentStatus
from exchange.core.ids import EncumbranceId, PoolId
from securitization.issue_messages import ClosingKind, IssueModel, IssueState, WithdrawIssue
from securitization.offering_messages import CancelOffering
from securitization.pool_records import PoolAssetState, PoolState
from tests.issuing.pooled import FACE, LEAST, Plan, deal_text
from tests.pools.stage import ISSUER, rule
from tests.sales.stage import THOUSAND


def test_the_closing_sells_the_pool_truly_and_the_originator_is_paid_in_cash_and_in_the_notes_it_keeps() -> None:
    plan = Plan.of_fees()
    before = {name: plan.cash(name) for name in ("lab", ISSUER, "wu", "ren")}
    plan.established()
    paid = {name: plan.cash(name) - cash for name, cash in before.items()}
    assert paid == {"lab": 900 * FACE, ISSUER: 0, "wu": -600 * FACE, "ren": -300 * FACE}
    issue, pool = plan.issue(), plan.yard.pool()
    assert (issue.state, pool.state, pool.issue_id) == (IssueState.ESTABLISHED, PoolState.SOLD, issue.issue_id)
    # 1,000,000 for 1,050,000 owed, by balances; lab has a tenth of it in notes.
    assert (issue.purchase_minor, issue.retained_minor, pool.price_minor) == (1_000 * FACE, 100 * FACE, 1_000 * FACE)
    assert [plan.pool_asset(asset).price_minor for asset in plan.assets] == [50_000_000, 30_000_000, 20_000_000]
    for asset, thousands in zip(plan.assets, (525, 315, 210), strict=True):
        sold = plan.pool_asset(asset)
        assert sold.state is PoolAssetState.SOLD
        assert plan.holds(ISSUER, sold.asset_id) == (thousands * THOUSAND, thousands * THOUSAND)
        assert plan.holds("lab", sold.asset_id) == (0, 0)
    plan.venue.close()


def test_loans_are_sold_only_while_their_pledges_stand() -> None:
    plan = Plan.of_loans().offered()
    pledge = plan.pool_asset(plan.assets[1]).encumbrance_id
    assert plan.venue.refusal(ReleasePledge(encumbrance_id=pledge), "bank") == ""
    assert plan.refused_close() == "closing.open_items"
    plan.venue.close()


def test_loans_with_their_pledges_are_sold() -> None:
    plan = Plan.of_loans().established()
    assert plan.yard.pool().state is PoolState.SOLD
    assert [item.pool_asset_id for item in plan.items(ClosingKind.PLEDGE_REGISTERED)] == list(plan.assets)
    plan.venue.close()


def test_another_pledge_than_its_own_shows_nothing_for_a_loan_even_on_the_same_right() -> None:
    plan = Plan.of_loans(one_right=True).proposed()
    first, second = plan.items(ClosingKind.PLEDGE_REGISTERED)
    own, greater = (plan.pool_asset(item.pool_asset_id).encumbrance_id for item in (second, first))
    for reference, code in ((greater, "closing.not_shown"), (0, "closing.not_shown"), (own, "")):
        shown = plan.show(second, encumbrance_id=EncumbranceId(reference), documents=())
        assert plan.venue.refusal(shown, "arranger") == code


def test_a_fee_of_the_second_licence_is_sold_with_both_legs_shown() -> None:
    plan = Plan.of_second_licence().established()
    assert plan.yard.pool().state is PoolState.SOLD
    shown = {item.kind: item.reference_id for item in plan.items() if item.pool_asset_id}
    assert shown[ClosingKind.FIRST_LICENCE] == plan.licence_id and shown[ClosingKind.RETURN_LICENCE] == 0
    plan.venue.close()


def test_a_first_licence_that_has_ended_keeps_the_fee_from_being_sold() -> None:
    plan = Plan.of_second_licence().offered()
    for line in ("bank ends bank", "lab ends bank"):
        plan.desk.happens(line)
    assert plan.desk.shown() != "bank in_force"
    assert plan.refused_close() == "closing.open_items"
    plan.venue.close()


def test_a_right_that_falls_before_the_closing_keeps_the_pool_from_being_sold_and_its_return_lets_it() -> None:
    plan = Plan.of_fees(rule("right_in_force")).offered()
    plan.yard.falls(plan.yard.right_id, PatentStatus.LAPSED_FEE)
    assert plan.refused_close() == "pool.rules_failed"
    plan.yard.falls(plan.yard.right_id, PatentStatus.IN_FORCE)
    assert plan.refused_close() == ""
    plan.venue.finish_runs()
    assert plan.issue().state is IssueState.ESTABLISHED
    plan.venue.close()


@pytest.mark.parametrize("end", ["withdrawn", "cancelled"])
def test_a_pool_waits_for_its_issue_alone_and_is_free_when_that_comes_to_nothing(end: str) -> None:
    plan = Plan.of_fees()
    if end == "withdrawn":
        plan.proposed()
    else:
        plan.offered()
    yard = plan.yard
    assert yard.pool().issue_id == plan.issue_id
    assert (yard.does("sell"), yard.does("withdraw pool")) == ("pool.state", "pool.state")
    assert plan.venue.refusal(plan.proposal(name="two"), "arranger") == "pool.state"
    if end == "withdrawn":
        plan.venue.do(WithdrawIssue(issue_id=plan.issue_id), "arranger")
    else:
        plan.venue.do(CancelOffering(offering_id=plan.offering_id))
        plan.venue.finish_runs()
    assert (yard.pool().issue_id, yard.pool().state) == (0, PoolState.SEALED)
    assert yard.does("sell") == ""
    plan.venue.close()


@pytest.mark.parametrize(("least_ppm", "code"), [(LEAST, ""), (LEAST + 1, "offering.invalid")])
def test_what_the_originators_ask_bounds_the_offer(least_ppm: int, code: str) -> None:
    plan = Plan.of_fees(least_ppm=least_ppm).proposed()
    plan.satisfy()
    first = plan.venue.by_two(plan.offer())[0]
    assert str(getattr(first, "code", "")) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"claims": (1,)}, "issue.invalid"),  # claims and a pool
        ({"pool_id": None}, "issue.invalid"),  # neither
        ({"pool_id": PoolId(1)}, "pool.unknown"),
        ({"model": IssueModel.PLEDGED_LOANS}, "issue.pool_unfit"),  # fees are no loans
    ],
)
def test_a_proposal_names_claims_or_one_pool_that_fits(changed: dict[str, Any], code: str) -> None:
    plan = Plan.of_fees()
    plan.publish(deal_text())
    assert plan.venue.refusal(plan.proposal(**changed), "arranger") == code


@pytest.mark.parametrize(
    ("pool", "final", "code"),
    [
        (1_050 * THOUSAND, "2029-03-02", ""),
        (1_050 * THOUSAND + 1, "2029-03-02", "issue.pool_unfit"),
        (1_050 * THOUSAND, "2029-01-15", ""),
        (1_050 * THOUSAND, "2029-01-14", "issue.pool_unfit"),  # a day less than the deal runs
    ],
)
def test_a_pool_fits_the_deal_to_the_fen_and_the_day(pool: int, final: str, code: str) -> None:
    plan = Plan.of_fees(final_date=final)
    plan.publish(deal_text(pool={"initial_balance_minor": pool, "initial_valuation_minor": 1_500 * THOUSAND}))
    assert plan.venue.refusal(plan.proposal(), "arranger") == code


def test_a_draft_pool_is_no_pool_to_issue() -> None:
    plan = Plan.of_fees()
    plan.yard.opened(final_date="2029-03-02")
    plan.publish(deal_text())
    assert plan.venue.refusal(plan.proposal(), "arranger") == "pool.state"
