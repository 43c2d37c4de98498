"""The readable and the compiled halves of the projections tell the same, of whatever an exchange does."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.client_books import LiveBook
from api.stream import projections
from api.stream.answers import payloads
from api.stream.channels import Moment
from api.stream.market import Known, Market
from api.stream.numbers import ChannelNumbers
from api.stream.opening import open_orders
from exchange.core.ids import AccountId, InstrumentId, OrderId
from exchange.core.messages import Event
from exchange.core.postings import FeedMark
from exchange.core.units import Sequence
from exchange.engine.state import ExchangeState
from exchange.node.sequencer import Sequencer
from matching.book_messages import BookSide
from matching.depth import DepthFeed
from matching.messages import OrderAccepted, OrderCancelled, OrderReplaced, TradeMade, TradeSide
from tests.api.stream.server import Exchange
from tests.engine import day_scenarios, order_type_scenarios
from tests.engine.days import Days, staged
from tests.engine.order_types import Teller
from tests.engine.scenarios import SCENARIOS
from tests.matching.halves import FEEDS, CutRow, Row, committed
from tests.matching.test_depth import halted
from tests.matching.test_visible_orders import queues_of
from tests.matching.told import told
from tests.support import Venue

try:
    from api.stream._numbers import ChannelNumbers as CompiledNumbers
except ImportError:
    NUMBERS: tuple[type[ChannelNumbers], ...] = (ChannelNumbers,)
else:
    NUMBERS = (ChannelNumbers, CompiledNumbers)  # type: ignore[assignment] # they share their interface, not a class


def restored(state: ExchangeState) -> tuple[list[DepthFeed], list[ChannelNumbers]]:
    """Every half, started from a state."""
    feeds, numbers = [half() for half in FEEDS], [half() for half in NUMBERS]
    node = cast("Sequencer", SimpleNamespace(state=state))
    for feed in feeds:
        feed.restore(
            open_orders(node),
            {id_: numbers.book_n for id_, numbers in state.numbers.items()},
            {id_: numbers.last_price_ticks for id_, numbers in state.numbers.items()},
        )
        for instrument_id in state.instruments:
            feed.watch(instrument_id, by_order=True)
    for count in numbers:
        count.restore({account_id: channel.n for account_id, channel in state.ledger.channels.items()})
    return feeds, numbers


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_halves_follow_a_scenario_to_the_state_it_ends_in(name: str) -> None:
    scenario = SCENARIOS[name]
    venue = scenario.venue()
    venue.checking = False
    begun = len(venue.journal)
    feeds, numbers = restored(venue.state)
    followed = venue.accounts["wu"]
    for count in numbers:
        count.follow(followed)
    venue.plays(scenario.text)
    for entry in venue.journal[begun:]:
        row = Row(entry.header, entry.events)
        others = [feed.rows([row]) for feed in feeds]
        changes = [feed.changes() for feed in feeds]
        tells = [count.rows([row]) for count in numbers]
        for answers in (others, changes, tells):
            assert answers == answers[:1] * len(answers)  # type: ignore[comparison-overlap]
    anew, _ = restored(venue.state)
    for feed, count in zip(feeds, numbers, strict=True):
        for instrument_id in venue.state.instruments:
            assert feed.snapshot(instrument_id, 100) == anew[0].snapshot(instrument_id, 100)
        for instrument_id, standing in venue.state.numbers.items():
            assert feed.last_price(instrument_id) == standing.last_price_ticks == anew[0].last_price(instrument_id)
        for account_id, channel in venue.state.ledger.channels.items():
            assert count[account_id] == channel.n


class Screens:
    """Every half follows a venue's journal, and is compared with the venue's books after each line of a text."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.seen = len(venue.journal)
        self.feeds, self.numbers = restored(venue.state)
        for count in self.numbers:
            count.follow(venue.accounts["wu"])

    def look(self) -> None:
        """Take in what was committed; prices, single orders and private numbers are the engine's."""
        entries, self.seen = self.venue.journal[self.seen :], len(self.venue.journal)
        for entry in entries:
            row = Row(entry.header, entry.events)
            for halves in (self.feeds, self.numbers):
                answers = [half.rows([row]) for half in halves]  # type: ignore[attr-defined] # both take rows
                assert answers == answers[:1] * len(answers)
        state = self.venue.state
        changes = [feed.changes() for feed in self.feeds]
        assert changes == changes[:1] * len(changes)
        for instrument_id, book in state.books.items():
            for feed in self.feeds:
                snapshot = feed.snapshot(instrument_id, 1_000)
                assert snapshot.book_n == state.numbers[instrument_id].book_n
                for side, levels in ((BookSide.BUY, snapshot.bids), (BookSide.SELL, snapshot.offers)):
                    assert [level[1:] for level in levels] == [level[:2] for level in book.levels(side)]
                lines = [line[2:] for line in feed.orders(instrument_id, None, 1_000)]
                assert lines == queues_of(book, BookSide.BUY) + queues_of(book, BookSide.SELL)
        for account_id, channel in state.ledger.channels.items():
            assert [count[account_id] for count in self.numbers] == [channel.n] * len(self.numbers)


