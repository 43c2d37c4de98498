"""Chapter of the product: three licence fees behind one class of notes, traded on a book, paid, and rewarded."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from exchange.story.deals import bring_into_custody
from exchange.story.founding import fund
from exchange.story.stage import Stage, StoryBroken, one

FEES_MINOR = (4_200_000, 3_600_000, 2_700_000)
NOTES = 1_000
FACE_MINOR = 10_000
SUBSCRIBERS = 4
BUDGET_MINOR = 1_000_000
LOT_NOTES, SOLD_LOTS, PRICE_MINOR = 10, 8, 100_500
"""Notes of a lot on the book, and what one holder sells another there: lots, and the price of a lot."""


async def pool_and_pay(stage: Stage) -> None:
    """Claims, notes, a trade, one payment, two rewards."""
    money, market = stage.facts["money:XTS"], stage.facts["market:sandbox"]
    originators = stage.facts["sellers"][2:5]
    debtors = stage.facts["investors"][5:8]
    claims: list[str] = []
    for place, (originator, debtor) in enumerate(zip(originators, debtors, strict=True)):
        asset_id = await bring_into_custody(stage, originator)
        told = await stage.ask(
            originator["user"],
            "claim.register",
            originator_account_id=originator["account_id"],
            debtor_account_id=debtor["account_id"],
            right_asset_id=asset_id,
            money_asset_id=money,
            amount_minor=FEES_MINOR[place],
            due_date=stage.today(),
            contract_sha256=hashlib.sha256(f"licence {place}".encode()).hexdigest(),
        )
        claims.append(one(told, "claim.registered")["claim"]["claim_id"])
    arranger = await _member(stage, "arranger", "Simulated arranger", "intermediary")
    issuer = originators[0]
    told = await stage.ask(
        issuer["user"],
        "product.create",
        name="Sample licence fees 1",
        market_id=market,
        issuer_account_id=issuer["account_id"],
        arranger_member_id=arranger["member_id"],
        claims=claims,
        note_face_minor=FACE_MINOR,
        notes=NOTES,
        final_date="2027-12-31",
    )
    product_id = one(told, "product.created")["product"]["product_id"]
    await stage.ask_two("operator", "operator2", "product.offer", product_id=product_id)
    holders = stage.facts["investors"][10 : 10 + SUBSCRIBERS]
    for holder in holders:
        await stage.ask(
            holder["user"],
            "product.subscribe",
            product_id=product_id,
            account_id=holder["account_id"],
            notes=NOTES // SUBSCRIBERS,
        )
    await stage.ask("operator", "product.close", product_id=product_id)
    traded = await _trade_on_a_book(stage, product_id, issuer, holders)
    await stage.days_pass(20)
    for debtor, claim_id in zip(debtors, claims, strict=True):
        await fund(stage, debtor["account_id"], debtor["name"], "XTS", max(FEES_MINOR))
        await stage.ask(debtor["user"], "claim.pay", claim_id=claim_id)
    await stage.ask_two("operator", "operator2", "product.pay", product_id=product_id)
    await _until_paid(stage, product_id)
    rewards = await _reward(stage, product_id, issuer, arranger)
    stage.facts["product"] = {
        "product_id": product_id,
        "collected_minor": sum(FEES_MINOR),
        "holders_paid": len(holders),
        "traded": traded,
        "rewards_minor": rewards,
    }


async def _trade_on_a_book(
    stage: Stage, product_id: str, issuer: dict[str, Any], holders: list[dict[str, Any]]
) -> dict[str, Any]:
    """The issuer lists the notes in the sandbox, whose profile allows a book; one holder sells another some there.

    A payment that ends the notes waits until they are listed no more.
    """
    note = (await stage.clients["operator"].get(f"/v1/products/{product_id}"))["item"]["note_asset_id"]
    disclosure = await stage.file(issuer["user"], "Disclosure", f"Simulated disclosure of the notes of {product_id}")
    told = await stage.ask(
        issuer["user"],
        "listing.propose",
        market_id=stage.facts["market:sandbox"],
        method="order_book",
        account_id=issuer["account_id"],
        asset_id=note,
        name="Sample licence fees 1, notes",
        disclosure_sha256=disclosure,
        lot_units=LOT_NOTES,
        tick_minor=1,
        band_low_ticks=PRICE_MINOR // 2,
        band_high_ticks=PRICE_MINOR * 2,
    )
    listing_id = one(told, "listing.proposed")["listing"]["listing_id"]
    admitted = one(await stage.ask("operator2", "listing.admit", listing_id=listing_id), "listing.admitted")
    instrument_id = admitted["instrument"]["instrument_id"]
    await stage.ask("operator", "instrument.change_phase", instrument_id=instrument_id, phase="continuous")
    for side, holder in zip(("sell", "buy"), holders, strict=False):
        told = await stage.ask(
            holder["user"],
            "order.place",
            client_order_id=f"notes-{side}",
            account_id=holder["account_id"],
            instrument_id=instrument_id,
            side=side,
            quantity_lots=SOLD_LOTS,
            price_ticks=PRICE_MINOR,
            time_in_force="gtc",
        )
    trade = one(told, "trade.made")
    await stage.ask("operator", "listing.delist", listing_id=listing_id, reason="the notes are about to be paid")
    return {
        "code": admitted["instrument"]["code"],
        "notes": trade["quantity_lots"] * LOT_NOTES,
        "price_minor": trade["quantity_lots"] * trade["price_ticks"],
    }


async def _reward(stage: Stage, product_id: str, issuer: dict[str, Any], arranger: dict[str, Any]) -> dict[str, int]:
    """The sponsor of the programme "sample" rewards who issued and who arranged."""
    sponsor = await _member(stage, "sponsor", "Simulated programme office", "intermediary")
    await fund(stage, sponsor["account_id"], "Simulated programme office", "XTS", BUDGET_MINOR)
    told = await stage.ask(
        "sponsor",
        "programme.open",
        name="sample",
        sponsor_account_id=sponsor["account_id"],
        money_asset_id=stage.facts["money:XTS"],
        issuer_rate_ppm=20_000,
        intermediary_rate_ppm=5_000,
        cap_minor=500_000,
        budget_minor=BUDGET_MINOR,
    )
    programme_id = one(told, "programme.opened")["programme"]["programme_id"]
    paid: dict[str, int] = {}
    for role, person in (("issuer", issuer), ("intermediary", arranger)):
        asked = {
            "programme_id": programme_id,
            "product_id": product_id,
            "role": role,
            "account_id": person["account_id"],
        }
        reward = one(await stage.ask(person["user"], "reward.claim", **asked), "reward.claimed")["reward"]
        await stage.is_refused(person["user"], "reward.claim", "reward.double_claim", **asked)
        await stage.ask_two("operator", "operator2", "reward.pay", reward_id=reward["reward_id"])
        paid[role] = reward["amount_minor"]
    return paid


async def _member(stage: Stage, user: str, name: str, role: str) -> dict[str, Any]:
    told = await stage.ask("operator", "member.register", name=name, role=role, country="CN", simulated=True)
    member_id = one(told, "member.registered")["member"]["member_id"]
    await stage.cast(user, member_id)
    return {
        "user": user,
        "member_id": member_id,
        "account_id": one(told, "account.opened")["account"]["account_id"],
    }


async def _until_paid(stage: Stage, product_id: str) -> None:
    """Wait for the run to end."""
    for _ in range(100):
        page = await stage.clients["operator"].get(f"/v1/products/{product_id}")
        if page["item"]["status"] == "paid":
            return
        await asyncio.sleep(0.05)
    raise StoryBroken("the holders were not paid")
