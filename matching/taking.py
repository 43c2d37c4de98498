"""What a taker meets, told beforehand: for orders that want all of it, or a minimum, at once or nothing.

The walk goes the way of `PlainBook` to the lot, icebergs showing one slice after another included, and changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from matching.book_messages import MAX_TICKS
from matching.queues import Contingent, Entry, Half, Level


class Taker(NamedTuple):
    """What matters of an order while it takes.

    Units: `low_ticks` and `high_ticks`, the edges outside of which nothing trades; `fixed_ticks`, the price of every
    trade, if set; `cap_ticks`, the most it may cost, if set.
    """

    account_id: int
    group_id: int
    buys: bool
    limit_ticks: int
    lots: int
    removes_own: bool
    low_ticks: int = 1
    high_ticks: int = MAX_TICKS
    fixed_ticks: int = 0
    cap_ticks: int = 0


class Obtainable(NamedTuple):
    """What a taker would get; `cut` if only the limit of fills ended it."""

    lots: int
    cut: bool


def related(taker: Taker | Entry, maker: Entry) -> bool:
    """Whether two orders may not trade with each other: one account, or one group."""
    return taker.account_id == maker.account_id or (taker.group_id != 0 and taker.group_id == maker.group_id)


def obtainable(half: Half, contingent: Contingent, taker: Taker, wanted_lots: int, max_fills: int) -> Obtainable:
    """What a taker would get of `wanted_lots` at once; `half` and `contingent` are the side it takes from."""
    left, fills, cost = taker.lots, 0, 0
    enough = taker.lots - wanted_lots
    for maker, offered, whole in _makers(half, contingent, taker):
        price = taker.fixed_ticks or maker.price_ticks
        lots = min(offered, left)
        if whole and lots < offered:
            continue  # an all-or-none order for which too little is left is passed over
        if taker.cap_ticks and cost + price * lots > taker.cap_ticks:
            lots = (taker.cap_ticks - cost) // price
            if whole:
                continue
            if not lots:
                break
        if fills == max_fills:
            return Obtainable(taker.lots - left, cut=True)
        if related(taker, maker):
            if not taker.removes_own:
                break
            fills += 1
            continue
        fills += 1
        left -= lots
        cost += price * lots
        if left <= enough:
            break
    return Obtainable(taker.lots - left, cut=False)


def _makers(half: Half, contingent: Contingent, taker: Taker) -> Iterator[tuple[Entry, int, bool]]:
    """The makers in their order: who, how many lots at this moment, and whether all of them or none."""
    waiting = deque(contingent)
    for price in half:
        if price > taker.limit_ticks if taker.buys else price < taker.limit_ticks:
            break
        yield from _contingent_before(waiting, taker, price)
        if not taker.low_ticks <= price <= taker.high_ticks:
            return  # trading is interrupted here
        yield from _of_level(half.levels[price], taker)
    yield from _contingent_before(waiting, taker, None)


def _contingent_before(waiting: deque[Entry], taker: Taker, price: int | None) -> Iterator[tuple[Entry, int, bool]]:
    """All-or-none orders at a price strictly better than the next level's: at equal prices they come last."""
    while waiting:
        entry = waiting[0]
        if price is not None and (entry.price_ticks >= price if taker.buys else entry.price_ticks <= price):
            return
        waiting.popleft()
        if _within(taker, entry.price_ticks):
            yield entry, entry.remaining_lots, True


def _of_level(level: Level, taker: Taker) -> Iterator[tuple[Entry, int, bool]]:
    """Displayed orders, then the further slices of icebergs in turn, then hidden orders."""
    again: deque[tuple[Entry, int]] = deque()
    entry = level.oldest
    while entry is not None and not entry.hidden:
        yield entry, entry.shown_lots, False
        if entry.remaining_lots > entry.shown_lots and not (taker.removes_own and related(taker, entry)):
            again.append((entry, entry.remaining_lots - entry.shown_lots))
        entry = entry.newer
    while again:
        iceberg, reserve = again.popleft()
        slice_lots = min(iceberg.display_lots, reserve)
        yield iceberg, slice_lots, False
        if reserve > slice_lots:
            again.append((iceberg, reserve - slice_lots))
    while entry is not None:
        yield entry, entry.remaining_lots, False
        entry = entry.newer


def _within(taker: Taker, price_ticks: int) -> bool:
    if not taker.low_ticks <= price_ticks <= taker.high_ticks:
        return False
    return price_ticks <= taker.limit_ticks if taker.buys else price_ticks >= taker.limit_ticks
