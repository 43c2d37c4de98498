"""Placing, reading and ending orders over HTTP, and what each side of a trade is told."""

from __future__ import annotations

import json
from typing import Any

from tests.api.rest.exchange import Exchange


def of_type(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """The first event of a kind."""
    found: dict[str, Any] = next(event for event in answer["events"] if event["type"] == name)
    return found


async def test_an_order_is_answered_when_it_is_durable_and_can_be_read_at_its_sequence(exchange: Exchange) -> None:
    answer = await exchange.place("wu", "sell", 10, 100, "first")
    order_id = of_type(answer, "order.accepted")["order_id"]
    wu = await exchange.by("wu")

    read = await wu.get(f"/v1/orders/{order_id}", params={"min_sequence": answer["sequence"]})

    assert read.status_code == 200
    assert read.json()["as_of_sequence"] >= answer["sequence"]
    assert read.json()["item"] | {"order_id": order_id, "status": "open", "remaining_lots": 10} == read.json()["item"]
    assert order_id.startswith("O1-")


async def test_each_side_of_a_trade_sees_its_own_part_and_nothing_of_the_other(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "sell")
    answer = await exchange.place("li", "buy", 4, 100, "buy")
    trade = of_type(answer, "trade.made")

    assert trade["seller"] is None
    assert trade["buyer"]["account_id"] == exchange["account.li"]
    assert {posting["account_id"] for posting in trade["postings"]} == {exchange["account.li"]}
    assert exchange["account.wu"] not in json.dumps(answer)

    li, operator = await exchange.by("li"), await exchange.by("ops")
    own = (await li.get("/v1/trades")).json()["items"]
    assert [(trade["quantity_lots"], len(trade["fills"])) for trade in own] == [(4, 1)]
    assert own[0]["fills"][0]["side"] == "buy"
    assert len((await operator.get("/v1/trades")).json()["items"][0]["fills"]) == 2


async def test_the_tape_and_the_book_are_everybodys_and_name_nobody(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "sell")
    await exchange.place("li", "buy", 4, 100, "buy")

    tape = (await exchange.client.get(f"/v1/instruments/{exchange['instrument']}/trades")).json()
    book = (await exchange.client.get(f"/v1/instruments/{exchange['instrument']}/book?min_sequence=1")).json()
    shown = (await exchange.client.get(f"/v1/instruments/{exchange['instrument']}/book")).json()

    assert [(trade["price_ticks"], trade["quantity_lots"]) for trade in tape["items"]] == [(100, 4)]
    assert (book["bids"], book["offers"]) == ([], [[100, 6]])
    assert {**book, "as_of_sequence": 0} == {**shown, "as_of_sequence": 0}
    assert "account" not in json.dumps([tape, book])


async def test_the_same_client_order_id_is_answered_again_and_another_body_is_refused(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    first = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 10, 100, "same"))
    again = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 10, 100, "same"))
    other = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 11, 100, "same"))

    assert first.status_code == again.status_code == 201
    assert {**first.json(), "repeated": True} == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert len((await wu.get("/v1/orders")).json()["items"]) == 1


async def test_an_idempotency_key_belongs_to_its_sender(exchange: Exchange) -> None:
    wu, li = await exchange.by("wu"), await exchange.by("li")
    key = {"Idempotency-Key": '"one-key"'}
    first = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 1, 100, "a"), headers=key)
    same = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 1, 100, "a"), headers=key)
    another = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 2, 100, "b"), headers=key)
    others = await li.post("/v1/orders", json=exchange.order("li", "sell", 1, 100, "a"), headers=key)

    assert [answer.status_code for answer in (first, same, another, others)] == [201, 201, 422, 201]
    assert same.json()["repeated"] and not others.json()["repeated"]


async def test_orders_are_replaced_cancelled_and_all_withdrawn(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    placed = [of_type(await exchange.place("wu", "sell", 10, 100 + n, f"o{n}"), "order.accepted") for n in range(4)]
    target = {"account_id": exchange["account.wu"], "order_id": placed[0]["order_id"]}

    terms = {"client_order_id": "r", "price_ticks": 99, "quantity_lots": 12}
    replaced = await wu.post("/v1/orders/replace", json={**target, **terms})
    cancelled = await wu.post("/v1/orders/cancel", json=target)
    again = await wu.post("/v1/orders/cancel", json=target)
    rest = await wu.post("/v1/orders/cancel-all", json={"account_id": exchange["account.wu"]})

    assert of_type(replaced.json(), "order.replaced")["remaining_lots"] == 12
    assert of_type(cancelled.json(), "order.cancelled")["cancelled_lots"] == 12
    assert (again.status_code, again.json()["code"]) == (404, "order.unknown")
    assert rest.status_code == 200
    least = rest.json()["sequence"] + 1
    open_orders = await wu.get("/v1/orders", params={"status": "open", "min_sequence": least})
    assert open_orders.json()["items"] == []
    assert len((await wu.get("/v1/orders", params={"status": "cancelled"})).json()["items"]) == 4


async def test_a_refusal_of_the_engine_is_a_problem_with_its_place_in_the_journal(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    answer = await wu.post("/v1/orders", json=exchange.order("wu", "buy", 1_000_000, 1_000_000, "much"))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] in {"hold.insufficient_available", "order.too_large", "rule.value_cap"}
    assert problem["type"].endswith(problem["code"])
    assert problem["sequence"] == exchange.sequence


async def test_a_command_for_four_eyes_is_kept_and_applied_by_a_second_operator(exchange: Exchange) -> None:
    ops, second = await exchange.by("ops"), await exchange.by("ops2")
    body = {
        "asset_id": exchange["money"],
        "from_account_id": exchange["account.wu"],
        "to_account_id": exchange["account.li"],
        "units": 5,
        "reason": "a correction",
    }
    asked = await ops.post("/v1/transfers", json=body)
    approval = of_type(asked.json(), "approval.requested")["approval"]["approval_id"]
    shown = (await second.get(f"/v1/approvals/{approval}")).json()["item"]
    alone = await ops.post("/v1/approvals/grant", json={"approval_id": approval})
    granted = await second.post("/v1/approvals/grant", json={"approval_id": approval})

    assert asked.status_code == 202
    assert shown["command"] == {"type": "ledger.transfer", **body}
    assert (alone.status_code, alone.json()["code"]) == (403, "approval.same_person")
    assert granted.status_code == 200
    assert of_type(granted.json(), "ledger.transferred")
