"""What a report says, as tables: read at one moment of the database, grouped by pandas, exact to the unit.

A report of past days reads only what the journal held when they ended, so it is the same for ever; it names the last
journal row it rests on and that row's chain. Sums are taken in two halves, because 64 bits would not hold every one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from exchange.cli.report_reads import (
    Ledger,
    Subject,
    Window,
    close_before,
    holders_at_end,
    member_names,
    orders_in,
    owners,
    proof,
    subjects_of,
    trades_in,
    windows_of,
)
from exchange.core.ids import make_id, to_wire
from exchange.core.units import NS_PER_SECOND, div_half_even
from exchange.store.snapshot import Snapshot
from matching.tape import SECONDS, Interval

CHART_INTERVALS = (Interval.MINUTE, Interval.FIVE_MINUTES, Interval.QUARTER_HOUR)
CHART_CANDLES = 120
"""A picture has room for so many; a day of trading is shown by the shortest candles that fit."""
TOP = (1, 5, 10)
SHOWN_HOLDERS = 10
PPM = 1_000_000
HALF = 2**31


@dataclass(frozen=True)
class Report:
    """A report's heading and its tables; `subjects` are the instruments it speaks of."""

    title: str
    heading: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    subjects: Sequence[Subject]


def market_report(tables: Snapshot, day: date, code: str | None, *, public: bool) -> Report:
    """One day of the market: prices, turnover, members, holders.

    Raises: ReportRefused when there is no such instrument.
    """
    ledger = Ledger(tables)
    subjects = subjects_of(ledger, code)
    windows = windows_of(ledger, subjects, day, day)
    subjects = [one for one in subjects if one.instrument_id < make_id(windows[one.time_zone].end)]
    trades = trades_in(ledger, subjects, windows)
    holders = holders_at_end(ledger, subjects, windows)
    made = {"summary": _summary(ledger, subjects, windows, trades, holders)}
    if not public:
        made["members"] = _members(ledger, subjects, windows, trades)
    made["holders"] = _named(ledger, subjects, holders, public=public)
    interval = _chart_interval(trades)
    made["candles"] = _bars(interval, trades)
    heading = {"date": day.isoformat(), **proof(ledger, windows), "public": public, "candles_of": interval.value}
    return Report(f"Market report {day.isoformat()}", heading, made, subjects)


def turnover_report(tables: Snapshot, first: date, last: date, code: str | None, *, public: bool) -> Report:
    """What was traded from one day to another, day by day, and by whom.

    Raises: ReportRefused when there is no such instrument.
    """
    ledger = Ledger(tables)
    subjects = subjects_of(ledger, code)
    windows = windows_of(ledger, subjects, first, last)
    trades = trades_in(ledger, subjects, windows)
    made = {"days": _days(subjects, trades), "currencies": _currencies(subjects, trades)}
    if not public:
        made["members"] = _members(ledger, subjects, windows, trades)
    heading = {"from": first.isoformat(), "to": last.isoformat(), **proof(ledger, windows), "public": public}
    return Report(f"Turnover {first.isoformat()} to {last.isoformat()}", heading, made, subjects)


