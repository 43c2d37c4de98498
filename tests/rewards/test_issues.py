"""A closed issue opens claims by the roles the ledger shows; the older commands and the new ones pay once."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import ProductId, ProgrammeId
from exchange.core.reward_terms import Base, Fact, Fixed, Rate, RoleAmount, SchemeRole
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, Ppm
from securitization.messages import ClaimReward, CloseProduct, OpenProgramme, ProgrammeOpened, RewardRole
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
