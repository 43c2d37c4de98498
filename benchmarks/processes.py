"""The processes of a benchmark: servers that are measured, and the load that measures them; each is ended by its id."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from benchmarks.rows import BenchmarkFailed
from benchmarks.venue import ROOT, Venue

LOCALHOST = "127.0.0.1"
START_S = 120.0


def free_port() -> int:
    """A loopback port that nothing listens on, below those the kernel gives to clients.

    Raises: BenchmarkFailed.
    """
    for port in range(23_000 + os.getpid() % 4_000, 32_768):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOCALHOST, port))
                return port
    raise BenchmarkFailed("no free loopback port below 32768")


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    started: dict[str, Any]

    @property
    def pid(self) -> int:
        """Whose processor time is counted."""
        return self.process.pid

    def ask(self, **question: Any) -> dict[str, Any]:
        """Ask the exchange's process for tickets, a token or its memory.

        Raises: BenchmarkFailed when it is gone.
        """
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        return self.line()

    def line(self, timeout_s: float = START_S) -> dict[str, Any]:
        """The process's next line.

        Raises: BenchmarkFailed when there is none.
        """
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        line = self.process.stdout.readline() if readable else ""
        if not line:
            raise BenchmarkFailed(f"the server on port {self.port} does not answer: {self.last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def last_words(self) -> str:
        """The last line it logged."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it logged nothing"


@contextmanager
def _process(folder: Path, name: str, port: int, arguments: list[str], environment: dict[str, str]) -> Iterator[Server]:
    log = folder / f"{name}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield Server(process, port, log, {})
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def exchange(
    folder: Path, *, database_url: str = "", profile: Path | None = None, days_ahead: int = 0
) -> Iterator[Server]:
    """The exchange on the database of a data folder, from the moment it answers; its clock may be some days ahead.

    Raises: BenchmarkFailed with its last word if it does not start.
    """
    port = free_port()
    arguments = ["benchmarks.server", str(folder), str(port), *([database_url] if database_url else [])]
    environment = {"BENCHMARK_PROFILE": str(profile)} if profile else {}
    environment |= {"BENCHMARK_DAYS_AHEAD": str(days_ahead)} if days_ahead else {}
    with _process(folder, "exchange", port, arguments, environment) as server:
        server.started = server.line()
        yield server


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """The bare server, from the moment it answers.

    Raises: BenchmarkFailed with its last word if it does not start.
    """
    with _listening(folder, "bare") as server:
        yield server


@contextmanager
def edge(folder: Path) -> Iterator[Server]:
    """The edge over a node that decides nothing, from the moment it answers.

    Raises: BenchmarkFailed with its last word if it does not start.
    """
    with _listening(folder, "edge") as server:
        yield server


@contextmanager
def _listening(folder: Path, name: str) -> Iterator[Server]:
    port = free_port()
    with _process(folder, name, port, [f"benchmarks.{name}", str(port)], {}) as server:
        end = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection((LOCALHOST, port), timeout=1):
                break
            if server.process.poll() is not None or time.monotonic() > end:
                raise BenchmarkFailed(f"the {name} server did not start on port {port}: {server.last_words()}")
            time.sleep(0.05)
        try:
            yield server
        finally:
            server.process.terminate()


@dataclass(frozen=True)
class Load:
    """What one run of the load plays: connections, orders on their way on each, and how one-sided it is.

    With `hot_sellers`, so many connections are one account that offers one instrument, which is `hot` of what the
    others trade. `pause_s` is how long a connection waits after an answer; `until` a file that ends the run early.
    """

    connections: int
    window: int
    hot: float = 0.0
    hot_sellers: int = 0
    pause_s: float = 0.0
    until: str = ""


def load(server: Server, venue: Venue, plan: Load, seed: int, seconds: float, *, log_in: bool = True) -> dict[str, Any]:
    """Run the load in a process of its own; its figures.

    Raises: BenchmarkFailed with its last word.
    """
    places = [0 if place < plan.hot_sellers else place % len(venue.users) for place in range(plan.connections)]
    accounts = venue.account_names(seed)
    tickets = server.ask(tickets=[venue.users[place] for place in places])["tickets"] if log_in else []
    written = {
        "host": f"{LOCALHOST}:{server.port}",
        "address": LOCALHOST,
        "port": server.port,
        "path": "/v1/stream",
        "tickets": tickets,
        "accounts": [accounts[place] for place in places],
        "instruments": venue.instrument_names(),
        "connections": plan.connections,
        "window": plan.window,
        "hot": plan.hot,
        "hot_sellers": plan.hot_sellers,
        "pause_s": plan.pause_s,
        "until": plan.until,
        "seed": seed,
        "run": f"r{time.time_ns()}",
        "warm_up_s": min(0.5, seconds / 4),
        "seconds": seconds,
        "pids": [server.pid],
    }
    with NamedTemporaryFile("w", suffix=".json") as file:
        return _run_load(file, written, server)


def _run_load(file: IO[str], plan: dict[str, Any], server: Server) -> dict[str, Any]:
    json.dump(plan, file)
    file.flush()
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", file.name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ran.returncode or not ran.stdout:
        last = (ran.stderr.strip().splitlines() or ["nothing said"])[-1]
        raise BenchmarkFailed(f"the load ended early: {last[:300]}; the server: {server.last_words()}")
    figures: dict[str, Any] = json.loads(ran.stdout)
    if not figures["answers"]:
        raise BenchmarkFailed(f"nothing was answered on port {server.port}; the server: {server.last_words()}")
    return figures
