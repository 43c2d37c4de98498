"""Chapter of reconciliation: another register's list differs in a line; the issue stands still until it is resolved."""

from __future__ import annotations

from api.reconciling import read_statement, reconcile
from exchange.story.company import CASH_MINOR
from exchange.story.stage import Stage, StoryBroken, one

SOURCE = "Simulated company registry"
SHORT = 1_000


async def compare_with_a_register(stage: Stage) -> None:
    """The company's members by the registry's file: one has a thousand units less; two operators resolve it."""
    company = stage.facts["company"]
    people, asset_id = company["people"], company["asset_id"]
    wrong = people["stays"]["account_id"]
    theirs = {account: units - SHORT * (account == wrong) for account, units in company["members"].items()}
    file = "\n".join(["account_id,units", *(f"{account},{units}" for account, units in theirs.items()), ""]).encode()
    opening = {
        "source": SOURCE,
        "asset_id": asset_id,
        "statement_date": stage.today(),
        "total_units": sum(company["members"].values()),
    }
    found = await reconcile(stage.clients["operator"], file, read_statement(file, "asset_id"), opening)
    if [line["account_id"] for line in found["differences"]] != [wrong] or not found["suspended"]:
        raise StoryBroken(f"the registry's list was compared as {found}")
    [difference] = found["differences"]
    told = {name: difference[name] for name in ("kind", "account_id", "ours", "theirs")}
    offer = {
        "company_id": company["company_id"],
        "seller_account_id": wrong,
        "buyer_account_id": people["outsider"]["account_id"],
        "units": CASH_MINOR,
        "price_minor": CASH_MINOR,
        "contract_sha256": await stage.file(people["stays"]["user"], "Contract", "Simulated second contract on equity"),
    }
    await stage.is_refused(people["stays"]["user"], "equity.offer", "asset.frozen", **offer)
    letter = await stage.file("operator", "Letter", "Simulated letter of the registry: a figure was misread")
    resolved = await stage.ask_two(
        "operator",
        "operator2",
        "reconciliation.resolve",
        difference_id=difference["difference_id"],
        reason="simulated: the registry misread a figure, its letter says so",
        evidence_sha256=letter,
    )
    state = one(resolved, "reconciliation.resolved")["reconciliation"]["status"]
    one(resolved, "asset.released")
    opened = one(await stage.ask(people["stays"]["user"], "equity.offer", **offer), "equity.offered")["offer"]
    await stage.ask(people["stays"]["user"], "equity.withdraw", offer_id=opened["offer_id"], reason="simulated")
    stage.tell(
        "reconciliation",
        {
            "reconciliation_id": found["statement"]["reconciliation_id"],
            "lines": found["statement"]["lines"],
            "difference": told,
            "suspended": found["suspended"],
            "status": state,
        },
        f"The company registry's list of its members has {len(theirs)} lines; one says {told['theirs']:,} units "
        f"where this register has {told['ours']:,}. The equity is suspended: nobody can offer any (asset.frozen).",
        "Two operators resolve the difference with the registry's letter on file; equity may be offered again.",
    )
