"""A report as CSV, JSON or one HTML page with its pictures; the same report gives the same bytes, always.

Files for machines hold the integers with their units; the page, for people, holds decimals of the currency.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import jinja2
import pandas as pd

from exchange.cli.report_reads import Subject
from exchange.cli.report_tables import Report
from exchange.core.ids import to_wire
from exchange.core.units import NS_PER_SECOND
from matching.tape import SECONDS, Interval

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run."""
WIDTH, HEIGHT, FEWEST = 960, 140, 24
"""A picture's size, and how many candles it has room for at least: a single one should not fill it."""
TITLES = {
    "summary": "Instruments",
    "members": "Members",
    "holders": "Largest holders",
    "days": "Turnover by day",
    "currencies": "Turnover by currency",
}


@dataclass(frozen=True)
class Stroke:
    """One candle as drawn, in tenths of a pixel from the picture's top left."""

    x: str
    high: str
    low: str
    top: str
    bottom: str
    width: str
    falls: bool


class Room(NamedTuple):
    """The hours all pictures show: from when, how long a candle lasts, and for how many there is room."""

    first_ns: int
    step_ns: int
    slots: int


@dataclass(frozen=True)
class Picture:
    """One instrument's day as candles, with the prices and the clock at the picture's edges."""

    subject: Subject
    strokes: tuple[Stroke, ...]
    highest: str
    lowest: str
    from_clock: str
    until_clock: str


def as_csv(report: Report, table: str) -> str:
    """One of the report's tables; a text that a spreadsheet would take for a formula is marked as text."""
    frame = report.tables[table].map(_harmless)
    return str(frame.to_csv(index=False, lineterminator="\n"))


def as_json(report: Report) -> str:
    """The whole report."""
    tables = {name: _lines(frame) for name, frame in report.tables.items()}
    return json.dumps({"title": report.title, **report.heading, **tables}, ensure_ascii=False, indent=2) + "\n"


def as_html(report: Report) -> str:
    """The whole report as a page that needs nothing else."""
    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.tests["number"] = _is_number
    shown = {TITLES[name]: _shown(report, frame) for name, frame in report.tables.items() if name in TITLES}
    page = environment.get_template("report.html")
    return page.render(report=report, tables=shown, pictures=pictures(report), width=WIDTH, height=HEIGHT) + "\n"


FORMATS = ("csv", "json", "html")
NUMBER = re.compile("[-–0-9,.% ]*")
"""Cells that stand to the right; words stand to the left."""


def decimal(amount: int, scale: int) -> str:
    """An amount in minor units as people write it.

    >>> decimal(1_234_567, 2), decimal(5, 2), decimal(-5, 0)
    ('12,345.67', '0.05', '-5')
    """
    whole, rest = divmod(abs(amount), 10**scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}.{rest:0{scale}}" if scale else f"{sign}{whole:,}"


def pictures(report: Report) -> list[Picture]:
    """A picture for each instrument that traded, all over the same hours."""
    bars = report.tables.get("candles")
    if bars is None or not len(bars):
        return []
    step_ns = SECONDS[Interval(report.heading["candles_of"])] * NS_PER_SECOND
    first_ns, last_ns = min(bars["start_ns"]), max(bars["start_ns"])
    room = Room(first_ns, step_ns, max((last_ns - first_ns) // step_ns + 1, FEWEST))
    mine = [(one, bars[bars["instrument_id"] == to_wire("I", one.instrument_id)]) for one in report.subjects]
    return [_picture(one, frame, room, last_ns + step_ns) for one, frame in mine if len(frame)]


def _picture(one: Subject, bars: pd.DataFrame, room: Room, until_ns: int) -> Picture:
    """Places are whole tenths of a pixel, so that no machine rounds them its own way."""
    highest, lowest = max(bars["high_ticks"]), min(bars["low_ticks"])

    def down(price: int) -> int:
        return 10 * HEIGHT * (highest - price) // (highest - lowest) if highest > lowest else 5 * HEIGHT

    strokes: list[Stroke] = []
    columns = ("start_ns", "open_ticks", "high_ticks", "low_ticks", "close_ticks")
    for start_ns, opened, high, low, close in zip(*(bars[name] for name in columns), strict=True):
        slot = (start_ns - room.first_ns) // room.step_ns
        top, bottom = down(max(opened, close)), down(min(opened, close))
        stroke = Stroke(
            x=_tenths(10 * WIDTH * (2 * slot + 1) // (2 * room.slots)),
            high=_tenths(down(high)),
            low=_tenths(down(low)),
            top=_tenths(top),
            bottom=_tenths(max(bottom, top + 10)),
            width=_tenths(7 * WIDTH // room.slots),
            falls=close < opened,
        )
        strokes.append(stroke)
    hours = (_clock(room.first_ns, one.time_zone), _clock(until_ns, one.time_zone))
    return Picture(one, tuple(strokes), _price(one, highest), _price(one, lowest), *hours)


def _clock(at_ns: int, time_zone: str) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_SECOND, tz=ZoneInfo(time_zone)).strftime("%H:%M")


def _tenths(value: int) -> str:
    return f"{value // 10}.{value % 10}"


def _price(one: Subject, ticks: int) -> str:
    return decimal(ticks * one.tick_minor, one.scale)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _lines(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's lines as plain values; what is missing is null."""
    return [
        {str(name): None if value is None or value != value else value for name, value in line.items()}  # noqa: PLR0124 - NaN
        for line in frame.to_dict("records")
    ]


def _shown(report: Report, frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """A table's headings and cells for people."""
    by_id = {to_wire("I", one.instrument_id): one for one in report.subjects}
    scales = {one.currency: one.scale for one in report.subjects}
    columns = [str(name) for name in frame.columns if name != "instrument_id"]
    cells = [
        [_cell(column, line, by_id.get(line.get("instrument_id", "")), scales) for column in columns]
        for line in _lines(frame)
    ]
    return [_heading(column) for column in columns], cells


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


def _heading(column: str) -> str:
    """A column's name without its unit, which the cells show."""
    words = column.removesuffix("_ticks").removesuffix("_minor").removesuffix("_ppm").removesuffix("_lots")
    return "VWAP" if words == "vwap" else words.replace("_", " ").capitalize()


def _cell(column: str, line: Mapping[str, Any], one: Subject | None, scales: Mapping[str, int]) -> str:
    """One value for people: a price or an amount in its currency, a share in per cent."""
    value = line[column]
    if value is None:
        return "–"
    ways: dict[str, Callable[[int], str]] = {
        "ticks": lambda ticks: _price(one, ticks) if one is not None else str(ticks),
        "minor": lambda minor: decimal(minor, scales.get(line.get("currency", ""), 0)),
        "ppm": lambda ppm: f"{decimal(ppm, 4)} %",
    }
    way = ways.get(column.rpartition("_")[2])
    if way is not None:
        return way(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
