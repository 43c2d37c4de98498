"""Chapter of the second signature: above a value that a market's rules name, one person of a member is not enough."""

from __future__ import annotations

import json
from typing import Any

from exchange.core.rule_messages import PublishedKind
from exchange.rulebook import shipped
from exchange.rulebook.profile import parse_profile
from exchange.story.deals import BUYER_CASH_MINOR, bring_into_custody
from exchange.story.founding import fund, put_in_force
from exchange.story.stage import Stage, money, one

PROFILE = "cn_ip_venue"
ABOVE_MINOR = 500_000_000
PRICE_MINOR = 620_000_000
SIGNING_HOURS = 48


def profile_with_a_threshold() -> tuple[str, int]:
    """The venue's profile as a further version that asks for a second person above a price; and that version."""
    text = json.loads(shipped.profile_text(PROFILE))
    text["version"] += 1
    rule = {"command": "deal.propose", "above_minor": ABOVE_MINOR, "right": "approve", "life_hours": SIGNING_HOURS}
    text["fields"]["four_eyes"] = {
        "value": [rule],
        "source": "Simulated: the house asks for two signatures on what is worth more",
        "provision": "HOUSE-4E",
        "mark": "S",
    }
    return json.dumps(text, ensure_ascii=False), text["version"]


async def sell_with_two_signatures(stage: Stage) -> None:
    """A proposal at the threshold goes through; one above it waits until a colleague of its maker signs it."""
    market_id = await _guarded_market(stage)
    seller, buyer = stage.facts["sellers"][8], stage.facts["investors"][6]
    await fund(stage, buyer["account_id"], buyer["name"], "CNY", BUYER_CASH_MINOR)
    asset_id = await bring_into_custody(stage, seller)
    colleague = f"{seller['user']}.second"
    await stage.cast(colleague, seller["member_id"])
    contract = await stage.file(seller["user"], "Contract", f"Simulated contract on {seller['patent']['number']}")
    asked = {
        "market_id": market_id,
        "asset_id": asset_id,
        "seller_account_id": seller["account_id"],
        "buyer_account_id": buyer["account_id"],
        "contract_sha256": contract,
        "wait_for_recordal": True,
    }
    told = await stage.ask(seller["user"], "deal.propose", price_minor=ABOVE_MINOR, **asked)
    at_threshold = one(told, "deal.proposed")["deal"]["deal_id"]
    await stage.ask(seller["user"], "deal.withdraw", deal_id=at_threshold, reason="simulated: a better offer came")
    told = await stage.ask(seller["user"], "deal.propose", price_minor=PRICE_MINOR, **asked)
    approval_id = one(told, "approval.requested")["approval"]["approval_id"]
    await stage.is_refused(seller["user"], "approval.grant", "approval.same_person", approval_id=approval_id)
    told = await stage.ask(colleague, "approval.grant", approval_id=approval_id)
    deal: dict[str, Any] = one(told, "deal.proposed")["deal"]
    named = {"deal_id": deal["deal_id"]}
    await stage.ask(buyer["user"], "deal.accept", terms_sha256=deal["terms_sha256"], **named)
    for user, side in ((seller["user"], "sell"), (buyer["user"], "buy")):
        await stage.ask(user, "deal.sign", side=side, contract_sha256=contract, **named)
    stage.facts["contracted"] = {**named, "asset_id": asset_id, "seller": seller, "buyer": buyer}
    stage.tell(
        "two_signatures",
        {**named, "approval_id": approval_id, "above_minor": ABOVE_MINOR, "price_minor": PRICE_MINOR},
        f"The rules of another market ask for a second signature on an offer above {money(ABOVE_MINOR)}.",
        f"At exactly that price {seller['patent']['number']} is offered by one person; at {money(PRICE_MINOR)} the "
        f"offer waits ({approval_id}). Its maker may not sign it again; a colleague signs, and it becomes "
        f"{deal['deal_id']}: both sides sign, and the price lies in escrow.",
    )


async def _guarded_market(stage: Stage) -> str:
    """A market beside the venue's first, under the profile with the threshold."""
    text, version = profile_with_a_threshold()
    await put_in_force(stage, PublishedKind.PROFILE, parse_profile, text)
    opened = await stage.ask(
        "operator",
        "market.open",
        name="cn_ip_venue_two_signatures",
        profile=PROFILE,
        profile_version=version,
        currency="CNY",
        money_asset_id=stage.facts["money:CNY"],
        calendar="cn",
        calendar_version=1,
        fee_schedule=PROFILE,
    )
    market_id: str = one(opened, "market.opened")["market"]["market_id"]
    return market_id
