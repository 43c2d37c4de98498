"""Pre-emption as a notary would keep it: a list of who was asked, their envelopes of money, shares as exact fractions.

It is the independent model of prior claims inside deals and imports nothing of the project. Answers are the codes of
refusals, or "" where a step is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

RANKS = ("co_owner", "co_developer", "commissioner", "finisher")


def fee(price: int) -> int:
    """One per cent rounded up, at least CNY 1,000, at most CNY 500,000, never more than the price."""
    return min(price, 50_000_000, max(100_000, -(-price // 100)))


def largest_remainder(whole: int, quotas: list[Fraction]) -> list[int]:
    """Whole parts nearest to these quotas of a whole: what is left goes to the largest remainders, earlier first."""
    total = sum(quotas)
    exact = [quota * whole / total for quota in quotas]
    parts = [part.numerator // part.denominator for part in exact]
    left = whole - sum(parts)
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[:left]:
        parts[place] += 1
    return parts


@dataclass
class Notary:
    """One right and the deal about a part of it. Money in fen, shares in units of `total`."""

    total: int
    shares: dict[str, int]
    money: dict[str, int]
    contracts: dict[str, str]
    """Who has a claim out of a contract, and of which kind."""
    state: str = "none"
    seller: str = ""
    buyer: str = ""
    units: int = 0
    price: int = 0
    asked: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Who was asked: kind and weight, in the order they were asked."""
    waived: list[str] = field(default_factory=list[str])
    envelopes: dict[str, int] = field(default_factory=dict[str, int])
    drawer: int = 0
    venue: int = 0
    takers: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    signed: list[str] = field(default_factory=list[str])

    # --- The deal -----------------------------------------------------------------------------------------------------

    def propose(self, seller: str, buyer: str, units: int, price: int) -> str:
        """A part is offered."""
        if self.state not in ("none", "over"):
            return "deal.state"
        if units > self.shares.get(seller, 0):
            return "right.not_owned"
        self.seller, self.buyer, self.units, self.price = seller, buyer, units, price
        self.state, self.signed, self.waived, self.envelopes, self.takers = "proposed", [], [], {}, {}
        return ""

    def price_found(self) -> None:
        """The buyer has accepted, and the price was shown long enough: whoever ranks before the buyer is asked."""
        kinds: dict[str, tuple[str, int]] = {}
        for owner, units in self.shares.items():
            kinds[owner] = ("co_owner", units)
        for rank in RANKS[1:]:
            for holder, kind in self.contracts.items():
                if kind == rank and holder not in kinds:
                    kinds[holder] = (kind, 1)
        own = kinds.pop(self.buyer, None)
        kinds.pop(self.seller, None)
        ahead = RANKS[: RANKS.index(own[0])] if own else RANKS
        self.asked = {who: kind for who, kind in kinds.items() if kind[0] in ahead}
        self.state = "pre_emption" if self.asked else "signing"

    def exercise(self, who: str) -> str:
        """Somebody steps in, and puts the whole cost into an envelope."""
        if self.state != "pre_emption" or who not in self.asked or who in self.waived:
            return "prior_claim.unknown"
        if who in self.envelopes:
            return "prior_claim.state"
        cost = self.price + fee(self.price)
        if cost > self.money[who]:
            return "hold.insufficient_available"
        self.envelopes[who] = cost
        self._all_answered()
        return ""

    def waive(self, who: str) -> str:
        """Somebody lets the deal go."""
        if self.state != "pre_emption" or who not in self.asked or who in self.waived:
            return "prior_claim.unknown"
        if who in self.envelopes:
            return "prior_claim.state"
        self.waived.append(who)
        self._all_answered()
        return ""

    def _all_answered(self) -> None:
        if len(self.waived) + len(self.envelopes) == len(self.asked):
            self.time_is_up()

    def time_is_up(self) -> None:
        """The envelopes are opened: the best kind takes everything."""
        self.state = "signing"
        best = min((RANKS.index(self.asked[who][0]) for who in self.envelopes), default=-1)
        able = [who for who in self.asked if who in self.envelopes and RANKS.index(self.asked[who][0]) == best]
        self.envelopes = {}
        while able:
            units = largest_remainder(self.units, [Fraction(self.asked[who][1], self.total) for who in able])
            costs = largest_remainder(self.price, [Fraction(part, self.units) for part in units])
            nothing = [who for who, part, cost in zip(able, units, costs, strict=True) if 0 in (part, cost)]
            if not nothing:
                self.takers = dict(zip(able, zip(units, costs, strict=True), strict=True))
                break
            able.remove(min(nothing, key=lambda who: (self.asked[who][1], -able.index(who))))
        for who, (_, cost) in self.takers.items():
            self.money[who] -= cost + fee(cost)
            self.drawer += cost + fee(cost)
        if self.takers:
            self.signed.append("buyer")

    def sign(self, side: str) -> str:
        """A side signs; the buyer's pays."""
        if self.state == "pre_emption":
            return "deal.pre_emption_running"
        if side == "buyer":
            if self.takers:
                return "deal.not_party"
            if self.state != "signing" or "buyer" in self.signed:
                return "deal.state"
            cost = self.price + fee(self.price)
            if cost > self.money[self.buyer]:
                return "hold.insufficient_available"
            self.money[self.buyer] -= cost
            self.drawer += cost
        elif self.state != "signing" or "seller" in self.signed:
            return "deal.state"
        self.signed.append(side)
        if len(self.signed) == 2:
            self.state = "contracted"
        return ""

    def withdraw(self) -> str:
        """The seller steps back."""
        if self.state in ("pre_emption", "contracted") or self.takers:
            return "deal.state"
        self._back()
        return ""

    def recorded(self, granted: bool) -> None:
        """The office answers."""
        if not granted:
            self._back()
            return
        parts = self.takers or {self.buyer: (self.units, self.price)}
        fees = sum(fee(cost) for _, cost in parts.values())
        assert self.drawer == self.price + fees
        self.money[self.seller] += self.price - fee(self.price)
        self.venue += fees + fee(self.price)
        self.drawer = 0
        self.shares[self.seller] -= self.units
        for who, (units, _) in parts.items():
            self.shares[who] = self.shares.get(who, 0) + units
        self.shares = {who: units for who, units in self.shares.items() if units}
        self.state, self.takers = "over", {}

    def _back(self) -> None:
        for who, (_, cost) in self.takers.items():
            self.money[who] += cost + fee(cost)
        if self.drawer and not self.takers:
            self.money[self.buyer] += self.drawer
        self.drawer, self.takers, self.state = 0, {}, "over"
