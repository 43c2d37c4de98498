"""A small exchange with money, shares and two books, as a journal and its tables: what the crash tests start from.

It is told by a `Venue`, whose instruments are put by hand. Its rows therefore bear engine version 0: to the proofs they
are a stretch of an older engine, folded and not decided again, and everything the tests add is decided again after it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from custody.accounts import Account, Asset
from custody.messages import AssetIssued
from exchange.core.ids import SHARD, AccountId, InstrumentId, MemberId, UserId
from exchange.core.messages import Event
from exchange.core.node_messages import StartNode
from exchange.core.postings import Movement
from exchange.core.wire import encode_command, encode_event, encode_events
from exchange.engine.apply import apply
from exchange.engine.state import ExchangeState
from exchange.node.codec import chain_hash, command_hash, leaf_hash
from exchange.node.ports import Batch, JournalRow
from exchange.store.migrate import upgrade
from exchange.store.save.flush import changes_of, statements
from exchange.store.sqlite import sql_text
from matching.messages import Instrument, InstrumentPhaseChanged
from tests.engine.days import open_market
from tests.support import Entry, Seeded, Venue

OLD_ENGINE = 0
ENGINE_VERSION_COLUMN = 3
NAMES = ("wu", "ren", "li", "zhao")
CASH_MINOR = 1_000_000
LOTS = 10_000


@dataclass(frozen=True)
class Stage:
    """Who and what is on the template."""

    users: dict[str, UserId]
    accounts: dict[str, AccountId]
    instruments: tuple[InstrumentId, ...]
    special: InstrumentId
    """The one of them that takes every kind of order."""
    operators: tuple[UserId, ...]
    members: dict[str, MemberId]


def told() -> Venue:
    """The venue the template tells of: four members with cash, two of them with a right to sell.

    One of the two books takes plain orders alone, the other's market has trading rules and takes every kind.
    """
    venue = Venue.sandbox()
    for name in NAMES:
        venue.member(name, cash=CASH_MINOR)
    plain = venue.market_id
    open_market(venue)
    venue.instrument("INS", wu=LOTS)
    venue.market_id = plain
    venue.instrument("OUT", ren=LOTS)
    return venue


def write(path: Path) -> Stage:
    """Write the template's database."""
    venue = told()
    write_venue(path, venue)
    return Stage(
        users={name: venue.users[name] for name in NAMES},
        accounts={name: venue.accounts[name] for name in NAMES},
        instruments=tuple(venue.instruments.values()),
        special=venue.instruments["INS"],
        operators=(venue.users["ops"], venue.users["ops2"]),
        members={name: venue.members[name] for name in NAMES},
    )


def write_venue(path: Path, venue: Venue) -> None:
    """Write a venue's past as a database."""
    upgrade(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    chain = bytes(32)
    state = ExchangeState()
    for entry in venue.journal:
        if entry.seed is not None:
            events = _seeded(entry.seed(state, entry.header))
        else:
            assert entry.command is not None
            events = apply(state, entry.header, entry.command)
        chain = _write_row(connection, entry, events, chain)
    first = {entry.header.epoch: entry.header.at_ns for entry in reversed(venue.journal)}
    started = venue.journal[0].header.at_ns
    for epoch in range(1, max(first) + 1):  # also those in which nothing was written
        started = first.get(epoch, started)
        connection.execute("INSERT INTO epochs VALUES (?, ?, ?, ?)", (epoch, SHARD, started, OLD_ENGINE))
    connection.commit()
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _write_row(connection: sqlite3.Connection, entry: Entry, events: list[Event], previous: bytes) -> bytes:
    asked = encode_command(entry.command or StartNode())
    encoded = [encode_event(event) for event in events]
    header, salt = entry.header, bytes(16)
    hashed = command_hash(header.principal, header.connection_id, b"", asked)
    chain = chain_hash(previous, leaf_hash(header, OLD_ENGINE, hashed, encoded, salt))
    row = JournalRow(
        header=header,
        key="",
        command=StartNode(),
        command_bytes=asked,
        events=events,
        events_bytes=encode_events(encoded),
        salt=salt,
        chain=chain,
    )
    changes = changes_of(Batch(rows=[row]))
    changes.journal = [
        (*values[:ENGINE_VERSION_COLUMN], OLD_ENGINE, *values[ENGINE_VERSION_COLUMN + 1 :])
        for values in changes.journal
    ]
    for statement, rows in statements(changes):
        connection.executemany(sql_text(statement), rows)
    return chain


def _seeded(seeded: Seeded) -> list[Event]:
    """What a test put by hand, as events that carry it."""
    assets = [value for value in seeded if isinstance(value, Asset)]
    accounts = [value for value in seeded if isinstance(value, Account)]
    instruments = [value for value in seeded if isinstance(value, Instrument)]
    moved = [value for value in seeded if isinstance(value, Movement)]
    issued = [
        AssetIssued(asset=asset, account=account, movement=movement)
        for asset, account, movement in zip(assets, accounts, moved, strict=False)
    ]
    handed_on = moved[len(issued) :] if issued else []
    issued += [AssetIssued(asset=assets[-1], account=accounts[-1], movement=movement) for movement in handed_on]
    return [*issued, *(InstrumentPhaseChanged(instrument=each, reason="seeded") for each in instruments)]
