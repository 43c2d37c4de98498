"""The offer of an issue's classes, the bids in its book, and the shelf it draws on.

An offer is open for a period, then closed by an operator: in every class covered, the notes are allotted; else each
bidder has its cash back with interest. It lapses by itself when nobody closes it in time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, BookBidId, IssueId, MemberId, OfferingId, ShelfId
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    AnyMinor,
    AtNs,
    Count,
    IsoDate,
    Minor,
    Name,
    PositiveCount,
    PositiveMinor,
    Ppm,
    RatePpm,
    Sha256Hex,
    Text,
    TimeNs,
)

MAX_BIDS = 20_000
"""The most bids of one offer."""
MAX_OFFER_DAYS = 60
MAX_CLOSING_DAYS = 30


class Pricing(StrEnum):
    """What bids name: nothing (the price is fixed), a price a note, or the coupon they ask for."""

    FIXED = "fixed"
    PRICE = "price"
    YIELD = "yield"


class Allotment(StrEnum):
    """Whether all pay the price of the last note allotted, or each its own."""

    UNIFORM = "uniform"
    MULTIPLE = "multiple"


class OfferingState(StrEnum):
    """Where an offer stands."""

    OPEN = "open"
    ENDED = "ended"
    """The period is over; the book takes nothing more and waits for its close."""
    ALLOTTING = "allotting"
    REFUNDING = "refunding"
    DONE = "done"
    FAILED = "failed"


class ClassOffer(Part, frozen=True, kw_only=True):
    """What of a class is offered, and within which limits bids may name a price or a coupon.

    Units: `lot_notes` is the step of a bid, `minimum_lots` its least size, `cap_lots` the most one holder may ask for
    in all (0: no cap). Prices are minor a note; the lowest and the highest are equal where the price is fixed.
    """

    name: str
    lot_notes: PositiveCount
    minimum_lots: PositiveCount = 1
    cap_lots: Count = 0
    least_minor: AnyMinor = Minor(0)
    most_minor: AnyMinor = Minor(0)
    least_ppm: RatePpm = Ppm(0)
    most_ppm: RatePpm = Ppm(0)


class ClassResult(Record, frozen=True, kw_only=True):
    """What the book found for a class. Units: `limit` is the last price allotted (minor), or the coupon (ppm)."""

    name: str
    offered_lots: int
    asked_lots: int
    limit: int
    marginal_lots: int
    """How many lots at that limit were left for those who asked for more."""


class Offering(Record, frozen=True, kw_only=True):
    """An offer of all classes of an issue.

    Units: `locked_minor` is held for open bids, at most `book_cap_minor`; `reserve_held_minor` is held at the issuer
    for the interest of a refund, at `refund_rate_ppm` a year (ACT/365, whole days).
    """

    offering_id: OfferingId
    issue_id: IssueId
    money_asset_id: AssetId
    issuer_account_id: AccountId
    state: OfferingState
    pricing: Pricing
    allotment: Allotment
    classes: tuple[ClassOffer, ...]
    opened_at_ns: TimeNs
    ends_ns: TimeNs
    lapses_ns: TimeNs
    book_cap_minor: Minor
    refund_rate_ppm: int
    document_sha256: str
    reserve_held_minor: Minor
    locked_minor: Minor = Minor(0)
    bids: int = 0
    raised_minor: Minor = Minor(0)
    refunded_minor: Minor = Minor(0)
    interest_minor: Minor = Minor(0)
    results: tuple[ClassResult, ...] = ()
    reason: str = ""


class BidState(StrEnum):
    """Where a bid stands."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    ALLOTTED = "allotted"
    REFUNDED = "refunded"


class BookBid(Record, frozen=True, kw_only=True):
    """One bid of an account for notes of one class.

    Units: `bid_limit` is the highest price (minor a note) or the lowest coupon (ppm); `held_minor` of cash is locked;
    `paid_minor` for `allotted_notes`; `interest_minor` came with a refund.
    """

    book_bid_id: BookBidId
    offering_id: OfferingId
    issue_id: IssueId
    account_id: AccountId
    money_asset_id: AssetId
    class_name: str
    notes: int
    bid_limit: int
    held_minor: Minor
    state: BidState
    bid_at_ns: TimeNs
    allotted_notes: int = 0
    paid_minor: Minor = Minor(0)
    interest_minor: Minor = Minor(0)


