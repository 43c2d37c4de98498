"""Who wins in a public sale at which price, the contracts that open, and offers to the next bidder.

A winner's contract is an ordinary agreement that opens ready to be signed (see deals). What becomes of it, and what a
default costs, is in sale_contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from exchange.core.ids import ORDINALS, DealId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import SellerClass, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_cases import open_deal
from exchange.engine.deal_checks import party, refuse_frozen_assets
from exchange.engine.preemption import open_preemption, price_found
from exchange.engine.rules import profile_of
from exchange.engine.sale_cases import (
    bidders_of,
    bids_of,
    kept_minor,
    lots_of,
    put_bid,
    put_bidder,
    put_lot,
    put_sale,
    set_bids,
    set_due,
    tell,
)
from exchange.engine.sale_checks import contract_draft, refuse_buyer
from exchange.engine.sale_ends import SALE_TIMERS, close_if_over, fail_lots
from exchange.engine.state import ExchangeState
from matching.consideration import Items
from matching.deals import Deal, DealState
from matching.listing_messages import ListingMethod
from matching.lot_messages import (
    AnswerOffer,
    BiddingClosed,
    BidState,
    DealOpened,
    LotBid,
    LotsChanged,
    LotsOffered,
    OfferAnswered,
)
from matching.lots import SetBid, best_allocation, pay_as_bid, pay_second_price, places
from matching.messages import Market
from matching.sale_messages import (
    Bidder,
    BidderState,
    Lot,
    LotState,
    Sale,
    SaleState,
    SealedPricing,
)
from matching.tender_messages import TenderOffer

# --- Awards -----------------------------------------------------------------------------------------------------------


def award(state: ExchangeState, header: Header, sale: Sale) -> list[Event]:
    """Find the winners among the standing bids, and what they pay. Call after the line, when bidding is over."""
    bids = bids_of(state, sale.sale_id, BidState.STANDING)
    counted = [
        msgspec.structs.replace(lot, bids=sum(lot.lot_id in bid.lot_ids for bid in bids))
        if sale.reveal_until_ns
        else lot
        for lot in lots_of(state, sale)
    ]
    return close_bidding(state, header, sale, counted, *_winners(state, sale, counted, bids))


def _winners(
    state: ExchangeState, sale: Sale, lots: Sequence[Lot], bids: Iterable[LotBid]
) -> tuple[tuple[SetBid, ...], dict[int, int]]:
    """The winning bids for these lots, and each lot's price by its place."""
    step = profile_of(state, state.table(Market)[sale.market_id]).fields.price_step_minor.value
    entries = set_bids(bids, [lot.lot_id for lot in lots])
    if sale.method is ListingMethod.TENDER:
        offers = state.table(TenderOffer)
        best = sorted(entries, key=lambda entry: offers[entry.bid_id].rank)[:1]
        return tuple(best), {0: best[0].price_minor} if best else {}
    kept = kept_minor(state, lots)
    winners = best_allocation(entries, kept).winners
    if sale.pricing is SealedPricing.SECOND:
        return winners, pay_second_price(entries, kept, step)
    return winners, pay_as_bid(winners, [lot.start_minor for lot in lots], step)


def close_bidding(
    state: ExchangeState,
    header: Header,
    sale: Sale,
    lots: Sequence[Lot],
    winners: Sequence[SetBid],
    prices: dict[int, int],
) -> list[Event]:
    """Let the winners contract, and everybody else go. Call after the line."""
    dropped = [event for kind in SALE_TIMERS for event in timers.drop_timers(state, kind, sale.sale_id)]
    dropped += [event for lot in lots for event in timers.drop_timers(state, TimerKind.LOT_CLOCK, lot.lot_id)]
    if not winners:
        return [*dropped, *fail_lots(state, header, sale, lots, "", counted=True), *close_if_over(state, header, sale)]
    contracting = put_sale(state, sale, state=SaleState.CONTRACTING)
    bids = [put_bid(state, state.table(LotBid)[winner.bid_id], state=BidState.WON) for winner in winners]
    won = [
        (lots[place], bid, prices[place])
        for winner, bid in zip(winners, bids, strict=True)
        for place in places(winner.lots)
    ]
    awarded = _award_lots(state, header, contracting, won)
    losers = _let_go(state, sale, [bid.bidder_id for bid in bids])
    everybody = bidders_of(state, sale.sale_id)
    releases = [(bidder.account_id, bidder.money_asset_id, -bidder.deposit_minor) for bidder in losers]
    closed = BiddingClosed(
        sale=contracting,
        lots=tuple(awarded),
        bidders=tuple(state.table(Bidder)[bidder.bidder_id] for bidder in losers),
        bids=tuple(bids),
        movement=tell(state, header, sale, everybody, holds=releases),
    )
    unsold = [lot for place, lot in enumerate(lots) if place not in prices]
    return [
        *dropped,
        closed,
        *_open_contracts(state, header, contracting, awarded),
        *fail_lots(state, header, contracting, unsold, "", counted=True),
    ]


