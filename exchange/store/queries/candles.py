"""Candles out of the trades, found by the tables' own keys.

Trades stand in journal order, and the journal's time strictly rises, so a moment is found among them by halving: some
forty look-ups by key. From there the rows are read on, a bounded stretch a question; an instrument that trades seldom
beside busy ones may get a short page, or an empty one, that goes on. A candle that a stretch ends in travels in the
page's position and is told once it is whole. Busted trades are left out, corrected ones count at their new price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import msgspec
from sqlalchemy import Select, Table, func, select

from exchange.core.ids import InstrumentId
from exchange.core.rule_messages import PublishedKind
from exchange.store.queries.corrections import corrected_between
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.matching import InstrumentTable, MarketTable, NumbersTable, TradeTable
from exchange.store.schema.members import PublishedTable
from matching.tape import Candle, Interval, Tally, span

LOOKED_AT = 100_000
"""Trades of all instruments that one question looks at."""
COUNTED = 10_000
"""Trades of the instrument that one question counts."""

JOURNAL, TRADES = cast("Table", JournalTable.__table__), cast("Table", TradeTable.__table__)
INSTRUMENTS, MARKETS = cast("Table", InstrumentTable.__table__), cast("Table", MarketTable.__table__)
NUMBERS, PUBLISHED = cast("Table", NumbersTable.__table__), cast("Table", PublishedTable.__table__)


class Traded(NamedTuple):
    """What counting an instrument's trades needs to know of it."""

    instrument_id: InstrumentId
    tick_minor: int
    time_zone: str


class Place(NamedTuple):
    """Where a page of candles ended: the stretch that was asked for, the next trade, and the candle it stands in."""

    from_ns: int
    until_ns: int
    trade_id: int
    counted: tuple[int, ...] | None


class Standing(NamedTuple):
    """An instrument's phase and last price (0: it never traded)."""

    phase: str
    last_price_ticks: int


@dataclass(frozen=True, slots=True)
class Candles:
    """Candles in the order of time, and where the next ones begin; None at the stretch's end."""

    records: tuple[Candle, ...]
    next_place: Place | None


class Finding(Protocol):
    """Whatever answers a query with its first row: a snapshot of the readers, or one of the proofs'."""

    def first(self, query: Select[Any]) -> Any:
        """The first row a query finds; None if there is none."""
        ...


class _Zone(msgspec.Struct):
    """The one field of a published calendar that candles need."""

    time_zone: str


def traded(snapshot: Snapshot, instrument_id: int) -> Traded | None:
    """An instrument with its tick and the time zone of its market's calendar."""
    calendar = (
        (PUBLISHED.c.kind == PublishedKind.CALENDAR.value)
        & (PUBLISHED.c.name == MARKETS.c.calendar)
        & (PUBLISHED.c.version == MARKETS.c.calendar_version)
    )
    query = (
        select(INSTRUMENTS.c.instrument_id, INSTRUMENTS.c.tick_minor, PUBLISHED.c.text)
        .join(MARKETS, MARKETS.c.market_id == INSTRUMENTS.c.market_id)
        .join(PUBLISHED, calendar)
        .where(INSTRUMENTS.c.instrument_id == instrument_id)
    )
    found = snapshot.first(query)
    if found is None:
        return None
    return Traded(InstrumentId(found[0]), found[1], time_zone_of(found[2]))


def time_zone_of(calendar_text: str) -> str:
    """The time zone a published calendar counts days in."""
    return msgspec.json.decode(calendar_text, type=_Zone).time_zone


def standing(snapshot: Snapshot, instrument_id: int) -> Standing | None:
    """An instrument's phase and last price."""
    query = (
        select(INSTRUMENTS.c.phase, NUMBERS.c.last_price_ticks)
        .outerjoin(NUMBERS, NUMBERS.c.instrument_id == INSTRUMENTS.c.instrument_id)
        .where(INSTRUMENTS.c.instrument_id == instrument_id)
    )
    found = snapshot.first(query)
    return None if found is None else Standing(found[0], found[1] or 0)


def head_ns(snapshot: Snapshot) -> int:
    """The time of the snapshot's last journal row; nothing that comes later bears this time or an earlier one."""
    found = snapshot.first(select(JOURNAL.c.at_ns).where(JOURNAL.c.sequence == snapshot.sequence))
    return int(found[0]) if found is not None else 0


def candles(snapshot: Snapshot, of: Traded, interval: Interval, place: Place, limit: int) -> Candles:
    """Up to `limit` candles from a place on, each of them whole.

    A stretch from T is `Place(T, until, 0, None)`: its first trade is looked for.
    """
    start = place.trade_id or first_at(snapshot, TRADES, "trade_id", place.from_ns)
    end = first_at(snapshot, TRADES, "trade_id", place.until_ns)
    behind = _end_of_look(snapshot, start, end)
    query = (
        select(TRADES.c.trade_id, TRADES.c.at_ns, TRADES.c.price_ticks, TRADES.c.quantity_lots, TRADES.c.trade_n)
        .where(TRADES.c.trade_id >= start, TRADES.c.trade_id < behind, TRADES.c.instrument_id == of.instrument_id)
        .order_by(TRADES.c.trade_id)
        .limit(COUNTED + 1)
    )
    rows = snapshot.rows(query)
    if len(rows) > COUNTED:
        behind = int(rows.pop()[0])

    corrected = corrected_between(snapshot, start, behind)
    tally = Tally.again(place.counted) if place.counted is not None else None
    found: list[Candle] = []
    for trade_id, at_ns, traded_ticks, quantity_lots, trade_n in rows:
        changed = corrected.get(trade_id)
        if changed is not None and changed.is_bust:
            continue
        price_ticks = traded_ticks if changed is None else changed.price_ticks
        if tally is not None and at_ns < tally.end_ns:
            tally.add(price_ticks, quantity_lots, trade_n)
            continue
        if tally is not None:
            found.append(tally.candle(of.instrument_id, of.tick_minor))
        if len(found) == limit:
            return Candles(tuple(found), place._replace(trade_id=trade_id, counted=None))
        tally = Tally(*span(interval, at_ns, of.time_zone), price_ticks, quantity_lots, trade_n)
    if behind < end:
        return Candles(tuple(found), place._replace(trade_id=behind, counted=tally.kept() if tally else None))
    if tally is not None:
        found.append(tally.candle(of.instrument_id, of.tick_minor))
    return Candles(tuple(found), None)


def first_at(snapshot: Finding, table: Table, key: str, at_ns: int) -> int:
    """The key of the first row at a moment or later, in a table whose time rises with its key."""
    column = table.columns[key]
    low, high = 0, int(snapshot.first(select(func.max(column)))[0] or 0) + 1
    # Every row before `low` is earlier than the moment, and none from `high` on.
    while low < high:
        middle = (low + high) // 2
        query = select(column, table.columns["at_ns"]).where(column >= middle).order_by(column).limit(1)
        found = snapshot.first(query)
        if found is None or found[1] >= at_ns:
            high = middle
        else:
            low = int(found[0]) + 1
    return low


def _end_of_look(snapshot: Snapshot, start: int, end: int) -> int:
    """The first trade that one question does not look at."""
    key = TRADES.c.trade_id
    query = select(key).where(key >= start, key < end).order_by(key).limit(1).offset(LOOKED_AT)
    found = snapshot.first(query)
    return int(found[0]) if found is not None else end
