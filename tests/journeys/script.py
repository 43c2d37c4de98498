"""Reads a journey as a lawyer would write it: a line a step, and after an arrow what it comes to.

A line is somebody and what they do. After the arrow stands the code it is refused with, or how the case then stands; a
line without an arrow is a step that is taken. `#` begins a remark. Two lines go for every journey: `N days pass`, and
`the exchange restarts`, which loads everything anew from the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.deals.stage import Desk

Acts = Mapping[str, Callable[[], object]]
"""What each line does: it answers the code of a refusal, how the case stands, or nothing that is text."""


def walk(desk: Desk, text: str, acts: Acts) -> None:
    """Walk every line, each of which must come to what it says; every line of `acts` must be said."""
    used: dict[str, None] = {}
    wrong: list[str] = []
    for line in filter(None, (part.partition("#")[0].strip() for part in text.splitlines())):
        asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
        used[asked] = None
        told = _happens(desk, asked, acts)
        if told != expected:
            wrong.append(f"{asked} -> {told or 'taken'}, but the journey says {expected or 'taken'}")
    assert not wrong, "\n".join(wrong)
    idle = [asked for asked in acts if asked not in used]
    assert not idle, f"no line of the journey says: {idle}"


def _happens(desk: Desk, asked: str, acts: Acts) -> str:
    words = asked.split()
    if asked == "the exchange restarts":
        desk.venue.restart()
        return ""
    if words[1:] in (["days", "pass"], ["day", "passes"]):
        return desk.step(f"wait {words[0]}")
    told = acts[asked]()
    return told if isinstance(told, str) else ""
