"""Chapter of reform: a programme is drafted and started; under it a team co-owns a patent and may use know-how."""

from __future__ import annotations

from typing import Any

from exchange.core.calendar import local_date
from exchange.core.units import NS_PER_DAY
from exchange.story.pilot import inventor, know_how
from exchange.story.stage import Stage, StoryBroken, one

FIELD = "machines"
TEAM = (("Simulated inventor Dai", 2, 3), ("Simulated inventor Eve", 1, 3))
USE_YEARS = 10
NOTICE_DAYS = 15


async def reform(stage: Stage) -> None:
    """A programme opens; half a real patent goes to its team, which reports; know-how is lent for ten years."""
    owner = stage.facts["sellers"][7]
    if owner["user"] not in stage.clients:
        await stage.cast(owner["user"], owner["member_id"])
    await stage.cast("owner.dean", owner["member_id"])
    reform_id = await _programme(stage, owner)
    team = [await inventor(stage, f"co-owner{place + 1}", *person) for place, person in enumerate(TEAM)]
    patented = await _patented(stage, owner)
    lent_id, _ = await know_how(stage, stage.facts["institute"]["account_id"], "Method of cleaning membranes")
    cases = [
        await _opened(stage, reform_id, patented["outcome_id"], owner, team, kind="ownership"),
        await _opened(stage, reform_id, lent_id, stage.facts["institute"], team, kind="use_right"),
    ]
    await stage.wait_until(max(notice_until_ns for _, notice_until_ns in cases))
    half = {"team_share": {"numerator": 1, "denominator": 2}, "income_ratio_ppm": 500_000}
    whole = {"team_share": {"numerator": 1, "denominator": 1}, "income_ratio_ppm": 500_000, "use_years": USE_YEARS}
    told = await _agreed(stage, cases[0][0], owner, team, half)
    await _agreed(stage, cases[1][0], stage.facts["institute"], team, whole)
    report = await _report(stage, told, team[0])
    completed = one(told, "pilot.completed")["pilot"]
    use_rights = (await stage.clients["operator"].get("/v1/use-rights", outcome_id=lent_id))["items"]
    if len(use_rights) != 1 or len(completed["added_owner_ids"]) != len(team):
        raise StoryBroken(f"a case under the programme came out as {completed}, {use_rights}")
    stage.facts["co_owned"] = {**patented, "owner": owner, "team": team}
    stage.tell(
        "reform",
        {
            "reform_id": reform_id,
            "pilot_id": completed["pilot_id"],
            "co_owners": len(completed["added_owner_ids"]),
            "reported": report,
            "use_right_years": USE_YEARS,
            "use_rights": len(use_rights),
        },
        f"Under a programme of reform ({reform_id}) {len(team)} inventors become co-owners of half of a real patent, "
        f"and may use an institute's know-how for {USE_YEARS} years. A case outside the programme's field is refused "
        "(pilot.out_of_scope).",
    )


async def _programme(stage: Stage, owner: dict[str, Any]) -> str:
    """Two operators start the pilot of two institutions; before that nobody may open a case under it."""
    text = await stage.file("operator", "Programme", "Simulated programme of reform of ownership of outcomes")
    scope = {
        "unit_ids": sorted((owner["member_id"], stage.facts["institute"]["member_id"]), key=lambda key: int(key[3:])),
        "team_from_ppm": 100_000,
        "team_to_ppm": 1_000_000,
        "income_from_ppm": 500_000,
        "income_to_ppm": 1_000_000,
        "fields": [FIELD],
        "notice_days": NOTICE_DAYS,
    }
    told = await stage.ask(
        "operator",
        "reform.draft",
        name="Simulated programme of ownership",
        market_id=stage.facts["market:cn_ip_venue"],
        scope=scope,
        document_sha256=text,
    )
    drafted = one(told, "reform.drafted")["reform"]
    last = local_date(stage.clock.now_ns() + 3 * 365 * NS_PER_DAY, "Asia/Shanghai").isoformat()
    await stage.ask_two(
        "operator",
        "operator2",
        "reform.start_pilot",
        reform_id=drafted["reform_id"],
        version=drafted["version"],
        starts_on=stage.today(),
        ends_on=last,
    )
    reform_id: str = drafted["reform_id"]
    return reform_id


