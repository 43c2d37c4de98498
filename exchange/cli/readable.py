"""Answers as a person reads them: fields one under another, records as a table that fits the screen.

Whatever others wrote is shown without its control characters, so that no name steers a terminal.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, cast

from rich.cells import cell_len, set_cell_size

WIDEST = 40
"""Columns of the screen that one field of a table may take."""
UNTOLD = 160
"""The width of a screen that does not tell its own."""
NS = 1_000_000_000
LAST_NS = 253_402_300_799 * NS


def near(name: str, names: Iterable[str]) -> list[str]:
    """The names that may have been meant, the likeliest first.

    >>> near("order.plac", ["order.place", "order.cancel", "member.register"])
    ['order.place', 'order.cancel']
    """
    known = sorted(names)
    found = get_close_matches(name, known, n=3, cutoff=0.6)
    return [*found, *(other for other in known if name and name in other and other not in found)][:5]


def meant(name: str, names: Iterable[str]) -> str:
    """What is said of a name that is none."""
    found = near(name, names)
    return f"{name[:100]!r}; " + (f"like it: {', '.join(found)}" if found else "see --list")


def plain(text: str) -> str:
    """A text on one line, with control characters written as their codes.

    >>> plain("a" + chr(27) + "[31mb")
    'a\\\\x1b[31mb'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "backslashreplace").decode()
        for letter in text
    )


def shown(name: str, value: Any) -> str:
    """A field's value: times in UTC, yes and no, lists as JSON, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith("_ns") and 10**17 < value < LAST_NS:
        return f"{datetime.fromtimestamp(value // NS, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, dict | list):
        return plain(json.dumps(value, ensure_ascii=False))
    return plain(str(value))


def fields(record: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Every field with its value; those of a record inside, under its name."""
    for name, value in record.items():
        listed: list[Any] = value if isinstance(value, list) else []
        if isinstance(value, dict) and value:
            yield from fields(cast("dict[str, Any]", value), f"{within}{name}.")
        elif listed and all(isinstance(one, dict) for one in listed):
            for place, one in enumerate(listed, start=1):
                yield from fields(one, f"{within}{name}.{place}.")
        else:
            yield plain(within + name), shown(name, value)


def as_lines(record: Mapping[str, Any], indent: str = "") -> list[str]:
    """A record, a field a line."""
    pairs = list(fields(record))
    width = max((cell_len(name) for name, _ in pairs), default=0)
    return [f"{indent}{set_cell_size(name, width)}  {value}".rstrip() for name, value in pairs]


def as_table(items: Sequence[Mapping[str, Any]], first: Sequence[str], only: Sequence[str] = ()) -> list[str]:
    """Records as a table: `only` these columns, or `first` ones first and as many more as the screen has room for."""
    present = list(dict.fromkeys(name for item in items for name in item))
    order = list(only) or [name for name in dict.fromkeys((*first, *present)) if name in present]
    room = shutil.get_terminal_size((UNTOLD, 24)).columns
    columns: list[tuple[str, int, list[str]]] = []
    for name in order:
        cells = [shown(name, item.get(name)) for item in items]
        width = min(WIDEST, max(map(cell_len, (name, *cells))))
        if columns and not only and width + 2 > room:
            break
        room -= width + 2
        columns.append((name, width, cells))
    lines = ["  ".join(_fitted(name, width) for name, width, _ in columns).rstrip()]
    lines += [
        "  ".join(_fitted(cells[place], width) for _, width, cells in columns).rstrip() for place in range(len(items))
    ]
    left = order[len(columns) :]
    if left:
        lines.append(f"({len(left)} more fields: {', '.join(left)}; choose with --fields, or read all with --json)")
    return lines


def _fitted(text: str, width: int) -> str:
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
