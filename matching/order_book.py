"""The order book in plain Python: the specification of `matching.book_messages.Book`, and what other books are held to.

Every operation has the same shape. It refuses, or it changes and appends to a list of events; then `_follow_up` lets
the consequences happen: stops have their turn one by one, and when nothing is pending any more, trailing stops and pegs
move. An order comes in by `_enter`, takes by `_take`, and stays by `_rest` or ends by `_end`; these four are the book.

An order costs O(1) at a known price and two short searches at a new one. Self-trade prevention, icebergs, hidden orders
and the others cost what they do, and nothing where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from exchange.core.rejections import InvariantBroken, ensure
from matching.auction import CurvePoint, share_pro_rata, single_price
from matching.book_messages import (
    MAX_CONTINGENT,
    MAX_FILLS,
    MAX_FOLLOWERS,
    MAX_LOTS,
    MAX_TICKS,
    NO_INDICATION,
    NO_ORDER,
    NO_PRICE,
    Allocation,
    BookEvent,
    BookLevel,
    BookOrder,
    BookRules,
    BookSide,
    BookState,
    Call,
    EventKind,
    Flag,
    Indication,
    Kind,
    Matching,
    OrderState,
    Place,
    Reason,
    Refusal,
    SelfTrade,
    StopTrigger,
    TimeLimit,
    conflicts,
)
from matching.pegs import behind, peg_price
from matching.queues import Contingent, Entry, Half, side_of
from matching.stops import StopList, trailing_level, triggered_limit
from matching.taking import Obtainable, Taker, obtainable, related

# Looking a member up in its class takes longer than comparing two numbers, and every order does it many times.
BUY, SELL = int(BookSide.BUY), int(BookSide.SELL)
HALTED, COLLECT, CONTINUOUS = int(Matching.HALTED), int(Matching.COLLECT), int(Matching.CONTINUOUS)
UNCROSSING, FIXED_PRICE = int(Matching.UNCROSSING), int(Matching.FIXED_PRICE)
RESTED, FILLED, CANCELLED = int(EventKind.RESTED), int(EventKind.FILLED), int(EventKind.CANCELLED)
LIMIT, MARKET, PEGGED_BEST = int(Kind.LIMIT), int(Kind.MARKET), int(Kind.PEGGED_BEST)
IOC, FOK, AT_OPEN = int(TimeLimit.IOC), int(TimeLimit.FOK), int(TimeLimit.AT_OPEN)
QUEUE, STOP, IN_HAND, CONTINGENT = Place.QUEUE, Place.STOP, Place.IN_HAND, Place.CONTINGENT
NOTHING = int(Reason.NONE)
STOPS = (Kind.STOP, Kind.STOP_LIMIT, Kind.TRAILING_STOP, Kind.TRAILING_STOP_LIMIT)
TAKES_ONLY = (Kind.MARKET, Kind.STOP, Kind.TRAILING_STOP)
CALL_OF = {TimeLimit.AT_OPEN: Call.OPENING, TimeLimit.AT_CLOSE: Call.CLOSING}
WAITS_FOR = {TimeLimit.AT_OPEN: Reason.AT_OPEN, TimeLimit.AT_CLOSE: Reason.AT_CLOSE}

Events = list[BookEvent]
EventMaker = Callable[[type[BookEvent], tuple[int, ...]], BookEvent]
# BookEvent(...) spends half of its time on the names of its fields
new_event: EventMaker = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class PlainBook:
    """The open orders of one instrument."""

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

    # --- Reading: changes nothing -------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._entries

    def order(self, order_id: int) -> OrderState | None:
        """An open order."""
        entry = self._entries.get(order_id)
        return None if entry is None else _state_of(entry)

    def orders(self) -> list[OrderState]:
        """Every open order, in ascending priority."""
        return [_state_of(entry) for entry in sorted(self._entries.values(), key=lambda entry: entry.priority)]

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
        bids = _curve(self._bids, self._offers.best)
        offers = _curve(self._offers, self._bids.best)
        return single_price(bids, offers, self._rules.auction, self._reference)

    # --- Refusing: changes nothing ------------------------------------------------------------------------------------

    def check(self, order: BookOrder, max_fills: int) -> Refusal:
        """What `submit` would refuse with; see the contract for what is looked at in which order."""
        kind, limit = order.kind, order.price_ticks
        if (
            not 0 < limit <= MAX_TICKS
            or not 0 < order.quantity_lots <= MAX_LOTS
            or order.order_id <= 0
            or order.account_id <= 0
            or max_fills <= 0
        ):
            return Refusal.RECORD_INVALID
        simple = kind == LIMIT and not (
            order.post_only
            or order.display_lots
            or order.hidden
            or order.minimum_lots
            or order.all_or_none
            or order.stop_ticks
            or order.trail_ticks
            or order.offset_ticks
            or order.oco_id
            or order.max_notional_ticks
            or order.group_id
            or order.time_limit >= FOK
        )
        if not simple:
            if not _numbers_valid(order, max_fills):
                return Refusal.RECORD_INVALID
            if conflicts(order):
                return Refusal.CONFLICT
        if order.order_id in self._entries:
            return Refusal.ORDER_KNOWN
        if simple and self._matching == CONTINUOUS:
            return Refusal.NONE
        return self._check_market(order, max_fills)

    def _check_market(self, order: BookOrder, max_fills: int) -> Refusal:
        """What the phase, the other orders and the prices forbid."""
        if not self._phase_allows(order):
            return Refusal.PHASE
        if self._matching == FIXED_PRICE and not self._accepts_fixed(order.side == BUY, order.price_ticks):
            return Refusal.NOT_AT_FIXED_PRICE
        entry = _entry_of(order)
        if entry.pegged and peg_price(entry, *self._anchors()) == NO_PRICE:
            return Refusal.NO_REFERENCE
        if order.trail_ticks and not order.stop_ticks and self._followed(entry.buys) == NO_PRICE:
            return Refusal.NO_REFERENCE
        if order.oco_id != NO_ORDER and not self._can_pair(order):
            return Refusal.OCO_INVALID
        if (entry.pegged or order.trail_ticks) and len(self._pegs) + len(self._stops.trailing) >= MAX_FOLLOWERS:
            return Refusal.TOO_MANY_FOLLOWERS
        if self._matching not in (CONTINUOUS, FIXED_PRICE) or order.kind in STOPS or order.time_limit in CALL_OF:
            return Refusal.NONE  # it takes nothing now
        if order.all_or_none:
            whole = len(self._whole_bids) + len(self._whole_offers)
            if whole >= MAX_CONTINGENT and not self._fills_whole(entry, max_fills):
                return Refusal.TOO_MANY_CONTINGENT
            return Refusal.NONE
        if order.post_only and not entry.pegged and self._would_take(entry, order.price_ticks):
            return Refusal.WOULD_TRADE
        if order.kind == MARKET and not self._would_take(entry, order.price_ticks):
            return Refusal.NO_LIQUIDITY
        wanted = order.quantity_lots if order.time_limit == FOK else order.minimum_lots
        if wanted:
            got = self._obtainable(entry, wanted, max_fills)
            if got.lots < wanted:
                if got.cut:
                    return Refusal.TOO_MANY_FILLS
                return Refusal.NOT_FILLABLE if order.time_limit == FOK else Refusal.MINIMUM_NOT_MET
        return Refusal.NONE

    def check_replace(self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int) -> Refusal:
        """What `replace` would refuse with, in the order of the contract."""
        if not 0 < price_ticks <= MAX_TICKS or not 0 < quantity_lots <= MAX_LOTS or not 0 <= stop_ticks <= MAX_TICKS:
            return Refusal.RECORD_INVALID
        entry = self._entries.get(order_id)
        if entry is None:
            return Refusal.ORDER_UNKNOWN
        if self._matching in (HALTED, UNCROSSING) or (entry.order.all_or_none and self._matching != CONTINUOUS):
            return Refusal.PHASE
        if entry.place == IN_HAND:
            return Refusal.PENDING
        waits = entry.place == STOP
        new_stop = stop_ticks or entry.stop_ticks
        same_terms = price_ticks == entry.order.price_ticks and (not waits or new_stop == entry.stop_ticks)
        if same_terms and quantity_lots == entry.remaining_lots:
            return Refusal.NOTHING_CHANGES
        if self._matching == FIXED_PRICE and not waits and not self._accepts_fixed(entry.buys, price_ticks):
            return Refusal.NOT_AT_FIXED_PRICE
        if stop_ticks and not waits:
            return Refusal.CONFLICT
        if same_terms and quantity_lots < entry.remaining_lots:
            return Refusal.NONE
        if entry.pegged:
            if self._matching != CONTINUOUS:
                return Refusal.PHASE
            moved = _with_terms(entry.order, price_ticks, quantity_lots, 0)
            if peg_price(_entry_of(moved), *self._anchors()) == NO_PRICE:
                return Refusal.NO_REFERENCE
        elif entry.order.post_only and self._takes_now(entry) and self._would_take(entry, price_ticks, quantity_lots):
            return Refusal.WOULD_TRADE
        return Refusal.NONE

    # --- Changing -----------------------------------------------------------------------------------------------------

    def submit(self, order: BookOrder, max_fills: int) -> Events:
        """Take what the order may take, then let it rest, wait or end, and what follows from that happen."""
        refusal = self.check(order, max_fills)
        if refusal is not Refusal.NONE:
            return [_refused(refusal, order.order_id)]
        events: Events = []
        entry = _entry_of(order)
        if order.oco_id:
            self._entries[order.oco_id].oco_id = order.order_id
        left = self._enter(entry, max_fills, events)
        self._follow_up(left, events)
        return events

    def cancel(self, order_id: int, reason: int = Reason.REQUESTED) -> Events:
        """End an open order, wherever it is."""
        entry = self._entries.get(order_id)
        if entry is None:
            return [_refused(Refusal.ORDER_UNKNOWN, order_id)]
        if self._matching == UNCROSSING:
            return [_refused(Refusal.PHASE, order_id)]
        events: Events = []
        self._end(entry, reason, events)
        self._follow_up(0, events)
        return events

    def cancel_where(self, account_id: int, group_id: int, side: int, reason: int, max_orders: int) -> Events:
        """End open orders by ascending id, at most `max_orders`; zero means any account, group or side."""
        if self._matching == UNCROSSING:
            return [_refused(Refusal.PHASE, NO_ORDER)]
        if max_orders <= 0:
            return [_refused(Refusal.RECORD_INVALID, NO_ORDER)]
        chosen = sorted(
            order_id
            for order_id, entry in self._entries.items()
            if account_id in (0, entry.account_id) and group_id in (0, entry.group_id) and side in (0, side_of(entry))
        )
        events: Events = []
        for order_id in chosen[:max_orders]:
            self._end(self._entries[order_id], reason, events)
        self._follow_up(0, events)
        return events

    def replace(self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int, max_fills: int) -> Events:
        """Give an open order a new price and a new remaining quantity: in place if it merely shrinks, else anew."""
        refusal = self.check_replace(order_id, price_ticks, quantity_lots, stop_ticks)
        if refusal is Refusal.NONE and not 0 < max_fills <= MAX_FILLS:
            refusal = Refusal.RECORD_INVALID
        if refusal is not Refusal.NONE:
            return [_refused(refusal, order_id)]
        events: Events = []
        entry = self._entries[order_id]
        waits = entry.place == STOP
        same_level = not waits or stop_ticks in (0, entry.stop_ticks)
        same_terms = price_ticks == entry.order.price_ticks and same_level
        new_stop = (stop_ticks or entry.stop_ticks) if waits else entry.order.stop_ticks
        if same_terms and quantity_lots < entry.remaining_lots and not entry.order.all_or_none:
            entry.order = _with_terms(entry.order, price_ticks, quantity_lots, entry.order.stop_ticks)
            self._reduce(entry, entry.remaining_lots - quantity_lots, Reason.REPLACED, events)
            self._follow_up(0, events)
            return events
        self._leave(entry)
        entry.order = _with_terms(entry.order, price_ticks, quantity_lots, new_stop)
        entry.price_ticks, entry.remaining_lots, entry.shown_lots = price_ticks, quantity_lots, 0
        events.append(_event(EventKind.REPLACED, entry, price_ticks=price_ticks))
        if waits:
            entry.stop_ticks = new_stop
            self._park(entry, events)
            left = max_fills
        else:
            left = self._enter_active(entry, max_fills, events)
        self._follow_up(left, events)
        return events

    def set_phase(self, matching: Matching, call: Call, fixed_ticks: int, max_fills: int) -> Events:
        """Change what the book does, then go on with what that sets free."""
        if (
            matching == UNCROSSING
            or (matching == COLLECT) != (call != Call.NONE)
            or (matching == FIXED_PRICE) != (fixed_ticks != NO_PRICE)
            or not 0 <= fixed_ticks <= MAX_TICKS
            or not 0 < max_fills <= MAX_FILLS
        ):
            return [_refused(Refusal.RECORD_INVALID, NO_ORDER)]
        if self._matching == UNCROSSING:
            return [_refused(Refusal.PHASE, NO_ORDER)]
        if matching in (CONTINUOUS, FIXED_PRICE):
            if matching == CONTINUOUS and self._crossed():
                return [_refused(Refusal.CROSSED, NO_ORDER)]
            if matching == FIXED_PRICE and self._bids.reaches(fixed_ticks) and self._offers.reaches(fixed_ticks):
                return [_refused(Refusal.CROSSED, NO_ORDER)]
            if self._auction_only:
                return [_refused(Refusal.PENDING, NO_ORDER)]
        events: Events = []
        self._change_phase(matching, call, fixed_ticks, events)
        if matching == CONTINUOUS and self._rules.stop_trigger is StopTrigger.LAST_TRADE and self._last:
            self._reach(BUY, self._last, events)
            self._reach(SELL, self._last, events)
        self._follow_up(max_fills, events)
        return events

    def set_references(
        self, last_ticks: int, reference_ticks: int, band_low_ticks: int, band_high_ticks: int
    ) -> Events:
        """Tell the last price, the reference price and the band."""
        prices = (last_ticks, reference_ticks, band_low_ticks, band_high_ticks)
        if not all(0 <= price <= MAX_TICKS for price in prices) or (
            band_high_ticks and band_low_ticks > band_high_ticks
        ):
            return [_refused(Refusal.RECORD_INVALID, NO_ORDER)]
        if self._matching == UNCROSSING:
            return [_refused(Refusal.PHASE, NO_ORDER)]
        self._set_references(*prices)
        return [BookEvent(EventKind.REFERENCES, 0, 0, 0, 0, 0, *prices, 0)]

    def uncross_begin(self) -> Events:
        """Fix price, volume and allocation of the call's auction."""
        if self._matching != COLLECT:
            return [_refused(Refusal.PHASE, NO_ORDER)]
        if self.pending:
            return [_refused(Refusal.PENDING, NO_ORDER)]
        price, lots, imbalance, side = self.indication()
        self._matching = UNCROSSING
        self._uncross_ticks, self._uncross_lots = price, lots
        if self._rules.allocation is Allocation.PRO_RATA and lots:
            self._shares = self._share_last_price(self._bids, lots) or self._share_last_price(self._offers, lots)
        return [BookEvent(EventKind.UNCROSSING, side, 0, 0, 0, 0, price, lots, imbalance, 0, 0)]

    def uncross_continue(self, max_fills: int) -> Events:
        """Hand out the next fills; at the end, end what lives only for the auction, and collect again."""
        if self._matching != UNCROSSING:
            return [_refused(Refusal.PHASE, NO_ORDER)]
        if not 0 < max_fills <= MAX_FILLS:
            return [_refused(Refusal.RECORD_INVALID, NO_ORDER)]
        events: Events = []
        left = max_fills
        while left and self._uncross_lots:
            self._pair(events)
            left -= 1
        while left and not self._uncross_lots and self._auction_only:
            entry = next(iter(self._auction_only.values()))
            market = entry.order.kind == MARKET
            self._end(entry, Reason.MARKET_REMAINDER if market else Reason.AUCTION_ENDED, events)
            left -= 1
        if not self._uncross_lots and not self._auction_only:
            self._matching = COLLECT
            self._last = self._uncross_ticks or self._last
            events.append(BookEvent(EventKind.UNCROSSED, 0, 0, 0, 0, 0, self._uncross_ticks, 0, 0, 0, 0))
            self._uncross_ticks = NO_PRICE
        return events

    def continue_(self, max_fills: int) -> Events:
        """Go on with what earlier operations left pending."""
        if self._matching == UNCROSSING:
            return [_refused(Refusal.PHASE, NO_ORDER)]
        if not 0 < max_fills <= MAX_FILLS:
            return [_refused(Refusal.RECORD_INVALID, NO_ORDER)]
        events: Events = []
        self._follow_up(max_fills, events)
        return events

    # --- An order's way -----------------------------------------------------------------------------------------------

    def _enter(self, entry: Entry, max_fills: int, events: Events) -> int:
        """A new order: it waits, or acts. Answers what is left of `max_fills`."""
        order = entry.order
        if order.kind != LIMIT and order.kind in STOPS:
            entry.stop_ticks = order.stop_ticks or trailing_level(
                entry.buys, self._followed(entry.buys), order.trail_ticks
            )
            self._park(entry, events)
            return max_fills
        return self._enter_active(entry, max_fills, events)

    def _enter_active(self, entry: Entry, max_fills: int, events: Events) -> int:
        """An order that does not wait for a price: it joins its call, or takes and then rests or ends."""
        order = entry.order
        if order.time_limit >= AT_OPEN and not (self._matching == COLLECT and self._call == CALL_OF[order.time_limit]):
            self._park_for_call(entry, events)
            return max_fills
        if self._matching == COLLECT:
            self._rest(entry, events)
            return max_fills
        if entry.pegged:
            price = peg_price(entry, *self._anchors())
            entry.price_ticks = behind(entry, price, self._best_of_other(entry)) if order.post_only else price
        return self._act(entry, max_fills, events)

    def _act(self, entry: Entry, max_fills: int, events: Events) -> int:
        """Take, and let the rest stay or end. Answers what is left of `max_fills`."""
        if entry.order.all_or_none and not self._fills_whole(entry, max_fills):
            self._rest_whole(entry, events)
            return max_fills
        left, why = (max_fills, NOTHING) if entry.order.post_only else self._take(entry, max_fills, events)
        self._settle_rest(entry, why, events)
        return left

    def _settle_rest(self, entry: Entry, why: int, events: Events) -> None:
        """What remains of an order that took goes to its queue, or ends."""
        if not entry.remaining_lots:
            self._forget(entry)
        elif why:
            self._end(entry, why, events)
        elif entry.takes_only:
            self._end(entry, Reason.MARKET_REMAINDER, events)
        elif entry.order.time_limit == IOC:
            self._end(entry, Reason.IMMEDIATE_OR_CANCEL, events)
        else:
            self._rest(entry, events)

    def _take(self, taker: Entry, max_fills: int, events: Events) -> tuple[int, int]:
        """Trade with the other side, best price and oldest order first. What is left of `max_fills`, and why it ended.

        The reason is zero when the taker is filled, nothing more is in its reach, or its cap buys no further lot.
        """
        buys, limit = taker.buys, self._fixed or taker.price_ticks
        half, whole = (self._offers, self._whole_offers) if buys else (self._bids, self._whole_bids)
        if (half.best > limit if buys else half.best < limit) and not whole:  # most orders end here
            return max_fills, NOTHING
        left = max_fills
        budget = taker.order.max_notional_ticks
        capped = budget > 0
        first_trade = last_trade = NO_PRICE
        why = NOTHING
        while taker.remaining_lots:
            maker = self._next_whole(taker, limit, budget if capped else None) if whole else None
            if maker is not None:
                lots = maker.remaining_lots
            elif not (half.best <= limit if buys else half.best >= limit):
                break
            elif not self._low <= half.best <= self._high and not self._fixed:
                self._interrupt(taker, half.best, events)
                break
            else:
                maker = half.first()
                lots = maker.remaining_lots if maker.hidden else maker.shown_lots
            price = self._fixed or maker.price_ticks
            if lots > taker.remaining_lots:  # noqa: PLR1730 - min() takes four times as long, once a fill
                lots = taker.remaining_lots
            if capped and price * lots > budget:
                lots = budget // price
                if not lots:
                    break
            if not left:
                why = int(Reason.FILL_LIMIT)
                break
            left -= 1
            if (taker.account_id == maker.account_id or taker.group_id) and related(taker, maker):
                why = self._prevent(taker, maker, events)
                if why:
                    break
                continue
            budget -= price * lots
            self._fill(taker, maker, price, lots, events)
            last_trade = price
            first_trade = first_trade or price
        if last_trade:
            self._last = last_trade
            if self._stops and self._matching == CONTINUOUS and self._rules.stop_trigger is StopTrigger.LAST_TRADE:
                for price in (first_trade, last_trade):  # a taker's prices only rise or only fall
                    self._reach(BUY, price, events)
                    self._reach(SELL, price, events)
        return left, why

    def _next_whole(self, taker: Entry, limit: int, budget: int | None) -> Entry | None:
        """The all-or-none order that comes before every queue, and that the taker can fill."""
        half, whole = (self._offers, self._whole_offers) if taker.buys else (self._bids, self._whole_bids)
        for entry in whole:
            price = entry.price_ticks
            if not (price < half.best and price <= limit if taker.buys else price > half.best and price >= limit):
                return None
            if entry.remaining_lots > taker.remaining_lots or not (self._fixed or self._low <= price <= self._high):
                continue
            if budget is None or (self._fixed or price) * entry.remaining_lots <= budget:
                return entry
        return None

    def _fill(self, taker: Entry, maker: Entry, price: int, lots: int, events: Events) -> None:
        """One trade; what is used up leaves, an iceberg shows its next slice, the other order of a pair ends."""
        taker_left = taker.remaining_lots = taker.remaining_lots - lots
        maker_left = maker.remaining_lots = maker.remaining_lots - lots
        side = BUY if taker.buys else SELL
        ids = taker.order_id, maker.order_id
        events.append(new_event(BookEvent, (FILLED, side, 0, 0, *ids, price, lots, taker_left, maker_left, 0)))
        level = maker.level
        if level is not None:
            level.lots -= lots
            if not maker.hidden:
                maker.shown_lots -= lots
                level.shown -= lots
        if not maker_left:
            self._leave(maker)
            del self._entries[maker.order_id]
        elif level is not None and not maker.hidden and not maker.shown_lots:
            self._refill(maker, events)
        if maker.oco_id:
            self._end_other(maker, events)
        if taker.oco_id:
            self._end_other(taker, events)

    def _prevent(self, taker: Entry, maker: Entry, events: Events) -> int:
        """A taker met one of its own: do what it asked for. The reason that ends the taker, zero if it goes on."""
        word = taker.order.self_trade
        if word == SelfTrade.CANCEL_NEWEST:
            return int(Reason.SELF_TRADE)
        if word == SelfTrade.DECREMENT:
            lots = min(taker.remaining_lots, maker.remaining_lots)
            if lots == maker.remaining_lots:
                self._end(maker, Reason.SELF_TRADE, events)
            else:
                self._reduce(maker, lots, Reason.SELF_TRADE, events)
            if lots == taker.remaining_lots:
                return int(Reason.SELF_TRADE)
            self._reduce(taker, lots, Reason.SELF_TRADE, events)
            return NOTHING
        self._end(maker, Reason.SELF_TRADE, events)
        return NOTHING if word == SelfTrade.CANCEL_OLDEST else int(Reason.SELF_TRADE)

    def _interrupt(self, taker: Entry, price: int, events: Events) -> None:
        """Nothing may trade at this price: a volatility call begins."""
        events.append(_event(EventKind.INTERRUPTED, taker, price_ticks=price))
        self._change_phase(Matching.COLLECT, Call.VOLATILITY, NO_PRICE, events)

    # --- Where an order goes ------------------------------------------------------------------------------------------

    def _rest(self, entry: Entry, events: Events) -> None:
        """Put an order at the end of its queue."""
        left = entry.remaining_lots
        entry.shown_lots = shown = 0 if entry.hidden else min(entry.display_lots, left) if entry.display_lots else left
        entry.priority = priority = self._next_priority
        self._next_priority = priority + 1
        entry.place = QUEUE
        (self._bids if entry.buys else self._offers).append(entry)
        self._entries[entry.order_id] = entry
        flags = 0
        if entry.hidden:
            flags |= Flag.HIDDEN
        if entry.pegged:
            flags |= Flag.PEGGED
            self._pegs[entry.order_id] = entry
        if entry.takes_only or entry.order.time_limit >= AT_OPEN:
            self._auction_only[entry.order_id] = entry
        side = BUY if entry.buys else SELL
        where = entry.order_id, 0, entry.price_ticks
        events.append(new_event(BookEvent, (RESTED, side, 0, flags, *where, shown, left, 0, priority)))

    def _rest_whole(self, entry: Entry, events: Events) -> None:
        """Put an all-or-none order beside the queues."""
        entry.place = CONTINGENT
        self._number(entry)
        (self._whole_bids if entry.buys else self._whole_offers).insert(entry)
        self._entries[entry.order_id] = entry
        events.append(_event(EventKind.RESTED, entry, flags=Flag.CONTINGENT, priority=entry.priority))

    def _park(self, entry: Entry, events: Events) -> None:
        """Let a stop wait for its price; one that is reached already has its turn after this operation."""
        entry.place = STOP
        self._number(entry)
        self._stops.add(entry)
        self._entries[entry.order_id] = entry
        level, last = entry.stop_ticks, self._last
        events.append(_event(EventKind.PARKED, entry, reason=Reason.STOP, price_ticks=level, priority=entry.priority))
        reached = last != NO_PRICE and (level <= last if entry.buys else level >= last)
        if reached and self._matching == CONTINUOUS and self._rules.stop_trigger is StopTrigger.LAST_TRADE:
            self._reach(side_of(entry), last, events)

    def _park_for_call(self, entry: Entry, events: Events) -> None:
        """Let an at-open or at-close order wait for its call."""
        entry.place = Place.CALL
        self._number(entry)
        self._calls[CALL_OF[entry.order.time_limit]][entry.order_id] = entry
        self._entries[entry.order_id] = entry
        reason = WAITS_FOR[entry.order.time_limit]
        events.append(_event(EventKind.PARKED, entry, reason=reason, priority=entry.priority))

    def _leave(self, entry: Entry) -> None:
        """Take an order out of wherever it is; it is still open."""
        place = entry.place
        if place == QUEUE:
            if entry.level is not None:
                (self._bids if entry.buys else self._offers).drop(entry)
            if entry.pegged:
                self._pegs.pop(entry.order_id, None)
            if self._auction_only:
                self._auction_only.pop(entry.order_id, None)
        elif place == STOP:
            self._stops.remove(entry)
        elif place == Place.CALL:
            del self._calls[CALL_OF[entry.order.time_limit]][entry.order_id]
        elif place == CONTINGENT:
            (self._whole_bids if entry.buys else self._whole_offers).remove(entry)
        else:
            self._in_hand = None
        entry.place = QUEUE

    def _end(self, entry: Entry, reason: int, events: Events) -> None:
        """Cancel what remains of an order, wherever it is."""
        self._leave(entry)
        self._forget(entry)
        side, lots = (BUY if entry.buys else SELL), entry.remaining_lots
        where = entry.order_id, 0, entry.price_ticks
        events.append(new_event(BookEvent, (CANCELLED, side, reason, 0, *where, lots, 0, 0, 0)))

    def _forget(self, entry: Entry) -> None:
        """An order is over; its pair is dissolved."""
        self._entries.pop(entry.order_id, None)
        if entry.oco_id:
            self._entries[entry.oco_id].oco_id = NO_ORDER
            entry.oco_id = NO_ORDER

    def _end_other(self, entry: Entry, events: Events) -> None:
        """One order of a pair traded or was triggered: cancel the other."""
        other = self._entries[entry.oco_id]
        entry.oco_id = other.oco_id = NO_ORDER
        self._end(other, Reason.ONE_CANCELS_OTHER, events)

    def _reduce(self, entry: Entry, lots: int, reason: int, events: Events) -> None:
        """Take lots off an order, which keeps its place; an iceberg gives from its reserve first."""
        entry.remaining_lots -= lots
        hidden_now = entry.shown_lots - min(entry.shown_lots, entry.remaining_lots)
        entry.shown_lots -= hidden_now
        if entry.level is not None:
            entry.level.lots -= lots
            entry.level.shown -= hidden_now
        events.append(_event(EventKind.REDUCED, entry, reason=reason, lots=entry.shown_lots))

    def _refill(self, entry: Entry, events: Events) -> None:
        """Show an iceberg's next slice, behind what is displayed at its price."""
        level = entry.level
        ensure(level is not None, "an iceberg stands in a queue")
        if level is not None:
            level.remove(entry)
            entry.shown_lots = min(entry.display_lots, entry.remaining_lots)
            self._number(entry)
            level.append(entry)
        if entry.order_id in self._auction_only:  # which ends its orders by number
            self._auction_only[entry.order_id] = self._auction_only.pop(entry.order_id)
        events.append(_event(EventKind.REFILLED, entry, lots=entry.shown_lots, priority=entry.priority))

    def _number(self, entry: Entry) -> None:
        entry.priority = self._next_priority
        self._next_priority += 1

    # --- What follows -------------------------------------------------------------------------------------------------

    def _follow_up(self, left: int, events: Events) -> None:
        """Let stops have their turn, and when nothing is pending let trailing stops and pegs move; in a call, let its
        orders join. `left` bounds the former and the latter; the moving is bounded by MAX_FOLLOWERS.
        """
        if self._matching == CONTINUOUS:
            if self._stops or self._stops.reaches or self._in_hand is not None:
                self._run_stops(left, events)
            if (self._pegs or self._stops.trailing) and self._matching == CONTINUOUS and not self.pending:
                self._move_trailing_stops(events)
                self._move_pegs(events)
        elif self._matching == COLLECT:
            waiting = self._calls.get(self._call)
            while waiting and left > 0:
                entry = next(iter(waiting.values()))
                self._leave(entry)
                self._rest(entry, events)
                left -= 1

    def _run_stops(self, left: int, events: Events) -> None:
        """One stop after another, until none is due or `left` is used up."""
        while self._matching == CONTINUOUS:
            entry = self._in_hand
            if entry is None:
                if self._rules.stop_trigger is StopTrigger.OPPOSITE_QUOTE:
                    self._look_at_quotes(events)
                entry = self._stops.due()
                if entry is None or left <= 0:
                    return
                left -= 1
                self._trigger(entry, events)
            elif left <= 0:
                return
            left, why = self._take(entry, left, events)
            if why == Reason.FILL_LIMIT:
                return  # it stays in hand
            self._in_hand = None
            entry.place = QUEUE
            self._settle_rest(entry, why, events)

    def _trigger(self, entry: Entry, events: Events) -> None:
        """A stop becomes what it waited to be."""
        self._stops.remove(entry)
        entry.place = IN_HAND
        self._in_hand = entry
        entry.price_ticks = triggered_limit(entry)
        events.append(_event(EventKind.TRIGGERED, entry, price_ticks=entry.stop_ticks))
        if entry.oco_id:
            self._end_other(entry, events)

    def _look_at_quotes(self, events: Events) -> None:
        for side, price in ((BUY, self._followed(buys=True)), (SELL, self._followed(buys=False))):
            if price:
                self._reach(side, price, events)

    def _reach(self, side: int, price: int, events: Events) -> None:
        """Note that a price was reached, if stops wait for it."""
        if self._stops.reach(side, price, self._next_priority):
            events.append(BookEvent(EventKind.REACHED, side, 0, 0, 0, 0, price, 0, 0, 0, self._next_priority))

    def _move_trailing_stops(self, events: Events) -> None:
        for buys in (True, False):
            price = self._followed(buys)
            if price and self._stops.trailing:
                for entry in self._stops.follow(buys, price):
                    level = entry.stop_ticks
                    events.append(_event(EventKind.REPRICED, entry, price_ticks=level, priority=entry.priority))

    def _move_pegs(self, events: Events) -> None:
        """Move pegs after the best prices, if those moved, in the order of their numbers."""
        if not self._pegs:
            return
        bid, offer = self._anchors()
        now = (bid, offer, _best(self._bids), _best(self._offers))
        if now == self._pegged_to:
            return
        self._pegged_to = now
        for entry in sorted(self._pegs.values(), key=lambda entry: entry.priority):
            wanted = peg_price(entry, bid, offer)
            price = behind(entry, wanted, self._best_of_other(entry)) if wanted else NO_PRICE
            if not 0 < price <= MAX_TICKS or price == entry.price_ticks:
                continue
            half = self._bids if entry.buys else self._offers
            half.drop(entry)
            entry.price_ticks = price
            self._number(entry)
            half.append(entry)
            flags = Flag.PEGGED | Flag.HIDDEN * entry.hidden
            events.append(
                _event(EventKind.REPRICED, entry, flags=flags, lots=entry.shown_lots, priority=entry.priority)
            )

    # --- The auction --------------------------------------------------------------------------------------------------

    def _pair(self, events: Events) -> None:
        """One fill of the auction: the best bid and the best offer that still have something due."""
        bid, bid_lots = self._next_due(self._bids)
        offer, offer_lots = self._next_due(self._offers)
        lots = min(bid_lots, offer_lots, self._uncross_lots)
        self._uncross_lots -= lots
        flags = Flag.AUCTION | Flag.SELF * related(bid, offer)
        bid.remaining_lots -= lots
        offer.remaining_lots -= lots
        left = bid.remaining_lots, offer.remaining_lots
        ids = bid.order_id, offer.order_id
        events.append(BookEvent(FILLED, BUY, 0, flags, *ids, self._uncross_ticks, lots, *left, 0))
        for entry in (bid, offer):
            self._after_auction_fill(entry, lots, events)

    def _next_due(self, half: Half) -> tuple[Entry, int]:
        """Whose turn it is on one side, and how much is due to it."""
        if self._shares:
            order_id, lots = next(iter(self._shares.items()))
            entry = self._entries[order_id]
            if entry.buys == half.buys and entry.price_ticks == half.best:
                return entry, lots
        entry = half.first()
        return entry, entry.remaining_lots

    def _after_auction_fill(self, entry: Entry, lots: int, events: Events) -> None:
        """Take the lots off what an order shows first; an iceberg shows again when its turn is over."""
        shared = entry.order_id in self._shares
        if shared:
            self._shares[entry.order_id] -= lots
            if not self._shares[entry.order_id]:
                del self._shares[entry.order_id]
        level = entry.level
        if level is None:
            raise InvariantBroken("an order in an auction stands in a queue")
        no_longer_shown = min(entry.shown_lots, lots)
        entry.shown_lots -= no_longer_shown
        level.shown -= no_longer_shown
        level.lots -= lots
        turn_over = not self._uncross_lots or (shared and entry.order_id not in self._shares)
        if not entry.remaining_lots:
            self._leave(entry)
            del self._entries[entry.order_id]
        elif turn_over and not entry.hidden and not entry.shown_lots:
            self._refill(entry, events)
        if entry.oco_id:
            self._end_other(entry, events)

    def _share_last_price(self, half: Half, lots: int) -> dict[int, int]:
        """What is due to each order at the price that is not filled whole; nothing if every price is."""
        before = 0
        for price in half:
            level = half.levels[price]
            if before + level.lots > lots:
                if before == lots:
                    break
                entries = list(level)
                parts = share_pro_rata(lots - before, [entry.remaining_lots for entry in entries])
                return {entry.order_id: part for entry, part in zip(entries, parts, strict=True) if part}
            before += level.lots
        return {}

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
        entry = _entry_of(saved.order)
        entry.place, entry.price_ticks, entry.stop_ticks = saved.place, saved.price_ticks, saved.stop_ticks
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
        return _best(self._offers if entry.buys else self._bids)

    def _followed(self, buys: bool) -> int:
        """The price that moves stops of a side."""
        if self._rules.stop_trigger is StopTrigger.LAST_TRADE:
            return self._last
        return (self._offers if buys else self._bids).best_shown()

    def _accepts_fixed(self, buys: bool, price: int) -> bool:
        return price >= self._fixed if buys else price <= self._fixed

    def _phase_allows(self, order: BookOrder) -> bool:
        """Which orders may be sent now."""
        if self._matching == CONTINUOUS:
            return True
        if self._matching not in (COLLECT, FIXED_PRICE) or order.all_or_none or order.minimum_lots:
            return False
        if order.kind >= PEGGED_BEST or order.time_limit == FOK:
            return False
        if self._matching == FIXED_PRICE:
            return order.kind in (LIMIT, MARKET) and order.time_limit < AT_OPEN
        return order.time_limit != IOC and not order.max_notional_ticks

    def _takes_now(self, entry: Entry) -> bool:
        """Whether an order that is replaced could take."""
        return self._matching in (CONTINUOUS, FIXED_PRICE) and entry.place == QUEUE

    def _would_take(self, entry: Entry, price: int, lots: int = 0) -> bool:
        """Whether anybody stands within an order's limit, all-or-none orders it could fill included."""
        half, whole = (self._offers, self._whole_offers) if entry.buys else (self._bids, self._whole_bids)
        limit = self._fixed or price
        return half.reaches(limit) or whole.fitting(limit, lots or entry.remaining_lots)

    def _fills_whole(self, entry: Entry, max_fills: int) -> bool:
        """Whether an all-or-none order gets everything at once."""
        return self._obtainable(entry, entry.remaining_lots, max_fills).lots == entry.remaining_lots

    def _obtainable(self, entry: Entry, wanted_lots: int, max_fills: int) -> Obtainable:
        half, whole = (self._offers, self._whole_offers) if entry.buys else (self._bids, self._whole_bids)
        taker = Taker(
            account_id=entry.account_id,
            group_id=entry.group_id,
            buys=entry.buys,
            limit_ticks=self._fixed or entry.price_ticks,
            lots=entry.remaining_lots,
            removes_own=entry.order.self_trade == SelfTrade.CANCEL_OLDEST,
            low_ticks=1 if self._fixed else self._low,
            high_ticks=MAX_TICKS if self._fixed else self._high,
            fixed_ticks=self._fixed,
            cap_ticks=entry.order.max_notional_ticks,
        )
        return obtainable(half, whole, taker, wanted_lots, max_fills)

    def _can_pair(self, order: BookOrder) -> bool:
        other = self._entries.get(order.oco_id)
        if other is None or other.oco_id or other.account_id != order.account_id:
            return False
        return other.place == STOP or (order.kind in STOPS and other.place != IN_HAND)

    def _change_phase(self, matching: Matching, call: Call, fixed_ticks: int, events: Events) -> None:
        self._matching, self._call, self._fixed = int(matching), int(call), fixed_ticks
        events.append(BookEvent(EventKind.PHASE, matching, call, 0, 0, 0, fixed_ticks, 0, 0, 0, 0))

    def _set_references(self, last: int, reference: int, band_low: int, band_high: int) -> None:
        self._last, self._reference, self._band_low, self._band_high = last, reference, band_low, band_high
        self._low, self._high = band_low or 1, band_high or MAX_TICKS


