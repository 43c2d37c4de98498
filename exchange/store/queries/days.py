"""An instrument's trading day out of the tables, as far as it has come, and the close of the day it traded before.

Read like candles, a bounded stretch a question, each of a snapshot of its own. What was read says between which
sequences: a trade after the last one is not in it, and a correction after the first one may not be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from exchange.core.ids import InstrumentId
from exchange.store.queries.candles import (
    LOOKED_AT,
    NUMBERS,
    TRADES,
    Place,
    Traded,
    candles,
    first_at,
    head_ns,
    traded,
)
from exchange.store.queries.corrections import corrected_among
from exchange.store.queries.reader import Snapshot
from matching.tape import Candle, Interval, span

CLOSES_LOOKED_AT = 100
"""Trades of the instrument that one question takes for the close of an earlier day: busted ones are passed over."""


@dataclass(frozen=True, slots=True)
class Day:
    """A trading day as read so far; whole once neither `place` nor `before` says where to go on."""

    of: Traded
    start_ns: int
    end_ns: int
    first_sequence: int
    last_sequence: int
    trade_n: int
    """The number of the instrument's last trade or correction at `last_sequence`."""
    place: Place | None
    candle: Candle | None = None
    before: int | None = None
    """The trade before which the close of an earlier day is looked for."""
    previous_close_ticks: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it has been read."""
        return self.place is None and self.before is None


def begin(snapshot: Snapshot, instrument_id: InstrumentId) -> Day | None:
    """The day of the snapshot's newest row, with its first trades; None without such an instrument."""
    of = traded(snapshot, instrument_id)
    if of is None:
        return None
    start_ns, end_ns = span(Interval.DAY, head_ns(snapshot), of.time_zone)
    place = Place(start_ns, end_ns, 0, None)
    return _count(snapshot, Day(of, start_ns, end_ns, snapshot.sequence, snapshot.sequence, 0, place))


def go_on(snapshot: Snapshot, day: Day) -> Day | None:
    """The next stretch of a day that is not whole; when midnight has passed, the first one of the new day."""
    if day.place is None:
        return _look_back(snapshot, day)
    if head_ns(snapshot) >= day.end_ns:
        return begin(snapshot, day.of.instrument_id)
    return _count(snapshot, day)


def _count(snapshot: Snapshot, day: Day) -> Day:
    """Count the day's next trades."""
    if day.place is None:
        return day
    found = candles(snapshot, day.of, Interval.DAY, day.place, 1)
    number = snapshot.first(select(NUMBERS.c.trade_n).where(NUMBERS.c.instrument_id == day.of.instrument_id))
    trade_n = int(number[0]) if number is not None else 0
    candle = found.records[0] if found.records else None
    before = None
    if found.next_place is None and trade_n and (candle is None or candle.first_trade_n > 1):
        before = first_at(snapshot, TRADES, "trade_id", day.start_ns)
    return replace(
        day, last_sequence=snapshot.sequence, trade_n=trade_n, place=found.next_place, candle=candle, before=before
    )


def _look_back(snapshot: Snapshot, day: Day) -> Day:
    """Look for the newest trade before the day that still counts, a bounded stretch of the trades further back."""
    key, before = TRADES.c.trade_id, day.before
    end = select(key).where(key < before).order_by(key.desc()).limit(1).offset(LOOKED_AT)
    found = snapshot.first(end)
    behind = int(found[0]) if found is not None else 0
    query = (
        select(key, TRADES.c.price_ticks)
        .where(key < before, key >= behind, TRADES.c.instrument_id == day.of.instrument_id)
        .order_by(key.desc())
        .limit(CLOSES_LOOKED_AT)
    )
    rows = snapshot.rows(query)
    corrected = corrected_among(snapshot, [int(trade_id) for trade_id, _ in rows])
    for trade_id, price_ticks in rows:
        changed = corrected.get(trade_id)
        if changed is None or not changed.is_bust:
            close = int(price_ticks) if changed is None else changed.price_ticks
            return replace(day, before=None, previous_close_ticks=close)
    if len(rows) == CLOSES_LOOKED_AT:
        return replace(day, before=int(rows[-1][0]))
    return replace(day, before=behind or None)
