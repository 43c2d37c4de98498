"""Chapter five: an institution gives its inventors their share: decision, notice, an objection, agreement."""

from __future__ import annotations

from typing import Any

from exchange.story.stage import Stage, one

TEAM = (("Simulated inventor Ada", 1, 2), ("Simulated inventor Bo", 3, 10), ("Simulated inventor Cy", 1, 5))


async def assign_to_inventors(stage: Stage) -> None:
    """Seven tenths of an outcome paid for with public money go to its three inventors."""
    told = await stage.ask(
        "operator",
        "member.register",
        name="Simulated Institute of Membranes",
        role="institution",
        country="CN",
        seller_class="state_university",
        simulated=True,
    )
    member_id = one(told, "member.registered")["member"]["member_id"]
    account_id = one(told, "account.opened")["account"]["account_id"]
    await stage.cast("institute", member_id)
    await stage.cast("dean", member_id)
    stage.facts["institute"] = {"user": "institute", "member_id": member_id, "account_id": account_id}
    outcome_id, asset_id = await know_how(stage, account_id, "Membrane for brine concentration")
    team = [await inventor(stage, f"inventor{place + 1}", *person) for place, person in enumerate(TEAM)]
    split = await stage.file("institute", "Team split", "Simulated written split of the team")
    case = one(
        await stage.ask(
            "institute",
            "pilot.propose",
            outcome_id=outcome_id,
            market_id=stage.facts["market:cn_ip_venue"],
            account_id=account_id,
            team=[{"account_id": person["account_id"], "share": person["share"]} for person in team],
            representative_id=team[0]["account_id"],
            split_sha256=split,
        ),
        "pilot.proposed",
    )["pilot"]["pilot_id"]
    decision = await stage.file("institute", "Decision", "Simulated minutes of the collective decision")
    await stage.ask("dean", "pilot.decide", pilot_id=case, decision_sha256=decision)
    await stage.days_pass(3)
    await stage.ask(stage.facts["investors"][1]["user"], "pilot.object", pilot_id=case, reason="simulated objection")
    told = await stage.ask("operator", "pilot.resolve", pilot_id=case, upheld=False, reason="simulated: unfounded")
    await stage.wait_until(one(told, "pilot.objection_dismissed")["pilot"]["notice_until_ns"])
    duties = await stage.file("institute", "Duties", "Simulated duties of the team")
    terms = {
        "team_share": {"numerator": 7, "denominator": 10},
        "income_ratio_ppm": 700_000,
        "duties_sha256": duties,
        "reports": [{"stage": "technology", "due_days": 365, "subject": "Simulated pilot line"}],
    }
    told = await stage.ask("institute", "pilot.agree", pilot_id=case, account_id=account_id, terms=terms)
    for person in team:
        told = await stage.ask(
            person["user"], "pilot.agree", pilot_id=case, account_id=person["account_id"], terms=terms
        )
    report = await stage.file(team[0]["user"], "Report", "Simulated report on the pilot line")
    await stage.ask(
        team[0]["user"],
        "pilot.report",
        report_id=one(told, "pilot.reports_planned")["reports"][0]["report_id"],
        account_id=team[0]["account_id"],
        document_sha256=report,
        progress_ppm=250_000,
        note="simulated",
    )
    stage.tell(
        "pilot",
        {
            "pilot_id": case,
            "asset_id": asset_id,
            "inventors": len(team),
            "completed": any(event["type"] == "pilot.completed" for event in told),
        },
        f"A state institute gives {len(team)} inventors seven tenths of an outcome ({case}): decision, public notice, "
        "an objection that is dismissed, an agreement all sign, a first report.",
    )


async def know_how(stage: Stage, account_id: str, title: str) -> tuple[str, str]:
    """A research outcome mainly paid for by public money, its right in custody and found clear."""
    waiver = await stage.file("institute", "Waiver", f"Simulated standing waiver of the finisher of {title}")
    told = await stage.ask(
        "institute",
        "outcome.register",
        title=title,
        readiness_level=5,
        technology_class="free",
        funding=[
            {"source": "Simulated science fund", "country": "CN", "fiscal": True, "amount_minor": 600_000_00},
            {"source": "Simulated partner", "country": "CN", "fiscal": False, "amount_minor": 400_000_00},
        ],
        claims=[{"kind": "finisher", "waiver_sha256": waiver}],
    )
    outcome_id = one(told, "outcome.registered")["outcome"]["outcome_id"]
    told = await stage.ask("institute", "right.register", account_id=account_id, outcome_id=outcome_id)
    asset_id = one(told, "right.registered")["right"]["asset_id"]
    evidence = await stage.file("institute", "Evidence", f"Simulated record of {title}")
    await stage.ask(
        "operator", "right.examine", asset_id=asset_id, title="clear", reasons="simulated", evidence=[evidence]
    )
    return outcome_id, asset_id


async def inventor(stage: Stage, user: str, name: str, numerator: int, denominator: int) -> dict[str, Any]:
    """An inventor as a member with an account of their own."""
    told = await stage.ask(
        "operator",
        "member.register",
        name=name,
        role="investor",
        country="CN",
        seller_class="inventor",
        simulated=True,
    )
    member_id = one(told, "member.registered")["member"]["member_id"]
    await stage.cast(user, member_id)
    return {
        "user": user,
        "name": name,
        "member_id": member_id,
        "account_id": one(told, "account.opened")["account"]["account_id"],
        "share": {"numerator": numerator, "denominator": denominator},
    }
