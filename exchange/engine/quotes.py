"""Requests for quotes: asked, quoted, accepted as a contract that binds both sides, closed; time ends what nobody took.

The contract is an ordinary agreement (see deals); this module is one of its followers. Whoever does not sign in time
ends it: there is no deposit, so that it costs nothing but the register's record of it.
"""

from __future__ import annotations

import msgspec

from custody.rights import Right
from exchange.core.ids import DealId, QuoteId, QuoteRequestId, make_id, to_wire
from exchange.core.instruments import TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import SellerClass, UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode, ensure
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_cases import FOLLOWERS, end_deal
from exchange.engine.deal_checks import (
    days_of_publicity,
    deal_fees,
    overlay_of_deal,
    party,
    refuse_deal,
    rules_of_deal,
)
from exchange.engine.deal_publicity import agree, publicity_until
from exchange.engine.documents import refuse_documents
from exchange.engine.listing_checks import overlay_of, refuse_listing
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.rules import profile_of
from exchange.engine.sale_checks import LONGEST_NS, hypothetical, refuse_claims, refuse_taken
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.profile import Method
from matching.consideration import items_problem, promised_minor, uncounted, valued, worth_minor
from matching.deals import Deal, DealState
from matching.listing import ListingState
from matching.listing_messages import Listing, ListingMethod
from matching.messages import Market
from matching.quote_messages import (
    MAX_QUOTES,
    AcceptQuote,
    CloseQuoteRequest,
    PlaceQuote,
    Quote,
    QuoteAccepted,
    QuoteExpired,
    QuotePlaced,
    QuoteRequest,
    QuoteRequestChanged,
    QuoteRequestClosed,
    QuoteRequestState,
    QuotesRequested,
    QuoteState,
    RequestQuotes,
)

# --- Asking -----------------------------------------------------------------------------------------------------------


