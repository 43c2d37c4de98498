"""Nobody waits for a slow reader: its market data is merged, then it is closed; and merged data says the same."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.client_books import Followed, LiveBook
from api.stream import books, uvicorn_link
from api.stream.answers import payloads
from api.stream.channels import Moment
from api.stream.market import Known, Market
from api.stream.session import Stage
from exchange.core.ids import NO_CONNECTION, NODE, AccountId, AssetId, InstrumentId, OrderId, make_id
from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.core.messages import Event, Header
from exchange.core.postings import FeedMark
from exchange.core.units import Epoch, PriceTicks, QuantityLots, Sequence, TimeNs, Units
from exchange.core.wire import encode_event, encode_events
from exchange.store.queries.stream import FeedRow
from matching.depth import DepthFeed
from matching.messages import CancelReason, OrderAccepted, OrderCancelled
from tests.api.stream.server import QUICK, Client, Exchange
from tests.matching.halves import FEEDS


async def reluctant(exchange: Exchange, name: str) -> Client:
    """A logged-in client whose socket buffers next to nothing."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", exchange.port))
    return await exchange.connect(name, sock=raw)


async def trade(exchange: Exchange, count: int, prefix: str, slowest: list[float]) -> None:
    """Pairs of orders that trade, one after the other; the slowest answer is noted."""
    wu, li = await exchange.connect("wu"), await exchange.connect("li")
    clock = asyncio.get_running_loop().time
    for number in range(count):
        before = clock()
        await wu.ask(id=number, **exchange.order("wu", "sell", 2, 100 + number % 40, f"{prefix}s{number}"))
        await li.ask(id=number, **exchange.order("li", "buy", 1, 100 + number % 40, f"{prefix}b{number}"))
        slowest.append(clock() - before)


async def test_a_slow_reader_gets_merged_market_data_that_adds_up(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_link, "SEND_BUFFER", 4_096)
    exchange.hub.settings = replace(QUICK, tick_s=0.0, full_bytes=10_000)
    channels = [f"{kind}:{exchange.instrument()}" for kind in ("book", "trades")]
    slow, quick = await reluctant(exchange, "ren"), await exchange.connect("ren")
    for client in (slow, quick):
        for channel in channels:
            await client.ask(id=channel, type="subscribe", channel=channel)
    slow.socket.transport.pause_reading()
    slowest: list[float] = []
    await trade(exchange, 250, "a", slowest)
    assert max(slowest) < 1.0, "nobody else waited"
    slow.socket.transport.resume_reading()
    now = exchange.hub.snapshot(exchange.world.instruments["INS"], 1_000)[1]
    counted: dict[str, int] = {}
    for label, client in (("slow", slow), ("quick", quick)):
        book, tape = LiveBook(channels[0]), Followed(channels[1])
        trades = 0
        messages = [message for message in client.seen if message.get("channel") in channels and "n" in message]
        messages = [message for message in messages if message["type"] != "subscribed"]
        while not (book.n == now.book_n and tape.n == 250):
            message = messages.pop(0) if messages else await client.next()
            if message.get("channel") in channels:
                assert (book if message["channel"] == channels[0] else tape).take(message), message
                trades += len(message.get("trades", ()))
                counted[label] = counted.get(label, 0) + 1
        assert book.bids == {level.price_ticks: level.lots for level in now.bids}
        assert book.offers == {level.price_ticks: level.lots for level in now.offers}
        assert trades == 250, "merged, not left out"
    assert counted["slow"] < counted["quick"] / 2


async def test_a_reader_that_lets_too_much_pile_up_is_closed(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_link, "SEND_BUFFER", 4_096)
    monkeypatch.setattr(uvicorn_link, "CLOSE_SECONDS", 60.0)
    exchange.hub.settings = replace(QUICK, max_bytes=60_000)
    slow, trader = await reluctant(exchange, "wu"), await exchange.connect("wu")
    channel = f"account:{exchange.account('wu')}"
    start = (await slow.ask(id=1, type="subscribe", channel=channel))["n"]
    slow.socket.transport.pause_reading()
    for number in range(600):
        answer = await trader.ask(id=number, **exchange.order("wu", "sell", 1, 100, f"c{number}"))
        assert answer["type"] == "ack"
    assert len(exchange.hub.sessions) == 1
    slow.socket.transport.resume_reading()
    told: list[int] = []
    with pytest.raises(Exception, match="too_slow"):
        while True:
            told.append((await slow.next())["n"])
    assert slow.socket.close_code == 4408
    assert told == list(range(start + 1, start + 1 + len(told))), "what it got has no gap: it resumes from there"


async def test_a_reader_that_never_reads_is_cut_off(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_link, "SEND_BUFFER", 4_096)
    monkeypatch.setattr(uvicorn_link, "CLOSE_SECONDS", 0.1)
    exchange.hub.settings = replace(QUICK, max_bytes=30_000)
    slow = await reluctant(exchange, "wu")
    (session,) = exchange.hub.sessions
    trader = await exchange.connect("wu")
    await slow.ask(id=1, type="subscribe", channel=f"account:{exchange.account('wu')}")
    slow.socket.transport.pause_reading()
    for number in range(300):
        await trader.ask(id=number, **exchange.order("wu", "sell", 1, 100, f"c{number}"))
    assert session.stage is Stage.CLOSED
    await asyncio.sleep(0.3)
    assert isinstance(session.link, uvicorn_link.StreamProtocol) and session.link.disconnected
    assert (await trader.ask(id=1, type="ping"))["type"] == "pong"
    slow.socket.transport.abort()


