"""Awards on their way to the money: shown, objected to, appealed, decided, paid or ordered, and taken back."""

from __future__ import annotations

import msgspec

from exchange.core.calendar import local_date
from exchange.core.ids import ApplicationId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.application_checks import days_on_ns, programme_of
from exchange.engine.applications import S, finish, in_state, own, refuse, step
from exchange.engine.documents import refuse_documents
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from securitization.application_messages import (
    AppealApplication,
    Application,
    ApplicationPaid,
    ApplicationRecovered,
    ClawBackApplication,
    ConfirmVoucher,
    DecideApplication,
    ObjectToApplication,
    PayApplication,
    PubliciseApplication,
    RepayApplication,
    ResolveApplication,
)
from securitization.reward import clawback_minor
from securitization.scheme_messages import Scheme

# --- Notice, objections, appeals --------------------------------------------------------------------------------------


def publicise_application(state: ExchangeState, header: Header, command: PubliciseApplication) -> list[Event]:
    """Show an award for the whole notice."""
    application = in_state(state, command.application_id, S.AWARDED)
    if isinstance(application, Rejected):
        return [application]

    state.change()
    return _show(state, header, application, "publicise")


def object_to_application(state: ExchangeState, header: Header, command: ObjectToApplication) -> list[Event]:
    """Anybody but the applicant may object while an award is shown; its clock stands."""
    application = in_state(state, command.application_id, S.NOTICE)
    if isinstance(application, Rejected):
        return [application]
    if state.users[header.principal].member_id == application.member_id:
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail="one's own application")]

    state.change()
    objected = step(
        state,
        application,
        "object",
        state=S.OBJECTED,
        objected_by=header.principal,
        reason=command.reason,
        notice_until_ns=TimeNs(0),
    )
    return [objected, *timers.drop_timers(state, TimerKind.APPLICATION_NOTICE_ENDS, application.application_id)]


def appeal_application(state: ExchangeState, header: Header, command: AppealApplication) -> list[Event]:
    """The applicant appeals; nothing ends while the appeal is open."""
    application = own(state, header, command.application_id, S.REFUSED)
    if isinstance(application, Rejected):
        return [application]

    state.change()
    appealed = step(
        state,
        application,
        "appeal",
        state=S.APPEALED,
        was_appealed=True,
        appeal_until_ns=TimeNs(0),
        reason=command.reason,
    )
    return [appealed, *timers.drop_timers(state, TimerKind.APPLICATION_APPEAL_ENDS, application.application_id)]


def resolve_application(state: ExchangeState, header: Header, command: ResolveApplication) -> list[Event]:
    """An objection or an appeal is decided by somebody else."""
    application = in_state(state, command.application_id, S.OBJECTED, S.APPEALED)
    if isinstance(application, Rejected):
        return [application]
    appealed = application.state is S.APPEALED
    if header.principal == (application.judged_by if appealed else application.objected_by):
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]

    state.change()
    said = msgspec.structs.replace(application, reason=command.reason)
    if appealed:
        if not command.upheld:
            return finish(state, said, S.ENDED, command.reason, "resolve")
        return [step(state, said, "resolve", state=S.AWARDED if application.accepted else S.SUBMITTED)]
    if command.upheld:
        return refuse(state, header, msgspec.structs.replace(said, judged_by=header.principal), "resolve")
    return _show(state, header, said, "resolve")


def decide_application(state: ExchangeState, header: Header, command: DecideApplication) -> list[Event]:
    """Approve or refuse after the notice. Arrives here with two signatures."""
    application = in_state(state, command.application_id, S.CLEARED)
    if isinstance(application, Rejected):
        return [application]

    state.change()
    judged = msgspec.structs.replace(application, judged_by=header.principal, reason=command.reason)
    if not command.approved:
        return refuse(state, header, judged, "decide")
    return [step(state, judged, "decide", state=S.APPROVED)]


# --- Money ------------------------------------------------------------------------------------------------------------


def pay_application(state: ExchangeState, header: Header, command: PayApplication) -> list[Event]:
    """Pay out of the held budget, or order the payment outside. Arrives here with two signatures."""
    application = in_state(state, command.application_id, S.APPROVED)
    if isinstance(application, Rejected):
        return [application]
    scheme = state.table(Scheme)[application.scheme_id]
    if scheme.by_order != (command.order_reference is not None):
        detail = "names its order" if scheme.by_order else "is paid here and names no order"
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail=f"a payment of this scheme {detail}")]

    state.change()
    if scheme.by_order:
        return [step(state, application, "pay", state=S.ORDERED, order_reference=command.order_reference)]
    return [_paid(state, header, application, scheme)]


def confirm_voucher(state: ExchangeState, header: Header, command: ConfirmVoucher) -> list[Event]:
    """A voucher shows that money moved outside: the payment, or the repayment."""
    application = in_state(state, command.application_id, S.ORDERED, S.RECOVERING)
    if isinstance(application, Rejected):
        return [application]
    scheme = state.table(Scheme)[application.scheme_id]
    if not scheme.by_order:
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail="this scheme is paid here")]
    vouchers = [
        voucher
        for each in state.table(Application).values()
        for voucher in (each.voucher_sha256, each.repaid_voucher_sha256)
    ]
    if command.voucher_sha256 in vouchers:
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail="this voucher confirmed a payment")]
    if (refusal := refuse_documents(state, scheme.sponsor_member_id, (command.voucher_sha256,))) is not None:
        return [refusal]

    state.change()
    if application.state is S.ORDERED:
        paid = msgspec.structs.replace(application, voucher_sha256=command.voucher_sha256)
        return [_paid(state, header, paid, scheme)]
    repaid = msgspec.structs.replace(application, repaid_voucher_sha256=command.voucher_sha256)
    return [_recovered(state, header, repaid, application.clawback_minor, 0)]


