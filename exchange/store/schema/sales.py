"""Public sales: terms, lots, bidders, bids, offers, scores, and how prices came down after sales that failed."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.store.schema.base import Base, Key


class SaleTable(Base):
    """Every public sale; those that are not over are what a start loads."""

    __tablename__ = "sales"

    sale_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    market_id: Mapped[int]
    method: Mapped[str]
    state: Mapped[str]
    seller_account_id: Mapped[int]
    member_id: Mapped[int]
    money_asset_id: Mapped[int]
    lot_ids: Mapped[bytes]
    pricing: Mapped[str]
    regime: Mapped[str]
    auctioneer: Mapped[str]
    auctioneer_licence: Mapped[str]
    conditions: Mapped[bytes]
    group_ids: Mapped[bytes]
    confidentiality_sha256: Mapped[str]
    data_room: Mapped[bytes]
    contract_sha256: Mapped[str]
    deposit_minor: Mapped[int]
    payment_days: Mapped[int]
    increment_minor: Mapped[int]
    step_seconds: Mapped[int]
    soft_close_seconds: Mapped[int]
    unrevealed_forfeit_ppm: Mapped[int]
    reserve_shown: Mapped[bool]
    starts_at_ns: Mapped[int]
    ends_at_ns: Mapped[int]
    reveal_until_ns: Mapped[int]
    jurisdiction: Mapped[str]
    wait_for_recordal: Mapped[bool]
    fee_version: Mapped[int]
    overlays_version: Mapped[int]
    announced_by: Mapped[int]
    announced_at_ns: Mapped[int]
    registered: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_sales_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class LotTable(Base):
    """Every right that was put to public sale, once for each sale."""

    __tablename__ = "sale_lots"

    lot_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sale_id: Mapped[int]
    listing_id: Mapped[int]
    asset_id: Mapped[int]
    units: Mapped[int]
    name: Mapped[str]
    method: Mapped[str]
    state: Mapped[str]
    start_minor: Mapped[int]
    reserve_minor: Mapped[int]
    reserve_met: Mapped[bool]
    clock_minor: Mapped[int]
    ends_at_ns: Mapped[int]
    bids: Mapped[int]
    leading_minor: Mapped[int]
    leading_lot_ids: Mapped[bytes]
    leading_paddle: Mapped[int]
    bid_id: Mapped[int]
    bidder_id: Mapped[int]
    price_minor: Mapped[int]
    deal_id: Mapped[int]
    due_at_ns: Mapped[int]
    n: Mapped[int]
    reason: Mapped[str]
    live: Mapped[bool]

    __table_args__ = (Index("ix_sale_lots_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class LotReserveTable(Base):
    """The least for which a seller lets a lot go."""

    __tablename__ = "lot_reserves"

    lot_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    seller_account_id: Mapped[int]
    reserve_minor: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_lot_reserves_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class BidderTable(Base):
    """Everybody who asked to take part in a sale, and what became of their deposit."""

    __tablename__ = "bidders"

    bidder_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sale_id: Mapped[int]
    account_id: Mapped[int]
    member_id: Mapped[int]
    seller_account_id: Mapped[int]
    money_asset_id: Mapped[int]
    paddle: Mapped[int]
    state: Mapped[str]
    evidence: Mapped[bytes]
    registered_by: Mapped[int]
    registered_at_ns: Mapped[int]
    qualified_by: Mapped[int]
    bound_by: Mapped[int]
    bound_at_ns: Mapped[int]
    admitted_at_ns: Mapped[int]
    deposit_minor: Mapped[int]
    forfeited_minor: Mapped[int]
    reason: Mapped[str]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_bidders_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_bidders_sale_id", "sale_id"),
    )


class LotBidTable(Base):
    """Every bid and commitment; those that may still come to something are what a start loads."""

    __tablename__ = "lot_bids"

    bid_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sale_id: Mapped[int]
    bidder_id: Mapped[int]
    account_id: Mapped[int]
    paddle: Mapped[int]
    state: Mapped[str]
    client_bid_id: Mapped[str]
    commitment_sha256: Mapped[str]
    lot_ids: Mapped[bytes]
    price_minor: Mapped[int]
    placed_by: Mapped[int]
    placed_at_ns: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_lot_bids_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_lot_bids_sale_id", "sale_id"),
    )


class ListingStepsTable(Base):
    """How often what is listed found no buyer, and how its price came down."""

    __tablename__ = "listing_steps"

    listing_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    failed_sales: Mapped[int]
    steps: Mapped[int]
    stepped_after: Mapped[int]
    first_price_minor: Mapped[int]
    price_minor: Mapped[int]
    decision_sha256: Mapped[str]
    decided_by: Mapped[int]
    decided_at_ns: Mapped[int]


class TenderTable(Base):
    """How the offers of each tender are compared."""

    __tablename__ = "tenders"

    sale_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    price_weight_ppm: Mapped[int]
    criteria: Mapped[bytes]
    basis: Mapped[bytes]
    scoring_days: Mapped[int]
    scoring_until_ns: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_tenders_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class PanelTable(Base):
    """Who scores the offers of each tender."""

    __tablename__ = "panels"

    sale_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    seller_account_id: Mapped[int]
    evaluators: Mapped[bytes]
    out: Mapped[bytes]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (Index("ix_panels_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),)


class TenderOfferTable(Base):
    """Every offer that was revealed, how it was counted, and where it ranked."""

    __tablename__ = "tender_offers"

    bid_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sale_id: Mapped[int]
    bidder_id: Mapped[int]
    account_id: Mapped[int]
    price_minor: Mapped[int]
    items: Mapped[bytes]
    papers: Mapped[bytes]
    rows: Mapped[bytes]
    worth_minor: Mapped[int]
    seller_account_id: Mapped[int]
    score_ppm: Mapped[int]
    rank: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_tender_offers_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_tender_offers_sale_id", "sale_id"),
    )


class TenderScoreTable(Base):
    """What each evaluator gave each offer."""

    __tablename__ = "tender_scores"

    score_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sale_id: Mapped[int]
    bid_id: Mapped[int]
    evaluator_id: Mapped[int]
    points: Mapped[bytes]
    remarks: Mapped[str]
    signed_at_ns: Mapped[int]
    over: Mapped[bool]
    live: Mapped[bool]

    __table_args__ = (
        Index("ix_tender_scores_live", "live", sqlite_where=text("live"), postgresql_where=text("live")),
        Index("ix_tender_scores_sale_id", "sale_id"),
    )
