"""Channels: numbers without gaps, only what one may see, depth that adds up, and resumption from any number."""

from __future__ import annotations

from random import Random  # noqa: TID251 - seeded, so that every run plays the same
from typing import Any

import msgspec

from api.client_books import LiveBook
from exchange.core.instruments import Phase
from exchange.core.membership import GrantMandate, MandateGranted, RevokeMandate
from exchange.core.parties import UserRight
from exchange.core.units import TimeNs
from matching.messages import ChangePhase
from tests.api.stream.server import Client, Exchange

Message = dict[str, Any]


async def follow(exchange: Exchange, name: str, channel: str, **more: Any) -> Client:
    """A connection that follows one channel."""
    client = await exchange.connect(name)
    answer = await client.ask(id="follow", type="subscribe", channel=channel, **more)
    assert answer["type"] == "subscribed", answer
    return client


async def play(exchange: Exchange, seed: int, orders: int, names: tuple[str, ...] = ("wu", "li")) -> None:
    """Random orders, replaces and cancels of some traders, all of them answered."""
    chance = Random(seed)
    clients = {name: await exchange.connect(name) for name in names}
    mine: dict[str, list[str]] = {name: [] for name in names}
    for number in range(orders):
        name = chance.choice(names)
        client, account = clients[name], exchange.account(name)
        act = chance.random()
        if act < 0.2 and mine[name]:
            order_id = chance.choice(mine[name])
            answer = await client.ask(id=number, type="order.cancel", account_id=account, order_id=order_id)
        elif act < 0.3 and mine[name]:
            answer = await client.ask(
                id=number,
                type="order.replace",
                account_id=account,
                order_id=chance.choice(mine[name]),
                client_order_id=f"{seed}.{number}",
                price_ticks=chance.randint(95, 105),
                quantity_lots=chance.randint(1, 20),
            )
        else:
            message = exchange.order(
                name,
                chance.choice(["buy", "sell"]),
                chance.randint(1, 20),
                chance.randint(95, 105),
                f"{seed}.{number}",
                time_in_force=chance.choice(["day", "day", "gtc", "ioc", "fok"]),
            )
            answer = await client.ask(id=number, **message)
        if answer.get("status") == "open":
            mine[name].append(answer["order_id"])


async def collect(client: Client, channel: str, n: int) -> list[Message]:
    """A channel's messages up to a number."""
    found = [message for message in client.seen if message.get("channel") == channel and "n" in message]
    found = [message for message in found if message["type"] != "subscribed"]
    while not found or found[-1]["n"] < n:
        message = await client.next()
        if message.get("channel") == channel and message["type"] != "subscribed":
            found.append(message)
    return found


async def test_private_numbers_have_no_gaps_and_tell_all_that_happened(exchange: Exchange) -> None:
    channels = {name: f"account:{exchange.account(name)}" for name in ("wu", "li")}
    readers = {name: await follow(exchange, name, channel) for name, channel in channels.items()}
    start = {name: reader.seen[-1]["n"] for name, reader in readers.items()}
    await play(exchange, 1, 300)
    last_sequence = 0
    for name, channel in channels.items():
        newest = exchange.hub.accounts.numbers[exchange.world.accounts[name]]
        told = await collect(readers[name], channel, newest)
        assert [message["n"] for message in told] == list(range(start[name] + 1, newest + 1))
        assert [message["sequence"] for message in told] == sorted(message["sequence"] for message in told)
        last_sequence = max(last_sequence, told[-1]["sequence"])
        # What it is told adds up: holds after the last message are those of the orders that are still open.
        open_orders: dict[str, int] = {}
        for message in told:
            match message["type"]:
                case "order.accepted":
                    open_orders[message["order_id"]] = message["quantity_lots"]
                case "order.replaced" | "trade.made":
                    open_orders[message["order_id"]] = message["remaining_lots"]
                case "order.cancelled":
                    assert open_orders[message["order_id"]] == message["cancelled_lots"]
                    open_orders[message["order_id"]] = 0
        state = exchange.services.keeper.sequencer
        assert state is not None
        account = exchange.world.accounts[name]
        there = [order.remaining_lots for order in state.state.orders.values() if order.account_id == account]
        assert sorted(lots for lots in open_orders.values() if lots) == sorted(there)


