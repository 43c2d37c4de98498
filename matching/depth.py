"""The visible book, drawn from committed events and never from the book itself, which may be ahead of the commit.

A journal row is shown whole or not at all: an order that comes in and is filled by the same command never flashes up.
A change carries absolute sizes (0: the price is gone), so applying it twice does no harm, and says which numbered
events it covers, so a reader sees at once that one is missing and asks for a snapshot.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from exchange.core.ids import InstrumentId, OrderId, TradeId
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event
from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.units import PriceTicks, QuantityLots
from matching.ladder import Ladder
from matching.messages import (
    InstrumentPhaseChanged,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    TradeMade,
)

CHECKSUM_LEVELS = 10


class DepthLevel(NamedTuple):
    """All that is open at one price; `lots` 0 means nothing any more."""

    side: Side
    price_ticks: PriceTicks
    lots: QuantityLots


class PublicTrade(NamedTuple):
    """A trade as everybody sees it; `aggressor` is the taker's side, `trade_n` its place in `trades:INS`."""

    trade_id: TradeId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    aggressor: Side
    trade_n: int


class BookChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one journal row changed in one instrument's book.

    It covers the events numbered `from_book_n..to_book_n`. A row that changed only the phase covers none: then
    `from_book_n` is one more than `to_book_n`, the last number. `levels` lists only sizes that differ from before.
    """

    instrument_id: InstrumentId
    from_book_n: int
    to_book_n: int
    levels: tuple[DepthLevel, ...]
    trades: tuple[PublicTrade, ...]
    phase: Phase | None = None


class DepthSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The best prices of both sides after the event numbered `book_n`, best first."""

    instrument_id: InstrumentId
    book_n: int
    bids: tuple[DepthLevel, ...]
    offers: tuple[DepthLevel, ...]
    checksum: int


class OpenOrder(NamedTuple):
    """What the projector must know of an order to start from the tables."""

    order_id: OrderId
    instrument_id: InstrumentId
    side: Side
    price_ticks: PriceTicks
    remaining_lots: QuantityLots


class _Sizes:
    """The lots at each price of one side."""

    __slots__ = ("ladder", "lots")

    def __init__(self, *, best_is_highest: bool) -> None:
        self.lots: dict[PriceTicks, int] = {}
        self.ladder = Ladder(best_is_highest=best_is_highest)

    def add(self, price_ticks: PriceTicks, lots: int) -> None:
        """Add to the size at a price, or take from it when `lots` is below zero."""
        before = self.lots.get(price_ticks, 0)
        after = before + lots
        ensure(after >= 0, "the visible size is never below zero")
        if after:
            self.lots[price_ticks] = after
            if not before:
                self.ladder.add(price_ticks)
        elif before:
            del self.lots[price_ticks]
            self.ladder.remove(price_ticks)


class _Depth:
    """One instrument's visible book, and what the row at hand has touched of it."""

    __slots__ = ("bids", "book_n", "from_book_n", "offers", "phase", "touched", "trades")

    def __init__(self, book_n: int) -> None:
        self.bids = _Sizes(best_is_highest=True)
        self.offers = _Sizes(best_is_highest=False)
        self.book_n = book_n
        self.begin_row()

    def begin_row(self) -> None:
        """Forget what the last row touched."""
        self.from_book_n = self.book_n + 1
        self.phase: Phase | None = None
        self.trades: list[PublicTrade] = []
        self.touched: dict[tuple[Side, PriceTicks], int] = {}  # the size before the row

    def number(self, book_n: int) -> None:
        """Take the next event's number, which leaves no gap."""
        ensure(book_n == self.book_n + 1, "an instrument's public events are numbered without a gap")
        self.book_n = book_n

    def add(self, side: Side, price_ticks: PriceTicks, lots: int) -> None:
        """Add to one side's size at a price, remembering what it was before the row."""
        sizes = self.sizes(side)
        self.touched.setdefault((side, price_ticks), sizes.lots.get(price_ticks, 0))
        sizes.add(price_ticks, lots)

    def sizes(self, side: Side) -> _Sizes:
        """The sizes of one side."""
        return self.bids if side is Side.BUY else self.offers

    def top(self, side: Side, depth: int) -> tuple[DepthLevel, ...]:
        """The best levels of one side, best first."""
        sizes = self.sizes(side)
        return tuple(
            DepthLevel(side, price, QuantityLots(sizes.lots[price])) for price in islice(sizes.ladder, max(depth, 0))
        )

    def changed_levels(self) -> tuple[DepthLevel, ...]:
        """The touched levels whose size is another than before the row."""
        now = [
            (DepthLevel(side, price, QuantityLots(self.sizes(side).lots.get(price, 0))), before)
            for (side, price), before in self.touched.items()
        ]
        return tuple(level for level, before in now if level.lots != before)


