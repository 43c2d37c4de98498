"""Pledged and preserved units as a keeper of tokens would see them: each token is free, on offer, or under an entry.

It is the independent model of encumbrances on units and imports nothing of the project. A token under a pledge belongs
to its block, whatever the ranks; an order of a court takes free tokens, then those on offer, the newest offer first and
whole, and waits for the rest until one becomes free. Answers are the codes of refusals, or "" where a step is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Lien:
    """A pledge in its block, or an order of a court, which is a block of its own."""

    name: int
    court: bool
    wants: int
    block: int


@dataclass
class Keeper:
    """One owner's tokens: how many lie under each block, and which are on offer, the oldest offer first."""

    tokens: int
    sold: int = 0
    offers: list[list[int]] = field(default_factory=list[list[int]])
    liens: list[Lien] = field(default_factory=list[Lien])
    blocks: dict[int, int] = field(default_factory=dict[int, int])
    names: int = 0

    # --- Looking ------------------------------------------------------------------------------------------------------

    @property
    def offered(self) -> int:
        """Tokens on offer."""
        return sum(offer[1] for offer in self.offers)

    @property
    def blocked(self) -> int:
        """Tokens under an entry."""
        return sum(self.blocks.values())

    @property
    def free(self) -> int:
        """Tokens the owner may still offer or pledge."""
        return self.tokens - self.offered - self.blocked

    def held_by(self, name: int) -> int:
        """What one entry holds itself: of a block's pledges the first one holds all."""
        lien = self.lien(name)
        first = next(other for other in self.liens if other.block == lien.block)
        return self.blocks[lien.block] if first is lien else 0

    def rank(self, name: int) -> int:
        """A pledge's place in its block, or a court's order's among all orders."""
        lien = self.lien(name)
        beside = [each for each in self.liens if (each.court if lien.court else each.block == lien.block)]
        return beside.index(lien) + 1

    def lien(self, name: int) -> Lien:
        """An entry that stands."""
        return next(each for each in self.liens if each.name == name)

    # --- Steps --------------------------------------------------------------------------------------------------------

    def offer(self, name: int, count: int) -> str:
        """Put tokens on offer."""
        if count <= self.free:
            self.offers.append([name, count])
            return ""
        return (
            "right.encumbered" if self.blocked and count <= self.free + self.blocked else "hold.insufficient_available"
        )

    def sell(self, count: int) -> int:
        """Somebody buys from the oldest offers; how much was there."""
        left = count
        while left and self.offers:
            part = min(left, self.offers[0][1])
            self.offers[0][1] -= part
            left -= part
            if not self.offers[0][1]:
                self.offers.pop(0)
        self.tokens -= count - left
        self.sold += count - left
        return count - left

    def pledge(self, count: int) -> int:
        """Pledge free tokens; the entry's name, 0 if there are not enough."""
        if count > self.free:
            return 0
        self.names += 1
        self.liens.append(Lien(self.names, court=False, wants=count, block=self.names))
        self.blocks[self.names] = count
        return self.names

    def again(self, name: int) -> int:
        """Pledge the tokens of an earlier pledge once more, behind all that lie on them."""
        earlier = self.lien(name)
        self.names += 1
        self.liens.append(Lien(self.names, court=False, wants=earlier.wants, block=earlier.block))
        return self.names

    def preserve(self, count: int) -> int:
        """A court's order over so many tokens; 0 if the owner has not so many."""
        if count > self.tokens:
            return 0
        self.names += 1
        self.liens.append(Lien(self.names, court=True, wants=count, block=self.names))
        self.blocks[self.names] = 0
        while self.free < count and self.offers:
            self.offers.pop()
        self.blocks[self.names] = min(count, self.free)
        return self.names

    def end(self, name: int) -> None:
        """An entry is over; when its block is, courts' orders that wait take what became free, the oldest first."""
        lien = self.lien(name)
        self.liens.remove(lien)
        if any(each.block == lien.block for each in self.liens):
            return
        loose = self.blocks.pop(lien.block)
        for order in self.liens:
            if order.court:
                taken = min(loose, order.wants - self.blocks[order.block])
                self.blocks[order.block] += taken
                loose -= taken


def paid_by_rank(net: int, claims: list[int]) -> tuple[list[int], int]:
    """Coin by coin in heaps: what each claim gets of a price, and what is left for the owner."""
    got = [0] * len(claims)
    for place, claim in enumerate(claims):
        got[place] = claim if sum(claims[: place + 1]) <= net else max(0, net - sum(claims[:place]))
    return got, net - sum(got)
