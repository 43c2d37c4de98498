"""Candles reckoned the long way: every trade put into its bucket by the wall clock, sums as fractions.

Written from the words of the documentation alone; imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "1h": 60}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Deal:
    """One trade: when, at which price, how much."""

    at_ns: int
    price_ticks: int
    lots: int


def label(interval: str, at_ns: int, zone: str) -> str:
    """The bucket of a moment, as a person would write it on the wall."""
    moment = EPOCH + timedelta(seconds=at_ns // 10**9)
    if interval == "1d":
        return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")
    minutes = MINUTES[interval]
    within = (moment.hour * 60 + moment.minute) // minutes * minutes
    return moment.strftime("%Y-%m-%d ") + f"{within // 60:02}:{within % 60:02}"


def rounded(value: Fraction) -> int:
    """To the nearest whole number, a tie to the even one: what Python's own `round` of a fraction does."""
    return round(value)


def candles(deals: Iterable[Deal], interval: str, zone: str, tick_minor: int) -> dict[str, dict[str, int]]:
    """Every bucket with a trade in it."""
    buckets: dict[str, list[Deal]] = {}
    for deal in deals:
        buckets.setdefault(label(interval, deal.at_ns, zone), []).append(deal)
    return {name: _told(held, tick_minor) for name, held in buckets.items()}


def _told(held: list[Deal], tick_minor: int) -> dict[str, int]:
    prices = [deal.price_ticks for deal in held]
    lots = sum(deal.lots for deal in held)
    average = sum((Fraction(deal.price_ticks) * deal.lots / lots for deal in held), Fraction(0)) * tick_minor
    return {
        "open_ticks": prices[0],
        "high_ticks": max(prices),
        "low_ticks": min(prices),
        "close_ticks": prices[-1],
        "volume_lots": lots,
        "turnover_minor": int(average * lots),
        "vwap_minor": rounded(average),
        "trade_count": len(held),
    }