class Shelf(Record, frozen=True, kw_only=True):
    """An authority's word that an issuer may issue up to an amount in several draws.

    Units: faces, minor; `drawn_minor` is what offers that stand or were established took of it.
    """

    shelf_id: ShelfId
    member_id: MemberId
    authority: str
    document_sha256: str
    amount_minor: Minor
    least_draw_minor: Minor
    most_draw_minor: Minor
    most_draws: int
    first_draw_by: str
    expires_on: str
    drawn_minor: Minor = Minor(0)
    draws: int = 0


class RegisterShelf(Command, frozen=True, kw_only=True, tag="shelf.register"):
    """Put an authority's approval of a shelf on record. Needs two operators.

    Refused: member.unknown, document.unknown, shelf.invalid.
    """

    member_id: MemberId
    authority: Name
    document_sha256: Sha256Hex
    amount_minor: PositiveMinor
    least_draw_minor: AnyMinor = Minor(0)
    most_draw_minor: PositiveMinor
    most_draws: PositiveCount
    first_draw_by: IsoDate
    expires_on: IsoDate


class ShelfRegistered(Event, frozen=True, kw_only=True, tag="shelf.registered"):
    """Issues may draw on the shelf."""

    shelf: Shelf


class OpenOffering(Command, frozen=True, kw_only=True, tag="offering.open"):
    """Offer the classes of an issue to bids from now until `ends_ns`. Needs two operators.

    The issuer's cash for the interest of a refund is held; an issue from a shelf draws its faces.
    Refused: issue.unknown, issue.state, closing.open_items, pool.rules_failed, asset.frozen, account.frozen (of the
    pool), offering.invalid, document.unknown, shelf.conditions, hold.insufficient_available.
    """

    issue_id: IssueId
    pricing: Pricing
    allotment: Allotment
    classes: Annotated[tuple[ClassOffer, ...], msgspec.Meta(min_length=1, max_length=40)]
    ends_ns: AtNs
    closing_days: Annotated[int, msgspec.Meta(ge=1, le=MAX_CLOSING_DAYS)] = 10
    book_cap_minor: PositiveMinor
    refund_rate_ppm: RatePpm = Ppm(0)
    document_sha256: Sha256Hex


class OfferingOpened(Event, frozen=True, kw_only=True, tag="offering.opened"):
    """The book is open."""

    offering: Offering
    movement: Movement


class PlaceBookBid(Command, frozen=True, kw_only=True, tag="offering.bid"):
    """Bid for notes of one class; the cash is locked until the offer is closed.

    Units: `limit` is the highest price in minor a note, or the lowest coupon in ppm; it is the fixed price where that
    is fixed.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, offering.unknown,
    offering.state, book_bid.invalid, rule.suitability, rule.value_cap, rule.holder_cap, hold.insufficient_available.
    """

    offering_id: OfferingId
    account_id: AccountId
    class_name: Name
    notes: PositiveCount
    limit: Count


class BookBidPlaced(Event, frozen=True, kw_only=True, tag="offering.bid_placed"):
    """The bid stands in the book."""

    bid: BookBid
    offering: Offering
    movement: Movement


class WithdrawBookBid(Command, frozen=True, kw_only=True, tag="offering.withdraw"):
    """Take a bid back while the book is open.

    Refused: book_bid.unknown, account.not_yours, offering.state.
    """

    book_bid_id: BookBidId


class BookBidWithdrawn(Event, frozen=True, kw_only=True, tag="offering.bid_withdrawn"):
    """The bid's cash is free again."""

    bid: BookBid
    offering: Offering
    movement: Movement


class CloseOffering(Command, frozen=True, kw_only=True, tag="offering.close"):
    """Close the book after its period: allot every class that is covered, or refund if one is not; a run either way.

    Refused: offering.unknown, offering.state, closing.open_items, pool.rules_failed, asset.frozen, account.frozen (of
    the pool).
    """

    offering_id: OfferingId


class CancelOffering(Command, frozen=True, kw_only=True, tag="offering.cancel"):
    """Stop an offer before it is closed: every bidder is refunded with interest, in a run.

    Refused: offering.unknown, offering.state.
    """

    offering_id: OfferingId
    reason: Text = ""


class OfferingEnded(Event, frozen=True, kw_only=True, tag="offering.ended"):
    """The period is over; the book takes nothing more."""

    offering: Offering