def exact_sums(frame: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Sums by group as Python's integers, of any size: the values' high and low halves are added apart."""
    halves = {f"{name}_high": frame[name] // HALF for name in columns} | {
        f"{name}_low": frame[name] % HALF for name in columns
    }
    parts = pd.DataFrame({**{name: frame[name] for name in by}, **halves}).groupby(list(by), sort=True).sum()
    return pd.DataFrame(
        {
            name: pd.Series(
                [
                    high * HALF + low
                    for high, low in zip(parts[f"{name}_high"].tolist(), parts[f"{name}_low"].tolist(), strict=True)
                ],
                index=parts.index,
                dtype=object,
            )
            for name in columns
        }
    )


def ratio(numerator: int, denominator: int) -> str:
    """A ratio with two decimals, a tie to the even one; empty where there is none.

    >>> ratio(5, 2), ratio(1, 3), ratio(1, 0)
    ('2.50', '0.33', '')
    """
    if not denominator:
        return ""
    hundredths = div_half_even(100 * numerator, denominator)
    return f"{hundredths // 100}.{hundredths % 100:02}"


# --- What is made of it -------------------------------------------------------------------------------------------


def _summary(
    ledger: Ledger,
    subjects: Sequence[Subject],
    windows: Mapping[str, Window],
    trades: pd.DataFrame,
    holders: Mapping[int, list[tuple[int, int]]],
) -> pd.DataFrame:
    """A line an instrument, also for those that did not trade."""
    by = trades.groupby("instrument_id", sort=True)
    prices = by["price_ticks"].agg(["first", "max", "min", "last", "count"])
    sums = exact_sums(trades, ["instrument_id"], ["quantity_lots", "turnover_minor"])
    totals: dict[int, tuple[int, int]] = {
        int(key[0]): (int(key[1]), int(key[2])) for key in sums.itertuples(index=True, name=None)
    }
    lines: list[dict[str, Any]] = []
    for one in subjects:
        did = one.instrument_id in prices.index
        opened, high, low, close, count = map(int, prices.loc[one.instrument_id]) if did else (0, 0, 0, 0, 0)
        lots, turnover = totals.get(one.instrument_id, (0, 0))
        held = holders[one.instrument_id]
        whole = sum(units for _, units in held)
        shares = {
            f"top_{top}_ppm": div_half_even(PPM * sum(units for _, units in held[:top]), whole) if whole else 0
            for top in TOP
        }
        lines.append(
            {
                "instrument_id": to_wire("I", one.instrument_id),
                "code": one.code,
                "market": one.market,
                "currency": one.currency,
                "previous_close_ticks": close_before(ledger, one, windows[one.time_zone]),
                "open_ticks": opened if did else None,
                "high_ticks": high if did else None,
                "low_ticks": low if did else None,
                "close_ticks": close if did else None,
                "trade_count": count,
                "volume_lots": lots,
                "turnover_minor": turnover,
                "vwap_minor": div_half_even(turnover, lots) if did else None,
                "holder_count": len(held),
                **shares,
            }
        )
    return _table(lines, SUMMARY)


SUMMARY = (
    "instrument_id", "code", "market", "currency", "previous_close_ticks", "open_ticks", "high_ticks", "low_ticks",
    "close_ticks", "trade_count", "volume_lots", "turnover_minor", "vwap_minor", "holder_count",
    *(f"top_{top}_ppm" for top in TOP),
)  # fmt: skip
MEMBER = (
    "member_id", "name", "currency", "order_count", "fill_count", "orders_per_fill", "bought_minor", "sold_minor",
    "turnover_minor", "fees_minor",
)  # fmt: skip
CANDLE = (
    "instrument_id", "start_ns", "open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots",
    "turnover_minor", "trade_count",
)  # fmt: skip
DAY = ("date", "instrument_id", "code", "currency", "trade_count", "volume_lots", "turnover_minor")


def _table(lines: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Lines as a table of Python's own values: a missing number must not turn its column into floats."""
    return pd.DataFrame(lines, columns=list(columns), dtype=object)


def _members(
    ledger: Ledger, subjects: Sequence[Subject], windows: Mapping[str, Window], trades: pd.DataFrame
) -> pd.DataFrame:
    """Each member's orders, fills, turnover and fees, a line a currency, the largest turnover first."""
    owner = owners(ledger)
    name = member_names(ledger)
    currency = {one.instrument_id: one.currency for one in subjects}
    sides = pd.concat(
        pd.DataFrame(
            {
                "member_id": trades[f"{side}_account_id"].map(owner),
                "currency": trades["instrument_id"].map(currency),
                "bought_minor": trades["turnover_minor"] * (side == "buyer"),
                "sold_minor": trades["turnover_minor"] * (side == "seller"),
                "fees_minor": trades[f"{side}_fee_minor"],
                "fill_count": 1,
            }
        )
        for side in ("buyer", "seller")
    )
    sums = exact_sums(sides, ["member_id", "currency"], ["bought_minor", "sold_minor", "fees_minor", "fill_count"])
    orders = orders_in(ledger, subjects, windows)
    entered = orders.assign(
        member_id=orders["account_id"].map(owner), currency=orders["instrument_id"].map(currency)
    ).groupby(["member_id", "currency"])
    counts: dict[tuple[Any, ...], int] = {key: len(group) for key, group in entered}
    lines: list[dict[str, Any]] = []
    traded = {key: tuple(values) for key, values in zip(sums.index, sums.itertuples(index=False), strict=True)}
    for key in sorted({*counts, *traded}):
        member_id, money = key
        bought, sold, fees, fills = traded.get(key, (0, 0, 0, 0))
        lines.append(
            {
                "member_id": to_wire("M", int(member_id)),
                "name": name.get(member_id, ""),
                "currency": money,
                "order_count": counts.get(key, 0),
                "fill_count": fills,
                "orders_per_fill": ratio(counts.get(key, 0), fills),
                "bought_minor": bought,
                "sold_minor": sold,
                "turnover_minor": bought + sold,
                "fees_minor": fees,
            }
        )
    lines.sort(key=lambda line: (line["currency"], -line["turnover_minor"]))  # equals keep the order of their members
    return _table(lines, MEMBER)


def _named(
    ledger: Ledger, subjects: Sequence[Subject], holders: Mapping[int, list[tuple[int, int]]], *, public: bool
) -> pd.DataFrame:
    """The largest holders of each instrument's asset by rank; the public is shown shares and nobody's name."""
    name = member_names(ledger)
    lines: list[dict[str, Any]] = []
    for one in subjects:
        held = holders[one.instrument_id]
        whole = sum(units for _, units in held)
        lines.extend(
            {
                "instrument_id": to_wire("I", one.instrument_id),
                "code": one.code,
                "rank": rank,
                "share_ppm": div_half_even(PPM * units, whole),
                "member_id": to_wire("M", member_id),
                "name": name.get(member_id, ""),
                "units": units,
            }
            for rank, (member_id, units) in enumerate(held[:SHOWN_HOLDERS], 1)
        )
    shown = ("instrument_id", "code", "rank", "share_ppm")
    return _table(lines, shown if public else (*shown, "member_id", "name", "units"))


def _chart_interval(trades: pd.DataFrame) -> Interval:
    """The shortest candles by which the time from the first trade to the last fits a picture."""
    lasted_ns = int(trades["at_ns"].max() - trades["at_ns"].min()) if len(trades) else 0
    fitting = (one for one in CHART_INTERVALS if lasted_ns < CHART_CANDLES * SECONDS[one] * NS_PER_SECOND)
    return next(fitting, CHART_INTERVALS[-1])


def _bars(interval: Interval, trades: pd.DataFrame) -> pd.DataFrame:
    """Each instrument's candles, in the order of time."""
    step_ns = SECONDS[interval] * NS_PER_SECOND
    placed = trades.assign(start_ns=trades["at_ns"] // step_ns * step_ns)
    by = ["instrument_id", "start_ns"]
    prices = placed.groupby(by, sort=True)["price_ticks"].agg(["first", "max", "min", "last", "count"])
    sums = exact_sums(placed, by, ["quantity_lots", "turnover_minor"])
    rows = zip(prices.index, prices.itertuples(index=False), sums.itertuples(index=False), strict=True)
    lines = [
        dict(
            zip(
                CANDLE,
                (to_wire("I", key[0]), int(key[1]), *map(int, tuple(price)[:4]), *tuple(summed), int(tuple(price)[4])),
                strict=True,
            )
        )
        for key, price, summed in rows
    ]
    return _table(lines, CANDLE)


def _days(subjects: Sequence[Subject], trades: pd.DataFrame) -> pd.DataFrame:
    """Each day's turnover by instrument, in the time zone of the instrument's market."""
    named = {one.instrument_id: one for one in subjects}
    dates = pd.Series("", index=trades.index, dtype=object)
    for zone in dict.fromkeys(one.time_zone for one in subjects):
        mine = trades["instrument_id"].isin([one.instrument_id for one in subjects if one.time_zone == zone])
        local = pd.to_datetime(trades.loc[mine, "at_ns"], unit="ns", utc=True).dt.tz_convert(zone)
        dates.loc[mine] = local.dt.strftime("%Y-%m-%d")
    by = ["date", "instrument_id"]
    sums = exact_sums(trades.assign(date=dates, one=1), by, ["one", "quantity_lots", "turnover_minor"])
    lines = [
        {
            "date": day,
            "instrument_id": to_wire("I", instrument_id),
            "code": named[instrument_id].code,
            "currency": named[instrument_id].currency,
            "trade_count": values[0],
            "volume_lots": values[1],
            "turnover_minor": values[2],
        }
        for (day, instrument_id), values in zip(sums.index, sums.itertuples(index=False), strict=True)
    ]
    return _table(lines, DAY)


def _currencies(subjects: Sequence[Subject], trades: pd.DataFrame) -> pd.DataFrame:
    """The whole stretch by currency: amounts of different money are never added."""
    currency = trades["instrument_id"].map({one.instrument_id: one.currency for one in subjects})
    fees = trades["buyer_fee_minor"] + trades["seller_fee_minor"]
    made = trades.assign(currency=currency, trade_count=1, fees_minor=fees)
    columns = ["trade_count", "turnover_minor", "fees_minor"]
    return exact_sums(made, ["currency"], columns).reset_index().astype(object)
