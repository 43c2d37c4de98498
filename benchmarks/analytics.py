"""Measures of a deal: the default rate that each of three classes bears, and the price figures of 1,000 scenarios.

*break-even*: the constant default rate of each class to a millionth, of 1,000 loans, waterfall included; the baseline
is a bisection of 20 steps a class with plain pandas, of which one step is measured. *yields*: yield, duration and
convexity of a class in every scenario; the baseline solves row after row with SciPy's brentq, of which some are
measured.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from benchmarks.book import timed
from benchmarks.pools import MONTHS, classes, plainly, pool
from benchmarks.rows import BenchmarkFailed, Report, Row, median, row, spread
from benchmarks.scenarios import ASSUMED, undisturbed
from securitization.analytics import pricing
from securitization.analytics.cashflows import bucketed, projected
from securitization.analytics.stress import Horizon, break_even_cdr

LOANS, SCENARIOS = 1_000, 1_000
BREAK_EVEN_LIMIT_S = 0.15
STEPS, CLASSES, SOLVED = 20, 3, 50
TOLERANCE = 1e-6


def run(*, quick: bool) -> Report:
    """Measure both; `quick` takes a tenth of the loans and scenarios, once."""
    scale, rounds = (10, 1) if quick else (1, 5)
    first, line = break_even_row(LOANS // scale, rounds)
    second, other = yields_row(LOANS // scale, SCENARIOS // scale, rounds)
    head = f"{rounds} rounds, medians of processor time; the schedules of the pool are part of the break-even's time"
    return Report([first, second], [head, line, other])


def break_even_row(loans: int, rounds: int) -> tuple[Row, str]:
    """Search all three classes at once."""
    of = pool(loans, 1, shared=True)
    found: dict[str, float] = {}
    seconds, ratios, baselines = [], [], []
    for _ in range(rounds):
        baselines.append(timed(lambda: plainly(of, 0)) * STEPS * CLASSES)
        seconds.append(timed(lambda: found.update(break_even_cdr(of.assets, ASSUMED, Horizon(MONTHS), classes))))
        ratios.append(seconds[-1] / baselines[-1])
    if not found["A"] > found["B"] > found["C"]:
        raise BenchmarkFailed(f"break-even: the senior class bears less: {found}")
    told = row(
        f"break-even CDR of 3 classes, {loans:,} loans", median(seconds), "s", baseline=median(baselines),
        ratio=median(ratios), target=BREAK_EVEN_LIMIT_S, higher_is_better=False,
    )  # fmt: skip
    rates = ", ".join(f"{name} {rate:.4%}" for name, rate in found.items())
    return told, f"break-even: {rates}; {spread(seconds)} s, of pandas {spread(ratios)}"


def yields_row(loans: int, scenarios: int, rounds: int) -> tuple[Row, str]:
    """Yield, duration and convexity of the mezzanine class in every scenario."""
    of = pool(loans, scenarios, shared=True)
    given = undisturbed(projected(*bucketed(of.rows, of.rates), of.stresses))
    mezzanine = classes(given)[1]
    cash, times = mezzanine.cash / mezzanine.opening * 100, Horizon(MONTHS).times
    paying = cash.sum(axis=1) > 0
    cash = cash[paying]
    solved = cash[:SOLVED]
    found: list[np.ndarray] = []

    def ours() -> None:
        rate = pricing.yield_of(cash, times, 98.0)
        found[:] = [rate]
        pricing.modified_duration(cash, times, rate)
        pricing.convexity(cash, times, rate)

    def plain() -> list[float]:
        def worth(rate: float, payments: np.ndarray) -> float:
            return float((payments * (1 + rate / 2) ** (-2 * times)).sum()) - 98.0

        return [brentq(worth, -0.9, 100.0, args=(payments,), xtol=1e-12) for payments in solved]

    seconds, ratios, baselines = [], [], []
    for _ in range(rounds):
        baselines.append(timed(plain) / len(solved) * len(cash))
        seconds.append(timed(ours))
        ratios.append(seconds[-1] / baselines[-1])
    if not np.allclose(found[0][: len(solved)], plain(), atol=1e-9):
        raise BenchmarkFailed("yields: brentq finds others")
    told = row(
        f"yield, duration, convexity of {len(cash):,} scenarios", median(seconds), "s", baseline=median(baselines),
        ratio=median(ratios),
    )  # fmt: skip
    return told, f"yields: {spread(seconds)} s, of brentq's yields alone {spread(ratios)}"
