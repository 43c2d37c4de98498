"""One connection's bytes. Nobody waits for a link: what cannot leave is counted, and whoever counts too much is cut.

`PlainLink` works over any ASGI server and in tests. The server we run offers a shorter way, uvicorn_link.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from api.stream.answers import payloads

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Listener(Protocol):
    """Who hears what a connection brings."""

    def on_texts(self, texts: list[bytes]) -> None:
        """Text messages came, in this order, together."""
        ...

    def on_binary(self) -> None:
        """A binary message came."""
        ...


class Link(Protocol):
    """The way out of one connection."""

    def write_many(self, frames: list[bytes]) -> None:
        """Send whole frames in one write; never waits, never raises."""
        ...

    def write_buffer_size(self) -> int:
        """Bytes written that have not left."""
        ...

    async def drain(self) -> None:
        """Wait until little of what was written is left."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Say why, and close; a peer that does not read is cut off soon after."""
        ...

    def was_heard(self) -> bool:
        """Whether anything came from the peer, pongs too, since the last time this was asked."""
        ...


class PlainLink:
    """A link over ASGI's `send`: a task writes what waits."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._closing: tuple[int, str] | None = None
        self._heard = False
        self.writer = asyncio.get_running_loop().create_task(self._write())

    def heard(self) -> None:
        """Something came from the peer."""
        self._heard = True

    def write_many(self, frames: list[bytes]) -> None:
        """Queue the frames' payloads."""
        if self._closing is None:
            self._waiting.extend(payloads(frames))
            self._size += sum(map(len, frames))
            self._drained.clear()
            self._wake.set()

    def write_buffer_size(self) -> int:
        """Bytes that wait, headers included."""
        return self._size

    async def drain(self) -> None:
        """Wait until all is handed over, or the link is closed."""
        await self._drained.wait()

    def close(self, code: int, reason: str) -> None:
        """Close when what waits before has left."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()
            self._drained.set()

    def was_heard(self) -> bool:
        """Whether a message came since the last time this was asked."""
        heard, self._heard = self._heard, False
        return heard

    async def finish(self) -> None:
        """End the writing; nothing waits any more."""
        if self._closing is None:
            self.writer.cancel()
        await asyncio.wait([self.writer])

    async def _write(self) -> None:
        try:
            while True:
                while self._waiting:
                    await self._send({"type": "websocket.send", "text": self._waiting.popleft().decode()})
                self._size = 0
                self._drained.set()
                if self._closing is not None:
                    code, reason = self._closing
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
                    return
                self._wake.clear()
                await self._wake.wait()
        except (OSError, RuntimeError):  # the peer went away while we wrote
            self._drained.set()
