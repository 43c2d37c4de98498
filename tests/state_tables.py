"""Tables of every state and command of a workflow: how the tests that walk one say which workflow they cover.

A table has a row for each state (or a way to be in it) and a column for each step. `Covered` says how to come to a row
and how to take a step; what it really covers is not said but looked at: the states of the cases a row arrives with, and
the names of the commands a step sends. tests/tooling/test_state_tables.py compares that with the workflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange.core.messages import Rejected
from exchange.core.wire import name_of
from exchange.core.workflows import ANY, Workflow
from exchange.engine.workflows import WORKFLOWS
from tests.support import Venue

BY_ITSELF = frozenset({ANY, "clock.advance", "run.continue"})
"""What leads on without anybody's step: time, and a run."""


@dataclass(frozen=True)
class Covered:
    """One table of steps, and the workflow it covers; `arrive` answers something with a `venue`, fresh each time."""

    flow: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    arrive: Callable[[str], Any]
    take: Callable[[Any, str], object]

    @property
    def workflow(self) -> Workflow:
        """The workflow's table."""
        return next(flow for flow in WORKFLOWS if flow.name == self.flow)

    def states(self) -> set[str]:
        """The states in which the rows' cases are."""
        found: set[str] = set()
        for row in self.rows:
            venue: Venue = self.arrive(row).venue
            found |= {state for (flow, _), state in venue.steps.states.items() if flow == self.flow}
        return found

    def commands(self) -> set[str]:
        """The names of what the columns send, with what was asked of two."""
        found: set[str] = set()
        for step in self.columns:
            stage = self.arrive(self.rows[0])
            venue: Venue = stage.venue
            place = len(venue.journal)
            self.take(stage, step)
            found |= {name_of(entry.command) for entry in venue.journal[place:] if entry.command is not None}
        return found


@dataclass(frozen=True)
class StateTable:
    """A table in one text: a row a state, a column a step; a cell is the state after it, or the code of the refusal."""

    flow: str
    text: str
    paths: Mapping[str, tuple[str, ...]]
    begin: Callable[[], Any]
    take: Callable[[Any, str], str]
    """Take one step; the code it is refused with, or nothing."""
    codes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def lines(self) -> list[list[str]]:
        """The cells, the heading first."""
        return [
            [cell.strip() for cell in line.split("|")] for line in self.text.strip("\n").splitlines() if line.strip()
        ]

    def arrive(self, row: str) -> Any:
        """A fresh case that came to this row."""
        case = self.begin()
        for step in self.paths[row]:
            refused = self.take(case, step)
            assert not refused, f"{row}: {step} is refused: {refused}"
        return case

    def state(self, case: Any) -> str:
        """How the newest case of the workflow stands."""
        states = {key: state for (flow, key), state in case.venue.steps.states.items() if flow == self.flow}
        return states[max(states)]

    def check(self, row: list[str]) -> None:
        """Every step of one row is taken or refused as its cell says."""
        for step, cell in zip(self.lines[0][1:], row[1:], strict=True):
            case = self.arrive(row[0])
            became = self.take(case, step) or self.state(case)
            assert became == self.codes.get(cell, cell), f"{self.flow}, {row[0]}: {step} -> {became}"
            case.venue.close()

    def covered(self) -> Covered:
        """What the table covers."""
        heading, *rows = self.lines
        assert [row[0] for row in rows] == list(self.paths)
        return Covered(self.flow, tuple(self.paths), tuple(heading[1:]), self.arrive, self.take)


def answered(events: list[Any]) -> str:
    """The code of a refusal, or nothing."""
    return events[0].code.value if events and isinstance(events[0], Rejected) else ""
