"""Agreements about rights and blocks of units, what they promised for later, and pilot assignments."""

from __future__ import annotations

from sqlalchemy import Index, text
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
    items: Mapped[bytes]
    burdens_sha256: Mapped[str]
    burdens: Mapped[bytes]
    preemption_until_ns: Mapped[int]
    displaced_account_id: Mapped[int]
    parts: Mapped[bytes]
    asset_kind: Mapped[str]
    live: Mapped[bool]


class LastSaleTable(Base):
    """The last completed agreement about each right."""

    __tablename__ = "last_sales"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    deal_id: Mapped[int]
    seller_id: Mapped[int]
    buyer_id: Mapped[int]
    contracted_at_ns: Mapped[int]
    sides: Mapped[bytes]


class NotifiedClaimTable(Base):
    """Every prior claim somebody was told of in a deal; those that are not over are what a start loads."""

    __tablename__ = "notified_claims"

    claim_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    deal_id: Mapped[int]
    asset_id: Mapped[int]
    kind: Mapped[str]
    member_id: Mapped[int]
    account_id: Mapped[int]
    seller_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    weight: Mapped[int]
    until_ns: Mapped[int]
    state: Mapped[str]
    held_minor: Mapped[int]
    answered_by: Mapped[int]
    answered_at_ns: Mapped[int]
    units: Mapped[int]
    price_minor: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_notified_claims_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_notified_claims_deal_id", "deal_id"),
    )


class ConsentTable(Base):
    """Every consent of a co-owner; those that were not withdrawn are what a start loads."""

    __tablename__ = "consents"

    consent_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    asset_id: Mapped[int]
    member_id: Mapped[int]
    act: Mapped[str]
    until_ns: Mapped[int]
    document_sha256: Mapped[str]
    given_by: Mapped[int]
    given_at_ns: Mapped[int]
    to_member_id: Mapped[int]
    floor_minor: Mapped[int]
    withdrawn_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_consents_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class PaymentPlanTable(Base):
    """What the obligations of one agreement have in common; those with open ones are what a start loads."""

    __tablename__ = "payment_plans"

    deal_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    debtor_account_id: Mapped[int]
    creditor_account_id: Mapped[int]
    method: Mapped[str]
    fee_version: Mapped[int]
    paid_minor: Mapped[int]
    open: Mapped[int]
    licence_id: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_payment_plans_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class ObligationTable(Base):
    """Everything that was promised for later, and what became of it."""

    __tablename__ = "obligations"

    obligation_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    deal_id: Mapped[int]
    market_id: Mapped[int]
    asset_id: Mapped[int]
    money_asset_id: Mapped[int]
    debtor_account_id: Mapped[int]
    creditor_account_id: Mapped[int]
    kind: Mapped[str]
    place: Mapped[int]
    state: Mapped[str]
    subject: Mapped[str]
    rate_ppm: Mapped[int]
    minimum_minor: Mapped[int]
    due_days: Mapped[int]
    amount_minor: Mapped[int]
    opens_at_ns: Mapped[int]
    due_at_ns: Mapped[int]
    paid_minor: Mapped[int]
    late: Mapped[bool]
    base_minor: Mapped[int]
    reported_by: Mapped[int]
    evidence_sha256: Mapped[str]
    closed_at_ns: Mapped[int]
    reason: Mapped[str]
    licence_id: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_obligations_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_obligations_deal_id", "deal_id"),
    )


class QuoteRequestTable(Base):
    """Every request for quotes; those that are not closed are what a start loads."""

    __tablename__ = "quote_requests"

    request_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    listing_id: Mapped[int]
    asset_id: Mapped[int]
    name: Mapped[str]
    seller_account_id: Mapped[int]
    member_id: Mapped[int]
    money_asset_id: Mapped[int]
    addressees: Mapped[bytes]
    basis: Mapped[bytes]
    contract_sha256: Mapped[str]
    payment_days: Mapped[int]
    closes_at_ns: Mapped[int]
    wait_for_recordal: Mapped[bool]
    jurisdiction: Mapped[str]
    fee_version: Mapped[int]
    overlays_version: Mapped[int]
    state: Mapped[str]
    requested_by: Mapped[int]
    requested_at_ns: Mapped[int]
    n_quotes: Mapped[int]
    deal_id: Mapped[int]
    due_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_quote_requests_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
    )


class QuoteTable(Base):
    """Every quote; those that stand are what a start loads."""

    __tablename__ = "quotes"

    quote_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    request_id: Mapped[int]
    account_id: Mapped[int]
    member_id: Mapped[int]
    seller_account_id: Mapped[int]
    price_minor: Mapped[int]
    items: Mapped[bytes]
    rows: Mapped[bytes]
    worth_minor: Mapped[int]
    valid_until_ns: Mapped[int]
    state: Mapped[str]
    quoted_by: Mapped[int]
    quoted_at_ns: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_quotes_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_quotes_request_id", "request_id"),
    )


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
    kind: Mapped[str]
    reform_id: Mapped[int]
    reform_version: Mapped[int]
    rules: Mapped[bytes]
    field: Mapped[str]
    use_years: Mapped[int]
    use_transferable: Mapped[bool]
    reports: Mapped[bytes]
    asset_ids: Mapped[bytes]
    added_owner_ids: Mapped[bytes]
    contracted_at_ns: Mapped[int]
    effective_date: Mapped[str]
    office_reference: Mapped[str]
    known_at_ns: Mapped[int]
    reports_filed: Mapped[int]
    kept_share_id: Mapped[int]
    live: Mapped[bool]


class PackTable(Base):
    """The evidence of every disposal that has a due-diligence pack; `facts` are frozen when its right has passed."""

    __tablename__ = "packs"

    case_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    member_id: Mapped[int]
    state: Mapped[str]
    facts: Mapped[str]
    facts_sha256: Mapped[str]
    met_by_register: Mapped[bytes]
    missing: Mapped[bytes]
    evidence: Mapped[bytes]
    opened_by: Mapped[int]
    opened_at_ns: Mapped[int]
    frozen_at_ns: Mapped[int]
    sealed_by: Mapped[int]
    sealed_at_ns: Mapped[int]
    pack_sha256: Mapped[str]
