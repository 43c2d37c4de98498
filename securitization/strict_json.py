"""Read one typed tree from JSON strictly: nothing unknown, missing, repeated, too long or nested too deep."""

from __future__ import annotations

import json
import re
from typing import NamedTuple, TypeVar

import msgspec

from securitization.deal_problems import DealCode, Problem

Tree = TypeVar("Tree")
MAX_NESTING = 64
"""How deep brackets may nest, whatever stands in them: read before anything else."""


class Refusals(NamedTuple):
    """The codes under which one kind of file is refused."""

    too_large: DealCode
    not_json: DealCode
    shape: DealCode


def read_strictly(text: str, tree: type[Tree], longest: int, codes: Refusals) -> Tree | Problem:
    """Read a tree, or say where the text is wrong. Units: `longest` in characters."""
    if len(text) > longest:
        return Problem(code=codes.too_large, path="$", reason=f"longer than {longest} characters")
    if _nesting(text) > MAX_NESTING:
        return Problem(code=codes.too_large, path="$", reason=f"nested deeper than {MAX_NESTING}")
    try:
        found = msgspec.json.decode(text.encode(), type=tree)
    except msgspec.ValidationError as error:
        return _located(str(error), codes)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return Problem(code=codes.not_json, path="$", reason=str(error))
    repeated = _repeated_name(text)
    if repeated is not None:
        return Problem(code=codes.not_json, path="$", reason=f"the name {repeated!r} stands twice")
    return found


def _nesting(text: str) -> int:
    """The deepest nesting of brackets; brackets within strings count too, which only makes it stricter."""
    deepest = depth = 0
    for mark in re.findall(r"[\[\]{}]", text):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _located(message: str, codes: Refusals) -> Problem:
    """Split msgspec's sentence into the place and the reason; a missing or unknown field's name joins the place."""
    reason, _, place = message.partition(" - at `")
    path = place.rstrip("`") or "$"
    named = re.search(r"field `([^`]*)`", reason)
    if named:
        path = f"{path}.{named[1]}"
    return Problem(code=codes.shape, path=path, reason=reason)


def _repeated_name(text: str) -> str | None:
    """The first name that stands twice in one object; JSON decoders silently keep the last."""
    repeated: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            repeated.extend(name for place, name in enumerate(names) if name in names[:place])

    json.loads(text, object_pairs_hook=look)
    return repeated[0] if repeated else None