def _let_go(state: ExchangeState, sale: Sale, winner_ids: Sequence[int]) -> list[Bidder]:
    """Free the deposits of bidders who won nothing; answers them as they were, with what was held."""
    held = [
        bidder
        for bidder in bidders_of(state, sale.sale_id)
        if bidder.deposit_minor and bidder.bidder_id not in winner_ids
    ]
    for bidder in held:
        put_bidder(state, bidder, deposit_minor=Minor(0))
    return held


def _award_lots(state: ExchangeState, header: Header, sale: Sale, won: Sequence[tuple[Lot, LotBid, int]]) -> list[Lot]:
    """Give each lot its winner, its price and the number of its contract."""
    standing = state.table(Deal)
    free = (ordinal for ordinal in range(ORDINALS) if make_id(header.sequence, ordinal) not in standing)
    return [
        put_lot(
            state,
            lot,
            state=LotState.AWARDED,
            reserve_met=True,
            leading_minor=bid.price_minor,
            leading_lot_ids=bid.lot_ids,
            leading_paddle=bid.paddle,
            bid_id=bid.bid_id,
            bidder_id=bid.bidder_id,
            price_minor=Minor(price_minor),
            deal_id=DealId(make_id(header.sequence, next(free))),
            due_at_ns=date_ns(header, sale),
        )
        for lot, bid, price_minor in won
    ]


def _open_contracts(state: ExchangeState, header: Header, sale: Sale, lots: Iterable[Lot]) -> list[Event]:
    """Open the contract of each awarded lot, and give its buyer a date; a prior claim runs first, without one."""
    events: list[Event] = []
    dated: list[Lot] = []
    for lot in lots:
        bid = state.table(LotBid)[lot.bid_id]
        draft = contract_draft(state, header, sale, lot, bid.account_id, lot.price_minor)
        deal = msgspec.structs.replace(
            draft,
            deal_id=lot.deal_id,
            related_party=party(state, bid.account_id).seller_class is SellerClass.INVENTOR,
            proposed_by=sale.announced_by,
            proposed_at_ns=sale.announced_at_ns,
            accepted_by=bid.placed_by,
            accepted_at_ns=header.at_ns,
            items=_items(state, bid),
        )
        opened, terms, movement = open_deal(
            state, header, msgspec.structs.replace(deal, **price_found(state, header, deal))
        )
        events.append(DealOpened(deal=opened, terms=terms, movement=movement))
        if opened.state is DealState.PRE_EMPTION:
            waiting = put_lot(state, lot, due_at_ns=TimeNs(0))
            events.extend((*open_preemption(state, header, opened), LotsChanged(lots=(waiting,))))
        else:
            dated.append(lot)
    return [*events, *(event for lot in dated for event in set_due(state, header, lot.lot_id, lot.due_at_ns))]


def _items(state: ExchangeState, bid: LotBid) -> Items | None:
    """What a bid promises beside its price: an offer of a tender alone promises anything."""
    offer = state.table(TenderOffer).get(bid.bid_id)
    return offer.items if offer is not None else None


# --- Offers to the next -----------------------------------------------------------------------------------------------


