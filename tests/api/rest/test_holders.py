"""Holders and statements over HTTP: who may read what, and a statement compared from its first line to its last."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.api.rest.exchange import UNITS, Exchange

PAPER = b"account_id,units\n"


async def holders(exchange: Exchange, who: str, **query: Any) -> Any:
    """What one user reads of the listed asset's holders."""
    return await (await exchange.by(who)).get(f"/v1/assets/{exchange.world.ids['asset']}/holders", params=query)


async def test_a_member_reads_its_own_units_and_the_regulator_everybodys(exchange: Exchange) -> None:
    ids = exchange.world.ids
    own = (await holders(exchange, "wu")).json()["item"]
    assert [(one["account_id"], one["units"]) for one in own["holders"]] == [(ids["account.wu"], UNITS)]
    everybody = (await holders(exchange, "regulator")).json()["item"]
    found = {one["account_id"]: one["units"] for one in everybody["holders"]}
    assert found == {ids["account.wu"]: UNITS, ids["account.li"]: UNITS}
    assert everybody["contracted"] == everybody["entries"] == []


async def test_before_anything_was_issued_nobody_held_it(exchange: Exchange) -> None:
    answer = (await holders(exchange, "regulator", effective_on="2020-01-01")).json()
    assert answer["item"]["holders"] == []
    answer = (await holders(exchange, "regulator", known_at_ns=1)).json()
    assert answer["item"]["holders"] == []


@pytest.mark.parametrize("query", [{"effective_on": "2026-02-30"}, {"effective_on": "now"}, {"known_at_ns": "-1"}])
async def test_no_moment_is_refused(exchange: Exchange, query: dict[str, str]) -> None:
    answer = await holders(exchange, "wu", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.parameter")


async def test_a_statement_is_compared_and_what_differs_is_read_by_staff_alone(exchange: Exchange) -> None:
    ids = exchange.world.ids
    ops = await exchange.by("ops")
    sha256 = hashlib.sha256(PAPER).hexdigest()
    assert (await ops.put(f"/v1/documents/content/{sha256}", content=PAPER)).status_code == 201
    filed = {"sha256": sha256, "size_bytes": len(PAPER), "media_type": "text/csv", "title": "statement"}
    assert (await ops.post("/v1/documents", json=filed)).status_code == 201
    opening = {
        "source": "CSDC",
        "asset_id": ids["asset"],
        "statement_date": "2026-03-02",
        "statement_sha256": sha256,
        "total_units": 2 * UNITS,
    }
    answer = await ops.post("/v1/reconciliations", json=opening)
    assert answer.status_code == 201, answer.text
    statement = answer.json()["events"][0]["reconciliation"]["reconciliation_id"]
    rows = [{"account_id": ids["account.wu"], "amount": UNITS}, {"account_id": ids["account.li"], "amount": UNITS - 1}]
    lines = {"reconciliation_id": statement, "from_line": 0, "lines": rows}
    assert (await ops.post("/v1/reconciliations/lines", json=lines)).status_code == 200
    end = {"reconciliation_id": statement, "lines": 2}
    answer = await ops.post("/v1/reconciliations/close", json=end)
    assert [event["type"] for event in answer.json()["events"]] == ["reconciliation.closed", "asset.suspended"]
    found = (await ops.get("/v1/differences", params={"reconciliation_id": statement})).json()["items"]
    assert [(one["kind"], one["ours"], one["theirs"]) for one in found] == [("holder_units", UNITS, UNITS - 1)]
    wu = await exchange.by("wu")
    assert (await wu.get("/v1/differences")).json()["code"] == "role.not_allowed"
    assert [one["over"] for one in (await wu.get("/v1/suspensions")).json()["items"]] == [False]
