"""Listings: proposed by a seller, admitted or rejected by an operator, delisted in the end.

An admitted book listing is an instrument that stands closed until its phase is changed; an admitted whole right is what
a deal refers to.
"""

from __future__ import annotations

import msgspec

from custody.outcomes import Outcome
from exchange.assets.party_identifiers import InstrumentCode
from exchange.core.ids import DocumentId, InstrumentId, ListingId, make_id, to_wire
from exchange.core.instruments import AssetKind, Phase, Settlement
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import RunKind
from exchange.core.parties import MemberStatus, Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import PriceTicks, TimeNs
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.book_fold import book_for, fold
from exchange.engine.book_follow import tell_standing
from exchange.engine.encumbrances import acting_seller
from exchange.engine.interruptions import close_book
from exchange.engine.listing_checks import overlay_of, refuse_listing, rules_of
from exchange.engine.mirrors import refuse_external
from exchange.engine.rules import profile_of
from exchange.engine.runs import start_run
from exchange.engine.sessions import schedule, unschedule
from exchange.engine.state import ExchangeState
from exchange.rulebook.disposal import period_end_ns, publicity_days
from exchange.rulebook.profile import Method
from matching.listing import ListingState
from matching.listing_messages import (
    AdmitListing,
    DelistListing,
    Listing,
    ListingAdmitted,
    ListingDelisted,
    ListingMethod,
    ListingProposed,
    ListingRejected,
    ProposeListing,
    RejectListing,
)
from matching.messages import CancelReason, Instrument, Market
from matching.price_offers import PriceOffer
from matching.quote_messages import QuoteRequest
from matching.sale_messages import Lot

CLASSES = {AssetKind.SHARE: "S", AssetKind.NOTE: "N"}
"""The class letters of our instrument codes."""


