"""Drives a book with real order flow: message files of LOBSTER, and a comparison with its order book files.

A message row says what happened to one visible order: 1 it came, 2 it shrank, 3 it left, 4 it was executed, 5 a hidden
order was executed, 6 a cross traded, 7 trading halted. An execution is turned round into what caused it: an
immediate-or-cancel order of the other side, of that size and price, which should find the named order first in its
queue; where it does not, the tally says so and the lots are put right.

Orders that rested before the first message have no message. They are seeded from an order book row, one order for each
price, and what later happens to an id that never came, happens to the seeded order at its price. Where the seed is
stale (liquidity from outside the levels of that row), a new order that would meet it shows that it is gone: it is taken
out first. So a replay is exact as long as everything that rests came by a message or stood in the seed.

Units: prices are dollars × 10,000, divided by `tick` (100: one cent); sizes are shares, one share a lot.
Source: LOBSTER output format, message and orderbook files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from matching.book_messages import (
    MAX_FILLS,
    NO_PRICE,
    Book,
    BookEvent,
    BookLevel,
    BookOrder,
    BookSide,
    Call,
    EventKind,
    Matching,
    Reason,
    TimeLimit,
)

NO_LEVEL: Final = 9_999_999_999
"""The price LOBSTER writes where a side has no such level; minus this for bids."""
FIRST_OWN_ID: Final = 2**52
"""Ids of seeded orders and of takers, above every id of a file."""
NOBODY: Final = BookLevel(NO_PRICE, 0, 0)
ACCOUNTS: Final = {BookSide.BUY: 1, BookSide.SELL: 2}
OTHER: Final = {BookSide.BUY: BookSide.SELL, BookSide.SELL: BookSide.BUY}
TAKERS: Final = {BookSide.BUY: 3, BookSide.SELL: 4}


class Message(NamedTuple):
    """One row of a message file; `side` is that of the order that rests or rested."""

    kind: int
    order_id: int
    lots: int
    price_ticks: int
    side: BookSide


class Quote(NamedTuple):
    """One level of an order book row: offer and bid; a price of zero where there is none."""

    offer_ticks: int
    offer_lots: int
    bid_ticks: int
    bid_lots: int


def read_message(line: str, tick: int) -> Message:
    """A row of a message file: time, type, order id, size, price, direction.

    Raises: ValueError for what is no such row.
    """
    _, kind, order_id, lots, price, direction, *_ = line.split(",")
    side = BookSide.BUY if int(direction) > 0 else BookSide.SELL
    return Message(int(kind), int(order_id), int(lots), int(price) // tick, side)


def read_levels(line: str, tick: int, limit: int) -> list[Quote]:
    """The first levels of a row of an order book file: offer price, size, bid price, size, best first.

    Raises: ValueError for what is no such row.
    """
    numbers = list(map(int, line.split(",", 4 * limit)[: 4 * limit]))
    if not numbers or len(numbers) % 4:
        raise ValueError("an order book row has four numbers for each level")
    rows = (numbers[place : place + 4] for place in range(0, len(numbers), 4))
    return [
        Quote(_ticks(offer, tick), offer_lots, _ticks(bid, tick), bid_lots) for offer, offer_lots, bid, bid_lots in rows
    ]


@dataclass
class Tally:
    """How a replay went: rows by what they did, and what did not go as a row said."""

    messages: int = 0
    trades: int = 0
    lots_traded: int = 0
    out_of_turn: int = 0
    """Executions of an order that was not the first of its queue here."""
    unknown: int = 0
    """Changes to orders that neither came nor stood in the seed."""
    stale: int = 0
    """Seeded orders a new order showed to be gone."""


@dataclass
class Replay:
    """A book, and what is needed to bring rows into it."""

    book: Book
    tally: Tally = field(default_factory=Tally)
    seeded: dict[tuple[BookSide, int], int] = field(default_factory=dict[tuple[BookSide, int], int])
    last_id: int = FIRST_OWN_ID

    def seed(self, levels: Iterable[Quote]) -> None:
        """Open the book for trading, with one order for each price of an order book row."""
        self.book.set_phase(Matching.CONTINUOUS, Call.NONE, NO_PRICE, MAX_FILLS)
        for level in levels:
            for side, price, lots in (
                (BookSide.SELL, level.offer_ticks, level.offer_lots),
                (BookSide.BUY, level.bid_ticks, level.bid_lots),
            ):
                if price != NO_PRICE and lots:
                    self.last_id += 1
                    self.seeded[side, price] = self.last_id
                    self._submit(self.last_id, side, price, lots, TimeLimit.GTC, ACCOUNTS[side])

    def apply(self, message: Message) -> None:
        """Bring one row into the book."""
        self.tally.messages += 1
        match message.kind:
            case 1:
                self._remove_stale(OTHER[message.side], message.price_ticks)
                side = message.side
                self._submit(message.order_id, side, message.price_ticks, message.lots, TimeLimit.GTC, ACCOUNTS[side])
            case 2 | 3:
                self._reduce(message)
            case 4:
                self._execute(message)
            case _:
                pass  # hidden orders, crosses and halts change no visible level

    def top(self, levels: int) -> list[Quote]:
        """The best levels as an order book row has them."""
        offers, bids = self.book.levels(BookSide.SELL, levels), self.book.levels(BookSide.BUY, levels)
        offers += [NOBODY] * (levels - len(offers))
        bids += [NOBODY] * (levels - len(bids))
        return [
            Quote(offer.price_ticks, offer.lots, bid.price_ticks, bid.lots)
            for offer, bid in zip(offers, bids, strict=True)
        ]

    def _remove_stale(self, side: BookSide, price_ticks: int) -> None:
        """Take out seeded orders of a side at this price or a better one: a row shows that they were gone."""
        best = self.book.best(side)
        while best != NO_PRICE and (best <= price_ticks if side is BookSide.SELL else best >= price_ticks):
            order_id = self.seeded.pop((side, best), None)
            if order_id is None or order_id not in self.book:
                return
            self.book.cancel(order_id, Reason.EXPIRED)
            self.tally.stale += 1
            best = self.book.best(side)

    def _reduce(self, message: Message) -> None:
        """An order shrinks or leaves; one that never came is the seeded order at its price."""
        order_id = message.order_id
        if order_id not in self.book:
            order_id = self.seeded.get((message.side, message.price_ticks), 0)
        state = self.book.order(order_id)
        if state is None:
            self.tally.unknown += 1
            return
        left = state.remaining_lots - message.lots
        if left > 0 and (message.kind == 2 or order_id != message.order_id):
            self.book.replace(order_id, message.price_ticks, left, 0, MAX_FILLS)
        else:
            self.book.cancel(order_id, Reason.REQUESTED)

    def _execute(self, message: Message) -> None:
        """Somebody took: send the order that did."""
        better = message.price_ticks + (-1 if message.side is BookSide.SELL else 1)
        self._remove_stale(message.side, better)
        named = message.order_id
        if named not in self.book:
            named = self.seeded.get((message.side, message.price_ticks), 0)
        self.last_id += 1
        taker = OTHER[message.side]
        events = self._submit(self.last_id, taker, message.price_ticks, message.lots, TimeLimit.IOC, TAKERS[taker])
        for event in events:
            if event.kind == EventKind.FILLED:
                self.tally.trades += 1
                self.tally.lots_traded += event.lots
                if event.other_id != named:
                    self._repair(message, named, event)
            elif event.kind == EventKind.CANCELLED:
                self.tally.unknown += 1

    def _repair(self, message: Message, named: int, fill: BookEvent) -> None:
        """The market executed another order than the first: give the first its lots back, take them off the named."""
        self.tally.out_of_turn += 1
        self._submit_again(fill.other_id, message.side, fill.price_ticks, fill.lots)
        if named in self.book:
            self._reduce(message._replace(kind=2, order_id=named, lots=fill.lots))

    def _submit_again(self, order_id: int, side: BookSide, price: int, lots: int) -> None:
        """Lots that should not have traded come back, at the end of their queue."""
        state = self.book.order(order_id)
        if state is None:
            self._submit(order_id, side, price, lots, TimeLimit.GTC, ACCOUNTS[side])
        else:
            self.book.replace(order_id, price, state.remaining_lots + lots, 0, MAX_FILLS)

    def _submit(
        self, order_id: int, side: BookSide, price: int, lots: int, time_limit: TimeLimit, account: int
    ) -> list[BookEvent]:
        order = BookOrder(
            order_id=order_id,
            account_id=account,
            side=side,
            price_ticks=price,
            quantity_lots=lots,
            time_limit=time_limit,
        )
        return self.book.submit(order, MAX_FILLS)


def _ticks(price: int, tick: int) -> int:
    return NO_PRICE if abs(price) == NO_LEVEL else price // tick
