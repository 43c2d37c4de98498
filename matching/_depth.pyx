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

from exchange.core.instruments import Side
from exchange.core.rejections import InvariantBroken, ensure
from matching.depth import CHECKSUM_LEVELS, RECENT_TRADES, BookChange, DepthLevel, DepthSnapshot, PublicTrade
from matching.messages import InstrumentPhaseChanged, OrderAccepted, OrderCancelled, OrderReplaced, TradeMade


cdef extern from "depth.hpp" namespace "matching" nogil:
    enum class StepKind "matching::Step::Kind":
        accepted, trade, cancelled, replaced

    cdef cppclass Step:
        StepKind kind
        int64_t instrument_id, book_n, order_id, seller_id
        cbool buys
        int64_t price_ticks, lots, left, seller_left, trade_id, trade_n

    cdef cppclass SeenTrade:
        int64_t trade_id, price_ticks, lots
        cbool buys
        int64_t trade_n, at_ns

    cbool read_row(const char*, size_t, vector[Step]&) except +

    cdef cppclass Sizes:
        vector[pair[int64_t, int64_t]] changed() except +
        vector[pair[int64_t, int64_t]] top(cbool, size_t) except +

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
        const char* open(int64_t, int64_t, cbool, int64_t, int64_t) except +
        Depth* find(int64_t)
        Depth& at(int64_t) except +
        Depth& meet(int64_t) except +
        const char* take(const vector[Step]&, int64_t) except +
        void watch(int64_t, cbool) except +
        cbool is_changed()
        vector[Depth*] changed() except +


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
        for instrument_id, book_n in book_numbers.items():
            self._depths.number(instrument_id, book_n)
        for instrument_id, price_ticks in (last_prices or {}).items():
            depth = &self._depths.at(instrument_id)
            depth.last_price = price_ticks
        for order in open_orders:
            broken = self._depths.open(
                order.instrument_id, order.order_id, order.side is BUY, order.price_ticks, order.remaining_lots
            )
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
                self.row(row.events, row.header.at_ns)
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
                step.buys = event.side is BUY
                step.price_ticks, step.lots = event.price_ticks, event.quantity_lots
                step.order_id = event.order_id
            elif kind is TradeMade:
                step.kind = StepKind.trade
                step.buys = event.aggressor is BUY
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

    def watch(self, instrument_id):
        """Keep what changes in a book from now on; answers its last trades up to now, as far as they are kept."""
        cdef Depth* depth = &self._depths.at(instrument_id)
        ensure(not depth.watched, "a book is watched once")
        trades = _trades(depth)
        self._depths.watch(instrument_id, True)
        return trades

    def unwatch(self, instrument_id):
        """Nobody asks any more what changes in a book."""
        self._depths.watch(instrument_id, False)
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
            bids = tuple(_levels(BUY, now.bids.top(True, most)))
            offers = tuple(_levels(SELL, now.offers.top(False, most)))
        return DepthSnapshot(
            instrument_id=instrument_id,
            book_n=self.book_n(instrument_id),
            bids=bids,
            offers=offers,
            checksum=self.checksum(instrument_id),
        )

    def checksum(self, instrument_id):
        """A number by which a client proves that its book is ours; `matching.depth` defines it."""
        cdef Depth* now = self._depths.find(instrument_id)
        if now == NULL:
            return 0
        cdef list levels = []
        for level in now.bids.top(True, CHECKSUM_LEVELS):
            levels.append(b"%d:%d" % (level.first, level.second))
        for level in now.offers.top(False, CHECKSUM_LEVELS):
            levels.append(b"%d:%d" % (level.first, level.second))
        return zlib.crc32(b"|".join(levels))


cdef list _trades(Depth* depth):
    return [
        PublicTrade(
            trade.trade_id, trade.price_ticks, trade.lots, BUY if trade.buys else SELL, trade.trade_n, trade.at_ns
        )
        for trade in depth.trades
    ]


cdef list _levels(side, vector[pair[int64_t, int64_t]] levels):
    return [DepthLevel(side, level.first, level.second) for level in levels]
