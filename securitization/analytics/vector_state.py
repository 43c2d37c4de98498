"""The state of a deal over all scenarios at once, and what its formulas are worth now, an array for each figure."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from securitization.analytics.arithmetic import Mask, Vector, rounded_product
from securitization.analytics.inputs import PoolScenarios
from securitization.deal import Deal
from securitization.deal_formulas import (
    PPM,
    FeesDue,
    Fixed,
    Formula,
    InAccount,
    Least,
    Less,
    Most,
    OfPool,
    OfSupport,
    OfTranches,
    PoolFigure,
    Share,
    Sum,
    SupportFigure,
    TargetOf,
    TrancheFigure,
    Tripped,
)
from securitization.deal_terms import Bullet, InterestOnly, PassThrough, Planned, Tranche


@dataclass(slots=True)
class Vectors:
    """A deal in one period of its life, in every scenario. Dictionaries are by name, arrays by scenario."""

    deal: Deal
    scenarios: int
    last: int
    pool: PoolScenarios
    tranches: dict[str, Tranche]
    balance: dict[str, Vector]
    interest_due: dict[str, Vector]
    accrued: dict[str, Vector]
    accounts: dict[str, Vector]
    fees: dict[str, Vector]
    hedges: dict[str, Vector]
    used: dict[str, Vector]
    owed: dict[str, Vector]
    support_interest: dict[str, Vector]
    strikes: dict[str, Vector]
    passes: dict[str, Vector]
    tripped: dict[str, Mask]
    windows: dict[str, list[tuple[Vector, Vector]]]
    severity: Vector
    cumulative_defaults: Vector
    invalidated_rights: Vector
    opening_balance: Vector
    number: int = 0

    @property
    def column(self) -> int:
        """The period's column in the inputs."""
        return self.number - 1

    def whole(self, value: int) -> Vector:
        """One value in every scenario."""
        return np.full(self.scenarios, value, dtype=np.int64)


def begin(deal: Deal, pool: PoolScenarios) -> Vectors:
    """A deal on its closing day, in every scenario."""
    count = pool.shape[0]

    def zeros(names: list[str]) -> dict[str, Vector]:
        return {name: np.zeros(count, dtype=np.int64) for name in names}

    tranches = [tranche.name for tranche in deal.tranches]
    supports, triggers = [support.name for support in deal.supports], [trigger.name for trigger in deal.triggers]
    return Vectors(
        deal=deal,
        scenarios=count,
        last=len(deal.periods),
        pool=pool.by_period(),
        tranches={tranche.name: tranche for tranche in deal.tranches},
        balance={tranche.name: np.full(count, tranche.face_minor, dtype=np.int64) for tranche in deal.tranches},
        interest_due=zeros(tranches),
        accrued=zeros(tranches),
        accounts={account.name: np.full(count, account.opening_minor, dtype=np.int64) for account in deal.accounts},
        fees=zeros([fee.name for fee in deal.fees]),
        hedges=zeros([hedge.name for hedge in deal.hedges]),
        used=zeros(supports),
        owed=zeros(supports),
        support_interest=zeros(supports),
        strikes=zeros(triggers),
        passes=zeros(triggers),
        tripped={name: np.zeros(count, dtype=np.bool_) for name in triggers},
        windows={name: [] for name in triggers},
        severity=np.zeros(count, dtype=np.int64),
        cumulative_defaults=np.zeros(count, dtype=np.int64),
        invalidated_rights=np.zeros(count, dtype=np.int64),
        opening_balance=np.full(count, deal.pool.initial_balance_minor, dtype=np.int64),
    )


