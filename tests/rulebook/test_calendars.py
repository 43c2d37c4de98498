"""Trading days: the year 2026 as the State Council arranged it, and a market that never rests."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from exchange.core.calendar import add_trading_days, is_trading_day
from exchange.rulebook import shipped
from exchange.rulebook.calendars import business_calendar, parse_calendar
from tests.rulebook.shipped import calendar, read

CN = calendar("cn")


def closed_weekdays(first: date, last: date) -> list[str]:
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return [day.isoformat()[5:] for day in days if day.weekday() < 5 and not is_trading_day(CN, day)]


def test_the_weekdays_on_which_2026_rests_are_those_of_the_arrangement() -> None:
    assert " ".join(closed_weekdays(date(2026, 1, 1), date(2026, 12, 31))) == (
        "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 "
        "10-01 10-02 10-05 10-06 10-07"
    )


def test_2027_holds_the_statutory_days_alone_until_it_is_arranged() -> None:
    assert " ".join(closed_weekdays(date(2027, 1, 1), date(2027, 12, 31))) == (
        "01-01 02-05 02-08 04-05 06-09 09-15 10-01"
    )


def test_a_working_weekend_is_no_trading_day_until_a_version_opens_it() -> None:
    make_up = date(2026, 2, 14)
    assert not is_trading_day(CN, make_up)
    text = read(parse_calendar(shipped.calendar_text("cn")))
    opened = msgspec.structs.replace(
        text.arrangements[0], key="2026-make-up", first_day="2026-02-14", last_day="2026-02-14", open=True
    )
    second = msgspec.structs.replace(text, version=2, arrangements=(*text.arrangements, opened))
    assert is_trading_day(business_calendar(second), make_up)


def test_the_calendar_answers_for_its_own_days_only() -> None:
    assert is_trading_day(CN, date(2027, 12, 31))
    for day in (date(2025, 12, 31), date(2028, 1, 1)):
        with pytest.raises(ValueError, match="does not cover"):
            is_trading_day(CN, day)


def test_a_market_that_never_rests_trades_on_every_day_of_a_century() -> None:
    always = calendar("always")
    day = date(2026, 1, 1)
    assert all(is_trading_day(always, day + timedelta(days=step)) for step in range(730))
    assert is_trading_day(always, date(2099, 12, 31))
    assert add_trading_days(always, day, 365) == date(2027, 1, 1)


def test_a_market_may_rest_on_other_weekdays() -> None:
    friday_and_saturday = msgspec.structs.replace(CN, weekend=(5, 6), holidays=())
    assert is_trading_day(friday_and_saturday, date(2026, 3, 1))  # a Sunday
    assert not is_trading_day(friday_and_saturday, date(2026, 3, 6))  # a Friday
