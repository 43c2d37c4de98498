"""Rows of the journal as they were written, and the walk of one account's private events through it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, select

from exchange.core.messages import Command, Event
from exchange.core.wire import decode_command, decode_events
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.custody import ChannelTable
from exchange.store.schema.journal import JournalTable

JOURNAL = cast("Table", JournalTable.__table__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One committed command with its events, and the bytes that prove them."""

    sequence: int
    epoch: int
    at_ns: int
    format: int
    engine_version: int
    principal: int
    connection_id: int
    key: str
    command_bytes: bytes
    events_bytes: bytes
    salt: bytes
    chain: bytes

    @property
    def command(self) -> Command:
        """What was asked."""
        return decode_command(self.command_bytes)

    @property
    def events(self) -> list[Event]:
        """What was told."""
        return decode_events(self.events_bytes)


def entries(snapshot: Snapshot, after: int, limit: int) -> list[Entry]:
    """The next rows of the journal."""
    query = select(JOURNAL).where(JOURNAL.c.sequence > after).order_by(JOURNAL.c.sequence).limit(limit)
    return [_entry(row) for row in snapshot.rows(query)]


def entry(snapshot: Snapshot, sequence: int) -> Entry | None:
    """One row."""
    found = snapshot.first(select(JOURNAL).where(JOURNAL.c.sequence == sequence))
    return _entry(found) if found is not None else None


def last_told(snapshot: Snapshot, account_id: int) -> int:
    """The last sequence that told an account something; 0: none."""
    found = snapshot.first(select(ChannelTable.sequence).where(ChannelTable.account_id == account_id))
    return int(found[0]) if found is not None else 0


def previous_told(events: Iterable[Any], account_id: int) -> int:
    """The sequence that told the account something before these events did, by the mark they carry."""
    for event in events:
        found = _mark(event, account_id)
        if found is not None:
            return found
    return 0


def _mark(value: Any, account_id: int) -> int | None:
    """The previous_sequence in the mark of this account, wherever the event keeps it."""
    mark = getattr(value, "mark", None)
    if mark is not None and getattr(value, "account_id", None) == account_id:
        return int(mark.previous_sequence)
    for name in getattr(value, "__struct_fields__", ()):
        inner = getattr(value, name)
        for item in inner if isinstance(inner, tuple) else (inner,):
            if hasattr(item, "__struct_fields__"):
                found = _mark(item, account_id)
                if found is not None:
                    return found
    return None


def _entry(row: Any) -> Entry:
    return Entry(
        sequence=row.sequence,
        epoch=row.epoch,
        at_ns=row.at_ns,
        format=row.format,
        engine_version=row.engine_version,
        principal=row.principal,
        connection_id=row.connection_id,
        key=row.key or "",
        command_bytes=row.command,
        events_bytes=row.events,
        salt=row.salt,
        chain=row.chain,
    )
