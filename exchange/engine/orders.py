"""An order's path: refuse, or cover it with a hold, match it, settle its trades, and rest or withdraw what is left."""

from __future__ import annotations

from exchange.core.ids import AccountId, ConnectionId, InstrumentId, OrderId, make_id
from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Run, RunKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, PriceTicks, QuantityLots, Units
from exchange.engine.access import refuse_account
from exchange.engine.fees import hold_units
from exchange.engine.open_order import OpenOrder, notional_left_ticks, with_terms
from exchange.engine.rules import refuse_order_by_rule
from exchange.engine.runs import start_run
from exchange.engine.settlement import settle
from exchange.engine.state import ExchangeState
from matching.book import StopReason, keeps_priority
from matching.messages import (
    CancelAllOrders,
    CancelOrder,
    CancelReason,
    Instrument,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    PlaceOrder,
    ReplaceOrder,
)
from matching.session import accepts_orders, protection_price, within_band

MAX_FILLS = 200
"""Fills one command may make; a larger order's rest is withdrawn (`fill_limit`), so a command stays bounded."""
MAX_ENDED = 500
"""Orders a freeze ends in its own command."""
MAX_ORDER_MINOR = MAX_INTEGER // 1024
"""The most one order may be worth, so that no balance the ledger can reach leaves the wire's integers."""


def place_order(state: ExchangeState, header: Header, command: PlaceOrder) -> list[Event]:
    """Cover the order, match it, settle what it traded."""
    # Refuse first. Nothing has changed yet.
    instrument = state.instruments.get(command.instrument_id)
    worth = _worth_minor(instrument, command) if instrument is not None else 0
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=worth)) is not None:
        return [refusal]
    if instrument is None:
        return [Rejected(code=RejectCode.ORDER_UNKNOWN_INSTRUMENT)]
    if (refusal := refuse_instrument(state, instrument)) is not None:
        return [refusal]
    if (refusal := _refuse_terms(instrument, command)) is not None:
        return [refusal]
    order = _new_order(state, header, instrument, command)
    if order is None:
        return [Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=state.market_of(instrument).fee_schedule)]
    if (refusal := refuse_order_by_rule(state, header, instrument, order)) is not None:
        return [refusal]
    if (refusal := _refuse_liquidity(state, order, command)) is not None:
        return [refusal]
    if order.hold_units > state.ledger.available(order.account_id, order.hold_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    # Change after. From here on only a bug can fail, and a bug stops the node.
    state.change()
    held = state.ledger.hold(order.account_id, order.hold_asset_id, order.hold_units)
    state.open_order(order)
    numbers = state.numbers[instrument.instrument_id]
    numbers.book_n += 1
    accepted = OrderAccepted(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        price_ticks=PriceTicks(order.price_ticks),
        quantity_lots=QuantityLots(order.quantity_lots),
        hold_asset_id=order.hold_asset_id,
        hold_units=Units(order.hold_units),
        held_after=held,
        fee_version=order.fee_version,
        max_notional_minor=order.max_notional_minor,
        cancel_on_disconnect=order.cancel_on_disconnect,
        connection_id=order.connection_id,
        mark=state.ledger.tell(order.account_id, header.sequence),
        book_n=numbers.book_n,
    )
    return [accepted, *_trade_and_rest(state, header, instrument, order)]


def cancel_order(state: ExchangeState, header: Header, command: CancelOrder) -> list[Event]:
    """Withdraw what remains of an open order, in every phase."""
    if (refusal := _refuse_open_order(state, header, command.account_id, command.order_id)) is not None:
        return [refusal]

    state.change()
    return [withdraw(state, header, state.orders[command.order_id], CancelReason.REQUESTED)]


def replace_order(state: ExchangeState, header: Header, command: ReplaceOrder) -> list[Event]:
    """Change price or total quantity; a mere reduction keeps its place, else it goes to the back and may trade."""
    known = state.orders.get(command.order_id)
    tick_minor = state.instruments[known.instrument_id].tick_minor if known is not None else 0
    worth = command.price_ticks * tick_minor * command.quantity_lots
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=worth)) is not None:
        return [refusal]
    if (refusal := _refuse_open_order(state, header, command.account_id, command.order_id)) is not None:
        return [refusal]
    old = state.orders[command.order_id]
    instrument = state.instruments[old.instrument_id]
    if (refusal := refuse_instrument(state, instrument)) is not None:
        return [refusal]
    if (refusal := _refuse_price(instrument, command.price_ticks, command.quantity_lots)) is not None:
        return [refusal]
    filled = old.quantity_lots - old.remaining_lots
    if command.quantity_lots <= filled:
        return [Rejected(code=RejectCode.ORDER_REPLACE_NOTHING, detail=f"filled_lots={filled}")]
    if command.price_ticks == old.price_ticks and command.quantity_lots == old.quantity_lots:
        return [Rejected(code=RejectCode.ORDER_REPLACE_NOTHING)]
    new = with_terms(old, command.client_order_id, command.price_ticks, command.quantity_lots)
    keeps_place = keeps_priority(
        PriceTicks(old.price_ticks),
        QuantityLots(old.remaining_lots),
        PriceTicks(new.price_ticks),
        QuantityLots(new.remaining_lots),
    )
    new.hold_units = hold_units(state, instrument, new)
    if not keeps_place:
        new.priority = header.sequence
        if (refusal := refuse_order_by_rule(state, header, instrument, new)) is not None:
            return [refusal]
    available = state.ledger.available(old.account_id, old.hold_asset_id) + old.hold_units
    if new.hold_units > available:
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    held = state.ledger.hold(old.account_id, old.hold_asset_id, new.hold_units - old.hold_units)
    book = state.books[old.instrument_id]
    if keeps_place:
        book.reduce(old.order_id, QuantityLots(new.remaining_lots))
    else:
        book.cancel(old.order_id)
    state.orders[old.order_id] = new
    numbers = state.numbers[old.instrument_id]
    numbers.book_n += 1
    replaced = OrderReplaced(
        order_id=new.order_id,
        client_order_id=new.client_order_id,
        account_id=new.account_id,
        instrument_id=new.instrument_id,
        price_ticks=PriceTicks(new.price_ticks),
        quantity_lots=QuantityLots(new.quantity_lots),
        remaining_lots=QuantityLots(new.remaining_lots),
        priority=new.priority,
        hold_asset_id=new.hold_asset_id,
        hold_units=Units(new.hold_units),
        held_after=held,
        mark=state.ledger.tell(new.account_id, header.sequence),
        book_n=numbers.book_n,
    )
    return [replaced] if keeps_place else [replaced, *_trade_and_rest(state, header, instrument, new)]


