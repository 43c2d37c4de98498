"""A fresh running exchange for each test, over one prepared database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.counterparty.exchange import Exchange, World, opened, prepared


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The prepared exchange."""
    return prepared(tmp_path_factory.mktemp("counterparty"))


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    """The prepared exchange, serving on a port."""
    async with opened(world, tmp_path / "var") as found:
        yield found
