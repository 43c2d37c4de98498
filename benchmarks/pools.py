"""A pool, a deal of three classes, and the same in plain pandas: what the securitization benchmarks share.

The plain pandas pool is what one writes first: a frame of loans, a step a month, columns updated in place, one scenario
at a time. The waterfall pays interest and principal in order from one account, the least that a deal does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exchange.core.units import Minor
from securitization.analytics.amortise import Schedule, schedule
from securitization.analytics.assets import LevelPay, Loan, PoolAsset
from securitization.analytics.cashflows import Flows, Rates, Stresses
from securitization.analytics.measures import TrancheFlows
from securitization.analytics.stress import Collected

MONTHS = 120
SHARES = (("A", 0.80, 0.038), ("B", 0.12, 0.06), ("C", 0.08, 0.0))
"""Each class: its part of the pool and its coupon a year."""


@dataclass
class Pool:
    """A pool with its schedule and curves, and the multiples of its scenarios."""

    assets: list[PoolAsset]
    rows: Schedule
    rates: Rates
    stresses: Stresses


def pool(loans: int, scenarios: int, *, shared: bool, seed: int = 11) -> Pool:
    """Level-pay loans of 24 to 120 months; each with its own curves, or all with the first one's."""
    rng = random.Random(seed)
    assets: list[PoolAsset] = [
        Loan(
            asset_id=f"L{number}",
            balance_minor=Minor(rng.randint(500_000_000, 3_000_000_000)),
            rate_ppm=rng.randint(35_000, 90_000),
            remaining_months=rng.randint(24, MONTHS),
            terms=LevelPay(),
        )
        for number in range(loans)
    ]
    draw = np.random.default_rng(seed)
    curves = 1 if shared else loans
    ramp = np.minimum(np.arange(1, MONTHS + 1) / 30, 1.0)
    prepayment, default = (
        np.repeat(draw.uniform(low, high, (curves, 1)) * ramp, loans // curves, axis=0)
        for low, high in ((0.002, 0.01), (0.0005, 0.003))
    )
    rates = Rates(prepayment, default, np.full(loans, 0.45), np.full(loans, 6))
    times = (np.repeat(draw.uniform(0.3, 4.0, (scenarios, 1)), MONTHS, axis=1) for _ in range(2))
    return Pool(assets, schedule(assets, MONTHS), rates, Stresses(*times, np.ones(scenarios)))


def classes(given: Collected) -> list[TrancheFlows]:
    """Pay the three classes: interest in order, then principal in order."""
    collected = given.pool
    shape = collected.interest.shape
    openings = [round(part * collected.opening) for _, part, _ in SHARES[:-1]]
    openings.append(collected.opening - sum(openings))
    due = [np.full(shape[0], opening, dtype=np.int64) for opening in openings]
    unpaid = [np.zeros(shape[0], dtype=np.int64) for _ in openings]
    available = collected.interest + collected.principal + collected.recoveries
    paid = [(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)) for _ in openings]
    for period in range(shape[1]):
        cash = available[:, period]
        for place, (_, _, coupon) in enumerate(SHARES):
            owed = unpaid[place] + due[place] * round(coupon * 1_000_000) // 12_000_000
            paid[place][0][:, period] = now = np.minimum(cash, owed)
            unpaid[place] = owed - now
            cash = cash - now
        for place in range(len(SHARES)):
            paid[place][1][:, period] = now = np.minimum(cash, due[place])
            due[place] = due[place] - now
            cash = cash - now
    return [
        TrancheFlows(name, opening, interest, principal)
        for (name, _, _), opening, (interest, principal) in zip(SHARES, openings, paid, strict=True)
    ]


def plainly(of: Pool, scenario: int) -> pd.DataFrame:
    """One scenario in plain pandas, a frame of loans stepped month by month."""
    loans = pd.DataFrame({"performing": of.rows.balance[:, 0], "severity": of.rates.severity, "lag": of.rates.lag})
    months, recoveries = [], np.zeros(MONTHS)
    for month in range(MONTHS):
        planned, left = of.rows.balance[:, month], of.rows.balance[:, month + 1]
        loans["mdr"] = of.rates.default[:, month] * of.stresses.default[scenario, month]
        loans["smm"] = of.rates.prepayment[:, month] * of.stresses.prepayment[scenario, month]
        loans["factor"] = np.where(planned > 0, left / np.where(planned > 0, planned, 1), 0.0)
        loans["rate"] = np.where(planned > 0, of.rows.interest[:, month] / np.where(planned > 0, planned, 1), 0.0)
        loans["defaults"] = loans.performing * loans.mdr
        loans["interest"] = (loans.performing - loans.defaults) * loans.rate
        loans["scheduled"] = (loans.performing - loans.defaults) * (1 - loans.factor)
        loans["prepaid"] = loans.performing * loans.factor * loans.smm
        loans["performing"] = loans.performing - loans.defaults - loans.scheduled - loans.prepaid
        back = (loans.defaults * (1 - loans.severity)).groupby(loans.lag).sum()
        for lag, amount in back.items():
            if month + int(lag) < MONTHS:
                recoveries[month + int(lag)] += amount
        months.append(loans[["interest", "scheduled", "prepaid", "defaults"]].sum())
    return pd.DataFrame(months).assign(recoveries=recoveries).reset_index(drop=True)


def apart(flows: Flows, plain: Sequence[pd.DataFrame]) -> float:
    """How far the first scenarios lie from the plain ones, as a share of the pool."""
    worst = 0.0
    for scenario, frame in enumerate(plain):
        for name in frame.columns:
            worst = max(worst, float(np.abs(getattr(flows, name)[scenario] - frame[name].to_numpy()).max()))
    return worst / flows.opening
