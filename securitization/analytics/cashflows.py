"""What comes in: schedules times survival, for every scenario at once, rounded once a period to whole minor units.

Loans that share their curves collapse into one row, exactly, since each one's balance is its schedule times the
survival they share: 1,000 of them cost as much as one. Loans with curves of their own are rows of their own; the
scenarios multiply the curves. `projection.project` collapses what it can.

In month t, of what performed after month t − 1, a share MDR defaults and pays nothing; the others pay what is
scheduled; and a share SMM of what is left of the whole then prepays, with the interest accrued since its last payment
date. A default comes back, less severity, after the recovery lag. Nothing is advanced.

Source: Bond Market Association, Standard Formulas (1999), C.3, principal and interest not advanced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER
from securitization.analytics import refused
from securitization.analytics.amortise import PPM, Floats, Schedule, last_month
from securitization.analytics.assets import PoolAsset
from securitization.analytics.assumptions import Assumptions, Sda, Stress, monthly
from securitization.analytics.refused import ProjectionRefused

Whole = NDArray[np.int64]
MAX_CELLS = 1 << 24
"""Scenarios × months of one projection: its tables then take about a gigabyte."""
AMOUNTS = ("interest", "scheduled", "prepaid", "defaults", "recoveries")
CELLS = 1 << 16
"""Scenarios × rows worked on at once, so that they stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class Flows:
    """A pool's months in each scenario, (scenario, month 1..T). Units: minor, floats.

    `balance` is what has not defaulted at the end of the month; `defaults` left it, `recoveries` came back of earlier
    ones.
    """

    opening: float
    interest: Floats
    scheduled: Floats
    prepaid: Floats
    defaults: Floats
    recoveries: Floats
    balance: Floats

    def __add__(self, other: Flows) -> Flows:
        """Two parts of one pool."""
        return Flows(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Flows)))


@dataclass(frozen=True, slots=True)
class WholeFlows:
    """The same in whole minor units, int64, (scenario, period): what both evaluators of a deal start from.

    Each period's scheduled, prepaid and defaults add to the fall of the balance; sums over periods are the rounded
    sums.
    """

    opening: int
    interest: Whole
    scheduled: Whole
    prepaid: Whole
    defaults: Whole
    recoveries: Whole
    balance: Whole

    @property
    def principal(self) -> Whole:
        """Principal received from those who perform."""
        return self.scheduled + self.prepaid


@dataclass(frozen=True, slots=True)
class Rates:
    """The base curves that the scenarios multiply: (loan, month) each, and a severity and a lag in months a loan."""

    prepayment: Floats
    default: Floats
    severity: Floats
    lag: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stresses:
    """Multiples of prepayment and default, (scenario, month), and of severity, (scenario,)."""

    prepayment: Floats
    default: Floats
    severity: Floats

    @classmethod
    def of(cls, scenarios: Sequence[Stress], months: int) -> Stresses:
        """The same multiple in every month."""
        refused.assumption(bool(scenarios), "a projection needs a scenario")
        table = np.array([(each.prepayment_ppm, each.default_ppm, each.severity_ppm) for each in scenarios]) / PPM
        prepayment, default = (np.repeat(table[:, place : place + 1], months, axis=1) for place in (0, 1))
        return cls(prepayment, default, table[:, 2])


def bounded(scenarios: int, months: int) -> None:
    """Refuse a projection whose tables would not fit.

    Refused: projection.too_large.
    Raises: ProjectionRefused.
    """
    if scenarios * months > MAX_CELLS:
        detail = f"{scenarios} scenarios of {months} months are more than {MAX_CELLS} figures"
        raise ProjectionRefused(RejectCode.PROJECTION_TOO_LARGE, detail)


def rates_of(assets: list[PoolAsset], assumptions: Assumptions, months: int) -> Rates:
    """Each asset's curves, by the assumption of its segment and by its age.

    Under SDA nobody defaults in the last months, as many as a liquidation takes (Standard Formulas C.3.j).
    """
    given = [assumptions.of(each.segment) for each in assets]
    ages = np.array([each.age_months for each in assets])
    prepayment, default = np.empty((len(assets), months)), np.empty((len(assets), months))
    for assumption in dict.fromkeys(given):
        of = np.array([each == assumption for each in given])
        prepayment[of] = monthly(assumption.prepayment, ages[of], months)
        default[of] = monthly(assumption.default, ages[of], months)
    for row, asset, assumption in zip(default, assets, given, strict=True):
        if isinstance(assumption.default, Sda):
            row[max(0, last_month(asset) - assumption.recovery_lag_months) :] = 0.0
    severity = np.array([each.severity_ppm for each in given]) / PPM
    return Rates(prepayment, default, severity, np.array([each.recovery_lag_months for each in given], dtype=np.int64))


def bucketed(rows: Schedule, rates: Rates) -> tuple[Schedule, Rates]:
    """Add up the loans that share their curves, severity and lag: a row a bucket, in the order of their first loans."""
    groups: dict[tuple[bytes, bytes, float, int], int] = {}
    bucket = np.empty(len(rates.lag), dtype=np.int64)
    first: list[int] = []
    for place in range(len(bucket)):
        curves = rates.prepayment[place].tobytes(), rates.default[place].tobytes()
        bucket[place] = groups.setdefault((*curves, float(rates.severity[place]), int(rates.lag[place])), len(first))
        if bucket[place] == len(first):
            first.append(place)
    return rows.pooled(bucket, len(first)), Rates(
        rates.prepayment[first], rates.default[first], rates.severity[first], rates.lag[first]
    )


