"""Who gets in, who is put out, and how a bad client ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed

from api.auth.clock import SECOND_NS
from api.stream.session import MAX_WAITING_LOGIN
from api.stream.uvicorn_link import MAX_MESSAGE
from exchange.core.ids import NODE
from exchange.core.membership import SuspendUser
from tests.api.stream.server import QUICK, Exchange


async def test_a_ticket_lets_its_user_in_once(exchange: Exchange) -> None:
    ticket = await exchange.ticket("wu")
    client = await exchange.connect()
    await client.send(type="login", id="in", ticket=ticket)
    answer = await client.next()
    assert answer["type"] == "logged_in" and answer["id"] == "in"
    again = await exchange.connect()
    await again.send(type="login", ticket=ticket)
    assert await again.closed() == (4401, "auth.ticket_invalid")


async def test_two_connections_have_two_numbers(exchange: Exchange) -> None:
    first, second = await exchange.connect("wu"), await exchange.connect("wu")
    assert first.seen[0]["connection_id"] != second.seen[0]["connection_id"]


async def test_a_ticket_nobody_gave_is_refused(exchange: Exchange) -> None:
    for ticket in ("", "ipx-ticket-" + "A" * 43, "x" * 100):
        client = await exchange.connect()
        await client.send(type="login", ticket=ticket)
        assert await client.closed() == (4401, "auth.ticket_invalid")


async def test_an_old_ticket_is_refused(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = await exchange.ticket("wu")
    now_ns = exchange.services.edge.clock.now_ns()
    monkeypatch.setattr(type(exchange.services.edge.clock), "now_ns", lambda _: now_ns + 31 * SECOND_NS)
    client = await exchange.connect()
    await client.send(type="login", ticket=ticket)
    assert await client.closed() == (4401, "auth.ticket_invalid")


async def test_a_client_that_does_not_log_in_is_closed(exchange: Exchange) -> None:
    exchange.hub.settings = replace(exchange.hub.settings, login_s=0.1)
    client = await exchange.connect()
    assert await client.closed() == (4408, "stream.login_timeout")


async def test_nothing_goes_before_the_login(exchange: Exchange) -> None:
    for first in ('{"type":"ping"}', "rubbish", '{"type":"login"}', '{"type":"order.place"}'):
        client = await exchange.connect()
        await client.socket.send(first)
        assert await client.closed() == (4401, "stream.not_logged_in"), first


async def test_ten_thousand_messages_without_login_end_at_the_first(exchange: Exchange) -> None:
    client = await exchange.connect()
    sent = 0
    with pytest.raises(ConnectionClosed):
        for _ in range(10_000):
            await client.socket.send('{"type":"ping"}')
            sent += 1
            await asyncio.sleep(0)
    assert sent < 9_000
    assert await client.closed() == (4401, "stream.not_logged_in")


async def test_a_flood_while_the_ticket_is_looked_up_is_closed(exchange: Exchange) -> None:
    client = await exchange.connect()
    ticket = await exchange.ticket("wu")
    redeem = exchange.services.edge.sessions.redeem_ticket

    async def slowly(ticket: str) -> object:
        await asyncio.sleep(0.3)
        return await redeem(ticket)

    exchange.services.edge.sessions.redeem_ticket = slowly  # type: ignore[method-assign, assignment]
    await client.send(type="login", ticket=ticket)
    for _ in range(MAX_WAITING_LOGIN + 1):
        await client.send(type="ping")
    assert await client.closed() == (4429, "stream.too_many_messages")


async def test_what_is_sent_ahead_of_the_login_answer_is_taken(exchange: Exchange) -> None:
    client = await exchange.connect()
    await client.send(type="login", ticket=await exchange.ticket("wu"))
    await client.send(id=1, **exchange.order("wu", "sell", 1, 100, "c1"))
    assert (await client.next())["type"] == "logged_in"
    assert (await client.next())["type"] == "ack"


async def test_a_binary_frame_ends_the_connection(exchange: Exchange) -> None:
    for user in ("", "wu"):
        client = await exchange.connect(user)
        await client.socket.send(b'{"type":"ping"}')
        assert await client.closed() == (4400, "stream.binary")


async def test_the_largest_message_is_taken_and_one_byte_more_is_not(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    message = '{"type":"ping","id":1}'
    await client.socket.send(message + " " * (MAX_MESSAGE - len(message)))
    assert (await client.next())["type"] == "pong"
    await client.socket.send(message + " " * (MAX_MESSAGE + 1 - len(message)))
    code, _ = await client.closed()
    assert code == 1009


async def test_a_message_in_fragments_is_one_message_and_bounded(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    await client.socket.send(['{"type":', '"ping",', '"id":1}'])
    assert (await client.next())["type"] == "pong"
    with pytest.raises(ConnectionClosed):
        await client.socket.send(" " * 1_000 for _ in range(100))
        await client.next()
    assert client.socket.close_code == 1009


async def test_only_welcome_pages_may_open_a_stream(exchange: Exchange) -> None:
    stranger = await exchange.connect(origin="https://evil.example")
    assert await stranger.closed() == (4403, "stream.origin")
    for origin in ("https://pages.example", f"http://127.0.0.1:{exchange.port}", None):
        client = await exchange.connect("wu", origin=origin)
        assert (await client.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_suspended_user_is_put_out_and_stays_out(exchange: Exchange) -> None:
    client, other = await exchange.connect("wu"), await exchange.connect("li")
    early = await exchange.ticket("wu")
    command = SuspendUser(user_id=exchange.world.users["wu"], suspended=True)
    await exchange.services.bus.submit(command, exchange.world.users["ops"])
    assert await client.closed() == (4403, "stream.user")
    back = await exchange.connect()
    await back.send(type="login", ticket=early)
    code, _ = await back.closed()
    assert code in (4401, 4403)
    assert (await other.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_logout_ends_the_streams_of_that_session_only(exchange: Exchange) -> None:
    first, second = await exchange.session("wu"), await exchange.session("wu")
    ends, stays = await exchange.connect(), await exchange.connect()
    await ends.send(type="login", ticket=await exchange.ticket("wu", first))
    await stays.send(type="login", ticket=await exchange.ticket("wu", second))
    assert {(await client.next())["type"] for client in (ends, stays)} == {"logged_in"}
    await exchange.services.edge.sessions.logout(first)
    assert await ends.closed() == (4401, "stream.session_ended")
    assert (await stays.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_user_has_only_so_many_connections(exchange: Exchange) -> None:
    exchange.hub.settings = replace(exchange.hub.settings, max_connections_a_user=2)
    first, _ = await exchange.connect("wu"), await exchange.connect("wu")
    third = await exchange.connect()
    await third.send(type="login", ticket=await exchange.ticket("wu"))
    assert await third.closed() == (4429, "stream.too_many_connections")
    await exchange.connect("li")
    await first.socket.close()
    await asyncio.sleep(0.05)
    await exchange.connect("wu")


async def test_connections_that_only_wait_are_bounded(exchange: Exchange) -> None:
    exchange.hub.settings = replace(exchange.hub.settings, max_waiting=3)
    trader = await exchange.connect("wu")
    for _ in range(3):
        await exchange.connect()
    assert await (await exchange.connect()).closed() == (1013, "stream.busy")
    assert (await trader.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_heartbeat_comes_when_nothing_else_does(exchange: Exchange) -> None:
    exchange.hub.settings = replace(QUICK, sweep_s=0.05, heartbeat_s=0.1)
    client = await exchange.connect("wu")
    before = exchange.services.clock.now_ns()
    beat = await client.until(lambda message: message["type"] == "heartbeat")
    assert abs(beat["at_ns"] - before) < 2 * SECOND_NS


async def test_a_client_that_is_silent_too_long_is_closed_and_a_ping_keeps_it(exchange: Exchange) -> None:
    exchange.hub.settings = replace(QUICK, sweep_s=0.05, silent_s=0.4)
    silent = await exchange.connect("wu", ping_interval=None)
    alive = await exchange.connect("wu", ping_interval=0.05)
    assert await silent.closed() == (4408, "stream.silent")
    assert (await alive.ask(id=1, type="ping"))["type"] == "pong"


async def test_a_login_store_that_is_busy_asks_to_come_again(exchange: Exchange) -> None:
    from api.auth.codes import EdgeCode, EdgeRefused

    async def busy(_: str) -> object:
        raise EdgeRefused(EdgeCode.AUTH_BUSY)

    exchange.services.edge.sessions.redeem_ticket = busy  # type: ignore[method-assign, assignment]
    client = await exchange.connect()
    await client.send(type="login", ticket="any")
    assert await client.closed() == (1013, "auth.busy")


async def test_the_nodes_own_name_never_logs_in(exchange: Exchange) -> None:
    assert not exchange.hub.rights.is_active(NODE)


async def test_closing_the_server_tells_the_clients(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    await exchange.hub.close()
    assert await client.closed() == (1012, "stream.restart")
