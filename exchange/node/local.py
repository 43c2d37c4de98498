"""The in-process bus and feed: a bounded queue of commands in, committed batches out.

The bus outlives the node: while a node stops and starts again, what waits here waits on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from exchange.core.ids import NO_CONNECTION, ConnectionId, UserId
from exchange.core.messages import Command
from exchange.node.ports import Batch, Feed, NodeFault, Outcome, Submission

MAX_WAITING = 20_000
"""Commands that may wait; one more is answered node.busy and was not taken."""


class LocalBus:
    """Commands waiting for the sequencer, in two lanes."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self.fast: deque[Submission] = deque()
        self.slow: deque[Submission] = deque()
        self.max_waiting = max_waiting
        self.arrived = asyncio.Event()
        self.closed = False

    def post(self, submission: Submission, *, slow: bool) -> None:
        """Queue a command; its answer is called in the sequencer's loop.

        Raises: NodeFault node.busy or node.stopped; the command was not taken.
        """
        lane = self.slow if slow else self.fast
        if self.closed or len(lane) >= self.max_waiting:
            raise NodeFault("node.stopped" if self.closed else "node.busy")
        lane.append(submission)
        if not self.arrived.is_set():
            self.arrived.set()

    def put_back(self, submissions: Iterable[Submission]) -> None:
        """Return commands to the front of the fast lane in their old order; no limit, they were admitted before."""
        self.fast.extendleft(reversed(list(submissions)))
        self.arrived.set()

    async def submit(
        self,
        command: Command,
        principal: UserId,
        *,
        connection_id: ConnectionId = NO_CONNECTION,
        key: str = "",
        slow: bool = False,
    ) -> Outcome:
        """Send a command and wait for its durable outcome.

        Raises: NodeFault.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answer(result: Outcome | NodeFault) -> None:
            if future.done():
                return
            if isinstance(result, NodeFault):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.post(
            Submission(command=command, principal=principal, answer=answer, connection_id=connection_id, key=key),
            slow=slow,
        )
        return await future

    def close(self) -> None:
        """Take nothing more, and tell everybody who waits."""
        self.closed = True
        for lane in (self.fast, self.slow):
            while lane:
                lane.popleft().answer(NodeFault("node.stopped"))
        self.arrived.set()


class LocalFeed:
    """Tells each subscriber of every committed batch, in order."""

    def __init__(self) -> None:
        self.subscribers: list[Feed] = []

    def subscribe(self, subscriber: Feed) -> None:
        """Add a subscriber; it hears of batches committed from now on."""
        self.subscribers.append(subscriber)

    def publish(self, batch: Batch) -> None:
        """Pass a committed batch on."""
        for subscriber in self.subscribers:
            subscriber.publish(batch)
