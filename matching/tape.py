"""Trades counted into candles: what a stretch of an instrument's tape did, exactly.

A candle covers the moments from `start_ns` up to, and without, `end_ns`. Minutes and hours are those of UTC; a day is a
date of the market's calendar, from midnight to midnight in its time zone, and so now and then 23 or 25 hours long. A
stretch without trades has no candle: nobody should read a price where there was none.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import InstrumentId
from exchange.core.messages import Record
from exchange.core.units import NS_PER_SECOND, Minor, PriceTicks, QuantityLots, TimeNs, div_half_even


class Interval(StrEnum):
    """How long a candle lasts."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER_HOUR = "15m"
    HOUR = "1h"
    DAY = "1d"


SECONDS = {Interval.MINUTE: 60, Interval.FIVE_MINUTES: 300, Interval.QUARTER_HOUR: 900, Interval.HOUR: 3_600}
"""The length of the intervals that are always equally long."""
SHORTEST_DAY_S = 23 * 3_600
"""What a day lasts at least, for a bound on how many there are."""


class Candle(Record, frozen=True, kw_only=True):
    """First, highest, lowest and last price of a stretch, and what was traded in it.

    Units: prices in ticks for one lot; `vwap_minor` is the price of one lot, `turnover_minor / volume_lots`, to the
    nearest minor unit and a tie to the even one. `first_trade_n` and `last_trade_n` are places in `trades:INS`.
    """

    instrument_id: InstrumentId
    start_ns: TimeNs
    end_ns: TimeNs
    open_ticks: PriceTicks
    high_ticks: PriceTicks
    low_ticks: PriceTicks
    close_ticks: PriceTicks
    volume_lots: QuantityLots
    turnover_minor: Minor
    vwap_minor: Minor
    trade_count: int
    first_trade_n: int
    last_trade_n: int


class Tally:
    """A candle that is still being counted; begins with a trade, so that it is never without a price."""

    __slots__ = ("close", "count", "end_ns", "first_n", "high", "last_n", "lots", "low", "open", "start_ns", "ticks")

    def __init__(self, start_ns: int, end_ns: int, price_ticks: int, quantity_lots: int, trade_n: int) -> None:
        self.start_ns, self.end_ns = start_ns, end_ns
        self.open = self.high = self.low = self.close = price_ticks
        self.lots = quantity_lots
        self.ticks = price_ticks * quantity_lots
        """The turnover in ticks."""
        self.first_n = self.last_n = trade_n
        self.count = 1

    def add(self, price_ticks: int, quantity_lots: int, trade_n: int) -> None:
        """Count the next trade of the same stretch."""
        self.close = price_ticks
        if price_ticks > self.high:
            self.high = price_ticks
        elif price_ticks < self.low:
            self.low = price_ticks
        self.lots += quantity_lots
        self.ticks += price_ticks * quantity_lots
        self.last_n = trade_n
        self.count += 1

    def candle(self, instrument_id: InstrumentId, tick_minor: int) -> Candle:
        """What was counted. (Their numbers do not say how many there were: corrections are numbered among them.)"""
        turnover_minor = self.ticks * tick_minor
        return Candle(
            instrument_id=instrument_id,
            start_ns=TimeNs(self.start_ns),
            end_ns=TimeNs(self.end_ns),
            open_ticks=PriceTicks(self.open),
            high_ticks=PriceTicks(self.high),
            low_ticks=PriceTicks(self.low),
            close_ticks=PriceTicks(self.close),
            volume_lots=QuantityLots(self.lots),
            turnover_minor=Minor(turnover_minor),
            vwap_minor=Minor(div_half_even(turnover_minor, self.lots)),
            trade_count=self.count,
            first_trade_n=self.first_n,
            last_trade_n=self.last_n,
        )

    def kept(self) -> tuple[int, ...]:
        """The tally as plain numbers, to go on from later."""
        prices = (self.open, self.high, self.low, self.close)
        return (self.start_ns, self.end_ns, *prices, self.lots, self.ticks, self.first_n, self.last_n, self.count)

    @classmethod
    def again(cls, kept: tuple[int, ...]) -> Tally:
        """The tally those numbers were kept of."""
        start_ns, end_ns, first, high, low, close, lots, ticks, first_n, last_n, count = kept
        tally = cls(start_ns, end_ns, first, lots, first_n)
        tally.high, tally.low, tally.close, tally.ticks = high, low, close, ticks
        tally.last_n, tally.count = last_n, count
        return tally


def span(interval: Interval, at_ns: int, time_zone: str) -> tuple[int, int]:
    """The candle a moment falls into: its first moment, and the first after it.

    >>> span(Interval.MINUTE, 119_999_999_999, "UTC")
    (60000000000, 120000000000)
    """
    seconds = SECONDS.get(interval)
    if seconds is not None:
        start_ns = at_ns - at_ns % (seconds * NS_PER_SECOND)
        return start_ns, start_ns + seconds * NS_PER_SECOND
    day = local_date(at_ns, time_zone)
    return start_of_day_ns(day, time_zone), start_of_day_ns(day + timedelta(days=1), time_zone)


def whole_spans(interval: Interval, from_ns: int, until_ns: int, time_zone: str) -> tuple[int, int]:
    """The stretch of whole candles that holds every moment from `from_ns` up to, and without, `until_ns`."""
    return span(interval, from_ns, time_zone)[0], span(interval, until_ns - 1, time_zone)[1]
