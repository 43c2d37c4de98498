"""An instrument's trading day as a channel, `stats:…`: prices, volume, turnover and number of trades so far.

What the day did before somebody asked is read from the tables once; from there each trade is counted as it comes, on
the tick. A trade that was busted or given another price changes what was counted before: the day is read again, and
told by a snapshot. `n` is the number of the last trade or correction that is counted, the one it has in `trades:…`.
Without a follower nothing is counted.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from api.stream.channels import Moment
from exchange.core.calendar import local_date
from exchange.core.ids import InstrumentId, sequence_of
from exchange.core.units import MAX_INTEGER
from exchange.store.queries.days import Day
from matching.tape import Candle, Interval, Tally, span
from matching.visible import BookChange, PublicTrade

STATISTICS = "stats"


class DayStatistics(msgspec.Struct, frozen=True, gc=False, tag="stats.snapshot"):
    """The day as it stands: of one without trades the prices are null; a sum beyond 2**53 - 1 is null too.

    Units: as in the daily statistics (`matching.tape.Candle`); `close_ticks` is the last price so far.
    """

    date: str
    start_ns: int
    end_ns: int
    open_ticks: int | None = None
    high_ticks: int | None = None
    low_ticks: int | None = None
    close_ticks: int | None = None
    volume_lots: int | None = 0
    turnover_minor: int | None = 0
    vwap_minor: int | None = None
    trade_count: int = 0
    previous_close_ticks: int | None = None
    """The last price of the day it traded before; null if there is none."""


class DayChanged(DayStatistics, frozen=True, gc=False, kw_only=True, tag="stats.changed"):
    """The day as it stands after the trades numbered `from_n..n`; after midnight, when none came yet, after none."""

    from_n: int


class StatisticsChannel:
    """One instrument's trading day as messages, each of which says all of it."""

    __slots__ = (
        "_day",
        "_is_changed",
        "_is_fresh",
        "_needed",
        "_previous_close",
        "_read",
        "_tally",
        "_told_n",
        "_waiting",
        "end_ns",
        "instrument_id",
        "n",
        "name",
        "serial",
        "start_ns",
    )

    def __init__(self, instrument_id: InstrumentId, n: int, read: Callable[[StatisticsChannel], None]) -> None:
        self.instrument_id = instrument_id
        self.name = f"{STATISTICS}:" + id_text("I", instrument_id)
        self.n = self._told_n = n
        self.serial = 0
        self.start_ns = self.end_ns = 0
        self._read = read
        """Has the day read from the tables, and `begin` told of it."""
        self._day: Day | None = None
        """The day as it was read; none while that is going on."""
        self._tally: Tally | None = None
        self._previous_close = 0
        self._waiting: list[PublicTrade] = []
        self._needed = 0
        """The last correction's sequence: what was read before it does not count."""
        self._is_changed = self._is_fresh = False
        read(self)

    @property
    def is_known(self) -> bool:
        """Whether the day so far has been read."""
        return self._day is not None

    # --- what happened in -

    def begin(self, day: Day, moment: Moment) -> bool:
        """Start from the day as it was read, up to a sequence the rows have reached; false: it must be read again."""
        if day.first_sequence < self._needed:
            self._read(self)
            return False
        self._day = day
        self._tally = _tally(day.candle, day.of.tick_minor) if day.candle is not None else None
        self._previous_close = day.previous_close_ticks
        self.start_ns, self.end_ns = day.start_ns, day.end_ns
        self.n = day.trade_n
        waiting, self._waiting = self._waiting, []
        for trade in waiting:
            if sequence_of(trade.trade_id) > day.last_sequence:
                self._count(day, trade)
        self.roll(moment.at_ns)
        self._is_changed = self._is_fresh = True
        return True

    def take(self, change: BookChange) -> bool:
        """Take in what rows changed: its trades, which are told with the next tick."""
        if self._day is None:
            self._waiting.extend(change.trades)
            return False
        for trade in change.trades:
            self._count(self._day, trade)
        self._is_changed = self._is_changed or bool(change.trades)
        return self._is_changed

    def corrected(self, sequence: int) -> None:
        """A trade of the instrument was busted or has another price since a sequence: what was counted is void."""
        self._needed = sequence
        if self._day is not None:
            self._day = None
            self._read(self)

    def roll(self, at_ns: int) -> None:
        """It is this late now: after midnight another day begins."""
        day = self._day
        if day is None or at_ns < self.end_ns:
            return
        if self._tally is not None:
            self._previous_close = self._tally.close
        self._tally = None
        self.start_ns, self.end_ns = span(Interval.DAY, at_ns, day.of.time_zone)
        self._is_changed = True

    def _count(self, day: Day, trade: PublicTrade) -> None:
        self.roll(trade.at_ns)
        self.n = trade.trade_n
        if self._tally is not None:
            self._tally.add(trade.price_ticks, trade.quantity_lots, trade.trade_n)
        else:
            self._tally = Tally(
                *span(Interval.DAY, trade.at_ns, day.of.time_zone),
                trade.price_ticks,
                trade.quantity_lots,
                trade.trade_n,
            )

    # --- messages out -

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if anything changed: a snapshot after the day was read."""
        if not self._is_changed or self._day is None:
            return None
        is_fresh, from_n = self._is_fresh, self._told_n + 1
        self._is_changed = self._is_fresh = False
        self._told_n = self.n
        self.serial += 1
        if is_fresh:
            return self.snapshot(moment)
        now = self._now(self._day)
        values = {name: getattr(now, name) for name in DayStatistics.__struct_fields__}
        return self._frame(DayChanged(from_n=from_n, **values), moment)

    def keep(self, *, wanted: bool) -> None:
        """Nothing is kept: the last message says all."""

    def since_serial(self, serial: int, moment: Moment) -> bytes | None:
        """How it stands, if a message was missed."""
        return None if serial == self.serial else self.snapshot(moment)

    def since_number(self, from_n: int, moment: Moment) -> bytes | None:
        """How it stands: midnight may have passed without a number."""
        del from_n
        return self.snapshot(moment)

    def snapshot(self, moment: Moment) -> bytes | None:
        """How it stands; while the day is being read nothing, since all are told when that is done."""
        return None if self._day is None else self._frame(self._now(self._day), moment)

    def _now(self, day: Day) -> DayStatistics:
        date = local_date(self.start_ns, day.of.time_zone).isoformat()
        previous = self._previous_close or None
        if self._tally is None:
            return DayStatistics(date, self.start_ns, self.end_ns, previous_close_ticks=previous)
        candle = self._tally.candle(self.instrument_id, day.of.tick_minor)
        return DayStatistics(
            date,
            self.start_ns,
            self.end_ns,
            candle.open_ticks,
            candle.high_ticks,
            candle.low_ticks,
            candle.close_ticks,
            _exact(candle.volume_lots),
            _exact(candle.turnover_minor),
            candle.vwap_minor,
            candle.trade_count,
            previous,
        )

    def _frame(self, body: DayStatistics, moment: Moment) -> bytes:
        return frame(envelope(self.name, moment.epoch, self.n, moment.sequence, moment.at_ns, encode(body)))


def _tally(candle: Candle, tick_minor: int) -> Tally:
    """The tally a candle was made of."""
    prices = (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks)
    sums = (candle.volume_lots, candle.turnover_minor // tick_minor)
    return Tally.again(
        (candle.start_ns, candle.end_ns, *prices, *sums, candle.first_trade_n, candle.last_trade_n, candle.trade_count)
    )


def _exact(amount: int) -> int | None:
    return amount if amount <= MAX_INTEGER else None