def _entry_of(order: BookOrder) -> Entry:
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


def _state_of(entry: Entry) -> OrderState:
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


def _with_terms(order: BookOrder, price_ticks: int, quantity_lots: int, stop_ticks: int) -> BookOrder:
    return msgspec.structs.replace(order, price_ticks=price_ticks, quantity_lots=quantity_lots, stop_ticks=stop_ticks)


def _numbers_valid(order: BookOrder, max_fills: int) -> bool:
    lots = (order.display_lots, order.minimum_lots)
    ticks = (order.stop_ticks, order.trail_ticks, order.offset_ticks)
    others = (order.group_id, order.oco_id, order.max_notional_ticks)
    return (
        0 < max_fills <= MAX_FILLS
        and all(0 <= number <= MAX_LOTS for number in lots)
        and all(0 <= number <= MAX_TICKS for number in ticks)
        and all(number >= 0 for number in others)
    )


def _best(half: Half) -> int:
    return half.best if half.levels else NO_PRICE


def _curve(half: Half, worst: int) -> list[CurvePoint]:
    """One side's prices and lots as far as the other side reaches."""
    points: list[CurvePoint] = []
    for price in half:
        if price < worst if half.buys else price > worst:
            break
        level = half.levels[price]
        points.append(CurvePoint(price, level.lots, level.order_count > level.unpriced))
    return points


def _refused(refusal: Refusal, order_id: int) -> BookEvent:
    return BookEvent(EventKind.REFUSED, 0, refusal, 0, order_id, 0, 0, 0, 0, 0, 0)


def _event(
    kind: EventKind,
    entry: Entry,
    *,
    reason: int = 0,
    flags: int = 0,
    price_ticks: int | None = None,
    lots: int = 0,
    priority: int = 0,
) -> BookEvent:
    """An event about one order, with what remains of it."""
    price = entry.price_ticks if price_ticks is None else price_ticks
    return BookEvent(
        kind, side_of(entry), reason, flags, entry.order_id, 0, price, lots, entry.remaining_lots, 0, priority
    )
