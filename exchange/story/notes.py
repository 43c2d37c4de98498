"""The pool of loans becomes notes: a deal in force, its checklist shown, a book built, notes established, one payment.

The deal is the shipped text shaped like Nanshan no. 5 (206 million yuan, one year, senior at most 3.80 %, subordinated
notes kept by the lender, a payer of differences), its dates moved to the story's. It is issued in a market under
`cn_private_product`, in a version in which this venue's register is the register of record, by a simulated leave:
professional investors alone, by agreement, no book.
Source: SECURITIZATION.md 1.4.
"""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from exchange.core.units import NS_PER_DAY
from exchange.rulebook import shipped
from exchange.rulebook.fees import FeeSchedule, parse_fee_schedule
from exchange.rulebook.profile import Profile, parse_profile
from exchange.rulebook.texts import TextError, unconfirmed_fields
from exchange.story.founding import SOURCE, fund
from exchange.story.loans import LOANS, MILLION, RATE_PPM, VALUE_TIMES, months_on, professional
from exchange.story.stage import Stage, StoryBroken, money, one
from securitization.shipped import example_deal_text

PROFILE = "cn_private_product"
LEAVE = "Simulated leave: this venue keeps the register of such certificates"
DEAL = "nanshan_5"
NOTE_FACE_MINOR = 10_000
LOT_NOTES = 100
BIDS: tuple[tuple[int, int], ...] = ((700_000, 36_500), (600_000, 37_000), (500_000, 37_500), (400_000, 38_000))
"""Senior notes each investor bids for, and the lowest coupon it takes, in ppm a year."""
OFFER_DAYS = 5
GAP_DAYS = 10
"""More than the five trading days between buying and selling."""
SOLD_NOTES = 50_000
RATING = "AAA"


# --- The law ----------------------------------------------------------------------------------------------------------


async def open_the_private_market(stage: Stage) -> None:
    """A version of the profile with this venue's own register, an authority's leave, prices, and the market."""
    await _in_force(stage, "profile", own_register())
    await _in_force(stage, "fee_schedule", prices())
    leave = await stage.file("operator", "Leave", LEAVE)
    asked = {
        "name": PROFILE,
        "profile": PROFILE,
        "profile_version": 2,
        "currency": "CNY",
        "money_asset_id": stage.facts["money:CNY"],
        "calendar": "cn",
        "calendar_version": 1,
        "fee_schedule": PROFILE,
    }
    await stage.is_refused("operator", "market.open", "profile.not_active", **asked)
    await stage.ask_two(
        "operator",
        "operator2",
        "authorisation.record",
        profile=PROFILE,
        authority="Simulated authority",
        reference="SIM-LEAVE-1",
        document_sha256=leave,
        starts_on=stage.today(),
        ends_on=months_on(stage.today(), 24),
    )
    opened = await stage.ask("operator", "market.open", **asked)
    stage.facts[f"market:{PROFILE}"] = one(opened, "market.opened")["market"]["market_id"]
    stage.say(
        f"A market under {PROFILE} opens only with an authority's leave on record (profile.not_active before). It "
        "plays by the profile's second version, in which this venue keeps the register: a simulated leave."
    )


def own_register() -> str:
    """The shipped profile in a second version, whose register of record is this venue's own."""
    text = json.loads(shipped.profile_text(PROFILE))
    text |= {"version": 2, "title": f"{text['title']}; register of this venue, by a simulated leave"}
    text["fields"]["register_of_record"] |= {"value": "own", "source": LEAVE}
    return json.dumps(text)


def prices() -> str:
    """What an agreement costs in this market."""
    row = {"profile": PROFILE, "method": "agreement", "rate_ppm": 100, "minimum_minor": 100, "maximum_minor": 1_000_000}
    row |= {"rounding": "ceil", "source": "a figure of the story's", "provision": "VENUE", "mark": "M"}
    schedule = {
        "text": "fee_schedule",
        "name": PROFILE,
        "version": 1,
        "effective_from": "2026-01-01",
        "currency": "CNY",
    }
    return json.dumps(schedule | {"rows": [row | {"side": side} for side in ("buy", "sell")]})


async def _in_force(stage: Stage, kind: str, text: str) -> None:
    """Publish a text, confirm what nobody has checked, put it in force with four eyes."""
    document: Profile | FeeSchedule | TextError = (parse_profile if kind == "profile" else parse_fee_schedule)(text)
    if isinstance(document, TextError):
        raise StoryBroken(f"{kind}: {document.path}: {document.reason}")
    await stage.ask("operator", "rules.publish", kind=kind, text=text)
    named = {"kind": kind, "name": document.name, "version": document.version}
    for row in unconfirmed_fields(document):
        await stage.ask("operator", "rules.confirm", **named, field=row, source=SOURCE)
    await stage.ask_two("operator", "operator2", "rules.activate", **named)


