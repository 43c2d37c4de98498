"""What lies on a right over REST: its parties see the pledge, everybody the entry, and a holding what is blocked."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.core.ids import to_wire
from exchange.core.units import Units
from tests.api.rest.exchange import Exchange, World, opened
from tests.pledges.stage import Vault
from tests.sales.served import write_database


@functools.cache
def prepared(folder: Path) -> World:
    """A patent of lab, pledged to bank; shares of thu, of which a court preserves a quarter."""
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    shares = vault.book_of_shares()
    thu = vault.venue.accounts["thu"]
    order = vault.preserved(asset_id=shares, account_id=thu, units=Units(250_000))
    path = folder / "pledged.sqlite"
    write_database(vault.venue, path)
    ids = {"pledge": to_wire("EN", pledge), "order": to_wire("EN", order)}
    ids |= {"right": to_wire("S", vault.right_id), "shares": to_wire("S", shares)}
    ids |= {f"account.{name}": to_wire("A", account_id) for name, account_id in vault.venue.accounts.items()}
    ids["instrument"] = to_wire("I", vault.venue.instruments["INS"])
    return World(ids, dict(vault.venue.users), path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return prepared(tmp_path_factory.mktemp("pledged"))


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened(world, tmp_path / "data") as running:
        yield running


async def test_a_pledge_is_its_parties_to_read(exchange: Exchange) -> None:
    seen = {
        who: [
            item["encumbrance_id"] for item in (await (await exchange.by(who)).get("/v1/encumbrances")).json()["items"]
        ]
        for who in ("lab", "bank", "fund", "thu", "ops")
    }
    pledge, order = exchange["pledge"], exchange["order"]
    assert seen == {"lab": [pledge], "bank": [pledge], "fund": [], "thu": [order], "ops": [pledge, order]}
    item = (await (await exchange.by("bank")).get(f"/v1/encumbrances/{pledge}")).json()["item"]
    assert (item["state"], item["rank"], item["secured_minor"]) == ("registered", 1, 30_000_000)
    assert [row["code"] for row in item["checks"] if not row["passed"]] == []
    assert len(item["checks"]) == 11
    assert (await (await exchange.by("fund")).get(f"/v1/encumbrances/{pledge}")).status_code == 404


async def test_whoever_may_read_a_right_reads_what_lies_on_it_and_no_sum(exchange: Exchange) -> None:
    item = (await (await exchange.by("fund")).get(f"/v1/rights/{exchange['right']}")).json()["item"]
    summary = "pledge, rank 1"
    assert item["burdens"] == [{"entry": exchange["pledge"], "kind": "pledge", "blocks": True, "summary": summary}]


async def test_a_holding_shows_what_is_blocked_and_by_which_entry(exchange: Exchange) -> None:
    found = {}
    for who in ("lab", "thu"):
        answer = await (await exchange.by(who)).get(f"/v1/accounts/{exchange[f'account.{who}']}/holdings")
        for item in answer.json()["items"]:
            found[item["asset_id"]] = (item["units"], item["held_units"], item["blocked_units"], item["blocked_by"])
    assert found[exchange["right"]] == (1_000_000, 0, 1_000_000, [exchange["pledge"]])
    assert found[exchange["shares"]] == (1_000_000, 250_000, 250_000, [exchange["order"]])


async def test_an_order_for_preserved_units_is_refused_with_the_entry(exchange: Exchange) -> None:
    body = {
        "client_order_id": "first",
        "account_id": exchange["account.thu"],
        "instrument_id": exchange["instrument"],
        "side": "sell",
        "price_ticks": 10,
        "quantity_lots": 7_501,
    }
    refused = (await (await exchange.by("thu")).post("/v1/orders", json=body)).json()
    assert refused["code"] == "right.encumbered"
    assert exchange["order"] in refused["detail"]


async def test_a_release_is_posted_by_the_pledgee_alone(exchange: Exchange) -> None:
    body = {"encumbrance_id": exchange["pledge"]}
    own = await exchange.by("lab")
    refused = await own.post("/v1/pledges/release", json=body, headers={"idempotency-key": "a"})
    assert refused.json()["code"] == "pledge.not_party"
    released = await (await exchange.by("bank")).post(
        "/v1/pledges/release", json=body, headers={"idempotency-key": "b"}
    )
    assert released.status_code == 200, released.json()
    item = (await own.get(f"/v1/rights/{exchange['right']}")).json()["item"]
    assert item["burdens"] == []
