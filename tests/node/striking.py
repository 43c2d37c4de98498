"""Who decides a test's commands: a venue itself, or a node over a store that is struck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.core.ids import NO_CONNECTION, ConnectionId, UserId
from exchange.core.messages import Command, Event
from tests.node.struck import StruckVenue
from tests.support import Venue

Do = Callable[[Venue, Command, str | UserId, ConnectionId], list[Event]]


@contextmanager
def deciding(do: Do) -> Iterator[None]:
    """While it lasts, commands to a venue are decided by this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Venue, "do", do)
        yield


def striking(folder: Path, venues: list[StruckVenue] | None = None) -> Do:
    """Let a node in a folder take a venue's commands, from its next on; `venues` are those it took over."""
    struck = venues if venues is not None else []

    def do(
        venue: Venue, command: Command, by: str | UserId = "ops", connection: ConnectionId = NO_CONNECTION
    ) -> list[Event]:
        struck.append(StruckVenue.become(venue, folder / f"{len(struck)}.sqlite", seed=len(struck)))
        return venue.do(command, by, connection)

    return do
