"""A pool under many scenarios, with waterfall: 1,000 loans × 120 months × 1,000 scenarios, and 10,000 drawn ones.

*a curve a loan*: every loan has its own curves of prepayment and default, which the scenarios multiply. *shared
curves*: all have one, and the pool collapses into a row. Both are projected, rounded to whole minor units and shared
out among three classes. *drawn*: defaults of 1,000 debtors and their guarantor by a one-factor Gaussian copula. The
baseline is the same pool in plain pandas in the same run: a few scenarios are measured, the time of all is worked out
from them, and they must agree to a ten-thousand-millionth of the pool.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.book import timed
from benchmarks.pools import MONTHS, Pool, apart, classes, plainly, pool
from benchmarks.rows import BenchmarkFailed, Report, Row, median, row, spread
from exchange.core.units import Ppm
from securitization.analytics import copula_fast
from securitization.analytics.assumptions import Assumption, Assumptions, Cdr, Cpr
from securitization.analytics.cashflows import Flows, bucketed, projected, whole
from securitization.analytics.copula import Dependence, Guarantor
from securitization.analytics.credit_flows import Simulated, Simulation, simulate
from securitization.analytics.draws import Draws
from securitization.analytics.stress import Collected

LOANS, SCENARIOS, DRAWN = 1_000, 1_000, 10_000
LIMIT_S = {"a curve a loan": 1.0, "shared curves": 0.05}
DRAWN_LIMIT_S, COMPILED_LIMIT_S = 10.0, 1.5
PLAIN, AGREE = 3, 1e-10
ASSUMED = Assumptions(
    otherwise=Assumption(
        prepayment=Cpr(rate_ppm=Ppm(60_000)),
        default=Cdr(rate_ppm=Ppm(20_000)),
        severity_ppm=Ppm(450_000),
        recovery_lag_months=6,
    )
)
GUARANTOR = Guarantor(name="G", default_ppm=Ppm(5_000), loadings_ppm=(447_214,), cover_ppm=Ppm(1_000_000), lag_months=1)


def run(*, quick: bool) -> Report:
    """Measure all; `quick` takes a tenth of the loans and of the scenarios, once."""
    scale, rounds = (10, 1) if quick else (1, 5)
    loans, scenarios, drawn = LOANS // scale, SCENARIOS // scale, DRAWN // scale
    rows: list[Row] = []
    notes = [f"{rounds} rounds, medians of processor time; pandas: {PLAIN} scenarios measured, the others worked out"]
    for name, shared in (("a curve a loan", False), ("shared curves", True)):
        told, line = deterministic(name, pool(loans, scenarios, shared=shared), rounds)
        rows.append(told)
        notes.append(line)
    told_drawn, line = drawn_rows(pool(loans, 1, shared=True), drawn, rounds)
    return Report([*rows, *told_drawn], [*notes, line])


def deterministic(name: str, of: Pool, rounds: int) -> tuple[Row, str]:
    """Project, round, share out; beside plain pandas without its waterfall."""
    scenarios = len(of.stresses.severity)
    found: list[Flows] = []

    def ours() -> None:
        flows = projected(*bucketed(of.rows, of.rates), of.stresses)
        found[:] = [flows]
        classes(undisturbed(flows))

    seconds, ratios, baselines, plain = [], [], [], list[pd.DataFrame]()
    for _ in range(rounds):
        plain.clear()
        baselines.append(measured(lambda: plain.extend(plainly(of, each) for each in range(PLAIN)), scenarios))
        seconds.append(timed(ours))
        ratios.append(seconds[-1] / baselines[-1])
    agreed(name, apart(found[0], plain))
    title = f"{name}: {len(of.assets):,} loans x {MONTHS} x {scenarios:,}"
    told = row(
        title, median(seconds), "s", baseline=median(baselines), ratio=median(ratios), target=LIMIT_S[name],
        higher_is_better=False,
    )  # fmt: skip
    return told, f"{name}: {spread(seconds)} s, of pandas {spread(ratios)}"


def measured(work: Callable[[], object], scenarios: int) -> float:
    """Seconds of all scenarios, from those few that the work does."""
    return timed(work) / PLAIN * scenarios


def undisturbed(flows: Flows) -> Collected:
    """What the deal is given when no patent falls and no guarantor fails."""
    rounded = whole(flows)
    return Collected(rounded, np.zeros_like(rounded.interest), np.zeros_like(rounded.interest))


def agreed(name: str, difference: float) -> None:
    """Hold ours to the plain figures.

    Raises: BenchmarkFailed, where they differ.
    """
    if difference > AGREE:
        raise BenchmarkFailed(f"{name}: pandas has other figures, by {difference:.2g} of the pool")


def drawn_rows(of: Pool, scenarios: int, rounds: int) -> tuple[list[Row], str]:
    """Draw defaults, project, round, share out: on NumPy, and compiled where numba is installed."""
    simulation = Simulation(
        draws=Draws(seed=17, scenarios=scenarios), dependence=Dependence(otherwise_ppm=(447_214,)), guarantor=GUARANTOR
    )
    found: dict[bool, Simulated] = {}

    def ours(fast: bool) -> None:
        found[fast] = simulate(of.assets, ASSUMED, simulation, MONTHS, fast=fast)
        classes(undisturbed(found[fast].flows))

    rows, notes = [], []
    ways = [("NumPy", False, DRAWN_LIMIT_S)]
    if copula_fast.HERE:
        ways.append(("compiled", True, COMPILED_LIMIT_S))
        ours(True)  # the first call compiles
    for name, fast, limit in ways:
        seconds = [timed(lambda: ours(fast)) for _ in range(rounds)]  # noqa: B023 - called here
        title = f"drawn: {len(of.assets):,} debtors, {scenarios:,} scenarios, {name}"
        baseline = None if name == "NumPy" else rows[0]["value"]
        rows.append(row(title, median(seconds), "s", baseline=baseline, target=limit, higher_is_better=False))
        notes.append(f"{name} {spread(seconds)} s")
    if len(found) == 2 and not np.array_equal(found[True].flows.recoveries, found[False].flows.recoveries):
        raise BenchmarkFailed("drawn: compiled and plain loops differ")
    if not copula_fast.HERE:
        notes.append("numba (the extra `fast`) is not installed")
    lost = found[False].flows.defaults.sum(axis=1).mean() / found[False].flows.opening
    return rows, f"drawn: {', '.join(notes)}; {lost:.2%} of the pool defaults on average"
