"""A listed right at its price 挂牌: the seller offers it to everybody, and who takes it first has bought it.

open → taken → closed. The first valid taker in sequence binds both sides; its deposit is held until it pays. As any
agreement the contract is signed, paid into escrow and recorded: see deals. What nobody takes in the market's listing
days closes by itself, and may be offered again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, DealId, ListingId, MarketId, MemberId, PriceOfferId, UserId
from exchange.core.messages import Citation, Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import Minor, PositiveMinor, Sha256Hex, Text, TimeNs
from matching.sale_messages import PaymentDays


class PriceOfferState(StrEnum):
    """Where an offer stands. The last one is its end."""

    OPEN = "open"
    TAKEN = "taken"
    """Its contract waits for publicity, signatures or the office."""
    CLOSED = "closed"


class PriceOffer(Record, frozen=True, kw_only=True):
    """One listed right, offered at its price under terms that no longer change.

    Units: `deposit_minor` is asked of the taker and held in `taker_account_id` as long as `deposit_held_minor` says;
    `payment_days` are days of 24 hours for each signature.
    """

    price_offer_id: PriceOfferId
    market_id: MarketId
    listing_id: ListingId
    asset_id: AssetId
    name: str
    seller_account_id: AccountId
    member_id: MemberId
    money_asset_id: AssetId
    price_minor: Minor
    deposit_minor: Minor
    contract_sha256: str
    payment_days: int
    closes_at_ns: TimeNs
    wait_for_recordal: bool
    jurisdiction: str
    fee_version: int
    overlays_version: int
    state: PriceOfferState
    offered_by: UserId
    offered_at_ns: TimeNs
    taker_account_id: AccountId = AccountId(0)
    deposit_held_minor: Minor = Minor(0)
    deal_id: DealId = DealId(0)
    due_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the offer may still come to something."""
        return self.state is not PriceOfferState.CLOSED


class OfferListing(Command, frozen=True, kw_only=True, tag="listing.offer"):
    """Offer an admitted listing, whose method is listing, to everybody at its asking price.

    Refused: listing.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, listing.state (not
    admitted, or offered already), listing.terms_invalid (another method, or no office records the right),
    sale.state, deal.state, pilot.state, whatever refuses the listing now, rule.method_not_allowed (a seller that must
    sell in public), listing.prior_claims_open, fee.schedule_unknown, limit.exceeded, document.unknown.
    Source: 促进科技成果转化法 art. 18 (挂牌); 企业国有资产法 art. 54 (state firms sell in the open).
    """

    listing_id: ListingId
    contract_sha256: Sha256Hex
    payment_days: PaymentDays
    wait_for_recordal: bool = False


class ListingOffered(Event, frozen=True, kw_only=True, tag="listing.offered"):
    """Whoever comes first may take it; `rules` are the provisions that allowed it."""

    offer: PriceOffer
    rules: tuple[Citation, ...]
    movement: Movement


class TakeListing(Command, frozen=True, kw_only=True, tag="listing.take"):
    """Take an offered right at its price: the first to do so has bought it, and its deposit is held.

    `burdens_sha256` is the hash of what goes with the right, its licences, as the taker read them; empty for none.

    Refused: listing.unknown, account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    listing.state (not offered, taken, one's own), deal.terms_changed (another price, contract or burden), whatever
    refuses a deal now, calendar.not_covered, hold.insufficient_available.
    """

    listing_id: ListingId
    account_id: AccountId
    price_minor: PositiveMinor
    contract_sha256: Sha256Hex
    burdens_sha256: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?$")] = ""


class ListingTaken(Event, frozen=True, kw_only=True, tag="listing.taken"):
    """Both sides are bound; the contract opens with `deal.opened`."""

    offer: PriceOffer
    movement: Movement


class CloseListingOffer(Command, frozen=True, kw_only=True, tag="listing.close_offer"):
    """Offer it no more, as its seller, frozen too, while nobody has taken it.

    Refused: listing.unknown, account.not_yours, mandate.invalid, listing.state.
    """

    listing_id: ListingId
    reason: Text = ""


class PriceOfferChanged(Event, frozen=True, kw_only=True, tag="listing.offer_changed"):
    """Its contract went a step: whoever is to sign next has its date."""

    offer: PriceOffer


class PriceOfferDeposit(Event, frozen=True, kw_only=True, tag="listing.deposit_freed"):
    """The taker's deposit is held no more: it goes into the price it is paying."""

    offer: PriceOffer
    movement: Movement


class ListingOfferClosed(Event, frozen=True, kw_only=True, tag="listing.offer_closed"):
    """The offer is over; a deposit still held goes back, or to the seller where the taker did not pay."""

    offer: PriceOffer
    movement: Movement
