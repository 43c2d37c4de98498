"""Chapter of burdens: one real patent is pledged and released, preserved by a court and freed, then licensed."""

from __future__ import annotations

from typing import Any

from exchange.core.calendar import local_date
from exchange.core.units import NS_PER_DAY
from exchange.story.deals import BUYER_CASH_MINOR, bring_into_custody
from exchange.story.founding import fund
from exchange.story.stage import Stage, money, one

SECURED_MINOR = 300_000_000
LICENCE_MINOR = 40_000_000
FEE_MINOR = 5_000_000


async def burden(stage: Stage) -> None:
    """A pledge, a court's order, an exclusive licence and an open one; what each of them stops is tried."""
    owner = stage.facts["sellers"][5]
    asset_id = await bring_into_custody(stage, owner)
    pledge, order = await _pledge(stage, owner, asset_id), await _preserve(stage, owner, asset_id)
    stage.tell(
        "burdens",
        {"pledge": pledge, "preservation": order},
        f"A patent is pledged for {money(SECURED_MINOR)} ({pledge['encumbrance_id']}): without the annuity's receipt "
        "the check list refuses (pledge.checks_failed), with it the pledge is registered, and released when the debt "
        "is paid.",
        f"A court orders that nothing moves ({order['encumbrance_id']}): a sale is refused (right.encumbered) until "
        "the order is lifted.",
    )
    exclusive = await _license(stage, owner, asset_id)
    taken = await _open_licence(stage, stage.facts["sellers"][6])
    stage.tell(
        "licences",
        {"exclusive": exclusive, "open": taken},
        f"An exclusive licence for the United States is sold for {money(LICENCE_MINOR)} ({exclusive['licence_id']}); "
        "a second one that overlaps is refused, and the refusal names the first (licence.conflict).",
        f"Another owner lets anybody use its patent for {money(FEE_MINOR)}: one takes that open licence "
        f"({taken['taken']}).",
    )


async def _pledge(stage: Stage, owner: dict[str, Any], asset_id: str) -> dict[str, Any]:
    """Without the annuity's receipt the check list refuses; with it the pledge is registered, and later released."""
    lender = stage.facts["investors"][2]
    contract = await stage.file(owner["user"], "Pledge contract", f"Simulated pledge of {owner['patent']['number']}")
    await stage.file(lender["user"], "Pledge contract", f"Simulated pledge of {owner['patent']['number']}")
    receipt = await stage.file(owner["user"], "Annuity receipt", f"Simulated receipt of {owner['patent']['number']}")
    asked = {
        "account_id": owner["account_id"],
        "pledgee_account_id": lender["account_id"],
        "asset_id": asset_id,
        "money_asset_id": stage.facts["money:CNY"],
        "secured_minor": SECURED_MINOR,
        "debt_from": stage.today(),
        "debt_until": _day(stage, 365),
        "contract_sha256": contract,
        "twin_filing": "none",
        "invalidation": "none",
    }
    failed = await stage.is_refused(owner["user"], "pledge.request", "pledge.checks_failed", **asked)
    told = await stage.ask(owner["user"], "pledge.request", annuity_receipt_sha256=receipt, **asked)
    named = {"encumbrance_id": one(told, "pledge.requested")["encumbrance"]["encumbrance_id"]}
    number = f"SIM-PLEDGE-{owner['patent']['number']}"
    told = await stage.ask("operator", "pledge.register", office_reference=number, registered_on=stage.today(), **named)
    registered = one(told, "pledge.registered")["encumbrance"]["state"]
    told = await stage.ask(lender["user"], "pledge.release", reason="simulated: the debt is paid", **named)
    released = one(told, "encumbrance.ended")["encumbrance"]["state"]
    return {**named, "failed": failed, "registered": registered, "released": released, "secured_minor": SECURED_MINOR}


