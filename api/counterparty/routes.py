"""The counterparties' door in the application."""

from __future__ import annotations

from fastapi import FastAPI

from api.counterparty.door import CounterpartyDoor
from api.counterparty.resources import PREFIX
from api.services import Services


def mount(app: FastAPI, services: Services) -> None:
    """Put the door under its prefix: whatever lies there, known or not, is answered by it alone."""
    app.mount(PREFIX, CounterpartyDoor(services))
