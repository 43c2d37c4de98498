"""An investor report as data: chapters of tables whose every figure says where it comes from.

A figure is *stated* by one event of the journal, or *worked* out of other figures by one of five formulas, or
*projected* by a file that its hash names. Nothing else can stand in a report, so whoever has the journal can check all
of it: `reached` finds what an event states, `worked_out` does the arithmetic again.
Source: 上证发[2024]30号 (SSE guideline no. 5), chapter 3, whose sections `Chapter.section` names.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from enum import Enum, StrEnum
from typing import Any, Literal, cast

import msgspec

from exchange.core.messages import Part
from exchange.core.units import div_half_even

PPM = 1_000_000
GUIDELINE = "上证发[2024]30号 3"
"""Chapter 3 of the guideline: the annual report of whoever manages the assets."""


class Unit(StrEnum):
    """What a cell counts: minor units of the report's currency, parts of a million, things, a moment; or it is text."""

    MINOR = "minor"
    PPM = "ppm"
    PPM2 = "ppm2"
    COUNT = "count"
    AT_NS = "at_ns"
    TEXT = "text"


class Formula(StrEnum):
    """How a figure is worked out of others."""

    SUM = "sum"
    LESS = "less"
    """The first, less all others."""
    SHARE = "share"
    """The first as a part of a million of the second, rounded half even."""
    COUNT = "count"
    """How many there are."""
    HHI = "hhi"
    """The squares of the parts that each is of their sum, added; in ppm², rounded half even."""


class Stated(Part, frozen=True, kw_only=True, tag_field="is", tag="stated"):
    """What an event says: row `sequence` of the journal, its event number `place` counted from 0.

    `pointer` leads to the figure in the event as JSON (RFC 6901); where that is a text that holds JSON itself, as a
    deal's, `inside` leads on.
    """

    sequence: int
    place: int
    event: str
    pointer: str
    inside: str = ""


class Projected(Part, frozen=True, kw_only=True, tag_field="is", tag="projected"):
    """What a projection said: the file of this hash, `pointer` as /period/figure.

    A figure after `/paid/` follows from the file by the deal's own waterfall, begun where the deal stands.
    """

    sha256: str
    pointer: str


class Worked(Part, frozen=True, kw_only=True, tag_field="is", tag="worked"):
    """What follows from other figures."""

    formula: Formula
    of: tuple[Figure, ...]


Source = Stated | Projected | Worked


class Figure(Part, frozen=True, kw_only=True):
    """A value and where it comes from."""

    value: int
    source: Source


class Cell(Part, frozen=True, kw_only=True):
    """One place of a table. A text may stand without a source: it names things, and is no figure."""

    value: int | str
    unit: Unit
    source: Source | None = None


class Both(Part, frozen=True, kw_only=True):
    """The same words in English and Chinese."""

    en: str
    zh: str


class Row(Part, frozen=True, kw_only=True):
    """One line of a table; `note` says more, such as why an amount is what it is."""

    key: str
    label: Both
    cells: tuple[Cell | None, ...]
    note: Both | None = None


class Table(Part, frozen=True, kw_only=True):
    """Rows with a cell for each column; one that says nothing is null. `note` says what is not in it, and why."""

    code: str
    title: Both
    columns: tuple[Both, ...]
    rows: tuple[Row, ...]
    note: Both | None = None


class Chapter(Part, frozen=True, kw_only=True):
    """Some tables under one head. `section` is the section of the guideline's chapter 3; empty: beyond it."""

    code: str
    section: str
    title: Both
    tables: tuple[Table, ...]


class Report(Part, frozen=True, kw_only=True):
    """What the holders of a deal are told of one payment, or of a year's.

    `through_sequence` is the row of the journal that ended the last payment: nothing later is in the report, so that
    it comes out the same whenever it is asked for. Units: amounts in minor units with `scale` digits after the point.
    """

    format: Literal[1] = 1
    kind: Literal["payment", "year"]
    guideline: str = GUIDELINE
    servicing: str
    name: str
    title: Both
    deal_sha256: str
    currency: str
    scale: int
    period: int
    year: int
    through_sequence: int
    through_ns: int
    chapters: tuple[Chapter, ...]


def report_text(report: Report) -> str:
    """The one text of a report: fields in declared order, two spaces of indent, a closing line end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def report_hash(report: Report) -> str:
    """The SHA-256 of that text, in hex: what a publication names."""
    return hashlib.sha256(report_text(report).encode()).hexdigest()


def report_schema() -> dict[str, Any]:
    """The JSON schema of a report (draft 2020-12)."""
    schema = msgspec.json.schema(Report)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Report"} | schema


# --- Where figures come from ------------------------------------------------------------------------------------------


def pointer(*path: str | int) -> str:
    """A path as a JSON pointer.

    >>> pointer("result", "figures", "account.cash"), pointer("a/b", 0)
    ('/result/figures/account.cash', '/a~1b/0')
    """
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def reached(start: Any, to: str, inside: str = "") -> Any:
    """What a pointer leads to in an event, and from there in the JSON text that it may hold.

    Raises: LookupError, AttributeError, ValueError if it leads nowhere.
    """
    value: Any = start
    for part in to.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, msgspec.Struct):
            value = getattr(value, name)
        elif isinstance(value, dict):
            value = cast("dict[str, Any]", value)[name]
        else:
            value = value[int(name)]
    if inside:
        return reached(_parsed(value), inside)
    return value.value if isinstance(value, Enum) else value


def worked_out(formula: Formula, values: Sequence[int]) -> int:
    """The value of a formula.

    >>> worked_out(Formula.SHARE, [1, 3]), worked_out(Formula.LESS, [9, 2, 3]), worked_out(Formula.HHI, [5, 5])
    (333333, 4, 500000000000)

    Raises: ZeroDivisionError for a share of nothing.
    """
    match formula:
        case Formula.SUM:
            return sum(values)
        case Formula.LESS:
            return values[0] - sum(values[1:])
        case Formula.SHARE:
            return div_half_even(values[0] * PPM, values[1])
        case Formula.COUNT:
            return len(values)
        case Formula.HHI:
            return div_half_even(sum(one * one for one in values) * PPM * PPM, sum(values) ** 2)


def figures(report: Report) -> list[tuple[str, Cell]]:
    """Every cell that holds a number, with its place: chapter, table, row, column."""
    return [
        (f"{chapter.code}.{table.code}.{row.key}.{table.columns[place].en}", cell)
        for chapter in report.chapters
        for table in chapter.tables
        for row in table.rows
        for place, cell in enumerate(row.cells)
        if cell is not None and isinstance(cell.value, int)
    ]


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    return json.loads(text)
