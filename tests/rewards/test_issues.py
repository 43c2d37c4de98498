"""A closed issue opens claims by the roles the ledger shows; the older commands and the new ones pay once."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import IssueId, ProductId, ProgrammeId
from exchange.core.parties import Role
from exchange.core.reward_terms import Base, Fact, Fixed, Rate, RoleAmount, SchemeRole
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, Ppm
from securitization.messages import ClaimReward, CloseProduct, OpenProgramme, ProgrammeOpened, RewardRole
from tests.issuing.pooled import FACE, Plan
from tests.pools.stage import ISSUER
from tests.products.test_products import Desk
from tests.rewards.stage import Office, text_of
from tests.support import publish

PARTIES = {"issuer": "licensor0", "intermediary": "arranger", "enterprise": "licensor1"}


def office_of(desk: Desk, **changed: Any) -> Office:
    """The programme without an amount in the note, on the desk's venue, with amounts of an authority."""
    office = Office.__new__(Office)
    office.venue, office.programme, office.applications = desk.venue, "cn_note_securitization", {}
    publish(desk.venue, PublishedKind.REWARD_PROGRAMME, text_of("cn_note_securitization", **changed))
    size = Rate(rate_ppm=Ppm(10_000), of=Base(fact=Fact.ISSUE_SIZE))
    office.opened(600)
    office.done(
        office.venue.by_two(
            office.activating(
                RoleAmount(role=SchemeRole.ISSUER, formula=size),
                RoleAmount(role=SchemeRole.INTERMEDIARY, formula=Fixed(amount_minor=Minor(30))),
                RoleAmount(role=SchemeRole.ENTERPRISE, formula=Fixed(amount_minor=Minor(7))),
            )
        )
    )
    office.call(600)
    return office


@pytest.mark.parametrize(("role", "amount"), [("issuer", 100), ("intermediary", 30), ("enterprise", 7)])
def test_each_role_of_a_closed_issue_claims_its_own(role: str, amount: int) -> None:
    desk = Desk()
    office, firm = office_of(desk), PARTIES[role]
    desk.offered()
    said: dict[str, Any] = {"role": SchemeRole(role), "product_id": desk.product_id}
    assert desk.venue.refusal(office.begin(firm, **said), firm) == "application.no_event"
    desk.venue.do(desk.subscribe("investor0", 100), "investor0")
    desk.venue.do(CloseProduct(product_id=desk.product_id))
    office.drafted(firm, **said)
    office.done(desk.venue.do(office.handing_in(firm), firm))
    assert office.now(firm).asked_minor == amount
    cash = desk.venue.cash(firm)
    office.take(firm, "accept", "publicise", "wait", "approve", "pay")
    assert desk.venue.cash(firm) == cash + amount
    stranger = office.begin("investor1", **said)
    assert desk.venue.refusal(stranger, "investor1") in {"application.not_entitled", "scheme_call.state"}
    desk.venue.close()


def test_the_issue_is_as_large_as_the_ledger_says() -> None:
    desk = Desk()
    office = office_of(desk)
    desk.issued()
    said: dict[str, Any] = {"role": SchemeRole.ISSUER, "product_id": desk.product_id}
    office.drafted("licensor0", **said)
    larger = office.handing_in("licensor0", evidence=office.evidence("licensor0", issue_size=10_001))
    assert desk.venue.refusal(larger, "licensor0") == "application.evidence"
    unknown = office.begin("licensor0", **(said | {"product_id": ProductId(5)}))
    assert desk.venue.refusal(unknown, "licensor0") == "application.no_event"
    desk.venue.close()


def old_programme(desk: Desk) -> ProgrammeId:
    """A programme of the older kind."""
    command = OpenProgramme(
        name="older",
        sponsor_account_id=desk.venue.accounts["sponsor"],
        money_asset_id=desk.venue.money,
        issuer_rate_ppm=Ppm(20_000),
        intermediary_rate_ppm=Ppm(5_000),
        cap_minor=Minor(180),
        budget_minor=Minor(220),
    )
    return desk.venue.make(command, ProgrammeOpened, "sponsor").programme.programme_id


