"""Companies are founded on outcomes: who brings what, who gets what, and everything that refuses or ends it."""

from __future__ import annotations

from typing import Any

import pytest

from custody.company import CompanyFounded, Contribution, ContributorPart, Founder
from custody.outcomes import PriorClaimKind
from custody.register import TitleEntered, TitleStage
from exchange.core.ids import AccountId, AssetId
from exchange.core.messages import Event, Rejected
from exchange.core.units import Minor, Units
from tests.claims.stage import THOUSAND, Owners
from tests.equity.stage import Firm


def stages(firm: Firm, asset_id: AssetId) -> list[TitleStage]:
    """The register's lines about an asset, in order."""
    told: list[Event] = [event for entry in firm.venue.journal for event in entry.events]
    return [one.entry.stage for one in told if isinstance(one, TitleEntered) and one.entry.asset_id == asset_id]


def test_a_company_is_founded_on_a_right_and_cash() -> None:
    firm = Firm.founded()

    assert firm.members() == {"thu": "200", "ada": "200", "li": "300", "wu": "300"}
    assert firm.venue.state.assets[firm.equity()].total_units == 1_000 * THOUSAND
    assert firm.owner() == "co" and firm.money("co") == 600 * THOUSAND
    assert firm.all_held() == 0 and not firm.venue.state.table(Contribution)
    assert stages(firm, firm.right_id) == [TitleStage.CONTRACTED, TitleStage.EFFECTIVE]
    assert firm.last(CompanyFounded).company.effective_date
    firm.venue.restart()
    firm.venue.close()


def test_nobody_signs_before_the_price_of_a_state_right_was_shown() -> None:
    firm = Firm.people()
    firm.propose()
    firm.venue.clock_ns = firm.company().publicity_until_ns - 2_000_000_000
    assert firm.takes("li", "signs") == "company.publicity_running"
    firm.venue.clock_ns = firm.company().publicity_until_ns
    assert firm.takes("li", "signs") == ""


def test_cash_alone_founds_a_company_at_the_last_signature() -> None:
    firm = Firm.people()
    firm.propose(founders=firm.founders()[1:])
    firm.plays("""
        li   signs  -> founding
        wu   signs  -> founded
    """)
    assert firm.members() == {"li": "300", "wu": "300"}
    firm.venue.close()


@pytest.mark.parametrize(
    ("ends", "after"),
    [("ops turns-down", "contribution_refused"), ("wait 400", "lapsed")],
)
def test_what_was_promised_is_free_when_it_comes_to_nothing(ends: str, after: str) -> None:
    firm = Firm.proposed()
    for who in ("thu", "li", "wu"):
        assert firm.takes(who, "signs") == ""
    assert firm.all_held() == 600 * THOUSAND
    assert firm.happens(ends) == after
    assert firm.all_held() == 0 and firm.owner() == "thu" and firm.held() == 0
    assert stages(firm, firm.right_id) == [TitleStage.CONTRACTED, TitleStage.UNWOUND]
    firm.propose()  # and another may be founded
    firm.venue.close()


@pytest.mark.parametrize("units", [200 * THOUSAND - 1, 200 * THOUSAND])
def test_half_of_the_shares_go_to_those_who_made_the_outcome(units: int) -> None:
    firm = Firm.people()
    to = ContributorPart(account_id=firm.venue.accounts["ada"], units=Units(units))
    command = firm.founding(founders=firm.founders(contributors=(to,)))
    if units < 200 * THOUSAND:
        assert firm.refused(command, "co") == ("company.share_floor", "CN-PCSTA-45")
    else:
        assert firm.venue.refusal(command, "co") == ""


def test_a_place_may_ask_for_more() -> None:
    firm = Firm.people()
    assert firm.refused(firm.founding(jurisdiction="beijing"), "co") == ("company.share_floor", "CN-BJ-12")


@pytest.mark.parametrize("odd", [0, 1])
def test_the_floor_is_rounded_up_to_the_unit(odd: int) -> None:
    firm = Firm.people()
    to = ContributorPart(account_id=firm.venue.accounts["ada"], units=Units(200 * THOUSAND + odd))
    founders = firm.founders(contributors=(to,), value_minor=Minor(400 * THOUSAND + 1))
    assert firm.venue.refusal(firm.founding(founders=founders), "co") == ("" if odd else "company.share_floor")