# --- The issue --------------------------------------------------------------------------------------------------------


def deal_text(starts_on: str) -> str:
    """The shipped deal with its four quarters from a day on: what is owed on a day is paid three days later."""
    deal = json.loads(example_deal_text(DEAL))
    days = [months_on(starts_on, months) for months in (0, 3, 6, 9, 12)]
    deal["periods"] = [
        {"start": start, "end": end, "record_date": _after(end, 2), "payment_date": _after(end, 3)}
        for start, end in pairwise(days)
    ]
    return json.dumps(deal)


def _after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


async def issue_notes(stage: Stage) -> None:
    """Everybody a deal needs, the deal in force, its checklist, its book; the notes are minted against cash."""
    loans = stage.facts["loans"]
    cast = {
        "originator": loans["lender"],
        "servicer": loans["lender"],
        "issuer": loans["issuer"],
        "valuer": loans["valuer"],
        "arranger": await professional(stage, "notes_arranger", "Simulated securities firm", "intermediary"),
        "trustee": await professional(stage, "trustee", "Simulated custodian bank", "intermediary"),
        "law_firm": await professional(stage, "lawyers", "Simulated law firm", "intermediary"),
        "rating_agency": await professional(stage, "raters", "Simulated rating agency", "intermediary"),
        "guarantor": await professional(stage, "guarantor", "Simulated guarantee company", "intermediary"),
    }
    stage.facts["notes"] = {"cast": cast}
    await stage.ask(
        "operator", "deal.publish", version=1, effective_from="2026-01-01", text=deal_text(loans["starts_on"])
    )
    await stage.ask_two("operator", "operator2", "rules.activate", kind="deal", name=DEAL, version=1)
    told = await stage.ask(
        cast["arranger"]["user"],
        "issue.propose",
        name="NANSHAN",
        market_id=stage.facts[f"market:{PROFILE}"],
        deal_name=DEAL,
        deal_version=1,
        model="pledged_loans",
        parties=[
            {"role": role, "member_id": member["member_id"], "account_id": member["account_id"]}
            for role, member in cast.items()
        ],
        pool_id=loans["pool_id"],
        classes=[
            {"name": "senior", "note_face_minor": NOTE_FACE_MINOR, "rated": True},
            {"name": "subordinated", "note_face_minor": NOTE_FACE_MINOR, "retained_ppm": 1_000_000},
        ],
        payees=[
            {"name": "custodian", "role": "trustee"},
            {"name": "manager", "role": "issuer"},
            {"name": "meetings", "role": "trustee"},
            {"name": "difference_payer", "role": "guarantor"},
        ],
        closing_fees=[{"role": "arranger", "rate_ppm": 2_000}, {"role": "law_firm", "amount_minor": 200_000_00}],
    )
    issue: dict[str, Any] = one(told, "issue.proposed")["issue"]
    stage.facts["notes"]["issue_id"] = issue["issue_id"]
    await _show_everything(stage, issue["issue_id"])
    await _build_the_book(stage, issue)


async def _show_everything(stage: Stage, issue_id: str) -> None:
    """Each item of the checklist by the party whose word it is; a pledge is shown by the register itself."""
    cast = stage.facts["notes"]["cast"]
    whose = {
        "sale_contract": "originator",
        "true_sale_opinion": "law_firm",
        "rating": "rating_agency",
        "valuation": "valuer",
        "guarantee": "guarantor",
        "loan_originated": "servicer",
        "pledge_registered": "arranger",
        "fund_account": "trustee",
    }
    pledges = {asset["pool_asset_id"]: asset["encumbrance_id"] for asset in await _pool_assets(stage)}
    page = await stage.clients["operator"].get("/v1/closing-items", issue_id=issue_id, limit=200)
    for item in page["items"]:
        user, shown = cast[whose[item["kind"]]]["user"], {"closing_item_id": item["closing_item_id"]}
        if item["kind"] == "pledge_registered":
            shown["encumbrance_id"] = pledges[item["pool_asset_id"]]
        else:
            shown["documents"] = [
                await stage.file(user, item["kind"], f"Simulated: {item['kind']}, {item['closing_item_id']}")
            ]
            shown |= {"grade": RATING} if item["kind"] == "rating" else {}
        await stage.ask(user, "closing.satisfy", **shown)
    stage.facts["notes"]["shown"] = len(page["items"])


