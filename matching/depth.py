"""The visible book, drawn from committed events and never from the book itself, which may be ahead of the commit.

A journal row is shown whole or not at all: an order that comes in and is filled by the same command never flashes up.
A change carries absolute sizes (0: the price is gone), so applying it twice does no harm, and says which numbered
events it covers, so a reader sees at once that one is missing and asks for a snapshot.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
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
    """The lots at each price of one side, and what the row at hand has touched of them."""

    __slots__ = ("ladder", "lots", "side", "touched")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.lots: dict[PriceTicks, int] = {}
        self.ladder = Ladder(best_is_highest=side is Side.BUY)
        self.touched: dict[PriceTicks, int] = {}
        """The size before the row. A dict a side, because hashing an enum with the price would cost a call."""

    def add(self, price_ticks: PriceTicks, lots: int) -> None:
        """Add to the size at a price, or take from it when `lots` is below zero."""
        before = self.lots.get(price_ticks, 0)
        if price_ticks not in self.touched:
            self.touched[price_ticks] = before
        after = before + lots
        if after > 0:
            self.lots[price_ticks] = after
            if not before:
                self.ladder.add(price_ticks)
        elif after < 0:
            raise InvariantBroken("the visible size is never below zero")
        elif before:
            del self.lots[price_ticks]
            self.ladder.remove(price_ticks)

    def top(self, depth: int) -> tuple[DepthLevel, ...]:
        """The best levels, best first."""
        return tuple(
            DepthLevel(self.side, price, QuantityLots(self.lots[price])) for price in islice(self.ladder, max(depth, 0))
        )

    def changed(self) -> Iterator[DepthLevel]:
        """The touched levels whose size is another than before the row."""
        for price_ticks, before in self.touched.items():
            lots = self.lots.get(price_ticks, 0)
            if lots != before:
                yield DepthLevel(self.side, price_ticks, QuantityLots(lots))


class _Depth:
    """One instrument's visible book, and what the row at hand has brought it."""

    __slots__ = ("bids", "book_n", "from_book_n", "offers", "phase", "trades")

    def __init__(self, book_n: int) -> None:
        self.bids = _Sizes(Side.BUY)
        self.offers = _Sizes(Side.SELL)
        self.book_n = book_n
        self.begin_row()

    def begin_row(self) -> None:
        """Forget what the last row touched."""
        self.from_book_n = self.book_n + 1
        self.phase: Phase | None = None
        self.trades: list[PublicTrade] = []
        self.bids.touched = {}
        self.offers.touched = {}

    def number(self, book_n: int) -> None:
        """Take the next event's number, which leaves no gap."""
        if book_n != self.book_n + 1:
            raise InvariantBroken("an instrument's public events are numbered without a gap")
        self.book_n = book_n


class _Shown(msgspec.Struct):
    """An order that is in the visible book: where its lots are counted, and how many are left."""

    sizes: _Sizes
    price_ticks: PriceTicks
    remaining_lots: QuantityLots


class DepthFeed:
    """Projects committed journal rows onto the visible books of all instruments."""

    __slots__ = ("_depths", "_orders")

    def __init__(self) -> None:
        self._orders: dict[OrderId, _Shown] = {}
        self._depths: dict[InstrumentId, _Depth] = {}

    def restore(self, open_orders: Iterable[OpenOrder], book_numbers: Mapping[InstrumentId, int]) -> None:
        """Start from the tables instead: the open orders, and the last `book_n` of every instrument."""
        self._orders = {}
        self._depths = {instrument_id: _Depth(book_n) for instrument_id, book_n in book_numbers.items()}
        for order in open_orders:
            ensure(order.instrument_id in self._depths, "an open order's instrument has its number")
            self._open(order.order_id, order.instrument_id, order.side, order.price_ticks, order.remaining_lots)
        for depth in self._depths.values():
            depth.begin_row()

    def row(self, events: Iterable[Event]) -> list[BookChange]:
        """Take in all events of one journal row; what changed, one entry for each instrument it speaks of."""
        met: dict[InstrumentId, _Depth] = {}
        for event in events:
            match event:
                case OrderAccepted():
                    self._numbered(met, event.instrument_id, event.book_n)
                    self._open(event.order_id, event.instrument_id, event.side, event.price_ticks, event.quantity_lots)
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
                    shown = self._shown(event.order_id)
                    shown.sizes.add(shown.price_ticks, -shown.remaining_lots)
                    shown.price_ticks, shown.remaining_lots = event.price_ticks, event.remaining_lots
                    shown.sizes.add(shown.price_ticks, shown.remaining_lots)
                case InstrumentPhaseChanged():
                    self._meet(met, event.instrument.instrument_id).phase = event.instrument.phase
                case _:
                    pass  # the row's other events do not change a book
        return [
            BookChange(
                instrument_id=instrument_id,
                from_book_n=depth.from_book_n,
                to_book_n=depth.book_n,
                levels=(*depth.bids.changed(), *depth.offers.changed()),
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
            bids=now.bids.top(depth),
            offers=now.offers.top(depth),
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
        levels = now.bids.top(CHECKSUM_LEVELS) + now.offers.top(CHECKSUM_LEVELS)
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

    def _open(
        self,
        order_id: OrderId,
        instrument_id: InstrumentId,
        side: Side,
        price_ticks: PriceTicks,
        lots: QuantityLots,
    ) -> None:
        ensure(order_id not in self._orders, "an order opens once")
        depth = self._depths[instrument_id]
        sizes = depth.bids if side is Side.BUY else depth.offers
        self._orders[order_id] = _Shown(sizes, price_ticks, lots)
        sizes.add(price_ticks, lots)

    def _shown(self, order_id: OrderId) -> _Shown:
        shown = self._orders.get(order_id)
        if shown is None:
            raise InvariantBroken("an event speaks of an open order")
        return shown

    def _lower(self, order_id: OrderId, lots: QuantityLots, left: QuantityLots) -> None:
        """Take lots from an order; what the event says is left must be what we reckon."""
        shown = self._shown(order_id)
        ensure(shown.remaining_lots - lots == left, "an event's remainder follows from the last")
        if left:
            shown.remaining_lots = left
        else:
            del self._orders[order_id]
        shown.sizes.add(shown.price_ticks, -lots)
