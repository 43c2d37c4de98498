"""A clerk who sells blocks by hand: a book of units, a drawer for prices, and a list of open slips. Imports nothing.

Shares of one thing, whose deed lets co-holders step in, or does not. Amounts are integers; parts are exact fractions,
shared out by largest remainder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass
class Slip:
    """One offer of a block."""

    seller: str
    buyer: str
    units: int
    price: int
    state: str = "proposed"
    signed: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    """Who may step in, and what it said."""
    weights: dict[str, int] = field(default_factory=dict)
    """What each of them had when it was asked."""
    takers: list[tuple[str, int, int]] = field(default_factory=list)
    """(who, units, price) of those who stepped in."""
    drawer: int = 0
    lapses_on: int = 0
    claims_end_on: int = 0

    @property
    def open(self) -> bool:
        """Whether it may still come to something."""
        return self.state in ("proposed", "pre_emption", "signing")


@dataclass
class Clerk:
    """Who has what, and what is promised."""

    units: dict[str, int]
    cash: dict[str, int]
    claims: bool
    """Whether co-holders may step in."""
    claim_days: int = 0
    offer_days: int = 180
    earned: int = 0
    day: int = 0
    slips: list[Slip] = field(default_factory=list)

    @staticmethod
    def fee(price: int) -> int:
        """What each side pays: a thousandth, rounded up, from 100 to 1,000,000, and never more than the price."""
        return min(max(-(-price // 1000), 100), 1_000_000, price)

    def promised_units(self, who: str) -> int:
        """What somebody has offered."""
        return sum(slip.units for slip in self.slips if slip.open and slip.seller == who)

    def promised_cash(self, who: str) -> int:
        """What somebody who would step in has put aside."""
        asked = [slip for slip in self.slips if slip.state == "pre_emption" and slip.asked.get(who) == "takes"]
        return sum(slip.price + self.fee(slip.price) for slip in asked)

    def propose(self, seller: str, buyer: str, units: int, price: int) -> str:
        """A new slip, if the seller has that many units that nobody else was offered."""
        if self.units[seller] < units:
            return "right.not_owned"
        if self.units[seller] - self.promised_units(seller) < units:
            return "hold.insufficient_available"
        self.slips.append(Slip(seller, buyer, units, price, lapses_on=self.day + self.offer_days))
        return ""

    def accept(self, slip: Slip) -> str:
        """The buyer says yes: others are asked, or both may sign."""
        if slip.state != "proposed":
            return "deal.state"
        others = [who for who, held in self.units.items() if held and who not in (slip.seller, slip.buyer)]
        asks = self.claims and not self.units[slip.buyer] and bool(others)
        slip.state = "pre_emption" if asks else "signing"
        if asks:
            slip.asked = dict.fromkeys(others, "")
            slip.weights = {who: self.units[who] for who in others}
            slip.claims_end_on = self.day + self.claim_days
        return ""

    def answer(self, slip: Slip, who: str, takes: bool) -> str:
        """Somebody who may step in says whether it does."""
        if slip.state != "pre_emption" or slip.asked.get(who, "lets go") == "lets go":
            return "prior_claim.unknown"
        if slip.asked[who]:
            return "prior_claim.state"
        if takes and slip.price + self.fee(slip.price) > self.cash[who] - self.promised_cash(who):
            return "hold.insufficient_available"
        slip.asked[who] = "takes" if takes else "lets go"
        if all(slip.asked.values()):
            self.close(slip)
        return ""

    def close(self, slip: Slip) -> None:
        """All have answered, or time is up."""
        takers = [who for who, said in slip.asked.items() if said == "takes"]
        slip.state = "signing"
        if not takers:
            return
        while True:
            units = share_out(slip.units, [slip.weights[who] for who in takers])
            prices = share_out(slip.price, units)
            slip.takers = list(zip(takers, units, prices, strict=True))
            nothing = [who for who, part, price in slip.takers if not (part and price)]
            if not nothing:
                break
            takers.remove(min(nothing, key=lambda who: (slip.weights[who], -takers.index(who))))
        for who, _, price in slip.takers:
            self.cash[who] -= price + self.fee(price)
            slip.drawer += price + self.fee(price)
        slip.signed.append("buyer")
        slip.lapses_on = self.day + self.offer_days

    def sign(self, slip: Slip, side: str) -> str:
        """One side signs; with both, units and price change hands."""
        if slip.state == "pre_emption":
            return "deal.pre_emption_running"
        if slip.state != "signing":
            return "deal.state" if slip.open else "deal.unknown"
        if side in slip.signed:
            return "deal.state"
        cost = slip.price + self.fee(slip.price)
        if side == "buyer" and cost > self.cash[slip.buyer] - self.promised_cash(slip.buyer):
            return "hold.insufficient_available"
        if side == "buyer":
            self.cash[slip.buyer] -= cost
            slip.drawer = cost
        slip.signed.append(side)
        slip.lapses_on = self.day + self.offer_days
        if len(slip.signed) == 2:
            self.complete(slip)
        return ""

    def complete(self, slip: Slip) -> None:
        """Units against price."""
        slip.state = "completed"
        takers = slip.takers or [(slip.buyer, slip.units, slip.price)]
        self.units[slip.seller] -= slip.units
        for who, units, _ in takers:
            self.units[who] += units
        self.cash[slip.seller] += slip.price - self.fee(slip.price)
        self.earned += slip.drawer - slip.price + self.fee(slip.price)
        slip.drawer = 0

    def withdraw(self, slip: Slip) -> str:
        """Somebody steps back, if nobody has stepped in, or is asked."""
        if slip.state == "pre_emption" or slip.takers:
            return "deal.state"
        self.end(slip, "withdrawn")
        return ""

    def end(self, slip: Slip, state: str) -> None:
        """What was taken goes back."""
        for who, _, price in slip.takers:
            self.cash[who] += price + self.fee(price)
        if not slip.takers:
            self.cash[slip.buyer] += slip.drawer
        slip.drawer, slip.state = 0, state

    def pass_days(self, days: int) -> None:
        """One day after the other: claims end, offers lapse."""
        for _ in range(days):
            self.day += 1
            for slip in self.slips:
                if slip.state == "pre_emption" and self.day >= slip.lapses_on:
                    slip.lapses_on = slip.claims_end_on + 2
                if slip.state == "pre_emption" and self.day > slip.claims_end_on:
                    self.close(slip)
                elif slip.open and slip.state != "pre_emption" and self.day >= slip.lapses_on:
                    self.end(slip, "lapsed")


def share_out(whole: int, weights: list[int]) -> list[int]:
    """Parts by weight, the largest remainders one more each, the earlier first among equals."""
    exact = [Fraction(whole * weight, sum(weights)) for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(weights)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: whole - sum(parts)]:
        parts[place] += 1
    return parts
