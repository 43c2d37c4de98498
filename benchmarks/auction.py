"""A call of 100,000 orders: how long until its auction has handed out every fill, and what the next price takes.

Bids and offers lie over the same 40,000 prices, so that half of all orders trade and every level lies within the
crossing: the most that finding the price can cost. The compiled book is measured beside the plain one, and both must
fix one price and one volume. The indication is asked after each of some hundred further orders and cancels.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from benchmarks.book import timed
from benchmarks.rows import BenchmarkFailed, Report, Row, median, row, spread
from matching.book_messages import MAX_FILLS, Book, BookOrder, BookRules, BookSide, Call, Indication, Matching
from matching.book_records import UncrossBegin, UncrossContinue, pack_command
from matching.books import COMPILED, BookMaker
from matching.order_book import PlainBook

if COMPILED is not None:
    from matching._book import CompiledBook

ORDERS, PRICES, MIDDLE = 100_000, 40_000, 100_000
CHANGES = 200
BEGIN, CONTINUE = pack_command(UncrossBegin()), pack_command(UncrossContinue(MAX_FILLS))
UNCROSS_LIMIT_S, INDICATION_LIMIT_S = 0.05, 0.001


@dataclass
class Figures:
    """Seconds of one round, and what the auction fixed."""

    uncross_s: float
    indication_s: float
    fixed: Indication


def orders(count: int, seed: int = 3) -> list[BookOrder]:
    """Orders of both sides over the same prices."""
    rng = random.Random(seed)
    return [
        BookOrder(
            order_id=number * 1_024,
            account_id=1 + number % 1_000,
            side=rng.choice((BookSide.BUY, BookSide.SELL)),
            price_ticks=MIDDLE + rng.randint(-PRICES // 2, PRICES // 2),
            quantity_lots=rng.randint(1, 100),
        )
        for number in range(1, count + 1)
    ]


def collected(make: BookMaker, call: list[BookOrder]) -> Book:
    """A book in its opening call, with these orders."""
    book = make(BookRules())
    book.set_phase(Matching.COLLECT, Call.OPENING, 0, 1)
    for order in call:
        book.submit(order, 1)
    return book


def uncross(book: Book) -> None:
    """The whole auction, in as large steps as there are; of a compiled book by records, as a batch would."""
    if COMPILED is not None and isinstance(book, CompiledBook):
        book.run(BEGIN)
        while book.pending:
            book.run(CONTINUE)
        return
    book.uncross_begin()
    while book.pending:
        book.uncross_continue(MAX_FILLS)


def one_round(make: BookMaker, call: list[BookOrder], changes: list[BookOrder]) -> Figures:
    """Both figures on a fresh book."""
    book = collected(make, call)
    taken: list[float] = []
    for order in changes:
        book.submit(order, 1)
        taken.append(timed(book.indication))
        book.cancel(order.order_id)
        taken.append(timed(book.indication))
    fixed = book.indication()
    seconds = timed(lambda: uncross(book))
    book.validate()
    return Figures(seconds, median(taken), fixed)


def run(*, quick: bool) -> Report:
    """Measure both books; `quick` makes a tenth of the orders and one round."""
    count, changes, rounds = (ORDERS // 10, CHANGES // 10, 1) if quick else (ORDERS, CHANGES, 5)
    drawn = orders(count + changes)
    rows: list[Row] = []
    notes: list[str] = []
    fixed: Indication | None = None
    for name, make, times in (("compiled", COMPILED, rounds), ("plain", PlainBook, 1)):
        if make is None:
            notes.append("no compiled book on this machine")
            continue
        few = drawn[count:] if name == "compiled" else drawn[count : count + 3]
        figures = [one_round(make, drawn[:count], few) for _ in range(times)]
        if fixed not in (None, figures[0].fixed):
            raise BenchmarkFailed("the books fix another price")
        fixed = figures[0].fixed
        limit = name == "compiled"
        seconds, next_price = [each.uncross_s for each in figures], [each.indication_s for each in figures]
        title = f"{name}: uncross {count:,} orders"
        rows.append(row(title, median(seconds), "s", target=UNCROSS_LIMIT_S if limit else None, higher_is_better=False))
        title = f"{name}: indication after a change"
        rows.append(
            row(title, median(next_price), "s", target=INDICATION_LIMIT_S if limit else None, higher_is_better=False)
        )
        notes.append(f"{name}: uncross {spread(seconds)} s, indication {spread(next_price)} s, {times} rounds")
    if fixed is not None:
        notes.append(
            f"the auction: {fixed.paired_lots:,} lots at {fixed.price_ticks:,}, {fixed.imbalance_lots:,} left over"
        )
    return Report(rows, notes)
