"""Listed rights at their price: offered to all, taken by the first, contracted as an agreement.

This module is one of the followers of deals. A taker that does not pay in time loses its deposit to the seller; where
anything else ends the contract the deposit goes back.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.encumbrances import burdens_hash
from custody.ledger import Leg
from custody.rights import Right
from exchange.core.ids import DealId, PriceOfferId, make_id, to_wire
from exchange.core.instruments import TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import SellerClass, UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import NS_PER_DAY, Minor, TimeNs, div_ceil
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.burdens import burdens_of
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
from exchange.engine.sale_checks import hypothetical, refuse_claims, refuse_taken
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.overlays import cite_overlay
from exchange.rulebook.profile import Method
from matching.deals import Deal, DealState
from matching.listing import ListingState
from matching.listing_messages import Listing, ListingMethod
from matching.messages import Market
from matching.price_offers import (
    CloseListingOffer,
    ListingOfferClosed,
    ListingOffered,
    ListingTaken,
    OfferListing,
    PriceOffer,
    PriceOfferChanged,
    PriceOfferState,
    TakeListing,
)

PPM = 1_000_000

# --- Offering ---------------------------------------------------------------------------------------------------------


def offer_listing(state: ExchangeState, header: Header, command: OfferListing) -> list[Event]:
    """Offer a listed right to everybody at its price, for the market's listing days."""
    listing = state.table(Listing).get(command.listing_id)
    if listing is None:
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    if (refusal := refuse_account(state, header, listing.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if (refusal := _refuse_listing(state, header, command, listing)) is not None:
        return [refusal]
    market = state.table(Market)[listing.market_id]
    profile = profile_of(state, market)
    bound = overlay_of(state, header, profile, listing)
    if isinstance(bound, Rejected):
        return [bound]
    if bound is not None and bound[1].fields.open_sale_notice_trading_days.value:
        # With two takers there must be a competition: the first comer may not have it.
        rule = cite_overlay(*bound, "open_sale_notice_trading_days")
        return [Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail="sold in public only", rule=rule)]
    price_minor = listing.asking_price_minor
    fee_version = state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns)
    fees = deal_fees(state, market, fee_version, price_minor, Method.LISTING)
    if fees is None:
        return [Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price it")]
    if price_minor + fees[0] > MAX_ORDER_MINOR:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")]
    if (refusal := refuse_documents(state, listing.member_id, (command.contract_sha256,))) is not None:
        return [refusal]

    state.change()
    offer = PriceOffer(
        price_offer_id=PriceOfferId(make_id(header.sequence)),
        market_id=listing.market_id,
        listing_id=listing.listing_id,
        asset_id=listing.asset_id,
        name=listing.name,
        seller_account_id=listing.account_id,
        member_id=listing.member_id,
        money_asset_id=market.money_asset_id,
        price_minor=price_minor,
        deposit_minor=Minor(div_ceil(price_minor * profile.fields.deposit_ppm.value, PPM)),
        contract_sha256=command.contract_sha256,
        payment_days=command.payment_days,
        closes_at_ns=TimeNs(header.at_ns + profile.fields.listing_days.value * NS_PER_DAY),
        wait_for_recordal=command.wait_for_recordal,
        jurisdiction=listing.jurisdiction,
        fee_version=fee_version,
        overlays_version=bound[0].version if bound is not None else 0,
        state=PriceOfferState.OPEN,
        offered_by=header.principal,
        offered_at_ns=header.at_ns,
    )
    state.put(offer)
    told = move_and_tell(state, header, (offer.seller_account_id,))
    return [
        ListingOffered(offer=offer, rules=rules_of_deal(profile, bound), movement=told),
        timers.set_timer(state, header, TimerKind.PRICE_OFFER_ENDS, offer.closes_at_ns, offer.price_offer_id),
    ]


def _refuse_listing(state: ExchangeState, header: Header, command: OfferListing, listing: Listing) -> Rejected | None:
    """Whether this listing may be offered now.

    Refused: listing.state, listing.terms_invalid, sale.state, deal.state, pilot.state, whatever refuses the listing.
    """
    if listing.state is not ListingState.ADMITTED:
        return Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)
    if listing.method is not ListingMethod.LISTING:
        return Rejected(code=RejectCode.LISTING_TERMS_INVALID, detail=f"listed by {listing.method}")
    if (other := state.find(PriceOffer, listing.asset_id)) is not None:
        detail = f"{to_wire('LP', other.price_offer_id)} is {other.state}"
        return Rejected(code=RejectCode.LISTING_STATE, detail=detail)
    right = state.table(Right)[listing.asset_id]
    if command.wait_for_recordal and right.title_regime is TitleRegime.CONTRACT_REGISTER:
        return Rejected(code=RejectCode.LISTING_TERMS_INVALID, detail="no office records this right")
    taken = refuse_taken(state, listing) or refuse_listing(state, header, listing)
    return taken or refuse_claims(state, header, listing)


