"""Candles: where one ends and the next begins, and that they say exactly what was traded."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.ids import InstrumentId
from exchange.core.units import NS_PER_SECOND
from matching.tape import Interval, Tally, span, whole_spans
from tests.models import tape_model
from tests.models.tape_model import Deal

ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo")
TOLD = (
    "open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots", "turnover_minor", "vwap_minor", "trade_count"
)  # fmt: skip


def at(text: str, zone: str = "UTC") -> int:
    """A moment as nanoseconds, from what a clock in that zone shows."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * NS_PER_SECOND


def clock(at_ns: int, zone: str = "UTC") -> str:
    """What a clock in that zone shows."""
    return datetime.fromtimestamp(at_ns // NS_PER_SECOND, tz=UTC).astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("interval", "moment", "begins", "ends"),
    [
        ("1m", "2026-03-02 09:30:00", "03-02 09:30", "03-02 09:31"),
        ("1m", "2026-03-02 09:30:59", "03-02 09:30", "03-02 09:31"),
        ("5m", "2026-03-02 09:34:59", "03-02 09:30", "03-02 09:35"),
        ("5m", "2026-03-02 09:35:00", "03-02 09:35", "03-02 09:40"),
        ("15m", "2026-03-02 09:44:59", "03-02 09:30", "03-02 09:45"),
        ("1h", "2026-03-02 23:59:59", "03-02 23:00", "03-03 00:00"),
        ("1d", "2026-03-02 23:59:59", "03-02 00:00", "03-03 00:00"),
        ("1d", "2026-03-03 00:00:00", "03-03 00:00", "03-04 00:00"),
    ],
)
def test_a_moment_falls_into_the_candle_that_begins_at_it_or_before(
    interval: str, moment: str, begins: str, ends: str
) -> None:
    start_ns, end_ns = span(Interval(interval), at(moment) + 999_999_999, "UTC")
    assert (clock(start_ns), clock(end_ns)) == (begins, ends)
    assert span(Interval(interval), at(moment), "UTC") == (start_ns, end_ns)


@pytest.mark.parametrize(
    ("zone", "date", "hours", "first_moment"),
    [
        ("Asia/Shanghai", "2026-03-02", 24, "03-01 16:00"),
        ("America/New_York", "2026-03-08", 23, "03-08 05:00"),  # clocks go forward
        ("America/New_York", "2026-11-01", 25, "11-01 04:00"),  # and back
        ("Asia/Kolkata", "2026-03-02", 24, "03-01 18:30"),
        ("America/Sao_Paulo", "2018-11-04", 23, "11-04 03:00"),  # its midnight did not exist: it begins at one o'clock
    ],
)
def test_a_day_is_a_date_of_the_calendars_time_zone(zone: str, date: str, hours: int, first_moment: str) -> None:
    start_ns, end_ns = span(Interval.DAY, at(f"{date} 12:00:00", zone), zone)
    assert (clock(start_ns), (end_ns - start_ns) // (3_600 * NS_PER_SECOND)) == (first_moment, hours)
    assert span(Interval.DAY, start_ns, zone) == span(Interval.DAY, end_ns - 1, zone) == (start_ns, end_ns)
    assert span(Interval.DAY, start_ns - 1, zone)[1] == start_ns
    assert span(Interval.DAY, end_ns, zone)[0] == end_ns


def test_a_stretch_is_widened_to_whole_candles_and_never_further() -> None:
    nine = at("2026-03-02 09:00:00")
    minute = 60 * NS_PER_SECOND
    assert whole_spans(Interval.MINUTE, nine, nine + minute, "UTC") == (nine, nine + minute)
    assert whole_spans(Interval.MINUTE, nine + 1, nine + minute + 1, "UTC") == (nine, nine + 2 * minute)


def test_the_average_price_is_rounded_to_the_nearest_and_a_tie_to_the_even_minor_unit() -> None:
    for lots_at_one, lots_at_two, expected in ((3, 1, 1), (1, 1, 2), (1, 3, 2)):  # 1.25, 1.5, 1.75
        tally = Tally(0, 1, 1, lots_at_one, 1)
        tally.add(2, lots_at_two, 2)
        assert tally.candle(InstrumentId(1), 1).vwap_minor == expected
    tally = Tally(0, 1, 2, 1, 1)
    tally.add(3, 1, 2)
    assert tally.candle(InstrumentId(1), 1).vwap_minor == 2  # 2.5


DEALS = st.lists(
    st.tuples(st.integers(0, 90_000), st.integers(1, 10**9), st.integers(1, 10**6)), min_size=1, max_size=60
)


@given(
    DEALS, st.sampled_from(list(Interval)), st.sampled_from(ZONES), st.integers(1, 100), st.integers(1_000_000, 10**9)
)
def test_candles_say_what_the_trades_said(
    steps: list[tuple[int, int, int]], interval: Interval, zone: str, tick_minor: int, start_s: int
) -> None:
    deals, at_ns = [], start_s * NS_PER_SECOND
    for seconds, price, lots in steps:
        at_ns += seconds * NS_PER_SECOND + 1
        deals.append(Deal(at_ns, price, lots))
    tallies: list[Tally] = []
    for number, deal in enumerate(deals, 1):
        if tallies and deal.at_ns < tallies[-1].end_ns:
            tallies[-1] = Tally.again(tallies[-1].kept())
            tallies[-1].add(deal.price_ticks, deal.lots, number)
        else:
            tallies.append(Tally(*span(interval, deal.at_ns, zone), deal.price_ticks, deal.lots, number))

    candles = [tally.candle(InstrumentId(7), tick_minor) for tally in tallies]
    expected = tape_model.candles(deals, interval.value, zone, tick_minor)
    if interval is not Interval.DAY:
        assert [tape_model.label(interval.value, candle.start_ns, zone) for candle in candles] == list(expected)
    assert [{name: getattr(candle, name) for name in TOLD} for candle in candles] == list(expected.values())
    for before, after in pairwise(candles):
        assert before.end_ns <= after.start_ns
        assert before.last_trade_n + 1 == after.first_trade_n
