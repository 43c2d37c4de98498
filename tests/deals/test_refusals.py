"""Whatever stands in a deal's way, one row each: its code, and the provision the refusal cites."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.outcomes import DeclaredClaim, PriorClaimKind, RegisterOutcome
from custody.rights import RegisterRight, RightForm, RightRegistered, TitleCheck
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import PatentStub
from exchange.core.ids import AccountId, MarketId
from exchange.core.instruments import TechnologyClass
from exchange.core.membership import ClassMember, FreezeMember, GrantMandate, OpenAccount
from exchange.core.messages import Header, Record
from exchange.core.parties import SellerClass, UserRight
from exchange.core.postings import Movement
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import MAX_INTEGER, Minor, TimeNs
from exchange.engine.deal_checks import deal_fees
from exchange.engine.state import ExchangeState
from matching.deals import Consideration, DealCompleted, DealProposed
from matching.messages import Market
from tests.deals.stage import CASH, FEE, PRICE, WRONG, Desk

Arrange = Callable[[Desk], dict[str, Any]]
"""Puts something in the way, and answers the terms that differ."""


# --- What stands in the way ------------------------------------------------------------------------------------------


def _freeze(name: str) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        desk.venue.do(FreezeAccount(account_id=desk.venue.accounts[name], frozen=True))
        return {}

    return arrange


def _freeze_member(name: str) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        desk.venue.do(FreezeMember(member_id=desk.venue.members[name], frozen=True))
        return {}

    return arrange


def _unclassed(name: str) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        desk.venue.do(ClassMember(member_id=desk.venue.members[name], standings=()))
        return {}

    return arrange


def _right(**changed: Any) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        desk.change_right(**changed)
        return {}

    return arrange


def _patent(**changed: Any) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        patent_id = desk.right_of(desk.right_id).patent_id

        def seed(state: ExchangeState, header: Header) -> list[Record | Movement]:
            del header
            patent = msgspec.structs.replace(state.table(PatentStub)[patent_id], **changed)
            state.put(patent)
            return [patent]

        desk.venue.seed(seed)
        return {}

    return arrange


def _abroad(technology: TechnologyClass) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        desk.trader("zeiss", country="DE")
        desk.change_right(technology_class=technology)
        return {"buyer_account_id": desk.venue.accounts["zeiss"]}

    return arrange


def _asset(code: str) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        frozen = desk.right_id if code == "right" else desk.bank().money_asset_id
        desk.venue.do(FreezeAsset(asset_id=frozen, frozen=True))
        return {}

    return arrange


def _not_in_force(kind: PublishedKind, name: str) -> Arrange:
    def arrange(desk: Desk) -> dict[str, Any]:
        desk.venue.state.in_force[kind.value, name].clear()
        return {}

    return arrange


def _own_account(desk: Desk) -> dict[str, Any]:
    opened: Any = desk.venue.do(OpenAccount(member_id=desk.venue.members["lab"], sub_account="second"))[0]
    return {"buyer_account_id": opened.account.account_id}


def _another_runs(desk: Desk) -> dict[str, Any]:
    desk.offered()
    return {}


def _state_owned(desk: Desk) -> dict[str, Any]:
    desk.institution("steel", SellerClass.STATE_OWNED_ENTERPRISE)
    desk.seller, desk.right_id = "steel", desk.right("steel")
    return {}


def _of_an_outcome(desk: Desk) -> dict[str, Any]:
    patent_id = desk.right_of(desk.right_id).patent_id
    desk.outcome("lab", patent_ids=(patent_id,))
    return {}


def _unwaived(desk: Desk) -> dict[str, Any]:
    outcome_id = desk.outcome("lab", waived=False, patent_ids=(desk.patent("lab"),))
    registered = desk.venue.make(
        RegisterRight(account_id=desk.venue.accounts["lab"], outcome_id=outcome_id), RightRegistered, "lab"
    )
    desk.right_id = registered.right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    return {"asset_id": desk.right_id}


def _know_how(desk: Desk) -> dict[str, Any]:
    outcome_id = desk.outcome("lab")
    registered = desk.venue.make(
        RegisterRight(account_id=desk.venue.accounts["lab"], outcome_id=outcome_id), RightRegistered, "lab"
    )
    desk.right_id = registered.right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    return {"asset_id": desk.right_id}


def _sold_just_now(desk: Desk) -> dict[str, Any]:
    desk.offered()
    desk.steps("accept", "buyer signs", "seller signs", "confirm")
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    desk.seller, desk.buyer = "li", "wu"
    return {}


def _terms(**changed: Any) -> Arrange:
    return lambda _: changed


REFUSED: list[tuple[str, Arrange, str, str]] = [
    ("no such account", _terms(seller_account_id=AccountId(1)), "account.unknown", ""),
    ("seller's account frozen", _freeze("lab"), "account.frozen", ""),
    ("seller frozen", _freeze_member("lab"), "member.frozen", ""),
    ("no such buyer", _terms(buyer_account_id=AccountId(1)), "account.unknown", ""),
    ("buyer is the venue", lambda desk: {"buyer_account_id": desk.bank().escrow_id}, "account.unknown", ""),
    ("no such market", _terms(market_id=MarketId(1)), "market.unknown", ""),
    ("money is no right", lambda desk: {"asset_id": desk.bank().money_asset_id}, "asset.unknown", ""),
    ("a royalty", _terms(consideration=(Consideration.ROYALTY,)), "deal.consideration_not_supported", ""),
    (
        "cash and equity",
        _terms(consideration=(Consideration.CASH, Consideration.EQUITY)),
        "deal.consideration_not_supported",
        "",
    ),
    ("for nothing named", _terms(consideration=()), "deal.consideration_not_supported", ""),
    ("to oneself", _own_account, "deal.terms_invalid", ""),
    ("sold already", _another_runs, "deal.state", ""),
    ("buyer's account frozen", _freeze("li"), "account.frozen", ""),
    ("buyer frozen", _freeze_member("li"), "member.frozen", ""),
    ("a patent in the sandbox", lambda desk: {"market_id": desk.venue.market_id}, "rule.method_not_allowed", "SANDBOX"),
    ("know-how where offices record", _know_how, "rule.method_not_allowed", "CN-PATENT-10"),
    ("seller signed no statement", _unclassed("lab"), "rule.suitability", "VENUE"),
    ("buyer signed no statement", _unclassed("li"), "rule.suitability", "VENUE"),
    ("no overlays", _not_in_force(PublishedKind.OVERLAYS, "cn_disposal"), "profile.not_active", "CN-PCSTA-18"),
    ("a state-owned firm", _state_owned, "rule.method_not_allowed", "CN-SOA-54"),
    ("abroad, unclassified", _abroad(TechnologyClass.UNCLASSIFIED), "export.not_cleared", "TIE-33"),
    ("abroad, restricted", _abroad(TechnologyClass.RESTRICTED), "export.not_cleared", "TIE-33"),
    ("abroad, prohibited", _abroad(TechnologyClass.PROHIBITED), "export.not_cleared", "TIE-29"),
    ("money frozen", _asset("money"), "asset.frozen", ""),
    ("right frozen", _asset("right"), "asset.frozen", ""),
    ("its shares float", _right(form=RightForm.SHARES), "right.immobilised", ""),
    ("another's right", lambda desk: {"asset_id": desk.right("pku")}, "right.not_owned", ""),
    ("expired", _patent(nominal_expiry="2026-03-02"), "right.expired", ""),
    ("fees unpaid", _patent(status=PatentStatus.LAPSED_FEE), "patent.not_listable", ""),
    ("a paper missing", _patent(listable=False), "patent.not_listable", ""),
    ("pledged", _patent(encumbered=True), "right.encumbered", ""),
    ("burdened", _right(encumbered=True), "right.encumbered", ""),
    ("part of an outcome", _of_an_outcome, "outcome.state", ""),
    ("title unknown", _right(title=TitleCheck.UNKNOWN), "right.title_unknown", ""),
    ("title with a defect", _right(title=TitleCheck.DEFECT), "right.title_unknown", ""),
    ("the finisher may step in", _unwaived, "listing.prior_claims_open", "CN-CIVIL-847"),
    ("bought just now", _sold_just_now, "rule.opposite_side_gap", "CN-38/37"),
    ("no fees", _not_in_force(PublishedKind.FEE_SCHEDULE, "cn_ip_venue"), "fee.schedule_unknown", ""),
    ("beyond all money", _terms(price_minor=Minor(MAX_INTEGER)), "limit.exceeded", ""),
    ("a contract not on file", _terms(contract_sha256=WRONG), "document.unknown", ""),
]


@pytest.mark.parametrize(
    ("arrange", "code", "provision"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_proposal_is_refused(arrange: Arrange, code: str, provision: str) -> None:
    desk = Desk.cn()
    desk.right_id = desk.right("lab")
    changed = arrange(desk)
    command = desk.proposal(**changed)
    assert desk.refused(command, desk.seller) == (code, provision)


LATE = ("pledged", "burdened", "expired", "title unknown", "buyer signed no statement", "money frozen", "right frozen")
STOPPED = [next(row for row in REFUSED if row[0] == name) for name in LATE]


@pytest.mark.parametrize("step", ["accept", "buyer signs", "seller signs"])
@pytest.mark.parametrize(("arrange", "code"), [(row[1], row[2]) for row in STOPPED], ids=LATE)
def test_what_comes_in_between_stops_every_later_step(arrange: Arrange, code: str, step: str) -> None:
    desk = Desk.cn()
    desk.offered()
    if step != "accept":
        desk.steps("accept")
    if step == "seller signs":
        desk.steps("buyer signs")
    arrange(desk)
    assert desk.step(step) == code


# --- Who may do what -------------------------------------------------------------------------------------------------


def test_only_the_parties_take_the_parties_steps() -> None:
    desk = Desk.cn()
    assert desk.venue.refusal(desk.proposal(), "wu") == "account.not_yours"
    desk.offered()
    assert desk.step("accept", by="wu") == "deal.not_party"
    assert desk.step("accept", by="lab") == "deal.not_party"
    assert desk.step("accept", by="ops") == "role.not_allowed"
    desk.steps("accept")
    assert desk.step("seller signs", by="li") == "deal.not_party"
    assert desk.step("buyer signs", by="lab") == "deal.not_party"
    assert desk.step("withdraw", by="wu") == "deal.not_party"
    desk.steps("seller signs", "buyer signs")
    assert desk.step("confirm", by="lab") == "role.not_allowed"
    assert desk.step("refuse", by="li") == "role.not_allowed"
    assert desk.step("object", by="reg") == "role.not_allowed"


def _mandate(desk: Desk, owner: str, user: str, limit_minor: int) -> None:
    desk.venue.do(
        GrantMandate(
            account_id=desk.venue.accounts[owner],
            user_id=desk.venue.users[user],
            rights=(UserRight.TRADE,),
            limit_minor=Minor(limit_minor),
            valid_from_ns=TimeNs(0),
            valid_until_ns=TimeNs(2**62),
        ),
        owner,
    )


def test_a_mandate_reaches_to_the_fen() -> None:
    desk = Desk.cn()
    desk.offered()
    _mandate(desk, "li", "wu", PRICE + FEE - 1)
    assert desk.step("accept", by="wu") == "mandate.invalid"
    _mandate(desk, "li", "wu", PRICE + FEE)
    assert not desk.step("accept", by="wu")
    assert not desk.step("buyer signs", by="wu")


def test_one_person_does_not_sign_for_both_sides() -> None:
    desk = Desk.cn()
    desk.offered()
    _mandate(desk, "li", "wu", 0)
    _mandate(desk, "lab", "wu", 0)
    desk.steps("accept")
    assert not desk.step("seller signs", by="wu")
    assert desk.step("buyer signs", by="wu") == "approval.same_person"
    desk.steps("buyer signs")


def test_the_buyer_accepts_and_both_sign_exactly_what_was_offered() -> None:
    desk = Desk.cn()
    desk.offered()
    assert desk.step("accept", terms_sha256=WRONG) == "deal.terms_changed"
    desk.steps("accept")
    assert desk.step("buyer signs", contract_sha256=WRONG) == "deal.terms_changed"
    assert desk.step("seller signs", contract_sha256=WRONG) == "deal.terms_changed"


def test_any_client_computes_the_terms_hash_from_the_terms() -> None:
    desk = Desk.cn()
    desk.offered()
    proposed = desk.last(DealProposed)
    plain = {name: getattr(proposed.terms, name) for name in proposed.terms.__struct_fields__}
    assert plain.pop("items") is None, "where nothing is promised for later, nothing says so"
    assert (plain.pop("burdens_sha256"), plain.pop("parts")) == ("", ()), "nor where nothing lies on the right"
    text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == proposed.deal.terms_sha256
    assert (plain["price_minor"], plain["buyer_fee_minor"], plain["seller_fee_minor"]) == (PRICE, FEE, FEE)


# --- Boundaries ------------------------------------------------------------------------------------------------------


def test_the_buyer_needs_price_and_fee_to_the_last_fen() -> None:
    for missing, code in ((1, "hold.insufficient_available"), (0, "")):
        desk = Desk.cn()
        desk.trader("poor")
        desk.pay_in("poor", PRICE + FEE - missing)
        desk.buyer = "poor"
        desk.offered()
        desk.steps("accept", "seller signs")
        assert desk.step("buyer signs") == code
        assert desk.money("poor") == (PRICE + FEE - missing if missing else 0)
        desk.venue.close()


def test_what_was_bought_is_sold_again_from_the_fifth_trading_day_on() -> None:
    desk = Desk.cn()
    _sold_just_now(desk)  # on Monday, 2 March
    command = desk.proposal()
    desk.venue.pass_time(days=6)
    assert desk.refused(command, "li") == ("rule.opposite_side_gap", "CN-38/37")
    desk.venue.pass_time(days=1)
    assert not desk.venue.refusal(command, "li")
    desk.venue.close()


def test_who_sold_does_not_buy_back_within_five_trading_days_either() -> None:
    desk = Desk.cn()
    _sold_just_now(desk)
    desk.buyer = "lab"
    assert desk.refused(desk.proposal(), "li") == ("rule.opposite_side_gap", "CN-38/37")


@pytest.mark.parametrize(
    ("effective", "code"),
    [
        ("2026-03-01", "recordal.invalid"),
        ("2026-03-02", ""),
        ("2026-03-12", ""),
        ("2026-03-13", "recordal.invalid"),
        ("2026-02-30", "recordal.invalid"),
    ],
)
def test_a_recordal_is_dated_from_the_contract_to_today(effective: str, code: str) -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs", "wait 10")
    assert desk.step("confirm", effective_date=effective) == code


def test_a_calendar_that_ends_refuses_the_acceptance() -> None:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.offered()
    desk.venue.pass_time(days=660)
    assert desk.step("accept") == "calendar.not_covered"


@pytest.mark.parametrize("what", ["lab", "li", "right", "money"])
def test_a_freeze_holds_up_the_completion_until_it_is_released(what: str) -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs")
    if what in ("right", "money"):
        _asset(what)(desk)
        assert desk.step("confirm") == desk.step("refuse") == "asset.frozen"
    else:
        _freeze(what)(desk)
        assert desk.step("confirm") == "account.frozen"
        desk.venue.do(FreezeAccount(account_id=desk.venue.accounts[what], frozen=False))
        desk.steps("confirm")
    desk.venue.close()


def test_a_frozen_party_may_step_back_before_the_contract() -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "buyer signs")
    _freeze_member("li")(desk)
    assert not desk.step("withdraw", by="li")
    assert desk.money("li") == CASH


def test_technology_that_is_free_goes_abroad() -> None:
    desk = Desk.cn()
    desk.right_id = desk.right("lab")
    changed = _abroad(TechnologyClass.FREE)(desk)
    desk.pay_in("zeiss", CASH)
    desk.buyer = "zeiss"
    desk.offered(**changed)
    desk.steps("accept", "seller signs", "buyer signs", "confirm")
    assert desk.owner() == "zeiss"


def test_a_buyer_who_is_an_inventor_is_marked_as_related() -> None:
    desk = Desk.cn()
    assert not desk.offered().related_party
    desk.steps("withdraw")
    assert desk.offered(related_party=True).related_party
    desk.steps("withdraw")
    desk.trader("ada", seller_class=SellerClass.INVENTOR)
    desk.buyer = "ada"
    assert desk.offered().related_party


def test_a_waived_prior_claim_lets_an_outcome_s_right_be_sold_and_its_patents_follow() -> None:
    desk = Desk.cn()
    waiver = desk.file("lab", "waiver")
    claims = (DeclaredClaim(kind=PriorClaimKind.FINISHER, waiver_sha256=waiver),)
    patent_id = desk.patent("lab")
    registered: Any = desk.venue.do(
        RegisterOutcome(title="Membrane", readiness_level=4, patent_ids=(patent_id,), claims=claims), "lab"
    )[0]
    right = desk.venue.make(
        RegisterRight(account_id=desk.venue.accounts["lab"], outcome_id=registered.outcome.outcome_id),
        RightRegistered,
        "lab",
    ).right
    desk.right_id = right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs", "confirm")
    assert desk.venue.state.table(PatentStub)[patent_id].owner_id == desk.venue.members["li"]
    desk.venue.close()


def test_know_how_is_sold_in_the_sandbox_and_passes_with_the_second_signature() -> None:
    desk = Desk.cn()
    desk.right_id = _know_how(desk)["asset_id"]
    market = desk.cn_market = desk.venue.market_id
    assert desk.refused(desk.proposal(wait_for_recordal=True), "lab") == ("deal.terms_invalid", "")
    assert desk.refused(desk.proposal(price_minor=Minor(10_000_000_001)), "lab")[0] == "rule.value_cap"
    desk.venue.deposit("li", 20_000)
    desk.offered(price_minor=Minor(10_000))
    desk.steps("accept", "buyer signs", "seller signs")
    completed = desk.last(DealCompleted).deal
    sandbox = desk.venue.state.table(Market)[market]
    assert deal_fees(desk.venue.state, sandbox, completed.fee_version, 10_000) == (100, 100)
    assert (completed.buyer_fee_minor, completed.seller_fee_minor) == (100, 100)
    assert (desk.owner(), desk.venue.cash("li"), desk.venue.cash("lab")) == ("li", 9_900, 9_900)
    desk.venue.close()
