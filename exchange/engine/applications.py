"""Applications up to their award: opened for an event, handed in with evidence, sent back, reviewed, withdrawn.

First come is set aside when it is handed in, in the order of the journal: of two claims for the last cent one gets it.
What an application has set aside stays so while it is refused and may be appealed, and is free when it is over.
"""

from __future__ import annotations

import msgspec

from exchange.core.ids import ApplicationId, IssueId, ProductId, RewardEventId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.reward_terms import Exhaustion
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.application_checks import (
    applications_of,
    days_on_ns,
    facts_with_evidence,
    figure,
    first_come,
    is_decided,
    programme_of,
    put_call,
    refuse_claim,
    set_aside,
)
from exchange.engine.documents import refuse_documents
from exchange.engine.state import ExchangeState
from securitization.application_messages import (
    MAX_APPLICATIONS,
    Application,
    ApplicationChanged,
    ApplicationState,
    CorrectApplication,
    OpenApplication,
    ReviewApplication,
    ReviewVerdict,
    SubmitApplication,
    WithdrawApplication,
)
from securitization.scheme_messages import Scheme, SchemeCall

S = ApplicationState
UNDECIDED = (
    S.DRAFT,
    S.SUBMITTED,
    S.CORRECTING,
    S.ACCEPTED,
    S.AWARDED,
    S.NOTICE,
    S.OBJECTED,
    S.CLEARED,
    S.REFUSED,
    S.APPEALED,
)
"""A claim may be given up in these states."""


def open_application(state: ExchangeState, header: Header, command: OpenApplication) -> list[Event]:
    """Begin a claim; who has no event has no claim."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    call = state.table(SchemeCall).get(command.call_id)
    if call is None:
        return [Rejected(code=RejectCode.SCHEME_CALL_UNKNOWN)]
    scheme = state.table(Scheme)[call.scheme_id]
    application = Application(
        application_id=ApplicationId(make_id(header.sequence)),
        scheme_id=scheme.scheme_id,
        call_id=call.call_id,
        year=call.year,
        programme=scheme.programme,
        version=scheme.version,
        role=command.role,
        account_id=command.account_id,
        member_id=state.accounts[command.account_id].member_id,
        state=S.DRAFT,
        product_id=command.product_id or ProductId(0),
        event_id=command.event_id or RewardEventId(0),
        issue_id=command.issue_id or IssueId(0),
    )
    if (refusal := refuse_claim(state, header, application, scheme, call, late=False)) is not None:
        return [refusal]

    state.change()
    state.put(application)
    return [ApplicationChanged(application=application, call=call, step="open")]


def submit_application(state: ExchangeState, header: Header, command: SubmitApplication) -> list[Event]:
    """Hand a claim in; its place is the journal's."""
    application = own(state, header, command.application_id, S.DRAFT)
    if isinstance(application, Rejected):
        return [application]
    placed = msgspec.structs.replace(application, submitted_sequence=header.sequence)
    return _hand_in(state, header, placed, command)


def correct_application(state: ExchangeState, header: Header, command: CorrectApplication) -> list[Event]:
    """Hand a claim in again; it keeps its place, and may come after the call's last day."""
    application = own(state, header, command.application_id, S.CORRECTING)
    return [application] if isinstance(application, Rejected) else _hand_in(state, header, application, command)


def withdraw_application(state: ExchangeState, header: Header, command: WithdrawApplication) -> list[Event]:
    """Give a claim up."""
    application = own(state, header, command.application_id, *UNDECIDED)
    if isinstance(application, Rejected):
        return [application]

    state.change()
    return finish(state, application, S.WITHDRAWN, application.reason, "withdraw")


def review_application(state: ExchangeState, header: Header, command: ReviewApplication) -> list[Event]:
    """Accept, send back or refuse; a claim that waits for its correction may still be refused."""
    application = in_state(state, command.application_id, S.SUBMITTED, S.CORRECTING)
    if isinstance(application, Rejected):
        return [application]
    accepts = command.verdict is ReviewVerdict.ACCEPT
    if application.state is S.CORRECTING and command.verdict is not ReviewVerdict.REFUSE:
        return [Rejected(code=RejectCode.APPLICATION_STATE, detail=application.state)]
    scheme = state.table(Scheme)[application.scheme_id]
    if problem := _decision_problem(state, application, scheme, command):
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail=problem)]
    hashes = (command.decision_sha256,) if command.decision_sha256 is not None else ()
    if (refusal := refuse_documents(state, scheme.sponsor_member_id, hashes)) is not None:
        return [refusal]

    state.change()
    judged = msgspec.structs.replace(application, judged_by=header.principal, reason=command.reason)
    if command.verdict is ReviewVerdict.REFUSE:
        return refuse(state, header, judged, "review")
    if not accepts:
        return [step(state, judged, "review", state=S.CORRECTING)]
    amount = Minor(command.decided_minor if command.decided_minor is not None else application.asked_minor)
    aside = min(application.awarded_minor, amount)
    accepted = msgspec.structs.replace(
        judged,
        state=S.AWARDED if first_come(state, scheme) else S.ACCEPTED,
        accepted=True,
        asked_minor=amount,
        awarded_minor=Minor(aside),
        points=command.points,
        decision_sha256=command.decision_sha256 or "",
    )
    call = state.table(SchemeCall)[application.call_id]
    left = put_call(state, call, left_minor=Minor(call.left_minor + application.awarded_minor - aside))
    state.put(accepted)
    return [ApplicationChanged(application=accepted, call=left, step="review")]


