"""The tables of the `edge` store: what lets somebody in, and nothing about what they own.

Secrets arrive here hashed (passwords by argon2id, tokens and tickets by SHA-256), so a copy of this database logs
nobody in; the exceptions are the exchange's own private keys, which is why the file is readable by its owner only.
User identifiers are the engine's; no foreign key can cross to another database, and none is needed, because the
engine asks again.

A new table may be added without more ado (`create_all` makes it); changing a table raises SCHEMA_VERSION.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, MetaData, PrimaryKeyConstraint, String
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "edge"
SCHEMA_VERSION = 1


class EdgeBase(DeclarativeBase):
    """Every table of the edge store. On SQLite the schema is the file, so the store translates it away."""

    metadata = MetaData(schema=SCHEMA)


class SchemaVersion(EdgeBase):
    """One row: the shape of these tables. A program that expects another one refuses to start."""

    __tablename__ = "schema_version"
    __table_args__ = (PrimaryKeyConstraint("version", name="pk_schema_version"),)

    version: Mapped[int] = mapped_column(BigInteger, autoincrement=False)


class Credential(EdgeBase):
    """A login name, the user it belongs to, and the argon2id hash of its password."""

    __tablename__ = "credential"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", name="pk_credential"),
        Unique("login", name="uq_credential_login"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    login: Mapped[str] = mapped_column(String(128))
    password_hash: Mapped[str] = mapped_column(String(256))
    changed_at_ns: Mapped[int] = mapped_column(BigInteger)


class RefreshFamily(EdgeBase):
    """One login and everything that descends from it. Revoking the family ends them all."""

    __tablename__ = "refresh_family"
    __table_args__ = (
        PrimaryKeyConstraint("family_id", name="pk_refresh_family"),
        Index("ix_refresh_family_user", "user_id"),
        Index("ix_refresh_family_ends", "ends_at_ns"),
    )

    family_id: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[int] = mapped_column(BigInteger)
    started_at_ns: Mapped[int] = mapped_column(BigInteger)
    ends_at_ns: Mapped[int] = mapped_column(BigInteger)
    revoked_at_ns: Mapped[int | None] = mapped_column(BigInteger)
    revoked_because: Mapped[str | None] = mapped_column(String(32))


class RefreshToken(EdgeBase):
    """One refresh token, by its SHA-256. Used ones stay until the family ends: their second use is the alarm."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        PrimaryKeyConstraint("token_hash", name="pk_refresh_token"),
        ForeignKeyConstraint(
            ["family_id"], [RefreshFamily.family_id], name="fk_refresh_token_family", ondelete="CASCADE"
        ),
        Index("ix_refresh_token_family", "family_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    family_id: Mapped[str] = mapped_column(String(32))
    expires_at_ns: Mapped[int] = mapped_column(BigInteger)
    used_at_ns: Mapped[int | None] = mapped_column(BigInteger)


class StreamTicket(EdgeBase):
    """One permission to open one stream, by its SHA-256. Redeeming it deletes it."""

    __tablename__ = "stream_ticket"
    __table_args__ = (
        PrimaryKeyConstraint("ticket_hash", name="pk_stream_ticket"),
        ForeignKeyConstraint(
            ["family_id"], [RefreshFamily.family_id], name="fk_stream_ticket_family", ondelete="CASCADE"
        ),
        Index("ix_stream_ticket_family", "family_id"),
        Index("ix_stream_ticket_expires", "expires_at_ns"),
    )

    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    family_id: Mapped[str] = mapped_column(String(32))
    expires_at_ns: Mapped[int] = mapped_column(BigInteger)


class Nonce(EdgeBase):
    """One signed request that was accepted, kept until its signature can no longer be."""

    __tablename__ = "nonce"
    __table_args__ = (
        PrimaryKeyConstraint("key_id", "nonce", name="pk_nonce"),
        Index("ix_nonce_keep_until", "keep_until_ns"),
    )

    key_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    nonce: Mapped[str] = mapped_column(String(64))
    keep_until_ns: Mapped[int] = mapped_column(BigInteger)


class SigningKey(EdgeBase):
    """One key of the exchange's own. The private half goes when it stops signing, the public half stays as proof."""

    __tablename__ = "signing_key"
    __table_args__ = (PrimaryKeyConstraint("key_id", name="pk_signing_key"),)

    key_id: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(16))
    public_jwk: Mapped[str] = mapped_column(String(512))
    private_jwk: Mapped[str | None] = mapped_column(String(512))
    signs_from_ns: Mapped[int] = mapped_column(BigInteger)
    verifies_until_ns: Mapped[int | None] = mapped_column(BigInteger)
