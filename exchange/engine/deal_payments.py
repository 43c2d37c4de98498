"""A period's payment up to its approval: worked out, paid in by those who support the deal, approved by the trustee.

Who does not pay in when called has failed: the waterfall is worked out again without that support, and the next one in
its order is called. So the step after a shortfall starts by itself, and what is paid always follows from the deal.
"""

from __future__ import annotations

import hashlib

import msgspec

from custody.ledger import Leg
from exchange.core.ids import AccountId, DealPaymentId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import MAX_INTEGER, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.deal_checks import refuse_stopped
from exchange.engine.incomes import not_party
from exchange.engine.servicing import (
    deal_of,
    duties_of,
    end_duty,
    open_duty,
    parties_of,
    put_servicing,
    refuse_servicing,
)
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.deal import Deal
from securitization.explain import PeriodResult
from securitization.issue_messages import RunningDeal
from securitization.servicing import duty_to_pay_in, is_support, next_period, pay_ins, pool_period
from securitization.servicing_messages import (
    ApprovePayment,
    DutyLate,
    FundPayment,
    PaymentApproved,
    PaymentFunded,
    PaymentPrepared,
    PreparePayment,
)
from securitization.servicing_records import (
    Collection,
    DealPayment,
    DealPaymentState,
    Duty,
    DutyKind,
    DutyState,
    PayIn,
    Servicing,
)

PAY_IN_DUTIES = (DutyKind.TOP_UP, DutyKind.GUARANTEE_CALL)


def prepare_payment(state: ExchangeState, header: Header, command: PreparePayment) -> list[Event]:
    """Run the waterfall of the period, and freeze what it gives."""
    servicing = refuse_servicing(state, header, command.servicing_id, "servicer", "trustee", operator=True)
    if isinstance(servicing, Rejected):
        return [servicing]
    if servicing.payment_id:
        return [Rejected(code=RejectCode.PAYMENT_STATE, detail="the period has its payment")]
    collection = state.table(Collection).get(servicing.collection_id)
    if collection is None:
        return [Rejected(code=RejectCode.COLLECTION_INCOMPLETE)]
    if servicing.deposited_minor != collection.totals.cash_minor:
        missing = collection.totals.cash_minor - servicing.deposited_minor
        return [Rejected(code=RejectCode.COLLECTION_NOT_DEPOSITED, detail=f"missing_minor={missing}")]
    deal = deal_of(servicing)
    result, after = _worked_out(deal, servicing, collection, ())
    if max([0, *result.figures.values()]) > MAX_INTEGER:
        return [Rejected(code=RejectCode.COLLECTION_INVALID, detail="a figure of the deal is too large")]

    state.change()
    draft = DealPayment(
        payment_id=DealPaymentId(make_id(header.sequence)),
        servicing_id=servicing.servicing_id,
        account_id=servicing.trustee_account_id,
        period=servicing.period,
        revision=1,
        state=DealPaymentState.PREPARED,
        collection_id=collection.collection_id,
        failed_supports=(),
        result=result,
        after=after,
        pay_ins=_called(servicing, result, ()),
        plan_sha256="",
        prepared_by=header.principal,
        prepared_at_ns=TimeNs(header.at_ns),
    )
    payment = _hashed(draft)
    state.put(payment)
    changed = put_servicing(state, servicing, payment_id=payment.payment_id)
    duties: list[Duty] = []
    events: list[Event] = []
    for duty in duties_of(state, servicing, DutyKind.COLLECTION, DutyKind.SHORTFALL_NOTICE):
        done, told = end_duty(state, duty, DutyState.DONE)
        duties.append(done)
        events += told
    more, told_too = _follow(state, header, changed, deal, payment)
    movement = move_and_tell(state, header, _concerned(changed, payment))
    prepared = PaymentPrepared(servicing=changed, payment=payment, duties=(*duties, *more), movement=movement)
    return [prepared, *events, *told_too]


