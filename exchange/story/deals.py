"""Chapter four: whole patents change hands by agreement under the default profile, one recorded, one refused."""

from __future__ import annotations

from typing import Any

from exchange.story.founding import fund
from exchange.story.stage import Stage, StoryBroken, money, one

PRICE_MINOR = 350_000_000
BUYER_CASH_MINOR = 1_000_000_000
DAYS_AFTER_TRADING = 5


async def bring_into_custody(stage: Stage, institution: dict[str, Any]) -> str:
    """An institution's patent as a whole right in custody, examined and found clear; answers its asset."""
    user = institution["user"]
    if user not in stage.clients:
        await stage.cast(user, institution["member_id"])
    number = institution["patent"]["number"]
    extract = await stage.file(user, "Register extract", f"Simulated register extract of {number}")
    told = await stage.ask(
        user,
        "right.register",
        account_id=institution["account_id"],
        patent_id=institution["patent"]["patent_id"],
        evidence=[extract],
    )
    asset_id: str = one(told, "right.registered")["right"]["asset_id"]
    await stage.ask(
        "operator",
        "right.examine",
        asset_id=asset_id,
        title="clear",
        reasons="simulated examination",
        evidence=[extract],
        technology_class="free",
    )
    return asset_id


async def sell_two_patents(stage: Stage) -> None:
    """Two agreements that wait for the office; one is recorded, the other refused and refunded."""
    await stage.days_pass(DAYS_AFTER_TRADING)
    buyer = stage.facts["investors"][0]
    await fund(stage, buyer["account_id"], buyer["name"], "CNY", BUYER_CASH_MINOR)
    before = await _cash(stage, buyer)
    outcomes: dict[str, str] = {}
    for seller, recorded in zip(stage.facts["sellers"][:2], (True, False), strict=True):
        deal = await _agree(stage, seller, buyer)
        if recorded:
            told = await stage.ask(
                "operator",
                "recordal.confirm",
                deal_id=deal["deal_id"],
                office_reference=f"SIM-RECORDAL-{seller['patent']['number']}",
                effective_date=stage.today(),
            )
            outcomes["recorded"] = one(told, "deal.completed")["deal"]["deal_id"]
        else:
            await stage.ask(
                "operator",
                "recordal.refuse",
                deal_id=deal["deal_id"],
                office_reference=f"SIM-RECORDAL-{seller['patent']['number']}",
                reason="simulated refusal: a signature is missing",
            )
            outcomes["refused"] = deal["deal_id"]
    spent = before - await _cash(stage, buyer)
    if not PRICE_MINOR <= spent < PRICE_MINOR * 2:
        raise StoryBroken(f"the buyer of one recorded and one refused patent spent {spent}")
    stage.tell(
        "deals",
        outcomes,
        f"Two whole patents are sold by agreement for {money(PRICE_MINOR)} each; the prices wait in escrow for the "
        f"office. It records one, and right passes against price ({outcomes['recorded']}); it refuses the other, and "
        f"the buyer has its money back ({outcomes['refused']}).",
    )


async def _agree(stage: Stage, seller: dict[str, Any], buyer: dict[str, Any]) -> dict[str, Any]:
    """From proposal to both signatures; the price is in escrow afterwards."""
    asset_id = await bring_into_custody(stage, seller)
    contract = await stage.file(seller["user"], "Contract", f"Simulated contract on {seller['patent']['number']}")
    told = await stage.ask(
        seller["user"],
        "deal.propose",
        market_id=stage.facts["market:cn_ip_venue"],
        asset_id=asset_id,
        seller_account_id=seller["account_id"],
        buyer_account_id=buyer["account_id"],
        price_minor=PRICE_MINOR,
        contract_sha256=contract,
        wait_for_recordal=True,
    )
    deal: dict[str, Any] = one(told, "deal.proposed")["deal"]
    named = {"deal_id": deal["deal_id"]}
    await stage.ask(buyer["user"], "deal.accept", **named, terms_sha256=deal["terms_sha256"])
    for user, side in ((seller["user"], "sell"), (buyer["user"], "buy")):
        await stage.ask(user, "deal.sign", **named, side=side, contract_sha256=contract)
    return deal


async def _cash(stage: Stage, person: dict[str, Any]) -> int:
    """What an account has in yuan."""
    client = stage.clients[person["user"]]
    page = await client.get(f"/v1/accounts/{person['account_id']}/balances")
    for balance in page["items"]:
        if balance["asset_id"] == stage.facts["money:CNY"]:
            units: int = balance["units"]
            return units
    return 0
