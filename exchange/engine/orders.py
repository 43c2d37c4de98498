"""An order's path: refuse, or cover it with a hold, give it to its book, settle what it traded, say where it stands."""

from __future__ import annotations

from exchange.core.ids import ORDINALS, AccountId, OrderId, make_id
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import PriceTicks, QuantityLots, Units
from exchange.engine.access import refuse_account
from exchange.engine.book_fold import MAX_FILLS, book_for, cover, fold
from exchange.engine.book_follow import after_book
from exchange.engine.encumbrances import short_of
from exchange.engine.fees import cover_units, hold_units
from exchange.engine.insiders import refuse_insider
from exchange.engine.limits import refuse_by_limits, use_limits
from exchange.engine.open_order import OpenOrder, notional_left_ticks, with_terms
from exchange.engine.order_ends import may_withdraw, withdraw
from exchange.engine.order_terms import (
    REFUSED,
    book_order,
    conditions_of,
    refuse_by_trading_rules,
    refuse_price,
    refuse_terms,
    worth_minor,
)
from exchange.engine.rules import refuse_order_by_rule
from exchange.engine.state import ExchangeState
from exchange.engine.timers import set_timer
from matching.book_messages import Place, Refusal
from matching.messages import (
    CancelOrder,
    CancelReason,
    Instrument,
    OrderAccepted,
    OrderReplaced,
    PlaceOrder,
    ReplaceOrder,
)
from matching.session import accepts_orders, protection_price


def place_order(state: ExchangeState, header: Header, command: PlaceOrder) -> list[Event]:
    """Cover the order, give it to its book, settle what it traded."""
    # Refuse first. Nothing has changed yet.
    instrument = state.instruments.get(command.instrument_id)
    worth = worth_minor(instrument, command) if instrument is not None else 0
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=worth)) is not None:
        return [refusal]
    if state.accounts[command.account_id].orders_killed:
        return [Rejected(code=RejectCode.ORDER_KILLED)]
    if instrument is None:
        return [Rejected(code=RejectCode.ORDER_UNKNOWN_INSTRUMENT)]
    if (refusal := refuse_instrument(state, instrument)) is not None:
        return [refusal]
    if (refusal := refuse_by_trading_rules(state.terms[instrument.market_id], command)) is not None:
        return [refusal]
    if (refusal := refuse_terms(header, instrument, command)) is not None:
        return [refusal]
    order = _new_order(state, header, instrument, command)
    if order is None:
        return [Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=state.market_of(instrument).fee_schedule)]
    if (refusal := refuse_order_by_rule(state, header, instrument, order)) is not None:
        return [refusal]
    if (refusal := refuse_insider(state, header, instrument, order.account_id)) is not None:
        return [refusal]
    if (refusal := refuse_by_limits(state, header, instrument, order)) is not None:
        return [refusal]
    if (refusal := _refuse_by_book(state, instrument, order)) is not None:
        return [refusal]
    order.hold_units = _cover_of_new(state, instrument, order)
    if order.hold_units > state.ledger.available(order.account_id, order.hold_asset_id):
        return [short_of(state, order.account_id, order.hold_asset_id, order.hold_units)]

    # Change after. From here on only a bug can fail, and a bug stops the node.
    state.change()
    accepted = _accept(state, header, order)
    used = use_limits(state, header, instrument, order)
    told = book_for(state, header, instrument).submit(book_order(order, instrument.tick_minor), MAX_FILLS)
    events: list[Event] = [accepted, *used, *fold(state, header, instrument, told)]
    if command.expires_at_ns is not None and order.order_id in state.orders:
        events.append(set_timer(state, header, TimerKind.ORDER_EXPIRES, command.expires_at_ns, order.order_id))
    return [*events, *after_book(state, header, instrument.instrument_id)]


def cancel_order(state: ExchangeState, header: Header, command: CancelOrder) -> list[Event]:
    """Withdraw what remains of an open order, in every phase but the handing out of an auction."""
    if (refusal := _refuse_open_order(state, header, command.account_id, command.order_id)) is not None:
        return [refusal]
    order = state.orders[command.order_id]
    if not may_withdraw(state, order):
        return [Rejected(code=RejectCode.ORDER_UNCROSSING)]

    state.change()
    return withdraw(state, header, order, CancelReason.REQUESTED)


