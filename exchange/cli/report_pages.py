"""A report as CSV, JSON or one HTML page with its pictures; the same report gives the same bytes, always.

Files for machines hold the integers with their units; the page, for people, holds decimals of the currency.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from exchange.cli.report_reads import Subject
from exchange.cli.report_tables import Report
from exchange.core.ids import to_wire

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run."""
WIDTH, HEIGHT, BAR = 960, 220, 10
"""A picture's size; a candle's width is what there is room for, at most this."""
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


@dataclass(frozen=True)
class Picture:
    """One instrument's day as candles, with the prices at the picture's edges."""

    subject: Subject
    strokes: tuple[Stroke, ...]
    highest: str
    lowest: str


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
    shown = {TITLES[name]: _shown(report, frame) for name, frame in report.tables.items() if name in TITLES}
    page = environment.get_template("report.html")
    return page.render(report=report, tables=shown, pictures=pictures(report), width=WIDTH, height=HEIGHT) + "\n"


FORMATS = ("csv", "json", "html")


def decimal(amount: int, scale: int) -> str:
    """An amount in minor units as people write it.

    >>> decimal(1_234_567, 2), decimal(5, 2), decimal(-5, 0)
    ('12,345.67', '0.05', '-5')
    """
    whole, rest = divmod(abs(amount), 10**scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}.{rest:0{scale}}" if scale else f"{sign}{whole:,}"


def pictures(report: Report) -> list[Picture]:
    """A picture for each instrument that traded."""
    bars = report.tables.get("candles")
    if bars is None:
        return []
    mine = [(one, bars[bars["instrument_id"] == to_wire("I", one.instrument_id)]) for one in report.subjects]
    return [_picture(one, frame) for one, frame in mine if len(frame)]


def _picture(one: Subject, bars: pd.DataFrame) -> Picture:
    """Places are whole tenths of a pixel, so that no machine rounds them its own way."""
    highest, lowest = max(bars["high_ticks"]), min(bars["low_ticks"])
    span = max(highest - lowest, 1)
    step = min(10 * WIDTH // len(bars), 10 * 2 * BAR)
    width = step * 7 // 10

    def down(price: int) -> int:
        return 10 * HEIGHT * (highest - price) // span if highest > lowest else 5 * HEIGHT

    strokes: list[Stroke] = []
    prices = zip(*(bars[name] for name in ("open_ticks", "high_ticks", "low_ticks", "close_ticks")), strict=True)
    for place, (opened, high, low, close) in enumerate(prices):
        top, bottom = down(max(opened, close)), down(min(opened, close))
        stroke = Stroke(
            x=_tenths(place * step + step // 2),
            high=_tenths(down(high)),
            low=_tenths(down(low)),
            top=_tenths(top),
            bottom=_tenths(max(bottom, top + 10)),
            width=_tenths(width),
            falls=close < opened,
        )
        strokes.append(stroke)
    price = partial(_price, one)
    return Picture(one, tuple(strokes), price(highest), price(lowest))


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


def _heading(column: str) -> str:
    """A column's name without its unit, which the cells show."""
    words = column.removesuffix("_ticks").removesuffix("_minor").removesuffix("_ppm").removesuffix("_lots")
    return words.replace("_", " ").capitalize()


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
