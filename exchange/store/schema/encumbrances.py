"""Pledges and courts' preservations."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class EncumbranceTable(Base):
    """Every pledge and preservation; those that have not ended are what a start loads."""

    __tablename__ = "encumbrances"

    encumbrance_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    state: Mapped[str]
    asset_id: Mapped[int]
    account_id: Mapped[int]
    units: Mapped[int]
    held_units: Mapped[int]
    rank: Mapped[int]
    behind_id: Mapped[int]
    pledgee_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    secured_minor: Mapped[int]
    claimed_minor: Mapped[int]
    paid_minor: Mapped[int]
    deposit_minor: Mapped[int]
    debt_from: Mapped[str]
    debt_until: Mapped[str]
    contract_sha256: Mapped[str]
    documents: Mapped[bytes]
    annuity_receipt_sha256: Mapped[str]
    twin_filing: Mapped[str]
    invalidation: Mapped[str]
    checks: Mapped[bytes]
    consents: Mapped[bytes]
    listing_id: Mapped[int]
    halted_ids: Mapped[bytes]
    authority: Mapped[str]
    reference: Mapped[str]
    effective_date: Mapped[str]
    opened_by: Mapped[int]
    opened_at_ns: Mapped[int]
    decided_by: Mapped[int]
    decided_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_encumbrances_live", "asset_id", sqlite_where=sql("live"), postgresql_where=sql("live")),
    )
