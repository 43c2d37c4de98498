"""Chapter of first refusal: a co-owner steps in before a stranger on the stranger's own terms, another lets it go."""

from __future__ import annotations

from typing import Any

from exchange.core.units import NS_PER_DAY
from exchange.story.founding import fund
from exchange.story.stage import Stage, StoryBroken, money, one

PRICE_MINOR = 120_000_000
CASH_MINOR = 300_000_000
CONSENT_DAYS = 30


async def step_in(stage: Stage) -> None:
    """The owner of half a patent sells it to a stranger; of its team, which owns the rest, one takes it instead."""
    owned = stage.facts["co_owned"]
    owner, (taker, other) = owned["owner"], owned["team"]
    stranger = stage.facts["investors"][9]
    await stage.ask("operator", "member.class", member_id=taker["member_id"], standings=["method_statement"])
    for person in (stranger, taker):
        await fund(stage, person["account_id"], person["name"], "CNY", CASH_MINOR)
    contract = await stage.file(owner["user"], "Contract", f"Simulated sale of half of {owner['patent']['number']}")
    asked = {
        "market_id": stage.facts["market:cn_ip_venue"],
        "asset_id": owned["asset_id"],
        "seller_account_id": owner["account_id"],
        "buyer_account_id": stranger["account_id"],
        "price_minor": PRICE_MINOR,
        "units": owned["total_units"] // 2,
        "contract_sha256": contract,
        "wait_for_recordal": True,
    }
    missing = await stage.is_refused(owner["user"], "deal.propose", "consent.missing", **asked)
    for person in (taker, other):
        await _consents(stage, person, owned["asset_id"])
    deal = one(await stage.ask(owner["user"], "deal.propose", **asked), "deal.proposed")["deal"]
    named = {"deal_id": deal["deal_id"]}
    terms = {"terms_sha256": deal["terms_sha256"]}
    await stage.ask(stranger["user"], "deal.accept", **terms, **named)
    claims = [await stage.own(person["user"], "/v1/prior-claims", **named) for person in (taker, other)]
    await stage.ask(
        taker["user"],
        "prior_claim.exercise",
        claim_id=claims[0]["claim_id"],
        account_id=taker["account_id"],
        contract_sha256=contract,
        **terms,
    )
    told = await stage.ask(other["user"], "prior_claim.waive_round", claim_id=claims[1]["claim_id"])
    parts = one(told, "pre_emption.closed")["deal"]["parts"]
    await stage.ask(owner["user"], "deal.sign", side="sell", contract_sha256=contract, **named)
    told = await stage.ask(
        "operator",
        "recordal.confirm",
        office_reference=f"SIM-RECORDAL-{owner['patent']['number']}-H",
        effective_date=stage.today(),
        **named,
    )
    done = one(told, "deal.completed")["deal"]
    if [part["account_id"] for part in parts] != [taker["account_id"]]:
        raise StoryBroken(f"who stepped in came out as {parts}")
    stage.tell(
        "first_refusal",
        {
            **named,
            "state": done["state"],
            "noticed": len(claims),
            "taker_took_units": parts[0]["units"],
            "of_units": owned["total_units"],
            "price_minor": parts[0]["price_minor"],
            "displaced": done["displaced_account_id"] == stranger["account_id"],
            "missing": missing,
        },
        f"The owner of half of {owner['patent']['number']} sells it to a stranger for {money(PRICE_MINOR)} "
        f"({deal['deal_id']}): not without the consent of its two co-owners (consent.missing).",
        "Both consent to a sale, and both have a right of first refusal: one takes the half on the stranger's terms, "
        f"the other waives. The stranger goes without; {money(parts[0]['price_minor'])} are the co-owner's to pay.",
    )


async def _consents(stage: Stage, person: dict[str, Any], asset_id: str) -> None:
    """A co-owner agrees, on paper, that the other may sell."""
    paper = await stage.file(
        person["user"], "Consent", f"Simulated consent of {person['user']} to a sale of {asset_id}"
    )
    await stage.ask(
        person["user"],
        "consent.give",
        asset_id=asset_id,
        member_id=person["member_id"],
        act="sale",
        until_ns=stage.clock.now_ns() + CONSENT_DAYS * NS_PER_DAY,
        document_sha256=paper,
    )
