"""Products whose register is elsewhere: who keeps it, and every version of its file that was mirrored."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class MirrorRegisterTable(Base):
    """Every asset whose register is elsewhere, and the file that counts now."""

    __tablename__ = "mirror_registers"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    registrar_account_id: Mapped[int]
    units: Mapped[int]
    document_sha256: Mapped[str]
    handed_over_ns: Mapped[int]
    versions: Mapped[int]
    mirror_file_id: Mapped[int]
    as_of: Mapped[str]
    version: Mapped[int]


class MirrorFileTable(Base):
    """Every version of every register file; those that do not count yet are what a start loads."""

    __tablename__ = "mirror_files"

    mirror_file_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    asset_id: Mapped[int] = mapped_column(index=True)
    version: Mapped[int]
    source: Mapped[str]
    as_of: Mapped[str]
    file_sha256: Mapped[str]
    total_units: Mapped[int]
    holders: Mapped[int]
    state: Mapped[str]
    opened_by: Mapped[int]
    opened_at_ns: Mapped[int]
    parts: Mapped[int]
    read_holders: Mapped[int]
    read_units: Mapped[int]
    last_holder: Mapped[str]
    confirmed_by: Mapped[int]
    confirmed_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_mirror_files_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class MirrorPageTable(Base):
    """The lines of register files, a page an import; none is loaded."""

    __tablename__ = "mirror_pages"

    page_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    mirror_file_id: Mapped[int] = mapped_column(index=True)
    asset_id: Mapped[int]
    n: Mapped[int]
    lines: Mapped[bytes]
    live: Mapped[bool]
