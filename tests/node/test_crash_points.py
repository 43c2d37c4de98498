"""The store is struck at every kind of step, thousands of times: nothing acknowledged is lost, nothing is done twice.

Each crash point is one life of a node on a disk that outlives it. The store fails (and the keeper starts another node)
or the process dies (and the next life finds the disk); before the chosen step is done, or after it. What is lost to a
client is asked again with its key. Then the journal is read: every acknowledgement is there, once, where it was said to
be; the state loaded from the tables is the state that deciding the journal again gives; the promises hold.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded, and the seed is printed
from collections import Counter
from pathlib import Path

import pytest

from exchange.core.wire import decode_command, decode_events
from exchange.engine.apply import apply
from exchange.engine.digest import differences
from exchange.engine.state import ExchangeState
from exchange.node import keeper as keeping
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Batch, NodeFault, Outcome, Submission
from exchange.node.verify import Entry
from exchange.store.base import SqlStore
from exchange.store.proofs import verify
from exchange.store.snapshot import SqliteSnapshot
from tests.node.clients import Asked, Clients
from tests.node.disk import Clock, Died, Disk, FailingStore, Fate
from tests.node.template import Stage
from tests.promises import check_promises

POINTS = 20_000
PARTS = 4
SERIES = 146
"""Series of one part; each brings about thirty-five crash points."""
LIVES = 50
"""Crash points of one series, on one disk that grows."""
START_STEPS, WORK_STEPS = 45, 14
BIG_BATCH = 30
"""Every second series commits as PostgreSQL's store does: a batch of this size goes through the writer's thread."""


class Series:
    """Lives of a node on one disk, each with a fate."""

    def __init__(self, template: Path, stage: Stage, seed: int) -> None:
        self.rng = random.Random(seed)
        self.disk = Disk(template)
        self.clock = Clock(1_800_000_000_000_000_000)
        self.clients = Clients(stage, self.rng, officers=True, now_ns=lambda: self.clock.at_ns)
        self.clients.on_conflict = self.fail
        self.seed = seed
        self.struck: Counter[str] = Counter()
        self.published: list[int] = []
        ((self.base,),) = self.disk.connection.execute("SELECT max(sequence) FROM journal").fetchall()
        self.shadow = self.load()
        self.shadowed = self.base
        self.conflicts: list[str] = []

    def fail(self, text: str) -> None:
        self.conflicts.append(text)

    def fate(self) -> Fate:
        rng = self.rng
        working = rng.random() < 0.8
        at = rng.randint(1, WORK_STEPS if working else START_STEPS)
        return Fate(at=at, working=working, after=rng.random() < 0.5, dies=rng.random() < 0.5)

    def store(self, fate: Fate) -> FailingStore:
        store = FailingStore(self.disk, self.clock, fate)
        if self.seed % 2:
            store.inline_commands = SqlStore.inline_commands
        return store

    async def live(self, fate: Fate) -> None:
        """One life: everybody asks until all is answered, or the process is gone."""
        bus, feed = LocalBus(), LocalFeed()
        keeper = Keeper(lambda: self.store(fate), bus, feed, self.clock)
        keeper.on_ready.append(lambda _: fate.begin_work())
        feed.subscribe(self)
        fresh = BIG_BATCH if self.rng.random() < 0.02 else self.rng.randint(1, 4)
        for _ in range(fresh):
            self.clients.ask()
        over = asyncio.Event()
        for asked in self.clients.waiting():
            for _ in range(2 if self.rng.random() < 0.1 else 1):  # some ask twice at once
                self.post(bus, asked, over)
        task = asyncio.create_task(keeper.run())
        task.add_done_callback(lambda _: over.set())
        await over.wait()
        if not task.done():
            keeper.close()
        try:
            await task
        except (Died, Exception):
            assert fate.struck, "only fate ends a node"

    def post(self, bus: LocalBus, asked: Asked, over: asyncio.Event) -> None:
        """Send a command; a fault is answered by asking again, as a client would."""

        def answer(result: Outcome | NodeFault) -> None:
            self.clients.hears(asked, result)
            if isinstance(result, NodeFault) and not bus.closed:
                self.post(bus, asked, over)
            elif not self.clients.waiting():
                over.set()

        submission = Submission(command=asked.command, principal=asked.principal, answer=answer, key=asked.key)
        bus.post(submission, slow=False)

    def publish(self, batch: Batch) -> None:
        self.published.extend(row.header.sequence for row in batch.rows)

    def load(self) -> ExchangeState:
        """What the next start would load."""
        self.disk.restart()
        store = FailingStore(self.disk, self.clock, Fate(0, working=True, after=False, dies=False))
        store.opened = True
        return store.load()[0]

    def check(self) -> None:
        """The journal against the clients' own lists; the tables against the journal."""
        self.disk.restart()
        entries = [Entry(*row) for row in self.disk.rows_from(self.base)]
        places = {entry.key: entry.sequence for entry in entries if entry.key}
        assert len(places) == sum(1 for entry in entries if entry.key), "no key is in the journal twice"
        for asked in self.clients.asked.values():
            if asked.answered:
                assert places.get(asked.key) == asked.sequence, f"{asked.key} was acknowledged at {asked.sequence}"
        assert [entry.sequence for entry in entries] == list(range(self.base + 1, self.base + 1 + len(entries)))
        assert not self.published or self.published[-1] <= entries[-1].sequence, "what was published is there"
        assert not self.conflicts, self.conflicts
        for entry in entries[self.shadowed - self.base :]:
            assert apply(self.shadow, entry.header, decode_command(entry.command)) == decode_events(entry.events)
        self.shadowed = self.base + len(entries)

    def check_tables(self) -> None:
        """The state a start loads is the state that deciding the journal again gives, and it is sound."""
        loaded = self.load()
        assert not differences(loaded, self.shadow)
        check_promises(loaded)

    async def run(self, lives: int = LIVES) -> None:
        """Live, be struck, check; at the end live undisturbed until everybody is answered."""
        for life in range(lives):
            fate = self.fate()
            await self.live(fate)
            if fate.struck:
                self.struck[f"{'dies' if fate.dies else 'fails'} {fate.struck}"] += 1
            self.check()
            if life % 10 == 9:
                self.check_tables()
        await self.live(Fate(0, working=True, after=False, dies=False))
        assert not self.clients.waiting(), "in the end everybody is answered"
        self.check()
        self.check_tables()


