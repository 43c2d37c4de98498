"""Pilot cases until the agreement: proposed, decided, shown, objected to, withdrawn.

The agreement and its ledger entry are in `pilot_entry`, what follows in `pilot_life`, the programmes in `reforms`.
"""

from __future__ import annotations

from custody.outcomes import Outcome
from custody.pilot import (
    DecidePilot,
    ObjectToPilot,
    Pilot,
    PilotDecided,
    PilotNoticeEnded,
    PilotObjected,
    PilotObjectionDismissed,
    PilotProposed,
    PilotState,
    ProposePilot,
    ResolvePilot,
    WithdrawPilot,
)
from exchange.core.ids import PilotId, ReformId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import MemberStatus, UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import TimeNs
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.deal_checks import party
from exchange.engine.documents import refuse_documents
from exchange.engine.pilot_checks import (
    concerned,
    funding_of,
    notice_days,
    programme_of,
    put_pilot,
    refuse_excluded,
    refuse_outcome,
    refuse_team,
    unsigned,
)
from exchange.engine.pilot_entry import end_pilot
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import eligible_by_funding, period_end_ns
from exchange.rulebook.profile import cite
from matching.messages import Market

OPEN = (PilotState.PROPOSED, PilotState.NOTICE, PilotState.OBJECTED, PilotState.AGREEING)
"""Where the institution may still step back."""

# --- Proposal and decision --------------------------------------------------------------------------------------------


def propose_pilot(state: ExchangeState, header: Header, command: ProposePilot) -> list[Event]:
    """Open a case, if the outcome may be assigned at all."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    outcome = state.table(Outcome).get(command.outcome_id)
    if outcome is None:
        return [Rejected(code=RejectCode.OUTCOME_UNKNOWN)]
    if (other := state.find(Pilot, command.outcome_id)) is not None:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', other.pilot_id)} is {other.state}")]
    if outcome.member_id != state.accounts[command.account_id].member_id:
        return [Rejected(code=RejectCode.RIGHT_NOT_OWNED)]
    if (refusal := refuse_team(state, command) or refuse_excluded(state, outcome, command)) is not None:
        return [refusal]
    programme = programme_of(state, header, outcome, command)
    if isinstance(programme, Rejected):
        return [programme]
    funding = funding_of(outcome, command)
    if isinstance(funding, Rejected):
        return [funding]
    profile = profile_of(state, market)
    if (refused := eligible_by_funding(profile, funding)) is not None:
        return [refused.rejected()]
    if (refusal := refuse_outcome(state, header, outcome, command.account_id)) is not None:
        return [refusal]
    if (refusal := refuse_documents(state, outcome.member_id, (command.split_sha256,))) is not None:
        return [refusal]

    state.change()
    pilot = Pilot(
        pilot_id=PilotId(make_id(header.sequence)),
        outcome_id=command.outcome_id,
        market_id=command.market_id,
        account_id=command.account_id,
        funding=funding,
        team=unsigned(command.team),
        representative_id=command.representative_id,
        split_sha256=command.split_sha256,
        state=PilotState.PROPOSED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
        kind=command.kind,
        reform_id=programme.reform_id if programme is not None else ReformId(0),
        reform_version=programme.version if programme is not None else 0,
        rules=programme.rules if programme is not None else None,
        field=command.field,
    )
    state.put(pilot)
    told = move_and_tell(state, header, concerned(pilot))
    return [PilotProposed(pilot=pilot, rule=cite(profile, "pilot_fiscal_share_above_ppm"), movement=told)]


def decide_pilot(state: ExchangeState, header: Header, command: DecidePilot) -> list[Event]:
    """The institution's collective decision, recorded by another than proposed: the notice begins."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    institution = party(state, pilot.account_id)
    if not acts_for_member(state, header, institution.member_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if institution.status is MemberStatus.FROZEN:
        return [Rejected(code=RejectCode.MEMBER_FROZEN)]
    if pilot.state is not PilotState.PROPOSED:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if header.principal == pilot.proposed_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_documents(state, institution.member_id, (command.decision_sha256,))) is not None:
        return [refusal]
    until = _notice_until(state, header, pilot)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    decided = put_pilot(
        state,
        pilot,
        state=PilotState.NOTICE,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
        decision_sha256=command.decision_sha256,
        notice_until_ns=until,
    )
    event = PilotDecided(pilot=decided, movement=move_and_tell(state, header, concerned(decided)))
    return [event, _start_clock(state, header, decided)]


def withdraw_pilot(state: ExchangeState, header: Header, command: WithdrawPilot) -> list[Event]:
    """The institution ends its case before the ledger entry."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if not acts_for_member(state, header, party(state, pilot.account_id).member_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if pilot.state not in OPEN:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]

    state.change()
    return end_pilot(state, header, pilot, PilotState.WITHDRAWN, command.reason)


# --- Notice and objections --------------------------------------------------------------------------------------------


def object_to_pilot(state: ExchangeState, header: Header, command: ObjectToPilot) -> list[Event]:
    """Anybody may object in the notice period; its clock stands."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if pilot.state is not PilotState.NOTICE:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]

    state.change()
    objected = put_pilot(
        state, pilot, state=PilotState.OBJECTED, objected_by=header.principal, notice_until_ns=TimeNs(0)
    )
    dropped = timers.drop_timers(state, TimerKind.PILOT_NOTICE_ENDS, pilot.pilot_id)
    told = move_and_tell(state, header, concerned(objected))
    return [PilotObjected(pilot=objected, reason=command.reason, movement=told), *dropped]


def resolve_pilot(state: ExchangeState, header: Header, command: ResolvePilot) -> list[Event]:
    """Upheld ends the case; dismissed shows it again for the whole period."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if pilot.state is not PilotState.OBJECTED:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if header.principal == pilot.objected_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    until = _notice_until(state, header, pilot)
    if not command.upheld and isinstance(until, Rejected):
        return [until]

    state.change()
    if command.upheld or isinstance(until, Rejected):
        return end_pilot(state, header, pilot, PilotState.STOPPED, command.reason)
    shown = put_pilot(state, pilot, state=PilotState.NOTICE, notice_until_ns=until)
    told = move_and_tell(state, header, concerned(shown))
    dismissed = PilotObjectionDismissed(pilot=shown, reason=command.reason, movement=told)
    return [dismissed, _start_clock(state, header, shown)]


def _notice_until(state: ExchangeState, header: Header, pilot: Pilot) -> TimeNs | Rejected:
    """When a notice that starts now would be over.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[pilot.market_id]
    days = notice_days(profile_of(state, market), pilot.rules)
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def _start_clock(state: ExchangeState, header: Header, pilot: Pilot) -> Event:
    return timers.set_timer(state, header, TimerKind.PILOT_NOTICE_ENDS, pilot.notice_until_ns, pilot.pilot_id)


def _notice_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    pilot = state.table(Pilot)[PilotId(timer.subject_id)]
    ensure(pilot.state is PilotState.NOTICE, "a notice timer stands as long as the notice runs")
    shown = put_pilot(state, pilot, state=PilotState.AGREEING)
    return [PilotNoticeEnded(pilot=shown, movement=move_and_tell(state, header, concerned(shown)))]


timers.FIRINGS[TimerKind.PILOT_NOTICE_ENDS] = _notice_ends
