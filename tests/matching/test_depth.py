"""The visible book equals the real one after every row, whole rows at a time, and can be proved by its checksum."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from exchange.core.ids import AccountId, InstrumentId, OrderId
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event
from exchange.core.rejections import InvariantBroken
from exchange.core.units import PriceTicks, QuantityLots
from matching.book import OrderView
from matching.depth import BookChange, DepthFeed, OpenOrder
from matching.messages import CancelReason, InstrumentPhaseChanged, OrderAccepted, OrderCancelled
from tests.matching.test_session_and_listing import SHARE
from tests.matching.tiny_engine import TinyEngine, told

ONE, TWO = InstrumentId(1), InstrumentId(2)
WU, REN, LI = AccountId(1), AccountId(2), AccountId(3)


class Screen:
    """An engine, and the feed that watches what it commits."""

    def __init__(self) -> None:
        self.engine = TinyEngine([ONE, TWO])
        self.feed = DepthFeed()

    def buys(self, account_id: AccountId, lots: int, price: int, *, stays: bool = True) -> BookChange:
        """A bid in the first instrument; the one change it makes."""
        [change] = self.feed.row(self.engine.place(ONE, account_id, Side.BUY, price, lots, stays=stays))
        return change

    def sells(self, account_id: AccountId, lots: int, price: int, *, stays: bool = True) -> BookChange:
        """An offer in the first instrument; the one change it makes."""
        [change] = self.feed.row(self.engine.place(ONE, account_id, Side.SELL, price, lots, stays=stays))
        return change

    def order(self, place: int) -> OrderView:
        """An open order of the first instrument, in book order."""
        return list(self.engine.books[ONE].orders())[place]


def test_an_order_that_rests_shows_its_price_with_its_whole_size() -> None:
    screen = Screen()
    assert screen.sells(WU, 10, 100).levels == ((Side.SELL, 100, 10),)
    change = screen.sells(REN, 5, 100)
    assert change.levels == ((Side.SELL, 100, 15),)
    assert (change.instrument_id, change.from_book_n, change.to_book_n) == (ONE, 2, 2)
    assert (change.trades, change.phase) == ((), None)


def test_a_taker_that_is_filled_at_once_never_shows_at_its_own_price() -> None:
    screen = Screen()
    screen.sells(WU, 10, 100)
    screen.sells(REN, 10, 101)
    change = screen.buys(LI, 15, 103)
    assert change.levels == ((Side.SELL, 100, 0), (Side.SELL, 101, 5))
    assert [trade[1:] for trade in change.trades] == [(100, 10, Side.BUY, 1), (101, 5, Side.BUY, 2)]
    assert (change.from_book_n, change.to_book_n) == (3, 5)  # accepted, and two trades


def test_a_taker_that_rests_in_part_shows_only_what_rests() -> None:
    screen = Screen()
    screen.sells(WU, 10, 100)
    assert screen.buys(LI, 15, 103).levels == ((Side.BUY, 103, 5), (Side.SELL, 100, 0))


def test_an_immediate_order_that_met_nobody_is_numbered_and_changes_no_level() -> None:
    change = Screen().buys(LI, 15, 103, stays=False)
    assert (change.from_book_n, change.to_book_n, change.levels, change.trades) == (1, 2, (), ())


def test_a_seller_who_comes_to_a_bid_is_the_aggressor() -> None:
    screen = Screen()
    screen.buys(LI, 4, 100)
    [trade] = screen.sells(WU, 4, 99).trades
    assert (trade.aggressor, trade.price_ticks, trade.quantity_lots, trade.trade_n) == (Side.SELL, 100, 4, 1)


def test_a_replaced_order_leaves_one_price_and_shows_at_the_other_in_one_change() -> None:
    screen = Screen()
    screen.sells(WU, 10, 100)
    [change] = screen.feed.row(screen.engine.replace(ONE, screen.order(0), 102, 8))
    assert change.levels == ((Side.SELL, 100, 0), (Side.SELL, 102, 8))
    [change] = screen.feed.row(screen.engine.replace(ONE, screen.order(0), 102, 3))
    assert change.levels == ((Side.SELL, 102, 3),)


def test_one_command_that_cancels_in_two_instruments_makes_a_change_in_each() -> None:
    screen = Screen()
    for instrument_id in (ONE, TWO):
        screen.feed.row(screen.engine.place(instrument_id, WU, Side.BUY, 100, 5, stays=True))
    changes = screen.feed.row(screen.engine.cancel_all(WU))
    assert [(change.instrument_id, change.levels) for change in changes] == [
        (ONE, ((Side.BUY, 100, 0),)),
        (TWO, ((Side.BUY, 100, 0),)),
    ]


def test_a_phase_alone_is_told_without_taking_a_number() -> None:
    screen = Screen()
    screen.buys(LI, 4, 100)
    halted = InstrumentPhaseChanged(instrument=msgspec.structs.replace(SHARE, phase=Phase.HALTED), reason="news")
    [change] = screen.feed.row([halted])
    assert (change.phase, change.from_book_n, change.to_book_n, change.levels) == (Phase.HALTED, 2, 1, ())
    assert screen.buys(LI, 1, 99).phase is None


def test_a_row_that_speaks_of_no_book_changes_none() -> None:
    assert DepthFeed().row([Event()]) == []


def test_a_snapshot_shows_the_best_prices_and_the_number_it_stands_at() -> None:
    screen = Screen()
    for price in (97, 99, 98):
        screen.buys(LI, price - 90, price)
    screen.sells(WU, 2, 101)
    snapshot = screen.feed.snapshot(ONE, 2)
    assert snapshot.bids == ((Side.BUY, 99, 9), (Side.BUY, 98, 8))
    assert snapshot.offers == ((Side.SELL, 101, 2),)
    assert (snapshot.book_n, snapshot.checksum) == (4, screen.feed.checksum(ONE))
    assert screen.feed.snapshot(ONE, 0).bids == ()
    untouched = screen.feed.snapshot(InstrumentId(77), 5)
    assert (untouched.book_n, untouched.bids, untouched.offers, untouched.checksum) == (0, (), (), 0)


def test_the_checksum_is_the_one_its_definition_gives_and_a_javascript_client_computes() -> None:
    screen = Screen()
    assert screen.feed.checksum(ONE) == 0
    for lots, price in ((7, 98), (5, 99)):
        screen.buys(LI, lots, price)
    screen.sells(WU, 2, 101)
    assert screen.feed.checksum(ONE) == crc32_bit_by_bit(b"99:5|98:7|101:2") == 2374614950
    assert str(2374614950) in (DepthFeed.checksum.__doc__ or "")


def test_the_checksum_covers_ten_levels_of_a_side_and_not_the_eleventh() -> None:
    screen = Screen()
    for place in range(10):
        screen.buys(LI, 1, 100 - place)
    ten = screen.feed.checksum(ONE)
    screen.buys(LI, 1, 90)
    assert screen.feed.checksum(ONE) == ten
    screen.buys(LI, 1, 91)
    assert screen.feed.checksum(ONE) != ten


def crc32_bit_by_bit(data: bytes) -> int:
    """CRC-32 as a client without a library writes it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_the_bit_by_bit_checksum_is_the_usual_one() -> None:
    assert crc32_bit_by_bit(b"123456789") == zlib.crc32(b"123456789") == 0xCBF43926


