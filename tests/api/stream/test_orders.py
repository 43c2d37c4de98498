"""Order entry: durable answers, safe retries, and refusals that change nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.stream.requests import TWINS, to_command
from api.stream.session import MAX_BAD_MESSAGES, MAX_OUTSTANDING
from exchange.core.ids import make_id, to_wire
from tests.api.stream.server import CASH, Client, Exchange


async def test_an_order_is_acknowledged_when_it_is_durable(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    answer = await client.ask(id=7, **exchange.order("wu", "sell", 10, 100, "c1"))
    assert answer["type"] == "ack"
    assert answer["status"] == "open" and answer["remaining_lots"] == 10
    with exchange.services.reads.snapshot() as snapshot:
        assert snapshot.sequence >= answer["sequence"]


async def test_the_acknowledgement_says_what_became_of_the_order(exchange: Exchange) -> None:
    wu, li = await exchange.connect("wu"), await exchange.connect("li")
    resting = await wu.ask(id="a", **exchange.order("wu", "sell", 10, 100, "a"))
    part = await li.ask(id="b", **exchange.order("li", "buy", 4, 100, "b"))
    assert (part["status"], part["remaining_lots"]) == ("filled", 0)
    rest = await li.ask(id="c", **exchange.order("li", "buy", 9, 100, "c", time_in_force="ioc"))
    assert (rest["status"], rest["remaining_lots"]) == ("cancelled", 0)
    gone = await wu.ask(id="d", type="order.cancel", account_id=exchange.account("wu"), order_id=resting["order_id"])
    assert gone["code"] == "order.unknown"
    open_order = await li.ask(id="e", **exchange.order("li", "buy", 9, 90, "e"))
    replaced = await li.ask(
        id="f",
        type="order.replace",
        account_id=exchange.account("li"),
        order_id=open_order["order_id"],
        client_order_id="e2",
        price_ticks=90,
        quantity_lots=5,
    )
    assert (replaced["order_id"], replaced["status"], replaced["remaining_lots"]) == (
        open_order["order_id"],
        "open",
        5,
    )
    cancelled = await li.ask(
        id="g", type="order.cancel", account_id=exchange.account("li"), order_id=open_order["order_id"]
    )
    assert (cancelled["status"], cancelled["remaining_lots"]) == ("cancelled", 0)


async def test_cancel_all_says_how_many_orders_it_will_end(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    for number in range(3):
        await client.ask(id=number, **exchange.order("wu", "sell", 1, 100 + number, f"c{number}"))
    answer = await client.ask(id=9, type="orders.cancel_all", account_id=exchange.account("wu"))
    assert answer["orders"] == 3
    again = await client.ask(id=10, type="orders.cancel_all", account_id=exchange.account("wu"), side="buy")
    assert again["orders"] == 0


async def test_an_order_sent_twice_is_one_order(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    first = await client.ask(id=1, **exchange.order("wu", "sell", 10, 100, "c1"))
    second = await client.ask(id=2, **exchange.order("wu", "sell", 10, 100, "c1"))
    assert second == {**first, "id": 2, "repeated": True}
    other = await client.ask(id=3, **exchange.order("wu", "sell", 11, 100, "c1"))
    assert other["code"] == "idempotency.key_reused"
    other_user = await exchange.connect("wu2")
    third = await other_user.ask(id=4, **exchange.order("wu", "sell", 10, 100, "c1"))
    assert third["order_id"] != first["order_id"], "a key belongs to who sends it"


async def test_twice_in_one_batch_is_one_order_too(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    message = exchange.order("wu", "sell", 10, 100, "c1")
    await client.send(id=1, **message)
    await client.send(id=2, **message)
    answers = {answer["id"]: answer for answer in [await client.next(), await client.next()]}
    assert answers[1]["order_id"] == answers[2]["order_id"]
    assert sorted(answer.get("repeated", False) for answer in answers.values()) == [False, True]


BAD_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"quantity_lots": -1}, "message.invalid"),
    ({"quantity_lots": 0}, "message.invalid"),
    ({"quantity_lots": 1.5}, "message.invalid"),
    ({"quantity_lots": 1.0}, "message.invalid"),
    ({"quantity_lots": "1"}, "message.invalid"),
    ({"quantity_lots": 2**53}, "message.invalid"),
    ({"price_ticks": 2**64}, "message.invalid"),
    ({"side": "hold"}, "message.invalid"),
    ({"surprise": 1}, "message.invalid"),
    ({"type": "order.plaice"}, "message.invalid"),
    ({"type": "node.start"}, "message.invalid"),
    ({"account_id": 1024}, "message.invalid"),
    ({"account_id": "A1-"}, "message.invalid"),
    ({"account_id": "A1-007"}, "message.invalid"),
    ({"account_id": "M1-7"}, "message.invalid"),
    ({"client_order_id": "has space"}, "message.invalid"),
    ({"client_order_id": ""}, "message.invalid"),
    ({"instrument_id": to_wire("I", make_id(9_999_999))}, "order.unknown_instrument"),
    ({"account_id": to_wire("A", make_id(9_999_999))}, "account.unknown"),
    ({"quantity_lots": 2**53 - 1}, "order.too_large"),
    ({"price_ticks": 1_000_001}, "order.price_band"),
    ({"price_ticks": None}, "order.price_missing"),
    ({"side": "buy", "price_ticks": CASH // 1_000, "quantity_lots": 1_001}, "hold.insufficient_available"),
]


async def test_a_bad_order_is_refused_with_its_code_and_changes_nothing(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    for number, (change, code) in enumerate(BAD_ORDERS):
        answer = await client.ask(id=number, **{**exchange.order("wu", "sell", 10, 100, f"c{number}"), **change})
        assert (answer["type"], answer["code"]) == ("refused", code), change
        # What the engine refused has a place in the journal; what the edge refused was never a command.
        assert ("sequence" in answer) == (not code.startswith("message.")), change
    after = await client.ask(id=99, **exchange.order("wu", "sell", 10, 100, "good"))
    assert after["status"] == "open"
    assert exchange.hub.snapshot(exchange.world.instruments["INS"], 5)[1].book_n == 1


async def test_another_members_account_is_refused(exchange: Exchange) -> None:
    client = await exchange.connect("li")
    answer = await client.ask(id=1, **exchange.order("wu", "sell", 10, 100, "c1"))
    assert answer["code"] == "account.not_yours"
    watcher = await exchange.connect("watcher")
    answer = await watcher.ask(id=1, **exchange.order("wu", "sell", 10, 100, "c1"))
    assert answer["code"] == "account.not_yours", "to see is not to trade"


async def test_what_is_no_message_is_refused_and_the_connection_goes_on(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    for raw in ("", "{", "[]", "17", "null", '{"type":17}', '{"id":1}', '{"type":"ping"} {}', "[" * 5_000):
        await client.socket.send(raw)
        answer = await client.next()
        assert answer["type"] == "refused" and answer["code"].startswith("message."), raw
    assert (await client.ask(id=1, type="ping"))["type"] == "pong"


async def test_text_that_is_not_utf8_ends_the_connection(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    await client.socket.send(b'{"type":"ping","id":"\xff\xfe"}', text=True)
    code, _ = await client.closed()
    assert code == 1007


async def test_a_client_that_sends_only_rubbish_is_closed(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    for _ in range(MAX_BAD_MESSAGES):
        await client.socket.send("rubbish")
    assert await client.closed() == (4400, "stream.bad_messages")


async def test_a_second_login_is_refused(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    answer = await client.ask(id=1, type="login", ticket="again")
    assert answer["code"] == "message.invalid"


async def test_only_so_many_orders_may_wait_for_their_answer(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    waiting: list[Any] = []
    exchange.services.bus.post = lambda submission, slow: waiting.append(submission)  # type: ignore[method-assign, misc]
    for number in range(MAX_OUTSTANDING + 1):
        await client.send(id=number, **exchange.order("wu", "sell", 1, 100, f"c{number}"))
    answer = await client.next()
    assert (answer["id"], answer["code"]) == (MAX_OUTSTANDING, "orders.outstanding")
    assert len(waiting) == MAX_OUTSTANDING


async def test_what_ends_with_the_connection_is_withdrawn_when_it_is_lost(exchange: Exchange) -> None:
    leaver, watcher = await exchange.connect("wu"), await exchange.connect("watcher")
    await watcher.ask(id=1, type="subscribe", channel=f"account:{exchange.account('wu')}")
    ends = await leaver.ask(id=1, **exchange.order("wu", "sell", 1, 100, "ends", cancel_on_disconnect=True))
    await leaver.ask(id=2, **exchange.order("wu", "sell", 1, 101, "stays"))
    await leaver.socket.close()
    told = await watcher.until(lambda message: message["type"] == "order.cancelled")
    assert (told["order_id"], told["reason"]) == (ends["order_id"], "disconnected")
    still = await watcher.ask(id=2, type="ping")
    assert still["type"] == "pong"
    assert exchange.hub.snapshot(exchange.world.instruments["INS"], 5)[1].offers[0].price_ticks == 101


async def test_a_connection_without_such_orders_tells_the_journal_nothing(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    await client.ask(id=1, **exchange.order("wu", "sell", 1, 100, "stays"))
    before = exchange.hub.market.moment.sequence
    await client.socket.close()
    other = await exchange.connect("li")
    after = await other.ask(id=1, **exchange.order("li", "buy", 1, 50, "next"))
    assert after["sequence"] == before + 1


@pytest.mark.parametrize("twin", TWINS)
def test_each_order_message_has_the_fields_of_its_command(twin: type[msgspec.Struct]) -> None:
    command = TWINS[twin]  # type: ignore[index]
    mine = {field.name: field for field in msgspec.structs.fields(twin) if field.name != "id"}
    theirs = {field.name: field for field in msgspec.structs.fields(command)}
    assert list(mine) == list(theirs)
    for name, field in theirs.items():
        assert (mine[name].required, mine[name].default) == (field.required, field.default), name
        identifier = "Id" in str(getattr(field.type, "__name__", "")) or "InstrumentId" in str(field.type)
        identifier = identifier or any(name in str(field.type) for name in ("LotId", "OrderId"))
        assert identifier or mine[name].type == field.type, name


def test_every_field_of_an_order_message_reaches_its_command() -> None:
    values: dict[str, Any] = {
        "client_order_id": "c",
        "account_id": "A1-3",
        "instrument_id": "I1-4",
        "order_id": "O1-5",
        "side": "sell",
        "quantity_lots": 7,
        "price_ticks": 8,
        "order_type": "market",
        "time_in_force": "fok",
        "max_notional_minor": 9,
        "self_trade_prevention": "cancel_newest",
        "cancel_on_disconnect": True,
        "bidder_id": "BR1-6",
        "bid_id": "BD1-7",
        "lot_ids": ["LT1-8-1", "LT1-8-2"],
        "price_minor": 10,
        "client_bid_id": "d",
        "commitment_sha256": "ab" * 32,
        "nonce": "0123456789abcdef",
        "stop_ticks": 11,
        "trail_ticks": 12,
        "offset_ticks": 13,
        "display_lots": 14,
        "minimum_lots": 15,
        "hidden": True,
        "post_only": True,
        "all_or_none": True,
        "oco_order_id": "O1-16",
        "expires_at_ns": 17,
    }
    wanted = {**values, "account_id": make_id(3), "instrument_id": make_id(4), "order_id": make_id(5)}
    wanted |= {"oco_order_id": make_id(16)}
    wanted |= {"bidder_id": make_id(6), "bid_id": make_id(7), "lot_ids": (make_id(8, 1), make_id(8, 2))}
    for twin in TWINS:
        body = {name: values[name] for name in twin.__struct_fields__ if name != "id"}
        command = to_command(msgspec.convert({"type": twin.__struct_config__.tag, **body}, twin))  # type: ignore[arg-type]
        for name in command.__struct_fields__:
            assert getattr(command, name) == wanted[name], name


async def test_answers_to_a_client_that_left_are_dropped(exchange: Exchange) -> None:
    client: Client = await exchange.connect("wu")
    for number in range(50):
        await client.send(id=number, **exchange.order("wu", "sell", 1, 100, f"c{number}"))
    client.socket.transport.abort()
    other = await exchange.connect("li")
    answer = await other.ask(id=1, **exchange.order("li", "buy", 1, 50, "next"))
    assert answer["type"] == "ack"
