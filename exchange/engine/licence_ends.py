"""What becomes of a licence in force: recorded by the office or late, ended by both or by a decision, or expired."""

from __future__ import annotations

from datetime import date

from custody.rights import Right
from exchange.core.calendar import local_date
from exchange.core.ids import LicenceId
from exchange.core.instruments import Side, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import Role
from exchange.core.rejections import RejectCode, ensure
from exchange.engine import timers
from exchange.engine.documents import refuse_documents
from exchange.engine.licence_cases import end_licence, put_licence, refuse_party, tell
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from matching.licence_messages import (
    Licence,
    LicenceEndingAsked,
    LicenceFellLate,
    LicenceRecorded,
    LicenceState,
    RecordLicence,
    TerminateLicence,
)

# --- Life and end -----------------------------------------------------------------------------------------------------


def record_licence(state: ExchangeState, header: Header, command: RecordLicence) -> list[Event]:
    """The office has it on its register."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    if licence.state is not LicenceState.IN_FORCE or licence.recorded_on:
        detail = f"recorded on {licence.recorded_on}" if licence.recorded_on else licence.state
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=detail)]
    if state.table(Right)[licence.asset_id].title_regime is TitleRegime.CONTRACT_REGISTER:
        return [Rejected(code=RejectCode.RECORDAL_INVALID, detail="no office records this right")]
    try:
        recorded = date.fromisoformat(command.recorded_on)
    except ValueError:
        return [Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"no such date: {command.recorded_on}")]
    since, until = local_date(licence.in_force_at_ns, VENUE_TIME_ZONE), local_date(header.at_ns, VENUE_TIME_ZONE)
    if not since <= recorded <= until:
        detail = f"{command.recorded_on} is not between {since} and {until}"
        return [Rejected(code=RejectCode.RECORDAL_INVALID, detail=detail)]

    state.change()
    entered = put_licence(state, licence, recorded_on=command.recorded_on, office_reference=command.office_reference)
    dropped = timers.drop_timers(state, TimerKind.LICENCE_RECORDAL_DUE, licence.licence_id)
    return [LicenceRecorded(licence=entered, movement=tell(state, header, entered)), *dropped]


def terminate_licence(state: ExchangeState, header: Header, command: TerminateLicence) -> list[Event]:
    """Both parties end a licence, or an operator by a decision."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    refusals = [refuse_party(state, header, licence, side) for side in Side]
    if not operator and None not in refusals:
        known = [one for one in refusals if one is not None and one.code is not RejectCode.LICENCE_NOT_PARTY]
        return [known[0] if known else Rejected(code=RejectCode.LICENCE_NOT_PARTY)]
    if licence.state is not LicenceState.IN_FORCE:
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=licence.state)]
    if operator:
        if command.decision_sha256 is None:
            return [Rejected(code=RejectCode.DOCUMENT_UNKNOWN, detail="decision_sha256")]
        filer = state.users[header.principal].member_id
        if (refusal := refuse_documents(state, filer, (command.decision_sha256,))) is not None:
            return [refusal]
    elif licence.ending_by:
        if header.principal == licence.ending_by:
            return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
        if all(
            refused is not None for side, refused in zip(Side, refusals, strict=True) if side != licence.ending_side
        ):
            return [Rejected(code=RejectCode.LICENCE_STATE, detail="the other party answers")]

    state.change()
    if operator or licence.ending_by:
        return end_licence(state, header, licence, LicenceState.TERMINATED, command.reason)
    side = next(side for side, refused in zip(Side, refusals, strict=True) if refused is None)
    asked = put_licence(state, licence, ending_by=header.principal, ending_side=side.value)
    told = tell(state, header, asked)
    return [LicenceEndingAsked(licence=asked, reason=command.reason, movement=told)]


def _recordal_due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The months are over, and the office has not recorded it."""
    licence = state.table(Licence)[LicenceId(timer.subject_id)]
    ensure(not licence.recorded_on, "a recordal has its date as long as it is waited for")
    late = put_licence(state, licence, late=True)
    return [LicenceFellLate(licence=late, movement=tell(state, header, late))]


def _expires(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The term is over."""
    licence = state.table(Licence)[LicenceId(timer.subject_id)]
    ensure(licence.state is LicenceState.IN_FORCE, "a licence expires once, while it is in force")
    return end_licence(state, header, licence, LicenceState.EXPIRED, "")


timers.FIRINGS[TimerKind.LICENCE_RECORDAL_DUE] = _recordal_due
timers.FIRINGS[TimerKind.LICENCE_EXPIRES] = _expires
