"""One way up: open the store, load, run; and after any stop, the same again.

The bus and the feed outlive the node. A stop hands back the commands that were surely not committed, and the next
sequencer takes them one a batch, so that whatever stopped the last one now stops alone and is known by name.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable

import structlog

from exchange.core.units import NS_PER_SECOND
from exchange.node.head_file import HeadFile, refuse_behind
from exchange.node.local import LocalBus
from exchange.node.ports import Batch, Clock, Feed, Head, NodeFault, Store
from exchange.node.sequencer import Sequencer, Stopped

MAX_AHEAD_NS = 5 * NS_PER_SECOND
"""A journal whose head is further ahead of the clock than this was written by another time; the start refuses."""
PAUSES_S = (0.0, 0.2, 1.0, 5.0, 15.0)

Guard = Callable[[Callable[[int], bytes | None], Head, bool], None]
"""Given the chain at any row, the journal's head, and whether an operator accepts a loss; refuses by NodeFault."""

log = structlog.get_logger("exchange.node")


class Keeper:
    """Keeps one node running over a bus and a feed until it is told to end."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        bus: LocalBus,
        feed: Feed,
        clock: Clock,
        *,
        head_file: HeadFile | None = None,
        accept_head: bool = False,
    ) -> None:
        self.open_store = open_store
        self.bus = bus
        self.feed = feed
        self.clock = clock
        self.head_file = head_file
        self.accept_head = accept_head
        """Start even though the journal ends before the head outside it: an operator gave up what came after."""
        self.sequencer: Sequencer | None = None
        self.ready = asyncio.Event()
        self.starts = 0
        self.on_ready: list[Callable[[Sequencer], None]] = []
        """Called with each new sequencer before it runs: projections start from its tables."""
        self.guards: list[Guard] = []
        """Asked at the first start whether the journal holds what was promised elsewhere; each may refuse."""

    async def run(self) -> None:
        """Run nodes until the bus closes.

        Raises: NodeFault from the first start (store.locked, clock.behind); later ones are tried again, with pauses.
        """
        async with self.head_file.kept() if self.head_file is not None else contextlib.nullcontext():
            await self._run()
        self.bus.close()  # once more: a last stop may have handed commands back after everybody else was told

    async def _run(self) -> None:
        failures = 0
        while not self.bus.closed:
            store: Store | None = None
            try:
                store = self.open_store()
                await self._run_once(store)
                return
            except Stopped as stop:
                failures = 0 if self.ready.is_set() else failures + 1
                log.warning("node.stopped", reason=str(stop), retried=len(stop.retry))
                self.bus.put_back(stop.retry)
            except Exception as error:
                if self.starts == 0:
                    raise
                failures += 1
                log.warning("node.start_failed", error=repr(error))
            finally:
                self.ready.clear()
                if self.sequencer is not None:
                    self.sequencer.let_go()
                self.sequencer = None
                if store is not None:
                    with contextlib.suppress(Exception):
                        store.close()
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])

    async def _run_once(self, store: Store) -> None:
        """One epoch, from the lock to the stop."""
        gc.disable()
        try:
            sequencer = Sequencer(store, self.bus, self, self.clock, store.open())
        finally:
            gc.enable()
        self._refuse_behind(store, sequencer.head)
        if sequencer.head.at_ns > self.clock.now_ns() + MAX_AHEAD_NS:
            raise NodeFault("clock.behind", "the journal's last entry is ahead of this machine's clock")
        # The loaded heap is long-lived: out of the collector's sight, or each full collection is a pause of its size.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 50, 1_000)
        sequencer.careful = len(self.bus.fast) + 1 if self.starts else 0  # and the start itself, which comes first
        self.starts += 1
        for tell in self.on_ready:
            tell(sequencer)
        self.sequencer = sequencer
        self.ready.set()
        log.info("node.ready", epoch=sequencer.epoch, sequence=sequencer.head.sequence)
        await sequencer.run()

    def publish(self, batch: Batch) -> None:
        """Pass a committed batch on to the feed, and note the head it leaves."""
        self.feed.publish(batch)
        if self.head_file is not None:
            self.head_file.publish(batch)

    def _refuse_behind(self, store: Store, head: Head) -> None:
        """Refuse a journal that ends before, or contradicts, the head kept outside it."""
        if self.head_file is None or self.starts:
            return
        if not self.accept_head:
            outside = self.head_file.read()
            refuse_behind(outside, head, store.chain_at(outside.sequence) if outside is not None else None)
        for guard in self.guards:
            guard(store.chain_at, head, self.accept_head)
        if self.accept_head:
            self.head_file.write(head)

    def close(self) -> None:
        """Take no more commands; what is queued is answered node.stopped."""
        self.bus.close()
