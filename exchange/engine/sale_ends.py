"""How a public sale ends: lots that are not sold, deposits that are forfeited or go back, and nothing left to come."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exchange.core.ids import SaleId
from exchange.core.messages import Event, Header
from exchange.core.node_messages import TimerKind
from exchange.core.postings import Movement
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.sale_cases import (
    bidders_of,
    bids_of,
    lots_of,
    put_bid,
    put_bidder,
    put_lot,
    put_sale,
    tell,
)
from exchange.engine.state import ExchangeState
from matching.listing_messages import Listing
from matching.lot_messages import (
    LotsFailed,
    SaleClosed,
)
from matching.sale_messages import (
    Bidder,
    ListingSteps,
    Lot,
    LotReserve,
    LotState,
    Sale,
    SaleState,
)
from matching.tender_messages import Panel, Tender, TenderClosed, TenderOffer, TenderScore

SALE_TIMERS = (
    TimerKind.SALE_STARTS,
    TimerKind.SALE_ENDS,
    TimerKind.SALE_REVEAL_ENDS,
    TimerKind.TENDER_SCORING_ENDS,
)


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
        *_close_tender(state, sale),
    ]


def _close_tender(state: ExchangeState, sale: Sale) -> list[Event]:
    """Let go of what was kept to compare offers, if the sale is a tender."""
    tender, panel = state.table(Tender).get(sale.sale_id), state.table(Panel).get(sale.sale_id)
    if tender is None or panel is None:
        return []
    closed = TenderClosed(
        tender=msgspec.structs.replace(tender, over=True),
        panel=msgspec.structs.replace(panel, over=True),
        offers=tuple(msgspec.structs.replace(offer, over=True) for offer in offers_of(state, sale.sale_id)),
        scores=tuple(msgspec.structs.replace(score, over=True) for score in scores_of(state, sale.sale_id)),
    )
    for record in (closed.tender, closed.panel, *closed.offers, *closed.scores):
        state.put(record)
    return [closed]


def offers_of(state: ExchangeState, sale_id: SaleId) -> list[TenderOffer]:
    """The offers of a tender that still count, as they were committed."""
    found = [offer for offer in state.table(TenderOffer).values() if offer.sale_id == sale_id]
    return sorted(found, key=lambda offer: offer.bid_id)


def scores_of(state: ExchangeState, sale_id: SaleId) -> list[TenderScore]:
    """What its panel scored so far, as it was signed."""
    found = [score for score in state.table(TenderScore).values() if score.sale_id == sale_id]
    return sorted(found, key=lambda score: score.score_id)


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
