"""A process killed while it pays a distribution: the run goes on where the journal left it, and no cent is doubled.

The run is begun and has paid nobody when the first node starts. Each node is killed at a moment of chance, until none
is left to pay. Then everybody has what an undisturbed payment gives, each page was paid once, and every proof holds.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and the seed is printed
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from custody.distribution_messages import DistributionPagePaid
from exchange.core.ids import AccountId, AssetId
from exchange.core.wire import decode_events
from exchange.engine import distributions
from exchange.store.proofs import verify
from exchange.store.schema.custody import BalanceTable
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.members import RunTable
from exchange.store.snapshot import snapshot
from tests.node.driven import Nodes, copy_template, nodes
from tests.node.template import write_venue
from tests.node.test_crash_workflows import HOLDERS, everybody, prepared, proposed

SEED = 90
ROUNDS = 4
MOST_STARTS = 60
"""Nodes of one round at most: a run that does not go on is a failure, not a wait."""


def runs_left(url: str) -> int:
    """How many runs are not done."""
    with snapshot(url) as tables:
        [(count,)] = tables.stream(
            select(func.count()).select_from(RunTable.__table__).where(RunTable.__table__.c.live)
        )
    return int(count)


def pages_paid(url: str) -> list[int]:
    """Every page the journal tells of as paid, in order."""
    found: list[int] = []
    columns = JournalTable.__table__.c
    with snapshot(url) as tables:
        for (events,) in tables.stream(select(columns.events).order_by(columns.sequence)):
            found += [event.page.n for event in decode_events(bytes(events)) if isinstance(event, DistributionPagePaid)]
    return found


def units_in(url: str, asset_id: AssetId, accounts: dict[str, AccountId]) -> dict[str, int]:
    """What each of them has in the tables."""
    columns = BalanceTable.__table__.c
    with snapshot(url) as tables:
        rows = dict(tables.stream(select(columns.account_id, columns.units).where(columns.asset_id == asset_id)))
    return {name: rows.get(account_id, 0) for name, account_id in accounts.items()}


def killed_until_paid(forking: Nodes, url: str, folder: Path, rng: random.Random) -> tuple[int, set[int]]:
    """Start and kill until no run is left: how often, and after how many paid pages a kill struck."""
    struck: set[int] = set()
    for starts in range(1, MOST_STARTS):
        node = forking.start(url, folder)
        wire = node.connect()
        while node.stage == "start":  # the state is being loaded
            time.sleep(0.001)
        time.sleep(rng.uniform(0.0, 0.005 * starts))
        node.kill()
        wire.close()
        if not runs_left(url):
            return starts, struck
        struck.add(len(pages_paid(url)))
    raise AssertionError("the run does not go on")


def test_a_payment_killed_at_any_chunk_pays_everybody_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = prepared(monkeypatch)
    assert distributions.MAX_LINES == 1, "as in the nodes: see small_pages.py"
    proposed(stage)
    stage.takes("approve", "pay")
    template = tmp_path / "template.sqlite"
    write_venue(template, stage.venue)
    names = {name: stage.venue.accounts[name] for name in ("thu", *HOLDERS)}
    pages = stage.distribution().pages
    stage.takes("run")
    expected = everybody(stage)
    rng = random.Random(SEED)
    struck: set[int] = set()
    starts = 0
    with nodes(tmp_path, module="tests.node.small_pages") as forking:
        for number in range(ROUNDS):
            database = copy_template(template, tmp_path / f"data{number}")
            url = f"sqlite:///{database}"
            lived, where = killed_until_paid(forking, url, database.parent, rng)
            starts, struck = starts + lived, struck | where
            assert units_in(url, stage.money_id(), names) == expected
            assert pages_paid(url) == list(range(1, pages + 1)), "each page once, and in order"
            with snapshot(url) as tables:
                report = verify(tables, replay=True)
            assert report.clean, [problem.line() for problem in report.problems.kept]
    print(f"seed {SEED}: {starts} kills in {ROUNDS} payments of {pages} pages, after {sorted(struck)} paid pages")
    assert struck
