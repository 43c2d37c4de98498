"""What the public sees of every kind of order: rebuilt from committed events, levels and single orders are the book's.

A text line says what somebody does and what the public then sees, `price x lots, … | price x lots, …`: bids best first,
then offers. Below, tapes of generated commands with every feature on are held against both books.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from exchange.core.ids import InstrumentId, OrderId, make_id
from exchange.core.instruments import OrderPlace, Side
from exchange.core.messages import Event
from exchange.core.rejections import InvariantBroken
from exchange.core.units import PriceTicks, QuantityLots
from matching.book_messages import Book, BookEvent, BookRules, BookSide, Place
from matching.book_records import BookCommand, Cancel, NumberFrom, Replace, Submit, perform
from matching.books import make_book
from matching.depth import DepthFeed, OpenOrder
from matching.messages import MoveCause, OrderAccepted, OrderCovered, OrderMoved, OrderReduced, OrderReplaced
from matching.order_book import PlainBook
from matching.visible import BookChange, OrderLine, VisibleBook
from tests.matching.halves import FEEDS, committed
from tests.matching.journal_rows import SIDES, JournalRows
from tests.matching.suite.market import SuiteMarket, lines_of
from tests.matching.suite.tapes import rules_of, tape
from tests.matching.test_depth import accepted
from tests.matching.told import told

ONE = InstrumentId(1)
PAGE = 7


@dataclass
class Reader:
    """Somebody who follows both channels and knows of the book only what they say."""

    book_n: int = 0
    sizes: dict[tuple[Side, int], int] = field(default_factory=dict[tuple[Side, int], int])
    lines: dict[int, OrderLine] = field(default_factory=dict[int, OrderLine])

    def reads(self, change: BookChange) -> None:
        """Nothing is missing, and nothing is told that was known."""
        assert change.from_book_n == self.book_n + 1
        self.book_n = change.to_book_n
        for side, price, lots in change.levels:
            assert self.sizes.pop((side, price), 0) != lots
            if lots:
                self.sizes[side, price] = lots
        for line in change.orders:
            before = self.lines.pop(line.number, None)
            assert before != line
            assert before is None or (before.side, before.price_ticks) == (line.side, line.price_ticks)
            if line.lots:
                self.lines[line.number] = line

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Price and lots, best first."""
        found = [(price, lots) for (own, price), lots in self.sizes.items() if own is side]
        return sorted(found, reverse=side is Side.BUY)

    def queue(self, side: Side) -> list[OrderLine]:
        """Single orders, best price first, in one queue the lower number first."""
        sign = -1 if side is Side.BUY else 1
        own = [line for line in self.lines.values() if line.side is side]
        return sorted(own, key=lambda line: (sign * line.price_ticks, line.number))

    def checksum(self) -> int:
        """What the reader computes of single orders."""
        first = self.queue(Side.BUY)[:10] + self.queue(Side.SELL)[:10]
        return zlib.crc32("|".join(f"{line.number}:{line.price_ticks}:{line.lots}" for line in first).encode())


def queues_of(book: Book, side: BookSide) -> list[tuple[int, int]]:
    """Price and shown lots of each order of the book that shows any, in the order in which they would trade."""
    sign = -1 if side is BookSide.BUY else 1
    shown = [
        (sign * state.price_ticks, state.priority, state.price_ticks, state.shown_lots)
        for state in book.orders()
        if state.place == Place.QUEUE and state.order.side == side and state.shown_lots
    ]
    return [(price, lots) for _, _, price, lots in sorted(shown)]