def fund_payment(state: ExchangeState, header: Header, command: FundPayment) -> list[Event]:
    """Put what is owed with the collections; the next to act is whoever is left, or the trustee."""
    payment = state.table(DealPayment).get(command.payment_id)
    if payment is None:
        return [Rejected(code=RejectCode.PAYMENT_UNKNOWN)]
    if payment.state is not DealPaymentState.PREPARED:
        return [Rejected(code=RejectCode.PAYMENT_STATE, detail=payment.state)]
    called = next((one for one in payment.pay_ins if one.name == command.name), None)
    if called is None or called.funded_minor == called.amount_minor:
        return [Rejected(code=RejectCode.PAYMENT_NOT_CALLED)]
    if not_party(state, header, called.account_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.PAYMENT_NOT_PARTY)]
    if (refusal := refuse_stopped(state, called.account_id)) is not None:
        return [refusal]
    servicing = state.table(Servicing)[payment.servicing_id]
    amount = called.amount_minor - called.funded_minor
    if amount > state.ledger.available(called.account_id, servicing.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"amount_minor={amount}")]

    state.change()
    paid = tuple(
        msgspec.structs.replace(one, funded_minor=one.amount_minor) if one is called else one for one in payment.pay_ins
    )
    changed = msgspec.structs.replace(payment, pay_ins=paid)
    state.put(changed)
    legs: list[Leg] = [
        (called.account_id, servicing.money_asset_id, -amount),
        (servicing.collections_account_id, servicing.money_asset_id, amount),
    ]
    movement = move_and_tell(state, header, _concerned(servicing, changed), legs)
    duties, events = _follow(state, header, servicing, deal_of(servicing), changed)
    return [PaymentFunded(payment=changed, duties=duties, movement=movement), *events]


def approve_payment(state: ExchangeState, header: Header, command: ApprovePayment) -> list[Event]:
    """The trustee's second person agrees to what was worked out."""
    payment = state.table(DealPayment).get(command.payment_id)
    if payment is None:
        return [Rejected(code=RejectCode.PAYMENT_UNKNOWN)]
    if not_party(state, header, payment.account_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.PAYMENT_NOT_PARTY)]
    if payment.state is not DealPaymentState.PREPARED:
        return [Rejected(code=RejectCode.PAYMENT_STATE, detail=payment.state)]
    if header.principal == payment.prepared_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if command.plan_sha256 != payment.plan_sha256:
        return [Rejected(code=RejectCode.PAYMENT_CHANGED, detail=f"plan_sha256={payment.plan_sha256}")]
    if payment.missing_minor:
        return [Rejected(code=RejectCode.PAYMENT_NOT_FUNDED, detail=f"missing_minor={payment.missing_minor}")]

    state.change()
    changed = msgspec.structs.replace(payment, state=DealPaymentState.APPROVED, approved_by=header.principal)
    state.put(changed)
    servicing = state.table(Servicing)[payment.servicing_id]
    duties: list[Duty] = []
    events: list[Event] = []
    for duty in duties_of(state, servicing, DutyKind.PAY_INSTRUCTION):
        done, told = end_duty(state, duty, DutyState.DONE)
        duties.append(done)
        events += told
    movement = move_and_tell(state, header, _concerned(servicing, changed))
    return [PaymentApproved(payment=changed, duties=tuple(duties), movement=movement), *events]


def take_back(
    state: ExchangeState, header: Header, servicing: Servicing, reason: str
) -> tuple[DealPayment | None, tuple[Duty, ...], list[Leg], list[Event]]:
    """Withdraw the period's payment, if there is one: what was paid in goes back, and nobody is called any more."""
    del header
    payment = state.table(DealPayment).get(servicing.payment_id)
    if payment is None:
        return None, (), [], []
    ensure(payment.state in (DealPaymentState.PREPARED, DealPaymentState.APPROVED), "nothing was paid of it")
    withdrawn = msgspec.structs.replace(payment, state=DealPaymentState.WITHDRAWN, reason=reason)
    state.put(withdrawn)
    duties: list[Duty] = []
    events: list[Event] = []
    for duty in duties_of(state, servicing, *PAY_IN_DUTIES, DutyKind.PAY_INSTRUCTION):
        dropped, told = end_duty(state, duty, DutyState.DROPPED)
        duties.append(dropped)
        events += told
    return withdrawn, tuple(duties), _refunds(servicing, payment.pay_ins, ()), events


# --- Late -------------------------------------------------------------------------------------------------------------


