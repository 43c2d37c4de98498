"""What a public sale says about agreements: which of them are its own, by which method, and what its deposits are for.

Asked by the agreement workflow, which knows nothing else of sales; what a sale does when one of its deals went a step
is in sale_contracts.
"""

from __future__ import annotations

import msgspec

from exchange.core.ids import BidderId, to_wire
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.profile import Method
from matching.consideration import valued, worth_minor
from matching.deals import Deal, DealState
from matching.listing_messages import Listing
from matching.price_offers import PriceOffer, PriceOfferDeposit
from matching.quote_messages import QuoteRequest
from matching.sale_messages import Bidder, BidderState, DepositReturned, Lot, LotState, Sale
from matching.tender_messages import Tender

BINDING = (LotState.AWARDED, LotState.NEGOTIATED)
"""A lot in one of these states is its bidder's to contract for; an offer binds nobody."""


def lot_of(state: ExchangeState, deal: Deal) -> Lot | None:
    """The lot a deal is the contract about, if it came out of a sale."""
    lot = state.find(Lot, deal.asset_id)
    return lot if lot is not None and deal.deal_id and lot.deal_id == deal.deal_id else None


def method_of(state: ExchangeState, deal: Deal) -> Method:
    """How the deal's price was found: by a quote, as it was listed, by the auction it was won in, else by agreement."""
    if quoted(state, deal):
        return Method.RFQ
    if offer_of(state, deal) is not None:
        return Method.LISTING
    lot = lot_of(state, deal)
    if lot is None or lot.bid_id == 0:
        return Method.AGREEMENT
    return Method(lot.method.value)


def quoted(state: ExchangeState, deal: Deal) -> bool:
    """Whether a deal is the contract of an accepted quote."""
    request = state.find(QuoteRequest, deal.asset_id)
    return request is not None and bool(deal.deal_id) and request.deal_id == deal.deal_id


def offer_of(state: ExchangeState, deal: Deal) -> PriceOffer | None:
    """The listed right whose taker's contract a deal is."""
    offer = state.find(PriceOffer, deal.asset_id)
    return offer if offer is not None and deal.deal_id and offer.deal_id == deal.deal_id else None


def refuse_beside_sale(state: ExchangeState, draft: Deal) -> Rejected | None:
    """Whether a right in a public sale may go this way: only to the one bidder that is left, not below its price.

    In a tender items count towards the price, by the tender's basis.

    Refused: listing.state, quote.state, sale.state, deal.consideration_not_supported, deal.terms_invalid.
    """
    offer = state.find(PriceOffer, draft.asset_id)
    if offer is not None:
        detail = f"{to_wire('LP', offer.price_offer_id)} is {offer.state}"
        return Rejected(code=RejectCode.LISTING_STATE, detail=detail)
    request = state.find(QuoteRequest, draft.asset_id)
    if request is not None:
        return Rejected(code=RejectCode.QUOTE_STATE, detail=f"{to_wire('RQ', request.request_id)} is {request.state}")
    lot = state.find(Lot, draft.asset_id)
    if lot is None:
        return None
    sale = state.table(Sale)[lot.sale_id]
    where = f"{to_wire('LT', lot.lot_id)} is {lot.state}"
    if lot.state is not LotState.NEGOTIATED or lot.deal_id:
        return Rejected(code=RejectCode.SALE_STATE, detail=where)
    bidder = state.table(Bidder)[lot.bidder_id]
    if (draft.seller_account_id, draft.buyer_account_id) != (sale.seller_account_id, bidder.account_id):
        return Rejected(code=RejectCode.SALE_STATE, detail=f"{where} with paddle {bidder.paddle}")
    if draft.units != lot.units:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=f"the lot is of {lot.units} units")
    listed_minor = state.table(Listing)[lot.listing_id].asking_price_minor
    tender = state.table(Tender).get(sale.sale_id)
    if draft.items is not None and tender is None:
        return Rejected(code=RejectCode.DEAL_CONSIDERATION_NOT_SUPPORTED, detail="an auction takes cash only")
    rows = valued(draft.price_minor, draft.items, tender.basis) if tender is not None else ()
    if max(draft.price_minor, worth_minor(rows)) < listed_minor:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=f"listed at {listed_minor} minor")
    return None


