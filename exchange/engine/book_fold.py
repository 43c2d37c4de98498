"""What a book answers becomes the journal's events, with holds and settlement: the one place where that happens.

Handlers, runs and auctions call a book and give its answer to `fold`. Everything that changes an order has its event
here, with what the tables and the feed need of it. Two things are the engine's own: which trades need whose hold, and
that the other order of a pair goes *before* the trade that ends it, since both were covered by the dearer one's hold.

A plain order that joins a queue first of its command has its place by its identifier, so that says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from exchange.core.ids import ORDINALS, OrderId
from exchange.core.instruments import OrderPlace, OrderType, Side
from exchange.core.messages import Event, Header
from exchange.core.node_messages import TimerDropped
from exchange.core.rejections import ensure
from exchange.core.units import PriceTicks, QuantityLots, Units
from exchange.engine.day_totals import count_trade
from exchange.engine.fees import cover_units
from exchange.engine.open_order import OpenOrder
from exchange.engine.settlement import settle
from exchange.engine.state import ExchangeState
from matching.book_messages import Book, BookEvent, EventKind, Flag, Place, Reason
from matching.messages import (
    CancelReason,
    Instrument,
    MoveCause,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
)
from matching.stops import limit_when_triggered

MAX_FILLS = 140
"""Steps one command may make in a book. A step makes five events at most, every peg and trailing stop may move once,
and a command tells a few things more: together less than the 1,024 events a command may make."""

REASONS: dict[CancelReason, Reason] = {
    CancelReason.REQUESTED: Reason.REQUESTED,
    CancelReason.SELF_TRADE: Reason.SELF_TRADE,
    CancelReason.FILL_LIMIT: Reason.FILL_LIMIT,
    CancelReason.IMMEDIATE_OR_CANCEL: Reason.IMMEDIATE_OR_CANCEL,
    CancelReason.MARKET_REMAINDER: Reason.MARKET_REMAINDER,
    CancelReason.ONE_CANCELS_OTHER: Reason.ONE_CANCELS_OTHER,
    CancelReason.AUCTION_ENDED: Reason.AUCTION_ENDED,
    CancelReason.CANCEL_ALL: Reason.CANCEL_ALL,
    CancelReason.END_OF_DAY: Reason.END_OF_DAY,
    CancelReason.EXPIRED: Reason.EXPIRED,
    CancelReason.DISCONNECTED: Reason.DISCONNECTED,
    CancelReason.FROZEN: Reason.FROZEN,
    CancelReason.HALTED: Reason.HALTED,
    CancelReason.KILL_SWITCH: Reason.KILL_SWITCH,
}
"""Why an order ended, in the journal's word and in the book's."""
CANCEL_REASONS: dict[int, CancelReason] = {reason.value: word for word, reason in REASONS.items()}
PLACES: dict[Place, OrderPlace] = {
    Place.QUEUE: OrderPlace.QUEUE,
    Place.STOP: OrderPlace.STOP,
    Place.CALL: OrderPlace.CALL,
    Place.IN_HAND: OrderPlace.IN_HAND,
    Place.CONTINGENT: OrderPlace.CONTINGENT,
}
"""Where an order is, in the book's word and in the journal's."""
FILLED, CANCELLED, RESTED = int(EventKind.FILLED), int(EventKind.CANCELLED), int(EventKind.RESTED)
BUY = Side.BUY


def book_for(state: ExchangeState, header: Header, instrument: Instrument) -> Book:
    """An instrument's book, ready for one operation of this command: who joins a queue is numbered by the journal."""
    book = state.books[instrument.instrument_id]
    book.number_from(header.sequence * ORDINALS)
    return book


def fold(state: ExchangeState, header: Header, instrument: Instrument, told: Iterable[BookEvent]) -> list[Event]:
    """Settle what a book did, bring every hold to its formula, and tell it. Call after the line.

    What concerns the book as a whole (its phase, prices reached, an auction) is told by who asked for it.
    """
    events: list[Event] = []
    for event in told:
        kind = event.kind
        if kind == FILLED:
            _filled(state, header, instrument, event, events)
        elif kind == CANCELLED:
            order = state.orders.get(OrderId(event.order_id))
            if order is None:  # the other order of a pair went before the trade that ended it
                ensure(event.reason == Reason.ONE_CANCELS_OTHER, "a book cancels open orders")
                continue
            ensure(order.remaining_lots == event.lots, "book and engine agree on what is left of an order")
            end_order(state, header, order, CANCEL_REASONS[event.reason], events)
        elif kind == RESTED:
            _rested(state, header, event, events)
        elif kind in TOLD:
            TOLD[kind](state, header, instrument, event, events)
        else:
            ensure(kind != EventKind.REFUSED, "a book does what it was asked whether it would")
    return events


