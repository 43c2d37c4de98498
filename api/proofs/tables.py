"""The proofs' tables. They lie in the edge store, so that nobody but the sequencer ever writes beside the journal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Index, LargeBinary, PrimaryKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.auth.edge_tables import EdgeBase


class ProofTile(EdgeBase):
    """Up to 256 hashes of one level of one tree: 0 is the journal's, else the holdings' at the head of that number."""

    __tablename__ = "proof_tile"
    __table_args__ = (PrimaryKeyConstraint("tree", "level", "place", name="pk_proof_tile"),)

    tree: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    level: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class ProofEntries(EdgeBase):
    """Up to 256 holdings, in the order of their leaves; 32 bytes each, found by the first one's account and asset."""

    __tablename__ = "proof_entries"
    __table_args__ = (
        PrimaryKeyConstraint("tree", "place", name="pk_proof_entries"),
        Index("ix_proof_entries_first", "tree", "first_account", "first_asset"),
    )

    tree: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    first_account: Mapped[int] = mapped_column(BigInteger)
    first_asset: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[bytes] = mapped_column(LargeBinary)


class ProofHead(EdgeBase):
    """One signed head, as it was signed. `given_up`: an operator accepted a journal that does not hold it."""

    __tablename__ = "proof_head"
    __table_args__ = (PrimaryKeyConstraint("number", name="pk_proof_head"),)

    number: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    chain: Mapped[bytes] = mapped_column(LargeBinary(32))
    holdings_size: Mapped[int] = mapped_column(BigInteger)
    given_up: Mapped[bool] = mapped_column(Boolean)
    statement: Mapped[str] = mapped_column(Text)


class ProofKey(EdgeBase):
    """One key that signed heads, as the key before it introduced it."""

    __tablename__ = "proof_key"
    __table_args__ = (PrimaryKeyConstraint("number", name="pk_proof_key"),)

    number: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    public_key: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
