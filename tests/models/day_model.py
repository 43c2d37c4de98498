"""One instrument's day as a floor trader would keep it: a blackboard of orders, a phase, and a clock.

It is the independent model of phases, call auctions, ranges and interruptions, and imports nothing of the project. The
auction tries every price a limit order names; ranges are fractions. It knows limit and market orders (day, gtc, ioc).
Times are nanoseconds. Answers are codes of refusals, or "".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

SECOND = 1_000_000_000
CALLS = ("opening_call", "volatility_call", "closing_call")
TAKES = ("pre_open", "continuous", "post_close", *CALLS)
NEXT = {
    "closed": "pre_open opening_call continuous",
    "pre_open": "opening_call continuous closing_call halted closed",
    "opening_call": "continuous closing_call halted closed",
    "continuous": "volatility_call closing_call post_close halted closed",
    "volatility_call": "continuous closing_call post_close halted closed",
    "halted": "pre_open opening_call volatility_call closing_call continuous closed",
    "closing_call": "post_close halted closed",
    "post_close": "halted closed",
}


@dataclass
class Chalk:
    """One order on the blackboard. `came` grows with time; a market order has the protection price as its price."""

    name: str
    who: str
    side: str
    price: int
    left: int
    market: bool
    tif: str
    came: int


@dataclass
class Floor:
    """The blackboard, the phase, the prices that count."""

    lowest: int
    highest: int
    static: Fraction | None
    dynamic: Fraction | None
    call_seconds: int
    halt_seconds: int
    keeps: bool
    shares: bool = False
    phase: str = "closed"
    board: list[Chalk] = field(default_factory=list[Chalk])
    last: int = 0
    reference: int = 0
    then: str = ""
    ends: int = 0
    extended: bool = False
    count: int = 0
    trades: list[tuple[str, str, int, int]] = field(default_factory=list[tuple[str, str, int, int]])
    phases: list[str] = field(default_factory=list[str])

    # --- Orders -------------------------------------------------------------------------------------------------------

    def order(self, name: str, who: str, side: str, lots: int, price: int | None, tif: str, now: int) -> str:
        """Somebody comes with an order."""
        if self.phase not in TAKES:
            return "order.instrument_halted" if self.phase == "halted" else "order.instrument_closed"
        if tif == "ioc" and self.phase not in ("continuous", "post_close"):
            return "order.phase"
        limit = price if price is not None else (self.highest if side == "buy" else self.lowest)
        self.count += 1
        order = Chalk(name, who, side, limit, lots, price is None, tif, self.count)
        if self.phase == "post_close" and not self.reaches(order, self.last):
            return "order.not_at_fixed_price"
        if self.phase in ("continuous", "post_close"):
            if order.market and not self.facing(order):
                return "order.no_liquidity"
            self.take(order, now)
        else:
            self.board.append(order)
        return ""

    def cancel(self, name: str) -> bool:
        """Somebody takes an order back."""
        before = len(self.board)
        self.board = [order for order in self.board if order.name != name]
        return len(self.board) < before

    @staticmethod
    def reaches(order: Chalk, price: int) -> bool:
        """Whether an order would trade at a price."""
        return order.price >= price if order.side == "buy" else order.price <= price

    def side(self, side: str) -> list[Chalk]:
        """One side, whoever comes first first."""
        return sorted(
            (order for order in self.board if order.side == side),
            key=lambda order: (-order.price if side == "buy" else order.price, order.came),
        )

    def facing(self, order: Chalk) -> list[Chalk]:
        """Whom an order could meet, the best first."""
        at = self.last if self.phase == "post_close" else order.price
        return [o for o in self.side("sell" if order.side == "buy" else "buy") if (
            o.price <= at if order.side == "buy" else o.price >= at
        )]  # fmt: skip

    def take(self, order: Chalk, now: int) -> None:
        """Trade with who is there; the rest stays or goes; beyond a range trading stops."""
        low, high = self.range()
        fixed = self.last if self.phase == "post_close" else 0
        own = interrupted = False
        for other in self.facing(order):
            if not order.left:
                break
            if not fixed and not low <= other.price <= high:
                interrupted = True
                break
            if other.who == order.who:
                own = True
                break
            self.trade(order, other, min(order.left, other.left), fixed or other.price)
        self.board = [o for o in self.board if o.left]
        if order.left and not own and not order.market and order.tif != "ioc":
            self.board.append(order)
        if interrupted:
            self.interrupt(now)

    def trade(self, one: Chalk, other: Chalk, lots: int, price: int) -> None:
        """Two orders meet."""
        buyer, seller = (one, other) if one.side == "buy" else (other, one)
        one.left -= lots
        other.left -= lots
        self.last = price
        self.trades.append((buyer.who, seller.who, lots, price))

    # --- Ranges -------------------------------------------------------------------------------------------------------

    def range(self) -> tuple[Fraction, Fraction]:
        """What may trade: within both ranges; where these have no tick in common, within the static one."""
        static, dynamic = self.around(self.reference, self.static), self.around(self.last, self.dynamic)
        both = max(static[0], dynamic[0]), min(static[1], dynamic[1])
        ticks = [price for price in range(self.lowest, self.highest + 1) if both[0] <= price <= both[1]]
        return both if ticks else static

    @staticmethod
    def around(price: int, width: Fraction | None) -> tuple[Fraction, Fraction]:
        """A range, or everything."""
        if width is None or not price:
            return Fraction(0), Fraction(10**18)
        return price * (1 - width), price * (1 + width)

    def interrupt(self, now: int) -> None:
        """Trading stops for a call, or for a halt."""
        if self.call_seconds:
            self.enter("volatility_call", now)
        else:
            self.enter("halted", now)
            self.ends = now + self.halt_seconds * SECOND if self.halt_seconds else 0

    # --- Phases -------------------------------------------------------------------------------------------------------

    def ask(self, phase: str, now: int) -> str:
        """An operator asks for a phase."""
        if phase not in NEXT[self.phase].split() or (
            phase == "post_close" and self.phase == "continuous" and not self.last
        ):
            return "instrument.phase"
        self.move(phase, now)
        return ""

    def move(self, phase: str, now: int) -> None:
        """A phase follows, with the auction between if a call ends."""
        if self.phase in CALLS and phase != "halted" and phase not in CALLS:
            self.phases.append("settling")
            self.auction()
        self.enter(phase, now)

    def enter(self, phase: str, now: int) -> None:
        """A phase begins."""
        if phase == "post_close" and not self.last:
            phase = "closed"
        if phase == "closed":
            self.reference = self.last
        if phase == "continuous" and self.must_meet_first():
            self.enter("volatility_call", now)
            if not self.call_seconds:
                self.move("continuous", now)
            return
        self.phase, self.ends, self.extended = phase, 0, False
        self.phases.append(phase)
        if phase == "volatility_call" and self.call_seconds:
            self.then, self.ends = "continuous", now + self.call_seconds * SECOND
        elif phase == "closed":
            self.board = [order for order in self.board if order.tif == "gtc"]
        elif phase == "halted" and not self.keeps:
            self.board = []

    def must_meet_first(self) -> bool:
        """Whether the two sides overlap, or somebody waits for an auction."""
        bids, offers = self.side("buy"), self.side("sell")
        crossed = bool(bids and offers and bids[0].price >= offers[0].price)
        return crossed or any(order.market for order in self.board)

    def tick(self, now: int) -> None:
        """Time passes: a call ends, or a halt does."""
        while self.ends and self.ends <= now:
            at, self.ends = self.ends, 0
            if self.phase == "halted":
                self.enter("continuous", at)
                continue
            price = self.indication()[0]
            low, high = self.around(self.reference, self.static)
            if self.call_seconds and not self.extended and price and not low <= price <= high:
                self.extended, self.ends = True, at + self.call_seconds * SECOND
            else:
                self.move(self.then, at)

    # --- The auction --------------------------------------------------------------------------------------------------

    def indication(self) -> tuple[int, int, int]:
        """Price, lots, and bids (below zero: offers) that are over: try every price, keep the best."""
        bids, offers = self.side("buy"), self.side("sell")
        if not bids or not offers or bids[0].price < offers[0].price:
            return 0, 0, 0
        low, high = offers[0].price, bids[0].price
        limits = {order.price for order in self.board if not order.market and low <= order.price <= high}
        if not limits and low <= self.reference <= high:
            limits = {self.reference}
        named = {order.price for order in self.board if low <= order.price <= high}
        most = max(self.lots(price) for price in named | limits)
        tried = [price for price in sorted(limits) if self.lots(price) == most]
        tried = tried or [price for price in sorted(named) if self.lots(price) == most]
        least = min(abs(self.surplus(price)) for price in tried)
        best = [price for price in tried if abs(self.surplus(price)) == least]
        price = self.chosen(best)
        return price, most, self.surplus(price)

    def chosen(self, best: list[int]) -> int:
        """The one price of several that are as good: pressure, then the reference price, then the middle."""
        surplus = [self.surplus(price) for price in best]
        if min(surplus) > 0:
            return best[-1]
        if max(surplus) < 0:
            return best[0]
        if self.reference:
            return sorted((best[0], self.reference, best[-1]))[1]
        return (best[0] + best[-1] + 1) // 2

    def allotted(self, side: str, lots: int) -> list[tuple[Chalk, int]]:
        """Who gets how much: by price and time, or the last price in proportion, odd lots by largest remainder."""
        found: list[tuple[Chalk, int]] = []
        queue = self.side(side)
        for price in dict.fromkeys(order.price for order in queue):
            level = [order for order in queue if order.price == price]
            wanted = sum(order.left for order in level)
            if self.shares and wanted > lots:
                exact = [Fraction(order.left * lots, wanted) for order in level]
                parts = [int(part) for part in exact]
                order_of_odd = sorted(range(len(level)), key=lambda place: (parts[place] - exact[place], place))
                for place in order_of_odd[: lots - sum(parts)]:
                    parts[place] += 1
            else:
                parts, left = [], lots
                for order in level:
                    parts.append(min(order.left, left))
                    left -= parts[-1]
            found += [(order, part) for order, part in zip(level, parts, strict=True) if part]
            lots -= sum(parts)
        return found

    def lots(self, price: int) -> int:
        """What would trade at a price."""
        return min(self.wanted("buy", price), self.wanted("sell", price))

    def surplus(self, price: int) -> int:
        """Bids less offers at a price."""
        return self.wanted("buy", price) - self.wanted("sell", price)

    def wanted(self, side: str, price: int) -> int:
        """Lots of one side at a price."""
        return sum(order.left for order in self.board if order.side == side and self.reaches(order, price))

    def auction(self) -> None:
        """Everybody who can trades at one price; who came only for the auction goes."""
        price, lots, _ = self.indication()
        bids, offers = self.allotted("buy", lots), self.allotted("sell", lots)
        while bids:
            some = min(bids[0][1], offers[0][1])
            self.trade(bids[0][0], offers[0][0], some, price)
            for queue in (bids, offers):
                queue[0] = (queue[0][0], queue[0][1] - some)
                if not queue[0][1]:
                    del queue[0]
        if price:
            self.reference = price
        self.board = [order for order in self.board if order.left and not order.market]
