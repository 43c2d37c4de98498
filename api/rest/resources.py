"""Everything that is read by its identifier or listed in the order of its keys: one line a kind.

A line says where a record is read, who may see which of them, and by what the list may be narrowed. Whoever may not
see a record is told that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NewType

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.rest.access import require_staff
from api.rest.reading import MIN_SEQUENCE, PAGED, Param, Question, documented, question
from api.services import Services
from custody.accounts import Account, Asset, Bank
from custody.company import Company, Contribution
from custody.consents import Consent
from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.distribution_messages import Distribution, Income, PlanPage, Unclaimed
from custody.funding_messages import PayoutAccount, Receipt, Withdrawal
from custody.kept_share import KeptShare, KeptShareState
from custody.outcomes import Outcome, ShareDeed
from custody.packs import Pack
from custody.pilot import Pilot, PilotState
from custody.pilot_life import Incentive, PilotReport, UseRight
from custody.pledges import Encumbrance
from custody.reconciliation import Difference, Reconciliation, Suspension
from custody.reform import Reform
from custody.register import TitleEntry
from custody.rights import Right
from custody.transfers import Transfer
from exchange.assets.messages import Alias, Patent
from exchange.core.authorisations import Authorisation
from exchange.core.documents import Document
from exchange.core.ids import KINDS, MemberId
from exchange.core.membership import Key, Mandate, Member, User
from exchange.core.messages import Record
from exchange.core.node_messages import Approval, Run, Timer, TimerKind
from exchange.core.rule_messages import Published
from exchange.core.wire import decode_command
from exchange.core.wire_json import show
from exchange.store.queries import records
from exchange.store.queries.encumbrances import burdens_on
from exchange.store.queries.reader import Snapshot
from exchange.store.queries.records import Among
from matching.allocation_messages import Allocation, DayTotal
from matching.correction_messages import TradeCorrection
from matching.deals import Deal, DealState
from matching.equity import EquityNotice, EquityOffer
from matching.licence_messages import Licence, LicenceState, OpenLicence
from matching.limit_messages import LimitUse, TradingLimit
from matching.listing_messages import Listing
from matching.lot_messages import LotBid
from matching.messages import BookStanding, Instrument, Market
from matching.notice_messages import Announcement, AnnouncementState, InsiderList, NewsNumber
from matching.obligations import Obligation, PaymentPlan
from matching.preemption import NotifiedClaim
from matching.price_offers import PriceOffer
from matching.quote_messages import Quote, QuoteRequest
from matching.sale_messages import Bidder, ListingSteps, Lot, LotReserve, Sale
from matching.sides import LastSale
from matching.tender_messages import Panel, Tender, TenderOffer, TenderScore
from securitization.application_messages import Application, ApplicationState
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

Mine = Callable[[Question], tuple[Among, ...]]


def by_member(*columns: str) -> Mine:
    """Rows that name the reader's member."""
    return lambda asked: tuple(Among(column, (_member(asked),)) for column in columns)


def by_account(*columns: str) -> Mine:
    """Rows that name an account the reader may view."""
    return lambda asked: tuple(Among(column, tuple(asked.accounts or ())) for column in columns)


def by_user(*columns: str) -> Mine:
    """Rows that name a user of the reader's member."""
    return lambda asked: tuple(Among(column, tuple(_users(asked))) for column in columns)


def either(*rules: Mine) -> Mine:
    """Rows that any of these rules shows."""
    return lambda asked: tuple(among for rule in rules for among in rule(asked))


