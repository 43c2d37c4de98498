"""The public sale of whole rights: its terms, who may take part, their deposits, and its end. Shared by all methods.

announced 公告 → bidding (→ revealing (→ scoring)) → contracting → closed; with one bidder left → negotiating; or
cancelled. A bidder: registered 报名 → qualified 资格确认 → bound to secrecy 保密 → admitted, its deposit 保证金 held.
How prices are found is the method's own: see lot_messages and tender_messages. What is sold is contracted and paid as
any agreement: see deals.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    BidderId,
    BidId,
    DealId,
    ListingId,
    LotId,
    MarketId,
    MemberId,
    SaleId,
    UserId,
)
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    AnyMinor,
    AtNs,
    Minor,
    Name,
    PositiveMinor,
    Ppm,
    RatePpm,
    Sha256Hex,
    Text,
    TimeNs,
    Units,
)
from matching.listing_messages import Listing, ListingMethod
from matching.lots import MAX_LOTS
from matching.tenders import TenderTerms

MAX_BIDDERS = 200
MAX_DOCUMENTS = 50
AUCTIONS = (ListingMethod.ENGLISH, ListingMethod.DUTCH, ListingMethod.SEALED)
"""The methods by which the highest price wins."""
PUBLIC = (*AUCTIONS, ListingMethod.TENDER)
"""The methods by which a sale finds its winner itself."""
COMMITTED = (ListingMethod.SEALED, ListingMethod.TENDER)
"""The methods whose bids are committed to first and revealed after."""

Reason = Annotated[Text, msgspec.Meta(min_length=1)]
Hashes = Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MAX_DOCUMENTS)]
Conditions = Annotated[tuple[Name, ...], msgspec.Meta(max_length=20)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
PaymentDays = Annotated[int, msgspec.Meta(ge=1, le=90)]


# --- The case ---------------------------------------------------------------------------------------------------------


class SaleState(StrEnum):
    """Where a sale stands. The last two are ends."""

    ANNOUNCED = "announced"
    """Bidders register, until bidding begins."""
    BIDDING = "bidding"
    REVEALING = "revealing"
    """Commitments are in; their prices are revealed."""
    SCORING = "scoring"
    """Offers are opened; a panel scores them."""
    NEGOTIATING = "negotiating"
    """One bidder was admitted: it and the seller may agree, not below the listing price."""
    CONTRACTING = "contracting"
    """The winners sign and pay; whoever does not is in default."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


class LotState(StrEnum):
    """Where one lot of a sale stands. The last two are ends."""

    ANNOUNCED = "announced"
    OPEN = "open"
    REVEALING = "revealing"
    SCORING = "scoring"
    NEGOTIATED = "negotiated"
    AWARDED = "awarded"
    """Its winner's contract waits for signatures."""
    OFFERED = "offered"
    """The winner defaulted, and the next bidder may take it."""
    CONTRACTED = "contracted"
    """Both signed; title and price wait for the office."""
    SOLD = "sold"
    FAILED = "failed"


class SealedPricing(StrEnum):
    """What the winner of a sealed auction pays: its own price, or what the others lose by its presence."""

    FIRST = "first"
    SECOND = "second"


class AuctionRegime(StrEnum):
    """Under which law bids are taken: an auctioneer's, or the venue's own rules for bidding online."""

    AUCTION_LAW = "auction_law"
    ONLINE_BIDDING = "online_bidding"


class LotTerms(Part, frozen=True, kw_only=True):
    """One listing in a sale.

    Units: bidding starts at `start_minor`, of a Dutch clock its highest price; below `reserve_minor` (0: none) it is
    not sold. Neither lies below the listing's own price, which is a Dutch clock's floor.
    """

    listing_id: ListingId
    start_minor: PositiveMinor
    reserve_minor: AnyMinor = Minor(0)


