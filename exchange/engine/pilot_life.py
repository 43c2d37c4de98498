"""What follows a pilot's agreement: the use right and its end, the team's reports, extension, revocation.

A use right's units are never held: nobody orders, pledges or pools it, so its end always finds them free.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from custody.encumbrances import Burden, BurdenKind
from custody.ledger import Leg
from custody.outcomes import Outcome
from custody.pilot import Assignment, Pilot, PilotState
from custody.pilot_life import (
    ExtendUseRight,
    FilePilotReport,
    Incentive,
    IncentiveRecorded,
    PilotReport,
    PilotReported,
    PilotReportLate,
    RecordIncentive,
    ReportsPlanned,
    ReportState,
    UseRight,
    UseRightExpired,
    UseRightExtended,
    UseRightGranted,
    UseRightState,
)
from custody.rights import DeclaredShare, Right, units_for
from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AssetId, OutcomeId, PilotId, PilotReportId, make_id, to_wire
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import MemberStatus, UserRight
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import TimeNs, Units
from exchange.engine import burdens, timers
from exchange.engine.access import acts_for_member, refuse_member
from exchange.engine.deal_checks import party
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import issue_units
from exchange.engine.pilot_checks import assets_of, concerned, put_pilot, refuse_signer
from exchange.engine.rights import patents_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell

LAST_YEAR = 2200
"""No use right reaches further: moments are kept in nanoseconds of 64 bits."""

# --- Use rights -------------------------------------------------------------------------------------------------------


def grant_use_right(state: ExchangeState, header: Header, pilot: Pilot) -> list[Event]:
    """Issue the use right and hand it to the team by its inner split. Call after the line.

    Raises: InvariantBroken if the split is too fine for units, which the proposal was refused for.
    """
    total = units_for(
        tuple(DeclaredShare(numerator=each.numerator, denominator=each.denominator) for each in pilot.team)
    )
    if total is None:
        raise InvariantBroken("every part of a use right is a whole number of units")
    issue = issue_units(
        state,
        header,
        ordinal=0,
        kind=AssetKind.USE_RIGHT,
        code=f"use:{to_wire('J', pilot.pilot_id)}",
        total_units=total,
        title_regime=TitleRegime.CONTRACT_REGISTER,
        subject_id=pilot.outcome_id,
        to_account_id=pilot.account_id,
    )
    asset_id = issue.asset.asset_id
    assigned = tuple(
        Assignment(
            account_id=each.account_id, asset_id=asset_id, units=Units(total * each.numerator // each.denominator)
        )
        for each in pilot.team
    )
    legs: list[Leg] = [(pilot.account_id, asset_id, -total)]
    legs.extend((part.account_id, asset_id, int(part.units)) for part in assigned)
    last_day = years_later(local_date(header.at_ns, VENUE_TIME_ZONE), pilot.use_years)
    use_right = UseRight(
        asset_id=asset_id,
        pilot_id=pilot.pilot_id,
        outcome_id=pilot.outcome_id,
        transferable=pilot.use_transferable,
        years=pilot.use_years,
        from_ns=header.at_ns,
        until_date=last_day.isoformat(),
        until_ns=_day_over(last_day),
    )
    state.put(use_right)
    completed = put_pilot(state, pilot, state=PilotState.COMPLETED, completed_at_ns=header.at_ns, asset_ids=(asset_id,))
    granted = UseRightGranted(
        pilot=completed,
        use_right=use_right,
        asset=issue.asset,
        account=issue.account,
        assigned=assigned,
        issued=issue.movement,
        movement=move_and_tell(state, header, concerned(pilot), legs),
    )
    timer = timers.set_timer(state, header, TimerKind.USE_RIGHT_ENDS, use_right.until_ns, asset_id)
    return [granted, timer, *plan_reports(state, header, completed)]


def years_later(day: date, years: int) -> date:
    """The day so many years on; the last of February where there is no 29th.

    >>> years_later(date(2024, 2, 29), 10)
    datetime.date(2034, 2, 28)

    Source: 民法典 art. 202.
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _day_over(day: date) -> TimeNs:
    return start_of_day_ns(day + timedelta(days=1), VENUE_TIME_ZONE)


