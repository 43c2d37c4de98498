"""Members, users, keys, mandates; approvals, timers and runs; published texts."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class MemberTable(Base):
    """Who is admitted."""

    __tablename__ = "members"

    member_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str]
    role: Mapped[str]
    country: Mapped[str]
    identifier: Mapped[str]
    seller_class: Mapped[str]
    node: Mapped[str]
    simulated: Mapped[bool]
    status: Mapped[str]
    standings: Mapped[bytes]
    group_id: Mapped[int] = mapped_column(server_default="0")


class UserTable(Base):
    """Who may authenticate for a member."""

    __tablename__ = "users"

    user_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    user_name: Mapped[str] = mapped_column(unique=True)
    roles: Mapped[bytes]
    rights: Mapped[bytes]
    suspended: Mapped[bool]


class KeyTable(Base):
    """Counterparties' public keys, revoked ones too: they prove what was signed."""

    __tablename__ = "keys"

    key_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    user_id: Mapped[int]
    public_key: Mapped[bytes] = mapped_column(unique=True)
    valid_from_ns: Mapped[int]
    valid_until_ns: Mapped[int]
    revoked: Mapped[bool]


class MandateTable(Base):
    """Who may act on whose account."""

    __tablename__ = "mandates"

    mandate_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    user_id: Mapped[int]
    rights: Mapped[bytes]
    limit_minor: Mapped[int]
    valid_from_ns: Mapped[int]
    valid_until_ns: Mapped[int]
    revoked: Mapped[bool]
    live: Mapped[bool]


class ApprovalTable(Base):
    """Commands that wait, or waited, for a second pair of eyes."""

    __tablename__ = "approvals"

    approval_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    maker_id: Mapped[int]
    command_name: Mapped[str]
    command: Mapped[bytes]
    expires_at_ns: Mapped[int]
    status: Mapped[str]
    member_id: Mapped[int] = mapped_column(server_default="0")
    needed_right: Mapped[str] = mapped_column(server_default=text("''"))
    decided_by: Mapped[int] = mapped_column(server_default="0")
    live: Mapped[bool]

    __table_args__ = (Index("ix_approvals_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class TimerTable(Base):
    """What is due, and when."""

    __tablename__ = "timers"

    timer_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    due_ns: Mapped[int]
    kind: Mapped[str]
    subject_id: Mapped[int]


class RunTable(Base):
    """Long work: its frozen plan and how far it has come."""

    __tablename__ = "runs"

    run_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    argument: Mapped[str]
    subject_id: Mapped[int]
    plan: Mapped[bytes]
    plan_hash: Mapped[bytes]
    total: Mapped[int]
    position: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_runs_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class PublishedTable(Base):
    """Profiles, fee schedules, calendars and overlays, each version whole."""

    __tablename__ = "published"

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    effective_from: Mapped[str]
    text: Mapped[str]
    text_hash: Mapped[str]
    confirmed: Mapped[bytes]
    active_since_ns: Mapped[int]


class AuthorisationTable(Base):
    """What authorities let this venue run."""

    __tablename__ = "authorisations"

    authorisation_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    profile: Mapped[str]
    authority: Mapped[str]
    reference: Mapped[str]
    document_sha256: Mapped[str]
    starts_on: Mapped[str]
    ends_on: Mapped[str]
    withdrawn: Mapped[bool]
    reason: Mapped[str]
