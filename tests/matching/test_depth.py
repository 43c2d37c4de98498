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
from exchange.core.node_messages import NodeStarted
from exchange.core.rejections import InvariantBroken
from exchange.core.units import Epoch, PriceTicks, QuantityLots
from matching.book_messages import OrderState
from matching.depth import DepthFeed, OpenOrder
from matching.messages import CancelReason, InstrumentPhaseChanged, OrderAccepted, OrderCancelled
from matching.visible import RECENT_TRADES, BookChange
from tests.matching.halves import FEEDS, CutRow, committed
from tests.matching.test_session_and_listing import SHARE
from tests.matching.tiny_engine import TinyEngine
from tests.matching.told import told

ONE, TWO = InstrumentId(1), InstrumentId(2)
WU, REN, LI = AccountId(1), AccountId(2), AccountId(3)


class Screen:
    """An engine, and a feed that watches what it commits."""

    def __init__(self, feed: DepthFeed) -> None:
        self.engine = TinyEngine([ONE, TWO])
        self.feed = feed
        for instrument_id in (ONE, TWO):
            feed.watch(instrument_id)

    def shows(self, events: list[Event]) -> list[BookChange]:
        """What one row changed."""
        self.feed.rows([committed(self.engine.sequence, events)])
        return self.feed.changes()

    def buys(self, account_id: AccountId, lots: int, price: int, *, stays: bool = True) -> BookChange:
        """A bid in the first instrument; the one change it makes."""
        [change] = self.shows(self.engine.place(ONE, account_id, Side.BUY, price, lots, stays=stays))
        return change

    def sells(self, account_id: AccountId, lots: int, price: int, *, stays: bool = True) -> BookChange:
        """An offer in the first instrument; the one change it makes."""
        [change] = self.shows(self.engine.place(ONE, account_id, Side.SELL, price, lots, stays=stays))
        return change

    def order(self, place: int) -> OrderState:
        """An open order of the first instrument, in book order."""
        return list(self.engine.books[ONE].orders())[place]


@pytest.fixture(params=FEEDS, ids=lambda half: half.__module__)
def screen(request: pytest.FixtureRequest) -> Screen:
    """A screen before each half of the feed."""
    return Screen(request.param())


def test_an_order_that_rests_shows_its_price_with_its_whole_size(screen: Screen) -> None:
    assert screen.sells(WU, 10, 100).levels == ((Side.SELL, 100, 10),)
    change = screen.sells(REN, 5, 100)
    assert change.levels == ((Side.SELL, 100, 15),)
    assert (change.instrument_id, change.from_book_n, change.to_book_n) == (ONE, 2, 2)
    assert (change.trades, change.phase) == ((), None)


def test_a_taker_that_is_filled_at_once_never_shows_at_its_own_price(screen: Screen) -> None:
    screen.sells(WU, 10, 100)
    screen.sells(REN, 10, 101)
    change = screen.buys(LI, 15, 103)
    assert change.levels == ((Side.SELL, 100, 0), (Side.SELL, 101, 5))
    assert [trade[1:5] for trade in change.trades] == [(100, 10, Side.BUY, 1), (101, 5, Side.BUY, 2)]
    assert (change.from_book_n, change.to_book_n) == (3, 5)  # accepted, and two trades


def test_a_taker_that_rests_in_part_shows_only_what_rests(screen: Screen) -> None:
    screen.sells(WU, 10, 100)
    assert screen.buys(LI, 15, 103).levels == ((Side.BUY, 103, 5), (Side.SELL, 100, 0))


def test_an_immediate_order_that_met_nobody_is_numbered_and_changes_no_level(screen: Screen) -> None:
    change = screen.buys(LI, 15, 103, stays=False)
    assert (change.from_book_n, change.to_book_n, change.levels, change.trades) == (1, 2, (), ())


