"""Markets, instruments, orders, trades and the public channels' numbers."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class MarketTable(Base):
    """Sets of instruments under one profile version."""

    __tablename__ = "markets"

    market_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(unique=True)
    profile: Mapped[str]
    profile_version: Mapped[int]
    currency: Mapped[str]
    money_asset_id: Mapped[int]
    calendar: Mapped[str]
    calendar_version: Mapped[int]
    fee_schedule: Mapped[str]
    opened_at_ns: Mapped[int]
    trading_rules: Mapped[str] = mapped_column(server_default=text("''"))
    trading_rules_version: Mapped[int] = mapped_column(server_default="0")


class ListingTable(Base):
    """Everything that was ever proposed for trading, and what became of it."""

    __tablename__ = "listings"

    listing_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    method: Mapped[str]
    state: Mapped[str]
    asset_id: Mapped[int]
    account_id: Mapped[int]
    member_id: Mapped[int]
    name: Mapped[str]
    lot_units: Mapped[int]
    tick_minor: Mapped[int]
    band_low_ticks: Mapped[int]
    band_high_ticks: Mapped[int]
    asking_price_minor: Mapped[int]
    jurisdiction: Mapped[str]
    disclosure_sha256: Mapped[str]
    deed_id: Mapped[int]
    proposed_by: Mapped[int]
    proposed_at_ns: Mapped[int]
    decided_by: Mapped[int]
    decided_at_ns: Mapped[int]
    instrument_id: Mapped[int]
    publicity_until_ns: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_listings_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class InstrumentTable(Base):
    """What an order may name."""

    __tablename__ = "instruments"

    instrument_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    market_id: Mapped[int]
    listing_id: Mapped[int]
    asset_id: Mapped[int]
    money_asset_id: Mapped[int]
    lot_units: Mapped[int]
    tick_minor: Mapped[int]
    band_low_ticks: Mapped[int]
    band_high_ticks: Mapped[int]
    settlement: Mapped[str]
    phase: Mapped[str]
    frozen: Mapped[bool]


class OrderTable(Base):
    """Every order; the open ones are what a start loads."""

    __tablename__ = "orders"

    order_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    client_order_id: Mapped[str]
    account_id: Mapped[int]
    instrument_id: Mapped[int]
    side: Mapped[str]
    order_type: Mapped[str]
    time_in_force: Mapped[str]
    price_ticks: Mapped[int]
    quantity_lots: Mapped[int]
    remaining_lots: Mapped[int]
    hold_asset_id: Mapped[int]
    hold_units: Mapped[int]
    notional_minor: Mapped[int]
    charged_minor: Mapped[int]
    fee_version: Mapped[int]
    max_notional_minor: Mapped[int]
    priority: Mapped[int]
    cancel_on_disconnect: Mapped[bool]
    connection_id: Mapped[int]
    epoch: Mapped[int]
    entered_by: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str]

    __table_args__ = (
        Index(
            "ix_orders_open",
            "account_id",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )


class OrderConditionsTable(Base):
    """What orders asked for that are not plain, and where they stand: a row for each such order.

    `price_ticks` is where it queues, `level_ticks` a stop's level now. Trades take what an order shows first, so it
    shows max(0, remaining - `reserve_lots`).
    """

    __tablename__ = "order_conditions"

    order_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    self_trade_prevention: Mapped[str]
    group_id: Mapped[int]
    stop_ticks: Mapped[int]
    trail_ticks: Mapped[int]
    offset_ticks: Mapped[int]
    display_lots: Mapped[int]
    minimum_lots: Mapped[int]
    hidden: Mapped[bool]
    post_only: Mapped[bool]
    all_or_none: Mapped[bool]
    oco_order_id: Mapped[int]
    expires_at_ns: Mapped[int]
    place: Mapped[str]
    price_ticks: Mapped[int]
    level_ticks: Mapped[int]
    reserve_lots: Mapped[int]


class SessionTable(Base):
    """Where each instrument's day stands beside its phase."""

    __tablename__ = "sessions"

    instrument_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    following: Mapped[str]
    first_end_ns: Mapped[int]
    random_seconds: Mapped[int]
    extended: Mapped[bool]
    held: Mapped[bool]
    seed: Mapped[bytes]


class BookStandingTable(Base):
    """How a book stands beside its orders, where that is not what its instrument's phase says."""

    __tablename__ = "book_standings"

    instrument_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    matching: Mapped[int]
    call: Mapped[int]
    fixed_ticks: Mapped[int]
    reference_ticks: Mapped[int]
    band_low_ticks: Mapped[int]
    band_high_ticks: Mapped[int]
    reached: Mapped[bytes]
    uncross_ticks: Mapped[int]
    uncross_lots: Mapped[int]
    pegged_to: Mapped[bytes]


class TradeTable(Base):
    """Every fill. Append-only."""

    __tablename__ = "trades"

    trade_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    instrument_id: Mapped[int]
    trade_n: Mapped[int]
    price_ticks: Mapped[int]
    quantity_lots: Mapped[int]
    aggressor: Mapped[str]
    buyer_order_id: Mapped[int]
    seller_order_id: Mapped[int]
    buyer_account_id: Mapped[int]
    seller_account_id: Mapped[int]
    buyer_fee_minor: Mapped[int]
    seller_fee_minor: Mapped[int]
    at_ns: Mapped[int]


class TradeCorrectionTable(Base):
    """What became of the trades that were busted or corrected: at most one row a trade."""

    __tablename__ = "trade_corrections"

    trade_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    instrument_id: Mapped[int]
    remedy: Mapped[str]
    reason: Mapped[str]
    evidence_sha256: Mapped[str]
    price_ticks: Mapped[int]
    corrected_ticks: Mapped[int]
    quantity_lots: Mapped[int]
    trade_n: Mapped[int]
    decided_by: Mapped[int]
    decided_at_ns: Mapped[int]


class NumbersTable(Base):
    """How far each instrument's public channels have come, and its last price."""

    __tablename__ = "instrument_numbers"

    instrument_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    book_n: Mapped[int]
    trade_n: Mapped[int]
    last_price_ticks: Mapped[int]
