"""The visible book from journal bytes: `matching.depth.DepthFeed`, compiled.

Rows of the order's path are read from their bytes and make no object; rows with other events are read as objects, in
their order, by the same rules. Objects are made when somebody asks what changed.
"""

import zlib

from libc.stdint cimport int64_t
from libcpp cimport bool as cbool
from libcpp.deque cimport deque
from libcpp.pair cimport pair
from libcpp.vector cimport vector

from operator import attrgetter

from exchange.core.ids import ORDINALS
from exchange.core.instruments import Side
from exchange.core.rejections import InvariantBroken, ensure
from matching.depth import CHECKSUM_LEVELS, CHECKSUM_ORDERS, PATH, DepthSnapshot
from matching.messages import (
    InstrumentPhaseChanged,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
)
from matching.visible import RECENT_TRADES, BookChange, DepthLevel, OrderLine, PublicTrade


cdef extern from "depth.hpp" namespace "matching" nogil:
    enum class StepKind "matching::Step::Kind":
        accepted, trade, cancelled, replaced, moved, reduced, covered

    cdef cppclass Step:
        StepKind kind
        int64_t instrument_id, book_n, order_id, seller_id
        cbool buys, auction, plain
        int64_t price_ticks, lots, left, seller_left, shown, priority, trade_id, trade_n

    cdef cppclass SeenTrade:
        int64_t trade_id, price_ticks, lots
        cbool buys, auction
        int64_t trade_n, at_ns

    cdef cppclass Line:
        int64_t number, price_ticks, lots

    cbool read_row(const char*, size_t, vector[Step]&) except +

    cdef cppclass Sizes:
        vector[pair[int64_t, int64_t]] changed() except +
        vector[pair[int64_t, int64_t]] top(size_t) except +
        vector[Line] changed_lines() except +
        vector[Line] lines(int64_t, int64_t, size_t) except +

    cdef cppclass Depth:
        int64_t instrument_id, book_n, from_book_n, last_price
        cbool watched
        Sizes bids, offers
        deque[SeenTrade] trades
        void begin()

    cdef cppclass Depths:
        Depths()
        Depths(size_t)
        void number(int64_t, int64_t) except +
        const char* restore(const Step&) except +
        Depth* find(int64_t)
        Depth& at(int64_t) except +
        Depth& meet(int64_t) except +
        const char* take(const vector[Step]&, int64_t) except +
        void watch(int64_t, cbool, cbool) except +
        cbool is_changed()
        vector[Depth*] changed() except +


if ORDINALS != 1024:
    raise ImportError("identifiers have other ordinals than those that were compiled")

cdef object BUY = Side.BUY
cdef object SELL = Side.SELL


