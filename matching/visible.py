"""One instrument's book as the public sees it, kept from committed events: shown lots by price, and by order.

Of an order only what it shows counts: an iceberg its slice, a hidden order, a waiting stop or an all-or-none order
nothing. Each time an order joins a queue it gets the next number of its instrument. By that number it is published
where single orders are: it names no one, an iceberg's slices have nothing in common, and in one queue the lower number
is the older one, as the book's own priority has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import msgspec

from exchange.core.ids import InstrumentId, TradeId
from exchange.core.instruments import Phase, Side
from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.units import PriceTicks, QuantityLots
from matching.ladder import Ladder

RECENT_TRADES = 50
"""How many of its last trades are kept of an instrument that nobody watches."""


class DepthLevel(NamedTuple):
    """All that is shown at one price; `lots` 0 means nothing any more."""

    side: Side
    price_ticks: PriceTicks
    lots: QuantityLots


class OrderLine(NamedTuple):
    """What one order shows; `lots` 0 means that it is gone. In one queue the lower number is the older one."""

    number: int
    side: Side
    price_ticks: PriceTicks
    lots: QuantityLots


class PublicTrade(NamedTuple):
    """A trade as everybody sees it; `aggressor` is the taker's side (in an auction nobody's), `trade_n` its place."""

    trade_id: TradeId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    aggressor: Side | None
    trade_n: int
    at_ns: int


class BookChange(msgspec.Struct, frozen=True, kw_only=True):
    """What journal rows changed in one instrument's book since that was last asked.

    It covers the events numbered `from_book_n..to_book_n`. Rows that changed only the phase cover none: then
    `from_book_n` is one more than `to_book_n`, the last number. `levels`, and `orders` where single orders are watched,
    list only what differs from before.
    """

    instrument_id: InstrumentId
    from_book_n: int
    to_book_n: int
    levels: tuple[DepthLevel, ...]
    trades: tuple[PublicTrade, ...]
    phase: Phase | None = None
    orders: tuple[OrderLine, ...] = ()


class VisibleSide:
    """What one side shows at each price, and what was touched of it since somebody asked."""

    __slots__ = ("_before", "_touched", "ladder", "lots", "queues", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.lots: dict[PriceTicks, int] = {}
        self.ladder = Ladder(best_is_highest=side is Side.BUY)
        self.queues: dict[PriceTicks, dict[int, int]] | None = None
        """At each price the orders' numbers, oldest first, and what each shows; kept where single orders are."""
        self._touched: dict[PriceTicks, int] = {}
        """The size before. A dict a side, because hashing an enum with the price would cost a call."""
        self._before: dict[tuple[PriceTicks, int], int] = {}
        """What an order showed before, by its price and number."""

    def begin(self) -> None:
        """Forget what was touched: somebody has asked."""
        self._touched.clear()
        self._before.clear()

    def show(self, price_ticks: PriceTicks, number: int, before: int, after: int, *, noted: bool) -> None:
        """An order at a price shows another number of lots than before; note how it was, if asked."""
        if before == after:
            return
        size = self.lots.get(price_ticks, 0)
        if noted and price_ticks not in self._touched:
            self._touched[price_ticks] = size
        size += after - before
        if size > 0:
            if price_ticks not in self.lots:
                self.ladder.add(price_ticks)
            self.lots[price_ticks] = size
        elif size < 0:
            raise InvariantBroken("the visible size is never below zero")
        else:
            del self.lots[price_ticks]
            self.ladder.remove(price_ticks)
        if self.queues is not None:
            self._line(self.queues, price_ticks, number, before, after)

    def _line(
        self, queues: dict[PriceTicks, dict[int, int]], price_ticks: PriceTicks, number: int, before: int, after: int
    ) -> None:
        self._before.setdefault((price_ticks, number), before)
        queue = queues.setdefault(price_ticks, {})
        if after:
            queue[number] = after
        else:
            del queue[number]
            if not queue:
                del queues[price_ticks]

    def top(self, depth: int) -> tuple[DepthLevel, ...]:
        """The best levels, best first."""
        return tuple(
            DepthLevel(self.side, price, QuantityLots(self.lots[price])) for price in islice(self.ladder, max(depth, 0))
        )

    def changed(self) -> Iterator[DepthLevel]:
        """The touched levels whose size is another than before."""
        for price_ticks, before in self._touched.items():
            lots = self.lots.get(price_ticks, 0)
            if lots != before:
                yield DepthLevel(self.side, price_ticks, QuantityLots(lots))

    def lines(self) -> Iterator[OrderLine]:
        """The orders that show something, in the order in which they would trade."""
        queues = self.queues or {}
        for price_ticks in self.ladder if queues else ():
            for number, lots in queues[price_ticks].items():
                yield OrderLine(number, self.side, price_ticks, QuantityLots(lots))

    def changed_lines(self) -> Iterator[OrderLine]:
        """The touched orders that show something else than before."""
        queues = self.queues or {}
        for (price_ticks, number), before in self._before.items():
            lots = queues.get(price_ticks, {}).get(number, 0)
            if lots != before:
                yield OrderLine(number, self.side, price_ticks, QuantityLots(lots))


