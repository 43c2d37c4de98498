"""Who held what at the end of one command: the holders of record, copied once, then read while trading goes on.

The copy is memory's alone. It needs no rows, because the balances less what was posted since are the same again: that
is how a start makes it anew (`holdings_then`). Everything else is worked out of the copy step by step, each step short
enough for the orders between; after a start, what was worked out before is worked out again at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from custody.distribution import NO_CUT, Cut, cut_from
from exchange.core.ids import AccountId

SLICE = 10_000
"""Holders whose remainders one step works out."""


@dataclass(slots=True)
class Holdings:
    """The holders of one asset by account, and their units, as of one sequence.

    `copied` is what was there; the rest follows from it, the pot and who may hold: the holders in order, the remainders
    of the pot, and where largest remainder stops rounding up.
    """

    copied: dict[AccountId, int]
    accounts: list[AccountId] = field(default_factory=list[AccountId])
    units: list[int] = field(default_factory=list[int])
    total: int = 0
    remainders: list[int] = field(default_factory=list[int])
    ranked: list[int] = field(default_factory=list[int])
    steps_done: int = 0
    cut: Cut = NO_CUT

    @property
    def steps(self) -> int:
        """How many steps there are, once the first is done."""
        return 2 + -(-len(self.accounts) // SLICE)

    def prepare(self, pot_minor: int, holds: Callable[[AccountId], bool], upto: int) -> None:
        """Do the steps up to this one: the holders in order, the remainders slice by slice, the cut."""
        while self.steps_done < upto and (not self.steps_done or self.steps_done < self.steps):
            if not self.steps_done:
                self._order(holds)
            elif self.steps_done < self.steps - 1:
                self._rank(pot_minor)
            else:
                self.ranked.sort(reverse=True)  # slices sorted already are merged
                self.cut = cut_from(self.remainders, self.ranked, self.total)
                self.ranked = []
            self.steps_done += 1

    def _order(self, holds: Callable[[AccountId], bool]) -> None:
        self.accounts = [account_id for account_id in sorted(self.copied) if holds(account_id)]
        self.units = [self.copied[account_id] for account_id in self.accounts]
        self.total = sum(self.units)

    def _rank(self, pot_minor: int) -> None:
        begin = (self.steps_done - 1) * SLICE
        total = self.total
        found = [pot_minor * units % total for units in self.units[begin : begin + SLICE]]
        self.remainders += found
        self.ranked += sorted(found, reverse=True)


def holdings(copied: Mapping[AccountId, int]) -> Holdings:
    """What was there; who has nothing is no holder."""
    return Holdings({account_id: units for account_id, units in copied.items() if units > 0})


def holdings_then(now: Mapping[AccountId, int], posted_since: Iterable[tuple[AccountId, int]]) -> Holdings:
    """The holders before these postings: what they have now, less what was posted since."""
    then = dict(now)
    for account_id, units in posted_since:
        then[account_id] = then.get(account_id, 0) - units
    return holdings(then)
