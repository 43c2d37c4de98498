"""What the plain book consists of, how it is read, loaded and proved. Nothing here trades."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.core.rejections import ensure
from matching.auction import CurvePoint, single_price
from matching.book_events import (
    AT_OPEN,
    BUY,
    CALL_OF,
    COLLECT,
    CONTINGENT,
    CONTINUOUS,
    HALTED,
    IN_HAND,
    LIMIT,
    PEGGED_BEST,
    QUEUE,
    STOP,
    TAKES_ONLY,
    UNCROSSING,
)
from matching.book_messages import (
    MAX_CONTINGENT,
    MAX_FOLLOWERS,
    MAX_TICKS,
    NO_INDICATION,
    NO_PRICE,
    BookLevel,
    BookOrder,
    BookRules,
    BookSide,
    BookState,
    Call,
    Indication,
    Matching,
    OrderState,
    Place,
    StopTrigger,
)
from matching.queues import Contingent, Entry, Half
from matching.stops import StopList


class BookParts:
    """The state of one book."""

    def __init__(self, rules: BookRules | None = None) -> None:
        self._rules = rules or BookRules()
        self._matching = HALTED
        self._call = int(Call.NONE)
        self._fixed = self._last = self._reference = NO_PRICE
        self._band_low = self._band_high = NO_PRICE
        self._low, self._high = 1, MAX_TICKS  # the band, or everything
        self._next_priority = 1
        self._bids, self._offers = Half(buys=True), Half(buys=False)
        self._whole_bids, self._whole_offers = Contingent(buys=True), Contingent(buys=False)
        self._entries: dict[int, Entry] = {}
        self._stops = StopList()
        self._in_hand: Entry | None = None
        self._pegs: dict[int, Entry] = {}
        self._pegged_to = (NO_PRICE, NO_PRICE, NO_PRICE, NO_PRICE)
        self._calls: dict[int, dict[int, Entry]] = {Call.OPENING: {}, Call.CLOSING: {}}
        self._auction_only: dict[int, Entry] = {}  # in the queues until the auction, which ends them
        self._uncross_ticks = NO_PRICE
        self._uncross_lots = 0
        self._shares: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._entries

    def order(self, order_id: int) -> OrderState | None:
        """An open order."""
        entry = self._entries.get(order_id)
        return None if entry is None else state_of(entry)

    def orders(self) -> list[OrderState]:
        """Every open order, in ascending priority."""
        return [state_of(entry) for entry in sorted(self._entries.values(), key=lambda entry: entry.priority)]

    def state(self) -> BookState:
        """All beside the orders."""
        return BookState(
            matching=Matching(self._matching),
            call=Call(self._call),
            fixed_ticks=self._fixed,
            last_ticks=self._last,
            reference_ticks=self._reference,
            band_low_ticks=self._band_low,
            band_high_ticks=self._band_high,
            next_priority=self._next_priority,
            reached=tuple(self._stops.reaches),
            uncross_ticks=self._uncross_ticks,
            uncross_lots=self._uncross_lots,
            shares=tuple(self._shares.items()),
            pegged_to=self._pegged_to,
        )

    def best(self, side: BookSide) -> int:
        """The best visible price of a side, NO_PRICE if none."""
        return (self._bids if side == BUY else self._offers).best_shown()

    def levels(self, side: BookSide, limit: int = 0) -> list[BookLevel]:
        """The visible prices, best first; zero: all of them."""
        half = self._bids if side == BUY else self._offers
        views: list[BookLevel] = []
        for price in half:
            if half.levels[price].shown:
                views.append(half.levels[price].view())
                if len(views) == limit:
                    break
        return views

    @property
    def pending(self) -> bool:
        """Whether something waits to be continued."""
        if self._matching == CONTINUOUS:
            return self._in_hand is not None or bool(self._stops.reaches)
        if self._matching == COLLECT:
            return bool(self._calls.get(self._call))
        return self._matching == UNCROSSING

    def indication(self) -> Indication:
        """What an auction would do now. Walks over the prices at which the sides cross."""
        if self._matching != COLLECT or not self._crossed():
            return NO_INDICATION
        bids = curve_of(self._bids, self._offers.best)
        offers = curve_of(self._offers, self._bids.best)
        return single_price(bids, offers, self._rules.auction, self._reference)

    # --- Loading and proof --------------------------------------------------------------------------------------------

    def restore(self, state: BookState, orders: Sequence[OrderState]) -> None:
        """Become the book that answered these."""
        ensure(not self._entries and self._next_priority == 1, "only an empty book is loaded")
        self._matching, self._call, self._fixed = int(state.matching), int(state.call), state.fixed_ticks
        self._set_references(state.last_ticks, state.reference_ticks, state.band_low_ticks, state.band_high_ticks)
        self._next_priority = state.next_priority
        self._stops.reaches = list(state.reached)
        self._uncross_ticks, self._uncross_lots = state.uncross_ticks, state.uncross_lots
        self._shares = dict(state.shares)
        self._pegged_to = state.pegged_to
        for saved in orders:
            self._restore_order(saved)

    def _restore_order(self, saved: OrderState) -> None:
        entry = entry_of(saved.order)
        entry.place, entry.price_ticks, entry.stop_ticks = Place(saved.place), saved.price_ticks, saved.stop_ticks
        entry.remaining_lots, entry.shown_lots = saved.remaining_lots, saved.shown_lots
        entry.priority, entry.oco_id = saved.priority, saved.oco_id
        ensure(entry.order_id not in self._entries, "an order is loaded once")
        self._entries[entry.order_id] = entry
        if entry.place == QUEUE:
            (self._bids if entry.buys else self._offers).append(entry)
            if entry.pegged:
                self._pegs[entry.order_id] = entry
            if entry.takes_only or entry.order.time_limit >= AT_OPEN:
                self._auction_only[entry.order_id] = entry
        elif entry.place == STOP:
            self._stops.add(entry)
        elif entry.place == Place.CALL:
            self._calls[CALL_OF[entry.order.time_limit]][entry.order_id] = entry
        elif entry.place == CONTINGENT:
            (self._whole_bids if entry.buys else self._whole_offers).insert(entry)
        else:
            self._in_hand = entry

    def validate(self) -> None:
        """Check every promise this class makes to itself."""
        self._bids.validate()
        self._offers.validate()
        self._stops.validate()
        queued = [entry for half in (self._bids, self._offers) for level in half.levels.values() for entry in level]
        whole = [*self._whole_bids, *self._whole_offers]
        called = [entry for waiting in self._calls.values() for entry in waiting.values()]
        in_hand = [] if self._in_hand is None else [self._in_hand]
        places = {
            QUEUE: queued,
            STOP: list(self._stops),
            Place.CALL: called,
            CONTINGENT: whole,
            IN_HAND: in_hand,
        }
        for place, entries in places.items():
            for entry in entries:
                ensure(entry.place == place, "an order knows its place")
                ensure(self._entries.get(entry.order_id) is entry, "every placed order is known by its id")
                ensure(0 < entry.priority < self._next_priority, "numbers come from the book")
                ensure(entry.remaining_lots > 0, "an open order has lots left")
        ensure(sum(map(len, places.values())) == len(self._entries), "every known order has one place")
        numbers = {entry.priority for entry in self._entries.values()}
        ensure(len(numbers) == len(self._entries), "no two orders have one number")
        if self._matching == CONTINUOUS:
            ensure(not self._crossed(), "the book is not crossed while it trades")
            ensure(not self._auction_only, "what lives for an auction does not outlive it")
        only = {entry.order_id for entry in queued if entry.takes_only or entry.order.time_limit >= AT_OPEN}
        ensure(only == set(self._auction_only), "what lives for an auction is known")
        ensure(set(self._pegs) == {entry.order_id for entry in queued if entry.pegged}, "pegs are known")
        ensure(len(self._pegs) + len(self._stops.trailing) <= MAX_FOLLOWERS, "followers are bounded")
        ensure(len(whole) <= MAX_CONTINGENT, "all-or-none orders are bounded")
        for entry in self._entries.values():
            if entry.oco_id:
                other = self._entries.get(entry.oco_id)
                ensure(other is not None and other.oco_id == entry.order_id, "two orders of a pair name each other")
        ensure((self._uncross_lots == 0) or self._matching == UNCROSSING, "lots are due only in an auction")

    # --- Small questions ----------------------------------------------------------------------------------------------

    def _crossed(self) -> bool:
        return self._bids.best >= self._offers.best

    def _anchors(self) -> tuple[int, int]:
        """The best prices that pegs follow."""
        return self._bids.best_anchor(), self._offers.best_anchor()

    def _best_of_other(self, entry: Entry) -> int:
        """The best price an order could meet, hidden ones and pegs included."""
        return best_of(self._offers if entry.buys else self._bids)

    def _followed(self, buys: bool) -> int:
        """The price that moves stops of a side."""
        if self._rules.stop_trigger is StopTrigger.LAST_TRADE:
            return self._last
        return (self._offers if buys else self._bids).best_shown()

    def _set_references(self, last: int, reference: int, band_low: int, band_high: int) -> None:
        self._last, self._reference, self._band_low, self._band_high = last, reference, band_low, band_high
        self._low, self._high = band_low or 1, band_high or MAX_TICKS


def entry_of(order: BookOrder) -> Entry:
    """An order on its way in."""
    kind = order.kind
    return Entry(
        order,
        order.order_id,
        order.account_id,
        order.group_id,
        order.side == BUY,
        order.price_ticks,
        order.quantity_lots,
        kind != LIMIT and kind in TAKES_ONLY,
        order.hidden,
        order.display_lots,
        kind >= PEGGED_BEST,
        order.oco_id,
    )


def state_of(entry: Entry) -> OrderState:
    """An open order as it is saved."""
    return OrderState(
        order=entry.order,
        place=entry.place,
        price_ticks=entry.price_ticks,
        stop_ticks=entry.stop_ticks,
        remaining_lots=entry.remaining_lots,
        shown_lots=entry.shown_lots,
        priority=entry.priority,
        oco_id=entry.oco_id,
    )


def best_of(half: Half) -> int:
    """The best price of a side, hidden orders included; NO_PRICE if none."""
    return half.best if half.levels else NO_PRICE


def curve_of(half: Half, worst: int) -> list[CurvePoint]:
    """One side's prices and lots as far as the other side reaches."""
    points: list[CurvePoint] = []
    for price in half:
        if price < worst if half.buys else price > worst:
            break
        level = half.levels[price]
        points.append(CurvePoint(price, level.lots, level.order_count > level.unpriced))
    return points
