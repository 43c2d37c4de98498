"""A real exchange on a loopback port, in the test's own loop, with two traders and one instrument."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from api.app import create_app
from api.auth.edge_store import FILE_NAME as EDGE_FILE
from api.auth.tokens import AccessClaims
from api.directory import Directory
from api.services import Services, open_edge_services
from api.stream.hub import Hub, StreamSettings
from custody.corrections_messages import TransferUnits
from exchange.bootstrap import Settings, build_services, running, server_config
from exchange.core.ids import AccountId, AssetId, InstrumentId, UserId, to_wire
from exchange.core.parties import UserRight
from exchange.core.units import Units
from exchange.engine.state import ExchangeState
from exchange.node.clock import SystemClock
from exchange.store.migrate import head
from tests.engine.days import open_market
from tests.support import Venue

PORTS = range(21_000, 21_400)
TRADERS = ("wu", "li", "ren")
UNITS = 1_000_000
CASH = 1_000_000_000
LEVELS_SHOWN = 8
QUICK = StreamSettings(sweep_s=0.2)


@dataclass(frozen=True)
class World:
    """The ids of a prepared exchange, and its journal as bytes."""

    users: dict[str, UserId]
    accounts: dict[str, AccountId]
    instruments: dict[str, InstrumentId]
    money: AssetId
    database: Path


@functools.cache
def prepared(folder: Path) -> World:
    """An exchange with traders who have money and units, by commands of their own, so that their channels are whole."""
    venue = Venue.sandbox()
    venue.checking = False
    venue.member("seed")
    for name in TRADERS:
        venue.member(name, cash=CASH)
    venue.user("watcher", "wu", rights=(UserRight.VIEW,))
    venue.user("blind", "wu", rights=(UserRight.TRADE,))
    venue.users["wu2"] = venue.user("wu2", "wu")
    for code in ("INS", "TWO", "ALL"):
        if code == "ALL":  # whose market takes every order and shows single ones
            open_market(venue, name="every-order", depth_levels=LEVELS_SHOWN)
        venue.instrument(code, seed=UNITS * len(TRADERS), band=(1, 1_000_000))
        for name in TRADERS:
            venue.by_two(
                TransferUnits(
                    asset_id=venue.asset(code),
                    from_account_id=venue.accounts["seed"],
                    to_account_id=venue.accounts[name],
                    units=Units(UNITS),
                    reason="for the tests",
                )
            )
    path = folder / "prepared.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
    settings = Settings(data_dir=folder)
    open_edge_services(settings.edge_url, settings, Directory(SystemClock())).close()
    return World(
        dict(venue.users),
        {name: venue.accounts[name] for name in TRADERS},
        dict(venue.instruments),
        venue.money,
        path,
    )


@dataclass
class Exchange:
    """A running exchange."""

    world: World
    services: Services
    hub: Hub
    port: int
    clients: list[Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the stream is."""
        return f"ws://127.0.0.1:{self.port}/v1/stream"

    def account(self, name: str) -> str:
        """A trader's account as text."""
        return to_wire("A", self.world.accounts[name])

    def instrument(self, code: str = "INS") -> str:
        """An instrument as text."""
        return to_wire("I", self.world.instruments[code])

    async def session(self, name: str) -> str:
        """Start a login session for a user; its id."""
        grant = await self.services.edge.sessions.start(self.world.users[name])
        return self.services.edge.tokens.verify(grant.access_token).session_id

    async def ticket(self, name: str, session_id: str = "") -> str:
        """A one-time ticket for a user."""
        session_id = session_id or await self.session(name)
        claims = AccessClaims(self.world.users[name], session_id, "", 0, "")
        return (await self.services.edge.sessions.issue_ticket(claims)).ticket

    async def connect(self, name: str = "", **more: Any) -> Client:
        """A raw connection, logged in if a user is named."""
        socket_ = await connect(self.url, compression=None, max_queue=None, max_size=None, **more)
        client = Client(socket_)
        self.clients.append(client)
        if name:
            await client.send(type="login", ticket=await self.ticket(name))
            assert (await client.next())["type"] == "logged_in"
        return client

    @property
    def state(self) -> ExchangeState:
        """What the engine knows; nothing may be on its way."""
        node = self.services.keeper.sequencer
        assert node is not None
        return node.state

    def order(self, name: str, side: str, lots: int, price: int, key: str, **more: Any) -> dict[str, Any]:
        """An order message."""
        return {
            "type": "order.place",
            "client_order_id": key,
            "account_id": self.account(name),
            "instrument_id": self.instrument(),
            "side": side,
            "quantity_lots": lots,
            "price_ticks": price,
            **more,
        }


@dataclass
class Client:
    """A raw client that keeps every message it read."""

    socket: ClientConnection
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, **message: Any) -> None:
        """Send one message."""
        await self.socket.send(msgspec.json.encode(message).decode())

    async def next(self, wait_s: float = 5.0) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(wait_s):
            message: dict[str, Any] = msgspec.json.decode(await self.socket.recv())
        self.seen.append(message)
        return message

    async def until(self, wanted: Callable[[dict[str, Any]], bool], wait_s: float = 5.0) -> dict[str, Any]:
        """The first message, from here on, that is as wanted."""
        while True:
            message = await self.next(wait_s)
            if wanted(message):
                return message

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message with an id and answer what came back for it."""
        await self.send(**message)
        return await self.until(lambda answer: answer.get("id") == message["id"])

    async def closed(self, wait_s: float = 5.0) -> tuple[int | None, str | None]:
        """Wait for the end; its close code and reason."""
        async with asyncio.timeout(wait_s):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason


@contextlib.asynccontextmanager
async def serving(
    world: World, folder: Path, settings: StreamSettings = QUICK, port: int = 0, *, plain: bool = False
) -> AsyncIterator[Exchange]:
    """Serve a copy of the prepared exchange from a folder, or go on with what the folder holds.

    `plain`: the server is one that offers ASGI and no more.
    """
    _put(world, folder)
    services = build_services(
        Settings(
            data_dir=folder,
            password_time_cost=1,
            password_memory_kib=8,
            password_parallelism=1,
            operator_password="correct horse battery",
        )
    )
    app = create_app(services)
    hub: Hub = app.state.stream
    hub.settings = replace(settings, origins=frozenset({"https://pages.example"}))
    listening = listen_on([port] if port else PORTS)
    config = server_config(app)
    if plain:
        config.ws = "websockets-sansio"
    server = _Server(config)
    async with running(services):
        task = asyncio.create_task(server.serve(sockets=[listening]))
        exchange = Exchange(world, services, hub, listening.getsockname()[1])
        await asyncio.sleep(0)
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        try:
            yield exchange
        finally:
            for client in exchange.clients:
                await client.socket.close()
            server.ended.set()
            await task


class _Server(uvicorn.Server):
    """A server that ends when it is told to, and not at its next look at the clock."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def main_loop(self) -> None:
        """Serve until told otherwise."""
        await self.ended.wait()


def _put(world: World, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / "exchange.sqlite"
    if not file.exists():
        with (
            contextlib.closing(sqlite3.connect(world.database)) as source,
            contextlib.closing(sqlite3.connect(file)) as target,
        ):
            source.backup(target)
        shutil.copy(world.database.with_name(EDGE_FILE), folder / EDGE_FILE)


def listen_on(ports: Iterable[int]) -> socket.socket:
    """A listening socket on the first of these ports that is free."""
    for port in ports:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            continue
        listening.listen(512)
        listening.setblocking(False)
        return listening
    raise OSError("no free port for a test server")
