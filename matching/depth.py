"""The visible book, drawn from committed events and never from the book itself, which may be ahead of the commit.

A journal row is shown whole or not at all: an order that comes in and is filled by the same command never flashes up.
A change carries absolute sizes (0: the price is gone), so applying it twice does no harm, and says which numbered
events it covers, so a reader sees at once that one is missing and asks for a snapshot.

Rows only add up here; whoever sends the changes asks for them when it is time, and only of instruments that are
watched. This is the readable half; `_depth.pyx` does the same from the rows' bytes.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from exchange.core.ids import InstrumentId, OrderId, TradeId
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event, Header
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
RECENT_TRADES = 50
"""How many of its last trades are kept of an instrument that nobody watches."""

PATH = frozenset[type[Event]]({OrderAccepted, TradeMade, OrderCancelled, OrderReplaced})
"""The events of an order's path: all that changes the sizes in a book."""


class CommittedRow(Protocol):
    """A committed journal row: its stamp, its events as the bytes that are stored, and as objects for who asks."""

    @property
    def header(self) -> Header:
        """Its stamp."""
        ...

    @property
    def events(self) -> Sequence[Event]:
        """What it told."""
        ...

    @property
    def events_bytes(self) -> bytes:
        """The same as journal bytes."""
        ...


R = TypeVar("R", bound=CommittedRow)


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
    at_ns: int


class BookChange(msgspec.Struct, frozen=True, kw_only=True):
    """What journal rows changed in one instrument's book since that was last asked.

    It covers the events numbered `from_book_n..to_book_n`. Rows that changed only the phase cover none: then
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


class Quote(NamedTuple):
    """One instrument at one moment of the journal: its phase, its last price (0: never traded), its best prices."""

    sequence: int
    at_ns: int
    phase: Phase
    last_price_ticks: int
    top: DepthSnapshot


class StandingOrder(Protocol):
    """What the projector must know of an open order to start with it."""

    @property
    def order_id(self) -> OrderId:
        """Which order."""
        ...

    @property
    def instrument_id(self) -> InstrumentId:
        """In which book."""
        ...

    @property
    def side(self) -> Side:
        """On which side."""
        ...

    @property
    def price_ticks(self) -> int:
        """At which price."""
        ...

    @property
    def remaining_lots(self) -> int:
        """With how many lots."""
        ...


class OpenOrder(NamedTuple):
    """An open order as the tables have it."""

    order_id: OrderId
    instrument_id: InstrumentId
    side: Side
    price_ticks: PriceTicks
    remaining_lots: QuantityLots


class _Sizes:
    """The lots at each price of one side, and what was touched of them since somebody asked."""

    __slots__ = ("ladder", "lots", "side", "touched")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.lots: dict[PriceTicks, int] = {}
        self.ladder = Ladder(best_is_highest=side is Side.BUY)
        self.touched: dict[PriceTicks, int] = {}
        """The size before. A dict a side, because hashing an enum with the price would cost a call."""

    def add(self, price_ticks: PriceTicks, lots: int, *, noted: bool) -> None:
        """Add to the size at a price, or take from it when `lots` is below zero; note the size before, if asked."""
        before = self.lots.get(price_ticks, 0)
        if noted and price_ticks not in self.touched:
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
        """The touched levels whose size is another than before."""
        for price_ticks, before in self.touched.items():
            lots = self.lots.get(price_ticks, 0)
            if lots != before:
                yield DepthLevel(self.side, price_ticks, QuantityLots(lots))


class _Depth:
    """One instrument's visible book, and what changed since somebody asked."""

    __slots__ = (
        "bids",
        "book_n",
        "from_book_n",
        "instrument_id",
        "last_price_ticks",
        "met",
        "offers",
        "phase",
        "trades",
        "watched",
    )

    def __init__(self, instrument_id: InstrumentId, book_n: int) -> None:
        self.instrument_id = instrument_id
        self.bids = _Sizes(Side.BUY)
        self.offers = _Sizes(Side.SELL)
        self.book_n = book_n
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
        self.bids.touched.clear()
        self.offers.touched.clear()

    def watch(self, *, watched: bool) -> None:
        """Keep every trade until somebody asks, or only the last ones."""
        self.begin()
        self.watched = watched
        self.trades = deque(maxlen=None if watched else RECENT_TRADES)

    def change(self) -> BookChange:
        """What changed since somebody asked."""
        return BookChange(
            instrument_id=self.instrument_id,
            from_book_n=self.from_book_n,
            to_book_n=self.book_n,
            levels=(*self.bids.changed(), *self.offers.changed()),
            trades=tuple(self.trades),
            phase=self.phase,
        )


