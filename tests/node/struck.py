"""A venue whose commands a real node takes, on a disk that outlives it; fate strikes the store between and inside them.

struck = StruckVenue.over(stage.venue, path, seed)       the past of a stage's venue, written as a database
stage.venue = struck                                     from here on each step of the stage goes through a node

Every workflow that a stage can walk can thus be walked over a store that fails and a process that dies: `do` asks until
it is answered, each time with the same key, and the events are the journal's. After each life of a node what it wrote
is decided again, and must come to the same events; `close` compares the tables with that and runs every proof.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded, and the seed is printed
from collections import Counter
from pathlib import Path
from typing import NoReturn

from exchange.core.ids import NO_CONNECTION, ConnectionId, UserId
from exchange.core.messages import Command, Event, Header
from exchange.core.units import Epoch
from exchange.core.wire import decode_command, decode_events
from exchange.engine.apply import apply
from exchange.engine.digest import differences
from exchange.engine.state import ExchangeState
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Batch, NodeFault, Outcome, Submission
from exchange.node.verify import Entry as Row
from exchange.store.proofs import verify
from exchange.store.snapshot import SqliteSnapshot
from tests.node.clients import Asked
from tests.node.disk import Clock, Died, Disk, FailingStore, Fate
from tests.node.template import write_venue
from tests.promises import check_promises
from tests.steps import names
from tests.support import Entry, Seed, Venue

WORK_STEPS, START_STEPS = 12, 45
STRUCK_PPM = 850_000
"""How often a life of a node is struck."""
PATIENCE_S = 20.0


class StruckVenue(Venue):
    """A venue over a failing store; made by `over`."""

    disk: Disk
    clock: Clock
    rng: random.Random
    struck: Counter[str]
    asked: int
    plan: list[Fate]
    """The fates of the next lives, where a test chooses them; else they are drawn."""

    @classmethod
    def over(cls, venue: Venue, path: Path, seed: int) -> StruckVenue:
        """The same venue, whose next commands a node takes; a past that is written already is not written again."""
        if not path.exists():
            write_venue(path, venue)
        struck = cls.__new__(cls)
        struck.__dict__.update(venue.copy().__dict__)
        struck.disk, struck.clock = Disk(path), Clock(venue.clock_ns)
        struck.rng, struck.struck, struck.asked, struck.plan = random.Random(seed), Counter(), 0, []
        return struck

    @classmethod
    def become(cls, venue: Venue, path: Path, seed: int) -> StruckVenue:
        """Turn a venue that a stage holds into a struck one, from the past it has."""
        write_venue(path, venue)
        venue.__class__ = cls
        assert isinstance(venue, cls)
        venue.disk, venue.clock = Disk(path), Clock(venue.clock_ns)
        venue.rng, venue.struck, venue.asked, venue.plan = random.Random(seed), Counter(), 0, []
        return venue

    # --- Asking -------------------------------------------------------------------------------------------------------

    def do(self, command: Command, by: str | UserId = "ops", connection: ConnectionId = NO_CONNECTION) -> list[Event]:
        """Ask by one key until it is answered; the events are those of the journal."""
        assert connection == NO_CONNECTION
        self.asked += 1
        asked = Asked(f"s{self.asked}", self.users[by] if isinstance(by, str) else by, command)
        while not asked.answered:
            self.life(asked)
        entry = next(entry for entry in reversed(self.journal) if entry.header.sequence == asked.sequence)
        assert entry.command == command and entry.header.principal == asked.principal
        return entry.events

    def finish_runs(self) -> int:
        """Let the node do what it does in its slow lane, struck in between, until no run is left; how many lives."""
        lives = 0
        while self.state.runs:
            self.life(None)
            lives += 1
        return lives

    def restart(self) -> list[Event]:
        """Every command is a start: nothing more is to be done."""
        return []

    def seed(self, seed: Seed) -> NoReturn:
        """A node is told by commands alone."""
        raise AssertionError(f"put by hand: {seed}")

    # --- One life -----------------------------------------------------------------------------------------------------

    def fate(self) -> Fate:
        """When this life ends."""
        if self.plan:
            return self.plan.pop(0)
        rng = self.rng
        if rng.randrange(1_000_000) >= STRUCK_PPM:
            return Fate(0, working=True, after=False, dies=False)
        working = rng.random() < 0.85
        at = rng.randint(1, WORK_STEPS if working else START_STEPS)
        return Fate(at=at, working=working, after=rng.random() < 0.5, dies=rng.random() < 0.5)

    def life(self, asked: Asked | None) -> None:
        """One life of a node, until the question is answered, or without one until no run is left; then look."""
        fate = self.fate()
        self.clock.at_ns = max(self.clock.at_ns, self.clock_ns)
        asyncio.run(_Life(self, fate, asked).run())
        self.clock_ns = self.clock.at_ns
        if fate.struck:
            self.struck[f"{'dies' if fate.dies else 'fails'} {fate.struck}"] += 1
        self.look()

    def look(self) -> None:
        """Decide again what the journal has more than before; it must come to what was told."""
        self.disk.restart()
        keys: dict[str, int] = {}
        for row in [Row(*values) for values in self.disk.rows_from(self.state.sequence)]:
            header, command, events = row.header, decode_command(row.command), decode_events(row.events)
            self._follow(header, command, events)
            if row.key:
                assert row.key not in keys, f"{row.key} is in the journal twice"
                keys[row.key] = row.sequence
        check_promises(self.state)

    def _follow(self, header: Header, command: Command, events: list[Event]) -> None:
        applied = names(self.state, command)
        assert apply(self.state, header, command) == events
        self.journal.append(Entry(header, command, events))
        self.listener.hears(header, events)
        self.steps.hears(applied, events)
        self.epoch = Epoch(header.epoch)

    # --- Proving ------------------------------------------------------------------------------------------------------

    def loaded(self) -> ExchangeState:
        """What the next start would load."""
        self.disk.restart()
        store = FailingStore(self.disk, self.clock, Fate(0, working=True, after=False, dies=False))
        store.opened = True
        return store.load()[0]

    def close(self) -> None:
        """The tables are what the journal says, no key is in it twice, and every proof holds."""
        assert not differences(self.loaded(), self.state)
        self.listener.agrees(self.state)
        keyed = "SELECT key, count(*) FROM journal WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1"
        assert not self.disk.connection.execute(keyed).fetchall(), "a key is in the journal twice"
        report = verify(SqliteSnapshot(self.disk.connection), replay=True)
        assert report.clean, [problem.line() for problem in report.problems.kept]
        self.disk.connection.close()


class _Life:
    """One node on the disk, from its start to its end."""

    def __init__(self, venue: StruckVenue, fate: Fate, asked: Asked | None) -> None:
        self.venue = venue
        self.fate = fate
        self.asked = asked
        self.bus = LocalBus()
        self.over = asyncio.Event()
        self.keeper: Keeper | None = None

    async def run(self) -> None:
        """Live until what was asked is answered, or nothing runs any more, or the process is gone."""
        venue, fate, feed = self.venue, self.fate, LocalFeed()
        self.keeper = keeper = Keeper(lambda: FailingStore(venue.disk, venue.clock, fate), self.bus, feed, venue.clock)
        keeper.on_ready.append(lambda _: fate.begin_work())
        feed.subscribe(self)
        if self.asked is not None:
            self.post(self.asked)
        task = asyncio.create_task(keeper.run())
        task.add_done_callback(lambda _: self.over.set())
        async with asyncio.timeout(PATIENCE_S):
            await self.over.wait()
            if not task.done():
                keeper.close()
            try:
                await task
            except (Died, Exception):
                assert fate.struck, "only fate ends a node"

    def post(self, asked: Asked) -> None:
        """Send the command; a fault is answered by asking again with the same key, as a client would."""

        def answer(result: Outcome | NodeFault) -> None:
            if isinstance(result, NodeFault):
                if not self.bus.closed:
                    self.post(asked)
                return
            assert asked.sequence in (0, result.sequence), "one key, one place"
            asked.sequence = result.sequence
            self.over.set()

        submission = Submission(command=asked.command, principal=asked.principal, answer=answer, key=asked.key)
        self.bus.post(submission, slow=False)

    def publish(self, batch: Batch) -> None:
        """Without a question the life is over when nothing runs any more."""
        sequencer = self.keeper.sequencer if self.keeper is not None else None
        if batch.rows and self.asked is None and sequencer is not None and not sequencer.state.runs:
            self.over.set()