def claw_back_application(state: ExchangeState, header: Header, command: ClawBackApplication) -> list[Event]:
    """Take back what the schedule says, as far as it is free at once. Arrives here with two signatures."""
    application = in_state(state, command.application_id, S.PAID)
    if isinstance(application, Rejected):
        return [application]
    scheme = state.table(Scheme)[application.scheme_id]
    if (refusal := refuse_documents(state, scheme.sponsor_member_id, (command.document_sha256,))) is not None:
        return [refusal]
    paid_on = local_date(application.paid_at_ns, VENUE_TIME_ZONE)
    days = (local_date(header.at_ns, VENUE_TIME_ZONE) - paid_on).days
    terms = programme_of(state, scheme).fields.clawback.value
    owed = clawback_minor(terms, command.trigger, application.awarded_minor, days)
    if owed <= 0:
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail=f"nothing after {days} days")]

    state.change()
    available = state.ledger.available(application.account_id, scheme.money_asset_id)
    taken = 0 if scheme.by_order else min(owed, available)
    owing = msgspec.structs.replace(
        application,
        trigger=command.trigger.value,
        clawback_sha256=command.document_sha256,
        clawback_minor=Minor(owed),
    )
    return [_recovered(state, header, owing, taken, taken)]


def repay_application(state: ExchangeState, header: Header, command: RepayApplication) -> list[Event]:
    """The applicant pays back what is still owed."""
    application = own(state, header, command.application_id, S.RECOVERING)
    if isinstance(application, Rejected):
        return [application]
    scheme = state.table(Scheme)[application.scheme_id]
    owed = application.clawback_minor - application.repaid_minor
    if scheme.by_order or command.amount_minor > owed:
        detail = "repaid outside, against a voucher" if scheme.by_order else f"{owed} is owed"
        return [Rejected(code=RejectCode.APPLICATION_DECISION, detail=detail)]
    if command.amount_minor > state.ledger.available(application.account_id, scheme.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    repaid = application.repaid_minor + command.amount_minor
    return [_recovered(state, header, application, repaid, command.amount_minor)]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _show(state: ExchangeState, header: Header, application: Application, name: str) -> list[Event]:
    """Show an award from now on, for the whole notice; without one it is clear at once. Call after the line."""
    days = programme_of(state, state.table(Scheme)[application.scheme_id]).fields.notice_days.value
    if not days:
        return [step(state, application, name, state=S.CLEARED)]
    until = days_on_ns(header, days)
    shown = step(state, application, name, state=S.NOTICE, notice_until_ns=until)
    return [
        shown,
        timers.set_timer(state, header, TimerKind.APPLICATION_NOTICE_ENDS, until, application.application_id),
    ]


def _paid(state: ExchangeState, header: Header, application: Application, scheme: Scheme) -> ApplicationPaid:
    """The award is with its earner, and counted against the scheme's budget. Call after the line."""
    amount, money, sponsor = application.awarded_minor, scheme.money_asset_id, scheme.sponsor_account_id
    paid = msgspec.structs.replace(application, state=S.PAID, paid_at_ns=header.at_ns)
    counted = msgspec.structs.replace(scheme, paid_minor=Minor(scheme.paid_minor + amount))
    ensure(counted.paid_minor <= counted.budget_minor, "a scheme never pays more than its budget")
    state.put(paid)
    state.put(counted)
    legs = [] if scheme.by_order else [(sponsor, money, -amount), (application.account_id, money, amount)]
    holds = [] if scheme.by_order else [(sponsor, money, -amount)]
    return ApplicationPaid(application=paid, scheme=counted, movement=state.ledger.move(header.sequence, legs, holds))


def _recovered(
    state: ExchangeState, header: Header, application: Application, repaid_minor: int, moves_minor: int
) -> ApplicationRecovered:
    """So much has come back in all, of which this goes through the ledger now. Call after the line."""
    scheme = state.table(Scheme)[application.scheme_id]
    whole = repaid_minor == application.clawback_minor
    after = S.CLAWED_BACK if whole else S.RECOVERING
    changed = msgspec.structs.replace(application, state=after, repaid_minor=Minor(repaid_minor))
    state.put(changed)
    money = scheme.money_asset_id
    legs = [(application.account_id, money, -moves_minor), (scheme.sponsor_account_id, money, moves_minor)]
    return ApplicationRecovered(application=changed, movement=state.ledger.move(header.sequence, legs))


def _notice_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    del header
    application = state.table(Application)[ApplicationId(timer.subject_id)]
    ensure(application.state is S.NOTICE, "a notice timer stands as long as the notice runs")
    return [step(state, application, "notice", state=S.CLEARED)]


def _appeal_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody appealed in time."""
    del header
    application = state.table(Application)[ApplicationId(timer.subject_id)]
    ensure(application.state is S.REFUSED, "an appeal's timer stands as long as it may come")
    return finish(state, application, S.ENDED, application.reason, "appeal")


timers.FIRINGS[TimerKind.APPLICATION_NOTICE_ENDS] = _notice_ends
timers.FIRINGS[TimerKind.APPLICATION_APPEAL_ENDS] = _appeal_ends