# --- Merging, whatever the order of ticks, arrivals and full connections --------------------------------------------

INSTRUMENT = InstrumentId(make_id(9))


@dataclass(eq=False)
class Reader:
    """A follower that can be full, and checks everything it is sent."""

    book: LiveBook = field(default_factory=lambda: LiveBook("book"))
    full: bool = False
    sent: int = 0

    def push(self, whole: bytes) -> None:
        """Take a frame; a gap or a wrong checksum fails."""
        message: dict[str, Any] = msgspec.json.decode(payloads([whole])[0])
        assert self.book.take(message), message
        self.sent += 1

    def is_full(self) -> bool:
        """Whether market data waits."""
        return self.full


@dataclass
class Feeder:
    """Makes committed rows of one instrument: orders come and go."""

    market: Market
    sequence: int = 100
    book_n: int = 0
    open: list[tuple[OrderId, int]] = field(default_factory=list)

    def row(self, side: Side, price: int, lots: int, cancel: int | None) -> None:
        """One row: a new order, or the end of one."""
        self.sequence += 1
        self.book_n += 1
        header = Header(Sequence(self.sequence), Epoch(1), TimeNs(self.sequence), NODE, NO_CONNECTION)
        mark = FeedMark(n=1, previous_sequence=Sequence(0))
        if cancel is not None and self.open:
            order_id, lots = self.open.pop(cancel % len(self.open))
            event: Event = OrderCancelled(
                order_id=order_id,
                account_id=AccountId(1),
                instrument_id=INSTRUMENT,
                cancelled_lots=QuantityLots(lots),
                reason=CancelReason.REQUESTED,
                hold_asset_id=AssetId(1),
                held_after=Units(0),
                mark=mark,
                book_n=self.book_n,
            )
        else:
            order_id = OrderId(make_id(self.sequence))
            self.open.append((order_id, lots))
            event = OrderAccepted(
                order_id=order_id,
                client_order_id="c",
                account_id=AccountId(1),
                instrument_id=INSTRUMENT,
                side=side,
                order_type=OrderType.LIMIT,
                time_in_force=TimeInForce.DAY,
                price_ticks=PriceTicks(price),
                quantity_lots=QuantityLots(lots),
                hold_asset_id=AssetId(1),
                hold_units=Units(0),
                held_after=Units(0),
                fee_version=1,
                max_notional_minor=0,
                cancel_on_disconnect=False,
                connection_id=NO_CONNECTION,
                mark=mark,
                book_n=self.book_n,
            )
        self.market.rows([FeedRow(header, encode_events([encode_event(event)]))])


ROW = st.tuples(
    st.just("row"), st.sampled_from(Side), st.integers(1, 9), st.integers(1, 5), st.none() | st.integers(0, 50)
)
STEP = st.one_of(
    ROW,
    ROW,
    ROW,
    st.tuples(st.just("tick")),
    st.tuples(st.just("join"), st.none() | st.integers(1, 40)),
    st.tuples(st.just("full"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("leave"), st.integers(0, 5)),
    st.tuples(st.just("sweep")),
)


@pytest.mark.parametrize("half", FEEDS, ids=lambda half: half.__module__)
@given(steps=st.lists(STEP, max_size=120), ring=st.sampled_from([1, 3, 1_000]))
def test_every_reader_ends_with_the_book_whatever_it_missed(
    half: type[DepthFeed], steps: list[tuple[Any, ...]], ring: int
) -> None:
    kept, books.RING_MESSAGES = books.RING_MESSAGES, ring
    try:
        _ends_with_the_book(Market(half()), steps)
    finally:
        books.RING_MESSAGES = kept


def _ends_with_the_book(market: Market, steps: list[tuple[Any, ...]]) -> None:
    market.restore(Moment(1, 100, 100), [], [], Known({INSTRUMENT: (0, 0)}, {}, {}, {}))
    feeder = Feeder(market)
    readers: list[Reader] = []
    for name, *rest in steps:
        match name:
            case "row":
                feeder.row(*rest)
            case "tick":
                market.tick()
            case "sweep":
                market.sweep()
            case "join":
                readers.append(Reader())
                if rest[0] is not None and rest[0] <= feeder.book_n:
                    # It comes back with what it had: the book as it was before that number is not known, so a
                    # snapshot stands in for it.
                    market.follow("book", INSTRUMENT, readers[-1], None)
                    market.unfollow("book", INSTRUMENT, readers[-1])
                    market.follow("book", INSTRUMENT, readers[-1], (readers[-1].book.n or 0) + 1)
                else:
                    market.follow("book", INSTRUMENT, readers[-1], None)
            case "full" if readers:
                readers[rest[0] % len(readers)].full = rest[1]
            case "leave" if readers:
                market.unfollow("book", INSTRUMENT, readers.pop(rest[0] % len(readers)))
            case _:
                pass
    for reader in readers:
        reader.full = False
    market.tick()
    assert not market.is_waiting
    now = market.depth.snapshot(INSTRUMENT, 50)
    for reader in readers:
        assert reader.book.n == now.book_n == feeder.book_n
        assert reader.book.bids == {level.price_ticks: level.lots for level in now.bids}
        assert reader.book.offers == {level.price_ticks: level.lots for level in now.offers}
