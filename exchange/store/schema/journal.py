"""The journal: every command, in order, with its events and the chain over them; and what guards the writing."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class JournalTable(Base):
    """One row a command. Append-only."""

    __tablename__ = "journal"

    sequence: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    shard: Mapped[int]
    format: Mapped[int]
    engine_version: Mapped[int]
    epoch: Mapped[int]
    at_ns: Mapped[int]
    principal: Mapped[int]
    connection_id: Mapped[int]
    key: Mapped[str | None]
    key_hash: Mapped[int | None]
    command: Mapped[bytes]
    events: Mapped[bytes]
    salt: Mapped[bytes]
    chain: Mapped[bytes]

    __table_args__ = (
        Index(
            "ix_journal_key_hash",
            "key_hash",
            sqlite_where=text("key_hash IS NOT NULL"),
            postgresql_where=text("key_hash IS NOT NULL"),
        ),
    )


class EpochTable(Base):
    """One row a start of a node. The newest is the only one that may write."""

    __tablename__ = "epochs"

    epoch: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    shard: Mapped[int]
    started_ns: Mapped[int]
    engine_version: Mapped[int]


class SuspectTable(Base):
    """Commands that stopped a node, by fingerprint. Seen twice, one is quarantined until an operator releases it."""

    __tablename__ = "suspects"

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    command_name: Mapped[str]
    stops: Mapped[int]
