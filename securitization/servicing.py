"""Servicing an issued deal: what a period's collections come to, what a payment moves, when who has to do what.

The waterfall decides the amounts (`evaluate`); this file says between whom they move, and checks nothing twice: every
payment of a period becomes one flow, and the flows of a class are its *pot*, which its holders of record share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from securitization.deal import Deal, all_waterfalls
from securitization.deal_steps import PayResidual
from securitization.deal_terms import InterestOnly, SupportKind
from securitization.evaluate import run_period
from securitization.explain import Kind, Payment, PeriodResult
from securitization.issue_messages import RunningDeal
from securitization.periods import PoolPeriod
from securitization.running import begin
from securitization.servicing_records import Calendar, CollectionRow, CollectionTotals, DutyKind, PeriodFigures
from securitization.stored import restore, store

TO_HOLDERS = (Kind.INTEREST, Kind.PRINCIPAL, Kind.RESIDUAL)
TO_PAYEES = (Kind.FEE, Kind.HEDGE, Kind.SUPPORT_INTEREST, Kind.SUPPORT_PRINCIPAL)
PAID_IN = (Kind.SUPPORT_DRAW, Kind.HEDGE_RECEIPT)
BETWEEN = (Kind.RESERVE, Kind.RELEASE, Kind.TRANSFER)
ON_PAPER = (Kind.CAPITALISED, Kind.WRITE_OFF)
"""These change what is owed and move no money."""


class Place(NamedTuple):
    """Where money comes from or goes to: `account` of the deal, `party` under its name in the text, `class`, or the
    period's `collections`."""

    what: str
    name: str = ""


class Flow(NamedTuple):
    """One amount from one place to another, and the payment of the waterfall it is."""

    source: Place
    target: Place
    amount_minor: int


# --- Collections ------------------------------------------------------------------------------------------------------

NO_ROWS = CollectionTotals()


def with_rows(totals: CollectionTotals, rows: Iterable[CollectionRow]) -> CollectionTotals:
    """The totals with some rows more."""
    kept = list(rows)
    return CollectionTotals(
        interest_minor=totals.interest_minor + sum(row.interest_minor for row in kept),
        principal_minor=totals.principal_minor + sum(row.principal_minor for row in kept),
        prepayment_minor=totals.prepayment_minor + sum(row.prepayment_minor for row in kept),
        default_minor=totals.default_minor + sum(row.default_minor for row in kept),
        recovery_minor=totals.recovery_minor + sum(row.recovery_minor for row in kept),
        balance_minor=totals.balance_minor + sum(row.balance_minor for row in kept),
    )


def pool_period(
    totals: CollectionTotals, figures: PeriodFigures, repurchased_minor: int, failed: Iterable[str]
) -> PoolPeriod:
    """What the evaluator is given of a period: prepayments and repurchases are principal."""
    return PoolPeriod(
        interest_minor=totals.interest_minor,
        principal_minor=totals.principal_minor + totals.prepayment_minor + repurchased_minor,
        recoveries_minor=totals.recovery_minor,
        defaults_minor=totals.default_minor,
        balance_minor=totals.balance_minor,
        valuation_minor=figures.valuation_minor,
        invalidated_rights=figures.invalidated_rights,
        rates_ppm={rate.name: rate.value for rate in figures.rates_ppm},
        events={event.name: event.value for event in figures.events},
        failed_supports=tuple(failed),
    )


# --- A payment --------------------------------------------------------------------------------------------------------


def flow_of(payment: Payment) -> Flow | None:
    """From where to where a payment moves, or nothing if it moves no money."""
    account, to, amount = Place("account", payment.account), payment.to, payment.amount_minor
    if not amount or payment.kind in ON_PAPER:
        return None
    if payment.kind is Kind.COLLECTION:
        return Flow(Place("collections"), account, amount)
    if payment.kind in PAID_IN:
        return Flow(Place("party", to), account, amount)
    if payment.kind in TO_PAYEES:
        return Flow(account, Place("party", to), amount)
    if payment.kind in TO_HOLDERS:
        return Flow(account, Place("class", to), amount)
    if payment.kind is Kind.ACCOUNT_DRAW:
        return Flow(Place("account", to), account, amount)
    return Flow(account, Place("account", to), amount)