def test_a_seller_who_comes_to_a_bid_is_the_aggressor(screen: Screen) -> None:
    screen.buys(LI, 4, 100)
    [trade] = screen.sells(WU, 4, 99).trades
    assert (trade.aggressor, trade.price_ticks, trade.quantity_lots, trade.trade_n) == (Side.SELL, 100, 4, 1)


def test_a_replaced_order_leaves_one_price_and_shows_at_the_other_in_one_change(screen: Screen) -> None:
    screen.sells(WU, 10, 100)
    [change] = screen.shows(screen.engine.replace(ONE, screen.order(0), 102, 8))
    assert change.levels == ((Side.SELL, 100, 0), (Side.SELL, 102, 8))
    [change] = screen.shows(screen.engine.replace(ONE, screen.order(0), 102, 3))
    assert change.levels == ((Side.SELL, 102, 3),)


def test_one_command_that_cancels_in_two_instruments_makes_a_change_in_each(screen: Screen) -> None:
    for instrument_id in (ONE, TWO):
        screen.shows(screen.engine.place(instrument_id, WU, Side.BUY, 100, 5, stays=True))
    changes = screen.shows(screen.engine.cancel_all(WU))
    assert [(change.instrument_id, change.levels) for change in changes] == [
        (ONE, ((Side.BUY, 100, 0),)),
        (TWO, ((Side.BUY, 100, 0),)),
    ]


def test_a_phase_alone_is_told_without_taking_a_number(screen: Screen) -> None:
    screen.buys(LI, 4, 100)
    [change] = screen.shows([halted(ONE)])
    assert (change.phase, change.from_book_n, change.to_book_n, change.levels) == (Phase.HALTED, 2, 1, ())
    assert screen.buys(LI, 1, 99).phase is None


def test_a_row_that_speaks_of_no_book_changes_none_and_is_handed_on(screen: Screen) -> None:
    row = committed(1, [NodeStarted(epoch=Epoch(1))])
    assert screen.feed.rows([row]) == [row]
    assert not screen.feed.is_changed
    assert screen.feed.changes() == []


def test_a_row_that_tells_of_more_than_orders_is_taken_in_its_place(screen: Screen) -> None:
    engine = screen.engine
    first = committed(1, engine.place(ONE, WU, Side.BUY, 100, 5, stays=True))
    mixed = committed(2, [halted(ONE), *engine.cancel_all(WU)])
    last = committed(3, engine.place(ONE, WU, Side.BUY, 98, 2, stays=True))
    assert screen.feed.rows([first, mixed, last]) == [mixed]
    [change] = screen.feed.changes()
    assert (change.from_book_n, change.to_book_n, change.phase) == (1, 3, Phase.HALTED)
    assert change.levels == ((Side.BUY, 98, 2),)


def test_bytes_that_cannot_be_read_to_their_end_change_nothing_by_themselves(screen: Screen) -> None:
    screen.sells(WU, 10, 100)
    for readable in range(0, 200, 3):
        row = committed(1, screen.engine.place(ONE, LI, Side.BUY, 99, 1, stays=False))
        screen.feed.rows([CutRow(row.header, row.events, readable)])
        [change] = screen.feed.changes()
        assert (change.to_book_n - change.from_book_n, change.levels) == (1, ())


def test_rows_add_up_until_somebody_asks(screen: Screen) -> None:
    engine = screen.engine
    rows = [
        committed(place, engine.place(ONE, account_id, side, price, 5, stays=True))
        for place, (account_id, side, price) in enumerate(
            [(WU, Side.SELL, 100), (WU, Side.SELL, 101), (LI, Side.BUY, 100), (LI, Side.BUY, 90)], start=1
        )
    ]
    assert screen.feed.rows(rows) == []
    assert screen.feed.is_changed
    [change] = screen.feed.changes()
    assert (change.from_book_n, change.to_book_n) == (1, 5)
    assert change.levels == ((Side.BUY, 90, 5), (Side.SELL, 101, 5))
    assert [(trade.trade_n, trade.at_ns) for trade in change.trades] == [(1, 3)]
    assert screen.feed.changes() == []


