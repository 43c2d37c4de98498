"""Roots of many monotone functions at once: bisection that Newton's step may shorten, a lane a scenario.

Newton's step is taken where it stays in the bracket and is at most half of the step before; else the bracket is halved.
So a lane needs at most a few dozen steps, however far its root lies from where Newton would creep.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from exchange.core.rejections import RejectCode
from securitization.analytics.amortise import Floats
from securitization.analytics.refused import ProjectionRefused

STEPS = 200


def falling(
    function: Callable[[Floats], tuple[Floats, Floats]], low: float, high: float, shape: tuple[int, ...], what: str
) -> Floats:
    """Where a falling function of each lane passes zero, to the last digits that a float has.

    Units: `function` gives values and slopes at one point a lane, of `shape`.
    Refused: measure.no_solution, where a lane does not pass zero between `low` and `high`.
    Raises: ProjectionRefused.
    """
    left, right = np.full(shape, low), np.full(shape, high)
    _refuse_unless((function(left)[0] >= 0) & (function(right)[0] <= 0), what, low, high)
    point = np.clip(np.zeros(shape), low, high)
    before = np.full(shape, high - low)
    for _ in range(STEPS):
        value, slope = function(point)
        left, right = np.where(value >= 0, point, left), np.where(value <= 0, point, right)
        step = np.divide(value, slope, out=np.zeros(shape), where=slope != 0)
        guess = point - step
        inside = (guess > left) & (guess < right) & (slope != 0) & (np.abs(step) <= before / 2)
        # Newton lands where both ends have come together, so a lane is done when its step no longer moves it.
        following = np.where(value == 0, point, np.where(inside, guess, (left + right) / 2))
        if bool((np.abs(following - point) <= 1e-15 * np.maximum(1.0, np.abs(point))).all()):
            return following
        before = np.abs(following - point)
        point = following
    return point


def _refuse_unless(bracketed: NDArray[np.bool_], what: str, low: float, high: float) -> None:
    if not bracketed.all():
        lanes = np.flatnonzero(~bracketed.ravel()).tolist()
        raise ProjectionRefused(
            RejectCode.MEASURE_NO_SOLUTION, f"no {what} between {low:g} and {high:g} in lanes {lanes[:8]}"
        )
