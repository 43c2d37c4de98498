"""The state of a deal while it is run, and what its formulas are worth now, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from exchange.core.rejections import InvariantBroken
from exchange.core.units import div_ceil, div_floor, div_half_even
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
    Rounding,
    Share,
    Sum,
    SupportFigure,
    TargetOf,
    TrancheFigure,
    Tripped,
)
from securitization.deal_terms import Account, Fee, Hedge, Support, Tranche
from securitization.deal_triggers import Status
from securitization.explain import Reason, Rule
from securitization.periods import PoolPeriod
from securitization.tranche import principal_due_minor
from securitization.trigger import TriggerState

NOTHING = Reason(rule=Rule.CARRIED, value=0)


@dataclass(slots=True)
class TrancheState:
    """A tranche now. Units: minor."""

    terms: Tranche
    balance: int
    interest_due: int = 0
    accrued: int = 0
    why_due: Reason = NOTHING


@dataclass(slots=True)
class Due:
    """What is owed of a fee or to a hedge's counterparty, and why."""

    amount: int = 0
    why: Reason = NOTHING


@dataclass(slots=True)
class SupportState:
    """A support now: how much of its limit is used, what is owed back."""

    terms: Support
    used: int = 0
    owed: int = 0
    interest_due: int = 0
    failed: bool = False

    @property
    def available(self) -> int:
        """What may be drawn."""
        return 0 if self.failed else self.terms.limit_minor - self.used


@dataclass(slots=True)
class Running:
    """A deal in one period of its life."""

    deal: Deal
    pool: PoolPeriod
    accounts: dict[str, int]
    targets: dict[str, Account]
    tranches: dict[str, TrancheState]
    fee_terms: dict[str, Fee]
    fees: dict[str, Due]
    hedge_terms: dict[str, Hedge]
    hedges: dict[str, Due]
    supports: dict[str, SupportState]
    triggers: dict[str, TriggerState]
    windows: dict[str, list[tuple[int, int]]]
    opening_balance: int
    number: int = 0
    status: Status = Status.NORMAL
    cumulative_defaults: int = 0
    invalidated_rights: int = 0
    pool_figures: dict[PoolFigure, int] = field(default_factory=dict[PoolFigure, int])

    @property
    def last(self) -> int:
        """The last period's number."""
        return len(self.deal.periods)


def begin(deal: Deal, first: PoolPeriod) -> Running:
    """A deal on its closing day."""
    return Running(
        deal=deal,
        pool=first,
        accounts={account.name: account.opening_minor for account in deal.accounts},
        targets={account.name: account for account in deal.accounts},
        tranches={tranche.name: TrancheState(tranche, tranche.face_minor) for tranche in deal.tranches},
        fee_terms={fee.name: fee for fee in deal.fees},
        fees={fee.name: Due() for fee in deal.fees},
        hedge_terms={hedge.name: hedge for hedge in deal.hedges},
        hedges={hedge.name: Due() for hedge in deal.hedges},
        supports={support.name: SupportState(support) for support in deal.supports},
        triggers={trigger.name: TriggerState() for trigger in deal.triggers},
        windows={trigger.name: [] for trigger in deal.triggers},
        opening_balance=deal.pool.initial_balance_minor,
    )


def open_period(now: Running, number: int, pool: PoolPeriod) -> None:
    """Take in the pool's figures of a period."""
    if number > 1:
        now.opening_balance = now.pool.balance_minor
    now.number, now.pool = number, pool
    now.cumulative_defaults += pool.defaults_minor
    now.invalidated_rights += pool.invalidated_rights
    for name, support in now.supports.items():
        support.failed = name in pool.failed_supports
    now.pool_figures = {
        PoolFigure.BALANCE: pool.balance_minor,
        PoolFigure.OPENING_BALANCE: now.opening_balance,
        PoolFigure.INITIAL_BALANCE: now.deal.pool.initial_balance_minor,
        PoolFigure.INTEREST: pool.interest_minor,
        PoolFigure.PRINCIPAL: pool.principal_minor,
        PoolFigure.RECOVERIES: pool.recoveries_minor,
        PoolFigure.COLLECTIONS: pool.collections_minor,
        PoolFigure.DEFAULTS: pool.defaults_minor,
        PoolFigure.CUMULATIVE_DEFAULTS: now.cumulative_defaults,
        PoolFigure.VALUATION: pool.valuation_minor,
        PoolFigure.INITIAL_VALUATION: now.deal.pool.initial_valuation_minor,
        PoolFigure.INVALIDATED_RIGHTS: now.invalidated_rights,
    }


