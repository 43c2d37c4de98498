"""Servicing taken up, its duties with their timers, and the holders of each class at the end of a record date."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from custody.accounts import AccountKind
from custody.ledger import Leg
from custody.messages import AccountOpened
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import AccountId, ClassPaymentId, DutyId, ServicingId, make_id
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerDropped, TimerKind
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import InvariantBroken, RejectCode
from exchange.core.units import NS_PER_DAY, TimeNs
from exchange.engine import timers
from exchange.engine.deal_checks import party
from exchange.engine.distributions import units_now
from exchange.engine.incomes import not_party
from exchange.engine.issuance import open_venue_account
from exchange.engine.record_dates import holdings
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.deal import Deal, deal_hash, read_deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.issue_messages import RunningDeal
from securitization.servicing import due_date
from securitization.servicing_messages import (
    ClassHoldersRecorded,
    ClassPayment,
    ClassPaymentState,
    Duty,
    DutyKind,
    DutyState,
    Linked,
    OpenServicing,
    Servicing,
    ServicingOpened,
    ServicingState,
)


def open_servicing(state: ExchangeState, header: Header, command: OpenServicing) -> list[Event]:
    """Check the deal and whom it names, open its accounts, and open its first period."""
    deal = _checked(state, command)
    if isinstance(deal, Rejected):
        return [deal]
    taken = [asset.asset_id for one in state.table(Servicing).values() for asset in one.classes]
    if any(one.asset_id in taken for one in command.classes):
        return [Rejected(code=RejectCode.SERVICING_EXISTS)]
    opening = sum(account.opening_minor for account in deal.accounts)
    if opening > state.ledger.available(command.originator_account_id, command.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"opening_minor={opening}")]

    state.change()
    names = ["collections", *(account.name for account in deal.accounts)]
    opened = tuple(
        open_venue_account(
            state, AccountId(make_id(header.sequence, place)), AccountKind.ESCROW, f"{name}:{command.name}"
        )
        for place, name in enumerate(names)
    )
    servicing = Servicing(
        servicing_id=ServicingId(make_id(header.sequence)),
        state=ServicingState.ACTIVE,
        originator_account_id=command.originator_account_id,
        servicer_account_id=command.servicer_account_id,
        trustee_account_id=command.trustee_account_id,
        name=command.name,
        deal_text=command.deal_text,
        deal_sha256=deal_hash(deal),
        money_asset_id=command.money_asset_id,
        classes=command.classes,
        accounts=tuple(
            Linked(name=one.name, account_id=account.account_id)
            for one, account in zip(deal.accounts, opened[1:], strict=True)
        ),
        payees=command.payees,
        running=RunningDeal(),
        calendar=command.calendar,
        collections_account_id=opened[0].account_id,
        period=1,
    )
    state.put(servicing)
    legs: list[Leg] = [(command.originator_account_id, command.money_asset_id, -opening)]
    for one, account in zip(deal.accounts, opened[1:], strict=True):
        legs.append((account.account_id, command.money_asset_id, one.opening_minor))
    movement = move_and_tell(state, header, parties_of(servicing), legs)
    duties, events = open_period(state, header, servicing, deal)
    return [
        *(AccountOpened(account=account) for account in opened),
        ServicingOpened(servicing=servicing, duties=duties, movement=movement),
        *events,
    ]


def _checked(state: ExchangeState, command: OpenServicing) -> Deal | Rejected:
    """The deal, if it can be served here as the command says.

    Refused: servicing.invalid, servicing.exists (its name), account.unknown.
    """
    deal = read_deal(command.deal_text)
    problem = deal if isinstance(deal, Problem) else next(iter(check_deal(deal)), None)
    if isinstance(deal, Problem) or problem is not None:
        return Rejected(code=RejectCode.SERVICING_INVALID, detail=f"{problem.code} {problem.path}" if problem else "")
    if any(one.name == command.name for one in state.table(Servicing).values()):
        return Rejected(code=RejectCode.SERVICING_EXISTS)
    if [one.name for one in command.classes] != [one.name for one in deal.tranches]:
        return Rejected(code=RejectCode.SERVICING_INVALID, detail="a class of notes for each tranche, in their order")
    assets = [state.assets.get(one.asset_id) for one in command.classes]
    if any(one is None or one.kind is not AssetKind.NOTE or one.frozen for one in assets) or len(
        {one.asset_id for one in command.classes}
    ) != len(assets):
        return Rejected(code=RejectCode.SERVICING_INVALID, detail="each class is held in notes of its own")
    money = state.assets.get(command.money_asset_id)
    if money is None or money.kind is not AssetKind.MONEY or money.currency != deal.currency:
        return Rejected(code=RejectCode.SERVICING_INVALID, detail=f"money of the deal's currency, {deal.currency}")
    wanted = sorted(one.name for group in (deal.fees, deal.supports, deal.hedges) for one in group)
    if sorted(one.name for one in command.payees) != wanted:
        return Rejected(code=RejectCode.SERVICING_INVALID, detail=f"an account for each of {wanted}")
    named = (command.originator_account_id, command.servicer_account_id, command.trustee_account_id)
    for account_id in (*named, *(one.account_id for one in command.payees)):
        account = state.accounts.get(account_id)
        if account is None or account.kind is not AccountKind.CLIENT:
            return Rejected(code=RejectCode.ACCOUNT_UNKNOWN)
    return deal


# --- What the other files ask -----------------------------------------------------------------------------------------


def deal_of(servicing: Servicing) -> Deal:
    """The deal's text, read again: it was checked when servicing was taken up."""
    deal = read_deal(servicing.deal_text)
    if isinstance(deal, Problem):
        raise InvariantBroken("a deal's text was checked before the line")
    return deal


def parties_of(servicing: Servicing) -> tuple[AccountId, ...]:
    """Whom every step of a servicing concerns."""
    named = (servicing.originator_account_id, servicing.servicer_account_id, servicing.trustee_account_id)
    return tuple(dict.fromkeys(named))


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
