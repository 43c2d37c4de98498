"""What the reports read: instruments, journal rows of a stretch of days, its trades and orders, who held what.

Everything is found by the tables' own keys, at one moment of the database, and cut at the journal row a day ended with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Join, Select, func, or_, select

from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import make_id, to_wire
from exchange.store.queries.candles import first_at, time_zone_of
from exchange.store.schema.all import metadata
from exchange.store.snapshot import Snapshot
from matching.correction_messages import Remedy

ACCOUNTS, ASSETS, BALANCES = (metadata.tables[name].c for name in ("accounts", "assets", "balances"))
INSTRUMENTS, MARKETS, MEMBERS = (metadata.tables[name].c for name in ("instruments", "markets", "members"))
ORDERS, POSTINGS, PUBLISHED = (metadata.tables[name].c for name in ("orders", "postings", "published"))
JOURNAL, TRADES = metadata.tables["journal"], metadata.tables["trades"]

CORRECTIONS = metadata.tables["trade_corrections"]

TRADE_COLUMNS = (
    "trade_id", "instrument_id", "price_ticks", "quantity_lots", "at_ns",
    "buyer_account_id", "seller_account_id", "buyer_fee_minor", "seller_fee_minor",
)  # fmt: skip


class ReportRefused(Exception):  # noqa: N818 - a refusal, in the house's words
    """What was asked for makes no report; the text says why."""


class Subject(NamedTuple):
    """An instrument as a report names it. Units: `scale` is the number of decimals of its currency's minor unit."""

    instrument_id: int
    code: str
    name: str
    market: str
    currency: str
    scale: int
    tick_minor: int
    asset_id: int
    time_zone: str


class Window(NamedTuple):
    """The journal rows of a stretch of days in one time zone: from `first` up to, and without, `end`."""

    first: int
    end: int
    end_ns: int


class Ledger:
    """The database as the reports read it."""

    def __init__(self, tables: Snapshot) -> None:
        self._tables = tables

    def rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        """Everything a query finds."""
        return list(self._tables.stream(query))

    def first(self, query: Select[Any]) -> Any:
        """The first row a query finds; None if there is none."""
        rows = self.rows(query)
        return rows[0] if rows else None

    def stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """A query's rows, in portions."""
        return self._tables.stream(query)

    def frame(self, query: Select[Any], columns: Sequence[str]) -> pd.DataFrame:
        """A query's rows as whole numbers."""
        return pd.DataFrame.from_records(self.rows(query), columns=list(columns)).astype("int64")


def subjects_of(ledger: Ledger, code: str | None) -> list[Subject]:
    query = (
        select(
            INSTRUMENTS.instrument_id,
            INSTRUMENTS.code,
            INSTRUMENTS.name,
            MARKETS.name.label("market"),
            MARKETS.currency,
            ASSETS.scale,
            INSTRUMENTS.tick_minor,
            INSTRUMENTS.asset_id,
            PUBLISHED.text,
        )
        .select_from(metadata.tables["instruments"])
        .join(metadata.tables["markets"], MARKETS.market_id == INSTRUMENTS.market_id)
        .join(metadata.tables["assets"], ASSETS.asset_id == INSTRUMENTS.money_asset_id)
        .join(
            metadata.tables["published"],
            (PUBLISHED.kind == "calendar")
            & (PUBLISHED.name == MARKETS.calendar)
            & (PUBLISHED.version == MARKETS.calendar_version),
        )
        .order_by(INSTRUMENTS.instrument_id)
    )
    found = [Subject._make((*row[:-1], time_zone_of(row[-1]))) for row in ledger.rows(query)]
    if code is None:
        return found
    chosen = [one for one in found if code in (one.code, to_wire("I", one.instrument_id))]
    if not chosen:
        raise ReportRefused(f"there is no instrument {code}")
    return chosen


def windows_of(ledger: Ledger, subjects: Sequence[Subject], first: date, last: date) -> dict[str, Window]:
    """The journal rows of these days in each time zone; where there is no instrument, those of UTC."""
    zones = dict.fromkeys([one.time_zone for one in subjects] or ["UTC"])
    found: dict[str, Window] = {}
    for zone in zones:
        end_ns = start_of_day_ns(last + timedelta(days=1), zone)
        begin = first_at(ledger, JOURNAL, "sequence", start_of_day_ns(first, zone))
        found[zone] = Window(begin, first_at(ledger, JOURNAL, "sequence", end_ns), end_ns)
    return found


def proof(ledger: Ledger, windows: Mapping[str, Window]) -> dict[str, Any]:
    """The last journal row the report rests on, its chain, and whether nothing can be added any more."""
    end = max(window.end for window in windows.values())
    last_row = select(JOURNAL.c.sequence, JOURNAL.c.chain).where(JOURNAL.c.sequence < end)
    last = ledger.first(last_row.order_by(JOURNAL.c.sequence.desc()).limit(1))
    newest = ledger.first(select(JOURNAL.c.at_ns).order_by(JOURNAL.c.sequence.desc()).limit(1))
    end_ns = max(window.end_ns for window in windows.values())
    return {
        "through_sequence": last[0] if last else 0,
        "chain": bytes(last[1]).hex() if last else "",
        "is_final": newest is not None and newest[0] >= end_ns,
    }


