"""Chapter of income: a licence's income less what it cost, the inventors' half of it, agreed by two and paid."""

from __future__ import annotations

import asyncio
from typing import Any

from exchange.story.founding import fund
from exchange.story.pilot import inventor, know_how
from exchange.story.stage import Stage, StoryBroken, money, one

INCOME_MINOR = 1_000_000_00
DEDUCTED = (("taxes", 60_000_00), ("upkeep", 20_000_00), ("direct_costs", 30_000_00))
NET_MINOR = 890_000_00
FLOOR_MINOR = 445_000_00


async def distribute(stage: Stage) -> None:
    """The plan is worked out first and moves nothing; then the institution's approver and two operators agree to it."""
    institute = stage.facts["institute"]
    account_id = institute["account_id"]
    outcome_id, _ = await know_how(stage, account_id, "Sensor for brine concentration")
    team = [await inventor(stage, f"finisher{n}", f"Simulated finisher {n}", 1, 2) for n in (1, 2)]
    await fund(stage, account_id, "Simulated Institute of Membranes", "CNY", INCOME_MINOR)
    contract = await stage.file("institute", "Licence contract", "Simulated licence contract of the sensor")
    told = await stage.ask(
        "institute",
        "income.record",
        account_id=account_id,
        outcome_id=outcome_id,
        money_asset_id=stage.facts["money:CNY"],
        kind="licence",
        amount_minor=INCOME_MINOR,
        evidence_sha256=contract,
    )
    income_id = one(told, "income.recorded")["income"]["income_id"]
    told = await stage.ask(
        "institute",
        "distribution.propose",
        income_id=income_id,
        deductions=[
            {
                "kind": kind,
                "amount_minor": amount,
                "document_sha256": await stage.file("institute", kind, f"{kind} sim"),
            }
            for kind, amount in DEDUCTED
        ],
        contributors=[{"account_id": person["account_id"], "share": person["share"]} for person in team],
        split_sha256=await stage.file("institute", "Split", "Simulated split of the finishers of the sensor"),
    )
    distribution_id = one(told, "distribution.proposed")["distribution"]["distribution_id"]
    plan = await _until(stage, distribution_id, "planned")
    rewards = {pot["role"]: pot["amount_minor"] for pot in plan["pots"]}
    if plan["net_minor"] != NET_MINOR or rewards["contributors"] != FLOOR_MINOR:
        raise StoryBroken(f"the plan came out as net {plan['net_minor']}, {rewards}")
    named = {"distribution_id": distribution_id, "plan_sha256": plan["plan_sha256"]}
    await stage.is_refused("institute", "distribution.approve", "approval.same_person", **named)
    await stage.ask("dean", "distribution.approve", **named)
    await stage.ask_two("operator", "operator2", "distribution.pay", **named)
    paid = await _until(stage, distribution_id, "paid", "done")
    received = [await _cash(stage, person) for person in team]
    if sum(received) != FLOOR_MINOR:
        raise StoryBroken(f"the finishers received {received}")
    stage.tell(
        "income",
        {
            "distribution_id": distribution_id,
            "state": paid["state"],
            "net_minor": paid["net_minor"],
            "contributors_minor": rewards["contributors"],
            "received_minor": received,
        },
        f"A licence brings an institute {money(INCOME_MINOR)}. After what it cost {money(NET_MINOR)} are left "
        f"({distribution_id}); half of that, the least the law allows, goes to the two who made the outcome.",
    )


async def _until(stage: Stage, distribution_id: str, *states: str) -> dict[str, Any]:
    """Wait for the run that works out, or pays, a plan."""
    for _ in range(200):
        found: dict[str, Any] = (await stage.clients["institute"].get(f"/v1/distributions/{distribution_id}"))["item"]
        if found["state"] in states and found["plan_sha256"]:
            return found
        await asyncio.sleep(0.05)
    raise StoryBroken(f"the distribution stays {found['state']}")


async def _cash(stage: Stage, person: dict[str, Any]) -> int:
    """What a finisher has in yuan."""
    page = await stage.clients[person["user"]].get(f"/v1/accounts/{person['account_id']}/balances")
    return sum(one_["units"] for one_ in page["items"] if one_["asset_id"] == stage.facts["money:CNY"])