def answer_offer(state: ExchangeState, header: Header, command: AnswerOffer) -> list[Event]:
    """The next bidder takes up its bid, with a deposit, or leaves it to the one after."""
    bid = state.table(LotBid).get(command.bid_id)
    if bid is None:
        return [Rejected(code=RejectCode.BID_UNKNOWN)]
    if (
        refusal := refuse_account(state, header, bid.account_id, UserRight.TRADE, value_minor=bid.price_minor)
    ) is not None:
        return [refusal]
    if bid.state is not BidState.OFFERED:
        return [Rejected(code=RejectCode.BID_STATE, detail=bid.state)]
    sale, bidder = state.table(Sale)[bid.sale_id], state.table(Bidder)[bid.bidder_id]
    lots = [lot for lot in lots_of(state, sale) if lot.bid_id == bid.bid_id]
    if command.accepted:
        refusal = refuse_frozen_assets(state, sale.money_asset_id)
        if refusal is None:
            refusal = refuse_buyer(state, header, sale, lots, bid.account_id, sum(lot.price_minor for lot in lots))
        if refusal is not None:
            return [refusal]
        if _lacking(sale, bidder) > state.ledger.available(bid.account_id, sale.money_asset_id):
            return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"deposit_minor={sale.deposit_minor}")]

    state.change()
    if not command.accepted:
        return decline(state, header, sale, bid, bidder, lots)
    lacking = _lacking(sale, bidder)
    won = put_bid(state, bid, state=BidState.WON)
    admitted = put_bidder(state, bidder, deposit_minor=Minor(bidder.deposit_minor + lacking))
    awarded = _award_lots(state, header, sale, [(lot, won, lot.price_minor) for lot in lots])
    holds = [(bid.account_id, sale.money_asset_id, lacking)]
    movement = tell(state, header, sale, (admitted,), holds=holds)
    answered = OfferAnswered(bid=won, bidder=admitted, lots=tuple(awarded), movement=movement)
    return [answered, *_open_contracts(state, header, sale, awarded)]


def _lacking(sale: Sale, bidder: Bidder) -> int:
    """What is still to be held of the deposit; one that stands for another lot is not asked for twice. Units: minor."""
    return sale.deposit_minor - bidder.deposit_minor


def decline(
    state: ExchangeState, header: Header, sale: Sale, bid: LotBid, bidder: Bidder, lots: Sequence[Lot]
) -> list[Event]:
    declined = put_bid(state, bid, state=BidState.DECLINED, over=True)
    movement = tell(state, header, sale, (bidder,))
    answered = OfferAnswered(bid=declined, bidder=bidder, lots=(), movement=movement)
    return [answered, *offer_next(state, header, sale, lots)]


def offer_next(state: ExchangeState, header: Header, sale: Sale, lots: Sequence[Lot]) -> list[Event]:
    """Offer lots that came free to the best bids that are left for them alone; those nobody is left for have failed."""
    dropped = [event for lot in lots for event in timers.drop_timers(state, TimerKind.LOT_DUE, lot.lot_id)]
    bidders = state.table(Bidder)
    left = [
        bid
        for bid in bids_of(state, sale.sale_id, BidState.STANDING)
        if bidders[bid.bidder_id].state is BidderState.ADMITTED
    ]
    winners, prices = _winners(state, sale, lots, left)
    bids = [put_bid(state, state.table(LotBid)[winner.bid_id], state=BidState.OFFERED) for winner in winners]
    offered = [
        put_lot(
            state,
            lots[place],
            state=LotState.OFFERED,
            leading_minor=bid.price_minor,
            leading_lot_ids=bid.lot_ids,
            leading_paddle=bid.paddle,
            bid_id=bid.bid_id,
            bidder_id=bid.bidder_id,
            price_minor=Minor(prices[place]),
            deal_id=DealId(0),
            due_at_ns=date_ns(header, sale),
        )
        for winner, bid in zip(winners, bids, strict=True)
        for place in places(winner.lots)
    ]
    events: list[Event] = [*dropped]
    if offered:
        movement = tell(state, header, sale, [bidders[bid.bidder_id] for bid in bids])
        events.append(LotsOffered(bids=tuple(bids), lots=tuple(offered), movement=movement))
        events.extend(timers.set_timer(state, header, TimerKind.LOT_DUE, lot.due_at_ns, lot.lot_id) for lot in offered)
    taken = [lot.lot_id for lot in offered]
    rest = [lot for lot in lots if lot.lot_id not in taken]
    return [
        *events,
        *fail_lots(state, header, sale, rest, "the buyer defaulted", counted=True),
        *close_if_over(state, header, sale),
    ]


def date_ns(header: Header, sale: Sale) -> TimeNs:
    """When the next signature, or answer, is due: elapsed days, no calendar."""
    return TimeNs(header.at_ns + sale.payment_days * NS_PER_DAY)