def worth(now: Running, formula: Formula) -> Reason:
    """What a formula is worth now, and why."""
    match formula:
        case Fixed():
            return Reason(rule=Rule.AMOUNT, value=formula.amount_minor)
        case OfPool():
            return Reason(rule=Rule.POOL, value=now.pool_figures[formula.figure], subject=formula.figure)
        case OfTranches():
            figures = tuple((name, _tranche_figure(now, formula.figure, name)) for name in formula.tranches)
            total = sum(value for _, value in figures)
            return Reason(rule=Rule.TRANCHES, value=total, subject=formula.figure, figures=figures)
        case FeesDue():
            figures = tuple((name, now.fees[name].amount) for name in formula.fees)
            return Reason(rule=Rule.FEES_DUE, value=sum(value for _, value in figures), figures=figures)
        case InAccount():
            return Reason(rule=Rule.ACCOUNT, value=now.accounts[formula.account], subject=formula.account)
        case TargetOf():
            return target_of(now, formula.account)
        case OfSupport():
            value = _support_figure(now.supports[formula.support], formula.figure)
            return Reason(rule=Rule.SUPPORT, value=value, subject=formula.support, figures=((formula.figure, value),))
        case Tripped():
            value = int(now.triggers[formula.trigger].tripped)
            return Reason(rule=Rule.TRIPPED, value=value, subject=formula.trigger)
        case Share():
            return _share(formula, worth(now, formula.of))
        case Sum():
            parts = tuple(worth(now, inner) for inner in formula.of)
            return Reason(rule=Rule.SUM, value=sum(part.value for part in parts), parts=parts)
        case Less():
            whole, minus = worth(now, formula.of), worth(now, formula.minus)
            return Reason(rule=Rule.LESS, value=max(0, whole.value - minus.value), parts=(whole, minus))
        case Least():
            parts = tuple(worth(now, inner) for inner in formula.of)
            return Reason(rule=Rule.LEAST, value=min(part.value for part in parts), parts=parts)
        case Most():
            parts = tuple(worth(now, inner) for inner in formula.of)
            return Reason(rule=Rule.MOST, value=max(part.value for part in parts), parts=parts)


def target_of(now: Running, account: str) -> Reason:
    """What an account should hold now."""
    formula = now.targets[account].target
    if formula is None:
        raise InvariantBroken("a checked deal asks for targets of reserves only")
    if now.number == now.last:
        return Reason(rule=Rule.LAST_TARGET, value=0, subject=account)
    inner = worth(now, formula)
    return Reason(rule=Rule.TARGET, value=inner.value, subject=account, parts=(inner,))


def _share(formula: Share, whole: Reason) -> Reason:
    divide = {Rounding.FLOOR: div_floor, Rounding.HALF_EVEN: div_half_even, Rounding.CEIL: div_ceil}[formula.rounding]
    value = divide(whole.value * formula.rate_ppm, PPM)
    figures = (("rate_ppm", formula.rate_ppm),)
    return Reason(rule=Rule.SHARE, value=value, subject=formula.rounding, figures=figures, parts=(whole,))


def _tranche_figure(now: Running, figure: TrancheFigure, name: str) -> int:
    state = now.tranches[name]
    match figure:
        case TrancheFigure.FACE:
            return state.terms.face_minor
        case TrancheFigure.BALANCE:
            return state.balance
        case TrancheFigure.INTEREST_ACCRUED:
            return state.accrued
        case TrancheFigure.INTEREST_DUE:
            return state.interest_due
        case TrancheFigure.PRINCIPAL_DUE:
            return principal_due_minor(state.terms, state.balance, now.number, now.last)


def _support_figure(state: SupportState, figure: SupportFigure) -> int:
    match figure:
        case SupportFigure.AVAILABLE:
            return state.available
        case SupportFigure.OWED:
            return state.owed + state.interest_due
        case SupportFigure.FAILED:
            return int(state.failed)
