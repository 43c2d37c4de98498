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
from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.funding_messages import PayoutAccount, Receipt, Withdrawal
from custody.outcomes import Outcome, ShareDeed
from custody.pilot import Pilot, PilotState
from custody.rights import Right
from custody.transfers import Transfer
from exchange.assets.messages import Alias, Patent
from exchange.core.documents import Document
from exchange.core.ids import KINDS, MemberId
from exchange.core.membership import Key, Mandate, Member, User
from exchange.core.messages import Record
from exchange.core.node_messages import Approval, Run, Timer, TimerKind
from exchange.core.rule_messages import Published
from exchange.core.wire import decode_command
from exchange.core.wire_json import show
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from exchange.store.queries.records import Among
from matching.correction_messages import TradeCorrection
from matching.deals import Deal, DealState, LastSale
from matching.limit_messages import LimitUse, TradingLimit
from matching.listing_messages import Listing
from matching.lot_messages import LotBid
from matching.messages import BookStanding, Instrument, Market
from matching.notice_messages import Announcement, AnnouncementState, InsiderList, NewsNumber
from matching.obligations import Obligation, PaymentPlan
from matching.quote_messages import Quote, QuoteRequest
from matching.sale_messages import Bidder, ListingSteps, Lot, LotReserve, Sale
from matching.tender_messages import Panel, Tender, TenderOffer, TenderScore
from securitization.messages import Claim, Product, Programme, Reward, Subscription

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


def is_of_team(asked: Question, pilot: Pilot) -> bool:
    """Whether the reader is one of the inventors: they must read what they sign."""
    return any(asked.services.directory.owns(asked.principal, member.account_id) for member in pilot.team)


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
    Resource("/v1/approvals", Approval, by_user("maker_id"), filters=("status",), show=show_approval),
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
    Resource("/v1/rights", Right, filters=("patent_id", "outcome_id", "form")),
    Resource("/v1/share-deeds", ShareDeed, filters=("outcome_id",)),
    Resource("/v1/documents", Document, by_member("member_id"), filters=("sha256",)),
    # Custody
    Resource("/v1/assets", Asset, public=True, filters=("kind", "currency", "code")),
    Resource("/v1/banks", Bank, filters=("currency",)),
    Resource("/v1/receipts", Receipt, by_account("account_id"), filters=("bank_id", "account_id", "status")),
    Resource("/v1/payout-accounts", PayoutAccount, by_member("member_id"), filters=("member_id",)),
    Resource("/v1/withdrawals", Withdrawal, by_account("account_id"), filters=("account_id", "status")),
    Resource("/v1/transfers", Transfer, staff=True),
    # Market
    Resource("/v1/markets", Market, public=True, filters=("name", "profile")),
    Resource("/v1/instruments", Instrument, public=True, filters=("market_id", "code", "phase")),
    Resource("/v1/listings", Listing, public=True, filters=("market_id", "member_id", "state", "method", "asset_id")),
    # Deals and pilot assignments; what is in its publicity is shown to everybody, so that anybody may object
    Resource(
        "/v1/deals",
        Deal,
        by_account("seller_account_id", "buyer_account_id"),
        filters=("market_id", "asset_id", "state"),
    ),
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
    Resource("/v1/last-sales", LastSale, staff=True),
    # What agreements promised for later: its debtor's and its creditor's
    Resource(
        "/v1/obligations",
        Obligation,
        by_account("debtor_account_id", "creditor_account_id"),
        filters=("deal_id", "kind", "state", "late"),
    ),
    Resource("/v1/payment-plans", PaymentPlan, by_account("debtor_account_id", "creditor_account_id")),
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
    # Limits are their account's and user's; an announcement is everybody's once released, an insider list its issuer's
    Resource(
        "/v1/limits",
        TradingLimit,
        either(by_account("account_id"), by_user("user_id")),
        filters=("account_id", "user_id", "currency"),
    ),
    Resource("/v1/limit-uses", LimitUse, staff=True),
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
    Resource("/v1/products", Product, filters=("status", "market_id")),
    Resource("/v1/subscriptions", Subscription, by_account("account_id"), filters=("product_id", "account_id")),
    Resource("/v1/programmes", Programme),
    Resource("/v1/rewards", Reward, by_account("account_id"), filters=("product_id", "account_id")),
    # Rules, and the node's own
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
            return None if record is None else {"item": resource.shown(record)}

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
