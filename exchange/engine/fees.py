"""Charges and holds by formula. Preview, hold and posting use the one fee function of the published schedule.

A bid holds `remaining at its limit + fee ceiling(that, traded so far)`, a market bid what its cap or the band's edge
allows, an offer the units themselves. After each fill the hold equals the formula again; at the end it is zero.
"""

from __future__ import annotations

from exchange.core.ids import OrderId
from exchange.core.instruments import OrderType, Side
from exchange.core.rejections import InvariantBroken
from exchange.engine.open_order import OpenOrder
from exchange.engine.state import ExchangeState
from exchange.rulebook.fees import FeeRow, charge, fee_ceiling
from matching.messages import Instrument

SELL = Side.SELL


def _row(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> FeeRow:
    row = order.fee_row
    if row is None:
        row = state.terms[instrument.market_id].fee_row(order.side, order.fee_version)
        if row is None:
            raise InvariantBroken("an accepted order has a fee row")
        order.fee_row = row
    return row


def charge_fill(state: ExchangeState, instrument: Instrument, order: OpenOrder, notional_minor: int) -> int:
    """What this fill is charged, on the order's notional so far. Units: minor."""
    row = _row(state, instrument, order)
    return charge(row, order.notional_minor, order.charged_minor, order.notional_minor + notional_minor)


def hold_units(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> int:
    """What the order must hold now, by formula. Units: minor for a bid, right units for an offer."""
    if order.side is SELL:
        return order.remaining_lots * instrument.lot_units
    if not order.remaining_lots:
        return 0
    if order.max_notional_minor and order.order_type is OrderType.MARKET:
        remaining = order.max_notional_minor - order.notional_minor
    else:
        remaining = order.remaining_lots * order.price_ticks * instrument.tick_minor
    return remaining + fee_ceiling(_row(state, instrument, order), remaining, order.notional_minor)


def cover_units(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> int:
    """What the order must hold now, its pair considered. Units: minor for a bid, right units for an offer.

    Of a pair (one cancels the other) only one can ever trade: the earlier order holds by its formula, the later one
    what it needs beyond that, if both promise the same asset.
    """
    units = hold_units(state, instrument, order)
    if not 0 < order.partner_id < order.order_id:
        return units
    earlier = state.orders[OrderId(order.partner_id)]
    if earlier.hold_asset_id != order.hold_asset_id:
        return units
    return max(0, units - hold_units(state, instrument, earlier))
