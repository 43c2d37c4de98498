"""The pictures of a deal's report, as SVG: who is owed what, how far it may spread, what may be lost, what is borne."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from securitization.analytics import refused
from securitization.analytics.amortise import Floats
from securitization.analytics.measures import Amounts, TrancheFlows, credit, tails
from securitization.analytics.svg import COLOURS, Chart

FAN = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
TINTS = ("#d0e4f2", "#93c0e0", "#5299cb")
BINS = 40


def balances(tranches: Sequence[TrancheFlows], times: Floats, scenario: int, title: str) -> str:
    """What each class is still owed over the years of one scenario, one upon the other, the most senior below."""
    xs = np.concatenate([[0.0], times])
    stacked = np.zeros(len(xs))
    total = float(sum(each.opening for each in tranches))
    chart = Chart(title, "years from the cut-off", "owed, minor units", (0.0, float(xs[-1])), (0.0, total * 1.02))
    for number, each in enumerate(tranches):
        owed = np.concatenate([[each.opening], each.balance[scenario]])
        chart.band(xs, stacked, stacked + owed, COLOURS[number % len(COLOURS)], each.name)
        stacked = stacked + owed
    return chart.render()


def fan(values: Amounts, times: Floats, title: str, y_label: str) -> str:
    """How far a figure spreads over the scenarios: the median, and the ranges of 50, 80 and 98 % of them."""
    lines = np.quantile(np.asarray(values, dtype=np.float64), FAN, axis=0)
    low, high = min(0.0, float(lines.min())), float(lines.max())
    chart = Chart(title, "years from the cut-off", y_label, (float(times[0]), float(times[-1])), (low, high * 1.05))
    middle = len(FAN) // 2
    for outer, colour, name in zip((3, 2, 1), TINTS, ("98 % of scenarios", "80 %", "50 %"), strict=True):
        chart.band(times, lines[middle - outer], lines[middle + outer], colour, name)
    chart.line(times, lines[middle], COLOURS[5], "median")
    return chart.render()


def losses(loss: Amounts, opening: int, title: str, case: NDArray[np.bool_] | None = None, level: float = 0.99) -> str:
    """The chance that a class loses more than a share of itself, with its mean, value at risk and expected shortfall.

    Units: `case` marks the scenarios of a second line, such as those in which the guarantor fails.
    """
    shares = np.sort(np.asarray(loss, dtype=np.float64) / opening)
    tail = tails(loss, opening, [level])[0]
    top = max(float(shares[-1]) * 1.05, 1e-6)
    chart = Chart(title, "share of the class lost", "chance of losing more", (0.0, top), (0.0, 1.0), True, True)
    known = np.unique(np.concatenate([[0.0], shares, [top]]))
    xs = np.repeat(known, 2)[1:]  # a step at each loss that occurs

    def beyond(of: Floats) -> Floats:
        return np.repeat(1.0 - np.searchsorted(of, known, side="right") / len(of), 2)[:-1]

    lines = [beyond(shares)]
    if case is not None and case.any():
        lines.append(beyond(np.sort(np.asarray(loss, dtype=np.float64)[case] / opening)))
    chart.y = (0.0, max(0.01, 1.1 * max(float(each.max()) for each in lines)))
    for marked, colour, name in (
        (credit(loss, opening).el, COLOURS[2], "expected loss"),
        (tail.value_at_risk, COLOURS[1], f"VaR {level * 100:g} %"),
        (tail.expected_shortfall, COLOURS[3], f"ES {level * 100:g} %"),
    ):
        chart.line(np.array([marked, marked]), np.array(chart.y), colour, name, dashed=True)
    chart.line(xs, lines[0], COLOURS[0], "all scenarios")
    if len(lines) > 1:
        chart.line(xs, lines[1], COLOURS[5], "guarantor fails")
    return chart.render()


def histogram(loss: Amounts, opening: int, title: str) -> str:
    """How often the pool, or a class, loses how much of itself."""
    shares = np.asarray(loss, dtype=np.float64) / opening
    top = max(float(shares.max()), 1e-6)
    counts, edges = np.histogram(shares, bins=BINS, range=(0.0, top))
    often = counts / len(shares)
    chart = Chart(title, "share lost", "of the scenarios", (0.0, top), (0.0, float(often.max()) * 1.05), True, True)
    for left, right, height in zip(edges[:-1].tolist(), edges[1:].tolist(), often.tolist(), strict=True):
        if height:
            chart.bar(left, right, height, COLOURS[0])
    return chart.render()


def break_even(found: dict[str, float], title: str) -> str:
    """The constant default rate a year that each class bears, a bar a class."""
    refused.assumption(bool(found), "no class to draw")
    top = max(*found.values(), 1e-6)
    chart = Chart(title, "class", "default rate a year", (0.0, float(len(found))), (0.0, top * 1.15), False, True)
    for number, (name, rate) in enumerate(found.items()):
        chart.bar(number + 0.2, number + 0.8, rate, COLOURS[number % len(COLOURS)])
        chart.text(number + 0.5, rate, f"{name}: {rate:.2%}")
    return chart.render(x_ticks=False)
