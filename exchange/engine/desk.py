"""Where the compiled desk joins the road: plain orders and cancels go to it first, everything else past it.

The desk (`_desk.pyx`) decides straight into journal bytes what is certain to be accepted, and hands the rest back. It
serves only while the dispatch table names the handlers that it mirrors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from exchange.core.ids import OrderId
from exchange.core.messages import Command, Event, Header
from exchange.engine.apply import ROUTES
from exchange.engine.orders import cancel_order, place_order
from exchange.engine.state import ExchangeState
from matching.books import COMPILED
from matching.messages import CancelOrder, PlaceOrder

OPEN, FILLED, CANCELLED = range(3)
Told = tuple[OrderId, int, int]
"""What an order's events come to for its sender: its id, its status (open, filled, cancelled), the lots left."""
Decided = tuple[list[bytes], Told | None]
"""A command's events, encoded, and what they come to; nothing, if it was refused."""

MIRRORED: dict[type[Command], Callable[..., list[Event]]] = {PlaceOrder: place_order, CancelOrder: cancel_order}


class Desk(Protocol):
    """Decides what is plain."""

    def decide(self, header: Header, command: Command) -> Decided | None:
        """The command's events as bytes; None: not plain, or not certain to be accepted, and nothing has changed.

        Raises: InvariantBroken.
        """
        ...


def desk_for(state: ExchangeState) -> Desk | None:
    """The compiled desk on this state; None where it, or the compiled book that it trades in, was not built."""
    try:
        from exchange.engine import _desk
    except ImportError:
        return None
    return _desk.Desk(state) if COMPILED is not None else None


def takes(kind: type[Command]) -> bool:
    """Whether the desk may be asked first about commands of this kind."""
    mirrored = MIRRORED.get(kind)
    return mirrored is not None and ROUTES[kind].handler is mirrored
