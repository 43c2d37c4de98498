"""Accounts, assets and banks; postings, balances and the private channels' numbers."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class AccountTable(Base):
    """Every owner's place, the venue's own too."""

    __tablename__ = "accounts"

    account_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int] = mapped_column(index=True)
    sub_account: Mapped[str]
    beneficiary: Mapped[str]
    kind: Mapped[str]
    frozen: Mapped[bool]
    orders_killed: Mapped[bool] = mapped_column(server_default=false())
    allocates: Mapped[bool] = mapped_column(server_default=false())


class AssetTable(Base):
    """What custody holds units of."""

    __tablename__ = "assets"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str]
    scale: Mapped[int]
    bank_id: Mapped[int]
    total_units: Mapped[int]
    title_regime: Mapped[str]
    subject_id: Mapped[int]
    home_account_id: Mapped[int]
    frozen: Mapped[bool]


class BankTable(Base):
    """Settlement banks, each with one currency's money asset and the venue's accounts there."""

    __tablename__ = "banks"

    bank_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str]
    currency: Mapped[str]
    money_asset_id: Mapped[int]
    nostro_client_id: Mapped[int]
    nostro_house_id: Mapped[int]
    suspense_id: Mapped[int]
    in_transit_id: Mapped[int]
    escrow_id: Mapped[int]
    fees_due_id: Mapped[int]
    house_id: Mapped[int]


class ReceiptTable(Base):
    """Payments that came in, and whose they are."""

    __tablename__ = "receipts"

    receipt_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    bank_id: Mapped[int]
    reference: Mapped[str]
    payer_name: Mapped[str]
    payer_account: Mapped[str]
    amount_minor: Mapped[int]
    account_id: Mapped[int]
    status: Mapped[str]

    __table_args__ = (UniqueConstraint("bank_id", "reference"),)


class PayoutAccountTable(Base):
    """Bank accounts verified to be a member's own."""

    __tablename__ = "payout_accounts"

    payout_account_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    bank_account: Mapped[str]
    holder_name: Mapped[str]
    revoked: Mapped[bool]
    live: Mapped[bool]


class WithdrawalTable(Base):
    """Payments on their way out, or over."""

    __tablename__ = "withdrawals"

    withdrawal_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    asset_id: Mapped[int]
    payout_account_id: Mapped[int]
    amount_minor: Mapped[int]
    status: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_withdrawals_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class TransferTable(Base):
    """Transfers that may be, or were, reversed."""

    __tablename__ = "transfers"

    transfer_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    legs: Mapped[bytes]
    subject_id: Mapped[int]
    reversed_at: Mapped[int]


class TitleEntryTable(Base):
    """The register's lines about transfers of rights: contracted, effective, unwound, dated anew."""

    __tablename__ = "title_entries"

    entry_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    asset_id: Mapped[int] = mapped_column(index=True)
    subject: Mapped[str]
    stage: Mapped[str]
    from_account_id: Mapped[int]
    to_account_id: Mapped[int]
    units: Mapped[int]
    contracted_at_ns: Mapped[int]
    effective_ns: Mapped[int]
    known_at_ns: Mapped[int]
    corrects: Mapped[int]
    superseded: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_title_entries_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class ReconciliationTable(Base):
    """Statements of banks and other registers, and what became of their comparison."""

    __tablename__ = "reconciliations"

    reconciliation_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    source: Mapped[str]
    bank_id: Mapped[int]
    asset_id: Mapped[int]
    statement_date: Mapped[str]
    statement_sha256: Mapped[str]
    ours: Mapped[int]
    theirs: Mapped[int]
    ours_house_minor: Mapped[int]
    theirs_house_minor: Mapped[int]
    status: Mapped[str]
    opened_by: Mapped[int]
    opened_at_ns: Mapped[int]
    since: Mapped[int]
    lines: Mapped[int]
    last_reference: Mapped[str]
    last_account_id: Mapped[int]
    differences: Mapped[int]
    unresolved: Mapped[int]
    newest: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_reconciliations_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
    )


class DifferenceTable(Base):
    """In what a statement and the venue differed, and how that was resolved."""

    __tablename__ = "differences"

    difference_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    reconciliation_id: Mapped[int] = mapped_column(index=True)
    kind: Mapped[str]
    reference: Mapped[str]
    account_id: Mapped[int]
    ours: Mapped[int]
    theirs: Mapped[int]
    resolved_by: Mapped[int]
    resolved_at_ns: Mapped[int]
    resolution: Mapped[str]
    evidence_sha256: Mapped[str]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_differences_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class SuspensionTable(Base):
    """Issues that are, or were, suspended until their units agree."""

    __tablename__ = "suspensions"

    asset_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    reconciliation_id: Mapped[int]
    since_ns: Mapped[int]
    frozen_before: Mapped[bool]
    over: Mapped[bool]
    live: Mapped[bool]


class PostingTable(Base):
    """Every signed leg. Append-only; its key is sequence * 1024 + place, so it grows at one end."""

    __tablename__ = "postings"

    posting_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    asset_id: Mapped[int]
    units: Mapped[int]
    balance_after: Mapped[int]
    previous_sequence: Mapped[int]


class BalanceTable(Base):
    """What each account has and has promised of each asset, and where it was last posted."""

    __tablename__ = "balances"

    asset_id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    units: Mapped[int]
    held_units: Mapped[int]
    last_sequence: Mapped[int]

    __table_args__ = ({"sqlite_with_rowid": False},)


class ChannelTable(Base):
    """How far each account's private channel has come."""

    __tablename__ = "channels"

    account_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    n: Mapped[int]
    sequence: Mapped[int]