def _filled(
    state: ExchangeState, header: Header, instrument: Instrument, event: BookEvent, events: list[Event]
) -> None:
    """Two orders met; whatever they were paired with goes first, so that each is covered by itself."""
    taker, maker = state.orders[OrderId(event.order_id)], state.orders[OrderId(event.other_id)]
    for order in (maker, taker):
        if order.partner_id:
            other = state.orders[OrderId(order.partner_id)]
            end_order(state, header, other, CancelReason.ONE_CANCELS_OTHER, events, covering=False)
    aggressor = None if event.flags & Flag.AUCTION else taker.side
    trade = settle(state, header, instrument, taker, maker, event.price_ticks, event.lots, aggressor)
    events.append(trade)
    if state.allocating:
        count_trade(state, header, instrument, trade)
    left = taker.remaining_lots, maker.remaining_lots
    ensure(left == (event.remaining_lots, event.other_remaining_lots), "book and engine agree on what is left")
    for order in (taker, maker):
        if not order.remaining_lots:
            _drop_expiry(state, order, events)


def end_order(
    state: ExchangeState,
    header: Header,
    order: OpenOrder,
    reason: CancelReason,
    events: list[Event],
    *,
    covering: bool = True,
) -> None:
    """An order that left its book unfilled: release its hold; what it was paired with is covered by itself again."""
    held = state.ledger.hold(order.account_id, order.hold_asset_id, -order.hold_units)
    other = state.orders[OrderId(order.partner_id)] if order.partner_id else None
    state.close_order(order)
    numbers = state.numbers[order.instrument_id]
    numbers.book_n += 1
    events.append(
        OrderCancelled(
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
    )
    _drop_expiry(state, order, events)
    if other is not None and covering:
        cover(state, header, other, events)


def cover(state: ExchangeState, header: Header, order: OpenOrder, events: list[Event]) -> None:
    """Bring an order's hold to its formula, and tell it if that changed anything."""
    instrument = state.instruments[order.instrument_id]
    units = cover_units(state, instrument, order)
    if units == order.hold_units:
        return
    held = state.ledger.hold(order.account_id, order.hold_asset_id, units - order.hold_units)
    order.hold_units = units
    numbers = state.numbers[order.instrument_id]
    numbers.book_n += 1
    events.append(
        OrderCovered(
            order_id=order.order_id,
            account_id=order.account_id,
            instrument_id=order.instrument_id,
            oco_order_id=order.partner_id,
            hold_asset_id=order.hold_asset_id,
            hold_units=Units(units),
            held_after=held,
            mark=state.ledger.tell(order.account_id, header.sequence),
            book_n=numbers.book_n,
        )
    )


# --- Where an order stands --------------------------------------------------------------------------------------------


def _rested(state: ExchangeState, header: Header, event: BookEvent, events: list[Event]) -> None:
    order = state.orders[OrderId(event.order_id)]
    if order.conditions is None and order.priority == event.priority:
        return
    place = OrderPlace.CONTINGENT if event.flags & Flag.CONTINGENT else OrderPlace.QUEUE
    _moved(state, header, order, event, MoveCause.RESTED, place, shown_lots=event.lots, events=events)


def _parked(
    state: ExchangeState, header: Header, instrument: Instrument, event: BookEvent, events: list[Event]
) -> None:
    del instrument
    order = state.orders[OrderId(event.order_id)]
    if event.reason == Reason.STOP:
        _moved(state, header, order, event, MoveCause.PARKED, OrderPlace.STOP, events=events)
    else:
        _moved(state, header, order, event, MoveCause.PARKED, OrderPlace.CALL, events=events)


def _triggered(
    state: ExchangeState, header: Header, instrument: Instrument, event: BookEvent, events: list[Event]
) -> None:
    del instrument
    order = state.orders[OrderId(event.order_id)]
    _moved(state, header, order, event, MoveCause.TRIGGERED, OrderPlace.IN_HAND, events=events)


def _refilled(
    state: ExchangeState, header: Header, instrument: Instrument, event: BookEvent, events: list[Event]
) -> None:
    del instrument
    order = state.orders[OrderId(event.order_id)]
    _moved(state, header, order, event, MoveCause.REFILLED, OrderPlace.QUEUE, shown_lots=event.lots, events=events)


def _repriced(
    state: ExchangeState, header: Header, instrument: Instrument, event: BookEvent, events: list[Event]
) -> None:
    """A peg moved with the best prices, or the level of a trailing stop did."""
    del instrument
    order = state.orders[OrderId(event.order_id)]
    place = OrderPlace.QUEUE if event.flags & Flag.PEGGED else OrderPlace.STOP
    _moved(state, header, order, event, MoveCause.REPRICED, place, shown_lots=event.lots, events=events)


def _reduced(
    state: ExchangeState, header: Header, instrument: Instrument, event: BookEvent, events: list[Event]
) -> None:
    """An order lost lots in its place: to an order of its own account or group, or as its owner asked."""
    order = state.orders[OrderId(event.order_id)]
    if event.reason == Reason.REPLACED:  # which `order.replaced` has told, except for an iceberg's slice
        if order.conditions is not None and order.conditions.display_lots:
            stands = state.books[order.instrument_id].order(order.order_id)
            ensure(stands is not None, "a reduced order is open")
            if stands is not None:
                moved = event._replace(priority=stands.priority, price_ticks=stands.stop_ticks or stands.price_ticks)
                place = PLACES[stands.place]
                _moved(state, header, order, moved, MoveCause.REDUCED, place, shown_lots=event.lots, events=events)
        return
    lots = order.remaining_lots - event.remaining_lots
    order.remaining_lots -= lots
    order.quantity_lots -= lots
    units = cover_units(state, instrument, order)
    held = state.ledger.hold(order.account_id, order.hold_asset_id, units - order.hold_units)
    order.hold_units = units
    numbers = state.numbers[order.instrument_id]
    numbers.book_n += 1
    events.append(
        OrderReduced(
            order_id=order.order_id,
            account_id=order.account_id,
            instrument_id=order.instrument_id,
            reduced_lots=QuantityLots(lots),
            quantity_lots=QuantityLots(order.quantity_lots),
            remaining_lots=QuantityLots(order.remaining_lots),
            shown_lots=event.lots,
            hold_asset_id=order.hold_asset_id,
            hold_units=Units(units),
            held_after=held,
            mark=state.ledger.tell(order.account_id, header.sequence),
            book_n=numbers.book_n,
        )
    )
    if order.partner_id:
        cover(state, header, state.orders[OrderId(order.partner_id)], events)


TOLD = {
    int(EventKind.PARKED): _parked,
    int(EventKind.TRIGGERED): _triggered,
    int(EventKind.REFILLED): _refilled,
    int(EventKind.REPRICED): _repriced,
    int(EventKind.REDUCED): _reduced,
}
"""The rarer kinds."""


def _moved(
    state: ExchangeState,
    header: Header,
    order: OpenOrder,
    event: BookEvent,
    cause: MoveCause,
    place: OrderPlace,
    *,
    events: list[Event],
    shown_lots: int = 0,
) -> None:
    """Tell where an order stands now. A waiting stop's event names its level, where its limit is the order's own."""
    price_ticks, stop_ticks = event.price_ticks, 0
    if place is OrderPlace.STOP:
        price_ticks, stop_ticks = order.price_ticks, event.price_ticks
    elif place is OrderPlace.IN_HAND:
        stop_ticks = event.price_ticks
        price_ticks = _limit_in_hand(order, stop_ticks)
    order.priority = event.priority or order.priority
    numbers = state.numbers[order.instrument_id]
    numbers.book_n += 1
    events.append(
        OrderMoved(
            order_id=order.order_id,
            account_id=order.account_id,
            instrument_id=order.instrument_id,
            cause=cause,
            place=place,
            price_ticks=PriceTicks(price_ticks),
            stop_ticks=stop_ticks,
            shown_lots=shown_lots,
            remaining_lots=QuantityLots(order.remaining_lots),
            priority=order.priority,
            mark=state.ledger.tell(order.account_id, header.sequence),
            book_n=numbers.book_n,
        )
    )


def _limit_in_hand(order: OpenOrder, level_ticks: int) -> int:
    """The limit of a stop that acts."""
    trails = order.order_type is OrderType.TRAILING_STOP_LIMIT and order.conditions is not None
    offset = order.conditions.offset_ticks if trails and order.conditions is not None else None
    return limit_when_triggered(
        buys=order.side is BUY, level_ticks=level_ticks, limit_ticks=order.price_ticks, offset_ticks=offset
    )


def _drop_expiry(state: ExchangeState, order: OpenOrder, events: list[Event]) -> None:
    """An order that is over no longer expires."""
    timer_id = state.expiries.get(order.order_id)
    if timer_id is not None:
        state.drop_timer(timer_id)
        events.append(TimerDropped(timer_id=timer_id))
