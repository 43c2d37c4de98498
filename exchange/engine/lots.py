"""Bidding: what each method makes of a bid. What time does to a sale is in sale_clock.

English and sealed bids name one lot or several, all or nothing; a lot's standing is found over all bids of its sale.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exchange.core.ids import AccountId, BidId, LotId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.rules import profile_of
from exchange.engine.sale_awards import close_bidding
from exchange.engine.sale_cases import (
    bids_of,
    kept_minor,
    lots_of,
    own_bidder,
    put_bid,
    put_lot,
    set_bids,
    tell,
)
from exchange.engine.sale_checks import refuse_buyer
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.listing_messages import ListingMethod
from matching.lot_messages import (
    BidCommitted,
    BidPlaced,
    BidRevealed,
    BidState,
    CommitBid,
    LotBid,
    PlaceBid,
    RevealBid,
)
from matching.lots import (
    SetBid,
    best_allocation,
    commitment_of,
    extended_end_ns,
    least_bid_minor,
    places,
)
from matching.messages import Market
from matching.sale_messages import (
    COMMITTED,
    Bidder,
    BidderState,
    Lot,
    LotState,
    Sale,
    SaleState,
)

MAX_BIDS = 1_000
"""Standing bids of one sale."""
MAX_BIDS_A_BIDDER = 50


# --- Open bids: English and Dutch -------------------------------------------------------------------------------------


def place_bid(state: ExchangeState, header: Header, command: PlaceBid) -> list[Event]:
    """A rising bid for some lots, or the acceptance of a falling clock."""
    bidder = own_bidder(state, header, command.bidder_id, value_minor=command.price_minor)
    if isinstance(bidder, Rejected):
        return [bidder]
    sale = state.table(Sale)[bidder.sale_id]
    if (refusal := _refuse_now(sale, bidder, SaleState.BIDDING)) is not None:
        return [refusal]
    if sale.method in COMMITTED:
        return [Rejected(code=RejectCode.SALE_STATE, detail="commitments are taken now")]
    lots = _named(state, sale, command.lot_ids)
    if lots is None:
        return [Rejected(code=RejectCode.BID_LOTS_INVALID, detail="lots of the sale that are open, each once")]
    dutch = sale.method is ListingMethod.DUTCH
    price_minor = Minor(min(command.price_minor, lots[0].clock_minor)) if dutch else command.price_minor
    refusal = _refuse_price(state, sale, lots, command.price_minor) or refuse_buyer(
        state, header, sale, lots, bidder.account_id, price_minor
    )
    if refusal is not None:
        return [refusal]
    if (refusal := _refuse_number(state, bidder)) is not None:
        return [refusal]

    state.change()
    bid = _bid(header, bidder, command.client_bid_id, BidState.STANDING, [lot.lot_id for lot in lots], price_minor)
    superseded = tuple(
        put_bid(state, other, state=BidState.SUPERSEDED, over=True)
        for other in bids_of(state, sale.sale_id, BidState.STANDING)
        if other.bidder_id == bidder.bidder_id and other.lot_ids == bid.lot_ids
    )
    state.put(bid)
    movement = tell(state, header, sale, (bidder,))
    if dutch:
        taken = BidPlaced(bid=bid, superseded=(), lots=(), movement=movement)
        counted = [msgspec.structs.replace(lot, bids=1) for lot in lots]
        won = SetBid(bid.bid_id, bid.bidder_id, 1, price_minor)
        return [taken, *close_bidding(state, header, sale, counted, (won,), {0: price_minor})]
    changed, extended = _stand(state, header, sale, bid)
    return [BidPlaced(bid=bid, superseded=superseded, lots=changed, movement=movement), *extended]


def _refuse_now(sale: Sale, bidder: Bidder, when: SaleState) -> Rejected | None:
    """Whether bids are taken now, and from this bidder.

    Refused: sale.state, bidder.state.
    """
    if sale.state is not when:
        return Rejected(code=RejectCode.SALE_STATE, detail=sale.state)
    if bidder.state is not BidderState.ADMITTED:
        return Rejected(code=RejectCode.BIDDER_STATE, detail=bidder.state)
    return None


def _named(state: ExchangeState, sale: Sale, lot_ids: Sequence[LotId]) -> list[Lot] | None:
    """The open lots a bid names, in their places; None: it names others, or one twice."""
    named = [lot for lot in lots_of(state, sale) if lot.lot_id in lot_ids and lot.state is LotState.OPEN]
    return named if len(named) == len(lot_ids) else None


def _refuse_price(state: ExchangeState, sale: Sale, lots: Sequence[Lot], price_minor: int) -> Rejected | None:
    """Whether the price is in the market's steps, and enough.

    Refused: bid.increment, bid.too_low.
    """
    step = profile_of(state, state.table(Market)[sale.market_id]).fields.price_step_minor.value
    if price_minor % step:
        return Rejected(code=RejectCode.BID_INCREMENT, detail=f"in steps of {step} minor")
    if sale.method is ListingMethod.DUTCH:
        least: int = lots[0].clock_minor
    else:
        wanted = tuple(lot.lot_id for lot in lots)
        standing = bids_of(state, sale.sale_id, BidState.STANDING)
        highest = max((bid.price_minor for bid in standing if bid.lot_ids == wanted), default=0)
        least = least_bid_minor(sum(lot.start_minor for lot in lots), highest, sale.increment_minor)
    if price_minor >= least:
        return None
    return Rejected(code=RejectCode.BID_TOO_LOW, detail=f"least_minor={least}")


def _refuse_number(state: ExchangeState, bidder: Bidder) -> Rejected | None:
    """Whether one more bid of this bidder can be kept."""
    kept = bids_of(state, bidder.sale_id)
    own = sum(bid.bidder_id == bidder.bidder_id for bid in kept)
    if len(kept) < MAX_BIDS and own < MAX_BIDS_A_BIDDER:
        return None
    return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"at most {MAX_BIDS_A_BIDDER} bids, {MAX_BIDS} in a sale")


def _bid(
    header: Header,
    bidder: Bidder,
    client_bid_id: str,
    bid_state: BidState,
    lot_ids: Sequence[LotId],
    price_minor: int,
    commitment: str = "",
) -> LotBid:
    return LotBid(
        bid_id=BidId(make_id(header.sequence)),
        sale_id=bidder.sale_id,
        bidder_id=bidder.bidder_id,
        account_id=bidder.account_id,
        paddle=bidder.paddle,
        state=bid_state,
        client_bid_id=client_bid_id,
        commitment_sha256=commitment,
        lot_ids=tuple(lot_ids),
        price_minor=Minor(price_minor),
        placed_by=header.principal,
        placed_at_ns=header.at_ns,
    )


def _stand(state: ExchangeState, header: Header, sale: Sale, bid: LotBid) -> tuple[tuple[Lot, ...], list[Event]]:
    """What a new bid changes in the standing of the lots, and whether it moves their end. Call after the line."""
    lots = lots_of(state, sale)
    standing = _standing(state, sale, lots)
    wanted: list[dict[str, object]] = [
        {
            "leading_minor": lead.price_minor if lead is not None else Minor(0),
            "leading_lot_ids": lead.lot_ids if lead is not None else (),
            "leading_paddle": lead.paddle if lead is not None else 0,
            "reserve_met": met,
        }
        for lead, met in standing
    ]
    moved = [
        any(getattr(lot, name) != value for name, value in new.items()) for lot, new in zip(lots, wanted, strict=True)
    ]
    ends_at_ns = lots[0].ends_at_ns
    end = extended_end_ns(ends_at_ns, header.at_ns, sale.soft_close_seconds) if any(moved) else ends_at_ns
    changed = tuple(
        put_lot(state, lot, **new, bids=lot.bids + (lot.lot_id in bid.lot_ids), ends_at_ns=end)
        for lot, new, is_moved in zip(lots, wanted, moved, strict=True)
        if is_moved or end > ends_at_ns or lot.lot_id in bid.lot_ids
    )
    if end == ends_at_ns:
        return changed, []
    dropped = timers.drop_timers(state, TimerKind.SALE_ENDS, sale.sale_id)
    return changed, [*dropped, timers.set_timer(state, header, TimerKind.SALE_ENDS, end, sale.sale_id)]


def _standing(state: ExchangeState, sale: Sale, lots: Sequence[Lot]) -> list[tuple[LotBid | None, bool]]:
    """Which bid leads for each lot, and whether it would win: where none would, the highest below the reserve."""
    bids = bids_of(state, sale.sale_id, BidState.STANDING)
    by_id = {int(bid.bid_id): bid for bid in bids}
    entries = set_bids(bids, [lot.lot_id for lot in lots])
    winning = best_allocation(entries, kept_minor(state, lots)).winners
    sold = sum(entry.lots for entry in winning)
    others = [entry for entry in entries if not entry.lots & sold]
    below = best_allocation(others, [0] * len(lots)).winners
    leads: list[tuple[LotBid | None, bool]] = [(None, False)] * len(lots)
    for entry in (*winning, *below):
        for place in places(entry.lots):
            leads[place] = (by_id[entry.bid_id], bool(sold >> place & 1))
    return leads


# --- Sealed bids ------------------------------------------------------------------------------------------------------


def commit_bid(state: ExchangeState, header: Header, command: CommitBid) -> list[Event]:
    """Take a hash in, until commitments end."""
    bidder = own_bidder(state, header, command.bidder_id)
    if isinstance(bidder, Rejected):
        return [bidder]
    sale = state.table(Sale)[bidder.sale_id]
    if (refusal := _refuse_now(sale, bidder, SaleState.BIDDING)) is not None:
        return [refusal]
    if sale.method not in COMMITTED:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"open bids are taken: {sale.method}")]
    own = [bid for bid in bids_of(state, sale.sale_id) if bid.bidder_id == bidder.bidder_id]
    once = sale.method is ListingMethod.TENDER
    if any(once or bid.commitment_sha256 == command.commitment_sha256 for bid in own):
        return [Rejected(code=RejectCode.BID_EXISTS)]
    if (refusal := _refuse_number(state, bidder)) is not None:
        return [refusal]

    state.change()
    bid = _bid(header, bidder, command.client_bid_id, BidState.COMMITTED, (), 0, command.commitment_sha256)
    state.put(bid)
    return [BidCommitted(bid=bid, movement=_tell_bidder(state, header, bidder))]


def reveal_bid(state: ExchangeState, header: Header, command: RevealBid) -> list[Event]:
    """Open a commitment; what is no bid of this sale counts as revealed, and for nothing."""
    bid = state.table(LotBid).get(command.bid_id)
    if bid is None:
        return [Rejected(code=RejectCode.BID_UNKNOWN)]
    if (
        refusal := refuse_account(state, header, bid.account_id, UserRight.TRADE, value_minor=command.price_minor)
    ) is not None:
        return [refusal]
    sale = state.table(Sale)[bid.sale_id]
    if sale.state is not SaleState.REVEALING or sale.method is not ListingMethod.SEALED:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{sale.method}, {sale.state}")]
    if bid.state is not BidState.COMMITTED:
        return [Rejected(code=RejectCode.BID_STATE, detail=bid.state)]
    lot_ids = [to_wire("LT", lot_id) for lot_id in command.lot_ids]
    opened = commitment_of(to_wire("BR", bid.bidder_id), lot_ids, command.price_minor, command.nonce)
    if opened != bid.commitment_sha256:
        return [Rejected(code=RejectCode.BID_COMMITMENT_MISMATCH)]

    state.change()
    lots = _of_sale(state, sale, command.lot_ids)
    sound = lots and _refuse_sealed(state, header, sale, lots, bid.account_id, command.price_minor) is None
    revealed = put_bid(
        state,
        bid,
        state=BidState.STANDING if sound else BidState.VOID,
        lot_ids=tuple(lot.lot_id for lot in lots) if sound else tuple(command.lot_ids),
        price_minor=command.price_minor,
        over=not sound,
    )
    return [BidRevealed(bid=revealed, movement=_tell_bidder(state, header, state.table(Bidder)[bid.bidder_id]))]


def _of_sale(state: ExchangeState, sale: Sale, lot_ids: Sequence[LotId]) -> list[Lot]:
    named = [lot for lot in lots_of(state, sale) if lot.lot_id in lot_ids]
    return named if len(named) == len(lot_ids) else []


def _refuse_sealed(
    state: ExchangeState, header: Header, sale: Sale, lots: list[Lot], account_id: AccountId, price_minor: int
) -> Rejected | None:
    """Why a revealed price counts for nothing: in no step of the market, below the start, or not one to contract at."""
    step = profile_of(state, state.table(Market)[sale.market_id]).fields.price_step_minor.value
    if price_minor % step or price_minor < sum(lot.start_minor for lot in lots):
        return Rejected(code=RejectCode.BID_TOO_LOW)
    return refuse_buyer(state, header, sale, lots, account_id, price_minor)


def _tell_bidder(state: ExchangeState, header: Header, bidder: Bidder) -> Movement:
    """Tell a bidder of its own sealed bid; its seller hears nothing before all is in."""
    return move_and_tell(state, header, (bidder.account_id,))
