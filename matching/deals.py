"""The agreement 协议转让: a right, a part of one, or a block of shares or notes, at a price the two of them found.

proposed → (publicity 公示 ⇄ objected) → (pre-emption 优先购买) → signing → contracted → completed. Between the buyer's
signature and the end the price and the buyer's fee lie in escrow and the right's units are held: neither side can lose
both. What runs while others may step in before the buyer is in matching/preemption. Where an office
makes title (CN), or the parties agreed to wait for one, `recordal.confirm` moves the right and pays in one transfer;
elsewhere the second signature does. Every other end sends back what was taken, by new entries. The units of a block
are held from the proposal on, and many agreements may run about units of one asset beside each other.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, DealId, MarketId, UserId
from exchange.core.instruments import AssetKind, Settlement, Side
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import Code, IsoDate, Minor, Name, PositiveMinor, PositiveUnits, Sha256Hex, Text, TimeNs, Units
from matching.consideration import Items
from matching.sides import LastSale

Reason = Annotated[Text, msgspec.Meta(min_length=1)]


class DealState(StrEnum):
    """Where a deal stands. The last six are ends."""

    PROPOSED = "proposed"
    PUBLICITY = "publicity"
    """Accepted; name and price are shown before the contract, as the seller's overlay asks."""
    OBJECTED = "objected"
    """The clock stands until an operator has decided the objection."""
    PRE_EMPTION = "pre_emption"
    """The price is found; who has a prior claim may step in on the same terms."""
    SIGNING = "signing"
    CONTRACTED = "contracted"
    """Both signed; title and price wait for the office."""
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    """An objection was upheld."""
    RECORDAL_REFUSED = "recordal_refused"
    DEFAULTED = "defaulted"
    """Won in a public sale, and one side did not sign in time."""
    LAPSED = "lapsed"
    """The long stop came before the office's answer."""


OPEN = (DealState.PROPOSED, DealState.PUBLICITY, DealState.OBJECTED, DealState.SIGNING)
"""Before the second signature there is no contract: either party may still withdraw, save in the pre-emption, so that
nobody steps back to defeat a prior claim."""


class Consideration(StrEnum):
    """What a right is paid in. Cash lies in escrow until the right passes; of the others see `Items`."""

    CASH = "cash"
    MILESTONE = "milestone"
    ROYALTY = "royalty"
    INSTALMENTS = "instalments"
    EQUITY = "equity"


class DealBurden(Record, frozen=True, kw_only=True):
    """What lies on a right and goes with it to the buyer: the register's entry, its kind, and a line about it."""

    entry: str
    kind: str
    summary: str


class DealPart(Record, frozen=True, kw_only=True):
    """What one of those who exercised a prior claim takes of a deal.

    Units: `fee_minor` is paid on top of `price_minor`; units and prices of all parts sum to the deal's.
    """

    account_id: AccountId
    units: Units
    price_minor: Minor
    fee_minor: Minor


