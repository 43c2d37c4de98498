"""A patent's recorded title over HTTP: as of any day of effect and any moment of knowledge."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from api.conveyances import send
from custody.conveyances import Paper
from tests.api.rest.exchange import Exchange
from tests.assets.helpers import GOOD
from tests.custody.test_recorded_titles import ASSIGNED, PLEDGED, RELEASED

ROW = GOOD | {
    "publication_number": "US11066912B2",
    "country": "US",
    "kind": "B2",
    "application_number": "15/581625",
    "filing_date": "2017-04-28",
    "publication_date": "2021-07-20",
    "grant_date": "2021-07-20",
    "earliest_priority_date": "2012-11-16",
}


async def brought(exchange: Exchange, *papers: Paper) -> int:
    """Import papers as an operator; answers the moment they became known."""
    body = {"papers": msgspec.to_builtins(papers)}
    answer = await (await exchange.by("ops")).post("/v1/conveyances/import", json=body)
    assert answer.status_code == 200, answer.text
    at_ns: int = answer.json()["at_ns"]
    return at_ns


async def patent_of(exchange: Exchange) -> str:
    """The patent the papers speak of; answers its identifier."""
    table = f"{','.join(ROW)}\n{','.join(ROW.values())}\n"
    headers = {"content-type": "text/csv"}
    ops = await exchange.by("ops")
    answer = await ops.post("/v1/patents/upload", content=table.encode(), headers=headers)
    assert answer.json()["new"] == 1, answer.text
    page = await ops.get("/v1/patents", params={"number": "US11066912B2"})
    found: str = page.json()["items"][0]["patent_id"]
    return found


async def asked(exchange: Exchange, patent_id: str, **params: Any) -> httpx.Response:
    """The title as a trader reads it."""
    return await (await exchange.by("wu")).get(f"/v1/patents/{patent_id}/title", params=params)


async def title(exchange: Exchange, patent_id: str, **params: Any) -> dict[str, Any]:
    """The answer's item."""
    answer = await asked(exchange, patent_id, **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["item"]
    return found


async def test_contract_day_and_moment_of_knowledge_are_asked_apart(exchange: Exchange) -> None:
    patent_id = await patent_of(exchange)
    assert (await title(exchange, patent_id))["title"] == "unknown"
    before = await brought(exchange, ASSIGNED)
    pledged = await brought(exchange, PLEDGED)
    released = await brought(exchange, RELEASED)

    now = await title(exchange, patent_id)
    assert (now["title"], now["encumbered"], now["owners"]) == ("clear", False, ["THU"])
    assert now["interests"] == [
        {"reel_frame": "049107/0392", "secured": ["CLMG CORP"], "state": "released", "by": ["061835/0778"]}
    ]
    assert [link["reel_frame"] for link in now["chain"]] == ["042180/0610", "049107/0392", "061835/0778"]
    known = {at: (await title(exchange, patent_id, known_at_ns=at))["title"] for at in (before, pledged, released)}
    assert known == {before: "clear", pledged: "defect", released: "clear"}
    on = {day: await title(exchange, patent_id, effective_on=day) for day in ("2015-02-12", "2019-05-07")}
    assert (on["2015-02-12"]["title"], on["2019-05-07"]["title"]) == ("unknown", "defect")
    [reason] = on["2019-05-07"]["reasons"]
    assert (reason["code"], reason["reel_frames"]) == ("title.encumbered", ["049107/0392"])


async def test_an_answer_for_a_past_moment_never_changes(exchange: Exchange) -> None:
    patent_id = await patent_of(exchange)
    then = await brought(exchange, ASSIGNED, PLEDGED)
    said = await title(exchange, patent_id, known_at_ns=then)
    changed = msgspec.structs.replace(PLEDGED, assignees=("ANOTHER LENDER LLC",))
    await brought(exchange, changed, RELEASED)
    assert await title(exchange, patent_id, known_at_ns=then) == said
    assert (await title(exchange, patent_id))["interests"][0]["secured"] == ["ANOTHER LENDER LLC"]
    assert (await title(exchange, patent_id, known_at_ns=then - 1))["title"] == "unknown"


async def test_a_bad_day_or_patent_is_refused(exchange: Exchange) -> None:
    patent_id = await patent_of(exchange)
    for day in ("2019-2-7", "yesterday", "2019-02-29"):
        answer = await asked(exchange, patent_id, effective_on=day)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.parameter")
    for moment in ("-1", "now", str(2**63)):
        answer = await asked(exchange, patent_id, known_at_ns=moment)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.parameter")
    assert (await asked(exchange, patent_id, known_at_ns=str(2**63 - 1))).status_code == 200
    missing = await asked(exchange, "P1-999999")
    assert (missing.status_code, missing.json()["code"]) == (404, "resource.unknown")


async def test_the_clients_helper_counts_what_became_of_its_papers(exchange: Exchange) -> None:
    ops = await exchange.by("ops")

    class Posting:
        async def post(self, path: str, command: dict[str, Any], key: str = "") -> Any:
            return (await ops.post(path, json=command)).json()

    bad = msgspec.structs.replace(PLEDGED, executed_on="9999-01-01")
    counted = await send(Posting(), [ASSIGNED, bad])  # type: ignore[arg-type]
    assert counted == {"new": 1, "changed": 0, "same": 0, "refused": 1, "titles": 1}
    assert (await send(Posting(), [ASSIGNED]))["same"] == 1  # type: ignore[arg-type]
