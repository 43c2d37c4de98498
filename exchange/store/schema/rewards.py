"""Reward schemes, their calls, the events that open claims, and the applications."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class SchemeTable(Base):
    """Every scheme, with what it called and paid."""

    __tablename__ = "schemes"

    scheme_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    programme: Mapped[str]
    version: Mapped[int]
    text_hash: Mapped[str]
    sponsor_account_id: Mapped[int]
    sponsor_member_id: Mapped[int]
    money_asset_id: Mapped[int]
    by_order: Mapped[bool]
    budget_minor: Mapped[int]
    state: Mapped[str]
    called_minor: Mapped[int]
    paid_minor: Mapped[int]
    amounts: Mapped[bytes]
    decision_sha256: Mapped[str]
    reason: Mapped[str]


class SchemeCallTable(Base):
    """Every call, and what of its budget nobody was promised."""

    __tablename__ = "scheme_calls"

    call_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    scheme_id: Mapped[int]
    year: Mapped[int]
    opens_on: Mapped[str]
    closes_on: Mapped[str]
    budget_minor: Mapped[int]
    left_minor: Mapped[int]
    state: Mapped[str]


class RewardEventTable(Base):
    """What happened outside and opens claims."""

    __tablename__ = "reward_events"

    event_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    reference: Mapped[str]
    happened_on: Mapped[str]
    parties: Mapped[bytes]
    facts: Mapped[bytes]
    document_sha256: Mapped[str]
    recorded_by: Mapped[int]
    recorded_at_ns: Mapped[int]
    product_id: Mapped[int]


class ApplicationTable(Base):
    """Every application with its figures; those that count are what a start loads."""

    __tablename__ = "applications"

    application_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    scheme_id: Mapped[int]
    call_id: Mapped[int]
    year: Mapped[int]
    programme: Mapped[str]
    version: Mapped[int]
    role: Mapped[str]
    account_id: Mapped[int]
    member_id: Mapped[int]
    state: Mapped[str]
    product_id: Mapped[int]
    event_id: Mapped[int]
    evidence: Mapped[bytes]
    asked_minor: Mapped[int]
    awarded_minor: Mapped[int]
    figures: Mapped[bytes]
    submitted_sequence: Mapped[int]
    accepted: Mapped[bool]
    points: Mapped[int]
    decision_sha256: Mapped[str]
    judged_by: Mapped[int]
    objected_by: Mapped[int]
    reason: Mapped[str]
    notice_until_ns: Mapped[int]
    appeal_until_ns: Mapped[int]
    was_appealed: Mapped[bool]
    order_reference: Mapped[str]
    voucher_sha256: Mapped[str]
    paid_at_ns: Mapped[int]
    trigger: Mapped[str]
    clawback_sha256: Mapped[str]
    repaid_voucher_sha256: Mapped[str]
    clawback_minor: Mapped[int]
    repaid_minor: Mapped[int]
    issue_id: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_applications_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_applications_call_id", "call_id"),
    )
