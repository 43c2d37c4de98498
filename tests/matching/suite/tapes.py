"""Tapes of generated commands with every feature on: seeded, plain, the same for every book and every run.

The world is narrow (some prices, few accounts, small lots), so that orders meet, stops are reached, pegs move and
own orders collide all the time. The writer of a tape does not look at any book: it remembers the ids it gave, so some
of its cancels and replaces name orders that are over, and some commands come in a phase that refuses them.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and only in tests
from collections.abc import Iterator
from typing import Any

from matching.book_messages import (
    Allocation,
    AuctionRule,
    BookOrder,
    BookRules,
    BookSide,
    Call,
    Kind,
    Matching,
    Reason,
    SelfTrade,
    StopTrigger,
    TimeLimit,
)
from matching.book_records import (
    BookCommand,
    Cancel,
    CancelWhere,
    Continue,
    NumberFrom,
    Replace,
    SetPhase,
    SetReferences,
    Submit,
    UncrossBegin,
    UncrossContinue,
)

MIDDLE = 100
MANY = 1_000
STOPS = (Kind.STOP, Kind.STOP_LIMIT, Kind.TRAILING_STOP, Kind.TRAILING_STOP_LIMIT)
PEGS = (Kind.PEGGED_BEST, Kind.PEGGED_MID, Kind.PEGGED_MARKET)
STAYING = (TimeLimit.DAY, TimeLimit.GTC, TimeLimit.GTD)
CALLS = (Call.OPENING, Call.CLOSING, Call.VOLATILITY, Call.OTHER)


def rules_of(seed: int) -> BookRules:
    """The rules that go with a seed: over ten seeds every rule, allocation and trigger has its turn."""
    return BookRules(
        auction=list(AuctionRule)[seed % len(AuctionRule)],
        allocation=Allocation.PRO_RATA if seed % 2 else Allocation.PRICE_TIME,
        stop_trigger=StopTrigger.OPPOSITE_QUOTE if seed % 3 == 0 else StopTrigger.LAST_TRADE,
    )


def tape(seed: int, count: int) -> Iterator[BookCommand]:
    """At least `count` commands, the last call ended properly."""
    writer = Writer(seed)
    written = 0
    while written < count:
        for command in writer.stretch():
            written += 1
            yield command


class Writer:
    """Draws commands, one stretch of a day after another."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.last_id = 0
        self.numbered = 0
        self.recent: list[int] = []
        self.prices: dict[int, int] = {}
        self.stops: list[tuple[int, int]] = []  # ids and accounts, for pairs

    def stretch(self) -> Iterator[BookCommand]:
        """Continuous trading mostly, sometimes a call with its auction, a halt or a fixed price."""
        draw = self.draw
        kind = draw.random()
        if kind < 0.25 or not self.last_id:
            yield from self.auction()
        elif kind < 0.29:
            yield SetPhase(Matching.HALTED, Call.NONE, 0, self.fills())
            yield from self.orders(3)
        elif kind < 0.33:
            yield SetPhase(Matching.FIXED_PRICE, Call.NONE, MIDDLE + draw.randint(-3, 3), self.fills())
            yield from self.orders(20)
        for _ in range(draw.randint(1, 4)):  # again, for a volatility call may have interrupted it
            yield SetPhase(Matching.CONTINUOUS, Call.NONE, 0, self.fills())
            yield from self.orders(draw.randint(5, 40))
        if draw.random() < 0.2:  # an emptier book now and then
            yield CancelWhere(draw.randint(0, 5), 0, draw.randint(0, 2), Reason.CANCEL_ALL, draw.choice((1, 5, MANY)))

    def auction(self) -> Iterator[BookCommand]:
        """A call, its orders, its auction in steps; now and then nothing is handed out before somebody interferes."""
        draw = self.draw
        yield SetPhase(Matching.COLLECT, draw.choice(CALLS), 0, self.fills())
        yield from self.orders(draw.randint(0, 40))
        yield Continue(MANY)
        yield UncrossBegin()
        for _ in range(draw.randint(0, 3)):
            yield draw.choice((UncrossContinue(draw.randint(1, 3)), self.order(), self.cancel()))
        yield UncrossContinue(draw.choice((1, 7, MANY)))
        yield UncrossContinue(MANY)

    def orders(self, count: int) -> Iterator[BookCommand]:
        """Orders, cancels, replaces, and now and then something rarer."""
        draw = self.draw
        for _ in range(count):
            kind = draw.random()
            if kind < 0.66:
                yield self.order()
            elif kind < 0.80:
                yield self.cancel()
            elif kind < 0.93:
                yield self.replace()
            elif kind < 0.965:
                yield Continue(self.fills())
            elif kind < 0.98:
                yield CancelWhere(
                    draw.randint(0, 5),
                    draw.choice((0, 0, 7)),
                    draw.randint(0, 2),
                    Reason.KILL_SWITCH,
                    draw.randint(1, 4),
                )
            elif kind < 0.99:
                yield self.references()
            else:
                self.numbered += draw.choice((-50, 0, 7, 300))  # mostly behind the book's own count, now and then ahead
                self.numbered = max(self.numbered, 0)
                yield NumberFrom(self.numbered)

    def references(self) -> BookCommand:
        """Prices told; the band is narrow enough to interrupt, or open."""
        draw = self.draw
        low, high = draw.choice(((0, 0), (MIDDLE - draw.randint(1, 6), MIDDLE + draw.randint(1, 6))))
        return SetReferences(self.price(4), draw.choice((0, self.price(3))), low, high)

    def cancel(self) -> BookCommand:
        """Some order that may still be open."""
        return Cancel(self.known(), Reason.REQUESTED)

    def replace(self) -> BookCommand:
        """Some order that may still be open gets other terms, often fewer lots."""
        draw = self.draw
        order_id = self.known()
        stop = self.price(6) if draw.random() < 0.2 else 0
        price = self.prices.get(order_id, MIDDLE) if draw.random() < 0.5 else self.price(6)
        return Replace(order_id, price, draw.randint(1, 30), stop, self.fills())

    def order(self) -> BookCommand:
        """A new order of any kind."""
        draw = self.draw
        kind = draw.random()
        if kind < 0.62:
            terms = self.limit_terms()
        elif kind < 0.70:
            terms = self.market_terms()
        elif kind < 0.85:
            terms = self.stop_terms()
        else:
            terms = {
                "kind": draw.choice(PEGS),
                "offset_ticks": draw.choice((0, 1, 1, 2)),
                "hidden": draw.random() < 0.3,
            }
            terms["post_only"] = draw.random() < 0.3
        side = draw.choice((BookSide.BUY, BookSide.SELL))
        reach = 15 if terms["kind"] != Kind.LIMIT else draw.choice((2, 2, 5, 8))
        away = draw.randint(-3, reach)
        price = MIDDLE + away if side is BookSide.BUY else MIDDLE - away
        if terms["kind"] is Kind.LIMIT and draw.random() < 0.7:  # most limits rest on their side of the middle
            price = MIDDLE - away if side is BookSide.BUY else MIDDLE + away
        account = draw.randint(1, 5)
        if draw.random() < 0.1 and self.stops:
            terms["oco_id"], account = draw.choice(self.stops)
        self.last_id += 1
        self.recent.append(self.last_id)
        del self.recent[:-25]
        self.prices[self.last_id] = price
        self.prices.pop(self.last_id - 100, None)
        if terms["kind"] in STOPS:
            self.stops = [*self.stops[-3:], (self.last_id, account)]
        terms = {"quantity_lots": draw.randint(1, 30), **terms}
        order = BookOrder(
            order_id=self.last_id if draw.random() < 0.99 else self.known(),
            account_id=account,
            group_id=draw.choice((0, 0, 0, 7, 8)),
            side=side,
            price_ticks=price,
            self_trade=draw.choice(list(SelfTrade)),
            **terms,
        )
        return Submit(order, self.fills())

    def limit_terms(self) -> dict[str, Any]:
        """LIMIT with one of the conditions, or, rarely, with several that may conflict."""
        draw = self.draw
        terms: dict[str, Any] = {"kind": Kind.LIMIT, "time_limit": draw.choice(STAYING)}
        conditions: list[dict[str, Any]] = [
            {"time_limit": TimeLimit.IOC},
            {"time_limit": TimeLimit.FOK},
            {"time_limit": draw.choice((TimeLimit.AT_OPEN, TimeLimit.AT_CLOSE))},
            {"display_lots": draw.randint(1, 5), "quantity_lots": draw.randint(6, 40)},
            {"hidden": True},
            {"post_only": True},
            {"minimum_lots": draw.randint(1, 8)},
            {"all_or_none": True},
        ]
        for _ in range(draw.choice((0, 0, 1, 1, 1, 1, 2))):
            terms |= draw.choice(conditions)
        return terms

    def market_terms(self) -> dict[str, Any]:
        """MARKET, sometimes capped, sometimes for an auction."""
        draw = self.draw
        terms: dict[str, Any] = {"kind": Kind.MARKET, "time_limit": draw.choice((TimeLimit.IOC, TimeLimit.DAY))}
        kind = draw.random()
        if kind < 0.2:
            terms["max_notional_ticks"] = draw.randint(1, 2_000)
        elif kind < 0.4:
            terms["time_limit"] = draw.choice((TimeLimit.AT_OPEN, TimeLimit.AT_CLOSE))
        elif kind < 0.5:
            terms["time_limit"] = TimeLimit.FOK
        return terms

    def stop_terms(self) -> dict[str, Any]:
        """A waiting order; some are reached as they come."""
        draw = self.draw
        kind = draw.choice(STOPS)
        terms: dict[str, Any] = {
            "kind": kind,
            "time_limit": draw.choice((TimeLimit.DAY, TimeLimit.GTC, TimeLimit.IOC)),
        }
        if kind in (Kind.STOP, Kind.STOP_LIMIT):
            return terms | {"stop_ticks": self.price(5)}
        terms["trail_ticks"] = draw.randint(1, 4)
        terms["stop_ticks"] = draw.choice((0, self.price(8)))
        if kind is Kind.TRAILING_STOP_LIMIT:
            terms["offset_ticks"] = draw.randint(0, 3)
        return terms

    def price(self, away: int) -> int:
        """A price near the middle."""
        return MIDDLE + self.draw.randint(-away, away)

    def known(self) -> int:
        """An id given lately."""
        return self.draw.choice(self.recent) if self.recent else 1

    def fills(self) -> int:
        """A limit of fills: large mostly, sometimes so small that it cuts."""
        return self.draw.choice((1, 2, 5, MANY, MANY, MANY))
