"""A load that costs little: many WebSocket connections in one process, each with a window of orders on their way.

    python -m benchmarks.load PLAN.json > RESULT.json

The plan names the address, the tickets, each connection's account and instruments, the window and the seconds. The
process counts answers in the raw bytes instead of decoding every message, so that it is not what limits the server; it
reads order ids out of acks, because a third of its messages cancel orders that are open. Flow: 61 % limits (one in
three marketable), 5 % IOC, 34 % cancels.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import struct
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvloop

ACK = re.compile(
    rb'"type":"(ack|refused)","id":(\d+)(?:,"sequence":\d+,"at_ns":\d+,"order_id":"(O[\d-]+)","status":"(\w+)")?'
)
PING = b"\x89\x04"
"""The head of the server's ping, which has four bytes; no byte of a text message of ours is 0x89."""
TAIL = 320
"""Bytes kept of a read whose last answer may be cut; longer than any answer up to the status."""
LATENCIES = 400_000


class Connection(asyncio.Protocol):
    """One client: sends its window, and one more message for each answer."""

    def __init__(self, plan: dict[str, Any], place: int, run: Run) -> None:
        self.run = run
        self.host = plan["host"]
        self.ticket = plan["tickets"][place] if plan["tickets"] else ""
        self.account = plan["accounts"][place % len(plan["accounts"])]
        self.instruments = plan["instruments"]
        self.window = plan["window"]
        self.only_sells = place < plan.get("hot_sellers", 0)
        self.hot = 1.0 if self.only_sells else plan.get("hot", 0.0)
        self.pause_s = plan.get("pause_s", 0.0)
        self.random = random.Random(plan["seed"] * 1_000 + place)
        self.sent: dict[int, float] = {}
        self.open_orders: list[bytes] = []
        self.number = place * 10_000_000
        self.prefix = f"{plan['run']}-{place}-"
        self.tail = b""
        self.started = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {self.run.path} HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count answers, send as many more."""
        if not self.started:
            self._starting(data)
            return
        now = time.perf_counter()
        if (ping := data.find(PING)) >= 0:
            self.transport.write(b"\x8a\x84\0\0\0\0" + data[ping + 2 : ping + 6])
        chunk = self.tail + data
        ends = 0
        answers = 0
        for found in ACK.finditer(chunk):
            ends = found.end()
            number = int(found[2])
            sent = self.sent.pop(number, None)
            if sent is None:
                continue
            answers += 1
            if self.run.measuring:
                self.run.latencies.append(now - sent)
                self.run.refused += found[1] == b"refused"
            if found[4] == b"open" and len(self.open_orders) < 400:
                self.open_orders.append(found[3])
        self.tail = chunk[max(ends, len(chunk) - TAIL) :]
        if answers:
            if self.run.measuring:
                self.run.answers += answers
            if not self.run.ending:
                if self.pause_s:
                    asyncio.get_running_loop().call_later(self.pause_s, self._send, answers)
                else:
                    self._send(answers)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends early ends the run: a share of fewer clients would be another figure."""
        if not self.run.ending:
            raise SystemExit(f"a connection ended: {exc!r} {self.tail[-200:]!r}")

    def _starting(self, data: bytes) -> None:
        """The upgrade's answer, then the login's."""
        self.tail += data
        if b"\r\n\r\n" not in self.tail:
            return
        if self.ticket and b'"logged_in"' not in self.tail:
            if b"101" not in self.tail.split(b"\r\n", 1)[0]:
                raise SystemExit(f"no upgrade: {self.tail[:200]!r}")
            if not self.sent:
                self.sent[-1] = 0.0
                self.transport.write(frame(json.dumps({"type": "login", "ticket": self.ticket}).encode()))
            return
        self.sent.clear()
        self.started = True
        self.tail = b""
        self.run.ready += 1
        self.run.connections.append(self)

    def begin(self) -> None:
        """Fill the window."""
        self._send(self.window)

    def _send(self, count: int) -> None:
        if self.run.ending:
            return
        now = time.perf_counter()
        frames: list[bytes] = []
        for _ in range(count):
            self.number += 1
            self.sent[self.number] = now
            frames.append(frame(self._message()))
        self.transport.write(b"".join(frames))

    def _message(self) -> bytes:
        draw = self.random
        if self.open_orders and draw.random() < 0.34:
            place = draw.randrange(len(self.open_orders))
            order = self.open_orders[place]
            self.open_orders[place] = self.open_orders[-1]
            self.open_orders.pop()
            return b'{"type":"order.cancel","id":%d,"account_id":"%s","order_id":"%s"}' % (
                self.number,
                self.account.encode(),
                order,
            )
        buys = draw.random() < 0.5 and not self.only_sells
        instrument = self.instruments[0] if draw.random() < self.hot else draw.choice(self.instruments)
        distance = draw.randrange(1, 20)
        marketable = draw.random() < 1 / 3
        price = 1_000 + (distance if buys == marketable else -distance)
        time_in_force = "ioc" if draw.random() < 0.076 else "gtc"
        return (
            b'{"type":"order.place","id":%d,"client_order_id":"%s%d","account_id":"%s","instrument_id":"%s",'
            b'"side":"%s","quantity_lots":%d,"price_ticks":%d,"time_in_force":"%s"}'
        ) % (
            self.number,
            self.prefix.encode(),
            self.number,
            self.account.encode(),
            instrument.encode(),
            b"buy" if buys else b"sell",
            draw.randrange(1, 20),
            price,
            time_in_force.encode(),
        )