def _duty_due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A duty is late: whoever comes next is on duty now."""
    duty = state.table(Duty)[timer.timer_id]
    late = msgspec.structs.replace(duty, state=DutyState.LATE)
    state.put(late)
    if duty.kind is DutyKind.DISCLOSURE:  # the deal may be over
        return [DutyLate(duty=late, movement=move_and_tell(state, header, (duty.account_id,)))]
    servicing = state.table(Servicing)[duty.servicing_id]
    deal = deal_of(servicing)
    if duty.kind is DutyKind.COLLECTION:
        following, events = open_duty(
            state, header, servicing, deal, DutyKind.SHORTFALL_NOTICE, servicing.trustee_account_id
        )
        movement = move_and_tell(state, header, parties_of(servicing))
        return [DutyLate(duty=late, duties=(following,), movement=movement), events]
    payment = state.table(DealPayment).get(servicing.payment_id)
    if duty.kind not in PAY_IN_DUTIES or payment is None or not is_support(deal, duty.subject):
        movement = move_and_tell(state, header, (*parties_of(servicing), duty.account_id))
        return [DutyLate(duty=late, movement=movement)]
    return _without(state, header, servicing, deal, payment, late)


timers.FIRINGS[TimerKind.DUTY_DUE] = _duty_due


def _without(
    state: ExchangeState, header: Header, servicing: Servicing, deal: Deal, payment: DealPayment, duty: Duty
) -> list[Event]:
    """Work the payment out again without the support that did not pay in, and call the next."""
    missed = msgspec.structs.replace(duty, state=DutyState.MISSED)
    state.put(missed)
    failed = (*payment.failed_supports, duty.subject)
    result, after = _worked_out(deal, servicing, state.table(Collection)[payment.collection_id], failed)
    called = _called(servicing, result, payment.pay_ins)
    legs = _refunds(servicing, payment.pay_ins, called)
    changed = _hashed(
        msgspec.structs.replace(
            payment,
            revision=payment.revision + 1,
            failed_supports=failed,
            result=result,
            after=after,
            pay_ins=called,
        )
    )
    state.put(changed)
    duties, events = _follow(state, header, servicing, deal, changed)
    movement = move_and_tell(state, header, _concerned(servicing, payment), legs)
    return [DutyLate(duty=missed, duties=duties, payment=changed, movement=movement), *events]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _worked_out(
    deal: Deal, servicing: Servicing, collection: Collection, failed: tuple[str, ...]
) -> tuple[PeriodResult, RunningDeal]:
    if collection.figures is None:
        raise InvariantBroken("a complete collection has its figures")
    pool = pool_period(collection.totals, collection.figures, servicing.repurchased_minor, failed)
    return next_period(deal, servicing.running, pool)


def _hashed(payment: DealPayment) -> DealPayment:
    """The payment with the hash of all that it will do: what is decided, not who decides it or what is paid in yet."""
    decided = (payment.servicing_id, payment.collection_id, payment.revision, payment.result, payment.after)
    return msgspec.structs.replace(payment, plan_sha256=hashlib.sha256(msgspec.msgpack.encode(decided)).hexdigest())


def _called(servicing: Servicing, result: PeriodResult, before: tuple[PayIn, ...]) -> tuple[PayIn, ...]:
    """Who has to pay in how much; what was paid in already counts, up to what is called."""
    accounts = {one.name: one.account_id for one in servicing.payees}
    funded = {one.name: one.funded_minor for one in before}
    return tuple(
        PayIn(
            name=name,
            account_id=accounts[name],
            amount_minor=Minor(amount),
            funded_minor=Minor(min(amount, funded.get(name, 0))),
        )
        for name, amount in pay_ins(result).items()
    )


def _refunds(servicing: Servicing, before: tuple[PayIn, ...], after: tuple[PayIn, ...]) -> list[Leg]:
    """What goes back of what was paid in."""
    kept = {one.name: one.funded_minor for one in after}
    legs: list[Leg] = []
    for one in before:
        back = one.funded_minor - kept.get(one.name, 0)
        if back:
            legs += [
                (servicing.collections_account_id, servicing.money_asset_id, -back),
                (one.account_id, servicing.money_asset_id, back),
            ]
    return legs


def _follow(
    state: ExchangeState, header: Header, servicing: Servicing, deal: Deal, payment: DealPayment
) -> tuple[tuple[Duty, ...], list[Event]]:
    """Let the duties say who has to pay in now, or that the trustee has to approve. Call after the line."""
    wanted = {one.name: one for one in payment.pay_ins if one.funded_minor < one.amount_minor}
    called = {one.name for one in payment.pay_ins}
    duties: list[Duty] = []
    events: list[Event] = []
    open_now = duties_of(state, servicing, *PAY_IN_DUTIES, DutyKind.PAY_INSTRUCTION)
    for duty in open_now:
        if duty.kind is DutyKind.PAY_INSTRUCTION or duty.subject in wanted:
            continue
        ended, told = end_duty(state, duty, DutyState.DONE if duty.subject in called else DutyState.DROPPED)
        duties.append(ended)
        events += told
    busy = {duty.subject for duty in open_now}
    for name, one in wanted.items():
        if name not in busy:
            kind = duty_to_pay_in(deal, name)
            duty, told_too = open_duty(state, header, servicing, deal, kind, one.account_id, name)
            duties.append(duty)
            events.append(told_too)
    if not wanted and not any(duty.kind is DutyKind.PAY_INSTRUCTION for duty in open_now):
        account_id = servicing.trustee_account_id
        duty, told_too = open_duty(state, header, servicing, deal, DutyKind.PAY_INSTRUCTION, account_id)
        duties.append(duty)
        events.append(told_too)
    return tuple(duties), events


def _concerned(servicing: Servicing, payment: DealPayment) -> tuple[AccountId, ...]:
    return tuple(dict.fromkeys((*parties_of(servicing), *(one.account_id for one in payment.pay_ins))))
