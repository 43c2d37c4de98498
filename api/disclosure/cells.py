"""Cells of a report. A number is always made here, from an event or from other figures: never typed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from api.disclosure.facts import Path, Told
from securitization.disclosure import (
    Both,
    Cell,
    Figure,
    Formula,
    Projected,
    Row,
    Stated,
    Table,
    Unit,
    Worked,
    pointer,
    worked_out,
)


def stated(told: Told, *path: str | int, inside: Path = ()) -> Figure:
    """A figure as an event states it."""
    source = Stated(
        sequence=told.sequence, place=told.place, event=told.name, pointer=pointer(*path), inside=pointer(*inside)
    )
    return Figure(value=int(told.says(*path, inside=inside)), source=source)


def said(told: Told, *path: str | int) -> Cell:
    """A text as an event states it."""
    source = Stated(sequence=told.sequence, place=told.place, event=told.name, pointer=pointer(*path))
    return Cell(value=str(told.says(*path)), unit=Unit.TEXT, source=source)


def words(text: str) -> Cell:
    """A text that names something."""
    return Cell(value=text, unit=Unit.TEXT)


def total(parts: Iterable[Figure]) -> Figure | None:
    """The sum; a single figure is itself, and nothing is none."""
    found = tuple(parts)
    if len(found) < 2:
        return found[0] if found else None
    return work(Formula.SUM, *found)


def less(whole: Figure | None, *others: Figure | None) -> Figure | None:
    """What is left of a figure; those that are none take nothing away."""
    taken = [one for one in others if one is not None]
    return whole if whole is None or not taken else work(Formula.LESS, whole, *taken)


def share(part: Figure | None, whole: Figure | None) -> Figure | None:
    """A part of a million of the whole; none of nothing."""
    if part is None or whole is None or not whole.value:
        return None
    return work(Formula.SHARE, part, whole)


def counted(parts: Iterable[Figure]) -> Figure:
    """How many there are."""
    return work(Formula.COUNT, *parts)


def work(formula: Formula, *of: Figure) -> Figure:
    """A figure worked out of others."""
    value = worked_out(formula, [one.value for one in of])
    return Figure(value=value, source=Worked(formula=formula, of=of))


def projected(value: int, sha256: str, *path: str | int) -> Figure:
    """A figure of a projection."""
    return Figure(value=value, source=Projected(sha256=sha256, pointer=pointer(*path)))


def cell(figure: Figure | None, unit: Unit = Unit.MINOR) -> Cell | None:
    """A figure in a table."""
    return None if figure is None else Cell(value=figure.value, unit=unit, source=figure.source)


def both(en: str, zh: str) -> Both:
    """The same words twice."""
    return Both(en=en, zh=zh)


def row(key: str, label: Both | str, *cells: Cell | None, note: Both | None = None) -> Row:
    """A line of a table; a label that is a name is the same in both languages."""
    named = both(label, label) if isinstance(label, str) else label
    return Row(key=key, label=named, cells=cells, note=note)


def table(
    code: str, title: Both, columns: Sequence[tuple[str, str]], rows: Iterable[Row], note: Both | None = None
) -> Table:
    """A table, whose rows all have a cell for each column."""
    lines = tuple(rows)
    if any(len(line.cells) != len(columns) for line in lines):
        raise ValueError(f"a row of {code} has not a cell for each column")
    return Table(code=code, title=title, columns=tuple(both(*one) for one in columns), rows=lines, note=note)
