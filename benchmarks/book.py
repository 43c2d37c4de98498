"""The order book alone: messages a second on a busy book and on a deep one, call by call and in batches, and loading.

Both books play the workloads of `benchmarks.workloads` with every feature in place and every event made; the minimal
C++ book, which can limit orders and cancels and nothing else, plays them in the same run, so that the ratio says what
being a venue costs and the machine does not. Peers from PyPI follow, where they are installed. All of them must make
the trades of the least Python book, or there is no figure.

*core*: one call for the tape, no answers handed out. *batches*: 1,000 messages a call, events come back as a NumPy
array. *calls*: a call an order, events come back as objects; the arguments of 1,000 calls are made just before them and
outside the clock, for a caller who has decoded a message has it at hand, and what it costs to fetch one of a million
from where it has lain since the beginning is no part of the book.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns, process_time
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.rows import BenchmarkFailed, Report, Row, median, row, spread
from benchmarks.tapes import IDS, MAX_FILLS, records
from benchmarks.workloads import HIGHEST, LOWEST, LeastBook, Message, Trade, Workload, deep, flow
from matching.book_messages import (
    Book,
    BookEvent,
    BookOrder,
    BookRules,
    BookSide,
    Call,
    EventKind,
    Kind,
    Matching,
    TimeLimit,
)
from matching.books import COMPILED
from matching.order_book import PlainBook

BATCH = 1_000
CORE_FLOOR = {"flow": 20_000_000, "deep": 8_000_000}
BATCH_FLOOR = {"flow": 10_000_000, "deep": 6_000_000}
CALLS_FLOOR, CALL_P99_NS, PLAIN_FLOOR, RATIO_FLOOR = 2_000_000, 1_500, 300_000, 0.3
LOAD_ORDERS, LOAD_LIMIT_S = 100_000, 0.2
PLAIN_MESSAGES = 200_000
RULES = BookRules()


def run(*, quick: bool) -> Report:
    """Measure everything; `quick` makes smaller workloads and one round of them."""
    scale, rounds = (20, 1) if quick else (1, 5)
    workloads = {"flow": flow(1_000_000 // scale), "deep": deep(LOAD_ORDERS // scale, 300_000 // scale)}
    rows: list[Row] = []
    notes = [
        f"{rounds} rounds, medians, processor time; baseline: the minimal C++ book, for plain Python the least one"
    ]
    for name, workload in workloads.items():
        notes.append(f"{name}: {workload.counted()}")
        best = 0.0
        if COMPILED is None:
            notes.append("no compiled book on this machine")
        else:
            told, lines = compiled_rows(name, workload, rounds)
            rows += told
            notes += lines
            best = told[-2]["value"]
        plain = plain_row(name, workload, rounds)
        rows.append(plain)
        theirs, lines = peers.rows(name, workload, 1, best or plain["value"])
        rows += theirs
        notes += lines
    rows += load_rows(workloads["deep"], rounds)
    return Report(rows, notes)


def compiled_rows(name: str, workload: Workload, rounds: int) -> tuple[list[Row], list[str]]:
    """The compiled book in its three ways, beside the minimal one."""
    from benchmarks._minimal import MinimalBook
    from matching._book import CompiledBook

    resting, messages = records(workload.resting), records(workload.messages)
    least_resting, least_messages = workload.records()
    orders = 1 + max(message.order_id for message in workload.resting + workload.messages)
    bare, core, ratios, batches, calls = ([] for _ in range(5))
    bytes_of = messages.view("u1")
    parts = [bytes_of[begin : begin + 64 * BATCH] for begin in range(0, len(bytes_of), 64 * BATCH)]
    said = spoken(workload.messages)
    for _ in range(rounds):
        minimal = MinimalBook(orders)
        minimal.play(least_resting.view("u1"))
        bare.append(len(messages) / timed(lambda: minimal.play(least_messages.view("u1"))))  # noqa: B023 - called here
        book = opened(CompiledBook(RULES))
        book.replay(resting.view("u1"))
        core.append(len(messages) / timed(lambda: book.replay(bytes_of)))  # noqa: B023
        ratios.append(core[-1] / bare[-1])
        book = opened(CompiledBook(RULES))
        book.replay(resting.view("u1"))
        batches.append(len(messages) / timed(lambda: [book.run(part) for part in parts] and None))  # noqa: B023
        book = opened(CompiledBook(RULES))
        book.replay(resting.view("u1"))
        with collector_as_in_the_node():
            calls.append(len(messages) / speak(book, said))
    agree(name, workload, minimal.traded().trades)
    latencies = latencies_ns(name, workload, said)
    baseline = median(bare)
    speed = "messages/s"
    rows = [
        row(f"{name}: core", median(core), speed, baseline=baseline, ratio=median(ratios), target=CORE_FLOOR[name]),
        row(
            f"{name}: core beside the minimal book",
            median(core),
            speed,
            baseline=baseline,
            ratio=median(ratios),
            target=RATIO_FLOOR,
            of_ratio=True,
        ),
        row(f"{name}: batches of {BATCH:,}", median(batches), speed, target=BATCH_FLOOR[name]),
        row(f"{name}: calls", median(calls), speed, target=CALLS_FLOOR),
        row(f"{name}: calls, p99", latencies[1], "ns", target=CALL_P99_NS, higher_is_better=False),
    ]
    notes = [
        f"{name}: core {spread(core)}, minimal {spread(bare)}, ratio {spread(ratios)}, batches {spread(batches)}, "
        f"calls {spread(calls)}",
        f"{name}: a call takes p50 {latencies[0]:.0f}, p99 {latencies[1]:.0f}, p99.9 {latencies[2]:.0f} ns, "
        "the clock's own time included",
    ]
    return rows, notes


def agree(name: str, workload: Workload, trades: int) -> None:
    """Hold the compiled book's trades against the least book's.

    Raises: BenchmarkFailed if any differs.
    """
    from matching._book import CompiledBook

    least, expected = LeastBook(), list[Trade]()
    least.play(workload.resting, expected)
    least.play(workload.messages, expected)
    book = opened(CompiledBook(RULES))
    events = book.run(records(workload.resting + workload.messages).view("u1"))
    fills = events[events["kind"] == int(EventKind.FILLED)]
    made = np.stack([fills["other_id"] // IDS, fills["order_id"] // IDS, fills["price_ticks"], fills["lots"]], axis=1)
    if trades != len(expected) or not np.array_equal(made, np.array(expected, dtype=np.int64).reshape(-1, 4)):
        raise BenchmarkFailed(f"{name}: the books made other trades")


Said = list[int]
"""Order, account, side, price, lots (0: cancel), kind and time limit, as `enter` takes them."""


def spoken(messages: list[Message]) -> NDArray[Any]:
    """Messages as the arguments of calls, a row each."""
    said: list[tuple[int, ...]] = []
    for order_id, buys, price, lots, stays in messages:
        side = BookSide.BUY if buys else BookSide.SELL
        kind = Kind.MARKET if price in (HIGHEST, LOWEST) else Kind.LIMIT
        time_limit = TimeLimit.GTC if stays else TimeLimit.IOC
        said.append((order_id * IDS, 1 if buys else 2, int(side), price, lots, int(kind), int(time_limit)))
    return np.array(said, dtype=np.int64)


def in_parts(said: NDArray[Any]) -> Iterator[list[Said]]:
    """The arguments of the next 1,000 calls, made when they are asked for."""
    for begin in range(0, len(said), BATCH):
        yield said[begin : begin + BATCH].tolist()


def speak(book: Any, said: NDArray[Any]) -> float:
    """A call a message; the seconds of processor that the calls take."""
    enter, leave = book.enter, book.leave

    def part_by_calls(part: list[Said]) -> None:
        for order_id, account, side, price, lots, kind, time_limit in part:
            if lots:
                enter(order_id, account, side, price, lots, kind, time_limit)
            else:
                leave(order_id)

    return sum(timed(lambda: part_by_calls(part)) for part in in_parts(said))  # noqa: B023 - called here


def latencies_ns(name: str, workload: Workload, said: NDArray[Any]) -> tuple[float, float, float]:
    """p50, p99 and p99.9 of one call, the clock's own time included."""
    from matching._book import CompiledBook

    book = opened(CompiledBook(RULES))
    book.replay(records(workload.resting).view("u1"))
    enter, leave, clock = book.enter, book.leave, perf_counter_ns
    taken: list[int] = []
    with collector_as_in_the_node():
        for part in in_parts(said[:300_000]):
            for order_id, account, side, price, lots, kind, time_limit in part:
                begun = clock()
                if lots:
                    enter(order_id, account, side, price, lots, kind, time_limit)
                else:
                    leave(order_id)
                taken.append(clock() - begun)
    p50, p99, p999 = np.percentile(taken, [50, 99, 99.9])
    return float(p50), float(p99), float(p999)


