"""Chapter of rewards: a city rewards who issued and served the notes, a district what a borrower paid for its money.

Two programmes as they were published, with simulated money behind them. The city's names no amounts: it is put to work
only with an authority's formula, by its decision. The district's (Nanshan, 2025) has its own bands and caps: 70 % of
what 4 % on ten million cost is 280,000.
Source: SECURITIZATION.md 5.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from exchange.core.rule_messages import PublishedKind
from exchange.rulebook import shipped
from exchange.rulebook.programmes import RewardProgramme, parse_programme
from exchange.story.founding import fund, put_in_force
from exchange.story.loans import MILLION, YUAN, professional
from exchange.story.stage import Stage, StoryBroken, money, one

CITY, DISTRICT = "cn_note_securitization", "nanshan_securitization_2025"
CITY_BUDGET_MINOR, DISTRICT_BUDGET_MINOR = 1 * MILLION, 2 * MILLION
ISSUER_PPM = 1_000
EACH_MINOR = {"intermediary": 50_000 * YUAN, "enterprise": 20_000 * YUAN}
"""What the city's simulated decision gives: a thousandth of the issue to its issuer, sums to those beside it."""
LOAN_MINOR, COST_MINOR, REVENUE_MINOR = 10 * MILLION, 400_000 * YUAN, 300 * MILLION
"""A loan that a borrower had before, what it cost, and what the borrower turned over in the year."""
CALL_DAYS, NOTICE_DAYS = 10, 8


class Claim(NamedTuple):
    """An application, and whose it is."""

    application_id: str
    user: str
    account_id: str


async def reward(stage: Stage) -> None:
    """Both programmes are put to work; four parties claim, once each; the awards are shown, approved and paid."""
    for name in (CITY, DISTRICT):
        await put_in_force(stage, PublishedKind.REWARD_PROGRAMME, parse_programme, shipped.programme_text(name))
    offices = {
        CITY: await professional(stage, "city", "Simulated city authority", "intermediary"),
        DISTRICT: await professional(stage, "district", "Simulated district office", "intermediary"),
    }
    city_call = await _call(stage, CITY, offices[CITY], CITY_BUDGET_MINOR, decided=True)
    district_call = await _call(stage, DISTRICT, offices[DISTRICT], DISTRICT_BUDGET_MINOR, decided=False)
    notes, borrower = stage.facts["notes"], stage.facts["loans"]["borrowers"][0]
    claims: dict[str, Claim] = {}
    for role, party in (
        ("issuer", notes["cast"]["issuer"]),
        ("intermediary", notes["cast"]["arranger"]),
        ("enterprise", borrower),
    ):
        named = {"call_id": city_call, "role": role, "issue_id": notes["issue_id"]}
        claims[role] = await _claim(stage, party, named, ())
        await stage.is_refused(
            party["user"], "application.open", "reward.double_claim", **named, account_id=party["account_id"]
        )
    event_id = await _settled(stage, borrower)
    named = {"call_id": district_call, "role": "enterprise", "event_id": event_id}
    figures = ({"fact": "revenue", "value": REVENUE_MINOR},)
    claims["borrower"] = await _claim(stage, borrower, named, figures)
    for claim in claims.values():
        await _step(stage, claim, "application.review", verdict="accept", reason="complete and true")
    await stage.days_pass(CALL_DAYS + 1)
    await stage.ask_two("operator", "operator2", "scheme_call.award", call_id=district_call, count=1)
    paid = await _paid(stage, claims)
    stage.tell(
        "rewards",
        {"paid_minor": paid, "applications": {name: claim.application_id for name, claim in claims.items()}},
        f"The city rewards securitization by a published programme that names no amount: it is not put to work without "
        f"an authority's formula (scheme.no_amount). By a decision on file the issuer of the notes has "
        f"{money(paid['issuer'])}, their arranger {money(paid['intermediary'])}, a borrower "
        f"{money(paid['enterprise'])}; nobody claims twice (reward.double_claim).",
        f"Under the Nanshan programme of 2025 a borrower had a loan of {money(LOAN_MINOR)} for {money(COST_MINOR)}; "
        f"seven tenths of it, {money(paid['borrower'])}, are awarded when the call is over, shown, approved by two and "
        "paid.",
    )


