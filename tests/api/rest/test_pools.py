"""Pools over REST: a pool is everybody's to read, its assets their parties', and a sale is the issuer's."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.core.ids import to_wire
from tests.api.rest.exchange import Exchange, World, opened
from tests.pools.stage import Yard
from tests.pools.stage import rule as pool_rule
from tests.sales.served import write_database
from tests.sales.stage import THOUSAND


@functools.cache
def prepared(folder: Path) -> World:
    """A sealed pool of a licence fee that wu owes lab, and a valuation of the right."""
    yard = Yard.cn()
    yard.opened(pool_rule("right_in_force"))
    yard.valued(500)
    asset = yard.pooled("wu", 300)
    assert not yard.does("seal")
    agreement = yard.file("li", "sale agreement")
    path = folder / "pooled.sqlite"
    write_database(yard.venue, path)
    ids = {"pool": to_wire("PL", yard.pool_id), "asset": to_wire("PX", asset), "right": to_wire("S", yard.right_id)}
    ids |= {"seal": yard.seal(), "agreement": agreement, "receivable": to_wire("S", yard.asset(asset).asset_id)}
    ids |= {f"account.{name}": to_wire("A", account_id) for name, account_id in yard.venue.accounts.items()}
    return World(ids, dict(yard.venue.users), path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return prepared(tmp_path_factory.mktemp("pooled"))


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened(world, tmp_path / "data") as running:
        yield running


async def test_an_asset_is_its_originators_and_its_debtors_to_read(exchange: Exchange) -> None:
    seen = {
        who: [item["pool_asset_id"] for item in (await (await exchange.by(who)).get("/v1/pool-assets")).json()["items"]]
        for who in ("lab", "wu", "mei", "ops")
    }
    assert seen == {"lab": [exchange["asset"]], "wu": [exchange["asset"]], "mei": [], "ops": [exchange["asset"]]}


async def test_a_pool_shows_its_rules_and_its_seal(exchange: Exchange) -> None:
    item = (await (await exchange.by("mei")).get(f"/v1/pools/{exchange['pool']}")).json()["item"]
    assert (item["state"], item["seal_sha256"], item["assets"]) == ("sealed", exchange["seal"], [exchange["asset"]])
    assert (item["balance_minor"], item["borrowing_base_minor"]) == (300 * THOUSAND, 300 * THOUSAND)
    assert [row["kind"] for row in item["rules"]] == ["right_in_force"]
    value = (await (await exchange.by("mei")).get("/v1/valuations")).json()["items"]
    assert [row["value_minor"] for row in value] == [500 * THOUSAND]


async def test_the_issuer_buys_and_the_holding_moves(exchange: Exchange) -> None:
    body = {
        "pool_id": exchange["pool"],
        "seal_sha256": exchange["seal"],
        "price_minor": 300 * THOUSAND,
        "agreement_sha256": exchange["agreement"],
    }
    refused = await (await exchange.by("lab")).post("/v1/pools/sell", json=body, headers={"idempotency-key": "a"})
    assert refused.json()["code"] == "pool.not_party"
    issuer = await exchange.by("li")
    sold = await issuer.post("/v1/pools/sell", json=body, headers={"idempotency-key": "b"})
    assert sold.status_code == 200, sold.json()
    answer = await issuer.get(f"/v1/accounts/{exchange['account.li']}/holdings")
    [held] = [item for item in answer.json()["items"] if item["asset_id"] == exchange["receivable"]]
    assert (held["units"], held["held_units"]) == (300 * THOUSAND, 300 * THOUSAND)
