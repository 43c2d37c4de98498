"""Which table keeps which record: the one place to add a line when a workflow brings a new record.

A table has a column for each field of its record, of the same name and in the same order; nested values (tuples,
records) are msgpack in a binary column. Where the engine keeps only records that are still live, the table ends with a
`live` column that says so, and a start loads only those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NewType, cast

import msgspec
from sqlalchemy import Table

from custody.accounts import Account, Asset, Bank
from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.funding_messages import PayoutAccount, Receipt, Withdrawal
from custody.outcomes import Outcome, ShareDeed
from custody.pilot import Pilot
from custody.rights import Right
from custody.transfers import Transfer
from exchange.assets.messages import Alias, Patent, PatentStub
from exchange.core.documents import Document, DocumentStub
from exchange.core.membership import Key, Mandate, Member, User
from exchange.core.messages import Record
from exchange.core.node_messages import Approval, Run, Timer
from exchange.core.rule_messages import Published
from exchange.engine.state import ENTITIES
from exchange.store.schema.assets import (
    AliasTable,
    ConveyanceTable,
    DocumentTable,
    OutcomeTable,
    PatentTable,
    RecordedTitleTable,
    RightTable,
    ShareDeedTable,
)
from exchange.store.schema.base import Base
from exchange.store.schema.custody import (
    AccountTable,
    AssetTable,
    BankTable,
    PayoutAccountTable,
    ReceiptTable,
    TransferTable,
    WithdrawalTable,
)
from exchange.store.schema.deals import (
    DealTable,
    LastSaleTable,
    ObligationTable,
    PaymentPlanTable,
    PilotTable,
    QuoteRequestTable,
    QuoteTable,
)
from exchange.store.schema.matching import (
    BookStandingTable,
    InstrumentTable,
    ListingTable,
    MarketTable,
    SessionTable,
    TradeCorrectionTable,
)
from exchange.store.schema.members import (
    ApprovalTable,
    KeyTable,
    MandateTable,
    MemberTable,
    PublishedTable,
    RunTable,
    TimerTable,
    UserTable,
)
from exchange.store.schema.notices import (
    AnnouncementTable,
    InsiderListTable,
    LimitUseTable,
    NewsNumberTable,
    TradingLimitTable,
)
from exchange.store.schema.sales import (
    BidderTable,
    ListingStepsTable,
    LotBidTable,
    LotReserveTable,
    LotTable,
    PanelTable,
    SaleTable,
    TenderOfferTable,
    TenderScoreTable,
    TenderTable,
)
from exchange.store.schema.securitization import (
    ClaimTable,
    ProductTable,
    ProgrammeTable,
    RewardTable,
    SubscriptionTable,
)
from matching.correction_messages import TradeCorrection
from matching.deals import Deal, LastSale
from matching.limit_messages import LimitUse, TradingLimit
from matching.listing_messages import Listing
from matching.lot_messages import LotBid
from matching.messages import BookStanding, Instrument, Market
from matching.notice_messages import Announcement, InsiderList, NewsNumber
from matching.obligations import Obligation, PaymentPlan
from matching.quote_messages import Quote, QuoteRequest
from matching.sale_messages import Bidder, ListingSteps, Lot, LotReserve, Sale
from matching.session_messages import Session
from matching.tender_messages import Panel, Tender, TenderOffer, TenderScore
from securitization.messages import Claim, Product, Programme, Reward, Subscription

PAIRS: tuple[tuple[type[Record], type[Base]], ...] = (
    (Member, MemberTable),
    (User, UserTable),
    (Key, KeyTable),
    (Mandate, MandateTable),
    (Approval, ApprovalTable),
    (Timer, TimerTable),
    (Run, RunTable),
    (Claim, ClaimTable),
    (Product, ProductTable),
    (Subscription, SubscriptionTable),
    (Programme, ProgrammeTable),
    (Reward, RewardTable),
    (Published, PublishedTable),
    (Account, AccountTable),
    (Asset, AssetTable),
    (Bank, BankTable),
    (Receipt, ReceiptTable),
    (PayoutAccount, PayoutAccountTable),
    (Withdrawal, WithdrawalTable),
    (Transfer, TransferTable),
    (Market, MarketTable),
    (Instrument, InstrumentTable),
    (BookStanding, BookStandingTable),
    (Session, SessionTable),
    (TradeCorrection, TradeCorrectionTable),
    (Listing, ListingTable),
    (Document, DocumentTable),
    (Patent, PatentTable),
    (Alias, AliasTable),
    (Right, RightTable),
    (Conveyance, ConveyanceTable),
    (RecordedTitle, RecordedTitleTable),
    (Outcome, OutcomeTable),
    (ShareDeed, ShareDeedTable),
    (Deal, DealTable),
    (LastSale, LastSaleTable),
    (PaymentPlan, PaymentPlanTable),
    (Obligation, ObligationTable),
    (Pilot, PilotTable),
    (Sale, SaleTable),
    (Lot, LotTable),
    (LotReserve, LotReserveTable),
    (Bidder, BidderTable),
    (LotBid, LotBidTable),
    (ListingSteps, ListingStepsTable),
    (QuoteRequest, QuoteRequestTable),
    (Quote, QuoteTable),
    (Tender, TenderTable),
    (Panel, PanelTable),
    (TenderOffer, TenderOfferTable),
    (TenderScore, TenderScoreTable),
    (TradingLimit, TradingLimitTable),
    (LimitUse, LimitUseTable),
    (InsiderList, InsiderListTable),
    (Announcement, AnnouncementTable),
    (NewsNumber, NewsNumberTable),
)


@dataclass(frozen=True, slots=True)
class RecordTable:
    """How one kind of record is kept: its fields (name, whether nested), key and liveness."""

    record: type[Record]
    table: Table
    fields: tuple[tuple[str, bool], ...]
    key_places: tuple[int, ...]
    has_live: bool
    live: Callable[[Record], bool]

    def key(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The key values of a row."""
        return tuple(row[place] for place in self.key_places)


def _plain(kind: Any) -> bool:
    """Whether a field's value fits a column as it is."""
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    return isinstance(kind, type) and (kind in (int, str, bool, bytes) or issubclass(kind, Enum))


def _table_of(record: type[Record], mapped: type[Base]) -> RecordTable:
    table = cast("Table", mapped.__table__)
    names = record.__struct_fields__
    lives = {entity.record: entity.live for entity in ENTITIES}
    nested = tuple((field.name, not _plain(field.type)) for field in msgspec.structs.fields(record))
    return RecordTable(
        record=record,
        table=table,
        fields=nested,
        key_places=tuple(names.index(column.name) for column in table.primary_key.columns),
        has_live="live" in table.columns,
        live=lives.get(record, lambda _: True),
    )


TABLES: dict[type[Record], RecordTable] = {record: _table_of(record, mapped) for record, mapped in PAIRS}
"""Every record with a table, by its type."""

STUBS: dict[type[Record], type[Record]] = {DocumentStub: Document, PatentStub: Patent}
"""Short forms that memory keeps of a record, and the record whose table they are read from."""
