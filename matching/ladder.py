"""The distinct prices of one side, kept in order.

A plain sorted list moves half of itself for every new price, a heap cannot be read in order without changing it. So:
a sorted list cut into chunks of at most `CHUNK` prices, and the lowest price of each chunk beside it. Adding,
removing and finding cost two short searches at 100 prices and at 100,000; reading changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import pairwise

from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.units import MAX_INTEGER, PriceTicks

CHUNK = 512


NO_BID = PriceTicks(0)
NO_OFFER = PriceTicks(MAX_INTEGER + 1)
"""The best price of a side without any: worse than every price, so it needs no case of its own."""


class Ladder:
    """Distinct prices, best first: the highest when `best_is_highest` (bids), else the lowest (offers).

    `best` is the price that trades first, NO_BID or NO_OFFER without any; every order reads it, so it is kept at hand.
    """

    __slots__ = ("_best_is_highest", "_chunks", "_lows", "best")

    def __init__(self, *, best_is_highest: bool) -> None:
        self.best = NO_BID if best_is_highest else NO_OFFER
        self._best_is_highest = best_is_highest
        self._chunks: list[list[PriceTicks]] = []  # ascending, none empty
        self._lows: list[PriceTicks] = []  # _lows[i] == _chunks[i][0]

    def __iter__(self) -> Iterator[PriceTicks]:
        """The prices, best first."""
        if self._best_is_highest:
            for chunk in reversed(self._chunks):
                yield from reversed(chunk)
        else:
            for chunk in self._chunks:
                yield from chunk

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def add(self, price_ticks: PriceTicks) -> None:
        """Insert a price that is not there yet."""
        if price_ticks > self.best if self._best_is_highest else price_ticks < self.best:
            self.best = price_ticks
        if not self._chunks:
            self._chunks.append([price_ticks])
            self._lows.append(price_ticks)
            return
        place = bisect_right(self._lows, price_ticks) - 1
        if place < 0:  # below every price so far
            place = 0
            self._lows[0] = price_ticks
        chunk = self._chunks[place]
        insort(chunk, price_ticks)
        if len(chunk) > CHUNK:
            upper = chunk[CHUNK // 2 :]
            del chunk[CHUNK // 2 :]
            self._chunks.insert(place + 1, upper)
            self._lows.insert(place + 1, upper[0])

    def remove(self, price_ticks: PriceTicks) -> None:
        """Take out a price that is there."""
        place = bisect_right(self._lows, price_ticks) - 1
        chunk = self._chunks[place] if place >= 0 else []
        index = bisect_left(chunk, price_ticks)
        if index == len(chunk) or chunk[index] != price_ticks:
            raise InvariantBroken("a removed price was in the ladder")
        del chunk[index]
        if chunk:
            self._lows[place] = chunk[0]
        else:
            del self._chunks[place], self._lows[place]
        if price_ticks == self.best:
            self.best = self._first()

    def validate(self) -> None:
        """Check every promise this class makes to itself."""
        ascending = [price for chunk in self._chunks for price in chunk]
        ensure(all(low < high for low, high in pairwise(ascending)), "prices ascend, distinct")
        ensure(self.best == self._first(), "the best price is the first one")
        ensure(self._lows == [chunk[0] for chunk in self._chunks if chunk], "each chunk's low is its first price")
        ensure(all(0 < len(chunk) <= CHUNK for chunk in self._chunks), "no chunk is empty or too long")

    def _first(self) -> PriceTicks:
        if self._best_is_highest:
            return self._chunks[-1][-1] if self._chunks else NO_BID
        return self._chunks[0][0] if self._chunks else NO_OFFER