def worth(now: Vectors, formula: Formula) -> Vector:
    """What a formula is worth now, in every scenario."""
    match formula:
        case Fixed():
            return now.whole(formula.amount_minor)
        case OfPool():
            return _pool_figure(now, formula.figure)
        case OfTranches():
            return _added([_tranche_figure(now, formula.figure, name) for name in formula.tranches])
        case FeesDue():
            return _added([now.fees[name] for name in formula.fees])
        case InAccount():
            return now.accounts[formula.account]
        case TargetOf():
            return target_of(now, formula.account)
        case OfSupport():
            return _support_figure(now, formula.support, formula.figure)
        case Tripped():
            return now.tripped[formula.trigger].astype(np.int64)
        case Share():
            return rounded_product(worth(now, formula.of), formula.rate_ppm, PPM, formula.rounding)
        case Sum():
            return _added([worth(now, inner) for inner in formula.of])
        case Less():
            less: Vector = np.maximum(0, worth(now, formula.of) - worth(now, formula.minus))
            return less
        case Least():
            return functools.reduce(np.minimum, [worth(now, inner) for inner in formula.of])
        case Most():
            return functools.reduce(np.maximum, [worth(now, inner) for inner in formula.of])


def target_of(now: Vectors, account: str) -> Vector:
    """What an account should hold now."""
    target = next(one.target for one in now.deal.accounts if one.name == account)
    return now.whole(0) if target is None or now.number == now.last else worth(now, target)


def available_of(now: Vectors, support: str) -> Vector:
    """What may be drawn on a support."""
    limit = next(one.limit_minor for one in now.deal.supports if one.name == support)
    failed = now.pool.failed_supports[support][:, now.column]
    return np.where(failed == 1, 0, limit - now.used[support])


def principal_due(now: Vectors, name: str) -> Vector:
    """The principal that is owed now and not merely welcome."""
    principal, balance = now.tranches[name].principal, now.balance[name]
    match principal:
        case Planned():
            return np.maximum(0, balance - principal.balances_minor[now.column])
        case Bullet():
            return balance if now.number >= principal.period else now.whole(0)
        case PassThrough():
            return balance if now.number == now.last else now.whole(0)
        case InterestOnly():
            return now.whole(0)


def can_take(now: Vectors, name: str, accelerated: bool) -> Vector:
    """The most principal that may be paid now."""
    principal = now.tranches[name].principal
    if accelerated or isinstance(principal, PassThrough):
        return now.balance[name]
    return principal_due(now, name)


def _added(values: list[Vector]) -> Vector:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _pool_figure(now: Vectors, figure: PoolFigure) -> Vector:
    pool, column = now.pool, now.column
    match figure:
        case PoolFigure.BALANCE:
            return pool.balance_minor[:, column]
        case PoolFigure.OPENING_BALANCE:
            return now.opening_balance
        case PoolFigure.INITIAL_BALANCE:
            return now.whole(now.deal.pool.initial_balance_minor)
        case PoolFigure.INTEREST:
            return pool.interest_minor[:, column]
        case PoolFigure.PRINCIPAL:
            return pool.principal_minor[:, column]
        case PoolFigure.RECOVERIES:
            return pool.recoveries_minor[:, column]
        case PoolFigure.COLLECTIONS:
            parts = pool.interest_minor[:, column] + pool.principal_minor[:, column]
            return parts + pool.recoveries_minor[:, column]
        case PoolFigure.DEFAULTS:
            return pool.defaults_minor[:, column]
        case PoolFigure.CUMULATIVE_DEFAULTS:
            return now.cumulative_defaults
        case PoolFigure.VALUATION:
            return pool.valuation_minor[:, column]
        case PoolFigure.INITIAL_VALUATION:
            return now.whole(now.deal.pool.initial_valuation_minor)
        case PoolFigure.INVALIDATED_RIGHTS:
            return now.invalidated_rights


def _tranche_figure(now: Vectors, figure: TrancheFigure, name: str) -> Vector:
    match figure:
        case TrancheFigure.FACE:
            return now.whole(now.tranches[name].face_minor)
        case TrancheFigure.BALANCE:
            return now.balance[name]
        case TrancheFigure.INTEREST_ACCRUED:
            return now.accrued[name]
        case TrancheFigure.INTEREST_DUE:
            return now.interest_due[name]
        case TrancheFigure.PRINCIPAL_DUE:
            return principal_due(now, name)


def _support_figure(now: Vectors, support: str, figure: SupportFigure) -> Vector:
    match figure:
        case SupportFigure.AVAILABLE:
            return available_of(now, support)
        case SupportFigure.OWED:
            return now.owed[support] + now.support_interest[support]
        case SupportFigure.FAILED:
            return now.pool.failed_supports[support][:, now.column]
