"""The order book alone: messages a second on a busy book and on a deep one, and how fast a book is loaded.

Two seeded workloads. *flow*: 61 % limit orders round a drifting middle, 34 % cancels of live orders, 2.5 % market and
2.5 % immediate-or-cancel orders; about one message in six trades. *deep*: 100,000 orders over 40,000 prices, then one
random order after another is cancelled and another added elsewhere, with a few small takers.

The baseline is the least that still matches: dicts, deques and heaps with lazy deletion, which reports fills and
nothing else (no totals, no accounts, no reading in order). Both must make the same trades, or there is no result.
"""

from __future__ import annotations

import gc
import heapq
import random
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from benchmarks.rows import Report, Row, row
from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots
from matching.book import Book

FLOOR_PER_S = 500_000
LOAD_ORDERS = 100_000
LOAD_LIMIT_S = 0.2
MAX_FILLS = 1_000
BUYERS, SELLERS = AccountId(1), AccountId(2)  # one account a side: nobody meets himself, as in the baseline
BEST, WORST = 1_000_000_000, 1

Trade = tuple[int, int, int, int]
"""Maker, taker, price in ticks, lots."""


class Message(NamedTuple):
    """One order, or the cancel of one (`lots` 0). `stays` is false for market and immediate-or-cancel orders."""

    order_id: OrderId
    buys: bool
    price: PriceTicks
    lots: QuantityLots
    stays: bool


@dataclass
class Workload:
    """Orders to begin with, then the messages that are timed."""

    resting: list[Message]
    messages: list[Message]


class LeastBook:
    """The baseline: prices in heaps, orders in deques, whatever is over is skipped when it comes up."""

    def __init__(self) -> None:
        self.open: dict[int, list[int]] = {}  # order id → [lots, price, buys]
        self.queues: tuple[dict[int, deque[int]], dict[int, deque[int]]] = ({}, {})  # offers, bids
        self.heaps: tuple[list[int], list[int]] = ([], [])  # offers as they are, bids negative

    def take(self, order_id: int, buys: bool, price: int, lots: int, trades: list[Trade]) -> int:
        """Match; what is left."""
        queues, heap = self.queues[not buys], self.heaps[not buys]
        limit = price if buys else -price
        while lots and heap and heap[0] <= limit:
            queue = queues[abs(heap[0])]
            while lots and queue:
                maker = self.open.get(queue[0])
                if maker is None:
                    queue.popleft()
                    continue
                given = min(lots, maker[0])
                lots -= given
                maker[0] -= given
                trades.append((queue[0], order_id, maker[1], given))
                if not maker[0]:
                    del self.open[queue.popleft()]
            if not queue:
                del queues[abs(heapq.heappop(heap))]
        return lots

    def rest(self, order_id: int, buys: bool, price: int, lots: int) -> None:
        """Queue what is left."""
        queue = self.queues[buys].get(price)
        if queue is None:
            queue = self.queues[buys][price] = deque()
            heapq.heappush(self.heaps[buys], -price if buys else price)
        queue.append(order_id)
        self.open[order_id] = [lots, price, buys]

    def play(self, messages: list[Message], trades: list[Trade]) -> None:
        """Every message in turn."""
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                del self.open[order_id]
                continue
            left = self.take(order_id, buys, price, lots, trades)
            if left and stays:
                self.rest(order_id, buys, price, left)


def play(book: Book, messages: list[Message], trades: list[Trade]) -> None:
    """Every message in turn, on the real book."""
    buy, sell = Side.BUY, Side.SELL
    for order_id, buys, price, lots, stays in messages:
        if not lots:
            book.cancel(order_id)
            continue
        side, account = (buy, BUYERS) if buys else (sell, SELLERS)
        fills, left, _ = book.match(account, side, price, lots, MAX_FILLS)
        if fills:
            trades.extend([(fill[0], order_id, fill[2], fill[3]) for fill in fills])
        if left and stays:
            book.rest(order_id, account, side, price, left, order_id)