async def test_an_account_sees_its_own_side_only(exchange: Exchange) -> None:
    reader = await follow(exchange, "wu", f"account:{exchange.account('wu')}")
    wu, li = await exchange.connect("wu"), await exchange.connect("li")
    resting = await wu.ask(id=1, **exchange.order("wu", "sell", 10, 100, "c1"))
    taker = await li.ask(id=1, **exchange.order("li", "buy", 4, 100, "c2"))
    told = await reader.until(lambda message: message["type"] == "trade.made")
    assert told["order_id"] == resting["order_id"] and told["side"] == "sell" and not told["aggressor"]
    assert (told["price_ticks"], told["quantity_lots"], told["remaining_lots"]) == (100, 4, 6)
    money, right = told["postings"]
    assert money["units"] == 4 * 100 - told["fee_minor"] and right["units"] == -4
    text = msgspec.json.encode(reader.seen).decode()
    assert taker["order_id"] not in text and exchange.account("li") not in text


async def test_the_answer_comes_before_what_the_account_is_told(exchange: Exchange) -> None:
    client = await follow(exchange, "wu", f"account:{exchange.account('wu')}")
    await client.send(id=1, **exchange.order("wu", "sell", 10, 100, "c1"))
    answer, told = await client.next(), await client.next()
    assert (answer["type"], told["type"]) == ("ack", "order.accepted")
    assert answer["sequence"] == told["sequence"] and answer["at_ns"] == told["at_ns"]


async def test_only_who_may_see_an_account_follows_it(exchange: Exchange) -> None:
    channel = f"account:{exchange.account('wu')}"
    for name, code in (("li", "account.not_yours"), ("blind", "account.not_yours")):
        client = await exchange.connect(name)
        assert (await client.ask(id=1, type="subscribe", channel=channel))["code"] == code
    for name in ("wu", "wu2", "watcher", "ops"):
        client = await exchange.connect(name)
        assert (await client.ask(id=1, type="subscribe", channel=channel))["type"] == "subscribed"
    client = await exchange.connect("wu")
    assert (await client.ask(id=1, type="subscribe", channel="account:A1-999999"))["code"] == "account.unknown"


async def test_a_mandate_taken_back_ends_the_channel(exchange: Exchange) -> None:
    bus, users = exchange.services.bus, exchange.world.users
    outcome = await bus.submit(
        GrantMandate(
            account_id=exchange.world.accounts["wu"],
            user_id=users["li"],
            rights=(UserRight.VIEW,),
            valid_from_ns=TimeNs(0),
            valid_until_ns=TimeNs(2**62),
        ),
        users["wu"],
    )
    granted = outcome.events[0]
    assert isinstance(granted, MandateGranted)
    client = await follow(exchange, "li", f"account:{exchange.account('wu')}")
    owner = await exchange.connect("wu")
    for number in range(3):
        await owner.ask(id=number, **exchange.order("wu", "sell", 1, 100, f"a{number}"))
        assert (await client.next())["type"] == "order.accepted"
    await bus.submit(RevokeMandate(mandate_id=granted.mandate.mandate_id), users["wu"])
    await owner.ask(id=2, **exchange.order("wu", "sell", 1, 100, "c2"))
    ended = await client.next()
    assert (ended["type"], ended["code"]) == ("unsubscribed", "account.not_yours")
    await owner.ask(id=3, **exchange.order("wu", "sell", 1, 100, "c3"))
    assert (await client.ask(id=4, type="ping"))["type"] == "pong"