async def _pool_assets(stage: Stage) -> list[dict[str, Any]]:
    """The loans in the pool."""
    page = await stage.clients["operator"].get("/v1/pool-assets", pool_id=stage.facts["loans"]["pool_id"], limit=50)
    found: list[dict[str, Any]] = page["items"]
    return found


async def _build_the_book(stage: Stage, issue: dict[str, Any]) -> None:
    """Four professionals bid coupons; one from outside is refused; the book is closed and its run ends."""
    cast, facts = stage.facts["notes"]["cast"], stage.facts["notes"]
    file = await stage.file(cast["issuer"]["user"], "Offering file", "Simulated offering file of twelve pledged loans")
    senior = next(each for each in issue["classes"] if each["name"] == "senior")
    told = await stage.ask_two(
        "operator",
        "operator2",
        "offering.open",
        issue_id=issue["issue_id"],
        pricing="yield",
        allotment="uniform",
        classes=[{"name": "senior", "lot_notes": LOT_NOTES, "least_ppm": 34_000, "most_ppm": 38_000}],
        ends_ns=stage.clock.now_ns() + OFFER_DAYS * NS_PER_DAY,
        book_cap_minor=2 * senior["face_minor"],
        document_sha256=file,
    )
    offering_id = one(told, "offering.opened")["offering"]["offering_id"]
    outsider = stage.facts["investors"][0]
    bid = {"offering_id": offering_id, "class_name": "senior"}
    await stage.is_refused(
        outsider["user"],
        "offering.bid",
        "rule.suitability",
        **bid,
        account_id=outsider["account_id"],
        notes=LOT_NOTES,
        limit=38_000,
    )
    facts["buyers"] = []
    for place, (notes, limit) in enumerate(BIDS):
        buyer = await professional(stage, f"fund{place + 1}", f"Simulated fund {place + 1}", "investor")
        await fund(stage, buyer["account_id"], buyer["name"], "CNY", notes * NOTE_FACE_MINOR)
        await stage.ask(buyer["user"], "offering.bid", **bid, account_id=buyer["account_id"], notes=notes, limit=limit)
        facts["buyers"].append(buyer)
    await stage.days_pass(OFFER_DAYS + 1)
    await stage.ask("operator", "offering.close", offering_id=offering_id)
    established = await _until(stage, f"/v1/issues/{issue['issue_id']}", "state", "established")
    facts["classes"] = {each["name"]: each for each in established["classes"]}
    senior = facts["classes"]["senior"]
    issued = {
        "issue_id": issue["issue_id"],
        "raised_minor": established["raised_minor"],
        "senior_notes": senior["notes"],
        "rate_ppm": senior["rate_ppm"],
        "shown": facts["shown"],
    }
    stage.tell(
        "notes_issued",
        issued,
        f"{facts['shown']} items of the checklist are shown, the pledges by the register itself. {len(BIDS)} funds bid "
        f"coupons; {senior['notes']:,} senior notes go at {senior['rate_ppm'] / 10_000:.2f} % a year, the subordinated "
        f"ones stay with the lender. Notes are minted against {money(issued['raised_minor'])}, and the loans are the "
        "plan's in the same run.",
        "A member that is no professional is refused (rule.suitability).",
    )


async def _until(stage: Stage, path: str, field: str, value: str) -> dict[str, Any]:
    """Wait for a run to end.

    Raises: StoryBroken when it does not.
    """
    for _ in range(200):
        item: dict[str, Any] = (await stage.clients["operator"].get(path))["item"]
        if item[field] == value:
            return item
        await asyncio.sleep(0.05)
    raise StoryBroken(f"{path} is {item[field]}, not {value}")


# --- Sold on ----------------------------------------------------------------------------------------------------------


