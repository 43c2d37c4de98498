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
from exchange.core.instruments import OrderPlace, OrderType, Phase, SelfTradePrevention, Settlement, Side, TimeInForce
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
    trading_rules: str = ""
    trading_rules_version: int = 0
    """The published text by which its books work (`exchange.rulebook.trading`); none: plain orders, phases by hand."""


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
    `stop_ticks` is a stop's level, `trail_ticks` the distance at which a trailing one follows, `offset_ticks` a peg's
    distance from what it follows (of a trailing stop-limit: its limit's from its level), `display_lots` an iceberg's
    slice, `minimum_lots` must trade at once; `expires_at_ns` ends a GTD order. `oco_order_id` names the open order of
    the same account that this one makes a pair with: when one trades or is triggered, the other is withdrawn.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, order.killed,
    order.unknown_instrument, instrument.frozen, asset.frozen, order.instrument_halted, order.instrument_closed,
    order.uncrossing, rule.order_not_allowed, order.price_missing, order.price_not_allowed, order.expiry_invalid,
    order.price_band, order.too_large, fee.schedule_unknown, rule.method_not_allowed, rule.suitability, rule.value_cap,
    export.not_cleared, rule.holder_cap, rule.insider, rule.closed_period, limit.order_value, limit.day_value,
    limit.open_value, limit.price_distance, limit.position, order.conflict, order.phase, order.not_at_fixed_price,
    order.no_reference, order.oco_invalid, order.too_many_waiting, order.would_trade, order.no_liquidity,
    order.too_many_fills, order.fok_unfilled, order.minimum_not_met, right.encumbered (an entry holds
    the units), hold.insufficient_available.
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
    stop_ticks: PositivePrice | None = None
    trail_ticks: PositivePrice | None = None
    offset_ticks: PositivePrice | None = None
    display_lots: PositiveLots | None = None
    minimum_lots: PositiveLots | None = None
    hidden: bool = False
    post_only: bool = False
    all_or_none: bool = False
    oco_order_id: OrderId | None = None
    expires_at_ns: TimeNs | None = None


class CancelOrder(Command, frozen=True, kw_only=True, tag="order.cancel"):
    """Withdraw what remains of an open order.

    Refused: account.unknown, account.not_yours, order.unknown, order.uncrossing.
    Source: FIX OrderCancelRequest (35=F).
    """

    account_id: AccountId
    order_id: OrderId


class ReplaceOrder(Command, frozen=True, kw_only=True, tag="order.replace"):
    """Change an open order's price or total quantity.

    It keeps its place in the queue only when it merely reduces the quantity at the same price. Of an order without a
    limit of its own the price is the worst it may trade at; `stop_ticks` moves a waiting stop's level.
    Units: `quantity_lots` is the new total, filled lots included (FIX OrderQty).
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, order.unknown,
    order.killed, instrument.frozen, asset.frozen, order.instrument_halted, order.instrument_closed, order.uncrossing,
    order.price_band, order.too_large, order.replace_nothing, rule.*, order.phase, order.not_at_fixed_price,
    order.conflict, order.no_reference, order.would_trade, right.encumbered,
    hold.insufficient_available.
    Source: FIX OrderCancelReplaceRequest (35=G).
    """

    account_id: AccountId
    order_id: OrderId
    client_order_id: Code
    price_ticks: PositivePrice
    quantity_lots: PositiveLots
    stop_ticks: PositivePrice | None = None


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
    ONE_CANCELS_OTHER = "one_cancels_other"
    AUCTION_ENDED = "auction_ended"
    EXPIRED = "expired"
    HALTED = "halted"
    KILL_SWITCH = "kill_switch"


class Conditions(Record, frozen=True, kw_only=True):
    """What an order asked for beyond type, price, quantity and time: zero or false where it says nothing.

    Units: ticks and lots of its instrument; `expires_at_ns` ends a GTD order. `group_id` is the group of related
    accounts its account was in when it came.
    """

    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    group_id: int = 0
    stop_ticks: int = 0
    trail_ticks: int = 0
    offset_ticks: int = 0
    display_lots: int = 0
    minimum_lots: int = 0
    hidden: bool = False
    post_only: bool = False
    all_or_none: bool = False
    oco_order_id: int = 0
    expires_at_ns: int = 0


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
    conditions: Conditions | None = None
    """None: a plain order. It joins the queue, if it stays, with its own identifier as its priority, unless an
    `order.moved` says otherwise."""


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
    aggressor: Side | None
    """Who took; in an auction nobody did."""
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

    Units: `quantity_lots` the new total, `remaining_lots` what is open of it; `priority` is the sequence at which it
    joined its queue: this command's own, unless it merely shrank and kept its place.
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


class MoveCause(StrEnum):
    """Why an order stands where it does now (matching.book_messages.EventKind)."""

    RESTED = "rested"
    PARKED = "parked"
    TRIGGERED = "triggered"
    REFILLED = "refilled"
    REPRICED = "repriced"
    REDUCED = "reduced"
    """Its owner took lots off an iceberg, which gives from its reserve first; it keeps its place."""


class OrderMoved(Event, frozen=True, kw_only=True, tag="order.moved"):
    """Where an open order stands now in its book, with a priority of its own.

    Units: `price_ticks` is the price at which it queues or waits, `stop_ticks` a stop's level now (else zero),
    `shown_lots` what the public sees of it. Its hold does not change: it covers the worst price from the start.
    Source: FIX ExecutionReport, ExecType Triggered or Restated; ExecRestatementReason 378.
    """

    order_id: OrderId
    account_id: AccountId
    instrument_id: InstrumentId
    cause: MoveCause
    place: OrderPlace
    price_ticks: PriceTicks
    stop_ticks: int
    shown_lots: int
    remaining_lots: QuantityLots
    priority: int
    mark: FeedMark
    book_n: int


class OrderReduced(Event, frozen=True, kw_only=True, tag="order.reduced"):
    """An order shrank in its place, because it met an order of its own account or group (self-trade prevention).

    Units: `reduced_lots` were taken off, of its total `quantity_lots` too; the hold is by its formula again.
    Source: FIX ExecutionReport, ExecType Restated, ExecRestatementReason 5 (partial decline of OrderQty).
    """

    order_id: OrderId
    account_id: AccountId
    instrument_id: InstrumentId
    reduced_lots: QuantityLots
    quantity_lots: QuantityLots
    remaining_lots: QuantityLots
    shown_lots: int
    hold_asset_id: AssetId
    hold_units: Units
    held_after: Units
    mark: FeedMark
    book_n: int


class OrderCovered(Event, frozen=True, kw_only=True, tag="order.covered"):
    """An order's hold changed though the order did not: of a pair (one cancels other) only the dearer one is held for.

    The second of a pair holds what it needs beyond the first; when one ends, the other holds by its own formula. Where
    a trade does both at once, `trade.made` tells it. Units: `oco_order_id` is the other order while the pair lives.
    """

    order_id: OrderId
    account_id: AccountId
    instrument_id: InstrumentId
    oco_order_id: int
    hold_asset_id: AssetId
    hold_units: Units
    held_after: Units
    mark: FeedMark
    book_n: int


class BookStanding(Record, frozen=True, kw_only=True):
    """What an instrument's book is beside its orders: all that loading it needs (matching.book_messages.BookState).

    Units: ticks; zero: none. `reached` are stops waiting for their turn (side, price, priority before which);
    `uncross_lots` is what an auction in progress has still to hand out; `pegged_to` the prices pegs last followed.
    """

    instrument_id: InstrumentId
    matching: int
    call: int
    fixed_ticks: int
    reference_ticks: int
    band_low_ticks: int
    band_high_ticks: int
    reached: tuple[tuple[int, int, int], ...]
    uncross_ticks: int
    uncross_lots: int
    pegged_to: tuple[int, int, int, int]


class BookStandingChanged(Event, frozen=True, kw_only=True, tag="book.standing_changed"):
    """The book's standing after this command; told only when it is another than before."""

    standing: BookStanding


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
