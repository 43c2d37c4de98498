"""Bug class 9: nothing is dropped where there is much of it, and what is bounded refuses with its code."""

from __future__ import annotations

from matching.book_messages import (
    MAX_CONTINGENT,
    MAX_FILLS,
    MAX_FOLLOWERS,
    MAX_LOTS,
    MAX_TICKS,
    Book,
    BookOrder,
    BookRules,
    BookSide,
    Call,
    EventKind,
    Kind,
    Matching,
    Refusal,
)
from tests.matching.suite.conftest import BookFactory

MANY = 60_000


def trading(book_factory: BookFactory) -> Book:
    """An empty book that trades."""
    book = book_factory(BookRules())
    book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, MANY)
    return book


def order(order_id: int, side: BookSide, price: int, lots: int = 1, **terms: object) -> BookOrder:
    """An order of account 1 that offers, or 2 that bids."""
    account = 1 if side is BookSide.SELL else 2
    return BookOrder(
        order_id=order_id,
        account_id=account,
        side=side,
        price_ticks=price,
        quantity_lots=lots,
        **terms,  # type: ignore[arg-type]
    )


def test_ten_thousand_orders_at_one_price_and_five_thousand_prices_all_trade(book_factory: BookFactory) -> None:
    book = trading(book_factory)
    for order_id in range(1, 10_001):
        book.submit(order(order_id, BookSide.SELL, 100), MANY)
    for order_id in range(10_001, 15_001):
        book.submit(order(order_id, BookSide.SELL, order_id), MANY)
    events = book.submit(order(20_000, BookSide.BUY, 20_000, 15_000), MANY)
    assert [event.other_id for event in events if event.kind == EventKind.FILLED] == list(range(1, 15_001))
    assert len(book) == 0
    book.validate()


def test_ten_thousand_stops_reached_by_one_trade_all_act_in_order_however_finely_it_is_cut(
    book_factory: BookFactory,
) -> None:
    book = trading(book_factory)
    book.submit(order(1, BookSide.SELL, 100, 10_001), MANY)
    for order_id in range(2, 10_002):
        book.submit(order(order_id, BookSide.BUY, 100, kind=Kind.STOP_LIMIT, stop_ticks=100), MANY)
    events = book.submit(order(20_000, BookSide.BUY, 100), 7)
    steps = 0
    while book.pending:
        events += book.continue_(999)
        steps += 1
    assert steps > 10
    assert [event.order_id for event in events if event.kind == EventKind.TRIGGERED] == list(range(2, 10_002))
    assert [event.order_id for event in events if event.kind == EventKind.FILLED] == [20_000, *range(2, 10_002)]
    assert len(book) == 0


def test_pegs_and_trailing_stops_are_bounded_together(book_factory: BookFactory) -> None:
    book = trading(book_factory)
    book.submit(order(1, BookSide.BUY, 100), MANY)
    for order_id in range(2, MAX_FOLLOWERS + 2):
        terms = (
            {"kind": Kind.PEGGED_BEST}
            if order_id % 2
            else {"kind": Kind.TRAILING_STOP, "trail_ticks": 9, "stop_ticks": 300}
        )
        book.submit(order(order_id, BookSide.BUY, 200, **terms), MANY)
    late = order(9_999, BookSide.BUY, 200, kind=Kind.PEGGED_BEST)
    assert book.check(late, MANY) is Refusal.TOO_MANY_FOLLOWERS
    book.cancel(2)
    assert book.check(late, MANY) is Refusal.NONE
    moved = [event for event in book.submit(order(10_000, BookSide.BUY, 101), MANY) if event.kind == EventKind.REPRICED]
    assert len(moved) == MAX_FOLLOWERS // 2


def test_resting_all_or_none_orders_are_bounded_and_one_that_fills_at_once_is_not(book_factory: BookFactory) -> None:
    book = trading(book_factory)
    for order_id in range(1, MAX_CONTINGENT + 1):
        book.submit(order(order_id, BookSide.BUY, 90, 5, all_or_none=True), MANY)
    book.submit(order(1_000, BookSide.SELL, 100, 5), MANY)
    assert book.check(order(1_001, BookSide.BUY, 99, 5, all_or_none=True), MANY) is Refusal.TOO_MANY_CONTINGENT
    assert book.check(order(1_001, BookSide.BUY, 100, 5, all_or_none=True), MANY) is Refusal.NONE


def test_numbers_at_their_limits_trade_and_beyond_are_refused(book_factory: BookFactory) -> None:
    book = trading(book_factory)
    book.submit(order(2**53, BookSide.SELL, MAX_TICKS, MAX_LOTS), MANY)
    [fill] = book.submit(order(2**53 - 1, BookSide.BUY, MAX_TICKS, MAX_LOTS), MANY)
    assert (fill.price_ticks, fill.lots) == (MAX_TICKS, MAX_LOTS)
    for bad in (
        order(0, BookSide.BUY, 100),
        order(1, BookSide.BUY, 0),
        order(1, BookSide.BUY, MAX_TICKS + 1),
        order(1, BookSide.BUY, 100, 0),
        order(1, BookSide.BUY, 100, MAX_LOTS + 1),
        order(1, BookSide.BUY, 100, display_lots=-1),
        order(1, BookSide.BUY, 100, stop_ticks=MAX_TICKS + 1, kind=Kind.STOP),
    ):
        assert book.check(bad, MANY) is Refusal.RECORD_INVALID
    for max_fills in (0, MAX_FILLS + 1):
        assert book.check(order(1, BookSide.BUY, 100), max_fills) is Refusal.RECORD_INVALID
