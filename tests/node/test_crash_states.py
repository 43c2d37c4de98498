"""Every state that a table of steps comes to, reached once more over a store that is struck at its every kind of step.

The tables of tests/*/test_*steps.py say by which steps a case comes to each state of its workflow. Here a node takes
these steps on a disk that fails and outlives it, and the case comes to the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from exchange.node import keeper as keeping
from tests.licences import test_price_offers as price_offers
from tests.licences.offers import OfferDesk
from tests.node import desk
from tests.node.striking import deciding, striking
from tests.pilots import test_life_steps as life
from tests.pilots.stage import Case
from tests.tooling.test_state_tables import TABLES


class Way(NamedTuple):
    """How a case comes to a state: a stage, which nothing strikes, and the steps from there."""

    begin: Callable[[], Any]
    steps: tuple[Any, ...]
    take: Callable[[Any, Any], str]
    """Take one step; the code it is refused with, or nothing."""
    state: Callable[[Any], str]

    def go(self, case: Any) -> str:
        """Take every step; answers how the case stands then."""
        for step in self.steps:
            refused = self.take(case, step)
            assert not refused, f"{step} is refused: {refused}"
        return self.state(case)


def _kept(case: Case, step: str) -> str:
    return case.step(step)


def _offered(desk: OfferDesk, line: str) -> str:
    told = desk.happens(line)
    return told if "." in told else ""


def longest(paths: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The rows that no other row's path goes on from."""
    for row, path in paths.items():
        others = (other for name, other in paths.items() if name != row)
        if path and not any(other[: len(path)] == path for other in others):
            yield row


def ways() -> dict[str, Way]:
    """The way to each last state of each table, and none of them twice."""
    found: dict[str, Way] = {}
    taken: set[tuple[Callable[[], Any], tuple[str, ...]]] = set()
    for table in (table for module in TABLES for table in module.TABLES):
        for row in longest(table.paths):
            way = Way(table.begin, table.paths[row], table.take, table.state)
            if (way.begin, way.steps) not in taken:
                taken.add((way.begin, way.steps))
                found[f"{table.flow}, {len(found)}: {row}"] = way
    for row in longest({name: (matter, *steps) for name, (matter, steps) in life.KEPT_PATHS.items()}):
        matter, steps = life.KEPT_PATHS[row]
        way = Way(partial(life.kept_share_of, matter), steps, _kept, lambda case: case.kept_share().state)
        found[f"sale of a kept share: {row}"] = way
    for row in longest({name: tuple(lines) for name, lines in price_offers.PATHS.items()}):
        way = Way(OfferDesk.cn, tuple(price_offers.PATHS[row]), _offered, OfferDesk.shown)
        found[f"listed price: {row}"] = way
    for name, (begin, steps_of_it) in desk.WAYS.items():
        found[f"the desk: {name}"] = Way(begin, steps_of_it, lambda case, step: step(case), desk.have)
    return found


@pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in ways().items()])
def test_a_state_is_reached_wherever_the_store_is_struck(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAUSES_S", (0.0,))
    undisturbed, struck = way.begin(), way.begin()
    state = way.go(undisturbed)
    undisturbed.venue.close()
    with deciding(striking(tmp_path)):
        assert way.go(struck) == state
        struck.venue.close()
