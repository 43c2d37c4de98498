"""Pools of receivables, their assets, and valuations of rights."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class PoolTable(Base):
    """Pools and what their last test found."""

    __tablename__ = "pools"

    pool_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str]
    kind: Mapped[str]
    issuer_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    cut_off_date: Mapped[str]
    final_date: Mapped[str]
    revolving_until: Mapped[str]
    rules: Mapped[bytes]
    rules_sha256: Mapped[str]
    haircut_ppm: Mapped[int]
    valuation_days: Mapped[int]
    state: Mapped[str]
    opened_by: Mapped[int]
    opened_at_ns: Mapped[int]
    assets: Mapped[bytes]
    balance_minor: Mapped[int]
    borrowing_base_minor: Mapped[int]
    debtors: Mapped[int]
    hhi_ppm2: Mapped[int]
    failed: Mapped[int]
    failures: Mapped[bytes]
    checked_at_ns: Mapped[int]
    seal_sha256: Mapped[str]
    sealed_at_ns: Mapped[int]
    price_minor: Mapped[int]
    sold_at_ns: Mapped[int]
    agreement_sha256: Mapped[str]
    tripped: Mapped[int]
    reason: Mapped[str]
    issue_id: Mapped[int]
    live: Mapped[bool]


class PoolAssetTable(Base):
    """Receivables, whose they are and what secures them."""

    __tablename__ = "pool_assets"

    pool_asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    pool_id: Mapped[int]
    kind: Mapped[str]
    asset_id: Mapped[int]
    originator_account_id: Mapped[int]
    holder_account_id: Mapped[int]
    debtor_account_id: Mapped[int]
    debtor: Mapped[str]
    right_asset_id: Mapped[int]
    encumbrance_id: Mapped[int]
    flows: Mapped[bytes]
    balance_minor: Mapped[int]
    held_units: Mapped[int]
    last_due: Mapped[str]
    industry: Mapped[str]
    region: Mapped[str]
    arrears_days: Mapped[int]
    contract_sha256: Mapped[str]
    least_ppm: Mapped[int]
    state: Mapped[str]
    registered_at_ns: Mapped[int]
    price_minor: Mapped[int]
    sold_at_ns: Mapped[int]
    tripped: Mapped[str]
    tripped_at_ns: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_pool_assets_live", "pool_id", sqlite_where=sql("live"), postgresql_where=sql("live")),)


class ValuationTable(Base):
    """What rights were found to be worth; the newest of each counts."""

    __tablename__ = "valuations"

    valuation_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    right_asset_id: Mapped[int]
    money_asset_id: Mapped[int]
    value_minor: Mapped[int]
    valued_on: Mapped[str]
    method: Mapped[str]
    valuer_member_id: Mapped[int]
    document_sha256: Mapped[str]
    recorded_at_ns: Mapped[int]
    newest: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_valuations_live", "right_asset_id", sqlite_where=sql("live"), postgresql_where=sql("live")),
    )
