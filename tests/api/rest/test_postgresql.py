"""The same edge over PostgreSQL: founded, written, read at one sequence, checked; its readers cannot write either."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.app import create_app
from exchange.bootstrap import build_services, found, running
from exchange.store.queries.reader import ReadFault
from tests.api.rest.exchange import PASSWORD, cheap


async def test_the_edge_works_over_postgresql(postgres_url: str, tmp_path: Path) -> None:
    settings = cheap(tmp_path / "var", database_url=postgres_url)
    services = build_services(settings)
    app = create_app(services)
    async with running(services):
        await found(services, settings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            form = {"grant_type": "password", "username": "operator", "password": PASSWORD}
            grant = (await client.post("/v1/oauth/token", data=form)).json()
            client.headers["authorization"] = f"Bearer {grant['access_token']}"
            body = {"name": "Wu", "role": "investor", "country": "CN"}
            made = [await client.post("/v1/members", json=body, headers={"Idempotency-Key": "wu"}) for _ in range(2)]
            account_id = made[0].json()["events"][1]["account"]["account_id"]
            least = {"min_sequence": made[0].json()["sequence"]}
            account = await client.get(f"/v1/accounts/{account_id}", params=least)
            rules = await client.get("/v1/rules", params={"limit": 1})
            totals = await client.get("/v1/ledger")
            orders = await client.get("/v1/orders", params={"account_id": account_id})
            journal = await client.get("/v1/journal", params={"limit": 2})
            events = await client.get(f"/v1/accounts/{account_id}/events")
            checked = await client.post("/v1/node/self-check")
        with pytest.raises(ReadFault):
            services.reads.run(lambda snapshot: snapshot.rows(text("DELETE FROM members")))
        with pytest.raises(ReadFault) as late:
            services.reads.run(lambda snapshot: snapshot.rows(text("SELECT pg_sleep(3)")))

    assert made[1].json() == {**made[0].json(), "repeated": True}
    assert account.json()["item"]["account_id"] == account_id
    answers = (rules, totals, orders, events)
    assert [(answer.status_code, answer.json()["items"]) for answer in answers] == [(200, [])] * 4
    assert [row["sequence"] for row in journal.json()["items"]] == [1, 2]
    assert checked.json()["differences"] == []
    assert late.value.code == "read.too_long"