class Live:
    """Open orders to draw one from; it plays along, to know which are filled."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.book = LeastBook()
        self.ids: list[OrderId] = []
        self.last_id = 0

    def order(self, buys: bool, price: int, lots: int, *, stays: bool = True) -> Message:
        """A new order."""
        self.last_id += 1
        message = Message(OrderId(self.last_id), buys, PriceTicks(price), QuantityLots(lots), stays)
        self.book.play([message], [])
        if stays:
            self.ids.append(message.order_id)
        return message

    def cancel(self) -> Message | None:
        """The cancel of some live order, if there is one."""
        while self.ids:
            place = self.rng.randrange(len(self.ids))
            self.ids[place], self.ids[-1] = self.ids[-1], self.ids[place]
            order_id = self.ids.pop()
            if order_id in self.book.open:
                message = Message(order_id, False, PriceTicks(0), QuantityLots(0), False)
                self.book.play([message], [])
                return message
        return None


def flow(count: int, seed: int = 1) -> Workload:
    """A busy book: some thousands of orders near a drifting middle."""
    rng = random.Random(seed)
    live = Live(rng)
    middle = 10_000
    messages: list[Message] = []
    while len(messages) < count:
        if len(messages) % 50 == 0:
            middle += rng.choice((-2, -1, 0, 1, 2))
        kind, buys, lots = rng.random(), rng.random() < 0.5, rng.randint(1, 60)
        toward = 1 if buys else -1
        if kind < 0.343:
            message = live.cancel()
            if message is not None:
                messages.append(message)
        elif kind < 0.368:
            messages.append(live.order(buys, BEST if buys else WORST, lots, stays=False))
        elif kind < 0.392:
            messages.append(live.order(buys, middle + 5 * toward, lots, stays=False))
        else:
            messages.append(live.order(buys, middle + toward * (8 - int(rng.expovariate(1 / 30))), lots))
    return Workload([], messages)


def deep(resting: int, count: int, seed: int = 2) -> Workload:
    """A deep book: orders over 40,000 prices, which leave and come back anywhere; a twentieth takes a little."""
    rng = random.Random(seed)
    live = Live(rng)

    def anywhere() -> Message:
        buys = rng.random() < 0.5
        away = rng.randint(1, 20_000)
        return live.order(buys, 100_000 - away if buys else 100_000 + away, rng.randint(1, 60))

    orders = [anywhere() for _ in range(resting)]
    messages: list[Message] = []
    while len(messages) < count:
        cancel = live.cancel()
        messages += [anywhere()] if cancel is None else [cancel, anywhere()]
        if rng.random() < 0.1:
            buys = rng.random() < 0.5
            messages.append(live.order(buys, 100_000 + (50 if buys else -50), rng.randint(1, 30), stays=False))
    return Workload(orders, messages)


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


def timed(work: Callable[[], None]) -> float:
    """Seconds that the work takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def messages_row(name: str, workload: Workload, rounds: int) -> Row:
    """Messages a second on both books, in turn; medians.

    Raises: RuntimeError if they make other trades.
    """
    ours: list[float] = []
    least: list[float] = []
    count = len(workload.messages)
    for _ in range(rounds):
        book, least_book = Book(), LeastBook()
        made: list[Trade] = []
        expected: list[Trade] = []
        with collector_as_in_the_node():
            play(book, workload.resting, made)
            ours.append(count / timed(lambda: play(book, workload.messages, made)))  # noqa: B023 - called here
            least_book.play(workload.resting, expected)
            least.append(count / timed(lambda: least_book.play(workload.messages, expected)))  # noqa: B023
        if made != expected:
            raise RuntimeError(f"{name}: the book and the baseline made other trades")
    value, baseline = statistics.median(ours), statistics.median(least)
    return row(name, value, "messages/s", baseline=baseline, target=FLOOR_PER_S)


def load_row(orders: list[Message], rounds: int) -> Row:
    """Seconds to put open orders back into an empty book, with the collector off as a starting node has it."""

    def load() -> None:
        book = Book()
        for order_id, buys, price, lots, _ in orders:
            side, account = (Side.BUY, BUYERS) if buys else (Side.SELL, SELLERS)
            book.rest(order_id, account, side, price, lots, order_id)

    def load_least() -> None:
        book = LeastBook()
        for order_id, buys, price, lots, _ in orders:
            book.rest(order_id, buys, price, lots)

    ours: list[float] = []
    least: list[float] = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        try:
            ours.append(timed(load))
            least.append(timed(load_least))
        finally:
            gc.enable()
    value, baseline = statistics.median(ours), statistics.median(least)
    limit = LOAD_LIMIT_S * len(orders) / LOAD_ORDERS
    name = f"book load, {len(orders):,} orders"
    return row(name, value, "s", baseline=baseline, target=limit, higher_is_better=False)


def run(*, quick: bool) -> Report:
    """Measure everything; `quick` makes smaller workloads and one round of them."""
    scale, rounds = (10, 1) if quick else (1, 5)
    deep_workload = deep(LOAD_ORDERS // scale, 200_000 // scale)
    rows = [
        messages_row("book flow", flow(300_000 // scale), rounds),
        messages_row("book deep", deep_workload, rounds),
        load_row(deep_workload.resting, rounds),
    ]
    return Report(rows, [f"{rounds} rounds; the baseline only matches"])
