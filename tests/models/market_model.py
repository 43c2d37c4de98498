"""A whole market on paper: every open order is a slip in one list, scanned and sorted anew for every question.

It is the independent model of `matching.book_messages.Book` and imports nothing of the project; it takes orders as
plain mappings and answers events as plain tuples, in the contract's order of fields and with the contract's numbers.
Who meets whom is one sort: price, then displayed before hidden before all-or-none, then the number.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

BUY, SELL = 1, 2
LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING_STOP, TRAILING_STOP_LIMIT, PEG_BEST, PEG_MID, PEG_MARKET = range(1, 10)
DAY, GTC, GTD, IOC, FOK, AT_OPEN, AT_CLOSE = range(1, 8)
NEWEST, OLDEST, BOTH, DECREMENT = range(1, 5)
HALTED, COLLECT, CONTINUOUS, UNCROSSING, FIXED = range(1, 6)
OPENING, CLOSING, VOLATILITY = 1, 2, 3
XETRA, EURONEXT, LSE, SSE, SZSE = range(1, 6)
(REFUSED, RESTED, PARKED, FILLED, CANCELLED, REDUCED, REPLACED, TRIGGERED) = range(1, 9)
(REFILLED, REPRICED, REACHED, PHASE, INTERRUPTED, UNCROSS, UNCROSSED, REFERENCES) = range(9, 17)
SELF_TRADE, FILL_LIMIT, IMMEDIATE, REMAINDER, PAIR, AUCTION_ENDED, BY_OWNER = range(2, 9)
WAITS_STOP, WAITS_OPEN, WAITS_CLOSE = 9, 10, 11
HIDDEN, PEGGED, WHOLE, AUCTION, SELF = 1, 2, 4, 8, 16
(INVALID, CONFLICT, KNOWN, UNKNOWN, WRONG_PHASE, NOT_FIXED, NO_REFERENCE, BAD_PAIR, MANY_FOLLOWERS, MANY_WHOLE) = range(
    1, 11
)
(WOULD_TRADE, NO_LIQUIDITY, MANY_FILLS, NOT_FILLABLE, MINIMUM, NOTHING, CROSSED, PENDING) = range(11, 19)
TICKS, LOTS, FILLS, FOLLOWERS, WHOLES = 2**53 - 1, 2**44, 2**16 - 1, 256, 256

Event = tuple[int, int, int, int, int, int, int, int, int, int, int]


@dataclass
class Slip:
    """One order. `place` is queue, stop, call, whole, hand or (while it takes) taking."""

    id: int
    account: int
    group: int
    side: int
    kind: int
    time_limit: int
    word: int
    limit: int
    price: int
    left: int
    cap: int
    hidden: bool
    post_only: bool
    whole: bool
    slice: int
    minimum: int
    level: int
    trail: int
    offset: int
    pair: int
    shown: int = 0
    number: int = 0
    place: str = "taking"

    @property
    def buys(self) -> bool:
        return self.side == BUY

    @property
    def pegged(self) -> bool:
        return self.kind >= PEG_BEST

    @property
    def stops(self) -> bool:
        return STOP <= self.kind <= TRAILING_STOP_LIMIT

    @property
    def market(self) -> bool:
        return self.kind in (MARKET, STOP, TRAILING_STOP)


class PaperMarket:
    """The slips and the few numbers beside them."""

    def __init__(self, auction: int, pro_rata: bool, by_quote: bool) -> None:
        self.auction, self.pro_rata, self.by_quote = auction, pro_rata, by_quote
        self.slips: list[Slip] = []
        self.phase, self.call, self.fixed = HALTED, 0, 0
        self.last, self.reference, self.low, self.high = 0, 0, 0, 0
        self.next_number = 1
        self.reached: list[tuple[int, int, int]] = []
        self.followed = (0, 0, 0, 0)
        self.due: dict[int, list[list[int]]] = {BUY: [], SELL: []}  # id and lots still due, as they will trade
        self.due_lots, self.due_price = 0, 0
        self.events: list[Event] = []

    # --- Looking ------------------------------------------------------------------------------------------------------

    def find(self, order_id: int) -> Slip | None:
        return next((slip for slip in self.slips if slip.id == order_id), None)

    def at(self, place: str, side: int = 0) -> list[Slip]:
        return sorted(
            (slip for slip in self.slips if slip.place == place and side in (0, slip.side)),
            key=lambda slip: slip.number,
        )

    def ranked(self, side: int, *places: str) -> list[Slip]:
        """The orders of a side as a taker would meet them."""
        sign = -1 if side == BUY else 1
        found = [slip for slip in self.slips if slip.side == side and slip.place in places]
        return sorted(found, key=lambda s: (sign * s.price, 2 if s.place == "whole" else int(s.hidden), s.number))

    def best(self, side: int, seen: str) -> int:
        """The best price: of "all" in the queues, of what is "shown", or of what pegs follow ("anchors")."""
        for slip in self.ranked(side, "queue"):
            if (
                seen == "all"
                or (seen == "shown" and slip.shown)
                or (seen == "anchors" and not slip.hidden and not slip.pegged)
            ):
                return slip.price
        return 0

    def crossed(self) -> bool:
        bid, offer = self.best(BUY, "all"), self.best(SELL, "all")
        return bool(bid and offer and bid >= offer)

    def orders(self) -> list[tuple[int, str, int, int, int, int, int, int]]:
        """Every open order: id, place, price, level, left, shown, number, pair."""
        return [
            (s.id, s.place, s.price, s.level, s.left, s.shown, s.number, s.pair)
            for s in sorted(self.slips, key=lambda s: s.number)
        ]

    def levels(self, side: int) -> list[tuple[int, int, int]]:
        queue = [slip for slip in self.ranked(side, "queue") if slip.shown]
        prices = list(dict.fromkeys(slip.price for slip in queue))
        return [(p, sum(s.shown for s in queue if s.price == p), sum(1 for s in queue if s.price == p)) for p in prices]

    def pending(self) -> bool:
        if self.phase == CONTINUOUS:
            return bool(self.reached) or any(slip.place == "hand" for slip in self.slips)
        if self.phase == COLLECT:
            return any(self.joins(slip) for slip in self.at("call"))
        return self.phase == UNCROSSING

    def joins(self, slip: Slip) -> bool:
        return (slip.time_limit, self.call) in ((AT_OPEN, OPENING), (AT_CLOSE, CLOSING))

    # --- Telling ------------------------------------------------------------------------------------------------------

    def tell(
        self, kind: int, slip: Slip, reason: int = 0, flags: int = 0, price: int = -1, lots: int = 0, number: int = 0
    ) -> None:
        price = slip.price if price < 0 else price
        left = 0 if kind == CANCELLED else slip.left
        self.events.append((kind, slip.side, reason, flags, slip.id, 0, price, lots, left, 0, number))

    def refuse(self, code: int, order_id: int) -> list[Event]:
        return [(REFUSED, 0, code, 0, order_id, 0, 0, 0, 0, 0, 0)]

    def told(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    # --- What is asked ------------------------------------------------------------------------------------------------

    def submit(self, order: Mapping[str, int], fills: int) -> list[Event]:
        slip = slip_of(order)
        refusal = self.refusal(slip, fills)
        if refusal:
            return self.refuse(refusal, slip.id)
        if slip.pair:
            self.the(slip.pair).pair = slip.id
        self.slips.append(slip)
        if slip.stops:
            last = self.moving_price(slip.side)
            slip.level = slip.level or (min(last + slip.trail, TICKS) if slip.buys else max(last - slip.trail, 1))
            self.park(slip)
        else:
            fills = self.act(slip, fills)
        self.go_on(fills)
        return self.told()

    def cancel(self, order_id: int, reason: int) -> list[Event]:
        slip = self.find(order_id)
        if slip is None:
            return self.refuse(UNKNOWN, order_id)
        if self.phase == UNCROSSING:
            return self.refuse(WRONG_PHASE, order_id)
        self.end(slip, reason)
        self.go_on(0)
        return self.told()

    def cancel_where(self, account: int, group: int, side: int, reason: int, most: int) -> list[Event]:
        if self.phase == UNCROSSING:
            return self.refuse(WRONG_PHASE, 0)
        if most <= 0:
            return self.refuse(INVALID, 0)
        named = [s for s in self.slips if account in (0, s.account) and group in (0, s.group) and side in (0, s.side)]
        for slip in sorted(named, key=lambda s: s.id)[:most]:
            self.end(slip, reason)
        self.go_on(0)
        return self.told()

    def replace(self, order_id: int, price: int, lots: int, level: int, fills: int) -> list[Event]:
        refusal = self.replace_refusal(order_id, price, lots, level)
        if refusal or not 0 < fills <= FILLS:
            return self.refuse(refusal or INVALID, order_id)
        slip = self.the(order_id)
        waits = slip.place == "stop"
        same = price == slip.limit and (not waits or level in (0, slip.level))
        if same and lots < slip.left and not slip.whole:
            self.shrink(slip, slip.left - lots, BY_OWNER)
            self.go_on(0)
            return self.told()
        slip.place, slip.limit, slip.price, slip.left, slip.shown = "taking", price, price, lots, 0
        self.tell(REPLACED, slip)
        if waits:
            slip.level = level or slip.level
            self.park(slip)
        else:
            fills = self.act(slip, fills)
        self.go_on(fills)
        return self.told()

    def set_phase(self, phase: int, call: int, fixed: int, fills: int) -> list[Event]:
        if (
            phase == UNCROSSING
            or (phase == COLLECT) != (call > 0)
            or (phase == FIXED) != (fixed > 0)
            or not 0 <= fixed <= TICKS
            or not 0 < fills <= FILLS
        ):
            return self.refuse(INVALID, 0)
        if self.phase == UNCROSSING:
            return self.refuse(WRONG_PHASE, 0)
        bid, offer = self.best(BUY, "all"), self.best(SELL, "all")
        if (phase == CONTINUOUS and self.crossed()) or (phase == FIXED and bid >= fixed and 0 < offer <= fixed):
            return self.refuse(CROSSED, 0)
        if phase in (CONTINUOUS, FIXED) and self.auction_only():
            return self.refuse(PENDING, 0)
        self.enter_phase(phase, call, fixed)
        if phase == CONTINUOUS and not self.by_quote and self.last:
            self.note(self.last)
        self.go_on(fills)
        return self.told()

    def set_references(self, last: int, reference: int, low: int, high: int) -> list[Event]:
        if not all(0 <= price <= TICKS for price in (last, reference, low, high)) or (high and low > high):
            return self.refuse(INVALID, 0)
        if self.phase == UNCROSSING:
            return self.refuse(WRONG_PHASE, 0)
        self.last, self.reference, self.low, self.high = last, reference, low, high
        return [(REFERENCES, 0, 0, 0, 0, 0, last, reference, low, high, 0)]

    def continue_(self, fills: int) -> list[Event]:
        if self.phase == UNCROSSING:
            return self.refuse(WRONG_PHASE, 0)
        if not 0 < fills <= FILLS:
            return self.refuse(INVALID, 0)
        self.go_on(fills)
        return self.told()

    # --- Refusing -----------------------------------------------------------------------------------------------------

    def refusal(self, s: Slip, fills: int) -> int:
        numbers = (s.cap, s.group, s.pair, s.slice, s.minimum, s.level, s.trail, s.offset)
        if min(s.id, s.account, s.price, s.left, fills) < 1 or min(numbers) < 0:
            return INVALID
        if max(s.price, s.level, s.trail, s.offset) > TICKS or max(s.left, s.slice, s.minimum) > LOTS or fills > FILLS:
            return INVALID
        if contradicts(s):
            return CONFLICT
        if self.find(s.id):
            return KNOWN
        if not self.allowed(s):
            return WRONG_PHASE
        if self.phase == FIXED and (s.price < self.fixed if s.buys else s.price > self.fixed):
            return NOT_FIXED
        if s.pegged and not self.peg_wish(s):
            return NO_REFERENCE
        if s.trail and not s.level and not self.moving_price(s.side):
            return NO_REFERENCE
        if s.pair and not self.pairs(s):
            return BAD_PAIR
        if (s.pegged or s.trail) and len(self.followers()) >= FOLLOWERS:
            return MANY_FOLLOWERS
        if self.phase == COLLECT or s.stops or s.time_limit >= AT_OPEN:
            return 0
        if s.whole:
            full = len(self.at("whole")) >= WHOLES
            return MANY_WHOLE if full and self.tried(s, fills)[0] < s.left else 0
        if s.post_only and not s.pegged and self.meets_somebody(s):
            return WOULD_TRADE
        if s.kind == MARKET and not self.meets_somebody(s):
            return NO_LIQUIDITY
        wanted = s.left if s.time_limit == FOK else s.minimum
        got, cut = self.tried(s, fills) if wanted else (0, False)
        if got >= wanted:
            return 0
        return MANY_FILLS if cut else NOT_FILLABLE if s.time_limit == FOK else MINIMUM

    def allowed(self, s: Slip) -> bool:
        if self.phase == COLLECT:
            return not (s.whole or s.minimum or s.pegged or s.cap or s.time_limit in (IOC, FOK))
        if self.phase == FIXED:
            simple = s.kind in (LIMIT, MARKET) and s.time_limit in (DAY, GTC, GTD, IOC)
            return simple and not s.whole and not s.minimum
        return self.phase == CONTINUOUS

    def pairs(self, s: Slip) -> bool:
        other = self.find(s.pair)
        if other is None or other.pair or other.account != s.account or other.place == "hand":
            return False
        return other.place == "stop" or s.stops

    def replace_refusal(self, order_id: int, price: int, lots: int, level: int) -> int:
        if not 0 < price <= TICKS or not 0 < lots <= LOTS or not 0 <= level <= TICKS:
            return INVALID
        s = self.find(order_id)
        if s is None:
            return UNKNOWN
        if self.phase in (HALTED, UNCROSSING) or (s.whole and self.phase != CONTINUOUS):
            return WRONG_PHASE
        if s.place == "hand":
            return PENDING
        waits = s.place == "stop"
        same = price == s.limit and (not waits or level in (0, s.level))
        if same and lots == s.left:
            return NOTHING
        if self.phase == FIXED and not waits and (price < self.fixed if s.buys else price > self.fixed):
            return NOT_FIXED
        if level and not waits:
            return CONFLICT
        if same and lots < s.left:
            return 0
        wish = copy.copy(s)
        wish.limit = wish.price = price
        wish.left = lots
        if s.pegged:
            return WRONG_PHASE if self.phase != CONTINUOUS else 0 if self.peg_wish(wish) else NO_REFERENCE
        takes = self.phase in (CONTINUOUS, FIXED) and s.place == "queue"
        return WOULD_TRADE if s.post_only and takes and self.meets_somebody(wish) else 0

    def meets_somebody(self, s: Slip) -> bool:
        limit = self.fixed or s.price
        others = self.ranked(SELL if s.buys else BUY, "queue", "whole")
        near = [o for o in others if (o.price <= limit if s.buys else o.price >= limit)]
        return any(o.place == "queue" or o.left <= s.left for o in near)

    def tried(self, s: Slip, fills: int) -> tuple[int, bool]:
        """What it would get at once, and whether only the limit of fills ended it: tried on a copy of the market."""
        paper = copy.deepcopy(self)
        slip = copy.copy(s)
        slip.pair = 0
        slip.word = OLDEST if s.word == OLDEST else NEWEST
        paper.slips.append(slip)
        _, why = paper.take(slip, fills)
        return s.left - slip.left, why == FILL_LIMIT

    # --- Trading ------------------------------------------------------------------------------------------------------

    def act(self, slip: Slip, fills: int) -> int:
        """An order that does not wait for a price; answers what is left of the fills."""
        if slip.time_limit >= AT_OPEN and not (self.phase == COLLECT and self.joins(slip)):
            slip.place, slip.number = "call", self.number()
            reason = WAITS_OPEN if slip.time_limit == AT_OPEN else WAITS_CLOSE
            self.tell(PARKED, slip, reason=reason, number=slip.number)
            return fills
        if self.phase == COLLECT:
            self.rest(slip)
            return fills
        if slip.pegged:
            slip.price = self.peg_wish(slip)
            if slip.post_only:
                slip.price = self.kept_behind(slip, slip.price)
        if slip.whole and self.tried(slip, fills)[0] < slip.left:
            slip.place, slip.number = "whole", self.number()
            self.tell(RESTED, slip, flags=WHOLE, number=slip.number)
            return fills
        why = 0
        if not slip.post_only:
            fills, why = self.take(slip, fills)
        self.stay_or_end(slip, why)
        return fills

    def stay_or_end(self, slip: Slip, why: int) -> None:
        if not slip.left:
            self.unpair(slip)
            self.slips.remove(slip)
        elif why:
            self.end(slip, why)
        elif slip.market:
            self.end(slip, REMAINDER)
        elif slip.time_limit == IOC:
            self.end(slip, IMMEDIATE)
        else:
            self.rest(slip)

    def take(self, taker: Slip, fills: int) -> tuple[int, int]:
        """Meet one maker after another; what is left of the fills, and the reason if one ended it."""
        limit, spent, prices, why = self.fixed or taker.price, 0, [], 0
        while taker.left:
            maker = self.next_maker(taker, limit, spent)
            if maker is None:
                break
            price = self.fixed or maker.price
            if maker.place == "queue" and not self.fixed and (price < self.low or price > (self.high or TICKS)):
                self.tell(INTERRUPTED, taker, price=maker.price)
                self.enter_phase(COLLECT, VOLATILITY, 0)
                break
            there = maker.shown if maker.place == "queue" and not maker.hidden else maker.left
            lots = min(there, taker.left)
            if taker.cap:
                lots = min(lots, (taker.cap - spent) // price)
            if not lots:
                break
            if not fills:
                why = FILL_LIMIT
                break
            fills -= 1
            if self.same_hand(taker, maker):
                why = self.own_orders_meet(taker, maker)
                if why:
                    break
                continue
            spent += lots * price
            prices.append(price)
            self.trade(taker, maker, price, lots)
        if prices:
            self.last = prices[-1]
            if self.phase == CONTINUOUS and not self.by_quote:
                self.note(prices[0])
                self.note(prices[-1])
        return fills, why

    def next_maker(self, taker: Slip, limit: int, spent: int) -> Slip | None:
        for maker in self.ranked(SELL if taker.buys else BUY, "queue", "whole"):
            if maker.price > limit if taker.buys else maker.price < limit:
                return None
            if maker.place == "queue":
                return maker
            price = self.fixed or maker.price
            inside = self.fixed or self.low <= maker.price <= (self.high or TICKS)
            if maker.left <= taker.left and inside and (not taker.cap or spent + price * maker.left <= taker.cap):
                return maker
        return None

    def trade(self, taker: Slip, maker: Slip, price: int, lots: int) -> None:
        taker.left -= lots
        maker.left -= lots
        self.events.append((FILLED, taker.side, 0, 0, taker.id, maker.id, price, lots, taker.left, maker.left, 0))
        showed = maker.shown > 0
        maker.shown = max(maker.shown - lots, 0)
        pair = maker.pair
        if not maker.left:
            self.slips.remove(maker)
        elif showed and not maker.shown:
            self.refill(maker)
        if pair:
            maker.pair = 0
            self.end_pair(pair)
        if taker.pair:
            pair, taker.pair = taker.pair, 0
            self.end_pair(pair)

    def refill(self, slip: Slip) -> None:
        slip.shown, slip.number = min(slip.slice, slip.left), self.number()
        self.tell(REFILLED, slip, lots=slip.shown, number=slip.number)

    def same_hand(self, one: Slip, other: Slip) -> bool:
        return one.account == other.account or (one.group > 0 and one.group == other.group)

    def own_orders_meet(self, taker: Slip, maker: Slip) -> int:
        if taker.word == NEWEST:
            return SELF_TRADE
        if taker.word in (OLDEST, BOTH):
            self.end(maker, SELF_TRADE)
            return SELF_TRADE if taker.word == BOTH else 0
        both = min(taker.left, maker.left)
        if maker.left == both:
            self.end(maker, SELF_TRADE)
        else:
            self.shrink(maker, both, SELF_TRADE)
        if taker.left == both:
            return SELF_TRADE
        self.shrink(taker, both, SELF_TRADE)
        return 0

    # --- Where slips go -----------------------------------------------------------------------------------------------

    def rest(self, slip: Slip) -> None:
        slip.shown = 0 if slip.hidden else min(slip.slice or slip.left, slip.left)
        slip.place, slip.number = "queue", self.number()
        flags = HIDDEN * slip.hidden + PEGGED * slip.pegged
        self.tell(RESTED, slip, flags=flags, lots=slip.shown, number=slip.number)

    def park(self, slip: Slip) -> None:
        slip.place, slip.number = "stop", self.number()
        self.tell(PARKED, slip, reason=WAITS_STOP, price=slip.level, number=slip.number)
        if self.phase == CONTINUOUS and not self.by_quote and self.last and reaches(self.last, slip):
            self.reach(slip.side, self.last)

    def shrink(self, slip: Slip, lots: int, reason: int) -> None:
        slip.left -= lots
        slip.shown = min(slip.shown, slip.left)
        self.tell(REDUCED, slip, reason=reason, lots=slip.shown)

    def end(self, slip: Slip, reason: int) -> None:
        self.unpair(slip)
        self.slips.remove(slip)
        self.tell(CANCELLED, slip, reason=reason, lots=slip.left)

    def unpair(self, slip: Slip) -> None:
        if slip.pair:
            self.the(slip.pair).pair = 0
            slip.pair = 0

    def end_pair(self, other_id: int) -> None:
        other = self.the(other_id)
        other.pair = 0
        self.end(other, PAIR)

    def the(self, order_id: int) -> Slip:
        slip = self.find(order_id)
        assert slip is not None
        return slip

    def number_from(self, number: int) -> list[Event]:
        self.next_number = max(self.next_number, number)
        return []

    def number(self) -> int:
        self.next_number += 1
        return self.next_number - 1

    def enter_phase(self, phase: int, call: int, fixed: int) -> None:
        self.phase, self.call, self.fixed = phase, call, fixed
        self.events.append((PHASE, phase, call, 0, 0, 0, fixed, 0, 0, 0, 0))

    # --- What follows -------------------------------------------------------------------------------------------------

    def go_on(self, fills: int) -> None:
        if self.phase == CONTINUOUS:
            self.stops_act(fills)
            if self.phase == CONTINUOUS and not self.pending():
                self.stops_trail()
                self.pegs_move()
        elif self.phase == COLLECT:
            for slip in [slip for slip in self.at("call") if self.joins(slip)][: max(fills, 0)]:
                self.rest(slip)

    def stops_act(self, fills: int) -> None:
        while self.phase == CONTINUOUS:
            in_hand = self.at("hand")
            if in_hand:
                slip = in_hand[0]
                if fills <= 0:
                    return
            else:
                if self.by_quote and self.at("stop"):
                    for side in (BUY, SELL):
                        if self.moving_price(side):
                            self.reach(side, self.moving_price(side))
                due = self.due_stop()
                if due is None or fills <= 0:
                    return
                slip = due
                fills -= 1
                self.trigger(slip)
            fills, why = self.take(slip, fills)
            if why == FILL_LIMIT:
                return
            slip.place = "taking"
            self.stay_or_end(slip, why)

    def trigger(self, slip: Slip) -> None:
        slip.place = "hand"
        self.tell(TRIGGERED, slip, price=slip.level)
        if slip.kind == TRAILING_STOP_LIMIT:
            slip.price = (
                min(slip.level + slip.offset, slip.limit) if slip.buys else max(slip.level - slip.offset, slip.limit)
            )
        if slip.pair:
            pair, slip.pair = slip.pair, 0
            self.end_pair(pair)

    def due_stop(self) -> Slip | None:
        while self.reached:
            side, price, before = self.reached[0]
            due = [slip for slip in self.at("stop", side) if slip.number < before and reaches(price, slip)]
            if due:
                return min(due, key=lambda s: (s.level if s.buys else -s.level, s.number))
            del self.reached[0]
        return None

    def note(self, price: int) -> None:
        self.reach(BUY, price)
        self.reach(SELL, price)

    def reach(self, side: int, price: int) -> None:
        if not any(reaches(price, slip) for slip in self.at("stop", side)):
            return
        for old_side, old, before in self.reached:
            further = old >= price if side == BUY else old <= price
            if old_side == side and further and before == self.next_number:
                return
        self.reached.append((side, price, self.next_number))
        self.events.append((REACHED, side, 0, 0, 0, 0, price, 0, 0, 0, self.next_number))

    def moving_price(self, side: int) -> int:
        return self.best(SELL if side == BUY else BUY, "shown") if self.by_quote else self.last

    def followers(self) -> list[Slip]:
        return [s for s in self.slips if (s.place == "queue" and s.pegged) or (s.place == "stop" and s.trail)]

    def stops_trail(self) -> None:
        for side in (BUY, SELL):
            price = self.moving_price(side)
            for slip in self.at("stop", side):
                if not slip.trail or not price:
                    continue
                level = min(price + slip.trail, TICKS) if slip.buys else max(price - slip.trail, 1)
                if level < slip.level if slip.buys else level > slip.level:
                    slip.level = level
                    self.tell(REPRICED, slip, price=level, number=slip.number)

    def pegs_move(self) -> None:
        pegs = [slip for slip in self.at("queue") if slip.pegged]
        now = tuple(self.best(side, seen) for seen in ("anchors", "all") for side in (BUY, SELL))
        if not pegs or now == self.followed:
            return
        self.followed = (now[0], now[1], now[2], now[3])
        for slip in pegs:
            wish = self.peg_wish(slip)
            price = self.kept_behind(slip, wish)
            if wish and 1 <= price <= TICKS and price != slip.price:
                slip.price, slip.number = price, self.number()
                self.tell(REPRICED, slip, flags=PEGGED + HIDDEN * slip.hidden, lots=slip.shown, number=slip.number)

    def peg_wish(self, s: Slip) -> int:
        bid, offer = self.best(BUY, "anchors"), self.best(SELL, "anchors")
        if s.kind == PEG_MID:
            base = (bid + offer + (0 if s.buys else 1)) // 2 if bid and offer else 0
        else:
            base = bid if s.buys == (s.kind == PEG_BEST) else offer
        price = min(base - s.offset, s.limit) if s.buys else max(base + s.offset, s.limit)
        return price if base and 1 <= price <= TICKS else 0

    def kept_behind(self, s: Slip, price: int) -> int:
        if s.buys:
            offer = self.best(SELL, "all")
            return min(price, offer - 1) if offer else price
        return max(price, self.best(BUY, "all") + 1)

    # --- The auction --------------------------------------------------------------------------------------------------

    def auction_only(self) -> list[Slip]:
        return [slip for slip in self.at("queue") if slip.market or slip.time_limit >= AT_OPEN]

    def bid_at(self, price: int) -> int:
        return sum(s.left for s in self.ranked(BUY, "queue") if s.price >= price)

    def offered_at(self, price: int) -> int:
        return sum(s.left for s in self.ranked(SELL, "queue") if s.price <= price)

    def indication(self) -> tuple[int, int, int, int]:
        """Price, lots, imbalance and its side, found by trying every tick at which the sides cross."""
        if self.phase != COLLECT or not self.crossed():
            return 0, 0, 0, 0
        ticks = range(self.best(SELL, "all"), self.best(BUY, "all") + 1)
        bids, offers = {p: self.bid_at(p) for p in ticks}, {p: self.offered_at(p) for p in ticks}
        queue = self.at("queue")
        named = {s.price for s in queue} & set(ticks)
        wished = {s.price for s in queue if not s.market} & set(ticks)
        if not wished and self.reference in ticks:
            wished = {self.reference}
        most = max(min(bids[p], offers[p]) for p in named)
        if not any(min(bids[p], offers[p]) == most for p in wished):
            wished = named
        if self.auction == SZSE:
            wished = set(range(min(wished), max(wished) + 1))
        best = [p for p in sorted(wished) if min(bids[p], offers[p]) == most]
        least = min(abs(bids[p] - offers[p]) for p in best)
        best = [p for p in best if abs(bids[p] - offers[p]) == least]
        price = self.chosen(best, {p: bids[p] - offers[p] for p in best})
        surplus = bids[price] - offers[price]
        return price, most, abs(surplus), BUY if surplus > 0 else SELL if surplus < 0 else 0

    def chosen(self, best: list[int], surplus: dict[int, int]) -> int:
        if len(best) == 1:
            return best[0]
        if self.auction in (XETRA, EURONEXT, LSE):
            if all(surplus[p] > 0 for p in best):
                return best[-1]
            if all(surplus[p] < 0 for p in best):
                return best[0]
        if self.auction == SSE or not self.reference:
            return (best[0] + best[-1] + 1) // 2
        return sorted([best[0], self.reference, best[-1]])[1]

    def uncross_begin(self) -> list[Event]:
        if self.phase != COLLECT:
            return self.refuse(WRONG_PHASE, 0)
        if self.pending():
            return self.refuse(PENDING, 0)
        price, lots, imbalance, side = self.indication()
        self.phase, self.due_price, self.due_lots = UNCROSSING, price, lots
        self.due = {BUY: self.allotted(BUY, lots), SELL: self.allotted(SELL, lots)}
        return [(UNCROSS, side, 0, 0, 0, 0, price, lots, imbalance, 0, 0)]

    def allotted(self, side: int, lots: int) -> list[list[int]]:
        """Ids and lots of one side, best first; the last price is shared out if the rule says so."""
        rows: list[list[int]] = []
        queue = self.ranked(side, "queue")
        for price in dict.fromkeys(slip.price for slip in queue):
            here = [slip for slip in queue if slip.price == price]
            total = sum(slip.left for slip in here)
            if self.pro_rata and total > lots:
                parts = [slip.left * lots // total for slip in here]
                order = sorted(range(len(here)), key=lambda i: here[i].left * lots % total, reverse=True)
                for i in order[: lots - sum(parts)]:
                    parts[i] += 1
            else:
                parts = [min(slip.left, max(lots - sum(s.left for s in here[:i]), 0)) for i, slip in enumerate(here)]
            rows += [[slip.id, part] for slip, part in zip(here, parts, strict=True) if part]
            lots -= sum(parts)
        return rows

    def uncross_continue(self, fills: int) -> list[Event]:
        if self.phase != UNCROSSING:
            return self.refuse(WRONG_PHASE, 0)
        if not 0 < fills <= FILLS:
            return self.refuse(INVALID, 0)
        while fills and self.due_lots:
            self.pair_off()
            fills -= 1
        while fills and not self.due_lots and self.auction_only():
            slip = self.auction_only()[0]
            self.end(slip, REMAINDER if slip.kind == MARKET else AUCTION_ENDED)
            fills -= 1
        if not self.due_lots and not self.auction_only():
            self.phase = COLLECT
            self.last = self.due_price or self.last
            self.events.append((UNCROSSED, 0, 0, 0, 0, 0, self.due_price, 0, 0, 0, 0))
        return self.told()

    def pair_off(self) -> None:
        """One fill between the two that come next."""
        rows = self.due[BUY][0], self.due[SELL][0]
        bid, offer = self.the(rows[0][0]), self.the(rows[1][0])
        lots = min(rows[0][1], rows[1][1])
        bid.left, offer.left = bid.left - lots, offer.left - lots
        self.due_lots -= lots
        flags = AUCTION + SELF * self.same_hand(bid, offer)
        left = bid.left, offer.left
        self.events.append((FILLED, BUY, 0, flags, bid.id, offer.id, self.due_price, lots, *left, 0))
        for slip, row in zip((bid, offer), rows, strict=True):
            row[1] -= lots
            slip.shown = max(slip.shown - lots, 0)
            if not row[1]:
                del self.due[slip.side][0]
                if slip.left and not slip.shown and not slip.hidden:
                    self.refill(slip)
            pair, slip.pair = slip.pair, 0
            if not slip.left:
                self.slips.remove(slip)
            if pair:
                self.end_pair(pair)


def reaches(price: int, stop: Slip) -> bool:
    """Whether a price is at a stop's level, or beyond."""
    return price >= stop.level if stop.buys else price <= stop.level


