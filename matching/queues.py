"""The places in a book where orders stand: a price with its queue, a side with its prices, the all-or-none list.

One queue holds a price's displayed orders and behind them its hidden ones, linked from the oldest to the newest, so
that any of them leaves as cheaply as the first. A level also counts what others need to know without walking it: what
it shows, and how many of its orders a peg may follow.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

import msgspec

from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.units import PriceTicks
from matching.book_messages import NO_PRICE, BookLevel, BookOrder, BookSide, Place
from matching.ladder import Ladder


class Entry(msgspec.Struct, eq=False):
    """An open order, or one on its way through. `shown_lots` is zero for what nobody sees."""

    order: BookOrder
    order_id: int
    account_id: int
    group_id: int
    buys: bool
    price_ticks: int
    remaining_lots: int
    takes_only: bool
    """It never stays in continuous trading: a market order, and what becomes one."""
    hidden: bool
    display_lots: int
    pegged: bool
    oco_id: int
    shown_lots: int = 0
    stop_ticks: int = 0
    priority: int = 0
    place: Place = Place.QUEUE
    level: Level | None = None
    older: Entry | None = None
    newer: Entry | None = None


class Level(msgspec.Struct, eq=False):
    """The orders at one price of one side: displayed ones oldest first, then hidden ones oldest first."""

    price_ticks: int
    oldest: Entry | None = None
    newest: Entry | None = None
    first_hidden: Entry | None = None
    order_count: int = 0
    lots: int = 0
    """All that could trade here, hidden and reserve included."""
    shown: int = 0
    """What the public sees of it."""
    anchors: int = 0
    """Displayed orders that are no pegs: what pegs follow."""
    unpriced: int = 0
    """Market orders waiting for an auction: their price is a protection, not a wish."""

    def __iter__(self) -> Iterator[Entry]:
        """The orders as they would trade. The level must not change meanwhile."""
        entry = self.oldest
        while entry is not None:
            yield entry
            entry = entry.newer

    def append(self, entry: Entry) -> None:
        """Put an order at the end of the displayed, or of the hidden, part of the queue."""
        behind = None if entry.hidden else self.first_hidden  # the first hidden order stays behind every displayed one
        older = self.newest if behind is None else behind.older
        entry.older, entry.newer, entry.level = older, behind, self
        if older is None:
            self.oldest = entry
        else:
            older.newer = entry
        if behind is None:
            self.newest = entry
        else:
            behind.older = entry
        if entry.hidden:
            if self.first_hidden is None:
                self.first_hidden = entry
        else:
            self.shown += entry.shown_lots
            if not entry.pegged:
                self.anchors += 1
        if entry.takes_only:
            self.unpriced += 1
        self.lots += entry.remaining_lots
        self.order_count += 1

    def remove(self, entry: Entry) -> None:
        """Take an order out, wherever it stands."""
        older, newer = entry.older, entry.newer
        if older is None:
            self.oldest = newer
        else:
            older.newer = newer
        if newer is None:
            self.newest = older
        else:
            newer.older = older
        if entry.hidden:
            if self.first_hidden is entry:
                self.first_hidden = newer
        else:
            self.shown -= entry.shown_lots
            if not entry.pegged:
                self.anchors -= 1
        if entry.takes_only:
            self.unpriced -= 1
        entry.older = entry.newer = entry.level = None
        self.lots -= entry.remaining_lots
        self.order_count -= 1

    def view(self) -> BookLevel:
        """What the public sees of it."""
        return BookLevel(self.price_ticks, self.shown, sum(1 for entry in self if entry.shown_lots))

    def validate(self) -> None:
        """Check every promise this class makes to itself."""
        entries = list(self)
        newest = entries[-1] if entries else None
        ensure(newest is not None and self.newest is newest, "a level is never empty and knows its last order")
        hidden = [entry for entry in entries if entry.hidden]
        ensure(entries[len(entries) - len(hidden) :] == hidden, "hidden orders stand behind displayed ones")
        ensure(self.first_hidden is (hidden[0] if hidden else None), "a level knows its first hidden order")
        for queue in (entries[: len(entries) - len(hidden)], hidden):
            numbers = [entry.priority for entry in queue]
            ensure(numbers == sorted(set(numbers)), "numbers ascend in a queue")
        older: Entry | None = None
        for entry in entries:
            ensure(entry.level is self and entry.older is older, "orders know their level and their neighbours")
            ensure(entry.price_ticks == self.price_ticks and entry.place is Place.QUEUE, "an order stands at its price")
            ensure(
                0 <= entry.shown_lots <= entry.remaining_lots > 0, "an order has lots, and shows no more than it has"
            )
            ensure(not (entry.hidden and entry.shown_lots), "a hidden order shows nothing")
            older = entry
        ensure(self.order_count == len(entries), "a level counts its orders")
        ensure(self.lots == sum(entry.remaining_lots for entry in entries), "a level's lots are its orders' lots")
        ensure(self.shown == sum(entry.shown_lots for entry in entries), "a level shows what its orders show")
        anchors = sum(1 for entry in entries if not entry.hidden and not entry.pegged)
        ensure(self.anchors == anchors, "a level counts the orders that pegs follow")
        ensure(self.unpriced == sum(1 for entry in entries if entry.takes_only), "a level counts its market orders")


class Half(Ladder):
    """One side of the book: its prices in order, and the level at each."""

    __slots__ = ("buys", "levels")

    def __init__(self, *, buys: bool) -> None:
        super().__init__(best_is_highest=buys)
        self.buys = buys
        self.levels: dict[int, Level] = {}

    def append(self, entry: Entry) -> None:
        """Put an order at the end of its price's queue."""
        price = entry.price_ticks
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level(price)
            self.add(PriceTicks(price))
        level.append(entry)

    def drop(self, entry: Entry) -> None:
        """Take an order out of its queue, and an empty level out of the book."""
        level = entry.level
        if level is None:
            raise InvariantBroken("an order in a queue knows its level")
        if level.oldest is not level.newest:
            level.remove(entry)
            return
        entry.level = None  # the last one takes the level with it
        del self.levels[level.price_ticks]
        self.remove(PriceTicks(level.price_ticks))

    def first(self) -> Entry:
        """The order that trades first; there must be one."""
        entry = self.levels[self.best].oldest
        if entry is None:
            raise InvariantBroken("a level is never empty")
        return entry

    def best_shown(self) -> int:
        """The best price that shows any lots. Walks over levels that show none, which only hidden orders make."""
        return next((price for price in self if self.levels[price].shown), NO_PRICE)

    def best_anchor(self) -> int:
        """The best price that pegs follow: of displayed orders that are no pegs."""
        return next((price for price in self if self.levels[price].anchors), NO_PRICE)

    def reaches(self, limit_ticks: int) -> bool:
        """Whether an order of the other side with this limit would meet one of these; equal prices meet."""
        return bool(self.levels) and (self.best >= limit_ticks if self.buys else self.best <= limit_ticks)

    def validate(self) -> None:
        """Check every promise this class makes to itself."""
        super().validate()
        ensure(sorted(self.levels) == sorted(self), "the ladder names the levels' prices")
        for price, level in self.levels.items():
            ensure(level.price_ticks == price, "a level stands at its price")
            level.validate()
            ensure(all(entry.buys is self.buys for entry in level), "an order stands on its side")