def flows(result: PeriodResult) -> list[Flow]:
    """Every flow of a period, in the order of the waterfall."""
    return [flow for payment in result.payments if (flow := flow_of(payment)) is not None]


def pay_ins(result: PeriodResult) -> dict[str, int]:
    """What each support and hedge has to pay in, by name, in the order in which it is drawn."""
    found: dict[str, int] = {}
    for flow in flows(result):
        if flow.source.what == "party":
            found[flow.source.name] = found.get(flow.source.name, 0) + flow.amount_minor
    return found


def pots(deal: Deal, result: PeriodResult) -> dict[str, int]:
    """What the holders of each class get together, by class, in the order of the deal's text."""
    found = {tranche.name: 0 for tranche in deal.tranches}
    for flow in flows(result):
        if flow.target.what == "class":
            found[flow.target.name] += flow.amount_minor
    return found


def payments_of_class(result: PeriodResult, name: str) -> list[Payment]:
    """What makes up a class's pot, each payment with its reasons."""
    return [payment for payment in result.payments if payment.kind in TO_HOLDERS and payment.to == name]


def is_over(deal: Deal, after: RunningDeal) -> bool:
    """Whether a deal pays no more: its periods are over, or nothing is owed and nothing left."""
    owed = sum(tranche.balance + tranche.interest_due for tranche in after.tranches)
    return after.period == len(deal.periods) or (not owed and not any(one.amount for one in after.accounts))


def is_unpaid(after: RunningDeal) -> bool:
    """Whether a class is still owed something."""
    return any(tranche.balance or tranche.interest_due for tranche in after.tranches)


def redeemed(deal: Deal, after: RunningDeal) -> list[str]:
    """The classes that are at zero and get nothing more: their notes end with this payment."""
    left = {tranche.name: tranche.balance + tranche.interest_due for tranche in after.tranches}
    residual = {step.tranche for _, steps in all_waterfalls(deal) for step in steps if isinstance(step, PayResidual)}
    over = is_over(deal, after)
    waits = {tranche.name for tranche in deal.tranches if isinstance(tranche.principal, InterestOnly)} | residual
    return [tranche.name for tranche in deal.tranches if not left[tranche.name] and (over or tranche.name not in waits)]


def next_period(deal: Deal, stored: RunningDeal, pool: PoolPeriod) -> tuple[PeriodResult, RunningDeal]:
    """Run the period after the stored one: what it pays, and the deal as it is put down after it."""
    now = restore(deal, stored) if stored.period else begin(deal, pool)
    result = run_period(now, stored.period + 1, pool)
    return result, store(now, stored)


# --- The calendar -----------------------------------------------------------------------------------------------------


def due_date(deal: Deal, number: int, calendar: Calendar, kind: DutyKind) -> date:
    """By the end of which day a duty of a period is to be done: so many days before its payment date, or after it."""
    days = {
        DutyKind.COLLECTION: calendar.collection_days,
        DutyKind.SHORTFALL_NOTICE: calendar.shortfall_notice_days,
        DutyKind.TOP_UP: calendar.top_up_days,
        DutyKind.GUARANTEE_CALL: calendar.guarantee_call_days,
        DutyKind.PAY_INSTRUCTION: calendar.pay_instruction_days,
        DutyKind.DISCLOSURE: -calendar.disclosure_days,
    }[kind]
    return date.fromisoformat(deal.periods[number - 1].payment_date) - timedelta(days=days)


def duty_to_pay_in(deal: Deal, name: str) -> DutyKind:
    """Which duty the payer of a support or hedge has: a guarantor is called last."""
    kinds = {support.name: support.kind for support in deal.supports}
    return DutyKind.GUARANTEE_CALL if kinds.get(name) is SupportKind.GUARANTEE else DutyKind.TOP_UP


def is_support(deal: Deal, name: str) -> bool:
    """Whether a name is a support's; if it does not pay, the waterfall goes on without it."""
    return any(support.name == name for support in deal.supports)


def sorted_keys(rows: Sequence[CollectionRow], after: str) -> bool:
    """Whether the rows' keys rise, from after the last one on: so none stands twice."""
    last = after
    for row in rows:
        if row.key <= last:
            return False
        last = row.key
    return True
