"""One step of a waterfall in every scenario that is in its status; the others stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from securitization.analytics.arithmetic import (
    Mask,
    Vector,
    by_shares_vectors,
    in_order_vectors,
    pro_rata_vectors,
)
from securitization.analytics.vector_state import Vectors, available_of, can_take, principal_due, target_of, worth
from securitization.deal_formulas import Formula
from securitization.deal_steps import (
    FromAccount,
    FundReserve,
    Order,
    PayFees,
    PayHedges,
    PayInterest,
    PayPrincipal,
    PayResidual,
    PrincipalOrder,
    ReleaseReserve,
    RepaySupports,
    Step,
    TopUp,
    Transfer,
    WriteOff,
)
from securitization.explain import Kind

Told = list[tuple[Kind, str, Vector]]
"""What a step did: kind, name, and the amount in every scenario."""


def take_step(now: Vectors, step: Step, concerned: Mask | None) -> Told:
    """Do one step where `concerned`, or everywhere if it is None."""
    match step:
        case PayFees():
            available = _available(now, step.from_account, step.limit, concerned)
            return _pay(now, Kind.FEE, step.from_account, step.fees, now.fees, available, step.order)
        case PayHedges():
            available = _available(now, step.from_account, None, concerned)
            return _pay(now, Kind.HEDGE, step.from_account, step.hedges, now.hedges, available, Order.SEQUENTIAL)
        case PayInterest():
            available = _available(now, step.from_account, None, concerned)
            return _pay(now, Kind.INTEREST, step.from_account, step.tranches, now.interest_due, available, step.order)
        case PayPrincipal():
            return _pay_principal(now, step, concerned)
        case PayResidual():
            left = _available(now, step.from_account, None, concerned)
            _take(now, step.from_account, left)
            return [(Kind.RESIDUAL, step.tranche, left)]
        case FundReserve():
            missing = np.maximum(0, target_of(now, step.account) - now.accounts[step.account])
            amount = np.minimum(_available(now, step.from_account, None, concerned), missing)
            return _move(now, Kind.RESERVE, step.from_account, step.account, amount)
        case ReleaseReserve():
            excess = np.maximum(0, now.accounts[step.account] - target_of(now, step.account))
            return _move(now, Kind.RELEASE, step.account, step.to_account, _where(concerned, excess))
        case Transfer():
            available = _available(now, step.from_account, step.limit, concerned)
            return _move(now, Kind.TRANSFER, step.from_account, step.to_account, available)
        case TopUp():
            return _top_up(now, step, concerned)
        case RepaySupports():
            return _repay(now, step, concerned)
        case WriteOff():
            loss = _where(concerned, worth(now, step.amount))
            lost = in_order_vectors(loss, [now.balance[name] for name in step.tranches])
            for name, amount in zip(step.tranches, lost, strict=True):
                now.balance[name] = now.balance[name] - amount
            return [(Kind.WRITE_OFF, name, amount) for name, amount in zip(step.tranches, lost, strict=True)]


def _where(concerned: Mask | None, amount: Vector) -> Vector:
    return amount if concerned is None else np.where(concerned, amount, 0)


def _available(now: Vectors, account: str, limit: Formula | None, concerned: Mask | None) -> Vector:
    balance = now.accounts[account]
    return _where(concerned, balance if limit is None else np.minimum(balance, worth(now, limit)))


def _take(now: Vectors, account: str, amount: Vector) -> None:
    now.accounts[account] = now.accounts[account] - amount


def _move(now: Vectors, kind: Kind, source: str, destination: str, amount: Vector) -> Told:
    _take(now, source, amount)
    now.accounts[destination] = now.accounts[destination] + amount
    return [(kind, destination, amount)]


def _pay(
    now: Vectors,
    kind: Kind,
    account: str,
    names: Sequence[str],
    dues: dict[str, Vector],
    available: Vector,
    order: Order,
) -> Told:
    amounts = [dues[name] for name in names]
    split = in_order_vectors if order is Order.SEQUENTIAL else pro_rata_vectors
    told: Told = []
    for name, paid in zip(names, split(available, amounts), strict=True):
        dues[name] = dues[name] - paid
        _take(now, account, paid)
        told.append((kind, name, paid))
    return told


def _pay_principal(now: Vectors, step: PayPrincipal, concerned: Mask | None) -> Told:
    available = _available(now, step.from_account, step.limit, concerned)
    takes = [can_take(now, name, step.accelerated) for name in step.tranches]
    match step.order:
        case PrincipalOrder.SEQUENTIAL:
            paid = in_order_vectors(available, takes)
        case PrincipalOrder.PRO_RATA:
            paid = pro_rata_vectors(available, takes)
        case PrincipalOrder.SHARES:
            paid = by_shares_vectors(available, step.shares_ppm, takes)
    told: Told = []
    for name, amount in zip(step.tranches, paid, strict=True):
        now.balance[name] = now.balance[name] - amount
        _take(now, step.from_account, amount)
        told.append((Kind.PRINCIPAL, name, amount))
    return told


def _top_up(now: Vectors, step: TopUp, concerned: Mask | None) -> Told:
    dues = [now.fees[name] for name in step.fees]
    dues += [now.hedges[name] for name in step.hedges]
    dues += [now.interest_due[name] for name in step.interest]
    dues += [principal_due(now, name) for name in step.principal]
    missing = _where(concerned, np.maximum(0, np.sum(dues, axis=0) - now.accounts[step.to_account]))
    told: Told = []
    for source in step.sources:
        if isinstance(source, FromAccount):
            amount = np.minimum(missing, now.accounts[source.account])
            _take(now, source.account, amount)
            told.append((Kind.ACCOUNT_DRAW, source.account, amount))
        else:
            name = source.support
            amount = np.minimum(missing, available_of(now, name))
            now.used[name] = now.used[name] + amount
            if next(support.recourse for support in now.deal.supports if support.name == name):
                now.owed[name] = now.owed[name] + amount
            told.append((Kind.SUPPORT_DRAW, name, amount))
        now.accounts[step.to_account] = now.accounts[step.to_account] + amount
        missing = missing - amount
    return told


def _repay(now: Vectors, step: RepaySupports, concerned: Mask | None) -> Told:
    told: Told = []
    for name in step.supports:
        interest = np.minimum(_available(now, step.from_account, None, concerned), now.support_interest[name])
        _take(now, step.from_account, interest)
        now.support_interest[name] = now.support_interest[name] - interest
        principal = np.minimum(_available(now, step.from_account, None, concerned), now.owed[name])
        _take(now, step.from_account, principal)
        now.owed[name] = now.owed[name] - principal
        if next(support.restores for support in now.deal.supports if support.name == name):
            now.used[name] = now.used[name] - principal
        told += [(Kind.SUPPORT_INTEREST, name, interest), (Kind.SUPPORT_PRINCIPAL, name, principal)]
    return told