@pytest.mark.parametrize("old_first", [True, False])
def test_older_rewards_and_applications_are_one_claim(old_first: bool) -> None:
    desk = Desk()
    office, venue = office_of(desk), desk.venue
    programme_id = old_programme(desk)
    desk.issued()
    old = ClaimReward(
        programme_id=programme_id,
        product_id=desk.product_id,
        role=RewardRole.ISSUER,
        account_id=venue.accounts["licensor0"],
    )
    said: dict[str, Any] = {"role": SchemeRole.ISSUER, "product_id": desk.product_id}
    if old_first:
        assert venue.refusal(old, "licensor0") == ""
        again = office.begin("licensor0", **said)
        assert venue.refusal(again, "licensor0") == "reward.double_claim"
    else:
        office.drafted("licensor0", **said)
        office.done(venue.do(office.handing_in("licensor0"), "licensor0"))
        assert venue.refusal(old, "licensor0") == "reward.double_claim"
    venue.close()


# --- Issues of a deal -------------------------------------------------------------------------------------------------


def office_beside(plan: Plan, **changed: Any) -> Office:
    """An office in yuan that rewards an issue of a deal: its issuer by the size, the others by sums."""
    office = Office.__new__(Office)
    office.venue, office.programme, office.applications = plan.venue, "cn_note_securitization", {}
    office.venue.member("sponsor", Role.INTERMEDIARY)
    plan.yard.pay_in("sponsor", 600 * FACE)
    text = text_of("cn_note_securitization", **changed).replace('"XTS"', '"CNY"')
    publish(office.venue, PublishedKind.REWARD_PROGRAMME, text)
    office.opened(600 * FACE, money_asset_id=plan.yard.bank().money_asset_id)
    amounts = {SchemeRole.INTERMEDIARY: 3_000, SchemeRole.ENTERPRISE: 700}
    size = RoleAmount(role=SchemeRole.ISSUER, formula=Rate(rate_ppm=Ppm(1_000), of=Base(fact=Fact.ISSUE_SIZE)))
    sums = (RoleAmount(role=role, formula=Fixed(amount_minor=Minor(sum_))) for role, sum_ in amounts.items())
    office.done(office.venue.by_two(office.activating(size, *sums)))
    office.call(500 * FACE)
    return office


@pytest.mark.parametrize(
    ("role", "firm", "amount"),
    [
        ("issuer", ISSUER, FACE),
        ("intermediary", "arranger", 3_000),
        ("intermediary", "raters", 3_000),
        ("enterprise", "lab", 700),
    ],
)
def test_each_party_of_an_issued_deal_is_rewarded_once(role: str, firm: str, amount: int) -> None:
    plan = Plan.of_loans().offered()
    office, venue = office_beside(plan), plan.venue
    said: dict[str, Any] = {"role": SchemeRole(role), "issue_id": plan.issue_id}
    assert venue.refusal(office.begin(firm, **said), firm) == "application.no_event"
    assert plan.refused_close() == ""
    plan.venue.finish_runs()
    assert venue.refusal(office.begin(firm, **said, product_id=ProductId(4)), firm) == "application.no_event"
    assert venue.refusal(office.begin("wu", **said), "wu") == "application.not_entitled"
    office.drafted(firm, **said)
    office.done(venue.do(office.handing_in(firm), firm))
    assert office.now(firm).asked_minor == amount
    before = plan.cash(firm)
    office.take(firm, "accept", "publicise", "wait", "approve", "pay")
    assert plan.cash(firm) == before + amount
    office.call(100)
    assert venue.refusal(office.begin(firm, **said), firm) == "reward.double_claim"
    venue.close()


@pytest.mark.parametrize("model", ["of_fees", "of_second_licence", "of_loans"])
def test_the_enterprise_is_who_has_the_money_in_the_end(model: str) -> None:
    plan: Plan = getattr(Plan, model)().established()
    office = office_beside(plan)
    said: dict[str, Any] = {"role": SchemeRole.ENTERPRISE, "issue_id": plan.issue_id}
    others = {"mei", "bank", "wu"} & set(plan.venue.members)
    assert {plan.venue.refusal(office.begin(each, **said), each) for each in others} == {"application.not_entitled"}
    office.drafted("lab", **said)
    plan.venue.close()


def test_a_deal_s_issue_is_as_large_as_all_its_notes() -> None:
    plan = Plan.of_fees().established()
    office = office_beside(plan)
    said: dict[str, Any] = {"role": SchemeRole.ISSUER, "issue_id": plan.issue_id}
    office.drafted(ISSUER, **said)
    senior_only = office.handing_in(ISSUER, evidence=office.evidence(ISSUER, issue_size=900 * FACE))
    assert plan.venue.refusal(senior_only, ISSUER) == "application.evidence"
    unknown = office.begin(ISSUER, **(said | {"issue_id": IssueId(5)}))
    assert plan.venue.refusal(unknown, ISSUER) == "application.no_event"
    plan.venue.close()
