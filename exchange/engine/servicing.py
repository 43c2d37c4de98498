"""Servicing taken up, its duties with their timers, and the holders of each class at the end of a record date."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from custody.accounts import AccountKind
from custody.messages import AccountOpened
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import AccountId, ClassPaymentId, DutyId, ServicingId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerDropped, TimerKind
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import InvariantBroken, RejectCode
from exchange.core.units import NS_PER_DAY, TimeNs
from exchange.engine import issues, timers
from exchange.engine.deal_checks import party
from exchange.engine.distributions import units_now
from exchange.engine.incomes import not_party
from exchange.engine.issuance import open_venue_account
from exchange.engine.record_dates import holdings
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.deal import Deal, canonical_deal, deal_hash, read_deal
from securitization.deal_problems import Problem
from securitization.issue_messages import Issue, IssueRole, IssueState
from securitization.servicing import due_date
from securitization.servicing_messages import ClassHoldersRecorded, OpenServicing, ServicingOpened
from securitization.servicing_records import (
    ClassPayment,
    ClassPaymentState,
    Duty,
    DutyKind,
    DutyState,
    Linked,
    NoteClass,
    Servicing,
    ServicingState,
)
from securitization.stored import issued_deal


def open_servicing(state: ExchangeState, header: Header, command: OpenServicing) -> list[Event]:
    """Take over what the issue says, and open the first period. Arrives here with two signatures."""
    if command.issue_id is None or command != OpenServicing(issue_id=command.issue_id, calendar=command.calendar):
        return [Rejected(code=RejectCode.SERVICING_INVALID, detail="it names an issue, which says all the rest")]
    issue = state.table(Issue).get(command.issue_id)
    if issue is None:
        return [Rejected(code=RejectCode.ISSUE_UNKNOWN)]
    if issue.state is not IssueState.ESTABLISHED:
        return [Rejected(code=RejectCode.ISSUE_STATE, detail=issue.state)]
    if any(one.issue_id == issue.issue_id for one in state.table(Servicing).values()):
        return [Rejected(code=RejectCode.SERVICING_EXISTS)]

    state.change()
    deal = issued_deal(issues.deal_of(state, issue), issue)
    collections = open_venue_account(
        state, AccountId(make_id(header.sequence)), AccountKind.ESCROW, f"collections:{issue.name}"
    )
    servicing = Servicing(
        servicing_id=ServicingId(make_id(header.sequence)),
        state=ServicingState.ACTIVE,
        originator_account_id=_account_of(issue, IssueRole.ORIGINATOR),
        servicer_account_id=_account_of(issue, IssueRole.SERVICER),
        trustee_account_id=_account_of(issue, IssueRole.TRUSTEE),
        name=issue.name,
        deal_text=canonical_deal(deal),
        deal_sha256=deal_hash(deal),
        money_asset_id=issue.money_asset_id,
        classes=tuple(NoteClass(name=one.name, asset_id=one.asset_id) for one in issue.classes),
        accounts=tuple(Linked(name=one.name, account_id=one.account_id) for one in issue.accounts),
        payees=tuple(Linked(name=one.name, account_id=_account_of(issue, one.role)) for one in issue.payees),
        running=issue.running,
        calendar=command.calendar,
        collections_account_id=collections.account_id,
        period=1,
        issue_id=issue.issue_id,
        pool_id=issue.pool_id,
        backup_account_id=_account_of(issue, IssueRole.BACKUP_SERVICER),
    )
    state.put(servicing)
    movement = move_and_tell(state, header, parties_of(servicing))
    duties, events = open_period(state, header, servicing, deal)
    return [
        AccountOpened(account=collections),
        ServicingOpened(servicing=servicing, duties=duties, movement=movement),
        *events,
    ]


def _account_of(issue: Issue, role: IssueRole) -> AccountId:
    """Where a role is paid and pays from; 0 if nobody has it."""
    party = issue.party(role)
    return party.account_id if party is not None else AccountId(0)


# --- What the other files ask -----------------------------------------------------------------------------------------


def deal_of(servicing: Servicing) -> Deal:
    """The deal's text, read again: it was checked when servicing was taken up."""
    deal = read_deal(servicing.deal_text)
    if isinstance(deal, Problem):
        raise InvariantBroken("a deal's text was checked before the line")
    return deal


def parties_of(servicing: Servicing) -> tuple[AccountId, ...]:
    """Whom every step of a servicing concerns."""
    named = (
        servicing.originator_account_id,
        servicing.servicer_account_id,
        servicing.trustee_account_id,
        servicing.backup_account_id,
    )
    return tuple(account_id for account_id in dict.fromkeys(named) if account_id)


def refuse_servicing(
    state: ExchangeState, header: Header, servicing_id: ServicingId, *roles: str, operator: bool = False
) -> Servicing | Rejected:
    """The servicing, if the principal acts in one of these roles of it (`originator`, `servicer`, `trustee`).

    Refused: servicing.unknown, servicing.not_party.
    """
    servicing = state.table(Servicing).get(servicing_id)
    if servicing is None:
        return Rejected(code=RejectCode.SERVICING_UNKNOWN)
    user = state.users.get(header.principal)
    if operator and user is not None and Role.OPERATOR in user.roles:
        return servicing
    accounts = [getattr(servicing, f"{role}_account_id") for role in roles]
    if all(not_party(state, header, account_id, UserRight.TRADE) for account_id in accounts):
        return Rejected(code=RejectCode.SERVICING_NOT_PARTY)
    return servicing


