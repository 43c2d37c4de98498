"""Twelve loans on pledged real patents become a pool: every pledge registered, every right valued, every rule kept.

Shaped like the published Nanshan no. 5 deal of 2022: 206 million yuan lent to 12 firms for a year. The borrowers, the
lender and all amounts of single loans are simulated; the patents are real.
Source: SECURITIZATION.md 1.4.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from exchange.core.parties import Standing
from exchange.story.deals import bring_into_custody
from exchange.story.stage import Stage, StoryBroken, money, one

YUAN = 100
MILLION = 1_000_000 * YUAN
LOANS = (30, 25, 22, 20, 18, 17, 16, 15, 14, 12, 10, 7)
"""What each borrower owes, in millions of yuan: 206 in all."""
RATE_PPM = 52_000
"""What borrowers pay a year."""
LEAST_PPM = 990_000
"""What the lender takes for a loan at the least, of what is owed: the costs of closing are its own."""
VALUE_TIMES = 2
"""How often a right's value covers its loan."""
INDUSTRIES = ("C27", "C39", "I65", "C35")
RULES: tuple[dict[str, Any], ...] = (
    {"name": "pledge loans alone", "kind": "asset_kind", "among": ["pledge_loan"]},
    {"name": "secured in full", "kind": "secured", "value": 1_000_000},
    {"name": "half the value", "kind": "loan_to_value_to", "value": 500_000},
    {"name": "no arrears", "kind": "arrears_to", "value": 0},
    {"name": "clear titles", "kind": "title_clear"},
    {"name": "rights in force", "kind": "right_in_force"},
    {"name": "rights outlive the notes", "kind": "right_outlives_final", "value": 180},
    {"name": "ends before the notes", "kind": "last_due_by_final", "value": 0},
    {"name": "valued this year", "kind": "valued", "value": 365},
    {"name": "one debtor", "kind": "debtor_to", "value": 150_000},
    {"name": "three debtors", "kind": "top_debtors_to", "count": 3, "value": 400_000},
    {"name": "twelve debtors", "kind": "debtors_from", "count": 12},
    {"name": "one industry", "kind": "industry_to", "value": 400_000},
    {"name": "not concentrated", "kind": "hhi_debtors_to", "value": 110_000_000_000},
)
"""What the pool may hold. The names are the story's, the kinds the rulebook's."""


def months_on(day: str, months: int) -> str:
    """The same day of a later month, the 28th at most."""
    start = date.fromisoformat(day)
    years, month = divmod(start.month - 1 + months, 12)
    return date(start.year + years, month + 1, min(start.day, 28)).isoformat()


async def professional(stage: Stage, user: str, name: str, role: str) -> dict[str, Any]:
    """A member that every market here admits, and its user."""
    told = await stage.ask("operator", "member.register", name=name, role=role, country="CN", simulated=True)
    member_id = one(told, "member.registered")["member"]["member_id"]
    account_id = one(told, "account.opened")["account"]["account_id"]
    standings = [Standing.PROFESSIONAL.value, Standing.METHOD_STATEMENT.value]
    await stage.ask("operator", "member.class", member_id=member_id, standings=standings)
    await stage.cast(user, member_id)
    return {"user": user, "member_id": member_id, "account_id": account_id, "name": name}


async def pool_loans(stage: Stage) -> None:
    """The lender's twelve loans are offered to the issuer's pool; one that breaks a rule stays out; it is sealed."""
    lender = await professional(stage, "lender", "Simulated micro-loan company", "institution")
    issuer = await professional(stage, "issuer", "Simulated plan manager", "intermediary")
    valuer = await professional(stage, "valuer", "Simulated valuer", "intermediary")
    borrowers = _borrowers(stage, len(LOANS))
    starts_on = stage.today()
    final = months_on(starts_on, 13)
    told = await stage.ask(
        issuer["user"],
        "pool.open",
        name="Twelve pledged loans",
        kind="static",
        issuer_account_id=issuer["account_id"],
        money_asset_id=stage.facts["money:CNY"],
        cut_off_date=starts_on,
        final_date=final,
        rules=[{**rule, "name": rule["name"].replace(" ", "_")} for rule in RULES],
        haircut_ppm=300_000,
    )
    pool_id = one(told, "pool.opened")["pool"]["pool_id"]
    facts = {"pool_id": pool_id, "starts_on": starts_on, "final": final}
    stage.facts["loans"] = facts | {"lender": lender, "issuer": issuer, "valuer": valuer, "borrowers": borrowers}
    assets = await asyncio.gather(
        *(_lend(stage, place, borrower) for place, borrower in enumerate(borrowers)),
    )
    for asset in assets[:-1]:
        await stage.ask(issuer["user"], "pool_asset.add", pool_asset_id=asset["pool_asset_id"])
    early = await stage.is_refused(issuer["user"], "pool.seal", "pool.rules_failed", pool_id=pool_id)
    await stage.ask(issuer["user"], "pool_asset.add", pool_asset_id=assets[-1]["pool_asset_id"])
    sealed = one(await stage.ask(issuer["user"], "pool.seal", pool_id=pool_id), "pool.sealed")["pool"]
    if sealed["balance_minor"] != sum(LOANS) * MILLION:
        raise StoryBroken(f"the pool owes {sealed['balance_minor']}")
    stage.facts["loans"] |= {
        "seal_sha256": sealed["seal_sha256"],
        "balance_minor": sealed["balance_minor"],
        "borrowing_base_minor": sealed["borrowing_base_minor"],
        "assets": [asset["pool_asset_id"] for asset in assets],
        "refused_seal": early,
    }
    stage.tell(
        "pool",
        {"pool_id": pool_id, "loans": len(assets), "balance_minor": sealed["balance_minor"]},
        f"{len(LOANS)} institutions borrow {money(sealed['balance_minor'])} on real patents, each pledged and valued. "
        f"With eleven loans the pool is not sealed (pool.rules_failed): {early}. With the twelfth it is ({pool_id}).",
    )


