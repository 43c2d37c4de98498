"""The tender's own steps: offers revealed and opened, scored by a panel, ranked. All else is as in any public sale.

announced → bidding (commitments) → revealing → scoring → contracting → closed. Until revealing is over an offer is its
bidder's alone; then seller and panel read all of them at once. The panel's names are the seller's and the venue's until
the end. Which law: 招标投标法 arts. 36 (opening), 37 (the panel), 38 (secrecy), 41 (award).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, BidderId, BidId, SaleId, ScoreId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import Minor, Text, TimeNs
from matching.consideration import Basis, Items, ValuedItem
from matching.lot_messages import LotBid, Nonce
from matching.sale_messages import Lot, Reason, Sale
from matching.tenders import MAX_CRITERIA, Criterion, Offer, Points


class Tender(Record, frozen=True, kw_only=True):
    """How the offers of one sale are compared: published with its announcement, and never changed.

    Units: `price_weight_ppm` and the criteria's weights are the whole. `scoring_until_ns` is 0 before the opening.
    """

    sale_id: SaleId
    price_weight_ppm: int
    criteria: tuple[Criterion, ...]
    basis: Basis
    scoring_days: int
    scoring_until_ns: TimeNs = TimeNs(0)
    over: bool = False


class Panel(Record, frozen=True, kw_only=True):
    """Who scores: named by the seller, secret until the end; who is related to a bidder is out."""

    sale_id: SaleId
    seller_account_id: AccountId
    evaluators: tuple[UserId, ...]
    out: tuple[UserId, ...] = ()
    over: bool = False

    @property
    def sitting(self) -> tuple[UserId, ...]:
        """Those who score."""
        return tuple(user_id for user_id in self.evaluators if user_id not in self.out)

    @property
    def quorate(self) -> bool:
        """Whether more than half of those named still sit."""
        return 2 * len(self.sitting) > len(self.evaluators)


class TenderOffer(Record, frozen=True, kw_only=True):
    """What one bid of a tender offers, how each item was counted, and in the end its score and rank.

    `seller_account_id` is 0 until the offers are opened.
    """

    bid_id: BidId
    sale_id: SaleId
    bidder_id: BidderId
    account_id: AccountId
    price_minor: Minor
    items: Items | None
    papers: tuple[str, ...]
    rows: tuple[ValuedItem, ...]
    worth_minor: Minor
    seller_account_id: AccountId = AccountId(0)
    score_ppm: int = 0
    rank: int = 0
    over: bool = False


class TenderScore(Record, frozen=True, kw_only=True):
    """What one evaluator gave one offer, under its name."""

    score_id: ScoreId
    sale_id: SaleId
    bid_id: BidId
    evaluator_id: UserId
    points: tuple[Points, ...]
    remarks: str
    signed_at_ns: TimeNs
    over: bool = False


class TenderAnnounced(Event, frozen=True, kw_only=True, tag="tender.announced"):
    """How the offers of a sale will be compared, for everybody; by whom, for the seller."""

    tender: Tender
    panel: Panel


class RevealOffer(Command, frozen=True, kw_only=True, tag="tender.reveal"):
    """Reveal the offer that was committed to: see `offer_commitment`. It is the bidder's alone until all are opened.

    Refused: bid.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, sale.state, bid.state,
    bid.commitment_mismatch.
    """

    bid_id: BidId
    offer: Offer
    nonce: Nonce


class OfferRevealed(Event, frozen=True, kw_only=True, tag="tender.offer_revealed"):
    """The offer stands, or is void (`bid.state`): worth less than the start, or not to be compared or contracted."""

    bid: LotBid
    offer: TenderOffer
    movement: Movement


class OffersOpened(Event, frozen=True, kw_only=True, tag="tender.opened"):
    """Seller and panel read all the offers now; the panel scores them until `tender.scoring_until_ns`."""

    sale: Sale
    lots: tuple[Lot, ...]
    tender: Tender
    panel: Panel
    offers: tuple[TenderOffer, ...]
    movement: Movement


class ScoreOffer(Command, frozen=True, kw_only=True, tag="tender.score"):
    """Give an offer points for every criterion, once, as a named evaluator whose member has no part in the sale.

    Refused: bid.unknown, sale.state (nothing is scored now), tender.not_evaluator, tender.conflict, bid.state,
    score.exists, tender.points_invalid.
    """

    bid_id: BidId
    points: Annotated[tuple[Points, ...], msgspec.Meta(min_length=1, max_length=MAX_CRITERIA)]
    remarks: Text = ""


class OfferScored(Event, frozen=True, kw_only=True, tag="tender.offer_scored"):
    """The score is on record; with the last one the offers are ranked."""

    score: TenderScore


class LeavePanel(Command, frozen=True, kw_only=True, tag="tender.leave_panel"):
    """Leave a panel, as an evaluator who has a part in the matter; what it scored no longer counts.

    Refused: sale.unknown, sale.state (the sale is no tender, or past its scoring), tender.not_evaluator.
    """

    sale_id: SaleId
    reason: Reason


class EvaluatorLeft(Event, frozen=True, kw_only=True, tag="tender.evaluator_left"):
    """The others score alone; with half of them gone there is no award."""

    panel: Panel
    scores: tuple[TenderScore, ...]
    reason: str


class OffersRanked(Event, frozen=True, kw_only=True, tag="tender.ranked"):
    """Every offer has its score and rank, and every bidder is told its own."""

    tender: Tender
    offers: tuple[TenderOffer, ...]
    movement: Movement


class TenderClosed(Event, frozen=True, kw_only=True, tag="tender.closed"):
    """Nothing more is to be done about these offers."""

    tender: Tender
    panel: Panel
    offers: tuple[TenderOffer, ...]
    scores: tuple[TenderScore, ...]