def accepted(order_id: int, book_n: int) -> OrderAccepted:
    """A bid of 5 at 100."""
    return told(
        OrderAccepted,
        order_id=OrderId(order_id),
        instrument_id=ONE,
        side=Side.BUY,
        price_ticks=PriceTicks(100),
        quantity_lots=QuantityLots(5),
        book_n=book_n,
    )


def cancelled(order_id: int, lots: int, book_n: int) -> OrderCancelled:
    """An end of a bid."""
    return told(
        OrderCancelled,
        order_id=OrderId(order_id),
        instrument_id=ONE,
        cancelled_lots=QuantityLots(lots),
        reason=CancelReason.REQUESTED,
        book_n=book_n,
    )


@pytest.mark.parametrize(
    ("events", "promise"),
    [
        ([accepted(1, 2)], "without a gap"),
        ([accepted(1, 1), accepted(2, 1)], "without a gap"),
        ([accepted(1, 1), accepted(1, 2)], "opens once"),
        ([cancelled(1, 5, 1)], "open order"),
        ([accepted(1, 1), cancelled(1, 4, 2)], "remainder follows"),
    ],
)
def test_events_that_do_not_follow_from_one_another_stop_the_feed(events: list[Event], promise: str) -> None:
    with pytest.raises(InvariantBroken, match=promise):
        DepthFeed().row(events)


def test_a_feed_started_from_the_tables_goes_on_with_the_next_number() -> None:
    feed = DepthFeed()
    order = OpenOrder(OrderId(1), ONE, Side.BUY, PriceTicks(100), QuantityLots(5))
    feed.restore([order], {ONE: 41, TWO: 7})
    assert (feed.snapshot(ONE, 5).book_n, feed.snapshot(ONE, 5).bids) == (41, ((Side.BUY, 100, 5),))
    assert feed.snapshot(TWO, 5).book_n == 7
    [change] = feed.row([cancelled(1, 5, 42)])
    assert (change.from_book_n, change.levels) == (42, ((Side.BUY, 100, 0),))


