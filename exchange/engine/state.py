"""All the state a later decision may ask, in one object, and the table of its records.

A *record* is a frozen value with an identifier (a member, a deal). Events carry it whole, the state keeps the latest
one, the store keeps the same in a table. Which of them stay in memory is said once, in ENTITIES: those with `live`
leave it when they are over. Orders, balances and channels are too hot for that and have shapes of their own.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, TypeVar, cast

from custody.accounts import MIRRORS, Account, Asset, Bank
from custody.company import Company, Contribution
from custody.consents import Consent
from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.distribution_messages import Distribution, Income, PlanPage, Unclaimed
from custody.funding_messages import PayoutAccount, Receipt, Withdrawal, WithdrawalStatus
from custody.kept_share import KeptShare
from custody.ledger import Ledger
from custody.outcomes import Outcome, ShareDeed
from custody.packs import Pack
from custody.pilot import Pilot
from custody.pilot_life import Incentive, PilotReport, ReportState, UseRight, UseRightState
from custody.pledges import Encumbrance
from custody.reconciliation import Difference, Reconciliation, Suspension
from custody.reform import Reform
from custody.register import TitleEntry
from custody.rights import Right
from custody.transfers import Transfer
from exchange.assets.messages import Alias, PatentStub
from exchange.core.authorisations import Authorisation
from exchange.core.calendar import BusinessCalendar, start_of_day_ns
from exchange.core.documents import DocumentStub
from exchange.core.ids import (
    AccountId,
    AssetId,
    ClassPaymentId,
    DistributionId,
    InstrumentId,
    MarketId,
    MemberId,
    OrderId,
    ReceiptId,
    RunId,
    UserId,
)
from exchange.core.instruments import Side
from exchange.core.membership import Key, Mandate, Member, User
from exchange.core.messages import Record
from exchange.core.node_messages import Approval, Run, Timer, TimerKind
from exchange.core.rejections import ensure
from exchange.core.rule_messages import Published, PublishedKind
from exchange.engine.open_order import Numbers, OpenOrder
from exchange.engine.parsing import Document, calendar_of, parse
from exchange.engine.recent_trades import RecentTrades
from exchange.engine.record_dates import Holdings
from exchange.engine.terms import BookTerms, book_terms
from exchange.rulebook.fees import FeeSchedule
from exchange.rulebook.profile import Profile
from exchange.rulebook.texts import TextError
from exchange.rulebook.trading import TradingRules
from matching.allocation_messages import DayTotal
from matching.book_messages import Book, BookState
from matching.books import make_book
from matching.deals import Deal
from matching.equity import EquityNotice, EquityOffer
from matching.licence_messages import Licence, OpenLicence
from matching.limit_messages import NO_ACCOUNT, LimitUse, TradingLimit
from matching.listing_messages import Listing
from matching.lot_messages import LotBid
from matching.messages import BookStanding, Instrument, Market
from matching.notice_messages import Announcement, InsiderList, NewsNumber
from matching.obligations import Obligation, PaymentPlan
from matching.preemption import NotifiedClaim
from matching.price_offers import PriceOffer
from matching.quote_messages import Quote, QuoteRequest
from matching.sale_messages import Bidder, ListingSteps, Lot, LotReserve, Sale
from matching.session import book_matching
from matching.session_messages import Session
from matching.sides import LastSale
from matching.tender_messages import Panel, Tender, TenderOffer, TenderScore
from securitization.application_messages import Application
from securitization.issue_messages import ClosingItem, Issue, NoteLock
from securitization.messages import Claim, Product, Programme, Reward, Subscription
from securitization.mirror import MirrorFile, MirrorPage, MirrorRegister
from securitization.offering_messages import BidState, BookBid, Offering, Shelf
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

R = TypeVar("R", bound=Record)
RecordKey = int | str | tuple[str, str, int] | tuple[int, int, str, str]
BUY = Side.BUY
"""A module's own name: reading an enum's member costs three times as much in Python 3.11."""
VENUE_TIME_ZONE = "Asia/Shanghai"
"""In which a published text's effective date begins."""


def _always(_: Record) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entity:
    """How one kind of record is kept: its key, whether it still matters to a decision, what else it is found by."""

    record: type[Record]
    key: Callable[[Record], RecordKey]
    live: Callable[[Record], bool] = _always
    index: Callable[[Record], Any] | None = None
    """A value, or tuple of values, that belongs to one record only and never changes: see `find`."""


