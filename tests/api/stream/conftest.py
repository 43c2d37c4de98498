"""A prepared exchange once a run, and a server on a copy of it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.stream.server import Exchange, World, prepared, serving


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The prepared exchange."""
    return prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    """A running exchange on a copy of it."""
    async with serving(world, tmp_path / "data") as running:
        yield running
