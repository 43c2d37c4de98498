"""A running exchange on a loopback port, an investor at home, two counterparties abroad, and what they order."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.app import create_app
from api.auth.clock import SECOND_NS, MachineClock
from api.auth.signer import AnswerChecker, RequestSigner, SignedRequest
from api.auth.signing_keys import unb64url
from api.services import Services
from exchange.bootstrap import Server, Settings, build_services, listen, running, server_config
from exchange.core.ids import KINDS, KeyId, UserId, to_wire
from exchange.core.instruments import Phase, TechnologyClass
from exchange.core.membership import KeyRegistered, RegisterKey, RevokeKey
from exchange.core.parties import Role
from exchange.core.units import TimeNs
from exchange.store.migrate import head
from matching.messages import ChangePhase
from tests.listings.stage import House
from tests.services import LOCALHOST, free_port

CASH = 1_000_000_000
KEYS: dict[str, Ed25519PrivateKey] = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([place]) * 32)
    for place, name in enumerate(("acme", "acme2", "globex", "nobody"), start=1)
}
"""Acme has two keys; the last one is registered nowhere."""


@dataclass(frozen=True)
class World:
    """The names of a prepared exchange, and its database."""

    ids: dict[str, str]
    users: dict[str, UserId]
    keys: dict[str, KeyId]
    database: Path


@functools.cache
def prepared(folder: Path) -> World:
    """A free and a restricted outcome of a Chinese university on books, an investor, two American counterparties."""
    house = House.sandbox()
    venue = house.venue
    venue.checking = False
    for name, technology in (("free", TechnologyClass.FREE), ("restricted", TechnologyClass.RESTRICTED)):
        shares = house.floating("thu", technology_class=technology, title=f"Outcome {name}")
        admitted = house.admitted("thu", house.book("thu", shares))
        venue.instruments[name] = admitted.instrument.instrument_id
        venue.do(ChangePhase(instrument_id=admitted.instrument.instrument_id, phase=Phase.CONTINUOUS))
    venue.member("li", cash=CASH)
    for name in ("acme", "globex"):
        venue.member(name, Role.COUNTERPARTY, cash=CASH, country="US")
    keys: dict[str, KeyId] = {}
    for name, owner in (("acme", "acme"), ("acme2", "acme"), ("globex", "globex")):
        register = RegisterKey(
            user_id=venue.users[owner],
            public_key_hex=KEYS[name].public_key().public_bytes_raw().hex(),
            valid_from_ns=TimeNs(venue.clock_ns),
            valid_until_ns=TimeNs(MachineClock().now_ns() + 86_400 * SECOND_NS),
        )
        keys[name] = venue.make(register, KeyRegistered).key.key_id
    path = folder / "prepared.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
    ids = {f"account.{name}": to_wire(KINDS["AccountId"], account_id) for name, account_id in venue.accounts.items()}
    ids |= {name: to_wire(KINDS["InstrumentId"], instrument_id) for name, instrument_id in venue.instruments.items()}
    ids |= {f"key.{name}": to_wire(KINDS["KeyId"], key_id) for name, key_id in keys.items()}
    ids["key.nobody"] = "K1-999999"
    return World(ids, dict(venue.users), keys, path)


class Shifted:
    """The machine's clock, so many seconds away."""

    def __init__(self, seconds: float) -> None:
        self.shift_ns = int(seconds * SECOND_NS)

    def now_ns(self) -> int:
        """Nanoseconds since 1970, shifted."""
        return MachineClock().now_ns() + self.shift_ns