cdef class DepthFeed:
    """Projects committed journal rows onto the visible books of all instruments."""

    cdef Depths* _depths
    cdef vector[Step] _steps
    cdef dict _phases

    def __cinit__(self):
        self._depths = new Depths(RECENT_TRADES)
        self._phases = {}

    def __dealloc__(self):
        del self._depths

    def restore(self, open_orders, book_numbers, last_prices=None):
        """Start from the tables instead: the open orders, each instrument's last `book_n` and price. Nobody watches."""
        del self._depths
        self._depths = new Depths(RECENT_TRADES)
        self._phases = {}
        cdef const char* broken
        cdef Depth* depth
        cdef Step step
        for instrument_id, book_n in book_numbers.items():
            self._depths.number(instrument_id, book_n)
        for instrument_id, price_ticks in (last_prices or {}).items():
            depth = &self._depths.at(instrument_id)
            depth.last_price = price_ticks
        for order in sorted(open_orders, key=attrgetter("priority")):
            step.instrument_id, step.order_id, step.buys = order.instrument_id, order.order_id, order.side is BUY
            step.price_ticks, step.left, step.shown = order.price_ticks, order.remaining_lots, order.shown_lots
            step.priority, step.plain = order.priority, order.plain
            broken = self._depths.restore(step)
            if broken != NULL:
                raise InvariantBroken(broken.decode())

    def rows(self, rows):
        """Take in committed rows, in order; answers those that tell of more than orders and their trades."""
        cdef list others = []
        cdef bytes events
        cdef const char* broken
        for row in rows:
            events = row.events_bytes
            if not read_row(events, len(events), self._steps):
                told = row.events
                self.row(told, row.header.at_ns)
                if not PATH.issuperset(map(type, told)):
                    others.append(row)
                continue
            broken = self._depths.take(self._steps, row.header.at_ns)
            if broken != NULL:
                raise InvariantBroken(broken.decode())
        return others

    def row(self, events, int64_t at_ns=0):
        """Take in all events of one journal row, stamped with its time."""
        cdef const char* broken
        cdef Step step
        for event in events:
            kind = type(event)
            if kind is OrderAccepted:
                step.kind = StepKind.accepted
                step.buys, step.plain = event.side is BUY, event.conditions is None
                step.price_ticks, step.left = event.price_ticks, event.quantity_lots
                step.shown = step.left if step.plain else 0
                step.order_id = step.priority = event.order_id
            elif kind is TradeMade:
                step.kind = StepKind.trade
                step.buys, step.auction = event.aggressor is BUY, event.aggressor is None
                step.price_ticks, step.lots = event.price_ticks, event.quantity_lots
                step.order_id, step.left = event.buyer.order_id, event.buyer.remaining_lots
                step.seller_id, step.seller_left = event.seller.order_id, event.seller.remaining_lots
                step.trade_id, step.trade_n = event.trade_id, event.trade_n
            elif kind is OrderCancelled:
                step.kind = StepKind.cancelled
                step.order_id, step.lots = event.order_id, event.cancelled_lots
            elif kind is OrderReplaced:
                step.kind = StepKind.replaced
                step.order_id, step.price_ticks, step.left = event.order_id, event.price_ticks, event.remaining_lots
                step.priority = event.priority
            elif kind is OrderMoved:
                step.kind = StepKind.moved
                step.order_id, step.price_ticks, step.left = event.order_id, event.price_ticks, event.remaining_lots
                step.shown, step.priority = event.shown_lots, event.priority
            elif kind is OrderReduced:
                step.kind = StepKind.reduced
                step.order_id, step.lots, step.left = event.order_id, event.reduced_lots, event.remaining_lots
                step.shown = event.shown_lots
            elif kind is OrderCovered:
                step.kind = StepKind.covered
            else:
                if kind is InstrumentPhaseChanged:
                    self._phase(event.instrument)
                continue
            step.instrument_id, step.book_n = event.instrument_id, event.book_n
            self._steps.assign(1, step)
            broken = self._depths.take(self._steps, at_ns)
            if broken != NULL:
                raise InvariantBroken(broken.decode())

    cdef _phase(self, instrument):
        if self._depths.meet(instrument.instrument_id).watched:
            self._phases[instrument.instrument_id] = instrument.phase

    def watch(self, instrument_id, *, by_order=False):
        """Keep what changes in a book from now on, of single orders too if asked; answers its last trades."""
        cdef Depth* depth = &self._depths.at(instrument_id)
        ensure(not depth.watched, "a book is watched once")
        trades = _trades(depth)
        self._depths.watch(instrument_id, True, by_order)
        return trades

    def unwatch(self, instrument_id):
        """Nobody asks any more what changes in a book."""
        self._depths.watch(instrument_id, False, False)
        self._phases.pop(instrument_id, None)

    @property
    def is_changed(self):
        """Whether a watched book changed since somebody asked."""
        return self._depths.is_changed()

    def changes(self):
        """What changed in the watched books since this was last asked, in the order in which they first did."""
        cdef list changes = []
        cdef Depth* depth
        cdef vector[Depth*] changed = self._depths.changed()
        cdef dict phases = self._phases
        self._phases = {}
        for depth in changed:
            changes.append(
                BookChange(
                    instrument_id=depth.instrument_id,
                    from_book_n=depth.from_book_n,
                    to_book_n=depth.book_n,
                    levels=(*_levels(BUY, depth.bids.changed()), *_levels(SELL, depth.offers.changed())),
                    trades=tuple(_trades(depth)),
                    phase=phases.get(depth.instrument_id),
                    orders=(*_lines(BUY, depth.bids.changed_lines()), *_lines(SELL, depth.offers.changed_lines())),
                )
            )
            depth.begin()
        return changes

    def book_n(self, instrument_id):
        """The number of an instrument's last event; 0 without any."""
        cdef Depth* depth = self._depths.find(instrument_id)
        return depth.book_n if depth != NULL else 0

    def last_price(self, instrument_id):
        """The price of an instrument's last trade, in ticks; 0 without any."""
        cdef Depth* depth = self._depths.find(instrument_id)
        return depth.last_price if depth != NULL else 0

    def snapshot(self, instrument_id, depth):
        """The best `depth` prices of both sides; an instrument without events is empty at number 0."""
        cdef Depth* now = self._depths.find(instrument_id)
        cdef size_t most = max(depth, 0)
        bids = offers = ()
        if now != NULL:
            bids = tuple(_levels(BUY, now.bids.top(most)))
            offers = tuple(_levels(SELL, now.offers.top(most)))
        return DepthSnapshot(
            instrument_id=instrument_id,
            book_n=self.book_n(instrument_id),
            bids=bids,
            offers=offers,
            checksum=self.checksum(instrument_id),
        )

    def orders(self, instrument_id, after, limit):
        """A page of the orders that show something, of a book whose single orders are watched."""
        cdef Depth* now = self._depths.find(instrument_id)
        cdef size_t most = max(limit, 0)
        cdef list lines = []
        if now == NULL:
            return ()
        if after is None or after.side is BUY:
            lines = _lines(BUY, now.bids.lines(after.price_ticks if after else 0, after.number if after else 0, most))
            after = None
        lines += _lines(
            SELL, now.offers.lines(after.price_ticks if after else 0, after.number if after else 0, most - len(lines))
        )
        return tuple(lines)

    def checksum(self, instrument_id, depth=CHECKSUM_LEVELS):
        """A number by which a client proves that its book is ours; `matching.depth` defines it."""
        cdef Depth* now = self._depths.find(instrument_id)
        if now == NULL:
            return 0
        cdef size_t most = max(min(CHECKSUM_LEVELS, depth), 0)
        cdef list levels = []
        for level in now.bids.top(most):
            levels.append(b"%d:%d" % (level.first, level.second))
        for level in now.offers.top(most):
            levels.append(b"%d:%d" % (level.first, level.second))
        return zlib.crc32(b"|".join(levels))

    def orders_checksum(self, instrument_id):
        """The same for a book of single orders."""
        cdef Depth* now = self._depths.find(instrument_id)
        if now == NULL:
            return 0
        cdef list lines = []
        for line in now.bids.lines(0, 0, CHECKSUM_ORDERS):
            lines.append(b"%d:%d:%d" % (line.number, line.price_ticks, line.lots))
        for line in now.offers.lines(0, 0, CHECKSUM_ORDERS):
            lines.append(b"%d:%d:%d" % (line.number, line.price_ticks, line.lots))
        return zlib.crc32(b"|".join(lines))


cdef list _trades(Depth* depth):
    return [
        PublicTrade(
            trade.trade_id,
            trade.price_ticks,
            trade.lots,
            None if trade.auction else BUY if trade.buys else SELL,
            trade.trade_n,
            trade.at_ns,
        )
        for trade in depth.trades
    ]


cdef list _levels(side, vector[pair[int64_t, int64_t]] levels):
    return [DepthLevel(side, level.first, level.second) for level in levels]


cdef list _lines(side, vector[Line] lines):
    return [OrderLine(line.number, side, line.price_ticks, line.lots) for line in lines]
