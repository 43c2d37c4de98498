"""The small HTTP client: kept connections, chunked bodies, and what it does when a kept one was closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.client_http import Http
from tests.api.stream.server import PORTS, listen_on

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n2\r\nde\r\n0\r\ntrailer: 1\r\n\r\n"


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[Http, list[int]]]:
    """A server that gives these answers, one a request, and closes a connection after an empty one."""
    waiting = list(answers)
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        while waiting:
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            connections[-1] += 1
            answer = waiting.pop(0)
            writer.write(answer)
            if not answer or b"close" in answer:
                break
        writer.close()

    server = await asyncio.start_server(serve, sock=listen_on(PORTS))
    http = Http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield http, connections
    finally:
        await http.close()
        server.close()


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with answering(PLAIN, CHUNKED, PLAIN) as (http, connections):
        bodies = [(await http.request("GET", "/")).body for _ in range(3)]
        assert bodies == [b"ok", b"abcde", b"ok"] and connections == [3]


async def test_a_connection_the_server_closes_is_not_kept() -> None:
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    async with answering(closing, PLAIN) as (http, connections):
        await http.request("GET", "/")
        assert (await http.request("GET", "/")).body == b"ok"
        assert connections == [1, 1]


async def test_what_may_be_sent_twice_is_sent_on_a_new_connection_when_the_kept_one_was_closed() -> None:
    async with answering(PLAIN, b"", PLAIN) as (http, _):
        await http.request("GET", "/")
        assert (await http.request("POST", "/", headers={"idempotency-key": "k"})).body == b"ok"


async def test_what_may_not_be_sent_twice_is_sent_once() -> None:
    async with answering(PLAIN, b"", PLAIN) as (http, connections):
        await http.request("GET", "/")
        with pytest.raises(asyncio.IncompleteReadError):
            await http.request("POST", "/")
        assert connections == [1, 1]
