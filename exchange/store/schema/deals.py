"""Agreements about whole rights, and pilot assignments."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class DealTable(Base):
    """Every agreement; those that may still come to something are what a start loads."""

    __tablename__ = "deals"

    deal_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    asset_id: Mapped[int]
    units: Mapped[int]
    seller_account_id: Mapped[int]
    buyer_account_id: Mapped[int]
    price_minor: Mapped[int]
    buyer_fee_minor: Mapped[int]
    seller_fee_minor: Mapped[int]
    fee_version: Mapped[int]
    jurisdiction: Mapped[str]
    overlays_version: Mapped[int]
    publicity_days: Mapped[int]
    related_party: Mapped[bool]
    wait_for_recordal: Mapped[bool]
    settlement: Mapped[str]
    contract_sha256: Mapped[str]
    terms_sha256: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    accepted_by: Mapped[int]
    accepted_at_ns: Mapped[int]
    publicity_until_ns: Mapped[int]
    objected_by: Mapped[int]
    seller_signed_by: Mapped[int]
    seller_signed_at_ns: Mapped[int]
    buyer_signed_by: Mapped[int]
    buyer_signed_at_ns: Mapped[int]
    escrow_minor: Mapped[int]
    contracted_at_ns: Mapped[int]
    effective_date: Mapped[str]
    known_at_ns: Mapped[int]
    office_reference: Mapped[str]
    reason: Mapped[str]
    live: Mapped[bool]


class LastSaleTable(Base):
    """The last completed agreement about each right."""

    __tablename__ = "last_sales"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    deal_id: Mapped[int]
    seller_id: Mapped[int]
    buyer_id: Mapped[int]
    contracted_at_ns: Mapped[int]


class PilotTable(Base):
    """Every pilot case; those that run, or assigned their outcome, are what a start loads."""

    __tablename__ = "pilots"

    pilot_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    outcome_id: Mapped[int]
    market_id: Mapped[int]
    account_id: Mapped[int]
    funding: Mapped[bytes]
    team: Mapped[bytes]
    representative_id: Mapped[int]
    split_sha256: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    decided_by: Mapped[int]
    decided_at_ns: Mapped[int]
    decision_sha256: Mapped[str]
    notice_until_ns: Mapped[int]
    objected_by: Mapped[int]
    team_numerator: Mapped[int]
    team_denominator: Mapped[int]
    income_ratio_ppm: Mapped[int]
    duties_sha256: Mapped[str]
    terms_sha256: Mapped[str]
    signed_by: Mapped[int]
    signed_at_ns: Mapped[int]
    completed_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]