def projected(rows: Schedule, rates: Rates, stresses: Stresses) -> Flows:
    """Every row by its own curve, the scenarios in blocks that fit a core's cache; rows may be loans or buckets."""
    scenarios = len(stresses.severity)
    flows = Flows(float(rows.balance[:, 0].sum()), *(np.zeros((scenarios, rows.months)) for _ in range(6)))
    step = max(1, CELLS // len(rates.lag))
    for begin in range(0, scenarios, step):
        _block(rows, rates, stresses, flows, slice(begin, min(begin + step, scenarios)))
    return flows


def _block(rows: Schedule, rates: Rates, stresses: Stresses, flows: Flows, of: slice) -> None:
    """Some scenarios, month by month: `left` is the share of each row that still performs."""
    by_month = [np.ascontiguousarray(each.T) for each in (rates.default, rates.prepayment, rows.balance)]
    default, prepayment, balance = by_month
    pays = np.stack([rows.interest.T, rows.principal.T], axis=2)
    owes = np.stack([balance[1:], rows.accrued.T], axis=2)
    lags = sorted({int(each) for each in rates.lag})
    at_risk = np.stack([balance[:-1] * (rates.lag == lag) for lag in lags], axis=2)
    returns = 1.0 - np.minimum(stresses.severity[of, None] * rates.severity, 1.0)
    worst = default.max(axis=1) * stresses.default[of].max(axis=0)
    crowded = worst + prepayment.max(axis=1) * stresses.prepayment[of].max(axis=0) > 1.0
    left = np.ones(returns.shape)
    failing, leaving = np.empty_like(left), np.empty_like(left)
    for month in range(rows.months):
        np.multiply(stresses.default[of, month, None], default[month], out=failing)
        np.multiply(stresses.prepayment[of, month, None], prepayment[month], out=leaving)
        if crowded[month]:  # who defaults does not prepay: the second rate gives way (C.2.e)
            np.minimum(failing, 1.0, out=failing)
            np.minimum(leaving, 1.0 - failing, out=leaving)
        failing *= left
        leaving *= left
        left -= failing
        interest, flows.scheduled[of, month] = (left @ pays[month]).T
        flows.prepaid[of, month], late = (leaving @ owes[month]).T
        flows.interest[of, month] = interest + late
        left -= leaving
        flows.balance[of, month] = left @ balance[month + 1]
        flows.defaults[of, month] = failing @ balance[month]
        failing *= returns
        recovered = failing @ at_risk[month]
        for place, lag in enumerate(lags):
            if month + lag < rows.months:
                flows.recoveries[of, month + lag] += recovered[:, place]


def by_period(flows: Flows, months_a_period: int) -> Flows:
    """Collection periods of so many months each: amounts added, the balance at their ends.

    Refused: projection.assumption_invalid, if the months are not whole periods.
    Raises: ProjectionRefused.
    """
    scenarios, months = flows.interest.shape
    refused.assumption(months % months_a_period == 0, f"{months} months are not whole periods of {months_a_period}")
    shape = scenarios, -1, months_a_period
    sums = {name: getattr(flows, name).reshape(shape).sum(axis=2) for name in AMOUNTS}
    return Flows(opening=flows.opening, balance=flows.balance[:, months_a_period - 1 :: months_a_period], **sums)


def whole(flows: Flows) -> WholeFlows:
    """Round to whole minor units, once a period.

    The balance is rounded half to even; its fall is shared among scheduled, prepaid and defaults by largest remainder,
    so that they add to it exactly. Interest and recoveries are what their rounded running sums grew by, so that nothing
    is lost over many periods.

    Refused: projection.too_large, where a running sum passes 2⁵³−1.
    Raises: ProjectionRefused.
    """
    running = [getattr(flows, name).cumsum(axis=1) for name in ("interest", "recoveries")]
    if max(flows.opening, *(float(each[:, -1].max()) for each in running)) > MAX_INTEGER:
        raise ProjectionRefused(RejectCode.PROJECTION_TOO_LARGE, "a pool's sum passes 2^53-1 minor units")
    interest, recoveries = (np.diff(np.rint(each), axis=1, prepend=0.0).astype(np.int64) for each in running)
    opening = round(flows.opening)
    balance = np.minimum(np.rint(flows.balance).astype(np.int64), opening)
    balance = np.minimum.accumulate(balance, axis=1)
    fall = -np.diff(balance, axis=1, prepend=opening)
    parts = largest_remainder(fall, np.stack([flows.scheduled, flows.prepaid, flows.defaults], axis=-1))
    return WholeFlows(opening, interest, parts[..., 0], parts[..., 1], parts[..., 2], recoveries, balance)


def largest_remainder(total: Whole, parts: Floats) -> Whole:
    """Share each whole among its parts in their proportion; the shares sum to it, ties go to the earlier part.

    Units: `parts` is (..., part), not negative. Where all parts are nothing, the first takes the whole.
    Source: Hamilton's method, as `exchange.core.units.share_out`, which is exact and one at a time.
    """
    weights = [np.maximum(parts[..., part], 0.0) for part in range(parts.shape[-1])]
    sums = sum(weights[1:], weights[0])
    some = sums > 0
    each = np.divide(total, sums, out=np.zeros(sums.shape), where=some)
    quotas = [weight * each for weight in weights]
    shares = [np.floor(quota).astype(np.int64) for quota in quotas]
    left = [quota - share for quota, share in zip(quotas, shares, strict=True)]
    short = np.where(some, total - sum(shares[1:], shares[0]), 0)
    for part in range(len(shares)):  # compared in pairs: sorting many rows of a few parts takes longer
        ahead = np.zeros_like(total)
        for other in range(len(shares)):
            if other != part:
                ahead += left[other] >= left[part] if other < part else left[other] > left[part]
        shares[part] += ahead < short
    shares[0] += np.where(some, 0, total)
    return np.stack(shares, axis=-1)