def cancel_all_orders(state: ExchangeState, header: Header, command: CancelAllOrders) -> list[Event]:
    """Plan the withdrawal of every matching open order of the account."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, frozen_too=True)) is not None:
        return [refusal]

    state.change()
    plan = [
        order.order_id
        for order in state.orders_in_sequence()
        if order.account_id == command.account_id
        and command.instrument_id in (None, order.instrument_id)
        and command.side in (None, order.side)
    ]
    return start_run(state, header, RunKind.CANCEL_ORDERS, plan, argument=CancelReason.CANCEL_ALL)


def cancel_chunk(state: ExchangeState, header: Header, run: Run, entries: list[int]) -> list[Event]:
    """Withdraw the planned orders that are still open: each could have traded since the plan was made."""
    reason = CancelReason(run.argument)
    return [
        withdraw(state, header, state.orders[OrderId(order_id)], reason)
        for order_id in entries
        if OrderId(order_id) in state.orders
    ]


def end_of_day(state: ExchangeState, header: Header, instrument_id: InstrumentId) -> list[Event]:
    """Plan the end of an instrument's DAY orders, when it closes. Call after the line."""
    plan = [
        order.order_id
        for order in state.orders_in_sequence()
        if order.instrument_id == instrument_id and order.time_in_force is TimeInForce.DAY
    ]
    return start_run(state, header, RunKind.CANCEL_ORDERS, plan, argument=CancelReason.END_OF_DAY)


def disconnected(state: ExchangeState, header: Header, connection_id: ConnectionId | None) -> list[Event]:
    """Plan the end of cancel-on-disconnect orders: one connection's, or (None) those of all earlier epochs."""
    plan = [
        order.order_id
        for order in state.orders_in_sequence()
        if order.cancel_on_disconnect
        and (
            order.epoch < header.epoch
            if connection_id is None
            else order.epoch == header.epoch and order.connection_id == connection_id
        )
    ]
    return start_run(state, header, RunKind.CANCEL_ORDERS, plan, argument=CancelReason.DISCONNECTED)


