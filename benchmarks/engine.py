"""One order's way without sockets: decided, encoded and hashed, committed durably; in batches as a busy node has them.

The baseline is the least that still matches the same orders: dicts, deques and heaps that know no money (see `book`).
"""

from __future__ import annotations

import gc
from time import perf_counter

from api.keys import key_of
from benchmarks.flow import Flow, Trader
from benchmarks.rows import Report, median, row, spread
from benchmarks.venue import FULL, QUICK, fresh_copy
from benchmarks.workloads import LeastBook, Message
from exchange.core.ids import NO_CONNECTION, OrderId
from exchange.core.instruments import Side, TimeInForce
from exchange.core.messages import Command, Header, Rejected
from exchange.core.units import PriceTicks, QuantityLots
from exchange.core.wire import encode_command
from exchange.node.clock import SystemClock
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Batch, Submission
from exchange.node.sequencer import Sequencer
from exchange.store.sqlite import SqliteStore
from matching.messages import CancelOrder, PlaceOrder

BATCH = 400

Sent = list[tuple[Trader, Command]]


def run(*, quick: bool) -> Report:
    """Each step timed a batch, over the same orders; medians of the batches."""
    batches = 25 if quick else 250
    with fresh_copy(QUICK if quick else FULL) as venue:
        store = SqliteStore(venue.database, SystemClock())
        epoch = store.open()
        gc.disable()
        try:
            sequencer = Sequencer(store, LocalBus(), LocalFeed(), SystemClock(), epoch)
            gc.collect()
            gc.freeze()
        finally:
            gc.enable()
        thresholds = gc.get_threshold()
        gc.set_threshold(10_000, 50, 1_000)
        try:
            steps = Steps(sequencer, venue.flow(seed=2, prefix=f"engine-{epoch}-"))
            for _ in range(batches):
                steps.batch()
        finally:
            gc.set_threshold(*thresholds)
            gc.unfreeze()
            store.close()
    return steps.report()


class Steps:
    """Plays batches and keeps what each step took, in microseconds an order."""

    def __init__(self, sequencer: Sequencer, flow: Flow) -> None:
        self.sequencer = sequencer
        self.flow = flow
        self.least = LeastBook()
        self.decide: list[float] = []
        self.commit: list[float] = []
        self.matching: list[float] = []
        self.refused = 0
        self.events = 0

    def batch(self) -> None:
        """Draw, decide, commit; then the same orders on the bare book."""
        sent = [self.flow.draw() for _ in range(BATCH)]
        submissions = [_submission(trader, command) for trader, command in sent]
        sequencer, now_ns = self.sequencer, self.sequencer.clock.now_ns()
        begun = perf_counter()
        rows = [sequencer.decide(sequencer.stamp(each, now_ns), each) for each in submissions]
        decided = perf_counter()
        sequencer.store.commit(Batch(rows=rows))
        committed = perf_counter()
        for steps, seconds in ((self.decide, decided - begun), (self.commit, committed - decided)):
            steps.append(1e6 * seconds / BATCH)
        told = [row.events for row in rows]
        for (trader, _), events in zip(sent, told, strict=True):
            self.flow.learn(trader, events)
            self.events += len(events)
            self.refused += bool(events) and isinstance(events[0], Rejected)
        self._match([row.header for row in rows], sent)

    def _match(self, headers: list[Header], sent: Sent) -> None:
        """The same orders, all in one bare book: prices and lots, and nobody's money."""
        messages: list[Message] = []
        for header, (_, command) in zip(headers, sent, strict=True):
            order_id = OrderId(header.sequence)
            if isinstance(command, PlaceOrder):
                stays = command.time_in_force is TimeInForce.GTC
                price = command.price_ticks or PriceTicks(1)
                messages.append(Message(order_id, command.side is Side.BUY, price, command.quantity_lots, stays))
            elif isinstance(command, CancelOrder) and self.least.open:
                # Any live order will do: what is measured is a cancel, and each is drawn once.
                messages.append(Message(order_id, True, PriceTicks(0), QuantityLots(0), False))
        trades: list[tuple[int, int, int, int]] = []
        begun = perf_counter()
        for order_id, buys, price, lots, stays in messages:
            if not lots:
                if self.least.open:
                    self.least.open.popitem()
                continue
            left = self.least.take(order_id, buys, price, lots, trades)
            if left and stays:
                self.least.rest(order_id, buys, price, left)
        self.matching.append(1e6 * (perf_counter() - begun) / BATCH)

    def report(self) -> Report:
        """A row a step and one for all."""
        baseline = median(self.matching)
        whole = [sum(parts) for parts in zip(self.decide, self.commit, strict=True)]
        rows = [
            row(name, median(values), "us/order", baseline=baseline)
            for name, values in (
                ("engine, decide, encode and hash", self.decide),
                ("engine, save and commit", self.commit),
                ("engine, both", whole),
            )
        ]
        count = len(whole) * BATCH
        return Report(
            rows,
            [
                f"{len(whole)} batches of {BATCH}, synchronous=FULL; the baseline matches only, without money",
                f"decide {spread(self.decide)}, commit {spread(self.commit)} us/order",
                f"{self.events / count:.2f} events an order, {self.refused / count:.1%} refused",
            ],
        )


def _submission(trader: Trader, command: Command) -> Submission:
    """A command as it comes from the edge."""
    submission = Submission(command, trader.user, lambda _: None, NO_CONNECTION, key_of(command))
    submission.encoded = encode_command(command)
    return submission
