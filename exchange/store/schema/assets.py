"""Documents on file, patents, applicants' aliases, rights in custody, recorded papers, outcomes and share deeds."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class DocumentTable(Base):
    """Every file on record; its bytes lie in the blob store under the hash."""

    __tablename__ = "documents"

    document_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sha256: Mapped[str]
    member_id: Mapped[int]
    size_bytes: Mapped[int]
    media_type: Mapped[str]
    title: Mapped[str]
    subject: Mapped[str]
    filed_by: Mapped[int]
    filed_at_ns: Mapped[int]

    __table_args__ = (UniqueConstraint("member_id", "sha256"),)


class PatentTable(Base):
    """Every patent as last imported, and how it stands here; memory keeps the first twelve columns."""

    __tablename__ = "patents"

    patent_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(unique=True)
    country: Mapped[str]
    status: Mapped[str]
    nominal_expiry: Mapped[str]
    content_hash: Mapped[bytes]
    listable: Mapped[bool]
    shareable: Mapped[bool]
    owner_id: Mapped[int] = mapped_column(index=True)
    encumbered: Mapped[bool]
    outcome_id: Mapped[int]
    right_id: Mapped[int]
    publication_number: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    applicants: Mapped[bytes]
    applicant_commitments: Mapped[bytes]
    inventor_commitments: Mapped[bytes]
    inventors_abridged: Mapped[bool]
    application_number: Mapped[str]
    filing_date: Mapped[str]
    publication_date: Mapped[str]
    grant_date: Mapped[str]
    priority_date: Mapped[str]
    earliest_filing_date: Mapped[str]
    ipc: Mapped[bytes]
    expiry_basis: Mapped[str]
    missing: Mapped[bytes]
    blocks: Mapped[bytes]
    imported_by: Mapped[int]
    imported_at_ns: Mapped[int]


class AliasTable(Base):
    """Applicants' names that an operator mapped to members."""

    __tablename__ = "aliases"

    alias_key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    member_id: Mapped[int]


class RightTable(Base):
    """Whole ownership rights in custody, by their asset."""

    __tablename__ = "rights"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    patent_id: Mapped[int]
    outcome_id: Mapped[int]
    form: Mapped[str]
    settlement: Mapped[str]
    title_regime: Mapped[str]
    technology_class: Mapped[str]
    title: Mapped[str]
    title_reasons: Mapped[str]
    encumbered: Mapped[bool]
    evidence: Mapped[bytes]
    examined_on: Mapped[bytes]
    examined_by: Mapped[int]
    registered_at_ns: Mapped[int]


class ConveyanceTable(Base):
    """Every version of every recorded paper; an answer for a past moment reads those known then."""

    __tablename__ = "conveyances"

    conveyance_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    reel_frame: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    confirms: Mapped[str]
    executed_on: Mapped[str]
    recorded_on: Mapped[str]
    assignors: Mapped[bytes]
    assignees: Mapped[bytes]
    persons_from: Mapped[int]
    persons_to: Mapped[int]
    names: Mapped[bytes]
    properties_stated: Mapped[int]
    properties: Mapped[bytes]
    imported_by: Mapped[int]
    known_at_ns: Mapped[int]
    superseded_at_ns: Mapped[int]
    live: Mapped[bool]


class RecordedTitleTable(Base):
    """What the papers known last say of each property."""

    __tablename__ = "recorded_titles"

    property_id: Mapped[str] = mapped_column(primary_key=True)
    application_number: Mapped[str] = mapped_column(index=True)
    patent_number: Mapped[str] = mapped_column(index=True)
    publication_number: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    encumbered: Mapped[bool]
    owners: Mapped[bytes]
    reasons: Mapped[bytes]
    reel_frames: Mapped[bytes]
    found_at_ns: Mapped[int]


class OutcomeTable(Base):
    """Research outcomes, what they consist of, who paid and who has prior claims."""

    __tablename__ = "outcomes"

    outcome_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int] = mapped_column(index=True)
    title: Mapped[str]
    readiness_level: Mapped[int]
    technology_class: Mapped[str]
    funding_currency: Mapped[str]
    funding: Mapped[bytes]
    patent_ids: Mapped[bytes]
    co_owner_ids: Mapped[bytes]
    claims: Mapped[bytes]
    node: Mapped[str]
    form: Mapped[str]
    registered_at_ns: Mapped[int]
    right_id: Mapped[int]
    share_asset_id: Mapped[int]
    immobilised_id: Mapped[int]
    deed_id: Mapped[int]
    holders: Mapped[bytes]


class ShareDeedTable(Base):
    """Every version of every share deed."""

    __tablename__ = "share_deeds"

    deed_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    outcome_id: Mapped[int]
    version: Mapped[int]
    document_sha256: Mapped[str]
    registered_holder_id: Mapped[int]
    signer_ids: Mapped[bytes]
    transfer_consent: Mapped[bool]
    preemption_waived: Mapped[bool]
    reserved_matters: Mapped[bytes]
    majority_ppm: Mapped[int]
    income_ratio_ppm: Mapped[int]
    cost_duty: Mapped[str]
    on_lapse: Mapped[str]
    on_delisting: Mapped[str]
    on_whole: Mapped[str]
    filed_at_ns: Mapped[int]
