"""Published texts: the shipped ones are whole and canonical, and a damaged one is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from exchange.core.parties import SellerClass
from exchange.core.rejections import RejectCode
from exchange.rulebook import shipped
from exchange.rulebook.calendars import canonical_calendar, parse_calendar
from exchange.rulebook.fees import FeeSchedule, canonical_schedule, parse_fee_schedule
from exchange.rulebook.overlays import Overlays, canonical_overlays, parse_overlays
from exchange.rulebook.profile import ProfileFields, canonical_text, parse_profile
from exchange.rulebook.texts import (
    MAX_TEXT,
    TextError,
    missing_confirmations,
    text_hash,
    unconfirmed_fields,
)
from exchange.rulebook.trading import canonical_trading_rules, parse_trading_rules
from tests.rulebook.shipped import overlays, profile, read, schedule, trading_rules

Parse = Callable[[str], Any]
Write = Callable[[Any], str]

PROFILE = shipped.profile_text("cn_ip_venue")
SCHEDULE = shipped.fee_schedule_text("sandbox")
CALENDAR = shipped.calendar_text("cn")
VERSIONS: dict[type[Any], int] = {FeeSchedule: 4, Overlays: 2}
"""Of the texts that were published anew; all others are in their first version."""
OVERLAYS = shipped.overlays_text()

SHIPPED: list[tuple[str, Parse, Write]] = [
    *((shipped.profile_text(name), parse_profile, canonical_text) for name in shipped.PROFILES),
    *((shipped.fee_schedule_text(name), parse_fee_schedule, canonical_schedule) for name in shipped.FEE_SCHEDULES),
    *((shipped.calendar_text(name), parse_calendar, canonical_calendar) for name in shipped.CALENDARS),
    *(
        (shipped.trading_rules_text(name), parse_trading_rules, canonical_trading_rules)
        for name in shipped.TRADING_RULES
    ),
    (OVERLAYS, parse_overlays, canonical_overlays),
]
NAMES = [
    *shipped.PROFILES,
    *shipped.FEE_SCHEDULES,
    *shipped.CALENDARS,
    *(f"trading {name}" for name in shipped.TRADING_RULES),
    "overlays",
]


# --- The shipped texts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "parse", "write"), SHIPPED, ids=NAMES)
def test_every_shipped_text_reads_is_canonical_and_is_in_its_newest_version(
    text: str, parse: Parse, write: Write
) -> None:
    document = parse(text)
    assert not isinstance(document, TextError), document
    assert write(document) == text
    assert document.version == VERSIONS.get(type(document), 1), "fees price tenders too, overlays say what is withheld"


@pytest.mark.parametrize(("text", "parse", "write"), SHIPPED, ids=NAMES)
def test_every_row_of_a_shipped_text_names_its_source_and_its_provision(text: str, parse: Parse, write: Write) -> None:
    rows = parse(text).named_rows()
    assert len(dict(rows)) == len(rows)
    for name, row in rows:
        assert len(row.source) > 10, name
        assert row.provision, name


@pytest.mark.parametrize(("text", "parse", "write"), SHIPPED, ids=NAMES)
def test_the_layout_of_a_text_does_not_change_its_hash(text: str, parse: Parse, write: Write) -> None:
    squeezed = json.dumps(json.loads(text), sort_keys=True)
    assert squeezed != text
    assert text_hash(write(parse(squeezed))) == text_hash(text)


def test_the_shipped_names_are_those_of_the_texts() -> None:
    for name in shipped.PROFILES:
        assert profile(name).name == name
    for name in shipped.FEE_SCHEDULES:
        assert schedule(name).name == name
    for name in shipped.CALENDARS:
        assert read(parse_calendar(shipped.calendar_text(name))).name == name
    for name in shipped.TRADING_RULES:
        assert trading_rules(name).name == name


def test_the_schedule_and_calendar_of_both_usable_markets_are_shipped_in_their_currency() -> None:
    for name in ("cn_ip_venue", "sandbox"):
        fields = profile(name).fields
        assert fields.calendar.value in shipped.CALENDARS
        assert (schedule(fields.fee_schedule.value).currency,) == fields.currencies.value


def test_every_class_of_seller_has_a_national_overlay() -> None:
    national = [overlay.seller_class for overlay in overlays().overlays if overlay.jurisdiction == "national"]
    assert sorted(national) == sorted(SellerClass)


def test_another_value_is_another_hash() -> None:
    assert text_hash(PROFILE) != text_hash(PROFILE.replace('"value": 200,', '"value": 201,'))


# --- Confirmation -----------------------------------------------------------------------------------------------------


def test_excerpts_and_general_knowledge_wait_for_a_named_source_and_statutes_do_not() -> None:
    venue = profile("cn_ip_venue")
    waiting = unconfirmed_fields(venue)
    assert "centralised_methods" in waiting  # X
    assert "pilot_notice_days" in waiting  # M
    assert "auction_notice_days" not in waiting  # S
    assert list(waiting) == [name for name in ProfileFields.__struct_fields__ if name in waiting]


def test_activation_lacks_exactly_the_rows_nobody_confirmed_with_a_source() -> None:
    venue = profile("cn_ip_venue")
    waiting = unconfirmed_fields(venue)
    assert missing_confirmations(venue, {}) == waiting
    sources = dict.fromkeys(waiting, "State Council gazette, read in full")
    assert missing_confirmations(venue, sources) == ()
    assert missing_confirmations(venue, {**sources, "holder_cap": "  "}) == ("holder_cap",)
    assert missing_confirmations(venue, {"auction_notice_days": "read", "no_such_field": "read"}) == waiting


def test_schedules_calendars_and_overlays_are_confirmed_row_by_row_too() -> None:
    assert "sandbox/order_book/buy" in unconfirmed_fields(schedule("sandbox"))
    assert "hainan/state_university/transfer_staff_floor_ppm" in unconfirmed_fields(overlays())
    cn = read(parse_calendar(CALENDAR))
    assert {"2026-spring-festival", "2027-spring-festival"} <= {*unconfirmed_fields(cn)}
    assert unconfirmed_fields(read(parse_calendar(shipped.calendar_text("always")))) == ()


# --- Damaged texts ----------------------------------------------------------------------------------------------------


def change(text: str, *path: str | int, to: object = None, drop: bool = False) -> str:
    """The text with the value at a path changed, added or dropped."""
    document = json.loads(text)
    place = document
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return json.dumps(document)


def field(name: str, to: object) -> str:
    return change(PROFILE, "fields", name, "value", to=to)


def cases(damaged: list[tuple[str, str, str, str]]) -> list[ParameterSet]:
    """What was damaged names the case; text, place and reason are its parameters."""
    return [pytest.param(text, path, reason, id=name) for name, text, path, reason in damaged]


DAMAGED_PROFILES = [
    ("wrong type", field("holder_cap", "200"), "$.fields.holder_cap.value", "Expected `int | null`, got `str`"),
    ("a truth is no number", field("holder_cap", True), "$.fields.holder_cap.value", "got `bool`"),
    ("float", field("deposit_ppm", 0.1), "$.fields.deposit_ppm.value", "Expected `int`, got `float`"),
    ("whole float", field("deposit_ppm", 1.0), "$.fields.deposit_ppm.value", "Expected `int`, got `float`"),
    ("negative", field("lock_up_days", -1), "$.fields.lock_up_days.value", "Expected `int` >= 0"),
    ("too large", field("value_cap_minor", 2**53), "$.fields.value_cap_minor.value", "<= 9007199254740991"),
    ("rate over one", field("deposit_ppm", 1_000_001), "$.fields.deposit_ppm.value", "<= 1000000"),
    ("no version zero", change(PROFILE, "version", to=0), "$.version", "Expected `int` >= 1"),
    ("unknown method", field("methods", ["barter"]), "$.fields.methods.value[0]", "Invalid enum value 'barter'"),
    ("unknown field", change(PROFILE, "fields", "margin", to=1), "$.fields.margin", "unknown field"),
    ("unknown name in a row", change(PROFILE, "fields", "methods", "by", to="x"), "$.fields.methods.by", "unknown"),
    ("missing field", change(PROFILE, "fields", "holder_cap", drop=True), "$.fields.holder_cap", "missing required"),
    ("missing source", change(PROFILE, "fields", "unit_form", "source", drop=True), "$.fields.unit_form.source", ""),
    ("empty source", change(PROFILE, "fields", "unit_form", "source", to=""), "$.fields.unit_form.source", "length"),
    ("unknown mark", change(PROFILE, "fields", "unit_form", "mark", to="Z"), "$.fields.unit_form.mark", "'Z'"),
    ("missing name", change(PROFILE, "name", drop=True), "$.name", "missing required"),
    ("no such date", change(PROFILE, "effective_from", to="2026-02-30"), "$.effective_from", "no such date"),
    ("no date", change(PROFILE, "effective_from", to="soon"), "$.effective_from", "regex"),
    ("currency", field("currencies", ["cny"]), "$.fields.currencies.value[0]", "regex"),
    ("no currency", field("currencies", []), "$.fields.currencies.value", "length"),
    ("a currency twice", field("currencies", ["CNY", "CNY"]), "$.fields.currencies.value", "a value stands twice"),
    ("book among methods", field("methods", ["order_book"]), "$.fields.methods.value", "belong to centralised"),
    ("tender as centralised", field("centralised_methods", ["tender"]), "$.fields.centralised_methods.value", "only"),
    ("book on recordal", field("centralised_methods", ["order_book"]), "$.fields.centralised_methods.value", "book_"),
    ("another kind of text", SCHEDULE, "$.text", "Invalid value 'fee_schedule'"),
    ("an array", "[]", "$", "Expected `object`"),
    ("nothing", "", "$", "not JSON"),
    ("cut off", PROFILE[:-10], "$", "not JSON"),
    ("something after it", PROFILE + "x", "$", "not JSON"),
    ("deep", "[" * 100_000, "$", ""),
    ("half a character", PROFILE.replace("Local", "\ud800"), "$", "not JSON"),
    ("long", PROFILE + " " * MAX_TEXT, "$", "longer than"),
    ("a name twice", PROFILE.replace('"version": 1,', '"version": 1, "version": 2,'), "$", "'version' stands twice"),
]


@pytest.mark.parametrize(("text", "path", "reason"), cases(DAMAGED_PROFILES))
def test_a_damaged_profile_is_refused_with_its_place_and_reason(text: str, path: str, reason: str) -> None:
    error = parse_profile(text)
    assert isinstance(error, TextError)
    assert (error.code, error.path) == (RejectCode.PROFILE_INVALID, path)
    assert reason in error.reason


def test_a_book_where_another_register_decides_is_a_contradiction() -> None:
    text = change(shipped.profile_text("sandbox"), "fields", "register_of_record", "value", to="external")
    error = parse_profile(text)
    assert isinstance(error, TextError)
    assert (error.path, error.reason) == (
        "$.fields.centralised_methods.value",
        "an external register takes no order here",
    )


ROW = ("rows", 0)
DAMAGED_SCHEDULES = [
    ("float rate", change(SCHEDULE, *ROW, "rate_ppm", to=0.3), "$.rows[0].rate_ppm", "got `float`"),
    ("negative minimum", change(SCHEDULE, *ROW, "minimum_minor", to=-1), "$.rows[0].minimum_minor", ">= 0"),
    ("rate over one", change(SCHEDULE, *ROW, "rate_ppm", to=1_000_001), "$.rows[0].rate_ppm", "<= 1000000"),
    ("other rounding", change(SCHEDULE, *ROW, "rounding", to="floor"), "$.rows[0].rounding", "'floor'"),
    ("maximum below minimum", change(SCHEDULE, *ROW, "maximum_minor", to=4), "$.rows[0].maximum_minor", "less than"),
    ("missing side", change(SCHEDULE, *ROW, "side", drop=True), "$.rows[0].side", "missing required"),
    ("unknown field", change(SCHEDULE, *ROW, "discount", to=1), "$.rows[0].discount", "unknown field"),
    ("priced twice", change(SCHEDULE, *ROW, "side", to="sell"), "$.rows[1]", "sandbox/order_book/sell is priced twice"),
    ("no such date", change(SCHEDULE, "effective_from", to="2026-13-01"), "$.effective_from", "no such date"),
    ("no rows at all", change(SCHEDULE, "rows", drop=True), "$.rows", "missing required"),
]


@pytest.mark.parametrize(("text", "path", "reason"), cases(DAMAGED_SCHEDULES))
def test_a_damaged_fee_schedule_is_refused_with_its_place_and_reason(text: str, path: str, reason: str) -> None:
    error = parse_fee_schedule(text)
    assert isinstance(error, TextError)
    assert (error.code, error.path) == (RejectCode.FEE_SCHEDULE_INVALID, path)
    assert reason in error.reason


FIRST = ("arrangements", 0)
DAMAGED_CALENDARS = [
    ("no such day", change(CALENDAR, *FIRST, "last_day", to="2026-02-30"), "$.arrangements[0].last_day", "no such"),
    ("backwards", change(CALENDAR, *FIRST, "first_day", to="2026-01-04"), "$.arrangements[0]", "not in order"),
    ("not covered", change(CALENDAR, *FIRST, "first_day", to="2025-12-31"), "$.arrangements[0]", "not in order"),
    ("over-long", change(CALENDAR, *FIRST, "last_day", to="2026-02-10"), "$.arrangements[0]", "longer than 31 days"),
    ("a key twice", change(CALENDAR, "arrangements", 1, "key", to="2026-new-year"), "$.arrangements[1].key", "twice"),
    ("time zone", change(CALENDAR, "time_zone", to="Asia/Atlantis"), "$.time_zone", "no such time zone"),
    ("a path as time zone", change(CALENDAR, "time_zone", to="../../etc/passwd"), "$.time_zone", "no such time zone"),
    ("a folder as time zone", change(CALENDAR, "time_zone", to="Asia"), "$.time_zone", "no such time zone"),
    ("eighth weekday", change(CALENDAR, "weekend", to=[8]), "$.weekend[0]", "<= 7"),
    ("a weekday twice", change(CALENDAR, "weekend", to=[6, 6]), "$.weekend", "a weekday stands twice"),
    ("never open", change(CALENDAR, "weekend", to=[1, 2, 3, 4, 5, 6, 7]), "$.weekend", "length"),
    ("covers nothing", change(CALENDAR, "covers_until", to="2025-12-31"), "$.covers_until", "before covers_from"),
    ("open is a truth", change(CALENDAR, *FIRST, "open", to=0), "$.arrangements[0].open", "Expected `bool`"),
]


@pytest.mark.parametrize(("text", "path", "reason"), cases(DAMAGED_CALENDARS))
def test_a_damaged_calendar_is_refused_with_its_place_and_reason(text: str, path: str, reason: str) -> None:
    error = parse_calendar(text)
    assert isinstance(error, TextError)
    assert (error.code, error.path) == (RejectCode.CALENDAR_INVALID, path)
    assert reason in error.reason


def test_a_day_belongs_to_one_arrangement_only() -> None:
    document = json.loads(CALENDAR)
    document["arrangements"][1]["first_day"] = "2026-02-01"
    document["arrangements"][0]["last_day"] = "2026-01-31"
    assert not isinstance(parse_calendar(json.dumps(document)), TextError)
    document["arrangements"][1]["first_day"] = "2026-01-31"
    error = parse_calendar(json.dumps(document))
    assert isinstance(error, TextError)
    assert (error.path, error.reason) == ("$.arrangements[1]", "a day of it is arranged twice")


PLACE = ("overlays", 0)
DAMAGED_OVERLAYS = [
    (
        "no national overlay",
        change(OVERLAYS, *PLACE, "jurisdiction", to="gansu"),
        "$.overlays",
        "no national overlay for state_university",
    ),
    ("twice", change(OVERLAYS, "overlays", 5, "jurisdiction", to="national"), "$.overlays[5]", "stand twice"),
    (
        "years in disorder",
        change(OVERLAYS, *PLACE, "fields", "profit_floor_minimum_years", "value", to=6),
        "$.overlays[0].fields.profit_floor_minimum_years.value",
        "more than the maximum",
    ),
    (
        "float floor",
        change(OVERLAYS, *PLACE, "fields", "reward_floor_ppm", "value", to=0.5),
        "$.overlays[0].fields.reward_floor_ppm.value",
        "got `float`",
    ),
    ("unknown class", change(OVERLAYS, *PLACE, "seller_class", to="club"), "$.overlays[0].seller_class", "'club'"),
]


@pytest.mark.parametrize(("text", "path", "reason"), cases(DAMAGED_OVERLAYS))
def test_damaged_overlays_are_refused_with_their_place_and_reason(text: str, path: str, reason: str) -> None:
    error = parse_overlays(text)
    assert isinstance(error, TextError)
    assert (error.code, error.path) == (RejectCode.PROFILE_INVALID, path)
    assert reason in error.reason