class Sale(Record, frozen=True, kw_only=True):
    """One public sale of one or several rights of a seller, under terms that no longer change.

    Units: `deposit_minor` of the market's money admits a bidder; `unrevealed_forfeit_ppm` of it is forfeited by who
    commits and does not reveal. `payment_days` are days of 24 hours for each signature. `ends_at_ns` is as announced:
    late bids move the lots' own end. `fee_version` and `overlays_version` are those of the announcement.
    """

    sale_id: SaleId
    market_id: MarketId
    method: ListingMethod
    state: SaleState
    seller_account_id: AccountId
    member_id: MemberId
    money_asset_id: AssetId
    lot_ids: tuple[LotId, ...]
    pricing: SealedPricing
    regime: AuctionRegime
    auctioneer: str
    auctioneer_licence: str
    conditions: tuple[str, ...]
    group_ids: tuple[MemberId, ...]
    confidentiality_sha256: str
    data_room: tuple[str, ...]
    contract_sha256: str
    deposit_minor: Minor
    payment_days: int
    increment_minor: Minor
    step_seconds: int
    soft_close_seconds: int
    unrevealed_forfeit_ppm: int
    reserve_shown: bool
    starts_at_ns: TimeNs
    ends_at_ns: TimeNs
    reveal_until_ns: TimeNs
    jurisdiction: str
    wait_for_recordal: bool
    fee_version: int
    overlays_version: int
    announced_by: UserId
    announced_at_ns: TimeNs
    registered: int = 0
    """How many bidders registered: the last one's paddle."""
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the sale may still come to something."""
        return self.state not in (SaleState.CLOSED, SaleState.CANCELLED)


class Lot(Record, frozen=True, kw_only=True):
    """One right in a sale, as everybody may see it; bidders are known by their paddle alone.

    Units: `reserve_minor` is shown or 0; `clock_minor` is what a Dutch clock shows, and what may be bid otherwise is
    counted from `leading_minor`, the standing bid for `leading_lot_ids`, of which this is one. `price_minor` is its own
    part of the price it was awarded at. `n` numbers its public changes without gaps.
    """

    lot_id: LotId
    sale_id: SaleId
    listing_id: ListingId
    asset_id: AssetId
    units: Units
    name: str
    method: ListingMethod
    state: LotState
    start_minor: Minor
    reserve_minor: Minor
    reserve_met: bool
    clock_minor: Minor
    ends_at_ns: TimeNs
    bids: int = 0
    leading_minor: Minor = Minor(0)
    leading_lot_ids: tuple[LotId, ...] = ()
    leading_paddle: int = 0
    bid_id: BidId = BidId(0)
    bidder_id: BidderId = BidderId(0)
    price_minor: Minor = Minor(0)
    deal_id: DealId = DealId(0)
    due_at_ns: TimeNs = TimeNs(0)
    n: int = 1
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the lot may still be sold in this sale."""
        return self.state not in (LotState.SOLD, LotState.FAILED)


class LotReserve(Record, frozen=True, kw_only=True):
    """The least for which the seller lets a lot go: the seller's and the venue's to know, until `over`."""

    lot_id: LotId
    seller_account_id: AccountId
    reserve_minor: Minor
    over: bool = False


class ListingSteps(Record, frozen=True, kw_only=True):
    """How often what is listed found no buyer, and how its price came down for it, step by step.

    `stepped_after` is how many sales had failed at the last step: each lower price needs one more.
    """

    listing_id: ListingId
    failed_sales: int
    steps: int
    stepped_after: int
    first_price_minor: Minor
    price_minor: Minor
    decision_sha256: str = ""
    decided_by: UserId = UserId(0)
    decided_at_ns: TimeNs = TimeNs(0)


