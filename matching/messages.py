"""The market's commands and events: what can be asked of a book, and what it tells.

An order's path: `order.place` → `order.accepted`, then `trade.made` for each fill, then `order.cancelled` if the rest
may not stay. Every event carries after-values (remaining lots, remaining hold, what the account holds and has), so the
tables follow from the events alone. `book_n` numbers the public changes of one instrument's book, `trade_n` its
trades, and a FeedMark the private events of one account; none of them has a gap.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    ConnectionId,
    InstrumentId,
    ListingId,
    MarketId,
    OrderId,
    TradeId,
)
from exchange.core.instruments import OrderType, Phase, SelfTradePrevention, Settlement, Side, TimeInForce
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import FeedMark, Posting
from exchange.core.units import (
    Code,
    Minor,
    PositiveLots,
    PositiveMinor,
    PositivePrice,
    PriceTicks,
    QuantityLots,
    TimeNs,
    Units,
)

# --- What is traded ---------------------------------------------------------------------------------------------------


class Market(Record, frozen=True, kw_only=True):
    """A set of instruments under one profile version, in one currency and calendar."""

    market_id: MarketId
    name: str
    profile: str
    profile_version: int
    currency: str
    money_asset_id: AssetId
    calendar: str
    calendar_version: int
    fee_schedule: str
    opened_at_ns: TimeNs


class Instrument(Record, frozen=True, kw_only=True):
    """What an order names: one right or note in one currency (FIX Instrument).

    Units: a lot is `lot_units` of the right; a tick is `tick_minor` of the currency's minor unit, the price of one lot
    counted in ticks. Prices outside `band_low_ticks..band_high_ticks` are refused.
    """

    instrument_id: InstrumentId
    code: str
    name: str
    market_id: MarketId
    listing_id: ListingId
    asset_id: AssetId
    money_asset_id: AssetId
    lot_units: int
    tick_minor: int
    band_low_ticks: PriceTicks
    band_high_ticks: PriceTicks
    settlement: Settlement
    phase: Phase
    frozen: bool


# --- Orders -----------------------------------------------------------------------------------------------------------


class PlaceOrder(Command, frozen=True, kw_only=True, tag="order.place"):
    """Bid for, or offer, whole lots of one instrument.

    Units: `price_ticks` is the limit for one lot in the instrument's ticks (none for a market order);
    `max_notional_minor` caps what a market bid may cost before fees.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    order.unknown_instrument, instrument.frozen, asset.frozen, order.instrument_halted, order.instrument_closed,
    order.price_missing, order.price_not_allowed, order.price_band, order.too_large, fee.schedule_unknown,
    rule.method_not_allowed, rule.suitability, rule.value_cap, export.not_cleared, rule.holder_cap,
    order.no_liquidity, order.too_many_fills, order.fok_unfilled, hold.insufficient_available.
    Source: FIX NewOrderSingle (35=D); `client_order_id` is ClOrdID (11).
    """

    client_order_id: Code
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    quantity_lots: PositiveLots
    price_ticks: PositivePrice | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    max_notional_minor: PositiveMinor | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    cancel_on_disconnect: bool = False


class CancelOrder(Command, frozen=True, kw_only=True, tag="order.cancel"):
    """Withdraw what remains of an open order.

    Refused: account.unknown, account.not_yours, order.unknown.
    Source: FIX OrderCancelRequest (35=F).
    """

    account_id: AccountId
    order_id: OrderId


class ReplaceOrder(Command, frozen=True, kw_only=True, tag="order.replace"):
    """Change an open order's price or total quantity.

    It keeps its place in the queue only when it merely reduces the quantity at the same price.
    Units: `quantity_lots` is the new total, filled lots included (FIX OrderQty).
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, order.unknown,
    instrument.frozen, asset.frozen, order.instrument_halted, order.instrument_closed, order.price_band,
    order.too_large, order.replace_nothing, rule.*, hold.insufficient_available.
    Source: FIX OrderCancelReplaceRequest (35=G).
    """

    account_id: AccountId
    order_id: OrderId
    client_order_id: Code
    price_ticks: PositivePrice
    quantity_lots: PositiveLots


class CancelAllOrders(Command, frozen=True, kw_only=True, tag="orders.cancel_all"):
    """Withdraw every open order of an account, or those of one instrument or side; carried out as a run.

    Refused: account.unknown, account.not_yours.
    Source: FIX OrderMassCancelRequest (35=q).
    """

    account_id: AccountId
    instrument_id: InstrumentId | None = None
    side: Side | None = None


class CancelReason(StrEnum):
    """Why an order ended unfilled."""

    REQUESTED = "requested"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    MARKET_REMAINDER = "market_remainder"
    SELF_TRADE = "self_trade"
    FILL_LIMIT = "fill_limit"
    CANCEL_ALL = "cancel_all"
    END_OF_DAY = "end_of_day"
    DISCONNECTED = "disconnected"
    FROZEN = "frozen"


class OrderAccepted(Event, frozen=True, kw_only=True, tag="order.accepted"):
    """The order is in the book's hands and covered by a hold.

    Units: `hold_units` of `hold_asset_id` are promised to this order; `held_after` is all that account promised of it.
    Source: FIX ExecutionReport, ExecType New.
    """

    order_id: OrderId
    client_order_id: str
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    hold_asset_id: AssetId
    hold_units: Units
    held_after: Units
    fee_version: int
    max_notional_minor: int
    cancel_on_disconnect: bool
    connection_id: ConnectionId
    mark: FeedMark
    book_n: int


class TradeSide(Record, frozen=True, kw_only=True):
    """One order's part in a trade, with what is left of the order afterwards.

    Units: `fee_minor` of this fill; `charged_minor` and `notional_minor` of the order so far.
    """

    order_id: OrderId
    account_id: AccountId
    remaining_lots: QuantityLots
    fee_minor: Minor
    charged_minor: Minor
    notional_minor: Minor
    hold_units: Units
    held_after: Units
    mark: FeedMark


class TradeMade(Event, frozen=True, kw_only=True, tag="trade.made"):
    """Two orders met, and the right moved against cash in one transfer (DvP, CPMI model 1).

    Source: FIX ExecutionReport, ExecType Trade, one side each.
    """

    trade_id: TradeId
    instrument_id: InstrumentId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    aggressor: Side
    buyer: TradeSide
    seller: TradeSide
    postings: tuple[Posting, ...]
    book_n: int
    trade_n: int


class OrderCancelled(Event, frozen=True, kw_only=True, tag="order.cancelled"):
    """What remained of the order is withdrawn and its hold released.

    Source: FIX ExecutionReport, ExecType Canceled.
    """

    order_id: OrderId
    account_id: AccountId
    instrument_id: InstrumentId
    cancelled_lots: QuantityLots
    reason: CancelReason
    hold_asset_id: AssetId
    held_after: Units
    mark: FeedMark
    book_n: int


class OrderReplaced(Event, frozen=True, kw_only=True, tag="order.replaced"):
    """The order has a new price or quantity; `priority` tells its place in the queue.

    Units: `quantity_lots` the new total, `remaining_lots` what is open of it.
    Source: FIX ExecutionReport, ExecType Replaced.
    """

    order_id: OrderId
    client_order_id: str
    account_id: AccountId
    instrument_id: InstrumentId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    remaining_lots: QuantityLots
    priority: int
    hold_asset_id: AssetId
    hold_units: Units
    held_after: Units
    mark: FeedMark
    book_n: int


# --- Phases -----------------------------------------------------------------------------------------------------------


class ChangePhase(Command, frozen=True, kw_only=True, tag="instrument.change_phase"):
    """Open, halt, resume or close trading in an instrument. Closing ends its DAY orders, as a run.

    Refused: instrument.unknown, instrument.frozen, instrument.phase.
    Source: FIX SecurityTradingStatus (326).
    """

    instrument_id: InstrumentId
    phase: Phase
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class InstrumentPhaseChanged(Event, frozen=True, kw_only=True, tag="instrument.phase_changed"):
    """Trading in the instrument was opened, halted, resumed or closed."""

    instrument: Instrument
    reason: str


class FreezeInstrument(Command, frozen=True, kw_only=True, tag="instrument.freeze"):
    """Stop, or with `frozen` false release, one instrument, in any phase. A stop ends its open orders.

    Refused: instrument.unknown, listing.state (a delisted one is not released).
    """

    instrument_id: InstrumentId
    frozen: bool
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class InstrumentFrozen(Event, frozen=True, kw_only=True, tag="instrument.frozen"):
    """The instrument was stopped, or released."""

    instrument: Instrument
    reason: str