async def _preserve(stage: Stage, owner: dict[str, Any], asset_id: str) -> dict[str, Any]:
    """A court orders that nothing moves: the right is not sold; then it lifts its order."""
    order = await stage.file("operator", "Court order", f"Simulated order on {owner['patent']['number']}")
    told = await stage.ask_two(
        "operator",
        "operator2",
        "preservation.order",
        asset_id=asset_id,
        court="Simulated court",
        reference="SIM-2026-1",
        document_sha256=order,
    )
    found = one(told, "preservation.ordered")["encumbrance"]
    contract = await stage.file(owner["user"], "Contract", f"Simulated sale of {owner['patent']['number']}")
    blocked = await stage.is_refused(
        owner["user"],
        "deal.propose",
        "right.encumbered",
        market_id=stage.facts["market:cn_ip_venue"],
        asset_id=asset_id,
        seller_account_id=owner["account_id"],
        buyer_account_id=stage.facts["investors"][2]["account_id"],
        price_minor=SECURED_MINOR,
        contract_sha256=contract,
    )
    release = await stage.file("operator", "Release", f"Simulated release of {owner['patent']['number']}")
    told = await stage.ask_two(
        "operator",
        "operator2",
        "preservation.lift",
        encumbrance_id=found["encumbrance_id"],
        reference="SIM-2026-2",
        document_sha256=release,
    )
    ended = one(told, "encumbrance.ended")["encumbrance"]["state"]
    return {"encumbrance_id": found["encumbrance_id"], "blocked": blocked, "ended": ended}


async def _license(stage: Stage, owner: dict[str, Any], asset_id: str) -> dict[str, Any]:
    """One licensee has the United States for itself; a second offer that overlaps is refused with the entry."""
    licensee, other = stage.facts["investors"][3:5]
    for person in (licensee, other):
        await fund(stage, person["account_id"], person["name"], "CNY", BUYER_CASH_MINOR)
    contract = await stage.file(owner["user"], "Licence", f"Simulated licence of {owner['patent']['number']}")
    asked = {
        "market_id": stage.facts["market:cn_ip_venue"],
        "asset_id": asset_id,
        "licensor_account_id": owner["account_id"],
        "kind": "exclusive",
        "scope": _scope(stage),
        "price_minor": LICENCE_MINOR,
        "contract_sha256": contract,
    }
    told = await stage.ask(owner["user"], "licence.propose", licensee_account_id=licensee["account_id"], **asked)
    licence = one(told, "licence.proposed")["licence"]
    named = {"licence_id": licence["licence_id"]}
    await stage.ask(licensee["user"], "licence.accept", terms_sha256=licence["terms_sha256"], **named)
    for user, side in ((licensee["user"], "buy"), (owner["user"], "sell")):
        await stage.ask(user, "licence.sign", side=side, contract_sha256=contract, **named)
    conflict = await stage.is_refused(
        owner["user"], "licence.propose", "licence.conflict", licensee_account_id=other["account_id"], **asked
    )
    shown = (await stage.clients[owner["user"]].get(f"/v1/licences/{licence['licence_id']}"))["item"]
    return {**named, "state": shown["state"], "conflict": conflict, "price_minor": LICENCE_MINOR}


async def _open_licence(stage: Stage, owner: dict[str, Any]) -> dict[str, Any]:
    """An owner lets anybody use another patent at a public fee; somebody takes it."""
    asset_id = await bring_into_custody(stage, owner)
    contract = await stage.file(owner["user"], "Open licence", f"Simulated terms of {owner['patent']['number']}")
    told = await stage.ask(
        owner["user"],
        "open_licence.declare",
        market_id=stage.facts["market:cn_ip_venue"],
        asset_id=asset_id,
        account_id=owner["account_id"],
        name=owner["patent"]["title"][:180],
        scope=_scope(stage),
        fee_minor=FEE_MINOR,
        contract_sha256=contract,
    )
    named = {"open_licence_id": one(told, "open_licence.declared")["open_licence"]["open_licence_id"]}
    await stage.ask("operator", "open_licence.publish", office_reference="SIM-OPEN-1", **named)
    taker = stage.facts["investors"][4]
    told = await stage.ask(
        taker["user"],
        "open_licence.take",
        account_id=taker["account_id"],
        fee_minor=FEE_MINOR,
        contract_sha256=contract,
        **named,
    )
    return {**named, "taken": one(told, "open_licence.taken")["licence"]["licence_id"], "fee_minor": FEE_MINOR}


def _scope(stage: Stage) -> dict[str, Any]:
    """The United States, for a year from today."""
    return {"territories": {"countries": ["US"]}, "starts_on": stage.today(), "ends_on": _day(stage, 365)}


def _day(stage: Stage, days: int) -> str:
    """So many days from today."""
    return local_date(stage.clock.now_ns() + days * NS_PER_DAY, "Asia/Shanghai").isoformat()