class AnnounceSale(Command, frozen=True, kw_only=True, tag="sale.announce"):
    """Announce the sale of admitted listings by their common method, under terms that stand from then on.

    `conditions` are what a bidder must show by documents; `group_ids` are the members of the seller's group, who may
    not bid; `data_room` is what opens to who signed `confidentiality_sha256`; the winner signs `contract_sha256`.
    `ends_at_ns` is 0 for a Dutch clock, which stops a step after its floor; `reveal_until_ns`, `pricing` and
    `unrevealed_forfeit_ppm` are a sealed auction's, `increment_minor` and `soft_close_seconds` an English one's,
    `increment_minor` and `step_seconds` a Dutch one's, `tender` a tender's, which is sealed as well.
    Refused: listing.unknown, account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    listing.state (not admitted), sale.terms_invalid, sale.state (in a sale already), deal.state (a deal runs), whatever
    refuses the listing now, listing.prior_claims_open, document.unknown, member.unknown, calendar.not_covered,
    limit.exceeded, user.unknown (an evaluator).
    """

    lots: Annotated[tuple[LotTerms, ...], msgspec.Meta(min_length=1, max_length=MAX_LOTS)]
    confidentiality_sha256: Sha256Hex
    contract_sha256: Sha256Hex
    deposit_minor: AnyMinor
    payment_days: PaymentDays
    starts_at_ns: AtNs
    ends_at_ns: AtNs = TimeNs(0)
    increment_minor: AnyMinor = Minor(0)
    soft_close_seconds: Seconds = 0
    step_seconds: Seconds = 0
    pricing: SealedPricing = SealedPricing.FIRST
    reveal_until_ns: AtNs = TimeNs(0)
    unrevealed_forfeit_ppm: RatePpm = Ppm(0)
    reserve_shown: bool = False
    conditions: Conditions = ()
    data_room: Hashes = ()
    group_ids: Annotated[tuple[MemberId, ...], msgspec.Meta(max_length=50)] = ()
    regime: AuctionRegime = AuctionRegime.ONLINE_BIDDING
    auctioneer: Annotated[str, msgspec.Meta(max_length=200)] = ""
    auctioneer_licence: Annotated[str, msgspec.Meta(max_length=100)] = ""
    wait_for_recordal: bool = False
    tender: TenderTerms | None = None


class SaleAnnounced(Event, frozen=True, kw_only=True, tag="sale.announced"):
    """Bidders may register; `rules` are the provisions that allowed the sale."""

    sale: Sale
    lots: tuple[Lot, ...]
    reserves: tuple[LotReserve, ...]
    rules: tuple[Citation, ...]
    movement: Movement


class CancelSale(Command, frozen=True, kw_only=True, tag="sale.cancel"):
    """Call a sale off: its seller before bidding begins, an operator until the winners are found. Deposits go back.

    Refused: sale.unknown, account.not_yours, sale.state.
    """

    sale_id: SaleId
    reason: Reason


class NegotiationOpened(Event, frozen=True, kw_only=True, tag="sale.negotiation_opened"):
    """One bidder is left: the seller may propose it an agreement, not below the listing price; the others are free."""

    sale: Sale
    lots: tuple[Lot, ...]
    movement: Movement
    bidders: tuple[Bidder, ...] = ()


class BiddingOpened(Event, frozen=True, kw_only=True, tag="sale.bidding_opened"):
    """Bids are taken from now on."""

    sale: Sale
    lots: tuple[Lot, ...]
    movement: Movement


class RepriceListing(Command, frozen=True, kw_only=True, tag="listing.reprice"):
    """Let what found no buyer be listed again at a lower price, by a decision on file. Needs two operators.

    Refused: listing.unknown, listing.state, sale.state (no sale failed since the last step, or one runs),
    listing.terms_invalid (not lower), document.unknown.
    """

    listing_id: ListingId
    price_minor: PositiveMinor
    decision_sha256: Sha256Hex


class ListingRepriced(Event, frozen=True, kw_only=True, tag="listing.repriced"):
    """The listing has a lower price, at which it may be sold again."""

    listing: Listing
    steps: ListingSteps


# --- Bidders ----------------------------------------------------------------------------------------------------------


class BidderState(StrEnum):
    """How far a bidder has come. The last three may not bid any more."""

    REGISTERED = "registered"
    QUALIFIED = "qualified"
    BOUND = "bound"
    """It signed the confidentiality: the data room is open."""
    ADMITTED = "admitted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DEFAULTED = "defaulted"


