"""What the contracts of a public sale tell it, and defaults: this module is one of the agreement's followers.

Until the buyer has paid, its deposit stands for it; who may not sign because the law stopped it, or the right turned
out to be encumbered, is not in default.
"""

from __future__ import annotations

from collections.abc import Iterable

from exchange.core.ids import DealId, LotId
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import ensure
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_cases import FOLLOWERS, end_deal
from exchange.engine.deal_checks import refuse_deal
from exchange.engine.sale_awards import date_ns, decline, offer_next
from exchange.engine.sale_cases import (
    bids_of,
    lots_of,
    put_bid,
    put_bidder,
    put_lot,
    set_due,
    tell,
)
from exchange.engine.sale_deals import BINDING, return_deposit, won_together
from exchange.engine.sale_ends import close_if_over, fail_lots, forfeit
from exchange.engine.state import ExchangeState
from matching.deals import Deal, DealState
from matching.lot_messages import (
    BidDefaulted,
    BidState,
    LotBid,
    LotsChanged,
    OfferAnswered,
)
from matching.sale_messages import (
    Bidder,
    BidderState,
    Lot,
    LotState,
    Sale,
)

STEPPED_IN = "a prior claim was exercised"
PENDING = (*BINDING, LotState.OFFERED)
"""A lot in one of these states waits for its bidder."""


# --- Defaults ---------------------------------------------------------------------------------------------------------


def _default(state: ExchangeState, header: Header, sale: Sale, lot: Lot, reason: str) -> list[Event]:
    """The buyer did not do what it won: its deposit is the seller's, and all that it won together goes on.

    What else it won by other bids stays its own to pay for.
    """
    bidder = state.table(Bidder)[lot.bidder_id]
    lots = _of_the_bid(state, lot)
    bid = state.table(LotBid).get(lot.bid_id)
    if bid is not None:
        bid = put_bid(state, bid, state=BidState.DEFAULTED, over=True)
    gone = put_bidder(
        state,
        bidder,
        state=BidderState.DEFAULTED,
        deposit_minor=Minor(0),
        forfeited_minor=Minor(bidder.forfeited_minor + bidder.deposit_minor),
        reason=reason,
    )
    movement = forfeit(state, header, sale, [(bidder, int(bidder.deposit_minor))], release=[bidder])
    events: list[Event] = [
        BidDefaulted(bid=bid, bidder=gone, movement=movement),
        *_end_contracts(state, header, lots, reason),
        *offer_next(state, header, sale, lots),
    ]
    for offer in bids_of(state, sale.sale_id, BidState.OFFERED):
        if offer.bidder_id == bidder.bidder_id:  # who is in default is offered nothing any more
            freed = [other for other in lots_of(state, sale) if other.bid_id == offer.bid_id]
            events.extend(decline(state, header, sale, offer, gone, freed))
    return events


def _of_the_bid(state: ExchangeState, lot: Lot) -> list[Lot]:
    """The lots that stand and fall with this one: those of its bid; an agreed one stands alone."""
    return [other for other in won_together(state, lot) if other.state in PENDING] if lot.bid_id else [lot]


def _end_contracts(state: ExchangeState, header: Header, lots: Iterable[Lot], reason: str) -> list[Event]:
    """Undo what was opened or paid of lots that go on: escrow goes back."""
    events: list[Event] = []
    for lot in lots:
        deal = state.table(Deal).get(lot.deal_id)
        if deal is not None:
            events.extend(end_deal(state, header, deal, DealState.DEFAULTED, reason))
    return events


def give_up_lot(state: ExchangeState, header: Header, sale: Sale, lot: Lot, reason: str) -> list[Event]:
    """What was won, or offered, cannot be had any more, by nobody's fault. Call after the line."""
    bid = state.table(LotBid).get(lot.bid_id) if lot.state is LotState.OFFERED else None
    if bid is None:
        return _without_fault(state, header, sale, lot, reason)
    void = put_bid(state, bid, state=BidState.DECLINED, over=True)
    bidder = state.table(Bidder)[lot.bidder_id]
    answered = OfferAnswered(bid=void, bidder=bidder, lots=(), movement=tell(state, header, sale, (bidder,)))
    return [answered, *_without_fault(state, header, sale, lot, reason)]


def _without_fault(state: ExchangeState, header: Header, sale: Sale, lot: Lot, reason: str) -> list[Event]:
    """A contract came to nothing and its buyer is not to blame: what was won together fails, the deposit goes back."""
    lots = _of_the_bid(state, lot) or [lot]
    bidder = state.table(Bidder)[lot.bidder_id]
    events = _end_contracts(state, header, lots, reason)
    events.extend(fail_lots(state, header, sale, lots, reason, counted=False))
    waits = any(other.bidder_id == bidder.bidder_id and other.state in BINDING for other in lots_of(state, sale))
    if bidder.deposit_minor and not waits:
        events.append(return_deposit(state, header, bidder))
    return [*events, *close_if_over(state, header, sale)]


