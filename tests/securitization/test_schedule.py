"""Calendars put together as data: ends of months, weekends and holidays, record dates, days counted."""

from __future__ import annotations

from datetime import date

import pytest

from exchange.core.calendar import BusinessCalendar
from securitization.deal_terms import DayCount
from securitization.schedule import days_between, regular_periods

CALENDAR = BusinessCalendar(
    name="test",
    version=1,
    time_zone="Asia/Shanghai",
    holidays=("2025-05-01", "2025-05-02"),
    extra_days=("2025-04-27",),
    covers_from="2025-01-01",
    covers_until="2026-01-12",
)


def told(start: str, months: int, count: int, before: int = 1) -> list[tuple[str, ...]]:
    periods = regular_periods(date.fromisoformat(start), months, count, CALENDAR, before)
    return [(one.start, one.end, one.record_date, one.payment_date) for one in periods]


def test_a_payment_waits_for_a_trading_day_and_interest_does_not() -> None:
    assert told("2025-04-01", 1, 1, 1) == [("2025-04-01", "2025-05-01", "2025-04-30", "2025-05-05")]
    assert told("2025-01-27", 3, 1) == [("2025-01-27", "2025-04-27", "2025-04-25", "2025-04-27")]


def test_ends_of_months_stay_ends_of_months() -> None:
    ends = [end for _, end, _, _ in told("2025-01-31", 1, 4)]
    assert ends == ["2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]


def test_a_year_the_calendar_does_not_cover_is_refused() -> None:
    told("2025-01-12", 12, 1)
    with pytest.raises(ValueError, match="does not cover 2026-01-13"):
        told("2025-01-13", 12, 1)


def test_days_are_counted_by_their_convention() -> None:
    dates = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
    assert [days_between(DayCount.ACT_360, dates[n], dates[n + 1]) for n in (0, 1)] == [29, 31]
    assert [days_between(DayCount.THIRTY_E_360, dates[n], dates[n + 1]) for n in (0, 1)] == [29, 31]
    assert days_between(DayCount.THIRTY_E_360, date(2024, 1, 30), date(2024, 1, 31)) == 0
    assert days_between(DayCount.THIRTY_E_360, date(2024, 1, 1), date(2025, 1, 1)) == 360