def _entity(
    record: type[R],
    key: str | tuple[str, ...],
    live: Callable[[R], bool] | None = None,
    index: tuple[str, ...] = (),
) -> Entity:
    fields = (key,) if isinstance(key, str) else key
    keep = cast("Callable[[Record], bool]", live) if live else _always
    return Entity(record=record, key=attrgetter(*fields), live=keep, index=attrgetter(*index) if index else None)


MOVING = (WithdrawalStatus.REQUESTED, WithdrawalStatus.INSTRUCTED)
"""A withdrawal in these states has a next step."""

ENTITIES: tuple[Entity, ...] = (
    _entity(Member, "member_id"),
    _entity(User, "user_id"),
    _entity(Key, "key_id"),
    _entity(Mandate, "mandate_id", lambda mandate: not mandate.revoked),
    _entity(Account, "account_id"),
    _entity(Asset, "asset_id"),
    _entity(Bank, "bank_id"),
    _entity(Receipt, "receipt_id"),
    _entity(PayoutAccount, "payout_account_id", lambda payout: not payout.revoked),
    _entity(Withdrawal, "withdrawal_id", lambda withdrawal: withdrawal.status in MOVING),
    _entity(Transfer, "transfer_id"),
    _entity(Claim, "claim_id"),
    _entity(Product, "product_id"),
    _entity(Subscription, "subscription_id", lambda subscription: subscription.status == "open"),
    _entity(Programme, "programme_id"),
    _entity(Reward, "reward_id"),
    _entity(Scheme, "scheme_id"),
    _entity(SchemeCall, "call_id"),
    _entity(RewardEvent, "event_id"),
    _entity(Application, "application_id", lambda application: application.live),
    _entity(Issue, "issue_id"),
    _entity(ClosingItem, "closing_item_id"),
    _entity(NoteLock, "asset_id"),
    _entity(Shelf, "shelf_id"),
    _entity(Authorisation, "authorisation_id"),
    _entity(Offering, "offering_id"),
    _entity(BookBid, "book_bid_id", lambda bid: bid.state is BidState.OPEN),
    _entity(Published, ("kind", "name", "version")),
    _entity(Market, "market_id"),  # after the texts it lives under
    _entity(Instrument, "instrument_id"),
    _entity(Session, "instrument_id"),
    _entity(BookStanding, "instrument_id"),
    _entity(Listing, "listing_id", lambda listing: listing.live, index=("asset_id",)),
    _entity(DocumentStub, "document_id", index=("member_id", "sha256")),
    _entity(PatentStub, "patent_id", index=("number",)),
    _entity(Alias, "alias_key"),
    _entity(Right, "asset_id"),
    _entity(Reconciliation, "reconciliation_id", lambda statement: statement.counts),
    _entity(Difference, "difference_id", lambda difference: not difference.over),
    _entity(Suspension, "asset_id", lambda suspension: not suspension.over),
    _entity(TitleEntry, "entry_id", lambda entry: entry.correctable),
    _entity(Conveyance, "conveyance_id", lambda conveyance: conveyance.live, index=("reel_frame",)),
    _entity(RecordedTitle, "property_id"),
    _entity(Outcome, "outcome_id"),
    _entity(ShareDeed, "deed_id"),
    _entity(Deal, "deal_id", lambda deal: deal.live, index=("subject_key",)),
    _entity(LastSale, "asset_id"),
    _entity(NotifiedClaim, "claim_id", lambda claim: claim.live),
    _entity(Company, "company_id", lambda company: company.live, index=("member_id",)),
    _entity(Contribution, "contribution_id", lambda contribution: contribution.live),
    _entity(EquityOffer, "offer_id", lambda offer: offer.live),
    _entity(EquityNotice, "notice_id", lambda notice: not notice.over),
    _entity(Consent, "consent_id", lambda consent: consent.live),
    _entity(PaymentPlan, "deal_id", lambda plan: plan.live),
    _entity(Obligation, "obligation_id", lambda obligation: obligation.live),
    _entity(Sale, "sale_id", lambda sale: sale.live),
    _entity(Lot, "lot_id", lambda lot: lot.live, index=("asset_id",)),
    _entity(LotReserve, "lot_id", lambda reserve: not reserve.over),
    _entity(Bidder, "bidder_id", lambda bidder: not bidder.over),
    _entity(LotBid, "bid_id", lambda bid: not bid.over),
    _entity(ListingSteps, "listing_id"),
    _entity(QuoteRequest, "request_id", lambda request: request.live, index=("asset_id",)),
    _entity(Quote, "quote_id", lambda quote: quote.live),
    _entity(PriceOffer, "price_offer_id", lambda offer: offer.live, index=("asset_id",)),
    _entity(Licence, "licence_id", lambda licence: licence.live),
    _entity(OpenLicence, "open_licence_id", lambda declared: declared.live, index=("asset_id",)),
    _entity(Tender, "sale_id", lambda tender: not tender.over),
    _entity(Panel, "sale_id", lambda panel: not panel.over),
    _entity(TenderOffer, "bid_id", lambda offer: not offer.over),
    _entity(TenderScore, "score_id", lambda score: not score.over),
    _entity(Pilot, "pilot_id", lambda pilot: pilot.counts, index=("outcome_id",)),
    _entity(Reform, "reform_id", index=("name",)),
    _entity(UseRight, "asset_id", lambda use: use.state is UseRightState.STANDS, index=("outcome_id",)),
    _entity(PilotReport, "report_id", lambda report: report.state is ReportState.OWED),
    _entity(KeptShare, "kept_share_id", lambda kept: kept.live, index=("pilot_id",)),
    _entity(Incentive, "outcome_id"),
    _entity(Income, "income_id", lambda income: income.live, index=("source",)),
    _entity(Distribution, "distribution_id", lambda distribution: not distribution.over),
    _entity(PlanPage, "page_id", lambda page: page.live),
    _entity(Unclaimed, "unclaimed_id", lambda unclaimed: unclaimed.live),
    _entity(Pack, "case_id"),
    _entity(Servicing, "servicing_id", lambda servicing: servicing.live),
    _entity(Duty, "duty_id", lambda duty: duty.live),
    _entity(Collection, "collection_id", lambda collection: collection.live),
    _entity(CollectionPage, "page_id", lambda _: False),
    _entity(ProjectedPeriod, "projected_period_id", lambda expected: not expected.over),
    _entity(DealPayment, "payment_id", lambda payment: payment.live),
    _entity(ClassPayment, "class_payment_id", lambda paid: paid.live),
    _entity(PaymentPage, "page_id", lambda _: False),
    _entity(UnpaidPart, "unpaid_part_id", lambda part: part.live),
    _entity(MirrorRegister, "asset_id"),
    _entity(MirrorFile, "mirror_file_id", lambda file: file.live),
    _entity(MirrorPage, "page_id", lambda _: False),
    _entity(
        TradingLimit,
        "limit_id",
        lambda limit: not limit.over,
        index=("account_id", "user_id", "by_venue", "currency"),
    ),
    _entity(LimitUse, "limit_id"),
    _entity(DayTotal, ("account_id", "instrument_id", "side", "day"), lambda total: not total.over),
    _entity(InsiderList, "list_id", lambda insiders: not insiders.ended_at_ns),
    _entity(Announcement, "announcement_id", lambda announcement: announcement.live),
    _entity(NewsNumber, "channel"),
    _entity(Encumbrance, "encumbrance_id", lambda encumbrance: encumbrance.live),
    _entity(Pool, "pool_id", lambda pool: pool.live),
    _entity(PoolAsset, "pool_asset_id", lambda asset: asset.live),
    _entity(Valuation, "valuation_id", lambda valuation: valuation.newest, index=("right_asset_id", "money_asset_id")),
    _entity(Timer, "timer_id"),
    _entity(Run, "run_id", lambda run: not run.done),
    _entity(Approval, "approval_id", lambda approval: approval.status == "open"),
)
"""Every record kept in memory. A new workflow adds its line here and its table in exchange/store/schema."""