@dataclass
class Exchange:
    """The running exchange, and a plain HTTP client that signs nothing by itself."""

    world: World
    services: Services
    base_url: str
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """An identifier as text."""
        return self.world.ids[name]

    @property
    def exchange_keys(self) -> dict[str, Ed25519PublicKey]:
        """The exchange's own answer keys, as it publishes them."""
        return {
            str(key["kid"]): Ed25519PublicKey.from_public_bytes(unb64url(str(key["x"])))
            for key in self.services.edge.ring.public()
            if key["purpose"] == "answer"
        }

    def signed(
        self, name: str, method: str, path: str, *, body: Any = None, key: str = "", shift_s: float = 0, **more: Any
    ) -> SignedRequest:
        """A request signed by one of the keys; `more` goes to the signer."""
        signer = RequestSigner(self[f"key.{name}"], KEYS[name], Shifted(shift_s))
        raw = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        if raw is not None:
            more = {"idempotency_key": key, **more}
        return signer.sign(method, f"{self.base_url}/v1/counterparty{path}", body=raw, **more)

    async def send(self, request: SignedRequest, **headers: str | None) -> httpx.Response:
        """Send exactly this, but for headers changed or (None) left out."""
        lines = {name: value for name, value in {**request.headers, **headers}.items() if value is not None}
        return await self.http.request(request.method, request.url, headers=lines, content=request.body or None)

    def check(self, request: SignedRequest, answer: httpx.Response) -> None:
        """Check that the exchange signed this answer to this request.

        Raises: UntrustedAnswer.
        """
        AnswerChecker(self.exchange_keys).check(request, answer.status_code, dict(answer.headers), answer.content)

    async def ask(self, name: str, method: str, path: str, *, body: Any = None, key: str = "") -> httpx.Response:
        """Send a signed request; the answer's signature is checked."""
        request = self.signed(name, method, path, body=body, key=key)
        answer = await self.send(request)
        self.check(request, answer)
        return answer

    def order(self, name: str, instrument: str, side: str, lots: int, price: int, **more: Any) -> dict[str, Any]:
        """An order's body."""
        return {
            "client_order_id": f"{name}-{lots}-{price}",
            "account_id": self[f"account.{name}"],
            "instrument_id": self[instrument],
            "side": side,
            "quantity_lots": lots,
            "price_ticks": price,
            **more,
        }

    async def by_token(self, name: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request as a user with a token, through the other door."""
        if name not in self.tokens:
            grant = await self.services.edge.sessions.start(self.world.users[name])
            self.tokens[name] = grant.access_token
        headers = {"authorization": f"Bearer {self.tokens[name]}"}
        return await self.http.request(method, f"{self.base_url}{path}", headers=headers, json=body)

    async def revoke(self, name: str) -> None:
        """End a key, as an operator does."""
        await self.services.bus.submit(RevokeKey(key_id=self.world.keys[name]), self.world.users["ops"])


def settings_for(folder: Path, port: int, **more: Any) -> Settings:
    """Settings of a cheap exchange in a folder, reached on a port."""
    chosen: Mapping[str, Any] = {
        "data_dir": folder,
        "authorities": (f"{LOCALHOST}:{port}",),
        "password_time_cost": 1,
        "password_memory_kib": 8,
        "password_parallelism": 1,
        **more,
    }
    return Settings(**chosen)


@contextlib.asynccontextmanager
async def opened(world: World, folder: Path, **settings: Any) -> AsyncIterator[Exchange]:
    """Serve the exchange of a folder on a port; a folder that holds none gets a copy of the prepared one."""
    _furnish(world, folder)
    port = free_port()
    listening = listen(LOCALHOST, port)
    services = build_services(settings_for(folder, port, **settings))
    app = create_app(services)
    async with running(services):
        config = server_config(app)
        config.loop = "none"  # the test's own
        server = Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        base_url = f"http://{LOCALHOST}:{port}"
        async with httpx.AsyncClient() as http:
            yield Exchange(world, services, base_url, http)
        server.should_exit = True
        await serving


def _furnish(world: World, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    database = folder / "exchange.sqlite"
    if database.exists():
        return
    with (
        contextlib.closing(sqlite3.connect(world.database)) as source,
        contextlib.closing(sqlite3.connect(database)) as target,
    ):
        source.backup(target)
