"""Days and periods: how many days interest runs, what part of a year they are, and calendars put together as data."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from exchange.core.calendar import BusinessCalendar, add_trading_days
from securitization.deal import Period
from securitization.deal_terms import DayCount


def days_between(day_count: DayCount, start: date, end: date) -> int:
    """The days from one date up to another, as a day count sees them.

    >>> days_between(DayCount.ACT_365, date(2024, 2, 28), date(2024, 3, 31))
    32
    >>> days_between(DayCount.THIRTY_E_360, date(2024, 2, 28), date(2024, 3, 31))
    32
    >>> days_between(DayCount.THIRTY_E_360, date(2024, 1, 31), date(2024, 3, 31))
    60

    Source: ISDA 2006 Definitions 4.16; in 30E/360 a 31st is a 30th and February keeps its days.
    """
    if day_count is DayCount.THIRTY_E_360:
        months = (end.year - start.year) * 12 + end.month - start.month
        return months * 30 + min(end.day, 30) - min(start.day, 30)
    return (end - start).days


def days_in_year(day_count: DayCount) -> int:
    """The denominator of a day count."""
    return 365 if day_count is DayCount.ACT_365 else 360


def period_days(period: Period, day_count: DayCount) -> int:
    """The days interest runs in a period."""
    return days_between(day_count, date.fromisoformat(period.start), date.fromisoformat(period.end))


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last of the month where there is no such day.

    >>> months_after(date(2024, 1, 31), 1).isoformat(), months_after(date(2024, 11, 30), 3).isoformat()
    ('2024-02-29', '2025-02-28')
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def regular_periods(
    start: date, months: int, count: int, calendar: BusinessCalendar, record_days_before: int = 1
) -> tuple[Period, ...]:
    """A calendar of equal periods, paid on the trading day on or after each end; interest dates are not moved.

    The record date is the last trading day at least `record_days_before` days before the payment.

    Raises: ValueError outside the dates the calendar covers.
    """
    periods: list[Period] = []
    for number in range(count):
        begin, end = months_after(start, months * number), months_after(start, months * (number + 1))
        payment = add_trading_days(calendar, end, 0)
        record = date.fromordinal(payment.toordinal() - record_days_before)
        while add_trading_days(calendar, record, 0) != record:
            record = date.fromordinal(record.toordinal() - 1)
        periods.append(
            Period(
                start=begin.isoformat(),
                end=end.isoformat(),
                record_date=record.isoformat(),
                payment_date=payment.isoformat(),
            )
        )
    return tuple(periods)