@dataclass(frozen=True, slots=True)
class Resource:
    """How one kind of record is read.

    `mine` narrows what members see; without it every user sees all, and with `public` everybody. `staff` keeps it to
    operators and regulators.
    """

    path: str
    record: type[Record]
    mine: Mine | None = None
    public: bool = False
    staff: bool = False
    filters: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Fields not listed: what is too large for a page."""
    fields: tuple[str, ...] = ()
    """The only fields shown, where not all are everybody's business."""
    only: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values a record must have to be shown here at all."""
    also: Callable[[Question, Any], bool] = lambda _asked, _record: False
    """Who else may read a single record, where no column says so."""
    besides: Callable[[Snapshot, Question, Any], bool] = lambda _snapshot, _asked, _record: False
    """Who else may read a single record, where another record says so."""
    show: Callable[[Any], dict[str, Any]] = show
    adds: Callable[[Snapshot, Any], dict[str, Any]] = lambda _snapshot, _record: {}
    """What else a single record is shown with, out of other tables."""

    def shown(self, record: Record) -> dict[str, Any]:
        """A record as its readers see it."""
        values = self.show(record)
        return {name: values[name] for name in self.fields} if self.fields else values

    def listed(self, record: Record) -> dict[str, Any]:
        """A record as a page lists it."""
        values = self.shown(record)
        for name in self.hidden:
            values.pop(name, None)
        return values

    def find(self, snapshot: Snapshot, asked: Question, key: records.Position) -> Record | None:
        """The record of that key, if it is there and the reader may see it."""
        mine = self.restriction(asked)
        found = records.one(snapshot, self.record, key, mine)
        if found is None and mine is not None:
            other = records.one(snapshot, self.record, key)
            if other is not None and (self.also(asked, other) or self.besides(snapshot, asked, other)):
                found = other
        if found is None or any(getattr(found, name) != value for name, value in self.only.items()):
            return None
        return found

    def restriction(self, asked: Question) -> tuple[Among, ...] | None:
        """What the reader may see; None: all.

        Refused: role.not_allowed.
        """
        if self.staff:
            require_staff(asked.principal)
        return None if asked.principal.staff or self.mine is None else self.mine(asked)


def show_timer(timer: Timer) -> dict[str, Any]:
    """What is due when; but nobody learns when a call ends that ends at random."""
    due_ns = None if timer.kind is TimerKind.CALL_ENDS else timer.due_ns
    return {**show(timer), "due_ns": due_ns}


def show_approval(approval: Approval) -> dict[str, Any]:
    """What waits for a second person, as a command and not as bytes: nobody signs what they cannot read."""
    return {**show(approval), "command": show(decode_command(approval.command))}


def show_burdens(snapshot: Snapshot, right: Right) -> dict[str, Any]:
    """What lies on a right, entry by entry: whoever thinks of buying it may know that, and not for what sum."""
    return {"burdens": [show(burden) for burden in burdens_on(snapshot, right)]}


def is_of_team(asked: Question, pilot: Pilot) -> bool:
    """Whether the reader is one of the inventors: they must read what they sign."""
    return any(asked.services.directory.owns(asked.principal, member.account_id) for member in pilot.team)


def is_buyer(asked: Question, kept_share: KeptShare) -> bool:
    """Whether the reader is one of the team that buys."""
    return any(asked.services.directory.owns(asked.principal, buyer.account_id) for buyer in kept_share.team)


def reads_reports(snapshot: Snapshot, asked: Question, report: PilotReport) -> bool:
    """Whether the reader is one of the inventors who owe the report."""
    pilot = records.one(snapshot, Pilot, (report.pilot_id,))
    return isinstance(pilot, Pilot) and is_of_team(asked, pilot)


def takes_part(asked: Question, deal: Deal | EquityOffer) -> bool:
    """Whether the reader is one of several who stepped in before the buyer."""
    return any(asked.services.directory.owns(asked.principal, part.account_id) for part in deal.parts)


def was_told(snapshot: Snapshot, asked: Question, offer: EquityOffer) -> bool:
    """Whether the reader is a member of the company who may step in: it must read what it would sign."""
    mine = by_member("member_id")(asked)
    return bool(records.page(snapshot, EquityNotice, 1, filters={"offer_id": offer.offer_id}, mine=mine).records)


def is_of_panel(asked: Question, panel: Panel) -> bool:
    """Whether the reader is one of the evaluators."""
    return asked.principal.user_id in panel.evaluators


def reads_offers(snapshot: Snapshot, asked: Question, offer: TenderOffer) -> bool:
    """Whether the reader scores this offer, once it is opened."""
    panel = records.one(snapshot, Panel, (offer.sale_id,)) if offer.seller_account_id else None
    return isinstance(panel, Panel) and asked.principal.user_id in panel.sitting


RESOURCES: tuple[Resource, ...] = (
    # Members
    Resource("/v1/members", Member, by_member("member_id"), filters=("role", "country", "status", "node")),
    Resource("/v1/users", User, by_member("member_id"), filters=("member_id", "user_name")),
    Resource("/v1/keys", Key, by_user("user_id"), filters=("user_id",)),
    Resource("/v1/mandates", Mandate, either(by_account("account_id"), by_user("user_id")), filters=("account_id",)),
    Resource("/v1/accounts", Account, by_account("account_id"), filters=("member_id", "kind")),
    Resource(
        "/v1/approvals",
        Approval,
        either(by_user("maker_id"), by_member("member_id")),
        filters=("status", "member_id"),
        show=show_approval,
    ),
    # Assets and rights
    Resource("/v1/patents", Patent, filters=("owner_id", "country", "status", "number", "listable")),
    Resource("/v1/aliases", Alias, staff=True),
    Resource("/v1/outcomes", Outcome, filters=("member_id", "node")),
    Resource("/v1/conveyances", Conveyance, filters=("reel_frame", "kind"), hidden=("properties",)),
    Resource(
        "/v1/recorded-titles",
        RecordedTitle,
        filters=("title", "patent_number", "application_number", "publication_number"),
    ),
    Resource("/v1/rights", Right, filters=("patent_id", "outcome_id", "form"), adds=show_burdens),
    Resource(
        "/v1/encumbrances",
        Encumbrance,
        by_account("account_id", "pledgee_account_id"),
        filters=("asset_id", "account_id", "kind", "state"),
    ),
    Resource("/v1/share-deeds", ShareDeed, filters=("outcome_id",)),
    Resource("/v1/documents", Document, by_member("member_id"), filters=("sha256",)),
    # Custody
    Resource("/v1/assets", Asset, public=True, filters=("kind", "currency", "code")),
    Resource("/v1/banks", Bank, filters=("currency",)),
    Resource("/v1/receipts", Receipt, by_account("account_id"), filters=("bank_id", "account_id", "status")),
    Resource("/v1/payout-accounts", PayoutAccount, by_member("member_id"), filters=("member_id",)),
    Resource("/v1/withdrawals", Withdrawal, by_account("account_id"), filters=("account_id", "status")),
    Resource("/v1/transfers", Transfer, staff=True),
    Resource("/v1/reconciliations", Reconciliation, staff=True, filters=("bank_id", "asset_id", "status")),
    Resource("/v1/differences", Difference, staff=True, filters=("reconciliation_id", "kind")),
    Resource("/v1/suspensions", Suspension, filters=("over",)),
    Resource(
        "/v1/title-entries", TitleEntry, by_account("from_account_id", "to_account_id"), filters=("asset_id", "stage")
    ),
    # Market
    Resource("/v1/markets", Market, public=True, filters=("name", "profile")),
    Resource("/v1/instruments", Instrument, public=True, filters=("market_id", "code", "phase")),
    Resource("/v1/listings", Listing, public=True, filters=("market_id", "member_id", "state", "method", "asset_id")),
    # Deals and pilot assignments; what is in its publicity is shown to everybody, so that anybody may object
    Resource(
        "/v1/deals",
        Deal,
        by_account("seller_account_id", "buyer_account_id", "displaced_account_id"),
        filters=("market_id", "asset_id", "state"),
        also=takes_part,
    ),
    Resource(
        "/v1/prior-claims",
        NotifiedClaim,
        by_account("account_id", "seller_account_id"),
        filters=("deal_id", "asset_id", "member_id", "state"),
    ),
    # Companies founded on outcomes are everybody's to see; an offer of equity its parties', the company's, and, once
    # they are told of it, the other members'
    Resource("/v1/companies", Company, filters=("member_id", "state")),
    Resource(
        "/v1/contributions",
        Contribution,
        by_account("account_id", "company_account_id"),
        filters=("company_id", "state"),
    ),
    Resource(
        "/v1/equity-offers",
        EquityOffer,
        by_account("seller_account_id", "buyer_account_id", "displaced_account_id", "company_account_id"),
        filters=("company_id", "asset_id", "state"),
        also=takes_part,
        besides=was_told,
    ),
    Resource(
        "/v1/equity-notices",
        EquityNotice,
        by_account("account_id", "seller_account_id"),
        filters=("offer_id", "member_id", "state"),
    ),
    Resource("/v1/consents", Consent, filters=("asset_id", "member_id", "act")),
    Resource("/v1/pilots", Pilot, by_account("account_id", "representative_id"), filters=("state",), also=is_of_team),
    Resource(
        "/v1/notices/deals",
        Deal,
        public=True,
        only={"state": DealState.PUBLICITY.value},
        fields=(
            "deal_id",
            "market_id",
            "asset_id",
            "units",
            "price_minor",
            "items",
            "jurisdiction",
            "publicity_until_ns",
        ),
    ),
    Resource(
        "/v1/notices/pilots",
        Pilot,
        public=True,
        only={"state": PilotState.NOTICE.value},
        fields=("pilot_id", "outcome_id", "market_id", "notice_until_ns"),
    ),
    Resource(
        "/v1/notices/kept-shares",
        KeptShare,
        public=True,
        only={"state": KeptShareState.NOTICE.value},
        fields=("kept_share_id", "pilot_id", "outcome_id", "market_id", "kept", "price_minor", "notice_until_ns"),
    ),
    # Reform programmes, and what follows an assignment: a use right is on the register for everybody to see
    Resource("/v1/reforms", Reform, public=True, filters=("market_id", "stage", "name")),
    Resource("/v1/use-rights", UseRight, filters=("outcome_id", "state")),
    Resource(
        "/v1/pilot-reports",
        PilotReport,
        by_account("account_id", "representative_id"),
        filters=("pilot_id", "outcome_id", "stage", "state", "late"),
        besides=reads_reports,
    ),
    Resource(
        "/v1/kept-shares",
        KeptShare,
        by_account("account_id", "representative_id"),
        filters=("pilot_id", "state"),
        also=is_buyer,
    ),
    Resource("/v1/incentives", Incentive, by_member("member_id"), filters=("member_id",)),
    Resource("/v1/packs", Pack, by_account("account_id"), filters=("member_id", "state"), hidden=("facts",)),
    Resource("/v1/last-sales", LastSale, staff=True),
    # What agreements promised for later: its debtor's and its creditor's
    Resource(
        "/v1/obligations",
        Obligation,
        by_account("debtor_account_id", "creditor_account_id"),
        filters=("deal_id", "kind", "state", "late"),
    ),
    Resource("/v1/payment-plans", PaymentPlan, by_account("debtor_account_id", "creditor_account_id")),
    # Income and its distribution: the owner's; a part that waits, its payee's too
    Resource("/v1/incomes", Income, by_account("account_id"), filters=("account_id", "outcome_id", "state")),
    Resource("/v1/distributions", Distribution, by_account("account_id"), filters=("income_id", "state")),
    Resource("/v1/plan-pages", PlanPage, by_account("account_id"), filters=("distribution_id",)),
    Resource("/v1/unclaimed", Unclaimed, by_account("account_id"), filters=("distribution_id", "account_id")),
    # Servicing of deals: the parties'; a duty its holder's too, a part that waits its holder's
    Resource(
        "/v1/servicings",
        Servicing,
        by_account("originator_account_id", "servicer_account_id", "trustee_account_id", "backup_account_id"),
    ),
    Resource("/v1/duties", Duty, by_account("account_id"), filters=("servicing_id", "kind", "state")),
    Resource("/v1/collections", Collection, by_account("account_id"), filters=("servicing_id", "state")),
    Resource(
        "/v1/projected-periods",
        ProjectedPeriod,
        by_account("account_id", "servicer_account_id"),
        filters=("servicing_id", "period"),
    ),
    Resource("/v1/collection-pages", CollectionPage, by_account("account_id"), filters=("collection_id",)),
    Resource("/v1/deal-payments", DealPayment, by_account("account_id"), filters=("servicing_id", "state")),
    Resource("/v1/class-payments", ClassPayment, by_account("account_id"), filters=("payment_id",)),
    Resource("/v1/payment-pages", PaymentPage, by_account("account_id"), filters=("payment_id",)),
    Resource("/v1/unpaid-parts", UnpaidPart, by_account("account_id"), filters=("payment_id",)),
    # Products whose register is elsewhere: its registrar's, and the staff's, who keep the files
    Resource("/v1/mirrors", MirrorRegister, by_account("registrar_account_id")),
    Resource("/v1/mirror-files", MirrorFile, staff=True, filters=("asset_id", "state", "as_of")),
    Resource("/v1/mirror-pages", MirrorPage, staff=True, filters=("mirror_file_id",)),
    # Public sales: what is sold is everybody's to see, who bids is the seller's, and a bid its bidder's alone
    Resource("/v1/sales", Sale, public=True, filters=("market_id", "member_id", "method", "state")),
    Resource("/v1/lots", Lot, public=True, filters=("sale_id", "listing_id", "asset_id", "state")),
    Resource("/v1/listing-steps", ListingSteps, public=True),
    Resource("/v1/lot-reserves", LotReserve, by_account("seller_account_id")),
    Resource(
        "/v1/bidders",
        Bidder,
        by_account("account_id", "seller_account_id"),
        filters=("sale_id", "account_id", "state"),
    ),
    Resource("/v1/bids", LotBid, by_account("account_id"), filters=("sale_id", "bidder_id", "state")),
    # Tenders: how offers are compared is everybody's to see, who scores them the seller's, an offer its bidder's until
    # all are opened
    Resource("/v1/tenders", Tender, public=True),
    Resource("/v1/panels", Panel, by_account("seller_account_id"), also=is_of_panel),
    Resource(
        "/v1/offers",
        TenderOffer,
        by_account("account_id", "seller_account_id"),
        filters=("sale_id", "bidder_id"),
        besides=reads_offers,
    ),
    Resource("/v1/scores", TenderScore, by_user("evaluator_id"), filters=("sale_id", "bid_id")),
    # Requests for quotes: a request is every user's to see, a quote its maker's and the seller's
    Resource("/v1/quote-requests", QuoteRequest, filters=("market_id", "asset_id", "state")),
    Resource(
        "/v1/quotes",
        Quote,
        by_account("account_id", "seller_account_id"),
        filters=("request_id", "account_id", "state"),
    ),
    # Listed prices: what is offered is everybody's to see, who took it the parties'
    Resource(
        "/v1/price-offers",
        PriceOffer,
        public=True,
        filters=("market_id", "asset_id", "listing_id", "state"),
        fields=(
            "price_offer_id",
            "market_id",
            "listing_id",
            "asset_id",
            "name",
            "seller_account_id",
            "price_minor",
            "deposit_minor",
            "contract_sha256",
            "payment_days",
            "closes_at_ns",
            "wait_for_recordal",
            "jurisdiction",
            "state",
        ),
    ),
    # Licences: a licence is its parties'; that one is in force goes with the right, and is everybody's to see
    Resource(
        "/v1/licences",
        Licence,
        by_account("licensor_account_id", "licensee_account_id"),
        filters=("market_id", "asset_id", "kind", "state", "open_licence_id"),
    ),
    Resource(
        "/v1/notices/licences",
        Licence,
        public=True,
        filters=("asset_id",),
        only={"state": LicenceState.IN_FORCE.value},
        fields=("licence_id", "asset_id", "kind", "scope", "sublicence", "in_force_at_ns", "recorded_on", "late"),
    ),
    Resource(
        "/v1/notices/licence-proposals",
        Licence,
        public=True,
        only={"state": LicenceState.PUBLICITY.value},
        fields=(
            "licence_id",
            "market_id",
            "asset_id",
            "kind",
            "scope",
            "price_minor",
            "items",
            "jurisdiction",
            "publicity_until_ns",
        ),
    ),
    Resource("/v1/open-licences", OpenLicence, public=True, filters=("market_id", "asset_id", "member_id", "state")),
    # Limits are their account's and user's; an announcement is everybody's once released, an insider list its issuer's
    Resource(
        "/v1/limits",
        TradingLimit,
        either(by_account("account_id"), by_user("user_id")),
        filters=("account_id", "user_id", "currency"),
    ),
    Resource("/v1/limit-uses", LimitUse, staff=True),
    Resource("/v1/day-totals", DayTotal, by_account("account_id"), filters=("account_id", "instrument_id", "day")),
    Resource("/v1/allocations", Allocation, by_account("account_id"), filters=("account_id", "instrument_id", "day")),
    Resource("/v1/trade-corrections", TradeCorrection, staff=True, filters=("instrument_id",)),
    Resource("/v1/news-numbers", NewsNumber, staff=True),
    Resource("/v1/insider-lists", InsiderList, by_member("issuer_id"), filters=("asset_id",)),
    Resource("/v1/announcements", Announcement, by_member("member_id"), filters=("state",)),
    Resource(
        "/v1/notices/announcements",
        Announcement,
        public=True,
        only={"state": AnnouncementState.RELEASED.value},
        fields=("announcement_id", "n", "asset_ids", "title", "text", "price_relevant", "decided_at_ns", "read_out_ns"),
    ),
    # Securitization
    Resource(
        "/v1/claims",
        Claim,
        by_account("originator_account_id", "debtor_account_id"),
        filters=("product_id", "status"),
    ),
    Resource("/v1/issues", Issue, filters=("state", "market_id")),
    Resource("/v1/closing-items", ClosingItem, filters=("issue_id", "kind", "state")),
    Resource("/v1/note-locks", NoteLock, by_account("account_id"), filters=("issue_id",)),
    Resource("/v1/shelves", Shelf, filters=("member_id",)),
    Resource("/v1/offerings", Offering, filters=("issue_id", "state")),
    Resource("/v1/book-bids", BookBid, by_account("account_id"), filters=("offering_id", "account_id", "state")),
    Resource("/v1/products", Product, filters=("status", "market_id")),
    Resource("/v1/subscriptions", Subscription, by_account("account_id"), filters=("product_id", "account_id")),
    Resource("/v1/programmes", Programme),
    Resource("/v1/rewards", Reward, by_account("account_id"), filters=("product_id", "account_id")),
    Resource("/v1/pools", Pool, filters=("state", "kind", "issuer_account_id")),
    Resource(
        "/v1/pool-assets",
        PoolAsset,
        by_account("originator_account_id", "holder_account_id", "debtor_account_id"),
        filters=("pool_id", "state", "right_asset_id"),
    ),
    Resource("/v1/valuations", Valuation, filters=("right_asset_id", "newest")),
    # Reward programmes at work: the sponsors' schemes and calls are everybody's, an application is its applicant's
    Resource("/v1/schemes", Scheme, filters=("programme", "state")),
    Resource("/v1/scheme-calls", SchemeCall, public=True, filters=("scheme_id", "year", "state")),
    Resource("/v1/reward-events", RewardEvent, staff=True, filters=("kind", "reference")),
    Resource(
        "/v1/applications",
        Application,
        by_account("account_id"),
        filters=("call_id", "programme", "role", "state", "product_id", "event_id", "issue_id"),
    ),
    Resource(
        "/v1/notices/applications",
        Application,
        public=True,
        only={"state": ApplicationState.NOTICE.value},
        fields=(
            "application_id",
            "programme",
            "version",
            "year",
            "role",
            "member_id",
            "product_id",
            "event_id",
            "issue_id",
            "awarded_minor",
            "notice_until_ns",
        ),
    ),
    # Rules, and the node's own
    Resource("/v1/authorisations", Authorisation, public=True, filters=("profile",)),
    Resource("/v1/rules", Published, public=True, filters=("kind", "name"), hidden=("text",)),
    Resource("/v1/runs", Run, staff=True, hidden=("plan",)),
    Resource("/v1/timers", Timer, staff=True, show=show_timer),
    Resource("/v1/book-standings", BookStanding, staff=True),
)


def routes(resources: tuple[Resource, ...] = RESOURCES) -> APIRouter:
    """A list and a single record for each kind."""
    router = APIRouter()
    for resource in resources:
        _add(router, resource)
    return router


def _add(router: APIRouter, resource: Resource) -> None:
    key = records.key_fields(resource.record)
    kinds = {field.name: field.type for field in msgspec.structs.fields(resource.record)}
    named = tuple(_param(name, kinds[name]) for name in key)
    listed = (*(_param(name, kinds[name]) for name in resource.filters), *PAGED)
    noun = resource.path.rpartition("/")[2]

    async def list_them(request: Request) -> Response:
        asked = question(request, listed, public=resource.public)
        mine = resource.restriction(asked)
        filters = {name: value for name in resource.filters if (value := asked.get(name)) is not None}
        filters.update(resource.only)
        position = asked.position()

        def work(snapshot: Snapshot) -> dict[str, Any]:
            found = records.page(snapshot, resource.record, asked.limit, after=position, filters=filters, mine=mine)
            return asked.page([resource.listed(record) for record in found.records], found.next_position)

        return await asked.answer(work)

    async def read_one(request: Request) -> Response:
        asked = question(request, (*named, MIN_SEQUENCE), public=resource.public)
        resource.restriction(asked)
        wanted = tuple(asked.get(name) for name in key)

        def work(snapshot: Snapshot) -> dict[str, Any] | None:
            record = resource.find(snapshot, asked, wanted)
            return None if record is None else {"item": resource.shown(record) | resource.adds(snapshot, record)}

        return await asked.answer(work)

    title = (resource.record.__doc__ or "").partition("\n")[0]
    placed = "/".join(f"{{{name}}}" for name in key)
    router.add_api_route(
        resource.path,
        list_them,
        methods=["GET"],
        name=f"list {noun}",
        summary=f"List {noun.replace('-', ' ')}",
        description=title,
        tags=[resource.path.split("/")[2]],
        openapi_extra=documented(listed, public=resource.public),
    )
    router.add_api_route(
        f"{resource.path}/{placed}",
        read_one,
        methods=["GET"],
        name=f"read {noun}",
        summary=f"Read one of {noun.replace('-', ' ')}",
        description=title,
        tags=[resource.path.split("/")[2]],
        openapi_extra=documented((MIN_SEQUENCE,), public=resource.public, path=named),
    )


def _param(name: str, kind: Any) -> Param:
    """A record's field as a parameter."""
    letter = KINDS.get(kind.__name__, "") if isinstance(kind, NewType) else ""
    if letter:
        return Param(name, letter=letter)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Param(name, choices=tuple(member.value for member in kind))
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    return Param(name, number=kind is int)


def _member(asked: Question) -> MemberId:
    return asked.principal.member_id


def _users(asked: Question) -> list[int]:
    services: Services = asked.services
    return [int(user_id) for user_id in services.directory.users_of(asked.principal.member_id)]
