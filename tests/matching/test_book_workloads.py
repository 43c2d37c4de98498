"""On the benchmark's workloads every book makes the trades of the benchmark's baseline, in the same order."""

from __future__ import annotations

import pytest

from benchmarks.book import opened, play
from benchmarks.workloads import LeastBook, Trade, Workload, deep, flow
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