class Bidder(Record, frozen=True, kw_only=True):
    """One account's part in a sale; its seller and the venue know who it is, everybody else its `paddle` 号牌.

    Units: `deposit_minor` of `money_asset_id` is held now, `forfeited_minor` went to the seller.
    """

    bidder_id: BidderId
    sale_id: SaleId
    account_id: AccountId
    member_id: MemberId
    seller_account_id: AccountId
    money_asset_id: AssetId
    paddle: int
    state: BidderState
    evidence: tuple[str, ...]
    registered_by: UserId
    registered_at_ns: TimeNs
    qualified_by: UserId = UserId(0)
    bound_by: UserId = UserId(0)
    bound_at_ns: TimeNs = TimeNs(0)
    admitted_at_ns: TimeNs = TimeNs(0)
    deposit_minor: Minor = Minor(0)
    forfeited_minor: Minor = Minor(0)
    reason: str = ""
    over: bool = False
    """The sale is: nothing more can come of this."""

    @property
    def signed(self) -> bool:
        """Whether the confidentiality binds it."""
        return self.bound_at_ns > 0


class RegisterBidder(Command, frozen=True, kw_only=True, tag="bidder.register"):
    """Ask to take part in a sale, with the documents its conditions want.

    Refused: sale.unknown, account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    sale.state (bidding has begun), bidder.exists, sale.barred (the seller, its group, its agents), whatever refuses a
    deal at the starting price now (rule.*, export.not_cleared, right.*), document.unknown, limit.exceeded.
    """

    sale_id: SaleId
    account_id: AccountId
    evidence: Hashes = ()


class BidderRegistered(Event, frozen=True, kw_only=True, tag="bidder.registered"):
    """The venue decides whether the bidder meets the conditions."""

    bidder: Bidder
    sale: Sale
    movement: Movement


class QualifyBidder(Command, frozen=True, kw_only=True, tag="bidder.qualify"):
    """Decide, as an operator and with a reason, whether a bidder meets the sale's conditions.

    Refused: bidder.unknown, bidder.state, sale.state (bidding has begun).
    """

    bidder_id: BidderId
    qualified: bool
    reason: Reason


class BidderQualified(Event, frozen=True, kw_only=True, tag="bidder.qualified"):
    """The bidder meets the conditions, or is refused (`bidder.state`)."""

    bidder: Bidder
    movement: Movement


class BindBidder(Command, frozen=True, kw_only=True, tag="bidder.bind"):
    """Sign the sale's confidentiality, by its hash: the data room opens.

    Refused: bidder.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, bidder.state,
    sale.state, sale.terms_changed (another text).
    """

    bidder_id: BidderId
    confidentiality_sha256: Sha256Hex


class BidderBound(Event, frozen=True, kw_only=True, tag="bidder.bound"):
    """The bidder may look at the data room."""

    bidder: Bidder
    movement: Movement


class ViewDocument(Command, frozen=True, kw_only=True, tag="bidder.view_document"):
    """Open one document of the data room. Each view is on record.

    Refused: bidder.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, sale.confidentiality,
    document.unknown.
    """

    bidder_id: BidderId
    sha256: Sha256Hex


class DocumentViewed(Event, frozen=True, kw_only=True, tag="bidder.document_viewed"):
    """Who looked at which document, and when: the journal row says who asked."""

    bidder: Bidder
    sha256: str
    movement: Movement


class PayDeposit(Command, frozen=True, kw_only=True, tag="bidder.pay_deposit"):
    """Have the deposit held on the bidder's account: it is admitted.

    Refused: bidder.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, bidder.state,
    sale.state (bidding has begun), asset.frozen, hold.insufficient_available.
    """

    bidder_id: BidderId


class BidderAdmitted(Event, frozen=True, kw_only=True, tag="bidder.admitted"):
    """The deposit is held: the bidder may bid."""

    bidder: Bidder
    movement: Movement


class WithdrawBidder(Command, frozen=True, kw_only=True, tag="bidder.withdraw"):
    """Step back before bidding begins; a frozen bidder too. The deposit goes back.

    Refused: bidder.unknown, account.not_yours, mandate.invalid, bidder.state, sale.state.
    """

    bidder_id: BidderId


class BidderWithdrew(Event, frozen=True, kw_only=True, tag="bidder.withdrew"):
    """The bidder no longer takes part."""

    bidder: Bidder
    movement: Movement


class DepositReturned(Event, frozen=True, kw_only=True, tag="bidder.deposit_returned"):
    """The deposit is the bidder's to use again: towards the price it now pays, or because it has none to pay."""

    bidder: Bidder
    movement: Movement
