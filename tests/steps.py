"""Holds every test that drives the engine to the tables of the workflows: no step that no line allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from exchange.core.messages import Command, Event
from exchange.core.node_messages import Approval, GrantApproval
from exchange.core.wire import decode_command, name_of
from exchange.core.workflows import NEW
from exchange.engine.state import ENTITIES, ExchangeState
from exchange.engine.workflows import OF_RECORD

KEYS = {entity.record: entity.key for entity in ENTITIES}


@dataclass
class Steps:
    """Where every case stands, by what was told; each step must be one of its workflow's."""

    states: dict[tuple[str, Any], str] = field(default_factory=dict[tuple[str, Any], str])

    def hears(self, commands: tuple[str, ...], events: Iterable[Event]) -> None:
        """Follow the events of one command, by the names of what was applied."""
        for event in events:
            self._part(commands, event)

    def told(self, part: Any) -> None:
        """Take a case as it is: a test put it there by hand."""
        self._part((), part)

    def _part(self, commands: tuple[str, ...], part: Any) -> None:
        if isinstance(part, tuple):
            for item in part:
                self._part(commands, item)
        elif isinstance(part, msgspec.Struct):
            workflow = OF_RECORD.get(type(part))  # type: ignore[call-overload]
            if workflow is None:
                for name in part.__struct_fields__:
                    self._part(commands, getattr(part, name))
                return
            case = (workflow.name, KEYS[workflow.record](part))  # type: ignore[arg-type]
            before, after = self.states.get(case, NEW), workflow.state_of(part)  # type: ignore[arg-type]
            allowed = any(workflow.allows(before, after, command) for command in commands)
            assert allowed or not commands, (
                f"{workflow.name}: {before} -> {after} by {commands} is no line of its table"
            )
            self.states[case] = after


def names(state: ExchangeState, command: Command) -> tuple[str, ...]:
    """The names of the commands that are applied: of an approval that is granted, also what it was given for."""
    waiting = state.table(Approval).get(command.approval_id) if isinstance(command, GrantApproval) else None
    given = (name_of(decode_command(waiting.command)),) if waiting is not None else ()
    return (name_of(command), *given)
