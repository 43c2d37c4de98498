"""What a contract promised for later, as a bookkeeper keeps it: a sheet for each promise, a drawer for the fees.

It is the independent model of obligations and imports nothing of the project. Money is counted in fen, and time in
days since the right passed. Answers are the codes of refusals, or "" where a step is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

OVER = ("paid", "delivered", "lapsed", "released")


@dataclass
class Sheet:
    """One promise. `day` is its next date, `earliest` the first day on which it may be reported."""

    kind: str
    day: int
    state: str = "owed"
    earliest: int = 0
    amount: int = 0
    paid: int = 0
    minimum: int = 0
    rate: Fraction = Fraction(0)
    due_days: int = 0
    late: bool = False


@dataclass
class Bookkeeper:
    """The sheets of one contract, the money of both sides, and what the venue took."""

    price: int
    buyer: int
    seller: int
    venue: int
    sheets: dict[str, Sheet] = field(default_factory=dict[str, Sheet])
    paid: int = 0

    def promise(
        self,
        instalments: list[tuple[int, int]],
        milestones: list[tuple[int, int, int]],
        royalty: tuple[Fraction, int, int, int] | None,
        equity: int,
    ) -> None:
        """The promises: (amount, day), (amount, last day, days to pay), (rate, minimum, years, days), day of equity."""
        for place, (amount, day) in enumerate(instalments, 1):
            self.sheets[f"I{place}"] = Sheet("instalment", day, amount=amount)
        for place, (amount, last, days) in enumerate(milestones, 1):
            self.sheets[f"M{place}"] = Sheet("milestone", last, "expected", minimum=amount, due_days=days)
        if royalty is not None:
            rate, minimum, years, days = royalty
            for year in range(1, years + 1):
                over = 365 * year
                self.sheets[f"R{year}"] = Sheet(
                    "royalty", over + days, "expected", over, amount=minimum, minimum=minimum, rate=rate
                )
        if equity:
            self.sheets["E1"] = Sheet("equity", equity)

    def fee(self, of: int) -> int:
        """One per cent rounded up, at least CNY 1,000, at most CNY 500,000, never more than what it is of."""
        return min(of, 50_000_000, max(100_000, -(-of // 100)))

    def clock(self, before: int, now: int) -> None:
        """What the days after `before`, up to `now`, bring about."""
        for sheet in self.sheets.values():
            if sheet.state in OVER or not before < sheet.day <= now:
                continue
            if sheet.kind == "milestone" and sheet.state == "expected":
                sheet.state = "lapsed"
            else:
                sheet.late = True

    def pay(self, name: str, amount: int) -> str:
        """The buyer pays a part."""
        sheet = self.sheets[name]
        if sheet.state in OVER:
            return "obligation.unknown"
        if amount > sheet.amount - sheet.paid:
            return "obligation.invalid"
        more = self.fee(self.price + self.paid + amount) - self.fee(self.price + self.paid)
        if amount + more > self.buyer:
            return "hold.insufficient_available"
        self.paid += amount
        self.buyer -= amount + more
        self.seller += amount - more
        self.venue += 2 * more
        sheet.paid += amount
        if sheet.state == "owed" and sheet.paid == sheet.amount:
            sheet.state = "paid"
        return ""

    def report(self, name: str, base: int, today: int) -> str:
        """Something was reached, or sold."""
        sheet = self.sheets[name]
        if sheet.state in OVER:
            return "obligation.unknown"
        if sheet.state != "expected":
            return "obligation.state"
        if today < sheet.earliest or (sheet.kind == "milestone" and base):
            return "obligation.invalid"
        sheet.amount = max(sheet.minimum, round(base * sheet.rate))
        sheet.state = "owed" if sheet.amount > sheet.paid else "paid"
        if sheet.kind == "milestone":
            sheet.day = today + sheet.due_days
        return ""

    def deliver(self, name: str) -> str:
        """The seller has its shares."""
        sheet = self.sheets[name]
        if sheet.state in OVER:
            return "obligation.unknown"
        if sheet.kind != "equity":
            return "obligation.invalid"
        sheet.state = "delivered"
        return ""

    def release(self, name: str) -> str:
        """The seller asks for no more."""
        sheet = self.sheets[name]
        if sheet.state in OVER:
            return "obligation.unknown"
        sheet.state = "released"
        return ""