def replace_order(state: ExchangeState, header: Header, command: ReplaceOrder) -> list[Event]:
    """Change price, stop level or total quantity; a mere reduction keeps its place, else it is as a new order."""
    known = state.orders.get(command.order_id)
    tick_minor = state.instruments[known.instrument_id].tick_minor if known is not None else 0
    worth = command.price_ticks * tick_minor * command.quantity_lots
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=worth)) is not None:
        return [refusal]
    if (refusal := _refuse_open_order(state, header, command.account_id, command.order_id)) is not None:
        return [refusal]
    if state.accounts[command.account_id].orders_killed:
        return [Rejected(code=RejectCode.ORDER_KILLED)]
    old = state.orders[command.order_id]
    instrument = state.instruments[old.instrument_id]
    if (refusal := refuse_instrument(state, instrument)) is not None:
        return [refusal]
    if (refusal := _refuse_new_terms(instrument, old, command)) is not None:
        return [refusal]
    new = with_terms(old, command.client_order_id, command.price_ticks, command.quantity_lots)
    keeps_place = _keeps_place(state, old, new, command)
    if not keeps_place:
        new.priority = header.sequence * ORDINALS
        if (refusal := refuse_order_by_rule(state, header, instrument, new)) is not None:
            return [refusal]
    if (refusal := refuse_insider(state, header, instrument, old.account_id)) is not None:
        return [refusal]
    if (refusal := refuse_by_limits(state, header, instrument, new, replaced=old)) is not None:
        return [refusal]
    book = state.books[old.instrument_id]
    stop_ticks = command.stop_ticks or 0
    refused = book.check_replace(old.order_id, new.price_ticks, new.remaining_lots, stop_ticks)
    if refused is not Refusal.NONE:
        return [Rejected(code=REFUSED[refused])]
    more_units = _more_to_hold(state, instrument, old, new)
    if more_units > state.ledger.available(old.account_id, old.hold_asset_id):
        return [short_of(state, old.account_id, old.hold_asset_id, more_units)]

    state.change()
    used = use_limits(state, header, instrument, new, replaced=old)
    events = [*_change_terms(state, header, instrument, old, new), *used]
    book = book_for(state, header, instrument)
    told = book.replace(old.order_id, new.price_ticks, new.remaining_lots, stop_ticks, MAX_FILLS)
    events += fold(state, header, instrument, told)
    return [*events, *after_book(state, header, instrument.instrument_id)]


# --- Changing ---------------------------------------------------------------------------------------------------------


def _accept(state: ExchangeState, header: Header, order: OpenOrder) -> OrderAccepted:
    """Cover an order and keep it open."""
    held = state.ledger.hold(order.account_id, order.hold_asset_id, order.hold_units)
    state.open_order(order)
    numbers = state.numbers[order.instrument_id]
    numbers.book_n += 1
    return OrderAccepted(
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
        conditions=order.conditions,
    )


def _change_terms(
    state: ExchangeState, header: Header, instrument: Instrument, old: OpenOrder, new: OpenOrder
) -> list[Event]:
    """Put an order under its new terms and cover them; of a pair, whoever needs less releases it first."""
    events: list[Event] = []
    state.orders[old.order_id] = new
    new.hold_units = cover_units(state, instrument, new)
    other = state.orders[OrderId(new.partner_id)] if new.partner_id else None
    if other is not None and cover_units(state, instrument, other) < other.hold_units:
        cover(state, header, other, events)
    held = state.ledger.hold(new.account_id, new.hold_asset_id, new.hold_units - old.hold_units)
    numbers = state.numbers[new.instrument_id]
    numbers.book_n += 1
    events.append(
        OrderReplaced(
            order_id=new.order_id,
            client_order_id=new.client_order_id,
            account_id=new.account_id,
            instrument_id=new.instrument_id,
            price_ticks=PriceTicks(new.price_ticks),
            quantity_lots=QuantityLots(new.quantity_lots),
            remaining_lots=QuantityLots(new.remaining_lots),
            priority=new.priority // ORDINALS,
            hold_asset_id=new.hold_asset_id,
            hold_units=Units(new.hold_units),
            held_after=held,
            mark=state.ledger.tell(new.account_id, header.sequence),
            book_n=numbers.book_n,
        )
    )
    if other is not None:
        cover(state, header, other, events)
    return events


