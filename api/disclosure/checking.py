"""A report held against the journal: every figure found again where its source says, every sum done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exchange.core.messages import Event
from exchange.core.wire import name_of
from securitization.disclosure import Figure, Projected, Report, Source, Stated, Worked, figures, reached, worked_out

Events = Callable[[int], Sequence[Event] | None]
"""The events of a row of the journal; None where there is no such row."""


def differences(report: Report, events: Events) -> list[str]:
    """Every figure that its source does not give, with its place; a figure without a source is one."""
    found: list[str] = []
    for place, cell in figures(report):
        if cell.source is None:
            found.append(f"{place}: no source")
        elif (wrong := _wrong(int(cell.value), cell.source, events, report.through_sequence)) is not None:
            found.append(f"{place}: {wrong}")
    return found


def _wrong(value: int, source: Source, events: Events, through: int) -> str | None:
    """What is wrong with a figure; None: nothing. A projection's figures are its file's business."""
    match source:
        case Stated():
            return _stated(value, source, events, through)
        case Worked():
            return _worked(value, source, events, through)
        case Projected():
            return None


def _stated(value: int, source: Stated, events: Events, through: int) -> str | None:
    if source.sequence > through:
        return f"row {source.sequence} is later than the report"
    told = events(source.sequence)
    if told is None or source.place >= len(told) or name_of(told[source.place]) != source.event:
        return f"row {source.sequence} has no {source.event} there"
    try:
        there = int(reached(told[source.place], source.pointer, source.inside))
    except (LookupError, AttributeError, TypeError, ValueError):
        return f"row {source.sequence} has nothing at {source.pointer}{source.inside}"
    return None if there == value else f"{value}, row {source.sequence} says {there}"


def _worked(value: int, source: Worked, events: Events, through: int) -> str | None:
    for one in source.of:
        if (wrong := _of(one, events, through)) is not None:
            return wrong
    try:
        again = worked_out(source.formula, [one.value for one in source.of])
    except (ZeroDivisionError, IndexError):
        return f"{source.formula} of nothing"
    return None if again == value else f"{value}, {source.formula} gives {again}"


def _of(figure: Figure, events: Events, through: int) -> str | None:
    return _wrong(figure.value, figure.source, events, through)
