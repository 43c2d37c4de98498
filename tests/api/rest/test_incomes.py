"""The lines of a distribution over HTTP."""

from __future__ import annotations

from tests.api.rest.exchange import Exchange


async def test_a_distribution_that_is_none_of_the_reader_s_is_unknown(exchange: Exchange) -> None:
    ops = await exchange.by("ops")
    answer = await ops.get("/v1/distributions/DN1-5/lines")
    assert (answer.status_code, answer.json()["code"]) == (404, "resource.unknown")
    answer = await ops.get("/v1/distributions/D1-5/lines")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.parameter")
    page = await ops.get("/v1/distributions", params={"state": "planned"})
    assert page.json()["items"] == []
