"""Servicing of deals: duties, collections, payments with their reasons, and what each holder was paid."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class ServicingTable(Base):
    """Every deal in servicing; those with something still to pay are what a start loads."""

    __tablename__ = "servicings"

    servicing_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    state: Mapped[str]
    originator_account_id: Mapped[int]
    servicer_account_id: Mapped[int]
    trustee_account_id: Mapped[int]
    name: Mapped[str]
    deal_text: Mapped[str]
    deal_sha256: Mapped[str]
    money_asset_id: Mapped[int]
    classes: Mapped[bytes]
    accounts: Mapped[bytes]
    payees: Mapped[bytes]
    running: Mapped[bytes]
    calendar: Mapped[bytes]
    collections_account_id: Mapped[int]
    period: Mapped[int]
    deposited_minor: Mapped[int]
    repurchased_minor: Mapped[int]
    record_sequence: Mapped[int]
    collection_id: Mapped[int]
    payment_id: Mapped[int]
    paying: Mapped[bool]
    issue_id: Mapped[int]
    pool_id: Mapped[int]
    fallen: Mapped[bytes]
    backup_account_id: Mapped[int]
    perfected_at_ns: Mapped[int]
    perfection_sha256: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_servicings_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class DutyTable(Base):
    """Every duty of every period, and whether it was done in time."""

    __tablename__ = "duties"

    duty_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    servicing_id: Mapped[int]
    account_id: Mapped[int]
    period: Mapped[int]
    kind: Mapped[str]
    subject: Mapped[str]
    member_id: Mapped[int]
    due_ns: Mapped[int]
    state: Mapped[str]
    report_sha256: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_duties_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class CollectionTable(Base):
    """Every version of every collection."""

    __tablename__ = "collections"

    collection_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    servicing_id: Mapped[int]
    account_id: Mapped[int]
    period: Mapped[int]
    version: Mapped[int]
    state: Mapped[str]
    parts: Mapped[int]
    rows: Mapped[int]
    last_key: Mapped[str]
    totals: Mapped[bytes]
    rows_sha256: Mapped[str]
    figures: Mapped[bytes]
    fallen: Mapped[bytes]
    live: Mapped[bool]

    __table_args__ = (Index("ix_collections_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class CollectionPageTable(Base):
    """The rows of collections, a page an import; none is loaded."""

    __tablename__ = "collection_pages"

    page_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    collection_id: Mapped[int]
    account_id: Mapped[int]
    n: Mapped[int]
    rows: Mapped[bytes]
    live: Mapped[bool]

    __table_args__ = (Index("ix_collection_pages_collection_id", "collection_id"),)


class ProjectedPeriodTable(Base):
    """What each period was expected to bring, and how far it was from that."""

    __tablename__ = "projected_periods"

    projected_period_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    servicing_id: Mapped[int]
    account_id: Mapped[int]
    servicer_account_id: Mapped[int]
    period: Mapped[int]
    version: Mapped[int]
    projected: Mapped[bytes]
    document_sha256: Mapped[str]
    collection_id: Mapped[int]
    difference: Mapped[bytes]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_projected_periods_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
    )


class DealPaymentTable(Base):
    """Every payment with its whole result."""

    __tablename__ = "deal_payments"

    payment_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    servicing_id: Mapped[int]
    account_id: Mapped[int]
    period: Mapped[int]
    revision: Mapped[int]
    state: Mapped[str]
    collection_id: Mapped[int]
    failed_supports: Mapped[bytes]
    result: Mapped[bytes]
    after: Mapped[bytes]
    pay_ins: Mapped[bytes]
    plan_sha256: Mapped[str]
    prepared_by: Mapped[int]
    prepared_at_ns: Mapped[int]
    approved_by: Mapped[int]
    escrow_account_id: Mapped[int]
    classes_left: Mapped[int]
    waiting_minor: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_deal_payments_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class ClassPaymentTable(Base):
    """What each class was paid in each period."""

    __tablename__ = "class_payments"

    class_payment_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    servicing_id: Mapped[int]
    account_id: Mapped[int]
    period: Mapped[int]
    name: Mapped[str]
    asset_id: Mapped[int]
    record_sequence: Mapped[int]
    state: Mapped[str]
    payment_id: Mapped[int]
    pot_minor: Mapped[int]
    redeems: Mapped[bool]
    holders: Mapped[int]
    record_units: Mapped[int]
    pages: Mapped[int]
    paid_minor: Mapped[int]
    burned_units: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_class_payments_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
    )


class PaymentPageTable(Base):
    """What each holder was paid, a page a chunk; none is loaded."""

    __tablename__ = "payment_pages"

    page_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    class_payment_id: Mapped[int]
    payment_id: Mapped[int]
    account_id: Mapped[int]
    n: Mapped[int]
    first_account_id: Mapped[int]
    last_account_id: Mapped[int]
    lines: Mapped[bytes]
    live: Mapped[bool]

    __table_args__ = (Index("ix_payment_pages_payment_id", "payment_id"),)


class UnpaidPartTable(Base):
    """Every part that waited for its holder."""

    __tablename__ = "unpaid_parts"

    unpaid_part_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    payment_id: Mapped[int]
    escrow_account_id: Mapped[int]
    account_id: Mapped[int]
    money_asset_id: Mapped[int]
    amount_minor: Mapped[int]
    released_sequence: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_unpaid_parts_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)
