"""Tables of what the analytics found, as pandas frames whose columns carry their units.

Amounts are whole minor units as the deal's evaluator paid them; shares are of 1, times in years, yields a year. A frame
is for reading, saving as CSV or putting into a page; whatever is posted comes from the evaluator, never from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from securitization.analytics import pricing
from securitization.analytics.amortise import Floats
from securitization.analytics.measures import TAIL_LEVELS, TrancheFlows, coverage, credit, points, tails, where
from securitization.analytics.stress import Drawn, Stressed


def scenario_table(told: Stressed) -> pd.DataFrame:
    """A row a scenario: what the pool brings and loses, and what each class is paid and loses."""
    pool = told.pool
    columns = {
        "interest_minor": pool.interest.sum(axis=1),
        "principal_minor": pool.principal.sum(axis=1),
        "defaults_minor": pool.defaults.sum(axis=1),
        "recoveries_minor": pool.recoveries.sum(axis=1),
        "outstanding_minor": pool.balance[:, -1],
    }
    for each in told.tranches:
        columns[f"{each.name}_paid_minor"] = each.cash.sum(axis=1)
        columns[f"{each.name}_loss_minor"] = each.loss
    return pd.DataFrame(columns, index=pd.Index(told.names, name="scenario"))


def cash_table(told: Stressed, scenario: int) -> pd.DataFrame:
    """A row a period of one scenario: collections, balances, and each class's interest and principal."""
    pool = told.pool
    columns = {
        "years": told.times,
        "interest_minor": pool.interest[scenario],
        "scheduled_minor": pool.scheduled[scenario],
        "prepaid_minor": pool.prepaid[scenario],
        "defaults_minor": pool.defaults[scenario],
        "recoveries_minor": pool.recoveries[scenario],
        "balance_minor": pool.balance[scenario],
    }
    for each in told.tranches:
        columns[f"{each.name}_interest_minor"] = each.interest[scenario]
        columns[f"{each.name}_principal_minor"] = each.principal[scenario]
        columns[f"{each.name}_balance_minor"] = each.balance[scenario]
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(told.times) + 1, name="period"))


def price_table(
    tranches: Sequence[TrancheFlows], times: Floats, scenario: int, prices: Mapping[str, float], *, frequency: int = 1
) -> pd.DataFrame:
    """A row a class that has a price: what a buyer at this price gets in one scenario.

    Units: all classes, the most senior first; `prices` in percent of a class's opening balance, accrued interest
    included.
    Refused: measure.no_solution, where a class pays no principal or no yield gives the price.
    Raises: ProjectionRefused.
    """
    rows = []
    bounds = points([each.opening for each in tranches])
    for each, (attachment, detachment) in zip(tranches, bounds, strict=True):
        if each.name not in prices:
            continue
        price = prices[each.name]
        cash, principal = each.cash[scenario] / each.opening * 100.0, each.principal[scenario].astype(np.float64)
        rate = pricing.yield_of(cash, times, price, frequency=frequency)
        first, last = pricing.payment_window(principal)
        rows.append({
            "class": each.name,
            "opening_minor": each.opening,
            "attachment": attachment,
            "detachment": detachment,
            "price": price,
            "yield": float(rate),
            "average_life_years": float(pricing.average_life(principal, times)),
            "duration_years": float(pricing.macaulay_duration(cash, times, rate, frequency=frequency)),
            "modified_duration_years": float(pricing.modified_duration(cash, times, rate, frequency=frequency)),
            "convexity_years2": float(pricing.convexity(cash, times, rate, frequency=frequency)),
            "first_period": int(first),
            "last_period": int(last),
            "loss_minor": int(each.loss[scenario]),
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("class")


def credit_table(told: Drawn, levels: Sequence[float] = TAIL_LEVELS) -> pd.DataFrame:
    """A row a class: chance and size of a loss, its tails, and the same where the guarantor fails.

    The seed, the method and the number of scenarios are in the frame's `attrs`. Where no guarantor fails, the columns
    of that case are empty. A standard error is given for draws that are independent or mirrored; Sobol points have
    none.
    """
    draws = told.simulation.draws
    rows = []
    for each in told.tranches:
        found = credit(each.loss, each.opening, antithetic=draws.method == "antithetic")
        row: dict[str, object] = {
            "class": each.name,
            "pd": found.pd,
            "el": found.el,
            "el_error": np.nan if draws.method == "sobol" else found.el_error,
            "lgd": found.lgd,
        }
        for tail in tails(each.loss, each.opening, levels):
            row[f"var_{tail.level:g}"] = tail.value_at_risk
            row[f"es_{tail.level:g}"] = tail.expected_shortfall
        case = where(each.loss, each.opening, told.guarantor_fails)
        row["pd_guarantor_fails"] = np.nan if case is None else case.pd
        row["el_guarantor_fails"] = np.nan if case is None else case.el
        rows.append(row)
    table = pd.DataFrame(rows).set_index("class")
    table.attrs = {
        "seed": draws.seed,
        "method": draws.method,
        "scenarios": draws.scenarios,
        "guarantor_fails": float(told.guarantor_fails.mean()),
    }
    return table


def coverage_table(told: Stressed, scenario: int) -> pd.DataFrame:
    """A row a period of one scenario: the pool's balance over that of each class and those before it."""
    senior = np.zeros(len(told.times))
    columns: dict[str, Floats] = {}
    for each in told.tranches:
        senior = senior + each.balance[scenario]
        columns[f"{each.name}_overcollateralisation"] = coverage(told.pool.balance[scenario], senior)
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(told.times) + 1, name="period"))


def break_even_table(found: dict[str, float]) -> pd.DataFrame:
    """A row a class: the constant default rate a year that it bears without a loss of principal."""
    return pd.DataFrame({"break_even_cdr": list(found.values())}, index=pd.Index(list(found), name="class"))
