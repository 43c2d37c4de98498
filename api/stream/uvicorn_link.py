"""The short way through uvicorn: frames in without `receive()`, frames out in one write.

Measured: one write for all frames of a session and batch, instead of a `send` for each, takes 37 instead of 57 us an
order; reading past `receive()`, which pauses and resumes the socket for every message, saves another 1 to 4. Once a
listener is there, our own reader takes the messages out of what the socket brought (a tenth of the library's time), and
only control frames still go through the library, which answers pings and ends connections as it always did.
`StreamProtocol` goes into `uvicorn.Config(ws=…)`, with ws_max_size=MAX_MESSAGE and ws_per_message_deflate=False; an
application that does not know it sees plain ASGI.
"""

from __future__ import annotations

import contextlib
import socket
from asyncio.transports import BaseTransport
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request

from api.stream.link import Listener

if TYPE_CHECKING:
    from api.stream.frames import FrameReader
else:
    try:
        from api.stream._frames import FrameReader
    except ImportError:  # nothing was compiled here
        from api.stream.frames import FrameReader

EXTENSION = "exchange.stream"
MAX_MESSAGE = 16_384
SEND_BUFFER = 131_072
"""The kernel's part of what may wait for a slow reader; the default would hide megabytes from us."""
CLOSE_SECONDS = 2.0
"""How long a peer has to take the close frame before it is cut off."""
PING_SECONDS = 20.0
"""How often the server pings, and how long it waits for the pong."""
MAX_PONGS_WAITING = 1_048_576
"""Bytes that may wait for a peer that asks for pongs and does not read them."""


class StreamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol as a Link."""

    listener: Listener | None = None
    _reader: FrameReader | None = None
    """Reads what comes for the listener; none where the library reads."""
    _came_early = False
    """Something came before there was a listener, so the library has begun to read, and goes on."""
    _heard = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what the kernel buffers for this peer."""
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def handle_connect(self, event: Request) -> None:
        """Offer this protocol to the application; it runs only later, as a task."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        """Read messages for the listener; without one, do as the library does."""
        self._heard = True
        reader = self._reader
        if reader is not None:
            texts = reader.feed(data)
            if texts and not self.close_sent:
                self.listener.on_texts(texts)  # type: ignore[union-attr] # the reader came with the listener
            if reader.has_news:
                self._heed(reader)
            return
        self._came_early |= self.handshake_initiated
        super().data_received(data)

    def _heed(self, reader: FrameReader) -> None:
        """Take what came besides texts: a binary message, pings and pongs, a close, or what is no frame at all."""
        if reader.is_binary and not self.close_sent and self.listener is not None:
            self.listener.on_binary()
        controls, reader.controls = reader.controls, b""
        reader.has_news = False
        if controls:
            super().data_received(controls)
            if self.write_buffer_size() > MAX_PONGS_WAITING:
                self.transport.abort()
        if reader.failure is not None:
            self.conn.fail(*reader.failure)
            self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message to the listener at once, if there is one and the library reads for it."""
        if self.listener is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            self.listener.on_texts([data])
        else:
            self.listener.on_binary()

    def listen(self, listener: Listener) -> None:
        """Pass what comes to the listener from here on, and first what came before it was there."""
        self.listener = listener
        if not self._came_early:
            self._reader = FrameReader(self.config.ws_max_size)
        while not self.queue.empty():
            message = self.queue.get_nowait()
            if message["type"] == "websocket.receive":
                text = message.get("text")
                if text is not None:
                    listener.on_texts([text.encode()])
                else:
                    listener.on_binary()
            else:
                self.queue.put_nowait(message)
                break
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def write_many(self, frames: list[bytes]) -> None:
        """Write whole frames at once; a transport that is closing takes none."""
        transport = self.transport
        if self.close_sent or self.disconnected or transport.is_closing():
            return
        with contextlib.suppress(RuntimeError):  # a uvloop transport that was closed under us
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def write_buffer_size(self) -> int:
        """Bytes the transport could not give to the kernel yet."""
        return 0 if self.disconnected else self.transport.get_write_buffer_size()

    async def drain(self) -> None:
        """Wait until the transport's buffer is low, or the peer is gone."""
        await self.writable.wait()

    def close(self, code: int, reason: str) -> None:
        """Send the close frame without waiting for room, and cut the line if the peer does not take it."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        with contextlib.suppress(RuntimeError, InvalidState):
            self.conn.send_close(code, reason[:120])
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.writable.set()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def was_heard(self) -> bool:
        """Whether anything came from the peer since the last time this was asked."""
        heard, self._heard = self._heard, False
        return heard


def link_of(scope: Any) -> StreamProtocol | None:
    """The short way, if the server offers it."""
    offered = scope.get("extensions", {}).get(EXTENSION)
    return offered if isinstance(offered, StreamProtocol) else None


def is_lost(event: Any) -> bool:
    """Whether an ASGI event says that the peer is gone."""
    return bool(event["type"] == "websocket.disconnect")
