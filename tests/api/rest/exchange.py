"""A running exchange without a socket: two traders who know nothing of each other's accounts, and the staff."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.services import Services
from custody.accounts import VENUE
from custody.funding_messages import PayoutAccountVerified, RequestWithdrawal, VerifyPayoutAccount
from exchange.bootstrap import Settings, build_services, running
from exchange.core.documents import FileDocument
from exchange.core.ids import KINDS, UserId, to_wire
from exchange.core.membership import RegisterUser, UserRegistered
from exchange.core.parties import Role, UserRight
from exchange.core.units import Minor
from exchange.store.migrate import head
from tests.rechain import close_gaps, rechain
from tests.support import Venue

CASH = 1_000_000_000
UNITS = 1_000_000
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class World:
    """The names of a prepared exchange, and its database."""

    ids: dict[str, str]
    """Identifiers as text: `user.wu`, `account.wu`, `member.wu`, `instrument`, `asset`, `money`, `bank`."""
    users: dict[str, UserId]
    database: Path


def laid_down(venue: Venue, folder: Path) -> World:
    """A venue's tables as an exchange finds them at its start, and the names of its users, accounts and members."""
    path = folder / "prepared.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        close_gaps(file)
        rechain(file)  # a prepared journal is laid down without one, and heads are signed over nothing that has none
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
    ids = {f"user.{name}": to_wire(KINDS["UserId"], user_id) for name, user_id in venue.users.items()}
    ids |= {f"account.{name}": to_wire(KINDS["AccountId"], account_id) for name, account_id in venue.accounts.items()}
    ids |= {f"member.{name}": to_wire(KINDS["MemberId"], member_id) for name, member_id in venue.members.items()}
    return World(ids, dict(venue.users), path)


@functools.cache
def prepared(folder: Path) -> World:
    """Two traders with money, units, a document and a withdrawal each; a regulator; an open book."""
    venue = Venue.sandbox()
    venue.checking = False
    for name in ("wu", "li"):
        venue.member(name, cash=CASH)
        venue.user(f"{name}-blind", name, rights=(UserRight.TRADE,))
        venue.do(
            FileDocument(sha256=name.encode().hex().ljust(64, "0"), size_bytes=9, media_type="text/plain", title=name),
            name,
        )
        payout = venue.make(
            VerifyPayoutAccount(member_id=venue.members[name], bank_account=f"XT{name.upper()}1234", holder_name=name),
            PayoutAccountVerified,
        )
        venue.do(
            RequestWithdrawal(
                account_id=venue.accounts[name],
                bank_id=venue.bank_id,
                payout_account_id=payout.payout_account.payout_account_id,
                amount_minor=Minor(100),
            ),
            name,
        )
    venue.member("uni", Role.INSTITUTION)
    regulator = venue.make(
        RegisterUser(member_id=VENUE, user_name="regulator", roles=(Role.REGULATOR,), rights=(UserRight.VIEW,)),
        UserRegistered,
    )
    venue.users["regulator"] = regulator.user.user_id
    venue.instrument("INS", wu=UNITS, li=UNITS, band=(1, 1_000_000))
    world = laid_down(venue, folder)
    ids = world.ids
    ids["instrument"] = to_wire(KINDS["InstrumentId"], venue.instruments["INS"])
    ids["asset"] = to_wire(KINDS["AssetId"], venue.asset())
    ids["money"] = to_wire(KINDS["AssetId"], venue.money)
    ids["bank"] = to_wire(KINDS["BankId"], venue.bank_id)
    return world


@dataclass
class Exchange:
    """The running exchange and its users' clients."""

    world: World
    services: Services
    app: FastAPI
    client: httpx.AsyncClient
    """Nobody's: no token."""
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """An identifier as text."""
        return self.world.ids[name]

    @property
    def sequence(self) -> int:
        """The last committed sequence."""
        return self.services.sequence

    async def by(self, name: str) -> httpx.AsyncClient:
        """A client with a user's token."""
        if name not in self.clients:
            grant = await self.services.edge.sessions.start(self.world.users[name])
            self.clients[name] = self.anonymous(authorization=f"Bearer {grant.access_token}")
        return self.clients[name]

    def anonymous(self, **headers: str) -> httpx.AsyncClient:
        """A client with these headers."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)

    def order(self, name: str, side: str, lots: int, price: int, key: str, **more: Any) -> dict[str, Any]:
        """An order's body."""
        return {
            "client_order_id": key,
            "account_id": self[f"account.{name}"],
            "instrument_id": self["instrument"],
            "side": side,
            "quantity_lots": lots,
            "price_ticks": price,
            **more,
        }

    async def place(self, name: str, side: str, lots: int, price: int, key: str, **more: Any) -> dict[str, Any]:
        """Place an order that is taken."""
        answer = await (await self.by(name)).post("/v1/orders", json=self.order(name, side, lots, price, key, **more))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextlib.asynccontextmanager
async def opened(world: World, folder: Path, **settings: Any) -> AsyncIterator[Exchange]:
    """Run a copy of the prepared exchange in a folder."""
    copy(world.database, folder)
    services = build_services(cheap(folder, **settings))
    app = create_app(services)
    async with running(services):
        exchange = Exchange(world, services, app, httpx.AsyncClient())
        await exchange.client.aclose()
        exchange.client = exchange.anonymous()
        try:
            yield exchange
        finally:
            for client in (exchange.client, *exchange.clients.values()):
                await client.aclose()


def copy(database: Path, folder: Path) -> None:
    """Put a copy of a database where an exchange looks for its own."""
    folder.mkdir(exist_ok=True)
    with (
        contextlib.closing(sqlite3.connect(database)) as source,
        contextlib.closing(sqlite3.connect(folder / "exchange.sqlite")) as target,
    ):
        source.backup(target)


def cheap(folder: Path, **more: Any) -> Settings:
    """Settings under which a password costs a millisecond."""
    return Settings(
        **{
            "data_dir": folder,
            "password_time_cost": 1,
            "password_memory_kib": 8,
            "password_parallelism": 1,
            "operator_password": PASSWORD,
            **more,
        }
    )
