"""Listing: what the law allows in which market, what must be on file, who admits it, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.outcomes import PriorClaimKind, PriorClaimWaived, ShareDeedFiled, WaivePriorClaim
from custody.rights import RegisterRight, TitleCheck
from exchange.assets.party_identifiers import read_instrument_code
from exchange.core.ids import AssetId, ListingId, MarketId
from exchange.core.instruments import Phase, Side
from exchange.core.membership import FreezeMember
from exchange.core.messages import Command, Rejected
from exchange.core.parties import SellerClass
from exchange.core.units import Minor, PriceTicks, QuantityLots
from matching.listing import ListingState
from matching.listing_messages import (
    AdmitListing,
    DelistListing,
    Listing,
    ListingDelisted,
    ListingMethod,
    ListingRejected,
    RejectListing,
)
from matching.messages import ChangePhase, FreezeInstrument, Instrument, PlaceOrder
from tests.listings.stage import House

# --- The law ----------------------------------------------------------------------------------------------------------

TABLE: list[tuple[str, str, ListingMethod, str, str]] = [
    ("sandbox", "shares", ListingMethod.ORDER_BOOK, "", ""),
    ("sandbox", "shares", ListingMethod.AGREEMENT, "rule.method_not_allowed", "SANDBOX"),
    ("sandbox", "whole patent", ListingMethod.ORDER_BOOK, "rule.method_not_allowed", "SANDBOX"),
    ("sandbox", "whole patent", ListingMethod.AGREEMENT, "rule.method_not_allowed", "SANDBOX"),
    ("sandbox", "whole know-how", ListingMethod.AGREEMENT, "", ""),
    ("sandbox", "whole know-how", ListingMethod.LISTING, "", ""),
    ("cn_ip_venue", "shares", ListingMethod.ORDER_BOOK, "rule.method_not_allowed", "CN-38/37"),
    ("cn_ip_venue", "whole patent", ListingMethod.ORDER_BOOK, "rule.method_not_allowed", "CN-38/37"),
    ("cn_ip_venue", "shares", ListingMethod.AGREEMENT, "rule.method_not_allowed", "CN-SH-2025-2-2"),
    ("cn_ip_venue", "whole patent", ListingMethod.AGREEMENT, "", ""),
    ("cn_ip_venue", "whole patent", ListingMethod.LISTING, "", ""),
    ("cn_ip_venue", "whole know-how", ListingMethod.AGREEMENT, "rule.method_not_allowed", "CN-PATENT-10"),
]


@pytest.mark.parametrize(("market", "thing", "method", "code", "provision"), TABLE)
def test_what_may_be_listed_where_and_how(
    market: str, thing: str, method: ListingMethod, code: str, provision: str
) -> None:
    house = House.cn()
    market_id = house.cn_market if market == "cn_ip_venue" else house.venue.market_id
    match thing:
        case "shares":
            asset_id = house.floating("thu")
        case "whole patent":
            asset_id = house.right("thu")
        case _:
            asset_id = house.right("thu", patent_id=None, outcome_id=house.outcome("thu"))
    build = house.book if method is ListingMethod.ORDER_BOOK else house.whole
    command = build("thu", asset_id, market_id=market_id, method=method)
    if code:
        assert house.refused(command, "thu") == (code, provision)
    else:
        assert house.admitted("thu", command).listing.state is ListingState.ADMITTED
    house.venue.close()


def test_a_state_owned_enterprise_may_not_sell_by_agreement() -> None:
    house = House.cn()
    house.institution("soe", SellerClass.STATE_OWNED_ENTERPRISE)
    right = house.right("soe")
    code, provision = house.refused(house.whole("soe", right), "soe")
    assert (code, bool(provision)) == ("rule.method_not_allowed", True)


# --- What must be on file for a book ----------------------------------------------------------------------------------


def test_a_book_needs_a_share_deed() -> None:
    house = House.sandbox()
    shares = house.floating("thu", deed=False)
    assert house.refused(house.book("thu", shares), "thu")[0] == "listing.no_share_deed"
    house.venue.make(house.deed_of("thu", house.outcome_of(shares).outcome_id), ShareDeedFiled, "thu")
    admitted = house.admitted("thu", house.book("thu", shares)).listing
    assert admitted.deed_id == house.outcome_of(shares).deed_id
    house.venue.close()


def test_a_book_needs_every_prior_claim_waived() -> None:
    house = House.sandbox()
    shares = house.floating("thu", waived=False)
    assert house.refused(house.book("thu", shares), "thu")[0] == "listing.prior_claims_open"
    outcome_id = house.outcome_of(shares).outcome_id
    waive = WaivePriorClaim(
        outcome_id=outcome_id, kind=PriorClaimKind.FINISHER, waiver_sha256=house.file("thu", "late waiver")
    )
    house.venue.make(waive, PriorClaimWaived, "thu")
    house.admitted("thu", house.book("thu", shares))
    house.venue.close()


@pytest.mark.parametrize("kept", ["transfer_consent", "preemption_waived"])
def test_a_deed_that_keeps_consent_or_pre_emption_is_no_ground_for_a_book(kept: str) -> None:
    house = House.sandbox()
    shares = house.floating("thu", deed=False)
    outcome_id = house.outcome_of(shares).outcome_id
    house.venue.make(house.deed_of("thu", outcome_id, **{kept: False}), ShareDeedFiled, "thu")
    assert house.refused(house.book("thu", shares), "thu")[0] == "listing.prior_claims_open"


def test_a_co_owners_pre_emption_is_waived_by_the_deed_it_signed() -> None:
    house = House.sandbox()
    members = house.venue.members
    shares = house.floating("thu", deed=False, co_owner_ids=(members["pku"],))
    outcome_id = house.outcome_of(shares).outcome_id
    signed = house.deed_of("thu", outcome_id, signer_ids=(members["thu"], members["pku"]))
    house.venue.make(signed, ShareDeedFiled, "thu")
    house.admitted("thu", house.book("thu", shares))
    house.venue.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"lot_units": Minor(0)},
        {"lot_units": Minor(3)},
        {"tick_minor": Minor(0)},
        {"band_low_ticks": Minor(0)},
        {"band_low_ticks": Minor(1_000)},
        {"band_high_ticks": Minor(2**43)},
        {"asking_price_minor": Minor(1)},
    ],
)
def test_a_books_scales_must_share_out_the_whole_and_bound_its_prices(changed: dict[str, Any]) -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    assert house.refused(house.book("thu", shares, **changed), "thu")[0] == "listing.terms_invalid"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"market_id": MarketId(7)}, "market.unknown"),
        ({"disclosure_sha256": "0" * 64}, "document.unknown"),
    ],
)
def test_a_listing_names_what_is_there(changed: dict[str, Any], code: str) -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    assert house.refused(house.book("thu", shares, **changed), "thu")[0] == code


def test_neither_money_nor_what_does_not_exist_is_listed() -> None:
    house = House.sandbox()
    for asset_id in (house.venue.money, AssetId(7)):
        assert house.refused(house.book("thu", asset_id), "thu")[0] == "asset.unknown"


def test_the_disclosure_must_be_the_sellers_or_the_venues_own() -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    others = house.file("pku", "their disclosure")
    assert house.refused(house.book("thu", shares, disclosure_sha256=others), "thu")[0] == "document.unknown"
    venues = house.file("ops", "disclosure by the venue")
    house.proposed("thu", house.book("thu", shares, disclosure_sha256=venues))


def test_only_the_outcomes_institution_lists_its_shares() -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    account = house.venue.accounts["thu"]
    assert house.refused(house.book("pku", shares), "pku")[0] == "right.not_owned"
    assert house.refused(house.book("pku", shares, account_id=account), "pku")[0] == "account.not_yours"


def test_frozen_shares_and_frozen_rights_are_not_listed() -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    for asset_id in (shares, house.outcome_of(shares).right_id):
        house.venue.do(FreezeAsset(asset_id=asset_id, frozen=True))
        assert house.refused(house.book("thu", shares), "thu")[0] == "asset.frozen"
        house.venue.do(FreezeAsset(asset_id=asset_id, frozen=False))
    house.proposed("thu", house.book("thu", shares))


def test_an_encumbered_right_keeps_its_shares_from_the_book() -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    house.examine(house.outcome_of(shares).right_id, TitleCheck.CLEAR, encumbered=True)
    assert house.refused(house.book("thu", shares), "thu")[0] == "right.encumbered"


# --- A whole right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", [TitleCheck.UNKNOWN, TitleCheck.DEFECT])
def test_a_whole_right_is_sold_only_with_a_clear_title(title: TitleCheck) -> None:
    house = House.cn()
    right = house.right("thu", title=title)
    assert house.refused(house.whole("thu", right), "thu")[0] == "right.title_unknown"
    house.examine(right, TitleCheck.CLEAR)
    house.admitted("thu", house.whole("thu", right))
    house.venue.close()


def test_a_right_nobody_examined_has_an_unknown_title() -> None:
    house = House.cn()
    register = RegisterRight(account_id=house.venue.accounts["thu"], patent_id=house.patent("thu"))
    [registered, *_] = house.venue.do(register, "thu")
    right_id = registered.right.asset_id  # type: ignore[attr-defined]
    [rejected] = house.venue.do(house.whole("thu", right_id), "thu")
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.detail) == ("right.title_unknown", "unknown")


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ("frozen", "asset.frozen"),
        ("of another", "right.not_owned"),
        ("expired", "right.expired"),
        ("encumbered", "right.encumbered"),
        ("without a price", "listing.terms_invalid"),
        ("with a lot", "listing.terms_invalid"),
        ("listed already", "listing.state"),
        ("without disclosure", "document.unknown"),
    ],
)
def test_a_whole_right_is_refused_when(prepare: str, code: str) -> None:
    house = House.cn()
    right = house.right("thu")
    command = house.whole("thu", right)
    by = "thu"
    match prepare:
        case "frozen":
            house.venue.do(FreezeAsset(asset_id=right, frozen=True))
        case "of another":
            command, by = house.whole("pku", right), "pku"
        case "expired":
            house.venue.pass_time(days=20 * 366)
        case "encumbered":
            house.examine(right, TitleCheck.CLEAR, encumbered=True)
        case "without a price":
            command = house.whole("thu", right, asking_price_minor=Minor(0))
        case "with a lot":
            command = house.whole("thu", right, lot_units=Minor(1))
        case "without disclosure":
            command = house.whole("thu", right, disclosure_sha256="f" * 64)
        case _:
            house.admitted("thu", command)
    assert house.refused(command, by)[0] == code


def test_a_patent_inside_an_outcome_is_not_sold_out_of_it() -> None:
    house = House.cn()
    patent = house.patent("thu")
    right = house.right("thu", patent_id=patent)
    house.outcome("thu", patent_ids=(patent,))
    assert house.refused(house.whole("thu", right), "thu")[0] == "outcome.state"


def test_a_record_without_its_owner_is_not_listable() -> None:
    house = House.cn()
    right = house.right("thu", patent_id=house.patent("thu", applicants=""))
    assert house.refused(house.whole("thu", right), "thu")[0] == "patent.not_listable"


def test_a_price_beyond_the_markets_cap_is_refused_and_the_cap_itself_is_not() -> None:
    house = House.sandbox(value_cap_minor=1_000)
    right = house.right("thu", patent_id=None, outcome_id=house.outcome("thu"))
    command = house.whole("thu", right, market_id=house.venue.market_id, asking_price_minor=Minor(1_001))
    assert house.refused(command, "thu")[0] == "rule.value_cap"
    house.admitted("thu", house.whole("thu", right, market_id=house.venue.market_id, asking_price_minor=Minor(1_000)))


def test_the_intended_price_is_public_for_the_days_the_overlay_asks_for() -> None:
    house = House.cn()
    admitted = house.admitted("thu", house.whole("thu", house.right("thu"))).listing
    # Admitted on Monday 2 March; fifteen days later is Tuesday the 17th, over at its end in Shanghai.
    assert admitted.publicity_until_ns == 1_773_763_200_000_000_000


def test_a_private_seller_need_not_publicise() -> None:
    house = House.cn()
    house.institution("lab", SellerClass.PRIVATE)
    admitted = house.admitted("lab", house.whole("lab", house.right("lab"))).listing
    assert admitted.publicity_until_ns == admitted.decided_at_ns


# --- Admission --------------------------------------------------------------------------------------------------------


def test_an_admitted_book_is_an_instrument_that_stands_closed() -> None:
    house = House.sandbox()
    first = house.admitted("thu", house.book("thu", house.floating("thu"))).instrument
    second = house.admitted("pku", house.book("pku", house.floating("pku"))).instrument
    assert first is not None and second is not None
    assert (first.phase, first.frozen, first.lot_units) == (Phase.CLOSED, False, 100)
    codes = [read_instrument_code(made.code) for made in (first, second)]
    assert [(code.instrument_class, code.serial) for code in codes] == [("S", 1), ("S", 2)]
    house.venue.close()


def test_an_admission_cites_the_provisions_that_allowed_it() -> None:
    house = House.cn()
    rules = house.admitted("thu", house.whole("thu", house.right("thu"))).rules
    assert [(rule.profile, rule.version, rule.field) for rule in rules] == [
        ("cn_ip_venue", 1, "methods"),
        ("cn_ip_venue", 1, "settlement"),
        ("cn_ip_venue", 1, "publicity"),
    ]


def test_everything_is_asked_again_at_the_admission() -> None:
    house = House.cn()
    right = house.right("thu")
    draft = house.proposed("thu", house.whole("thu", right))
    admit = AdmitListing(listing_id=draft)
    house.examine(right, TitleCheck.DEFECT)
    assert house.refused(admit, "ops")[0] == "right.title_unknown"
    house.examine(right, TitleCheck.CLEAR)
    house.venue.do(FreezeAccount(account_id=house.venue.accounts["thu"], frozen=True))
    assert house.refused(admit, "ops")[0] == "account.frozen"
    house.venue.do(FreezeAccount(account_id=house.venue.accounts["thu"], frozen=False))
    house.venue.do(FreezeMember(member_id=house.venue.members["thu"], frozen=True))
    assert house.refused(admit, "ops")[0] == "member.frozen"
    house.venue.do(FreezeMember(member_id=house.venue.members["thu"], frozen=False))
    house.venue.do(admit)
    assert house.refused(admit, "ops")[0] == "listing.state"
    house.venue.close()


def test_a_publicity_beyond_the_calendar_is_not_begun() -> None:
    house = House.cn()
    draft = house.proposed("thu", house.whole("thu", house.right("thu")))
    house.venue.pass_time(days=2 * 366)
    assert house.refused(AdmitListing(listing_id=draft), "ops")[0] == "calendar.not_covered"


@pytest.mark.parametrize(
    "command",
    [
        AdmitListing(listing_id=ListingId(7)),
        RejectListing(listing_id=ListingId(7), reason="no"),
        DelistListing(listing_id=ListingId(7), reason="no"),
    ],
)
def test_an_unknown_listing_is_told(command: Command) -> None:
    assert House.sandbox().refused(command, "ops")[0] == "listing.unknown"


def test_a_rejected_listing_is_over_and_another_may_be_proposed() -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    draft = house.proposed("thu", house.book("thu", shares))
    assert house.refused(house.book("thu", shares), "thu")[0] == "listing.state"
    rejected = house.venue.make(RejectListing(listing_id=draft, reason="disclosure is thin"), ListingRejected).listing
    assert (rejected.state, rejected.reason) == (ListingState.REJECTED, "disclosure is thin")
    assert house.refused(AdmitListing(listing_id=draft), "ops")[0] == "listing.unknown"
    admitted = house.admitted("thu", house.book("thu", shares)).listing
    assert house.refused(RejectListing(listing_id=admitted.listing_id, reason="late"), "ops")[0] == "listing.state"
    house.venue.close()


# --- The end ----------------------------------------------------------------------------------------------------------


def traded(house: House) -> tuple[Listing, Instrument]:
    """A listing whose instrument is open, with an offer in its book."""
    admitted = house.admitted("thu", house.book("thu", house.floating("thu")))
    assert admitted.instrument is not None
    instrument_id = admitted.instrument.instrument_id
    house.venue.do(ChangePhase(instrument_id=instrument_id, phase=Phase.CONTINUOUS))
    offer = PlaceOrder(
        client_order_id="o1",
        account_id=house.venue.accounts["thu"],
        instrument_id=instrument_id,
        side=Side.SELL,
        price_ticks=PriceTicks(10),
        quantity_lots=QuantityLots(100),
    )
    house.venue.do(offer, "thu")
    assert len(house.venue.state.orders) == 1
    return admitted.listing, admitted.instrument


def test_a_delisting_closes_the_instrument_for_good_and_ends_its_orders() -> None:
    house = House.sandbox()
    listing, instrument = traded(house)
    delist = DelistListing(listing_id=listing.listing_id, reason="invalidated")
    assert house.refused(delist, "pku")[0] == "account.not_yours"
    assert house.refused(delist, "thu")[0] == "listing.state"
    ended = house.venue.make(delist, ListingDelisted)
    assert ended.instrument is not None
    assert (ended.listing.state, ended.instrument.phase, ended.instrument.frozen) == (
        ListingState.DELISTED,
        Phase.CLOSED,
        True,
    )
    house.venue.finish_runs()
    assert not house.venue.state.orders
    assert house.venue.state.ledger.held(listing.account_id, listing.asset_id) == 0
    reopen = ChangePhase(instrument_id=instrument.instrument_id, phase=Phase.CONTINUOUS)
    assert house.refused(reopen, "ops")[0] == "instrument.frozen"
    release = FreezeInstrument(instrument_id=instrument.instrument_id, frozen=False)
    assert house.refused(release, "ops")[0] == "listing.state"
    house.venue.close()


def test_what_was_delisted_may_be_listed_anew_as_another_instrument() -> None:
    house = House.sandbox()
    listing, instrument = traded(house)
    house.venue.make(DelistListing(listing_id=listing.listing_id, reason="new scales"), ListingDelisted)
    house.venue.finish_runs()
    again = house.admitted("thu", house.book("thu", listing.asset_id, lot_units=Minor(200)))
    assert again.instrument is not None
    assert again.instrument.code != instrument.code
    house.venue.close()


def test_a_seller_withdraws_a_draft_and_an_offer_of_a_whole_right() -> None:
    house = House.cn()
    right = house.right("thu")
    draft = house.proposed("thu", house.whole("thu", right))
    withdrawn = house.venue.make(DelistListing(listing_id=draft, reason="not yet"), ListingDelisted, "thu").listing
    assert withdrawn.state is ListingState.REJECTED
    admitted = house.admitted("thu", house.whole("thu", right)).listing
    ended = house.venue.make(
        DelistListing(listing_id=admitted.listing_id, reason="no longer"), ListingDelisted, "thu"
    ).listing
    assert ended.state is ListingState.DELISTED
    assert not house.venue.state.table(Listing)
    house.venue.close()


def test_an_operator_rejects_a_draft_rather_than_delisting_it() -> None:
    house = House.cn()
    draft = house.proposed("thu", house.whole("thu", house.right("thu")))
    assert house.refused(DelistListing(listing_id=draft, reason="no"), "ops")[0] == "listing.state"
