"""The test's side of a node in another process: start it, drive orders into it, kill it, and check the journal."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import create_engine, insert, make_url
from sqlalchemy import select as query

from exchange.core.wire import decode_events, encode_command
from exchange.node.ports import NodeFault, Outcome
from exchange.store.migrate import upgrade
from exchange.store.schema.all import metadata
from exchange.store.schema.journal import JournalTable
from exchange.store.snapshot import snapshot
from tests.node.clients import Asked, Clients
from tests.node.server import CONTROL, LENGTH, STAGES, frame

ROOT = Path(__file__).parents[2]
WINDOW = 64
START_S = 20.0


class Nodes:
    """The process that forks nodes."""

    def __init__(
        self, folder: Path, environment: dict[str, str] | None = None, module: str = "tests.node.server"
    ) -> None:
        self.folder = folder
        self.log = (folder / "nodes.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def start(self, url: str, folder: Path, synchronous: str = "FULL") -> Node:
        """Fork a node on a database; ready when its socket answers."""
        for name in ("socket", "stage"):
            (folder / name).unlink(missing_ok=True)
        (folder / "stage").write_bytes(b"\0")
        start = {
            "url": url,
            "socket": str(folder / "socket"),
            "stage": str(folder / "stage"),
            "synchronous": synchronous,
            "folder": str(folder),
        }
        return self.fork(start, folder)

    def fork(self, start: dict[str, Any], folder: Path) -> Node:
        """Have the process fork what it forks, told how to start."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(start) + "\n")
        self.process.stdin.flush()
        return Node(self, int(self.line()), folder)

    def line(self) -> str:
        """The process's next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.last_words()
        return line

    def last_words(self) -> str:
        """The end of what the nodes logged."""
        return (self.folder / "nodes.log").read_text()[-2_000:]

    def close(self) -> None:
        """End the process, and with it whatever node is left."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.log.close()


@contextlib.contextmanager
def nodes(
    folder: Path, environment: dict[str, str] | None = None, module: str = "tests.node.server"
) -> Iterator[Nodes]:
    """A process that forks nodes, for as long as the block."""
    found = Nodes(folder, environment, module)
    try:
        yield found
    finally:
        found.close()


class Node:
    """One running node, seen from outside."""

    def __init__(self, parent: Nodes, pid: int, folder: Path) -> None:
        self.parent = parent
        self.pid = pid
        self.folder = folder
        with (folder / "stage").open("r+b") as file:
            self._stage = mmap.mmap(file.fileno(), 1)

    @property
    def stage(self) -> str:
        """Where the node is, or was when it died."""
        return STAGES[self._stage[0]]

    def connect(self) -> Wire:
        """A connection, as soon as the node listens."""
        end = time.monotonic() + START_S
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / "socket"))
                return Wire(connection)
            except OSError:
                connection.close()
                assert time.monotonic() < end, self.parent.last_words()
                time.sleep(0.005)

    def is_over(self) -> bool:
        """Whether the node has ended by itself; `ended` must still be called."""
        return not Path(f"/proc/{self.pid}").exists()

    def kill(self) -> str:
        """SIGKILL; answers the stage in which it struck."""
        os.kill(self.pid, signal.SIGKILL)
        return self.ended()

    def ended(self) -> str:
        """Wait for the node's end."""
        self.code = int(self.parent.line())
        stage = self.stage
        self._stage.close()
        return stage


