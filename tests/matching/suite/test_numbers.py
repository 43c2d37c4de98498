"""Numbers in queues may go on from where another count stands; they never go back, and the order of time stays."""

from __future__ import annotations

import pytest

from exchange.core.rejections import InvariantBroken
from matching.book_messages import MAX_PRIORITY, Book, BookOrder, BookRules, BookSide, Call, EventKind, Matching
from tests.matching.suite.conftest import BookFactory


@pytest.fixture
def book(book_factory: BookFactory) -> Book:
    """An empty book that trades."""
    book = book_factory(BookRules())
    book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, 1)
    return book


def rests(book: Book, order_id: int) -> int:
    """The number of a new offer of one lot at 100."""
    (event,) = book.submit(
        BookOrder(order_id=order_id, account_id=1, side=BookSide.SELL, price_ticks=100, quantity_lots=1), 1
    )
    assert event.kind == EventKind.RESTED
    return event.priority


def test_the_next_order_gets_the_number_told_and_the_one_after_it_the_next(book: Book) -> None:
    assert rests(book, 1) == 1
    book.number_from(500)
    assert book.state().next_priority == 500
    assert [rests(book, 2), rests(book, 3)] == [500, 501]
    book.validate()


@pytest.mark.parametrize("told", [0, 1, 2, 3])
def test_a_number_that_the_count_has_reached_changes_nothing(book: Book, told: int) -> None:
    assert [rests(book, 1), rests(book, 2)] == [1, 2]
    before = book.state()
    book.number_from(told)
    assert book.state() == before
    assert rests(book, 3) == 3


def test_one_more_than_the_count_leaves_one_number_out(book: Book) -> None:
    assert rests(book, 1) == 1
    book.number_from(3)
    assert rests(book, 2) == 3


def test_the_highest_number_is_taken_and_one_more_stops_the_book(book: Book) -> None:
    for wrong in (MAX_PRIORITY + 1, 2**63, -1):
        with pytest.raises(InvariantBroken):
            book.number_from(wrong)
    assert book.state().next_priority == 1
    book.number_from(MAX_PRIORITY)
    assert [rests(book, 1), rests(book, 2)] == [MAX_PRIORITY, MAX_PRIORITY + 1]
    book.validate()


def test_orders_before_and_after_a_leap_trade_in_the_order_of_time(book: Book) -> None:
    rests(book, 1)
    book.number_from(10**9)
    rests(book, 2)
    taker = BookOrder(order_id=3, account_id=2, side=BookSide.BUY, price_ticks=100, quantity_lots=2)
    assert [event.other_id for event in book.submit(taker, 9)] == [1, 2]


def test_a_loaded_book_counts_on_from_the_number_it_was_told(book: Book, book_factory: BookFactory) -> None:
    rests(book, 1)
    book.number_from(77)
    loaded = book_factory(BookRules())
    loaded.restore(book.state(), book.orders())
    assert loaded.state().next_priority == 77
    assert rests(loaded, 2) == 77
