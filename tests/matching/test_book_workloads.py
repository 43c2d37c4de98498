"""On the benchmark's workloads the book makes the trades of the benchmark's baseline, in the same order."""

from __future__ import annotations

import pytest

from benchmarks.book import LeastBook, Trade, Workload, deep, flow, play
from matching.book import Book


@pytest.mark.parametrize(
    ("workload", "trades_at_least"), [(flow(20_000), 4_000), (deep(5_000, 10_000), 50)], ids=["flow", "deep"]
)
def test_the_book_and_the_least_book_make_the_same_trades(workload: Workload, trades_at_least: int) -> None:
    book, least = Book(), LeastBook()
    made: list[Trade] = []
    expected: list[Trade] = []
    for messages in (workload.resting, workload.messages):
        play(book, messages, made)
        least.play(messages, expected)
    book.validate()
    assert made == expected
    assert len(made) >= trades_at_least