def end_orders(state: ExchangeState, header: Header, plan: list[OrderId]) -> list[Event]:
    """End what a freeze ends: at once, so that nothing frozen trades; only a very long tail goes on as a run.

    Call after the line.
    """
    now, later = plan[:MAX_ENDED], plan[MAX_ENDED:]
    events: list[Event] = [withdraw(state, header, state.orders[order_id], CancelReason.FROZEN) for order_id in now]
    return [*events, *start_run(state, header, RunKind.CANCEL_ORDERS, later, argument=CancelReason.FROZEN)]


def withdraw(state: ExchangeState, header: Header, order: OpenOrder, reason: CancelReason) -> OrderCancelled:
    """Take an order out of the book, or off the taker's hand, and release its hold. Call after the line."""
    book = state.books[order.instrument_id]
    if order.order_id in book:
        book.cancel(order.order_id)
    held = state.ledger.hold(order.account_id, order.hold_asset_id, -order.hold_units)
    state.close_order(order)
    numbers = state.numbers[order.instrument_id]
    numbers.book_n += 1
    return OrderCancelled(
        order_id=order.order_id,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        cancelled_lots=QuantityLots(order.remaining_lots),
        reason=reason,
        hold_asset_id=order.hold_asset_id,
        held_after=held,
        mark=state.ledger.tell(order.account_id, header.sequence),
        book_n=numbers.book_n,
    )


def _trade_and_rest(state: ExchangeState, header: Header, instrument: Instrument, order: OpenOrder) -> list[Event]:
    """Match an order that is covered, and say what becomes of the rest."""
    book = state.books[instrument.instrument_id]
    match = book.match(
        order.account_id,
        order.side,
        PriceTicks(order.price_ticks),
        QuantityLots(order.remaining_lots),
        MAX_FILLS,
        notional_left_ticks(order, instrument.tick_minor),
    )
    events: list[Event] = [
        settle(state, header, instrument, order, fill, place) for place, fill in enumerate(match.fills)
    ]
    if not order.remaining_lots:
        return events
    if match.stopped_by is StopReason.SELF_TRADE:
        reason = CancelReason.SELF_TRADE
    elif match.stopped_by is StopReason.FILL_LIMIT:
        reason = CancelReason.FILL_LIMIT
    elif order.order_type is OrderType.MARKET:
        reason = CancelReason.MARKET_REMAINDER
    elif order.time_in_force is TimeInForce.IOC:
        reason = CancelReason.IMMEDIATE_OR_CANCEL
    else:
        book.rest(
            order.order_id,
            order.account_id,
            order.side,
            PriceTicks(order.price_ticks),
            QuantityLots(order.remaining_lots),
            order.priority,
        )
        return events
    events.append(withdraw(state, header, order, reason))
    return events


def _new_order(state: ExchangeState, header: Header, instrument: Instrument, command: PlaceOrder) -> OpenOrder | None:
    """The order as it would stand, its hold reckoned; a market order's limit is the band's edge.

    None: no fee schedule in force prices this side of the book.
    """
    buys = command.side is Side.BUY
    terms = state.terms[instrument.market_id]
    fee_version = terms.fee_version(header.at_ns)
    fee_row = terms.fee_row(command.side, fee_version)
    if fee_row is None:
        return None
    order = OpenOrder(
        order_id=OrderId(make_id(header.sequence)),
        client_order_id=command.client_order_id,
        account_id=command.account_id,
        instrument_id=command.instrument_id,
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        price_ticks=command.price_ticks or protection_price(instrument, command.side),
        quantity_lots=command.quantity_lots,
        remaining_lots=command.quantity_lots,
        hold_asset_id=instrument.money_asset_id if buys else instrument.asset_id,
        hold_units=0,
        notional_minor=0,
        charged_minor=0,
        fee_version=fee_version,
        max_notional_minor=command.max_notional_minor or 0,
        priority=header.sequence,
        cancel_on_disconnect=command.cancel_on_disconnect,
        connection_id=header.connection_id,
        epoch=header.epoch,
        fee_row=fee_row,
    )
    order.hold_units = hold_units(state, instrument, order)
    return order