def trades_in(ledger: Ledger, subjects: Sequence[Subject], windows: Mapping[str, Window]) -> pd.DataFrame:
    """The trades of the stretch in journal order, each with its turnover in minor units.

    Those busted before the stretch ended are left out, corrected ones count at their new price: what is done to a trade
    later does not change a report of the past.
    """
    frames: list[pd.DataFrame] = []
    for zone, window in windows.items():
        wanted = [one.instrument_id for one in subjects if one.time_zone == zone]
        query = (
            select(*(_PRICE if name == "price_ticks" else TRADES.c[name] for name in TRADE_COLUMNS))
            .select_from(_with_corrections(window))
            .where(_COUNTS)
            .where(TRADES.c.trade_id >= make_id(window.first), TRADES.c.trade_id < make_id(window.end))
            .where(TRADES.c.instrument_id.in_(wanted))
            .order_by(TRADES.c.trade_id)
        )
        frames.append(ledger.frame(query, TRADE_COLUMNS))
    trades = pd.concat(frames).sort_values("trade_id", ignore_index=True)
    ticks = trades["instrument_id"].map({one.instrument_id: one.tick_minor for one in subjects}).astype("int64")
    return trades.assign(turnover_minor=trades["price_ticks"] * trades["quantity_lots"] * ticks)


def orders_in(ledger: Ledger, subjects: Sequence[Subject], windows: Mapping[str, Window]) -> pd.DataFrame:
    """The orders entered in the stretch."""
    frames: list[pd.DataFrame] = []
    for zone, window in windows.items():
        wanted = [one.instrument_id for one in subjects if one.time_zone == zone]
        query = select(ORDERS.account_id, ORDERS.instrument_id).where(
            ORDERS.order_id >= make_id(window.first),
            ORDERS.order_id < make_id(window.end),
            ORDERS.instrument_id.in_(wanted),
        )
        frames.append(ledger.frame(query, ("account_id", "instrument_id")))
    return pd.concat(frames, ignore_index=True)


def holders_at_end(
    ledger: Ledger, subjects: Sequence[Subject], windows: Mapping[str, Window]
) -> dict[int, list[tuple[int, int]]]:
    """Who held each instrument's asset when the stretch ended: members with their units, the largest first.

    Balances are today's; what was posted since is taken back, newest first or not, for sums do not care.
    """
    owner = owners(ledger)
    found: dict[int, list[tuple[int, int]]] = {}
    for one in subjects:
        today = select(BALANCES.account_id, BALANCES.units).where(BALANCES.asset_id == one.asset_id)
        units: dict[int, int] = dict(ledger.rows(today))
        since = select(POSTINGS.account_id, POSTINGS.units).where(
            POSTINGS.posting_id >= make_id(windows[one.time_zone].end), POSTINGS.asset_id == one.asset_id
        )
        for account_id, moved in ledger.stream(since):
            units[account_id] = units.get(account_id, 0) - moved
        held: dict[int, int] = {}
        for account_id, amount in units.items():
            if amount > 0:  # below zero stands what was issued: the mirror of all the others
                held[owner[account_id]] = held.get(owner[account_id], 0) + amount
        found[one.instrument_id] = sorted(held.items(), key=lambda holder: (-holder[1], holder[0]))
    return found


def close_before(ledger: Ledger, one: Subject, window: Window) -> int | None:
    """The last price before the stretch; None if the instrument had never traded."""
    query = (
        select(_PRICE)
        .select_from(_with_corrections(window))
        .where(_COUNTS, TRADES.c.trade_id < make_id(window.first), TRADES.c.instrument_id == one.instrument_id)
        .order_by(TRADES.c.trade_id.desc())
        .limit(1)
    )
    found = ledger.first(query)
    return int(found[0]) if found is not None else None


_PRICE = func.coalesce(CORRECTIONS.c.corrected_ticks, TRADES.c.price_ticks)
"""What a trade that counts cost."""
_COUNTS = or_(CORRECTIONS.c.remedy.is_(None), CORRECTIONS.c.remedy == Remedy.REPRICED.value)


def _with_corrections(window: Window) -> Join:
    """The trades, each with what became of it before the stretch ended."""
    decided = (CORRECTIONS.c.trade_id == TRADES.c.trade_id) & (CORRECTIONS.c.decided_at_ns < window.end_ns)
    return TRADES.outerjoin(CORRECTIONS, decided)


def owners(ledger: Ledger) -> dict[int, int]:
    """Whose each account is."""
    return {int(row[0]): int(row[1]) for row in ledger.rows(select(ACCOUNTS.account_id, ACCOUNTS.member_id))}


def member_names(ledger: Ledger) -> dict[int, str]:
    """The members' names."""
    return {int(row[0]): str(row[1]) for row in ledger.rows(select(MEMBERS.member_id, MEMBERS.name))}
