"""A deal's stress as plain values, tables and pictures; what it was drawn from stands in it, to be drawn again."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
import pandas as pd

from securitization.analytics import plots
from securitization.analytics.deal_measures import ClassMeasures, Measured
from securitization.analytics.pool_file import pool_hash
from securitization.analytics.report import cash_table, coverage_table, scenario_table
from securitization.deal import deal_hash


def as_values(told: Measured) -> dict[str, object]:
    """The whole stress for machines: inputs, classes, scenarios. Shares are of 1, amounts minor."""
    joined, asked, drawn = told.joined, told.asked, told.drawn
    table = scenario_table(told.stressed)
    return {
        "inputs": {
            "deal": joined.deal.name,
            "deal_sha256": deal_hash(joined.deal),
            "pool": joined.pool.name,
            "pool_sha256": pool_hash(joined.pool),
            "cut_off": joined.deal.periods[0].start,
            "months": joined.horizon.months,
            "months_a_period": joined.horizon.months_a_period,
            "assumptions": msgspec.to_builtins(asked.assumptions),
            "simulation": msgspec.to_builtins(asked.simulation),
            "prices": dict(asked.prices),
            "yields": dict(asked.yields),
            "frequency": asked.frequency,
        },
        "guarantor_fails": float(drawn.guarantor_fails.mean()) if asked.simulation.guarantor else None,
        "classes": [_class(each, drawn.simulation.draws.method) for each in told.classes],
        "scenarios": [
            {"scenario": name, **{str(column): int(value) for column, value in row.items()}}
            for name, row in zip(table.index, table.to_dict("records"), strict=True)
        ],
    }


def _class(found: ClassMeasures, method: str) -> dict[str, object]:
    """One class by name of figure; Sobol points have no standard error."""
    values = asdict(found)
    if values["credit"] is not None and method == "sobol":
        values["credit"]["el_error"] = None
    return values


def measures_table(told: Measured) -> pd.DataFrame:
    """A row a class: everything that was measured, empty where there is no such figure."""
    rows = []
    for each in told.classes:
        values = _class(each, told.drawn.simulation.draws.method)
        row = {name: value for name, value in values.items() if name not in {"credit", "tails", "guarantor_fails"}}
        for prefix, found in (("", values["credit"]), ("guarantor_fails_", values["guarantor_fails"])):
            for figure in ("pd", "el", "lgd") if prefix else ("pd", "el", "el_error", "lgd"):
                row[prefix + figure] = found[figure] if isinstance(found, dict) else None
        for tail in each.tails:
            row[f"var_{tail.level:g}"], row[f"es_{tail.level:g}"] = tail.value_at_risk, tail.expected_shortfall
        rows.append(row)
    return pd.DataFrame(rows).rename(columns={"name": "class"}).set_index("class")


def tables(told: Measured) -> dict[str, pd.DataFrame]:
    """Every table of the report by the name of its file; cash and cover of each named scenario."""
    found = {"measures": measures_table(told), "scenarios": scenario_table(told.stressed)}
    for number, name in enumerate(told.stressed.names):
        both = [cash_table(told.stressed, number), coverage_table(told.stressed, number)]
        found[f"cash-{number}"] = pd.concat(both, axis=1).assign(scenario=name)
    return found


def pictures(told: Measured) -> dict[str, str]:
    """The pictures as SVG by their names, one of losses for each class that some drawn scenario hurts."""
    stressed, drawn = told.stressed, told.drawn
    found = {"balances": plots.balances(stressed.tranches, stressed.times, 0, "What each class is owed, as expected")}
    if len(stressed.names) > 1:
        last = len(stressed.names) - 1
        title = f"What each class is owed, {stressed.names[last]}"
        found["balances-last"] = plots.balances(stressed.tranches, stressed.times, last, title)
    pool = drawn.pool
    cash = (pool.interest + pool.principal + pool.recoveries).cumsum(axis=1)
    found["collections"] = plots.fan(cash, drawn.times, "What the pool has brought in", "minor units")
    for each in drawn.tranches:
        if each.opening and (each.loss > 0).any():
            title = f"Class {each.name}: what may be lost"
            found[f"losses-{each.name}"] = plots.losses(each.loss, each.opening, title, drawn.guarantor_fails)
    for suffix, title, rates in (
        ("", "Default rate a year that each class bears", _bars(told, "break_even_cdr")),
        ("-guarantor-fails", "The same without the guarantor", _bars(told, "break_even_cdr_guarantor_fails")),
    ):
        if rates:
            found[f"break-even{suffix}"] = plots.break_even(rates, title)
    return found


def _bars(told: Measured, figure: str) -> dict[str, float]:
    found = {each.name: getattr(each, figure) for each in told.classes}
    return {name: rate for name, rate in found.items() if rate is not None}
