"""What the stream reads: journal rows by their sequence, and where each channel stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, select

from exchange.core.ids import AccountId, ConnectionId, UserId
from exchange.core.messages import Event, Header
from exchange.core.units import Epoch, TimeNs
from exchange.core.units import Sequence as JournalSequence
from exchange.core.wire import decode_events
from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES
from exchange.store.schema.custody import ChannelTable
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.matching import TradeTable
from matching.correction_messages import TradeCorrection
from matching.notice_messages import Announcement


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)


JOURNAL, CHANNELS, TRADES = _table(JournalTable).c, _table(ChannelTable).c, _table(TradeTable).c
_STAMPED = select(
    JOURNAL.sequence, JOURNAL.epoch, JOURNAL.at_ns, JOURNAL.principal, JOURNAL.connection_id, JOURNAL.events
)


@dataclass(frozen=True)
class FeedRow:
    """A committed row as the feed told it: its stamp and its events, decoded the first time somebody asks."""

    header: Header
    events_bytes: bytes

    @cached_property
    def events(self) -> list[Event]:
        """What it told."""
        return decode_events(self.events_bytes)


class TradeRow(NamedTuple):
    """A trade as everybody may see it."""

    trade_id: int
    instrument_id: int
    trade_n: int
    price_ticks: int
    quantity_lots: int
    aggressor: str
    """The side that came last; empty in an auction, where nobody did."""
    at_ns: int


def rows_after(snapshot: Snapshot, sequence: int, limit: int) -> list[FeedRow]:
    """The rows after a sequence, in order."""
    query = _STAMPED.where(JOURNAL.sequence > sequence).order_by(JOURNAL.sequence).limit(limit)
    return [_row(*tuple(values)) for values in snapshot.rows(query)]


def rows(snapshot: Snapshot, sequences: Sequence[int]) -> list[FeedRow]:
    """These rows, in the journal's order."""
    query = _STAMPED.where(JOURNAL.sequence.in_(sequences)).order_by(JOURNAL.sequence)
    return [_row(*tuple(values)) for values in snapshot.rows(query)]


def newest_command(snapshot: Snapshot, account_id: AccountId) -> int:
    """The last command that told the account something; 0: none did."""
    found = snapshot.first(select(CHANNELS.sequence).where(CHANNELS.account_id == account_id))
    return int(found[0]) if found else 0


def last_trades(snapshot: Snapshot, limit: int) -> list[TradeRow]:
    """The newest trades of all instruments, oldest first."""
    query = select(*(TRADES[name] for name in TradeRow._fields)).order_by(TRADES.trade_id.desc()).limit(limit)
    return [TradeRow(*values) for values in reversed(snapshot.rows(query))]


def last_corrections(snapshot: Snapshot, limit: int) -> list[TradeCorrection]:
    """The newest corrections of trades, oldest first; they are few, so no index finds them."""
    kept = TABLES[TradeCorrection]
    columns = kept.table.columns
    fields = [columns[name] for name in TradeCorrection.__struct_fields__]
    query = select(*fields).order_by(columns["decided_at_ns"].desc(), columns["trade_id"].desc()).limit(limit)
    found = [read_record(kept, TradeCorrection, tuple(row)) for row in snapshot.rows(query)]
    return [cast("TradeCorrection", each) for each in reversed(found)]


def last_announcements(snapshot: Snapshot, limit: int) -> list[Announcement]:
    """The newest released announcements, oldest first."""
    kept = TABLES[Announcement]
    columns = kept.table.columns
    fields = [columns[name] for name in Announcement.__struct_fields__]
    query = select(*fields).where(columns["n"] > 0).order_by(columns["n"].desc()).limit(limit)
    found = [read_record(kept, Announcement, tuple(row)) for row in snapshot.rows(query)]
    return [cast("Announcement", each) for each in reversed(found)]


def _row(sequence: int, epoch: int, at_ns: int, principal: int, connection_id: int, events: bytes) -> FeedRow:
    header = Header(
        JournalSequence(sequence), Epoch(epoch), TimeNs(at_ns), UserId(principal), ConnectionId(connection_id)
    )
    return FeedRow(header, bytes(events))
