"""What the proofs are made of: the journal's leaves, each chain checked, and every holding at one sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, select

from custody.proofs import Holding
from exchange.core.ids import ConnectionId, UserId
from exchange.core.messages import Header
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.core.wire import split_events
from exchange.node.codec import chain_hash, command_hash, leaf_hash
from exchange.store.queries.journal import Entry, entries
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.assets import DocumentTable
from exchange.store.schema.custody import AccountTable, BalanceTable

ACCOUNTS = cast("Table", AccountTable.__table__)
DOCUMENTS = cast("Table", DocumentTable.__table__)
BALANCES = cast("Table", BalanceTable.__table__)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A row's place in the tree: its leaf, and whether the row's own chain follows from it and the row before."""

    sequence: int
    at_ns: int
    leaf: bytes
    chain: bytes
    sound: bool


def leaf_of(entry: Entry) -> bytes:
    """The leaf of one row, computed from what is stored."""
    header = Header(
        Sequence(entry.sequence),
        Epoch(entry.epoch),
        TimeNs(entry.at_ns),
        UserId(entry.principal),
        ConnectionId(entry.connection_id),
    )
    asked = command_hash(entry.principal, entry.connection_id, entry.key.encode(), entry.command_bytes)
    return leaf_hash(header, entry.engine_version, asked, split_events(entry.events_bytes), entry.salt)


def leaves(snapshot: Snapshot, after: int, chain: bytes, limit: int) -> list[Leaf]:
    """The leaves of the next rows; `chain` is the chain of row `after`. Ends with the first row that is not sound."""
    found: list[Leaf] = []
    for entry in entries(snapshot, after, limit):
        try:
            leaf = leaf_of(entry)
        except Exception:  # whatever was done to the row: it is no row of ours, and nothing is signed over it
            leaf = b""
        sound = entry.sequence == after + 1 + len(found) and chain_hash(chain, leaf) == entry.chain
        chain = entry.chain
        found.append(Leaf(entry.sequence, entry.at_ns, leaf, chain, sound))
        if not sound:
            break
    return found


def holdings(snapshot: Snapshot) -> Iterator[Holding]:
    """Every balance that is not zero, by account and asset."""
    columns = BALANCES.c
    query = (
        select(columns.account_id, columns.asset_id, columns.units, columns.held_units)
        .where((columns.units != 0) | (columns.held_units != 0))
        .order_by(columns.account_id, columns.asset_id)
    )
    for row in snapshot.stream(query):
        yield int(row[0]), int(row[1]), int(row[2]), int(row[3])


def documents(snapshot: Snapshot, hashes: Iterable[str]) -> dict[str, tuple[str, str, int]]:
    """What is on file under these hashes: title, media type and size of each, as filed first."""
    columns = DOCUMENTS.c
    query = (
        select(columns.sha256, columns.title, columns.media_type, columns.size_bytes)
        .where(columns.sha256.in_(list(hashes)))
        .order_by(columns.document_id.desc())
    )
    return {row[0]: (row[1], row[2], int(row[3])) for row in snapshot.rows(query)}


def accounts(snapshot: Snapshot) -> Iterator[int]:
    """Every account, in order."""
    for row in snapshot.stream(select(ACCOUNTS.c.account_id).order_by(ACCOUNTS.c.account_id)):
        yield int(row[0])