async def _patented(stage: Stage, owner: dict[str, Any]) -> dict[str, Any]:
    """A real patent as an outcome that public money paid for, its right in custody, in parts of sixths."""
    user = owner["user"]
    waiver = await stage.file(user, "Waiver", f"Simulated waiver of the finisher of {owner['patent']['number']}")
    told = await stage.ask(
        user,
        "outcome.register",
        title=owner["patent"]["title"][:180],
        readiness_level=6,
        technology_class="free",
        funding=[{"source": "Simulated science fund", "country": "US", "fiscal": True, "amount_minor": 900_000_00}],
        patent_ids=[owner["patent"]["patent_id"]],
        claims=[{"kind": "finisher", "waiver_sha256": waiver}],
    )
    outcome_id = one(told, "outcome.registered")["outcome"]["outcome_id"]
    told = await stage.ask(
        user,
        "right.register",
        account_id=owner["account_id"],
        outcome_id=outcome_id,
        shares=[{"numerator": 1, "denominator": 3}, {"numerator": 1, "denominator": 6}],
    )
    registered = one(told, "right.registered")
    asset_id = registered["right"]["asset_id"]
    evidence = await stage.file("operator", "Evidence", f"Simulated extract of {owner['patent']['number']}")
    await stage.ask(
        "operator",
        "right.examine",
        asset_id=asset_id,
        title="clear",
        reasons="simulated examination",
        evidence=[evidence],
        technology_class="free",
    )
    return {"outcome_id": outcome_id, "asset_id": asset_id, "total_units": registered["asset"]["total_units"]}


async def _opened(
    stage: Stage, reform_id: str, outcome_id: str, owner: dict[str, Any], team: list[dict[str, Any]], *, kind: str
) -> tuple[str, int]:
    """A case under the programme, decided; until when its notice runs. Before the field is named it is out of scope."""
    asked = {
        "outcome_id": outcome_id,
        "market_id": stage.facts["market:cn_ip_venue"],
        "account_id": owner["account_id"],
        "team": [{"account_id": person["account_id"], "share": person["share"]} for person in team],
        "representative_id": team[0]["account_id"],
        "split_sha256": await stage.file(owner["user"], "Team split", f"Simulated split of the team of {outcome_id}"),
        "kind": kind,
        "reform_id": reform_id,
    }
    await stage.is_refused(owner["user"], "pilot.propose", "pilot.out_of_scope", **asked)
    told = await stage.ask(owner["user"], "pilot.propose", field=FIELD, **asked)
    pilot_id: str = one(told, "pilot.proposed")["pilot"]["pilot_id"]
    decision = await stage.file(owner["user"], "Decision", f"Simulated minutes on {outcome_id}")
    dean = "owner.dean" if kind == "ownership" else "dean"
    told = await stage.ask(dean, "pilot.decide", pilot_id=pilot_id, decision_sha256=decision)
    notice_until_ns: int = next(event["pilot"] for event in told if "pilot" in event)["notice_until_ns"]
    return pilot_id, notice_until_ns


async def _agreed(
    stage: Stage, pilot_id: str, owner: dict[str, Any], team: list[dict[str, Any]], terms: dict[str, Any]
) -> list[dict[str, Any]]:
    """Owner and team sign the same terms; answers what the last signature did."""
    duties = await stage.file(owner["user"], "Duties", f"Simulated duties of the team of {pilot_id}")
    reports = [{"stage": "technology", "due_days": 365, "subject": "Simulated pilot line"}]
    whole = {**terms, "duties_sha256": duties, "reports": reports}
    told: list[dict[str, Any]] = []
    for person in (owner, *team):
        told = await stage.ask(
            person["user"], "pilot.agree", pilot_id=pilot_id, account_id=person["account_id"], terms=whole
        )
    return told


async def _report(stage: Stage, told: list[dict[str, Any]], person: dict[str, Any]) -> str:
    """The team's first report to the institution; answers what it was told."""
    document = await stage.file(person["user"], "Report", "Simulated report on the patented machine")
    owed = one(told, "pilot.reports_planned")["reports"][0]["report_id"]
    filed = await stage.ask(
        person["user"],
        "pilot.report",
        report_id=owed,
        account_id=person["account_id"],
        document_sha256=document,
        progress_ppm=400_000,
        note="simulated",
    )
    event: str = filed[0]["type"]
    return event
