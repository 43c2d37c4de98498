"""A deal under scenarios: project the pool, round it, let the deal's evaluator share it out, keep what each class gets.

The evaluator is handed in: any function from whole minor units to classes. So the analytics know nothing of waterfalls,
and a deal's waterfall knows nothing of assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from securitization.analytics import refused
from securitization.analytics.amortise import Floats, schedule
from securitization.analytics.assumptions import Assumptions, Stress, a_month
from securitization.analytics.cashflows import (
    Rates,
    Stresses,
    Whole,
    WholeFlows,
    bucketed,
    by_period,
    projected,
    rates_of,
    whole,
)
from securitization.analytics.credit_flows import Simulation, simulate
from securitization.analytics.measures import TrancheFlows, break_even
from securitization.analytics.projection import PoolPart, income, parted, project


@dataclass(frozen=True, slots=True)
class Collected:
    """What a deal is given of each period in each scenario, (scenario, period), whole.

    `pool` in minor units; `invalidated_rights` counts the patents that fell in the period; `guarantor_failed` is 1 from
    the period in which the guarantor defaults on. A deal that has the guarantor among its own supports is simulated
    with a guarantor that covers nothing, and reads this flag.
    """

    pool: WholeFlows
    invalidated_rights: Whole
    guarantor_failed: Whole


Evaluate = Callable[[Collected], Sequence[TrancheFlows]]
"""A deal: what each class is paid of these collections, the most senior first."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far to project, and how the deal counts: so many months, in collection periods of so many each."""

    months: int
    months_a_period: int = 1

    @property
    def times(self) -> Floats:
        """The end of each period in years from the cut-off."""
        return np.arange(self.months_a_period, self.months + 1, self.months_a_period) / 12


@dataclass(frozen=True, slots=True)
class Stressed:
    """A deal's answer to named scenarios."""

    names: tuple[str, ...]
    times: Floats
    pool: WholeFlows
    tranches: tuple[TrancheFlows, ...]


def stress(
    parts: Sequence[PoolPart],
    assumptions: Assumptions,
    scenarios: Sequence[Stress],
    horizon: Horizon,
    evaluate: Evaluate,
) -> Stressed:
    """Run a deal under named scenarios.

    Refused: projection.asset_invalid, projection.assumption_invalid, projection.too_large.
    Raises: ProjectionRefused.
    """
    names = tuple(each.name for each in scenarios)
    refused.assumption(len(set(names)) == len(names), "two scenarios have one name")
    pool = whole(by_period(project(parts, assumptions, scenarios, horizon.months), horizon.months_a_period))
    return Stressed(names, horizon.times, pool, tuple(evaluate(_undisturbed(pool))))


def _undisturbed(pool: WholeFlows) -> Collected:
    """The same with every patent in force and the guarantor standing."""
    return Collected(pool, np.zeros_like(pool.interest), np.zeros_like(pool.interest))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A deal's answer to drawn scenarios, with what they were drawn from and what was given to the deal.

    `guarantee` is what the guarantor pays, (scenario, period), rounded as the recoveries are that contain it.
    """

    simulation: Simulation
    times: Floats
    given: Collected
    guarantee: Whole
    tranches: tuple[TrancheFlows, ...]

    @property
    def pool(self) -> WholeFlows:
        """The pool's part of what the deal was given."""
        return self.given.pool

    @property
    def guarantor_fails(self) -> NDArray[np.bool_]:
        """The scenarios in which the guarantor defaults within the projection, (scenario,)."""
        return np.asarray(self.given.guarantor_failed[:, -1] > 0)


def draw(
    parts: Sequence[PoolPart],
    assumptions: Assumptions,
    simulation: Simulation,
    horizon: Horizon,
    evaluate: Evaluate,
) -> Drawn:
    """Run a deal in scenarios drawn with a recorded seed.

    Refused: as `stress`.
    Raises: ProjectionRefused.
    """
    told = simulate(parts, assumptions, simulation, horizon.months)
    pool = whole(by_period(told.flows, horizon.months_a_period))
    periods = len(told.guarantee), -1, horizon.months_a_period
    ends = np.arange(horizon.months_a_period, horizon.months + 1, horizon.months_a_period)
    failed = (told.guarantor_month[:, None] < ends).astype(np.int64)
    given = Collected(pool, told.invalidated.reshape(periods).sum(axis=2), failed)
    paid = told.guarantee.reshape(periods).sum(axis=2).cumsum(axis=1)
    guarantee = np.diff(np.rint(paid), axis=1, prepend=0.0).astype(np.int64)
    return Drawn(simulation, horizon.times, given, guarantee, tuple(evaluate(given)))


def break_even_cdr(
    parts: Sequence[PoolPart],
    assumptions: Assumptions,
    horizon: Horizon,
    evaluate: Evaluate,
    *,
    tolerance: float = 1e-6,
) -> dict[str, float]:
    """The highest constant default rate a year that each class bears without a loss of principal, the rest as assumed.

    Every asset defaults at this rate, in place of the speeds and rolls assumed; 0.0825 is 8.25 % a year. Royalties come
    in as assumed.

    Refused: as `stress`; projection.assumption_invalid, for a pool of royalties alone, which has no default rate.
    Raises: ProjectionRefused.
    """
    assets, streams = parted(parts)
    refused.assumption(bool(assets), "a pool of royalties alone has no default rate")
    steady = income(streams, [Stress(name="as-assumed")], horizon.months).interest
    rates = rates_of(assets, assumptions, horizon.months)
    flat = Rates(rates.prepayment, np.ones_like(rates.default), rates.severity, rates.lag)
    rows, curves = bucketed(schedule(assets, horizon.months), flat)
    names: list[str] = []

    def losses(cdr: Floats) -> Floats:
        default = np.repeat(a_month(cdr)[:, None], horizon.months, axis=1)
        stresses = Stresses(np.ones_like(default), default, np.ones(len(cdr)))
        flows = projected(rows, curves, stresses)
        np.add(flows.interest, steady, out=flows.interest)
        pool = whole(by_period(flows, horizon.months_a_period))
        tranches = evaluate(_undisturbed(pool))
        names[:] = [each.name for each in tranches]
        return np.stack([each.loss for each in tranches], axis=1)

    found = break_even(losses, tolerance=tolerance)
    return dict(zip(names, found.tolist(), strict=True))
