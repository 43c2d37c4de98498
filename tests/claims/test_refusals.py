"""Whatever stands in the way of a part's sale, of stepping in, and of acting alone: its code and the rule it cites."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from custody.consents import ConsentAct, WithdrawConsent
from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.encumbrances import Burden, BurdenKind, burdens_hash
from custody.outcomes import PriorClaimKind
from custody.rights import TitleCheck
from exchange.core.ids import ConsentId, MarketId, MemberId
from exchange.core.instruments import TechnologyClass
from exchange.core.membership import ClassMember
from exchange.core.messages import Citation, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, TimeNs, Units
from exchange.engine import burdens
from exchange.engine.consents import refuse_without_consents
from exchange.rulebook import shipped
from matching.listing_messages import MarketOpened
from matching.preemption import WaiveInRound
from matching.sides import LastSale, SideTaken, take_sides
from tests.claims.stage import DAY_NS, PURSE, THOUSAND, Owners
from tests.deals.stage import WRONG
from tests.listings.stage import open_cn
from tests.support import publish

FINISHER = PriorClaimKind.FINISHER


def _market(owners: Owners, **changed: Any) -> MarketId:
    """A market under the default profile's next version, some of whose values differ."""
    text = json.loads(shipped.profile_text("cn_ip_venue"))
    text["version"] = 2
    for field, value in changed.items():
        text["fields"][field]["value"] = value
    publish(owners.venue, PublishedKind.PROFILE, json.dumps(text, ensure_ascii=False))
    opening = open_cn(owners.bank().money_asset_id, name="Second venue", profile_version=2)
    return owners.venue.make(opening, MarketOpened).market.market_id


def _rejected(owners: Owners, command: Any, by: str) -> Rejected:
    [event] = owners.venue.do(command, by)
    assert isinstance(event, Rejected), event
    return event


# --- What a part's sale is refused for, each with the rule ------------------------------------------------------------

Arrange = Callable[[Owners], dict[str, Any]]


def _capped(owners: Owners) -> dict[str, Any]:
    return {"market_id": _market(owners, holder_cap=3), "units": Units(1)}


def _locked(owners: Owners) -> dict[str, Any]:
    """ada bought its part ten days ago, past the gap, and is locked up for thirty."""
    market = _market(owners, lock_up_days=30)
    _bought(owners, "ada", days=10)
    owners.seller = "ada"
    for name in ("thu", "bo"):
        owners.consent(name)
    return {"market_id": market, "units": Units(1), "seller_account_id": owners.venue.accounts["ada"]}


def _gap(owners: Owners) -> dict[str, Any]:
    _bought(owners, "thu", days=1)
    return {}


def _bought(owners: Owners, who: str, days: int, *, sold: bool = False) -> None:
    """Somebody took a side of the right some days ago."""
    member_id = owners.venue.members[who]
    at_ns = TimeNs(owners.venue.clock_ns)
    side = SideTaken(member_id=member_id, **{"sold_at_ns" if sold else "bought_at_ns": at_ns})
    last = LastSale(
        asset_id=owners.right_id,
        deal_id=owners.deal_id,
        seller_id=MemberId(0),
        buyer_id=member_id,
        contracted_at_ns=at_ns,
        sides=(side,),
    )

    def seed(state: Any, header: Any) -> list[Any]:
        del header
        state.put(last)
        return [last]

    owners.venue.seed(seed)
    owners.venue.pass_time(days=days)


def _unsuited(owners: Owners) -> dict[str, Any]:
    owners.venue.do(ClassMember(member_id=owners.venue.members["li"], standings=()))
    return {}


def _no_consent(owners: Owners) -> dict[str, Any]:
    assert owners.withdraw_consent("bo") == ""
    return {}


def _no_days(owners: Owners) -> dict[str, Any]:
    return {"market_id": _market(owners, first_refusal_days=0)}


