"""What allocation accounts traded in a day, and how it was shared out."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class DayTotalTable(Base):
    """Every day's total of every allocation account; those of a day that is not over are what a start loads."""

    __tablename__ = "day_totals"

    account_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    instrument_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    side: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    lots: Mapped[int]
    notional_minor: Mapped[int]
    fees_minor: Mapped[int]
    allocated_lots: Mapped[int]
    allocated_notional_minor: Mapped[int]
    allocated_fees_minor: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_day_totals_live", "live", sqlite_where=sql("live"), postgresql_where=sql("live")),)


class AllocationTable(Base):
    """Every allocation, with each account's part."""

    __tablename__ = "allocations"

    allocation_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    instrument_id: Mapped[int]
    side: Mapped[str]
    day: Mapped[str]
    quantity_lots: Mapped[int]
    notional_minor: Mapped[int]
    fees_minor: Mapped[int]
    rows: Mapped[bytes]
    made_by: Mapped[int]
    made_at_ns: Mapped[int]
