"""A Chromium for the run, a running exchange and a fresh browser profile for each test; all in one event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from api.ui.routes import DIST, MANIFEST
from tests.services import ServiceMissing
from tests.ui.house import House, World, prepared, serving
from tests.ui.visitor import Visitor

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The prepared exchange."""
    if not (DIST / MANIFEST).exists():
        raise ServiceMissing("the pages are not built: make build does it (make test runs that)")
    return prepared(tmp_path_factory.mktemp("prepared"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A real Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house(world: World, tmp_path: Path) -> AsyncIterator[House]:
    """A running exchange on a copy of the prepared one."""
    async with serving(world, tmp_path / "data") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, house: House) -> AsyncIterator[Visitor]:
    """Somebody at a browser of their own; whatever the page complains about fails the test at its end."""
    context = await browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB", color_scheme="light")
    context.set_default_timeout(8_000)
    somebody = Visitor(house, context, await context.new_page())
    yield somebody
    await context.close()
    assert not somebody.complaints, somebody.complaints