async def _call(stage: Stage, programme: str, office: dict[str, Any], budget_minor: int, *, decided: bool) -> str:
    """Put a sponsor's money behind a programme, put it to work, and call for applications."""
    await fund(stage, office["account_id"], office["name"], "CNY", budget_minor)
    told = await stage.ask(
        office["user"],
        "scheme.open",
        programme=programme,
        sponsor_account_id=office["account_id"],
        money_asset_id=stage.facts["money:CNY"],
        budget_minor=budget_minor,
    )
    named: dict[str, Any] = {"scheme_id": one(told, "scheme.opened")["scheme"]["scheme_id"]}
    amounts: dict[str, Any] = {}
    if decided:
        waiting = one(await stage.ask("operator", "scheme.activate", **named), "approval.requested")
        signed = {"approval_id": waiting["approval"]["approval_id"]}
        await stage.is_refused("operator2", "approval.grant", "scheme.no_amount", **signed)
        decision = await stage.file(office["user"], "Decision", "Simulated decision on amounts")
        size = {"rule": "rate", "rate_ppm": ISSUER_PPM, "of": {"rule": "base", "fact": "issue_size"}}
        sums = ({"role": role, "formula": {"rule": "fixed", "amount_minor": sum_}} for role, sum_ in EACH_MINOR.items())
        amounts = {"amounts": [{"role": "issuer", "formula": size}, *sums], "decision_sha256": decision}
    await stage.ask_two("operator", "operator2", "scheme.activate", **named, **amounts)
    called = await stage.ask(
        "operator",
        "scheme_call.open",
        **named,
        year=int(stage.today()[:4]),
        opens_on=stage.today(),
        closes_on=(date.fromisoformat(stage.today()) + timedelta(days=CALL_DAYS)).isoformat(),
        budget_minor=budget_minor,
    )
    call_id: str = one(called, "scheme_call.opened")["call"]["call_id"]
    return call_id


async def _settled(stage: Stage, borrower: dict[str, Any]) -> str:
    """Two operators put on record that a borrower settled an earlier loan, with what it was and cost."""
    settlement = await stage.file("operator", "Loan settlement", "Simulated settlement of last year's pledge loan")
    told = await stage.ask_two(
        "operator",
        "operator2",
        "reward_event.record",
        kind="loan_settled",
        reference="SIM-SETTLED-1",
        happened_on=stage.today(),
        parties=[{"role": "enterprise", "member_id": borrower["member_id"]}],
        facts=[
            {"fact": "financing", "value": LOAN_MINOR},
            {"fact": "financing_cost", "value": COST_MINOR},
        ],
        document_sha256=settlement,
    )
    event_id: str = one(told, "reward_event.recorded")["event"]["event_id"]
    return event_id


async def _claim(
    stage: Stage, party: dict[str, Any], named: dict[str, Any], figures: tuple[dict[str, Any], ...]
) -> Claim:
    """A party opens its claim and hands it in with every kind of evidence its programme asks for."""
    opened = await stage.ask(party["user"], "application.open", **named, account_id=party["account_id"])
    application = one(opened, "application.changed")["application"]
    programme = parse_programme(shipped.programme_text(application["programme"]))
    if not isinstance(programme, RewardProgramme):
        raise StoryBroken(f"{application['programme']} cannot be read")
    evidence = [
        {
            "kind": kind,
            "document_sha256": await stage.file(party["user"], kind, f"Simulated {kind} of {named}"),
            "figures": [] if place else list(figures),
        }
        for place, kind in enumerate(programme.fields.evidence.value)
    ]
    claim = Claim(application["application_id"], party["user"], party["account_id"])
    await stage.ask(party["user"], "application.submit", application_id=claim.application_id, evidence=evidence)
    return claim


async def _paid(stage: Stage, claims: dict[str, Claim]) -> dict[str, int]:
    """Show the awards for their notice; then two operators approve each, and pay it."""
    for claim in claims.values():
        await _step(stage, claim, "application.publicise")
    await stage.days_pass(NOTICE_DAYS)
    paid: dict[str, int] = {}
    for role, claim in claims.items():
        named = {"application_id": claim.application_id}
        await stage.ask_two(
            "operator", "operator2", "application.decide", **named, approved=True, reason="no objection"
        )
        told = await stage.ask_two("operator", "operator2", "application.pay", **named)
        paid[role] = one(told, "application.paid")["application"]["awarded_minor"]
    return paid


async def _step(stage: Stage, claim: Claim, name: str, **fields: Any) -> None:
    await stage.ask("operator", name, application_id=claim.application_id, **fields)