async def test_resuming_from_any_number_gives_the_whole_history(exchange: Exchange) -> None:
    channel = f"account:{exchange.account('wu')}"
    await play(exchange, 2, 60)
    live = await follow(exchange, "wu", channel)
    await play(exchange, 3, 60)
    newest = exchange.hub.accounts.numbers[exchange.world.accounts["wu"]]
    told = await collect(live, channel, newest)
    whole = await collect(await follow(exchange, "wu", channel, from_n=1), channel, newest)
    assert [message["n"] for message in whole] == list(range(1, newest + 1))
    assert whole[-len(told) :] == told, "the past reads as it was told"
    chance = Random(4)
    client = await exchange.connect("wu")
    for from_n in {1, 2, newest, newest + 1, *(chance.randint(1, newest) for _ in range(10))}:
        client.seen.clear()
        answer = await client.ask(id=from_n, type="subscribe", channel=channel, from_n=from_n)
        assert answer["n"] == newest
        if from_n <= newest:
            assert await collect(client, channel, newest) == whole[from_n - 1 :]
        await client.ask(id=0, type="unsubscribe", channel=channel)
    answer = await client.ask(id=1, type="subscribe", channel=channel, from_n=newest + 2)
    assert answer["code"] == "channel.ahead"


async def test_resuming_while_the_account_trades_misses_and_doubles_nothing(exchange: Exchange) -> None:
    channel = f"account:{exchange.account('wu')}"
    await play(exchange, 5, 40)
    readers = [await exchange.connect("wu") for _ in range(4)]
    trader = await exchange.connect("wu")
    for number in range(200):
        await trader.send(id=number, **exchange.order("wu", "sell", 1, 200, f"busy{number}"))
        if number % 50 == 25:
            await readers[number // 50].send(id="follow", type="subscribe", channel=channel, from_n=1)
    await trader.until(lambda message: message.get("id") == 199)
    newest = exchange.hub.accounts.numbers[exchange.world.accounts["wu"]]
    for reader in readers:
        told = await collect(reader, channel, newest)
        assert [message["n"] for message in told] == list(range(1, newest + 1))


async def test_money_and_transfers_are_told_too(exchange: Exchange) -> None:
    client = await follow(exchange, "wu", f"account:{exchange.account('wu')}", from_n=1)
    told = [await client.next() for _ in range(3)]
    assert [message["type"] for message in told] == ["account.moved"] * 3
    assert [message["event"] for message in told] == ["receipt.credited", "ledger.transferred", "ledger.transferred"]
    assert all(len(message["postings"]) == 1 for message in told)


async def test_depth_from_increments_is_the_book_after_each_message(exchange: Exchange) -> None:
    instrument = exchange.instrument()
    early = await follow(exchange, "ren", f"book:{instrument}")
    await play(exchange, 6, 150)
    late = await follow(exchange, "ren", f"book:{instrument}")
    await play(exchange, 7, 100)
    now = exchange.hub.snapshot(exchange.world.instruments["INS"], 1_000)[1]
    books: list[LiveBook] = []
    for client in (early, late):
        book = LiveBook(f"book:{instrument}")
        for message in await collect(client, book.name, now.book_n):
            assert book.take(message), "no gap, and the checksum holds after each message"
        books.append(book)
    for book in books:
        assert book.n == now.book_n
        assert book.bids == {level.price_ticks: level.lots for level in now.bids}
        assert book.offers == {level.price_ticks: level.lots for level in now.offers}
    assert early.seen[-1]["type"] == "book.changed"


async def test_trades_are_numbered_and_anonymous_and_resume(exchange: Exchange) -> None:
    channel = f"trades:{exchange.instrument()}"
    live = await follow(exchange, "ren", channel)
    await play(exchange, 8, 150)
    n = exchange.hub.market.number("trades", exchange.world.instruments["INS"])
    messages = await collect(live, channel, n)
    assert messages[0]["type"] == "trades.snapshot" and messages[0]["trades"] == []
    trades = [trade for message in messages for trade in message["trades"]]
    assert [trade["n"] for trade in trades] == list(range(1, n + 1))
    assert set(trades[0]) == {"n", "trade_id", "price_ticks", "quantity_lots", "aggressor", "at_ns"}
    back = await follow(exchange, "ren", channel, from_n=n // 2)
    (missed,) = await collect(back, channel, n)
    assert (missed["from_n"], missed["n"]) == (n // 2, n)
    assert missed["trades"] == trades[n // 2 - 1 :]
    snapshot = (await collect(await follow(exchange, "ren", channel), channel, n))[0]
    assert snapshot["trades"] == trades[-50:]


async def test_a_book_resumes_from_the_ring_or_with_a_snapshot(exchange: Exchange) -> None:
    channel = f"book:{exchange.instrument()}"
    first = await follow(exchange, "ren", channel)
    book = LiveBook(channel)
    assert book.take(await first.next())
    trader = await exchange.connect("wu")
    for price in (101, 102, 103):
        await trader.ask(id=price, **exchange.order("wu", "sell", 1, price, f"c{price}"))
        assert book.take(await first.until(lambda message: message.get("channel") == channel))
    back = await follow(exchange, "ren", channel, from_n=2)
    missed = await back.next()
    assert (missed["type"], missed["from_n"], missed["n"]) == ("book.changed", 2, 3)
    assert missed["offers"] == [[102, 1], [103, 1]] and missed["checksum"] == first.seen[-1]["checksum"]
    gone = await follow(exchange, "ren", channel, from_n=77)
    assert (await gone.next())["type"] == "book.snapshot"
    current = await follow(exchange, "ren", channel, from_n=4)
    assert (await current.ask(id=1, type="ping"))["type"] == "pong"


async def test_phases_are_told_in_the_book_and_in_the_list(exchange: Exchange) -> None:
    listed = await follow(exchange, "ren", "instruments")
    book = await follow(exchange, "ren", f"book:{exchange.instrument()}")
    snapshot = await listed.next()
    assert snapshot["last"] and {line["code"] for line in snapshot["instruments"]} == {"INS", "TWO", "ALL"}
    assert (await book.next())["phase"] == "continuous"
    halt = ChangePhase(instrument_id=exchange.world.instruments["INS"], phase=Phase.HALTED)
    await exchange.services.bus.submit(halt, exchange.world.users["ops"])
    changed = await listed.next()
    assert (changed["type"], changed["event"]) == ("instrument.changed", "instrument.phase_changed")
    assert changed["n"] == snapshot["n"] + 1 and changed["instrument"]["phase"] == "halted"
    told = await book.next()
    assert (told["phase"], told["from_n"], told["n"]) == ("halted", 1, 0)


async def test_other_instruments_are_not_told(exchange: Exchange) -> None:
    client = await follow(exchange, "ren", f"book:{exchange.instrument('TWO')}")
    assert (await client.next())["type"] == "book.snapshot"
    await play(exchange, 9, 20)
    assert (await client.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_channel_is_followed_once_and_left_once(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    names = [f"book:{exchange.instrument()}", f"trades:{exchange.instrument()}", "instruments"]
    for channel in [*names, f"account:{exchange.account('wu')}"]:
        assert (await client.ask(id=1, type="subscribe", channel=channel))["type"] == "subscribed"
        assert (await client.ask(id=2, type="subscribe", channel=channel))["code"] == "channel.subscribed"
        assert (await client.ask(id=3, type="unsubscribe", channel=channel))["type"] == "unsubscribed"
        assert (await client.ask(id=4, type="unsubscribe", channel=channel))["code"] == "channel.not_subscribed"
        assert (await client.ask(id=5, type="subscribe", channel=channel))["type"] == "subscribed"


async def test_a_channel_that_is_none_is_refused(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    for channel in ("", "book", "book:", "book:I1-999999", "book:A1-5", "tape:I1-5", "trades:x", "account:"):
        assert (await client.ask(id=1, type="subscribe", channel=channel))["code"] == "channel.unknown", channel
        assert (await client.ask(id=2, type="unsubscribe", channel=channel))["code"] == "channel.not_subscribed"
