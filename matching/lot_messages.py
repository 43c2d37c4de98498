"""Bidding at auctions: rising bids, a falling clock, commitments and what they reveal; awards, and offers to the next.

A bid names its lots, all or nothing. It stands until its bidder bids more for the same lots, and binds: who wins and
does not contract has defaulted. Whether bids for other lots outbid it is known at the end alone, so it may win later.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, BidderId, BidId, LotId, SaleId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import Code, Minor, PositiveMinor, Sha256Hex, TimeNs
from matching.deals import Deal, DealTerms
from matching.lots import MAX_LOTS
from matching.sale_messages import Bidder, ListingSteps, Lot, LotReserve, Sale

LotSet = Annotated[tuple[LotId, ...], msgspec.Meta(min_length=1, max_length=MAX_LOTS)]
Nonce = Annotated[str, msgspec.Meta(min_length=16, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class BidState(StrEnum):
    """What became of a bid."""

    COMMITTED = "committed"
    STANDING = "standing"
    SUPERSEDED = "superseded"
    """Its own bidder bid more for the same lots."""
    VOID = "void"
    """Revealed, and no bid of this sale: other lots, or below their start."""
    UNREVEALED = "unrevealed"
    WON = "won"
    OFFERED = "offered"
    DECLINED = "declined"
    DEFAULTED = "defaulted"


class LotBid(Record, frozen=True, kw_only=True):
    """One bid as its bidder made it: a price for some lots together, or a commitment to one.

    Units: `price_minor` is 0 while it is not revealed.
    """

    bid_id: BidId
    sale_id: SaleId
    bidder_id: BidderId
    account_id: AccountId
    paddle: int
    state: BidState
    client_bid_id: str
    commitment_sha256: str
    lot_ids: tuple[LotId, ...]
    price_minor: Minor
    placed_by: UserId
    placed_at_ns: TimeNs
    over: bool = False
    """Nothing more can come of it."""


# --- Bids -------------------------------------------------------------------------------------------------------------


class PlaceBid(Command, frozen=True, kw_only=True, tag="lot.bid"):
    """Bid a price for some lots of one sale together, or accept what a Dutch clock shows.

    Units: `price_minor` for all the lots; of a Dutch clock the most to be paid, since the clock may fall on the way.
    `client_bid_id` is the sender's own and makes a retry safe.
    Refused: bidder.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, sale.state (no bids are
    taken now), bidder.state (not admitted), bid.lots_invalid, bid.too_low, bid.increment, limit.exceeded, whatever
    refuses a deal at this price now.
    """

    bidder_id: BidderId
    lot_ids: LotSet
    price_minor: PositiveMinor
    client_bid_id: Code


class BidPlaced(Event, frozen=True, kw_only=True, tag="lot.bid_placed"):
    """The bid stands; `lots` are those whose standing or end it changed, `superseded` the bidder's own lower ones."""

    bid: LotBid
    superseded: tuple[LotBid, ...]
    lots: tuple[Lot, ...]
    movement: Movement


class ClockFell(Event, frozen=True, kw_only=True, tag="lot.clock_fell"):
    """A Dutch clock shows a lower price."""

    lots: tuple[Lot, ...]


class CommitBid(Command, frozen=True, kw_only=True, tag="lot.commit"):
    """Commit to a sealed bid by its hash: see `commitment_of`.

    Refused: bidder.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, sale.state,
    bidder.state, bid.exists (this commitment is in already; in a tender any is), limit.exceeded.
    """

    bidder_id: BidderId
    commitment_sha256: Sha256Hex
    client_bid_id: Code


class BidCommitted(Event, frozen=True, kw_only=True, tag="lot.bid_committed"):
    """The commitment is in; it counts once it is revealed."""

    bid: LotBid
    movement: Movement


class RevealingOpened(Event, frozen=True, kw_only=True, tag="sale.revealing_opened"):
    """No commitment is taken any more; those that are in may be revealed."""

    sale: Sale
    lots: tuple[Lot, ...]
    movement: Movement


class RevealBid(Command, frozen=True, kw_only=True, tag="lot.reveal"):
    """Reveal what was committed to. What is revealed is the bidder's alone until all is in.

    Refused: bid.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, sale.state, bid.state,
    bid.commitment_mismatch.
    """

    bid_id: BidId
    lot_ids: LotSet
    price_minor: PositiveMinor
    nonce: Nonce


class BidRevealed(Event, frozen=True, kw_only=True, tag="lot.bid_revealed"):
    """The bid stands, or is void (`bid.state`) because it is none of this sale."""

    bid: LotBid
    movement: Movement


# --- Awards -----------------------------------------------------------------------------------------------------------


class DepositsForfeited(Event, frozen=True, kw_only=True, tag="bidder.deposits_forfeited"):
    """Who committed and did not reveal: the seller has the stated part of their deposits."""

    bidders: tuple[Bidder, ...]
    bids: tuple[LotBid, ...]
    movement: Movement


class BiddingClosed(Event, frozen=True, kw_only=True, tag="sale.bidding_closed"):
    """Who wins what at which price is decided; whoever wins nothing has its deposit back."""

    sale: Sale
    lots: tuple[Lot, ...]
    bidders: tuple[Bidder, ...]
    bids: tuple[LotBid, ...]
    movement: Movement


class DealOpened(Event, frozen=True, kw_only=True, tag="deal.opened"):
    """What was won is to be contracted: both sides sign the terms, the buyer first where lots were won together."""

    deal: Deal
    terms: DealTerms
    movement: Movement


class BidDefaulted(Event, frozen=True, kw_only=True, tag="lot.bid_defaulted"):
    """A winner did not sign and pay in time: the seller has its deposit, the lots go to the next bidder, or fail.

    `bid` is missing where the price was agreed with the one bidder that was admitted.
    """

    bid: LotBid | None
    bidder: Bidder
    movement: Movement


class LotsChanged(Event, frozen=True, kw_only=True, tag="lot.changed"):
    """A contract about lots came further, or to its end."""

    lots: tuple[Lot, ...]


class LotsFailed(Event, frozen=True, kw_only=True, tag="lot.failed"):
    """These lots are not sold in this sale; where nobody wanted them at their price, `steps` counts it."""

    lots: tuple[Lot, ...]
    steps: tuple[ListingSteps, ...]
    movement: Movement


class LotsOffered(Event, frozen=True, kw_only=True, tag="lot.offered"):
    """After a default the next bids may be taken up by who made them."""

    bids: tuple[LotBid, ...]
    lots: tuple[Lot, ...]
    movement: Movement


class AnswerOffer(Command, frozen=True, kw_only=True, tag="lot.answer_offer"):
    """Take up, or decline, one's own earlier bid after the winner's default. Taking it up has the deposit held again.

    Refused: bid.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, bid.state, asset.frozen,
    whatever refuses a deal at this price now, hold.insufficient_available.
    """

    bid_id: BidId
    accepted: bool


class OfferAnswered(Event, frozen=True, kw_only=True, tag="lot.offer_answered"):
    """The offer was taken up and is to be contracted, or declined, also by letting its time pass (`bid.state`)."""

    bid: LotBid
    bidder: Bidder
    lots: tuple[Lot, ...]
    movement: Movement


# --- The end ----------------------------------------------------------------------------------------------------------


class SaleClosed(Event, frozen=True, kw_only=True, tag="sale.closed"):
    """The sale is over, or called off: whatever deposit was still held is its bidder's again."""

    sale: Sale
    bidders: tuple[Bidder, ...]
    bids: tuple[LotBid, ...]
    reserves: tuple[LotReserve, ...]
    movement: Movement
