"""Companies founded on outcomes, what founders promised, and transfers of equity."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class CompanyTable(Base):
    """Every company, founded or given up; those that are, or may come to be, are what a start loads."""

    __tablename__ = "companies"

    company_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    account_id: Mapped[int]
    name: Mapped[str]
    market_id: Mapped[int]
    money_asset_id: Mapped[int]
    founders: Mapped[bytes]
    charter: Mapped[bytes]
    jurisdiction: Mapped[str]
    overlays_version: Mapped[int]
    contract_sha256: Mapped[str]
    terms_sha256: Mapped[str]
    publicity_until_ns: Mapped[int]
    state: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    right_id: Mapped[int]
    asset_id: Mapped[int]
    contracted_at_ns: Mapped[int]
    founded_at_ns: Mapped[int]
    effective_date: Mapped[str]
    office_reference: Mapped[str]
    reason: Mapped[str]
    live: Mapped[bool]


class ContributionTable(Base):
    """Every contribution a founder promised; those neither made nor returned are what a start loads."""

    __tablename__ = "contributions"
    __table_args__ = (Index("ix_contributions_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)

    contribution_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    company_id: Mapped[int]
    account_id: Mapped[int]
    company_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    held_minor: Mapped[int]
    asset_id: Mapped[int]
    held_units: Mapped[int]
    state: Mapped[str]
    signed_by: Mapped[int]
    signed_at_ns: Mapped[int]
    live: Mapped[bool]


class EquityOfferTable(Base):
    """Every offer of equity; those that may still come to something are what a start loads."""

    __tablename__ = "equity_offers"
    __table_args__ = (
        Index("ix_equity_offers_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_equity_offers_company_id", "company_id"),
    )

    offer_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    company_id: Mapped[int]
    company_account_id: Mapped[int]
    market_id: Mapped[int]
    asset_id: Mapped[int]
    units: Mapped[int]
    seller_account_id: Mapped[int]
    buyer_account_id: Mapped[int]
    price_minor: Mapped[int]
    buyer_fee_minor: Mapped[int]
    seller_fee_minor: Mapped[int]
    fee_version: Mapped[int]
    contract_sha256: Mapped[str]
    terms_sha256: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    accepted_by: Mapped[int]
    accepted_at_ns: Mapped[int]
    notice_until_ns: Mapped[int]
    escrow_minor: Mapped[int]
    displaced_account_id: Mapped[int]
    parts: Mapped[bytes]
    contracted_at_ns: Mapped[int]
    effective_date: Mapped[str]
    known_at_ns: Mapped[int]
    register_reference: Mapped[str]
    reason: Mapped[str]
    live: Mapped[bool]


class EquityNoticeTable(Base):
    """Everything other members were told of offers; what still waits is what a start loads."""

    __tablename__ = "equity_notices"
    __table_args__ = (
        Index("ix_equity_notices_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_equity_notices_offer_id", "offer_id"),
    )

    notice_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    offer_id: Mapped[int]
    asset_id: Mapped[int]
    member_id: Mapped[int]
    account_id: Mapped[int]
    seller_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    weight: Mapped[int]
    until_ns: Mapped[int]
    state: Mapped[str]
    consents: Mapped[bool]
    held_minor: Mapped[int]
    answered_by: Mapped[int]
    answered_at_ns: Mapped[int]
    units: Mapped[int]
    price_minor: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]