def propose_listing(state: ExchangeState, header: Header, command: ProposeListing) -> list[Event]:
    """Put something to a market; it waits for an operator."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    if (refusal := refuse_external(state, command.asset_id, "listing")) is not None:
        return [refusal]
    asset = state.assets.get(command.asset_id)
    if asset is None or asset.kind not in (AssetKind.RIGHT, AssetKind.SHARE, AssetKind.NOTE):
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    listing = _draft(state, header, command)
    if (refusal := refuse_listing(state, header, listing)) is not None:
        return [refusal]

    state.change()
    state.put(listing)
    return [ListingProposed(listing=listing)]


def admit_listing(state: ExchangeState, header: Header, command: AdmitListing) -> list[Event]:
    """Open a proposed listing, if everything still allows it and somebody else proposed it."""
    listing = state.table(Listing).get(command.listing_id)
    if listing is None:
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    if listing.state is not ListingState.DRAFT:
        return [Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)]
    if header.principal == listing.proposed_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := _refuse_frozen(state, listing)) is not None:
        return [refusal]
    if (refusal := refuse_listing(state, header, listing)) is not None:
        return [refusal]
    publicity_until = _publicity_until(state, header, listing)
    if isinstance(publicity_until, Rejected):
        return [publicity_until]

    state.change()
    market = state.table(Market)[listing.market_id]
    by_book = listing.method is ListingMethod.ORDER_BOOK
    instrument_id = InstrumentId(make_id(header.sequence)) if by_book else InstrumentId(0)
    admitted = msgspec.structs.replace(
        listing,
        state=ListingState.ADMITTED,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
        instrument_id=instrument_id,
        publicity_until_ns=publicity_until,
        deed_id=_deed_of(state, listing),
    )
    state.put(admitted)
    instrument = _instrument(state, market, admitted) if by_book else None
    if instrument is not None:
        state.put(instrument)
    rules = rules_of(profile_of(state, market), listing.method)
    admission = ListingAdmitted(listing=admitted, instrument=instrument, rules=rules)
    return [admission, *(schedule(state, header, instrument, header.at_ns) if instrument is not None else [])]


def reject_listing(state: ExchangeState, header: Header, command: RejectListing) -> list[Event]:
    """Send a proposed listing back for good."""
    listing = state.table(Listing).get(command.listing_id)
    if listing is None:
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    if listing.state is not ListingState.DRAFT:
        return [Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)]

    state.change()
    return [ListingRejected(listing=_end(state, header, listing, ListingState.REJECTED, command.reason))]


def delist_listing(state: ExchangeState, header: Header, command: DelistListing) -> list[Event]:
    """End a listing; of a book the instrument closes for good, and its orders end as a run."""
    listing = state.table(Listing).get(command.listing_id)
    if listing is None:
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    seller_id = acting_seller(state, listing.asset_id, listing.account_id)
    own = acts_for_member(state, header, state.accounts[seller_id].member_id, UserRight.TRADE)
    if not own and Role.OPERATOR not in state.users[header.principal].roles:
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    draft = listing.state is ListingState.DRAFT
    if (own and listing.instrument_id) or (not own and draft):
        return [Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)]
    if (lot := state.find(Lot, listing.asset_id)) is not None:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")]
    if (request := state.find(QuoteRequest, listing.asset_id)) is not None:
        detail = f"{to_wire('RQ', request.request_id)} is {request.state}"
        return [Rejected(code=RejectCode.QUOTE_STATE, detail=detail)]
    if (offer := state.find(PriceOffer, listing.asset_id)) is not None:
        detail = f"{to_wire('LP', offer.price_offer_id)} is {offer.state}"
        return [Rejected(code=RejectCode.LISTING_STATE, detail=detail)]
    instrument = state.instruments.get(listing.instrument_id)
    if instrument is not None and instrument.phase is Phase.SETTLING:
        return [Rejected(code=RejectCode.INSTRUMENT_PHASE, detail="its auction is being settled")]

    state.change()
    return end_listing(state, header, listing, command.reason, ListingState.REJECTED if draft else None)


def end_listing(
    state: ExchangeState, header: Header, listing: Listing, reason: str, to: ListingState | None = None
) -> list[Event]:
    """End a listing, as a delisting or because what was listed is sold. Call after the line."""
    ended = _end(state, header, listing, to or ListingState.DELISTED, reason)
    instrument = state.instruments.get(listing.instrument_id)
    if instrument is None:
        return [ListingDelisted(listing=ended)]
    closed = msgspec.structs.replace(instrument, phase=Phase.CLOSED, frozen=True)
    state.put(closed)
    events: list[Event] = [
        ListingDelisted(listing=ended, instrument=closed),
        *fold(state, header, closed, close_book(book_for(state, header, closed))),
        *unschedule(state, closed.instrument_id),
        *tell_standing(state, header, closed.instrument_id),
    ]
    plan = [order.order_id for order in state.orders_in_sequence() if order.instrument_id == closed.instrument_id]
    run = start_run(state, header, RunKind.CANCEL_ORDERS, plan, argument=CancelReason.FROZEN)
    return [*events, *run]


def next_instrument_code(state: ExchangeState, instrument_class: str) -> str:
    """The next free code of our own: instruments are numbered through, whatever their class, and none ever leaves."""
    return InstrumentCode(instrument_class, len(state.instruments) + 1).text


def _draft(state: ExchangeState, header: Header, command: ProposeListing) -> Listing:
    return Listing(
        listing_id=ListingId(make_id(header.sequence)),
        market_id=command.market_id,
        method=command.method,
        state=ListingState.DRAFT,
        asset_id=command.asset_id,
        account_id=command.account_id,
        member_id=state.accounts[command.account_id].member_id,
        name=command.name,
        lot_units=command.lot_units,
        tick_minor=command.tick_minor,
        band_low_ticks=PriceTicks(command.band_low_ticks),
        band_high_ticks=PriceTicks(command.band_high_ticks),
        asking_price_minor=command.asking_price_minor,
        jurisdiction=command.jurisdiction,
        disclosure_sha256=command.disclosure_sha256,
        deed_id=DocumentId(0),
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
    )


def _refuse_frozen(state: ExchangeState, listing: Listing) -> Rejected | None:
    """Whether the seller was stopped since it proposed."""
    if state.accounts[listing.account_id].frozen:
        return Rejected(code=RejectCode.ACCOUNT_FROZEN)
    if state.members[listing.member_id].status is MemberStatus.FROZEN:
        return Rejected(code=RejectCode.MEMBER_FROZEN)
    return None


def _publicity_until(state: ExchangeState, header: Header, listing: Listing) -> TimeNs | Rejected:
    """When the days are over for which the name and the intended price of an agreed sale must be shown.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[listing.market_id]
    bound = overlay_of(state, header, profile_of(state, market), listing)
    if isinstance(bound, Rejected):
        return bound
    days = publicity_days(bound[1], Method(listing.method.value)) if bound is not None else 0
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def _deed_of(state: ExchangeState, listing: Listing) -> DocumentId:
    """The deed whose terms a buyer accepts with the order; 0 for whole rights, and for notes, whose issue says them."""
    asset = state.assets[listing.asset_id]
    return state.table(Outcome)[asset.subject_id].deed_id if asset.kind is AssetKind.SHARE else DocumentId(0)


def _instrument(state: ExchangeState, market: Market, listing: Listing) -> Instrument:
    return Instrument(
        instrument_id=listing.instrument_id,
        code=next_instrument_code(state, CLASSES[state.assets[listing.asset_id].kind]),
        name=listing.name,
        market_id=listing.market_id,
        listing_id=listing.listing_id,
        asset_id=listing.asset_id,
        money_asset_id=market.money_asset_id,
        lot_units=listing.lot_units,
        tick_minor=listing.tick_minor,
        band_low_ticks=listing.band_low_ticks,
        band_high_ticks=listing.band_high_ticks,
        settlement=Settlement.BOOK_ENTRY,
        phase=Phase.CLOSED,
        frozen=False,
    )


def _end(state: ExchangeState, header: Header, listing: Listing, to: ListingState, reason: str) -> Listing:
    ended = msgspec.structs.replace(
        listing, state=to, reason=reason, decided_by=header.principal, decided_at_ns=header.at_ns
    )
    state.put(ended)
    return ended