def put_servicing(state: ExchangeState, servicing: Servicing, /, **changes: object) -> Servicing:
    """Keep the servicing under its new values. Call after the line."""
    changed = msgspec.structs.replace(servicing, **changes)
    state.put(changed)
    return changed


# --- Duties -----------------------------------------------------------------------------------------------------------


def open_duty(
    state: ExchangeState,
    header: Header,
    servicing: Servicing,
    deal: Deal,
    kind: DutyKind,
    account_id: AccountId,
    subject: str = "",
) -> tuple[Duty, Event]:
    """Give somebody something to do by its day; a day at least, where that day is over. Call after the line."""
    day = due_date(deal, servicing.period, servicing.calendar, kind)
    due_ns = end_of_day_ns(day)
    if due_ns <= header.at_ns:
        due_ns = TimeNs(header.at_ns + NS_PER_DAY)
    told = timers.set_timer(state, header, TimerKind.DUTY_DUE, due_ns, servicing.servicing_id)
    duty = Duty(
        duty_id=DutyId(told.timer.timer_id),
        servicing_id=servicing.servicing_id,
        account_id=account_id,
        period=servicing.period,
        kind=kind,
        subject=subject,
        member_id=party(state, account_id).member_id,
        due_ns=TimeNs(due_ns),
        state=DutyState.OPEN,
    )
    state.put(duty)
    return duty, told


def duties_of(state: ExchangeState, servicing: Servicing, *kinds: DutyKind) -> list[Duty]:
    """The duties that are still to be done, of some kinds or all, the earliest opened first."""
    found = sorted(state.table(Duty).items())
    return [
        duty for _, duty in found if duty.servicing_id == servicing.servicing_id and (not kinds or duty.kind in kinds)
    ]


def end_duty(state: ExchangeState, duty: Duty, ended: DutyState) -> tuple[Duty, list[Event]]:
    """A duty is done, or needs not be done; one that was late is done late. Call after the line."""
    events: list[Event] = []
    if duty.state is DutyState.OPEN:
        state.drop_timer(duty.duty_id)
        events.append(TimerDropped(timer_id=duty.duty_id))
    elif ended is DutyState.DONE:
        ended = DutyState.DONE_LATE
    changed = msgspec.structs.replace(duty, state=ended)
    state.put(changed)
    return changed, events


def end_of_day_ns(day: date) -> TimeNs:
    """The first moment after a day at the venue."""
    return start_of_day_ns(day + timedelta(days=1), VENUE_TIME_ZONE)


# --- A period and its record date -------------------------------------------------------------------------------------


def open_period(
    state: ExchangeState, header: Header, servicing: Servicing, deal: Deal
) -> tuple[tuple[Duty, ...], list[Event]]:
    """The servicer has to collect, and the record date will come. Call after the line."""
    duty, told = open_duty(state, header, servicing, deal, DutyKind.COLLECTION, servicing.servicer_account_id)
    over_ns = end_of_day_ns(date.fromisoformat(deal.periods[servicing.period - 1].record_date))
    due_ns = max(over_ns, header.at_ns + 1)
    record = timers.set_timer(state, header, TimerKind.CLASS_RECORD_ENDS, due_ns, servicing.servicing_id)
    return (duty,), [told, record]


def _record_date_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The day is over: the holders of each class are those at the end of this command."""
    servicing = state.table(Servicing)[timer.subject_id]
    recorded = put_servicing(state, servicing, record_sequence=header.sequence)
    ordinal = 0
    classes: list[ClassPayment] = []
    for one in servicing.classes:
        while make_id(header.sequence, ordinal) in state.table(ClassPayment):  # of another servicing
            ordinal += 1
        paid = ClassPayment(
            class_payment_id=ClassPaymentId(make_id(header.sequence, ordinal)),
            servicing_id=servicing.servicing_id,
            account_id=servicing.trustee_account_id,
            period=servicing.period,
            name=one.name,
            asset_id=one.asset_id,
            record_sequence=header.sequence,
            state=ClassPaymentState.RECORDED,
        )
        state.put(paid)
        state.class_records_due[paid.class_payment_id] = None
        classes.append(paid)
    movement = move_and_tell(state, header, parties_of(servicing))
    return [ClassHoldersRecorded(servicing=recorded, classes=tuple(classes), movement=movement)]


timers.FIRINGS[TimerKind.CLASS_RECORD_ENDS] = _record_date_ends


def take_class_records(state: ExchangeState) -> None:
    """Copy the holders of the classes whose record this command fixed. Called at its very end."""
    for class_payment_id in list(state.class_records_due):
        paid = state.table(ClassPayment)[class_payment_id]
        state.class_holders[class_payment_id] = holdings(units_now(state, paid.asset_id))
    state.class_records_due.clear()


def class_payments_of(state: ExchangeState, servicing: Servicing) -> list[ClassPayment]:
    """The classes of the period whose holders are fixed and not all paid, in the order of the deal's text."""
    found = {one.name: one for one in state.table(ClassPayment).values() if one.servicing_id == servicing.servicing_id}
    return [found[one.name] for one in servicing.classes if one.name in found]