async def crash_points(template: Path, stage: Stage, seeds: range) -> Counter[str]:
    """Run a series for each seed; answers what was struck how often."""
    struck: Counter[str] = Counter()
    for seed in seeds:
        series = Series(template, stage, seed)
        try:
            await series.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        struck += series.struck
        if seed % 50 == 0:
            report = verify(SqliteSnapshot(series.disk.connection), replay=True)
            assert report.clean, [problem.line() for problem in report.problems.kept]
        series.disk.connection.close()
    return struck


def told(struck: Counter[str]) -> str:
    lines = [f"  {count:6} {name}" for name, count in sorted(struck.items())]
    return "\n".join([f"{struck.total()} crash points:", *lines])


@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_acknowledged_is_lost_or_doubled_wherever_the_store_is_struck(
    part: int, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAUSES_S", (0.0,))
    seeds = range(part * SERIES, (part + 1) * SERIES)
    struck = await crash_points(*staged, seeds)
    print(f"seeds {seeds}\n{told(struck)}")
    assert struck.total() >= POINTS // PARTS
    for where in ("before BEGIN IMMEDIATE", "before INSERT INTO journal", "before COMMIT", "after COMMIT"):
        for how in ("dies", "fails"):
            assert struck[f"{how} {where}"] > 0, f"{how} {where}"


async def test_the_checks_find_a_store_that_forgets_a_commit(
    staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same checks, over a store that answers before it is sure: they must not pass."""
    monkeypatch.setattr(keeping, "PAUSES_S", (0.0,))
    monkeypatch.setattr(FailingStore, "commit", _forgets)
    with pytest.raises(AssertionError, match="was acknowledged at"):
        await crash_points(*staged, range(1, 2))


def _forgets(store: FailingStore, batch: Batch) -> None:
    """Take the batch for committed, and lose every fifth."""
    if batch.rows[-1].header.sequence % 5:
        SqlStore.commit(store, batch)
