"""Seeded databases: of which sizes there are, where they are kept, who and what is in one.

One is kept under var/bench by its size and by what made it, so the second run starts at once. Whoever measures opens a
copy of it with the store that ships.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.flow import Flow, Trader
from exchange.core.ids import AccountId, InstrumentId, UserId, to_wire
from exchange.node.codec import ENGINE_VERSION

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "var" / "bench"
SUB_ACCOUNTS = 10


@dataclass(frozen=True)
class Size:
    """How much is in a database: journal rows, resting orders, and in how many accounts a member keeps its shares."""

    rows: int
    resting: int
    sellers_a_member: int = SUB_ACCOUNTS


FULL = Size(rows=1_000_000, resting=20_000)
DEEP = Size(rows=1_000_000, resting=100_000)
QUICK = Size(rows=20_000, resting=500, sellers_a_member=1)
QUICK_DEEP = Size(rows=50_000, resting=5_000, sellers_a_member=1)


@dataclass
class Venue:
    """Who and what is in a seeded database. Ids as integers; each member has one user and its accounts."""

    folder: str
    rows: int = 0
    resting: int = 0
    operator: int = 0
    users: list[int] = field(default_factory=list[int])
    accounts: list[list[int]] = field(default_factory=list[list[int]])
    sellers_a_member: int = 0
    instruments: list[int] = field(default_factory=list[int])

    @property
    def database(self) -> Path:
        """The SQLite file, under the name a data folder has for it."""
        return Path(self.folder) / "exchange.sqlite"

    def traders(self) -> list[Trader]:
        """Every account with its user."""
        return [
            Trader(UserId(user), AccountId(account), place < self.sellers_a_member)
            for user, accounts in zip(self.users, self.accounts, strict=True)
            for place, account in enumerate(accounts)
        ]

    def flow(self, seed: int, prefix: str) -> Flow:
        """A flow of orders of everybody in everything."""
        books = [InstrumentId(instrument) for instrument in self.instruments]
        return Flow(self.traders(), books, random.Random(seed), prefix)

    def account_names(self, place: int) -> list[str]:
        """One account of each member, as text; one that can sell, and another one for each place while there are."""
        return [to_wire("A", accounts[place % self.sellers_a_member]) for accounts in self.accounts]

    def instrument_names(self) -> list[str]:
        """The instruments as text."""
        return [to_wire("I", instrument) for instrument in self.instruments]


@contextmanager
def fresh_copy(size: Size) -> Iterator[Venue]:
    """A copy of a seeded database in a folder of its own, which goes afterwards."""
    kept = seeded(size)
    with TemporaryDirectory(prefix="run-", dir=CACHE, ignore_cleanup_errors=True) as folder:
        copied = shutil.copyfile(kept.database, Path(folder) / kept.database.name)
        with copied.open("rb") as file:
            os.fsync(file.fileno())  # or the disk is still busy with the copy while the first rounds are measured
        yield Venue(**{**asdict(kept), "folder": folder})


def seeded(size: Size) -> Venue:
    """The seeded database of this size: the one that is kept, or a new one.

    Raises: BenchmarkFailed.
    """
    from benchmarks.seeding import seed

    folder = CACHE / f"{size.rows}-{size.resting}-{size.sellers_a_member}-{_made_by()}"
    if not (folder / "venue.json").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="seed-", dir=CACHE, ignore_cleanup_errors=True) as new:
            print(f"seeding {size.rows:,} journal rows, once, kept in {folder.relative_to(ROOT)}", file=sys.stderr)
            venue = Venue(new, sellers_a_member=size.sellers_a_member)
            asyncio.run(seed(venue, size.rows, size.resting))
            _settle(venue.database)
            (Path(new) / "venue.json").write_text(json.dumps(asdict(venue)))
            for outdated in CACHE.glob(f"{size.rows}-{size.resting}-{size.sellers_a_member}-*"):
                shutil.rmtree(outdated, ignore_errors=True)
            Path(new).rename(folder)
    return Venue(**{**json.loads((folder / "venue.json").read_text()), "folder": str(folder)})


def _made_by() -> str:
    """A short hash of what a seeded database depends on: the schema, the engine's version, and how it is filled."""
    digest = hashlib.sha256(str(ENGINE_VERSION).encode())
    sources = sorted((ROOT / "exchange" / "store" / "migrations" / "versions").glob("*.py"))
    for path in [*sources, Path(__file__).with_name("seeding.py"), Path(__file__).with_name("flow.py")]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _settle(path: Path) -> None:
    """Everything out of the write-ahead log, on disk, and statistics as a served database has them: none."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
