"""Every order through the stream: what its owner is told, and what everybody else may rebuild of the book."""

from __future__ import annotations

import asyncio
from random import Random  # noqa: TID251 - seeded, so that every run plays the same
from typing import Any, cast

import msgspec
import pytest

from api.client_books import LiveBook, LiveOrders
from api.client_stream import Stream
from exchange.core.instruments import Phase
from exchange.store.queries import market
from exchange.store.queries.reader import Snapshot
from matching.book_messages import BookSide, Place
from matching.depth import DepthSnapshot
from matching.messages import ChangePhase
from tests.api.stream.server import LEVELS_SHOWN, Client, Exchange
from tests.api.stream.test_channels import collect, follow

Message = dict[str, Any]
EVERYTHING: list[Message] = [
    {},
    {"display_lots": 2, "quantity_lots": 9},
    {"hidden": True},
    {"post_only": True},
    {"all_or_none": True},
    {"minimum_lots": 2},
    {"time_in_force": "ioc"},
    {"order_type": "stop_limit", "stop_ticks": 103},
    {"order_type": "trailing_stop_limit", "trail_ticks": 2, "offset_ticks": 1},
    {"order_type": "pegged_best", "offset_ticks": 1},
    {"order_type": "pegged_mid"},
    {"self_trade_prevention": "decrement"},
    {"self_trade_prevention": "cancel_oldest"},
    {"time_in_force": "at_close"},
]


def order(exchange: Exchange, name: str, side: str, lots: int, price: int | None, key: str, **more: Any) -> Message:
    """An order for the instrument in which everything is allowed."""
    message = exchange.order(name, side, lots, price or 1, key, **more) | {"instrument_id": exchange.instrument("ALL")}
    return {field: value for field, value in message.items() if field != "price_ticks" or price is not None}


async def phase(exchange: Exchange, to: Phase) -> None:
    """Put the instrument into a phase."""
    command = ChangePhase(instrument_id=exchange.world.instruments["ALL"], phase=to)
    await exchange.services.bus.submit(command, exchange.world.users["ops"], connection_id=0)  # type: ignore[arg-type]


async def test_the_owner_is_told_of_conditions_and_of_every_place(exchange: Exchange) -> None:
    channel = f"account:{exchange.account('wu')}"
    reader = await follow(exchange, "wu", channel)
    start = reader.seen[-1]["n"]
    client = await exchange.connect("li")
    own = await exchange.connect("wu")
    iceberg = await own.ask(id=1, **order(exchange, "wu", "sell", 9, 101, "ice", display_lots=4))
    assert (iceberg["status"], iceberg["remaining_lots"]) == ("open", 9)
    await own.ask(id=2, **order(exchange, "wu", "buy", 5, 99, "stop", order_type="stop_limit", stop_ticks=101))
    taken = await client.ask(id=3, **order(exchange, "li", "buy", 4, 101, "taker"))
    assert (taken["status"], taken["remaining_lots"]) == ("filled", 0)
    newest = exchange.state.ledger.channels[exchange.world.accounts["wu"]].n
    told = await collect(reader, channel, newest)
    seen = [(one["type"], one.get("cause"), one.get("place"), one.get("shown_lots")) for one in told]
    assert seen == [
        ("order.accepted", None, None, None),
        ("order.moved", "rested", "queue", 4),
        ("order.accepted", None, None, None),
        ("order.moved", "parked", "stop", 0),
        ("trade.made", None, None, None),
        ("order.moved", "refilled", "queue", 4),
        ("order.moved", "triggered", "in_hand", 0),
        ("order.moved", "rested", "queue", 5),
    ]
    assert told[0]["conditions"] == {"display_lots": 4}
    assert told[2]["conditions"] == {"stop_ticks": 101}
    assert (told[3]["stop_ticks"], told[3]["price_ticks"]) == (101, 99)
    again = await follow(exchange, "wu", channel, from_n=start + 1)
    resumed = await collect(again, channel, newest)
    assert [msgspec.json.encode(one) for one in resumed] == [msgspec.json.encode(one) for one in told]


