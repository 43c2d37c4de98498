"""Published calendars: which days are trading days, arrangement by arrangement, each with its source.

The text keeps what a person checks (seven named arrangements a year, with a mark); the engine keeps the plain
`BusinessCalendar` made of it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from exchange.core.calendar import BusinessCalendar
from exchange.core.messages import Part
from exchange.core.rejections import RejectCode
from exchange.core.units import Code, IsoDate, Name, PositiveCount, Text
from exchange.rulebook.texts import Mark, Provision, Source, SourcedRow, TextError, is_date, read_text, write_text

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]
"""ISO 8601: Monday is 1, Sunday 7."""
LONGEST_ARRANGEMENT = 31


class Arrangement(Part, frozen=True, kw_only=True):
    """Days in a row that are closed although they are weekdays, or (`open` true) open although they are not."""

    key: Code
    title: Name
    first_day: IsoDate
    last_day: IsoDate
    open: bool
    source: Source
    provision: Provision
    mark: Mark


class CalendarText(Part, frozen=True, kw_only=True, tag_field="text", tag="trading_calendar"):
    """One version of a market's trading days, as published."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    note: Text
    time_zone: Code
    covers_from: IsoDate
    covers_until: IsoDate
    weekend: Annotated[tuple[Weekday, ...], msgspec.Meta(max_length=6)]
    arrangements: tuple[Arrangement, ...]

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]:
        """Every arrangement by its key."""
        return tuple((arrangement.key, arrangement) for arrangement in self.arrangements)


def parse_calendar(text: str) -> CalendarText | TextError:
    """Read and check a calendar's text.

    Refused: calendar.invalid, with the place in the text.
    """
    calendar = read_text(text, CalendarText, RejectCode.CALENDAR_INVALID)
    if isinstance(calendar, TextError):
        return calendar
    problem = _contradiction(calendar)
    if problem is None:
        return calendar
    path, reason = problem
    return TextError(code=RejectCode.CALENDAR_INVALID, path=path, reason=reason)


def canonical_calendar(calendar: CalendarText) -> str:
    """The one text of this calendar."""
    return write_text(calendar)


def business_calendar(calendar: CalendarText) -> BusinessCalendar:
    """The plain calendar the engine keeps."""
    closed = [day for arrangement in calendar.arrangements if not arrangement.open for day in _days(arrangement)]
    opened = [day for arrangement in calendar.arrangements if arrangement.open for day in _days(arrangement)]
    return BusinessCalendar(
        name=calendar.name,
        version=calendar.version,
        time_zone=calendar.time_zone,
        holidays=tuple(sorted(closed)),
        extra_days=tuple(sorted(opened)),
        covers_from=calendar.covers_from,
        covers_until=calendar.covers_until,
        weekend=calendar.weekend,
    )


def _days(arrangement: Arrangement) -> list[str]:
    first, last = date.fromisoformat(arrangement.first_day), date.fromisoformat(arrangement.last_day)
    return [(first + timedelta(days=place)).isoformat() for place in range((last - first).days + 1)]


def _contradiction(calendar: CalendarText) -> tuple[str, str] | None:
    for name in ("effective_from", "covers_from", "covers_until"):
        if not is_date(getattr(calendar, name)):
            return f"$.{name}", "no such date"
    if calendar.covers_from > calendar.covers_until:
        return "$.covers_until", "before covers_from"
    if not _time_zone_exists(calendar.time_zone):
        return "$.time_zone", "no such time zone"
    if len(dict.fromkeys(calendar.weekend)) != len(calendar.weekend):
        return "$.weekend", "a weekday stands twice"
    keys: dict[str, None] = {}
    taken: dict[str, None] = {}
    for place, arrangement in enumerate(calendar.arrangements):
        path = f"$.arrangements[{place}]"
        for name in ("first_day", "last_day"):
            if not is_date(getattr(arrangement, name)):
                return f"{path}.{name}", "no such date"
        if not calendar.covers_from <= arrangement.first_day <= arrangement.last_day <= calendar.covers_until:
            return path, "not in order within the days the calendar covers"
        days = _days(arrangement)
        if len(days) > LONGEST_ARRANGEMENT:
            return path, f"longer than {LONGEST_ARRANGEMENT} days"
        if arrangement.key in keys:
            return f"{path}.key", "this key stands twice"
        if any(day in taken for day in days):
            return path, "a day of it is arranged twice"
        keys[arrangement.key] = None
        taken.update(dict.fromkeys(days))
    return None


def _time_zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a malformed name, a folder's name, an unknown name
        return False
    return True
