"""Who holds an asset as of two moments: the ledger at the earlier one, and the lines about transfers since."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table, func, literal, select

from custody.accounts import MIRRORS
from custody.register import Standing, TitleEntry, standing
from exchange.core.ids import ORDINALS, AccountId
from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES
from exchange.store.schema.custody import AccountTable, BalanceTable, PostingTable
from exchange.store.schema.journal import JournalTable

ACCOUNTS = cast("Table", AccountTable.__table__)
BALANCES = cast("Table", BalanceTable.__table__)
POSTINGS = cast("Table", PostingTable.__table__)
JOURNAL = cast("Table", JournalTable.__table__)


def head_ns(snapshot: Snapshot) -> int:
    """The moment of the newest command."""
    return _at_ns(snapshot, snapshot.sequence)


def standing_of(snapshot: Snapshot, asset_id: int, effective_ns: int, known_ns: int) -> Standing:
    """Who held an asset at `effective_ns`, as this register knew it at `known_ns`; venue mirrors aside."""
    booked = _booked(snapshot, asset_id, sequence_at(snapshot, min(effective_ns, known_ns)))
    return standing(booked, entries(snapshot, asset_id), effective_ns, known_ns)


def entries(snapshot: Snapshot, asset_id: int) -> list[TitleEntry]:
    """Every line about an asset, in order."""
    kept = TABLES[TitleEntry]
    columns = kept.table.columns
    query = (
        select(*(columns[name] for name in TitleEntry.__struct_fields__))
        .where(columns["asset_id"] == asset_id)
        .order_by(columns["entry_id"])
    )
    return [cast("TitleEntry", read_record(kept, TitleEntry, tuple(row))) for row in snapshot.rows(query)]


def sequence_at(snapshot: Snapshot, at_ns: int) -> int:
    """The newest sequence that was stamped at or before a moment; 0: none.

    Stamps rise strictly with the sequence, so a search by halves finds it by key, without an index on time.
    """
    low, high = 0, snapshot.sequence
    while low < high:
        middle = (low + high + 1) // 2
        if _at_ns(snapshot, middle) <= at_ns:
            low = middle
        else:
            high = middle - 1
    return low


def _at_ns(snapshot: Snapshot, sequence: int) -> int:
    newest = select(JOURNAL.c.at_ns).where(JOURNAL.c.sequence <= sequence).order_by(JOURNAL.c.sequence.desc()).limit(1)
    row = snapshot.first(newest)
    return int(row[0]) if row is not None else 0


def _booked(snapshot: Snapshot, asset_id: int, sequence: int) -> dict[AccountId, int]:
    """Every account's units of an asset after a command.

    Walks each account's own chain of postings back from its balance, all accounts in one recursion.
    """
    chain = (
        select(BALANCES.c.account_id, BALANCES.c.last_sequence.label("posted"))
        .where(BALANCES.c.asset_id == asset_id)
        .cte("chain", recursive=True)
    )
    before = (
        select(func.min(POSTINGS.c.previous_sequence))
        .where(*_posted(chain.c.posted, chain.c.account_id, asset_id))
        .scalar_subquery()
    )
    chain = chain.union_all(select(chain.c.account_id, before).where(chain.c.posted > sequence))
    newest = (
        select(func.max(POSTINGS.c.posting_id))
        .where(*_posted(chain.c.posted, chain.c.account_id, asset_id))
        .scalar_subquery()
    )
    found = (
        select(chain.c.account_id, newest.label("posting_id"))
        .where(chain.c.posted <= sequence, chain.c.posted > literal(0))
        .subquery()
    )
    query = (
        select(found.c.account_id, POSTINGS.c.balance_after)
        .join(POSTINGS, POSTINGS.c.posting_id == found.c.posting_id)
        .join(ACCOUNTS, ACCOUNTS.c.account_id == found.c.account_id)
        .where(POSTINGS.c.balance_after != 0, ACCOUNTS.c.kind.not_in([kind.value for kind in sorted(MIRRORS)]))
        .order_by(found.c.account_id)
    )
    return {AccountId(int(row[0])): int(row[1]) for row in snapshot.rows(query)}


def _posted(sequence: Any, account_id: Any, asset_id: int) -> tuple[Any, ...]:
    """The postings of one command to one account and asset."""
    first = sequence * ORDINALS
    return (
        POSTINGS.c.posting_id >= first,
        POSTINGS.c.posting_id < first + ORDINALS,
        POSTINGS.c.account_id == account_id,
        POSTINGS.c.asset_id == asset_id,
    )
