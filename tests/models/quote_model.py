"""A request for quotes as a clerk would keep it: one sheet, a slip for each quote, a drawer for the money.

It is the independent model of the workflow and imports nothing of the project. Money is counted in fen, time in
nanoseconds. Answers are codes of refusals, or "".
"""

from __future__ import annotations

from dataclasses import dataclass, field

DAY = 86_400 * 10**9


@dataclass
class Slip:
    """One quote, and the moment until which it binds."""

    who: str
    price: int
    until: int
    state: str = "standing"


@dataclass
class Clerk:
    """One right for which quotes are asked. `asked` is empty where everybody is."""

    asked: tuple[str, ...]
    closes: int
    money: dict[str, int]
    payment: int = 5 * DAY
    state: str = "open"
    slips: list[Slip] = field(default_factory=list[Slip])
    taken: Slip | None = None
    signed: list[str] = field(default_factory=list[str])
    due: int = 0
    drawer: int = 0
    venue: int = 0
    owner: str = "lab"

    def fee(self, price: int) -> int:
        """One per cent rounded up, at least CNY 1,000, at most CNY 500,000, never more than the price."""
        return min(price, 50_000_000, max(100_000, -(-price // 100)))

    def standing(self, who: str) -> Slip | None:
        """Somebody's quote, if it binds now."""
        return next((slip for slip in self.slips if slip.who == who and slip.state == "standing"), None)

    # --- Steps --------------------------------------------------------------------------------------------------------

    def quote(self, who: str, price: int, until: int, now: int) -> str:
        """A quote that binds until a moment."""
        if self.state == "closed":
            return "quote.request_unknown"
        if self.state != "open":
            return "quote.state"
        if who == "lab" or (self.asked and who not in self.asked):
            return "quote.not_asked"
        if self.standing(who) is not None:
            return "quote.exists"
        if not now < until <= self.closes:
            return "quote.terms_invalid"
        self.slips.append(Slip(who, price, until))
        return ""

    def accept(self, who: str, now: int) -> str:
        """The seller takes somebody's quote."""
        slip = self.standing(who)
        if slip is None:
            return "quote.unknown"
        self._pass()
        slip.state, self.taken = "accepted", slip
        self.state, self.due = "accepted", now + self.payment
        return ""

    def close(self) -> str:
        """The seller asks for no more."""
        if self.state == "closed":
            return "quote.request_unknown"
        if self.state != "open":
            return "quote.state"
        self._pass()
        self.state = "closed"
        return ""

    def sign(self, buyer: bool, now: int) -> str:
        """One side signs; the buyer pays into the drawer."""
        assert self.taken is not None
        side = "buyer" if buyer else "seller"
        if self.state == "closed":
            return "deal.unknown"
        if side in self.signed:
            return "deal.state"
        cost = self.taken.price + self.fee(self.taken.price)
        if buyer and cost > self.money[self.taken.who]:
            return "hold.insufficient_available"
        if buyer:
            self.money[self.taken.who] -= cost
            self.drawer = cost
        self.signed.append(side)
        self.due = 0 if len(self.signed) == 2 else now + self.payment
        return ""

    def recorded(self) -> str:
        """The office has entered the buyer."""
        assert self.taken is not None
        if self.state == "closed":
            return "deal.unknown"
        if len(self.signed) < 2:
            return "deal.state"
        fee = self.fee(self.taken.price)
        self.money["lab"] += self.taken.price - fee
        self.venue += 2 * fee
        self.drawer, self.owner, self.state = 0, self.taken.who, "closed"
        return ""

    def step_back(self) -> str:
        """A quote that was taken binds both."""
        return "deal.unknown" if self.state == "closed" else "deal.state"

    # --- Time ---------------------------------------------------------------------------------------------------------

    def dates(self) -> list[int]:
        """What is next in the book."""
        found = [slip.until for slip in self.slips if slip.state == "standing"]
        found += [self.closes] if self.state == "open" else []
        found += [self.due] if self.state == "accepted" and self.due else []
        return sorted(found)

    def clock(self, now: int) -> None:
        """What the time that has passed brings about."""
        for slip in self.slips:
            if slip.state == "standing" and slip.until <= now:
                slip.state = "expired"
        if self.state == "open" and self.closes <= now:
            self._pass()
            self.state = "closed"
        if self.state == "accepted" and self.due and self.due <= now:
            assert self.taken is not None
            self.money[self.taken.who] += self.drawer
            self.drawer, self.state = 0, "closed"

    def _pass(self) -> None:
        for slip in self.slips:
            if slip.state == "standing":
                slip.state = "passed"
