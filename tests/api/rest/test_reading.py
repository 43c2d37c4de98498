"""Snapshots, pages, cursors and waits: what a reader may rely on."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from exchange.store.queries import market
from exchange.store.queries.reader import ReadFault, Snapshot
from tests.api.rest.exchange import CASH, Exchange


async def pages(client: Any, path: str, **params: Any) -> list[list[Any]]:
    """Every page of a list."""
    found: list[list[Any]] = []
    cursor = None
    while True:
        answer = await client.get(path, params={**params, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_pages_hold_everything_once_in_order(exchange: Exchange) -> None:
    for number in range(7):
        await exchange.place("wu", "sell", 1, 100 + number, f"o{number}")
    wu = await exchange.by("wu")

    for params in ({"status": "open"}, {}):
        found = await pages(wu, "/v1/orders", limit=3, **params)
        assert [len(page) for page in found] == [3, 3, 1]
        assert [order["client_order_id"] for page in found for order in page] == [f"o{6 - n}" for n in range(7)]
    accounts = await pages(await exchange.by("ops"), "/v1/accounts", limit=2)
    names = [account["account_id"] for page in accounts for account in page]
    assert len(names) == len(set(names)) > 4
    rules = await pages(await exchange.by("ops"), "/v1/rules", limit=1)
    assert len(rules) == len({(rule["kind"], rule["name"], rule["version"]) for page in rules for rule in page}) > 2


async def test_a_page_that_looks_at_a_bounded_stretch_goes_on_where_it_ended(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "WINDOW", 2)
    for number in range(5):
        await exchange.place("wu", "sell", 1, 100, f"o{number}")
        await exchange.place("li", "buy", 1, 100, f"o{number}")
    found = await pages(await exchange.by("li"), "/v1/orders", limit=10)
    assert [order["client_order_id"] for page in found for order in page] == [f"o{4 - n}" for n in range(5)]
    assert len(found) == 6  # ten orders in stretches of two, and the end
    tape = await pages(exchange.client, f"/v1/instruments/{exchange['instrument']}/trades", limit=10)
    assert [trade["trade_n"] for page in tape for trade in page] == [5, 4, 3, 2, 1]
    own = await pages(await exchange.by("wu"), "/v1/trades", limit=10)
    assert [trade["trade_n"] for page in own for trade in page] == [5, 4, 3, 2, 1]


async def test_a_cursor_is_good_for_its_own_question_and_reader_alone(exchange: Exchange) -> None:
    for name in ("wu", "li"):
        for number in range(3):
            await exchange.place(name, "sell", 1, 100 + number, f"o{number}")
    wu, li = await exchange.by("wu"), await exchange.by("li")
    cursor = (await wu.get("/v1/orders", params={"limit": 1})).json()["next_cursor"]
    last = "B" if cursor[-1] != "B" else "C"

    assert (await wu.get("/v1/orders", params={"limit": 2, "cursor": cursor})).status_code == 200
    for client, params in (
        (li, {"cursor": cursor}),
        (wu, {"cursor": cursor, "status": "open"}),
        (wu, {"cursor": cursor[:-2] + last + cursor[-1]}),
    ):
        assert (await client.get("/v1/orders", params=params)).json()["code"] == "request.cursor"
    assert (await wu.get("/v1/trades", params={"cursor": cursor})).json()["code"] == "request.cursor"


async def test_a_sequence_asked_for_is_waited_for_and_given_up_in_time(exchange: Exchange) -> None:
    exchange.services.settings.min_sequence_seconds = 0.2
    wu = await exchange.by("wu")
    waiting = asyncio.create_task(wu.get("/v1/orders", params={"min_sequence": exchange.sequence + 1}))
    await asyncio.sleep(0.01)
    answer = await exchange.place("wu", "sell", 1, 100, "awaited")

    assert (await waiting).json()["items"][0]["client_order_id"] == "awaited"
    late = await wu.get("/v1/orders", params={"min_sequence": answer["sequence"] + 1})
    assert (late.status_code, late.json()["code"]) == (503, "read.behind")


async def test_a_statement_walks_every_movement_back_to_the_first(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 100, 100, "rests")
    for number in range(3):
        await exchange.place("li", "buy", 1, 100, f"b{number}")
    li = await exchange.by("li")
    path = f"/v1/accounts/{exchange['account.li']}/statement"
    lines = [line for page in await pages(li, path, asset_id=exchange["money"], limit=2) for line in page]
    balance = (await li.get(f"/v1/accounts/{exchange['account.li']}/balances")).json()["items"][0]

    assert lines[0]["balance_after"] == balance["units"]
    assert lines[-1]["units"] == lines[-1]["balance_after"] == CASH
    assert lines[-1]["previous_sequence"] == 0
    assert sum(line["units"] for line in lines) == balance["units"]
    for newer, older in pairwise(lines):
        assert newer["balance_after"] - newer["units"] == older["balance_after"]


async def test_holdings_are_rights_and_balances_are_everything(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "rests")
    wu = await exchange.by("wu")
    path = f"/v1/accounts/{exchange['account.wu']}"
    balances = (await wu.get(f"{path}/balances")).json()["items"]
    holdings = (await wu.get(f"{path}/holdings")).json()["items"]

    assert {line["kind"] for line in balances} == {"money", "share"}
    assert [line["asset_id"] for line in holdings] == [exchange["asset"]]
    assert holdings[0]["units"] - holdings[0]["available_units"] == holdings[0]["held_units"] == 10


async def test_every_asset_sums_to_zero_over_all_accounts(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "rests")
    made = await exchange.place("li", "buy", 5, 100, "buys")
    ops = await exchange.by("ops")
    totals = (await ops.get("/v1/ledger")).json()["items"]
    postings = (await ops.get(f"/v1/ledger/{made['sequence']}")).json()["items"]

    assert {total["net_units"] for total in totals} == {0}
    assert sum(posting["units"] for posting in postings if posting["asset_id"] == exchange["money"]) == 0
    assert len(postings) >= 4


async def test_a_snapshot_stands_still_while_the_node_writes(exchange: Exchange) -> None:
    with exchange.services.reads.snapshot() as snapshot:
        before = market.orders(snapshot, 10, None, None, None, None)
        await exchange.place("wu", "sell", 1, 100, "later")
        assert market.orders(snapshot, 10, None, None, None, None) == before
    with exchange.services.reads.snapshot() as snapshot:
        assert snapshot.sequence == exchange.sequence


async def test_a_reader_cannot_write(exchange: Exchange) -> None:
    def write(snapshot: Snapshot) -> None:
        snapshot.rows(text("DELETE FROM orders"))

    with pytest.raises(ReadFault) as refused:
        exchange.services.reads.run(write)
    assert refused.value.code == "read.unavailable"


async def test_a_question_that_takes_too_long_is_ended(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    reads = exchange.services.reads
    monkeypatch.setattr(reads, "_seconds", 0.1)

    with pytest.raises(ReadFault) as refused:
        await asyncio.wrap_future(reads.submit(lambda snapshot: snapshot.rows(endless)))
    assert refused.value.code == "read.too_long"
    assert (await (await exchange.by("wu")).get("/v1/orders")).status_code == 200


async def test_more_questions_than_may_wait_are_refused_and_trading_goes_on(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange.services.reads, "_limit", 0)
    wu = await exchange.by("wu")

    refused = await wu.get("/v1/orders")
    assert (refused.status_code, refused.json()["code"]) == (503, "edge.busy")
    await exchange.place("wu", "sell", 1, 100, "goes-on")
