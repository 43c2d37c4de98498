"""The hub when its surroundings are not as usual: a server that knows only ASGI, a bug in a projection, a new node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.client_books import LiveBook
from api.stream import hub as hub_module
from exchange.node.ports import Batch
from tests.api.stream.server import QUICK, Exchange, World, serving


@pytest.fixture
async def plain(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    """An exchange behind a server that offers ASGI and no more."""
    async with serving(world, tmp_path / "data", plain=True) as running:
        yield running


async def test_any_asgi_server_will_do(plain: Exchange) -> None:
    wu, li = await plain.connect("wu"), await plain.connect("li")
    channel = f"book:{plain.instrument()}"
    await li.ask(id=1, type="subscribe", channel=channel)
    await li.ask(id=2, type="subscribe", channel=f"account:{plain.account('li')}", from_n=1)
    for number in range(50):
        answer = await wu.ask(id=number, **plain.order("wu", "sell", 1, 100 + number, f"c{number}"))
        assert answer["status"] == "open"
    filled = await li.ask(id=3, **plain.order("li", "buy", 1, 100, "taken"))
    assert filled["status"] == "filled"
    await li.until(lambda message: message["type"] == "trade.made")
    await li.until(lambda message: message.get("channel") == channel and message["n"] == 52)
    book = LiveBook(channel)
    for message in li.seen:
        if message.get("channel") == channel and message["type"].startswith("book."):
            assert book.take(message)
    assert book.best_offer == 101


async def test_any_asgi_server_closes_with_the_codes(plain: Exchange) -> None:
    early = await plain.connect()
    await early.send(type="ping")
    assert await early.closed() == (4401, "stream.not_logged_in")
    binary = await plain.connect("wu")
    await binary.socket.send(b"{}")
    assert await binary.closed() == (4400, "stream.binary")
    gone = await plain.connect("wu")
    await gone.ask(id=1, **plain.order("wu", "sell", 1, 100, "c1", cancel_on_disconnect=True))
    await gone.socket.close()
    watcher = await plain.connect("watcher")
    told = await watcher.ask(id=1, type="subscribe", channel=f"account:{plain.account('wu')}", from_n=1)
    assert told["type"] == "subscribed"
    await watcher.until(lambda message: message["type"] == "order.cancelled")
    plain.hub.settings = replace(QUICK, sweep_s=0.05, silent_s=0.2)
    assert await watcher.closed() == (4408, "stream.silent")


async def test_a_bug_in_a_projection_costs_the_streams_and_not_the_node(exchange: Exchange) -> None:
    follower, trader = await exchange.connect("wu"), await exchange.connect("li")
    await follower.ask(id=1, type="subscribe", channel=f"book:{exchange.instrument()}")
    rows = exchange.hub.market.rows

    def fails(*_: Any) -> None:
        exchange.hub.market.rows = rows  # type: ignore[method-assign]
        raise RuntimeError("planted")

    exchange.hub.market.rows = fails  # type: ignore[method-assign, assignment]
    await trader.send(id=1, **exchange.order("li", "buy", 1, 50, "c1"))
    for client in (follower, trader):
        assert await client.closed() == (1012, "stream.restart")
    back = await exchange.connect("li")
    again = await back.ask(id=2, **exchange.order("li", "buy", 1, 50, "c1"))
    assert again["repeated"], "it had been durable"
    await back.ask(id=3, type="subscribe", channel=f"book:{exchange.instrument()}")
    assert (await back.next())["bids"] == [[50, 1]]
    assert exchange.services.keeper.starts == 1


async def test_a_bug_in_a_message_costs_its_connection_and_no_other(exchange: Exchange) -> None:
    one, other = await exchange.connect("wu"), await exchange.connect("li")

    def fails(*_: Any) -> None:
        raise RuntimeError("planted")

    exchange.hub.market.number = fails  # type: ignore[method-assign, assignment]
    await one.send(type="subscribe", channel=f"book:{exchange.instrument()}")
    assert await one.closed() == (1012, "stream.restart")
    assert (await other.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_bug_in_a_tick_costs_the_streams_and_not_the_node(exchange: Exchange) -> None:
    trader = await exchange.connect("li")
    tick = exchange.hub.market.tick

    def fails() -> None:
        exchange.hub.market.tick = tick  # type: ignore[method-assign]
        raise RuntimeError("planted")

    exchange.hub.market.tick = fails  # type: ignore[method-assign]
    await trader.ask(id=0, type="subscribe", channel=f"book:{exchange.instrument()}")
    assert (await trader.next())["type"] == "book.snapshot"
    await trader.send(id=1, **exchange.order("li", "buy", 1, 50, "c1"))
    assert (await trader.next())["type"] == "ack"
    assert await trader.closed() == (1012, "stream.restart")
    back = await exchange.connect("li")
    assert (await back.ask(id=2, **exchange.order("li", "buy", 1, 49, "c2")))["status"] == "open"


async def test_a_bug_in_a_sweep_costs_the_streams_and_not_the_sweeping(exchange: Exchange) -> None:
    trader = await exchange.connect("li")
    sweep = exchange.hub.market.sweep

    def fails() -> None:
        exchange.hub.market.sweep = sweep  # type: ignore[method-assign]
        raise RuntimeError("planted")

    exchange.hub.market.sweep = fails  # type: ignore[method-assign]
    assert await trader.closed() == (1012, "stream.restart")
    exchange.hub.settings = replace(QUICK, sweep_s=0.05, heartbeat_s=0.05)
    back = await exchange.connect("li")
    await back.until(lambda message: message["type"] == "heartbeat")


async def test_a_node_that_comes_up_too_far_ahead_begins_the_streams_anew(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MAX_MISSED", 0)
    client = await exchange.connect("wu")
    sequencer = exchange.services.keeper.sequencer
    assert sequencer is not None
    commit = sequencer.store.commit

    def fails(batch: Batch) -> None:
        commit(batch)
        raise OSError("the line to the database is gone")

    sequencer.store.commit = fails  # type: ignore[method-assign]
    await client.send(id=1, **exchange.order("wu", "sell", 1, 100, "c1"))
    assert (await client.next())["code"] == "node.restarting"
    assert await client.closed() == (1012, "stream.restart")
    back = await exchange.connect("wu")
    await back.ask(id=1, type="subscribe", channel=f"book:{exchange.instrument()}")
    assert (await back.next())["offers"] == [[100, 1]]


async def test_an_idle_hub_wakes_for_nothing_but_its_sweep(exchange: Exchange) -> None:
    trader = await exchange.connect("li")
    ticks = 0
    tick = exchange.hub.market.tick

    def counted() -> None:
        nonlocal ticks
        ticks += 1
        tick()

    exchange.hub.market.tick = counted  # type: ignore[method-assign]
    await trader.ask(id=1, **exchange.order("li", "buy", 1, 50, "c1"))
    await asyncio.sleep(0.2)
    assert ticks == 0, "nobody follows"
    await trader.ask(id=2, type="subscribe", channel=f"book:{exchange.instrument()}")
    await asyncio.sleep(0.2)
    assert ticks == 0, "nothing happens"
    await trader.ask(id=3, **exchange.order("li", "buy", 1, 51, "c2"))
    await asyncio.sleep(0.1)
    assert ticks == 1


async def test_the_instruments_last_trades_are_there_after_a_start(world: World, tmp_path: Path) -> None:
    async with serving(world, tmp_path / "data") as exchange:
        wu, li = await exchange.connect("wu"), await exchange.connect("li")
        for number in range(3):
            await wu.ask(id=number, **exchange.order("wu", "sell", 1, 100, f"c{number}"))
            await li.ask(id=number, **exchange.order("li", "buy", 1, 100, f"c{number}"))
    async with serving(world, tmp_path / "data") as exchange:
        client = await exchange.connect("ren")
        channel = f"trades:{exchange.instrument()}"
        assert (await client.ask(id=1, type="subscribe", channel=channel))["n"] == 3
        snapshot = await client.next()
        assert [trade["n"] for trade in snapshot["trades"]] == [1, 2, 3]