def test_an_unwatched_book_tells_no_change_and_keeps_its_last_trades(screen: Screen) -> None:
    feed, engine = screen.feed, screen.engine
    screen.sells(WU, 1_000, 100)
    feed.unwatch(ONE)
    for sequence in range(RECENT_TRADES + 1):
        feed.rows([committed(sequence, engine.place(ONE, LI, Side.BUY, 100, 1, stays=True))])
    assert not feed.is_changed
    assert feed.changes() == []
    assert feed.book_n(ONE) == feed.snapshot(ONE, 1).book_n == engine.book_n[ONE]
    assert [trade.trade_n for trade in feed.watch(ONE)] == list(range(2, RECENT_TRADES + 2))
    change = screen.buys(LI, 1, 100)
    assert (change.from_book_n, change.levels) == (
        engine.book_n[ONE] - 1,
        ((Side.SELL, 100, 1_000 - RECENT_TRADES - 2),),
    )
    assert [trade.trade_n for trade in change.trades] == [RECENT_TRADES + 2]


def test_a_book_is_watched_once(screen: Screen) -> None:
    with pytest.raises(InvariantBroken, match="watched once"):
        screen.feed.watch(ONE)


def test_what_changed_before_a_book_was_left_is_not_told(screen: Screen) -> None:
    screen.feed.rows([committed(1, [halted(ONE), *screen.engine.place(ONE, WU, Side.BUY, 100, 5, stays=True)])])
    screen.feed.unwatch(ONE)
    assert not screen.feed.is_changed
    screen.feed.watch(ONE)
    change = screen.buys(LI, 1, 99)
    assert (change.from_book_n, change.phase, change.levels) == (2, None, ((Side.BUY, 99, 1),))


def halted(instrument_id: InstrumentId) -> InstrumentPhaseChanged:
    """A halt of an instrument."""
    instrument = msgspec.structs.replace(SHARE, instrument_id=instrument_id, phase=Phase.HALTED)
    return InstrumentPhaseChanged(instrument=instrument, reason="news")


def test_a_snapshot_shows_the_best_prices_and_the_number_it_stands_at(screen: Screen) -> None:
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


def test_the_checksum_is_the_one_its_definition_gives_and_a_javascript_client_computes(screen: Screen) -> None:
    assert screen.feed.checksum(ONE) == 0
    for lots, price in ((7, 98), (5, 99)):
        screen.buys(LI, lots, price)
    screen.sells(WU, 2, 101)
    assert screen.feed.checksum(ONE) == crc32_bit_by_bit(b"99:5|98:7|101:2") == 2374614950
    assert str(2374614950) in (DepthFeed.checksum.__doc__ or "")


def test_the_checksum_covers_ten_levels_of_a_side_and_not_the_eleventh(screen: Screen) -> None:
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


@pytest.fixture(params=FEEDS, ids=lambda half: half.__module__)
def feed(request: pytest.FixtureRequest) -> DepthFeed:
    """Each half of the feed."""
    made: DepthFeed = request.param()
    return made


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
def test_events_that_do_not_follow_from_one_another_stop_the_feed(
    feed: DepthFeed, events: list[Event], promise: str
) -> None:
    with pytest.raises(InvariantBroken, match=promise):
        feed.rows([committed(1, events)])
    feed.restore([], {})
    with pytest.raises(InvariantBroken, match=promise):
        feed.row(events)


def test_an_open_order_without_its_instruments_number_stops_the_start(feed: DepthFeed) -> None:
    order = OpenOrder(OrderId(1), ONE, Side.BUY, PriceTicks(100), QuantityLots(5), 5, 1)
    with pytest.raises(InvariantBroken, match="has its number"):
        feed.restore([order], {TWO: 1})


