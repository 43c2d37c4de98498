"""The pictures of a report as plain shapes, drawn from its own figures; the page and the PDF show the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from api.disclosure.wording import decimal
from securitization.disclosure import Both, Report, Row, Table, Unit

WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 720, 236, 120, 46, 13, 9
INK, GRID = "#333333", "#dddddd"
COLOURS = ("#0072b2", "#e69f00", "#009e73")
"""Told apart also by those who do not see all colours. Source: Okabe and Ito, Color universal design (2008)."""
MOST_BARS = 30
MOST_WIDE, LAST_NARROW = 38, 0x2E7F


@dataclass(frozen=True, slots=True)
class Box:
    """A bar. Units: points from the picture's top left."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text; `x` is where it begins, or with `ends` where it ends, `y` its foot."""

    x: float
    y: float
    text: str
    size: int = 11
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture `height` points high and WIDTH wide."""

    title: Both
    height: int
    boxes: tuple[Box, ...]
    words: tuple[Words, ...]


def pictures(report: Report) -> list[Picture]:
    """What each class was and is owed, what came in beside what was projected, and the steps of the waterfall."""
    tables = {table.code: table for chapter in report.chapters for table in chapter.tables}
    found = [
        _bars(report, "What each class is owed", "各类本金余额", tables["owed"].rows, tables["owed"], (0, 5)),
        _collected(report, tables),
        _bars(report, "The waterfall", "现金流分配", _paying(tables["steps"]), tables["steps"], (2,)),
    ]
    return [one for one in found if one is not None]


def svg(picture: Picture) -> str:
    """A picture for a page."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {picture.height}" role="img" '
        f'font-family="sans-serif" fill="{INK}">',
        f"<title>{escape(picture.title.en)} {escape(picture.title.zh)}</title>",
    ]
    parts += [
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" fill="{box.colour}"/>'
        for box in picture.boxes
    ]
    parts += [
        f'<text x="{one.x:.1f}" y="{one.y:.1f}" font-size="{one.size}"'
        + (' text-anchor="end"' if one.ends else "")
        + f">{escape(one.text)}</text>"
        for one in picture.words
    ]
    return "\n".join([*parts, "</svg>"])


def _collected(report: Report, tables: dict[str, Table]) -> Picture | None:
    compared = tables.get("compared")
    if compared is not None:
        rows = [row for row in compared.rows if row.key.endswith(".cash")]
        return _bars(report, "What came in beside what was projected", "归集与预测比较", rows, compared, (0, 1))
    table = tables["collections"]
    return _bars(report, "What came in", "资金归集", [row for row in table.rows if row.key != "all"], table, (0,))


def _paying(table: Table) -> list[Row]:
    """The steps that move something; what only came in stands in the picture before."""
    rows = [row for row in table.rows if ":collection:" not in row.key]
    return [row for row in rows if (cell := row.cells[2]) is not None and cell.value]


def _bars(
    report: Report, en: str, zh: str, rows: Sequence[Row], table: Table, columns: tuple[int, ...]
) -> Picture | None:
    """Bars from the left, a group a row, one for each column; amounts below zero are drawn as nothing."""
    shown = list(rows)[:MOST_BARS]
    amounts = [[_amount(row, column) for column in columns] for row in shown]
    most = max((amount for group in amounts for amount in group), default=0)
    if not most:
        return None
    boxes: list[Box] = []
    words = [Words(0, 16, f"{en} {zh}", 14)]
    across = 0.0
    for number, column in enumerate(columns if len(columns) > 1 else ()):
        boxes.append(Box(across, 24, 10, 10, COLOURS[number]))
        words.append(Words(across + 15, 33, f"{table.columns[column].en} {table.columns[column].zh}"))
        across += 30 + 6.2 * len(words[-1].text) + 5 * len(table.columns[column].zh)
    down = float(TOP)
    for row, group in zip(shown, amounts, strict=True):
        label = f"{row.label.en} {row.label.zh}"
        words.append(Words(LEFT - 8, down + BAR * len(columns) / 2 + 4, _fitting(label), ends=True))
        for number, amount in enumerate(group):
            width = max(0, amount) / most * (WIDTH - LEFT - RIGHT)
            boxes.append(Box(LEFT, down, width, BAR - 2, COLOURS[number]))
            words.append(Words(LEFT + width + 5, down + BAR - 3, decimal(amount, report.scale), 10))
            down += BAR
        down += GAP
    boxes.append(Box(LEFT - 1, TOP - 4, 1, down - TOP, GRID))
    return Picture(Both(en=en, zh=zh), int(down) + 4, tuple(boxes), tuple(words))


def _fitting(label: str) -> str:
    """As much of a label as there is room for; a Chinese character is two wide."""
    wide = 0
    for place, character in enumerate(label):
        wide += 2 if ord(character) > LAST_NARROW else 1
        if wide > MOST_WIDE:
            return label[:place] + "…"
    return label


def _amount(row: Row, column: int) -> int:
    cell = row.cells[column]
    return cell.value if cell is not None and isinstance(cell.value, int) and cell.unit is Unit.MINOR else 0