@dataclass
class Client:
    """A reader of the feed, who applies changes to his own picture."""

    book_n: dict[InstrumentId, int] = field(default_factory=lambda: {ONE: 0, TWO: 0})
    sizes: dict[InstrumentId, dict[tuple[Side, int], int]] = field(default_factory=lambda: {ONE: {}, TWO: {}})
    trades: dict[InstrumentId, int] = field(default_factory=lambda: {ONE: 0, TWO: 0})

    def reads(self, change: BookChange) -> None:
        """Nothing is missing, nothing is told twice, nothing is told that was known."""
        sizes = self.sizes[change.instrument_id]
        assert change.from_book_n == self.book_n[change.instrument_id] + 1
        self.book_n[change.instrument_id] = change.to_book_n
        assert len({level[:2] for level in change.levels}) == len(change.levels)
        for side, price, lots in change.levels:
            assert sizes.pop((side, price), 0) != lots
            if lots:
                sizes[side, price] = lots
        for trade in change.trades:
            self.trades[change.instrument_id] += 1
            assert trade.trade_n == self.trades[change.instrument_id]


INSTRUMENTS = st.sampled_from([ONE, TWO])
ACCOUNTS = st.sampled_from([WU, REN, LI])
PRICES, LOTS, PLACES = st.integers(97, 104), st.integers(1, 9), st.integers(0, 1_000)


class DepthMachine(RuleBasedStateMachine):
    """Any commands; after each row the engine's books, the feed and a client agree."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = TinyEngine([ONE, TWO])
        self.feed = DepthFeed()
        self.client = Client()

    def committed(self, events: list[Event]) -> None:
        """Hand a row to the feed and compare all three."""
        for change in self.feed.row(events):
            self.client.reads(change)
        for instrument_id, book in self.engine.books.items():
            snapshot = self.feed.snapshot(instrument_id, 1_000)
            for side, shown in ((Side.BUY, snapshot.bids), (Side.SELL, snapshot.offers)):
                levels = book.levels(side)
                assert [tuple(level) for level in shown] == [(side, level[0], level[1]) for level in levels]
                assert {key[1]: lots for key, lots in self.client.sizes[instrument_id].items() if key[0] is side} == {
                    level.price_ticks: level.lots for level in levels
                }
            assert snapshot.book_n == self.engine.book_n[instrument_id] == self.client.book_n[instrument_id]
            assert self.client.trades[instrument_id] == self.engine.trade_n[instrument_id]

    def pick(self, instrument_id: InstrumentId, place: int) -> OrderView | None:
        """One of an instrument's open orders, if there is any."""
        orders = list(self.engine.books[instrument_id].orders())
        return orders[place % len(orders)] if orders else None

    @rule(
        instrument=INSTRUMENTS,
        account=ACCOUNTS,
        side=st.sampled_from(Side),
        price=PRICES,
        lots=LOTS,
        stays=st.booleans(),
    )
    def place(
        self, instrument: InstrumentId, account: AccountId, side: Side, price: int, lots: int, stays: bool
    ) -> None:
        """An order that stays or not."""
        self.committed(self.engine.place(instrument, account, side, price, lots, stays=stays))

    @rule(instrument=INSTRUMENTS, place=PLACES)
    def cancel(self, instrument: InstrumentId, place: int) -> None:
        """An open order goes."""
        if (order := self.pick(instrument, place)) is not None:
            self.committed(self.engine.cancel(instrument, order))

    @rule(instrument=INSTRUMENTS, place=PLACES, price=PRICES, lots=LOTS)
    def replace(self, instrument: InstrumentId, place: int, price: int, lots: int) -> None:
        """An open order changes, and may trade."""
        if (order := self.pick(instrument, place)) is not None:
            self.committed(self.engine.replace(instrument, order, price, lots))

    @rule(account=ACCOUNTS)
    def cancel_all(self, account: AccountId) -> None:
        """One row speaks of both instruments."""
        self.committed(self.engine.cancel_all(account))

    @precondition(lambda self: self.engine.sequence)
    @rule()
    def restart(self) -> None:
        """A feed restored from the tables shows the same and goes on."""
        restored = DepthFeed()
        restored.restore(self.engine.open_orders(), self.engine.book_n)
        for instrument_id in self.engine.books:
            assert restored.snapshot(instrument_id, 1_000) == self.feed.snapshot(instrument_id, 1_000)
        self.feed = restored


TestDepthAgainstTheBook = DepthMachine.TestCase
TestDepthAgainstTheBook.settings = settings(max_examples=max(200, settings().max_examples), stateful_step_count=50)
