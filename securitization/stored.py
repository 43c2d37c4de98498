"""The running deal kept and taken up again: stored values for the tables, the working state for the evaluator."""

from __future__ import annotations

import msgspec

from securitization.deal import Deal
from securitization.deal_terms import FixedCoupon
from securitization.issue_messages import (
    NO_RATE,
    Issue,
    RunningDeal,
    StatusChange,
    StoredDue,
    StoredSupport,
    StoredTranche,
    StoredTrigger,
)
from securitization.periods import PoolPeriod
from securitization.running import Due, Running, SupportState, TrancheState, begin

NO_PERIOD = PoolPeriod(
    interest_minor=0, principal_minor=0, recoveries_minor=0, defaults_minor=0, balance_minor=0, valuation_minor=0
)


def issued_deal(deal: Deal, issue: Issue) -> Deal:
    """The published deal with the coupons that the book found."""
    rates = {each.name: each.rate_ppm for each in issue.classes if each.rate_ppm != NO_RATE}
    tranches = tuple(
        msgspec.structs.replace(tranche, coupon=FixedCoupon(rate_ppm=rates[tranche.name]))
        if tranche.name in rates
        else tranche
        for tranche in deal.tranches
    )
    return msgspec.structs.replace(deal, tranches=tranches)


def store(now: Running, before: RunningDeal | None = None) -> RunningDeal:
    """The running deal as values; its history goes on from `before`."""
    history = before.history if before is not None else ()
    if not history or history[-1].status is not now.status:
        history = (*history, StatusChange(period=now.number, status=now.status))
    return RunningDeal(
        period=now.number,
        status=now.status,
        accounts=tuple(StoredDue(name=name, amount=amount) for name, amount in now.accounts.items()),
        tranches=tuple(
            StoredTranche(name=name, balance=each.balance, interest_due=each.interest_due, accrued=each.accrued)
            for name, each in now.tranches.items()
        ),
        fees=tuple(StoredDue(name=name, amount=due.amount) for name, due in now.fees.items()),
        hedges=tuple(StoredDue(name=name, amount=due.amount) for name, due in now.hedges.items()),
        supports=tuple(
            StoredSupport(name=name, used=each.used, owed=each.owed, interest_due=each.interest_due, failed=each.failed)
            for name, each in now.supports.items()
        ),
        triggers=tuple(
            StoredTrigger(name=name, state=state, window=tuple(now.windows[name]))
            for name, state in now.triggers.items()
        ),
        opening_balance=now.opening_balance,
        cumulative_defaults=now.cumulative_defaults,
        invalidated_rights=now.invalidated_rights,
        pool=(now.pool,) if now.number else (),
        history=history,
    )


def restore(deal: Deal, stored: RunningDeal) -> Running:
    """The working state as the last period left it; `deal` is the issued one."""
    now = begin(deal, stored.pool[0] if stored.pool else NO_PERIOD)
    now.number, now.status = stored.period, stored.status
    now.accounts = {each.name: each.amount for each in stored.accounts}
    now.tranches = {
        each.name: TrancheState(now.tranches[each.name].terms, each.balance, each.interest_due, each.accrued)
        for each in stored.tranches
    }
    now.fees = {each.name: Due(each.amount) for each in stored.fees}
    now.hedges = {each.name: Due(each.amount) for each in stored.hedges}
    now.supports = {
        each.name: SupportState(now.supports[each.name].terms, each.used, each.owed, each.interest_due, each.failed)
        for each in stored.supports
    }
    now.triggers = {each.name: each.state for each in stored.triggers}
    now.windows = {each.name: list(each.window) for each in stored.triggers}
    now.opening_balance = stored.opening_balance
    now.cumulative_defaults = stored.cumulative_defaults
    now.invalidated_rights = stored.invalidated_rights
    return now
