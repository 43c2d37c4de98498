"""On the benchmark's workloads every book makes the trades of the benchmark's baseline, in the same order."""

from __future__ import annotations

import pytest

from benchmarks.book import opened, play
from benchmarks.workloads import LeastBook, Trade, Workload, deep, flow
from exchange.core.ids import AccountId
from exchange.core.instruments import Side
from matching.book import Book
from matching.book_messages import BookRules
from matching.books import COMPILED, BookMaker
from matching.order_book import PlainBook

WORKLOADS = pytest.mark.parametrize(
    ("workload", "trades_at_least"), [(flow(20_000), 4_000), (deep(5_000, 5_000), 500)], ids=["flow", "deep"]
)
MAKERS: list[BookMaker] = [PlainBook] if COMPILED is None else [PlainBook, COMPILED]


@WORKLOADS
@pytest.mark.parametrize("make", MAKERS)
def test_a_book_and_the_least_book_make_the_same_trades(
    make: BookMaker, workload: Workload, trades_at_least: int
) -> None:
    book, least = opened(make(BookRules())), LeastBook()
    made: list[Trade] = []
    expected: list[Trade] = []
    for messages in (workload.resting, workload.messages):
        play(book, messages, made)
        least.play(messages, expected)
    book.validate()
    assert made == expected
    assert len(made) >= trades_at_least


@WORKLOADS
def test_the_engine_s_book_makes_them_too(workload: Workload, trades_at_least: int) -> None:
    book, least = Book(), LeastBook()
    made: list[Trade] = []
    expected: list[Trade] = []
    for order_id, buys, price, lots, stays in workload.resting + workload.messages:
        if not lots:
            book.cancel(order_id)
            continue
        side, account = (Side.BUY, AccountId(1)) if buys else (Side.SELL, AccountId(2))
        fills, left, _ = book.match(account, side, price, lots, 1_000)
        made += [(fill.maker_order_id, order_id, fill.price_ticks, fill.quantity_lots) for fill in fills]
        if left and stays:
            book.rest(order_id, account, side, price, left, order_id)
    least.play(workload.resting + workload.messages, expected)
    book.validate()
    assert made == expected
    assert len(made) >= trades_at_least
