"""Plays a text in which people trade, line by line, and compares what happens with what the line says.

    wu   sells 10 @ 100 as a         -> rests
    li   buys  15 @ 101              -> wu 10 @ 100; 5 rest
    li   buys  15 @ 101 ioc          -> 15 cancelled: immediate_or_cancel
    li   buys  15 @ 101 fok          -> refused: 4 fillable
    li   buys  9 @ 101 spending 500  -> wu 5 @ 100; 4 cancelled: market_remainder
    li   buys  9 @ 101 in 2 fills    -> wu 1 @ 100, ren 1 @ 100; 7 cancelled: fill_limit
    cancel a                         -> 3 lots
    replace b by 5 @ 100             -> keeps its place
    book                             -> 99 x 15 (2) | 101 x 7 (1)

`as a` names the order; the book shows price x lots (orders), bids before the bar, best first. The player does what the
engine does with the book's answers, and has the book check itself after each line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.units import MAX_INTEGER, PriceTicks, QuantityLots
from matching.book import Book, Match, StopReason, keeps_priority

ORDER = re.compile(
    r"(?P<who>\w+) (?P<verb>buys|sells) (?P<lots>\d+) @ (?P<price>\d+)"
    r"(?: as (?P<name>\w+))?(?: (?P<tif>ioc|fok))?(?: spending (?P<cap>\d+))?(?: in (?P<fills>\d+) fills?)?"
)
REPLACE = re.compile(r"replace (?P<name>\w+) by (?P<lots>\d+) @ (?P<price>\d+)")
CANCEL = re.compile(r"cancel (?P<name>\w+)")


@dataclass(frozen=True)
class Named:
    """An order somebody gave a name to."""

    order_id: OrderId
    account_id: AccountId
    side: Side


class Market:
    """One book, its traders by name, its orders by name."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.traders: dict[str, AccountId] = {}
        self.orders: dict[str, Named] = {}
        self.placed = 0

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
            order = self.orders[found["name"]]
            return f"{self.book.cancel(order.order_id)} lots" if order.order_id in self.book else "unknown"
        if found := REPLACE.fullmatch(asked):
            return self._replace(self.orders[found["name"]], int(found["lots"]), int(found["price"]))
        found = ORDER.fullmatch(asked)
        assert found, f"not a line of a scenario: {asked}"
        return self._place(found)

    def _place(self, found: re.Match[str]) -> str:
        self.placed += 1
        account_id = self.traders.setdefault(found["who"], AccountId(len(self.traders) + 1))
        order = Named(OrderId(self.placed), account_id, Side.BUY if found["verb"] == "buys" else Side.SELL)
        self.orders[found["name"] or f"order {self.placed}"] = order
        price, lots = PriceTicks(int(found["price"])), QuantityLots(int(found["lots"]))
        cap = int(found["cap"]) if found["cap"] else None
        if found["tif"] == "fok":
            preview = self.book.preview(order.side, price, lots, account_id, cap)
            if preview.fillable_lots < lots:
                return f"refused: {preview.fillable_lots} fillable"
        match = self.book.match(
            account_id, order.side, price, lots, int(found["fills"]) if found["fills"] else MAX_INTEGER, cap
        )
        ending = "market_remainder" if cap else "immediate_or_cancel" if found["tif"] == "ioc" else None
        return self._told(order, price, match, ending)

    def _replace(self, order: Named, lots: int, price: int) -> str:
        """The new remainder and price of an open order, as the engine does it: in place, or out and in again."""
        open_now = {view.order_id: view for view in self.book.orders()}.get(order.order_id)
        if open_now is None:
            return "unknown"
        new_price, new_lots = PriceTicks(price), QuantityLots(lots)
        if keeps_priority(open_now.price_ticks, open_now.remaining_lots, new_price, new_lots):
            self.book.reduce(order.order_id, new_lots)
            return "keeps its place"
        self.book.cancel(order.order_id)
        self.placed += 1
        match = self.book.match(order.account_id, order.side, new_price, new_lots, MAX_INTEGER)
        return self._told(order, new_price, match, None)

    def _told(self, order: Named, price: PriceTicks, match: Match, ending: str | None) -> str:
        """Let the rest stay or go, and say what happened."""
        names = {account_id: name for name, account_id in self.traders.items()}
        fills = ", ".join(
            f"{names[fill.maker_account_id]} {fill.quantity_lots} @ {fill.price_ticks}" for fill in match.fills
        )
        if not match.remaining_lots:
            return fills
        if match.stopped_by is not StopReason.NONE:
            ending = match.stopped_by.value
        if ending is None:
            self.book.rest(order.order_id, order.account_id, order.side, price, match.remaining_lots, self.placed)
            return f"{fills}; {match.remaining_lots} rest" if fills else "rests"
        left = f"{match.remaining_lots} cancelled: {ending}"
        return f"{fills}; {left}" if fills else left

    def _shown(self) -> str:
        bids, offers = (
            ", ".join(f"{level.price_ticks} x {level.lots} ({level.order_count})" for level in self.book.levels(side))
            for side in (Side.BUY, Side.SELL)
        )
        return f"{bids} | {offers}".strip()
