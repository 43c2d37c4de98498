"""Journal events of a book's answers, as the engine tells them, without money: what holds would say is left at zero.

It knows of the engine only what matching/messages.py says of its events: a plain order joins its queue unsaid where its
identifier is its priority, every other place is an `order.moved`.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange.core.ids import InstrumentId, OrderId, TradeId, make_id, sequence_of
from exchange.core.instruments import OrderPlace, Side
from exchange.core.messages import Event
from exchange.core.units import PriceTicks, QuantityLots
from matching.book_messages import (
    Book,
    BookEvent,
    BookOrder,
    EventKind,
    Flag,
    Kind,
    Place,
    Reason,
    SelfTrade,
    TimeLimit,
)
from matching.book_records import BookCommand, Submit
from matching.depth import OpenOrder
from matching.messages import (
    CancelReason,
    Conditions,
    MoveCause,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
    TradeSide,
)
from tests.matching.told import told

SIDES = {1: Side.BUY, 2: Side.SELL}
CAUSES = {
    EventKind.RESTED: MoveCause.RESTED,
    EventKind.PARKED: MoveCause.PARKED,
    EventKind.TRIGGERED: MoveCause.TRIGGERED,
    EventKind.REFILLED: MoveCause.REFILLED,
    EventKind.REPRICED: MoveCause.REPRICED,
    EventKind.REDUCED: MoveCause.REDUCED,
}
PLACES = {Reason.STOP: OrderPlace.STOP, Reason.AT_OPEN: OrderPlace.CALL, Reason.AT_CLOSE: OrderPlace.CALL}
PLAIN_TIMES = (TimeLimit.DAY, TimeLimit.GTC, TimeLimit.IOC, TimeLimit.FOK)


def is_plain(order: BookOrder) -> bool:
    """Whether an order asks for nothing beyond type, price, quantity and time."""
    asks = (
        order.group_id,
        order.hidden,
        order.post_only,
        order.all_or_none,
        order.display_lots,
        order.minimum_lots,
        order.oco_id,
    )
    return (
        order.kind in (Kind.LIMIT, Kind.MARKET)
        and order.time_limit in PLAIN_TIMES
        and order.self_trade is SelfTrade.CANCEL_NEWEST
        and not any(asks)
    )


@dataclass
class Known:
    """What the journal has told of an open order."""

    side: Side
    plain: bool
    price_ticks: int
    remaining_lots: int
    priority: int
    is_iceberg: bool
    place: OrderPlace = OrderPlace.QUEUE


class JournalRows:
    """Turns each command's answer into the events of one journal row, for one instrument."""

    def __init__(self, instrument_id: InstrumentId, *, covers: bool = True) -> None:
        self.instrument_id = instrument_id
        self.covers = covers
        """Whether orders of a pair tell that their holds changed, which no book shows."""
        self.book_n = self.trade_n = 0
        self.sequence = 0
        """Of the row that is told now."""
        self.orders: dict[int, Known] = {}

    def row(self, sequence: int, command: BookCommand, answer: list[BookEvent]) -> list[Event]:
        """The events of one command."""
        self.sequence = sequence
        if answer and answer[0].kind == EventKind.REFUSED:
            return []
        found: list[Event] = []
        if isinstance(command, Submit):
            found.append(self._accepted(command.order))
        for event in answer:
            found.extend(self._told(event))
        return found

    def open_orders(self, book: Book) -> list[OpenOrder]:
        """What a start finds."""
        return [
            OpenOrder(
                OrderId(state.order.order_id),
                self.instrument_id,
                SIDES[state.order.side],
                PriceTicks(state.price_ticks),
                QuantityLots(state.remaining_lots),
                state.shown_lots if state.place == Place.QUEUE else 0,
                state.priority,
                self.orders[state.order.order_id].plain,
            )
            for state in book.orders()
        ]

    def _count(self) -> int:
        self.book_n += 1
        return self.book_n

    def _accepted(self, order: BookOrder) -> OrderAccepted:
        plain, side = is_plain(order), SIDES[order.side]
        self.orders[order.order_id] = Known(
            side, plain, order.price_ticks, order.quantity_lots, order.order_id, bool(order.display_lots)
        )
        return told(
            OrderAccepted,
            order_id=OrderId(order.order_id),
            instrument_id=self.instrument_id,
            side=side,
            price_ticks=PriceTicks(order.price_ticks),
            quantity_lots=QuantityLots(order.quantity_lots),
            book_n=self._count(),
            conditions=None if plain else Conditions(hidden=order.hidden, display_lots=order.display_lots),
        )

    def _told(self, event: BookEvent) -> list[Event]:
        known = self.orders.get(event.order_id)
        match EventKind(event.kind):
            case EventKind.FILLED:
                return [self._trade(event)]
            case _ if known is None:
                return []
            case EventKind.RESTED if known.plain and known.priority == event.priority:
                return []  # its identifier says it, or that of the command that replaced it
            case EventKind.RESTED | EventKind.PARKED | EventKind.TRIGGERED | EventKind.REFILLED | EventKind.REPRICED:
                return [self._moved(event, known)]
            case EventKind.CANCELLED:
                del self.orders[event.order_id]
                return [*self._covered(event), self._cancelled(event)]
            case EventKind.REDUCED if event.reason == Reason.SELF_TRADE:
                return [self._reduced(event, known)]
            case EventKind.REDUCED:
                replaced = self._replaced(event, known, known.priority)
                return [replaced, self._moved(event, known)] if known.is_iceberg else [replaced]
            case EventKind.REPLACED:
                return [self._replaced(event, known, int(make_id(self.sequence)))]
            case _:
                return []

    def _moved(self, event: BookEvent, known: Known) -> OrderMoved:
        kind = EventKind(event.kind)
        place = known.place if kind is EventKind.REDUCED else OrderPlace.QUEUE
        if kind is EventKind.PARKED:
            place = PLACES[Reason(event.reason)]
        elif kind is EventKind.TRIGGERED:
            place = OrderPlace.IN_HAND
        elif kind is EventKind.REPRICED and not event.flags & Flag.PEGGED:
            place = OrderPlace.STOP
        elif event.flags & Flag.CONTINGENT:
            place = OrderPlace.CONTINGENT
        known.place = place
        stands = place in (OrderPlace.QUEUE, OrderPlace.CONTINGENT)
        known.price_ticks = event.price_ticks if stands else known.price_ticks
        known.priority = event.priority or known.priority
        return told(
            OrderMoved,
            order_id=OrderId(event.order_id),
            instrument_id=self.instrument_id,
            cause=CAUSES[kind],
            place=place,
            price_ticks=PriceTicks(known.price_ticks),
            stop_ticks=event.price_ticks if place is OrderPlace.STOP else 0,
            shown_lots=event.lots,
            remaining_lots=QuantityLots(event.remaining_lots),
            priority=known.priority,
            book_n=self._count(),
        )

    def _trade(self, event: BookEvent) -> TradeMade:
        sides: dict[Side, TradeSide] = {}
        for order_id, left in ((event.order_id, event.remaining_lots), (event.other_id, event.other_remaining_lots)):
            known = self.orders[order_id]
            known.remaining_lots = left
            sides[known.side] = told(TradeSide, order_id=OrderId(order_id), remaining_lots=QuantityLots(left))
            if not left:
                del self.orders[order_id]
        self.trade_n += 1
        return told(
            TradeMade,
            trade_id=TradeId(make_id(self.sequence, self.trade_n % 1_000)),
            instrument_id=self.instrument_id,
            price_ticks=PriceTicks(event.price_ticks),
            quantity_lots=QuantityLots(event.lots),
            aggressor=None if event.flags & Flag.AUCTION else SIDES[event.side],
            buyer=sides[Side.BUY],
            seller=sides[Side.SELL],
            book_n=self._count(),
            trade_n=self.trade_n,
        )

    def _covered(self, event: BookEvent) -> list[Event]:
        """The other order of a pair, whose hold changed."""
        if not self.covers or event.reason != Reason.ONE_CANCELS_OTHER:
            return []
        return [
            told(
                OrderCovered,
                order_id=OrderId(event.order_id),
                instrument_id=self.instrument_id,
                book_n=self._count(),
            )
        ]

    def _cancelled(self, event: BookEvent) -> OrderCancelled:
        return told(
            OrderCancelled,
            order_id=OrderId(event.order_id),
            instrument_id=self.instrument_id,
            cancelled_lots=QuantityLots(event.lots),
            reason=CancelReason.REQUESTED,
            book_n=self._count(),
        )

    def _reduced(self, event: BookEvent, known: Known) -> OrderReduced:
        lots, known.remaining_lots = known.remaining_lots - event.remaining_lots, event.remaining_lots
        return told(
            OrderReduced,
            order_id=OrderId(event.order_id),
            instrument_id=self.instrument_id,
            reduced_lots=QuantityLots(lots),
            remaining_lots=QuantityLots(event.remaining_lots),
            shown_lots=event.lots,
            book_n=self._count(),
        )

    def _replaced(self, event: BookEvent, known: Known, priority: int) -> OrderReplaced:
        known.remaining_lots, known.priority = event.remaining_lots, priority
        known.price_ticks = event.price_ticks if event.kind == EventKind.REPLACED else known.price_ticks
        return told(
            OrderReplaced,
            order_id=OrderId(event.order_id),
            instrument_id=self.instrument_id,
            price_ticks=PriceTicks(known.price_ticks),
            quantity_lots=QuantityLots(event.remaining_lots),
            remaining_lots=QuantityLots(event.remaining_lots),
            priority=sequence_of(priority),
            book_n=self._count(),
        )
