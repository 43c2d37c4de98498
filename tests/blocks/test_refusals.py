"""Whatever keeps a block from being offered, taken or signed: its code, and the rule it cites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from custody.corrections_messages import FreezeAsset
from custody.funding_messages import RecordReceipt
from custody.messages import AccountOpened
from custody.preservations import OrderPreservation
from exchange.core.ids import MarketId
from exchange.core.instruments import TechnologyClass
from exchange.core.membership import ClassMember, OpenAccount
from exchange.core.messages import Rejected
from exchange.core.parties import Standing
from exchange.core.units import Minor, Units
from matching.consideration import Instalment, Items
from matching.deals import Consideration
from tests.blocks.stage import Floor, junior_of, private_market

Offer = dict[str, Any]
Arrange = Callable[[], tuple[Floor, Offer]]
"""A floor, and what differs in the offer of 100 units by its first holder to ren for 10,000."""


def shares(**fields: Any) -> Arrange:
    """Shares in the sandbox, under a profile some of whose fields differ."""
    return lambda: (Floor.shares(**fields), {})


def offer(**changed: Any) -> Arrange:
    """Shares in the sandbox, and an offer that differs."""
    return lambda: (Floor.shares(), changed)


def notes(**fields: Any) -> Arrange:
    """Notes in a private product's market five days after their issue."""

    def arrange() -> tuple[Floor, Offer]:
        floor = Floor.notes(**fields)
        floor.venue.pass_time(days=5)
        return floor, {"seller": "li"}

    return arrange


def allotted_yesterday() -> tuple[Floor, Offer]:
    floor = Floor.notes()
    floor.venue.pass_time(days=1)
    return floor, {"seller": "li"}


def sold_back() -> tuple[Floor, Offer]:
    """li sold to ren yesterday; today ren may not sell, and li may not buy."""
    floor = Floor.notes()
    floor.venue.pass_time(days=5)
    floor.sold("a", "li", "ren", 100, 10_000)
    floor.venue.pass_time(days=1)
    return floor, {"seller": "wu", "buyer": "li"}


def nobody_professional() -> tuple[Floor, Offer]:
    floor, changed = notes()()
    return floor, changed | {"buyer": "ordinary"}


def retained() -> tuple[Floor, Offer]:
    floor, changed = notes()()
    member_id = floor.venue.members["licensor0"]
    floor.venue.do(ClassMember(member_id=member_id, standings=(Standing.PROFESSIONAL,)))
    return floor, changed | {"seller": "licensor0", "asset_id": junior_of(floor)}


def another_market() -> tuple[Floor, Offer]:
    floor, changed = notes()()
    return floor, changed | {"market_id": floor.venue.market_id}


def holders_of_all_classes() -> tuple[Floor, Offer]:
    """li, wu and the originator of the other class are three."""
    return notes(holder_cap=3)()


def preserved() -> tuple[Floor, Offer]:
    floor = Floor.shares()
    floor.venue.by_two(
        OrderPreservation(
            asset_id=floor.asset_id,
            account_id=floor.venue.accounts["thu"],
            units=Units(999_950),
            court="Shenzhen Court",
            reference="(2026) 1",
            document_sha256=floor.file("ops", "order"),
            reason="a claim",
        )
    )
    return floor, {}


def frozen() -> tuple[Floor, Offer]:
    floor = Floor.shares()
    floor.venue.do(FreezeAsset(asset_id=floor.asset_id, frozen=True, reason="looked into"))
    return floor, {}


def no_deed() -> tuple[Floor, Offer]:
    floor = Floor.shares()
    floor.asset_id = floor.floating("pku", deed=False)
    return floor, {"seller": "pku"}


def finisher_unasked() -> tuple[Floor, Offer]:
    """The finisher's claim is not waived, and nobody knows who the finisher is."""
    floor = Floor.shares()
    floor.asset_id = floor.floating("pku", waived=False)
    return floor, {"seller": "pku"}


def abroad() -> tuple[Floor, Offer]:
    floor = Floor.shares()
    floor.asset_id = floor.floating("pku", technology_class=TechnologyClass.RESTRICTED)
    return floor, {"seller": "pku", "buyer": "zeiss"}


def kept_consent() -> tuple[Floor, Offer]:
    floor = Floor.shares(consent=False)
    floor.sold("a", "thu", "li", 100, 10_000)
    return floor, {}


def shares_of_a_private_market() -> tuple[Floor, Offer]:
    floor = Floor.shares()
    floor.market = private_market(floor)
    for name in ("thu", "ren"):
        floor.venue.do(ClassMember(member_id=floor.venue.members[name], standings=(Standing.PROFESSIONAL,)))
    return floor, {}


