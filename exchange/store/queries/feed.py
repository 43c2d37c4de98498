"""The journal as the feed outside wants it: the next rows behind a sequence, as many as fit one message."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from exchange.store.queries.reader import Snapshot
from exchange.store.schema.journal import JournalTable

MAX_ROWS = 512
MAX_BYTES = 512 * 1024


_ROW = JournalTable
_SIZE = func.length(_ROW.command) + func.length(_ROW.events)
_COLUMNS: tuple[Any, ...] = (
    _ROW.sequence,
    _ROW.shard,
    _ROW.format,
    _ROW.engine_version,
    _ROW.epoch,
    _ROW.at_ns,
    _ROW.principal,
    _ROW.connection_id,
    func.coalesce(_ROW.key, ""),
    _ROW.command,
    _ROW.events,
    _ROW.salt,
    _ROW.chain,
)
"""In the order of `exchange.bus_nats.FeedRow`."""


def journal_after(snapshot: Snapshot, after: int) -> list[tuple[Any, ...]]:
    """Up to 512 whole rows behind a sequence, fewer if they are large, none at the journal's end."""
    sized: Select[Any] = select(_ROW.sequence, _SIZE.label("size"))
    last, total = after, 0
    for found in snapshot.rows(sized.where(_ROW.sequence > after).order_by(_ROW.sequence).limit(MAX_ROWS)):
        if total and total + found.size > MAX_BYTES:
            break
        last, total = found.sequence, total + found.size
    wanted: Select[Any] = select(*_COLUMNS).where(_ROW.sequence > after, _ROW.sequence <= last)
    return [tuple(found) for found in snapshot.rows(wanted.order_by(_ROW.sequence))]
