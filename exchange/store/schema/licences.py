"""Licences, open licences, and listed rights at their price."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class LicenceTable(Base):
    """Every licence; those in force, or that may come to be, are what a start loads."""

    __tablename__ = "licences"

    licence_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    asset_id: Mapped[int]
    licensor_account_id: Mapped[int]
    licensee_account_id: Mapped[int]
    kind: Mapped[str]
    scope: Mapped[bytes]
    sublicence: Mapped[bool]
    price_minor: Mapped[int]
    licensee_fee_minor: Mapped[int]
    licensor_fee_minor: Mapped[int]
    items: Mapped[bytes]
    fee_version: Mapped[int]
    jurisdiction: Mapped[str]
    overlays_version: Mapped[int]
    publicity_days: Mapped[int]
    contract_sha256: Mapped[str]
    approval_sha256: Mapped[str]
    terms_sha256: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    open_licence_id: Mapped[int]
    accepted_by: Mapped[int]
    publicity_until_ns: Mapped[int]
    objected_by: Mapped[int]
    licensor_signed_by: Mapped[int]
    licensee_signed_by: Mapped[int]
    escrow_minor: Mapped[int]
    in_force_at_ns: Mapped[int]
    recordal_due_ns: Mapped[int]
    recorded_on: Mapped[str]
    office_reference: Mapped[str]
    late: Mapped[bool]
    ending_by: Mapped[int]
    ending_side: Mapped[str]
    ended_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_licences_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_licences_asset_id", "asset_id"),
    )


class OpenLicenceTable(Base):
    """Every declaration of an open licence; those that stand are what a start loads."""

    __tablename__ = "open_licences"

    open_licence_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    asset_id: Mapped[int]
    account_id: Mapped[int]
    member_id: Mapped[int]
    name: Mapped[str]
    scope: Mapped[bytes]
    fee_minor: Mapped[int]
    jurisdiction: Mapped[str]
    contract_sha256: Mapped[str]
    state: Mapped[str]
    declared_by: Mapped[int]
    declared_at_ns: Mapped[int]
    published_by: Mapped[int]
    published_at_ns: Mapped[int]
    office_reference: Mapped[str]
    taken: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_open_licences_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class PriceOfferTable(Base):
    """Every listed right offered at its price; those that are not closed are what a start loads."""

    __tablename__ = "price_offers"

    price_offer_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    listing_id: Mapped[int]
    asset_id: Mapped[int]
    name: Mapped[str]
    seller_account_id: Mapped[int]
    member_id: Mapped[int]
    money_asset_id: Mapped[int]
    price_minor: Mapped[int]
    deposit_minor: Mapped[int]
    contract_sha256: Mapped[str]
    payment_days: Mapped[int]
    closes_at_ns: Mapped[int]
    wait_for_recordal: Mapped[bool]
    jurisdiction: Mapped[str]
    fee_version: Mapped[int]
    overlays_version: Mapped[int]
    state: Mapped[str]
    offered_by: Mapped[int]
    offered_at_ns: Mapped[int]
    taker_account_id: Mapped[int]
    deposit_held_minor: Mapped[int]
    deal_id: Mapped[int]
    due_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_price_offers_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)