def _new_order(state: ExchangeState, header: Header, instrument: Instrument, command: PlaceOrder) -> OpenOrder | None:
    """The order as it would stand, not covered yet; without a limit of its own its price is the band's edge.

    None: no fee schedule in force prices this side of the book.
    """
    buys = command.side is Side.BUY
    terms = state.terms[instrument.market_id]
    fee_version = terms.fee_version(header.at_ns)
    fee_row = terms.fee_row(command.side, fee_version)
    if fee_row is None:
        return None
    order_id = OrderId(make_id(header.sequence))
    return OpenOrder(
        order_id=order_id,
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
        priority=order_id,
        cancel_on_disconnect=command.cancel_on_disconnect,
        connection_id=header.connection_id,
        epoch=header.epoch,
        entered_by=header.principal,
        conditions=conditions_of(command, state.group_of(command.account_id)),
        fee_row=fee_row,
    )


def _cover_of_new(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> int:
    """What a new order must hold: beside the order it is to be paired with, only what it needs beyond that one."""
    other = state.orders.get(OrderId(order.conditions.oco_order_id)) if order.conditions is not None else None
    if other is None:
        return hold_units(state, instrument, order)
    order.partner_id = other.order_id
    units = cover_units(state, instrument, order)
    order.partner_id = 0
    return units


def _more_to_hold(state: ExchangeState, instrument: Instrument, old: OpenOrder, new: OpenOrder) -> int:
    """What new terms take from what is free; of a pair in one asset only the dearer order counts."""
    units = hold_units(state, instrument, new)
    other = state.orders[OrderId(old.partner_id)] if old.partner_id else None
    if other is None or other.hold_asset_id != old.hold_asset_id:
        return units - old.hold_units
    return max(units, hold_units(state, instrument, other)) - old.hold_units - other.hold_units


# --- Refusals ---------------------------------------------------------------------------------------------------------


def refuse_instrument(state: ExchangeState, instrument: Instrument) -> Rejected | None:
    """Whether the instrument, its right or its money takes no orders now."""
    if instrument.frozen:
        return Rejected(code=RejectCode.INSTRUMENT_FROZEN)
    if state.assets[instrument.asset_id].frozen or state.assets[instrument.money_asset_id].frozen:
        return Rejected(code=RejectCode.ASSET_FROZEN)
    if accepts_orders(instrument.phase):
        return None
    if instrument.phase is Phase.SETTLING:
        return Rejected(code=RejectCode.ORDER_UNCROSSING)
    halted = instrument.phase is Phase.HALTED
    return Rejected(code=RejectCode.ORDER_INSTRUMENT_HALTED if halted else RejectCode.ORDER_INSTRUMENT_CLOSED)


def _refuse_by_book(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> Rejected | None:
    """Whether the book takes the order: its conditions, the phase, whom it would meet."""
    if order.max_notional_minor and not notional_left_ticks(order, instrument.tick_minor):
        return Rejected(code=RejectCode.ORDER_NO_LIQUIDITY, detail="max_notional_minor is less than one tick")
    refused = state.books[order.instrument_id].check(book_order(order, instrument.tick_minor), MAX_FILLS)
    if refused is Refusal.NONE:
        return None
    detail = f"max_fills={MAX_FILLS}" if refused is Refusal.TOO_MANY_FILLS else ""
    return Rejected(code=REFUSED[refused], detail=detail)


def _refuse_new_terms(instrument: Instrument, old: OpenOrder, command: ReplaceOrder) -> Rejected | None:
    """Whether the new price, level and quantity are the instrument's, and change anything."""
    if (refusal := refuse_price(instrument, command.price_ticks, command.quantity_lots)) is not None:
        return refusal
    if command.stop_ticks is not None:
        refusal = refuse_price(instrument, command.stop_ticks, command.quantity_lots)
        if refusal is not None:
            return refusal
    filled = old.quantity_lots - old.remaining_lots
    if command.quantity_lots <= filled:
        return Rejected(code=RejectCode.ORDER_REPLACE_NOTHING, detail=f"filled_lots={filled}")
    same = command.price_ticks == old.price_ticks and command.quantity_lots == old.quantity_lots
    if same and command.stop_ticks is None:
        return Rejected(code=RejectCode.ORDER_REPLACE_NOTHING)
    return None


def _keeps_place(state: ExchangeState, old: OpenOrder, new: OpenOrder, command: ReplaceOrder) -> bool:
    """Whether an order under new terms stays where it is: it merely has fewer lots, and is not all-or-none."""
    if new.price_ticks != old.price_ticks or new.remaining_lots >= old.remaining_lots:
        return False
    if old.conditions is None:
        return True
    if old.conditions.all_or_none:
        return False
    if command.stop_ticks is None:
        return True
    stands = state.books[old.instrument_id].order(old.order_id)
    return stands is not None and stands.place is Place.STOP and stands.stop_ticks == command.stop_ticks


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
