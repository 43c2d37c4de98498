"""As much of an engine as the visible book needs: several books, their numbers, and the events of each command.

It does with the book's answers what the engine does, without money: what holds and postings would say is left at zero.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from exchange.core.ids import AccountId, InstrumentId, OrderId, TradeId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Event, Record
from exchange.core.units import PriceTicks, QuantityLots
from matching.book import Book, OrderView, StopReason, keeps_priority
from matching.depth import OpenOrder
from matching.messages import CancelReason, OrderAccepted, OrderCancelled, OrderReplaced, TradeMade, TradeSide

E = TypeVar("E", bound=Event | Record)


def told(kind: type[E], **public: object) -> E:
    """An event with the given public fields; required fields that only the ledger fills say nothing."""
    required = [field for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{field.name: public.get(field.name, _nothing(field.type)) for field in required})


def _nothing(kind: Any) -> object:
    """A value of a field's type that says nothing."""
    kind = getattr(kind, "__supertype__", kind)  # what an identifier or a unit is made of
    if not isinstance(kind, type):
        return ()
    if issubclass(kind, Record):
        return told(kind)
    return next(iter(kind)) if issubclass(kind, StrEnum) else kind()


class TinyEngine:
    """Takes commands, gives each one's events: a journal row."""

    def __init__(self, instrument_ids: list[InstrumentId]) -> None:
        self.sequence = 0
        self.books = {instrument_id: Book() for instrument_id in instrument_ids}
        self.book_n = dict.fromkeys(instrument_ids, 0)
        self.trade_n = dict.fromkeys(instrument_ids, 0)

    def place(
        self, instrument_id: InstrumentId, account_id: AccountId, side: Side, price: int, lots: int, *, stays: bool
    ) -> list[Event]:
        """A limit order that stays or is cancelled at once."""
        self.sequence += 1
        order = OrderView(
            OrderId(make_id(self.sequence)), account_id, side, PriceTicks(price), QuantityLots(lots), self.sequence
        )
        accepted = told(
            OrderAccepted,
            order_id=order.order_id,
            instrument_id=instrument_id,
            side=side,
            price_ticks=order.price_ticks,
            quantity_lots=order.remaining_lots,
            book_n=self._count(instrument_id),
        )
        return [accepted, *self._trade_and_rest(instrument_id, order, stays=stays)]

    def cancel(self, instrument_id: InstrumentId, order: OrderView) -> list[Event]:
        """An open order goes."""
        self.sequence += 1
        return [self._withdraw(instrument_id, order.order_id, self.books[instrument_id].cancel(order.order_id))]

    def cancel_all(self, account_id: AccountId) -> list[Event]:
        """All orders of an account go, in all instruments, by one command."""
        self.sequence += 1
        return [
            self._withdraw(instrument_id, order.order_id, book.cancel(order.order_id))
            for instrument_id, book in self.books.items()
            for order in list(book.orders())
            if order.account_id == account_id
        ]

    def replace(self, instrument_id: InstrumentId, order: OrderView, price: int, lots: int) -> list[Event]:
        """An open order gets another price and remainder."""
        self.sequence += 1
        book = self.books[instrument_id]
        in_place = keeps_priority(order.price_ticks, order.remaining_lots, PriceTicks(price), QuantityLots(lots))
        new = order._replace(
            price_ticks=PriceTicks(price),
            remaining_lots=QuantityLots(lots),
            priority=order.priority if in_place else self.sequence,
        )
        replaced = told(
            OrderReplaced,
            order_id=order.order_id,
            instrument_id=instrument_id,
            price_ticks=new.price_ticks,
            remaining_lots=new.remaining_lots,
            priority=new.priority,
            book_n=self._count(instrument_id),
        )
        if in_place:
            book.reduce(order.order_id, new.remaining_lots)
            return [replaced]
        book.cancel(order.order_id)
        return [replaced, *self._trade_and_rest(instrument_id, new, stays=True)]

    def open_orders(self) -> list[OpenOrder]:
        """What the tables would give a starting node."""
        return [
            OpenOrder(order.order_id, instrument_id, order.side, order.price_ticks, order.remaining_lots)
            for instrument_id, book in self.books.items()
            for order in book.orders()
        ]

    def _count(self, instrument_id: InstrumentId) -> int:
        self.book_n[instrument_id] += 1
        return self.book_n[instrument_id]

    def _withdraw(self, instrument_id: InstrumentId, order_id: OrderId, lots: QuantityLots) -> OrderCancelled:
        return told(
            OrderCancelled,
            order_id=order_id,
            instrument_id=instrument_id,
            cancelled_lots=lots,
            reason=CancelReason.REQUESTED,
            book_n=self._count(instrument_id),
        )

    def _trade_and_rest(self, instrument_id: InstrumentId, order: OrderView, *, stays: bool) -> list[Event]:
        book = self.books[instrument_id]
        match = book.match(order.account_id, order.side, order.price_ticks, order.remaining_lots, max_fills=3)
        events: list[Event] = []
        left = order.remaining_lots
        for place, fill in enumerate(match.fills):
            left = QuantityLots(left - fill.quantity_lots)
            taker = told(TradeSide, order_id=order.order_id, remaining_lots=left)
            maker = told(TradeSide, order_id=fill.maker_order_id, remaining_lots=fill.maker_remaining_lots)
            self.trade_n[instrument_id] += 1
            events.append(
                told(
                    TradeMade,
                    trade_id=TradeId(make_id(self.sequence, place)),
                    instrument_id=instrument_id,
                    price_ticks=fill.price_ticks,
                    quantity_lots=fill.quantity_lots,
                    aggressor=order.side,
                    buyer=taker if order.side is Side.BUY else maker,
                    seller=maker if order.side is Side.BUY else taker,
                    book_n=self._count(instrument_id),
                    trade_n=self.trade_n[instrument_id],
                )
            )
        if left and stays and match.stopped_by is StopReason.NONE:
            book.rest(order.order_id, order.account_id, order.side, order.price_ticks, left, order.priority)
        elif left:
            events.append(self._withdraw(instrument_id, order.order_id, left))
        return events
