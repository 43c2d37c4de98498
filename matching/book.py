"""The order book of one instrument: price–time priority, and nothing else.

The best price trades first; at one price the order that came first trades first, at its own price, whatever the
taker was willing to pay. The book knows neither money nor rights, neither phases nor clocks: the engine asks it, covers
what it answers with holds, and tells it what stays. A taker is decided first and applied after (`_plan`, then `match`),
so a preview and the match that follows it cannot disagree.

This plain book is the specification; a compiled one must answer every call alike. An order costs O(1) at a known price
and two short searches at a new one; nothing depends on how many orders or prices there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.units import MAX_INTEGER, PriceTicks, QuantityLots
from matching.ladder import Ladder
from matching.level import Level, Resting


class Fill(NamedTuple):
    """One maker's part in a match, at the maker's price."""

    maker_order_id: OrderId
    maker_account_id: AccountId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    maker_remaining_lots: QuantityLots


class StopReason(Enum):
    """Why a match ended before the taker was filled. NONE: it was filled, or nothing more crosses or is affordable."""

    NONE = "none"
    SELF_TRADE = "self_trade"
    FILL_LIMIT = "fill_limit"


BUY = Side.BUY  # looking a member up in its class takes longer than comparing prices
FINISHED = StopReason.NONE


class Match(NamedTuple):
    """What a taker got, in the order it got it, and what is left of it."""

    fills: list[Fill]
    remaining_lots: QuantityLots
    stopped_by: StopReason


class Preview(NamedTuple):
    """What `match` would do now, had it no limit of fills. Units: `notional_ticks` is the sum of price × lots."""

    fillable_lots: QuantityLots
    fill_count: int
    notional_ticks: int
    self_trade: bool


class LevelView(NamedTuple):
    """One price as the public sees it."""

    price_ticks: PriceTicks
    lots: QuantityLots
    order_count: int


class OrderView(NamedTuple):
    """One open order, as `rest` would take it."""

    order_id: OrderId
    account_id: AccountId
    side: Side
    price_ticks: PriceTicks
    remaining_lots: QuantityLots
    priority: int


class _Half(Ladder):
    """One side of the book: its prices in order, and the level at each."""

    __slots__ = ("levels",)

    def __init__(self, *, best_is_highest: bool) -> None:
        super().__init__(best_is_highest=best_is_highest)
        self.levels: dict[PriceTicks, Level] = {}


def keeps_priority(
    price_ticks: PriceTicks,
    remaining_lots: QuantityLots,
    new_price_ticks: PriceTicks,
    new_remaining_lots: QuantityLots,
) -> bool:
    """Whether a replaced order keeps its place: only when it merely reduces, at the same price."""
    return new_price_ticks == price_ticks and new_remaining_lots < remaining_lots


class Book:
    """Open orders of one instrument, in price–time priority."""

    __slots__ = ("_bids", "_offers", "_orders")

    def __init__(self) -> None:
        self._bids = _Half(best_is_highest=True)
        self._offers = _Half(best_is_highest=False)
        self._orders: dict[OrderId, Resting] = {}

    # --- Reading: changes nothing -------------------------------------------------------------------------------------

    def __contains__(self, order_id: OrderId) -> bool:
        return order_id in self._orders

    def best_bid(self) -> PriceTicks | None:
        """The highest price somebody bids."""
        return self._bids.best if self._bids.levels else None

    def best_offer(self) -> PriceTicks | None:
        """The lowest price somebody offers at."""
        return self._offers.best if self._offers.levels else None

    def would_cross(self, side: Side, price_ticks: PriceTicks) -> bool:
        """Whether an order at this price would meet one of the other side; equal prices meet."""
        return self._offers.best <= price_ticks if side is BUY else self._bids.best >= price_ticks

    def preview(
        self,
        side: Side,
        limit_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        account_id: AccountId,
        max_notional_ticks: int | None = None,
        max_fills: int = MAX_INTEGER,
    ) -> Preview:
        """What `match` would do with the same words; `max_fills` bounds the reading of a very long queue."""
        takes, remaining, stopped_by = self._plan(
            account_id, side, limit_ticks, quantity_lots, max_fills, max_notional_ticks
        )
        return Preview(
            fillable_lots=QuantityLots(quantity_lots - remaining),
            fill_count=len(takes),
            notional_ticks=sum(maker.price_ticks * lots for maker, lots in takes),
            self_trade=stopped_by is StopReason.SELF_TRADE,
        )

    def levels(self, side: Side, limit: int | None = None) -> list[LevelView]:
        """The prices of one side with their totals, best first, at most `limit` of them."""
        half = self._half(side)
        views: list[LevelView] = []
        for price in half:
            if len(views) == limit:
                break
            level = half.levels[price]
            views.append(LevelView(price, QuantityLots(level.lots), level.order_count))
        return views

    def orders(self) -> Iterator[OrderView]:
        """Every open order: bids then offers, best price first, oldest first. The book must not change meanwhile."""
        for half in (self._bids, self._offers):
            for price in half:
                for order in half.levels[price]:
                    yield OrderView(
                        order.order_id, order.account_id, order.side, price, order.remaining_lots, order.priority
                    )

    # --- Changing -----------------------------------------------------------------------------------------------------

    def match(
        self,
        account_id: AccountId,
        side: Side,
        limit_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        max_fills: int,
        max_notional_ticks: int | None = None,
    ) -> Match:
        """Take from the other side, best price and oldest order first, up to the limit; the rest is the caller's.

        It stops before an order of the same account (cancel newest: the caller cancels the taker's remainder), after
        `max_fills` fills, and where `max_notional_ticks`, the most a market bid may cost, buys no further whole lot.
        """
        fills: list[Fill] = []
        if self._offers.best > limit_ticks if side is BUY else self._bids.best < limit_ticks:  # most orders: no plan
            return Match(fills, quantity_lots, FINISHED)
        takes, remaining, stopped_by = self._plan(
            account_id, side, limit_ticks, quantity_lots, max_fills, max_notional_ticks
        )
        for maker, lots in takes:
            left = QuantityLots(maker.remaining_lots - lots)
            if left:
                maker.remaining_lots = left
                maker.level.lots -= lots
            else:
                self._remove(maker)
            fills.append(Fill(maker.order_id, maker.account_id, maker.price_ticks, lots, left))
        return Match(fills, remaining, stopped_by)

    def rest(
        self,
        order_id: OrderId,
        account_id: AccountId,
        side: Side,
        price_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        priority: int,
    ) -> None:
        """Put an order at the end of its price's queue; loading repeats these calls in the order of `priority`."""
        if order_id in self._orders:  # spelled out, not ensure(): calls are a tenth of what an order costs
            raise InvariantBroken("an order rests once")
        if price_ticks <= 0 or quantity_lots <= 0:
            raise InvariantBroken("a resting order has a price and lots")
        if side is BUY:
            half, crosses = self._bids, self._offers.best <= price_ticks
        else:
            half, crosses = self._offers, self._bids.best >= price_ticks
        if crosses:
            raise InvariantBroken("a resting order does not cross")
        level = half.levels.get(price_ticks)
        if level is None:
            level = half.levels[price_ticks] = Level()
            half.add(price_ticks)
        elif level.newest is not None and level.newest.priority >= priority:
            raise InvariantBroken("a later order stands behind an earlier one")
        order = Resting(order_id, account_id, side, price_ticks, quantity_lots, priority, level)
        level.append(order)
        self._orders[order_id] = order

    def cancel(self, order_id: OrderId) -> QuantityLots:
        """Take an open order out; the lots that remained of it."""
        order = self._orders.get(order_id)
        if order is None:
            raise InvariantBroken("the engine names only open orders of this book")
        self._remove(order)
        return order.remaining_lots

    def reduce(self, order_id: OrderId, remaining_lots: QuantityLots) -> None:
        """Lower what remains of an open order; it keeps its place in the queue."""
        order = self._orders.get(order_id)
        if order is None:
            raise InvariantBroken("the engine names only open orders of this book")
        ensure(0 < remaining_lots < order.remaining_lots, "a reduction leaves fewer lots, and some")
        order.level.lots -= order.remaining_lots - remaining_lots
        order.remaining_lots = remaining_lots

    # --- Proof --------------------------------------------------------------------------------------------------------

    def validate(self) -> None:
        """Check every promise this class makes to itself; for tests and the node's self-check."""
        seen = 0
        for side, half in ((Side.BUY, self._bids), (Side.SELL, self._offers)):
            Ladder.validate(half)
            ensure(sorted(half.levels) == sorted(half), "the ladder names the levels' prices")
            for price, level in half.levels.items():
                level.validate()
                seen += level.order_count
                for order in level:
                    ensure(order.side is side and order.price_ticks == price, "an order stands at its side and price")
                    ensure(self._orders.get(order.order_id) is order, "every queued order is known by its id")
        ensure(seen == len(self._orders), "every known order is queued")
        bid, offer = self.best_bid(), self.best_offer()
        ensure(bid is None or offer is None or bid < offer, "the book is not crossed")

    # --- Inside -------------------------------------------------------------------------------------------------------

    def _half(self, side: Side) -> _Half:
        return self._bids if side is BUY else self._offers

    def _plan(
        self,
        account_id: AccountId,
        side: Side,
        limit_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        max_fills: int,
        max_notional_ticks: int | None,
    ) -> tuple[list[tuple[Resting, QuantityLots]], QuantityLots, StopReason]:
        """Decide which makers a taker meets; changes nothing."""
        takes: list[tuple[Resting, QuantityLots]] = []
        remaining, budget = quantity_lots, max_notional_ticks
        buying = side is BUY
        half = self._offers if buying else self._bids
        for price in half:
            if price > limit_ticks if buying else price < limit_ticks:
                break
            maker = half.levels[price].oldest
            while maker is not None:
                lots = maker.remaining_lots
                if lots > remaining:  # noqa: PLR1730 - min() takes four times as long, once a fill
                    lots = remaining
                if budget is not None:
                    if price * lots > budget:
                        lots = QuantityLots(budget // price)
                    budget -= price * lots
                    if not lots:  # not one whole lot more, so whose order it is does not matter
                        return takes, remaining, FINISHED
                if maker.account_id == account_id:
                    return takes, remaining, StopReason.SELF_TRADE
                if len(takes) == max_fills:
                    return takes, remaining, StopReason.FILL_LIMIT
                takes.append((maker, lots))
                remaining = QuantityLots(remaining - lots)
                if not remaining:
                    return takes, remaining, FINISHED
                maker = maker.newer
        return takes, remaining, FINISHED

    def _remove(self, order: Resting) -> None:
        """Take an order out of its queue, and an empty level out of the book."""
        level = order.level
        level.remove(order)
        del self._orders[order.order_id]
        if not level.order_count:
            half = self._bids if order.side is BUY else self._offers
            del half.levels[order.price_ticks]
            half.remove(order.price_ticks)