def extend_use_right(state: ExchangeState, header: Header, command: ExtendUseRight) -> list[Event]:
    """The institution extends a use right, on good progress."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    institution = party(state, pilot.account_id)
    if not acts_for_member(state, header, institution.member_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if institution.status is MemberStatus.FROZEN:
        return [Rejected(code=RejectCode.MEMBER_FROZEN)]
    use_right = use_right_of(state, pilot)
    if use_right is None:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=f"{pilot.kind} {pilot.state}")]
    if header.principal == pilot.signed_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    late = [to_wire("PT", report.report_id) for report in owed_reports(state, pilot.pilot_id) if report.late]
    if late or not pilot.reports_filed:
        detail = ", ".join(late)[:400] or "no report of progress is on file"
        return [Rejected(code=RejectCode.PILOT_REPORTS_MISSING, detail=detail)]
    for asset_id in assets_of(state, state.table(Outcome)[pilot.outcome_id]):
        if not state.ledger.units(pilot.account_id, asset_id):
            return [Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=state.assets[asset_id].code)]
    last_day = years_later(date.fromisoformat(use_right.until_date), command.years)
    if last_day.year > LAST_YEAR:
        return [Rejected(code=RejectCode.PILOT_TERMS_INVALID, detail=f"no use right reaches past {LAST_YEAR}")]
    if (refusal := refuse_documents(state, institution.member_id, (command.decision_sha256,))) is not None:
        return [refusal]

    state.change()
    extended = put_use_right(
        state,
        use_right,
        years=use_right.years + command.years,
        extensions=use_right.extensions + 1,
        until_date=last_day.isoformat(),
        until_ns=_day_over(last_day),
    )
    event = UseRightExtended(
        pilot=pilot,
        use_right=extended,
        decision_sha256=command.decision_sha256,
        movement=move_and_tell(state, header, concerned(pilot)),
    )
    dropped = timers.drop_timers(state, TimerKind.USE_RIGHT_ENDS, use_right.asset_id)
    timer = timers.set_timer(state, header, TimerKind.USE_RIGHT_ENDS, extended.until_ns, use_right.asset_id)
    return [event, *dropped, timer]


def _use_right_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Its last day is over: its units are burned, and nobody owes a report any more."""
    use_right = state.table(UseRight)[AssetId(timer.subject_id)]
    pilot = state.table(Pilot)[use_right.pilot_id]
    ensure(use_right.state is UseRightState.STANDS, "the end of a use right that stands")
    reports, dropped = drop_reports(state, pilot.pilot_id)
    ended = put_use_right(state, use_right, state=UseRightState.EXPIRED, ended_at_ns=header.at_ns)
    expired = put_pilot(state, pilot, state=PilotState.EXPIRED, reason="the use right came to its end")
    movement = move_and_tell(state, header, concerned(pilot), burning(state, use_right.asset_id))
    return [UseRightExpired(pilot=expired, use_right=ended, reports=reports, movement=movement), *dropped]


def burning(state: ExchangeState, asset_id: AssetId) -> list[Leg]:
    """The transfer that takes every unit of an asset out of the world, from whoever has them."""
    holders = state.ledger.holders(asset_id)
    home = state.assets[asset_id].home_account_id
    legs: list[Leg] = [(account_id, asset_id, -units) for account_id, units in holders]
    return [*legs, (home, asset_id, sum(units for _, units in holders))]


def use_right_of(state: ExchangeState, pilot: Pilot) -> UseRight | None:
    """The use right a case granted, while it stands."""
    use_right = state.find(UseRight, pilot.outcome_id)
    return use_right if use_right is not None and use_right.pilot_id == pilot.pilot_id else None


def put_use_right(state: ExchangeState, use_right: UseRight, /, **changes: object) -> UseRight:
    """Keep a use right under its new values. Call after the line."""
    changed = msgspec.structs.replace(use_right, **changes)
    state.put(changed)
    return changed


def _use_rights_on(state: ExchangeState, asset_id: AssetId) -> list[Burden]:
    """The use right in an outcome lies on its right, on those of its patents, and on its shares: it goes with them."""
    use_right = state.find(UseRight, _outcome_of(state, asset_id))
    if use_right is None or use_right.asset_id == asset_id:
        return []
    summary = f"its inventors use it until {use_right.until_date}"
    entry = to_wire("S", use_right.asset_id)
    return [Burden(entry=entry, kind=BurdenKind.USE_RIGHT, blocks=False, summary=summary)]


def _outcome_of(state: ExchangeState, asset_id: AssetId) -> int:
    """The outcome an asset is a claim on; 0: none."""
    right = state.table(Right).get(asset_id)
    if right is not None:
        return right.outcome_id or next((patent.outcome_id for patent in patents_of(state, right)), OutcomeId(0))
    asset = state.assets[asset_id]
    return asset.subject_id if asset.kind is AssetKind.SHARE else 0


timers.FIRINGS[TimerKind.USE_RIGHT_ENDS] = _use_right_ends
burdens.SOURCES.append(_use_rights_on)

# --- Reports ----------------------------------------------------------------------------------------------------------


