"""What is traded where: markets are opened, things are proposed for listing, admitted by another person, and delisted.

A listing is admitted either to the order book, and then is an instrument that orders name, or to be sold whole by
agreement, and then is what a deal refers to. `listing.py` holds the states and their passages.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, DocumentId, InstrumentId, ListingId, MarketId, MemberId, UserId
from exchange.core.messages import Citation, Command, Event, Record
from exchange.core.units import (
    AnyMinor,
    Code,
    CurrencyCode,
    Minor,
    Name,
    PositiveCount,
    PriceTicks,
    Sha256Hex,
    Text,
    TimeNs,
)
from matching.listing import ListingState, is_over
from matching.messages import Instrument, Market

# --- Markets ----------------------------------------------------------------------------------------------------------


class OpenMarket(Command, frozen=True, kw_only=True, tag="market.open"):
    """Open a market under one profile version, in one currency at one settlement bank, for good.

    With trading rules its books take what these allow and its days follow their timetable; without any, plain orders
    alone and phases by hand.
    Refused: market.exists, profile.unknown, profile.not_active, profile.invalid, currency.mismatch, asset.unknown,
    calendar.unknown, calendar.invalid, fee.schedule_unknown, trading_rules.unknown, rule.method_not_allowed.
    """

    name: Name
    profile: Code
    profile_version: PositiveCount
    currency: CurrencyCode
    money_asset_id: AssetId
    calendar: Code
    calendar_version: PositiveCount
    fee_schedule: Code
    trading_rules: Code | None = None
    trading_rules_version: PositiveCount | None = None


class MarketOpened(Event, frozen=True, kw_only=True, tag="market.opened"):
    """The market takes listings."""

    market: Market


# --- Listings ---------------------------------------------------------------------------------------------------------


class ListingMethod(StrEnum):
    """How what is listed finds its price. The words are the rulebook's."""

    ORDER_BOOK = "order_book"
    AGREEMENT = "agreement"
    LISTING = "listing"
    ENGLISH = "english"
    DUTCH = "dutch"
    SEALED = "sealed"
    TENDER = "tender"
    RFQ = "rfq"


class Listing(Record, frozen=True, kw_only=True):
    """Something offered to a market, from its proposal to its end.

    Units: `lot_units` of the asset are a lot, `tick_minor` a tick, `band_low_ticks..band_high_ticks` the prices an
    order may name; all zero without a book. `asking_price_minor` is the price of the whole; zero where a book finds it.
    An agreed sale may be contracted from `publicity_until_ns` on; it is counted from the admission.
    """

    listing_id: ListingId
    market_id: MarketId
    method: ListingMethod
    state: ListingState
    asset_id: AssetId
    account_id: AccountId
    member_id: MemberId
    name: str
    lot_units: int
    tick_minor: int
    band_low_ticks: PriceTicks
    band_high_ticks: PriceTicks
    asking_price_minor: Minor
    jurisdiction: str
    disclosure_sha256: str
    deed_id: DocumentId
    proposed_by: UserId
    proposed_at_ns: TimeNs
    decided_by: UserId = UserId(0)
    decided_at_ns: TimeNs = TimeNs(0)
    instrument_id: InstrumentId = InstrumentId(0)
    publicity_until_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the listing may still come to something."""
        return not is_over(self.state)


class ProposeListing(Command, frozen=True, kw_only=True, tag="listing.propose"):
    """Offer shares of an outcome to a book, or a whole right to a buyer, with a disclosure document on file.

    Units: a book needs `lot_units`, `tick_minor` and the band in ticks, and no asking price; a whole right needs
    `asking_price_minor` and none of them. `jurisdiction` selects the disposal overlay of the seller's place.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, market.unknown, asset.unknown,
    rule.method_not_allowed, profile.not_active, fee.schedule_unknown, asset.frozen, right.immobilised, right.not_owned,
    right.expired, patent.not_listable, right.encumbered, right.title_defect (both may name recorded papers),
    outcome.state, right.title_unknown, consent.missing, listing.terms_invalid, rule.value_cap,
    listing.no_share_deed, listing.prior_claims_open, document.unknown, listing.state.
    """

    market_id: MarketId
    method: ListingMethod
    account_id: AccountId
    asset_id: AssetId
    name: Name
    disclosure_sha256: Sha256Hex
    lot_units: AnyMinor = Minor(0)
    tick_minor: AnyMinor = Minor(0)
    band_low_ticks: AnyMinor = Minor(0)
    band_high_ticks: AnyMinor = Minor(0)
    asking_price_minor: AnyMinor = Minor(0)
    jurisdiction: Code = "national"


class ListingProposed(Event, frozen=True, kw_only=True, tag="listing.proposed"):
    """The listing waits for an operator."""

    listing: Listing


class AdmitListing(Command, frozen=True, kw_only=True, tag="listing.admit"):
    """Admit a proposed listing, by another person than proposed it. Everything is asked again, as of now.

    Refused: listing.unknown, listing.state, approval.same_person, and whatever refuses the proposal now;
    calendar.not_covered where the publicity's end is not covered.
    """

    listing_id: ListingId


class ListingAdmitted(Event, frozen=True, kw_only=True, tag="listing.admitted"):
    """The listing is open; with a book, its instrument stands closed. `rules` are the provisions that allowed it."""

    listing: Listing
    instrument: Instrument | None
    rules: tuple[Citation, ...]


class RejectListing(Command, frozen=True, kw_only=True, tag="listing.reject"):
    """Send a proposed listing back for good, with a reason.

    Refused: listing.unknown, listing.state.
    """

    listing_id: ListingId
    reason: Annotated[Text, msgspec.Meta(min_length=1)]


class ListingRejected(Event, frozen=True, kw_only=True, tag="listing.rejected"):
    """The listing came to nothing."""

    listing: Listing


class DelistListing(Command, frozen=True, kw_only=True, tag="listing.delist"):
    """End a listing. An instrument closes and stays frozen, its orders end as a run; holdings stay.

    A seller may end its own draft, or its own listing that has no book; an operator any that was admitted.
    Refused: listing.unknown, account.not_yours, listing.state, sale.state (it is in a public sale).
    """

    listing_id: ListingId
    reason: Annotated[Text, msgspec.Meta(min_length=1)]


class ListingDelisted(Event, frozen=True, kw_only=True, tag="listing.delisted"):
    """The listing is over: delisted, withdrawn by its seller, or sold (`reason`)."""

    listing: Listing
    instrument: Instrument | None = None
