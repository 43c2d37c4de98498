"""A small HTTP/1.1 client on asyncio streams: keep-alive, one request at a time on a connection, timeouts."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

MAX_HEAD = 65_536
MAX_IDLE = 8
"""Connections kept for the next request."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers (names in lower case), body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body) if self.body else None


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class Http:
    """Requests to one server; connections are made as needed and kept for the next request."""

    base_url: str
    timeout_s: float = 30.0
    _idle: list[_Connection] = field(default_factory=list[_Connection], repr=False)

    def __post_init__(self) -> None:
        """Take the address apart once."""
        parts = urlsplit(self.base_url)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or (443 if self.secure else 80)
        self.authority = parts.netloc

    async def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}) -> Response:
        """Send a request and read its answer. A kept connection that turns out closed is replaced by a new one, unless
        the request must not be sent twice: then it has a new one from the start.

        Raises: OSError, asyncio.IncompleteReadError or TimeoutError; the server may have done what was asked.
        """
        async with asyncio.timeout(self.timeout_s):
            repeatable = method in ("GET", "HEAD") or "idempotency-key" in headers
            while self._idle and repeatable:
                connection = self._idle.pop()
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    return await self._exchange(connection, method, path, body, headers)
                connection.writer.close()
            return await self._exchange(await self._open(), method, path, body, headers)

    async def close(self) -> None:
        """Close what is kept."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.writer.close()
            with contextlib.suppress(OSError):
                await connection.writer.wait_closed()

    async def _open(self) -> _Connection:
        tls = ssl.create_default_context() if self.secure else None
        return _Connection(*await asyncio.open_connection(self.host, self.port, ssl=tls, limit=MAX_HEAD))

    async def _exchange(
        self, connection: _Connection, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Response:
        lines = {"host": self.authority, "content-length": str(len(body)), **headers}
        if not body and "content-length" not in headers and method in ("GET", "HEAD"):
            del lines["content-length"]
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        await connection.writer.drain()
        response = await _read(connection.reader)
        if response.headers.get("connection", "").lower() == "close" or len(self._idle) >= MAX_IDLE:
            connection.writer.close()
        else:
            self._idle.append(connection)
        return response


async def _read(reader: asyncio.StreamReader) -> Response:
    status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(status_line.split(" ", 2)[1])
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Response(status, headers, await _chunks(reader))
    return Response(status, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers say nothing to us
    return b"".join(parts)
