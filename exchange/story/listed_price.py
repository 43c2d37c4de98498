"""Chapter of the listed price: a state university lists a patent, the first taker has it, and a pack shows its care."""

from __future__ import annotations

from typing import Any

from exchange.story.deals import BUYER_CASH_MINOR, bring_into_custody
from exchange.story.founding import fund
from exchange.story.patents import row_of
from exchange.story.stage import Stage, money, one

UNIVERSITY = "Beijing University of Technology"
PATENT = "US12272920B1"
PRICE_MINOR = 180_000_000
PAYMENT_DAYS = 5
CARE = {
    "decision": "minutes of the collective decision to sell",
    "publicity": "record of the publicity inside the institution",
    "care": "valuation report",
    "supervision": "note of the supervising office",
    "no_gain": "statement on conflicts of interest",
}
"""The five heads under which care is shown, and the document for each."""


async def sell_at_a_listed_price(stage: Stage) -> None:
    """Two investors want the same patent: the first has it. Its seller files what shows that it took care."""
    first, late = stage.facts["investors"][7:9]
    for person in (first, late):
        await fund(stage, person["account_id"], person["name"], "CNY", BUYER_CASH_MINOR)
    seller = await _university(stage)
    listing_id, contract = await _offered(stage, seller)
    take = {"listing_id": listing_id, "price_minor": PRICE_MINOR, "contract_sha256": contract}
    told = await stage.ask(first["user"], "listing.take", account_id=first["account_id"], **take)
    offer = one(told, "listing.taken")["offer"]
    deal_id: str = offer["deal_id"]
    await stage.is_refused(late["user"], "listing.take", "listing.state", account_id=late["account_id"], **take)
    heads = list(CARE)
    await _file_under(stage, deal_id, heads[0])
    for user, side in ((seller["user"], "sell"), (first["user"], "buy")):
        await stage.ask(user, "deal.sign", deal_id=deal_id, side=side, contract_sha256=contract)
    told = await stage.ask(
        "operator",
        "recordal.confirm",
        deal_id=deal_id,
        office_reference=f"SIM-RECORDAL-{PATENT}",
        effective_date=stage.today(),
    )
    frozen = one(told, "pack.frozen")["pack"]["state"]
    for head in heads[1:-1]:
        await _file_under(stage, deal_id, head)
    lacking = await stage.is_refused("university", "pack.seal", "pack.incomplete", case_id=deal_id)
    await _file_under(stage, deal_id, heads[-1])
    sealed = one(await stage.ask("university", "pack.seal", case_id=deal_id), "pack.sealed")["pack"]
    stage.tell(
        "listed_price",
        {
            "deal_id": deal_id,
            "price_minor": offer["price_minor"],
            "deposit_minor": offer["deposit_minor"],
            "state": one(told, "deal.completed")["deal"]["state"],
        },
        f"A state university lists {seller['patent']['number']} at {money(PRICE_MINOR)}. The first taker has it "
        f"({deal_id}) and holds a deposit of {money(offer['deposit_minor'])}; the second comes too late "
        "(listing.state).",
    )
    stage.tell(
        "pack",
        {
            "case_id": deal_id,
            "frozen": frozen,
            "lacking": lacking,
            "documents": len(sealed["evidence"]),
            "state": sealed["state"],
            "pack_sha256": sealed["pack_sha256"],
        },
        "That its leaders took care is shown head by head. Without the last document the pack is not sealed "
        f'("{lacking}"); with {len(sealed["evidence"])} it is, under the hash {sealed["pack_sha256"][:16]}…',
    )


async def _university(stage: Stage) -> dict[str, Any]:
    """A real patent's applicant as a simulated state university; its row, imported again, finds its owner."""
    told = await stage.ask(
        "operator",
        "member.register",
        name=f"{UNIVERSITY} (simulated)",
        role="institution",
        country="CN",
        seller_class="state_university",
        simulated=True,
    )
    member_id = one(told, "member.registered")["member"]["member_id"]
    await stage.cast("university", member_id)
    await stage.ask("operator", "member.class", member_id=member_id, standings=["method_statement"])
    await stage.ask("operator", "alias.confirm", name=UNIVERSITY, member_id=member_id)
    headers = {"content-type": "text/csv"}
    await stage.clients["operator"].request("POST", "/v1/patents/upload", row_of(PATENT), headers)
    return {
        "user": "university",
        "member_id": member_id,
        "account_id": one(told, "account.opened")["account"]["account_id"],
        "patent": await stage.own("operator", "/v1/patents", owner_id=member_id),
    }


async def _offered(stage: Stage, seller: dict[str, Any]) -> tuple[str, str]:
    """The patent listed, admitted and offered to everybody; answers the listing and the contract."""
    user, number = seller["user"], seller["patent"]["number"]
    asset_id = await bring_into_custody(stage, seller)
    told = await stage.ask(
        user,
        "listing.propose",
        market_id=stage.facts["market:cn_ip_venue"],
        method="listing",
        account_id=seller["account_id"],
        asset_id=asset_id,
        name=seller["patent"]["title"][:180],
        disclosure_sha256=await stage.file(user, "Disclosure", f"Simulated disclosure of {number}"),
        asking_price_minor=PRICE_MINOR,
    )
    named = {"listing_id": one(told, "listing.proposed")["listing"]["listing_id"]}
    await stage.ask("operator2", "listing.admit", **named)
    contract = await stage.file(user, "Contract", f"Simulated contract on {number}")
    terms = {"contract_sha256": contract, "payment_days": PAYMENT_DAYS, "wait_for_recordal": True}
    await stage.ask(user, "listing.offer", **terms, **named)
    return named["listing_id"], contract


async def _file_under(stage: Stage, deal_id: str, head: str) -> None:
    """The document that shows care under one head of the pack."""
    document = await stage.file("university", CARE[head], f"Simulated {CARE[head]}, {deal_id}")
    await stage.ask("university", "evidence.add", case_id=deal_id, head=head, sha256=document, note=CARE[head])