def request_quotes(state: ExchangeState, header: Header, command: RequestQuotes) -> list[Event]:
    """Ask for quotes for a listed right."""
    listing = state.table(Listing).get(command.listing_id)
    if listing is None:
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    if (refusal := refuse_account(state, header, listing.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if listing.state is not ListingState.ADMITTED:
        return [Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)]
    if (refusal := _refuse_terms(state, header, command, listing)) is not None:
        return [refusal]
    taken = refuse_taken(state, listing) or refuse_listing(state, header, listing)
    if (refusal := taken or refuse_claims(state, header, listing)) is not None:
        return [refusal]
    for member_id in command.addressees:
        if member_id not in state.members:
            return [Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", member_id))]
    market = state.table(Market)[listing.market_id]
    profile = profile_of(state, market)
    bound = overlay_of(state, header, profile, listing)
    if isinstance(bound, Rejected):
        return [bound]
    if (refusal := refuse_documents(state, listing.member_id, (command.contract_sha256,))) is not None:
        return [refusal]

    state.change()
    request = QuoteRequest(
        request_id=QuoteRequestId(make_id(header.sequence)),
        market_id=listing.market_id,
        listing_id=listing.listing_id,
        asset_id=listing.asset_id,
        name=listing.name,
        seller_account_id=listing.account_id,
        member_id=listing.member_id,
        money_asset_id=market.money_asset_id,
        addressees=command.addressees,
        basis=command.basis,
        contract_sha256=command.contract_sha256,
        payment_days=command.payment_days,
        closes_at_ns=command.closes_at_ns,
        wait_for_recordal=command.wait_for_recordal,
        jurisdiction=listing.jurisdiction,
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        overlays_version=bound[0].version if bound is not None else 0,
        state=QuoteRequestState.OPEN,
        requested_by=header.principal,
        requested_at_ns=header.at_ns,
    )
    state.put(request)
    told = move_and_tell(state, header, (request.seller_account_id,))
    return [
        QuotesRequested(request=request, rules=rules_of_deal(profile, bound), movement=told),
        timers.set_timer(state, header, TimerKind.QUOTE_REQUEST_CLOSES, request.closes_at_ns, request.request_id),
    ]


def _refuse_terms(state: ExchangeState, header: Header, command: RequestQuotes, listing: Listing) -> Rejected | None:
    """Whether these can be the terms of a request for this listing.

    Refused: quote.terms_invalid, quote.state.
    """
    if listing.method is not ListingMethod.RFQ:
        return _invalid(f"{to_wire('L', listing.listing_id)} is listed by {listing.method}")
    if (other := state.find(QuoteRequest, listing.asset_id)) is not None:
        return Rejected(code=RejectCode.QUOTE_STATE, detail=f"{to_wire('RQ', other.request_id)} is {other.state}")
    if not header.at_ns < command.closes_at_ns <= header.at_ns + LONGEST_NS:
        return _invalid("closes_at_ns in the future, within 366 days")
    if len(set(command.addressees)) != len(command.addressees) or listing.member_id in command.addressees:
        return _invalid("each addressee once, and not the seller")
    right = state.table(Right)[listing.asset_id]
    if command.wait_for_recordal and right.title_regime is TitleRegime.CONTRACT_REGISTER:
        return _invalid("no office records this right")
    return None


def close_request(state: ExchangeState, header: Header, command: CloseQuoteRequest) -> list[Event]:
    """The seller asks for no more quotes, and takes none."""
    request = state.table(QuoteRequest).get(command.request_id)
    if request is None:
        return [Rejected(code=RejectCode.QUOTE_REQUEST_UNKNOWN)]
    seller_id = request.seller_account_id
    if (refusal := refuse_account(state, header, seller_id, UserRight.TRADE, frozen_too=True)) is not None:
        return [refusal]
    if request.state is not QuoteRequestState.OPEN:
        return [Rejected(code=RejectCode.QUOTE_STATE, detail=request.state)]

    state.change()
    return close_quotes(state, header, request, command.reason)


# --- Quoting ----------------------------------------------------------------------------------------------------------


def place_quote(state: ExchangeState, header: Header, command: PlaceQuote) -> list[Event]:
    """Somebody who was asked says what it would give, and until when."""
    request = state.table(QuoteRequest).get(command.request_id)
    if request is None:
        return [Rejected(code=RejectCode.QUOTE_REQUEST_UNKNOWN)]
    refusal = refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=command.price_minor)
    if refusal is not None:
        return [refusal]
    if request.state is not QuoteRequestState.OPEN:
        return [Rejected(code=RejectCode.QUOTE_STATE, detail=request.state)]
    member_id = state.accounts[command.account_id].member_id
    if member_id == request.member_id or (request.addressees and member_id not in request.addressees):
        return [Rejected(code=RejectCode.QUOTE_NOT_ASKED)]
    standing = quotes_of(state, request.request_id)
    if any(quote.member_id == member_id for quote in standing):
        return [Rejected(code=RejectCode.QUOTE_EXISTS)]
    if (refusal := _refuse_quote(header, request, command)) is not None:
        return [refusal]
    draft = _draft(state, header, request, command)
    if (refusal := refuse_deal(state, header, draft, Method.RFQ) or _refuse_cost(state, draft)) is not None:
        return [refusal]
    if len(standing) >= MAX_QUOTES:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"at most {MAX_QUOTES} quotes")]

    state.change()
    rows = valued(command.price_minor, command.items, request.basis) if request.basis is not None else ()
    quote = Quote(
        quote_id=QuoteId(make_id(header.sequence)),
        request_id=request.request_id,
        account_id=command.account_id,
        member_id=member_id,
        seller_account_id=request.seller_account_id,
        price_minor=command.price_minor,
        items=command.items,
        rows=rows,
        worth_minor=Minor(worth_minor(rows)),
        valid_until_ns=command.valid_until_ns,
        state=QuoteState.STANDING,
        quoted_by=header.principal,
        quoted_at_ns=header.at_ns,
    )
    state.put(quote)
    counted = _put(state, request, n_quotes=request.n_quotes + 1)
    placed = QuotePlaced(request=counted, quote=quote, movement=_tell(state, header, counted, quote))
    return [placed, timers.set_timer(state, header, TimerKind.QUOTE_EXPIRES, quote.valid_until_ns, quote.quote_id)]


def _refuse_quote(header: Header, request: QuoteRequest, command: PlaceQuote) -> Rejected | None:
    """Whether a quote like this could be accepted.

    Refused: quote.terms_invalid.
    """
    if not header.at_ns < command.valid_until_ns <= request.closes_at_ns:
        return _invalid(f"valid_until_ns in the future, until {request.closes_at_ns}")
    if command.items is None:
        return None
    if (problem := items_problem(command.items)) != "":
        return _invalid(problem)
    beside = uncounted(command.items, request.basis) if request.basis is not None else ""
    return _invalid(f"nothing is published about {beside}") if beside else None


