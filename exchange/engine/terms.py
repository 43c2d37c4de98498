"""What one market's law comes to for its book, worked out once when the market opens instead of at every order.

Everything here follows from the market, its profile version, its trading rules and its fee schedules alone. Whoever is
refused is told by the rulebook's own check, with its citation; this only tells quickly that nobody need be.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.core.parties import Standing
from exchange.core.units import NS_PER_SECOND
from exchange.rulebook.checks import ADMITS, Refusal, check_method
from exchange.rulebook.fees import FeeRow, FeeSchedule, fee_row
from exchange.rulebook.profile import Method, Profile
from exchange.rulebook.trading import AuctionAllocation, AuctionTieBreak, OrderCondition, StopReference, TradingRules
from matching.book_messages import Allocation, AuctionRule, BookRules, StopTrigger
from matching.messages import Market

BUY = Side.BUY
PLAIN_TYPES = (OrderType.LIMIT, OrderType.MARKET)
PLAIN_TIMES = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
"""What an order may be without asking for anything that a market need not have."""


@dataclass(slots=True)
class BookTerms:
    """The book of one market: who may trade, how much, how many may hold, and each fee version's price of a side.

    Units: `value_cap_minor` bounds one order's worth. A cap of None sets no limit.
    """

    market: Market
    profile: Profile
    method_refusal: Refusal | None
    standings: tuple[Standing, ...]
    value_cap_minor: int | None
    holder_cap: int | None
    fee_versions: list[tuple[int, int]]
    """(from_ns, version) of the fee schedule, in order; the list the state keeps, so it grows by itself."""
    trading: TradingRules | None
    """None: plain orders alone, phases by hand."""
    book_rules: BookRules
    plain: bool
    """Whether every plain order is taken, and nothing but its own trades follows from it: no range interrupts."""
    follows_prices: bool
    """Whether a range outside of which nothing trades moves with the last price."""
    bust_window_ns: int
    """For how long after a trade it may be busted; 0: never."""
    buy_rows: dict[int, FeeRow] = field(default_factory=dict[int, FeeRow])
    sell_rows: dict[int, FeeRow] = field(default_factory=dict[int, FeeRow])
    """What each version of the schedule charges a side. (An enum as part of a key costs a call to hash it.)"""

    def admits(self, standings: tuple[Standing, ...]) -> bool:
        """Whether what is on record about a party admits it to the book."""
        return any([standing in self.standings for standing in standings])  # noqa: C419 - a list is quicker here

    def fee_version(self, at_ns: int) -> int:
        """The version of the fee schedule in force at a moment; 0 if none is."""
        for from_ns, version in reversed(self.fee_versions):
            if from_ns <= at_ns:
                return version
        return 0

    def add_schedule(self, schedule: FeeSchedule) -> None:
        """Take in one version of the market's fee schedule."""
        for side, rows in ((Side.BUY, self.buy_rows), (Side.SELL, self.sell_rows)):
            row = fee_row(schedule, self.market.profile, Method.ORDER_BOOK, side)
            if row is not None:
                rows[schedule.version] = row

    def fee_row(self, side: Side, version: int) -> FeeRow | None:
        """What one version of the schedule charges a side of the book; None: it does not price it."""
        return (self.buy_rows if side is BUY else self.sell_rows).get(version)


TIE_BREAKS = {
    AuctionTieBreak.XETRA: AuctionRule.XETRA,
    AuctionTieBreak.EURONEXT: AuctionRule.EURONEXT,
    AuctionTieBreak.LSE: AuctionRule.LSE,
    AuctionTieBreak.SSE: AuctionRule.SSE,
    AuctionTieBreak.SZSE: AuctionRule.SZSE,
}
ALLOCATIONS = {
    AuctionAllocation.PRICE_TIME: Allocation.PRICE_TIME,
    AuctionAllocation.PRO_RATA: Allocation.PRO_RATA,
}
STOP_TRIGGERS = {
    StopReference.LAST_TRADE: StopTrigger.LAST_TRADE,
    StopReference.OPPOSITE_QUOTE: StopTrigger.OPPOSITE_QUOTE,
}


def book_rules(trading: TradingRules | None) -> BookRules:
    """What trading rules come to for a book; without any, what no plain order ever asks."""
    if trading is None:
        return BookRules()
    fields = trading.fields
    return BookRules(
        auction=TIE_BREAKS[fields.tie_break.value],
        allocation=ALLOCATIONS[fields.allocation.value],
        stop_trigger=STOP_TRIGGERS[fields.stop_reference.value],
    )


def book_terms(
    market: Market, profile: Profile, fee_versions: list[tuple[int, int]], trading: TradingRules | None = None
) -> BookTerms:
    """Work out a market's terms; its fee schedules are added one by one."""
    return BookTerms(
        market=market,
        profile=profile,
        method_refusal=check_method(profile, Method.ORDER_BOOK),
        standings=ADMITS[profile.fields.suitability.value],
        value_cap_minor=profile.fields.value_cap_minor.value,
        holder_cap=profile.fields.holder_cap.value,
        fee_versions=fee_versions,
        trading=trading,
        book_rules=book_rules(trading),
        plain=trading is None or _is_plain(trading),
        follows_prices=trading is not None and trading.fields.dynamic_band_ppm.value is not None,
        bust_window_ns=0 if trading is None else trading.fields.bust_window_seconds.value * NS_PER_SECOND,
    )


def _is_plain(trading: TradingRules) -> bool:
    fields = trading.fields
    taken = (
        all(kind in fields.order_types.value for kind in PLAIN_TYPES)
        and all(time in fields.times_in_force.value for time in PLAIN_TIMES)
        and OrderCondition.MARKET_CAP in fields.conditions.value
    )
    return taken and fields.static_band_ppm.value is None and fields.dynamic_band_ppm.value is None
