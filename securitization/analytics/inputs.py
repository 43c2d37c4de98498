"""Scenarios of the pool as arrays: scenario axis first, one column a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from securitization.analytics.arithmetic import EXACT, Vector
from securitization.deal import Deal
from securitization.deal_formulas import PPM
from securitization.deal_problems import DealCode, Problem
from securitization.periods import PoolPeriod


@dataclass(frozen=True, slots=True)
class PoolScenarios:
    """The pool's figures, each an array of (scenarios, periods). Units as in `PoolPeriod`."""

    interest_minor: Vector
    principal_minor: Vector
    recoveries_minor: Vector
    defaults_minor: Vector
    balance_minor: Vector
    valuation_minor: Vector
    invalidated_rights: Vector
    rates_ppm: dict[str, Vector] = field(default_factory=dict[str, Vector])
    events: dict[str, Vector] = field(default_factory=dict[str, Vector])
    failed_supports: dict[str, Vector] = field(default_factory=dict[str, Vector])

    @property
    def shape(self) -> tuple[int, int]:
        """(scenarios, periods)."""
        scenarios, periods = self.interest_minor.shape
        return scenarios, periods

    def by_period(self) -> PoolScenarios:
        """The same figures with each period's side by side in memory, as the evaluator reads them."""
        return PoolScenarios(
            **{name: np.asfortranarray(getattr(self, name)) for name in AMOUNTS},
            rates_ppm={name: np.asfortranarray(rates) for name, rates in self.rates_ppm.items()},
            events={name: np.asfortranarray(counts) for name, counts in self.events.items()},
            failed_supports={name: np.asfortranarray(flags) for name, flags in self.failed_supports.items()},
        )

    def named(self) -> list[tuple[str, Vector]]:
        """Every array with its name."""
        plain = [(name, getattr(self, name)) for name in AMOUNTS]
        plain += [(f"rate_ppm:{name}", rates) for name, rates in self.rates_ppm.items()]
        plain += [(f"events:{name}", counts) for name, counts in self.events.items()]
        return plain + [(f"failed:{name}", flags) for name, flags in self.failed_supports.items()]


AMOUNTS = (
    "interest_minor",
    "principal_minor",
    "recoveries_minor",
    "defaults_minor",
    "balance_minor",
    "valuation_minor",
    "invalidated_rights",
)


def from_periods(deal: Deal, scenarios: Sequence[Sequence[PoolPeriod]]) -> PoolScenarios:
    """The scenarios of a deal out of periods as the plain evaluator takes them."""

    def table(figure: str) -> Vector:
        return np.array([[getattr(period, figure) for period in periods] for periods in scenarios], dtype=np.int64)

    def named(figure: str, names: Sequence[str]) -> dict[str, Vector]:
        return {
            name: np.array(
                [[getattr(period, figure)[name] for period in periods] for periods in scenarios], dtype=np.int64
            )
            for name in names
        }

    failed = {
        support.name: np.array(
            [[int(support.name in period.failed_supports) for period in periods] for periods in scenarios],
            dtype=np.int64,
        )
        for support in deal.supports
    }
    return PoolScenarios(
        **{name: table(name) for name in AMOUNTS},
        rates_ppm=named("rates_ppm", deal.indexes),
        events=named("events", deal.events),
        failed_supports=failed,
    )


def check_scenarios(deal: Deal, pool: PoolScenarios) -> Problem | None:
    """Why these scenarios cannot be run, or None.

    Refused: vectors.shape, periods.value.
    """
    scenarios = pool.interest_minor.shape[0] if pool.interest_minor.ndim == 2 else 0
    wanted = (scenarios, len(deal.periods))
    names = (sorted(pool.rates_ppm), sorted(pool.events), sorted(pool.failed_supports))
    if names != (sorted(deal.indexes), sorted(deal.events), sorted(support.name for support in deal.supports)):
        reason = "expected rates for the deal's indexes, counts for its events, flags for its supports"
        return Problem(code=DealCode.VECTORS_SHAPE, path="scenarios", reason=reason)
    for name, values in pool.named():
        if not scenarios or values.shape != wanted or values.dtype != np.int64:
            reason = (
                f"{values.dtype}{list(values.shape)}, expected int64 of one or more scenarios × {wanted[1]} periods"
            )
            return Problem(code=DealCode.VECTORS_SHAPE, path=name, reason=reason)
        low, high = (-PPM, PPM) if name.startswith("rate_ppm:") else (0, 1 if name.startswith("failed:") else EXACT)
        if int(values.min()) < low or int(values.max()) > high:
            return Problem(code=DealCode.PERIODS_VALUE, path=name, reason=f"not from {low} to {high}")
    return None
