"""A workflow's states, and which command may lead from one to the next: one table, which the docs draw.

A table is text, a line a step: the state before (`-`: none, the case is new), the state after, and the commands that
lead there; a line that begins with `+` goes on with the one above. `clock.advance` is time going by, `run.continue` a
run's next chunk, `*` any command. Every test that drives the engine holds it to these tables, step by step, so that a
picture made from one shows what the code does.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange.core.messages import Record
from exchange.core.rejections import ensure

NEW = "-"
ANY = "*"


@dataclass(frozen=True, slots=True)
class Workflow:
    """The steps of one kind of case: by which commands it may go from one state to another."""

    name: str
    record: type[Record]
    field: str
    steps: dict[tuple[str, str], tuple[str, ...]]

    @classmethod
    def of(cls, name: str, record: type[Record], table: str, field: str = "state") -> Workflow:
        """Read a table; every line names two states and at least one command, each step once.

        >>> Workflow.of("lamp", Record, "- on lamp.light").steps
        {('-', 'on'): ('lamp.light',)}
        """
        steps: dict[tuple[str, str], tuple[str, ...]] = {}
        for line in table.replace("\n    +", "").strip().splitlines():
            before, after, *commands = line.replace(",", " ").split()
            ensure(bool(commands) and (before, after) not in steps, f"{name}: each step once, with its commands")
            steps[before, after] = tuple(commands)
        return cls(name, record, field, steps)

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order of the table."""
        named = dict.fromkeys(state for step in self.steps for state in step)
        return tuple(state for state in named if state != NEW)

    @property
    def ends(self) -> tuple[str, ...]:
        """The states nothing leads out of."""
        left = {before for before, _ in self.steps}
        return tuple(state for state in self.states if state not in left)

    def state_of(self, record: Record) -> str:
        """Where a case stands."""
        return str(getattr(record, self.field))

    def allows(self, before: str, after: str, command: str) -> bool:
        """Whether a command may take a case there: it stays where it is, or a line says so."""
        commands = self.steps.get((before, after), ())
        return before == after or command in commands or ANY in commands