@pytest.mark.parametrize("name", order_type_scenarios.SCENARIOS)
def test_the_halves_follow_every_kind_of_order(name: str) -> None:
    teller = Teller(staged())
    teller.venue.checking = False
    screens = Screens(teller.venue)
    teller.line("ops opens")
    for line in lines_of(order_type_scenarios.SCENARIOS[name]):
        teller.play(line)
        screens.look()


@pytest.mark.parametrize("name", day_scenarios.SCENARIOS)
def test_the_halves_follow_a_day(name: str) -> None:
    day = day_scenarios.SCENARIOS[name]
    venue = staged(**day.rules)
    venue.checking = False
    days, screens = Days(venue), Screens(venue)
    for line in lines_of(day.text):
        days.plays(line)
        screens.look()


def lines_of(text: str) -> list[str]:
    """The lines of a scenario."""
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]


ACCOUNT = st.integers(1, 4).map(AccountId)
ONE = InstrumentId(1)


@st.composite
def rows(draw: st.DrawFn) -> list[list[Event]]:
    """Rows of events that count on each account's channel, some with events of another kind among them."""
    numbers: dict[AccountId, int] = {}

    def mark(account_id: AccountId) -> FeedMark:
        numbers[account_id] = numbers.get(account_id, 0) + 1
        return FeedMark(n=numbers[account_id], previous_sequence=Sequence(0))

    def event(kind: int) -> Event:
        one, other = draw(ACCOUNT), draw(ACCOUNT)
        match kind:
            case 0:
                sides = [told(TradeSide, account_id=account_id, mark=mark(account_id)) for account_id in (one, other)]
                return told(TradeMade, buyer=sides[0], seller=sides[1])
            case 1:
                return halted(ONE)
            case 2:
                return told(OrderCancelled, account_id=one, mark=mark(one))
            case 3:
                return told(OrderReplaced, account_id=one, mark=mark(one))
            case _:
                return told(OrderAccepted, account_id=one, mark=mark(one))

    return [
        [event(draw(st.integers(0, 5))) for _ in range(draw(st.integers(1, 4)))]
        for _ in range(draw(st.integers(0, 12)))
    ]


@given(made=rows(), followed=st.lists(st.tuples(ACCOUNT, st.booleans())))
def test_the_halves_count_alike_and_pick_out_the_rows_of_those_who_are_followed(
    made: list[list[Event]], followed: list[tuple[AccountId, bool]]
) -> None:
    halves = [half() for half in NUMBERS]
    follows: set[AccountId] = set()
    for place, events in enumerate(made):
        if place < len(followed):
            account_id, begins = followed[place]
            (follows.add if begins else follows.discard)(account_id)
            for half in halves:
                (half.follow if begins else half.unfollow)(account_id)
        row = committed(place + 1, events)
        names = {account_id for event in events for account_id in accounts_of(event)}
        for half in halves:
            assert half.rows([row]) == ([row] if names & follows else [])
        for account_id in names:
            newest = max(n for event in events for told_id, n in accounts_of(event).items() if told_id == account_id)
            assert [half[account_id] for half in halves] == [newest] * len(halves)
    for half in halves:
        assert half[AccountId(99)] == 0