def cash(firm: Firm, who: str, amount: int = 1) -> Founder:
    return Founder(account_id=firm.venue.accounts[who], cash_minor=Minor(amount))


REFUSED: dict[str, tuple[Any, str]] = {
    "twice one founder": (lambda f: {"founders": (cash(f, "li"), cash(f, "li"))}, "company.terms_invalid"),
    "nothing brought": (lambda f: {"founders": (cash(f, "li", 0),)}, "company.terms_invalid"),
    "itself": (lambda f: {"founders": (cash(f, "co"),)}, "company.terms_invalid"),
    "nobody": (lambda f: {"founders": (Founder(account_id=AccountId(7), cash_minor=Minor(1)),)}, "account.unknown"),
    "no valuation": (lambda f: {"founders": f.founders(valuation_sha256=None)}, "company.terms_invalid"),
    "money as a right": (lambda f: {"founders": f.founders(asset_id=f.bank().money_asset_id)}, "asset.unknown"),
    "another market": (lambda f: {"market_id": f.venue.market_id}, "rule.method_not_allowed"),
    "no market": (lambda f: {"market_id": 7}, "market.unknown"),
    "no charter on file": (lambda f: {"contract_sha256": "0" * 64}, "document.unknown"),
    "capital that cannot be counted": (
        lambda f: {"founders": (cash(f, "li", 2**53 - 1), cash(f, "wu", 1))},
        "company.terms_invalid",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_terms_that_make_no_company(case: str) -> None:
    firm = Firm.people()
    changed, code = REFUSED[case]
    assert firm.venue.refusal(firm.founding(**changed(firm)), "co") == code


def test_a_member_is_one_company() -> None:
    firm = Firm.proposed()
    assert firm.venue.refusal(firm.founding(), "co") == "company.exists"
    assert firm.venue.refusal(firm.founding(account_id=firm.venue.accounts["li"]), "co") == "account.not_yours"


def test_fifty_members_and_not_one_more() -> None:
    firm = Firm.people()
    for n in range(51):
        firm.trader(f"f{n}")
    some = tuple(cash(firm, f"f{n}") for n in range(51))
    founders = (*some[:49], firm.founders()[1])
    assert firm.venue.refusal(firm.founding(founders=founders), "co") == ""
    firm = Firm.people()
    for n in range(51):
        firm.trader(f"f{n}")
    kind = firm.founders()[0]  # thu and ada
    more = tuple(cash(firm, f"f{n}") for n in range(49))
    assert firm.refused(firm.founding(founders=(kind, *more)), "co") == ("rule.holder_cap", "CN-COMPANY-42")


def test_a_right_on_which_others_have_claims_needs_their_waiver() -> None:
    owners = Owners.claimed(PriorClaimKind.COMMISSIONER, seller="thu")
    firm = owners.over(Firm(owners.venue))
    assert isinstance(firm, Firm)
    firm.trader("co")
    firm.propose()
    firm.venue.pass_time(days=16)
    assert firm.takes("thu", "signs") == "listing.prior_claims_open"


def test_a_founder_must_have_what_it_brings() -> None:
    firm = Firm.people()
    founders = (*firm.founders()[1:], cash(firm, "cy", firm.money("cy") + 1))
    firm.propose(founders=founders)
    assert firm.takes("cy", "signs") == "hold.insufficient_available"
    assert firm.takes("co", "abandons") == "" and firm.shown() == "abandoned"


def test_a_right_that_is_promised_elsewhere_is_not_brought_in() -> None:
    firm = Firm.proposed()
    firm.seller, firm.buyer = "thu", "cy"
    firm.offered()
    assert firm.takes("thu", "signs") == "deal.state"


def test_a_right_that_was_brought_in_is_not_sold() -> None:
    firm = Firm.proposed()
    assert firm.takes("thu", "signs") == ""
    firm.seller, firm.buyer = "thu", "cy"
    [refused] = firm.venue.do(firm.proposal(), "thu")
    assert isinstance(refused, Rejected) and refused.code == "right.encumbered"