def close_listing_offer(state: ExchangeState, header: Header, command: CloseListingOffer) -> list[Event]:
    """The seller offers it no more."""
    offer = _offer_of(state, command.listing_id)
    if isinstance(offer, Rejected):
        return [offer]
    seller_id = offer.seller_account_id
    if (refusal := refuse_account(state, header, seller_id, UserRight.TRADE, frozen_too=True)) is not None:
        return [refusal]
    if offer.state is not PriceOfferState.OPEN:
        return [Rejected(code=RejectCode.LISTING_STATE, detail=offer.state)]

    state.change()
    return close_offer(state, header, offer, command.reason)


# --- Taking -----------------------------------------------------------------------------------------------------------


def take_listing(state: ExchangeState, header: Header, command: TakeListing) -> list[Event]:
    """The first to come has bought it."""
    offer = _offer_of(state, command.listing_id)
    if isinstance(offer, Rejected):
        return [offer]
    refusal = refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=command.price_minor)
    if refusal is not None:
        return [refusal]
    if state.accounts[command.account_id].kind is not AccountKind.CLIENT:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="account_id")]
    own = state.accounts[command.account_id].member_id == offer.member_id
    if offer.state is not PriceOfferState.OPEN or own:
        return [Rejected(code=RejectCode.LISTING_STATE, detail="one's own" if own else offer.state)]
    if (command.price_minor, command.contract_sha256) != (offer.price_minor, offer.contract_sha256):
        detail = f"price_minor={offer.price_minor} contract_sha256={offer.contract_sha256}"
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=detail)]
    lies_on_it = burdens_hash(burdens_of(state, offer.asset_id))
    if command.burdens_sha256 != lies_on_it:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"burdens_sha256={lies_on_it}")]
    draft = _draft(state, header, offer, command)
    if (refusal := refuse_deal(state, header, draft, Method.LISTING)) is not None:
        return [refusal]
    profile = profile_of(state, state.table(Market)[offer.market_id])
    bound = overlay_of_deal(state, header, profile, draft)
    if isinstance(bound, Rejected):
        return [bound]
    deal = msgspec.structs.replace(draft, publicity_days=days_of_publicity(bound, Method.LISTING))
    until = publicity_until(state, header, deal)
    if isinstance(until, Rejected):
        return [until]
    if offer.deposit_minor > state.ledger.available(command.account_id, offer.money_asset_id):
        detail = f"deposit_minor={offer.deposit_minor}"
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=detail)]

    state.change()
    dropped = timers.drop_timers(state, TimerKind.PRICE_OFFER_ENDS, offer.price_offer_id)
    taken = _put(
        state,
        offer,
        state=PriceOfferState.TAKEN,
        taker_account_id=command.account_id,
        deposit_held_minor=offer.deposit_minor,
        deal_id=deal.deal_id,
    )
    holds = [(command.account_id, offer.money_asset_id, int(offer.deposit_minor))] if offer.deposit_minor else []
    movement = move_and_tell(state, header, (offer.seller_account_id, command.account_id), holds=holds)
    told = ListingTaken(offer=taken, movement=movement)
    return [*dropped, told, *agree(state, header, deal, until), *_date_if_signing(state, header, taken)]


def _draft(state: ExchangeState, header: Header, offer: PriceOffer, command: TakeListing) -> Deal:
    """The contract as it would stand with this taker."""
    listing = state.table(Listing)[offer.listing_id]
    wait = offer.wait_for_recordal
    deal = hypothetical(state, header, listing, command.account_id, offer.price_minor, wait=wait)
    return msgspec.structs.replace(
        deal,
        deal_id=DealId(make_id(header.sequence)),
        fee_version=offer.fee_version,
        overlays_version=offer.overlays_version,
        contract_sha256=offer.contract_sha256,
        related_party=party(state, command.account_id).seller_class is SellerClass.INVENTOR,
        proposed_by=offer.offered_by,
        proposed_at_ns=offer.offered_at_ns,
        accepted_by=header.principal,
        accepted_at_ns=header.at_ns,
    )


# --- The contract, time and the end -----------------------------------------------------------------------------------


