"""The book's rules as scenarios, and what scenarios cannot say: reading, refusals of misuse, loading, large books."""

from __future__ import annotations

import pytest

from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.rejections import InvariantBroken
from exchange.core.units import PriceTicks, QuantityLots
from matching.book import Book, Fill, Match, OrderView, Preview, StopReason
from matching.ladder import CHUNK
from tests.matching.market import Market
from tests.matching.scenarios import SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    Market(Book()).plays(SCENARIOS[name])


def rest(book: Book, order_id: int, side: Side, price: int, lots: int, *, account: int = 1) -> None:
    """Put an order into the book; its id is also its priority."""
    book.rest(OrderId(order_id), AccountId(account), side, PriceTicks(price), QuantityLots(lots), order_id)


def match(book: Book, side: Side, price: int, lots: int, *, account: int = 9, max_fills: int = 100) -> Match:
    """Take from the book."""
    return book.match(AccountId(account), side, PriceTicks(price), QuantityLots(lots), max_fills)


def small_book() -> Book:
    """Bids 99 and 98, offers 101 (two orders) and 102."""
    book = Book()
    rest(book, 1, Side.BUY, 98, 7)
    rest(book, 2, Side.BUY, 99, 5)
    rest(book, 3, Side.SELL, 101, 4, account=2)
    rest(book, 4, Side.SELL, 101, 6, account=3)
    rest(book, 5, Side.SELL, 102, 1, account=2)
    return book


def test_a_fill_names_the_maker_and_what_it_has_left() -> None:
    assert match(small_book(), Side.BUY, 101, 5) == Match(
        [
            Fill(OrderId(3), AccountId(2), PriceTicks(101), QuantityLots(4), QuantityLots(0)),
            Fill(OrderId(4), AccountId(3), PriceTicks(101), QuantityLots(1), QuantityLots(5)),
        ],
        QuantityLots(0),
        StopReason.NONE,
    )


def test_a_preview_counts_lots_fills_and_notional_and_changes_nothing() -> None:
    book = small_book()
    before = list(book.orders())
    buyer = AccountId(9)
    assert book.preview(Side.BUY, PriceTicks(102), QuantityLots(20), buyer) == Preview(QuantityLots(11), 3, 1112, False)
    assert book.preview(Side.BUY, PriceTicks(101), QuantityLots(5), buyer) == Preview(QuantityLots(5), 2, 505, False)
    assert book.preview(Side.BUY, PriceTicks(102), QuantityLots(20), AccountId(3)) == Preview(
        QuantityLots(4), 1, 404, True
    )
    assert book.preview(Side.BUY, PriceTicks(100), QuantityLots(5), buyer) == Preview(QuantityLots(0), 0, 0, False)
    assert list(book.orders()) == before


def test_a_preview_with_a_cap_buys_whole_lots_only() -> None:
    buyer, lots = AccountId(9), QuantityLots(20)
    fillable = [
        small_book().preview(Side.BUY, PriceTicks(102), lots, buyer, cap).fillable_lots
        for cap in (100, 101, 404, 504, 505, 1011, 1012, 1111, 1112)
    ]
    assert fillable == [0, 1, 4, 4, 5, 10, 10, 10, 11]


def test_a_preview_reads_no_further_than_it_is_told() -> None:
    book = Book()
    for order_id in range(1, 1_000):
        rest(book, order_id, Side.SELL, 100, 1)
    preview = book.preview(Side.BUY, PriceTicks(100), QuantityLots(999), AccountId(9), None, 10)
    assert preview == Preview(QuantityLots(10), 10, 1_000, False)


def test_reading_shows_the_best_prices_first() -> None:
    book = small_book()
    assert (book.best_bid(), book.best_offer()) == (99, 101)
    assert book.levels(Side.BUY) == [(99, 5, 1), (98, 7, 1)]
    assert book.levels(Side.SELL, 1) == [(101, 10, 2)]
    assert book.levels(Side.SELL, 0) == []
    assert [view.order_id for view in book.orders()] == [2, 1, 3, 4, 5]
    assert next(book.orders()) == OrderView(
        OrderId(2), AccountId(1), Side.BUY, PriceTicks(99), QuantityLots(5), priority=2
    )


def test_an_empty_book_has_no_best_price_and_crosses_nothing() -> None:
    book = Book()
    assert (book.best_bid(), book.best_offer()) == (None, None)
    assert not book.would_cross(Side.BUY, PriceTicks(1_000_000))
    assert not book.would_cross(Side.SELL, PriceTicks(1))
    assert match(book, Side.BUY, 100, 5) == Match([], QuantityLots(5), StopReason.NONE)


