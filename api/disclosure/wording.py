"""A report's values as people read them: amounts with their decimals, parts in per cent, a source in one line."""

from __future__ import annotations

from datetime import UTC, datetime

from exchange.core.units import NS_PER_SECOND
from securitization.disclosure import Cell, Projected, Report, Source, Stated, Unit, Worked, figures

NOTHING = "–"
MOST_SOURCE = 600
"""Characters of a source in a page or a row of CSV; the JSON has all of it."""


def shown(report: Report, cell: Cell | None) -> str:
    """A cell as people read it."""
    if cell is None:
        return NOTHING
    if isinstance(cell.value, str):
        return cell.value or NOTHING
    match cell.unit:
        case Unit.MINOR:
            return decimal(cell.value, report.scale)
        case Unit.PPM:
            return f"{decimal(cell.value, 4)} %"
        case Unit.PPM2:
            return decimal(cell.value, 12)[:-8]  # an index from 0 to 1, cut after the fourth digit
        case Unit.AT_NS:
            at = datetime.fromtimestamp(cell.value // NS_PER_SECOND, tz=UTC)
            return at.strftime("%Y-%m-%d %H:%M")
        case _:
            return f"{cell.value:,}"


def decimal(amount: int, scale: int) -> str:
    """A whole number with its decimals, exactly.

    >>> decimal(1_234_567, 2), decimal(-5, 2), decimal(7, 0)
    ('12,345.67', '-0.05', '7')
    """
    whole, rest = divmod(abs(amount), 10**scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}.{rest:0{scale}d}" if scale else f"{sign}{whole:,}"


def traced(source: Source | None) -> str:
    """Where a figure comes from, in one line."""
    text = _traced(source) if source is not None else ""
    return text if len(text) <= MOST_SOURCE else text[: MOST_SOURCE - 1] + "…"


def _traced(source: Source) -> str:
    match source:
        case Stated():
            inside = f" {source.inside}" if source.inside else ""
            return f"row {source.sequence}.{source.place} {source.event} {source.pointer}{inside}"
        case Projected():
            return f"projection {source.sha256[:16]} {source.pointer}"
        case Worked():
            parts = "; ".join(_traced(one.source) for one in source.of)
            return f"{source.formula.value}({parts})"


def rows_of(source: Source | None) -> list[int]:
    """The rows of the journal a figure rests on, in their order."""
    match source:
        case Stated():
            return [source.sequence]
        case Worked():
            return sorted({number for one in source.of for number in rows_of(one.source)})
        case _:
            return []


def rows_under(report: Report) -> list[int]:
    """Every row of the journal that a report rests on, in their order."""
    return sorted({number for _, cell in figures(report) for number in rows_of(cell.source)})
