"""What follows a pilot's agreement: recordal, the use right and its end, the team's reports, extension, revocation.

Nothing is edited: a use right that ends is burned, a revocation sends the units back, each by a new entry. And the
other incentive for an outcome, a reward after its transfer, which excludes a pilot as a pilot excludes it.
Source: 国科发区〔2020〕128号 (ten years at least, extended on good progress, one incentive an outcome).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from custody.accounts import Account, Asset
from custody.outcomes import Outcome
from custody.pilot import MAX_USE_YEARS, Assignment, Pilot, Reason, ReportStage
from exchange.core.ids import AccountId, AssetId, MemberId, OutcomeId, PilotId, PilotReportId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import IsoDate, Name, RatePpm, Sha256Hex, Text, TimeNs

# --- Recordal of the co-owners ----------------------------------------------------------------------------------------


class PilotContracted(Event, frozen=True, kw_only=True, tag="pilot.contracted"):
    """All have signed: the team's units are held until the office has recorded the co-owners."""

    pilot: Pilot
    movement: Movement


class ConfirmPilotRecordal(Command, frozen=True, kw_only=True, tag="pilot.confirm_recordal"):
    """Report that the office has recorded the co-owners: now the units move.

    `effective_date` is the office's, between the last signature and today.
    Refused: pilot.unknown, pilot.state, recordal.invalid, account.frozen, member.frozen, asset.frozen,
    rule.holder_cap.
    """

    pilot_id: PilotId
    effective_date: IsoDate
    office_reference: Name


class RefusePilotRecordal(Command, frozen=True, kw_only=True, tag="pilot.refuse_recordal"):
    """Report that the office refused: the case ends, the units are free.

    Refused: pilot.unknown, pilot.state.
    """

    pilot_id: PilotId
    office_reference: Name
    reason: Reason


# --- Use rights -------------------------------------------------------------------------------------------------------


class UseRightState(StrEnum):
    """Whether a use right stands, ran out, or was taken back."""

    STANDS = "stands"
    EXPIRED = "expired"
    REVOKED = "revoked"


class UseRight(Record, frozen=True, kw_only=True):
    """A long-term use right 长期使用权 in an outcome, under its asset's identifier. Who has it is in the ledger alone.

    It ends when `until_ns` is reached: the whole of its last day, in the venue's time zone, is part of it.
    """

    asset_id: AssetId
    pilot_id: PilotId
    outcome_id: OutcomeId
    transferable: bool
    years: int
    from_ns: TimeNs
    until_date: str
    until_ns: TimeNs
    state: UseRightState = UseRightState.STANDS
    extensions: int = 0
    ended_at_ns: TimeNs = TimeNs(0)


class UseRightGranted(Event, frozen=True, kw_only=True, tag="use_right.granted"):
    """The use right is issued and is the team's by its inner split; the right itself stays where it is."""

    pilot: Pilot
    use_right: UseRight
    asset: Asset
    account: Account
    assigned: tuple[Assignment, ...]
    issued: Movement
    movement: Movement


class ExtendUseRight(Command, frozen=True, kw_only=True, tag="pilot.extend"):
    """Extend a use right by whole years, as an approver of its institution, by a written decision on good progress.

    Progress is good if the team has filed a report and none that is due is missing.
    Refused: pilot.unknown, pilot.not_party, member.frozen, pilot.state, approval.same_person (who signed the agreement
    for the institution), pilot.reports_missing, right.not_owned (the institution no longer has the right),
    pilot.terms_invalid (past the year 2200), document.unknown.
    """

    pilot_id: PilotId
    years: Annotated[int, msgspec.Meta(ge=1, le=MAX_USE_YEARS)]
    decision_sha256: Sha256Hex


class UseRightExtended(Event, frozen=True, kw_only=True, tag="use_right.extended"):
    """The use right ends later."""

    pilot: Pilot
    use_right: UseRight
    decision_sha256: str
    movement: Movement


class UseRightExpired(Event, frozen=True, kw_only=True, tag="use_right.expired"):
    """Its last day is over: its units exist no longer, reports that are still owed are dropped."""

    pilot: Pilot
    use_right: UseRight
    reports: tuple[PilotReport, ...]
    movement: Movement


# --- Reports ----------------------------------------------------------------------------------------------------------


