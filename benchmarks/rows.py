"""A benchmark's answer: rows of one shape, printed as a table or as JSON."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypedDict

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class BenchmarkFailed(Exception):  # noqa: N818 - one line for whoever asked for figures
    """There is no figure; the text says why, in one line."""


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
    ratio: float | None = None,
    target: float | None = None,
    higher_is_better: bool = True,
    of_ratio: bool = False,
) -> Row:
    """A row; `target` is a floor for the value, or with `of_ratio` for value over baseline.

    `ratio` is given where it is the median of the rounds' ratios, which is steadier than the ratio of two medians.
    """
    if ratio is None:
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


def machine() -> str:
    """What the figures were measured on, and how busy it was already."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores ({_processor()}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


@dataclass
class Report:
    """The rows of one benchmark, and what must be known to read them: spreads, batch sizes, refusals."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list[str])

    def as_json(self, name: str, machine_line: str, *, quick: bool) -> str:
        """One object."""
        return json.dumps({"benchmark": name, "quick": quick, "machine": machine_line, **asdict(self)})

    def print(self, name: str, machine_line: str, *, quick: bool) -> None:
        """A table, the notes under it."""
        console = Console(highlight=False)
        table = Table(title=f"{name}{' (quick: only a look)' if quick else ''}", title_justify="left")
        table.add_column("name")
        for title in ("value", "unit", "baseline", "ratio", "target", "met"):
            table.add_column(title, justify="left" if title == "unit" else "right")
        for each in self.rows:
            met = {None: "", True: "yes", False: "NO"}[each["met"]]
            figures = [_figure(each[column]) for column in ("baseline", "ratio", "target")]
            table.add_row(escape(each["name"]), _figure(each["value"]), each["unit"], *figures, met)
        console.print(table)
        for note in self.notes:
            console.print(escape(note))
        console.print(escape(machine_line))


def _figure(value: float | None) -> str:
    """Three or four digits that count."""
    if value is None:
        return ""
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
