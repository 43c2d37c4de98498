"""Reform programmes and what follows a pilot assignment: use rights, reports, transfers of what was kept."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class ReformTable(Base):
    """Every reform programme, as it stands in its newest version."""

    __tablename__ = "reforms"

    reform_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    version: Mapped[int]
    name: Mapped[str]
    market_id: Mapped[int]
    stage: Mapped[str]
    unit_ids: Mapped[bytes]
    all_units: Mapped[bool]
    kinds: Mapped[bytes]
    fields: Mapped[bytes]
    negative_fields: Mapped[bytes]
    excluded_classes: Mapped[bytes]
    rules: Mapped[bytes]
    document_sha256: Mapped[str]
    changed_by: Mapped[int]
    changed_at_ns: Mapped[int]
    starts_on: Mapped[str]
    ends_on: Mapped[str]
    report_sha256: Mapped[str]
    reason: Mapped[str]


class UseRightTable(Base):
    """Every use right that pilot cases granted; those that stand are what a start loads."""

    __tablename__ = "use_rights"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    pilot_id: Mapped[int]
    outcome_id: Mapped[int]
    transferable: Mapped[bool]
    years: Mapped[int]
    from_ns: Mapped[int]
    until_date: Mapped[str]
    until_ns: Mapped[int]
    state: Mapped[str]
    extensions: Mapped[int]
    ended_at_ns: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_use_rights_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class PilotReportTable(Base):
    """Every report that is owed or filed; those that are owed are what a start loads."""

    __tablename__ = "pilot_reports"

    report_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    pilot_id: Mapped[int]
    outcome_id: Mapped[int]
    account_id: Mapped[int]
    representative_id: Mapped[int]
    place: Mapped[int]
    stage: Mapped[str]
    subject: Mapped[str]
    due_at_ns: Mapped[int]
    state: Mapped[str]
    late: Mapped[bool]
    document_sha256: Mapped[str]
    progress_ppm: Mapped[int]
    note: Mapped[str]
    filed_by: Mapped[int]
    filed_at_ns: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_pilot_reports_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_pilot_reports_pilot_id", "pilot_id"),
    )


class KeptShareTable(Base):
    """Every transfer of a kept share; those that may still come to something are what a start loads."""

    __tablename__ = "kept_shares"

    kept_share_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    pilot_id: Mapped[int]
    outcome_id: Mapped[int]
    market_id: Mapped[int]
    money_asset_id: Mapped[int]
    account_id: Mapped[int]
    representative_id: Mapped[int]
    team: Mapped[bytes]
    kept: Mapped[bytes]
    price_minor: Mapped[int]
    contract_sha256: Mapped[str]
    decision_sha256: Mapped[str]
    state: Mapped[str]
    offered_by: Mapped[int]
    offered_at_ns: Mapped[int]
    notice_until_ns: Mapped[int]
    objected_by: Mapped[int]
    contracted_at_ns: Mapped[int]
    effective_date: Mapped[str]
    office_reference: Mapped[str]
    known_at_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_kept_shares_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_kept_shares_pilot_id", "pilot_id"),
    )


class IncentiveTable(Base):
    """The outcomes whose contributors were rewarded after their transfer."""

    __tablename__ = "incentives"

    outcome_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    document_sha256: Mapped[str]
    recorded_by: Mapped[int]
    recorded_at_ns: Mapped[int]
