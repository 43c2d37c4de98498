"""What the benchmarks of paying many holders share: the holders, the orders beside the work, asking by REST."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, NamedTuple

from benchmarks.processes import LOCALHOST, Load, Server, load
from benchmarks.rows import BenchmarkFailed, Row, row
from benchmarks.venue import Venue
from custody.accounts import AccountKind
from exchange.core.ids import make_id

HOLDERS, QUICK_HOLDERS = 100_000, 5_000
UNITS_EACH = 5
CONNECTIONS = 20
PAUSE_S = 0.04
"""Twenty connections that wait so long after each answer: some 450 orders a second."""
MAX_SECONDS, MAX_RATIO = 30.0, 5.0
LONGEST_S = 300.0
FIRST_ACCOUNT = make_id(2**41)
"""Above every identifier a benchmark's journal reaches."""


class Paid(NamedTuple):
    """What was paid, as its record says at the end, and the seconds of planning it and of paying it."""

    done: dict[str, Any]
    planned_s: float
    paid_s: float


def units_of(place: int) -> int:
    """How much the holder at a place has: 1 to 9, 5 on average."""
    return 1 + place % (2 * UNITS_EACH - 1)


def write_holders(venue: Venue, asset_id: int, home: int, count: int) -> None:
    """Accounts of ordinary members, each with some units; the balance of the account `home` is less by as many."""
    with contextlib.closing(sqlite3.connect(venue.database)) as connection, connection:
        members = [
            row[0]
            for row in connection.execute(
                "SELECT member_id FROM accounts WHERE kind = 'client' GROUP BY member_id ORDER BY member_id"
            )
        ][1:]
        rows = [(FIRST_ACCOUNT + place, members[place % len(members)], f"H{place}") for place in range(count)]
        connection.executemany(
            "INSERT INTO accounts (account_id, member_id, sub_account, beneficiary, kind, frozen, orders_killed) "
            f"VALUES (?, ?, ?, '', '{AccountKind.CLIENT.value}', 0, 0)",
            rows,
        )
        units = [units_of(place) for place in range(count)]
        connection.executemany(
            "INSERT INTO balances (asset_id, account_id, units, held_units, last_sequence) VALUES (?, ?, ?, 0, 1)",
            [(asset_id, one[0], each) for one, each in zip(rows, units, strict=True)],
        )
        changed = connection.execute(
            "UPDATE balances SET units = units - ? WHERE asset_id = ? AND account_id = ?", (sum(units), asset_id, home)
        )
        if changed.rowcount != 1:
            raise BenchmarkFailed(f"account {home} holds none of asset {asset_id}")


def idle(server: Server, venue: Venue, seconds: float) -> dict[str, Any]:
    """The orders alone."""
    return load(server, venue, Load(CONNECTIONS, 1, pause_s=PAUSE_S), 0, seconds)


def beside(server: Server, venue: Venue, pay: Callable[[], Paid]) -> tuple[dict[str, Any], Paid]:
    """The orders' figures while something is paid, and what was."""
    over = Path(venue.folder) / "paid"

    def paying() -> Paid:
        try:
            sleep(1.0)  # the orders flow
            return pay()
        finally:
            over.touch()

    plan = Load(CONNECTIONS, 1, pause_s=PAUSE_S, until=str(over))
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(paying)
        during = load(server, venue, plan, 1, LONGEST_S)
        return during, running.result()


def figures(what: str, paid: Paid, plain_s: float, alone: dict[str, Any], during: dict[str, Any]) -> list[Row]:
    """The rows every such benchmark has."""
    return [
        row(
            what,
            paid.planned_s + paid.paid_s,
            "s",
            baseline=plain_s,
            target=MAX_SECONDS,
            higher_is_better=False,
        ),
        row("of it planning", paid.planned_s, "s"),
        row("of it paying", paid.paid_s, "s"),
        row(
            "order p99 meanwhile",
            during["p99_ms"],
            "ms",
            baseline=alone["p99_ms"],
            target=MAX_RATIO,
            higher_is_better=False,
            of_ratio=True,
        ),
        row("order p50 meanwhile", during["p50_ms"], "ms", baseline=alone["p50_ms"], higher_is_better=False),
    ]


def until(port: int, token: str, path: str, *states: str) -> dict[str, Any]:
    """The record at a path, once it is in one of these states.

    Raises: BenchmarkFailed.
    """
    end = perf_counter() + LONGEST_S
    while perf_counter() < end:
        found: dict[str, Any] = get(port, token, path)["item"]
        if found["state"] in states:
            return found
        sleep(0.1)
    raise BenchmarkFailed(f"{path} is {found['state']}")


def by_two(port: int, tokens: tuple[str, str], path: str, body: dict[str, Any]) -> None:
    """Ask as one operator and sign as the other; only one request waits."""
    post(port, tokens[0], path, body)
    waiting = get(port, tokens[1], "/v1/approvals?status=open")["items"]
    post(port, tokens[1], "/v1/approvals/grant", {"approval_id": waiting[-1]["approval_id"]})


def get(port: int, token: str, path: str) -> dict[str, Any]:
    """Read a resource."""
    return _ask(port, token, "GET", path, b"")


def post(port: int, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a command."""
    return _ask(port, token, "POST", path, json.dumps(body).encode())


def _ask(port: int, token: str, method: str, path: str, body: bytes) -> dict[str, Any]:
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=LONGEST_S)
    key = hashlib.sha256(path.encode() + body).hexdigest()[:32]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status not in (200, 201, 202):
        raise BenchmarkFailed(f"{path} was answered {answer.status}: {text[:300]!r}")
    told: dict[str, Any] = json.loads(text)
    return told
