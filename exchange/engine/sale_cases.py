"""A public sale as the state keeps it: its lots, bidders and bids, how they change, and who is told.

A lot's `n` numbers what the public hears of it, so each change of it is told by exactly one event.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from custody.ledger import Leg
from exchange.core.ids import AccountId, BidderId, LotId, SaleId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.lot_messages import BidState, LotBid
from matching.lots import SetBid
from matching.sale_messages import Bidder, Lot, LotReserve, Sale

# --- Looking ----------------------------------------------------------------------------------------------------------


def lots_of(state: ExchangeState, sale: Sale) -> list[Lot]:
    """The lots of a sale that may still be sold, in their places."""
    found = (state.table(Lot).get(lot_id) for lot_id in sale.lot_ids)
    return [lot for lot in found if lot is not None]


def bidders_of(state: ExchangeState, sale_id: SaleId) -> list[Bidder]:
    """The bidders of a sale, by paddle."""
    found = [bidder for bidder in state.table(Bidder).values() if bidder.sale_id == sale_id]
    return sorted(found, key=lambda bidder: bidder.paddle)


def bids_of(state: ExchangeState, sale_id: SaleId, *states: BidState) -> list[LotBid]:
    """The bids of a sale that may still come to something, as they came; of these states only, if any is named."""
    found = [
        bid for bid in state.table(LotBid).values() if bid.sale_id == sale_id and (not states or bid.state in states)
    ]
    return sorted(found, key=lambda bid: bid.bid_id)


def kept_minor(state: ExchangeState, lots: Iterable[Lot]) -> list[int]:
    """What each lot is kept for: its reserve, or where bidding starts."""
    reserves = state.table(LotReserve)
    return [reserves[lot.lot_id].reserve_minor if lot.lot_id in reserves else lot.start_minor for lot in lots]


def set_bids(bids: Iterable[LotBid], lot_ids: Iterable[LotId]) -> list[SetBid]:
    """Bids as the arithmetic of auctions takes them, for lots in these places; those for other lots are left out."""
    bits = {lot_id: 1 << place for place, lot_id in enumerate(lot_ids)}
    return [
        SetBid(bid.bid_id, bid.bidder_id, sum(bits[lot_id] for lot_id in bid.lot_ids), bid.price_minor)
        for bid in bids
        if all(lot_id in bits for lot_id in bid.lot_ids)
    ]


def own_bidder(
    state: ExchangeState, header: Header, bidder_id: BidderId, *, value_minor: int = 0, frozen_too: bool = False
) -> Bidder | Rejected:
    """The bidder, if the principal may act for its account.

    Refused: bidder.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen.
    """
    bidder = state.table(Bidder).get(bidder_id)
    if bidder is None:
        return Rejected(code=RejectCode.BIDDER_UNKNOWN)
    refusal = refuse_account(
        state, header, bidder.account_id, UserRight.TRADE, value_minor=value_minor, frozen_too=frozen_too
    )
    return refusal or bidder


# --- Changing. All of it after the line. ------------------------------------------------------------------------------


def put_sale(state: ExchangeState, sale: Sale, /, **changes: object) -> Sale:
    """Keep a sale under its new values."""
    changed = msgspec.structs.replace(sale, **changes)
    state.put(changed)
    return changed


def put_lot(state: ExchangeState, lot: Lot, /, **changes: object) -> Lot:
    """Keep a lot under its new values, as its next public change: the caller's event tells it, once."""
    changed = msgspec.structs.replace(lot, n=lot.n + 1, **changes)
    state.put(changed)
    return changed


def put_bidder(state: ExchangeState, bidder: Bidder, /, **changes: object) -> Bidder:
    """Keep a bidder under its new values."""
    changed = msgspec.structs.replace(bidder, **changes)
    state.put(changed)
    return changed


def put_bid(state: ExchangeState, bid: LotBid, /, **changes: object) -> LotBid:
    """Keep a bid under its new values."""
    changed = msgspec.structs.replace(bid, **changes)
    state.put(changed)
    return changed


def tell(
    state: ExchangeState,
    header: Header,
    sale: Sale,
    bidders: Iterable[Bidder] = (),
    legs: Iterable[Leg] = (),
    holds: Iterable[Leg] = (),
) -> Movement:
    """A transfer, or none, of which the seller and these bidders are told."""
    concerned: list[AccountId] = [sale.seller_account_id, *(bidder.account_id for bidder in bidders)]
    return move_and_tell(state, header, dict.fromkeys(concerned), legs, holds)


def set_due(state: ExchangeState, header: Header, lot_id: LotId, due_ns: int) -> list[Event]:
    """Give a lot's next step a new date, in place of the old one."""
    return [
        *timers.drop_timers(state, TimerKind.LOT_DUE, lot_id),
        timers.set_timer(state, header, TimerKind.LOT_DUE, due_ns, lot_id),
    ]
