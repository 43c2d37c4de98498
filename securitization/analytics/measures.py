"""What a class may lose: attachment and detachment, probability and size of a loss, tails, coverage, break-even CDR.

Losses come as one figure a scenario, in minor units. Everything here counts scenarios alike; draws that come in pairs
are told so where it matters, for the standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from exchange.core.rejections import RejectCode
from securitization.analytics import refused
from securitization.analytics.amortise import Floats
from securitization.analytics.cashflows import Whole
from securitization.analytics.refused import ProjectionRefused

Amounts = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.bool_]
TAIL_LEVELS = (0.95, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class TrancheFlows:
    """What one class is paid, (scenario, period), in whole minor units, as a deal's evaluator found it."""

    name: str
    opening: int
    interest: Whole
    principal: Whole

    @property
    def cash(self) -> Whole:
        """Interest and principal together."""
        return self.interest + self.principal

    @property
    def balance(self) -> Whole:
        """What is still owed at the end of each period."""
        return self.opening - self.principal.cumsum(axis=1)

    @property
    def loss(self) -> Whole:
        """Principal never paid by the last period, (scenario,)."""
        return np.asarray(self.opening - self.principal.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Credit:
    """A class's credit over the scenarios, as shares of 1.

    `pd` is the share of scenarios with any loss, `el` the mean loss, `lgd` the mean loss where there is one (0 where
    there is none), so that el = pd × lgd; `el_error` is the standard error of `el` as an estimate.
    """

    scenarios: int
    pd: float
    el: float
    lgd: float
    el_error: float


@dataclass(frozen=True, slots=True)
class Tail:
    """At one level: the loss not passed with that probability, and the mean of the losses beyond, as shares of 1."""

    level: float
    value_at_risk: float
    expected_shortfall: float


def points(openings: Sequence[int]) -> list[tuple[float, float]]:
    """(attachment, detachment) of each class, the most senior first, as shares of all classes together.

    >>> points([95, 5])
    [(0.05, 1.0), (0.0, 0.05)]
    """
    total = sum(openings)
    below = [sum(openings[place:]) / total for place in range(len(openings))] + [0.0]
    return [(lower, upper) for upper, lower in pairwise(below)]


def tranche_loss(pool_loss: Floats, attachment: float, detachment: float) -> Floats:
    """The share a class between two points loses of itself when the pool loses this share. All are shares of 1."""
    refused.assumption(0 <= attachment < detachment <= 1, f"no class lies between {attachment} and {detachment}")
    return np.clip(pool_loss - attachment, 0.0, detachment - attachment) / (detachment - attachment)


def credit(loss: Amounts, opening: int, *, antithetic: bool = False) -> Credit:
    """Probability, mean and severity of loss of a class that opened with so much.

    Units: `loss` in minor, (scenario,); with `antithetic` the second half are the first half's mirrors, in order.
    Refused: measure.no_solution, without a scenario.
    Raises: ProjectionRefused.
    """
    shares = _shares(loss, opening)
    hit = shares > 0
    mean = float(shares.mean())
    samples = shares.reshape(2, -1).mean(axis=0) if antithetic else shares
    error = float(samples.std(ddof=1) / math.sqrt(len(samples))) if len(samples) > 1 else 0.0
    return Credit(len(shares), float(hit.mean()), mean, float(shares[hit].mean()) if hit.any() else 0.0, error)


def where(loss: Amounts, opening: int, case: NDArray[np.bool_]) -> Credit | None:
    """The same in the scenarios of one case, such as those in which the guarantor fails; None if there are none."""
    return credit(loss[case], opening) if case.any() else None


def tails(loss: Amounts, opening: int, levels: Sequence[float] = TAIL_LEVELS) -> list[Tail]:
    """Value at risk and expected shortfall at each level.

    Value at risk is the least loss that is not passed with that probability; expected shortfall averages the worst
    1 − level of the scenarios, the last of them in part where they are not a whole number.

    Refused: measure.no_solution, without a scenario; projection.assumption_invalid, for a level outside (0, 1).
    Source: Acerbi and Tasche, On the coherence of expected shortfall (2002).
    """
    worst = np.sort(_shares(loss, opening))[::-1]
    count = len(worst)
    told = []
    for level in levels:
        refused.assumption(0 < level < 1, f"no tail at level {level}")
        beyond = (1.0 - level) * count
        entire = math.floor(beyond + 1e-9)  # 1 − 0.999 is a hair too much or too little
        part = max(0.0, beyond - entire)
        shortfall = (worst[:entire].sum() + part * worst[min(entire, count - 1)]) / beyond
        told.append(Tail(level, float(worst[min(entire, count - 1)]), float(shortfall)))
    return told


def _shares(loss: Amounts, opening: int) -> Floats:
    if not len(loss) or opening <= 0:
        raise ProjectionRefused(RejectCode.MEASURE_NO_SOLUTION, "no scenario, or a class of nothing")
    return np.asarray(loss, dtype=np.float64) / opening


def coverage(has: Amounts, owes: Amounts) -> Floats:
    """How many times what is there covers what is owed, period by period; infinite where nothing is owed.

    Interest coverage: collections over interest due. Overcollateralisation: pool balance over the balance of a class
    and of those before it. A deal's triggers compare the same figures as whole numbers; this is for reading.
    """
    there, due = np.asarray(has, dtype=np.float64), np.asarray(owes, dtype=np.float64)
    return np.asarray(np.divide(there, due, out=np.full(np.broadcast(there, due).shape, np.inf), where=due > 0))


def break_even(losses: Callable[[Floats], Amounts], *, tolerance: float = 1e-6, lanes: int = 101) -> Floats:
    """The highest rate, up to 1, at which each class still loses nothing, to within the tolerance, from below.

    All classes are searched at once, each pass dividing every class's bracket by `lanes` − 1 scenarios. Where a class
    loses, is whole again and loses at a higher rate still, the lowest rate counts. 0 says that a class loses without
    any default, 1 that it never does.

    Units: `losses` takes rates (scenario,) and gives losses (scenario, class).
    """
    refused.assumption(0 < tolerance < 1 and lanes >= 3, "a search needs a tolerance and three lanes")
    grid = np.linspace(0.0, 1.0, lanes)
    found = losses(grid) > 0
    classes = found.shape[1]
    low, high = np.zeros(classes), np.ones(classes)
    rates = np.repeat(grid[:, None], classes, axis=1)
    while True:
        any_loss, first = found.any(axis=0), found.argmax(axis=0)
        column = np.arange(classes)
        bracket = rates[np.maximum(first - 1, 0), column], rates[first, column]
        low, high = np.where(any_loss, bracket[0], high), np.where(any_loss, bracket[1], high)
        if (high - low <= tolerance).all():
            return low
        rates = low + (high - low) * grid[:, None]
        told = losses(rates.T.ravel()).reshape(classes, lanes, classes)
        found = told[column, :, column].T > 0
