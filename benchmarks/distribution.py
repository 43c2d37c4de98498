"""An income is distributed among 100,000 holders of record while orders flow: seconds, and what the orders feel of it.

No workflow brings so many holders in a minute, so their accounts and balances are written into the seeded database
before the exchange starts on it; from the proposal on, everything goes the road it always goes, by REST. The baseline
of the sum is one plain pass of pandas over the same holders, which keeps no books.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import pandas as pd

from benchmarks.processes import LOCALHOST, Load, Server, exchange, load
from benchmarks.rows import BenchmarkFailed, Report, row
from benchmarks.seeding import Desk, _node
from benchmarks.venue import QUICK, QUICK_DEEP, Venue, fresh_copy
from custody.accounts import AccountKind
from custody.distribution_messages import IncomeKind, IncomeRecorded, RecordIncome
from exchange.core.documents import FileDocument
from exchange.core.ids import AccountId, OutcomeId, UserId, make_id, to_wire
from exchange.core.membership import RegisterUser, UserRegistered
from exchange.core.parties import Role, UserRight
from exchange.core.rule_messages import ActivateText, ConfirmField, PublishedKind, PublishText, TextPublished
from exchange.core.units import Minor
from exchange.engine.parsing import parse
from exchange.rulebook import shipped
from exchange.rulebook.texts import TextError, unconfirmed_fields

HOLDERS, QUICK_HOLDERS = 100_000, 5_000
UNITS_EACH = 5
INCOME_MINOR = 10_000_000_07
CONNECTIONS = 20
PAUSE_S = 0.04
"""Twenty connections that wait so long after each answer: some 450 orders a second."""
MAX_SECONDS, MAX_RATIO = 30.0, 5.0
LONGEST_S = 300.0
FIRST_ACCOUNT = make_id(2**41)
"""Above every identifier a benchmark's journal reaches."""


@dataclass(frozen=True)
class Given:
    """What the owner, its second person and two operators need."""

    income_id: int
    split_sha256: str
    contributor_id: int
    owner: int
    approver: int
    operators: tuple[int, int]


def run(*, quick: bool) -> Report:
    """Idle first, then the same orders while the distribution is planned and paid."""
    holders, idle_s = (QUICK_HOLDERS, 3.0) if quick else (HOLDERS, 10.0)
    with fresh_copy(QUICK if quick else QUICK_DEEP) as venue:
        given = asyncio.run(_prepare(venue))
        _write_holders(venue, holders)
        with exchange(Path(venue.folder)) as server:
            idle = load(server, venue, Load(CONNECTIONS, 1, pause_s=PAUSE_S), 0, idle_s)
            during, done, planned_s, paid_s = _beside(server, venue, given)
            peak = server.ask(peak=True)["peak_mib"]
        plain_s = _plain(holders)
    if done["holders"] < holders or done["state"] not in ("paid", "done"):
        raise BenchmarkFailed(f"{done['holders']:,} holders, {done['state']}")
    seconds = planned_s + paid_s
    rows = [
        row(
            f"distribution to {holders:,} holders",
            seconds,
            "s",
            baseline=plain_s,
            target=MAX_SECONDS,
            higher_is_better=False,
        ),
        row("of it planning", planned_s, "s"),
        row("of it paying", paid_s, "s"),
        row(
            "order p99 during distribution",
            during["p99_ms"],
            "ms",
            baseline=idle["p99_ms"],
            target=MAX_RATIO,
            higher_is_better=False,
            of_ratio=True,
        ),
        row("order p50 during distribution", during["p50_ms"], "ms", baseline=idle["p50_ms"], higher_is_better=False),
        row("peak memory", peak, "MiB"),
    ]
    notes = [
        f"{done['lines']:,} lines on {done['pages']:,} pages; the baseline is one pass of pandas over the holders",
        f"orders: {idle['orders_per_s']:.0f}/s idle, {during['orders_per_s']:.0f}/s during the distribution",
    ]
    return Report(rows, notes)


async def _prepare(venue: Venue) -> Given:
    """The overlays in force, four people, a paper, and an income on record."""
    async with _node(venue.database) as (desk, keeper):
        desk.operator = UserId(venue.operator)
        owner, account_id = UserId(venue.users[0]), AccountId(venue.accounts[0][0])
        sequencer = keeper.sequencer
        assert sequencer is not None
        member_id = sequencer.state.accounts[account_id].member_id
        second = RegisterUser(member_id=sequencer.state.users[desk.operator].member_id, user_name="second",
                              roles=(Role.OPERATOR,))  # fmt: skip
        desk.second = (await desk.make(second, UserRegistered)).user.user_id
        approver = RegisterUser(member_id=member_id, user_name="approver", rights=tuple(UserRight))
        approver_id = (await desk.make(approver, UserRegistered)).user.user_id
        await _overlays(desk)
        sha256 = hashlib.sha256(b"split").hexdigest()
        paper = FileDocument(sha256=sha256, size_bytes=1, media_type="application/pdf", title="Split")
        await desk.ask(paper, owner)
        instrument = next(iter(sequencer.state.instruments.values()))
        shares = sequencer.state.assets[instrument.asset_id]
        income = RecordIncome(
            account_id=account_id,
            outcome_id=OutcomeId(shares.subject_id),
            money_asset_id=instrument.money_asset_id,
            kind=IncomeKind.LICENCE,
            amount_minor=Minor(INCOME_MINOR),
            evidence_sha256=sha256,
        )
        recorded = await desk.make(income, IncomeRecorded, owner)
        return Given(
            income_id=recorded.income.income_id,
            split_sha256=sha256,
            contributor_id=venue.accounts[1][0],
            owner=owner,
            approver=approver_id,
            operators=(desk.operator, desk.second),
        )


