"""A fill becomes a transfer: the right against cash, both fees, both holds, in one event (DvP, CPMI model 1)."""

from __future__ import annotations

from custody.accounts import Bank
from exchange.core.ids import TradeId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Header
from exchange.core.units import Minor, PriceTicks, QuantityLots, Units
from exchange.engine.fees import charge_fill, hold_units
from exchange.engine.open_order import OpenOrder
from exchange.engine.recent_trades import RecentTrade, keep
from exchange.engine.state import ExchangeState
from matching.messages import Instrument, TradeMade, TradeSide


def settle(
    state: ExchangeState,
    header: Header,
    instrument: Instrument,
    taker: OpenOrder,
    maker: OpenOrder,
    price_ticks: int,
    lots: int,
    aggressor: Side | None,
) -> TradeMade:
    """Settle one fill of an order against another; in an auction there is no aggressor, and `taker` is the bid.

    Each side's hold is brought to its formula before the legs are posted, so what the fill spends was promised, and
    nothing else is.
    """
    buyer, seller = (taker, maker) if taker.side is Side.BUY else (maker, taker)
    notional = price_ticks * instrument.tick_minor * lots
    right_units = lots * instrument.lot_units

    # What each order has come to: its remainder, its fee so far, the hold it still needs.
    buyer_fee = _fill_order(state, instrument, buyer, lots, notional)
    seller_fee = _fill_order(state, instrument, seller, lots, notional)
    buyer_held = _adjust_hold(state, instrument, buyer)
    seller_held = _adjust_hold(state, instrument, seller)

    money = instrument.money_asset_id
    fees_due = state.table(Bank)[state.assets[money].bank_id].fees_due_id
    legs = [
        (buyer.account_id, money, -notional - buyer_fee),
        (seller.account_id, money, notional - seller_fee),
        (seller.account_id, instrument.asset_id, -right_units),
        (buyer.account_id, instrument.asset_id, right_units),
    ]
    if buyer_fee + seller_fee:
        legs.append((fees_due, money, buyer_fee + seller_fee))
    postings = state.ledger.post(header.sequence, legs)

    numbers = state.numbers[instrument.instrument_id]
    numbers.book_n += 1
    numbers.trade_n += 1
    numbers.last_price_ticks = price_ticks
    for order in (buyer, seller):
        if order.remaining_lots == 0:
            state.close_order(order)
    sequence, count = state.trades_made
    ordinal = count if sequence == header.sequence else 0
    state.trades_made = (header.sequence, ordinal + 1)
    trade_id = TradeId(make_id(header.sequence, ordinal))
    if instrument.instrument_id in state.bust_windows:
        ids = buyer.account_id, seller.account_id
        fees = buyer_fee, seller_fee
        trade = RecentTrade(trade_id, instrument.instrument_id, price_ticks, lots, *ids, *fees, header.at_ns)
        keep(state.recent_trades, trade)
    return TradeMade(
        trade_id=trade_id,
        instrument_id=instrument.instrument_id,
        price_ticks=PriceTicks(price_ticks),
        quantity_lots=QuantityLots(lots),
        aggressor=aggressor,
        buyer=_side(state, header, buyer, buyer_fee, buyer_held),
        seller=_side(state, header, seller, seller_fee, seller_held),
        postings=postings,
        book_n=numbers.book_n,
        trade_n=numbers.trade_n,
    )


def _fill_order(state: ExchangeState, instrument: Instrument, order: OpenOrder, lots: int, notional: int) -> int:
    """Count the fill into the order; answers its fee in minor units."""
    fee = charge_fill(state, instrument, order, notional)
    order.remaining_lots -= lots
    order.notional_minor += notional
    order.charged_minor += fee
    return fee


def _adjust_hold(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> Units:
    """Bring the order's hold to its formula; answers all its account holds of that asset."""
    units = hold_units(state, instrument, order)
    held = state.ledger.hold(order.account_id, order.hold_asset_id, units - order.hold_units)
    order.hold_units = units
    return held


def _side(state: ExchangeState, header: Header, order: OpenOrder, fee: int, held_after: Units) -> TradeSide:
    return TradeSide(
        order_id=order.order_id,
        account_id=order.account_id,
        remaining_lots=QuantityLots(order.remaining_lots),
        fee_minor=Minor(fee),
        charged_minor=Minor(order.charged_minor),
        notional_minor=Minor(order.notional_minor),
        hold_units=Units(order.hold_units),
        held_after=held_after,
        mark=state.ledger.tell(order.account_id, header.sequence),
    )
