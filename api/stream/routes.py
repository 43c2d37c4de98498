"""The stream's place in the application: `/v1/stream`, over the same services as everything else."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from sqlalchemy import select
from starlette.routing import WebSocketRoute

from api.auth.edge_tables import RefreshFamily
from api.auth.sessions import Holder
from api.services import Services
from api.stream.door import StreamDoor
from api.stream.history import Journal
from api.stream.hub import Hub, StreamSettings
from exchange.core.ids import ConnectionId

PATH = "/v1/stream"


class _Logins:
    """Who is who, for the stream."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def redeem(self, ticket: str) -> Holder:
        """Whom a ticket lets in, once."""
        return await self._services.edge.sessions.redeem_ticket(ticket)

    async def ended(self, session_ids: Sequence[str]) -> Sequence[str]:
        """Which of these login sessions have ended, here or at another gateway."""
        if not session_ids:
            return ()
        now_ns = self._services.edge.clock.now_ns()
        going_on = select(RefreshFamily.family_id).where(
            RefreshFamily.family_id.in_(session_ids),
            RefreshFamily.revoked_at_ns.is_(None),
            RefreshFamily.ends_at_ns > now_ns,
        )
        alive = await self._services.edge.store.run(lambda connection: set(connection.scalars(going_on)))
        return [session_id for session_id in session_ids if session_id not in alive]

    def next_connection(self) -> ConnectionId:
        """A number for a connection."""
        return self._services.next_connection()


def mount(app: FastAPI, services: Services, settings: StreamSettings | None = None) -> Hub:
    """Add the stream to the application, and let it follow the node. Call before the node runs."""
    hub = Hub(
        bus=services.bus,
        clock=services.clock,
        directory=services.directory,
        journal=Journal(services.reads),
        door=_Logins(services),
        settings=settings or StreamSettings(origins=frozenset(services.settings.allowed_origins)),
    )
    app.router.routes.append(WebSocketRoute(PATH, StreamDoor(hub), name="stream"))
    app.state.stream = hub
    services.books = hub
    services.keeper.on_ready.append(hub.restart)
    services.feed.subscribe(hub)
    services.directory.on_suspended.append(hub.end_user)
    services.closers.append(hub.close)
    services.metrics.gauge(
        "exchange_stream_connections", "Streams that are open or waiting to log in.", lambda: float(len(hub.sessions))
    )
    return hub
