"""Chapter one: operators, the law, two settlement banks, two markets."""

from __future__ import annotations

import json
from collections.abc import Callable

from exchange.core.rule_messages import PublishedKind
from exchange.rulebook import shipped
from exchange.rulebook.calendars import CalendarText, parse_calendar
from exchange.rulebook.fees import FeeSchedule, parse_fee_schedule
from exchange.rulebook.overlays import Overlays, parse_overlays
from exchange.rulebook.profile import Profile, parse_profile
from exchange.rulebook.programmes import RewardProgramme
from exchange.rulebook.texts import TextError, unconfirmed_fields
from exchange.rulebook.trading import TradingRules, parse_trading_rules
from exchange.story.stage import Stage, StoryBroken, one

Reader = Callable[[str], Profile | FeeSchedule | CalendarText | Overlays | TradingRules | RewardProgramme | TextError]

SOURCE = "Story: read by the two simulated operators"
TRADING_RULES = "sandbox_by_hand"


def texts() -> list[tuple[PublishedKind, Reader, str]]:
    """What the two markets live under, as shipped."""
    return [
        (PublishedKind.CALENDAR, parse_calendar, shipped.calendar_text("always")),
        (PublishedKind.CALENDAR, parse_calendar, shipped.calendar_text("cn")),
        (PublishedKind.OVERLAYS, parse_overlays, shipped.overlays_text()),
        (PublishedKind.FEE_SCHEDULE, parse_fee_schedule, shipped.fee_schedule_text("sandbox")),
        (PublishedKind.FEE_SCHEDULE, parse_fee_schedule, shipped.fee_schedule_text("cn_ip_venue")),
        (PublishedKind.PROFILE, parse_profile, shipped.profile_text("sandbox")),
        (PublishedKind.PROFILE, parse_profile, shipped.profile_text("cn_ip_venue")),
        (PublishedKind.TRADING_RULES, parse_trading_rules, rules_without_hours()),
    ]


def rules_without_hours() -> str:
    """The test market's trading rules, but phases by an operator's hand: it is open at whatever hour somebody comes."""
    document = json.loads(shipped.trading_rules_text("sandbox"))
    document |= {"name": TRADING_RULES, "note": "Trading rules of the test market, phases by hand: open at every hour"}
    document["fields"]["timetable"]["value"] = []
    return json.dumps(document)


async def found_the_venue(stage: Stage) -> None:
    """Two operators, one regulator who reads."""
    await stage.enter("operator", stage.operator_password)
    await stage.cast("operator2", "M1-0", roles=["operator"])
    await stage.cast("regulator", "M1-0", roles=["regulator"])
    stage.say("Two operators open an empty exchange; a regulator may read everything and change nothing.")


async def publish_the_law(stage: Stage) -> None:
    """Every text the two markets live under."""
    published = texts()
    for kind, read, text in published:
        await put_in_force(stage, kind, read, text)
    stage.say(
        f"{len(published)} texts (calendars, overlays, fees, rules of two markets) are published, their open rows "
        "confirmed, and put in force by one operator with the signature of the other."
    )


async def put_in_force(stage: Stage, kind: PublishedKind, read: Reader, text: str) -> None:
    """Publish a text, confirm each row nobody has checked yet, put it in force with four eyes.

    Raises: StoryBroken if it cannot be read.
    """
    document = read(text)
    if isinstance(document, TextError):
        raise StoryBroken(f"{kind}: {document.path}: {document.reason}")
    await stage.ask("operator", "rules.publish", kind=kind.value, text=text)
    named = {"kind": kind.value, "name": document.name, "version": document.version}
    for row in unconfirmed_fields(document):
        await stage.ask("operator", "rules.confirm", **named, field=row, source=SOURCE)
    await stage.ask_two("operator", "operator2", "rules.activate", **named)


async def open_banks_and_markets(stage: Stage) -> None:
    """The sandbox in its test currency, where a book may run; the lawful venue in yuan, where it may not."""
    for code, currency, market, profile, calendar in (
        ("SIM", "XTS", "sandbox", "sandbox", "always"),
        ("ICBC", "CNY", "cn_ip_venue", "cn_ip_venue", "cn"),
    ):
        bank = one(
            await stage.ask("operator", "bank.open", name=f"Settlement bank {code}", code=code, currency=currency),
            "bank.opened",
        )["bank"]
        rules = {"trading_rules": TRADING_RULES, "trading_rules_version": 1} if market == "sandbox" else {}
        opened = await stage.ask(
            "operator",
            "market.open",
            name=market,
            profile=profile,
            profile_version=1,
            currency=currency,
            money_asset_id=bank["money_asset_id"],
            calendar=calendar,
            calendar_version=1,
            fee_schedule=profile,
            **rules,
        )
        stage.facts[f"bank:{currency}"] = bank["bank_id"]
        stage.facts[f"money:{currency}"] = bank["money_asset_id"]
        stage.facts[f"market:{market}"] = one(opened, "market.opened")["market"]["market_id"]
    stage.say(
        "Two markets open: a sandbox in XTS, a test currency, where a book may run, and a venue in CNY under the law "
        "of the PRC, where it may not."
    )


async def fund(stage: Stage, account_id: str, payer: str, currency: str, amount_minor: int) -> None:
    """A member's money arrives at the settlement bank, with its name on it."""
    count = stage.facts["receipts"] = stage.facts.get("receipts", 0) + 1
    await stage.ask(
        "operator",
        "receipt.record",
        bank_id=stage.facts[f"bank:{currency}"],
        reference=f"STORY-{count}",
        payer_name=payer,
        payer_account=f"SIM{count:08d}",
        amount_minor=amount_minor,
        account_id=account_id,
    )
