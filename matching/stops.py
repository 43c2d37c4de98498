"""Orders that wait for a price: stop, stop-limit and trailing stop orders, and the order in which they get their turn.

A bid waits for the price to rise to its level, an offer for it to fall. When a price is reached, not every stop is
looked at: the reach is noted once (side, price, and the number below which a stop had to be there), and stops have
their turn one by one, the level reached first before the others, then by number. So a command that triggers ten
thousand stops does a bounded part, and the rest is exact later: a stop that came after the trade is not swept along.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from exchange.core.rejections import ensure
from matching.book_messages import MAX_TICKS, BookSide, Kind
from matching.queues import Entry

Reach = tuple[int, int, int]
"""Side, price, and the number below which stops are meant."""


class StopList:
    """The waiting stops of one book."""

    __slots__ = ("_bids", "_offers", "count", "reaches", "trailing")

    def __init__(self) -> None:
        self._bids: list[tuple[int, int, Entry]] = []  # level, number: the lowest level is reached first
        self._offers: list[tuple[int, int, Entry]] = []  # minus level, number: the highest is reached first
        self.count = 0
        self.trailing: dict[int, Entry] = {}
        self.reaches: list[Reach] = []

    def __iter__(self) -> Iterator[Entry]:
        """The stops: bids then offers, each in the order in which a price reaches them."""
        return (entry for rows in (self._bids, self._offers) for _, _, entry in rows)

    def add(self, entry: Entry) -> None:
        """Let a stop wait at its level; it has its number."""
        insort(self._rows(entry.buys), _row(entry))
        self.count += 1
        if entry.order.trail_ticks:
            self.trailing[entry.order_id] = entry

    def remove(self, entry: Entry) -> None:
        """Take a stop out."""
        rows = self._rows(entry.buys)
        place = bisect_left(rows, _row(entry)[:2], key=lambda row: row[:2])
        ensure(place < len(rows) and rows[place][2] is entry, "a stop stands where its level and number say")
        del rows[place]
        self.count -= 1
        self.trailing.pop(entry.order_id, None)

    def reach(self, side: int, price_ticks: int, next_priority: int) -> bool:
        """Note that a price was reached, if that may set stops free; whether it was noted."""
        rows, sign = (self._bids, 1) if side == BookSide.BUY else (self._offers, -1)
        if not rows or rows[0][0] > sign * price_ticks:
            return False
        for noted_side, noted, before in self.reaches:
            if noted_side == side and sign * noted >= sign * price_ticks and before == next_priority:
                return False  # already noted, and nobody has come since
        self.reaches.append((side, price_ticks, next_priority))
        return True

    def due(self) -> Entry | None:
        """The stop whose turn is next; reaches without any are forgotten on the way."""
        while self.reaches:
            side, price_ticks, before = self.reaches[0]
            rows, limit = (self._bids, price_ticks) if side == BookSide.BUY else (self._offers, -price_ticks)
            for level, priority, entry in rows:
                if level > limit:
                    break
                if priority < before:
                    return entry
            del self.reaches[0]
        return None

    def follow(self, buys: bool, price_ticks: int) -> list[Entry]:
        """Move the levels of one side's trailing stops after a price; those that moved, by number."""
        moved: list[Entry] = []
        for entry in sorted(self.trailing.values(), key=lambda entry: entry.priority):
            level = trailing_level(buys, price_ticks, entry.order.trail_ticks)
            if entry.buys == buys and (level < entry.stop_ticks if buys else level > entry.stop_ticks):
                self.remove(entry)
                entry.stop_ticks = level
                self.add(entry)
                moved.append(entry)
        return moved

    def validate(self) -> None:
        """Check every promise this class makes to itself."""
        for rows in (self._bids, self._offers):
            ensure(all(row == _row(row[2]) for row in rows), "a stop stands at its level with its number")
            ensure(rows == sorted(rows, key=lambda row: row[:2]), "stops stand in the order in which they are reached")
        ensure(self.count == len(self._bids) + len(self._offers), "stops are counted")
        trailing = sorted(entry.order_id for entry in self if entry.order.trail_ticks)
        ensure(trailing == sorted(self.trailing), "trailing stops are known by their ids")

    def _rows(self, buys: bool) -> list[tuple[int, int, Entry]]:
        return self._bids if buys else self._offers


def trailing_level(buys: bool, price_ticks: int, trail_ticks: int) -> int:
    """Where a trailing stop stands that has seen this price as its best."""
    return min(price_ticks + trail_ticks, MAX_TICKS) if buys else max(price_ticks - trail_ticks, 1)


def triggered_limit(entry: Entry) -> int:
    """The limit of a stop that acts: its own, or for a trailing stop-limit the offset from its level, if tighter."""
    order = entry.order
    offset = order.offset_ticks if order.kind == Kind.TRAILING_STOP_LIMIT else None
    return limit_when_triggered(
        buys=entry.buys, level_ticks=entry.stop_ticks, limit_ticks=order.price_ticks, offset_ticks=offset
    )


def limit_when_triggered(*, buys: bool, level_ticks: int, limit_ticks: int, offset_ticks: int | None) -> int:
    """The same of a level, a limit and an offset; no offset: the limit alone."""
    if offset_ticks is None:
        return limit_ticks
    return min(level_ticks + offset_ticks, limit_ticks) if buys else max(level_ticks - offset_ticks, limit_ticks)


def _row(entry: Entry) -> tuple[int, int, Entry]:
    return (entry.stop_ticks if entry.buys else -entry.stop_ticks, entry.priority, entry)
