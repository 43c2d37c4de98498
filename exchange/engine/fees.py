"""Charges and holds by formula. Preview, hold and posting use the one fee function of the published schedule.

A bid holds `remaining at its limit + fee ceiling(that, traded so far)`, a market bid what its cap or the band's edge
allows, an offer the units themselves. After each fill the hold equals the formula again; at the end it is zero.
"""

from __future__ import annotations

from exchange.core.instruments import OrderType, Side
from exchange.core.rejections import ensure
from exchange.core.rule_messages import PublishedKind
from exchange.engine.state import ExchangeState, OpenOrder
from exchange.rulebook.fees import FeeRow, FeeSchedule, charge, fee_ceiling, fee_row
from exchange.rulebook.profile import Method
from matching.messages import Instrument


def active_fee_version(state: ExchangeState, schedule: str, at_ns: int) -> int:
    """The version of a schedule in force at a moment; 0 if none is."""
    return state.version_in_force(PublishedKind.FEE_SCHEDULE, schedule, at_ns)


def order_fee_row(state: ExchangeState, instrument: Instrument, side: Side, version: int) -> FeeRow | None:
    """The row that prices one side of this instrument's book; None: the schedule does not price it."""
    market = state.market_of(instrument)
    schedule = state.parsed.get((PublishedKind.FEE_SCHEDULE, market.fee_schedule, version))
    if not isinstance(schedule, FeeSchedule):
        return None
    return fee_row(schedule, market.profile, Method.ORDER_BOOK, side)


def _row(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> FeeRow:
    row = order_fee_row(state, instrument, order.side, order.fee_version)
    ensure(row is not None, "an accepted order has a fee row")
    assert row is not None  # noqa: S101 - for the type checker; ensure() above is the guard
    return row


def charge_fill(state: ExchangeState, instrument: Instrument, order: OpenOrder, notional_minor: int) -> int:
    """What this fill is charged, on the order's notional so far. Units: minor."""
    row = _row(state, instrument, order)
    return charge(row, order.notional_minor, order.charged_minor, order.notional_minor + notional_minor)


def hold_units(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> int:
    """What the order must hold now, by formula. Units: minor for a bid, right units for an offer."""
    if order.side is Side.SELL:
        return order.remaining_lots * instrument.lot_units
    if not order.remaining_lots:
        return 0
    if order.order_type is OrderType.MARKET and order.max_notional_minor:
        remaining = order.max_notional_minor - order.notional_minor
    else:
        remaining = order.remaining_lots * order.price_ticks * instrument.tick_minor
    return remaining + fee_ceiling(_row(state, instrument, order), remaining, order.notional_minor)
