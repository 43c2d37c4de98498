"""The vectorised evaluator: one deal over many scenarios with 64-bit integers, scenario axis first.

The same steps at the same named roundings as `securitization.evaluate`, which is the specification: every payment and
every figure is equal to the minor unit. Before it runs it proves that nothing can overflow, or refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from securitization.analytics.arithmetic import Mask, Vector
from securitization.analytics.bounds import prove_bounds, reduced
from securitization.analytics.inputs import PoolScenarios, check_scenarios, from_periods
from securitization.analytics.vector_accruals import accrue
from securitization.analytics.vector_state import Vectors, begin, worth
from securitization.analytics.vector_steps import take_step
from securitization.deal import Deal, all_waterfalls
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.deal_triggers import SEVERITY, CheckPoint, Relation, Trigger
from securitization.explain import Kind, payment_key
from securitization.periods import PoolPeriod
from securitization.trigger import comparison


@dataclass(frozen=True, slots=True)
class VectorRun:
    """What a deal pays in every scenario. Arrays are (scenarios, periods).

    `payments` are by `explain.payment_key`, `figures` by the names of `PeriodResult.figures`; `status` counts in
    `SEVERITY`, 0 being normal.
    """

    payments: dict[str, Vector]
    figures: dict[str, Vector]
    status: Vector


def run_vectors(deal: Deal, pool: PoolScenarios) -> VectorRun | Problem:
    """Run a deal over scenarios.

    Refused: whatever `check_deal` refuses; vectors.shape, periods.value, vectors.overflow.
    """
    problem = next(iter(check_deal(deal)), None) or check_scenarios(deal, pool) or prove_bounds(deal, pool)
    return problem or run_proven(deal, pool)


def run_scenarios(deal: Deal, scenarios: Sequence[Sequence[PoolPeriod]]) -> VectorRun | Problem:
    """Run a deal over scenarios given as the plain evaluator takes them."""
    return run_vectors(deal, from_periods(deal, scenarios))


def run_proven(deal: Deal, pool: PoolScenarios) -> VectorRun:
    """Run a deal that was checked over scenarios whose bounds were proven (`prove_bounds`)."""
    now = begin(deal, pool)
    scenarios, periods = pool.shape
    payments: dict[str, Vector] = {}
    figures: dict[str, Vector] = {}
    # Written a period at a time, so periods are rows in memory; handed out as views with the scenario axis first.
    statuses = np.zeros((periods, scenarios), dtype=np.int64)
    for number in range(1, now.last + 1):
        told = _run_period(now, number)
        statuses[number - 1] = told.pop("status")
        for table, values in ((payments, told), (figures, _figures(now))):
            for key, value in values.items():
                if key not in table:
                    table[key] = np.zeros((periods, scenarios), dtype=np.int64)
                table[key][number - 1] = value
    return VectorRun(payments=_turned(payments), figures=_turned(figures), status=statuses.T)


def _turned(table: dict[str, Vector]) -> dict[str, Vector]:
    return {key: values.T for key, values in table.items()}


def _run_period(now: Vectors, number: int) -> dict[str, Vector]:
    _open(now, number)
    told = _collect(now) | accrue(now)
    _check(now, CheckPoint.COLLECTION)
    status = now.severity
    for named, steps in all_waterfalls(now.deal):
        concerned: Mask = status == SEVERITY.index(named)
        if not concerned.any():
            continue
        everywhere = bool(concerned.all())
        for place, step in enumerate(steps):
            for kind, to, amount in take_step(now, step, None if everywhere else concerned):
                told[payment_key(f"$.waterfalls.{named}[{place}]", kind, to)] = amount
    _check(now, CheckPoint.PAYMENT)
    told["status"] = status
    return told


def _open(now: Vectors, number: int) -> None:
    if number > 1:
        now.opening_balance = now.pool.balance_minor[:, number - 2]
    now.number = number
    now.cumulative_defaults = now.cumulative_defaults + now.pool.defaults_minor[:, number - 1]
    now.invalidated_rights = now.invalidated_rights + now.pool.invalidated_rights[:, number - 1]


def _collect(now: Vectors) -> dict[str, Vector]:
    into, told = now.deal.collections, dict[str, Vector]()
    for what, account, table in (
        ("interest", into.interest, now.pool.interest_minor),
        ("principal", into.principal, now.pool.principal_minor),
        ("recoveries", into.recoveries, now.pool.recoveries_minor),
    ):
        amount = table[:, now.column]
        now.accounts[account] = now.accounts[account] + amount
        told[payment_key(f"$.collections.{what}", Kind.COLLECTION, account)] = amount
    return told


def _check(now: Vectors, point: CheckPoint) -> None:
    """Check the triggers of one point in their order, then take the gravest status they lead to."""
    for trigger in now.deal.triggers:
        if trigger.checked is point:
            _check_one(now, trigger)
    severity = now.whole(0)
    for trigger in now.deal.triggers:
        led_to = SEVERITY.index(trigger.status)
        severity = np.where(now.tripped[trigger.name], np.maximum(severity, led_to), severity)
    now.severity = severity


def _check_one(now: Vectors, trigger: Trigger) -> None:
    name, test = trigger.name, comparison(trigger.test)
    window = now.windows[name]
    window.append((worth(now, test.left), worth(now, test.right)))
    del window[: -test.window]
    if len(window) < test.window:
        return
    left = np.sum([pair[0] for pair in window], axis=0)
    right = np.sum([pair[1] for pair in window], axis=0)
    failed = _fails(test.relation, left, right, test.ratio_ppm)
    strikes = np.where(failed, now.strikes[name] + 1, 0 if trigger.in_a_row else now.strikes[name])
    passes = np.where(failed, 0, now.passes[name] + 1)
    tripped = now.tripped[name] | (failed & (strikes >= trigger.strikes))
    if trigger.cure_after is not None:
        cured = now.tripped[name] & ~failed & (passes >= trigger.cure_after)
        tripped, strikes = tripped & ~cured, np.where(cured, 0, strikes)
    now.strikes[name], now.passes[name], now.tripped[name] = strikes, passes, tripped


def _fails(relation: Relation, left: Vector, right: Vector, ratio_ppm: int) -> Mask:
    numerator, denominator = reduced(ratio_ppm)
    one, other = left * denominator, right * numerator
    match relation:
        case Relation.BELOW:
            return one < other
        case Relation.AT_MOST:
            return one <= other
        case Relation.ABOVE:
            return one > other
        case Relation.AT_LEAST:
            return one >= other


def _figures(now: Vectors) -> dict[str, Vector]:
    figures: dict[str, Vector] = {}
    for name in now.tranches:
        figures[f"tranche.{name}.balance"] = now.balance[name]
        figures[f"tranche.{name}.interest_due"] = now.interest_due[name]
    figures |= {f"account.{name}": amount for name, amount in now.accounts.items()}
    figures |= {f"fee.{name}.due": due for name, due in now.fees.items()}
    figures |= {f"hedge.{name}.due": due for name, due in now.hedges.items()}
    for name in now.used:
        figures[f"support.{name}.used"] = now.used[name]
        figures[f"support.{name}.owed"] = now.owed[name]
        figures[f"support.{name}.interest_due"] = now.support_interest[name]
    for name, strikes in now.strikes.items():
        figures[f"trigger.{name}.strikes"] = strikes
        figures[f"trigger.{name}.tripped"] = now.tripped[name].astype(np.int64)
    return figures