def _worth_minor(instrument: Instrument, command: PlaceOrder) -> int:
    """What an order may come to, for a mandate's limit: at its own price, its cap, or the band's upper edge."""
    if command.max_notional_minor is not None:
        return command.max_notional_minor
    return (command.price_ticks or instrument.band_high_ticks) * instrument.tick_minor * command.quantity_lots


def refuse_instrument(state: ExchangeState, instrument: Instrument) -> Rejected | None:
    """Whether the instrument, its right or its money takes no orders now."""
    if instrument.frozen:
        return Rejected(code=RejectCode.INSTRUMENT_FROZEN)
    if state.assets[instrument.asset_id].frozen or state.assets[instrument.money_asset_id].frozen:
        return Rejected(code=RejectCode.ASSET_FROZEN)
    if accepts_orders(instrument.phase):
        return None
    halted = instrument.phase is Phase.HALTED
    return Rejected(code=RejectCode.ORDER_INSTRUMENT_HALTED if halted else RejectCode.ORDER_INSTRUMENT_CLOSED)


def _refuse_terms(instrument: Instrument, command: PlaceOrder) -> Rejected | None:
    """Whether type, price, quantity and cap fit together and the instrument."""
    if command.order_type is OrderType.LIMIT:
        if command.price_ticks is None:
            return Rejected(code=RejectCode.ORDER_PRICE_MISSING)
        if command.max_notional_minor is not None:
            return Rejected(code=RejectCode.ORDER_PRICE_NOT_ALLOWED, detail="max_notional_minor")
        return _refuse_price(instrument, command.price_ticks, command.quantity_lots)
    if command.price_ticks is not None:
        return Rejected(code=RejectCode.ORDER_PRICE_NOT_ALLOWED, detail="price_ticks")
    if command.max_notional_minor is not None and command.side is Side.SELL:
        return Rejected(code=RejectCode.ORDER_PRICE_NOT_ALLOWED, detail="max_notional_minor")
    return _refuse_price(instrument, instrument.band_high_ticks, command.quantity_lots)


def _refuse_price(instrument: Instrument, price_ticks: int, quantity_lots: int) -> Rejected | None:
    if not within_band(instrument, PriceTicks(price_ticks)):
        detail = f"band_low_ticks={instrument.band_low_ticks} band_high_ticks={instrument.band_high_ticks}"
        return Rejected(code=RejectCode.ORDER_PRICE_BAND, detail=detail)
    worth = price_ticks * instrument.tick_minor * quantity_lots
    if worth > MAX_ORDER_MINOR or quantity_lots * instrument.lot_units > MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.ORDER_TOO_LARGE, detail=f"max_minor={MAX_ORDER_MINOR}")
    return None


def _refuse_liquidity(state: ExchangeState, order: OpenOrder, command: PlaceOrder) -> Rejected | None:
    """Fill-or-kill must fill at once, and a market order needs somebody to meet."""
    book = state.books[order.instrument_id]
    if order.order_type is OrderType.MARKET:
        opposite = book.best_offer() if order.side is Side.BUY else book.best_bid()
        if opposite is None:
            return Rejected(code=RejectCode.ORDER_NO_LIQUIDITY)
    if command.time_in_force is not TimeInForce.FOK:
        return None
    instrument = state.instruments[order.instrument_id]
    preview = book.preview(
        order.side,
        PriceTicks(order.price_ticks),
        QuantityLots(order.quantity_lots),
        order.account_id,
        notional_left_ticks(order, instrument.tick_minor),
        max_fills=MAX_FILLS + 1,
    )
    if preview.fill_count > MAX_FILLS:
        return Rejected(code=RejectCode.ORDER_TOO_MANY_FILLS, detail=f"max_fills={MAX_FILLS}")
    if preview.fillable_lots < order.quantity_lots:
        return Rejected(code=RejectCode.ORDER_FOK_UNFILLED, detail=f"fillable_lots={preview.fillable_lots}")
    return None


def _refuse_open_order(
    state: ExchangeState, header: Header, account_id: AccountId, order_id: OrderId
) -> Rejected | None:
    """Whether the order is open and may be changed by this principal; another's order is as unknown as none."""
    order = state.orders.get(order_id)
    if (refusal := refuse_account(state, header, account_id, UserRight.TRADE, frozen_too=True)) is not None:
        return refusal
    if order is None or order.account_id != account_id:
        return Rejected(code=RejectCode.ORDER_UNKNOWN)
    return None
