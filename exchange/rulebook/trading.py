"""Trading rules: which orders a market's books take, how its day runs, and how its auctions decide, as a published text.

A market names one version for its whole life, as it does its profile. A market without any takes plain orders alone
(limit and market; DAY, GTC, IOC, FOK) and changes its phases by hand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.instruments import OrderType, Phase, SelfTradePrevention, TimeInForce
from exchange.core.messages import Part
from exchange.core.units import Code, IsoDate, Name, PositiveCount
from exchange.rulebook.texts import Row


class OrderCondition(StrEnum):
    """What an order may ask for beyond its type, price, quantity and time."""

    ICEBERG = "iceberg"
    HIDDEN = "hidden"
    POST_ONLY = "post_only"
    MINIMUM = "minimum"
    ALL_OR_NONE = "all_or_none"
    ONE_CANCELS_OTHER = "one_cancels_other"
    MARKET_CAP = "market_cap"


class AuctionTieBreak(StrEnum):
    """Whose order of tie-breaks finds the single price (matching.auction names the source of each)."""

    XETRA = "xetra"
    EURONEXT = "euronext"
    LSE = "lse"
    SSE = "sse"
    SZSE = "szse"


class AuctionAllocation(StrEnum):
    """Who gets the lots of the last price that an auction does not fill whole."""

    PRICE_TIME = "price_time"
    PRO_RATA = "pro_rata"


class StopReference(StrEnum):
    """What price moves stops (FIX 1107)."""

    LAST_TRADE = "last_trade"
    OPPOSITE_QUOTE = "opposite_quote"


class OrderDisclosure(StrEnum):
    """What the public sees of single orders (L3)."""

    NONE = "none"
    ANONYMOUS = "anonymous"
    """Each order under a number of its own, without its account."""


ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
Band = Annotated[int, msgspec.Meta(gt=0, le=1_000_000)] | None


class PhaseStart(Part, frozen=True, kw_only=True):
    """When a phase begins on a trading day, in the calendar's time zone.

    A call that ends here ends at a moment drawn from the next `random_seconds` (0: on the dot); see `call.seed`.
    """

    at: ClockTime
    phase: Phase
    random_seconds: Seconds = 0


class TradingFields(Part, frozen=True, kw_only=True):
    """The rows of trading rules.

    Units: a band is ppm of its reference (`None`: none): `static_band_ppm` of the last auction's or closing price,
    `dynamic_band_ppm` of the last price. A trade beyond either begins a volatility call of `volatility_seconds`, or,
    where that is 0, a halt of `breaker_seconds` (0: until an operator resumes).
    """

    order_types: Row[tuple[OrderType, ...]]
    times_in_force: Row[tuple[TimeInForce, ...]]
    conditions: Row[tuple[OrderCondition, ...]]
    self_trade_preventions: Row[tuple[SelfTradePrevention, ...]]
    stop_reference: Row[StopReference]
    tie_break: Row[AuctionTieBreak]
    allocation: Row[AuctionAllocation]
    static_band_ppm: Row[Band]
    dynamic_band_ppm: Row[Band]
    volatility_seconds: Row[Seconds]
    volatility_random_seconds: Row[Seconds]
    breaker_seconds: Row[Seconds]
    halt_keeps_orders: Row[bool]
    timetable: Row[tuple[PhaseStart, ...]]
    order_disclosure: Row[OrderDisclosure]
    depth_levels: Row[PositiveCount]


class TradingRules(Part, frozen=True, kw_only=True, tag_field="text", tag="trading_rules"):
    """One version of a market's trading rules, as published."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    note: Name
    fields: TradingFields
