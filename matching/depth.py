"""The visible books, drawn from committed events and never from the books themselves, which may be ahead of the commit.

A journal row is shown whole or not at all: an order that comes in and is filled by the same command never flashes up.
A change carries absolute sizes (0: the price is gone), so applying it twice does no harm, and says which numbered
events it covers, so a reader sees at once that one is missing and asks for a snapshot.

A plain order stands at its price from its first event. One with conditions stands nowhere, and shows nothing, until
`order.moved` says where and how much; what it shows shrinks with every fill, and its next slice is an `order.moved`.

Rows only add up here; whoever sends the changes asks for them when it is time, and only of instruments that are
watched. This is the readable half; `_depth.pyx` does the same from the rows' bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from exchange.core.ids import InstrumentId, OrderId, make_id, sequence_of
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event, Header
from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.units import PriceTicks, QuantityLots
from matching.messages import (
    InstrumentPhaseChanged,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
)
from matching.visible import BookChange, DepthLevel, OrderLine, PublicTrade, Standing, VisibleBook, standing_of

CHECKSUM_LEVELS = 10
CHECKSUM_ORDERS = 10

PATH = frozenset[type[Event]](
    {OrderAccepted, TradeMade, OrderCancelled, OrderReplaced, OrderMoved, OrderReduced, OrderCovered}
)
"""The events of an order's path: all that is numbered in a book."""


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


class OpenOrder(NamedTuple):
    """An open order as a start finds it: at which price it queues or waits, what is left of it, and what it shows."""

    order_id: OrderId
    instrument_id: InstrumentId
    side: Side
    price_ticks: PriceTicks
    remaining_lots: QuantityLots
    shown_lots: int
    priority: int
    plain: bool = True


