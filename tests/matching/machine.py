"""Plays any sequence of calls on the book and on the paper book, and compares everything after each.

`book_class` is replaced by the planted bugs of test_planted_bugs.py, each of which this machine must notice.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.rejections import InvariantBroken
from exchange.core.units import PriceTicks, QuantityLots
from matching.book import Book, Preview, keeps_priority
from tests.models.book import PaperBook, PaperOrder, Taken

# A narrow world, so that prices, accounts and limits collide often.
ACCOUNTS = st.integers(1, 4)
SIDES = st.sampled_from(Side)
PRICES = st.integers(95, 105)
LOTS = st.integers(1, 9)
MAX_FILLS = st.sampled_from([1, 2, 3, 1_000])
PLACES = st.integers(0, 1_000)


class BookMachine(RuleBasedStateMachine):
    """The book beside its model."""

    book_class: ClassVar[type[Book]] = Book

    def __init__(self) -> None:
        super().__init__()
        self.book = self.book_class()
        self.paper = PaperBook()
        self.clock = 0

    @rule(account=ACCOUNTS, side=SIDES, depth=st.integers(0, 3), lots=LOTS)
    def queue(self, account: int, side: Side, depth: int, lots: int) -> None:
        """An order on its own side of the middle, so that the book has long queues to take from."""
        self.place(account, side, 100 - depth if side is Side.BUY else 101 + depth, lots, 1_000, stays=True)

    @rule(account=ACCOUNTS, side=SIDES, price=PRICES, lots=LOTS, max_fills=MAX_FILLS, stays=st.booleans())
    def place(self, account: int, side: Side, price: int, lots: int, max_fills: int, stays: bool) -> None:
        """A limit order: DAY or GTC if it stays, else immediate-or-cancel."""
        self.clock += 1
        taken = self.take(account, side, price, lots, max_fills=max_fills, cap=None)
        if stays and taken.left and taken.why == "none":
            self.rest(PaperOrder(self.clock, account, side.value, price, taken.left, self.clock))

    @rule(account=ACCOUNTS, more=st.integers(0, 2), lots=LOTS, extra=st.integers(-1, 1))
    def spend(self, account: int, more: int, lots: int, extra: int) -> None:
        """A market bid whose cap pays for some lots exactly, or for one tick less or more."""
        all_offers = [line.price for line in self.paper.queue("sell") for _ in range(line.lots)]
        cap = max(sum(all_offers[:lots]) + extra, 0)
        self.take(account, Side.BUY, 105, lots + more, max_fills=1_000, cap=cap)

    @precondition(lambda self: self.paper.lines)
    @rule(place=PLACES)
    def cancel(self, place: int) -> None:
        """An open order goes."""
        line = self.paper.lines[place % len(self.paper.lines)]
        assert self.book.cancel(OrderId(line.order_id)) == self.paper.strike(line.order_id)

    @precondition(lambda self: self.paper.lines)
    @rule(place=PLACES, price=PRICES, same_price=st.booleans(), lots=LOTS)
    def replace(self, place: int, price: int, same_price: bool, lots: int) -> None:
        """An open order gets another price or remainder: in place when merely reduced, else out and in again."""
        line = self.paper.lines[place % len(self.paper.lines)]
        price = line.price if same_price else price
        if price == line.price and lots < line.lots:
            assert keeps_priority(
                PriceTicks(line.price), QuantityLots(line.lots), PriceTicks(price), QuantityLots(lots)
            )
            self.book.reduce(OrderId(line.order_id), QuantityLots(lots))
            line.lots = lots
            return
        assert not keeps_priority(
            PriceTicks(line.price), QuantityLots(line.lots), PriceTicks(price), QuantityLots(lots)
        )
        self.book.cancel(OrderId(line.order_id))
        self.paper.strike(line.order_id)
        self.clock += 1
        taken = self.take(line.account_id, Side(line.side), price, lots, max_fills=1_000, cap=None)
        if taken.left and taken.why == "none":
            self.rest(PaperOrder(line.order_id, line.account_id, line.side, price, taken.left, self.clock))

    @rule(order_id=PLACES)
    def name_an_order_that_is_over(self, order_id: int) -> None:
        """An order that is not open is not known, and asking for it changes nothing."""
        order_id %= self.clock + 2
        if any(line.order_id == order_id for line in self.paper.lines):
            return
        assert OrderId(order_id) not in self.book
        with pytest.raises(InvariantBroken):
            self.book.cancel(OrderId(order_id))

    @rule()
    def reload(self) -> None:
        """A book loaded from its own orders goes on as if nothing had been."""
        loaded = self.book_class()
        for view in sorted(self.book.orders(), key=lambda view: view.priority):
            loaded.rest(*view)
        self.book = loaded

    @invariant()
    def the_book_keeps_its_own_promises(self) -> None:
        """Whatever happened, the book finds nothing wrong with itself."""
        self.book.validate()

    @invariant()
    def the_book_shows_what_the_paper_shows(self) -> None:
        """Orders, levels and best prices are equal."""
        bids, offers = self.paper.queue("buy"), self.paper.queue("sell")
        assert [tuple(view) for view in self.book.orders()] == [
            (line.order_id, line.account_id, line.side, line.price, line.lots, line.came) for line in bids + offers
        ]
        for side, best in ((Side.BUY, self.book.best_bid()), (Side.SELL, self.book.best_offer())):
            sizes = self.paper.sizes(side.value)
            assert [tuple(level) for level in self.book.levels(side)] == sizes
            assert [tuple(level) for level in self.book.levels(side, 2)] == sizes[:2]
            assert best == (sizes[0][0] if sizes else None)
        assert all(OrderId(line.order_id) in self.book for line in self.paper.lines)
        if bids and offers:
            assert bids[0].price < offers[0].price

    def take(self, account: int, side: Side, price: int, lots: int, *, max_fills: int, cap: int | None) -> Taken:
        """Match on both; a preview before it must foretell it and leave the book alone."""
        before = list(self.book.orders())
        foretold = self.paper.look(account, side.value, price, lots, max_fills=1_000_000, cap=cap)
        assert self.book.preview(side, PriceTicks(price), QuantityLots(lots), AccountId(account), cap) == Preview(
            QuantityLots(lots - foretold.left),
            len(foretold.fills),
            sum(fill[2] * fill[3] for fill in foretold.fills),
            foretold.why == "self_trade",
        )
        assert list(self.book.orders()) == before
        crosses = any(line.price <= price if side is Side.BUY else line.price >= price for line in self.others(side))
        assert self.book.would_cross(side, PriceTicks(price)) == crosses

        match = self.book.match(AccountId(account), side, PriceTicks(price), QuantityLots(lots), max_fills, cap)
        taken = self.paper.take(account, side.value, price, lots, max_fills=max_fills, cap=cap)
        assert [tuple(fill) for fill in match.fills] == taken.fills
        assert (match.remaining_lots, match.stopped_by.value) == (taken.left, taken.why)
        return taken

    def others(self, side: Side) -> list[PaperOrder]:
        """The orders a taker of this side could meet."""
        return self.paper.queue("sell" if side is Side.BUY else "buy")

    def rest(self, order: PaperOrder) -> None:
        """Put an order into both."""
        self.book.rest(
            OrderId(order.order_id),
            AccountId(order.account_id),
            Side(order.side),
            PriceTicks(order.price),
            QuantityLots(order.lots),
            order.came,
        )
        self.paper.write(order)