REFUSED: list[tuple[str, Arrange, str, tuple[str, int, str, str]]] = [
    ("too many holders", _capped, "rule.holder_cap", ("cn_ip_venue", 2, "holder_cap", "CN-38/37")),
    ("locked up", _locked, "rule.lock_up", ("cn_ip_venue", 2, "lock_up_days", "VENUE")),
    (
        "bought yesterday",
        _gap,
        "rule.opposite_side_gap",
        ("cn_ip_venue", 1, "opposite_side_gap_trading_days", "CN-38/37"),
    ),
    ("no statement", _unsuited, "rule.suitability", ("cn_ip_venue", 1, "suitability", "VENUE")),
    ("no consent", _no_consent, "consent.missing", ("co_ownership", 1, "consent", "CN-PATENT-14")),
    (
        "no days to step in",
        _no_days,
        "listing.prior_claims_open",
        ("cn_ip_venue", 2, "first_refusal_days", "CN-CIVIL-847"),
    ),
]


@pytest.mark.parametrize(("arrange", "code", "rule"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_each_refusal_cites_profile_version_field_and_provision(
    arrange: Arrange, code: str, rule: tuple[str, int, str, str]
) -> None:
    owners = Owners.golden()
    changed = {"units": Units(1_500_000)} | arrange(owners)
    rejected = _rejected(owners, owners.proposal(**changed), owners.seller)
    assert rejected.code == code
    profile, version, field, provision = rule
    assert rejected.rule == Citation(profile=profile, version=version, field=field, provision=provision)


def test_exactly_as_many_holders_as_allowed_and_one_more() -> None:
    for cap, code in ((4, ""), (3, "rule.holder_cap")):
        owners = Owners.golden()
        market = _market(owners, holder_cap=cap)
        assert owners.venue.refusal(owners.proposal(market_id=market, units=Units(1)), "thu") == code


def test_who_sells_all_it_has_leaves_its_place() -> None:
    owners = Owners.golden()
    market = _market(owners, holder_cap=3)
    assert owners.venue.refusal(owners.proposal(market_id=market, units=Units(1_500_000)), "thu") == ""


def test_a_lock_up_ends_with_its_last_day() -> None:
    for days, code in ((29, "rule.lock_up"), (30, "")):
        owners = Owners.golden()
        changed = _locked(owners)
        owners.venue.pass_time(days=days - 10)
        assert owners.venue.refusal(owners.proposal(**changed), "ada") == code


@pytest.mark.parametrize(
    ("units", "code"),
    [(1, ""), (1_500_000, ""), (1_500_001, "right.not_owned"), (3_000_001, "deal.terms_invalid")],
)
def test_one_sells_what_one_has_to_the_last_unit(units: int, code: str) -> None:
    owners = Owners.golden()
    assert owners.venue.refusal(owners.proposal(units=Units(units)), "thu") == code


def test_nobody_sells_the_whole_of_what_others_own_too() -> None:
    owners = Owners.golden()
    assert owners.venue.refusal(owners.proposal(), "thu") == "right.not_owned"


# --- Consents ---------------------------------------------------------------------------------------------------------


def _asked(owners: Owners, act: ConsentAct = ConsentAct.SALE, *, to: str = "li", price: int = 900) -> str:
    """What whoever disposes of thu's part is told."""
    state = owners.venue.state
    members = owners.venue.members
    refusal = refuse_without_consents(
        state,
        TimeNs(owners.venue.clock_ns),
        owners.right_id,
        act,
        members["thu"],
        to_member_id=members[to],
        price_minor=price * THOUSAND,
    )
    return refusal.code.value if refusal is not None else ""


def test_every_co_owner_consents_to_the_very_act_counterparty_and_price() -> None:
    owners = Owners.golden()
    assert _asked(owners) == ""
    for act in (ConsentAct.PLEDGE, ConsentAct.EXCLUSIVE_LICENCE):
        assert _asked(owners, act) == "consent.missing", "a consent is for one act"
    assert owners.withdraw_consent("bo") == ""
    assert _asked(owners) == "consent.missing"
    owners.consent("bo", to_member_id=owners.venue.members["li"], floor_minor=Minor(900 * THOUSAND))
    assert (_asked(owners), _asked(owners, to="wu")) == ("", "consent.missing")
    assert _asked(owners, price=899) == "consent.missing"
    for act in (ConsentAct.PLEDGE, ConsentAct.EXCLUSIVE_LICENCE):
        for who in ("ada", "bo"):
            assert _asked(owners, act) == "consent.missing"
            owners.consent(who, act=act)
        assert _asked(owners, act) == ""
    owners.venue.close()


def test_a_consent_ends_at_its_moment() -> None:
    owners = Owners.golden()
    assert owners.withdraw_consent("bo") == ""
    until = TimeNs(owners.venue.clock_ns + 10 * DAY_NS)
    owners.consent("bo", until_ns=until)
    owners.venue.clock_ns = until - 1
    assert _asked(owners) == ""
    owners.venue.clock_ns = until
    assert _asked(owners) == "consent.missing"


def test_a_consent_that_is_withdrawn_stops_the_signature() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  waives               ->  pre_emption, ada waived, bo notified
        bo   waives               ->  signing
    """)
    assert owners.withdraw_consent("bo") == ""
    assert owners.happens("li signs") == "consent.missing"
    owners.consent("bo")
    assert owners.happens("li signs") == "signing"
    owners.venue.close()


def test_a_listing_wants_every_co_owners_consent_to_anybody_at_its_price() -> None:
    owners = Owners.claimed(FINISHER)
    members = owners.venue.members
    owners.bring("lab", co_owner_ids=(members["ada"],))
    assert owners.declares(FINISHER, "cy") == ""
    listing = owners.whole("lab", owners.right_id)
    assert owners.refused(listing, "lab") == ("consent.missing", "CN-PATENT-14")
    owners.consent("ada", to_member_id=members["li"])
    assert owners.venue.refusal(listing, "lab") == "consent.missing", "a consent for li alone"
    owners.consent("ada", floor_minor=Minor(listing.asking_price_minor + 1))
    assert owners.venue.refusal(listing, "lab") == "consent.missing", "not at this price"
    owners.consent("ada", floor_minor=Minor(listing.asking_price_minor))
    assert owners.venue.refusal(listing, "lab") == ""
    owners.venue.close()


def test_a_consent_is_a_co_owners_own_with_a_date_ahead_and_a_paper() -> None:
    owners = Owners.golden()
    members = owners.venue.members
    rows: list[tuple[str, dict[str, Any], str]] = [
        ("li", {"member_id": members["ada"]}, "account.not_yours"),
        ("li", {}, "right.not_owned"),
        ("ada", {"asset_id": owners.bank().money_asset_id}, "asset.unknown"),
        ("ada", {"to_member_id": MemberId(1)}, "member.unknown"),
        ("ada", {"until_ns": TimeNs(1)}, "consent.invalid"),
        ("ada", {"document_sha256": WRONG}, "document.unknown"),
        ("ops", {"member_id": members["ada"]}, "role.not_allowed"),
    ]
    for who, changed, code in rows:
        name = "ada" if who == "ops" else who
        assert owners.venue.refusal(owners.consenting(name, **changed), who) == code, (who, changed)
    alone = Owners.claimed(FINISHER)
    assert alone.venue.refusal(alone.consenting("lab"), "lab") == "right.not_owned", "nobody owns it beside lab"


def test_a_consent_is_withdrawn_once_and_by_its_giver() -> None:
    owners = Owners.golden()
    given = owners.consent("ada")
    assert owners.venue.refusal(WithdrawConsent(consent_id=given), "bo") == "account.not_yours"
    assert owners.venue.refusal(WithdrawConsent(consent_id=given), "ada") == ""
    assert owners.venue.refusal(WithdrawConsent(consent_id=given), "ada") == "consent.unknown"
    assert owners.venue.refusal(WithdrawConsent(consent_id=ConsentId(0)), "ada") == "consent.unknown"


# --- Stepping in ------------------------------------------------------------------------------------------------------


def _in_round() -> Owners:
    return _prepared_round().fresh()


@functools.cache
def _prepared_round() -> Owners:
    owners = Owners.claimed(FINISHER, finisher=("cy", "zeiss", "rich"))
    owners.change_right(technology_class=TechnologyClass.RESTRICTED)
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified, zeiss notified, rich notified
    """)
    return owners


def test_stepping_in_is_asked_what_a_buyer_is_asked() -> None:
    owners = _in_round()
    accounts = owners.venue.accounts
    mine = owners.exercise("cy")
    rows: list[tuple[str, str, dict[str, Any], str]] = [
        ("cy", "cy", {"claim_id": 0}, "prior_claim.unknown"),
        ("cy", "cy", {"account_id": 1}, "account.unknown"),
        ("li", "cy", {}, "account.not_yours"),
        ("li", "cy", {"account_id": accounts["li"]}, "prior_claim.not_holder"),
        ("cy", "cy", {"terms_sha256": WRONG}, "deal.terms_changed"),
        ("cy", "cy", {"contract_sha256": WRONG}, "deal.terms_changed"),
        ("zeiss", "zeiss", {}, "export.not_cleared"),
    ]
    for by, holder, changed, code in rows:
        assert owners.venue.refusal(owners.exercise(holder, **changed), by) == code, (by, changed)
    owners.venue.do(FreezeAccount(account_id=accounts["cy"], frozen=True))
    assert owners.venue.refusal(mine, "cy") == "account.frozen"
    owners.venue.do(FreezeAccount(account_id=accounts["cy"], frozen=False))
    owners.venue.do(ClassMember(member_id=owners.venue.members["cy"], standings=()))
    assert owners.venue.refusal(mine, "cy") == "rule.suitability"
    owners.venue.do(FreezeAsset(asset_id=owners.right_id, frozen=True))
    assert owners.venue.refusal(owners.exercise("rich"), "rich") == "asset.frozen"
    owners.venue.close()


def test_stepping_in_needs_the_whole_cost_to_the_last_fen() -> None:
    """dee has CNY 10,000,000.00: a price of 9,900,990.09 costs that with its fee of one per cent, rounded up."""
    for price, code in ((990_099_009, ""), (990_099_010, "hold.insufficient_available")):
        owners = Owners.claimed(FINISHER, finisher=("dee",))
        assert owners.proposes("lab", None, price) == ""
        owners.happens("li accepts")
        assert owners.takes("dee", "exercises") == code
        assert owners.money("dee") == (0 if not code else PURSE * THOUSAND)


def test_who_sold_yesterday_does_not_step_in_today() -> None:
    owners = Owners.claimed(FINISHER)
    owners.happens("lab proposes all 800")
    owners.happens("li accepts")
    _bought(owners, "cy", days=1, sold=True)
    assert owners.refused(owners.exercise("cy"), "cy") == ("rule.opposite_side_gap", "CN-38/37")


def test_who_steps_in_needs_nobodys_consent() -> None:
    owners = Owners.golden()
    for who in ("ada", "bo"):
        assert owners.withdraw_consent(who) == ""
        owners.consent(who, to_member_id=owners.venue.members["li"])
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  exercises            ->  pre_emption, ada exercised, bo notified
        bo   waives               ->  signing, ada 3/6
        thu  signs                ->  contracted, ada 3/6
    """)
    owners.venue.close()


def test_who_has_answered_has_answered() -> None:
    owners = _in_round()
    owners.happens("cy exercises")
    assert owners.takes("cy", "exercises") == "prior_claim.state"
    assert owners.takes("cy", "waives") == "prior_claim.state"
    owners.happens("rich waives")
    assert owners.takes("rich", "exercises") == "prior_claim.unknown"
    claim = owners.claim_of("zeiss")
    assert owners.venue.refusal(WaiveInRound(claim_id=claim), "li") == "prior_claim.not_holder"


def test_a_frozen_holder_may_waive_and_what_it_exercised_lapses() -> None:
    owners = _in_round()
    owners.happens("cy exercises")
    owners.venue.do(FreezeAccount(account_id=owners.venue.accounts["cy"], frozen=True))
    owners.venue.do(FreezeAccount(account_id=owners.venue.accounts["rich"], frozen=True))
    assert owners.takes("rich", "waives") == ""
    assert owners.happens("wait 20") == "signing", "a frozen account pays nothing"
    assert owners.all_held() == 0
    owners.venue.close()


def test_a_right_that_is_no_longer_clear_is_not_signed_for_whoever_stepped_in_either() -> None:
    owners = _in_round()
    owners.happens("cy exercises")
    owners.happens("wait 20")
    owners.examine(owners.right_id, TitleCheck.DEFECT)
    assert owners.happens("lab signs") == "right.title_unknown"
    owners.happens("wait 181")
    assert (owners.deal().state, owners.escrow()) == ("lapsed", 0)
    owners.venue.close()


# --- Burdens the buyer signs for --------------------------------------------------------------------------------------


@pytest.fixture
def licences(monkeypatch: pytest.MonkeyPatch) -> list[Burden]:
    """What lies on every right: nothing yet."""
    found: list[Burden] = []
    monkeypatch.setattr(burdens, "SOURCES", [*burdens.SOURCES, lambda *_: found])
    return found


LICENCE = Burden(entry="LC1-7", kind=BurdenKind.LICENCE, blocks=False, summary="ordinary, CN, until 2030")


def test_a_buyer_takes_the_licences_it_signed_for(licences: list[Burden]) -> None:
    licences.append(LICENCE)
    owners = Owners.claimed(FINISHER)
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified
        cy   waives               ->  signing
        li   signs                ->  signing
        lab  signs                ->  contracted
    """)
    deal = owners.deal()
    assert deal.burdens_sha256 == burdens_hash([LICENCE])
    assert [(one.entry, one.kind) for one in deal.burdens] == [("LC1-7", "licence")]
    owners.venue.close()


