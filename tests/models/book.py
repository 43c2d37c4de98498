"""An order book as one would write it on a sheet of paper: a list, scanned whole and sorted for every question.

It is the independent model of `matching.book` and imports nothing of the project. Sides are "buy" and "sell".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PaperOrder:
    """One line of the sheet. `came` grows with time: who came first trades first at one price."""

    order_id: int
    account_id: int
    side: str
    price: int
    lots: int
    came: int


@dataclass
class Taken:
    """What a taker got, what is left of it, and why.

    A fill is (maker's order, maker's account, price, lots, what the maker has left).
    """

    fills: list[tuple[int, int, int, int, int]]
    left: int
    why: str


class PaperBook:
    """The sheet."""

    def __init__(self) -> None:
        self.lines: list[PaperOrder] = []

    def queue(self, side: str) -> list[PaperOrder]:
        """One side, in the order in which it would trade."""
        better_first = -1 if side == "buy" else 1
        return sorted(
            (line for line in self.lines if line.side == side), key=lambda line: (better_first * line.price, line.came)
        )

    def look(self, account_id: int, side: str, limit: int, lots: int, *, max_fills: int, cap: int | None) -> Taken:
        """What a taker would get, lot by lot."""
        fills: list[tuple[int, int, int, int, int]] = []
        spent = 0
        for maker in self.queue("sell" if side == "buy" else "buy"):
            too_dear = maker.price > limit if side == "buy" else maker.price < limit
            if lots == 0 or too_dear or (cap is not None and spent + maker.price > cap):
                break
            if maker.account_id == account_id:
                return Taken(fills, lots, "self_trade")
            if len(fills) >= max_fills:
                return Taken(fills, lots, "fill_limit")
            given = 0
            while given < maker.lots and lots > 0 and (cap is None or spent + maker.price <= cap):
                given, lots, spent = given + 1, lots - 1, spent + maker.price
            fills.append((maker.order_id, maker.account_id, maker.price, given, maker.lots - given))
        return Taken(fills, lots, "none")

    def take(self, account_id: int, side: str, limit: int, lots: int, *, max_fills: int, cap: int | None) -> Taken:
        """What a taker gets; filled makers are struck from the sheet."""
        taken = self.look(account_id, side, limit, lots, max_fills=max_fills, cap=cap)
        for order_id, _, _, given, _ in taken.fills:
            self.find(order_id).lots -= given
        self.lines = [line for line in self.lines if line.lots > 0]
        return taken

    def write(self, order: PaperOrder) -> None:
        """Add a line at the end of the sheet."""
        self.lines.append(order)

    def strike(self, order_id: int) -> int:
        """Strike a line; the lots it still had."""
        lots = self.find(order_id).lots
        self.lines = [line for line in self.lines if line.order_id != order_id]
        return lots

    def find(self, order_id: int) -> PaperOrder:
        """The line of an order."""
        [line] = [line for line in self.lines if line.order_id == order_id]
        return line

    def sizes(self, side: str) -> list[tuple[int, int, int]]:
        """Each price of one side with its lots and how many orders make them, best first."""
        queue = self.queue(side)
        prices = list(dict.fromkeys(line.price for line in queue))
        here = {price: [line.lots for line in queue if line.price == price] for price in prices}
        return [(price, sum(here[price]), len(here[price])) for price in prices]