# --- What the contracts tell ------------------------------------------------------------------------------------------


def follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """A contract went a step: its lot goes with it."""
    lot = state.find(Lot, deal.asset_id)
    if lot is None:
        return []
    sale = state.table(Sale)[lot.sale_id]
    if deal.state is DealState.PROPOSED:
        ensure(lot.state is LotState.NEGOTIATED, "a right in a sale is proposed to its one bidder alone")
        return [LotsChanged(lots=(put_lot(state, lot, deal_id=deal.deal_id),))]
    if lot.deal_id != deal.deal_id:
        return []
    match deal.state:
        case DealState.PUBLICITY | DealState.OBJECTED:
            return timers.drop_timers(state, TimerKind.LOT_DUE, lot.lot_id)
        case DealState.PRE_EMPTION:
            told = LotsChanged(lots=(put_lot(state, lot, due_at_ns=TimeNs(0)),))
            return [told, *timers.drop_timers(state, TimerKind.LOT_DUE, lot.lot_id)]
        case DealState.SIGNING:
            waits_for_seller = bool(deal.buyer_signed_by)
            if not waits_for_seller and lot.due_at_ns and (lot.bid_id or deal.seller_signed_by):
                return []
            due_ns = date_ns(header, sale)
            note = {"reason": STEPPED_IN} if deal.parts else {}
            told = LotsChanged(lots=(put_lot(state, lot, due_at_ns=due_ns, **note),))
            freed = _free_displaced(state, header, lot) if deal.parts else []
            return [told, *freed, *set_due(state, header, lot.lot_id, due_ns)]
        case DealState.CONTRACTED:
            told = LotsChanged(lots=(put_lot(state, lot, state=LotState.CONTRACTED, **_priced(deal)),))
            return [told, *timers.drop_timers(state, TimerKind.LOT_DUE, lot.lot_id)]
        case DealState.COMPLETED:
            told = LotsChanged(lots=(put_lot(state, lot, state=LotState.SOLD, **_priced(deal)),))
            dropped = timers.drop_timers(state, TimerKind.LOT_DUE, lot.lot_id)
            return [told, *dropped, *close_if_over(state, header, sale)]
        case DealState.WITHDRAWN:
            return _withdrawn(state, header, sale, lot, deal)
        case DealState.DEFAULTED:
            return []  # whoever ended it goes on with the lot
        case _:
            failed = fail_lots(state, header, sale, [lot], deal.state, counted=False)
            return [*failed, *close_if_over(state, header, sale)]


def _free_displaced(state: ExchangeState, header: Header, lot: Lot) -> list[Event]:
    """Give back the deposit of the bidder whom a prior claim displaced: it has won nothing, and is not to blame."""
    bidder = state.table(Bidder)[lot.bidder_id]
    return [return_deposit(state, header, bidder)] if bidder.deposit_minor else []


def _withdrawn(state: ExchangeState, header: Header, sale: Sale, lot: Lot, deal: Deal) -> list[Event]:
    """A party stepped back: a winner, or a buyer that had accepted, is in default; else the two may go on talking."""
    by_buyer = refuse_account(state, header, deal.buyer_account_id, UserRight.TRADE, frozen_too=True) is None
    if by_buyer and deal.accepted_by:
        return _default(state, header, sale, lot, "the buyer withdrew")
    if deal.accepted_by:
        return _without_fault(state, header, sale, lot, "the seller withdrew")
    return [LotsChanged(lots=(put_lot(state, lot, deal_id=DealId(0)),))]


def _priced(deal: Deal) -> dict[str, object]:
    return {"price_minor": deal.price_minor, "due_at_ns": TimeNs(0)}


def _lot_due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Somebody's time is up: the next bidder's to answer, both to agree, the buyer's to pay, the seller's to sign."""
    lot = state.table(Lot)[LotId(timer.subject_id)]
    sale = state.table(Sale)[lot.sale_id]
    ensure(lot.state in PENDING, "a lot has a date as long as it waits for somebody")
    if lot.state is LotState.OFFERED:
        bid = state.table(LotBid)[lot.bid_id]
        return decline(state, header, sale, bid, state.table(Bidder)[bid.bidder_id], _of_the_bid(state, lot))
    deal = state.table(Deal).get(lot.deal_id)
    if deal is None or deal.state is DealState.PROPOSED:
        ended = end_deal(state, header, deal, DealState.DEFAULTED, "not agreed in time") if deal is not None else []
        failed = fail_lots(state, header, sale, [lot], "no agreement", counted=True)
        return [*ended, *failed, *close_if_over(state, header, sale)]
    if deal.buyer_signed_by:
        return _without_fault(state, header, sale, lot, "the seller did not sign in time")
    refusal = refuse_deal(state, header, deal)
    if refusal is not None:
        return _without_fault(state, header, sale, lot, f"could not be signed: {refusal.code}")
    return _default(state, header, sale, lot, "not paid in time")


FOLLOWERS.append(follow_deal)
timers.FIRINGS[TimerKind.LOT_DUE] = _lot_due
