"""Transfers of a company's equity 股权转让: told to the other members, taken by them or the buyer, then the register.

offered → (notice) → contracted → entered. The buyer's acceptance takes price and fee into escrow and holds the units.
Among members a transfer is free. Before an outsider takes, every other member is told in writing and has the charter's
days: it may step in on the same terms (several by contribution), waive, or say nothing, which waives. Equity passes
when the company has changed its register of members; until then the money waits.
Source: 公司法 (2023) arts. 84 (30 days' notice, silence waives, several by contribution), 86 (entry in the
register of members).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from exchange.core.ids import AccountId, AssetId, CompanyId, EquityNoticeId, EquityOfferId, MarketId, MemberId, UserId
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import IsoDate, Minor, Name, PositiveMinor, PositiveUnits, Sha256Hex, Text, TimeNs, Units
from matching.deals import DealPart
from matching.preemption import ClaimState
from matching.sides import LastSale

PPM = 1_000_000


class EquityState(StrEnum):
    """Where an offer of equity stands. The last six are ends."""

    OFFERED = "offered"
    NOTICE = "notice"
    """Accepted by an outsider; the other members may step in."""
    CONTRACTED = "contracted"
    """Bound and paid into escrow; the company has still to change its register of members."""
    ENTERED = "entered"
    WITHDRAWN = "withdrawn"
    DISSENTED = "dissented"
    """The charter asks for the others' consent, and too few gave it."""
    STOPPED = "stopped"
    """What was to be sold is not there any more, or the buyer may not go on."""
    REFUSED = "refused"
    """The company refused to change its register."""
    LAPSED = "lapsed"
    """The long stop came before the company's answer."""


LIVE = (EquityState.OFFERED, EquityState.NOTICE, EquityState.CONTRACTED)


class EquityTerms(Part, frozen=True, kw_only=True):
    """What buyer and seller are bound by, and what another member steps in on.

    Units: `buyer_fee_minor` is paid on top of the price, `seller_fee_minor` out of it.
    """

    company_id: CompanyId
    asset_id: AssetId
    units: Units
    seller_account_id: AccountId
    buyer_account_id: AccountId
    currency: str
    price_minor: Minor
    buyer_fee_minor: Minor
    seller_fee_minor: Minor
    contract_sha256: str


def equity_terms_hash(terms: EquityTerms) -> str:
    """The SHA-256 of the terms as compact JSON, fields in their declared order: any client can compute it."""
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


class EquityOffer(Record, frozen=True, kw_only=True):
    """One transfer of equity, from the offer to its end.

    Units: `escrow_minor` lies in escrow for it now; the seller's `units` are held as long as it is not zero. Where
    members stepped in, `parts` say who takes what and `displaced_account_id` is the outsider they stepped in before.
    """

    offer_id: EquityOfferId
    company_id: CompanyId
    company_account_id: AccountId
    market_id: MarketId
    asset_id: AssetId
    units: Units
    seller_account_id: AccountId
    buyer_account_id: AccountId
    price_minor: Minor
    buyer_fee_minor: Minor
    seller_fee_minor: Minor
    fee_version: int
    contract_sha256: str
    terms_sha256: str
    state: EquityState
    proposed_by: UserId
    proposed_at_ns: TimeNs
    accepted_by: UserId = UserId(0)
    accepted_at_ns: TimeNs = TimeNs(0)
    notice_until_ns: TimeNs = TimeNs(0)
    escrow_minor: Minor = Minor(0)
    displaced_account_id: AccountId = AccountId(0)
    parts: tuple[DealPart, ...] = ()
    contracted_at_ns: TimeNs = TimeNs(0)
    effective_date: str = ""
    known_at_ns: TimeNs = TimeNs(0)
    register_reference: str = ""
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the offer may still come to something."""
        return self.state in LIVE

    @property
    def takers(self) -> tuple[DealPart, ...]:
        """Who takes the equity, and pays: the buyer, or those who stepped in before it."""
        return self.parts or (
            DealPart(
                account_id=self.buyer_account_id,
                units=self.units,
                price_minor=self.price_minor,
                fee_minor=self.buyer_fee_minor,
            ),
        )


class EquityNotice(Record, frozen=True, kw_only=True):
    """What one of the other members was told of an offer, and what it answered.

    Units: `weight` is its contribution when it was told, and in the end when all had answered; `held_minor` is promised
    now; `units` and `price_minor` are what it takes. `consents` counts where the charter asks for consent.
    """

    notice_id: EquityNoticeId
    offer_id: EquityOfferId
    asset_id: AssetId
    member_id: MemberId
    account_id: AccountId
    seller_account_id: AccountId
    money_asset_id: AssetId
    weight: Units
    until_ns: TimeNs
    state: ClaimState
    consents: bool = True
    held_minor: Minor = Minor(0)
    answered_by: UserId = UserId(0)
    answered_at_ns: TimeNs = TimeNs(0)
    units: Units = Units(0)
    price_minor: Minor = Minor(0)
    over: bool = False


def consent_given(weights: list[tuple[int, bool]], majority_ppm: int) -> bool:
    """Whether enough of the other members, by contribution, do not object; exactly the majority is enough.

    >>> consent_given([(50, True), (50, False)], 500_000), consent_given([(49, True), (51, False)], 500_000)
    (True, False)
    """
    yes = sum(weight for weight, consents in weights if consents)
    return yes * PPM >= majority_ppm * sum(weight for weight, _ in weights)


# --- Offer and acceptance ---------------------------------------------------------------------------------------------


class OfferEquity(Command, frozen=True, kw_only=True, tag="equity.offer"):
    """Offer units of a company's equity to one buyer at a price, under a contract on file.

    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, company.unknown,
    company.state, equity.terms_invalid (the buyer is the seller, or the company), rule.method_not_allowed,
    currency.mismatch, rule.value_cap, rule.suitability, export.not_cleared, asset.frozen, right.encumbered,
    right.not_owned, rule.lock_up, rule.opposite_side_gap, calendar.not_covered, rule.holder_cap,
    fee.schedule_unknown, limit.exceeded, document.unknown.
    """

    company_id: CompanyId
    seller_account_id: AccountId
    buyer_account_id: AccountId
    units: PositiveUnits
    price_minor: PositiveMinor
    contract_sha256: Sha256Hex


class EquityOffered(Event, frozen=True, kw_only=True, tag="equity.offered"):
    """The buyer may accept the terms; `rules` are the provisions that allowed the offer."""

    offer: EquityOffer
    terms: EquityTerms
    rules: tuple[Citation, ...]
    movement: Movement


class AcceptEquity(Command, frozen=True, kw_only=True, tag="equity.accept"):
    """Accept and sign, as the buyer, exactly the terms of this hash: the cost goes to escrow, the units are held.

    It binds both: from here on nobody steps back, so that no other member's right is defeated.
    Refused: equity.unknown, equity.not_party, mandate.invalid, account.frozen, member.frozen, equity.state,
    equity.terms_changed, approval.same_person, whatever refuses the offer now, hold.insufficient_available.
    """

    offer_id: EquityOfferId
    terms_sha256: Sha256Hex


class EquityAccepted(Event, frozen=True, kw_only=True, tag="equity.accepted"):
    """Bound: `notices` are what the other members are told; where there are none, the company's register is next."""

    offer: EquityOffer
    notices: tuple[EquityNotice, ...]
    movement: Movement


