"""Licences 许可: somebody may use a right that stays its owner's; the open licence 开放许可 anybody may take.

proposed → (publicity 公示 ⇄ objected) → signing → in_force → expired, or terminated. Between the licensee's signature
and the licensor's the price lies in escrow; the second signature pays it and puts the licence in force, in one step.
A licence is a record and no asset: it cannot be sold on, and it goes with the right when that is sold.

An open licence is declared with its public fee and terms, published once the office has announced it, and then taken
by whoever is suitable: fee against licence at once. Withdrawing the declaration leaves what was taken.
Source: 专利法 arts. 50-51; 专利法实施细则 (2023) rules 15, 85-88; 民法典 arts. 862-867.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, LicenceId, MarketId, MemberId, OpenLicenceId, UserId
from exchange.core.instruments import Side
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import AnyMinor, Code, IsoDate, Minor, Name, PositiveMinor, Sha256Hex, Text, TimeNs
from matching.consideration import Items
from matching.licences import LicenceKind, Scope

Reason = Annotated[Text, msgspec.Meta(min_length=1)]


# --- Records ----------------------------------------------------------------------------------------------------------


class LicenceState(StrEnum):
    """Where a licence stands. The last four are ends."""

    PROPOSED = "proposed"
    PUBLICITY = "publicity"
    """Accepted; name and price are shown before the contract, as the licensor's overlay asks."""
    OBJECTED = "objected"
    SIGNING = "signing"
    IN_FORCE = "in_force"
    """Both signed; its term may begin later."""
    EXPIRED = "expired"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    """An objection was upheld."""


BEFORE = (LicenceState.PROPOSED, LicenceState.PUBLICITY, LicenceState.OBJECTED, LicenceState.SIGNING)
"""Before the second signature there is no licence: either party may still withdraw."""


