"""A market's day as moments: each phase of its timetable, on the trading days of its calendar, in the calendar's zone.

A clock time that a day does not have (the hour that summer time skips) is the moment the clocks leap to plus what it
is beyond the leap; one that a day has twice is the first. Where that would put a phase before the one it follows, it
begins together with it, and then only the later one begins at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from exchange.core.calendar import BusinessCalendar, is_trading_day, local_date
from exchange.core.instruments import Phase
from exchange.core.units import NS_PER_SECOND
from exchange.rulebook.trading import PhaseStart, second_of_day


class Appointment(NamedTuple):
    """A phase begins at a moment; if it ends a call, after `random_seconds` at most."""

    at_ns: int
    phase: Phase
    random_seconds: int


def appointments(calendar: BusinessCalendar, timetable: Sequence[PhaseStart], day: date) -> list[Appointment]:
    """The phases of one date in order; none where it is no trading day.

    Raises: ValueError outside the dates the calendar covers.
    """
    if not is_trading_day(calendar, day):
        return []
    zone = ZoneInfo(calendar.time_zone)
    found: list[Appointment] = []
    for start in timetable:
        hours, seconds = divmod(second_of_day(start.at), 3_600)
        local = datetime(day.year, day.month, day.day, hours, *divmod(seconds, 60), tzinfo=zone)
        at_ns = int(local.timestamp()) * NS_PER_SECOND
        if found and at_ns <= found[-1].at_ns:
            at_ns = found.pop().at_ns
        found.append(Appointment(at_ns, start.phase, start.random_seconds))
    return found


def next_appointment(calendar: BusinessCalendar, timetable: Sequence[PhaseStart], after_ns: int) -> Appointment | None:
    """The first phase that begins after a moment; None if the calendar ends before."""
    if not timetable:
        return None
    day = local_date(after_ns, calendar.time_zone)
    first = date.fromisoformat(calendar.covers_from)
    last = date.fromisoformat(calendar.covers_until)
    day = max(day, first)
    while day <= last:
        for appointment in appointments(calendar, timetable, day):
            if appointment.at_ns > after_ns:
                return appointment
        day += timedelta(days=1)
    return None


def due_appointment(
    calendar: BusinessCalendar, timetable: Sequence[PhaseStart], due_ns: int, now_ns: int
) -> Appointment | None:
    """What a timer set for `due_ns` has to begin when it fires at `now_ns`; None if nothing begins then.

    After an outage several phases may be due at once: of those up to the next close only the last begins, for a call
    nobody could enter is no call; the close itself is never left out, because it ends the day's orders.
    """
    due = next_appointment(calendar, timetable, due_ns - 1)
    if due is None or due.at_ns > now_ns:
        return None
    while due.phase is not Phase.CLOSED:
        later = next_appointment(calendar, timetable, due.at_ns)
        if later is None or later.at_ns > now_ns:
            break
        due = later
    return due


def phase_at(calendar: BusinessCalendar, timetable: Sequence[PhaseStart], now_ns: int) -> Phase:
    """The phase the timetable gives a moment: closed before the first phase of a day and outside trading days."""
    day = local_date(now_ns, calendar.time_zone)
    if not calendar.covers_from <= day.isoformat() <= calendar.covers_until:
        return Phase.CLOSED
    phase = Phase.CLOSED
    for appointment in appointments(calendar, timetable, day):
        if appointment.at_ns <= now_ns:
            phase = appointment.phase
    return phase