class PublicMarket(SuiteMarket):
    """A market of people, and what the public sees of it."""

    def __init__(self, feeds: list[DepthFeed]) -> None:
        self.rows = JournalRows(ONE)
        self.sequence = 0
        self.feeds = feeds
        self.reader = Reader()
        for feed in feeds:
            feed.watch(ONE, by_order=True)
        super().__init__(PlainBook, BookRules())

    def _do(self, command: BookCommand) -> list[BookEvent]:
        answer = super()._do(command)
        self.sequence += 1
        row = committed(self.sequence, self.rows.row(self.sequence, command, answer))
        for feed in self.feeds:
            assert feed.rows([row]) == []
        self.compare()
        return answer

    def compare(self) -> None:
        """Every half says the same, and what a reader makes of it is the book."""
        answers = [feed.changes() for feed in self.feeds]
        assert answers == [answers[0]] * len(answers)
        for change in answers[0]:
            self.reader.reads(change)
        for side in BookSide:
            own = SIDES[side]
            assert self.reader.levels(own) == [level[:2] for level in self.book.levels(side)]
            assert [line[2:] for line in self.reader.queue(own)] == queues_of(self.book, side)
        for feed in self.feeds:
            assert feed.orders_checksum(ONE) == self.reader.checksum()

    def shows(self, text: str) -> None:
        """Play every line; what the public then sees is what it says."""
        for line in lines_of(text):
            asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
            if asked != "orders":
                self.play(asked)
            seen = self.orders() if asked == "orders" else self.levels()
            assert seen == expected, f"{asked}\n  should be: {expected}\n  was:       {seen}"

    def levels(self) -> str:
        """Levels in words."""
        bids, offers = (
            ", ".join(f"{price} x {lots}" for price, lots in self.reader.levels(side)) for side in (Side.BUY, Side.SELL)
        )
        return f"{bids} | {offers}".strip()

    def orders(self) -> str:
        """Single orders in words."""
        bids, offers = (
            ", ".join(f"#{line.number} {line.price_ticks} x {line.lots}" for line in self.reader.queue(side))
            for side in (Side.BUY, Side.SELL)
        )
        return f"{bids} | {offers}".strip()


SCENARIOS = {
    "an iceberg shows its slice, then the next one behind the others, as another order": """
        wu   sells 30 @ 101 iceberg 10 as ice  -> | 101 x 10
        ren  sells 5 @ 101                     -> | 101 x 15
        orders                                 -> | #1 101 x 10, #2 101 x 5
        li   buys 4 @ 101                      -> | 101 x 11
        orders                                 -> | #1 101 x 6, #2 101 x 5
        li   buys 6 @ 101                      -> | 101 x 15
        orders                                 -> | #2 101 x 5, #5 101 x 10
        li   buys 20 @ 101                     -> | 101 x 5
        cancel ice                             -> |
    """,
    "a hidden order shows nothing, and a reader sees only that somebody was filled": """
        wu   sells 30 @ 101 hidden             -> |
        li   buys 10 @ 101                     -> |
        li   buys 25 @ 101                     -> 101 x 5 |
    """,
    "a stop waits unseen, and shows what rests when it was reached": """
        wu   sells 5 @ 100                     -> | 100 x 5
        ren  buys 8 @ 101 stop-limit 100 as s  -> | 100 x 5
        li   buys 2 @ 100                      -> 101 x 5 |
    """,
    "an all-or-none order is not shown": """
        wu   sells 10 @ 100 all-or-none as all -> |
        li   buys 4 @ 100                      -> 100 x 4 |
        ren  sells 4 @ 100                     -> |
        li   buys 10 @ 100                     -> |
    """,
    "a peg moves with the best price it follows": """
        wu   buys 5 @ 98 as base               -> 98 x 5 |
        ren  buys 3 @ 110 pegged best as peg   -> 98 x 8 |
        orders                                 -> #1 98 x 5, #2 98 x 3 |
        li   buys 1 @ 99 as up                 -> 99 x 4, 98 x 5 |
        orders                                 -> #3 99 x 1, #4 99 x 3, #1 98 x 5 |
        cancel up                              -> 98 x 8 |
    """,
    "an own order that shrinks keeps its place, an iceberg gives of its reserve first": """
        wu   sells 30 @ 101 iceberg 10 as ice           -> | 101 x 10
        ren  sells 4 @ 101                              -> | 101 x 14
        wu   buys 15 @ 101 own decrement                -> | 101 x 14
        wu   buys 8 @ 101 own decrement                 -> | 101 x 11
        orders                                          -> | #1 101 x 7, #2 101 x 4
    """,
    "fewer lots keep the place, another price or more lots is another order": """
        wu   sells 10 @ 101 as a               -> | 101 x 10
        ren  sells 10 @ 101                    -> | 101 x 20
        replace a by 6 @ 101                   -> | 101 x 16
        orders                                 -> | #1 101 x 6, #2 101 x 10
        replace a by 7 @ 101                   -> | 101 x 17
        orders                                 -> | #2 101 x 10, #4 101 x 7
        replace a by 7 @ 102                   -> | 101 x 10, 102 x 7
    """,
    "a replaced iceberg shows a new slice, and no more than is left of it in place": """
        wu   sells 30 @ 101 iceberg 10 as ice  -> | 101 x 10
        replace ice by 8 @ 101                 -> | 101 x 8
        replace ice by 25 @ 100                -> | 100 x 10
    """,
    "one order of a pair shows, and goes when the other acts": """
        wu   sells 5 @ 95 stop 97 as guard     -> |
        wu   sells 5 @ 105 oco guard as goal   -> | 105 x 5
        li   buys 2 @ 97                       -> 97 x 2 | 105 x 5
        ren  sells 2 @ 97                      -> |
    """,
    "a call shows orders that cross, and an auction takes them away step by step": """
        opening call                           -> |
        wu   sells 10 @ 99                     -> | 99 x 10
        li   buys 30 @ 101 iceberg 6           -> 101 x 6 | 99 x 10
        ren  buys 4 @ 100 at-open              -> 101 x 6, 100 x 4 | 99 x 10
        auction                                -> 101 x 6, 100 x 4 | 99 x 10
        hand out 1                             -> 101 x 6, 100 x 4 |
        hand out 9                             -> 101 x 6 |
    """,
    "an order for the opening waits unseen until its call": """
        wu   buys 10 @ 99 at-open              -> |
        opening call                           -> 99 x 10 |
    """,
}


