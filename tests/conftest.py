"""Fixtures that any test may ask for: servers, a browser, the shared data; and how hypothesis searches.

A test that asks for a server is marked `services`, so that `make test-services` finds it. Under xdist every worker has
its own fixtures; databases and streams have names of their own.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nats
import nats.js.errors
import pytest
import structlog
from hypothesis import settings

from tests import services

SERVERS = {"postgres_server", "postgres_url", "nats_url", "fresh_stream"}
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

# Every run of the tests tries the same examples; `make soak` draws new ones and prints what reproduces a failure.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("soak", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a server."""
    for item in items:
        if SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("services")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[services.Postgres]:
    """A running PostgreSQL; `with postgres_server.fresh_database() as url` gives an empty database for any scope."""
    with services.postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: services.Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    with postgres_server.fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def nats_url() -> Iterator[str]:
    """The URL of a running NATS with JetStream."""
    with services.nats() as url:
        yield url


@pytest.fixture
def fresh_stream(nats_url: str) -> Iterator[str]:
    """A name of this test's own for JetStream streams and subjects; streams whose names begin with it are removed."""
    name = services.unique_name()
    yield name
    asyncio.run(_remove_streams(nats_url, name))


async def _remove_streams(url: str, prefix: str) -> None:
    connection = await nats.connect(url)
    try:
        manager = connection.jsm()
        for stream in await manager.streams_info():
            if (stream.config.name or "").startswith(prefix):
                with suppress(nats.js.errors.NotFoundError):
                    await manager.delete_stream(stream.config.name or "")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a real Chromium, for Playwright's `executable_path`."""
    ours = Path(__file__).parents[1] / ".venv" / "chromium" / "chromium"
    for name in ("chromium", "google-chrome", str(ours)):
        if path := shutil.which(name):
            return path
    raise services.ServiceMissing("Chromium is missing: scripts/chromium.sh brings it (make test runs that)")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside the checkout, in ../shared/data."""
    if not SHARED_DATA.is_dir():
        raise services.ServiceMissing(f"{SHARED_DATA} is missing: this test reads the real data beside the checkout")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A test that starts the exchange in this process configures its logs; the next test must not inherit that."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
