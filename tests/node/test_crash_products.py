"""Subscription, issue, payment and reward over a store that is struck: nothing is lost, nothing done twice.

As tests/node/test_crash_workflows.py, for what securitization and blocks bring. Each walk is also taken undisturbed,
and everybody has the same money and notes at the end of both.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.engine import deal_payouts, runs
from exchange.node import keeper as keeping
from securitization.application_messages import ApplicationState
from securitization.issue_messages import IssueState
from securitization.offering_messages import Allotment
from securitization.servicing_messages import PublishReport
from tests.blocks.stage import Floor
from tests.issuing.stage import Stage as Issuing
from tests.node.struck import StruckVenue
from tests.rewards.stage import Office
from tests.servicing import stage as servicing
from tests.servicing.stage import Stage as Servicing
from tests.servicing.test_life import serve_period
from tests.support import Venue

SEEDS = range(2)
PERIODS = 4
HOLDERS = ("wu", "ren", "li", "licensor0")
BOOK = """
i0 300 @ 1010
i1 350 @ 1000
i2 400 @ 1000
i3 100 @ 990
"""
"""1,150 notes for 900: the margin is shared out, and one goes empty."""

Holdings = dict[str, tuple[int, ...]]
Walk = Callable[[Callable[[Venue], Venue]], tuple[Venue, Holdings]]
"""Takes what a venue is wrapped in, and answers the venue and what everybody has at the end."""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes start again at once, and runs have many chunks, also those that made a stage: it is shared with no test."""
    monkeypatch.setattr(servicing, "_established", functools.cache(servicing._established.__wrapped__))
    monkeypatch.setattr(keeping, "PAUSES_S", (0.0,))
    monkeypatch.setattr(deal_payouts, "MAX_LINES", 1)
    monkeypatch.setattr(runs, "CHUNK", 6)


def issues(wrap: Callable[[Venue], Venue]) -> tuple[Venue, Holdings]:
    """A deal proposed, its checklist shown, a book built at several prices, scaled back, closed: notes against cash."""
    stage = Issuing()
    stage.venue = wrap(stage.venue)
    stage.offered(allotment=Allotment.MULTIPLE)
    stage.bids_in(BOOK)
    stage.close()
    stage.venue.finish_runs()
    assert stage.issue().state is IssueState.ESTABLISHED
    names = ("i0", "i1", "i2", "i3", "licensor0", "arranger", "lawyers", "issuer")
    return stage.venue, {name: (stage.notes(name), stage.notes(name, 1), stage.cash(name)) for name in names}


def failed_issues(wrap: Callable[[Venue], Venue]) -> tuple[Venue, Holdings]:
    """The book stays too thin: the plan fails, and everybody has their cash back with its interest."""
    stage = Issuing()
    stage.venue = wrap(stage.venue)
    stage.offered()
    stage.bids_in("i0 100 @ 1000\ni1 50 @ 1000")
    stage.close()
    stage.venue.finish_runs()
    assert stage.issue().state is IssueState.FAILED
    return stage.venue, {name: (stage.cash(name),) for name in ("i0", "i1", "issuer")}


def payments(wrap: Callable[[Venue], Venue]) -> tuple[Venue, Holdings]:
    """Each period collected, worked out, approved, paid and reported, until the notes end at zero."""
    stage = Servicing.opened()
    stage.venue = wrap(stage.venue)
    for period in range(1, PERIODS + 1):
        serve_period(stage)
        publish = PublishReport(servicing_id=stage.servicing_id, period=period, report_sha256="0" * 64)
        assert stage.venue.refusal(publish, "issuer") == ""
    assert stage.issue().state is IssueState.REDEEMED
    ledger, accounts = stage.venue.state.ledger, stage.venue.accounts
    return stage.venue, {
        name: (stage.venue.cash(name), *(ledger.units(accounts[name], note) for note in stage.notes.values()))
        for name in HOLDERS
    }


def rewards(wrap: Callable[[Venue], Venue]) -> tuple[Venue, Holdings]:
    """A programme pays two firms out of its budget, the second what is left."""
    office = Office()
    office.venue = wrap(office.venue)
    office.active(1_000)
    for firm, due in (("wu", 700), ("li", 500)):
        office.submitted(firm, due)
    for firm in ("wu", "li"):
        office.take(firm, "accept", "publicise", "wait", "approve", "pay")
        assert office.now(firm).state is ApplicationState.PAID
    return office.venue, {name: (office.venue.cash(name),) for name in ("sponsor", "wu", "li", "ren")}


def blocks(wrap: Callable[[Venue], Venue]) -> tuple[Venue, Holdings]:
    """A block of shares sold by agreement: units and price change hands with the second signature."""
    floor = Floor.shares(waived=True)
    floor.venue = wrap(floor.venue)
    assert floor.offers("s0", "thu", "li", 300_000, 900_000) == "proposed"
    for who, step in (("li", "accepts"), ("thu", "signs"), ("li", "signs")):
        assert floor.venue.refusal(floor.command(who, step, "s0"), who) == ""
    assert floor.units("li") == 300_000
    return floor.venue, {who: (floor.units(who), floor.venue.cash(who)) for who in ("thu", "li")}


WALKS = (issues, failed_issues, payments, rewards, blocks)


@pytest.mark.parametrize("walk", WALKS)
def test_everybody_has_the_same_at_the_end_wherever_the_store_is_struck(walk: Walk, tmp_path: Path) -> None:
    calm, expected = walk(lambda venue: venue)
    calm.close()
    found: Counter[str] = Counter()
    for seed in SEEDS:
        venue, had = walk(lambda venue, seed=seed: StruckVenue.over(venue, tmp_path / "exchange.sqlite", seed))
        assert had == expected, f"seed {seed}"
        assert isinstance(venue, StruckVenue)
        venue.close()
        found += venue.struck
    print(f"{walk.__name__}, seeds {SEEDS}: {found.total()} crash points")
    assert found.total() >= 5 * len(SEEDS)
