"""Chapter two: real patents come in, fifty real applicants as simulated institutions, twenty outcomes listed."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from typing import Any

from exchange.assets.names import alias_key
from exchange.data import open_sample
from exchange.story.stage import Stage, StoryBroken, one

SAMPLE = "us_patents_uspto.csv"
INSTITUTIONS = 50
OUTCOMES = 20
TOTAL_UNITS = 1_000_000
LOT_UNITS = 100
TICK_MINOR = 1
BAND_TICKS = (500, 2_000)


def sample_bytes() -> bytes:
    """The packaged file of US grants and applications, a US-government record."""
    return b"".join(open_sample(SAMPLE))


def row_of(number: str) -> bytes:
    """One patent of the packaged file as a list of one.

    Raises: KeyError if it is not in the file.
    """
    rows = csv.DictReader(io.StringIO(sample_bytes().decode()))
    for row in rows:
        if row["publication_number"] == number:
            written = io.StringIO()
            one_row = csv.DictWriter(written, list(row))
            one_row.writeheader()
            one_row.writerow(row)
            return written.getvalue().encode()
    raise KeyError(number)


def busiest_applicants(raw: bytes, count: int) -> list[str]:
    """The applicants with the most patents of the file that are granted and not yet over."""
    rows = csv.DictReader(io.StringIO(raw.decode()))
    found: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for row in rows:
        names = [name for name in row["applicants"].split("; ") if name]
        if len(names) == 1 and row["grant_date"] > "2012" and "&" not in names[0]:
            key = alias_key(names[0])
            spelled.setdefault(key, names[0])
            found[key] += 1
    busiest = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:count]
    return [spelled[key] for key, _ in busiest]


async def admit_institutions(stage: Stage) -> None:
    """Register the applicants as members; an operator confirms that the name in the records is theirs."""
    stage.facts["institutions"] = []
    for place, name in enumerate(busiest_applicants(sample_bytes(), INSTITUTIONS)):
        told = await stage.ask(
            "operator",
            "member.register",
            name=f"{name} (simulated)",
            role="institution",
            country="US",
            seller_class="private",
            simulated=True,
        )
        member_id = one(told, "member.registered")["member"]["member_id"]
        account_id = one(told, "account.opened")["account"]["account_id"]
        await stage.ask("operator", "alias.confirm", name=name, member_id=member_id)
        await stage.ask("operator", "member.class", member_id=member_id, standings=["invited", "method_statement"])
        stage.facts["institutions"].append(
            {"member_id": member_id, "account_id": account_id, "name": name, "user": f"institution{place + 1}"}
        )
    admitted = len(stage.facts["institutions"])
    stage.tell("institutions", admitted, f"{admitted} real applicants are admitted as simulated institutions.")


async def import_patents(stage: Stage) -> None:
    """The operator uploads the whole file; then a part of it again, to see that nothing is doubled."""
    operator = stage.clients["operator"]
    headers = {"content-type": "text/csv"}
    answer = await operator.request("POST", "/v1/patents/upload", sample_bytes(), headers)
    if answer.status != 200:
        raise StoryBroken(f"the upload answered {answer.status}: {answer.body[:300]!r}")
    report = answer.json()
    stage.facts["patents"] = {name: report[name] for name in ("rows", "accepted", "incomplete", "rejected", "new")}
    again = (await operator.request("POST", "/v1/patents/upload", sample_bytes()[:40_000], headers)).json()
    if again["new"] or not again["same"]:
        raise StoryBroken(f"a repeated upload doubled patents: {again}")
    new = stage.facts["patents"]["new"]
    stage.tell(
        "patents", stage.facts["patents"], f"{new:,} real US patents come in; a part sent twice doubles nothing."
    )


async def list_outcomes(stage: Stage) -> None:
    """Each of the first institutions bundles one of its patents into an outcome, deeds it, shares it, lists it."""
    candidates = stage.facts["listable"] = await _listable(stage)
    todo = [institution for institution in stage.facts["institutions"] if institution["member_id"] in candidates]
    if len(todo) < OUTCOMES + 3:
        raise StoryBroken(f"only {len(todo)} institutions have a patent that may be listed")
    stage.facts["instruments"] = []
    for place in range(0, OUTCOMES, 5):
        await asyncio.gather(
            *(
                _list_one(stage, institution, candidates[institution["member_id"]][0])
                for institution in todo[place : place + 5]
            )
        )
    stage.facts["instruments"].sort(key=lambda instrument: instrument["code"])
    listed = len(stage.facts["instruments"])
    stage.facts["sellers"] = [
        {**institution, "patent": candidates[institution["member_id"]][0]} for institution in todo[OUTCOMES:]
    ]
    first = stage.facts["instruments"][0]
    await stage.is_refused(
        first["user"],
        "listing.propose",
        "rule.method_not_allowed",
        market_id=stage.facts["market:cn_ip_venue"],
        method="order_book",
        account_id=first["account_id"],
        asset_id=first["asset_id"],
        name=first["name"],
        disclosure_sha256=first["disclosure"],
        lot_units=LOT_UNITS,
        tick_minor=TICK_MINOR,
        band_low_ticks=BAND_TICKS[0],
        band_high_ticks=BAND_TICKS[1],
    )
    stage.tell(
        "outcomes_listed",
        listed,
        f"{listed} institutions divide an outcome with a patent in it into shares, and list them on the sandbox's "
        "book. The same listing on the venue in CNY is refused: a book is no lawful method there "
        "(rule.method_not_allowed).",
    )


async def _listable(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Each member's patents that lack nothing a listing needs."""
    found: dict[str, list[dict[str, Any]]] = {}
    for institution in stage.facts["institutions"]:
        page = await stage.clients["operator"].get("/v1/patents", owner_id=institution["member_id"], limit=50)
        alive = [patent for patent in page["items"] if patent["shareable"] and patent["status"] == "granted"]
        if alive:
            found[institution["member_id"]] = alive
    return found


