"""Announcements on the stream: at their release, to all at once, numbered without a gap and resumed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.directory import Directory
from api.services import open_edge_services
from exchange.bootstrap import Settings
from exchange.core.messages import Command
from exchange.node.clock import SystemClock
from matching.notice_messages import FileAnnouncement, ReleaseAnnouncement
from tests.api.stream.server import Exchange, World, serving
from tests.notices.test_insiders import Floor
from tests.sales.served import write_database


@pytest.fixture(scope="module")
def floor() -> Floor:
    return Floor()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, floor: Floor) -> World:
    folder = tmp_path_factory.mktemp("news")
    path = folder / "news.sqlite"
    write_database(floor.venue, path)
    settings = Settings(data_dir=folder)
    open_edge_services(settings.edge_url, settings, Directory(SystemClock())).close()
    return World(dict(floor.venue.users), dict(floor.venue.accounts), {}, floor.venue.money, path)


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with serving(world, tmp_path / "data") as running:
        yield running


async def submitted(exchange: Exchange, command: Command, by: str) -> Any:
    """Send a command past the edge; its first event."""
    outcome = await exchange.hub.bus.submit(command, exchange.world.users[by])
    return outcome.events[0]


async def announced(exchange: Exchange, floor: Floor, title: str, *, price_relevant: bool = False) -> None:
    command = FileAnnouncement(asset_ids=(floor.asset_id,), title=title, text="Whole.", price_relevant=price_relevant)
    filed = await submitted(exchange, command, "thu")
    await submitted(
        exchange, ReleaseAnnouncement(announcement_id=filed.announcement.announcement_id, read_out_seconds=60), "ops"
    )


async def test_everybody_is_told_at_the_release_and_nobody_before(exchange: Exchange, floor: Floor) -> None:
    li, wu = await exchange.connect("li"), await exchange.connect("wu")
    for client in (li, wu):
        assert (await client.ask(id=1, type="subscribe", channel="news"))["n"] == 0
    await announced(exchange, floor, "First", price_relevant=True)
    told = [await client.next() for client in (li, wu)]
    assert told[0] == told[1]
    assert (told[0]["channel"], told[0]["n"], told[0]["title"]) == ("news", 1, "First")
    assert len(told[0]["instrument_ids"]) == 1 and told[0]["read_out_ns"] > told[0]["released_at_ns"]


async def test_who_comes_back_is_told_exactly_what_was_missed(exchange: Exchange, floor: Floor) -> None:
    for title in ("First", "Second", "Third"):
        await announced(exchange, floor, title)
    li = await exchange.connect("li")
    assert (await li.ask(id=1, type="subscribe", channel="news", from_n=2))["n"] == 3
    assert [(message["n"], message["title"]) for message in (await li.next(), await li.next())] == [
        (2, "Second"),
        (3, "Third"),
    ]
    assert (await li.ask(id=2, type="subscribe", channel="news"))["code"] == "channel.subscribed"
    assert (await li.ask(id=3, type="unsubscribe", channel="news"))["type"] == "unsubscribed"
    assert (await li.ask(id=4, type="subscribe", channel="news", from_n=5))["code"] == "channel.ahead"
    assert (await li.ask(id=5, type="subscribe", channel="news", from_n=4))["type"] == "subscribed"
    await announced(exchange, floor, "Fourth")
    assert (await li.next())["n"] == 4


async def test_what_was_released_before_a_start_is_still_there(world: World, floor: Floor, tmp_path: Path) -> None:
    async with serving(world, tmp_path / "data") as running:
        await announced(running, floor, "Before")
    async with serving(world, tmp_path / "data") as running:
        li = await running.connect("li")
        assert (await li.ask(id=1, type="subscribe", channel="news", from_n=1))["n"] == 1
        assert (await li.next())["title"] == "Before"