def _borrowers(stage: Stage, count: int) -> list[dict[str, Any]]:
    """Institutions with a second patent, which no other chapter uses, that outlives the notes by far."""
    long_enough = months_on(stage.today(), 24)
    found: list[dict[str, Any]] = []
    for institution in stage.facts["institutions"]:
        spare = stage.facts["listable"].get(institution["member_id"], [])[1:]
        lasting = [patent for patent in spare if (patent["nominal_expiry"] or "") > long_enough]
        found += [{**institution, "patent": patent} for patent in lasting[:1]]
    if len(found) < count:
        raise StoryBroken(f"only {len(found)} institutions have a patent to pledge")
    return found[:count]


async def _lend(stage: Stage, place: int, borrower: dict[str, Any]) -> dict[str, Any]:
    """One loan: the right comes into custody, is pledged and valued, and the loan is offered to the pool."""
    facts = stage.facts["loans"]
    lender, amount_minor = facts["lender"], LOANS[place] * MILLION
    asset_id = await bring_into_custody(stage, borrower)
    pledge_id = await _pledge(stage, borrower, asset_id, amount_minor)
    valuer = facts["valuer"]
    await stage.ask(
        valuer["user"],
        "valuation.record",
        right_asset_id=asset_id,
        money_asset_id=stage.facts["money:CNY"],
        value_minor=VALUE_TIMES * amount_minor,
        valued_on=stage.today(),
        method="income",
        document_sha256=await stage.file(valuer["user"], "Valuation", f"Simulated valuation {place}"),
    )
    told = await stage.ask(
        lender["user"],
        "pool_asset.register",
        pool_id=facts["pool_id"],
        kind="pledge_loan",
        originator_account_id=lender["account_id"],
        debtor_account_id=borrower["account_id"],
        right_asset_id=asset_id,
        encumbrance_id=pledge_id,
        flows=_flows(facts["starts_on"], amount_minor),
        industry=INDUSTRIES[place % len(INDUSTRIES)],
        region="CN-GD",
        least_ppm=LEAST_PPM,
        contract_sha256=await stage.file(lender["user"], "Loan contract", f"Simulated loan {place}"),
    )
    registered: dict[str, Any] = one(told, "pool_asset.registered")["pool_asset"]
    return registered


def _flows(starts_on: str, amount_minor: int) -> list[dict[str, Any]]:
    """Interest every quarter, all principal after a year."""
    interest = amount_minor * RATE_PPM // 1_000_000 // 4
    dues = [months_on(starts_on, months) for months in (3, 6, 9, 12)]
    last = len(dues) - 1
    return [
        {"due_date": due, "principal_minor": amount_minor if place == last else 0, "interest_minor": interest}
        for place, due in enumerate(dues)
    ]


async def _pledge(stage: Stage, borrower: dict[str, Any], asset_id: str, secured_minor: int) -> str:
    """The borrower's patent is pledged to the lender, and the office's registration is entered."""
    lender, number = stage.facts["loans"]["lender"], borrower["patent"]["number"]
    contract = await stage.file(borrower["user"], "Pledge contract", f"Simulated pledge of {number} for a loan")
    await stage.file(lender["user"], "Pledge contract", f"Simulated pledge of {number} for a loan")
    receipt = await stage.file(borrower["user"], "Annuity receipt", f"Simulated receipt of {number}")
    told = await stage.ask(
        borrower["user"],
        "pledge.request",
        account_id=borrower["account_id"],
        pledgee_account_id=lender["account_id"],
        asset_id=asset_id,
        money_asset_id=stage.facts["money:CNY"],
        secured_minor=secured_minor,
        debt_from=stage.today(),
        debt_until=months_on(stage.today(), 12),
        contract_sha256=contract,
        annuity_receipt_sha256=receipt,
        twin_filing="none",
        invalidation="none",
    )
    pledge_id: str = one(told, "pledge.requested")["encumbrance"]["encumbrance_id"]
    await stage.ask(
        "operator",
        "pledge.register",
        encumbrance_id=pledge_id,
        office_reference=f"SIM-LOAN-{number}",
        registered_on=stage.today(),
    )
    return pledge_id