# --- Steps that other files take too ----------------------------------------------------------------------------------


def in_state(state: ExchangeState, application_id: ApplicationId, *states: ApplicationState) -> Application | Rejected:
    """The application, if it stands in one of these states.

    Refused: application.unknown, application.state.
    """
    application = state.table(Application).get(application_id)
    if application is None:
        return Rejected(code=RejectCode.APPLICATION_UNKNOWN)
    if application.state not in states:
        return Rejected(code=RejectCode.APPLICATION_STATE, detail=application.state)
    return application


def own(
    state: ExchangeState, header: Header, application_id: ApplicationId, *states: ApplicationState
) -> Application | Rejected:
    """The applicant's own application, in one of these states.

    Refused: application.unknown, account.not_yours (or why the account may not be used), application.state.
    """
    application = state.table(Application).get(application_id)
    if application is None:
        return Rejected(code=RejectCode.APPLICATION_UNKNOWN)
    if (refusal := refuse_account(state, header, application.account_id, UserRight.TRADE)) is not None:
        return refusal
    return in_state(state, application_id, *states)


def step(state: ExchangeState, application: Application, name: str, /, **changes: object) -> ApplicationChanged:
    """Keep an application's next state, its call unchanged. Call after the line."""
    changed = msgspec.structs.replace(application, **changes)
    state.put(changed)
    return ApplicationChanged(application=changed, call=state.table(SchemeCall)[changed.call_id], step=name)


def refuse(state: ExchangeState, header: Header, application: Application, name: str) -> list[Event]:
    """Refuse a claim: it may be appealed once, within the programme's days. Call after the line."""
    days = programme_of(state, state.table(Scheme)[application.scheme_id]).fields.appeal_days.value
    if application.was_appealed or not days:
        return finish(state, application, S.ENDED, application.reason, name)
    until = days_on_ns(header, days)
    refused = step(state, application, name, state=S.REFUSED, appeal_until_ns=until)
    timer = timers.set_timer(state, header, TimerKind.APPLICATION_APPEAL_ENDS, until, application.application_id)
    return [refused, timer]


def finish(
    state: ExchangeState, application: Application, after: ApplicationState, reason: str, name: str
) -> list[Event]:
    """End a claim; what was set aside for it is free again. Call after the line."""
    call = state.table(SchemeCall)[application.call_id]
    freed = put_call(state, call, left_minor=Minor(call.left_minor + application.awarded_minor))
    over = msgspec.structs.replace(application, state=after, awarded_minor=Minor(0), reason=reason)
    state.put(over)
    dropped = [
        event
        for kind in (TimerKind.APPLICATION_NOTICE_ENDS, TimerKind.APPLICATION_APPEAL_ENDS)
        for event in timers.drop_timers(state, kind, application.application_id)
    ]
    return [ApplicationChanged(application=over, call=freed, step=name), *dropped]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _hand_in(
    state: ExchangeState, header: Header, application: Application, command: SubmitApplication | CorrectApplication
) -> list[Event]:
    """Work the figure out and, for first come, set it aside."""
    again = application.state is S.CORRECTING
    call = state.table(SchemeCall)[application.call_id]
    scheme = state.table(Scheme)[application.scheme_id]
    if (refusal := refuse_claim(state, header, application, scheme, call, late=again)) is not None:
        return [refusal]
    facts = facts_with_evidence(state, application, scheme, command.evidence, command.asked_minor)
    if isinstance(facts, Rejected):
        return [facts]
    worked = figure(state, application, scheme, facts, command.asked_minor)
    if isinstance(worked, Rejected):
        return [worked]
    amount, lines = worked
    comes_first = first_come(state, scheme)
    aside = set_aside(call, application, amount) if comes_first else Minor(0)
    if comes_first and not aside:
        return [Rejected(code=RejectCode.REWARD_BUDGET, detail=f"left_minor={call.left_minor}")]
    handed_in = [each for each in applications_of(state, call.call_id) if each.state is not S.DRAFT]
    if not comes_first and not again and len(handed_in) >= MAX_APPLICATIONS:
        return [Rejected(code=RejectCode.SCHEME_CALL_STATE, detail=f"{MAX_APPLICATIONS} applications are in")]

    state.change()
    left = put_call(state, call, left_minor=Minor(call.left_minor + application.awarded_minor - aside))
    submitted = msgspec.structs.replace(
        application,
        state=S.SUBMITTED,
        evidence=command.evidence,
        asked_minor=Minor(amount),
        awarded_minor=aside,
        figures=lines,
    )
    state.put(submitted)
    return [ApplicationChanged(application=submitted, call=left, step="correct" if again else "submit")]


def _decision_problem(
    state: ExchangeState, application: Application, scheme: Scheme, command: ReviewApplication
) -> str:
    """Whether a review says what its programme asks for, and nothing else; empty: it does."""
    accepts = command.verdict is ReviewVerdict.ACCEPT
    stated = (command.decided_minor is not None, command.decision_sha256 is not None)
    wanted = accepts and is_decided(state, scheme)
    if stated != (wanted, wanted):
        return (
            "an amount is decided, with its document, where the programme states only a cap"
            if wanted
            else ("the amount follows from the rules")
        )
    most = application.awarded_minor or application.asked_minor
    if command.decided_minor is not None and command.decided_minor > most:
        return f"at most {most}"
    ranked = programme_of(state, scheme).fields.exhaustion.value is Exhaustion.RANKED
    return "points are for ranked programmes" if command.points and not (ranked and accepts) else ""