SANDBOX, PRIVATE = ("sandbox", 1), ("cn_private_product", 2)
REFUSED: list[tuple[str, Arrange, str, tuple[Any, ...] | None]] = [
    ("no units named", offer(units=None), "deal.terms_invalid", None),
    ("more than there are", offer(units=Units(1_000_001)), "deal.terms_invalid", None),
    ("to itself", offer(buyer="thu"), "deal.terms_invalid", None),
    ("waits for an office", offer(wait_for_recordal=True), "deal.terms_invalid", None),
    (
        "paid later",
        offer(
            consideration=(Consideration.CASH, Consideration.INSTALMENTS),
            items=Items(instalments=(Instalment(amount_minor=Minor(1), due_days=30),)),
        ),
        "deal.consideration_not_supported",
        None,
    ),
    ("of what it has not", offer(seller="li", buyer="wu"), "right.not_owned", None),
    ("unknown market", offer(market_id=MarketId(1)), "market.unknown", None),
    ("no agreements", shares(methods=["rfq"]), "rule.method_not_allowed", (*SANDBOX, "methods", "SANDBOX")),
    (
        "another's register",
        notes(register_of_record="external"),
        "rule.method_not_allowed",
        (*PRIVATE, "register_of_record", "CN-SEC-37"),
    ),
    (
        "no book entry",
        shares(settlement=["recordal"], centralised_methods=[]),
        "rule.method_not_allowed",
        (*SANDBOX, "settlement", "SANDBOX"),
    ),
    ("certificates alone", shares_of_a_private_market, "rule.method_not_allowed", (*PRIVATE, "unit_form", "VENUE")),
    (
        "fractions alone",
        notes(unit_form="whole_or_exact_fraction"),
        "rule.method_not_allowed",
        (*PRIVATE, "unit_form", "VENUE"),
    ),
    ("too few units", shares(minimum_lot_units=101), "deal.terms_invalid", (*SANDBOX, "minimum_lot_units", "SANDBOX")),
    ("no such price step", shares(price_step_minor=3), "deal.terms_invalid", (*SANDBOX, "price_step_minor", "SANDBOX")),
    ("too dear", shares(value_cap_minor=9_999), "rule.value_cap", (*SANDBOX, "value_cap_minor", "SANDBOX")),
    ("no professional", nobody_professional, "rule.suitability", (*PRIVATE, "suitability", "CN-SEC-89")),
    ("too many holders", shares(holder_cap=1), "rule.holder_cap", (*SANDBOX, "holder_cap", "SANDBOX")),
    ("too many of all classes", holders_of_all_classes, "rule.holder_cap", (*PRIVATE, "holder_cap", "CN-SEC-9")),
    (
        "allotted yesterday",
        allotted_yesterday,
        "rule.opposite_side_gap",
        (*PRIVATE, "opposite_side_gap_trading_days", "CN-38/37"),
    ),
    ("sold yesterday", sold_back, "rule.opposite_side_gap", (*PRIVATE, "opposite_side_gap_trading_days", "CN-38/37")),
    ("locked up", notes(lock_up_days=30), "rule.lock_up", (*PRIVATE, "lock_up_days", "VENUE")),
    ("retained", retained, "rule.lock_up", ("risk_retention", 1, "retained_notes", "ISSUE-TERMS")),
    ("notes of another market", another_market, "market.unknown", None),
    ("under a court's order", preserved, "right.encumbered", None),
    ("frozen", frozen, "asset.frozen", None),
    ("without a deed", no_deed, "listing.no_share_deed", None),
    (
        "a claim nobody can be asked about",
        finisher_unasked,
        "listing.prior_claims_open",
        (*SANDBOX, "first_refusal_days", "SANDBOX"),
    ),
    (
        "restricted technology abroad",
        abroad,
        "export.not_cleared",
        ("technology_export", 1, "technology_class", "TIE-33"),
    ),
    ("a co-holder has not consented", kept_consent, "consent.missing", ("co_ownership", 1, "consent", "CN-PATENT-14")),
]