class Standing(msgspec.Struct):
    """An open order: where it is counted, what is left of it, and what of that is shown."""

    sizes: VisibleSide
    price_ticks: PriceTicks
    remaining_lots: int
    shown_lots: int
    priority: int
    plain: bool
    number: int = 0


class VisibleBook:
    """One instrument's visible book, and what changed since somebody asked."""

    __slots__ = (
        "bids",
        "book_n",
        "from_book_n",
        "instrument_id",
        "joined",
        "last_price_ticks",
        "met",
        "offers",
        "phase",
        "trades",
        "watched",
    )

    def __init__(self, instrument_id: InstrumentId, book_n: int) -> None:
        self.instrument_id = instrument_id
        self.bids = VisibleSide(Side.BUY)
        self.offers = VisibleSide(Side.SELL)
        self.book_n = book_n
        self.joined = 0
        """How many numbers its queues have given out."""
        self.last_price_ticks = 0
        self.watched = False
        self.trades: deque[PublicTrade] = deque(maxlen=RECENT_TRADES)
        self.begin()

    def begin(self) -> None:
        """Forget what was touched: somebody has asked."""
        self.from_book_n = self.book_n + 1
        self.met = False
        self.phase: Phase | None = None
        self.trades.clear()
        self.bids.begin()
        self.offers.begin()

    def watch(self, *, watched: bool) -> None:
        """Keep every trade until somebody asks, or only the last ones."""
        self.begin()
        self.watched = watched
        self.trades = deque(maxlen=None if watched else RECENT_TRADES)
        self.bids.queues = self.offers.queues = None

    def watch_orders(self, standings: list[Standing]) -> None:
        """Keep the single orders too, beginning with those that are open."""
        self.bids.queues, self.offers.queues = {}, {}
        for one in sorted(standings, key=lambda standing: standing.number):
            if one.shown_lots and one.sizes.queues is not None:
                one.sizes.queues.setdefault(one.price_ticks, {})[one.number] = one.shown_lots

    def place(self, standing: Standing, price_ticks: int, shown_lots: int, *, joins: bool) -> None:
        """An order shows so many lots at a price; if it joins that queue, by a number of its own."""
        sizes = standing.sizes
        if joins or price_ticks != standing.price_ticks:
            sizes.show(standing.price_ticks, standing.number, standing.shown_lots, 0, noted=self.watched)
            standing.price_ticks, standing.shown_lots = PriceTicks(price_ticks), 0
            if shown_lots:
                self.joined += 1
                standing.number = self.joined
        sizes.show(standing.price_ticks, standing.number, standing.shown_lots, shown_lots, noted=self.watched)
        standing.shown_lots = shown_lots

    def change(self) -> BookChange:
        """What changed since somebody asked."""
        return BookChange(
            instrument_id=self.instrument_id,
            from_book_n=self.from_book_n,
            to_book_n=self.book_n,
            levels=(*self.bids.changed(), *self.offers.changed()),
            trades=tuple(self.trades),
            phase=self.phase,
            orders=(*self.bids.changed_lines(), *self.offers.changed_lines()),
        )

    def orders(self, after: OrderLine | None, limit: int) -> tuple[OrderLine, ...]:
        """The orders that show something, bids before offers, best and oldest first; those behind one of them."""
        sides = (self.bids, self.offers) if after is None or after.side is Side.BUY else (self.offers,)
        lines = (line for sizes in sides for line in sizes.lines() if after is None or _is_behind(line, after))
        return tuple(islice(lines, max(limit, 0)))


def _is_behind(line: OrderLine, after: OrderLine) -> bool:
    """Whether a line comes later in a page than the place where another stands or stood."""
    if line.side is not after.side:
        return line.side is Side.SELL
    if line.price_ticks != after.price_ticks:
        return (line.price_ticks < after.price_ticks) is (line.side is Side.BUY)
    return line.number > after.number


def standing_of(
    book: VisibleBook, side: Side, price_ticks: int, remaining_lots: int, priority: int, *, plain: bool
) -> Standing:
    """An order that has come and shows nothing yet."""
    ensure(remaining_lots > 0, "an open order has lots")
    sizes = book.bids if side is Side.BUY else book.offers
    return Standing(sizes, PriceTicks(price_ticks), remaining_lots, 0, priority, plain)
