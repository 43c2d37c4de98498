"""The edge alone: sessions as they are served over a node that decides nothing, beside the bare server.

What an order costs before the sequencer has it and after it has its outcome: its frame read, decoded, made a command
and queued; its answer written, one write a session and batch. `python -m benchmarks.edge PORT` is that server.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import uvicorn

from api.stream import uvicorn_link
from api.stream.answers import OPEN
from api.stream.door import StreamDoor
from api.stream.hub import Hub
from api.stream.link import Link
from api.stream.session import Session, Stage
from benchmarks.processes import Load, bare, edge, load
from benchmarks.rows import Report, Row, median, row, spread
from benchmarks.venue import Venue
from exchange.core.ids import AccountId, ConnectionId, OrderId, UserId, make_id
from exchange.core.messages import Header
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.node.clock import SystemClock
from exchange.node.local import LocalBus
from exchange.node.ports import JournalRow, Outcome
from matching.messages import CancelOrder

LOADS = {"1x1": Load(1, 1), "50x1": Load(50, 1), "50x16": Load(50, 16)}
MAX_BATCH = 512
NAMES = 20
ROW = JournalRow(
    header=Header(Sequence(1), Epoch(1), TimeNs(1), UserId(1), ConnectionId(1)),
    key="",
    command=CancelOrder(account_id=AccountId(1), order_id=OrderId(1)),
    command_bytes=b"",
    events=None,
    events_bytes=b"",
    salt=b"",
    chain=b"",
    told=(OrderId(make_id(123_456)), OPEN, 10),
)
"""What became of every order here: it rests."""


def run(*, quick: bool) -> Report:
    """Both servers in turn, the same load on each."""
    rounds, seconds = (3, 1.0) if quick else (5, 3.0)
    figures: dict[str, list[dict[str, Any]]] = defaultdict(list)
    names = list(range(make_id(1), make_id(NAMES), make_id(1)))
    with TemporaryDirectory() as folder, bare(Path(folder)) as limit, edge(Path(folder)) as ours:
        venue = Venue(folder, users=names, accounts=[[name] for name in names], sellers_a_member=1, instruments=names)
        for place in range(rounds):
            for name, plan in LOADS.items():
                figures[f"bare {name}"].append(load(limit, venue, plan, place, seconds, log_in=False))
                figures[name].append(load(ours, venue, plan, place, seconds, log_in=False))
    rows = [line for name in LOADS for line in _rows(name, figures[name], figures[f"bare {name}"])]
    notes = [f"{rounds} rounds of {seconds:g} s, bare and edge in turn; ratios are medians of the rounds' ratios"]
    notes += [f"{name}: edge {spread(each['server_cpu_us'] for each in figures[name])} us an order" for name in LOADS]
    return Report(rows, notes)


def _rows(name: str, ours: list[dict[str, Any]], limit: list[dict[str, Any]]) -> list[Row]:
    """Processor time and orders a second at one number of orders on their way."""

    def compared(title: str, key: str, unit: str, **judged: Any) -> Row:
        ratio = median(a[key] / b[key] for a, b in zip(ours, limit, strict=True))
        middle = [median(each[key] for each in figures) for figures in (ours, limit)]
        return row(f"{title}, {name}", middle[0], unit, baseline=middle[1], ratio=ratio, **judged)

    return [
        compared("edge cpu", "server_cpu_us", "us/order", higher_is_better=False),
        compared("edge", "orders_per_s", "orders/s"),
    ]


class OpenHub(Hub):
    """A hub without a market that lets everybody in at once, without a ticket."""

    def __init__(self) -> None:
        nothing = cast("Any", None)
        super().__init__(bus=LocalBus(), clock=SystemClock(), directory=nothing, journal=nothing, door=nothing)

    def connect(self, link: Link) -> Session:
        """Skip the login."""
        session = super().connect(link)
        session._timeout.cancel()
        session.stage, session.user_id = Stage.OPEN, UserId(1)
        return session

    async def answer_all(self) -> None:
        """Stand in for the sequencer: answer what waits, batch by batch, as soon as it may."""
        bus = self.bus
        sequence = 0
        while True:
            bus.arrived.clear()
            await bus.arrived.wait()
            while bus.fast:
                at_ns = TimeNs(self.clock.now_ns())
                for submission in [bus.fast.popleft() for _ in range(min(MAX_BATCH, len(bus.fast)))]:
                    sequence += 1
                    submission.answer(Outcome(sequence, at_ns, row=ROW))
                self.flush()
                await asyncio.sleep(0)


async def serve(port: int) -> None:
    """Serve the stream and nothing else, by the protocol that ships."""
    hub = OpenHub()
    config = uvicorn.Config(
        StreamDoor(hub),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        ws=uvicorn_link.StreamProtocol,
        ws_max_size=uvicorn_link.MAX_MESSAGE,
        ws_per_message_deflate=False,
        log_level="warning",
        lifespan="off",
    )
    gc.freeze()
    gc.set_threshold(10_000, 50, 1_000)  # as the keeper does
    answering = asyncio.create_task(hub.answer_all())
    await uvicorn.Server(config).serve()
    answering.cancel()


def main() -> None:
    """Serve on a loopback port."""
    import uvloop

    uvloop.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
