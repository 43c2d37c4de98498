"""Dates as plain values: business days come from a published calendar, never from a library at run time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from exchange.core.messages import Record
from exchange.core.units import NS_PER_SECOND, TimeNs


class BusinessCalendar(Record, frozen=True, kw_only=True):
    """The trading days of a market. A weekend is closed unless `extra_days` says otherwise.

    `holidays` and `extra_days` (working weekends, 调休) are ISO dates; `covers_until` bounds what may be asked.
    `weekend` holds ISO weekday numbers (Monday is 1); a market that never rests has none.
    """

    name: str
    version: int
    time_zone: str
    holidays: tuple[str, ...]
    extra_days: tuple[str, ...]
    covers_from: str
    covers_until: str
    weekend: tuple[int, ...] = (6, 7)


def local_date(at_ns: int, time_zone: str) -> date:
    """The calendar date at a moment, in the market's time zone."""
    return datetime.fromtimestamp(at_ns // NS_PER_SECOND, tz=ZoneInfo(time_zone)).date()


def start_of_day_ns(day: date, time_zone: str) -> TimeNs:
    """The first moment of a date in the market's time zone."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone))
    return TimeNs(int(midnight.timestamp()) * NS_PER_SECOND)


def is_trading_day(calendar: BusinessCalendar, day: date) -> bool:
    """Whether the market trades on that date.

    Raises: ValueError outside the dates the calendar covers.
    """
    text = day.isoformat()
    if not calendar.covers_from <= text <= calendar.covers_until:
        raise ValueError(f"calendar {calendar.name}@{calendar.version} does not cover {text}")
    if text in calendar.extra_days:
        return True
    return day.isoweekday() not in calendar.weekend and text not in calendar.holidays


def add_trading_days(calendar: BusinessCalendar, day: date, count: int) -> date:
    """The trading day `count` trading days after `day` (`count` 0 or more; 0 rolls forward to a trading day)."""
    while not is_trading_day(calendar, day):
        day += timedelta(days=1)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_trading_day(calendar, day):
            day += timedelta(days=1)
    return day
