"""How open orders end without trading: withdrawn one by one, or many by a run, or when their time is over."""

from __future__ import annotations

from exchange.core.ids import ConnectionId, InstrumentId, OrderId
from exchange.core.instruments import Phase, TimeInForce
from exchange.core.messages import MAX_EVENTS, Event, Header
from exchange.core.node_messages import Run, RunKind, Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.engine.access import refuse_account
from exchange.engine.book_fold import REASONS, book_for, fold
from exchange.engine.book_follow import after_book
from exchange.engine.open_order import OpenOrder
from exchange.engine.runs import CHUNK, Progress, start_run
from exchange.engine.state import ExchangeState
from exchange.engine.timers import FIRINGS
from matching.messages import CancelAllOrders, CancelReason

MAX_ENDED = 500
"""Orders a freeze ends in its own command."""
MAX_TOLD = MAX_EVENTS - 300
"""Events after which a command ends no more orders: one cancel may move every peg of its book."""


def withdraw(state: ExchangeState, header: Header, order: OpenOrder, reason: CancelReason) -> list[Event]:
    """Take an order out of its book and release its hold; what follows from that. Call after the line."""
    instrument = state.instruments[order.instrument_id]
    told = book_for(state, header, instrument).cancel(order.order_id, REASONS[reason])
    events = fold(state, header, instrument, told)
    return [*events, *after_book(state, header, order.instrument_id)]


def may_withdraw(state: ExchangeState, order: OpenOrder) -> bool:
    """Whether an order can leave its book now: not while an auction hands out what it has fixed."""
    return state.instruments[order.instrument_id].phase is not Phase.SETTLING


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


def cancel_chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
    """Withdraw the planned orders that are still open: each could have traded since the plan was made.

    Those in an auction that hands out its fills wait in a run of their own.
    """
    reason = CancelReason(run.argument)
    events: list[Event] = []
    waiting: list[int] = []
    position = run.position
    for order_id in plan[run.position : run.position + CHUNK]:
        if len(events) + len(state.calls_touched) > MAX_TOLD:
            break
        position += 1
        order = state.orders.get(OrderId(order_id))
        if order is None:
            continue
        if may_withdraw(state, order):
            events += withdraw(state, header, order, reason)
        else:
            waiting.append(order_id)
    events += start_run(state, header, RunKind.CANCEL_ORDERS, waiting, argument=reason)
    return Progress(events, position, run.total)


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


def end_orders(
    state: ExchangeState, header: Header, plan: list[OrderId], reason: CancelReason = CancelReason.FROZEN
) -> list[Event]:
    """End what a freeze ends: at once, so that nothing frozen trades; only a very long tail goes on as a run.

    Call after the line.
    """
    events: list[Event] = []
    later: list[OrderId] = []
    for place, order_id in enumerate(plan):
        order = state.orders.get(order_id)
        if order is None:  # the other order of a pair has ended it
            continue
        if place < MAX_ENDED and len(events) + len(state.calls_touched) <= MAX_TOLD and may_withdraw(state, order):
            events += withdraw(state, header, order, reason)
        else:
            later.append(order_id)
    return [*events, *start_run(state, header, RunKind.CANCEL_ORDERS, later, argument=reason)]


def _expire(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A GTD order's time is over."""
    order = state.orders.get(OrderId(timer.subject_id))
    return end_orders(state, header, [order.order_id], CancelReason.EXPIRED) if order is not None else []


FIRINGS[TimerKind.ORDER_EXPIRES] = _expire
