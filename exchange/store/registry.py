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
from custody.company import Company, Contribution
from custody.consents import Consent
from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.distribution_messages import Distribution, Income, PlanPage, Unclaimed
from custody.funding_messages import PayoutAccount, Receipt, Withdrawal
from custody.kept_share import KeptShare
from custody.outcomes import Outcome, ShareDeed
from custody.packs import Pack
from custody.pilot import Pilot
from custody.pilot_life import Incentive, PilotReport, UseRight
from custody.pledges import Encumbrance
from custody.reconciliation import Difference, Reconciliation, Suspension
from custody.reform import Reform
from custody.register import TitleEntry
from custody.rights import Right
from custody.transfers import Transfer
from exchange.assets.messages import Alias, Patent, PatentStub
from exchange.core.authorisations import Authorisation
from exchange.core.documents import Document, DocumentStub
from exchange.core.membership import Key, Mandate, Member, User
from exchange.core.messages import Record
from exchange.core.node_messages import Approval, Run, Timer
from exchange.core.rule_messages import Published
from exchange.engine.state import ENTITIES
from exchange.store.schema.allocations import AllocationTable, DayTotalTable
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
    DifferenceTable,
    PayoutAccountTable,
    ReceiptTable,
    ReconciliationTable,
    SuspensionTable,
    TitleEntryTable,
    TransferTable,
    WithdrawalTable,
)
from exchange.store.schema.deals import (
    ConsentTable,
    DealTable,
    LastSaleTable,
    NotifiedClaimTable,
    ObligationTable,
    PackTable,
    PaymentPlanTable,
    PilotTable,
    QuoteRequestTable,
    QuoteTable,
)
from exchange.store.schema.encumbrances import EncumbranceTable
from exchange.store.schema.equity import CompanyTable, ContributionTable, EquityNoticeTable, EquityOfferTable
from exchange.store.schema.incomes import DistributionTable, IncomeTable, PlanPageTable, UnclaimedTable
from exchange.store.schema.issues import (
    BookBidTable,
    ClosingItemTable,
    IssueTable,
    NoteLockTable,
    OfferingTable,
    ShelfTable,
)
from exchange.store.schema.licences import LicenceTable, OpenLicenceTable, PriceOfferTable
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
    AuthorisationTable,
    KeyTable,
    MandateTable,
    MemberTable,
    PublishedTable,
    RunTable,
    TimerTable,
    UserTable,
)
from exchange.store.schema.mirrors import MirrorFileTable, MirrorPageTable, MirrorRegisterTable
from exchange.store.schema.notices import (
    AnnouncementTable,
    InsiderListTable,
    LimitUseTable,
    NewsNumberTable,
    TradingLimitTable,
)
from exchange.store.schema.pilots import (
    IncentiveTable,
    KeptShareTable,
    PilotReportTable,
    ReformTable,
    UseRightTable,
)
from exchange.store.schema.pools import PoolAssetTable, PoolTable, ValuationTable
from exchange.store.schema.rewards import (
    ApplicationTable,
    RewardEventTable,
    SchemeCallTable,
    SchemeTable,
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
from exchange.store.schema.servicing import (
    ClassPaymentTable,
    CollectionPageTable,
    CollectionTable,
    DealPaymentTable,
    DutyTable,
    PaymentPageTable,
    ProjectedPeriodTable,
    ServicingTable,
    UnpaidPartTable,
)
from matching.allocation_messages import Allocation, DayTotal
from matching.correction_messages import TradeCorrection
from matching.deals import Deal
from matching.equity import EquityNotice, EquityOffer
from matching.licence_messages import Licence, OpenLicence
from matching.limit_messages import LimitUse, TradingLimit
from matching.listing_messages import Listing
from matching.lot_messages import LotBid
from matching.messages import BookStanding, Instrument, Market
from matching.notice_messages import Announcement, InsiderList, NewsNumber
from matching.obligations import Obligation, PaymentPlan
from matching.preemption import NotifiedClaim
from matching.price_offers import PriceOffer
from matching.quote_messages import Quote, QuoteRequest
from matching.sale_messages import Bidder, ListingSteps, Lot, LotReserve, Sale
from matching.session_messages import Session
from matching.sides import LastSale
from matching.tender_messages import Panel, Tender, TenderOffer, TenderScore
from securitization.application_messages import Application
from securitization.issue_messages import ClosingItem, Issue, NoteLock
from securitization.messages import Claim, Product, Programme, Reward, Subscription
from securitization.mirror import MirrorFile, MirrorPage, MirrorRegister
from securitization.offering_messages import BookBid, Offering, Shelf
from securitization.pool_records import Pool, PoolAsset, Valuation
from securitization.scheme_messages import RewardEvent, Scheme, SchemeCall
from securitization.servicing_records import (
    ClassPayment,
    Collection,
    CollectionPage,
    DealPayment,
    Duty,
    PaymentPage,
    ProjectedPeriod,
    Servicing,
    UnpaidPart,
)

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
    (Scheme, SchemeTable),
    (SchemeCall, SchemeCallTable),
    (RewardEvent, RewardEventTable),
    (Application, ApplicationTable),
    (Published, PublishedTable),
    (Authorisation, AuthorisationTable),
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
    (TitleEntry, TitleEntryTable),
    (Reconciliation, ReconciliationTable),
    (Difference, DifferenceTable),
    (Suspension, SuspensionTable),
    (Conveyance, ConveyanceTable),
    (RecordedTitle, RecordedTitleTable),
    (Outcome, OutcomeTable),
    (ShareDeed, ShareDeedTable),
    (Deal, DealTable),
    (LastSale, LastSaleTable),
    (NotifiedClaim, NotifiedClaimTable),
    (Consent, ConsentTable),
    (Company, CompanyTable),
    (Contribution, ContributionTable),
    (EquityOffer, EquityOfferTable),
    (EquityNotice, EquityNoticeTable),
    (PaymentPlan, PaymentPlanTable),
    (Obligation, ObligationTable),
    (Pilot, PilotTable),
    (Reform, ReformTable),
    (UseRight, UseRightTable),
    (PilotReport, PilotReportTable),
    (KeptShare, KeptShareTable),
    (Incentive, IncentiveTable),
    (Pack, PackTable),
    (Sale, SaleTable),
    (Lot, LotTable),
    (LotReserve, LotReserveTable),
    (Bidder, BidderTable),
    (LotBid, LotBidTable),
    (ListingSteps, ListingStepsTable),
    (QuoteRequest, QuoteRequestTable),
    (Quote, QuoteTable),
    (PriceOffer, PriceOfferTable),
    (Licence, LicenceTable),
    (OpenLicence, OpenLicenceTable),
    (Tender, TenderTable),
    (Panel, PanelTable),
    (TenderOffer, TenderOfferTable),
    (TenderScore, TenderScoreTable),
    (TradingLimit, TradingLimitTable),
    (LimitUse, LimitUseTable),
    (DayTotal, DayTotalTable),
    (Allocation, AllocationTable),
    (InsiderList, InsiderListTable),
    (Announcement, AnnouncementTable),
    (NewsNumber, NewsNumberTable),
    (Encumbrance, EncumbranceTable),
    (Income, IncomeTable),
    (Distribution, DistributionTable),
    (PlanPage, PlanPageTable),
    (Unclaimed, UnclaimedTable),
    (Pool, PoolTable),
    (PoolAsset, PoolAssetTable),
    (Valuation, ValuationTable),
    (Issue, IssueTable),
    (ClosingItem, ClosingItemTable),
    (NoteLock, NoteLockTable),
    (Shelf, ShelfTable),
    (Offering, OfferingTable),
    (BookBid, BookBidTable),
    (Servicing, ServicingTable),
    (Duty, DutyTable),
    (Collection, CollectionTable),
    (CollectionPage, CollectionPageTable),
    (ProjectedPeriod, ProjectedPeriodTable),
    (DealPayment, DealPaymentTable),
    (ClassPayment, ClassPaymentTable),
    (PaymentPage, PaymentPageTable),
    (UnpaidPart, UnpaidPartTable),
    (MirrorRegister, MirrorRegisterTable),
    (MirrorFile, MirrorFileTable),
    (MirrorPage, MirrorPageTable),
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
