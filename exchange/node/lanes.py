"""In which lane a command travels and who may send it, for those who may not see the dispatch table itself."""

from __future__ import annotations

from exchange.core.messages import Command
from exchange.core.parties import Role
from exchange.engine.apply import ROUTES


def is_slow(kind: type[Command]) -> bool:
    """Whether the command waits in the slow lane: runs, imports, reports."""
    return ROUTES[kind].slow


def roles_of(kind: type[Command]) -> tuple[Role, ...]:
    """Who may send the command."""
    return tuple(ROUTES[kind].roles)


def needs_four_eyes(kind: type[Command]) -> bool:
    """Whether the command waits for a second person before it is decided."""
    return ROUTES[kind].four_eyes


def routed() -> list[type[Command]]:
    """Every command the exchange decides."""
    return list(ROUTES)