def plain_row(name: str, workload: Workload, rounds: int) -> Row:
    """The plain book beside the least one, on the first messages.

    Raises: BenchmarkFailed if they make other trades.
    """
    messages = workload.messages[:PLAIN_MESSAGES]
    ours: list[float] = []
    least: list[float] = []
    for _ in range(rounds):
        book, least_book = opened(PlainBook(RULES)), LeastBook()
        made: list[Trade] = []
        expected: list[Trade] = []
        with collector_as_in_the_node():
            play(book, workload.resting, made)
            ours.append(len(messages) / play(book, messages, made))
            least_book.play(workload.resting, expected)
            least.append(len(messages) / timed(lambda: least_book.play(messages, expected)))  # noqa: B023 - called here
        if made != expected:
            raise BenchmarkFailed(f"{name}: the plain book and the least one made other trades")
    return row(f"{name}: plain Python", median(ours), "messages/s", baseline=median(least), target=PLAIN_FLOOR)


def orders_of(messages: list[Message]) -> list[BookOrder | int]:
    """Messages in the book's own words: an order, or the id of one to cancel."""
    tape: list[BookOrder | int] = []
    for order_id, buys, price, lots, stays in messages:
        if not lots:
            tape.append(int(order_id))
            continue
        tape.append(
            BookOrder(
                order_id=order_id,
                account_id=1 if buys else 2,
                side=BookSide.BUY if buys else BookSide.SELL,
                price_ticks=price,
                quantity_lots=lots,
                kind=Kind.MARKET if price in (HIGHEST, LOWEST) else Kind.LIMIT,
                time_limit=TimeLimit.GTC if stays else TimeLimit.IOC,
            )
        )
    return tape