@pytest.mark.parametrize("text", SCENARIOS.values(), ids=SCENARIOS)
def test_the_public_sees(text: str) -> None:
    PublicMarket([half() for half in FEEDS]).shows(text)


class TapedMarket:
    """Plays a tape of every feature as a journal does: identifiers from the sequence, priorities not below them."""

    def __init__(self, seed: int, feeds: Sequence[type[DepthFeed]] = FEEDS) -> None:
        self.book = make_book(rules_of(seed))
        self.rows = JournalRows(ONE)
        self.sequence = 0
        self.ids: dict[int, int] = {}
        self.feeds = [half() for half in feeds]
        self.readers = [Reader() for _ in self.feeds]
        for feed in self.feeds:
            feed.watch(ONE, by_order=True)

    def play(self, command: BookCommand) -> list[Event]:
        """One command; the row's events, in every feed."""
        own = self.named(command)
        self.sequence += 1
        self.book.number_from(make_id(self.sequence))
        events = self.rows.row(self.sequence, own, perform(self.book, own))
        row = committed(self.sequence, events)
        for feed in self.feeds:
            feed.rows([row])
        return events

    def named(self, command: BookCommand) -> BookCommand:
        """The command with the identifiers that a journal would give."""
        match command:
            case Submit(order, max_fills):
                known = self.ids.get(order.order_id, 0)
                own = known if known in self.book else int(make_id(self.sequence + 1))
                self.ids[order.order_id] = own
                oco = self.ids.get(order.oco_id, 0)
                return Submit(msgspec.structs.replace(order, order_id=own, oco_id=oco), max_fills)
            case Cancel(order_id, reason):
                return Cancel(self.ids.get(order_id, 1), reason)
            case Replace(order_id, price, lots, stop, max_fills):
                return Replace(self.ids.get(order_id, 1), price, lots, stop, max_fills)
            case NumberFrom():
                return NumberFrom(0)  # the journal says from where
            case _:
                return command

    def compare(self) -> None:
        """What a reader of each half makes of it is the book."""
        levels = {side: [level[:2] for level in self.book.levels(side)] for side in BookSide}
        queues = {side: queues_of(self.book, side) for side in BookSide}
        told_by_halves = [feed.changes() for feed in self.feeds]
        assert told_by_halves == [told_by_halves[0]] * len(self.feeds)
        for feed, reader, changes in zip(self.feeds, self.readers, told_by_halves, strict=True):
            for change in changes:
                reader.reads(change)
            assert feed.orders_checksum(ONE) == reader.checksum()
            snapshot = feed.snapshot(ONE, 1_000)
            for side in BookSide:
                shown = snapshot.bids if side is BookSide.BUY else snapshot.offers
                assert [level[1:] for level in shown] == levels[side] == reader.levels(SIDES[side])
                assert [line[2:] for line in reader.queue(SIDES[side])] == queues[side]
            assert pages(feed) == reader.queue(Side.BUY) + reader.queue(Side.SELL)

    def restart(self) -> None:
        """Feeds restored from the book show the same, and go on."""
        for place, half in enumerate(FEEDS):
            feed = half()
            feed.restore(self.rows.open_orders(self.book), {ONE: self.rows.book_n})
            feed.watch(ONE, by_order=True)
            reader = self.readers[place] = Reader(book_n=self.rows.book_n)
            snapshot = feed.snapshot(ONE, 1_000)
            reader.sizes = {(level.side, level.price_ticks): level.lots for level in snapshot.bids + snapshot.offers}
            reader.lines = {line.number: line for line in pages(feed)}
            self.feeds[place] = feed