async def _overlays(desk: Desk) -> None:
    kind, text = PublishedKind.OVERLAYS, shipped.overlays_text()
    published = (await desk.make(PublishText(kind=kind, text=text), TextPublished)).published
    document = parse(kind, text)
    assert not isinstance(document, TextError)
    name, version = published.name, published.version
    for place in unconfirmed_fields(document):
        await desk.ask(ConfirmField(kind=kind, name=name, version=version, field=place, source="benchmark"))
    await desk.by_two(ActivateText(kind=kind, name=name, version=version))


def _write_holders(venue: Venue, count: int) -> None:
    """Accounts of ordinary members, each with some units; the institution's own balance is less by as many."""
    with contextlib.closing(sqlite3.connect(venue.database)) as connection, connection:
        [(asset_id,)] = connection.execute("SELECT asset_id FROM instruments ORDER BY instrument_id LIMIT 1")
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
        units = [1 + place % (2 * UNITS_EACH - 1) for place in range(count)]
        connection.executemany(
            "INSERT INTO balances (asset_id, account_id, units, held_units, last_sequence) VALUES (?, ?, ?, 0, 1)",
            [(asset_id, one[0], each) for one, each in zip(rows, units, strict=True)],
        )
        [(home,)] = connection.execute("SELECT home_account_id FROM assets WHERE asset_id = ?", (asset_id,))
        connection.execute(
            "UPDATE balances SET units = units - ? WHERE asset_id = ? AND account_id = ?", (sum(units), asset_id, home)
        )


def _beside(server: Server, venue: Venue, given: Given) -> tuple[dict[str, Any], dict[str, Any], float, float]:
    """Orders while the distribution is planned and paid: the orders' figures, its record, and its seconds."""
    over = Path(venue.folder) / "distributed"
    plan = Load(CONNECTIONS, 1, pause_s=PAUSE_S, until=str(over))
    users = (given.owner, given.approver, *given.operators)
    tokens = [server.ask(token=user)["token"] for user in users]
    with ThreadPoolExecutor(1) as thread:
        distributing = thread.submit(_distribute, server.port, tokens, given, over)
        during = load(server, venue, plan, 1, LONGEST_S)
        done, planned_s, paid_s = distributing.result()
    return during, done, planned_s, paid_s


def _distribute(port: int, tokens: list[str], given: Given, over: Path) -> tuple[dict[str, Any], float, float]:
    """Propose, approve, pay, and wait for the last page; leave a mark at the end.

    Raises: BenchmarkFailed.
    """
    try:
        sleep(1.0)  # the orders flow
        begun = perf_counter()
        income = to_wire("IC", given.income_id)
        contributor = {"account_id": to_wire("A", given.contributor_id), "share": {"numerator": 1, "denominator": 1}}
        proposal = {"income_id": income, "contributors": [contributor], "split_sha256": given.split_sha256}
        _post(port, tokens[0], "/v1/distributions", proposal)
        named = _get(port, tokens[0], f"/v1/distributions?income_id={income}")["items"][0]
        planned = _until(port, tokens[0], named["distribution_id"], "planned")
        planned_s = perf_counter() - begun
        exact = {name: planned[name] for name in ("distribution_id", "plan_sha256")}
        _post(port, tokens[1], "/v1/distributions/approve", exact)
        begun = perf_counter()
        _post(port, tokens[2], "/v1/distributions/pay", exact)
        waiting = _get(port, tokens[3], "/v1/approvals?status=open")["items"]
        _post(port, tokens[3], "/v1/approvals/grant", {"approval_id": waiting[-1]["approval_id"]})
        done = _until(port, tokens[0], planned["distribution_id"], "paid", "done")
        return done, planned_s, perf_counter() - begun
    finally:
        over.touch()


def _until(port: int, token: str, distribution_id: str, *states: str) -> dict[str, Any]:
    """The distribution, once it is in one of these states."""
    end = perf_counter() + LONGEST_S
    while perf_counter() < end:
        found: dict[str, Any] = _get(port, token, f"/v1/distributions/{distribution_id}")["item"]
        if found["state"] in states:
            return found
        sleep(0.1)
    raise BenchmarkFailed(f"{distribution_id} is {found['state']}")


def _get(port: int, token: str, path: str) -> dict[str, Any]:
    return _ask(port, token, "GET", path, b"")


def _post(port: int, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _ask(port, token, "POST", path, json.dumps(body).encode())


def _ask(port: int, token: str, method: str, path: str, body: bytes) -> dict[str, Any]:
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=LONGEST_S)
    key = hashlib.sha256(path.encode() + body).hexdigest()[:32]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    try:
        connection.request(method, path, body or None, headers if method == "POST" else headers | {})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status not in (200, 201, 202):
        raise BenchmarkFailed(f"{path} was answered {answer.status}: {text[:300]!r}")
    told: dict[str, Any] = json.loads(text)
    return told


def _plain(count: int) -> float:
    """The same sum by one pass of pandas: floors, remainders, the odd cents, what is withheld."""
    frame = pd.DataFrame({"units": [1 + place % (2 * UNITS_EACH - 1) for place in range(count)]})
    begun = perf_counter()
    pot, total = INCOME_MINOR // 2, int(frame["units"].sum())
    frame["gross"], frame["rest"] = pot * frame["units"] // total, pot * frame["units"] % total
    odd = pot - int(frame["gross"].sum())
    ups = frame.sort_values("rest", ascending=False, kind="stable").index[:odd]
    frame.loc[ups, "gross"] += 1
    frame["withheld"] = (frame["gross"] / 10).round().astype("int64")
    assert int(frame["gross"].sum()) == pot
    return perf_counter() - begun
