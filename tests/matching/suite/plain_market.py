"""Plays a text of plain orders on any book, line by line, and compares what happens with what the line says.

    wu   sells 10 @ 100 as a         -> rests
    li   buys  15 @ 101              -> wu 10 @ 100; 5 rest
    li   buys  15 @ 101 ioc          -> 15 cancelled: immediate_or_cancel
    li   buys  15 @ 101 fok          -> refused
    li   buys  9 @ 101 spending 500  -> wu 5 @ 100; 4 cancelled: market_remainder
    li   buys  9 @ 101 in 2 fills    -> wu 1 @ 100, ren 1 @ 100; 7 cancelled: fill_limit
    cancel a                         -> 3 lots
    replace b by 5 @ 100             -> keeps its place
    book                             -> 99 x 15 (2) | 101 x 7 (1)

`as a` names the order; the book shows price x lots (orders), bids before the bar, best first.
"""

from __future__ import annotations

import re

from matching.book_messages import (
    Book,
    BookEvent,
    BookOrder,
    BookSide,
    Call,
    EventKind,
    Kind,
    Matching,
    Reason,
    TimeLimit,
)

ORDER = re.compile(
    r"(?P<who>\w+) (?P<verb>buys|sells) (?P<lots>\d+) @ (?P<price>\d+)"
    r"(?: as (?P<name>\w+))?(?: (?P<time>ioc|fok))?(?: spending (?P<cap>\d+))?(?: in (?P<fills>\d+) fills?)?"
)
REPLACE = re.compile(r"replace (?P<name>\w+) by (?P<lots>\d+) @ (?P<price>\d+)")
CANCEL = re.compile(r"cancel (?P<name>\w+)")
TIMES = {None: TimeLimit.GTC, "ioc": TimeLimit.IOC, "fok": TimeLimit.FOK}
MANY = 1_000


class PlainMarket:
    """One book in continuous trading, its traders by name, its orders by name."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, MANY)
        self.traders: dict[str, int] = {}
        self.makers: dict[int, str] = {}
        self.orders: dict[str, int] = {}

    def plays(self, text: str) -> None:
        """Play every line; the first that ends otherwise than it says is an AssertionError."""
        for line in filter(None, map(str.strip, text.splitlines())):
            asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
            happened = self._play(asked)
            assert happened == expected, f"{asked}\n  should be: {expected}\n  was:       {happened}"
            self.book.validate()

    def _play(self, asked: str) -> str:
        if asked == "book":
            return self._shown()
        if found := CANCEL.fullmatch(asked):
            return self._told(self.book.cancel(self.orders[found["name"]]))
        if found := REPLACE.fullmatch(asked):
            order_id = self.orders[found["name"]]
            return self._told(self.book.replace(order_id, int(found["price"]), int(found["lots"]), 0, MANY))
        found = ORDER.fullmatch(asked)
        assert found, f"not a line of a scenario: {asked}"
        return self._place(found)

    def _place(self, found: re.Match[str]) -> str:
        order_id = len(self.makers) + 1
        self.makers[order_id] = found["who"]
        self.orders[found["name"] or f"order {order_id}"] = order_id
        order = BookOrder(
            order_id=order_id,
            account_id=self.traders.setdefault(found["who"], len(self.traders) + 1),
            side=BookSide.BUY if found["verb"] == "buys" else BookSide.SELL,
            price_ticks=int(found["price"]),
            quantity_lots=int(found["lots"]),
            kind=Kind.MARKET if found["cap"] else Kind.LIMIT,
            time_limit=TIMES[found["time"]],
            max_notional_ticks=int(found["cap"] or 0),
        )
        return self._told(self.book.submit(order, int(found["fills"] or MANY)))

    def _told(self, events: list[BookEvent]) -> str:
        """What the events come to."""
        fills: list[str] = []
        rest = ""
        for event in events:
            if event.kind == EventKind.REFUSED:
                return (
                    "unknown" if event.order_id not in self.book and event.order_id != len(self.makers) else "refused"
                )
            if event.kind == EventKind.FILLED:
                fills.append(f"{self.makers[event.other_id]} {event.lots} @ {event.price_ticks}")
            elif event.kind == EventKind.RESTED:
                rest = f"{event.remaining_lots} rest" if fills else "rests"
            elif event.kind == EventKind.REDUCED:
                rest = "keeps its place"
            elif event.kind == EventKind.CANCELLED and event.reason == Reason.REQUESTED:
                rest = f"{event.lots} lots"
            elif event.kind == EventKind.CANCELLED:
                rest = f"{event.lots} cancelled: {Reason(event.reason).name.lower()}"
        return "; ".join(filter(None, (", ".join(fills), rest)))

    def _shown(self) -> str:
        bids, offers = (
            ", ".join(f"{level.price_ticks} x {level.lots} ({level.order_count})" for level in self.book.levels(side))
            for side in (BookSide.BUY, BookSide.SELL)
        )
        return f"{bids} | {offers}".strip()
