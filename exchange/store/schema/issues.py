"""Issued deals: issues, their closing checklists, shelves, offers and the bids of their books."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class IssueTable(Base):
    """Every issue of a published deal."""

    __tablename__ = "issues"

    issue_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str]
    market_id: Mapped[int]
    money_asset_id: Mapped[int]
    deal_name: Mapped[str]
    deal_version: Mapped[int]
    deal_hash: Mapped[str]
    model: Mapped[str]
    state: Mapped[str]
    parties: Mapped[bytes]
    claims: Mapped[bytes]
    classes: Mapped[bytes]
    accounts: Mapped[bytes]
    payees: Mapped[bytes]
    closing_fees: Mapped[bytes]
    proceeds_account_id: Mapped[int]
    running: Mapped[bytes]
    pool_id: Mapped[int]
    shelf_id: Mapped[int]
    offering_id: Mapped[int]
    raised_minor: Mapped[int]
    retained_minor: Mapped[int]
    purchase_minor: Mapped[int]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    established_at_ns: Mapped[int]
    reason: Mapped[str]


class ClosingItemTable(Base):
    """Every line of the closing checklists."""

    __tablename__ = "closing_items"

    closing_item_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    issue_id: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str]
    claim_id: Mapped[int]
    subject: Mapped[str]
    documents: Mapped[bytes]
    reference_id: Mapped[int]
    grade: Mapped[str]
    satisfied_by: Mapped[int]
    satisfied_at_ns: Mapped[int]
    pool_asset_id: Mapped[int]


class NoteLockTable(Base):
    """What originators keep of their classes, until it is redeemed."""

    __tablename__ = "note_locks"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    issue_id: Mapped[int]
    account_id: Mapped[int]
    units: Mapped[int]


class ShelfTable(Base):
    """Shelves, and what was drawn of each."""

    __tablename__ = "shelves"

    shelf_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    authority: Mapped[str]
    document_sha256: Mapped[str]
    amount_minor: Mapped[int]
    least_draw_minor: Mapped[int]
    most_draw_minor: Mapped[int]
    most_draws: Mapped[int]
    first_draw_by: Mapped[str]
    expires_on: Mapped[str]
    drawn_minor: Mapped[int]
    draws: Mapped[int]


class OfferingTable(Base):
    """Every offer of an issue's classes."""

    __tablename__ = "offerings"

    offering_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    issue_id: Mapped[int]
    money_asset_id: Mapped[int]
    issuer_account_id: Mapped[int]
    state: Mapped[str]
    pricing: Mapped[str]
    allotment: Mapped[str]
    classes: Mapped[bytes]
    opened_at_ns: Mapped[int]
    ends_ns: Mapped[int]
    lapses_ns: Mapped[int]
    book_cap_minor: Mapped[int]
    refund_rate_ppm: Mapped[int]
    document_sha256: Mapped[str]
    reserve_held_minor: Mapped[int]
    locked_minor: Mapped[int]
    bids: Mapped[int]
    raised_minor: Mapped[int]
    refunded_minor: Mapped[int]
    interest_minor: Mapped[int]
    results: Mapped[bytes]
    reason: Mapped[str]


class BookBidTable(Base):
    """Every bid of a book; those that are open are what a start loads."""

    __tablename__ = "book_bids"

    book_bid_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    offering_id: Mapped[int]
    issue_id: Mapped[int]
    account_id: Mapped[int]
    money_asset_id: Mapped[int]
    class_name: Mapped[str]
    notes: Mapped[int]
    bid_limit: Mapped[int]
    held_minor: Mapped[int]
    state: Mapped[str]
    bid_at_ns: Mapped[int]
    allotted_notes: Mapped[int]
    paid_minor: Mapped[int]
    interest_minor: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_book_bids_live", "offering_id", sqlite_where=sql("live"), postgresql_where=sql("live")),
    )
