"""Holds the two evaluators against each other: the same deal, the same pools, every payment and figure to the unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from securitization.analytics.vectors import VectorRun, run_scenarios
from securitization.deal import Deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.deal_triggers import SEVERITY
from securitization.evaluate import run_checked
from securitization.explain import DealRun
from securitization.periods import PoolPeriod
from tests.securitization.random_deals import Maker
from tests.securitization.random_pools import at_the_edge, scenarios

Run = Callable[[Deal, Sequence[Sequence[PoolPeriod]]], VectorRun | Problem]


class Tried(NamedTuple):
    """What was compared."""

    deals: int
    scenarios: int
    at_the_edge: int
    differences: list[str]


def try_deals(seeds: Sequence[int], count: int = 4, run: Run = run_scenarios, *, stop: bool = False) -> Tried:
    """Compare deals by their seeds; two of five are built with a trigger on its edge, one unit above and one below."""
    deals = pools = edges = 0
    differences: list[str] = []
    for seed in seeds:
        edge = seed % 5 < 2
        deal = Maker(seed, edge=edge).deal
        problems = check_deal(deal)
        assert not problems, (seed, problems)
        pool = scenarios(deal, seed, count)
        if edge:
            bent = next((found for one in pool if len(found := at_the_edge(deal, one, seed)) == 3), None)
            pool += bent or []
            edges += bent is not None
        deals, pools = deals + 1, pools + len(pool)
        differences += [f"deal {seed}: {one}" for one in compare(deal, pool, run)]
        if stop and differences:
            break
    return Tried(deals, pools, edges, differences)


def compare(deal: Deal, pool: Sequence[Sequence[PoolPeriod]], run: Run = run_scenarios) -> list[str]:
    """Where the evaluators differ; nothing when they agree."""
    vectors = run(deal, pool)
    if isinstance(vectors, Problem):
        return [f"refused: {vectors}"]
    return [one for place, periods in enumerate(pool) for one in differ(run_checked(deal, periods), vectors, place)]


def differ(plain: DealRun, vectors: VectorRun, scenario: int) -> list[str]:
    """Where a plain run differs from one scenario of a vector run."""
    found: list[str] = []
    seen = {key: np.zeros(len(plain.periods), dtype=np.int64) for key in vectors.payments}
    for column, period in enumerate(plain.periods):
        where = f"scenario {scenario} period {period.number}"
        if SEVERITY.index(period.status) != vectors.status[scenario, column]:
            found.append(f"{where}: status {period.status} and {vectors.status[scenario, column]}")
        for payment in period.payments:
            if payment.key not in seen:
                found.append(f"{where}: {payment.key} is in the plain run only")
                continue
            seen[payment.key][column] += payment.amount_minor
        if set(period.figures) != set(vectors.figures):
            found.append(f"{where}: figures {set(period.figures) ^ set(vectors.figures)}")
            continue
        for name, value in period.figures.items():
            if value != vectors.figures[name][scenario, column]:
                found.append(f"{where}: {name} {value} and {vectors.figures[name][scenario, column]}")
    for key, amounts in seen.items():
        for column in np.flatnonzero(amounts != vectors.payments[key][scenario]):
            other = vectors.payments[key][scenario, column]
            found.append(f"scenario {scenario} period {column + 1}: {key} {amounts[column]} and {other}")
    return found
