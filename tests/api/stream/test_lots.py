"""Lots on the stream: bids as messages, and a numbered channel of each lot that resumes."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.directory import Directory
from api.services import open_edge_services
from exchange.bootstrap import Settings
from exchange.core.ids import to_wire
from exchange.node.clock import SystemClock
from matching.lots import commitment_of
from tests.api.stream.server import Client, Exchange, World, serving
from tests.sales.served import Sandbox, open_sale, write_database
from tests.sales.stage import THOUSAND


@functools.cache
def prepared(folder: Path, method: str) -> tuple[World, Sandbox]:
    """A sale that is open now, with two lots where the method takes several."""
    lots: dict[str, Any] = {"A": 800} if method == "dutch" else {"A": 800, "B": 400}
    hall = open_sale(method, **lots)
    path = folder / "sale.sqlite"
    write_database(hall.venue, path)
    settings = Settings(data_dir=folder)
    open_edge_services(settings.edge_url, settings, Directory(SystemClock())).close()
    return World(dict(hall.venue.users), dict(hall.venue.accounts), {}, hall.venue.money, path), hall


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lots")


@pytest.fixture
def method() -> str:
    """How the lots are sold; a test names another."""
    return "english"


@pytest.fixture
def hall(folder: Path, method: str) -> Sandbox:
    (folder / method).mkdir(exist_ok=True)
    return prepared(folder / method, method)[1]


@pytest.fixture
async def exchange(folder: Path, method: str, hall: Sandbox, tmp_path: Path) -> AsyncIterator[Exchange]:
    del hall
    async with serving(prepared(folder / method, method)[0], tmp_path / "data") as running:
        yield running


def channel(hall: Sandbox, name: str) -> str:
    return "lot:" + to_wire("LT", hall.lots[name])


def bid(hall: Sandbox, who: str, price: int, key: str, *names: str) -> dict[str, Any]:
    return {
        "type": "lot.bid",
        "bidder_id": to_wire("BR", hall.entered[who]),
        "lot_ids": [to_wire("LT", hall.lots[name]) for name in names or ("A",)],
        "price_minor": price * THOUSAND,
        "client_bid_id": key,
    }


async def follow(client: Client, name: str, **more: Any) -> dict[str, Any]:
    """Subscribe, and answer the first message of the channel."""
    assert (await client.ask(id=1, type="subscribe", channel=name, **more))["type"] == "subscribed"
    return await client.until(lambda message: message.get("channel") == name and "lot" in message)


async def test_a_follower_sees_the_lot_as_it_stands_and_then_every_bid_by_its_paddle(
    exchange: Exchange, hall: Sandbox
) -> None:
    watcher, li = await exchange.connect("ren"), await exchange.connect("li")
    first = await follow(watcher, channel(hall, "A"))
    answer = await li.ask(id=2, **bid(hall, "li", 900, "one"))
    told = await watcher.next()

    assert (first["type"], first["lot"]["state"], first["lot"]["leading_minor"]) == ("lot.snapshot", "open", 0)
    assert (answer["type"], answer["bid_id"][:2]) == ("ack", "BD")
    assert (told["type"], told["event"], told["n"]) == ("lot.changed", "lot.bid_placed", first["n"] + 1)
    assert (told["lot"]["leading_minor"], told["lot"]["leading_paddle"]) == (90_000_000, 1)
    assert told["sequence"] == answer["sequence"]
    assert not any("account" in key for key in told["lot"])


async def test_a_bid_that_is_too_low_is_refused_and_nobody_hears_of_it(exchange: Exchange, hall: Sandbox) -> None:
    li = await exchange.connect("li")
    first = await follow(li, channel(hall, "A"))
    refused = await li.ask(id=2, **bid(hall, "li", 799, "one"))
    taken = await li.ask(id=3, **bid(hall, "li", 800, "two"))
    repeated = await li.ask(id=4, **bid(hall, "li", 800, "two"))

    assert (refused["type"], refused["code"], refused["detail"]) == ("refused", "bid.too_low", "least_minor=80000000")
    assert taken["bid_id"] == repeated["bid_id"]
    assert repeated["repeated"] is True
    changes = [message for message in li.seen if message.get("type") == "lot.changed"]
    assert [change["n"] for change in changes] == [first["n"] + 1]


async def test_a_set_of_lots_is_told_on_each_lots_channel(exchange: Exchange, hall: Sandbox) -> None:
    watcher, wu = await exchange.connect("ren"), await exchange.connect("wu")
    await follow(watcher, channel(hall, "A"))
    await follow(watcher, channel(hall, "B"))
    await wu.ask(id=2, **bid(hall, "wu", 1_500, "one", "A", "B"))
    told = [await watcher.next(), await watcher.next()]

    both = [to_wire("LT", hall.lots[name]) for name in "AB"]
    assert sorted(message["channel"] for message in told) == sorted(channel(hall, name) for name in "AB")
    assert [message["lot"]["leading_lot_ids"] for message in told] == [both, both]


async def test_who_comes_back_is_told_exactly_what_was_missed(exchange: Exchange, hall: Sandbox) -> None:
    watcher, li = await exchange.connect("ren"), await exchange.connect("li")
    first = await follow(watcher, channel(hall, "A"))
    name, n = channel(hall, "A"), first["n"]
    assert (await watcher.ask(id=2, type="unsubscribe", channel=name))["type"] == "unsubscribed"
    for number in range(3):
        await li.ask(id=number, **bid(hall, "li", 900 + 100 * number, f"k{number}"))
    assert (await watcher.ask(id=3, type="subscribe", channel=name, from_n=n + 2))["n"] == n + 3
    missed = [await watcher.next(), await watcher.next()]
    assert [(message["n"], message["lot"]["leading_minor"] // THOUSAND) for message in missed] == [
        (n + 2, 1_000),
        (n + 3, 1_100),
    ]
    await watcher.ask(id=4, type="unsubscribe", channel=name)
    assert (await watcher.ask(id=5, type="subscribe", channel=name, from_n=n + 5))["code"] == "channel.ahead"
    assert (await watcher.ask(id=6, type="subscribe", channel=name, from_n=n + 4))["type"] == "subscribed"
    await li.ask(id=9, **bid(hall, "li", 2_000, "last"))
    assert (await watcher.next())["n"] == n + 4


async def test_a_channel_of_no_lot_is_refused(exchange: Exchange) -> None:
    client = await exchange.connect("li")
    for name in ("lot", "lot:", "lot:LT1-999999", "lot:A1-5", "lot:x"):
        assert (await client.ask(id=1, type="subscribe", channel=name))["code"] == "channel.unknown", name
        assert (await client.ask(id=2, type="unsubscribe", channel=name))["code"] == "channel.not_subscribed"


@pytest.mark.parametrize("method", ["dutch"])
async def test_who_accepts_the_clock_ends_it_for_everybody(exchange: Exchange, hall: Sandbox) -> None:
    watcher, li = await exchange.connect("ren"), await exchange.connect("li")
    first = await follow(watcher, channel(hall, "A"))
    shown = first["lot"]["clock_minor"] // THOUSAND
    await li.ask(id=2, **bid(hall, "li", shown, "mine"))
    changes = [await watcher.until(lambda message: message.get("type") == "lot.changed")]
    while changes[-1]["lot"]["state"] != "awarded":
        changes.append(await watcher.next())
    assert changes[-1]["lot"]["price_minor"] == changes[-1]["lot"]["leading_minor"] <= shown * THOUSAND
    assert [change["n"] for change in changes] == list(range(first["n"] + 1, first["n"] + 1 + len(changes)))
    late = await li.ask(id=3, **bid(hall, "wu", shown, "late"))
    assert late["code"] == "account.not_yours"


@pytest.mark.parametrize("method", ["sealed"])
async def test_a_commitment_is_taken_and_says_nothing_to_anybody(exchange: Exchange, hall: Sandbox) -> None:
    watcher, li = await exchange.connect("ren"), await exchange.connect("li")
    await follow(watcher, channel(hall, "A"))
    bidder, lot = to_wire("BR", hall.entered["li"]), to_wire("LT", hall.lots["A"])
    sha256 = commitment_of(bidder, [lot], 900 * THOUSAND, "0123456789abcdef")
    taken = await li.ask(id=2, type="lot.commit", bidder_id=bidder, commitment_sha256=sha256, client_bid_id="c")
    early = await li.ask(
        id=3,
        type="lot.reveal",
        bid_id=taken["bid_id"],
        lot_ids=[lot],
        price_minor=900 * THOUSAND,
        nonce="0123456789abcdef",
    )

    assert (taken["type"], early["code"]) == ("ack", "sale.state")
    await watcher.ask(id=4, type="ping")
    assert [message for message in watcher.seen if message.get("type") == "lot.changed"] == []