@pytest.mark.parametrize(("arrange", "code", "rule"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_each_refusal_has_its_code_and_cites_its_rule(
    arrange: Arrange, code: str, rule: tuple[Any, ...] | None
) -> None:
    floor, changed = arrange()
    rejected = refused(floor, **changed)
    told = rejected.rule
    cited = (told.profile, told.version, told.field, told.provision) if told is not None else None
    assert (rejected.code.value, cited) == (code, rule), rejected.detail


def refused(floor: Floor, seller: str = "thu", buyer: str = "ren", **changed: Any) -> Rejected:
    """The refusal of an offer; it changes nothing."""
    before = [(who, floor.held(who), floor.venue.cash(who)) for who in ("li", "ren")]
    rejected = floor.rejected(floor.proposal(seller, buyer, changed.pop("units", 100), 10_000, **changed), seller)
    assert [(who, floor.held(who), floor.venue.cash(who)) for who in ("li", "ren")] == before
    return rejected


def test_the_refusal_of_burdened_units_names_the_entry() -> None:
    floor, changed = preserved()
    assert "preservation of 999950" in refused(floor, **changed).detail


def test_what_was_allowed_is_asked_again_when_it_is_taken_and_signed() -> None:
    floor = Floor.notes()
    floor.plays("""
        wait 5                           ->
        a: li sells ren 100 for 10000    ->  proposed
    """)
    ren = floor.venue.members["ren"]
    floor.venue.do(ClassMember(member_id=ren, standings=()))
    floor.plays("ren accepts a -> rule.suitability")
    floor.venue.do(ClassMember(member_id=ren, standings=(Standing.PROFESSIONAL,)))
    floor.plays("ren accepts a -> signing")
    floor.venue.do(ClassMember(member_id=ren, standings=()))
    floor.plays("""
        ren signs a -> rule.suitability
        li signs a  -> rule.suitability
        wu signs a  -> deal.not_party
    """)
    assert floor.held("li") == 100


def test_two_offers_may_not_together_bring_in_one_holder_too_many() -> None:
    floor = Floor.shares(holder_cap=2)
    floor.plays("""
        a: thu sells li 100 for 1000   ->  proposed
        b: thu sells wu 100 for 1000   ->  proposed
        li accepts a                   ->  signing
        wu accepts b                   ->  signing
        li signs a                     ->  signing
        wu signs b                     ->  signing
        thu signs a                    ->  completed
        thu signs b                    ->  rule.holder_cap
    """)


def test_behind_a_nominee_each_beneficiary_is_a_holder() -> None:
    """thu and the two funds behind wu are three; a third fund is one too many, and so is wu for itself."""
    floor = Floor.shares(holder_cap=3)
    for name in ("first", "second", "third"):
        command = OpenAccount(member_id=floor.venue.members["wu"], sub_account=name, beneficiary=name)
        floor.venue.accounts[name] = floor.venue.make(command, AccountOpened, "wu").account.account_id
        floor.venue.do(
            RecordReceipt(
                bank_id=floor.venue.bank_id,
                reference=name,
                payer_name="wu",
                payer_account="XT00",
                amount_minor=Minor(10_000),
                account_id=floor.venue.accounts[name],
            )
        )
    for name, answer in (("first", "proposed"), ("second", "proposed"), ("third", "rule.holder_cap")):
        assert floor.offers(name, "thu", name, 100, 1_000) == answer
        if not answer.startswith("rule"):
            for step in ("accepts", "signs"):
                assert floor.venue.refusal(floor.command(name, step, name), "wu") == ""
            floor.plays(f"thu signs {name} -> completed")
    assert floor.offers("own", "thu", "wu", 100, 1_000) == "rule.holder_cap"
    assert floor.offers("again", "thu", "first", 100, 1_000) == "proposed"


def test_a_hundred_open_blocks_are_enough() -> None:
    floor = Floor.shares()
    for serial in range(100):
        assert floor.offers(f"n{serial}", "thu", "li", 1, 1_000) == "proposed"
    assert floor.offers("more", "thu", "li", 1, 1_000) == "limit.exceeded"
    floor.plays("thu withdraws n7 -> withdrawn")
    assert floor.offers("more", "thu", "li", 1, 1_000) == "proposed"


def test_nobody_signs_for_both_sides_and_another_hash_is_no_acceptance() -> None:
    floor = Floor.shares()
    floor.plays("a: thu sells li 100 for 1000 -> proposed")
    wrong = floor.command("li", "accepts", "a")
    assert floor.venue.refusal(type(wrong)(deal_id=wrong.deal_id, terms_sha256="0" * 64), "li") == "deal.terms_changed"
    floor.plays("""
        wu accepts a   ->  deal.not_party
        li signs a     ->  deal.state
    """)


def test_units_go_to_the_court_before_they_go_to_a_buyer() -> None:
    """An order takes what is free, then ends the newest offers for the rest; what the buyer paid comes back."""
    floor = Floor.shares()
    floor.plays("""
        a: thu sells li 600000 for 5000   ->  proposed
        b: thu sells wu 400000 for 5000   ->  proposed
        wu accepts b                      ->  signing
        wu signs b                        ->  signing
    """)
    cash = floor.venue.cash("wu")
    floor.venue.by_two(
        OrderPreservation(
            asset_id=floor.asset_id,
            account_id=floor.venue.accounts["thu"],
            units=Units(300_000),
            court="Shenzhen Court",
            reference="(2026) 2",
            document_sha256=floor.file("ops", "order"),
            reason="a claim",
        )
    )
    assert (floor.state("a"), floor.state("b")) == ("proposed", "stopped")
    assert floor.held("thu") == 900_000
    assert floor.venue.cash("wu") == cash + 5_100
    assert (floor.escrow(), floor.venue.state.ledger.available(floor.venue.accounts["wu"], floor.venue.money)) == (
        0,
        floor.venue.cash("wu"),
    )


def test_a_court_stops_a_block_whose_claimants_are_being_asked() -> None:
    floor = Floor.shares(waived=False, first_refusal_days=15)
    floor.sold("a", "thu", "li", 400_000, 4_000)
    floor.plays("""
        b: thu sells wu 600000 for 2000   ->  proposed
        wu accepts b                      ->  pre_emption
    """)
    floor.venue.by_two(
        OrderPreservation(
            asset_id=floor.asset_id,
            account_id=floor.venue.accounts["thu"],
            units=Units(1),
            court="Shenzhen Court",
            reference="(2026) 3",
            document_sha256=floor.file("ops", "order"),
            reason="a claim",
        )
    )
    assert floor.state("b") == "stopped"
    floor.plays("li exercises b -> prior_claim.unknown")
    floor.plays("wait 20 ->")