def plan_reports(state: ExchangeState, header: Header, pilot: Pilot) -> list[Event]:
    """From the ledger entry on the team owes what the agreement says, each until its day is over. After the line."""
    if not pilot.reports:
        return []
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    reports = tuple(
        PilotReport(
            report_id=PilotReportId(make_id(header.sequence, place)),
            pilot_id=pilot.pilot_id,
            outcome_id=pilot.outcome_id,
            account_id=pilot.account_id,
            representative_id=pilot.representative_id,
            place=place,
            stage=planned.stage,
            subject=planned.subject,
            due_at_ns=_day_over(today + timedelta(days=planned.due_days)),
        )
        for place, planned in enumerate(pilot.reports)
    )
    set_timers: list[Event] = []
    for report in reports:
        state.put(report)
        kind = TimerKind.PILOT_REPORT_DUE
        set_timers.append(timers.set_timer(state, header, kind, report.due_at_ns, report.report_id))
    return [ReportsPlanned(reports=reports), *set_timers]


def file_report(state: ExchangeState, header: Header, command: FilePilotReport) -> list[Event]:
    """One of the team files what is owed, in time or late."""
    report = state.table(PilotReport).get(command.report_id)
    if report is None:
        return [Rejected(code=RejectCode.PILOT_REPORT_UNKNOWN)]
    pilot = state.table(Pilot)[report.pilot_id]
    if command.account_id == pilot.account_id:
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if (refusal := refuse_signer(state, header, pilot, command.account_id)) is not None:
        return [refusal]
    inventor = party(state, command.account_id).member_id
    if (refusal := refuse_documents(state, inventor, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    filed = _put_report(
        state,
        report,
        state=ReportState.FILED,
        document_sha256=command.document_sha256,
        progress_ppm=command.progress_ppm,
        note=command.note,
        filed_by=header.principal,
        filed_at_ns=header.at_ns,
    )
    counted = put_pilot(state, pilot, reports_filed=pilot.reports_filed + 1)
    told = move_and_tell(state, header, concerned(pilot))
    dropped = timers.drop_timers(state, TimerKind.PILOT_REPORT_DUE, report.report_id)
    return [PilotReported(pilot=counted, report=filed, movement=told), *dropped]


def _report_late(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Its day is over and it is not there: it is marked, and still owed."""
    report = state.table(PilotReport)[PilotReportId(timer.subject_id)]
    ensure(not report.late, "a report is marked late once")
    late = _put_report(state, report, late=True)
    told = move_and_tell(state, header, concerned(state.table(Pilot)[report.pilot_id]))
    return [PilotReportLate(report=late, movement=told)]


timers.FIRINGS[TimerKind.PILOT_REPORT_DUE] = _report_late


def owed_reports(state: ExchangeState, pilot_id: PilotId) -> list[PilotReport]:
    """What the team of a case still owes."""
    return [report for _, report in sorted(state.table(PilotReport).items()) if report.pilot_id == pilot_id]


def drop_reports(state: ExchangeState, pilot_id: PilotId) -> tuple[tuple[PilotReport, ...], list[Event]]:
    """Nobody owes reports of a case that has ended. Call after the line."""
    reports: list[PilotReport] = []
    dropped: list[Event] = []
    for report in owed_reports(state, pilot_id):
        reports.append(_put_report(state, report, state=ReportState.DROPPED))
        dropped.extend(timers.drop_timers(state, TimerKind.PILOT_REPORT_DUE, report.report_id))
    return tuple(reports), dropped


def _put_report(state: ExchangeState, report: PilotReport, /, **changes: object) -> PilotReport:
    changed = msgspec.structs.replace(report, **changes)
    state.put(changed)
    return changed


# --- The other incentive ----------------------------------------------------------------------------------------------


def record_incentive(state: ExchangeState, header: Header, command: RecordIncentive) -> list[Event]:
    """The contributors were rewarded after a transfer: an outcome has one incentive, so no pilot may follow."""
    outcome = state.table(Outcome).get(command.outcome_id)
    if outcome is None:
        return [Rejected(code=RejectCode.OUTCOME_UNKNOWN)]
    if (refusal := refuse_member(state, header, outcome.member_id, UserRight.TRADE)) is not None:
        return [refusal]
    if state.table(Incentive).get(command.outcome_id) is not None:
        return [Rejected(code=RejectCode.PILOT_INCENTIVE_GIVEN)]
    if (pilot := state.find(Pilot, command.outcome_id)) is not None:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")]
    if (refusal := refuse_documents(state, outcome.member_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    incentive = Incentive(
        outcome_id=command.outcome_id,
        member_id=outcome.member_id,
        document_sha256=command.document_sha256,
        recorded_by=header.principal,
        recorded_at_ns=header.at_ns,
    )
    state.put(incentive)
    return [IncentiveRecorded(incentive=incentive)]
