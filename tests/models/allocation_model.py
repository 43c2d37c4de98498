"""A manager's notebook: what a block account traded in a day, and what each fund owes or gets, in exact fractions.

It imports nothing of the project. Money is a Fraction until it is handed out in whole minor units, the larger rest
first, the earlier line first among equals; what is not handed out stays one line, the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor


@dataclass
class Page:
    """One side of one day. Units: lots, minor."""

    lots: int = 0
    notional: int = 0
    fees: int = 0
    shared_lots: int = 0
    shared_notional: int = 0
    shared_fees: int = 0


@dataclass
class Notebook:
    """What everybody of the member has, and the day's two pages."""

    cash: dict[str, int]
    units: dict[str, int]
    pages: dict[str, Page] = field(default_factory=dict[str, Page])

    def trade(self, side: str, lots: int, price: int, fee: int) -> None:
        """The block account traded."""
        page = self.pages.setdefault(side, Page())
        page.lots += lots
        page.notional += lots * price
        page.fees += fee
        sign = 1 if side == "buy" else -1
        self.units["block"] += sign * lots
        self.cash["block"] -= sign * lots * price + fee

    def parts(self, side: str, wanted: list[tuple[str, int]]) -> list[tuple[int, int]]:
        """Price and fee of each line."""
        page = self.pages[side]
        left = page.lots - page.shared_lots
        weights = [lots for _, lots in wanted] + [left - sum(lots for _, lots in wanted)]
        notional, fees = page.notional - page.shared_notional, page.fees - page.shared_fees
        fee_parts = handed_out(fees, weights)
        if side == "buy":
            prices = handed_out(notional, weights)
        else:
            prices = [net + fee for net, fee in zip(handed_out(notional - fees, weights), fee_parts, strict=True)]
        return list(zip(prices, fee_parts, strict=True))[: len(wanted)]

    def share(self, side: str, wanted: list[tuple[str, int]]) -> str:
        """Share out; answers nothing, or the code with which that is refused."""
        page = self.pages.get(side)
        if page is None or not page.lots:
            return "allocation.nothing_traded"
        if sum(lots for _, lots in wanted) > page.lots - page.shared_lots:
            return "allocation.more_than_traded"
        lines = [(name, lots, *part) for (name, lots), part in zip(wanted, self.parts(side, wanted), strict=True)]
        sign = 1 if side == "buy" else -1
        given = sum(lots for _, lots, _, _ in lines)
        if side == "buy":
            short = given > self.units["block"] or any(price + fee > self.cash[name] for name, _, price, fee in lines)
        else:
            due = sum(price - fee for _, _, price, fee in lines)
            short = due > self.cash["block"] or any(lots > self.units[name] for name, lots, _, _ in lines)
        if short:
            return "hold.insufficient_available"
        for name, lots, price, fee in lines:
            self.units[name] += sign * lots
            self.units["block"] -= sign * lots
            self.cash[name] -= sign * price + fee
            self.cash["block"] += sign * price + fee
        page.shared_lots += given
        page.shared_notional += sum(price for _, _, price, _ in lines)
        page.shared_fees += sum(fee for _, _, _, fee in lines)
        return ""

    def kept(self) -> dict[str, int]:
        """What of the day was not shared, by side; then a new day begins."""
        left = {side: page.lots - page.shared_lots for side, page in self.pages.items()}
        self.pages = {}
        return {side: lots for side, lots in left.items() if lots}


def handed_out(whole: int, weights: list[int]) -> list[int]:
    """Whole minor units in proportion, by largest rest."""
    exact = [Fraction(whole * weight, sum(weights)) for weight in weights]
    parts = [floor(one) for one in exact]
    while sum(parts) < whole:
        place = max(range(len(parts)), key=lambda at: (exact[at] - parts[at], -at))
        parts[place] += 1
    return parts
