"""A company's register as its secretary would keep it: exact fractions, envelopes of money, a list of who was asked.

It is the independent model of transfers of equity and imports nothing of the project. Answers are codes, or "".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.models.preemption_model import fee, largest_remainder


@dataclass
class Secretary:
    """One company and one offer of its equity. Money in fen."""

    shares: dict[str, int]
    money: dict[str, int]
    state: str = "none"
    seller: str = ""
    buyer: str = ""
    units: int = 0
    price: int = 0
    asked: list[str] = field(default_factory=list[str])
    stepped_in: list[str] = field(default_factory=list[str])
    silent: list[str] = field(default_factory=list[str])
    escrow: dict[str, int] = field(default_factory=dict[str, int])
    takers: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    def offer(self, seller: str, buyer: str, units: int, price: int) -> str:
        if self.shares.get(seller, 0) < units:
            return "right.not_owned"
        self.state, self.seller, self.buyer, self.units, self.price = "offered", seller, buyer, units, price
        self.stepped_in, self.takers = [], {}
        return ""

    def cost(self) -> int:
        return self.price + fee(self.price)

    def accept(self) -> str:
        if self.cost() > self.money[self.buyer]:
            return "hold.insufficient_available"
        self.money[self.buyer] -= self.cost()
        self.escrow = {self.buyer: self.cost()}
        others = [who for who in self.shares if who != self.seller]
        self.asked = [] if self.buyer in others else others
        self.silent = list(self.asked)
        self.state = "notice" if self.asked else "contracted"
        if not self.asked:
            self.takers = {self.buyer: (self.units, self.price)}
        return ""

    def answer(self, who: str, *, steps_in: bool) -> str:
        if self.state != "notice" or who not in self.asked:
            return "equity.notice_unknown"
        if who not in self.silent:
            return "equity.notice_state"
        if steps_in:
            if self.cost() > self.money[who]:
                return "hold.insufficient_available"
            self.money[who] -= self.cost()
            self.escrow[who] = self.cost()
            self.stepped_in.append(who)
        self.silent.remove(who)
        if not self.silent:
            self.over()
        return ""

    def over(self) -> None:
        """Everybody has answered, or the days are over."""
        for who, paid in self.escrow.items():
            self.money[who] += paid
        chosen = [who for who in self.asked if who in self.stepped_in]
        while chosen:
            units = largest_remainder(self.units, [Fraction(self.shares[who]) for who in chosen])
            prices = largest_remainder(self.price, [Fraction(part) for part in units]) if any(units) else []
            short = [who for who, part, cost in zip(chosen, units, prices, strict=True) if not (part and cost)]
            if not short:
                self.takers = dict(zip(chosen, zip(units, prices, strict=True), strict=True))
                break
            least = min(short, key=lambda who: (self.shares[who], -chosen.index(who)))
            chosen.remove(least)
        else:
            self.takers = {self.buyer: (self.units, self.price)}
        self.escrow = {who: price + fee(price) for who, (_, price) in self.takers.items()}
        for who, paid in self.escrow.items():
            self.money[who] -= paid
        self.state, self.silent, self.asked = "contracted", [], []

    def ends(self, *, entered: bool) -> None:
        """The company enters the takers, or refuses."""
        if entered:
            for who, (units, _) in self.takers.items():
                self.shares[who] = self.shares.get(who, 0) + units
            self.shares[self.seller] -= self.units
            self.shares = {who: units for who, units in self.shares.items() if units}
            self.money[self.seller] += self.price - fee(self.price)
        else:
            for who, paid in self.escrow.items():
                self.money[who] += paid
        self.escrow, self.state = {}, "none"
