"""Trading limits and their use, insider lists, announcements."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class TradingLimitTable(Base):
    """Every trading limit; those that are not over are what a start loads."""

    __tablename__ = "trading_limits"

    limit_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    user_id: Mapped[int]
    by_venue: Mapped[bool]
    currency: Mapped[str]
    order_value_minor: Mapped[int]
    day_value_minor: Mapped[int]
    open_value_minor: Mapped[int]
    price_distance_ppm: Mapped[int]
    position_lots: Mapped[int]
    set_by: Mapped[int]
    set_at_ns: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_trading_limits_live", "live", sqlite_where=sql("live"), postgresql_where=sql("live")),)


class LimitUseTable(Base):
    """How much of its day value each limit has used."""

    __tablename__ = "limit_uses"

    limit_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    day: Mapped[str]
    used_minor: Mapped[int]


class InsiderListTable(Base):
    """Every insider list, as it last stood."""

    __tablename__ = "insider_lists"

    list_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    asset_id: Mapped[int]
    issuer_id: Mapped[int]
    matter: Mapped[str]
    users: Mapped[bytes]
    members: Mapped[bytes]
    closed_from_ns: Mapped[int]
    closed_until_ns: Mapped[int]
    opened_by: Mapped[int]
    opened_at_ns: Mapped[int]
    ended_at_ns: Mapped[int]
    ended_by: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_insider_lists_live", "live", sqlite_where=sql("live"), postgresql_where=sql("live")),)


class AnnouncementTable(Base):
    """Every announcement that was filed, and what became of it."""

    __tablename__ = "announcements"

    announcement_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    state: Mapped[str]
    member_id: Mapped[int]
    asset_ids: Mapped[bytes]
    title: Mapped[str]
    text: Mapped[str]
    price_relevant: Mapped[bool]
    filed_by: Mapped[int]
    filed_at_ns: Mapped[int]
    decided_by: Mapped[int]
    decided_at_ns: Mapped[int]
    reason: Mapped[str]
    n: Mapped[int]
    halted: Mapped[bytes]
    read_out_ns: Mapped[int]
    live: Mapped[bool]

    __table_args__ = (Index("ix_announcements_live", "live", sqlite_where=sql("live"), postgresql_where=sql("live")),)


class NewsNumberTable(Base):
    """How many announcements were released."""

    __tablename__ = "news_numbers"

    channel: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    n: Mapped[int]
