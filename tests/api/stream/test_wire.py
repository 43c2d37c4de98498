"""The stream's bytes on a real socket: what the client library and a hand that writes frames itself are answered."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import msgspec
import pytest
from websockets.frames import Close

from api.stream import frames, uvicorn_link
from api.stream.link import Listener
from tests.api.stream.server import Exchange, World, serving
from tests.api.stream.test_frames import KINDS, sent

OPEN_REQUEST = (
    b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING = b'{"type":"ping","id":1}'


@pytest.fixture(params=KINDS, autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test with the readable reader and with the compiled one."""
    monkeypatch.setattr(uvicorn_link, "FrameReader", importlib.import_module(request.param).FrameReader)
    return str(request.param)


class Raw:
    """A client that writes its frames by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def connected(cls, exchange: Exchange) -> AsyncIterator[Self]:
        """Ask for the upgrade and read the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", exchange.port)
        try:
            writer.write(OPEN_REQUEST)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            yield cls(reader, writer)
        finally:
            writer.close()

    async def login(self, exchange: Exchange) -> None:
        """Log in as a trader."""
        self.writer.write(sent(msgspec.json.encode({"type": "login", "ticket": await exchange.ticket("wu")})))
        assert b"logged_in" in (await self.next())[1]

    async def next(self) -> tuple[int, bytes]:
        """The server's next frame: opcode and payload."""
        async with asyncio.timeout(5):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            return first & 0x0F, await self.reader.readexactly(size)

    async def closed(self) -> int:
        """The code of the close frame that ends what the server sends."""
        while True:
            opcode, payload = await self.next()
            if opcode == frames.CLOSE:
                async with asyncio.timeout(5):
                    assert await self.reader.read() == b"", "nothing comes after it"
                return Close.parse(payload).code


@pytest.mark.parametrize(
    "wrong, code",
    [
        (sent(PING, unmasked=1), 1002),
        (sent(PING, reserved=0x40), 1002),
        (sent(PING, 0), 1002),
        (sent(PING, 3), 1002),
        (sent(b"", frames.PING, fin=False), 1002),
        (sent(b"x" * 126, frames.PING), 1002),
        (sent(PING, fin=False) + sent(PING), 1002),
        (sent(b"\xff"), 1007),
        (sent(b" " * (uvicorn_link.MAX_MESSAGE + 1)), 1009),
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(4), 1009),
        (sent(b"", frames.BINARY), 4400),
        (sent(b"", frames.CLOSE), 1005),
        (sent(b"\x03\xe8bye", frames.CLOSE), 1000),
        (sent(b"\x03", frames.CLOSE), 1002),
        (sent(b"\x03\xed", frames.CLOSE), 1002),
        (sent(b"\x03\xe8\xff", frames.CLOSE), 1007),
    ],
    ids=[
        "not masked", "reserved bit", "nothing to continue", "unknown opcode", "a ping in pieces", "a long ping",
        "a message in a message", "not UTF-8", "too long", "longer than memory", "binary", "an empty close", "a close",
        "half a close code", "a close code that is never sent", "a close whose reason is not UTF-8",
    ],
)  # fmt: skip
async def test_what_is_wrong_ends_the_connection_with_its_code(exchange: Exchange, wrong: bytes, code: int) -> None:
    async with Raw.connected(exchange) as client:
        await client.login(exchange)
        client.writer.write(sent(PING))
        assert b"pong" in (await client.next())[1]
        client.writer.write(wrong + sent(PING))
        if wrong[0] & 0x0F == frames.BINARY:
            opcode, payload = await client.next()
            assert (opcode, Close.parse(payload).code) == (frames.CLOSE, code)
        else:
            assert await client.closed() == code
    other = await exchange.connect("li")
    assert (await other.ask(id=1, type="ping"))["type"] == "pong", "others go on"


async def test_pings_are_answered_in_order_between_the_pieces_of_a_message(exchange: Exchange) -> None:
    async with Raw.connected(exchange) as client:
        await client.login(exchange)
        pieces = sent(PING[:9], fin=False) + sent(b"one", frames.PING) + sent(b"two", frames.PING) + sent(PING[9:], 0)
        for place in range(len(pieces)):
            client.writer.write(pieces[place : place + 1])
            await asyncio.sleep(0)
        got = [await client.next() for _ in range(3)]
    assert got[:2] == [(frames.PONG, b"one"), (frames.PONG, b"two")]
    assert b"pong" in got[2][1]


async def test_both_ends_of_a_close_are_kept(exchange: Exchange) -> None:
    first, second = await exchange.connect("wu"), await exchange.connect("wu")
    await (await first.socket.ping())
    await first.socket.close(1001, "going")
    assert (first.socket.close_code, first.socket.close_reason) == (1001, "going")
    await second.socket.send(b"binary")
    assert await second.closed() == (4400, "stream.binary")
    assert len(exchange.hub.sessions) == 0


async def test_what_comes_before_there_is_a_listener_is_heard_too(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen = uvicorn_link.StreamProtocol.listen

    def later(link: uvicorn_link.StreamProtocol, listener: Listener) -> None:
        asyncio.get_running_loop().call_later(0.1, listen, link, listener)

    monkeypatch.setattr(uvicorn_link.StreamProtocol, "listen", later)
    for cut in (3, 30, 1_000):
        login = sent(msgspec.json.encode({"type": "login", "ticket": await exchange.ticket("wu")}))
        async with Raw.connected(exchange) as client:
            client.writer.write(login[:cut])
            await asyncio.sleep(0.2)
            client.writer.write(login[cut:] + sent(PING))
            assert b"logged_in" in (await client.next())[1]
            assert b"pong" in (await client.next())[1]
            client.writer.write(sent(b"", frames.BINARY))
            assert await client.next() == (frames.CLOSE, Close(4400, "stream.binary").serialize())


async def test_a_peer_that_answers_pings_stays_and_one_that_does_not_goes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_link, "PING_SECONDS", 0.2)
    async with serving(world, tmp_path / "data") as exchange:
        alive = await exchange.connect("wu")
        async with Raw.connected(exchange) as mute:
            await mute.login(exchange)
            assert await mute.closed() == 1011
        assert (await alive.ask(id=1, type="ping"))["type"] == "pong"


async def test_who_asks_for_pongs_and_reads_none_is_cut_off(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_link, "MAX_PONGS_WAITING", 1_000)
    async with Raw.connected(exchange) as client:
        await client.login(exchange)
        client.writer.transport.set_write_buffer_limits(1 << 30)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined] # both directions are one transport
        for _ in range(400):
            client.writer.write(sent(b"x" * 125, frames.PING) * 500)
            await asyncio.sleep(0)
            if not exchange.hub.sessions:
                break
        async with asyncio.timeout(5):
            while exchange.hub.sessions:  # noqa: ASYNC110 - a link that is cut tells nobody
                await asyncio.sleep(0.01)
    other = await exchange.connect("li")
    assert (await other.ask(id=1, type="ping"))["type"] == "pong", "others go on"