async def test_a_pair_and_an_own_order_are_told_with_their_holds(exchange: Exchange) -> None:
    channel = f"account:{exchange.account('wu')}"
    reader = await follow(exchange, "wu", channel)
    own = await exchange.connect("wu")
    goal = await own.ask(id=1, **order(exchange, "wu", "sell", 5, 110, "goal"))
    guard = await own.ask(
        id=2,
        **order(
            exchange,
            "wu",
            "sell",
            5,
            90,
            "guard",
            order_type="stop_limit",
            stop_ticks=95,
            oco_order_id=goal["order_id"],
        ),
    )
    assert guard["status"] == "open"
    ended = await own.ask(id=3, type="order.cancel", account_id=exchange.account("wu"), order_id=goal["order_id"])
    assert (ended["order_id"], ended["status"]) == (goal["order_id"], "cancelled")
    told = await collect(reader, channel, exchange.state.ledger.channels[exchange.world.accounts["wu"]].n)
    accepted = next(one for one in told if one.get("client_order_id") == "guard")
    assert accepted["conditions"] == {"stop_ticks": 95, "oco_order_id": goal["order_id"]}
    assert accepted["hold_units"] == 0  # the first of the pair holds for both
    covered = next(one for one in told if one["type"] == "order.covered")
    assert (covered["order_id"], covered["hold_units"]) == (guard["order_id"], 5)


async def test_what_the_rules_or_the_book_forbid_is_refused_by_its_code(exchange: Exchange) -> None:
    own = await exchange.connect("wu")
    asked: list[tuple[Message, str]] = [
        ({"order_type": "stop_limit"}, "order.conflict"),
        ({"display_lots": 9}, "order.conflict"),
        ({"order_type": "pegged_best"}, "order.no_reference"),
        ({"minimum_lots": 2}, "order.minimum_not_met"),
        ({"time_in_force": "gtd"}, "order.expiry_invalid"),
        ({"oco_order_id": "O1-999"}, "order.oco_invalid"),
    ]
    for number, (more, code) in enumerate(asked):
        answer = await own.ask(id=number, **order(exchange, "wu", "buy", 5, 100, f"bad-{number}", **more))
        assert (answer["type"], answer["code"]) == ("refused", code), more
    plain = await own.ask(id=99, **exchange.order("wu", "buy", 5, 100, "elsewhere", hidden=True))
    assert plain["code"] == "rule.order_not_allowed"


async def test_an_auction_is_shown_while_it_is_called_and_when_it_is_fixed(exchange: Exchange) -> None:
    channel = f"auction:{exchange.instrument('ALL')}"
    reader = await follow(exchange, "li", channel)
    assert (await collect(reader, channel, 0))[-1]["phase"] == "continuous"
    account = f"account:{exchange.account('wu')}"
    start = exchange.state.ledger.channels[exchange.world.accounts["wu"]].n
    await phase(exchange, Phase.CLOSING_CALL)
    wu, li = await exchange.connect("wu"), await exchange.connect("li")
    await wu.ask(id=1, **order(exchange, "wu", "sell", 10, 99, "offer"))
    await li.ask(id=1, **order(exchange, "li", "buy", 4, 101, "bid"))
    called = await reader.until(lambda one: bool((one.get("indicated") or {}).get("paired_lots")))
    assert called["phase"] == "closing_call"
    assert called["indicated"] == {
        "price_ticks": 99, "paired_lots": 4, "imbalance_lots": 6, "imbalance_side": "sell",
    }  # fmt: skip
    await phase(exchange, Phase.POST_CLOSE)
    fixed = await reader.until(lambda one: one.get("fixed") is not None)
    assert fixed["indicated"] is None
    assert (fixed["fixed"]["price_ticks"], fixed["fixed"]["quantity_lots"]) == (99, 4)
    assert fixed["fixed"]["tie_break"] == "xetra"
    tape = await follow(exchange, "li", f"trades:{exchange.instrument('ALL')}")
    shown = await tape.until(lambda one: one["type"] in ("trades.snapshot", "trades.made") and bool(one["trades"]))
    assert [(line["price_ticks"], line["quantity_lots"], line["aggressor"]) for line in shown["trades"]] == [
        (99, 4, None)
    ]
    own = await follow(exchange, "wu", account, from_n=start + 1)
    told = await own.until(lambda one: one["type"] == "trade.made")
    assert (told["side"], told["aggressor"], told["remaining_lots"]) == ("sell", None, 6)