@dataclass
class Wire:
    """Frames to and from a node."""

    connection: socket.socket
    received: bytes = b""
    over: bool = False

    def send(self, key: str, principal: int, body: object) -> None:
        """One frame; a node that is gone hears nothing."""
        with contextlib.suppress(OSError):
            self.connection.sendall(frame([key, principal, body]))

    def frames(self, timeout_s: float) -> Iterator[tuple[str, int, object]]:
        """Whole frames that have come, waiting a little for the first."""
        readable, _, _ = select.select([self.connection], [], [], timeout_s)
        if readable:
            try:
                data = self.connection.recv(1 << 18)
            except OSError:
                data = b""
            self.over = not data
            self.received += data
        while len(self.received) >= LENGTH:
            size = int.from_bytes(self.received[:LENGTH], "big")
            if len(self.received) < LENGTH + size:
                return
            whole, self.received = self.received[LENGTH : LENGTH + size], self.received[LENGTH + size :]
            key, sequence, body = msgspec.msgpack.decode(whole)
            yield key, sequence, body

    def control(self, text: str) -> str:
        """Talk to the process itself."""
        self.send("control", CONTROL, text)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            for key, _, body in self.frames(0.1):
                if key == "control":
                    return str(body)
        raise AssertionError(f"no answer to {text}")

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


@dataclass
class Driver:
    """Clients who keep a window of commands open, and their own list of what was acknowledged."""

    clients: Clients
    sent: dict[str, Asked] = field(default_factory=dict[str, Asked])
    faults: Counter[str] = field(default_factory=Counter[str])
    answered: int = 0

    def begin(self, wire: Wire) -> None:
        """Ask again for everything that was not answered by the node before."""
        self.sent = {}
        for asked in self.clients.waiting():
            self.send(wire, asked)

    def send(self, wire: Wire, asked: Asked) -> None:
        """One command."""
        self.sent[asked.key] = asked
        wire.send(asked.key, asked.principal, encode_command(asked.command))

    def turn(self, wire: Wire, timeout_s: float = 0.0005, *, more: bool = True, window: int = WINDOW) -> None:
        """Fill the window, then take what has come. A node ends only by our hand: `drain` is for that."""
        while more and len(self.sent) < window:
            self.send(wire, self.clients.ask())
        assert not (more and wire.over), "the node is gone"
        for key, sequence, body in wire.frames(timeout_s):
            asked = self.sent.pop(key)
            if sequence:
                self.answered += 1
                assert isinstance(body, bytes)
                self.clients.hears(asked, Outcome(sequence, 0, decode_events(body)))
            else:
                self.faults[str(body)] += 1
                self.clients.hears(asked, NodeFault(str(body)))
                self.send(wire, asked)

    def drain(self, wire: Wire) -> None:
        """After a kill: what the node had sent before it died was acknowledged too."""
        while not wire.over:
            self.turn(wire, 0.2, more=False)
        wire.close()

    def finish(self, wire: Wire, seconds: float = 20.0) -> None:
        """Wait until everything is answered."""
        end = time.monotonic() + seconds
        while self.sent:
            assert time.monotonic() < end and not wire.over, f"{len(self.sent)} unanswered"
            self.turn(wire, 0.05, more=False)

    def check(self, url: str) -> int:
        """Compare the list with the journal: everything acknowledged is there, where it was said to be, and once."""
        places: dict[str, int] = {}
        columns = JournalTable.__table__.c
        with snapshot(url) as tables:
            rows = tables.stream(query(columns.key, columns.sequence).where(columns.key.is_not(None)))
            for key, sequence in rows:
                assert key not in places, f"{key} is in the journal twice: {places[key]} and {sequence}"
                places[key] = sequence
        acknowledged = [asked for asked in self.clients.asked.values() if asked.answered]
        for asked in acknowledged:
            found = places.get(asked.key)
            assert found == asked.sequence, (
                f"{asked.key} was acknowledged at {asked.sequence}, the journal says {found}"
            )
        return len(acknowledged)


def copy_template(template: Path, folder: Path) -> Path:
    """The template's database in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(template, folder / "exchange.sqlite"))


def driver_url(url: str) -> str:
    """A PostgreSQL URL with the driver the project carries."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def copy_to_postgres(template: Path, url: str) -> None:
    """The template's rows in a PostgreSQL database."""
    upgrade(url)
    source, target = create_engine(f"sqlite:///{template}"), create_engine(url)
    with source.connect() as reading, target.begin() as writing:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in reading.execute(query(table))]
            if rows:
                writing.execute(insert(table), rows)
    source.dispose()
    target.dispose()
