"""A real exchange for a browser: prepared once a run, served from a copy in the test's loop; with people who trade."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import uvicorn

from api.app import create_app
from api.services import Services
from api.stream.codes import StreamCode
from api.stream.hub import Hub
from exchange.bootstrap import Settings, build_services, running, server_config
from exchange.core.ids import AccountId, ConnectionId, InstrumentId, OrderId, UserId, to_wire
from exchange.core.instruments import Phase, Side, TimeInForce
from exchange.core.messages import Header
from exchange.core.parties import Role
from exchange.core.units import PriceTicks, QuantityLots
from exchange.engine.state import ExchangeState
from exchange.store.migrate import head
from matching.messages import CancelOrder, ChangePhase, OrderAccepted, PlaceOrder
from tests.engine.days import open_market
from tests.support import Seeded, Venue

PORTS = range(22_000, 22_400)
PASSWORD = "a quiet pond at noon"
TRADERS = ("wu", "li", "ren")
INSTITUTION = "uni"
UNITS = 100_000_000
CASH = 5_000_000_000
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>"
NAMES = {
    "LIDAR": "Solid-state lidar scanner, ownership shares",
    "ANODE": "硅碳负极材料 所有权份额",
    "HOSTILE": HOSTILE,
    "RESIN": "Bio-based epoxy resin, ownership shares",
}
EVERY_ORDER = "ANODE"
"""The instrument of a market whose rules allow every order."""
LOT_UNITS = 1_000
TICK_MINOR = 5


@dataclass(frozen=True)
class World:
    """The ids of a prepared exchange, and its journal as a file."""

    users: dict[str, UserId]
    accounts: dict[str, AccountId]
    instruments: dict[str, InstrumentId]
    database: Path
    people: tuple[str, ...] = (*TRADERS, INSTITUTION)
    """Who has a password."""


@functools.cache
def prepared(folder: Path) -> World:
    """An exchange in which three investors have money and units of four instruments; the last one is halted."""
    venue = Venue.sandbox()
    venue.checking = False
    for name in TRADERS:
        venue.member(name, cash=CASH)
    venue.member(INSTITUTION, Role.INSTITUTION)
    plain_market = venue.market_id
    for code, title in NAMES.items():
        holders = dict.fromkeys(TRADERS, UNITS)
        venue.market_id = plain_market
        if code == EVERY_ORDER:
            open_market(venue, name="every-order")
        venue.instrument(code, lot_units=LOT_UNITS, tick_minor=TICK_MINOR, band=(100, 10_000), holders=holders)
        _rename(venue, code, title)
    venue.do(ChangePhase(instrument_id=venue.instruments["RESIN"], phase=Phase.HALTED))
    path = folder / "prepared.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
    return World(dict(venue.users), dict(venue.accounts), dict(venue.instruments), path)


def _rename(venue: Venue, code: str, title: str) -> None:
    """Give an instrument a name, as its listing would."""

    def seed(state: ExchangeState, header: Header) -> Seeded:
        del header
        renamed = msgspec.structs.replace(state.instruments[venue.instruments[code]], name=title)
        state.put(renamed)
        return [renamed]

    venue.seed(seed)


@dataclass
class House:
    """A running exchange, and what others do in it while a browser looks on."""

    world: World
    services: Services
    hub: Hub
    port: int
    keys: int = field(default=0)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    def instrument(self, code: str) -> str:
        """An instrument as the wire names it."""
        return to_wire("I", self.world.instruments[code])

    async def places(
        self,
        who: str,
        side: Side,
        lots: int,
        ticks: int,
        *,
        code: str = "LIDAR",
        key: str = "",
    ) -> OrderId:
        """Have somebody place an order."""
        self.keys += 1
        order = PlaceOrder(
            client_order_id=key or f"other-{self.keys}",
            account_id=self.world.accounts[who],
            instrument_id=self.world.instruments[code],
            side=side,
            quantity_lots=QuantityLots(lots),
            price_ticks=PriceTicks(ticks),
            time_in_force=TimeInForce.GTC,
        )
        outcome = await self.services.bus.submit(order, self.world.users[who], connection_id=ConnectionId(0))
        accepted = outcome.events[0]
        assert isinstance(accepted, OrderAccepted), accepted
        return accepted.order_id

    async def cancels(self, who: str, order_id: OrderId) -> None:
        """Have somebody cancel an order."""
        command = CancelOrder(account_id=self.world.accounts[who], order_id=order_id)
        await self.services.bus.submit(command, self.world.users[who], connection_id=ConnectionId(0))

    def ends_streams(self, who: str) -> None:
        """Close somebody's streams as the hub does when it finds that their login has ended."""
        for session in [one for one in self.hub.sessions if one.user_id == self.world.users[who]]:
            session.close(StreamCode.STREAM_SESSION_ENDED)

    async def fills_book(self, code: str = "LIDAR") -> None:
        """Give the book five prices a side, round 1,000 ticks."""
        for place in range(1, 6):
            await self.places("li", Side.SELL, 20 * place, 1_000 + 5 * place, code=code)
            await self.places("ren", Side.BUY, 15 * place, 1_000 - 5 * place, code=code)


def login_name(who: str) -> str:
    """The name by which somebody logs in."""
    return f"{who}.user"


@contextlib.asynccontextmanager
async def serving(world: World, folder: Path, port: int = 0) -> AsyncIterator[House]:
    """Serve a copy of the prepared exchange from a folder."""
    _copy(world, folder)
    settings = Settings(
        data_dir=folder,
        password_time_cost=1,
        password_memory_kib=8,
        password_parallelism=1,
        operator_password=PASSWORD,
    )
    services = build_services(settings)
    app = create_app(services)
    listening = _listen(range(port, port + 1) if port else PORTS)
    server = uvicorn.Server(server_config(app))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    async with running(services):
        for name in world.people:
            await services.edge.passwords.set(world.users[name], login_name(name), PASSWORD)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        try:
            yield House(world, services, app.state.stream, listening.getsockname()[1])
        finally:
            server.should_exit = True
            await task


def _copy(world: World, folder: Path) -> None:
    folder.mkdir()
    with (
        contextlib.closing(sqlite3.connect(world.database)) as source,
        contextlib.closing(sqlite3.connect(folder / "exchange.sqlite")) as target,
    ):
        source.backup(target)


def _listen(ports: range) -> socket.socket:
    """A listening socket on the first free port."""
    for port in ports:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            continue
        listening.listen(128)
        listening.setblocking(False)
        return listening
    raise OSError("no free port for a test server")