def _draft(state: ExchangeState, header: Header, request: QuoteRequest, quote: PlaceQuote | Quote) -> Deal:
    """The contract that a quote would become."""
    listing = state.table(Listing)[request.listing_id]
    wait = request.wait_for_recordal
    deal = hypothetical(state, header, listing, quote.account_id, quote.price_minor, wait=wait)
    return msgspec.structs.replace(
        deal,
        fee_version=request.fee_version,
        overlays_version=request.overlays_version,
        contract_sha256=request.contract_sha256,
        related_party=party(state, quote.account_id).seller_class is SellerClass.INVENTOR,
        items=quote.items,
    )


def _refuse_cost(state: ExchangeState, draft: Deal) -> Rejected | None:
    """Whether price, fee and promises are more than the exchange counts.

    Refused: fee.schedule_unknown, limit.exceeded.
    """
    market = state.table(Market)[draft.market_id]
    fees = deal_fees(state, market, draft.fee_version, draft.price_minor, Method.RFQ)
    if fees is None:
        return Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price it")
    if draft.price_minor + fees[0] + promised_minor(draft.items) > MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")
    return None


# --- Accepting --------------------------------------------------------------------------------------------------------


def accept_quote(state: ExchangeState, header: Header, command: AcceptQuote) -> list[Event]:
    """The seller takes a quote: both sides are bound, and the contract opens."""
    quote = state.table(Quote).get(command.quote_id)
    if quote is None:
        return [Rejected(code=RejectCode.QUOTE_UNKNOWN)]
    request = state.table(QuoteRequest)[quote.request_id]
    seller_id = request.seller_account_id
    refusal = refuse_account(state, header, seller_id, UserRight.TRADE, value_minor=quote.price_minor)
    if refusal is not None:
        return [refusal]
    draft = _draft(state, header, request, quote)
    if (refusal := refuse_deal(state, header, draft, Method.RFQ)) is not None:
        return [refusal]
    profile = profile_of(state, state.table(Market)[request.market_id])
    bound = overlay_of_deal(state, header, profile, draft)
    if isinstance(bound, Rejected):
        return [bound]
    deal = msgspec.structs.replace(
        draft,
        deal_id=DealId(make_id(header.sequence)),
        publicity_days=days_of_publicity(bound, Method.RFQ),
        proposed_by=quote.quoted_by,
        proposed_at_ns=quote.quoted_at_ns,
        accepted_by=header.principal,
        accepted_at_ns=header.at_ns,
    )
    until = publicity_until(state, header, deal)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    dropped = timers.drop_timers(state, TimerKind.QUOTE_REQUEST_CLOSES, request.request_id)
    dropped += timers.drop_timers(state, TimerKind.QUOTE_EXPIRES, quote.quote_id)
    taken = _put_quote(state, quote, QuoteState.ACCEPTED)
    passed, more = _pass_quotes(state, request)
    accepted = _put(state, request, state=QuoteRequestState.ACCEPTED, deal_id=deal.deal_id)
    movement = _tell(state, header, accepted, taken, *passed)
    told = QuoteAccepted(request=accepted, quote=taken, passed=passed, movement=movement)
    return [*dropped, *more, told, *agree(state, header, deal, until), *_date_if_signing(state, header, accepted)]


def _date_if_signing(state: ExchangeState, header: Header, request: QuoteRequest) -> list[Event]:
    """Give whoever is to sign next its days, once nothing is shown any more."""
    deal = state.table(Deal)[request.deal_id]
    if deal.state is not DealState.SIGNING:
        return []
    due_ns = TimeNs(header.at_ns + request.payment_days * NS_PER_DAY)
    dated = _put(state, request, due_at_ns=due_ns)
    return [
        QuoteRequestChanged(request=dated),
        *timers.drop_timers(state, TimerKind.QUOTE_DUE, request.request_id),
        timers.set_timer(state, header, TimerKind.QUOTE_DUE, due_ns, request.request_id),
    ]


def follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """A contract went a step: its request goes with it."""
    request = state.find(QuoteRequest, deal.asset_id)
    if request is None or request.deal_id != deal.deal_id:
        return []
    if deal.state is DealState.SIGNING:
        return _date_if_signing(state, header, request)
    if deal.state is DealState.CONTRACTED:
        contracted = _put(state, request, due_at_ns=TimeNs(0))
        dropped = timers.drop_timers(state, TimerKind.QUOTE_DUE, request.request_id)
        return [*dropped, QuoteRequestChanged(request=contracted)]
    if deal.live:
        return []
    reason = "" if deal.state is DealState.COMPLETED else deal.reason or deal.state
    return close_quotes(state, header, request, reason)


# --- Time and the end -------------------------------------------------------------------------------------------------


def _closes(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """No quote was taken in time."""
    request = state.table(QuoteRequest)[QuoteRequestId(timer.subject_id)]
    ensure(request.state is QuoteRequestState.OPEN, "a request closes by itself only while it is open")
    return close_quotes(state, header, request, "no quote was taken in time")


def _expires(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A quote's time is over."""
    quote = state.table(Quote)[QuoteId(timer.subject_id)]
    expired = _put_quote(state, quote, QuoteState.EXPIRED)
    request = state.table(QuoteRequest)[quote.request_id]
    return [QuoteExpired(quote=expired, movement=_tell(state, header, request, expired))]


def _due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Somebody did not sign in time: the contract ends, and what was paid goes back."""
    request = state.table(QuoteRequest)[QuoteRequestId(timer.subject_id)]
    deal = state.table(Deal)[request.deal_id]
    ensure(deal.state is DealState.SIGNING, "a signature has its date as long as it is waited for")
    who = "the seller" if deal.buyer_signed_by else "the buyer"
    return end_deal(state, header, deal, DealState.DEFAULTED, f"{who} did not sign in time")


FOLLOWERS.append(follow_deal)
timers.FIRINGS[TimerKind.QUOTE_REQUEST_CLOSES] = _closes
timers.FIRINGS[TimerKind.QUOTE_EXPIRES] = _expires
timers.FIRINGS[TimerKind.QUOTE_DUE] = _due


def close_quotes(state: ExchangeState, header: Header, request: QuoteRequest, reason: str) -> list[Event]:
    """End a request: nothing more can come of its quotes. Call after the line."""
    dropped = timers.drop_timers(state, TimerKind.QUOTE_REQUEST_CLOSES, request.request_id)
    dropped += timers.drop_timers(state, TimerKind.QUOTE_DUE, request.request_id)
    passed, more = _pass_quotes(state, request)
    closed = _put(state, request, state=QuoteRequestState.CLOSED, due_at_ns=TimeNs(0), reason=reason)
    movement = _tell(state, header, closed, *passed)
    return [*dropped, *more, QuoteRequestClosed(request=closed, passed=passed, movement=movement)]


def _pass_quotes(state: ExchangeState, request: QuoteRequest) -> tuple[tuple[Quote, ...], list[Event]]:
    """Let go of every quote that still stands, and of its time."""
    standing = quotes_of(state, request.request_id)
    dropped = [event for one in standing for event in timers.drop_timers(state, TimerKind.QUOTE_EXPIRES, one.quote_id)]
    return tuple(_put_quote(state, one, QuoteState.PASSED) for one in standing), dropped


def quotes_of(state: ExchangeState, request_id: QuoteRequestId) -> list[Quote]:
    """The quotes of a request that may still be accepted, as they came."""
    found = [quote for quote in state.table(Quote).values() if quote.request_id == request_id]
    return sorted(found, key=lambda quote: quote.quote_id)


def _put(state: ExchangeState, request: QuoteRequest, /, **changes: object) -> QuoteRequest:
    changed = msgspec.structs.replace(request, **changes)
    state.put(changed)
    return changed


def _put_quote(state: ExchangeState, quote: Quote, to: QuoteState) -> Quote:
    changed = msgspec.structs.replace(quote, state=to)
    state.put(changed)
    return changed


def _tell(state: ExchangeState, header: Header, request: QuoteRequest, *quotes: Quote) -> Movement:
    """Tell the seller and the makers of these quotes."""
    concerned = [request.seller_account_id, *(quote.account_id for quote in quotes)]
    return move_and_tell(state, header, dict.fromkeys(concerned))


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.QUOTE_TERMS_INVALID, detail=detail)
