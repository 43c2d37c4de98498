"""The way in: accept, find the short way if the server has one, and hand over to a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from api.stream.codes import StreamCode
from api.stream.hub import Hub
from api.stream.link import PlainLink
from api.stream.uvicorn_link import is_lost, link_of

Event = MutableMapping[str, Any]


class StreamDoor:
    """The stream as an ASGI application."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Event]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        """Serve one connection until it is lost."""
        if is_lost(await receive()):
            return
        await send({"type": "websocket.accept"})
        hub = self._hub
        direct = link_of(scope)
        plain = PlainLink(send) if direct is None else None
        session = hub.connect(direct or plain)  # type: ignore[arg-type] # one of the two is there
        try:
            if not _is_welcome(scope, hub.settings.origins):
                session.close(StreamCode.STREAM_ORIGIN)
            if direct is not None:
                direct.listen(session)
            while not is_lost(event := await receive()):
                if plain is not None:
                    plain.heard()
                text = event.get("text")
                if text is None:
                    session.on_binary()
                else:
                    session.on_texts([text.encode()])
        finally:
            session.end()
            if plain is not None:
                await plain.finish()


def _is_welcome(scope: MutableMapping[str, Any], origins: frozenset[str]) -> bool:
    """Whether the page that opens the stream, if it is a page, is the server's own or on the list."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"origin", b"host")}
    origin = headers.get(b"origin")
    if origin is None:
        return True
    return origin in origins or urlsplit(origin).netloc == headers.get(b"host", "")
