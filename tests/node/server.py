"""A node in a process of its own, to be killed: a keeper, a store, and a unix socket that takes journal bytes.

Started once, it imports everything and then forks a node for each line it reads, so that a start costs milliseconds.
A line is a JSON object (`Start`); the answer is the node's pid. After the node's end, however it came, a line says so.

    python -m tests.node.server

A client sends frames, a length and a msgpack list: [key, principal, command bytes]; it hears [key, sequence, events] or
[key, 0, code]. Frames with the principal -1 talk to the process itself: see `Serving.control`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import io
import mmap
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog

from exchange.core.ids import UserId
from exchange.core.wire import decode_command, encode_event, encode_events
from exchange.engine.digest import differences
from exchange.node import lanes
from exchange.node.clock import SystemClock
from exchange.node.head_file import HeadFile
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import NodeFault, Outcome, Store, Submission
from exchange.node.sequencer import Sequencer
from exchange.store.load.state import load_state
from exchange.store.postgres import PostgresStore
from exchange.store.snapshot import database_path, snapshot
from exchange.store.sqlite import SqliteStore

STAGES = ("start", "idle", "apply", "commit", "answer")
LENGTH = 4
CONTROL = -1


class Start(msgspec.Struct):
    """What a node is started with. `stage` is a file of one byte: where in STAGES the node is."""

    url: str
    socket: str
    stage: str
    synchronous: str = "FULL"
    folder: str = ""


class CarelessStore(SqliteStore):
    """The real store with syncing as the test wants it; production has no such setting."""

    synchronous = "FULL"

    def _connect(self) -> None:
        super()._connect()
        self.connection.execute(f"PRAGMA synchronous = {self.synchronous}")


class AwaitedPostgres(PostgresStore):
    """The real store, started by somebody who knows that the server notices a killed client only after a moment."""

    def _connect(self) -> None:
        for _ in range(200):
            try:
                super()._connect()
                return
            except NodeFault as fault:
                if fault.code != "store.locked":
                    raise
                time.sleep(0.05)
        super()._connect()


class Patient(io.TextIOBase):
    """Standard error on a disk that may be full: what cannot be logged is not."""

    def write(self, text: str) -> int:
        """Write, or let it be."""
        with contextlib.suppress(OSError):
            os.write(2, text.encode())
        return len(text)


class Serving:
    """One node and its socket."""

    def __init__(self, start: Start) -> None:
        self.start = start
        with Path(start.stage).open("r+b") as file:
            self.stage = mmap.mmap(file.fileno(), 1)
        self.stage[0] = STAGES.index("start")
        self.bus = LocalBus()
        head_file = HeadFile(Path(start.folder) / "head") if start.folder else None
        self.keeper = Keeper(self.open_store, self.bus, LocalFeed(), SystemClock(), head_file=head_file)
        self.keeper.on_ready.append(self.watch)

    def open_store(self) -> Store:
        """The store the test names."""
        if not self.start.url.startswith("sqlite"):
            return AwaitedPostgres(self.start.url, SystemClock())
        store = CarelessStore(database_path(self.start.url), SystemClock())
        store.synchronous = self.start.synchronous
        return store

    def watch(self, sequencer: Sequencer) -> None:
        """Leave a mark of each stage where a kill does not wipe it away."""

        def mark(stage: str) -> None:
            self.stage[0] = STAGES.index(stage)

        sequencer.on_stage = mark
        mark("idle")

    async def run(self) -> None:
        """Serve until the bus closes."""
        server = await asyncio.start_unix_server(self.client, self.start.socket)
        async with server:
            await self.keeper.run()

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client's frames until it goes."""
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(LENGTH), "big")
                key, principal, body = msgspec.msgpack.decode(await reader.readexactly(size))
                answer = self.answering(writer, key)
                if principal == CONTROL:
                    writer.write(frame([key, 0, await self.control(body)]))
                else:
                    command = decode_command(body)
                    submission = Submission(command=command, principal=UserId(principal), answer=answer, key=key)
                    self.bus.post(submission, slow=lanes.is_slow(type(command)))
        except asyncio.IncompleteReadError:
            writer.close()

    def answering(self, writer: asyncio.StreamWriter, key: str) -> Callable[[Outcome | NodeFault], None]:
        def answer(result: Outcome | NodeFault) -> None:
            if isinstance(result, NodeFault):
                writer.write(frame([key, 0, result.code]))
            else:
                events = encode_events([encode_event(event) for event in result.events])
                writer.write(frame([key, result.sequence, events]))

        return answer

    async def control(self, text: str) -> str:
        """`compare` memory with the tables; `limit N`: no file of this process may grow beyond N bytes (0: any)."""
        word, _, rest = text.partition(" ")
        if word == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(rest) or resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return "ok"
        await self.keeper.ready.wait()
        return self.compare()

    def compare(self) -> str:
        """What differs between memory and tables, while nothing is being decided."""
        sequencer = self.keeper.sequencer
        assert sequencer is not None
        with snapshot(self.start.url) as tables:
            loaded = load_state(tables.stream)
        state = sequencer.state
        loaded.sequence, loaded.epoch, loaded.at_ns = state.sequence, state.epoch, state.at_ns
        return "\n".join(differences(state, loaded))


def frame(message: list[Any]) -> bytes:
    """A message as it travels."""
    encoded = msgspec.msgpack.encode(message)
    return len(encoded).to_bytes(LENGTH, "big") + encoded


def child(line: str) -> None:
    """Be the node that a line asks for."""
    asyncio.run(Serving(msgspec.json.decode(line, type=Start)).run())


def fork_for_each_line(child: Callable[[str], None]) -> None:
    """Fork a process for each line that comes; tell its pid, and its exit code after its end. It dies with this one."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
            os.close(0)
            os.dup2(2, 1)
            code = 1
            try:
                child(line)
                code = 0
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def main() -> None:
    """Fork a node for each line."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],  # no tracebacks: one with all its values takes seconds
        logger_factory=structlog.WriteLoggerFactory(file=Patient()),  # type: ignore[arg-type]
    )
    fork_for_each_line(child)


if __name__ == "__main__":
    main()