class LicenceTerms(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What the licensee accepts and both sign, whole.

    Units: `licensee_fee_minor` is paid on top of the price, `licensor_fee_minor` out of it; `items` are promised for
    later, counted from the moment the licence is in force.
    """

    market_id: MarketId
    asset_id: AssetId
    licensor_account_id: AccountId
    licensee_account_id: AccountId
    kind: LicenceKind
    scope: Scope
    sublicence: bool
    currency: str
    price_minor: Minor
    licensee_fee_minor: Minor
    licensor_fee_minor: Minor
    contract_sha256: str
    items: Items | None = None


def licence_terms_hash(terms: LicenceTerms) -> str:
    """The SHA-256 of the terms as compact JSON, fields in their declared order: any client can compute it."""
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


class Licence(Record, frozen=True, kw_only=True):
    """One licence, from its proposal to its end; what runs keeps the law it began under.

    Units: `escrow_minor` lies in escrow for it now. `open_licence_id` is the declaration it was taken under (0: none).
    `recordal_due_ns` is when it must be recorded by at the latest (0: no office asks for it); `late` says that it was
    not. `recorded_on` and `office_reference` are the office's. `ending_by` asked to end it, for
    `ending_side`: the other side answers.
    """

    licence_id: LicenceId
    market_id: MarketId
    asset_id: AssetId
    licensor_account_id: AccountId
    licensee_account_id: AccountId
    kind: LicenceKind
    scope: Scope
    sublicence: bool
    price_minor: Minor
    licensee_fee_minor: Minor
    licensor_fee_minor: Minor
    items: Items | None
    fee_version: int
    jurisdiction: str
    overlays_version: int
    publicity_days: int
    contract_sha256: str
    approval_sha256: str
    terms_sha256: str
    state: LicenceState
    proposed_by: UserId
    proposed_at_ns: TimeNs
    open_licence_id: OpenLicenceId = OpenLicenceId(0)
    accepted_by: UserId = UserId(0)
    publicity_until_ns: TimeNs = TimeNs(0)
    objected_by: UserId = UserId(0)
    licensor_signed_by: UserId = UserId(0)
    licensee_signed_by: UserId = UserId(0)
    escrow_minor: Minor = Minor(0)
    in_force_at_ns: TimeNs = TimeNs(0)
    recordal_due_ns: TimeNs = TimeNs(0)
    recorded_on: str = ""
    office_reference: str = ""
    late: bool = False
    ending_by: UserId = UserId(0)
    ending_side: str = ""
    ended_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the licence is in force, or may still come to be."""
        return self.state in BEFORE or self.state is LicenceState.IN_FORCE


class OpenLicenceState(StrEnum):
    """Where a declaration stands. The last two are ends; licences taken before stay."""

    DECLARED = "declared"
    OPEN = "open"
    """The office has announced it: anybody suitable may take it."""
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    """The right was sold, or the declaration's own term is over."""


class OpenLicence(Record, frozen=True, kw_only=True):
    """An owner's declaration that anybody may use the right for a public fee.

    Units: `fee_minor` is paid once, when the licence is taken; `ends_on` is the first day without any of its licences.
    """

    open_licence_id: OpenLicenceId
    market_id: MarketId
    asset_id: AssetId
    account_id: AccountId
    member_id: MemberId
    name: str
    scope: Scope
    fee_minor: Minor
    jurisdiction: str
    contract_sha256: str
    state: OpenLicenceState
    declared_by: UserId
    declared_at_ns: TimeNs
    published_by: UserId = UserId(0)
    published_at_ns: TimeNs = TimeNs(0)
    office_reference: str = ""
    taken: int = 0
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the declaration stands."""
        return self.state in (OpenLicenceState.DECLARED, OpenLicenceState.OPEN)


# --- A licence between two --------------------------------------------------------------------------------------------


class ProposeLicence(Command, frozen=True, kw_only=True, tag="licence.propose"):
    """Offer a licence of a right to one licensee, at a price, under a contract on file.

    `price_minor` is paid at signing, `items` later. `approval_sha256` names the approval that an exclusive licence
    abroad of what a state paid for needs. `jurisdiction` selects the disposal overlay of the licensor's place.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, market.unknown,
    asset.unknown, licence.terms_invalid, rule.method_not_allowed, currency.mismatch, rule.value_cap,
    rule.suitability, profile.not_active, export.not_cleared, deal.state, sale.state, pilot.state (it is being sold or
    assigned), asset.frozen, right.immobilised, right.not_owned, right.expired (also by the end of the term),
    patent.not_listable, right.encumbered, right.title_defect, right.title_unknown, licence.consent_missing,
    licence.approval_missing, licence.conflict (with the entry), fee.schedule_unknown, limit.exceeded,
    document.unknown.
    Source: 民法典 art. 865; 专利法 art. 14; 科学技术进步法 arts. 32, 34.
    """

    market_id: MarketId
    asset_id: AssetId
    licensor_account_id: AccountId
    licensee_account_id: AccountId
    kind: LicenceKind
    scope: Scope
    contract_sha256: Sha256Hex
    price_minor: AnyMinor = Minor(0)
    items: Items | None = None
    sublicence: bool = False
    approval_sha256: Sha256Hex | None = None
    jurisdiction: Code = "national"


class LicenceProposed(Event, frozen=True, kw_only=True, tag="licence.proposed"):
    """The licensee may accept the terms; `rules` are the provisions that allowed the proposal."""

    licence: Licence
    terms: LicenceTerms
    rules: tuple[Citation, ...]
    movement: Movement


class AcceptLicence(Command, frozen=True, kw_only=True, tag="licence.accept"):
    """Accept, as the licensee, exactly the terms of this hash.

    Refused: licence.unknown, licence.not_party, mandate.invalid, account.frozen, member.frozen, licence.state,
    licence.terms_changed, whatever refuses the proposal now, calendar.not_covered.
    """

    licence_id: LicenceId
    terms_sha256: Sha256Hex


class LicenceAccepted(Event, frozen=True, kw_only=True, tag="licence.accepted"):
    """The price is found: publicity runs, or where none is asked the contract may be signed."""

    licence: Licence
    movement: Movement


class LicencePublicityEnded(Event, frozen=True, kw_only=True, tag="licence.publicity_ended"):
    """Nobody objected in time: the contract may be signed."""

    licence: Licence
    movement: Movement


class ObjectToLicence(Command, frozen=True, kw_only=True, tag="licence.object"):
    """Object, as any member or an operator, while the licence is publicised: its clock stands.

    Refused: licence.unknown, licence.state.
    """

    licence_id: LicenceId
    reason: Reason


class LicenceObjected(Event, frozen=True, kw_only=True, tag="licence.objected"):
    """The publicity stands still until the objection is decided."""

    licence: Licence
    reason: str
    movement: Movement


class ResolveLicence(Command, frozen=True, kw_only=True, tag="licence.resolve_objection"):
    """Decide an objection, with reasons, as an operator who did not make it: upheld ends it, else a new period.

    Refused: licence.unknown, licence.state, approval.same_person, calendar.not_covered.
    """

    licence_id: LicenceId
    upheld: bool
    reason: Reason


class LicenceObjectionDismissed(Event, frozen=True, kw_only=True, tag="licence.objection_dismissed"):
    """The publicity begins anew, whole."""

    licence: Licence
    reason: str
    movement: Movement


class SignLicence(Command, frozen=True, kw_only=True, tag="licence.sign"):
    """Sign the contract of this hash for one side, once; everything is asked again, as of now.

    `side` is `buy` for the licensee, whose signature takes price and fee into escrow, and `sell` for the licensor.
    Refused: licence.unknown, licence.not_party, mandate.invalid, account.frozen, member.frozen, licence.state,
    licence.terms_changed, approval.same_person (one person for both sides), whatever refuses the proposal now,
    hold.insufficient_available.
    """

    licence_id: LicenceId
    side: Side
    contract_sha256: Sha256Hex


class LicenceSigned(Event, frozen=True, kw_only=True, tag="licence.signed"):
    """One side signed; the other has not."""

    licence: Licence
    side: Side
    movement: Movement


class LicenceGranted(Event, frozen=True, kw_only=True, tag="licence.granted"):
    """The licence is in force, and the price less fee the licensor's, in one transfer."""

    licence: Licence
    movement: Movement


class WithdrawLicence(Command, frozen=True, kw_only=True, tag="licence.withdraw"):
    """Step back, as either party, while there is no contract yet; a frozen party too. Escrow goes back.

    Refused: licence.unknown, licence.not_party, licence.state.
    """

    licence_id: LicenceId
    reason: Text = ""


class LicenceEnded(Event, frozen=True, kw_only=True, tag="licence.ended"):
    """The licence came to nothing, or is over (`licence.state` says how); escrow is the licensee's again."""

    licence: Licence
    movement: Movement


class RecordLicence(Command, frozen=True, kw_only=True, tag="licence.record"):
    """Enter, as an operator, that the office has recorded the licence.

    Refused: licence.unknown, licence.state (not in force, or recorded), recordal.invalid (no such date, not between
    contract and today, no office records it).
    Source: 专利法实施细则 (2023) rule 15: within three months of taking effect.
    """

    licence_id: LicenceId
    office_reference: Name
    recorded_on: IsoDate


class LicenceRecorded(Event, frozen=True, kw_only=True, tag="licence.recorded"):
    """The office has it on its register."""

    licence: Licence
    movement: Movement


class LicenceFellLate(Event, frozen=True, kw_only=True, tag="licence.fell_late"):
    """It was not recorded in time; it stays in force, and may still be recorded."""

    licence: Licence
    movement: Movement


class TerminateLicence(Command, frozen=True, kw_only=True, tag="licence.terminate"):
    """End a licence in force: both parties agree by sending this each, an operator alone by a decision on file.

    What is owed already stays owed.
    Refused: licence.unknown, licence.not_party, mandate.invalid, account.frozen, member.frozen, licence.state,
    approval.same_person (one person for both sides), document.unknown (an operator names the decision).
    """

    licence_id: LicenceId
    reason: Reason
    decision_sha256: Sha256Hex | None = None


class LicenceEndingAsked(Event, frozen=True, kw_only=True, tag="licence.ending_asked"):
    """One party would end it; it ends when the other says so too."""

    licence: Licence
    reason: str
    movement: Movement


# --- The open licence -------------------------------------------------------------------------------------------------


class DeclareOpenLicence(Command, frozen=True, kw_only=True, tag="open_licence.declare"):
    """Declare, as the owner, that anybody may use the right for a public fee, under a contract on file.

    `name` is what everybody reads it under.

    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, market.unknown,
    asset.unknown, licence.terms_invalid, whatever refuses a licence of the right now, licence.conflict (an exclusive or
    sole licence), open_licence.state (one stands), fee.schedule_unknown, limit.exceeded, document.unknown.
    Source: 专利法 art. 50; 专利法实施细则 (2023) rules 85-86.
    """

    market_id: MarketId
    asset_id: AssetId
    account_id: AccountId
    name: Name
    scope: Scope
    fee_minor: PositiveMinor
    contract_sha256: Sha256Hex
    jurisdiction: Code = "national"


class OpenLicenceDeclared(Event, frozen=True, kw_only=True, tag="open_licence.declared"):
    """The declaration waits for the office's announcement."""

    open_licence: OpenLicence
    rules: tuple[Citation, ...]
    movement: Movement


class PublishOpenLicence(Command, frozen=True, kw_only=True, tag="open_licence.publish"):
    """Enter, as an operator who did not declare it, that the office has announced the declaration.

    Refused: open_licence.unknown, open_licence.state, approval.same_person, whatever refuses the declaration now.
    """

    open_licence_id: OpenLicenceId
    office_reference: Name


class OpenLicencePublished(Event, frozen=True, kw_only=True, tag="open_licence.published"):
    """Anybody suitable may take it."""

    open_licence: OpenLicence
    movement: Movement


class TakeOpenLicence(Command, frozen=True, kw_only=True, tag="open_licence.take"):
    """Take an open licence at its fee, under its contract: the licence is in force at once.

    The licence begins today, or on the declaration's first day.
    Refused: open_licence.unknown, account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    open_licence.state (not open, or one's own), licence.terms_changed (another fee or contract), licence.exists (one
    of it is in force for this account), whatever refuses a licence of the right now, hold.insufficient_available.
    Source: 专利法 art. 51.
    """

    open_licence_id: OpenLicenceId
    account_id: AccountId
    fee_minor: PositiveMinor
    contract_sha256: Sha256Hex


class OpenLicenceTaken(Event, frozen=True, kw_only=True, tag="open_licence.taken"):
    """Fee against licence, in one transfer."""

    open_licence: OpenLicence
    licence: Licence
    movement: Movement


class WithdrawOpenLicence(Command, frozen=True, kw_only=True, tag="open_licence.withdraw"):
    """Take the declaration back, as its owner, frozen too; licences taken before stay.

    Refused: open_licence.unknown, account.not_yours, open_licence.state.
    """

    open_licence_id: OpenLicenceId
    reason: Text = ""


class OpenLicenceEnded(Event, frozen=True, kw_only=True, tag="open_licence.ended"):
    """Nobody can take it any more; licences taken before stay."""

    open_licence: OpenLicence
    movement: Movement
