"""Claims, products, subscriptions, programmes and rewards."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class ClaimTable(Base):
    """Licence fees owed, and the pool each is in."""

    __tablename__ = "claims"

    claim_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    originator_account_id: Mapped[int]
    debtor_account_id: Mapped[int]
    right_asset_id: Mapped[int]
    money_asset_id: Mapped[int]
    amount_minor: Mapped[int]
    due_date: Mapped[str]
    contract_sha256: Mapped[str]
    status: Mapped[str]
    product_id: Mapped[int]
    issue_id: Mapped[int] = mapped_column(server_default="0")


class ProductTable(Base):
    """Pools and their one class of notes."""

    __tablename__ = "products"

    product_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str]
    market_id: Mapped[int]
    issuer_account_id: Mapped[int]
    arranger_member_id: Mapped[int]
    money_asset_id: Mapped[int]
    claims: Mapped[bytes]
    note_face_minor: Mapped[int]
    notes: Mapped[int]
    final_date: Mapped[str]
    status: Mapped[str]
    collection_account_id: Mapped[int]
    note_asset_id: Mapped[int]
    subscribed_notes: Mapped[int]
    collected_minor: Mapped[int]
    issued_at_ns: Mapped[int]
    record_sequence: Mapped[int]


class SubscriptionTable(Base):
    """Who asked for how many notes."""

    __tablename__ = "subscriptions"

    subscription_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    product_id: Mapped[int]
    account_id: Mapped[int]
    notes: Mapped[int]
    status: Mapped[str]
    live: Mapped[bool]


class ProgrammeTable(Base):
    """Reward programmes and what is left of their budgets."""

    __tablename__ = "programmes"

    programme_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(unique=True)
    sponsor_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    issuer_rate_ppm: Mapped[int]
    intermediary_rate_ppm: Mapped[int]
    cap_minor: Mapped[int]
    budget_left_minor: Mapped[int]


class RewardTable(Base):
    """Rewards claimed and paid, with the figures they came from."""

    __tablename__ = "rewards"

    reward_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    programme_id: Mapped[int]
    product_id: Mapped[int]
    role: Mapped[str]
    account_id: Mapped[int]
    base_minor: Mapped[int]
    amount_minor: Mapped[int]
    status: Mapped[str]