def slip_of(o: Mapping[str, int]) -> Slip:
    """A slip for an order given by the contract's names."""
    return Slip(
        id=o["order_id"], account=o["account_id"], group=o["group_id"], side=o["side"], kind=o["kind"],
        time_limit=o["time_limit"], word=o["self_trade"], limit=o["price_ticks"], price=o["price_ticks"],
        left=o["quantity_lots"], cap=o["max_notional_ticks"], hidden=bool(o["hidden"]), post_only=bool(o["post_only"]),
        whole=bool(o["all_or_none"]), slice=o["display_lots"], minimum=o["minimum_lots"], level=o["stop_ticks"],
        trail=o["trail_ticks"], offset=o["offset_ticks"], pair=o["oco_id"],
    )  # fmt: skip


def contradicts(s: Slip) -> bool:
    """Whether what an order says excludes itself: one line a sentence of the contract."""
    trails = s.kind in (TRAILING_STOP, TRAILING_STOP_LIMIT)
    auction = s.time_limit in (AT_OPEN, AT_CLOSE)
    may_stay = not s.market and s.time_limit not in (IOC, FOK)
    rules = [
        s.kind in (STOP, STOP_LIMIT) and not s.level,
        not s.stops and s.level > 0,
        trails != (s.trail > 0),
        s.offset > 0 and not s.pegged and s.kind != TRAILING_STOP_LIMIT,
        s.kind == PEG_MARKET and not s.offset,
        s.stops and (s.time_limit == FOK or auction or s.post_only or s.minimum > 0 or s.whole),
        s.pegged and (s.time_limit not in (DAY, GTC, GTD) or s.slice > 0 or s.whole or s.minimum > 0),
        not may_stay and (s.hidden or s.slice > 0 or s.post_only or s.whole),
        s.cap > 0 and not (s.kind == MARKET and s.buys and not auction),
        s.slice > 0 and (s.hidden or s.slice >= s.left),
        s.post_only and (auction or s.minimum > 0 or s.whole),
        s.minimum > 0 and (s.minimum > s.left or s.time_limit == FOK or s.whole or auction),
        s.whole and (s.kind != LIMIT or auction or s.hidden or s.slice > 0),
    ]
    return any(rules)
