"""Public sales over REST: what everybody sees, what the seller sees, what is a bidder's alone; and the data room."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from exchange.core.ids import to_wire
from tests.api.rest.exchange import Exchange, World, opened
from tests.sales.served import Sandbox, open_sale, write_database
from tests.sales.stage import THOUSAND


@functools.cache
def prepared(folder: Path) -> tuple[World, Sandbox]:
    """An English auction of two lots, the first with a hidden reserve, open now."""
    hall = open_sale("english", {"A": 1_000}, A=800, B=400)
    path = folder / "sale.sqlite"
    write_database(hall.venue, path)
    ids = {f"bidder.{who}": to_wire("BR", bidder_id) for who, bidder_id in hall.entered.items()}
    ids |= {f"lot.{name}": to_wire("LT", lot_id) for name, lot_id in hall.lots.items()}
    ids["sale"] = to_wire("SL", hall.sale_id)
    return World(ids, dict(hall.venue.users), path), hall


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return prepared(tmp_path_factory.mktemp("sale"))[0]


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened(world, tmp_path / "data") as running:
        yield running


async def bid(exchange: Exchange, who: str, price: int, key: str, *lots: str) -> Any:
    body = {
        "bidder_id": exchange[f"bidder.{who}"],
        "lot_ids": [exchange[f"lot.{name}"] for name in lots or ("A",)],
        "price_minor": price * THOUSAND,
        "client_bid_id": key,
    }
    return await (await exchange.by(who)).post("/v1/bids", json=body)


async def test_everybody_sees_the_sale_and_its_lots_and_nobody_the_reserve(exchange: Exchange) -> None:
    sale = (await exchange.client.get(f"/v1/sales/{exchange['sale']}")).json()["item"]
    lots = (await exchange.client.get(f"/v1/lots?sale_id={exchange['sale']}")).json()["items"]

    assert (sale["state"], sale["method"], sale["registered"]) == ("bidding", "english", 2)
    assert [(lot["name"], lot["state"], lot["reserve_minor"]) for lot in lots] == [("A", "open", 0), ("B", "open", 0)]
    assert (await exchange.client.get("/v1/lot-reserves")).status_code == 401
    assert (await (await exchange.by("li")).get("/v1/lot-reserves")).json()["items"] == []
    [reserve] = (await (await exchange.by("lab")).get("/v1/lot-reserves")).json()["items"]
    assert reserve["reserve_minor"] == 1_000 * THOUSAND


async def test_a_bid_is_made_read_back_and_repeated_safely(exchange: Exchange) -> None:
    made = await bid(exchange, "li", 900, "first")
    again = await bid(exchange, "li", 900, "first")
    low = await bid(exchange, "wu", 949, "second")

    assert (made.status_code, again.status_code, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert (low.status_code, low.json()["code"], low.json()["detail"]) == (422, "bid.too_low", "least_minor=95000000")
    lot = (await exchange.client.get(f"/v1/lots/{exchange['lot.A']}")).json()["item"]
    assert (lot["leading_minor"], lot["leading_paddle"], lot["bids"], lot["reserve_met"]) == (90_000_000, 1, 1, False)


async def test_a_bid_is_its_bidders_alone_and_who_bids_is_the_sellers_to_know(exchange: Exchange) -> None:
    await bid(exchange, "li", 900, "first")
    by = {who: await exchange.by(who) for who in ("li", "wu", "lab")}
    seen = {who: (await client.get("/v1/bids")).json()["items"] for who, client in by.items()}
    known = {who: (await client.get("/v1/bidders")).json()["items"] for who, client in by.items()}

    assert {who: len(items) for who, items in seen.items()} == {"li": 1, "wu": 0, "lab": 0}
    assert {who: len(items) for who, items in known.items()} == {"li": 1, "wu": 1, "lab": 2}


async def test_the_data_room_opens_to_who_is_bound_and_each_view_is_on_record(exchange: Exchange) -> None:
    sale = (await exchange.client.get(f"/v1/sales/{exchange['sale']}")).json()["item"]
    [sha256] = sale["data_room"]
    await exchange.services.blobs.put(sha256, b"lab: claim charts")
    address = f"/v1/bidders/{exchange['bidder.li']}/data-room/{sha256}"
    li, wu = await exchange.by("li"), await exchange.by("wu")
    opened_file = await li.get(address)

    assert (opened_file.status_code, opened_file.content) == (200, b"lab: claim charts")
    assert opened_file.headers["content-disposition"].startswith("attachment")
    refused = {
        who: (await client.get(path)).json()["code"]
        for who, client, path in (
            ("another bidder's name", wu, address),
            ("another document", li, address[:-64] + "0" * 64),
            ("no document", li, address[:-64] + "x"),
            ("nobody", exchange.client, address),
        )
    }
    assert refused == {
        "another bidder's name": "account.not_yours",
        "another document": "document.unknown",
        "no document": "request.parameter",
        "nobody": "auth.required",
    }
    rows = (await (await exchange.by("ops")).get("/v1/journal?limit=500")).json()["items"]
    views = [row for row in rows if any(event["type"] == "bidder.document_viewed" for event in row["events"])]
    assert [row["principal"] for row in views] == [to_wire("U", exchange.world.users["li"])]
