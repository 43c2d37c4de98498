"""权益让渡: after an assignment the institution transfers what it kept of the right to the team, priced and publicised.

notice 公示 ⇄ objected → signing → (recording) → completed. Each of the team pays and gets by the inner split; with the
last signature right and price change hands in one transfer, or are held until the office has recorded it.
Source: 琼府办〔2025〕7号 (the unit may sell its kept share to the team); 促进科技成果转化法 art. 18 (publicity).
"""

from __future__ import annotations

from enum import StrEnum

from custody.pilot import Pilot, Reason
from exchange.core.ids import AccountId, AssetId, KeptShareId, MarketId, OutcomeId, PilotId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import IsoDate, Minor, Name, PositiveMinor, Sha256Hex, Text, TimeNs, Units


class KeptShareState(StrEnum):
    """Where a transfer stands; from `completed` on it is over."""

    NOTICE = "notice"
    OBJECTED = "objected"
    """The clock stands until an operator has decided the objection."""
    SIGNING = "signing"
    RECORDING = "recording"
    """All have signed; units and money are held until the office has recorded it."""
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    RECORDAL_REFUSED = "recordal_refused"
    LAPSED = "lapsed"


LIVE = (KeptShareState.NOTICE, KeptShareState.OBJECTED, KeptShareState.SIGNING, KeptShareState.RECORDING)


class KeptUnits(Record, frozen=True, kw_only=True):
    """What the institution kept of one right, or of the outcome's shares."""

    asset_id: AssetId
    units: Units


class TeamBuyer(Record, frozen=True, kw_only=True):
    """One of the team: their part, what they pay, and their signature (0: none yet). Signed money is held."""

    account_id: AccountId
    numerator: int
    denominator: int
    price_minor: Minor
    signed_by: UserId = UserId(0)
    signed_at_ns: TimeNs = TimeNs(0)


class KeptShare(Record, frozen=True, kw_only=True):
    """The transfer of a kept share, from its offer to its end. Units: `price_minor` in the case's market's money."""

    kept_share_id: KeptShareId
    pilot_id: PilotId
    outcome_id: OutcomeId
    market_id: MarketId
    money_asset_id: AssetId
    account_id: AccountId
    representative_id: AccountId
    team: tuple[TeamBuyer, ...]
    kept: tuple[KeptUnits, ...]
    price_minor: Minor
    contract_sha256: str
    decision_sha256: str
    state: KeptShareState
    offered_by: UserId
    offered_at_ns: TimeNs
    notice_until_ns: TimeNs = TimeNs(0)
    objected_by: UserId = UserId(0)
    contracted_at_ns: TimeNs = TimeNs(0)
    effective_date: str = ""
    office_reference: str = ""
    known_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether it may still come to something."""
        return self.state in LIVE


class OfferKeptShare(Command, frozen=True, kw_only=True, tag="kept_share.offer"):
    """Offer all that the institution kept of an assigned outcome to the team, at a price, as one of its approvers.

    Prior claims of others than the team must be waived. The notice begins at once.
    Refused: pilot.unknown, pilot.not_party, member.frozen, pilot.state (nothing is assigned, or a use right is),
    kept_share.state (another one runs), right.not_owned (nothing was kept), pilot.shares_invalid (the split is not
    whole), document.unknown, whatever refuses the assignment now, listing.prior_claims_open, calendar.not_covered.
    """

    pilot_id: PilotId
    price_minor: PositiveMinor
    contract_sha256: Sha256Hex
    decision_sha256: Sha256Hex


class KeptShareOffered(Event, frozen=True, kw_only=True, tag="kept_share.offered"):
    """Price and parts are shown until `notice_until_ns`."""

    kept_share: KeptShare
    movement: Movement


class ObjectToKeptShare(Command, frozen=True, kw_only=True, tag="kept_share.object"):
    """Object, as any member or an operator, in the notice period: its clock stands.

    Refused: kept_share.unknown, kept_share.state.
    """

    kept_share_id: KeptShareId
    reason: Reason


class KeptShareObjected(Event, frozen=True, kw_only=True, tag="kept_share.objected"):
    """The notice stands still until the objection is decided."""

    kept_share: KeptShare
    reason: str
    movement: Movement


class ResolveKeptShare(Command, frozen=True, kw_only=True, tag="kept_share.resolve"):
    """Decide an objection, with reasons, as an operator who did not make it: upheld ends it, else a new period.

    Refused: kept_share.unknown, kept_share.state, approval.same_person, calendar.not_covered.
    """

    kept_share_id: KeptShareId
    upheld: bool
    reason: Reason


class KeptShareObjectionDismissed(Event, frozen=True, kw_only=True, tag="kept_share.objection_dismissed"):
    """The notice begins anew, whole."""

    kept_share: KeptShare
    reason: str
    movement: Movement


class KeptShareNoticeEnded(Event, frozen=True, kw_only=True, tag="kept_share.notice_ended"):
    """Nobody objected in time: the team may sign."""

    kept_share: KeptShare
    movement: Movement


class SignKeptShare(Command, frozen=True, kw_only=True, tag="kept_share.sign"):
    """Sign for one of the team; what it pays is held. The last signature completes, or begins the wait for the office.

    Refused: kept_share.unknown, kept_share.not_party, mandate.invalid, account.frozen, member.frozen,
    kept_share.notice_running, kept_share.state (signed already), approval.same_person (who offered it),
    kept_share.terms_changed, hold.insufficient_available, whatever refuses the offer now.
    """

    kept_share_id: KeptShareId
    account_id: AccountId
    contract_sha256: Sha256Hex
    price_minor: PositiveMinor


class KeptShareSigned(Event, frozen=True, kw_only=True, tag="kept_share.signed"):
    """One more has signed."""

    kept_share: KeptShare
    account_id: AccountId
    movement: Movement


class WithdrawKeptShare(Command, frozen=True, kw_only=True, tag="kept_share.withdraw"):
    """Step back before all have signed, as the institution or one of the team; what was held is free.

    Refused: kept_share.unknown, kept_share.not_party, kept_share.state.
    """

    kept_share_id: KeptShareId
    reason: Text = ""


class ConfirmKeptShareRecordal(Command, frozen=True, kw_only=True, tag="kept_share.confirm_recordal"):
    """Report that the office has recorded it: right against price, in one transfer.

    Refused: kept_share.unknown, kept_share.state, recordal.invalid, account.frozen, member.frozen, asset.frozen.
    """

    kept_share_id: KeptShareId
    effective_date: IsoDate
    office_reference: Name


class RefuseKeptShareRecordal(Command, frozen=True, kw_only=True, tag="kept_share.refuse_recordal"):
    """Report that the office refused: what was held is free.

    Refused: kept_share.unknown, kept_share.state.
    """

    kept_share_id: KeptShareId
    office_reference: Name
    reason: Reason


class KeptShareCompleted(Event, frozen=True, kw_only=True, tag="kept_share.completed"):
    """All that was kept is the team's, the price the institution's."""

    kept_share: KeptShare
    pilot: Pilot
    movement: Movement


class KeptShareEnded(Event, frozen=True, kw_only=True, tag="kept_share.ended"):
    """It came to nothing; everything that was held is free."""

    kept_share: KeptShare
    movement: Movement
