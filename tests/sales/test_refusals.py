"""Who may not sell, under which terms, and who may not bid: each refusal with its code and the rule it cites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.rights import TitleCheck
from exchange.core.ids import BidderId, ListingId, LotId, MemberId, SaleId
from exchange.core.instruments import TechnologyClass
from exchange.core.membership import ClassMember, GrantMandate
from exchange.core.messages import Rejected
from exchange.core.parties import SellerClass, UserRight
from exchange.core.units import Minor, Ppm, TimeNs
from matching.listing_messages import ListingMethod
from matching.lot_messages import AnswerOffer, RevealBid
from matching.sale_messages import (
    AnnounceSale,
    AuctionRegime,
    CancelSale,
    LotTerms,
    PayDeposit,
    QualifyBidder,
    RegisterBidder,
    SealedPricing,
    WithdrawBidder,
)
from tests.sales.stage import DAY_NS, THOUSAND, Hall
from tests.support import Venue

# --- What a market and a seller may do --------------------------------------------------------------------------------

METHODS: list[tuple[SellerClass, ListingMethod, str]] = [
    (SellerClass.STATE_UNIVERSITY, ListingMethod.ENGLISH, ""),
    (SellerClass.STATE_UNIVERSITY, ListingMethod.DUTCH, ""),
    (SellerClass.STATE_UNIVERSITY, ListingMethod.SEALED, ""),
    (SellerClass.STATE_OWNED_ENTERPRISE, ListingMethod.ENGLISH, ""),
    (SellerClass.STATE_OWNED_ENTERPRISE, ListingMethod.DUTCH, "national/state_owned_enterprise/methods"),
    (SellerClass.STATE_OWNED_ENTERPRISE, ListingMethod.SEALED, ""),
    (SellerClass.PRIVATE, ListingMethod.DUTCH, ""),
]


@pytest.mark.parametrize(("seller", "method", "field"), METHODS)
def test_a_method_is_refused_with_its_rule_before_anything_is_listed(
    seller: SellerClass, method: ListingMethod, field: str
) -> None:
    hall = Hall.cn()
    hall.institution("seller", seller)
    command = hall.whole("seller", hall.right("seller"), method=method)
    if field:
        assert hall.code(command, "seller") == ("rule.method_not_allowed", field)
    else:
        hall.admitted("seller", command)


def test_a_market_whose_profile_knows_no_such_auction_refuses_it_by_profile_version_field_and_provision() -> None:
    hall = Hall.cn()
    house = Hall(Venue.sandbox(methods=["listing", "agreement", "english"]))
    house.institution("lab")
    house.institution("pku")
    command = hall.whole("lab", hall.right("lab"), method=ListingMethod.SEALED)
    outcome = house.right("lab", patent_id=None, outcome_id=house.outcome("lab"))
    mine = msgspec.structs.replace(
        command,
        market_id=house.venue.market_id,
        account_id=house.venue.accounts["lab"],
        asset_id=outcome,
        disclosure_sha256=house.file("lab", "disclosure"),
    )
    [rejected] = house.venue.do(mine, "lab")
    assert isinstance(rejected, Rejected) and rejected.rule is not None
    assert (rejected.rule.profile, rejected.rule.version, rejected.rule.field) == ("sandbox", 1, "methods")
    assert rejected.rule.provision == "SANDBOX"


# --- The terms of an announcement -------------------------------------------------------------------------------------

Change = Callable[[Hall], dict[str, Any]]


def first_lot(hall: Hall, **changed: Any) -> dict[str, Any]:
    return {"lots": (msgspec.structs.replace(hall.terms["lots"][0], **changed),)}


def begins(hall: Hall, days: float) -> dict[str, Any]:
    at_ns = hall.venue.clock_ns + int(days * DAY_NS)
    return {"starts_at_ns": TimeNs(at_ns), "ends_at_ns": TimeNs(at_ns + DAY_NS)}


ENGLISH: list[tuple[str, Change, str, str]] = [
    ("as it should be", lambda _: {}, "", ""),
    ("an unknown listing", lambda hall: first_lot(hall, listing_id=ListingId(1)), "listing.unknown", ""),
    ("below the listing price", lambda h: first_lot(h, start_minor=Minor(799 * THOUSAND)), "sale.terms_invalid", ""),
    ("a reserve below the start", lambda h: first_lot(h, reserve_minor=Minor(THOUSAND)), "sale.terms_invalid", ""),
    ("a listing twice", lambda h: {"lots": h.terms["lots"] * 2}, "sale.terms_invalid", ""),
    ("a reserve on show", lambda _: {"reserve_shown": True}, "sale.terms_invalid", "reserve_visible"),
    ("no increment", lambda _: {"increment_minor": Minor(0)}, "sale.terms_invalid", ""),
    ("a soft close too short", lambda _: {"soft_close_seconds": 299}, "sale.terms_invalid", "anti_sniping_seconds"),
    ("a deposit too small", lambda h: {"deposit_minor": Minor(80 * THOUSAND - 1)}, "sale.terms_invalid", "deposit_ppm"),
    ("a deposit above all", lambda h: {"deposit_minor": Minor(801 * THOUSAND)}, "sale.terms_invalid", "deposit_ppm"),
    ("the clock of another method", lambda _: {"step_seconds": 60}, "sale.terms_invalid", ""),
    ("a reveal of another method", lambda h: {"reveal_until_ns": h.terms["ends_at_ns"] + 1}, "sale.terms_invalid", ""),
    ("a forfeit of another method", lambda _: {"unrevealed_forfeit_ppm": Ppm(1)}, "sale.terms_invalid", ""),
    ("the price of another method", lambda _: {"pricing": SealedPricing.SECOND}, "sale.terms_invalid", ""),
    ("six days of notice", lambda h: begins(h, 6), "sale.terms_invalid", "auction_notice_days"),
    ("eight days of notice", lambda h: begins(h, 8), "", ""),
    ("an end before the start", lambda h: {"ends_at_ns": h.terms["starts_at_ns"]}, "sale.terms_invalid", ""),
    ("two years of it", lambda h: {"ends_at_ns": h.terms["starts_at_ns"] + 400 * DAY_NS}, "sale.terms_invalid", ""),
    ("an auctioneer's name alone", lambda _: {"auctioneer": "Hammer"}, "sale.terms_invalid", ""),
    (
        "the auction law without an auctioneer",
        lambda _: {"regime": AuctionRegime.AUCTION_LAW},
        "sale.terms_invalid",
        "",
    ),
    (
        "the auction law",
        lambda _: {"regime": AuctionRegime.AUCTION_LAW, "auctioneer": "Hammer", "auctioneer_licence": "2026-1"},
        "",
        "",
    ),
    ("a contract nobody filed", lambda _: {"contract_sha256": "0" * 64}, "document.unknown", ""),
    ("a data room nobody filed", lambda _: {"data_room": ("0" * 64,)}, "document.unknown", ""),
    ("a group of nobody", lambda _: {"group_ids": (MemberId(5),)}, "member.unknown", ""),
]


@pytest.mark.parametrize(("change", "code", "field"), [row[1:] for row in ENGLISH], ids=[row[0] for row in ENGLISH])
def test_an_english_auction_is_announced_under_lawful_terms_only(change: Change, code: str, field: str) -> None:
    hall = Hall.cn()
    hall.announcement("english", A=800)
    command = AnnounceSale(**(hall.terms | change(hall)))
    if code:
        assert hall.code(command, "lab") == (code, field)
    else:
        assert not hall.venue.refusal(command, "lab")


DUTCH: list[tuple[str, Change, str]] = [
    ("as it should be", lambda _: {}, ""),
    ("an end of its own", lambda h: {"ends_at_ns": h.terms["starts_at_ns"] + DAY_NS}, "sale.terms_invalid"),
    ("a reserve", lambda h: first_lot(h, reserve_minor=Minor(1_600 * THOUSAND)), "sale.terms_invalid"),
    ("no step", lambda _: {"step_seconds": 0}, "sale.terms_invalid"),
    ("a fall too slow to end", lambda _: {"increment_minor": Minor(1)}, "sale.terms_invalid"),
    ("a soft close", lambda _: {"soft_close_seconds": 300}, "sale.terms_invalid"),
]
SEALED: list[tuple[str, Change, str]] = [
    ("as it should be", lambda _: {}, ""),
    ("an increment", lambda _: {"increment_minor": Minor(1)}, "sale.terms_invalid"),
    ("no time to reveal", lambda h: {"reveal_until_ns": h.terms["ends_at_ns"]}, "sale.terms_invalid"),
]


@pytest.mark.parametrize(
    ("method", "change", "code"),
    [*(("dutch", *row[1:]) for row in DUTCH), *(("sealed", *row[1:]) for row in SEALED)],
    ids=[*(f"dutch: {row[0]}" for row in DUTCH), *(f"sealed: {row[0]}" for row in SEALED)],
)
def test_other_auctions_take_the_terms_of_their_method_only(method: str, change: Change, code: str) -> None:
    hall = Hall.cn()
    hall.announcement(method, A=800)
    assert hall.venue.refusal(AnnounceSale(**(hall.terms | change(hall))), "lab") == code


def test_a_state_owned_enterprise_gives_twenty_trading_days_of_notice() -> None:
    hall = Hall.cn()
    hall.seller = "soe"
    hall.announcement("english", A=800)
    field = "national/state_owned_enterprise/open_sale_notice_trading_days"
    assert hall.code(AnnounceSale(**(hall.terms | begins(hall, 27))), "soe") == ("sale.terms_invalid", field)
    assert not hall.venue.refusal(AnnounceSale(**(hall.terms | begins(hall, 29))), "soe")


def test_one_clock_sells_one_lot_and_one_sale_has_one_method_and_seller() -> None:
    hall = Hall.cn()
    hall.announcement("dutch", A=500, B=300)
    both = {"lots": hall.terms["lots"], "deposit_minor": Minor(160 * THOUSAND)}
    assert hall.venue.refusal(AnnounceSale(**(hall.terms | both)), "lab") == "sale.terms_invalid"
    other = Hall.cn()
    other.listed("B", ListingMethod.SEALED, 400)
    other.announcement("english", A=800, B=400)
    assert other.venue.refusal(AnnounceSale(**other.terms), "lab") == "sale.terms_invalid"


def test_only_the_seller_announces_what_is_admitted_and_still_its_to_sell() -> None:
    hall = Hall.cn()
    hall.announcement("english", A=800)
    command = AnnounceSale(**hall.terms)
    assert hall.venue.refusal(command, "thu") == "account.not_yours"
    hall.examine(hall.assets["A"], TitleCheck.CLEAR, encumbered=True)
    assert hall.venue.refusal(command, "lab") == "right.encumbered"
    hall.examine(hall.assets["A"], TitleCheck.DEFECT)
    assert hall.venue.refusal(command, "lab") == "right.title_unknown"
    hall.examine(hall.assets["A"], TitleCheck.CLEAR)
    assert not hall.venue.refusal(command, "lab")
    draft = hall.proposed("lab", hall.whole("lab", hall.right("lab"), method=ListingMethod.ENGLISH))
    terms = LotTerms(listing_id=draft, start_minor=Minor(800 * THOUSAND))
    assert hall.venue.refusal(AnnounceSale(**(hall.terms | {"lots": (terms,)})), "lab") == "listing.state"
    hall.venue.close()


def test_what_is_listed_for_agreement_is_not_auctioned() -> None:
    hall = Hall.cn()
    hall.announcement("english", A=800)
    listing = hall.admitted("lab", hall.whole("lab", hall.right("lab"))).listing
    terms = LotTerms(listing_id=listing.listing_id, start_minor=Minor(80_000_000))
    assert hall.venue.refusal(AnnounceSale(**(hall.terms | {"lots": (terms,)})), "lab") == "sale.terms_invalid"


# --- Who may take part ------------------------------------------------------------------------------------------------


def test_the_seller_its_group_and_its_agents_are_barred() -> None:
    hall = Hall.cn()
    hall.announcement("english", A=800)
    group = (hall.venue.members["wu"],)
    hall.announced("english", A=800, group_ids=group)
    grant = GrantMandate(
        account_id=hall.venue.accounts["lab"],
        user_id=hall.venue.users["ren"],
        rights=(UserRight.TRADE,),
        limit_minor=Minor(0),
        valid_from_ns=TimeNs(0),
        valid_until_ns=TimeNs(hall.venue.clock_ns + 100 * DAY_NS),
    )
    assert not hall.venue.refusal(grant, "lab")
    for who, code in (("lab", "sale.barred"), ("wu", "sale.barred"), ("ren", "sale.barred"), ("li", "")):
        assert hall.venue.refusal(hall.registration(who), who) == code, who


def test_staff_take_no_part() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    for who in ("ops", "reg"):
        command = RegisterBidder(sale_id=hall.sale_id, account_id=hall.venue.accounts["li"])
        assert hall.venue.refusal(command, who) == "role.not_allowed"


def unclassed(hall: Hall, who: str) -> None:
    hall.venue.do(ClassMember(member_id=hall.venue.members[who], standings=()))


BIDDER: list[tuple[str, Callable[[Hall], Any], str]] = [
    ("as it should be", lambda _: None, ""),
    (
        "no method statement",
        lambda h: h.venue.do(ClassMember(member_id=h.venue.members["li"], standings=())),
        "rule.suitability",
    ),
    ("frozen", lambda h: h.venue.do(FreezeAccount(account_id=h.venue.accounts["li"], frozen=True)), "account.frozen"),
    ("another right frozen", lambda h: h.venue.do(FreezeAsset(asset_id=h.assets["A"], frozen=True)), "asset.frozen"),
    ("registered before", lambda h: h.registered("li"), "bidder.exists"),
    ("too late", lambda h: h.until(h.sale().starts_at_ns), "sale.unknown"),
]


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in BIDDER], ids=[row[0] for row in BIDDER])
def test_whoever_could_not_be_the_buyer_does_not_register(change: Callable[[Hall], Any], code: str) -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    change(hall)
    assert hall.venue.refusal(hall.registration("li"), "li") == code


def test_a_foreign_bidder_for_technology_that_is_not_free_is_refused_before_the_first_bid() -> None:
    hall = Hall.cn()
    hall.trader("acme", country="US")
    hall.announced("english", A=800)
    assert hall.venue.refusal(hall.registration("acme"), "acme") == "export.not_cleared"
    hall.right_id = hall.assets["A"]
    hall.change_right(technology_class=TechnologyClass.FREE)
    assert not hall.venue.refusal(hall.registration("acme"), "acme")


def test_each_condition_is_shown_by_a_document_on_file() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    bare = RegisterBidder(sale_id=hall.sale_id, account_id=hall.venue.accounts["li"])
    assert hall.venue.refusal(bare, "li") == "document.unknown"
    forged = msgspec.structs.replace(bare, evidence=("0" * 64,))
    assert hall.venue.refusal(forged, "li") == "document.unknown"


def test_a_bidder_without_the_money_is_not_admitted_and_one_who_leaves_has_it_back() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800, deposit_minor=Minor(800 * THOUSAND))
    hall.trader("poor")
    hall.pay_in("poor", 800 * THOUSAND - 1)
    hall.registered("poor")
    for step in ("qualify", "bind"):
        assert not hall.enters(step, "poor")
    assert hall.enters("deposit", "poor") == "hold.insufficient_available"
    hall.pay_in("poor", 1)
    assert not hall.enters("deposit", "poor")
    assert hall.deposit("poor") == 800
    assert not hall.venue.refusal(WithdrawBidder(bidder_id=hall.entered["poor"]), "poor")
    assert hall.deposit("poor") == 0
    assert not hall.venue.refusal(hall.registration("poor"), "poor"), "who left may come back"
    hall.venue.close()


def test_a_signature_is_under_the_announced_text_and_a_view_of_the_announced_documents() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    hall.registered("li")
    assert not hall.enters("qualify", "li")
    assert hall.enters("bind", "li", confidentiality_sha256="0" * 64) == "sale.terms_changed"
    assert not hall.enters("bind", "li")
    assert hall.enters("view", "li", sha256="0" * 64) == "document.unknown"


def test_who_was_not_admitted_in_time_does_not_bid() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    hall.enter("li", "wu")
    hall.registered("ren")
    hall.plays("""
        begin             ->  A open
        ren bids A 800    ->  bidder.state
        li  commits A 900 ->  sale.state
    """)
    for step in ("qualify", "deposit"):
        assert hall.enters(step, "ren") in ("sale.state", "bidder.state")


def test_nothing_is_asked_of_what_is_not_there() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    hall.enter("li", "wu")
    hall.plays("begin -> A open\nli bids A 900 -> A li 900")
    bid_id = hall.venue.journal[-1].events[0].bid.bid_id  # type: ignore[attr-defined]
    nonce = "0123456789abcdef"
    asked: list[tuple[Any, str, str]] = [
        (CancelSale(sale_id=SaleId(1), reason="none"), "ops", "sale.unknown"),
        (QualifyBidder(bidder_id=BidderId(1), qualified=True, reason="none"), "ops", "bidder.unknown"),
        (PayDeposit(bidder_id=BidderId(1)), "li", "bidder.unknown"),
        (hall.bid("li", "A", 1_000, lot_ids=(LotId(7),)), "li", "bid.lots_invalid"),
        (hall.bid("li", "A", 1_000), "wu", "account.not_yours"),
        (hall.bid("li", "A", 99_000_000), "li", "limit.exceeded"),
        (AnswerOffer(bid_id=bid_id, accepted=True), "li", "bid.state"),
        (RevealBid(bid_id=bid_id, lot_ids=(hall.lots["A"],), price_minor=Minor(1), nonce=nonce), "li", "sale.state"),
    ]
    for command, by, code in asked:
        assert hall.venue.refusal(command, by) == code, command
    hall.venue.close()