@pytest.mark.parametrize("step", ["li accepts", "cy exercises", "li signs", "lab signs"])
def test_a_new_licence_before_the_signature_voids_the_offer(step: str, licences: list[Burden]) -> None:
    owners = Owners.claimed(FINISHER)
    owners.happens("lab proposes all 800")
    before = {"li accepts": (), "cy exercises": ("li accepts",)}.get(step, ("li accepts", "cy waives"))
    for line in before:
        assert "." not in owners.happens(line)
    licences.append(LICENCE)
    assert owners.happens(step) == RejectCode.DEAL_BURDENS_CHANGED
    licences.clear()
    assert "." not in owners.happens(step)
    owners.venue.check_tables()  # this source of burdens is the test's own and is not decided again


def test_what_blocks_is_no_burden_to_sign_for(licences: list[Burden]) -> None:
    owners = Owners.claimed(FINISHER)
    licences.append(Burden(entry="EN1-9", kind=BurdenKind.PLEDGE, blocks=True, summary="of a debt"))
    assert owners.venue.refusal(owners.proposal(asset_id=owners.right_id), "lab") == "right.encumbered"


# --- Sides ------------------------------------------------------------------------------------------------------------


def test_everybodys_last_sides_are_kept_beside_each_other() -> None:
    one, two, three = MemberId(1), MemberId(2), MemberId(3)
    old = LastSale(
        asset_id=Owners.golden().right_id,
        deal_id=Owners.golden().deal_id,
        seller_id=one,
        buyer_id=two,
        contracted_at_ns=TimeNs(10),
    )
    assert (old.bought_at_ns(two), old.sold_at_ns(one), old.bought_at_ns(one)) == (10, 10, 0)
    sides = take_sides(old, three, [one], TimeNs(20))
    assert sides == (
        SideTaken(member_id=one, bought_at_ns=TimeNs(20), sold_at_ns=TimeNs(10)),
        SideTaken(member_id=two, bought_at_ns=TimeNs(10)),
        SideTaken(member_id=three, sold_at_ns=TimeNs(20)),
    )