def play(book: Book, messages: list[Message], trades: list[Trade]) -> float:
    """Every message in turn, through the contract that all books keep; the seconds of processor that this takes."""
    submit, cancel, filled = book.submit, book.cancel, int(EventKind.FILLED)

    def part_by_calls(part: list[BookOrder | int], told: list[BookEvent]) -> None:
        for order in part:
            told += cancel(order) if isinstance(order, int) else submit(order, MAX_FILLS)

    seconds = 0.0
    for begin in range(0, len(messages), BATCH):
        part, told = orders_of(messages[begin : begin + BATCH]), list[BookEvent]()
        seconds += timed(lambda: part_by_calls(part, told))  # noqa: B023 - called here
        trades += [(event[5], event[4], event[6], event[7]) for event in told if event[0] == filled]
    return seconds


def load_rows(workload: Workload, rounds: int) -> list[Row]:
    """Seconds to become a book with many orders again, with the collector off as a starting node has it."""
    told: list[Row] = []
    for name, make in (("plain", PlainBook), ("compiled", COMPILED)):
        if make is None:
            continue
        book = opened(make(RULES))
        for order in orders_of(workload.resting):
            assert not isinstance(order, int)
            book.submit(order, MAX_FILLS)
        state, orders = book.state(), book.orders()
        taken: list[float] = []
        for _ in range(rounds):
            gc.collect()
            gc.disable()
            try:
                taken.append(timed(lambda: make(RULES).restore(state, orders)))  # noqa: B023 - called here
            finally:
                gc.enable()
        limit = LOAD_LIMIT_S * len(orders) / LOAD_ORDERS
        title = f"load {len(orders):,} orders, {name}"
        told.append(row(title, median(taken), "s", target=limit, higher_is_better=False))
    return told


SomeBook = TypeVar("SomeBook", bound=Book)


def opened(book: SomeBook) -> SomeBook:
    """The same book in continuous trading."""
    book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, 1)
    return book


@contextmanager
def collector_as_in_the_node() -> Iterator[None]:
    """What exists is frozen and collections are rare, as in a running node; afterwards all is as before."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor that the work takes: it waits for nothing, and others may share the machine."""
    begun = process_time()
    work()
    return process_time() - begun