class DepthFeed:
    """Projects committed journal rows onto the visible books of all instruments."""

    __slots__ = ("_depths", "_orders")

    def __init__(self) -> None:
        self._orders: dict[OrderId, OpenOrder] = {}
        self._depths: dict[InstrumentId, _Depth] = {}

    def restore(self, open_orders: Iterable[OpenOrder], book_numbers: Mapping[InstrumentId, int]) -> None:
        """Start from the tables instead: the open orders, and the last `book_n` of every instrument."""
        self._orders = {}
        self._depths = {instrument_id: _Depth(book_n) for instrument_id, book_n in book_numbers.items()}
        for order in open_orders:
            ensure(order.instrument_id in self._depths, "an open order's instrument has its number")
            self._open(order)
        for depth in self._depths.values():
            depth.begin_row()

    def row(self, events: Iterable[Event]) -> list[BookChange]:
        """Take in all events of one journal row; what changed, one entry for each instrument it speaks of."""
        met: dict[InstrumentId, _Depth] = {}
        for event in events:
            match event:
                case OrderAccepted():
                    self._numbered(met, event.instrument_id, event.book_n)
                    self._open(
                        OpenOrder(
                            event.order_id, event.instrument_id, event.side, event.price_ticks, event.quantity_lots
                        )
                    )
                case TradeMade():
                    depth = self._numbered(met, event.instrument_id, event.book_n)
                    for side in (event.buyer, event.seller):
                        self._lower(side.order_id, event.quantity_lots, side.remaining_lots)
                    depth.trades.append(
                        PublicTrade(
                            event.trade_id, event.price_ticks, event.quantity_lots, event.aggressor, event.trade_n
                        )
                    )
                case OrderCancelled():
                    self._numbered(met, event.instrument_id, event.book_n)
                    self._lower(event.order_id, event.cancelled_lots, QuantityLots(0))
                case OrderReplaced():
                    self._numbered(met, event.instrument_id, event.book_n)
                    before = self._close(event.order_id)
                    self._open(before._replace(price_ticks=event.price_ticks, remaining_lots=event.remaining_lots))
                case InstrumentPhaseChanged():
                    self._meet(met, event.instrument.instrument_id).phase = event.instrument.phase
                case _:
                    pass  # the row's other events do not change a book
        return [
            BookChange(
                instrument_id=instrument_id,
                from_book_n=depth.from_book_n,
                to_book_n=depth.book_n,
                levels=depth.changed_levels(),
                trades=tuple(depth.trades),
                phase=depth.phase,
            )
            for instrument_id, depth in met.items()
        ]

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> DepthSnapshot:
        """The best `depth` prices of both sides; an instrument without events is empty at number 0."""
        now = self._depths.get(instrument_id) or _Depth(0)
        return DepthSnapshot(
            instrument_id=instrument_id,
            book_n=now.book_n,
            bids=now.top(Side.BUY, depth),
            offers=now.top(Side.SELL, depth),
            checksum=self.checksum(instrument_id),
        )

    def checksum(self, instrument_id: InstrumentId) -> int:
        """A number by which a client proves that its book is ours: equal top levels, equal checksum.

        Write each of the 10 best bids (highest price first), then each of the 10 best offers (lowest first), as
        `price_ticks:lots` in plain decimals; join all of them with `|`; take the CRC-32 of the ASCII bytes (the one of
        zip and PNG: polynomial 0xEDB88320, unsigned). Fewer levels are written as they are; an empty book gives 0.
        Bids 99 × 5 and 98 × 7 and offer 101 × 2 make "99:5|98:7|101:2", checksum 2374614950.
        """
        now = self._depths.get(instrument_id)
        if now is None:
            return 0
        levels = now.top(Side.BUY, CHECKSUM_LEVELS) + now.top(Side.SELL, CHECKSUM_LEVELS)
        return zlib.crc32("|".join(f"{level.price_ticks}:{level.lots}" for level in levels).encode("ascii"))

    def _meet(self, met: dict[InstrumentId, _Depth], instrument_id: InstrumentId) -> _Depth:
        """The instrument's book; at its first event in a row it forgets the row before."""
        depth = met.get(instrument_id)
        if depth is None:
            depth = self._depths.get(instrument_id)
            if depth is None:
                depth = self._depths[instrument_id] = _Depth(0)
            depth.begin_row()
            met[instrument_id] = depth
        return depth

    def _numbered(self, met: dict[InstrumentId, _Depth], instrument_id: InstrumentId, book_n: int) -> _Depth:
        depth = self._meet(met, instrument_id)
        depth.number(book_n)
        return depth

    def _open(self, order: OpenOrder) -> None:
        ensure(order.order_id not in self._orders, "an order opens once")
        self._orders[order.order_id] = order
        self._depths[order.instrument_id].add(order.side, order.price_ticks, order.remaining_lots)

    def _close(self, order_id: OrderId) -> OpenOrder:
        order = self._orders.pop(order_id, None)
        if order is None:
            raise InvariantBroken("an event speaks of an open order")
        self._depths[order.instrument_id].add(order.side, order.price_ticks, -order.remaining_lots)
        return order

    def _lower(self, order_id: OrderId, lots: QuantityLots, left: QuantityLots) -> None:
        """Take lots from an order; what the event says is left must be what we reckon."""
        order = self._orders.get(order_id)
        if order is None:
            raise InvariantBroken("an event speaks of an open order")
        ensure(order.remaining_lots - lots == left, "an event's remainder follows from the last")
        if left:
            self._orders[order_id] = order._replace(remaining_lots=left)
        else:
            del self._orders[order_id]
        self._depths[order.instrument_id].add(order.side, order.price_ticks, -lots)
