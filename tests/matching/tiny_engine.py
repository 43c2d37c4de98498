"""As much of an engine as the visible book needs: several books, and the events of each command.

It does with the book's answers what the engine does, without money: what holds and postings would say is left at zero.
"""

from __future__ import annotations

from exchange.core.ids import AccountId, InstrumentId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Event
from matching.book_messages import BookOrder, BookRules, BookSide, Call, Matching, OrderState, TimeLimit
from matching.book_records import BookCommand, Cancel, Replace, Submit, perform
from matching.depth import OpenOrder
from matching.order_book import PlainBook
from tests.matching.journal_rows import JournalRows

MOST_FILLS = 3
BOOK_SIDES = {Side.BUY: BookSide.BUY, Side.SELL: BookSide.SELL}


class TinyEngine:
    """Takes commands, gives each one's events: a journal row."""

    def __init__(self, instrument_ids: list[InstrumentId]) -> None:
        self.sequence = 0
        self.books = {instrument_id: PlainBook(BookRules()) for instrument_id in instrument_ids}
        self.rows = {instrument_id: JournalRows(instrument_id) for instrument_id in instrument_ids}
        for book in self.books.values():
            book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, MOST_FILLS)

    @property
    def book_n(self) -> dict[InstrumentId, int]:
        """The number of each instrument's last event."""
        return {instrument_id: rows.book_n for instrument_id, rows in self.rows.items()}

    @property
    def trade_n(self) -> dict[InstrumentId, int]:
        """The number of each instrument's last trade."""
        return {instrument_id: rows.trade_n for instrument_id, rows in self.rows.items()}

    def levels(self, instrument_id: InstrumentId, side: Side) -> list[tuple[int, int]]:
        """Price and lots, best first."""
        return [level[:2] for level in self.books[instrument_id].levels(BOOK_SIDES[side])]

    def place(
        self, instrument_id: InstrumentId, account_id: AccountId, side: Side, price: int, lots: int, *, stays: bool
    ) -> list[Event]:
        """A limit order that stays or is cancelled at once."""
        self.sequence += 1
        order = BookOrder(
            order_id=make_id(self.sequence),
            account_id=account_id,
            side=BOOK_SIDES[side],
            price_ticks=price,
            quantity_lots=lots,
            time_limit=TimeLimit.DAY if stays else TimeLimit.IOC,
        )
        return self._row(instrument_id, Submit(order, MOST_FILLS))

    def cancel(self, instrument_id: InstrumentId, order: OrderState) -> list[Event]:
        """An open order goes."""
        self.sequence += 1
        return self._row(instrument_id, Cancel(order.order.order_id, 1))

    def cancel_all(self, account_id: AccountId) -> list[Event]:
        """All orders of an account go, in all instruments, by one command."""
        self.sequence += 1
        return [
            event
            for instrument_id, book in self.books.items()
            for open_order in book.orders()
            if open_order.order.account_id == account_id
            for event in self._row(instrument_id, Cancel(open_order.order.order_id, 1))
        ]

    def replace(self, instrument_id: InstrumentId, order: OrderState, price: int, lots: int) -> list[Event]:
        """An open order gets another price or remainder."""
        self.sequence += 1
        return self._row(instrument_id, Replace(order.order.order_id, price, lots, 0, MOST_FILLS))

    def open_orders(self) -> list[OpenOrder]:
        """What a start finds."""
        return [
            order for instrument_id, book in self.books.items() for order in self.rows[instrument_id].open_orders(book)
        ]

    def _row(self, instrument_id: InstrumentId, command: BookCommand) -> list[Event]:
        book = self.books[instrument_id]
        book.number_from(make_id(self.sequence))
        return self.rows[instrument_id].row(self.sequence, command, perform(book, command))