class Run:
    """What all connections of a run share."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.path = plan["path"]
        self.ready = 0
        self.connections: list[Connection] = []
        self.measuring = False
        self.ending = False
        self.answers = 0
        self.refused = 0
        self.latencies: list[float] = []


def frame(payload: bytes) -> bytes:
    """A client's text frame; the mask is zero, which the standard allows a mask to be."""
    size = len(payload)
    head = struct.pack(">BB", 0x81, 0x80 | size) if size < 126 else struct.pack(">BBH", 0x81, 0xFE, size)
    return head + b"\0\0\0\0" + payload


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def drive(plan: dict[str, Any]) -> dict[str, Any]:
    """Connect, warm up, measure for the plan's seconds, drain."""
    loop = asyncio.get_running_loop()
    run = Run(plan)
    for place in range(plan["connections"]):
        await loop.create_connection(partial(Connection, plan, place, run), plan["address"], plan["port"])
    give_up = time.monotonic() + 60
    while run.ready < plan["connections"]:
        if time.monotonic() > give_up:
            raise SystemExit(f"only {run.ready} of {plan['connections']} connections logged in")
        await asyncio.sleep(0.01)
    for connection in run.connections:
        connection.begin()
    await asyncio.sleep(plan["warm_up_s"])
    pids = plan["pids"]
    cpu, own = sum(map(cpu_seconds, pids)), time.process_time()
    started = time.perf_counter()
    run.measuring = True
    await until(plan["seconds"], plan.get("until", ""))
    run.measuring = False
    elapsed = time.perf_counter() - started
    cpu, own = sum(map(cpu_seconds, pids)) - cpu, time.process_time() - own
    run.ending = True
    await asyncio.sleep(0.3)
    for connection in run.connections:
        connection.transport.close()
    latencies = sorted(run.latencies[:LATENCIES]) or [0.0]
    return {
        "orders_per_s": run.answers / elapsed,
        "answers": run.answers,
        "refused": run.refused,
        "p50_ms": 1_000 * latencies[len(latencies) // 2],
        "p99_ms": 1_000 * latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))],
        "server_cpu_us": 1e6 * cpu / max(1, run.answers),
        "client_cores": own / elapsed,
    }


async def until(seconds: float, file: str) -> None:
    """Wait so long, or until a file is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (file and os.access(file, os.F_OK)):  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(min(0.05, max(0.0, end - time.monotonic())))


def main() -> None:
    """Read the plan, print the result."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps(uvloop.run(drive(plan))))


if __name__ == "__main__":
    main()
