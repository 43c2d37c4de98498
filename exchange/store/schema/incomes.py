"""Income, its distributions, the pages of their plans, and what waits for a payee."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class IncomeTable(Base):
    """Every income on record; those not withdrawn are what a start loads, so that no source brings income twice."""

    __tablename__ = "incomes"

    income_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    outcome_id: Mapped[int]
    asset_id: Mapped[int]
    money_asset_id: Mapped[int]
    kind: Mapped[str]
    amount_minor: Mapped[int]
    source: Mapped[str]
    evidence_sha256: Mapped[str]
    profit_year: Mapped[int]
    state: Mapped[str]
    distribution_id: Mapped[int]
    recorded_by: Mapped[int]
    recorded_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]


class DistributionTable(Base):
    """Every distribution; those with something left to do are what a start loads."""

    __tablename__ = "distributions"

    distribution_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    income_id: Mapped[int]
    account_id: Mapped[int]
    money_asset_id: Mapped[int]
    share_asset_id: Mapped[int]
    gross_minor: Mapped[int]
    deducted: Mapped[bytes]
    net_minor: Mapped[int]
    pots: Mapped[bytes]
    jurisdiction: Mapped[str]
    overlays_version: Mapped[int]
    withholding_ppm: Mapped[int]
    withholding_rule: Mapped[bytes]
    treaties: Mapped[bytes]
    record_date: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    record_sequence: Mapped[int]
    holders: Mapped[int]
    record_units: Mapped[int]
    pages: Mapped[int]
    lines: Mapped[int]
    planned_minor: Mapped[int]
    withholding_minor: Mapped[int]
    plan_sha256: Mapped[str]
    approved_by: Mapped[int]
    escrow_account_id: Mapped[int]
    tax_account_id: Mapped[int]
    paid_pages: Mapped[int]
    withheld_minor: Mapped[int]
    remitted_minor: Mapped[int]
    waiting: Mapped[int]
    waiting_minor: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_distributions_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class PlanPageTable(Base):
    """Every page of every plan, its lines in one column; those still to be paid are what a start loads."""

    __tablename__ = "plan_pages"

    page_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    distribution_id: Mapped[int]
    account_id: Mapped[int]
    n: Mapped[int]
    holder_place: Mapped[int]
    lines: Mapped[bytes]
    plan_sha256: Mapped[str]
    paid_sequence: Mapped[int]
    dropped: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_plan_pages_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_plan_pages_distribution_id", "distribution_id"),
    )


class UnclaimedTable(Base):
    """Every part that waited for a payee; those that still do are what a start loads."""

    __tablename__ = "unclaimed"

    unclaimed_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    distribution_id: Mapped[int]
    account_id: Mapped[int]
    gross_minor: Mapped[int]
    withheld_minor: Mapped[int]
    released_sequence: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_unclaimed_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)