def refuse_step_back(state: ExchangeState, deal: Deal, side: Side) -> Rejected | None:
    """Whether a party may not step back: what was won binds its seller, and its buyer once it has paid.

    A quote and a listed price bind both, and so does a prior claim that was exercised.

    Refused: deal.state.
    """
    if deal.parts:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{deal.state}, by a prior claim")
    if quoted(state, deal):
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{deal.state}, by an accepted quote")
    if offer_of(state, deal) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{deal.state}, taken at its listed price")
    lot = lot_of(state, deal)
    if lot is None or lot.bid_id == 0 or (side is Side.BUY and not deal.buyer_signed_by):
        return None
    return Rejected(code=RejectCode.DEAL_STATE, detail=f"{deal.state}, won in {to_wire('SL', lot.sale_id)}")


def refuse_before_the_set(state: ExchangeState, deal: Deal, side: Side) -> Rejected | None:
    """Whether the seller would sign away a part of a set of lots whose buyer has not paid for all of them.

    Refused: deal.state.
    """
    lot = lot_of(state, deal)
    if lot is None or lot.bid_id == 0 or side is Side.BUY:
        return None
    for other in won_together(state, lot):
        contract = state.table(Deal).get(other.deal_id)
        if other.lot_id != lot.lot_id and contract is not None and not contract.buyer_signed_by:
            detail = f"{to_wire('D', contract.deal_id)} of the same bid is not paid"
            return Rejected(code=RejectCode.DEAL_STATE, detail=detail)
    return None


def won_together(state: ExchangeState, lot: Lot) -> list[Lot]:
    """The lots of one winning bid, this one among them."""
    lots = [state.table(Lot).get(lot_id) for lot_id in state.table(Sale)[lot.sale_id].lot_ids]
    return [other for other in lots if other is not None and other.bid_id == lot.bid_id]


def deposit_towards(state: ExchangeState, deal: Deal) -> Minor:
    """What of the buyer's deposit becomes free for the price when it signs this deal.

    It stays held while another contract of the same bidder in the same sale is unpaid.
    """
    if (offer := offer_of(state, deal)) is not None:
        return offer.deposit_held_minor
    bidder = _paying(state, deal)
    return bidder.deposit_minor if bidder is not None else Minor(0)


def free_deposit(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """Free the buyer's deposit for the price it is about to pay. Call after the line, before the buyer's transfer."""
    if (offer := offer_of(state, deal)) is not None:
        return [_free_taken(state, header, offer)] if offer.deposit_held_minor else []
    bidder = _paying(state, deal)
    return [return_deposit(state, header, bidder)] if bidder is not None and bidder.deposit_minor else []


def _free_taken(state: ExchangeState, header: Header, offer: PriceOffer) -> PriceOfferDeposit:
    holds = [(offer.taker_account_id, offer.money_asset_id, -offer.deposit_held_minor)]
    movement = move_and_tell(state, header, (offer.taker_account_id,), holds=holds)
    freed = msgspec.structs.replace(offer, deposit_held_minor=Minor(0))
    state.put(freed)
    return PriceOfferDeposit(offer=freed, movement=movement)


def return_deposit(state: ExchangeState, header: Header, bidder: Bidder) -> DepositReturned:
    """Let go of a bidder's deposit. Call after the line."""
    holds = [(bidder.account_id, bidder.money_asset_id, -bidder.deposit_minor)]
    movement = move_and_tell(state, header, (bidder.account_id,), holds=holds)
    freed = msgspec.structs.replace(bidder, deposit_minor=Minor(0))
    state.put(freed)
    return DepositReturned(bidder=freed, movement=movement)


def _paying(state: ExchangeState, deal: Deal) -> Bidder | None:
    """The bidder whose last unpaid contract in its sale this deal is."""
    lot = lot_of(state, deal)
    if lot is None or deal.state is not DealState.SIGNING:
        return None
    bidder = state.table(Bidder).get(BidderId(lot.bidder_id))
    if bidder is None or bidder.state is not BidderState.ADMITTED:
        return None
    for lot_id in state.table(Sale)[lot.sale_id].lot_ids:
        other = state.table(Lot).get(lot_id)
        if other is None or other.lot_id == lot.lot_id or other.bidder_id != bidder.bidder_id:
            continue
        contract = state.table(Deal).get(other.deal_id)
        unpaid = contract is None or not contract.buyer_signed_by
        if other.state in BINDING and unpaid:
            return None
    return bidder