def test_a_feed_started_from_the_tables_goes_on_with_the_next_number(feed: DepthFeed) -> None:
    order = OpenOrder(OrderId(1), ONE, Side.BUY, PriceTicks(100), QuantityLots(5), 5, 1)
    feed.restore([order], {ONE: 41, TWO: 7}, {ONE: 99})
    assert (feed.last_price(ONE), feed.last_price(TWO)) == (99, 0)
    assert (feed.snapshot(ONE, 5).book_n, feed.snapshot(ONE, 5).bids) == (41, ((Side.BUY, 100, 5),))
    assert feed.snapshot(TWO, 5).book_n == 7
    feed.watch(ONE)
    feed.row([cancelled(1, 5, 42)])
    [change] = feed.changes()
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
    """Any commands; after each row the engine's books, every half of the feed and a client agree.

    Of each half one feed is asked after every row, another one now and then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.engine = TinyEngine([ONE, TWO])
        self.often, self.seldom = ([half() for half in FEEDS] for _ in range(2))
        self.told_often, self.told_seldom = Client(), Client()
        self.watch()

    def watch(self) -> None:
        """All feeds watch both books."""
        for feed in (*self.often, *self.seldom):
            for instrument_id in (ONE, TWO):
                feed.watch(instrument_id)

    def committed(self, events: list[Event], *, handed_on: bool = False) -> None:
        """Hand a row to the feeds and compare all of them."""
        row = committed(self.engine.sequence, events)
        for feed in (*self.often, *self.seldom):
            assert feed.rows([row]) == ([row] if handed_on else [])
        self.ask(self.often, self.told_often)
        for feed in self.often:
            self.compare(feed)

    def ask(self, feeds: list[DepthFeed], client: Client) -> None:
        """Every half says the same, and a client can follow it."""
        answers = [feed.changes() for feed in feeds]
        assert answers == [answers[0]] * len(answers)
        for change in answers[0]:
            client.reads(change)
        for instrument_id in self.engine.books:
            for side in Side:
                shown = {key[1]: lots for key, lots in client.sizes[instrument_id].items() if key[0] is side}
                assert shown == dict(self.engine.levels(instrument_id, side))
            assert client.book_n[instrument_id] == self.engine.book_n[instrument_id]
            assert client.trades[instrument_id] == self.engine.trade_n[instrument_id]

    def compare(self, feed: DepthFeed) -> None:
        """The feed shows the engine's books."""
        for instrument_id in self.engine.books:
            snapshot = feed.snapshot(instrument_id, 1_000)
            for side, shown in ((Side.BUY, snapshot.bids), (Side.SELL, snapshot.offers)):
                assert [tuple(level) for level in shown] == [
                    (side, *level) for level in self.engine.levels(instrument_id, side)
                ]
            assert snapshot == self.often[0].snapshot(instrument_id, 1_000)
            assert snapshot.book_n == feed.book_n(instrument_id) == self.engine.book_n[instrument_id]

    def pick(self, instrument_id: InstrumentId, place: int) -> OrderState | None:
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

    @rule(instrument=INSTRUMENTS, account=ACCOUNTS)
    def halt(self, instrument: InstrumentId, account: AccountId) -> None:
        """One row tells of a phase and of orders."""
        self.committed([halted(instrument), *self.engine.cancel_all(account)], handed_on=True)

    @rule()
    def tick(self) -> None:
        """The feeds that are seldom asked are asked."""
        self.ask(self.seldom, self.told_seldom)

    @precondition(lambda self: self.engine.sequence)
    @rule()
    def restart(self) -> None:
        """Feeds restored from the tables show the same and go on."""
        self.tick()
        for feeds in (self.often, self.seldom):
            for place, half in enumerate(FEEDS):
                restored = half()
                restored.restore(self.engine.open_orders(), self.engine.book_n)
                for instrument_id in self.engine.books:
                    assert restored.snapshot(instrument_id, 1_000) == feeds[place].snapshot(instrument_id, 1_000)
                feeds[place] = restored
        self.watch()


TestDepthAgainstTheBook = DepthMachine.TestCase
TestDepthAgainstTheBook.settings = settings(max_examples=max(200, settings().max_examples), stateful_step_count=50)
