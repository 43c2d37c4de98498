"""The two seeded workloads that every book is measured on, and the least Python book, which says what is right.

*flow*: 61 % limit orders round a drifting middle, 34 % cancels of live orders, 2.5 % market and 2.5 %
immediate-or-cancel orders; about one message in six trades, a thousand or two orders rest. *deep*: 100,000 orders over
40,000 prices, then one random order after another is cancelled and another added elsewhere; a twentieth of the
messages takes a little.

A message is 16 bytes, so that every book reads the same ones: from an array, or turned into its own words beforehand.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exchange.core.ids import OrderId
from exchange.core.units import PriceTicks, QuantityLots

LIMIT, CANCEL, MARKET, IOC = range(4)
RECORD = np.dtype(
    [("kind", "u1"), ("side", "u1"), ("unused", "<u2"), ("lots", "<u4"), ("price", "<i4"), ("order", "<u4")]
)
"""`side` 0 buys, 1 sells; a market order's price is the worst there is; orders are numbered from 1."""
HIGHEST, LOWEST = 2**18 - 1, 1

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

    def records(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Both parts as 16-byte records."""
        return as_records(self.resting), as_records(self.messages)

    def counted(self) -> str:
        """What is in it, for a line under a table."""
        kinds = Counter(_kind(message) for message in self.resting + self.messages)
        names = {LIMIT: "limit", CANCEL: "cancel", MARKET: "market", IOC: "immediate-or-cancel"}
        return ", ".join(f"{kinds[kind]:,} {name}" for kind, name in names.items())


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


def flow(count: int = 1_000_000, seed: int = 1) -> Workload:
    """A busy book: a thousand or two orders near a drifting middle."""
    rng = random.Random(seed)
    live = Live(rng)
    middle = 100_000
    messages: list[Message] = []
    while len(messages) < count:
        if len(messages) % 20 == 0:
            middle = min(max(middle + rng.choice((-20, 0, 20)), 50_000), 150_000)
        kind, buys, lots = rng.random(), rng.random() < 0.5, rng.randint(1, 100)
        toward = 1 if buys else -1
        if kind < 0.343:
            message = live.cancel()
            if message is not None:
                messages.append(message)
        elif kind < 0.368:
            messages.append(live.order(buys, HIGHEST if buys else LOWEST, lots, stays=False))
        elif kind < 0.392:
            messages.append(live.order(buys, middle + 5 * toward, lots, stays=False))
        else:
            messages.append(live.order(buys, middle + toward * (75 - int(rng.expovariate(1 / 300))), lots))
    return Workload([], messages)


def deep(resting: int = 100_000, replaced: int = 300_000, seed: int = 2) -> Workload:
    """A deep book: orders over 40,000 prices, which leave and come back anywhere; a twentieth takes a little."""
    rng = random.Random(seed)
    live = Live(rng)

    def anywhere() -> Message:
        buys = rng.random() < 0.5
        away = rng.randint(1, 20_000)
        return live.order(buys, 100_000 - away if buys else 100_000 + away, rng.randint(1, 100))

    orders = [anywhere() for _ in range(resting)]
    messages: list[Message] = []
    for _ in range(replaced):
        cancel = live.cancel()
        messages += [anywhere()] if cancel is None else [cancel, anywhere()]
        if rng.random() < 0.1:
            buys = rng.random() < 0.5
            messages.append(live.order(buys, 120_000 if buys else 80_000, rng.randint(1, 100), stays=False))
    return Workload(orders, messages)


def _kind(message: Message) -> int:
    if not message.lots:
        return CANCEL
    if message.stays:
        return LIMIT
    return MARKET if message.price in (HIGHEST, LOWEST) else IOC


def as_records(messages: list[Message]) -> NDArray[Any]:
    """Messages as 16-byte records."""
    rows = [(_kind(each), 0 if each.buys else 1, 0, each.lots, each.price, each.order_id) for each in messages]
    return np.array(rows, dtype=RECORD)
