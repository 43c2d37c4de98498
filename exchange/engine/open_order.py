"""An order that may still trade, and how far an instrument's public channels have come.

Every order touches them, so they have compiled twins (`_open_order.pyx`) with the same fields, whose integers the
compiled desk reads without a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from exchange.core import compiled
from exchange.core.ids import AccountId, AssetId, ConnectionId, InstrumentId, OrderId, UserId
from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.rulebook.fees import FeeRow
from matching.messages import Conditions

ORDER_FIELDS = (
    "order_id",
    "client_order_id",
    "account_id",
    "instrument_id",
    "side",
    "order_type",
    "time_in_force",
    "price_ticks",
    "quantity_lots",
    "remaining_lots",
    "hold_asset_id",
    "hold_units",
    "notional_minor",
    "charged_minor",
    "fee_version",
    "max_notional_minor",
    "priority",
    "cancel_on_disconnect",
    "connection_id",
    "epoch",
    "entered_by",
    "conditions",
    "partner_id",
)
"""What an open order is; the fee row it remembers follows from its version."""


class OpenOrder(msgspec.Struct, kw_only=True):
    """An order that may still trade: what its fills and its hold are reckoned from.

    A mutable Struct, not a dataclass: one is made for every order, in under half the time. Where it stands now is its
    book's to know; `priority` alone is kept here too, because a queue is told by it.
    """

    order_id: OrderId
    client_order_id: str
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    hold_asset_id: AssetId
    hold_units: int
    notional_minor: int
    charged_minor: int
    fee_version: int
    max_notional_minor: int
    priority: int
    cancel_on_disconnect: bool
    connection_id: ConnectionId
    epoch: int
    entered_by: UserId
    conditions: Conditions | None = None
    """None: a plain order."""
    partner_id: int = 0
    """The other order of a pair (one cancels the other) while both are open: by the later one's conditions."""
    fee_row: FeeRow | None = None
    """The row its side and fee version name: follows from them, kept because every fill asks for it."""


@dataclass(slots=True)
class Numbers:
    """How far one instrument's public channels have come, and its last price (0: never traded)."""

    book_n: int = 0
    trade_n: int = 0
    last_price_ticks: int = 0
    special: int = 0
    """Open orders that are not plain, or an allocation account's: while there are none the compiled desk serves.
    Follows from the orders and the accounts."""


if not TYPE_CHECKING:
    OpenOrder, Numbers = compiled.twins("exchange.engine._open_order", OpenOrder, Numbers)


def with_terms(order: OpenOrder, client_order_id: str, price_ticks: int, quantity_lots: int) -> OpenOrder:
    """A copy of an order under new terms; what is filled stays filled."""
    filled = order.quantity_lots - order.remaining_lots
    return OpenOrder(
        order_id=order.order_id,
        client_order_id=client_order_id,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        price_ticks=price_ticks,
        quantity_lots=quantity_lots,
        remaining_lots=quantity_lots - filled,
        hold_asset_id=order.hold_asset_id,
        hold_units=order.hold_units,
        notional_minor=order.notional_minor,
        charged_minor=order.charged_minor,
        fee_version=order.fee_version,
        max_notional_minor=order.max_notional_minor,
        priority=order.priority,
        cancel_on_disconnect=order.cancel_on_disconnect,
        connection_id=order.connection_id,
        epoch=order.epoch,
        entered_by=order.entered_by,
        conditions=order.conditions,
        partner_id=order.partner_id,
        fee_row=order.fee_row,
    )


def notional_left_ticks(order: OpenOrder, tick_minor: int) -> int | None:
    """What a capped market bid may still spend, in ticks; None without a cap."""
    if not order.max_notional_minor:
        return None
    return (order.max_notional_minor - order.notional_minor) // tick_minor