async def test_the_tables_tell_what_an_order_asked_for_and_show_the_same_book(exchange: Exchange) -> None:
    own = await exchange.connect("wu")
    orders: dict[str, Message] = {
        "plain": {},
        "ice": {"display_lots": 2},
        "unseen": {"hidden": True},
        "guard": {"order_type": "stop_limit", "stop_ticks": 90},
        "peg": {"order_type": "pegged_best", "offset_ticks": 1},
    }
    for number, (key, more) in enumerate(orders.items()):
        answer = await own.ask(id=number, **order(exchange, "wu", "sell", 9, 101, key, **more))
        assert answer["type"] == "ack", answer
    instrument_id, accounts = exchange.world.instruments["ALL"], [exchange.world.accounts["wu"]]
    reads = exchange.services.reads

    def look(snapshot: Snapshot) -> tuple[list[market.Order], DepthSnapshot]:
        found = market.open_orders(snapshot, 50, None, accounts, instrument_id)
        same = market.orders(snapshot, 50, None, accounts, instrument_id, "open")
        assert found.records == same.records
        one = cast("market.Order", found.records[0])
        assert market.order(snapshot, one.order_id, accounts) == one
        return [cast("market.Order", record) for record in found.records], market.depth(snapshot, instrument_id, 50)

    found, depth = reads.run(look)
    told = {one.client_order_id: one.conditions for one in found}
    assert told["plain"] is None
    places = {
        key: (asked.place, asked.standing_ticks, asked.level_ticks, asked.shown_lots)
        for key, asked in told.items()
        if asked is not None
    }
    assert places == {
        "ice": ("queue", 101, 0, 2),
        "unseen": ("queue", 101, 0, 0),
        "guard": ("stop", 101, 90, 0),
        "peg": ("queue", 102, 0, 9),
    }
    assert depth == exchange.hub.snapshot(instrument_id, 50)[1]
    assert [level[1:] for level in depth.offers] == [(101, 11), (102, 9)]


async def test_the_client_follows_single_orders_auctions_and_few_prices(exchange: Exchange) -> None:
    own = await exchange.connect("wu")
    for price in (99, 98, 97, 96):
        await own.ask(id=price, **order(exchange, "wu", "buy", 5, price, f"bid-{price}"))
    every = exchange.instrument("ALL")
    async with Stream(exchange.url, lambda: exchange.ticket("li")) as stream:
        few, orders, auction = await stream.book(every, 2), await stream.orders(every), await stream.auction(every)
        async with asyncio.timeout(5):
            while not (orders.is_whole and few.is_live and auction.n is not None):  # noqa: ASYNC110 - messages come
                await asyncio.sleep(0.01)
            assert few.bids == {99: 5, 98: 5}
            assert [row[1:] for row in orders.queue(bids=True)] == [(99, 5), (98, 5), (97, 5), (96, 5)]
            orders.bids[12_345] = (200, 1)  # a copy that is wrong is noticed by its checksum and read again
            await own.ask(id="more", **order(exchange, "wu", "buy", 1, 95, "more"))
            while len(orders.queue(bids=True)) != 5 or 12_345 in orders.bids:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)


