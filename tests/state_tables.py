"""Tables of every state and command of a workflow: how the tests that walk one say which workflow they cover.

A table has a row for each state (or a way to be in it) and a column for each step. `Covered` says how to come to a row
and how to take a step; what it really covers is not said but looked at: the states of the cases a row arrives with, and
the names of the commands a step sends. tests/tooling/test_state_tables.py compares that with the workflow.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

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
    shown: Callable[[Any], str] | None = None
    """How the cells say the state; by that of the newest case if nothing is said."""
    also: tuple[str, ...] = ()
    """The other workflows whose cases stand on the same stage."""
    came: dict[str, Any] = field(default_factory=dict[str, Any])
    """The cases that came to a row already; a step is taken with a twin."""

    @property
    def lines(self) -> list[list[str]]:
        """The cells, the heading first."""
        return [
            [cell.strip() for cell in line.split("|")] for line in self.text.strip("\n").splitlines() if line.strip()
        ]

    def arrive(self, row: str) -> Any:
        """A fresh case that came to this row."""
        if row not in self.came:
            case = self.begin()
            for step in self.paths[row]:
                refused = self.take(case, step)
                assert not refused, f"{row}: {step} is refused: {refused}"
            self.came[row] = case
        return twin(self.came[row])

    def state(self, case: Any) -> str:
        """How the case at hand stands."""
        if self.shown is not None:
            return self.shown(case)
        states = {key: state for (flow, key), state in case.venue.steps.states.items() if flow == self.flow}
        return states[max(states)]

    def check(self, row: list[str]) -> None:
        """Every step of one row is taken or refused as its cell says."""
        for step, cell in zip(self.lines[0][1:], row[1:], strict=True):
            case = self.arrive(row[0])
            refused = self.take(case, step)
            became = refused or self.state(case)
            assert became == self.codes.get(cell, cell), f"{self.flow}, {row[0]}: {step} -> {became}"
            if not refused:  # a refusal changed nothing: the venue looked
                case.venue.close()

    def covered(self) -> tuple[Covered, ...]:
        """What the table covers, workflow by workflow."""
        heading, *rows = self.lines
        assert [row[0] for row in rows] == list(self.paths)
        flows = (self.flow, *self.also)
        return tuple(Covered(flow, tuple(self.paths), tuple(heading[1:]), self.arrive, self.take) for flow in flows)


def every_row(*tables: StateTable) -> list[Any]:
    """The rows of some tables, each a test's parameters."""
    return [
        pytest.param(table, row, id=f"{table.flow}, {place}: {row[0]}")
        for place, table in enumerate(tables)
        for row in table.lines[1:]
    ]


def twin(case: Any) -> Any:
    """Another case with the same past: the venue is copied, and what the stage remembers of it."""
    other = copy.copy(case)
    other.venue = case.venue.copy()
    remembered: dict[str, Any] = vars(other)
    for name, value in remembered.items():
        if isinstance(value, dict):
            setattr(other, name, copy.copy(value))
    return other


def answered(events: list[Any]) -> str:
    """The code of a refusal, or nothing."""
    return events[0].code.value if events and isinstance(events[0], Rejected) else ""
