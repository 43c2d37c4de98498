"""A second reader of sources: JSON as clients see it, and arithmetic in fractions. It shares no code with the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from securitization.disclosure import Cell, Figure, Stated, Worked

Events = Callable[[int], list[Any]]


def resolved(found: Cell | Figure, events: Events) -> int | None:
    """What a figure's source comes to; None where it leads nowhere, or a part of it is not what it says."""
    source = found.source
    if isinstance(source, Stated):
        told = events(source.sequence)
        if source.place >= len(told) or told[source.place]["type"] != source.event:
            return None
        there = _walk(told[source.place], source.pointer)
        there = _walk(json.loads(there), source.inside) if source.inside else there
        return int(there) if isinstance(there, int) else None
    if isinstance(source, Worked):
        values = [one.value for one in source.of if resolved(one, events) == one.value]
        return _worked(source.formula.value, values) if len(values) == len(source.of) else None
    return None


def _walk(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _worked(formula: str, values: list[int]) -> int:
    if formula == "count":
        return len(values)
    if formula == "sum":
        return sum(values)
    if formula == "less":
        return values[0] - sum(values[1:])
    if formula == "share":
        return round(Fraction(values[0], values[1]) * 1_000_000)  # Fractions round half to even
    whole = sum(values)
    return round(sum(Fraction(one, whole) ** 2 for one in values) * 10**12)