class _Shown(msgspec.Struct):
    """An order that is in the visible book: where its lots are counted, and how many are left."""

    sizes: _Sizes
    price_ticks: PriceTicks
    remaining_lots: int


class DepthFeed:
    """Projects committed journal rows onto the visible books of all instruments."""

    __slots__ = ("_depths", "_met", "_orders")

    def __init__(self) -> None:
        self._orders: dict[OrderId, _Shown] = {}
        self._depths: dict[InstrumentId, _Depth] = {}
        self._met: list[_Depth] = []
        """The watched books that changed since somebody asked."""

    def restore(
        self,
        open_orders: Iterable[StandingOrder],
        book_numbers: Mapping[InstrumentId, int],
        last_prices: Mapping[InstrumentId, int] | None = None,
    ) -> None:
        """Start from the tables instead: the open orders, each instrument's last `book_n` and price. Nobody watches."""
        self._orders, self._met = {}, []
        self._depths = {instrument_id: _Depth(instrument_id, book_n) for instrument_id, book_n in book_numbers.items()}
        for instrument_id, price_ticks in (last_prices or {}).items():
            self._depth(instrument_id).last_price_ticks = price_ticks
        for order in open_orders:
            depth = self._depths.get(order.instrument_id)
            if depth is None:
                raise InvariantBroken("an open order's instrument has its number")
            self._open(depth, order.order_id, order.side, order.price_ticks, order.remaining_lots)

    # --- committed rows in -

    def rows(self, rows: Iterable[R]) -> list[R]:
        """Take in committed rows, in order; answers those that tell of more than orders and their trades."""
        others: list[R] = []
        for row in rows:
            events = row.events
            self.row(events, row.header.at_ns)
            if not PATH.issuperset(map(type, events)):
                others.append(row)
        return others

    def row(self, events: Iterable[Event], at_ns: int = 0) -> None:
        """Take in all events of one journal row, stamped with its time."""
        for event in events:
            match event:
                case OrderAccepted():
                    depth = self._numbered(event.instrument_id, event.book_n)
                    self._open(depth, event.order_id, event.side, event.price_ticks, event.quantity_lots)
                case TradeMade():
                    depth = self._numbered(event.instrument_id, event.book_n)
                    for side in (event.buyer, event.seller):
                        self._lower(depth, side.order_id, event.quantity_lots, side.remaining_lots)
                    depth.last_price_ticks = event.price_ticks
                    depth.trades.append(
                        PublicTrade(
                            event.trade_id,
                            event.price_ticks,
                            event.quantity_lots,
                            event.aggressor,
                            event.trade_n,
                            at_ns,
                        )
                    )
                case OrderCancelled():
                    depth = self._numbered(event.instrument_id, event.book_n)
                    self._lower(depth, event.order_id, event.cancelled_lots, 0)
                case OrderReplaced():
                    depth = self._numbered(event.instrument_id, event.book_n)
                    shown = self._shown(event.order_id)
                    self._add(depth, shown, -shown.remaining_lots)
                    shown.price_ticks, shown.remaining_lots = event.price_ticks, event.remaining_lots
                    self._add(depth, shown, shown.remaining_lots)
                case InstrumentPhaseChanged():
                    self._meet(event.instrument.instrument_id).phase = event.instrument.phase
                case _:
                    pass  # the row's other events do not change a book

    # --- what changed out -

    def watch(self, instrument_id: InstrumentId) -> list[PublicTrade]:
        """Keep what changes in a book from now on; answers its last trades up to now, as far as they are kept."""
        depth = self._depth(instrument_id)
        ensure(not depth.watched, "a book is watched once")
        trades = list(depth.trades)
        depth.watch(watched=True)
        return trades

    def unwatch(self, instrument_id: InstrumentId) -> None:
        """Nobody asks any more what changes in a book."""
        depth = self._depth(instrument_id)
        if depth.met:
            self._met.remove(depth)
        depth.watch(watched=False)

    @property
    def is_changed(self) -> bool:
        """Whether a watched book changed since somebody asked."""
        return bool(self._met)

    def changes(self) -> list[BookChange]:
        """What changed in the watched books since this was last asked, in the order in which they first did."""
        met, self._met = self._met, []
        changes = [depth.change() for depth in met]
        for depth in met:
            depth.begin()
        return changes

    def book_n(self, instrument_id: InstrumentId) -> int:
        """The number of an instrument's last event; 0 without any."""
        depth = self._depths.get(instrument_id)
        return depth.book_n if depth is not None else 0

    def last_price(self, instrument_id: InstrumentId) -> int:
        """The price of an instrument's last trade, in ticks; 0 without any."""
        depth = self._depths.get(instrument_id)
        return depth.last_price_ticks if depth is not None else 0

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> DepthSnapshot:
        """The best `depth` prices of both sides; an instrument without events is empty at number 0."""
        now = self._depths.get(instrument_id) or _Depth(instrument_id, 0)
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

    # --- inside -

    def _depth(self, instrument_id: InstrumentId) -> _Depth:
        depth = self._depths.get(instrument_id)
        if depth is None:
            depth = self._depths[instrument_id] = _Depth(instrument_id, 0)
        return depth

    def _meet(self, instrument_id: InstrumentId) -> _Depth:
        """The instrument's book, which will be asked what changed if somebody watches it."""
        depth = self._depth(instrument_id)
        if depth.watched and not depth.met:
            depth.met = True
            self._met.append(depth)
        return depth

    def _numbered(self, instrument_id: InstrumentId, book_n: int) -> _Depth:
        """The book with the next event's number, which leaves no gap."""
        depth = self._meet(instrument_id)
        if book_n != depth.book_n + 1:
            raise InvariantBroken("an instrument's public events are numbered without a gap")
        depth.book_n = book_n
        return depth

    def _open(self, depth: _Depth, order_id: OrderId, side: Side, price_ticks: int, lots: int) -> None:
        ensure(order_id not in self._orders, "an order opens once")
        sizes = depth.bids if side is Side.BUY else depth.offers
        shown = self._orders[order_id] = _Shown(sizes, PriceTicks(price_ticks), lots)
        self._add(depth, shown, lots)

    def _shown(self, order_id: OrderId) -> _Shown:
        shown = self._orders.get(order_id)
        if shown is None:
            raise InvariantBroken("an event speaks of an open order")
        return shown

    def _lower(self, depth: _Depth, order_id: OrderId, lots: int, left: int) -> None:
        """Take lots from an order; what the event says is left must be what we reckon."""
        shown = self._shown(order_id)
        ensure(shown.remaining_lots - lots == left, "an event's remainder follows from the last")
        if left:
            shown.remaining_lots = left
        else:
            del self._orders[order_id]
        self._add(depth, shown, -lots)

    def _add(self, depth: _Depth, shown: _Shown, lots: int) -> None:
        shown.sizes.add(shown.price_ticks, lots, noted=depth.watched)