async def test_a_market_shows_as_much_as_its_rules_say(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    every, plain = exchange.instrument("ALL"), exchange.instrument("INS")
    for number, (channel, code) in enumerate(
        [
            (f"book:{every}:{LEVELS_SHOWN + 1}", "channel.levels"),
            (f"book:{plain}:51", "channel.levels"),
            (f"orders:{plain}", "channel.not_disclosed"),
            (f"book:{every}:0", "channel.unknown"),
            (f"book:{every}:05", "channel.unknown"),
            (f"trades:{every}:5", "channel.unknown"),
            (f"auction:{every}:", "channel.unknown"),
        ]
    ):
        answer = await client.ask(id=number, type="subscribe", channel=channel)
        assert (answer["type"], answer["code"]) == ("refused", code), channel
    for price in range(80, 80 + LEVELS_SHOWN + 2):
        await client.ask(id=f"o{price}", **order(exchange, "wu", "buy", 1, price, f"deep-{price}"))
    top = await follow(exchange, "li", f"book:{every}")
    snapshot = await top.until(lambda one: one["type"] == "book.snapshot")
    assert len(snapshot["bids"]) == LEVELS_SHOWN
    assert exchange.hub.snapshot(exchange.world.instruments["ALL"], 50)[1].bids[-1].price_ticks == 82


def take(channel: LiveBook | LiveOrders, reader: Client) -> None:
    """Bring a client's book up to date with what has come; nothing is missing, and the checksum proves it."""
    for message in reader.seen:
        if message.get("channel") == channel.name and message["type"] != "subscribed":
            assert channel.take(message), message
    reader.seen.clear()


async def until_taken(channel: LiveBook | LiveOrders, reader: Client) -> None:
    """Read until nothing comes any more: longer than a tick."""
    while True:
        try:
            await reader.next(0.2)
        except TimeoutError:
            take(channel, reader)
            return


@pytest.mark.parametrize("seed", [1, 2])
async def test_books_rebuilt_from_the_stream_are_the_engines(exchange: Exchange, seed: int) -> None:
    """Eight times in a random day of every order: all prices, the best three, and single orders."""
    chance = Random(seed)
    instrument = exchange.instrument("ALL")
    channels: list[LiveBook | LiveOrders] = [
        LiveBook(f"book:{instrument}"), LiveBook(f"book:{instrument}:3"), LiveOrders(f"orders:{instrument}"),
    ]  # fmt: skip
    readers = [await follow(exchange, "ren", channel.name) for channel in channels]
    clients = {name: await exchange.connect(name) for name in ("wu", "li")}
    mine: dict[str, list[str]] = {"wu": [], "li": []}
    accepted = 0
    for number in range(160):
        name = chance.choice(("wu", "li"))
        client = clients[name]
        if chance.random() < 0.25 and mine[name]:
            asked = {"type": "order.cancel", "order_id": chance.choice(mine[name])}
            if chance.random() < 0.5:
                asked |= {
                    "type": "order.replace",
                    "client_order_id": f"r{number}",
                    "price_ticks": chance.randint(97, 104),
                    "quantity_lots": chance.randint(1, 12),
                }
            await client.ask(id=number, account_id=exchange.account(name), **asked)
        else:
            more = {"quantity_lots": chance.randint(1, 12), **chance.choice([{}, {}, chance.choice(EVERYTHING)])}
            side = chance.choice(("buy", "sell"))
            asked = order(exchange, name, side, 1, chance.randint(97, 104), f"n{number}") | more
            answer = await client.ask(id=number, **asked)
            accepted += answer["type"] == "ack"
            if answer.get("status") == "open":
                mine[name].append(answer["order_id"])
        if number % 20 == 19:
            await asyncio.gather(*(until_taken(*pair) for pair in zip(channels, readers, strict=True)))
            compare(exchange, channels)
        if number == 90:  # somebody comes late, and somebody comes back
            readers[2] = await follow(exchange, "ren", channels[2].name, from_n=(channels[2].n or 0) + 1)
            channels[1] = LiveBook(f"book:{instrument}:3")
            readers[1] = await follow(exchange, "ren", channels[1].name)
    assert accepted > 80


def compare(exchange: Exchange, channels: list[LiveBook | LiveOrders]) -> None:
    """What readers have is what the book has."""
    book = exchange.state.books[exchange.world.instruments["ALL"]]
    for channel in channels:
        for side in BookSide:
            bids = side is BookSide.BUY
            if isinstance(channel, LiveOrders):
                sign = -1 if bids else 1
                shown = [
                    (sign * one.price_ticks, one.priority, one.price_ticks, one.shown_lots)
                    for one in book.orders()
                    if one.place == Place.QUEUE and one.order.side == side and one.shown_lots
                ]
                assert channel.is_whole
                assert [row[1:] for row in channel.queue(bids=bids)] == [row[2:] for row in sorted(shown)]
            else:
                most = int(channel.name.partition(":")[2].partition(":")[2] or LEVELS_SHOWN)
                levels = dict(level[:2] for level in book.levels(side, most))
                assert (channel.bids if bids else channel.offers) == levels
