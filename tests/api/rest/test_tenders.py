"""Tenders over REST: what is published, what is an offer's bidder's alone until the opening, and who may score."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.core.ids import to_wire
from tests.api.rest.exchange import Exchange, World, opened
from tests.sales.served import Sandbox, open_sale, write_database
from tests.sales.stage import THOUSAND


@functools.cache
def prepared(folder: Path, stage: str) -> tuple[World, Sandbox]:
    """A tender that reveals, or whose offers are opened; pku sits in its panel."""
    hall = open_sale("tender", stage=stage, A=800)
    path = folder / f"{stage}.sqlite"
    write_database(hall.venue, path)
    ids = {f"bid.{text.split()[0]}": to_wire("BD", sealed[0]) for text, sealed in hall.sealed.items()}
    ids["sale"] = to_wire("SL", hall.sale_id)
    return World(ids, dict(hall.venue.users), path), hall


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tender")


@pytest.fixture
def stage() -> str:
    """How far the tender has come; a test names another."""
    return "scoring"


@pytest.fixture
async def exchange(folder: Path, stage: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened(prepared(folder, stage)[0], tmp_path / "data") as running:
        yield running


async def test_how_offers_are_compared_is_everybodys_and_who_scores_is_not(exchange: Exchange) -> None:
    tender = (await exchange.client.get(f"/v1/tenders/{exchange['sale']}")).json()["item"]
    assert [criterion["weight_ppm"] for criterion in tender["criteria"]] == [400_000]
    assert (tender["basis"]["discount_ppm"], "evaluators" in tender) == (50_000, False)
    read = {who: await (await exchange.by(who)).get(f"/v1/panels/{exchange['sale']}") for who in ("lab", "pku", "li")}
    assert {who: answer.status_code for who, answer in read.items()} == {"lab": 200, "pku": 200, "li": 404}


@pytest.mark.parametrize("stage", ["revealing"])
async def test_before_the_opening_an_offer_is_its_bidders_alone(exchange: Exchange) -> None:
    offer = {"price_minor": 900 * THOUSAND, "items": None, "papers": []}
    body = {"bid_id": exchange["bid.li"], "offer": offer, "nonce": "li-A-900".ljust(16, ".")}
    revealed = await (await exchange.by("li")).post("/v1/offers/reveal", json=body)
    assert (revealed.status_code, revealed.json()["events"][0]["bid"]["state"]) == (200, "standing")
    read = {who: await (await exchange.by(who)).get(f"/v1/offers/{exchange['bid.li']}") for who in ("li", "lab", "pku")}
    assert {who: answer.status_code for who, answer in read.items()} == {"li": 200, "lab": 404, "pku": 404}
    assert read["li"].json()["item"]["rows"][0]["value_minor"] == 900 * THOUSAND


async def test_after_it_seller_and_panel_read_every_offer_and_bidders_their_own(exchange: Exchange) -> None:
    seen = {
        (who, whose): (await (await exchange.by(who)).get(f"/v1/offers/{exchange[f'bid.{whose}']}")).status_code
        for who in ("li", "wu", "ren", "lab", "pku")
        for whose in ("li", "wu")
    }
    allowed = {("li", "li"), ("wu", "wu"), *((who, whose) for who in ("lab", "pku") for whose in ("li", "wu"))}
    assert {pair for pair, status in seen.items() if status == 200} == allowed
    assert set(seen.values()) == {200, 404}


async def test_an_evaluator_scores_and_reads_its_own_scores_alone(exchange: Exchange) -> None:
    body = {"bid_id": exchange["bid.li"], "points": [{"code": "fit", "points": 70}], "remarks": "a sound plan"}
    refused = await (await exchange.by("ren")).post("/v1/offers/score", json=body)
    scored = await (await exchange.by("pku")).post("/v1/offers/score", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "tender.not_evaluator")
    assert (scored.status_code, scored.json()["events"][0]["score"]["points"]) == (200, [{"code": "fit", "points": 70}])
    listed = {who: (await (await exchange.by(who)).get("/v1/scores")).json()["items"] for who in ("pku", "li", "lab")}
    assert {who: len(items) for who, items in listed.items()} == {"pku": 1, "li": 0, "lab": 0}