def pages(feed: DepthFeed) -> list[OrderLine]:
    """All single orders, a page at a time."""
    found: list[OrderLine] = []
    while page := feed.orders(ONE, found[-1] if found else None, PAGE):
        found.extend(page)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_levels_and_orders_rebuilt_from_the_feed_are_the_books_after_every_command(seed: int) -> None:
    market = TapedMarket(seed)
    for place, command in enumerate(tape(seed, 1_200)):
        market.play(command)
        if place % 300 == 299:
            market.compare()
            market.restart()
        market.compare()


def test_rows_that_add_up_between_two_questions_come_to_the_same() -> None:
    market = TapedMarket(99)
    for place, command in enumerate(tape(99, 3_000)):
        market.play(command)
        if place % 50 == 49:
            market.compare()
    assert market.rows.trade_n > 300


class ShowsTheReserve(DepthFeed):
    """An iceberg shows all that is left of it."""

    def _move(self, book: VisibleBook, event: OrderMoved) -> None:
        super()._move(book, msgspec.structs.replace(event, shown_lots=event.remaining_lots))


class JoinsInFront(DepthFeed):
    """An order that goes to the back of its queue is numbered as if it stood in front."""

    def _move(self, book: VisibleBook, event: OrderMoved) -> None:
        joined, book.joined = book.joined, -event.book_n
        super()._move(book, event)
        book.joined = joined


class ShowsAtOnce(DepthFeed):
    """An order with conditions shows before anybody said so."""

    def _open(self, book: VisibleBook, event: OrderAccepted) -> None:
        super()._open(book, msgspec.structs.replace(event, conditions=None))


class SizesOfTheRest(DepthFeed):
    """A fill sets what is shown to what is left."""

    def _lower(self, book: VisibleBook, order_id: OrderId, lots: int, left: int) -> None:
        super()._lower(book, order_id, lots, left)
        if left:
            standing = self._standing(order_id)
            book.place(standing, standing.price_ticks, left, joins=False)


class ReplacedInPlace(DepthFeed):
    """A replaced order shows its lots where it stands, though it was sent elsewhere."""

    def _replace(self, book: VisibleBook, event: OrderReplaced) -> None:
        standing = self._standing(event.order_id)
        standing.remaining_lots, standing.priority = event.remaining_lots, event.priority
        book.place(standing, event.price_ticks, event.remaining_lots, joins=False)


