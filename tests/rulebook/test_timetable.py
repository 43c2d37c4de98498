"""A day by the clock: trading days, time zones with summer time, and what is due after an outage."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.calendar import BusinessCalendar
from exchange.core.instruments import Phase
from exchange.rulebook.timetable import appointments, due_appointment, next_appointment, phase_at
from exchange.rulebook.trading import PhaseStart
from tests.rulebook.shipped import calendar, trading_rules

NS = 1_000_000_000


def in_zone(zone: str, holidays: tuple[str, ...] = (), weekend: tuple[int, ...] = (6, 7)) -> BusinessCalendar:
    return BusinessCalendar(
        name="here",
        version=1,
        time_zone=zone,
        holidays=holidays,
        extra_days=(),
        covers_from="2026-01-01",
        covers_until="2026-12-31",
        weekend=weekend,
    )


def day(*starts: str) -> tuple[PhaseStart, ...]:
    return tuple(PhaseStart(at=at, phase=Phase(phase)) for at, phase in (start.split() for start in starts))


def utc(text: str) -> int:
    """Nanoseconds of `2026-03-27 08:00`, in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


def told(at_ns: int, phase: Phase) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS, UTC):%m-%d %H:%M} {phase}"


OFFICE = day("09:00:00 opening_call", "09:30:00 continuous", "17:00:00 closed")
BERLIN = in_zone("Europe/Berlin", holidays=("2026-04-03", "2026-04-06"))

NEXT = """
after                in UTC the next phase begins        why
2026-03-26 07:59     03-26 08:00 opening_call            winter time: 9:00 in Berlin is 8:00 in UTC
2026-03-26 08:00     03-26 08:30 continuous              what begins now does not begin next
2026-03-27 16:00     03-30 07:00 opening_call            over a weekend and into summer time: 7:00
2026-04-02 15:00     04-07 07:00 opening_call            Good Friday, a weekend and Easter Monday
2026-10-23 15:00     10-26 08:00 opening_call            and back into winter time
2026-12-31 16:00     none                                the calendar ends
"""


@pytest.mark.parametrize("line", NEXT.strip().splitlines()[1:])
def test_the_next_phase_is_that_of_the_next_trading_day_in_its_own_time(line: str) -> None:
    after, expected = line[:16], line[21:57].strip()
    found = next_appointment(BERLIN, OFFICE, utc(after))
    assert (told(found.at_ns, found.phase) if found else "none") == expected


def test_a_calendar_that_has_not_begun_is_waited_for() -> None:
    found = next_appointment(BERLIN, OFFICE, utc("2025-07-01 00:00"))
    assert found is not None
    assert told(found.at_ns, found.phase) == "01-01 08:00 opening_call"


def test_without_a_timetable_nothing_is_due() -> None:
    assert next_appointment(BERLIN, (), utc("2026-03-26 07:59")) is None
    assert due_appointment(BERLIN, (), 0, utc("2026-03-26 07:59")) is None


EVERY_DAY = in_zone("Europe/Berlin", weekend=())
NIGHT = day("01:30:00 opening_call", "02:30:00 continuous", "03:10:00 closed")


def test_an_hour_that_summer_time_skips_is_counted_from_the_leap() -> None:
    found = [told(a.at_ns, a.phase) for a in appointments(EVERY_DAY, NIGHT, date(2026, 3, 29))]
    # 2:30 does not exist: it is 3:30 summer time (1:30 UTC), after 3:10 (1:10 UTC); so 3:10 begins together with it.
    assert found == ["03-29 00:30 opening_call", "03-29 01:30 closed"]


def test_an_hour_that_comes_twice_is_taken_the_first_time() -> None:
    found = [told(a.at_ns, a.phase) for a in appointments(EVERY_DAY, NIGHT, date(2026, 10, 25))]
    assert found == ["10-24 23:30 opening_call", "10-25 00:30 continuous", "10-25 02:10 closed"]


DUE = """
timer set for        fires at             what begins                  why
2026-03-26 08:00     2026-03-26 08:00     03-26 08:00 opening_call     on time
2026-03-26 08:00     2026-03-26 08:29     03-26 08:00 opening_call     late, and still the phase of the moment
2026-03-26 08:00     2026-03-26 08:30     03-26 08:30 continuous       the call is over: nobody could enter it
2026-03-26 08:30     2026-03-27 12:00     03-26 16:00 closed           the close ends the day's orders first
2026-03-26 16:00     2026-03-30 12:00     03-26 16:00 closed           and on its own
2026-03-27 08:00     2026-03-30 12:00     03-27 16:00 closed           each day that was missed is closed
2026-03-30 07:00     2026-03-30 12:00     03-30 07:30 continuous       then today is opened
2026-03-26 08:15     2026-03-26 08:20     nothing                      a timer that no timetable set
"""


@pytest.mark.parametrize("line", DUE.strip().splitlines()[1:])
def test_after_an_outage_the_last_phase_begins_but_no_close_is_left_out(line: str) -> None:
    due, now, expected = line[:16], line[21:37], line[42:71].strip()
    found = due_appointment(BERLIN, OFFICE, utc(due), utc(now))
    assert (told(found.at_ns, found.phase) if found else "nothing") == expected


@given(st.integers(utc("2026-01-01 00:00"), utc("2026-12-30 00:00")), st.integers(0, 10 * 86_400 * NS))
def test_firing_as_often_as_is_due_ends_in_the_phase_of_the_moment(set_at: int, outage: int) -> None:
    timetable, zone = trading_rules("licensed_securities").fields.timetable.value, calendar("cn")
    timer = next_appointment(zone, timetable, set_at)
    assert timer is not None
    now, phase = timer.at_ns + outage, phase_at(zone, timetable, timer.at_ns - 1)
    while timer is not None and timer.at_ns <= now:
        begun = due_appointment(zone, timetable, timer.at_ns, now)
        assert begun is not None and begun.at_ns >= timer.at_ns
        phase = begun.phase
        timer = next_appointment(zone, timetable, begun.at_ns)
    assert phase is phase_at(zone, timetable, now)


def test_a_timetable_follows_the_wall_clock_of_its_zone_all_year() -> None:
    zone = ZoneInfo("Europe/Berlin")
    after = utc("2026-01-01 00:00")
    while (found := next_appointment(BERLIN, OFFICE, after)) is not None:
        local = datetime.fromtimestamp(found.at_ns // NS, zone)
        assert f"{local:%H:%M:%S}" in ("09:00:00", "09:30:00", "17:00:00")
        assert local.isoweekday() < 6
        after = found.at_ns