async def sell_on(stage: Stage) -> None:
    """One fund sells a part of its notes to another by agreement: both sign, units against price in one transfer."""
    notes = stage.facts["notes"]
    await stage.days_pass(GAP_DAYS)
    seller, buyer = notes["buyers"][:2]
    senior = notes["classes"]["senior"]
    price = SOLD_NOTES * NOTE_FACE_MINOR * 1_001 // 1_000
    await fund(stage, buyer["account_id"], buyer["name"], "CNY", price + 1_000_000)
    contract = await stage.file(seller["user"], "Contract", "Simulated sale of notes")
    await stage.file(buyer["user"], "Contract", "Simulated sale of notes")
    told = await stage.ask(
        seller["user"],
        "deal.propose",
        market_id=stage.facts[f"market:{PROFILE}"],
        asset_id=senior["asset_id"],
        seller_account_id=seller["account_id"],
        buyer_account_id=buyer["account_id"],
        price_minor=price,
        contract_sha256=contract,
        units=SOLD_NOTES,
    )
    deal = one(told, "deal.proposed")["deal"]
    named = {"deal_id": deal["deal_id"]}
    await stage.ask(buyer["user"], "deal.accept", **named, terms_sha256=deal["terms_sha256"])
    for user, side in ((seller["user"], "sell"), (buyer["user"], "buy")):
        told = await stage.ask(user, "deal.sign", **named, side=side, contract_sha256=contract)
    done = one(told, "deal.completed")["deal"]
    sold = {"deal_id": done["deal_id"], "notes": SOLD_NOTES, "price_minor": price, "state": done["state"]}
    stage.tell(
        "notes_sold_on",
        sold,
        f"{seller['name']} sells {SOLD_NOTES:,} senior notes to {buyer['name']} for {money(price)} by agreement "
        f"({done['deal_id']}): notes and price change hands in one transfer, {done['state']}.",
    )


# --- The first payment ------------------------------------------------------------------------------------------------


async def pay_the_first_quarter(stage: Stage) -> None:
    """Three months on the borrowers pay interest: collected, worked out, approved, paid to the holders of record."""
    notes, loans = stage.facts["notes"], stage.facts["loans"]
    cast = notes["cast"]
    told = await stage.ask_two("operator", "operator2", "servicing.open", issue_id=notes["issue_id"])
    servicing = one(told, "servicing.opened")["servicing"]
    named = {"servicing_id": servicing["servicing_id"]}
    quarter = json.loads(deal_text(loans["starts_on"]))["periods"][0]
    await _until_day(stage, quarter["end"])
    interest = [amount * MILLION * RATE_PPM // 1_000_000 // 4 for amount in LOANS]
    await fund(stage, cast["servicer"]["account_id"], cast["servicer"]["name"], "CNY", sum(interest))
    rows = [
        {"key": asset, "interest_minor": paid, "balance_minor": amount * MILLION}
        for asset, paid, amount in sorted(zip(loans["assets"], interest, LOANS, strict=True))
    ]
    figures = {"valuation_minor": VALUE_TIMES * sum(LOANS) * MILLION, "events": [{"name": "meeting", "value": 0}]}
    user = cast["servicer"]["user"]
    await stage.ask(user, "collection.import", **named, period=1, version=1, rows=rows, figures=figures)
    await stage.ask(user, "collection.deposit", **named)
    payment = one(await stage.ask(user, "payment.prepare", **named), "payment.prepared")["payment"]
    plan = {"payment_id": payment["payment_id"], "plan_sha256": payment["plan_sha256"]}
    await stage.ask(cast["trustee"]["user"], "payment.approve", **plan)
    await _until_day(stage, quarter["payment_date"])
    await stage.ask_two("operator", "operator2", "payment.pay", **plan)
    await _until(stage, f"/v1/deal-payments/{payment['payment_id']}", "state", "paid")
    page = await stage.clients["operator"].get("/v1/class-payments", payment_id=payment["payment_id"], limit=10)
    paid = {each["name"]: each["paid_minor"] for each in page["items"]}
    told_of = {**plan, "collected_minor": sum(interest), "paid_minor": paid, "report": await _published(stage, named)}
    stage.tell(
        "notes_paid",
        told_of,
        f"A quarter on, the borrowers pay {money(sum(interest))} of interest. The waterfall is worked out and frozen "
        f"by its hash, the trustee approves it, two operators pay it ({payment['payment_id']}): the holders of record "
        f"have {money(paid['senior'])}, the new one among them. The issuer publishes the investor report, which says "
        "of each figure where it is from; the report's hash is on record.",
    )


async def _published(stage: Stage, named: dict[str, Any]) -> int:
    """The issuer publishes the payment's investor report; answers how many chapters it has."""
    issuer = stage.facts["notes"]["cast"]["issuer"]["user"]
    answer = await stage.clients[issuer].request("GET", f"/v1/servicings/{named['servicing_id']}/reports/1")
    sha256 = answer.headers["x-report-sha256"]
    await stage.ask(issuer, "report.publish", **named, period=1, report_sha256=sha256)
    return len(json.loads(answer.body)["chapters"])


async def _until_day(stage: Stage, day: str) -> None:
    """Leap to the noon of a day."""
    ahead = (date.fromisoformat(day) - date.fromisoformat(stage.today())).days
    if ahead > 0:
        await stage.days_pass(ahead)