@pytest.mark.parametrize("planted", [ShowsTheReserve, JoinsInFront, ShowsAtOnce, SizesOfTheRest, ReplacedInPlace])
def test_a_planted_mistake_is_found(planted: type[DepthFeed]) -> None:
    with pytest.raises((AssertionError, InvariantBroken)):
        for seed in range(1, 9):
            market = TapedMarket(seed, [planted])
            for command in tape(seed, 1_200):
                market.play(command)
                market.compare()


def moved(book_n: int, price: int, shown: int, left: int, priority: int) -> OrderMoved:
    """An iceberg's slice."""
    return told(
        OrderMoved,
        order_id=OrderId(1),
        instrument_id=ONE,
        cause=MoveCause.REFILLED,
        place=OrderPlace.QUEUE,
        price_ticks=PriceTicks(price),
        shown_lots=shown,
        remaining_lots=QuantityLots(left),
        priority=priority,
        book_n=book_n,
    )


def reduced(book_n: int, lots: int, left: int) -> OrderReduced:
    """Lots taken off."""
    return told(
        OrderReduced,
        order_id=OrderId(1),
        instrument_id=ONE,
        reduced_lots=QuantityLots(lots),
        remaining_lots=QuantityLots(left),
        shown_lots=left,
        book_n=book_n,
    )


@pytest.fixture(params=FEEDS, ids=lambda half: half.__module__)
def feed(request: pytest.FixtureRequest) -> DepthFeed:
    """Each half of the feed."""
    made: DepthFeed = request.param()
    return made


@pytest.mark.parametrize(
    ("events", "promise"),
    [
        ([moved(1, 100, 5, 5, 9)], "open order"),
        ([reduced(1, 1, 4)], "open order"),
        ([accepted(1, 1), moved(2, 100, 4, 4, 9)], "remainder follows"),
        ([accepted(1, 1), reduced(2, 1, 5)], "remainder follows"),
        ([accepted(1, 1), moved(3, 100, 5, 5, 9)], "without a gap"),
        ([accepted(1, 1), told(OrderCovered, instrument_id=ONE, book_n=3)], "without a gap"),
    ],
)
def test_moves_that_do_not_follow_from_what_was_told_stop_the_feed(
    feed: DepthFeed, events: list[Event], promise: str
) -> None:
    with pytest.raises(InvariantBroken, match=promise):
        feed.rows([committed(1, events)])


def test_single_orders_are_kept_only_where_they_are_asked_for(feed: DepthFeed) -> None:
    feed.watch(ONE)
    feed.rows([committed(1, [accepted(1, 1)])])
    [change] = feed.changes()
    assert (len(change.levels), change.orders, feed.orders(ONE, None, 9), feed.orders_checksum(ONE)) == (1, (), (), 0)
    feed.unwatch(ONE)
    feed.watch(ONE, by_order=True)
    assert feed.orders(ONE, None, 9) == (OrderLine(1, Side.BUY, PriceTicks(100), QuantityLots(5)),)


def test_a_restored_order_shows_what_it_showed_and_orders_are_numbered_by_their_priority(feed: DepthFeed) -> None:
    young = OpenOrder(OrderId(1), ONE, Side.BUY, PriceTicks(100), QuantityLots(50), 7, 900, plain=False)
    hidden = OpenOrder(OrderId(2), ONE, Side.BUY, PriceTicks(101), QuantityLots(5), 0, 800, plain=False)
    old = OpenOrder(OrderId(3), ONE, Side.BUY, PriceTicks(100), QuantityLots(5), 5, 700)
    feed.restore([young, hidden, old], {ONE: 12})
    feed.watch(ONE, by_order=True)
    assert [line[::3] for line in feed.orders(ONE, None, 9)] == [(1, 5), (2, 7)]
    assert feed.snapshot(ONE, 9).bids == ((Side.BUY, 100, 12),)
