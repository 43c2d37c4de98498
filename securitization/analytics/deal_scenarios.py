"""A deal's file as the function the analytics ask for: whole collections in, what each class is paid out.

The vectorised evaluator does it, some scenarios at a time; `periods_of` writes one scenario as the plain evaluator
reads it, which gives the reasons of every amount, and must give the same amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from securitization.analytics.bounds import prove_bounds
from securitization.analytics.cashflows import Whole, WholeFlows
from securitization.analytics.inputs import AMOUNTS, PoolScenarios, check_scenarios
from securitization.analytics.measures import TrancheFlows
from securitization.analytics.pool_file import Joined
from securitization.analytics.stress import Collected
from securitization.analytics.vectors import VectorRun, run_proven
from securitization.deal import Deal
from securitization.deal_problems import DealRefused
from securitization.deal_terms import Tranche
from securitization.explain import Kind
from securitization.periods import PoolPeriod

AT_ONCE = 1 << 14
"""Scenarios evaluated at a time, so that the tables of all payments fit in memory."""


def by_rank(deal: Deal) -> list[Tranche]:
    """The classes, the most senior first; equals in the order of the file."""
    return sorted(deal.tranches, key=lambda tranche: tranche.seniority)


def scenarios_of(told: Joined, given: Collected) -> PoolScenarios:
    """What the deal is given in every scenario: projected collections, and the pool's other figures as its file says.

    Each patent that falls takes an equal part of the valuation away, rounded down.
    """
    pool, flows = told.pool, given.pool
    shape = flows.interest.shape

    def every(figures: Sequence[int]) -> Whole:
        return np.broadcast_to(np.array(figures, dtype=np.int64), shape).copy()

    valuation = every(pool.valuation_minor)
    fallen = np.cumsum(given.invalidated_rights, axis=1)
    lost = valuation // max(1, len(pool.patents)) * fallen
    failed = {support.name: np.zeros(shape, dtype=np.int64) for support in told.deal.supports}
    return PoolScenarios(
        interest_minor=flows.interest,
        principal_minor=flows.principal,
        recoveries_minor=flows.recoveries,
        defaults_minor=flows.defaults,
        balance_minor=flows.balance,
        valuation_minor=valuation - lost,
        invalidated_rights=given.invalidated_rights,
        rates_ppm={name: every(rates) for name, rates in pool.rates_ppm.items()},
        events={name: every(counts) for name, counts in pool.events.items()},
        failed_supports=failed | dict.fromkeys(pool.guarantees, given.guarantor_failed),
    )


def evaluate(told: Joined, given: Collected) -> list[TrancheFlows]:
    """What each class of the deal is paid in every scenario, the most senior first. The deal was checked.

    Refused: periods.value, vectors.overflow.
    Raises: DealRefused.
    """
    count = len(given.pool.interest)
    blocks = [_evaluated(told, _some(given, slice(at, at + AT_ONCE))) for at in range(0, count, AT_ONCE)]
    return [
        TrancheFlows(
            parts[0].name,
            parts[0].opening,
            np.concatenate([part.interest for part in parts]),
            np.concatenate([part.principal for part in parts]),
        )
        for parts in zip(*blocks, strict=True)
    ]


def evaluate_failed(told: Joined, given: Collected) -> list[TrancheFlows]:
    """The same, where the guarantor has failed before the first period."""
    return evaluate(told, replace(given, guarantor_failed=np.ones_like(given.guarantor_failed)))


def flows_of(deal: Deal, run: VectorRun) -> list[TrancheFlows]:
    """A run as flows of its classes: the residual counts as interest, interest added to principal as paid and lent on.

    So a class's balance is what it is owed, and what was written off stays owed to it.
    """
    shape = run.status.shape
    paid = {(tranche.name, kind): np.zeros(shape, dtype=np.int64) for tranche in deal.tranches for kind in Kind}
    for key, amounts in run.payments.items():
        _, kind, to = key.rsplit(":", 2)
        if (to, Kind(kind)) in paid:
            paid[to, Kind(kind)] += amounts
    told = []
    for tranche in by_rank(deal):
        interest, residual, principal, lent = (
            paid[tranche.name, kind] for kind in (Kind.INTEREST, Kind.RESIDUAL, Kind.PRINCIPAL, Kind.CAPITALISED)
        )
        told.append(TrancheFlows(tranche.name, tranche.face_minor, interest + residual + lent, principal - lent))
    return told


def periods_of(pool: PoolScenarios, scenario: int) -> list[PoolPeriod]:
    """One scenario as the plain evaluator reads it."""
    return [
        PoolPeriod(
            **{name: int(getattr(pool, name)[scenario, column]) for name in AMOUNTS},
            rates_ppm={name: int(rates[scenario, column]) for name, rates in pool.rates_ppm.items()},
            events={name: int(counts[scenario, column]) for name, counts in pool.events.items()},
            failed_supports=tuple(name for name, flags in pool.failed_supports.items() if flags[scenario, column]),
        )
        for column in range(pool.shape[1])
    ]


def _evaluated(told: Joined, given: Collected) -> list[TrancheFlows]:
    pool = scenarios_of(told, given)
    problem = check_scenarios(told.deal, pool) or prove_bounds(told.deal, pool)
    if problem is not None:
        raise DealRefused(problem)
    return flows_of(told.deal, run_proven(told.deal, pool))


def _some(given: Collected, of: slice) -> Collected:
    flows = given.pool
    tables = (flows.interest, flows.scheduled, flows.prepaid, flows.defaults, flows.recoveries, flows.balance)
    pool = WholeFlows(flows.opening, *(table[of] for table in tables))
    return Collected(pool, given.invalidated_rights[of], given.guarantor_failed[of])