_BY_RECORD: dict[type[Record], Entity] = {entity.record: entity for entity in ENTITIES}


@dataclass(slots=True)
class ExchangeState:
    """Everything, at one sequence. Only `apply` changes it."""

    sequence: int = 0
    epoch: int = 0
    at_ns: int = 0
    records: dict[type[Record], dict[RecordKey, Record]] = field(
        default_factory=lambda: {entity.record: {} for entity in ENTITIES}
    )
    users: dict[UserId, User] = field(init=False, repr=False)
    members: dict[MemberId, Member] = field(init=False, repr=False)
    accounts: dict[AccountId, Account] = field(init=False, repr=False)
    assets: dict[AssetId, Asset] = field(init=False, repr=False)
    instruments: dict[InstrumentId, Instrument] = field(init=False, repr=False)
    runs: dict[RunId, Run] = field(init=False, repr=False)
    titles: dict[str, RecordedTitle] = field(init=False, repr=False)
    """Short names for what every handler asks: the same dicts as in `records`."""
    found: dict[type[Record], dict[Any, RecordKey]] = field(
        default_factory=lambda: {entity.record: {} for entity in ENTITIES if entity.index}
    )
    """For the kinds with an index, its value → the record's key: follows from the records alone."""
    ledger: Ledger = field(default_factory=Ledger)
    orders: dict[OrderId, OpenOrder] = field(default_factory=dict[OrderId, OpenOrder])
    books: dict[InstrumentId, Book] = field(default_factory=dict[InstrumentId, Book])
    numbers: dict[InstrumentId, Numbers] = field(default_factory=dict[InstrumentId, Numbers])
    bidders: dict[InstrumentId, dict[AccountId, int]] = field(default_factory=dict[InstrumentId, dict[AccountId, int]])
    """Open bids per instrument and account: each bidder who holds nothing yet reserves a holder's place."""
    due: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """A heap of (due_ns, timer_id); its first entry is always a timer that stands."""
    parsed: dict[tuple[str, str, int], Document] = field(default_factory=dict[tuple[str, str, int], Document])
    """Each published text, read: follows from its record alone."""
    in_force: dict[tuple[str, str], list[tuple[int, int]]] = field(
        default_factory=dict[tuple[str, str], list[tuple[int, int]]]
    )
    """Active versions of each text as (from_ns, version), in order: follows from the records alone."""
    terms: dict[MarketId, BookTerms] = field(default_factory=dict[MarketId, BookTerms])
    """What each market's law comes to for its book: follows from the market and the published texts alone."""
    receipt_references: dict[tuple[int, str], ReceiptId] = field(default_factory=dict[tuple[int, str], ReceiptId])
    """Each payment a bank reported, by bank and reference: follows from the records alone."""
    limited_accounts: dict[AccountId, dict[OrderId, None]] = field(default_factory=dict[AccountId, dict[OrderId, None]])
    limited_users: dict[UserId, dict[OrderId, None]] = field(default_factory=dict[UserId, dict[OrderId, None]])
    """The accounts and users with a limit, and their open orders: follows from the limits and the orders alone. An
    order that has ended may stand here a while; nobody else's orders are followed."""
    allocating: dict[AccountId, None] = field(default_factory=dict[AccountId, None])
    """The allocation accounts: follows from the accounts alone. While one has an order in a book the desk keeps off."""
    insider_lists: dict[AssetId, dict[int, InsiderList]] = field(default_factory=dict[AssetId, dict[int, InsiderList]])
    """The open insider lists about each asset, in the order in which they were opened: follows from them alone."""
    encumbrances: dict[AssetId, dict[int, Encumbrance]] = field(default_factory=dict[AssetId, dict[int, Encumbrance]])
    """The open encumbrances about each asset, in the order in which they were opened: follows from them alone."""
    expiries: dict[int, int] = field(default_factory=dict[int, int])
    """The timer that ends each GTD order, by order: follows from the timers alone."""
    bust_windows: dict[InstrumentId, int] = field(default_factory=dict[InstrumentId, int])
    """For how many nanoseconds a trade may be busted, of each instrument whose rules have a window: follows from the
    instruments and their terms alone."""
    recent_trades: RecentTrades = field(default_factory=RecentTrades)
    """The newest trades of those instruments."""
    trades_made: tuple[int, int] = (0, 0)
    """The last command that made trades, and how many: they are numbered by it within that command."""
    papers_of: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    """The recorded papers that list a property, by reel and frame: follows from the records alone."""
    named_by: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    """The recorded papers whose text names a paper: follows from the records alone."""
    property_numbers: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    """Each number, and the properties with a recorded title that have it: follows from the records alone."""
    timers_set: tuple[int, int] = (0, 0)
    """The last command that set timers, and how many: they are numbered by it within that command."""
    chance: bytes = b""
    """What the `clock.advance` that is being decided brought; none at any other time."""
    records_due: dict[DistributionId, None] = field(default_factory=dict[DistributionId, None])
    """The distributions whose holders the command that is being decided fixes: they are taken at its end."""
    recorded: dict[DistributionId, Holdings] = field(default_factory=dict[DistributionId, Holdings])
    """The holders of record of the distributions being planned: follows from the balances and postings alone."""
    class_records_due: dict[ClassPaymentId, None] = field(default_factory=dict[ClassPaymentId, None])
    """The classes of notes whose holders the command that is being decided fixes: they are taken at its end."""
    class_holders: dict[ClassPaymentId, Holdings] = field(default_factory=dict[ClassPaymentId, Holdings])
    """The holders of record of classes not all paid: follows from the balances and postings alone."""
    calls_touched: dict[InstrumentId, None] = field(default_factory=dict[InstrumentId, None])
    """The calls whose books the command that is being decided touched: their indications are told at its end."""
    totals_touched: dict[tuple[AccountId, InstrumentId, Side, str], None] = field(
        default_factory=dict[tuple[AccountId, InstrumentId, Side, str], None]
    )
    """The day totals that the command that is being decided changed: they are told at its end."""
    changing: bool = False
    """Whether the command now applied has passed the line between refusing and changing."""

    def __post_init__(self) -> None:
        """Give the kinds that every order asks for a name of their own; a property would cost a call each time."""
        self.users = cast("dict[UserId, User]", self.records[User])
        self.members = cast("dict[MemberId, Member]", self.records[Member])
        self.accounts = cast("dict[AccountId, Account]", self.records[Account])
        self.assets = cast("dict[AssetId, Asset]", self.records[Asset])
        self.instruments = cast("dict[InstrumentId, Instrument]", self.records[Instrument])
        self.runs = cast("dict[RunId, Run]", self.records[Run])
        self.titles = cast("dict[str, RecordedTitle]", self.records[RecordedTitle])

    def table(self, record: type[R]) -> dict[int, R]:
        """All kept records of one kind, by identifier. (Published texts are keyed by name and version.)"""
        return cast("dict[int, R]", self.records[record])

    def put(self, record: Record) -> None:
        """Keep a record's latest value, or let it go when it is over."""
        entity = _BY_RECORD[type(record)]
        key = entity.key(record)
        if isinstance(record, Conveyance):
            self._put_conveyance(record)
        elif isinstance(record, RecordedTitle):
            self._put_title(record)
        if not entity.live(record):
            self._let_go(record)
            self.records[entity.record].pop(key, None)
            if entity.index is not None:
                self.found[entity.record].pop(entity.index(record), None)
            return
        self.records[entity.record][key] = record
        if entity.index is not None:
            self.found[entity.record][entity.index(record)] = key
        if isinstance(record, Account):
            if record.kind in MIRRORS:
                self.ledger.mirrors.add(record.account_id)
            else:
                self.ledger.owners[record.account_id] = record.account_id if record.beneficiary else record.member_id
            if record.allocates:
                self.allocating[record.account_id] = None
        elif isinstance(record, Instrument) and record.instrument_id not in self.books:
            self._put_book(record)
        elif isinstance(record, Receipt):
            self.receipt_references[record.bank_id, record.reference] = record.receipt_id
        elif isinstance(record, Timer):
            heapq.heappush(self.due, (record.due_ns, record.timer_id))
            if record.kind is TimerKind.ORDER_EXPIRES:
                self.expiries[record.subject_id] = record.timer_id
        elif isinstance(record, TradingLimit):
            self._follow_limited(record)
        elif isinstance(record, InsiderList):
            self.insider_lists.setdefault(record.asset_id, {})[record.list_id] = record
        elif isinstance(record, Encumbrance):
            self.encumbrances.setdefault(record.asset_id, {})[record.encumbrance_id] = record
        elif isinstance(record, Published):
            self._put_published(record)
        elif isinstance(record, Market) and record.market_id not in self.terms:
            self._put_terms(record)

    def _let_go(self, record: Record) -> None:
        """Forget what follows from a record that is over."""
        if isinstance(record, InsiderList):
            lists = self.insider_lists.get(record.asset_id, {})
            lists.pop(record.list_id, None)
            if not lists:
                self.insider_lists.pop(record.asset_id, None)
        elif isinstance(record, Encumbrance):
            entries = self.encumbrances.get(record.asset_id, {})
            entries.pop(record.encumbrance_id, None)
            if not entries:
                self.encumbrances.pop(record.asset_id, None)
        elif isinstance(record, TradingLimit):
            others = [each for each in self.table(TradingLimit).values() if each.limit_id != record.limit_id]
            if not any(each.account_id == record.account_id != NO_ACCOUNT for each in others):
                self.limited_accounts.pop(record.account_id, None)
            if not any(each.user_id == record.user_id and each.account_id == NO_ACCOUNT for each in others):
                self.limited_users.pop(record.user_id, None)

    def _follow_limited(self, limit: TradingLimit) -> None:
        """Follow the orders of an account or user from its first limit on."""
        if limit.account_id != NO_ACCOUNT:
            if limit.account_id not in self.limited_accounts:
                self.limited_accounts[limit.account_id] = {
                    each.order_id: None for each in self.orders_in_sequence() if each.account_id == limit.account_id
                }
        elif limit.user_id not in self.limited_users:
            self.limited_users[limit.user_id] = {
                each.order_id: None for each in self.orders_in_sequence() if each.entered_by == limit.user_id
            }

    def _follow_order(self, order: OpenOrder) -> None:
        """Note an order among those its account's or user's limit counts."""
        for followed in (self.limited_accounts.get(order.account_id), self.limited_users.get(order.entered_by)):
            if followed is not None:
                for ended in [order_id for order_id in followed if order_id not in self.orders]:
                    del followed[ended]
                followed[order.order_id] = None

    def find(self, record: type[R], value: object) -> R | None:
        """The kept record of one kind that has this value under its index."""
        key = self.found[record].get(value)
        return cast("R", self.records[record][key]) if key is not None else None

    def _put_book(self, instrument: Instrument) -> None:
        """Give an instrument its empty book, which does what its phase says."""
        book = self.books[instrument.instrument_id] = make_book(self.terms[instrument.market_id].book_rules)
        matching, call = book_matching(instrument.phase)
        book.restore(BookState(matching=matching, call=call), ())
        self.numbers[instrument.instrument_id] = Numbers()
        if window_ns := self.terms[instrument.market_id].bust_window_ns:
            self.bust_windows[instrument.instrument_id] = window_ns

    def _put_conveyance(self, conveyance: Conveyance) -> None:
        """Keep by which properties and papers a recorded paper is found, or forget it with its version."""
        for places, keys in (
            (self.papers_of, [one.property_id for one in conveyance.properties]),
            (self.named_by, list(conveyance.names)),
        ):
            for key in keys:
                if conveyance.live:
                    places.setdefault(key, {})[conveyance.reel_frame] = None
                else:
                    places[key].pop(conveyance.reel_frame)

    def _put_title(self, title: RecordedTitle) -> None:
        """Keep by which numbers a recorded title is found, and forget those it had before."""
        earlier = self.titles.get(title.property_id)
        for number in earlier.numbers if earlier is not None else ():
            self.property_numbers[number].pop(title.property_id)
        for number in title.numbers:
            self.property_numbers.setdefault(number, {})[title.property_id] = None

    def _put_published(self, published: Published) -> None:
        """Keep a text read and, once active, in the order of its dates."""
        key = (published.kind.value, published.name, published.version)
        if key not in self.parsed:
            document = parse(published.kind, published.text)
            ensure(not isinstance(document, TextError), "a published text was checked when it was published")
            self.parsed[key] = cast("Document", document)
            if isinstance(document, FeeSchedule):
                for terms in self.terms.values():
                    if terms.market.fee_schedule == document.name:
                        terms.add_schedule(document)
        if published.active_since_ns:
            day = date.fromisoformat(published.effective_from)
            from_ns = max(start_of_day_ns(day, VENUE_TIME_ZONE), published.active_since_ns)
            versions = self.in_force.setdefault((published.kind.value, published.name), [])
            if (from_ns, published.version) not in versions:
                versions.append((from_ns, published.version))
                versions.sort()

    def _put_terms(self, market: Market) -> None:
        """Work out what a market's law comes to for its book."""
        profile = self.parsed[PublishedKind.PROFILE.value, market.profile, market.profile_version]
        ensure(isinstance(profile, Profile), "a market's profile is published")
        versions = self.in_force.setdefault((PublishedKind.FEE_SCHEDULE.value, market.fee_schedule), [])
        terms = self.terms[market.market_id] = book_terms(
            market, cast("Profile", profile), versions, self.trading_rules_of(market)
        )
        for document in self.parsed.values():
            if isinstance(document, FeeSchedule) and document.name == market.fee_schedule:
                terms.add_schedule(document)

    def trading_rules_of(self, market: Market) -> TradingRules | None:
        """The trading rules a market names for its whole life; None if it names none."""
        if not market.trading_rules:
            return None
        rules = self.parsed[PublishedKind.TRADING_RULES.value, market.trading_rules, market.trading_rules_version]
        ensure(isinstance(rules, TradingRules), "a market's trading rules are published")
        return cast("TradingRules", rules)

    def drop_timer(self, timer_id: int) -> None:
        """Forget a timer, and keep the heap's first entry one that stands."""
        timers = self.table(Timer)
        dropped = timers.pop(timer_id, None)
        if dropped is not None and dropped.kind is TimerKind.ORDER_EXPIRES:
            self.expiries.pop(dropped.subject_id, None)
        while self.due and self.due[0][1] not in timers:
            heapq.heappop(self.due)

    def published(self, kind: PublishedKind, name: str, version: int) -> Published | None:
        """One version of one published text."""
        return cast("Published | None", self.records[Published].get((kind.value, name, version)))

    def version_in_force(self, kind: PublishedKind, name: str, at_ns: int) -> int:
        """The version of a text in force at a moment; 0 if none is."""
        version = 0
        for from_ns, candidate in self.in_force.get((kind.value, name), ()):
            if from_ns <= at_ns:
                version = candidate
        return version

    def calendar(self, name: str, version: int) -> BusinessCalendar | None:
        """One version of a published calendar."""
        document = self.parsed.get((PublishedKind.CALENDAR.value, name, version))
        return calendar_of(document) if document is not None else None

    def open_order(self, order: OpenOrder) -> None:
        """Keep an order that may still trade, and reserve what its fill could breach."""
        self.orders[order.order_id] = order
        if self.limited_accounts or self.limited_users:
            self._follow_order(order)
        if order.conditions is not None:
            self.numbers[order.instrument_id].special += 1
            self._pair(order, order.conditions.oco_order_id)
        elif order.account_id in self.allocating:
            self.numbers[order.instrument_id].special += 1
        if order.side is BUY:
            bids = self.bidders.setdefault(order.instrument_id, {})
            bids[order.account_id] = bids.get(order.account_id, 0) + 1
            if bids[order.account_id] == 1:
                self.ledger.take_place(self.instruments[order.instrument_id].asset_id, order.account_id, 1)

    def close_order(self, order: OpenOrder) -> None:
        """Forget an order that is over, and what it reserved."""
        del self.orders[order.order_id]
        if order.conditions is not None or order.account_id in self.allocating:
            self.numbers[order.instrument_id].special -= 1
        if order.partner_id:
            self.orders[OrderId(order.partner_id)].partner_id = 0
            order.partner_id = 0
        if order.side is BUY:
            bids = self.bidders[order.instrument_id]
            bids[order.account_id] -= 1
            if not bids[order.account_id]:
                del bids[order.account_id]
                self.ledger.take_place(self.instruments[order.instrument_id].asset_id, order.account_id, -1)

    def _pair(self, order: OpenOrder, other_id: int) -> None:
        """Make a pair of an order and the one it names: they are one for as long as both are open."""
        other = self.orders.get(OrderId(other_id))
        if other is not None:
            order.partner_id, other.partner_id = other.order_id, order.order_id

    def orders_in_sequence(self) -> list[OpenOrder]:
        """Every open order by identifier, which is how they come and how a start loads them."""
        return list(self.orders.values())

    def day_total(self, account_id: AccountId, instrument_id: InstrumentId, side: Side, day: str) -> DayTotal | None:
        """What an allocation account traded on one side of one instrument on one day, until that day is over."""
        return cast("DayTotal | None", self.records[DayTotal].get((account_id, instrument_id, side, day)))

    def group_of(self, account_id: AccountId) -> int:
        """The group of related members an account belongs to; 0: none."""
        return self.members[self.accounts[account_id].member_id].group_id

    def market_of(self, instrument: Instrument) -> Market:
        """The market an instrument trades in."""
        return self.table(Market)[instrument.market_id]

    def change(self) -> None:
        """Cross the line: from here on the command may no longer be refused, only a bug can fail."""
        self.changing = True

    def mandates_of(self, user_id: UserId, account_id: AccountId) -> Iterable[Mandate]:
        """The mandates a user holds on an account."""
        return (
            mandate
            for mandate in self.table(Mandate).values()
            if mandate.user_id == user_id and mandate.account_id == account_id
        )