class Contingent:
    """The all-or-none orders of one side that rest outside the queues, in the order in which they would trade."""

    __slots__ = ("buys", "ranked")

    def __init__(self, *, buys: bool) -> None:
        self.buys = buys
        self.ranked: list[tuple[int, int, Entry]] = []

    def __iter__(self) -> Iterator[Entry]:
        """The orders, best price first, then by number."""
        return (entry for _, _, entry in self.ranked)

    def __len__(self) -> int:
        return len(self.ranked)

    def insert(self, entry: Entry) -> None:
        """Add an order; numbers differ, so no two places are equal."""
        insort(self.ranked, (-entry.price_ticks if self.buys else entry.price_ticks, entry.priority, entry))

    def remove(self, entry: Entry) -> None:
        """Take an order out."""
        self.ranked = [row for row in self.ranked if row[2] is not entry]

    def fitting(self, limit_ticks: int, lots: int) -> bool:
        """Whether an order of the other side with this limit and size could fill one of these whole."""
        return any(entry.remaining_lots <= lots and _meets(entry, limit_ticks) for entry in self)


def _meets(entry: Entry, limit_ticks: int) -> bool:
    return entry.price_ticks >= limit_ticks if entry.buys else entry.price_ticks <= limit_ticks


def side_of(entry: Entry) -> int:
    """The number of an order's side in events."""
    return BookSide.BUY if entry.buys else BookSide.SELL
