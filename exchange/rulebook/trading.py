"""Trading rules: which orders a market's books take, how its day runs, how its auctions decide, as a published text.

A market names one version for its whole life, as it does its profile. A market without any takes plain orders alone
(limit and market; DAY, GTC, IOC, FOK) and changes its phases by hand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.instruments import OrderType, Phase, SelfTradePrevention, TimeInForce
from exchange.core.messages import Citation, Part
from exchange.core.rejections import RejectCode
from exchange.core.units import Code, IsoDate, Name, PositiveCount
from exchange.rulebook.texts import Row, SourcedRow, TextError, is_date, read_text, write_text


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

    A call that ends here ends at a moment drawn from the next `random_seconds` (0: on the dot); the formula is at
    `matching.call_end`.
    """

    at: ClockTime
    phase: Phase
    random_seconds: Seconds = 0


class TradingFields(Part, frozen=True, kw_only=True):
    """The rows of trading rules.

    Units: a band is ppm of its reference (`None`: none): `static_band_ppm` of the last auction's or closing price,
    `dynamic_band_ppm` of the last price. A trade beyond either begins a volatility call of `volatility_seconds`, or,
    where that is 0, a halt of `breaker_seconds` (0: until an operator resumes). A trade may be busted, or its price
    corrected, for `bust_window_seconds` (0: never) and for one of `bust_reasons`.
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
    bust_window_seconds: Row[Seconds]
    bust_reasons: Row[tuple[Code, ...]]


class TradingRules(Part, frozen=True, kw_only=True, tag_field="text", tag="trading_rules"):
    """One version of a market's trading rules, as published."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    note: Name
    fields: TradingFields

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]:
        """Every row with its field's name, in the text's order."""
        return tuple((name, getattr(self.fields, name)) for name in TradingFields.__struct_fields__)


def parse_trading_rules(text: str) -> TradingRules | TextError:
    """Read and check the text of trading rules.

    Refused: trading_rules.invalid, with the place in the text.
    """
    rules = read_text(text, TradingRules, RejectCode.TRADING_RULES_INVALID)
    if isinstance(rules, TextError):
        return rules
    problem = _contradiction(rules)
    if problem is None:
        return rules
    path, reason = problem
    return TextError(code=RejectCode.TRADING_RULES_INVALID, path=path, reason=reason)


def canonical_trading_rules(rules: TradingRules) -> str:
    """The one text of these rules; `text_hash` of it names the version for good."""
    return write_text(rules)


def cite_trading(rules: TradingRules, field: str) -> Citation:
    """The citation of one row, as every refusal carries it."""
    row: Row[object] = getattr(rules.fields, field)
    return Citation(profile=rules.name, version=rules.version, field=field, provision=row.provision)


def holds_calls(rules: TradingRules) -> bool:
    """Whether a market under these rules ever finds a price by a call auction."""
    fields = rules.fields
    return bool(
        any(start.phase in CALLS for start in fields.timetable.value)
        or (fields.volatility_seconds.value and (fields.static_band_ppm.value or fields.dynamic_band_ppm.value))
    )


# --- What the types cannot say ----------------------------------------------------------------------------------------

CALLS = (Phase.OPENING_CALL, Phase.VOLATILITY_CALL, Phase.CLOSING_CALL)
"""The phases that end with an auction."""

FOLLOWS: dict[Phase, tuple[Phase, ...]] = {
    Phase.CLOSED: (Phase.PRE_OPEN, Phase.OPENING_CALL, Phase.CONTINUOUS),
    Phase.PRE_OPEN: (Phase.OPENING_CALL,),
    Phase.OPENING_CALL: (Phase.CONTINUOUS, Phase.HALTED, Phase.CLOSED),
    Phase.CONTINUOUS: (Phase.CLOSING_CALL, Phase.POST_CLOSE, Phase.HALTED, Phase.CLOSED),
    Phase.HALTED: (Phase.OPENING_CALL, Phase.CONTINUOUS, Phase.CLOSING_CALL, Phase.CLOSED),
    Phase.CLOSING_CALL: (Phase.POST_CLOSE, Phase.CLOSED),
    Phase.POST_CLOSE: (Phase.CLOSED,),
}
"""What a timetable may put after what. A day begins and ends closed; a break (halted) keeps every order, closing ends
the DAY orders."""

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)

