"""A clock that moves by hand, and the edge store on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from api.auth.attempts import Budget
from api.auth.clock import SECOND_NS
from api.auth.edge_store import EdgeStore, edge_url, open_edge
from api.auth.edge_tables import SCHEMA
from api.auth.passwords import Passwords, PasswordSettings
from api.auth.sessions import Sessions
from api.auth.signing_keys import KeyRing
from api.auth.tokens import AccessTokens
from tests.services import Postgres

START_S = 1_800_000_000


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.ns = START_S * SECOND_NS

    def now_ns(self) -> int:
        """The time it was moved to."""
        return self.ns

    @property
    def s(self) -> int:
        """The same in whole seconds."""
        return self.ns // SECOND_NS

    def move(self, seconds: float) -> None:
        """Forward, or back."""
        self.ns += int(seconds * SECOND_NS)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def edge_database(postgres_server: Postgres) -> Iterator[str]:
    """One PostgreSQL database for all these tests; its schema is dropped before each."""
    with postgres_server.fresh_database() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty edge store, on each database."""
    if request.param == "sqlite":
        return edge_url(tmp_path).render_as_string()
    url: str = request.getfixturevalue("edge_database")
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.connect(make_url(url).database or "") as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[EdgeStore]:
    """An empty edge store, on each database."""
    store = open_edge(store_url)
    yield store
    store.close()


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[EdgeStore]:
    """An empty edge store where the database makes no difference."""
    store = open_edge(edge_url(tmp_path))
    yield store
    store.close()


CHEAP = PasswordSettings(
    time_cost=1,
    memory_kib=8,
    parallelism=1,
    waiting=64,
    per_login=Budget(free=3, longest_wait_s=60),
    per_address=Budget(free=6, longest_wait_s=120),
)
"""Argon2 as cheap as it can be, and budgets that a test can spend."""


@pytest.fixture
def passwords(store: EdgeStore, clock: HandClock) -> Iterator[Passwords]:
    passwords = Passwords(store, clock, CHEAP)
    yield passwords
    passwords.close()


@pytest.fixture
def tokens(store: EdgeStore, clock: HandClock) -> AccessTokens:
    return AccessTokens(KeyRing(store, clock), clock, issuer="https://exchange.test", audience="ip-exchange")


@pytest.fixture
def sessions(store: EdgeStore, passwords: Passwords, tokens: AccessTokens, clock: HandClock) -> Sessions:
    return Sessions(store, passwords, tokens, clock)
