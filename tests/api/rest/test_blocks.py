"""Blocks over REST: posted by whoever sells, read by its two sides alone, refused with rule and field."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.core.ids import to_wire
from tests.api.rest.exchange import Exchange, World, opened
from tests.blocks.stage import Floor
from tests.sales.served import write_database


@functools.cache
def prepared(folder: Path) -> World:
    """Shares of thu, of which li has bought a block, and of which another is offered to wu."""
    floor = Floor.shares(minimum_lot_units=100, recordal_long_stop_days=36_500)  # the served clock is today's
    floor.sold("a", "thu", "li", 300_000, 900_000)
    floor.plays("b: thu sells wu 100000 for 300000 -> proposed")
    path = folder / "blocks.sqlite"
    write_database(floor.venue, path)
    ids = {"sold": to_wire("D", floor.deals["a"]), "offered": to_wire("D", floor.deals["b"])}
    ids |= {"terms": floor.deal("b").terms_sha256, "contract": floor.file("thu", "contract")}
    ids |= {"shares": to_wire("S", floor.asset_id), "market": to_wire("Y", floor.market)}
    ids |= {f"account.{name}": to_wire("A", account_id) for name, account_id in floor.venue.accounts.items()}
    return World(ids, dict(floor.venue.users), path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return prepared(tmp_path_factory.mktemp("blocks"))


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened(world, tmp_path / "data") as running:
        yield running


def block(exchange: Exchange, **changed: object) -> dict[str, object]:
    """The body that offers a block to ren."""
    return {
        "market_id": exchange["market"],
        "asset_id": exchange["shares"],
        "seller_account_id": exchange["account.thu"],
        "buyer_account_id": exchange["account.ren"],
        "price_minor": 10_000,
        "contract_sha256": exchange["contract"],
        "units": 100,
    } | changed


async def test_a_block_is_its_two_sides_to_read(exchange: Exchange) -> None:
    seen = {
        who: [item["deal_id"] for item in (await (await exchange.by(who)).get("/v1/deals")).json()["items"]]
        for who in ("thu", "li", "wu", "ren")
    }
    sold, offered = exchange["sold"], exchange["offered"]
    assert seen == {"thu": [sold, offered], "li": [sold], "wu": [offered], "ren": []}
    item = (await (await exchange.by("wu")).get(f"/v1/deals/{offered}")).json()["item"]
    assert (item["asset_kind"], item["units"], item["state"]) == ("share", 100_000, "proposed")
    assert (await (await exchange.by("ren")).get(f"/v1/deals/{offered}")).status_code == 404


async def test_a_block_is_posted_and_accepted(exchange: Exchange) -> None:
    thu, wu = await exchange.by("thu"), await exchange.by("wu")
    made = await thu.post("/v1/deals", json=block(exchange), headers={"Idempotency-Key": "b1"})
    assert made.status_code == 201, made.text
    body = {"deal_id": exchange["offered"], "terms_sha256": exchange["terms"]}
    taken = await wu.post("/v1/deals/accept", json=body, headers={"Idempotency-Key": "b2"})
    assert taken.status_code == 200, taken.text
    item = (await wu.get(f"/v1/deals/{exchange['offered']}")).json()["item"]
    assert item["state"] == "signing"


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"units": 99}, 422, "deal.terms_invalid", "minimum_lot_units"),
        ({"units": 600_001}, 422, "hold.insufficient_available", None),
        ({"units": 0}, 422, "request.out_of_range", None),
        ({"units": None}, 422, "deal.terms_invalid", None),
    ],
    ids=["too few", "one more than is free", "none", "not named"],
)
async def test_what_is_refused_says_why(
    exchange: Exchange, changed: dict[str, object], status: int, code: str, field: str | None
) -> None:
    answer = await (await exchange.by("thu")).post(
        "/v1/deals", json=block(exchange, **changed), headers={"Idempotency-Key": "b3"}
    )
    told = answer.json()
    rule = told.get("rule") or {}
    assert (answer.status_code, told["code"], rule.get("field")) == (status, code, field), told