class DepthFeed:
    """Projects committed journal rows onto the visible books of all instruments."""

    __slots__ = ("_books", "_met", "_orders")

    def __init__(self) -> None:
        self._orders: dict[OrderId, Standing] = {}
        self._books: dict[InstrumentId, VisibleBook] = {}
        self._met: list[VisibleBook] = []
        """The watched books that changed since somebody asked."""

    def restore(
        self,
        open_orders: Iterable[OpenOrder],
        book_numbers: Mapping[InstrumentId, int],
        last_prices: Mapping[InstrumentId, int] | None = None,
    ) -> None:
        """Start from the tables instead: the open orders, each instrument's last `book_n` and price. Nobody watches."""
        self._orders, self._met = {}, []
        self._books = {
            instrument_id: VisibleBook(instrument_id, book_n) for instrument_id, book_n in book_numbers.items()
        }
        for instrument_id, price_ticks in (last_prices or {}).items():
            self._book(instrument_id).last_price_ticks = price_ticks
        for order in sorted(open_orders, key=attrgetter("priority")):
            book = self._books.get(order.instrument_id)
            if book is None:
                raise InvariantBroken("an open order's instrument has its number")
            standing = standing_of(
                book, order.side, order.price_ticks, order.remaining_lots, order.priority, plain=order.plain
            )
            self._orders[order.order_id] = standing
            book.place(standing, order.price_ticks, order.shown_lots, joins=True)

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
                    self._open(self._numbered(event.instrument_id, event.book_n), event)
                case TradeMade():
                    self._trade(self._numbered(event.instrument_id, event.book_n), event, at_ns)
                case OrderCancelled():
                    book = self._numbered(event.instrument_id, event.book_n)
                    self._lower(book, event.order_id, event.cancelled_lots, 0)
                case OrderReplaced():
                    self._replace(self._numbered(event.instrument_id, event.book_n), event)
                case OrderMoved():
                    self._move(self._numbered(event.instrument_id, event.book_n), event)
                case OrderReduced():
                    book = self._numbered(event.instrument_id, event.book_n)
                    standing = self._standing(event.order_id)
                    ensure(
                        standing.remaining_lots - event.reduced_lots == event.remaining_lots,
                        "an event's remainder follows from the last",
                    )
                    standing.remaining_lots = event.remaining_lots
                    book.place(standing, standing.price_ticks, event.shown_lots, joins=False)
                case OrderCovered():
                    self._numbered(event.instrument_id, event.book_n)
                case InstrumentPhaseChanged():
                    self._meet(event.instrument.instrument_id).phase = event.instrument.phase
                case _:
                    pass  # the row's other events do not change a book

    # --- what changed out -

    def watch(self, instrument_id: InstrumentId, *, by_order: bool = False) -> list[PublicTrade]:
        """Keep what changes in a book from now on, of single orders too if asked; answers its last trades up to now,
        as far as they are kept.
        """
        book = self._book(instrument_id)
        ensure(not book.watched, "a book is watched once")
        trades = list(book.trades)
        book.watch(watched=True)
        if by_order:
            own = (book.bids, book.offers)
            book.watch_orders([standing for standing in self._orders.values() if standing.sizes in own])
        return trades

    def unwatch(self, instrument_id: InstrumentId) -> None:
        """Nobody asks any more what changes in a book."""
        book = self._book(instrument_id)
        if book.met:
            self._met.remove(book)
        book.watch(watched=False)

    @property
    def is_changed(self) -> bool:
        """Whether a watched book changed since somebody asked."""
        return bool(self._met)

    def changes(self) -> list[BookChange]:
        """What changed in the watched books since this was last asked, in the order in which they first did."""
        met, self._met = self._met, []
        changes = [book.change() for book in met]
        for book in met:
            book.begin()
        return changes

    def book_n(self, instrument_id: InstrumentId) -> int:
        """The number of an instrument's last event; 0 without any."""
        book = self._books.get(instrument_id)
        return book.book_n if book is not None else 0

    def last_price(self, instrument_id: InstrumentId) -> int:
        """The price of an instrument's last trade, in ticks; 0 without any."""
        book = self._books.get(instrument_id)
        return book.last_price_ticks if book is not None else 0

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> DepthSnapshot:
        """The best `depth` prices of both sides; an instrument without events is empty at number 0."""
        now = self._books.get(instrument_id) or VisibleBook(instrument_id, 0)
        return DepthSnapshot(
            instrument_id=instrument_id,
            book_n=now.book_n,
            bids=now.bids.top(depth),
            offers=now.offers.top(depth),
            checksum=self.checksum(instrument_id),
        )

    def orders(self, instrument_id: InstrumentId, after: OrderLine | None, limit: int) -> tuple[OrderLine, ...]:
        """A page of the orders that show something, of a book whose single orders are watched.

        Bids before offers, best price first, oldest first; those behind where `after` stands or stood.
        """
        book = self._books.get(instrument_id)
        return book.orders(after, limit) if book is not None else ()

    def checksum(self, instrument_id: InstrumentId, depth: int = CHECKSUM_LEVELS) -> int:
        """A number by which a client proves that its book is ours: equal top levels, equal checksum.

        Write each of the 10 best bids (highest price first), then each of the 10 best offers (lowest first), as
        `price_ticks:lots` in plain decimals; join all of them with `|`; take the CRC-32 of the ASCII bytes (the one of
        zip and PNG: polynomial 0xEDB88320, unsigned). Fewer levels are written as they are; an empty book gives 0.
        Bids 99 × 5 and 98 × 7 and offer 101 × 2 make "99:5|98:7|101:2", checksum 2374614950. A book of which only the
        `depth` best levels are told has the checksum of these.
        """
        now = self._books.get(instrument_id)
        if now is None:
            return 0
        levels = min(CHECKSUM_LEVELS, depth)
        lines = now.bids.top(levels) + now.offers.top(levels)
        return zlib.crc32("|".join(f"{level.price_ticks}:{level.lots}" for level in lines).encode("ascii"))

    def orders_checksum(self, instrument_id: InstrumentId) -> int:
        """The same for a book of single orders: the 10 first of each side, each as `number:price_ticks:lots`."""
        now = self._books.get(instrument_id)
        if now is None:
            return 0
        lines = chain(islice(now.bids.lines(), CHECKSUM_ORDERS), islice(now.offers.lines(), CHECKSUM_ORDERS))
        return zlib.crc32("|".join(f"{line.number}:{line.price_ticks}:{line.lots}" for line in lines).encode("ascii"))

    # --- inside -

    def _book(self, instrument_id: InstrumentId) -> VisibleBook:
        book = self._books.get(instrument_id)
        if book is None:
            book = self._books[instrument_id] = VisibleBook(instrument_id, 0)
        return book

    def _meet(self, instrument_id: InstrumentId) -> VisibleBook:
        """The instrument's book, which will be asked what changed if somebody watches it."""
        book = self._book(instrument_id)
        if book.watched and not book.met:
            book.met = True
            self._met.append(book)
        return book

    def _numbered(self, instrument_id: InstrumentId, book_n: int) -> VisibleBook:
        """The book with the next event's number, which leaves no gap."""
        book = self._meet(instrument_id)
        if book_n != book.book_n + 1:
            raise InvariantBroken("an instrument's public events are numbered without a gap")
        book.book_n = book_n
        return book

    def _open(self, book: VisibleBook, event: OrderAccepted) -> None:
        ensure(event.order_id not in self._orders, "an order opens once")
        plain = event.conditions is None
        standing = standing_of(
            book, event.side, event.price_ticks, event.quantity_lots, int(event.order_id), plain=plain
        )
        self._orders[event.order_id] = standing
        book.place(standing, event.price_ticks, event.quantity_lots if plain else 0, joins=True)

    def _trade(self, book: VisibleBook, event: TradeMade, at_ns: int) -> None:
        for side in (event.buyer, event.seller):
            self._lower(book, side.order_id, event.quantity_lots, side.remaining_lots)
        book.last_price_ticks = event.price_ticks
        trade = PublicTrade(
            event.trade_id, event.price_ticks, event.quantity_lots, event.aggressor, event.trade_n, at_ns
        )
        book.trades.append(trade)

    def _replace(self, book: VisibleBook, event: OrderReplaced) -> None:
        """Fewer lots in its place, or a plain order at another; one with conditions is put there by what follows."""
        standing = self._standing(event.order_id)
        joins = event.priority != sequence_of(standing.priority)
        standing.remaining_lots = event.remaining_lots
        if joins:  # the first to join a queue by a command has the command's own number, unless an event says otherwise
            standing.priority = make_id(event.priority)
        shown: int = event.remaining_lots
        if not standing.plain:
            shown = 0 if joins else min(standing.shown_lots, shown)
        book.place(standing, event.price_ticks, shown, joins=joins)

    def _move(self, book: VisibleBook, event: OrderMoved) -> None:
        standing = self._standing(event.order_id)
        ensure(standing.remaining_lots == event.remaining_lots, "an event's remainder follows from the last")
        joins = event.priority != standing.priority or not standing.shown_lots
        standing.priority = event.priority
        book.place(standing, event.price_ticks, event.shown_lots, joins=joins)

    def _standing(self, order_id: OrderId) -> Standing:
        standing = self._orders.get(order_id)
        if standing is None:
            raise InvariantBroken("an event speaks of an open order")
        return standing

    def _lower(self, book: VisibleBook, order_id: OrderId, lots: int, left: int) -> None:
        """Take lots from an order, what it shows first; what the event says is left must be what we reckon."""
        standing = self._standing(order_id)
        ensure(standing.remaining_lots - lots == left, "an event's remainder follows from the last")
        standing.remaining_lots = left
        if not left:
            del self._orders[order_id]
        book.place(standing, standing.price_ticks, min(left, max(standing.shown_lots - lots, 0)), joins=False)