class WithdrawEquity(Command, frozen=True, kw_only=True, tag="equity.withdraw"):
    """Step back, as either party, before the acceptance; a frozen party too.

    Refused: equity.unknown, equity.not_party, equity.state.
    """

    offer_id: EquityOfferId
    reason: Text = ""


# --- The other members ------------------------------------------------------------------------------------------------


class ExerciseEquity(Command, frozen=True, kw_only=True, tag="equity.exercise"):
    """Step in before the outsider, as a member, on exactly these terms: the whole cost is held at once. It binds.

    Nobody steps in for a part alone: the terms are the outsider's, its number of units among them. Several share.
    Refused: equity.notice_unknown (none, or over), account.unknown, account.not_yours, mandate.invalid, account.frozen,
    member.frozen, equity.not_notified, equity.notice_state, equity.terms_changed, whatever would refuse the offer with
    this buyer now, hold.insufficient_available.
    """

    notice_id: EquityNoticeId
    account_id: AccountId
    terms_sha256: Sha256Hex
    contract_sha256: Sha256Hex


class EquityExercised(Event, frozen=True, kw_only=True, tag="equity.exercised"):
    """A member will take the units, or its part of them."""

    notice: EquityNotice
    movement: Movement


class WaiveEquity(Command, frozen=True, kw_only=True, tag="equity.waive"):
    """Let this offer go to its buyer, as a member; a frozen one too. `consents` false objects, where that is asked.

    Refused: equity.notice_unknown (none, or over), equity.not_notified, equity.notice_state.
    """

    notice_id: EquityNoticeId
    consents: bool = True


class EquityWaived(Event, frozen=True, kw_only=True, tag="equity.waived"):
    """This member does not step in."""

    notice: EquityNotice
    movement: Movement


class EquityNoticeClosed(Event, frozen=True, kw_only=True, tag="equity.notice_closed"):
    """Everybody has answered, or time is up: members take the equity, the buyer does, or nobody (`offer.state`)."""

    offer: EquityOffer
    notices: tuple[EquityNotice, ...]
    movement: Movement


# --- The register of members ------------------------------------------------------------------------------------------


class EnterMember(Command, frozen=True, kw_only=True, tag="company.enter_member"):
    """Confirm, as the company, that its register of members is changed: equity and price pass, in one transfer.

    Refused: equity.unknown, account.not_yours, member.frozen, equity.state, recordal.invalid (no such date, not between
    contract and today), account.frozen, asset.frozen, rule.holder_cap.
    Source: 公司法 (2023) art. 86.
    """

    offer_id: EquityOfferId
    register_reference: Name
    entered_on: IsoDate


class MemberEntered(Event, frozen=True, kw_only=True, tag="company.member_entered"):
    """The equity is the takers', the price less fee the seller's, the fees are due, in one transfer."""

    offer: EquityOffer
    last_sale: LastSale
    movement: Movement


class RefuseMember(Command, frozen=True, kw_only=True, tag="company.refuse_member"):
    """Refuse, as the company, to change the register, with a reason: the contract is unwound.

    Refused: equity.unknown, account.not_yours, member.frozen, equity.state, asset.frozen.
    """

    offer_id: EquityOfferId
    reason: Text


class EquityEnded(Event, frozen=True, kw_only=True, tag="equity.ended"):
    """The offer came to nothing (`offer.state` says how); escrow is the payers' again, the units are free."""

    offer: EquityOffer
    movement: Movement
