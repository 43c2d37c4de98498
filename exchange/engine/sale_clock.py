"""What time does to a public sale: it begins, its clock falls, it ends, what is sealed is due. By timers alone."""

from __future__ import annotations

from exchange.core.ids import LotId, SaleId
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import ensure
from exchange.core.units import NS_PER_SECOND, Minor, div_floor
from exchange.engine import timers
from exchange.engine.sale_awards import award
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
from exchange.engine.sale_checks import PPM
from exchange.engine.sale_ends import forfeit
from exchange.engine.sale_talks import talk_or_fail
from exchange.engine.state import ExchangeState
from exchange.engine.tenders import open_offers
from matching.listing_messages import Listing, ListingMethod
from matching.lot_messages import (
    BidState,
    ClockFell,
    DepositsForfeited,
    RevealingOpened,
)
from matching.lots import (
    dutch_fallen,
    dutch_price_minor,
)
from matching.sale_messages import (
    COMMITTED,
    Bidder,
    BidderState,
    BiddingOpened,
    Lot,
    LotState,
    Sale,
    SaleState,
)


def _starts(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Bidding begins among those admitted; one alone may agree with the seller, and without any there is no sale."""
    sale = state.table(Sale)[SaleId(timer.subject_id)]
    ensure(sale.state is SaleState.ANNOUNCED, "a sale starts once")
    admitted = [bidder for bidder in bidders_of(state, sale.sale_id) if bidder.state is BidderState.ADMITTED]
    lots = lots_of(state, sale)
    if len(admitted) < 2:
        alone = admitted[0] if admitted else None
        return talk_or_fail(state, header, sale, lots, alone, "one bidder" if admitted else "no bidder")
    bidding = put_sale(state, sale, state=SaleState.BIDDING)
    opened = tuple(put_lot(state, lot, state=LotState.OPEN) for lot in lots)
    movement = tell(state, header, sale, admitted)
    events: list[Event] = [BiddingOpened(sale=bidding, lots=opened, movement=movement)]
    if sale.method is ListingMethod.DUTCH:
        events.extend(_wind_clock(state, header, bidding, opened[0]))
    return events


def _wind_clock(state: ExchangeState, header: Header, sale: Sale, lot: Lot) -> list[Event]:
    """Have the clock fall at the end of the step that runs now, unless it stands at its floor."""
    if lot.clock_minor <= _floor_minor(state, lot):
        return []
    fallen = dutch_fallen(sale.starts_at_ns, header.at_ns, sale.step_seconds)
    next_ns = sale.starts_at_ns + (fallen + 1) * sale.step_seconds * NS_PER_SECOND
    return [timers.set_timer(state, header, TimerKind.LOT_CLOCK, next_ns, lot.lot_id)]


def _floor_minor(state: ExchangeState, lot: Lot) -> int:
    return state.table(Listing)[lot.listing_id].asking_price_minor


def _clock_falls(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A Dutch clock shows what it shows at this moment, however many steps nobody asked for."""
    lot = state.table(Lot)[LotId(timer.subject_id)]
    sale = state.table(Sale)[lot.sale_id]
    fallen = dutch_fallen(sale.starts_at_ns, header.at_ns, sale.step_seconds)
    price_minor = dutch_price_minor(lot.start_minor, _floor_minor(state, lot), sale.increment_minor, fallen)
    fell = put_lot(state, lot, clock_minor=Minor(price_minor))
    return [ClockFell(lots=(fell,)), *_wind_clock(state, header, sale, fell)]


def _ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """No bid is taken any more: the winners are found, or sealed bids are to be revealed."""
    sale = state.table(Sale)[SaleId(timer.subject_id)]
    ensure(sale.state is SaleState.BIDDING, "a sale that never began has no end to come")
    if sale.method not in COMMITTED or not bids_of(state, sale.sale_id):
        return award(state, header, sale)
    revealing = put_sale(state, sale, state=SaleState.REVEALING)
    lots = tuple(put_lot(state, lot, state=LotState.REVEALING) for lot in lots_of(state, sale))
    movement = tell(state, header, sale, bidders_of(state, sale.sale_id))
    return [RevealingOpened(sale=revealing, lots=lots, movement=movement)]


def _reveal_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """What was not revealed counts for nothing, and costs what was announced; then the winners are found."""
    sale = state.table(Sale)[SaleId(timer.subject_id)]
    ensure(sale.state is SaleState.REVEALING, "revealing ends once")
    find_winner = open_offers if sale.method is ListingMethod.TENDER else award
    secret = bids_of(state, sale.sale_id, BidState.COMMITTED)
    if not secret:
        return find_winner(state, header, sale)
    bids = tuple(put_bid(state, bid, state=BidState.UNREVEALED, over=True) for bid in secret)
    silent = [state.table(Bidder)[bidder_id] for bidder_id in sorted({bid.bidder_id for bid in secret})]
    amounts = [(bidder, div_floor(bidder.deposit_minor * sale.unrevealed_forfeit_ppm, PPM)) for bidder in silent]
    bidders = tuple(
        put_bidder(
            state,
            bidder,
            deposit_minor=Minor(bidder.deposit_minor - minor),
            forfeited_minor=Minor(bidder.forfeited_minor + minor),
        )
        for bidder, minor in amounts
    )
    movement = forfeit(state, header, sale, amounts)
    forfeited = DepositsForfeited(bidders=bidders, bids=bids, movement=movement)
    return [forfeited, *find_winner(state, header, sale)]


timers.FIRINGS[TimerKind.SALE_STARTS] = _starts
timers.FIRINGS[TimerKind.SALE_ENDS] = _ends
timers.FIRINGS[TimerKind.SALE_REVEAL_ENDS] = _reveal_ends
timers.FIRINGS[TimerKind.LOT_CLOCK] = _clock_falls
