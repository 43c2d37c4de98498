"""Chapter of the company: an outcome is put into it for equity; a member steps in before an outsider who would buy."""

from __future__ import annotations

from typing import Any

from exchange.story.founding import fund
from exchange.story.pilot import inventor, know_how
from exchange.story.stage import Stage, StoryBroken, money, one

RIGHT_MINOR = 400_000_000
MAKERS_MINOR = 200_000_000
CASH_MINOR = 300_000_000
PRICE_MINOR = 450_000_000
FUNDS_MINOR = 800_000_000


async def found_and_transfer(stage: Stage) -> None:
    """A state institute and two investors found a company on know-how; one investor's equity goes to another member."""
    people = await _people(stage)
    company = await _founded(stage, people)
    offer, taken = await _stepped_in(stage, people, company)
    members = await _members(stage, company)
    expected = {"maker": MAKERS_MINOR + CASH_MINOR, "institute": RIGHT_MINOR - MAKERS_MINOR, "stays": CASH_MINOR}
    found = {name: members.get(people[name]["account_id"], 0) for name in expected}
    if found != expected or len(members) != len(expected):
        raise StoryBroken(f"the company's members came out as {members}")
    stage.facts["company"] = {**company, "people": people, "members": members}
    capital = RIGHT_MINOR + 2 * CASH_MINOR
    stage.tell(
        "company",
        {
            "company_id": company["company_id"],
            "state": company["state"],
            "floor": company["floor"],
            "capital_minor": capital,
            "members": len(members),
            "offer_id": offer["offer_id"],
            "notices": taken["notices"],
            "transfer": taken["state"],
            "stepped_in_units": taken["units"],
        },
        f"The institute puts know-how worth {money(RIGHT_MINOR)} into a company ({company['company_id']}), two "
        f"investors {money(CASH_MINOR)} each. Of the equity for the know-how at least half is its maker's: a unit less "
        f"is refused (company.share_floor). The company is founded on {money(capital)}.",
        f"One investor sells its equity to an outsider for {money(PRICE_MINOR)} ({offer['offer_id']}). All "
        f"{taken['notices']} other members are told: the maker steps in on the same terms, the others waive, and the "
        "company enters the maker in its register of members.",
    )


async def _people(stage: Stage) -> dict[str, dict[str, Any]]:
    """The company, its four founders and contributors, and an outsider; who pays has the money."""
    maker = await inventor(stage, "maker", "Simulated maker", 1, 1)
    company = await _company_member(stage)
    stays, sells, outsider = stage.facts["investors"][11:14]
    for person in (maker, stays, sells, outsider):
        await fund(stage, person["account_id"], person["name"], "CNY", FUNDS_MINOR)
    await stage.ask("operator", "member.class", member_id=maker["member_id"], standings=["method_statement"])
    return {
        "company": company,
        "maker": maker,
        "institute": stage.facts["institute"],
        "stays": stays,
        "sells": sells,
        "outsider": outsider,
    }


async def _company_member(stage: Stage) -> dict[str, Any]:
    """The member that the company will be."""
    name = "Simulated Membrane Company"
    told = await stage.ask("operator", "member.register", name=name, role="investor", country="CN", simulated=True)
    member_id = one(told, "member.registered")["member"]["member_id"]
    await stage.cast("company", member_id)
    return {
        "user": "company",
        "member_id": member_id,
        "account_id": one(told, "account.opened")["account"]["account_id"],
    }


async def _founded(stage: Stage, people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Terms, publicity of the right's price, signatures, and the contribution on the office's record."""
    _, right_id = await know_how(stage, people["institute"]["account_id"], "Membrane that cleans itself")
    papers = {
        name: await stage.file("company", name, f"Simulated {name} of the membrane company")
        for name in ("valuation", "charter", "founders' agreement")
    }

    def terms(makers_minor: int) -> dict[str, Any]:
        right = {
            "account_id": people["institute"]["account_id"],
            "asset_id": right_id,
            "value_minor": RIGHT_MINOR,
            "valuation_sha256": papers["valuation"],
            "contributors": [{"account_id": people["maker"]["account_id"], "units": makers_minor}],
        }
        cash = [{"account_id": people[name]["account_id"], "cash_minor": CASH_MINOR} for name in ("stays", "sells")]
        return {
            "account_id": people["company"]["account_id"],
            "name": "Simulated Membrane Company Ltd",
            "market_id": stage.facts["market:cn_ip_venue"],
            "founders": [right, *cash],
            "charter": {"document_sha256": papers["charter"]},
            "contract_sha256": papers["founders' agreement"],
        }

    floor = await stage.is_refused("company", "company.found", "company.share_floor", **terms(MAKERS_MINOR - 1))
    told = await stage.ask("company", "company.found", **terms(MAKERS_MINOR))
    company = one(told, "company.proposed")["company"]
    await stage.wait_until(company["publicity_until_ns"])
    for name in ("institute", "stays", "sells"):
        told = await stage.ask(
            people[name]["user"],
            "company.subscribe",
            company_id=company["company_id"],
            account_id=people[name]["account_id"],
            terms_sha256=company["terms_sha256"],
        )
    if not any(event["type"] == "company.founded" for event in told):
        told = await stage.ask(
            "operator",
            "company.confirm_contribution",
            company_id=company["company_id"],
            office_reference="SIM-CONTRIBUTION-1",
            effective_date=stage.today(),
        )
    founded: dict[str, Any] = one(told, "company.founded")["company"]
    return {**founded, "floor": floor}


async def _stepped_in(
    stage: Stage, people: dict[str, dict[str, Any]], company: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An offer to the outsider, the notice to the other members and their answers, the register of members."""
    contract = await stage.file(people["sells"]["user"], "Contract", "Simulated contract on equity")
    told = await stage.ask(
        people["sells"]["user"],
        "equity.offer",
        company_id=company["company_id"],
        seller_account_id=people["sells"]["account_id"],
        buyer_account_id=people["outsider"]["account_id"],
        units=CASH_MINOR,
        price_minor=PRICE_MINOR,
        contract_sha256=contract,
    )
    offer: dict[str, Any] = one(told, "equity.offered")["offer"]
    terms = {"terms_sha256": offer["terms_sha256"]}
    await stage.ask(people["outsider"]["user"], "equity.accept", offer_id=offer["offer_id"], **terms)
    notices = {
        name: await stage.own(people[name]["user"], "/v1/equity-notices", offer_id=offer["offer_id"])
        for name in ("maker", "institute", "stays")
    }
    await stage.ask(
        "maker",
        "equity.exercise",
        notice_id=notices["maker"]["notice_id"],
        account_id=people["maker"]["account_id"],
        contract_sha256=contract,
        **terms,
    )
    for name in ("institute", "stays"):
        told = await stage.ask(people[name]["user"], "equity.waive", notice_id=notices[name]["notice_id"])
    [part] = one(told, "equity.notice_closed")["offer"]["parts"]
    told = await stage.ask(
        "company",
        "company.enter_member",
        offer_id=offer["offer_id"],
        register_reference="Simulated register of members, line 4",
        entered_on=stage.today(),
    )
    entered = one(told, "company.member_entered")["offer"]
    return offer, {"notices": len(notices), "state": entered["state"], "units": part["units"]}


async def _members(stage: Stage, company: dict[str, Any]) -> dict[str, int]:
    """The register of members: who holds how much of the equity."""
    page = await stage.clients["operator"].get(f"/v1/assets/{company['asset_id']}/holders")
    return {holder["account_id"]: holder["units"] for holder in page["item"]["holders"]}
