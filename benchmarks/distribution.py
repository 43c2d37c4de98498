"""An income is distributed among 100,000 holders of record while orders flow: seconds, and what the orders feel of it.

No workflow brings so many holders in a minute, so their accounts and balances are written into the seeded database
before the exchange starts on it; from the proposal on, everything goes the road it always goes, by REST. The baseline
of the sum is one plain pass of pandas over the same holders, which keeps no books.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pandas as pd

from benchmarks import payouts
from benchmarks.payouts import HOLDERS, QUICK_HOLDERS, Paid, units_of
from benchmarks.processes import exchange
from benchmarks.rows import BenchmarkFailed, Report, row
from benchmarks.seeding import Desk, node
from benchmarks.venue import QUICK, QUICK_DEEP, Venue, fresh_copy
from custody.distribution_messages import IncomeKind, IncomeRecorded, RecordIncome
from exchange.core.documents import FileDocument
from exchange.core.ids import AccountId, OutcomeId, UserId, to_wire
from exchange.core.membership import RegisterUser, UserRegistered
from exchange.core.parties import Role, UserRight
from exchange.core.rule_messages import ActivateText, ConfirmField, PublishedKind, PublishText, TextPublished
from exchange.core.units import Minor
from exchange.engine.parsing import parse
from exchange.rulebook import shipped
from exchange.rulebook.texts import TextError, unconfirmed_fields

INCOME_MINOR = 10_000_000_07


@dataclass(frozen=True)
class Given:
    """What the owner, its second person and two operators need."""

    income_id: int
    split_sha256: str
    contributor_id: int
    owner: int
    approver: int
    operators: tuple[int, int]
    asset_id: int
    home: int


def run(*, quick: bool) -> Report:
    """Idle first, then the same orders while the distribution is planned and paid."""
    holders, idle_s = (QUICK_HOLDERS, 3.0) if quick else (HOLDERS, 10.0)
    with fresh_copy(QUICK if quick else QUICK_DEEP) as venue:
        given = asyncio.run(_prepare(venue))
        payouts.write_holders(venue, given.asset_id, given.home, holders)
        with exchange(Path(venue.folder)) as server:
            alone = payouts.idle(server, venue, idle_s)
            users = (given.owner, given.approver, *given.operators)
            tokens = [server.ask(token=user)["token"] for user in users]
            during, paid = payouts.beside(server, venue, lambda: _distribute(server.port, tokens, given))
            peak = server.ask(peak=True)["peak_mib"]
        plain_s = _plain(holders)
    done = paid.done
    if done["holders"] < holders:
        raise BenchmarkFailed(f"{done['holders']:,} holders, {done['state']}")
    rows = payouts.figures(f"distribution to {holders:,} holders", paid, plain_s, alone, during)
    notes = [
        f"{done['lines']:,} lines on {done['pages']:,} pages; the baseline is one pass of pandas over the holders",
        f"orders: {alone['orders_per_s']:.0f}/s idle, {during['orders_per_s']:.0f}/s during the distribution",
    ]
    return Report([*rows, row("peak memory", peak, "MiB")], notes)


async def _prepare(venue: Venue) -> Given:
    """The overlays in force, four people, a paper, and an income on record."""
    async with node(venue.database) as (desk, keeper):
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
            asset_id=shares.asset_id,
            home=shares.home_account_id,
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


def _distribute(port: int, tokens: list[str], given: Given) -> Paid:
    """Propose, approve, pay, and wait for the last page.

    Raises: BenchmarkFailed.
    """
    begun = perf_counter()
    income = to_wire("IC", given.income_id)
    contributor = {"account_id": to_wire("A", given.contributor_id), "share": {"numerator": 1, "denominator": 1}}
    proposal = {"income_id": income, "contributors": [contributor], "split_sha256": given.split_sha256}
    payouts.post(port, tokens[0], "/v1/distributions", proposal)
    named = payouts.get(port, tokens[0], f"/v1/distributions?income_id={income}")["items"][0]
    path = f"/v1/distributions/{named['distribution_id']}"
    planned = payouts.until(port, tokens[0], path, "planned")
    planned_s = perf_counter() - begun
    exact = {name: planned[name] for name in ("distribution_id", "plan_sha256")}
    payouts.post(port, tokens[1], "/v1/distributions/approve", exact)
    begun = perf_counter()
    payouts.by_two(port, (tokens[2], tokens[3]), "/v1/distributions/pay", exact)
    done = payouts.until(port, tokens[0], path, "paid", "done")
    return Paid(done, planned_s, perf_counter() - begun)


def _plain(count: int) -> float:
    """The same sum by one pass of pandas: floors, remainders, the odd cents, what is withheld."""
    frame = pd.DataFrame({"units": [units_of(place) for place in range(count)]})
    begun = perf_counter()
    pot, total = INCOME_MINOR // 2, int(frame["units"].sum())
    frame["gross"], frame["rest"] = pot * frame["units"] // total, pot * frame["units"] % total
    odd = pot - int(frame["gross"].sum())
    ups = frame.sort_values("rest", ascending=False, kind="stable").index[:odd]
    frame.loc[ups, "gross"] += 1
    frame["withheld"] = (frame["gross"] / 10).round().astype("int64")
    assert int(frame["gross"].sum()) == pot
    return perf_counter() - begun