class ReportState(StrEnum):
    """Whether a report is owed, filed, or no longer wanted because its case has ended."""

    OWED = "owed"
    FILED = "filed"
    DROPPED = "dropped"


class PilotReport(Record, frozen=True, kw_only=True):
    """One report the team owes or has filed. `late` stays, though it be filed afterwards: it is the record of a delay.

    Units: `progress_ppm` of what the report is about is reached, as the team says.
    """

    report_id: PilotReportId
    pilot_id: PilotId
    outcome_id: OutcomeId
    account_id: AccountId
    representative_id: AccountId
    place: int
    stage: ReportStage
    subject: str
    due_at_ns: TimeNs
    state: ReportState = ReportState.OWED
    late: bool = False
    document_sha256: str = ""
    progress_ppm: int = 0
    note: str = ""
    filed_by: UserId = UserId(0)
    filed_at_ns: TimeNs = TimeNs(0)


class ReportsPlanned(Event, frozen=True, kw_only=True, tag="pilot.reports_planned"):
    """From the ledger entry on the team owes these reports."""

    reports: tuple[PilotReport, ...]


class FilePilotReport(Command, frozen=True, kw_only=True, tag="pilot.report"):
    """File a report that is owed, before its day or late, as one of the team: its document and how far things are.

    Refused: pilot.report_unknown (nor is one owed that was filed already, or dropped), pilot.not_party,
    mandate.invalid, account.frozen, member.frozen, document.unknown.
    """

    report_id: PilotReportId
    account_id: AccountId
    document_sha256: Sha256Hex
    progress_ppm: RatePpm
    note: Text = ""


class PilotReported(Event, frozen=True, kw_only=True, tag="pilot.reported"):
    """The report is on file: one line of the outcome's S–T–E log."""

    pilot: Pilot
    report: PilotReport
    movement: Movement


class PilotReportLate(Event, frozen=True, kw_only=True, tag="pilot.report_late"):
    """The report's day is over and it is not there; it is still owed."""

    report: PilotReport
    movement: Movement


# --- Revocation -------------------------------------------------------------------------------------------------------


class RevokePilot(Command, frozen=True, kw_only=True, tag="pilot.revoke"):
    """Take an assignment back, with two operators, a reason and the decision: all of it, by a compensating entry.

    The units return only if everybody of the team still has all of theirs free. Where an office recorded the co-owners
    it has to record this too, and `effective_date` and `office_reference` are its.
    Refused: pilot.unknown, pilot.state (nothing is assigned, or the kept share is going to the team or has gone),
    recordal.invalid, document.unknown, asset.frozen, right.immobilised (the right floats meanwhile),
    pilot.revoke_uncovered (with what is missing where).
    """

    pilot_id: PilotId
    reason: Reason
    document_sha256: Sha256Hex
    effective_date: IsoDate | None = None
    office_reference: Annotated[str, msgspec.Meta(max_length=200)] = ""


class PilotRevoked(Event, frozen=True, kw_only=True, tag="pilot.revoked"):
    """What was assigned is the institution's again, or burned if it was a use right; nobody owes reports."""

    pilot: Pilot
    outcome: Outcome
    use_right: UseRight | None
    reports: tuple[PilotReport, ...]
    document_sha256: str
    effective_date: str
    office_reference: str
    movement: Movement


# --- The other incentive ----------------------------------------------------------------------------------------------


class Incentive(Record, frozen=True, kw_only=True):
    """An outcome whose contributors were rewarded after its transfer 先转化后奖励: no pilot may follow."""

    outcome_id: OutcomeId
    member_id: MemberId
    document_sha256: str
    recorded_by: UserId
    recorded_at_ns: TimeNs


class RecordIncentive(Command, frozen=True, kw_only=True, tag="incentive.record"):
    """Put on record, for one's own institution, that an outcome's contributors were rewarded after its transfer.

    Refused: outcome.unknown, account.not_yours, member.frozen, pilot.incentive_given, pilot.state (it is assigned, or
    being assigned, to them), document.unknown.
    """

    outcome_id: OutcomeId
    document_sha256: Sha256Hex


class IncentiveRecorded(Event, frozen=True, kw_only=True, tag="incentive.recorded"):
    """The outcome has had its one incentive."""

    incentive: Incentive
