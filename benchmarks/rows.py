"""A benchmark's answer: rows of one shape, printed as a table or as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import TypedDict


class Row(TypedDict):
    """One figure beside its baseline of the same run. `met` says whether the floor is reached."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    target: float | None
    met: bool | None


def row(
    name: str,
    value: float,
    unit: str,
    *,
    baseline: float | None = None,
    target: float | None = None,
    higher_is_better: bool = True,
    of_ratio: bool = False,
) -> Row:
    """A row; `target` is a floor for the value, or with `of_ratio` for value over baseline."""
    ratio = value / baseline if baseline else None
    judged = ratio if of_ratio else value
    met = None
    if target is not None and judged is not None:
        met = judged >= target if higher_is_better else judged <= target
    return Row(name=name, value=value, unit=unit, baseline=baseline, ratio=ratio, target=target, met=met)


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def spread(values: Iterable[float]) -> str:
    """Lowest and highest, for a line under the table."""
    listed = sorted(values)
    return f"{listed[0]:.4g}-{listed[-1]:.4g}"