@pytest.mark.parametrize("half", NUMBERS, ids=lambda half: half.__module__)
def test_a_row_whose_bytes_cannot_be_read_is_counted_from_its_events(half: type[ChannelNumbers]) -> None:
    numbers, one = half(), AccountId(1)
    numbers.follow(one)
    for n in range(1, 100):
        mark = FeedMark(n=n, previous_sequence=Sequence(0))
        event = told(OrderAccepted, account_id=one, mark=mark)
        row = CutRow(committed(n, []).header, [event], n)
        assert numbers.rows([row]) == [row]
        assert numbers[one] == n


def accounts_of(event: Event) -> dict[AccountId, int]:
    """The accounts an event of the order's path tells, and the last number of each."""
    match event:
        case TradeMade():
            found = {event.buyer.account_id: event.buyer.mark.n}
            found[event.seller.account_id] = event.seller.mark.n
            return found
        case OrderAccepted() | OrderCancelled() | OrderReplaced():
            return {event.account_id: event.mark.n}
        case _:
            return {}


@dataclass(eq=False)
class Listener:
    """Somebody who follows the list of instruments."""

    heard: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def push(self, whole: bytes) -> None:
        """Take a frame."""
        self.heard.append(msgspec.json.decode(payloads([whole])[0]))

    def is_full(self) -> bool:
        """Never."""
        return False


@pytest.mark.parametrize("half", FEEDS, ids=lambda half: half.__module__)
def test_a_changed_instrument_is_told_at_once_and_stamped_with_its_own_row(half: type[DepthFeed]) -> None:
    market, listener = Market(half()), Listener()
    market.restore(Moment(1, 100, 100), [], [], Known({}, {}, {}, {}))
    market.list.follow(listener)
    accepted = told(OrderAccepted, instrument_id=ONE, order_id=OrderId(1), price_ticks=100, quantity_lots=1, book_n=1)
    market.rows([committed(101, [accepted]), committed(102, [halted(ONE)]), committed(103, [])])
    assert [(message["type"], message["sequence"], message["n"]) for message in listener.heard] == [
        ("instrument.changed", 102, 1)
    ]
    assert market.moment == Moment(1, 103, 103)
    assert not market.is_waiting, "nobody follows the book"


def test_the_compiled_halves_run_where_they_were_built() -> None:
    assert type(projections.visible_books()) is FEEDS[-1]
    assert type(projections.channel_numbers()) is NUMBERS[-1]


@pytest.fixture
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing was compiled."""
    for module in ("matching._depth", "api.stream._numbers"):
        monkeypatch.setitem(sys.modules, module, None)


async def test_an_exchange_without_a_compiler_tells_the_same(readable: None, exchange: Exchange) -> None:
    assert type(exchange.hub.market.depth) is DepthFeed
    assert type(exchange.hub.accounts.numbers) is ChannelNumbers
    wu, li = await exchange.connect("wu"), await exchange.connect("li")
    channel = f"book:{exchange.instrument()}"
    await li.ask(id=1, type="subscribe", channel=channel)
    start = (await wu.ask(id=2, type="subscribe", channel=f"account:{exchange.account('wu')}"))["n"]
    await wu.ask(id=3, **exchange.order("wu", "sell", 3, 100, "c1"))
    await li.ask(id=4, **exchange.order("li", "buy", 2, 100, "c2"))
    traded = await wu.until(lambda message: message["type"] == "trade.made")
    assert (traded["n"], traded["remaining_lots"]) == (start + 2, 1)
    await li.until(lambda message: message.get("channel") == channel and message["n"] == 3)
    book = LiveBook(channel)
    for message in li.seen:
        if message.get("channel") == channel and message["type"].startswith("book."):
            assert book.take(message)
    assert book.offers == {100: 1}