async def _list_one(stage: Stage, institution: dict[str, Any], patent: dict[str, Any]) -> None:
    """One outcome's way from a patent to an open instrument."""
    user, account_id = institution["user"], institution["account_id"]
    await stage.cast(user, institution["member_id"])
    extract = await stage.file(user, "Register extract", f"Simulated register extract of {patent['number']}")
    told = await stage.ask(
        user, "right.register", account_id=account_id, patent_id=patent["patent_id"], evidence=[extract]
    )
    right = one(told, "right.registered")["right"]
    await stage.ask(
        "operator",
        "right.examine",
        asset_id=right["asset_id"],
        title="clear",
        reasons="simulated examination",
        evidence=[extract],
        technology_class="free",
    )
    title = patent["title"][:180]
    told = await stage.ask(
        user,
        "outcome.register",
        title=title,
        readiness_level=6,
        technology_class="free",
        funding=[{"source": "own funds", "country": "US", "fiscal": False, "amount_minor": 100_000_000}],
        patent_ids=[patent["patent_id"]],
    )
    outcome_id = one(told, "outcome.registered")["outcome"]["outcome_id"]
    waiver = await stage.file(user, "Finisher's waiver", f"Simulated standing waiver of first refusal, {outcome_id}")
    await stage.ask(user, "prior_claim.waive", outcome_id=outcome_id, kind="finisher", waiver_sha256=waiver)
    deed = await stage.file(user, "Share deed", f"Simulated share deed of {outcome_id}, {patent['number']}")
    await stage.ask(
        user,
        "share_deed.file",
        outcome_id=outcome_id,
        document_sha256=deed,
        version=1,
        registered_holder_id=institution["member_id"],
        signer_ids=[institution["member_id"]],
        transfer_consent=True,
        preemption_waived=True,
        majority_ppm=500_000,
        income_ratio_ppm=500_000,
    )
    told = await stage.ask(user, "outcome.issue_shares", outcome_id=outcome_id, account_id=account_id)
    asset_id = one(told, "outcome.shares_issued")["asset"]["asset_id"]
    disclosure = await stage.file(user, "Disclosure", f"Simulated disclosure of {title}")
    told = await stage.ask(
        user,
        "listing.propose",
        market_id=stage.facts["market:sandbox"],
        method="order_book",
        account_id=account_id,
        asset_id=asset_id,
        name=title,
        disclosure_sha256=disclosure,
        lot_units=LOT_UNITS,
        tick_minor=TICK_MINOR,
        band_low_ticks=BAND_TICKS[0],
        band_high_ticks=BAND_TICKS[1],
    )
    listing_id = one(told, "listing.proposed")["listing"]["listing_id"]
    instrument = one(await stage.ask("operator2", "listing.admit", listing_id=listing_id), "listing.admitted")[
        "instrument"
    ]
    stage.facts["instruments"].append(
        {
            "instrument_id": instrument["instrument_id"],
            "code": instrument["code"],
            "name": title,
            "asset_id": asset_id,
            "account_id": account_id,
            "user": user,
            "outcome_id": outcome_id,
            "right_id": right["asset_id"],
            "disclosure": disclosure,
            "member_id": institution["member_id"],
        }
    )
