"""Chapter of titles: the recorded papers come in, and a real patent with an old loan on it is not listed."""

from __future__ import annotations

import csv
import io
from typing import Any

from api.conveyances import read_lists, send
from custody.conveyance_rows import Recorded
from exchange.data import open_sample
from exchange.story.deals import bring_into_custody
from exchange.story.stage import Stage, StoryBroken, one

PAPERS, PROPERTIES = "assignments.csv", "assigned_properties.csv"
BURDENED = "11066912"
"""A real patent: five security interests on record, four of them released."""
OWNER = "U.S. Well Services, LLC"
STANDING = "049342/0819"
PRICE_MINOR = 500_000_000


async def read_the_register(stage: Stage) -> None:
    """Every packaged paper comes in, each property's title is found, and one keeps its patent from being listed."""
    recorded, faults = read_lists(open_sample(PAPERS), open_sample(PROPERTIES), stage.today())
    if faults:
        raise StoryBroken(f"the packaged papers have faults: {faults[:3]}")
    counted = await send(stage.clients["operator"], (one_.paper for one_ in recorded))
    if counted["new"] != len(recorded):
        raise StoryBroken(f"of {len(recorded)} papers came in {counted}")
    stage.facts["titles"] = {"papers": counted["new"]}
    for answer in ("clear", "unknown", "defect"):
        stage.facts["titles"][answer] = await _count(stage, answer)
    seller = await _admit_owner(stage, recorded)
    await _is_not_listed(stage, seller)


async def _count(stage: Stage, answer: str) -> int:
    """How many properties have that answer."""
    count, cursor = 0, None
    while True:
        page = await stage.clients["operator"].get("/v1/recorded-titles", title=answer, limit=500, cursor=cursor)
        count += len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return count


async def _admit_owner(stage: Stage, recorded: list[Recorded]) -> dict[str, Any]:
    """The patent's owner of record as a simulated institution, and the patent, by the record's own words."""
    told = await stage.ask(
        "operator",
        "member.register",
        name=f"{OWNER} (simulated)",
        role="institution",
        country="US",
        seller_class="private",
        simulated=True,
    )
    member_id = one(told, "member.registered")["member"]["member_id"]
    account_id = one(told, "account.opened")["account"]["account_id"]
    await stage.ask("operator", "alias.confirm", name=OWNER, member_id=member_id)
    await stage.ask("operator", "member.class", member_id=member_id, standings=["invited", "method_statement"])
    headers = {"content-type": "text/csv"}
    row = _patent_row(recorded).encode()
    report = (await stage.clients["operator"].request("POST", "/v1/patents/upload", row, headers)).json()
    if report["new"] != 1:
        raise StoryBroken(f"the patent did not come in: {report}")
    page = await stage.clients["operator"].get("/v1/patents", owner_id=member_id)
    return {"member_id": member_id, "account_id": account_id, "user": "owner", "patent": page["items"][0]}


def _patent_row(recorded: list[Recorded]) -> str:
    """The patent as a list of one, its dates and inventors as the office published them."""
    name = next(
        found.titles[conveyed.property_id]
        for found in recorded
        for conveyed in found.paper.properties
        if conveyed.patent_number == BURDENED
    )
    values = {
        "publication_number": f"US{BURDENED}B2",
        "country": "US",
        "kind": "B2",
        "title": name,
        "applicants": OWNER,
        "inventors": "McPherson; Jeff; Oehring; Jared; Broussard; Joel N.; Kurtz; Robert",
        "application_number": "15/581625",
        "filing_date": "2017-04-28",
        "publication_date": "2021-07-20",
        "grant_date": "2021-07-20",
        "earliest_priority_date": "2012-11-16",
        "ipc": "F04B17/03",
    }
    written = io.StringIO()
    rows = csv.DictWriter(written, list(values))
    rows.writeheader()
    rows.writerow(values)
    return written.getvalue()


async def _is_not_listed(stage: Stage, seller: dict[str, Any]) -> None:
    """Its owner offers it, an examiner said clear; the papers say otherwise, and the listing is returned with them."""
    asset_id = await bring_into_custody(stage, seller)
    disclosure = await stage.file(seller["user"], "Disclosure", f"Simulated disclosure of {BURDENED}")
    problem = await stage.is_refused(
        seller["user"],
        "listing.propose",
        "right.encumbered",
        market_id=stage.facts["market:cn_ip_venue"],
        method="agreement",
        account_id=seller["account_id"],
        asset_id=asset_id,
        name=seller["patent"]["title"],
        disclosure_sha256=disclosure,
        asking_price_minor=PRICE_MINOR,
    )
    if STANDING not in problem:
        raise StoryBroken(f"the listing was returned without its reason: {problem}")
    title = (await stage.clients[seller["user"]].get(f"/v1/patents/{seller['patent']['patent_id']}/title"))["item"]
    if title["title"] != "defect" or not title["encumbered"] or len(title["interests"]) != 5:
        raise StoryBroken(f"the title of {BURDENED} came out as {title['title']}")
    titles = stage.facts["titles"]
    titles["returned"] = {"patent": BURDENED, "code": "right.encumbered", "reason": problem}
    stage.tell(
        "titles",
        titles,
        f"{titles['papers']:,} real recorded papers come in. By them the titles of {titles['clear']} properties are "
        f"clear, of {titles['unknown']} unknown, of {titles['defect']} defective.",
        f"One of the latter is offered for sale all the same, and returned (right.encumbered): {problem}",
    )
