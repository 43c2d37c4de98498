"""One drawn scenario by hand: hidden variables, months of default, patents, the guarantor, one asset after the other.

Independent of the project: the standard library's normal distribution, dictionaries and loops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist


@dataclass
class Owed:
    """An asset's plan by month: interest, scheduled, prepaid, and what it owes before each; its loss and lag."""

    debtor: int
    interest: list[float]
    scheduled: list[float]
    prepaid: list[float]
    before: list[float]
    severity: float
    lag: int
    patents: list[int] = field(default_factory=list)


@dataclass
class Standby:
    """The guarantor: its place among the names, its part, its delay."""

    name: int
    cover: float
    lag: int


@dataclass
class Fall:
    """A patent in one scenario: the month of its fall, whether its licensees then stop, the loss from then on."""

    month: int
    jumps: bool
    severity: float


def month_of_default(loadings: list[float], factors: list[float], own: float, yearly: float, months: int) -> int:
    """The first month by which the name has defaulted; `months` if none. The chance is the same each year."""
    hidden = sum(b * f for b, f in zip(loadings, factors, strict=True))
    hidden += math.sqrt(1 - sum(b * b for b in loadings)) * own
    for month in range(months):
        chance = 1 - (1 - yearly) ** ((month + 1) / 12)
        if chance > 0 and NormalDist().inv_cdf(chance) >= hidden:
            return month
    return months


def month_of_fall(yearly: float, uniform: float) -> int:
    """The month in which a patent falls, from 0: the first by whose end the chance has passed the draw."""
    month = 0
    while 1 - (1 - yearly) ** ((month + 1) / 12) <= uniform:
        month += 1
        if month > 10_000:
            break
    return month


def played(
    assets: list[Owed], defaults: list[int], falls: list[Fall], standby: Standby | None, months: int
) -> dict[str, list[float]]:
    """What comes in, month by month."""
    told = {
        name: [0.0] * months
        for name in ("interest", "scheduled", "prepaid", "defaults", "recoveries", "guarantee", "balance")
    }
    for asset in assets:
        stop = defaults[asset.debtor]
        for patent in asset.patents:
            if falls[patent].jumps:
                stop = min(stop, falls[patent].month)
        for month in range(min(stop, months)):
            told["interest"][month] += asset.interest[month]
            told["scheduled"][month] += asset.scheduled[month]
            told["prepaid"][month] += asset.prepaid[month]
            told["balance"][month] += asset.before[month + 1]
        if stop >= months:
            continue
        amount = asset.before[stop]
        told["defaults"][stop] += amount
        severity = max([asset.severity, *(falls[each].severity for each in asset.patents if falls[each].month <= stop)])
        paid = 0.0
        if standby is not None and defaults[standby.name] > stop + standby.lag:
            paid = standby.cover * amount
            if stop + standby.lag < months:
                told["guarantee"][stop + standby.lag] += paid
                told["recoveries"][stop + standby.lag] += paid
        back = min((1 - severity) * amount, amount - paid)
        if stop + asset.lag < months:
            told["recoveries"][stop + asset.lag] += back
    return told
