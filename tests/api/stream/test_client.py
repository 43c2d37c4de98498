"""The client over a whole server: logins, lost connections, restarts and stops, with nothing lost or doubled."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.client import Client, Problem, Refused, StreamEnded
from api.client_books import Followed, checksum
from exchange.core.membership import SuspendUser
from exchange.engine import apply as road
from exchange.node.ports import Batch
from matching.messages import CancelAllOrders
from tests.api.stream.server import Exchange, World, serving

PASSWORD = "a long enough pass phrase"


async def log_in(exchange: Exchange, name: str) -> Client:
    """A client with a session, by password over HTTP."""
    user_id = exchange.world.users[name]
    await exchange.services.edge.passwords.set(user_id, f"{name}.user", PASSWORD)
    client = Client(f"http://127.0.0.1:{exchange.port}")
    await client.login(f"{name}.user", PASSWORD)
    return client


def order(exchange: Exchange, name: str, side: str, lots: int, price: int, key: str, **more: Any) -> dict[str, Any]:
    """The fields of an order."""
    message = exchange.order(name, side, lots, price, key, **more)
    del message["type"]
    return message


async def true(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is another side's state
            await asyncio.sleep(0.005)


async def drained(channel: Followed, n: int) -> list[dict[str, Any]]:
    """What a channel has told, when it has come to a number."""
    await true(lambda: channel.n is not None and channel.n >= n)
    return [channel.messages.get_nowait() for _ in range(channel.messages.qsize())]


async def test_a_first_trade(exchange: Exchange) -> None:
    async with (
        await log_in(exchange, "wu") as wu,
        await log_in(exchange, "li") as li,
        wu.stream() as seller,
        li.stream() as buyer,
    ):
        book = await buyer.book(exchange.instrument())
        mine = await buyer.account(exchange.account("li"))
        resting = await seller.place(**order(exchange, "wu", "sell", 10, 100, "c1"))
        await true(lambda: book.best_offer == 100)
        taken = await buyer.place(**order(exchange, "li", "buy", 4, 100, "c2"))
        assert taken["status"] == "filled"
        told = [await mine.messages.get(), await mine.messages.get()]
        assert [message["type"] for message in told] == ["order.accepted", "trade.made"]
        await seller.replace(
            account_id=exchange.account("wu"),
            order_id=resting["order_id"],
            client_order_id="c3",
            price_ticks=100,
            quantity_lots=6,
        )
        gone = await seller.cancel(exchange.account("wu"), resting["order_id"])
        assert gone["status"] == "cancelled"
        with pytest.raises(Refused, match=r"order\.unknown"):
            await seller.cancel(exchange.account("wu"), resting["order_id"])
        assert (await seller.cancel_all(exchange.account("wu")))["orders"] == 0


async def test_a_wrong_password_is_a_problem(exchange: Exchange) -> None:
    client = await log_in(exchange, "wu")
    with pytest.raises(Problem, match=r"auth\.invalid_credentials"):
        await client.login("wu.user", "another pass phrase")
    await client.logout()
    with pytest.raises(Problem):
        await client.ticket()
    await client.http.close()


async def test_a_token_is_refreshed_before_it_ends(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client:
        before = client._access_token
        client._refresh_at = 0.0
        tickets = await asyncio.gather(*(client.ticket() for _ in range(5)))
        assert len(set(tickets)) == 5 and client._access_token != before


async def test_a_lost_connection_is_made_again_and_nothing_is_missing(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client, client.stream() as stream:
        mine = await stream.account(exchange.account("wu"), from_n=1)
        book = await stream.book(exchange.instrument())
        futures: list[asyncio.Future[dict[str, Any]]] = []
        for number in range(120):
            message = order(exchange, "wu", "sell", 1, 100 + number % 40, f"c{number}")
            futures.append(stream.send("order.place", **message))
            if number % 30 == 29:
                await asyncio.wait(futures[-20:], return_when=asyncio.FIRST_COMPLETED)
                next(iter(exchange.hub.sessions)).link.transport.abort()  # type: ignore[attr-defined]
        answers = await asyncio.gather(*futures)
        assert stream.connections > 1
        assert {answer["status"] for answer in answers} == {"open"}
        assert len({answer["order_id"] for answer in answers}) == 120
        newest = exchange.hub.accounts.numbers[exchange.world.accounts["wu"]]
        told = await drained(mine, newest)
        assert [message["n"] for message in told] == list(range(1, newest + 1))
        await drained(book, exchange.hub.market.number("book", exchange.world.instruments["INS"]))
        assert book.offers == {100 + number: 3 for number in range(40)}


async def test_a_missing_message_is_noticed_and_made_good(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client, client.stream() as stream:
        mine = await stream.account(exchange.account("wu"), from_n=1)
        book = await stream.book(exchange.instrument())
        for number in range(5):
            await stream.place(**order(exchange, "wu", "sell", 1, 100 + number, f"a{number}"))
        newest = exchange.hub.accounts.numbers[exchange.world.accounts["wu"]]
        await drained(mine, newest)
        await drained(book, 5)
        # As if messages had been lost on the way, and a size had been misread.
        mine.n = newest - 3
        book.offers[100] = 7
        await stream.place(**order(exchange, "wu", "sell", 1, 105, "b"))
        told = await drained(mine, newest + 1)
        assert [message["n"] for message in told] == list(range(newest - 2, newest + 2))
        await true(lambda: book.offers == {100 + number: 1 for number in range(6)})


async def test_the_server_starts_again_and_clients_go_on(world: World, tmp_path: Path) -> None:
    futures: list[asyncio.Future[dict[str, Any]]] = []
    async with contextlib.AsyncExitStack() as stack:
        async with serving(world, tmp_path / "data") as exchange:
            port = exchange.port
            client = await stack.enter_async_context(await log_in(exchange, "wu"))
            stream = await stack.enter_async_context(client.stream())
            mine = await stream.account(exchange.account("wu"), from_n=1)
            trades = await stream.trades(exchange.instrument())
            book = await stream.book(exchange.instrument())
            for number in range(60):
                message = order(exchange, "wu", "sell", 1, 100 + number, f"c{number}")
                futures.append(stream.send("order.place", **message))
            await futures[20]
        assert not stream.connected.is_set()
        message = order(exchange, "wu", "sell", 1, 200, "away")
        futures.append(stream.send("order.place", **message))
        async with serving(world, tmp_path / "data", port=port) as exchange:
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*futures)
            assert len({answer["order_id"] for answer in answers}) == 61
            newest = exchange.hub.accounts.numbers[exchange.world.accounts["wu"]]
            told = await drained(mine, newest)
            assert [message["n"] for message in told] == list(range(1, newest + 1))
            accepted = Counter(message["client_order_id"] for message in told if message["type"] == "order.accepted")
            assert len(accepted) == 61 and set(accepted.values()) == {1}
            await drained(book, exchange.hub.market.number("book", exchange.world.instruments["INS"]))
            assert checksum(book.bids, book.offers) == exchange.hub.market.depth.checksum(
                exchange.world.instruments["INS"]
            )
            await true(lambda: trades.is_live)


@pytest.mark.parametrize("durable", [False, True])
async def test_a_commit_that_fails_leaves_the_outcome_to_the_key(exchange: Exchange, durable: bool) -> None:
    raw = await exchange.connect("wu")
    await raw.ask(id=0, type="subscribe", channel=f"account:{exchange.account('wu')}")
    async with await log_in(exchange, "li") as client, client.stream() as stream:
        sequencer = exchange.services.keeper.sequencer
        assert sequencer is not None
        commit = sequencer.store.commit

        def fails(batch: Batch) -> None:
            if durable:
                commit(batch)
            raise OSError("the disk is gone")

        sequencer.store.commit = fails  # type: ignore[method-assign]
        unknown = await raw.ask(id=1, **exchange.order("wu", "sell", 1, 100, "c1"))
        assert unknown["code"] == "node.restarting"
        waited = await stream.place(**order(exchange, "li", "buy", 1, 50, "c2"))
        assert waited["status"] == "open", "a node comes up again by itself"
        again = await raw.ask(id=2, **exchange.order("wu", "sell", 1, 100, "c1"))
        assert again["status"] == "open" and again.get("repeated", False) == durable
        told = [message for message in raw.seen if message["type"] == "order.accepted"]
        if not told:
            told = [await raw.until(lambda message: message["type"] == "order.accepted")]
        assert [message["order_id"] for message in told] == [again["order_id"]], "told once, in either case"
        offers = exchange.hub.snapshot(exchange.world.instruments["INS"], 5)[1].offers
        assert [(level.price_ticks, level.lots) for level in offers] == [(100, 1)]


async def test_a_copy_that_no_longer_knows_the_top_is_begun_anew(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client, client.stream() as stream:
        for number in range(70):
            await stream.place(**order(exchange, "wu", "sell", 1, 100 + number, f"c{number}"))
        book = await stream.book(exchange.instrument())
        await true(lambda: len(book.offers) == 50)
        buyer = await exchange.connect("li")
        await buyer.ask(id=1, **exchange.order("li", "buy", 45, 200, "sweep"))
        await true(lambda: book.offers == {145 + number: 1 for number in range(25)})


async def test_a_handler_that_fails_stops_nobody_else_for_long(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(state: Any, header: Any, command: Any) -> Any:
        del header, command
        state.change()
        raise RuntimeError("planted")

    routes: dict[Any, Any] = road.ROUTES
    monkeypatch.setitem(routes, CancelAllOrders, road.Route(fails, road.TRADERS))
    client, other = await exchange.connect("wu"), await exchange.connect("li")
    await client.send(id=1, type="orders.cancel_all", account_id=exchange.account("wu"))
    for number in range(20):
        await other.send(id=number, **exchange.order("li", "buy", 1, 50 + number, f"c{number}"))
    for number in range(20):
        assert (await other.next(20))["id"] == number
    answer = await client.next(20)
    assert answer["code"] == "internal.quarantined"


async def test_a_stream_that_is_put_out_for_good_says_so(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client:
        with pytest.raises((StreamEnded, Problem)):
            async with client.stream() as stream:
                command = SuspendUser(user_id=exchange.world.users["wu"], suspended=True)
                await exchange.services.bus.submit(command, exchange.world.users["ops"])
                async with asyncio.timeout(5):
                    while True:
                        await stream.place(**order(exchange, "wu", "sell", 1, 100, "c1"))


async def test_a_post_is_tried_again_under_its_key(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client:
        body = order(exchange, "wu", "sell", 1, 100, "c1")
        exchange.services.bus.max_waiting = 0
        posting = asyncio.create_task(client.post("/v1/orders", body, key="k1"))
        await asyncio.sleep(0.1)
        exchange.services.bus.max_waiting = 20_000
        first = await posting
        second = await client.post("/v1/orders", body, key="k1")
        assert first["sequence"] == second["sequence"] and second["repeated"]


async def test_the_stream_and_http_know_an_order_by_the_same_key(exchange: Exchange) -> None:
    async with await log_in(exchange, "wu") as client, client.stream() as stream:
        body = order(exchange, "wu", "sell", 1, 100, "c1")
        posted = await client.post("/v1/orders", body)
        streamed = await stream.place(**body)
        assert streamed["repeated"] and streamed["sequence"] == posted["sequence"]