Problem = tuple[str, str] | None


def _contradiction(rules: TradingRules) -> Problem:
    """Dates that exist, sets without repeats and that fit together, a day in which every phase is reached and ends."""
    if not is_date(rules.effective_from):
        return "$.effective_from", "no such date"
    fields = rules.fields
    return _timetable(fields.timetable.value) or _sets(fields) or _bands(fields) or _busts(fields)


def _sets(fields: TradingFields) -> Problem:
    types, conditions = fields.order_types.value, fields.conditions.value
    calls = [start.phase for start in fields.timetable.value]
    for name in ("order_types", "times_in_force", "conditions", "self_trade_preventions"):
        values = getattr(fields, name).value
        if len(dict.fromkeys(values)) != len(values):
            return f"$.fields.{name}.value", "a value stands twice"
    if OrderType.LIMIT not in types:
        return "$.fields.order_types.value", "every book takes limit orders"
    if not any(time in fields.times_in_force.value for time in (TimeInForce.DAY, TimeInForce.GTC)):
        return "$.fields.times_in_force.value", "an order must be able to stay: day or gtc"
    if SelfTradePrevention.CANCEL_NEWEST not in fields.self_trade_preventions.value:
        return "$.fields.self_trade_preventions.value", "cancel_newest is what a plain order says"
    if OrderCondition.MARKET_CAP in conditions and OrderType.MARKET not in types:
        return "$.fields.conditions.value", "market_cap without market orders"
    if OrderCondition.ONE_CANCELS_OTHER in conditions and not any(kind in STOPS for kind in types):
        return "$.fields.conditions.value", "one_cancels_other without stops: one of the two waits as a stop"
    for time, call in ((TimeInForce.AT_OPEN, Phase.OPENING_CALL), (TimeInForce.AT_CLOSE, Phase.CLOSING_CALL)):
        if time in fields.times_in_force.value and calls and call not in calls:
            return "$.fields.times_in_force.value", f"{time} without {call} in the timetable"
    return None


def _bands(fields: TradingFields) -> Problem:
    banded = fields.static_band_ppm.value is not None or fields.dynamic_band_ppm.value is not None
    if not banded and (fields.volatility_seconds.value or fields.breaker_seconds.value):
        return "$.fields.volatility_seconds.value", "nothing interrupts without a band"
    if fields.volatility_seconds.value and fields.breaker_seconds.value:
        return "$.fields.breaker_seconds.value", "a trade beyond a band begins a call or a halt, not both"
    if fields.volatility_random_seconds.value and not fields.volatility_seconds.value:
        return "$.fields.volatility_random_seconds.value", "no volatility call whose end could be drawn"
    return None


def _busts(fields: TradingFields) -> Problem:
    reasons = fields.bust_reasons.value
    if len(dict.fromkeys(reasons)) != len(reasons):
        return "$.fields.bust_reasons.value", "a value stands twice"
    if bool(reasons) != bool(fields.bust_window_seconds.value):
        return "$.fields.bust_window_seconds.value", "a window without reasons, or reasons without a window"
    return None


def _timetable(timetable: tuple[PhaseStart, ...]) -> Problem:
    """The day in order: each phase may follow the one before, random ends are over before the next phase begins."""
    before, free_from = Phase.CLOSED, -1
    for place, start in enumerate(timetable):
        path = f"$.fields.timetable.value[{place}]"
        at = second_of_day(start.at)
        if at <= free_from:
            return f"{path}.at", "not after what comes before it, random seconds included"
        if start.phase not in FOLLOWS.get(before, ()):
            return f"{path}.phase", f"{start.phase} cannot follow {before}"
        if start.random_seconds and before not in CALLS:
            return f"{path}.random_seconds", f"{before} is no call: nothing ends at random"
        if at + start.random_seconds >= SECONDS_A_DAY:
            return f"{path}.random_seconds", "beyond the day"
        before, free_from = start.phase, at + start.random_seconds
    if before is not Phase.CLOSED:
        return "$.fields.timetable.value", f"the day ends in {before}"
    return None


SECONDS_A_DAY = 86_400


def second_of_day(at: str) -> int:
    """Seconds from midnight of a clock time.

    >>> second_of_day("09:30:00")
    34200
    """
    hours, minutes, seconds = at.split(":")
    return int(hours) * 3_600 + int(minutes) * 60 + int(seconds)