class DealTerms(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What the buyer accepts and both sign, whole: nothing that costs or binds a party lies outside it.

    Units: `buyer_fee_minor` is paid on top of the price, `seller_fee_minor` out of it. The price is what is paid at
    signing; `items` are promised for later, and their fees are charged as they are paid. `burdens_sha256` is the hash
    of what lies on the right and goes with it; `parts` are those of several who exercised a prior claim.
    """

    market_id: MarketId
    asset_id: AssetId
    units: Units
    seller_account_id: AccountId
    buyer_account_id: AccountId
    currency: str
    price_minor: Minor
    buyer_fee_minor: Minor
    seller_fee_minor: Minor
    jurisdiction: str
    related_party: bool
    wait_for_recordal: bool
    contract_sha256: str
    items: Items | None = None
    burdens_sha256: str = ""
    parts: tuple[DealPart, ...] = ()


def terms_hash(terms: DealTerms) -> str:
    """The SHA-256 of the terms as compact JSON, fields in their declared order: any client can compute it.

    A deal for cash alone has no `items` in this text, neither as null; likewise without burdens, or parts.
    """
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


class Deal(Record, frozen=True, kw_only=True):
    """One agreement, from its proposal to its end; what runs keeps the law it began under.

    Units: `escrow_minor` lies in escrow for this deal now; the right's `units` are held as long as it is not zero, a
    block's (`asset_kind` is a share or a note) from the proposal to the end.
    Three dates are kept apart: `contracted_at_ns` (the second signature), `effective_date` (the office's, or the
    signed writing's), `known_at_ns` (when this register learned of it). `publicity_days` and `settlement` follow from
    the seller's overlay and the right's regime; `fee_version` and `overlays_version` are those of the proposal. Where
    prior claims were exercised, `parts` say who takes what, `buyer_account_id` is the first of them, and
    `displaced_account_id` the buyer they stepped in before.
    """

    deal_id: DealId
    market_id: MarketId
    asset_id: AssetId
    units: Units
    seller_account_id: AccountId
    buyer_account_id: AccountId
    price_minor: Minor
    buyer_fee_minor: Minor
    seller_fee_minor: Minor
    fee_version: int
    jurisdiction: str
    overlays_version: int
    publicity_days: int
    related_party: bool
    wait_for_recordal: bool
    settlement: Settlement
    contract_sha256: str
    terms_sha256: str
    state: DealState
    proposed_by: UserId
    proposed_at_ns: TimeNs
    accepted_by: UserId = UserId(0)
    accepted_at_ns: TimeNs = TimeNs(0)
    publicity_until_ns: TimeNs = TimeNs(0)
    objected_by: UserId = UserId(0)
    seller_signed_by: UserId = UserId(0)
    seller_signed_at_ns: TimeNs = TimeNs(0)
    buyer_signed_by: UserId = UserId(0)
    buyer_signed_at_ns: TimeNs = TimeNs(0)
    escrow_minor: Minor = Minor(0)
    contracted_at_ns: TimeNs = TimeNs(0)
    effective_date: str = ""
    known_at_ns: TimeNs = TimeNs(0)
    office_reference: str = ""
    reason: str = ""
    items: Items | None = None
    burdens_sha256: str = ""
    burdens: tuple[DealBurden, ...] = ()
    preemption_until_ns: TimeNs = TimeNs(0)
    displaced_account_id: AccountId = AccountId(0)
    parts: tuple[DealPart, ...] = ()
    asset_kind: AssetKind = AssetKind.RIGHT

    @property
    def block(self) -> bool:
        """Whether units of a share or note are sold, and not a right that an owner has."""
        return self.asset_kind is not AssetKind.RIGHT

    @property
    def subject_key(self) -> int:
        """What no other open deal is about: a right itself; blocks are sold beside each other."""
        return -self.deal_id if self.block else self.asset_id

    @property
    def held_units(self) -> int:
        """What of the seller's units this deal holds now; one that was not offered yet holds nothing."""
        promised = bool(self.escrow_minor) or (self.block and self.live and bool(self.terms_sha256))
        return self.units if promised else 0

    @property
    def live(self) -> bool:
        """Whether the deal may still come to something."""
        return self.state in OPEN or self.state in (DealState.PRE_EMPTION, DealState.CONTRACTED)

    @property
    def takers(self) -> tuple[DealPart, ...]:
        """Who takes the right, and pays: the buyer, or those who stepped in before it."""
        return self.parts or (
            DealPart(
                account_id=self.buyer_account_id,
                units=self.units,
                price_minor=self.price_minor,
                fee_minor=self.buyer_fee_minor,
            ),
        )


# --- Proposal and acceptance ------------------------------------------------------------------------------------------


class ProposeDeal(Command, frozen=True, kw_only=True, tag="deal.propose"):
    """Offer a right, an exact part of it, or a block of shares or notes, to one buyer, at a price, under a contract.

    `jurisdiction` selects the disposal overlay of the seller's place, `related_party` says that buyer and seller are
    related (a buyer who is an inventor is marked anyway), `wait_for_recordal` that title and price wait for the office
    where the law of the right would not. `price_minor` is paid at signing, `items` later; `consideration` names their
    kinds, and may be left out. `units` is the part of a right that several own; left out, it is the whole. A block
    names its units, is paid in cash, and holds them from here on; an offer of one lapses after the profile's long stop
    days. Who has a prior claim may step in before the buyer, on these terms, once the buyer has accepted.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, market.unknown,
    asset.unknown, deal.consideration_not_supported (a kind without its items, items in an auction that takes cash
    only), deal.terms_invalid (items that contradict each other, buyer and seller are one), deal.state (another
    runs), pilot.state (a pilot assignment runs), rule.method_not_allowed, currency.mismatch, rule.value_cap,
    rule.suitability, profile.not_active (no overlays in force), export.not_cleared, asset.frozen, right.immobilised,
    right.not_owned, right.expired, patent.not_listable, right.encumbered, right.title_defect, outcome.state (it lies in
    an outcome), right.title_unknown, listing.prior_claims_open (a claim that nobody can be asked about, and no standing
    waiver), consent.missing, rule.opposite_side_gap, calendar.not_covered, rule.lock_up, rule.holder_cap,
    fee.schedule_unknown, limit.exceeded, document.unknown. Of a block also: rule.insider, rule.closed_period,
    listing.no_share_deed, product.state, hold.insufficient_available.
    """

    market_id: MarketId
    asset_id: AssetId
    seller_account_id: AccountId
    buyer_account_id: AccountId
    price_minor: PositiveMinor
    contract_sha256: Sha256Hex
    consideration: tuple[Consideration, ...] = (Consideration.CASH,)
    jurisdiction: Code = "national"
    related_party: bool = False
    wait_for_recordal: bool = False
    items: Items | None = None
    units: PositiveUnits | None = None


class DealProposed(Event, frozen=True, kw_only=True, tag="deal.proposed"):
    """The buyer may accept the terms; `rules` are the provisions that allowed the proposal."""

    deal: Deal
    terms: DealTerms
    rules: tuple[Citation, ...]
    movement: Movement


class AcceptDeal(Command, frozen=True, kw_only=True, tag="deal.accept"):
    """Accept, as the buyer, exactly the terms of this hash.

    Refused: deal.unknown, deal.not_party, mandate.invalid, account.frozen, member.frozen, deal.state,
    deal.terms_changed, whatever refuses the proposal now, deal.burdens_changed, calendar.not_covered.
    """

    deal_id: DealId
    terms_sha256: Sha256Hex


class DealAccepted(Event, frozen=True, kw_only=True, tag="deal.accepted"):
    """The price is found: publicity runs, then pre-emption; where neither is asked the contract may be signed."""

    deal: Deal
    movement: Movement


class DealPublicityEnded(Event, frozen=True, kw_only=True, tag="deal.publicity_ended"):
    """Nobody objected in time: whoever has a prior claim is asked now, or the contract may be signed."""

    deal: Deal
    movement: Movement


class WithdrawDeal(Command, frozen=True, kw_only=True, tag="deal.withdraw"):
    """Step back, as either party, while there is no contract yet; a frozen party too. Escrow goes back.

    Refused: deal.unknown, deal.not_party, deal.state.
    """

    deal_id: DealId
    reason: Text = ""


class DealEnded(Event, frozen=True, kw_only=True, tag="deal.ended"):
    """The deal came to nothing (`deal.state` says how); what lay in escrow is the buyer's again, the right is free."""

    deal: Deal
    movement: Movement


# --- Objections -------------------------------------------------------------------------------------------------------


class ObjectToDeal(Command, frozen=True, kw_only=True, tag="deal.object"):
    """Object, as any member or an operator, while the deal is publicised: its clock stands.

    Refused: deal.unknown, deal.state.
    """

    deal_id: DealId
    reason: Reason


class DealObjected(Event, frozen=True, kw_only=True, tag="deal.objected"):
    """The publicity stands still until the objection is decided."""

    deal: Deal
    reason: str
    movement: Movement


class ResolveObjection(Command, frozen=True, kw_only=True, tag="deal.resolve_objection"):
    """Decide an objection, with reasons, as an operator who did not make it: upheld ends the deal, else a new period.

    Refused: deal.unknown, deal.state, approval.same_person, calendar.not_covered.
    """

    deal_id: DealId
    upheld: bool
    reason: Reason


class ObjectionDismissed(Event, frozen=True, kw_only=True, tag="deal.objection_dismissed"):
    """The publicity begins anew, whole."""

    deal: Deal
    reason: str
    movement: Movement


# --- Contract and completion ------------------------------------------------------------------------------------------


class SignDeal(Command, frozen=True, kw_only=True, tag="deal.sign"):
    """Sign the contract of this hash for one side, once; everything is asked again, as of now.

    The buyer's signature takes price and fee into escrow and holds the right.
    Refused: deal.unknown, deal.not_party, mandate.invalid, account.frozen, member.frozen, deal.publicity_running,
    deal.pre_emption_running, deal.state, deal.terms_changed, approval.same_person (one person for both sides), whatever
    refuses the proposal now, deal.burdens_changed, hold.insufficient_available.
    """

    deal_id: DealId
    side: Side
    contract_sha256: Sha256Hex


class DealSigned(Event, frozen=True, kw_only=True, tag="deal.signed"):
    """One side signed; with both, the contract stands."""

    deal: Deal
    side: Side
    movement: Movement


class ConfirmRecordal(Command, frozen=True, kw_only=True, tag="recordal.confirm"):
    """Enter that the office recorded the transfer: title moves and the seller is paid, in one transfer.

    Refused: deal.unknown, deal.state, recordal.invalid (no such date, not between contract and today), account.frozen,
    member.frozen, asset.frozen.
    """

    deal_id: DealId
    office_reference: Name
    effective_date: IsoDate


class DealCompleted(Event, frozen=True, kw_only=True, tag="deal.completed"):
    """The right is the buyer's, the price less fee the seller's, the fees are due, in one transfer."""

    deal: Deal
    last_sale: LastSale
    movement: Movement


class RefuseRecordal(Command, frozen=True, kw_only=True, tag="recordal.refuse"):
    """Enter that the office refused to record the transfer: the contract is unwound and the buyer refunded.

    Refused: deal.unknown, deal.state, asset.frozen.
    """

    deal_id: DealId
    office_reference: Name
    reason: Reason
