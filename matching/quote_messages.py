"""Requests for quotes 询价: a seller asks some members, or all, for what they would give; a quote binds until its time.

open → accepted → closed. A quote is firm: it stands until it expires, is accepted, or the request is over, and its
maker cannot take it back (民法典 art. 476). The seller's acceptance makes a contract that both sides are bound to sign
within the stated days; as an agreed price it is publicised first where the seller's overlay asks for that.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    DealId,
    ListingId,
    MarketId,
    MemberId,
    QuoteId,
    QuoteRequestId,
    UserId,
)
from exchange.core.messages import Citation, Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import AtNs, Minor, PositiveMinor, Sha256Hex, TimeNs
from matching.consideration import Basis, Items, ValuedItem
from matching.sale_messages import PaymentDays, Reason

MAX_ADDRESSEES = 100
MAX_QUOTES = 200
"""Standing quotes of one request."""


class QuoteRequestState(StrEnum):
    """Where a request stands. The last one is its end."""

    OPEN = "open"
    ACCEPTED = "accepted"
    """A quote was taken: its contract waits for publicity, signatures or the office."""
    CLOSED = "closed"


class QuoteState(StrEnum):
    """What became of a quote. Only the first may still be accepted."""

    STANDING = "standing"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    PASSED = "passed"
    """The request was over, or another quote was taken."""


class QuoteRequest(Record, frozen=True, kw_only=True):
    """One listed right for which quotes are asked, under terms that no longer change.

    Units: quotes are taken until `closes_at_ns`; `payment_days` are days of 24 hours for each signature. Without
    `addressees` every member may quote. `n_quotes` were made in all.
    """

    request_id: QuoteRequestId
    market_id: MarketId
    listing_id: ListingId
    asset_id: AssetId
    name: str
    seller_account_id: AccountId
    member_id: MemberId
    money_asset_id: AssetId
    addressees: tuple[MemberId, ...]
    basis: Basis | None
    contract_sha256: str
    payment_days: int
    closes_at_ns: TimeNs
    wait_for_recordal: bool
    jurisdiction: str
    fee_version: int
    overlays_version: int
    state: QuoteRequestState
    requested_by: UserId
    requested_at_ns: TimeNs
    n_quotes: int = 0
    deal_id: DealId = DealId(0)
    due_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the request may still come to something."""
        return self.state is not QuoteRequestState.CLOSED


class Quote(Record, frozen=True, kw_only=True):
    """What one member would give: the price at signing and what comes later, firm until `valid_until_ns`.

    Units: `worth_minor` by the request's basis, item by item in `rows`; 0 where the request has none.
    """

    quote_id: QuoteId
    request_id: QuoteRequestId
    account_id: AccountId
    member_id: MemberId
    seller_account_id: AccountId
    price_minor: Minor
    items: Items | None
    rows: tuple[ValuedItem, ...]
    worth_minor: Minor
    valid_until_ns: TimeNs
    state: QuoteState
    quoted_by: UserId
    quoted_at_ns: TimeNs

    @property
    def live(self) -> bool:
        """Whether the quote may still be accepted."""
        return self.state is QuoteState.STANDING


class RequestQuotes(Command, frozen=True, kw_only=True, tag="quote.request"):
    """Ask members for quotes for a right that is admitted for it. Without `addressees`, every member.

    Refused: listing.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, listing.state,
    quote.terms_invalid, quote.state (asked already), sale.state, deal.state, pilot.state, whatever refuses the listing
    now, listing.prior_claims_open, member.unknown, profile.not_active, document.unknown.
    """

    listing_id: ListingId
    contract_sha256: Sha256Hex
    closes_at_ns: AtNs
    payment_days: PaymentDays
    addressees: Annotated[tuple[MemberId, ...], msgspec.Meta(max_length=MAX_ADDRESSEES)] = ()
    basis: Basis | None = None
    wait_for_recordal: bool = False


class QuotesRequested(Event, frozen=True, kw_only=True, tag="quote.requested"):
    """Quotes may be made; `rules` are the provisions that allowed the request."""

    request: QuoteRequest
    rules: tuple[Citation, ...]
    movement: Movement


class PlaceQuote(Command, frozen=True, kw_only=True, tag="quote.place"):
    """Make a quote that binds until its time; another of the same member is taken when it is over.

    Refused: quote.request_unknown, account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    quote.state (no quotes are taken now), quote.not_asked, quote.exists, quote.terms_invalid, whatever refuses a deal
    at this price now, limit.exceeded.
    """

    request_id: QuoteRequestId
    account_id: AccountId
    price_minor: PositiveMinor
    valid_until_ns: AtNs
    items: Items | None = None


class QuotePlaced(Event, frozen=True, kw_only=True, tag="quote.placed"):
    """The quote stands; the seller and its maker see it, nobody else."""

    request: QuoteRequest
    quote: Quote
    movement: Movement


class QuoteExpired(Event, frozen=True, kw_only=True, tag="quote.expired"):
    """The quote's time is over: it binds nobody."""

    quote: Quote
    movement: Movement


class AcceptQuote(Command, frozen=True, kw_only=True, tag="quote.accept"):
    """Take a standing quote: from then on both sides are bound to sign it.

    Refused: quote.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, whatever refuses a deal
    at this price now, profile.not_active, calendar.not_covered.
    """

    quote_id: QuoteId


class QuoteAccepted(Event, frozen=True, kw_only=True, tag="quote.accepted"):
    """The quote is a contract to be publicised or signed; every other one is passed."""

    request: QuoteRequest
    quote: Quote
    passed: tuple[Quote, ...]
    movement: Movement


class CloseQuoteRequest(Command, frozen=True, kw_only=True, tag="quote.close_request"):
    """Ask for no more quotes, as the seller, and take none of those that stand.

    Refused: quote.request_unknown, account.not_yours, mandate.invalid, quote.state.
    """

    request_id: QuoteRequestId
    reason: Reason


class QuoteRequestChanged(Event, frozen=True, kw_only=True, tag="quote.request_changed"):
    """The contract about the right came further."""

    request: QuoteRequest


class QuoteRequestClosed(Event, frozen=True, kw_only=True, tag="quote.request_closed"):
    """The request is over (`request.reason` says how); quotes that stood are passed."""

    request: QuoteRequest
    passed: tuple[Quote, ...]
    movement: Movement
