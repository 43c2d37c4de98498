"""The book by single orders, `orders:…`: where a market shows them, each under a number that names no one.

Whoever comes gets the orders in parts, as fast as the client reads; changes meanwhile come between the parts, and both
carry absolute lots, so that the whole is right when the last part has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from api.stream.books import RING_MESSAGES
from api.stream.channels import Moment
from api.stream.projections import VisibleBooks
from exchange.core.ids import InstrumentId
from exchange.core.instruments import Side
from matching.visible import BookChange, OrderLine

ORDERS_A_MESSAGE = 2_000

Row = tuple[int, int, int]
"""An order's number, its price in ticks, the lots it shows."""


class OrdersChanged(msgspec.Struct, frozen=True, gc=False, tag="orders.changed"):
    """Orders that show something else since `from_n`, each `[number, price_ticks, lots]` (0 lots: gone)."""

    from_n: int
    bids: list[Row]
    offers: list[Row]
    checksum: int


class OrdersSnapshot(msgspec.Struct, frozen=True, gc=False, tag="orders.snapshot"):
    """Orders as they stand after event `n`, best price first, oldest first; a part of them from `first` to `last`."""

    bids: list[Row]
    offers: list[Row]
    checksum: int
    first: bool
    last: bool


class Changes(msgspec.Struct):
    """Changes of single orders merged into one: what each shows last."""

    from_n: int
    n: int
    lines: dict[int, OrderLine]
    checksum: int = 0
    frame: bytes = b""


class OrdersChannel:
    """One instrument's orders as messages. `serial` counts the messages sent."""

    __slots__ = ("_depth", "_pending", "_ring", "instrument_id", "n", "name", "serial")

    def __init__(self, instrument_id: InstrumentId, depth: VisibleBooks) -> None:
        self.instrument_id = instrument_id
        self.name = "orders:" + id_text("I", instrument_id)
        self.n = depth.book_n(instrument_id)
        """The number of the last event."""
        self.serial = 0
        self._depth = depth
        self._pending: Changes | None = None
        self._ring: deque[Changes] | None = None

    def take(self, change: BookChange) -> bool:
        """Take in what rows changed; it is sent with the next tick."""
        pending = self._pending
        if pending is None:
            pending = self._pending = Changes(change.from_book_n, change.to_book_n, {})
        pending.lines.update({line.number: line for line in change.orders})
        pending.n = self.n = change.to_book_n
        return True

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if an order shows something else; else what is pending waits for one that does."""
        entry = self._pending
        if entry is None or not entry.lines:
            return None
        self._pending = None
        self.serial += 1
        if self._ring is None:  # nobody follows
            return None
        entry.checksum = self._depth.orders_checksum(self.instrument_id)
        entry.frame = self._frame(entry, moment)
        self._ring.append(entry)
        return entry.frame

    def keep(self, *, wanted: bool) -> None:
        """Begin or stop keeping what is sent."""
        if not wanted:
            self._ring = None
        elif self._ring is None:
            self._ring = deque(maxlen=RING_MESSAGES)

    def since_serial(self, serial: int, moment: Moment) -> bytes | None:
        """One message for everything sent after the message `serial`; a snapshot if that is too long ago."""
        missed = self.serial - serial
        if not missed:
            return None
        ring = self._ring or ()
        if missed > len(ring):
            return self.snapshot(moment)
        return self._merge(list(islice(ring, len(ring) - missed, None)), moment)

    def since_number(self, from_n: int, moment: Moment) -> bytes | None:
        """One message for the events from `from_n` on; none if they are not kept, or there are none."""
        entries = [entry for entry in self._ring or () if entry.n >= from_n]
        return self._merge(entries, moment) if entries and entries[0].from_n <= from_n else None

    def is_resumed(self, from_n: int) -> bool:
        """Whether what was missed since a number is kept, or nothing was."""
        ring = self._ring or ()
        return from_n == self.n + 1 or any(entry.from_n <= from_n <= entry.n for entry in ring)

    def snapshot(self, moment: Moment) -> bytes:
        """All orders in one message: for a slow reader, who will not wait for parts."""
        bids, offers = _rows(self._depth.orders(self.instrument_id, None, 2**31))
        return self._told(OrdersSnapshot(bids, offers, self._checksum(), True, True), moment)

    def page(self, after: OrderLine | None, moment: Moment) -> tuple[bytes, OrderLine | None]:
        """A part of the orders as they stand now, behind one of them; and where the next begins, if there is one."""
        lines = self._depth.orders(self.instrument_id, after, ORDERS_A_MESSAGE)
        last = len(lines) < ORDERS_A_MESSAGE
        bids, offers = _rows(lines)
        whole = self._told(OrdersSnapshot(bids, offers, self._checksum(), after is None, last), moment)
        return whole, None if last else lines[-1]

    def _checksum(self) -> int:
        return self._depth.orders_checksum(self.instrument_id)

    def _merge(self, entries: Sequence[Changes], moment: Moment) -> bytes:
        if len(entries) == 1:
            return entries[0].frame
        merged = Changes(entries[0].from_n, entries[-1].n, {}, entries[-1].checksum)
        for entry in entries:
            merged.lines.update(entry.lines)
        return self._frame(merged, moment)

    def _frame(self, entry: Changes, moment: Moment) -> bytes:
        bids, offers = _rows(entry.lines.values())
        body = encode(OrdersChanged(entry.from_n, bids, offers, entry.checksum))
        return frame(envelope(self.name, moment.epoch, entry.n, moment.sequence, moment.at_ns, body))

    def _told(self, body: OrdersSnapshot, moment: Moment) -> bytes:
        return frame(envelope(self.name, moment.epoch, self.n, moment.sequence, moment.at_ns, encode(body)))


def _rows(lines: Iterable[OrderLine]) -> tuple[list[Row], list[Row]]:
    bids: list[Row] = []
    offers: list[Row] = []
    for number, side, price_ticks, lots in lines:
        (bids if side is Side.BUY else offers).append((number, price_ticks, lots))
    return bids, offers
