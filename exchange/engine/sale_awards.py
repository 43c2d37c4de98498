"""What follows from a price found in public: contracts, defaults, offers to the next bidder, and the end of a sale.

A winner's contract is an ordinary agreement that opens ready to be signed (see deals); this module hears of its steps
as one of that workflow's followers. Until the buyer has paid, its deposit stands for it; who may not sign because the
law stopped it, or the right turned out to be encumbered, is not in default.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from exchange.core.ids import ORDINALS, DealId, LotId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import SellerClass, UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import party, refuse_deal, refuse_frozen_assets
from exchange.engine.deals import FOLLOWERS, end_deal, open_deal
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
from exchange.engine.sale_deals import BINDING, return_deposit, won_together
from exchange.engine.state import ExchangeState
from matching.deals import Deal, DealState
from matching.listing_messages import Listing
from matching.lot_messages import (
    AnswerOffer,
    BidDefaulted,
    BiddingClosed,
    BidState,
    DealOpened,
    LotBid,
    LotsChanged,
    LotsFailed,
    LotsOffered,
    OfferAnswered,
    SaleClosed,
)
from matching.lots import SetBid, best_allocation, pay_as_bid, pay_second_price, places
from matching.messages import Market
from matching.sale_messages import (
    Bidder,
    BidderState,
    ListingSteps,
    Lot,
    LotReserve,
    LotState,
    Sale,
    SaleState,
    SealedPricing,
)

SALE_TIMERS = (TimerKind.SALE_STARTS, TimerKind.SALE_ENDS, TimerKind.SALE_REVEAL_ENDS)
PENDING = (*BINDING, LotState.OFFERED)
"""A lot in one of these states waits for its bidder."""


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
            due_at_ns=_due_ns(header, sale),
        )
        for lot, bid, price_minor in won
    ]


def _open_contracts(state: ExchangeState, header: Header, sale: Sale, lots: Iterable[Lot]) -> list[Event]:
    """Open the contract of each awarded lot, and give its buyer a date."""
    events: list[Event] = []
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
        )
        opened, terms, movement = open_deal(state, header, deal)
        events.append(DealOpened(deal=opened, terms=terms, movement=movement))
    return [*events, *(event for lot in lots for event in set_due(state, header, lot.lot_id, lot.due_at_ns))]


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
        return _decline(state, header, sale, bid, bidder, lots)
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


def _decline(
    state: ExchangeState, header: Header, sale: Sale, bid: LotBid, bidder: Bidder, lots: Sequence[Lot]
) -> list[Event]:
    declined = put_bid(state, bid, state=BidState.DECLINED, over=True)
    movement = tell(state, header, sale, (bidder,))
    answered = OfferAnswered(bid=declined, bidder=bidder, lots=(), movement=movement)
    return [answered, *_offer_next(state, header, sale, lots)]


def _offer_next(state: ExchangeState, header: Header, sale: Sale, lots: Sequence[Lot]) -> list[Event]:
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
            due_at_ns=_due_ns(header, sale),
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
        *_offer_next(state, header, sale, lots),
    ]
    for offer in bids_of(state, sale.sale_id, BidState.OFFERED):
        if offer.bidder_id == bidder.bidder_id:  # who is in default is offered nothing any more
            freed = [other for other in lots_of(state, sale) if other.bid_id == offer.bid_id]
            events.extend(_decline(state, header, sale, offer, gone, freed))
    return events


def forfeit(
    state: ExchangeState,
    header: Header,
    sale: Sale,
    amounts: Sequence[tuple[Bidder, int]],
    release: Sequence[Bidder] = (),
) -> Movement:
    """Pay parts of deposits to the seller in one transfer; `release` has them held no longer at all."""
    money_id = sale.money_asset_id
    released = [(bidder.account_id, money_id, -bidder.deposit_minor) for bidder in release]
    partly = [(bidder.account_id, money_id, -minor) for bidder, minor in amounts if bidder not in release]
    legs = [(bidder.account_id, money_id, -minor) for bidder, minor in amounts if minor]
    total = sum(minor for _, minor in amounts)
    to_seller = [(sale.seller_account_id, money_id, total)] if total else []
    return tell(state, header, sale, [bidder for bidder, _ in amounts], [*legs, *to_seller], [*released, *partly])


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
        case DealState.SIGNING:
            waits_for_seller = bool(deal.buyer_signed_by)
            if not waits_for_seller and (lot.bid_id or deal.seller_signed_by):
                return []
            due_ns = _due_ns(header, sale)
            told = LotsChanged(lots=(put_lot(state, lot, due_at_ns=due_ns),))
            return [told, *set_due(state, header, lot.lot_id, due_ns)]
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
        return _decline(state, header, sale, bid, state.table(Bidder)[bid.bidder_id], _of_the_bid(state, lot))
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


# --- The end ----------------------------------------------------------------------------------------------------------


def fail_lots(
    state: ExchangeState, header: Header, sale: Sale, lots: Sequence[Lot], reason: str, *, counted: bool
) -> list[Event]:
    """Take lots out of their sale unsold. `counted`: nobody wanted them at their price, so that it may come down.

    Without a reason, it is that nobody bid, or not enough. Call after the line.
    """
    if not lots:
        return []
    dropped = [event for lot in lots for event in timers.drop_timers(state, TimerKind.LOT_DUE, lot.lot_id)]
    failed = tuple(
        put_lot(
            state,
            lot,
            state=LotState.FAILED,
            due_at_ns=TimeNs(0),
            reason=reason or ("reserve not met" if lot.bids else "no bid"),
        )
        for lot in lots
    )
    steps = tuple(_count_failure(state, lot) for lot in lots) if counted else ()
    movement = tell(state, header, sale)
    return [*dropped, LotsFailed(lots=failed, steps=steps, movement=movement)]


def _count_failure(state: ExchangeState, lot: Lot) -> ListingSteps:
    price_minor = state.table(Listing)[lot.listing_id].asking_price_minor
    steps = state.table(ListingSteps).get(lot.listing_id) or ListingSteps(
        listing_id=lot.listing_id,
        failed_sales=0,
        steps=0,
        stepped_after=0,
        first_price_minor=price_minor,
        price_minor=price_minor,
    )
    counted = msgspec.structs.replace(steps, failed_sales=steps.failed_sales + 1)
    state.put(counted)
    return counted


def close_if_over(state: ExchangeState, header: Header, sale: Sale) -> list[Event]:
    """End a sale none of whose lots may still be sold. Call after the line."""
    current = state.table(Sale).get(sale.sale_id)
    if current is None or lots_of(state, current):
        return []
    return close_sale(state, header, current, SaleState.CLOSED, "")


def close_sale(state: ExchangeState, header: Header, sale: Sale, to: SaleState, reason: str) -> list[Event]:
    """End a sale: what is still held goes back, and nothing more can come of its bids. Call after the line."""
    lots = lots_of(state, sale)
    dropped = [event for kind in SALE_TIMERS for event in timers.drop_timers(state, kind, sale.sale_id)]
    dropped += [event for lot in lots for event in timers.drop_timers(state, TimerKind.LOT_CLOCK, lot.lot_id)]
    failed = fail_lots(state, header, sale, lots, reason, counted=False)
    bidders = bidders_of(state, sale.sale_id)
    releases = [(bidder.account_id, bidder.money_asset_id, -bidder.deposit_minor) for bidder in bidders]
    movement = tell(state, header, sale, bidders, holds=releases)
    reserves = [state.table(LotReserve).get(lot_id) for lot_id in sale.lot_ids]
    ended = [msgspec.structs.replace(reserve, over=True) for reserve in reserves if reserve is not None]
    for reserve in ended:
        state.put(reserve)
    return [
        *dropped,
        *failed,
        SaleClosed(
            sale=put_sale(state, sale, state=to, reason=reason),
            bidders=tuple(put_bidder(state, bidder, deposit_minor=Minor(0), over=True) for bidder in bidders),
            bids=tuple(put_bid(state, bid, over=True) for bid in bids_of(state, sale.sale_id)),
            reserves=tuple(ended),
            movement=movement,
        ),
    ]


def _due_ns(header: Header, sale: Sale) -> TimeNs:
    """When the next signature, or answer, is due: elapsed days, no calendar."""
    return TimeNs(header.at_ns + sale.payment_days * NS_PER_DAY)


FOLLOWERS.append(follow_deal)
timers.FIRINGS[TimerKind.LOT_DUE] = _lot_due
