"""Order books that Python can install, on our messages: how fast, and whether they make the same trades.

Each peer is driven as its own documentation says, one call an order, and its answer is kept as it comes; only after the
clock has stopped are its trades put into our words. What a peer does not know is done the way its users must do it:
immediate-or-cancel becomes an order and a cancel of what is left. Install them with `pip install ".[bench]"`; one that
is not installed is told as absent.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import process_time
from typing import Any, Protocol
from uuid import UUID

from benchmarks.rows import Row, median, row
from benchmarks.workloads import LeastBook, Message, Trade, Workload


class Peer(Protocol):
    """One foreign book with nothing in it."""

    def play(self, messages: list[Message]) -> None:
        """Every message in turn; this is timed."""

    def trades(self) -> Iterator[Trade]:
        """What was traded, in order, in our words."""


class Bourse:
    """bourse: Rust behind PyO3; the trades are read at the end."""

    def __init__(self, module: Any) -> None:
        self.book = module.core.OrderBook(0, True)
        self.theirs: dict[int, int] = {}

    def play(self, messages: list[Message]) -> None:
        """IOC: an order, then its cancel, which changes nothing when nothing is left."""
        place, cancel, clock, theirs = self.book.place_order, self.book.cancel_order, self.book.set_time, self.theirs
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                cancel(theirs[order_id])
                continue
            clock(order_id)  # orders of one time and price would take each other's place
            theirs[order_id] = number = place(buys, lots, 1, price=price)
            if not stays:
                cancel(number)

    def trades(self) -> Iterator[Trade]:
        """Their number → ours."""
        ours = {number: order_id for order_id, number in self.theirs.items()}
        for _, _, price, lots, taker, maker in self.book.get_trades():
            yield ours[maker], ours[taker], price, lots


class Litebook:
    """litebook: Rust behind PyO3; prices are floats and ids are texts."""

    def __init__(self, module: Any) -> None:
        self.book = module.OrderBook(tick_size=1.0)
        self.sides = (module.OrderType.Sell, module.OrderType.Buy)
        self.theirs: dict[int, str] = {}
        self.fills: list[Any] = []

    def play(self, messages: list[Message]) -> None:
        """IOC: an order, then its cancel."""
        create, add, cancel = self.book.create_order, self.book.add, self.book.cancel
        theirs, fills, sides = self.theirs, self.fills, self.sides
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                cancel(theirs[order_id])
                continue
            order = create(sides[buys], float(price), float(lots))
            theirs[order_id] = number = order.id
            made = add(order)
            if made:
                fills.append((order_id, made))
            if not stays:
                cancel(number)

    def trades(self) -> Iterator[Trade]:
        """Their id → ours; the taker is the order that was just added, whichever side they name it on."""
        ours = {number: order_id for order_id, number in self.theirs.items()}
        for taker, made in self.fills:
            for fill in made:
                sold, bought = ours[fill.sell_id], ours[fill.buy_id]
                yield bought if sold == taker else sold, taker, round(fill.price), round(fill.quantity)


class Pylobo:
    """pylobo: Rust behind PyO3; ids are UUIDs."""

    def __init__(self, module: Any) -> None:
        self.module, self.orders = module, importlib.import_module("lobo.orders")
        self.book = module.Book()
        self.theirs: dict[int, UUID] = {}
        self.reports: list[Any] = []

    def play(self, messages: list[Message]) -> None:
        """IOC: an order, then the cancel of what is left."""
        fill, cancel, limit = self.book.fill, self.book.cancel, self.orders.LimitOrder
        wanted = self.module.Reports(include_fills=True)
        buy, sell, trader = self.orders.Side.Buy, self.orders.Side.Sell, UUID(int=1)
        theirs, reports = self.theirs, self.reports
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                cancel(theirs[order_id])
                continue
            told = fill(limit(price, lots, trader, buy if buys else sell), wanted)
            left = told.remaining_order_id
            if told.report is not None:
                reports.append((order_id, told.report))
            if left is not None:
                if stays:
                    theirs[order_id] = left
                else:
                    cancel(left)

    def trades(self) -> Iterator[Trade]:
        """Their UUID → ours."""
        ours = {number: order_id for order_id, number in self.theirs.items()}
        for taker, report in self.reports:
            for fill in report.fills or ():
                yield ours[fill.maker_order_id], taker, fill.price, fill.fill_quantity


class CythonOrderbook:
    """cython-orderbook: Cython round Python objects; it keeps a log of its trades."""

    def __init__(self, module: Any) -> None:
        self.module, self.book = module, module.OrderBook()
        self.theirs: dict[int, str] = {}

    def play(self, messages: list[Message]) -> None:
        """IOC: an order, then the cancel of what is left."""
        add, cancel, make = self.book.add_limit_order, self.book.cancel_order, self.module.Order
        buy, sell = self.module.OrderSide.BID, self.module.OrderSide.ASK
        theirs = self.theirs
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                cancel(theirs[order_id])
                continue
            order = make(side=buy if buys else sell, price=price, original_quantity=lots)
            add(order)
            theirs[order_id] = order.order_id
            if not stays and order.remaining_quantity:
                cancel(order.order_id)

    def trades(self) -> Iterator[Trade]:
        """Their id → ours."""
        ours = {number: order_id for order_id, number in self.theirs.items()}
        for trade in self.book.trade_log:
            yield ours[trade.filler_id], ours[trade.aggressor_id], trade.price, trade.quantity_filled


class OrderMatching:
    """order-matching: dataclasses; orders are placed, then matched."""

    def __init__(self, module: Any) -> None:
        importlib.import_module("loguru").logger.remove()
        self.engine = importlib.import_module("order_matching.matching_engine").MatchingEngine(seed=1)
        self.limit = importlib.import_module("order_matching.order").LimitOrder
        self.several = importlib.import_module("order_matching.orders").Orders
        self.sides = importlib.import_module("order_matching.enums").Side
        self.made: list[Any] = []

    def play(self, messages: list[Message]) -> None:
        """IOC: an order, then the cancel of what is left."""
        engine, made, now = self.engine, self.made, datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                engine.cancel_order(str(order_id))
                continue
            side = self.sides.BUY if buys else self.sides.SELL
            order = self.limit(
                side=side, price=price, size=lots, timestamp=now, order_id=str(order_id), trader_id="trader"
            )
            engine.place(self.several([order]))
            made.append(engine.match(now))
            if not stays and order.size:
                engine.cancel_order(str(order_id))

    def trades(self) -> Iterator[Trade]:
        """Texts → numbers."""
        for executed in self.made:
            for trade in executed.trades:
                yield int(trade.book_order_id), int(trade.incoming_order_id), round(trade.price), round(trade.size)


class Pyorderbook:
    """pyorderbook: plain Python, decimals and UUIDs."""

    def __init__(self, module: Any) -> None:
        self.book = importlib.import_module("pyorderbook.book").Book()
        self.words = importlib.import_module("pyorderbook.order")
        self.theirs: dict[int, Any] = {}
        self.blotters: list[Any] = []

    def play(self, messages: list[Message]) -> None:
        """IOC: an order, then the cancel of what is left."""
        match, cancel, theirs, blotters = self.book.match, self.book.cancel, self.theirs, self.blotters
        bid, offer = self.words.bid, self.words.ask
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                cancel(theirs[order_id])
                continue
            theirs[order_id] = order = (bid if buys else offer)("X", price, lots)
            blotters.append(match(order))
            if not stays and order.quantity:
                cancel(order)

    def trades(self) -> Iterator[Trade]:
        """Their UUID → ours."""
        ours = {order.id: order_id for order_id, order in self.theirs.items()}
        for blotter in self.blotters:
            for trade in blotter.trades:
                yield (
                    ours[trade.standing_order_id],
                    ours[trade.incoming_order_id],
                    int(trade.fill_price),
                    int(trade.fill_quantity),
                )


PEERS: dict[str, tuple[str, Callable[[Any], Peer], int]] = {
    "bourse": ("bourse", Bourse, 300_000),
    "litebook": ("litebook", Litebook, 300_000),
    "pylobo": ("lobo", Pylobo, 300_000),
    "cython-orderbook": ("cython_orderbook", CythonOrderbook, 300_000),
    "order-matching": ("order_matching", OrderMatching, 2_000),
    "pyorderbook": ("pyorderbook", Pyorderbook, 100_000),
}
"""Name on PyPI → what is imported, how it is driven, and how many messages it is given: the slow ones get fewer."""


def compared(made: list[Trade], expected: list[Trade]) -> str:
    """Nothing where the trades are equal; else what is not."""
    if made == expected:
        return ""
    if [(maker, taker, lots) for maker, taker, _, lots in made] == [
        (maker, taker, lots) for maker, taker, _, lots in expected
    ]:
        return "the same makers, takers and lots, but not always at the maker's price"
    return "other trades, so its figure compares nothing"


def measure(name: str, workload: Workload, rounds: int) -> tuple[float, str] | None:
    """Messages a second, the median of the rounds, and how its trades differ; None where it is not installed."""
    module_name, make, most = PEERS[name]
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        return None
    resting = workload.resting[:most]
    messages = workload.messages[: max(most - len(resting), 0)] if resting else workload.messages[:most]
    if not messages:
        resting, messages = [], resting
    least, expected = LeastBook(), list[Trade]()
    least.play(resting, expected)
    least.play(messages, expected)
    speeds: list[float] = []
    for _ in range(rounds):
        peer = make(module)
        peer.play(resting)
        begun = process_time()
        peer.play(messages)
        speeds.append(len(messages) / (process_time() - begun))
    return median(speeds), compared(list(peer.trades()), expected)


def rows(name: str, workload: Workload, rounds: int, ours: float) -> tuple[list[Row], list[str]]:
    """A row for each installed peer, its ratio that of ours to it; the absent and the disagreeing in words."""
    told: list[Row] = []
    notes: list[str] = []
    for peer in PEERS:
        figures = measure(peer, workload, rounds)
        if figures is None:
            notes.append(f"{peer}: absent (pip install '.[bench]')")
            continue
        speed, difference = figures
        told.append(row(f"{name}: {peer}", speed, "messages/s", ratio=ours / speed))
        if difference:
            notes.append(f"{name}: {peer} makes {difference}")
    return told, notes