@pytest.mark.parametrize(
    ("side", "price", "crosses"), [(Side.BUY, 100, False), (Side.BUY, 101, True), (Side.SELL, 100, False)]
)
def test_an_order_crosses_from_the_best_price_of_the_other_side_on(side: Side, price: int, crosses: bool) -> None:
    assert small_book().would_cross(side, PriceTicks(price)) is crosses


@pytest.mark.parametrize(
    ("order_id", "side", "price", "lots", "promise"),
    [
        (6, Side.BUY, 101, 1, "does not cross"),
        (6, Side.SELL, 99, 1, "does not cross"),
        (5, Side.BUY, 97, 1, "rests once"),
        (6, Side.BUY, 97, 0, "has a price and lots"),
        (6, Side.BUY, 0, 1, "has a price and lots"),
        (-1, Side.BUY, 98, 1, "stands behind an earlier one"),
    ],
)
def test_an_order_that_may_not_rest_stops_the_node_and_changes_nothing(
    order_id: int, side: Side, price: int, lots: int, promise: str
) -> None:
    book = small_book()
    before = list(book.orders())
    with pytest.raises(InvariantBroken, match=promise):
        rest(book, order_id, side, price, lots)
    book.validate()
    assert list(book.orders()) == before


def test_only_an_open_order_can_be_cancelled_or_reduced_and_only_to_fewer_lots() -> None:
    book = small_book()
    with pytest.raises(InvariantBroken, match="only open orders"):
        book.cancel(OrderId(77))
    with pytest.raises(InvariantBroken, match="only open orders"):
        book.reduce(OrderId(77), QuantityLots(1))
    for lots in (0, 7, 8):
        with pytest.raises(InvariantBroken, match="leaves fewer lots"):
            book.reduce(OrderId(1), QuantityLots(lots))
    book.reduce(OrderId(1), QuantityLots(6))
    assert book.levels(Side.BUY) == [(99, 5, 1), (98, 6, 1)]


def test_a_filled_or_cancelled_order_is_forgotten_and_its_id_is_free() -> None:
    book = small_book()
    match(book, Side.BUY, 101, 4)
    book.cancel(OrderId(1))
    assert [order_id for order_id in range(1, 6) if OrderId(order_id) in book] == [2, 4, 5]


def test_loading_in_book_order_or_in_time_order_rebuilds_the_same_book() -> None:
    book = Book()
    for order_id in range(1, 400):
        below = order_id % 2 == 0
        rest(book, order_id, Side.BUY if below else Side.SELL, 500 + (-1 if below else 1) * (1 + order_id * 7 % 50), 3)
    match(book, Side.BUY, 505, 40)
    views = list(book.orders())
    for order in (views, sorted(views, key=lambda view: view.priority)):
        loaded = Book()
        for view in order:
            loaded.rest(*view)
        loaded.validate()
        assert list(loaded.orders()) == views


def test_thousands_of_prices_stay_in_order_while_they_come_and_go() -> None:
    book = Book()
    count = 5 * CHUNK
    for order_id in range(1, count + 1):  # a fixed shuffle: 1,009 shares no divisor with the count
        rest(book, order_id, Side.BUY, 1 + order_id * 1_009 % count, 1)
    book.validate()
    assert [level.price_ticks for level in book.levels(Side.BUY)] == list(range(count, 0, -1))
    for order_id in range(1, count + 1, 2):
        book.cancel(OrderId(order_id))
    book.validate()
    taken = match(book, Side.SELL, 1, count, max_fills=count)
    prices = [fill.price_ticks for fill in taken.fills]
    assert (len(prices), prices) == (count // 2, sorted(prices, reverse=True))
    assert book.best_bid() is None


def test_a_check_of_itself_finds_a_book_that_was_tampered_with() -> None:
    def total(book: Book) -> None:
        book._bids.levels[PriceTicks(99)].lots += 1

    def forgotten(book: Book) -> None:
        del book._orders[OrderId(4)]

    def price(book: Book) -> None:
        book._orders[OrderId(2)].price_ticks = PriceTicks(97)

    def ladder(book: Book) -> None:
        book._offers.remove(PriceTicks(102))

    def time(book: Book) -> None:
        book._orders[OrderId(3)].priority = 44

    def crossed(book: Book) -> None:
        book._bids, book._offers = book._offers, book._bids

    for tamper in (total, forgotten, price, ladder, time, crossed):
        book = small_book()
        book.validate()
        tamper(book)
        with pytest.raises(InvariantBroken):
            book.validate()