def _date_if_signing(state: ExchangeState, header: Header, offer: PriceOffer) -> list[Event]:
    """Give whoever is to sign next its days, once nothing is shown any more."""
    deal = state.table(Deal)[offer.deal_id]
    if deal.state is not DealState.SIGNING:
        return []
    due_ns = TimeNs(header.at_ns + offer.payment_days * NS_PER_DAY)
    dated = _put(state, offer, due_at_ns=due_ns)
    return [
        PriceOfferChanged(offer=dated),
        *timers.drop_timers(state, TimerKind.PRICE_OFFER_DUE, offer.price_offer_id),
        timers.set_timer(state, header, TimerKind.PRICE_OFFER_DUE, due_ns, offer.price_offer_id),
    ]


def follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """A contract went a step: its offer goes with it."""
    offer = state.find(PriceOffer, deal.asset_id)
    if offer is None or offer.deal_id != deal.deal_id:
        return []
    if deal.state is DealState.SIGNING:
        return _date_if_signing(state, header, offer)
    if deal.state is DealState.CONTRACTED:
        contracted = _put(state, offer, due_at_ns=TimeNs(0))
        dropped = timers.drop_timers(state, TimerKind.PRICE_OFFER_DUE, offer.price_offer_id)
        return [*dropped, PriceOfferChanged(offer=contracted)]
    if deal.live:
        return []
    reason = "" if deal.state is DealState.COMPLETED else deal.reason or deal.state
    unpaid = deal.state is DealState.DEFAULTED and not deal.buyer_signed_by
    return close_offer(state, header, offer, reason, forfeit=unpaid)


def _ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody took it in the market's listing days."""
    offer = state.table(PriceOffer)[PriceOfferId(timer.subject_id)]
    ensure(offer.state is PriceOfferState.OPEN, "an offer closes by itself only while it is open")
    return close_offer(state, header, offer, "nobody took it in time")


def _due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Somebody did not sign in time: the contract ends."""
    offer = state.table(PriceOffer)[PriceOfferId(timer.subject_id)]
    deal = state.table(Deal)[offer.deal_id]
    ensure(deal.state is DealState.SIGNING, "a signature has its date as long as it is waited for")
    who = "the seller" if deal.buyer_signed_by else "the buyer"
    return end_deal(state, header, deal, DealState.DEFAULTED, f"{who} did not sign in time")


FOLLOWERS.append(follow_deal)
timers.FIRINGS[TimerKind.PRICE_OFFER_ENDS] = _ends
timers.FIRINGS[TimerKind.PRICE_OFFER_DUE] = _due


def close_offer(
    state: ExchangeState, header: Header, offer: PriceOffer, reason: str, *, forfeit: bool = False
) -> list[Event]:
    """End an offer: a deposit still held goes back, or to the seller. Call after the line."""
    dropped = timers.drop_timers(state, TimerKind.PRICE_OFFER_ENDS, offer.price_offer_id)
    dropped += timers.drop_timers(state, TimerKind.PRICE_OFFER_DUE, offer.price_offer_id)
    held, money_id, taker_id = int(offer.deposit_held_minor), offer.money_asset_id, offer.taker_account_id
    holds: list[Leg] = [(taker_id, money_id, -held)] if held else []
    legs: list[Leg] = []
    if forfeit and held:
        legs = [(taker_id, money_id, -held), (offer.seller_account_id, money_id, held)]
    concerned = (offer.seller_account_id, taker_id) if taker_id else (offer.seller_account_id,)
    movement = move_and_tell(state, header, concerned, legs, holds)
    closed = _put(
        state,
        offer,
        state=PriceOfferState.CLOSED,
        deposit_held_minor=Minor(0),
        due_at_ns=TimeNs(0),
        reason=reason,
    )
    return [*dropped, ListingOfferClosed(offer=closed, movement=movement)]


def _offer_of(state: ExchangeState, listing_id: int) -> PriceOffer | Rejected:
    """The offer of a listing.

    Refused: listing.unknown, listing.state (it is not offered).
    """
    listing = state.table(Listing).get(listing_id)
    if listing is None:
        return Rejected(code=RejectCode.LISTING_UNKNOWN)
    offer = state.find(PriceOffer, listing.asset_id)
    if offer is None or offer.listing_id != listing_id:
        return Rejected(code=RejectCode.LISTING_STATE, detail="not offered")
    return offer


def _put(state: ExchangeState, offer: PriceOffer, /, **changes: object) -> PriceOffer:
    changed = msgspec.structs.replace(offer, **changes)
    state.put(changed)
    return changed
