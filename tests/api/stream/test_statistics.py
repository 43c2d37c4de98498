"""The trading day on the stream: after every line it says what REST's daily statistics say, and misses no trade."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from api.client_http import Http
from api.client_stream import Stream
from api.stream.channels import Moment
from api.stream.history import Journal
from api.stream.market import Market
from api.stream.statistics import DayChanged, DayStatistics, StatisticsChannel
from exchange.core.ids import NO_CONNECTION, NODE, InstrumentId, TradeId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Header
from exchange.core.units import NS_PER_DAY, Epoch, PriceTicks, QuantityLots, Sequence, TimeNs
from exchange.core.wire import encode_events
from exchange.store.queries.candles import Traded
from exchange.store.queries.days import Day
from exchange.store.queries.stream import FeedRow
from matching.tape import Candle
from matching.visible import BookChange, PublicTrade
from tests.api.stream.server import Client, Exchange
from tests.api.stream.test_channels import Message, follow, play
from tests.api.stream.test_corrections import bust, correct, mended, traded

SAME = ("open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots", "turnover_minor", "vwap_minor")


async def rest(exchange: Exchange, code: str) -> Message:
    """The newest day of the daily statistics, as anybody reads it; empty when nothing traded."""
    http = Http(f"http://127.0.0.1:{exchange.port}")
    answer = await http.request("GET", f"/v1/instruments/{exchange.instrument(code)}/statistics")
    await http.close()
    items = msgspec.json.decode(answer.body)["items"]
    return items[-1] if items else {}


async def told(reader: Client, n: int) -> Message:
    """The next message of the channel that reaches a number."""
    return await reader.until(lambda one: one.get("type", "").startswith("stats.") and one["n"] >= n)


def same(message: Message, day: Message) -> bool:
    """Whether the stream and REST say the same of the day."""
    if not day:
        return message["trade_count"] == 0 and message["open_ticks"] is None
    return all(message[name] == day[name] for name in (*SAME, "trade_count", "date", "start_ns", "end_ns"))


async def test_after_every_trade_bust_and_correction_the_channel_says_what_rest_says(exchange: Exchange) -> None:
    """Prices of the trades, line by line, and what is done to an earlier one."""
    lines: list[tuple[str, int]] = [
        ("trade", 100),
        ("trade", 104),
        ("trade", 97),
        ("trade", 101),
        ("bust", 2),  # the highest
        ("correct", 1),  # the first, to 105
        ("trade", 99),
        ("bust", 1),  # the last one
        ("bust", 2),  # the lowest
        ("trade", 98),
    ]
    reader = await follow(exchange, "ren", f"stats:{exchange.instrument('ALL')}")
    first = await told(reader, 0)
    assert first["type"] == "stats.snapshot" and same(first, await rest(exchange, "ALL"))
    trades: list[TradeId] = []
    n = first["n"]
    for number, (act, value) in enumerate(lines):
        if act == "trade":
            await traded(exchange, number, value)
            trades.append(next(reversed(exchange.state.recent_trades)))
        elif act == "bust":
            await mended(exchange, bust(exchange, trades.pop(-value)))
        else:
            await mended(exchange, correct(exchange, trades[0]))
        n += 1
        now = await told(reader, n)
        assert now["n"] == n, "one number a trade or correction"
        assert same(now, await rest(exchange, "ALL")), (act, value, now)
        assert now["type"] == ("stats.changed" if act == "trade" else "stats.snapshot")
        if act == "trade":
            assert now["from_n"] == n
        late = await follow(exchange, "li", f"stats:{exchange.instrument('ALL')}")
        shown = await told(late, n)
        assert {name: value for name, value in shown.items() if name != "type"} == {
            name: value for name, value in now.items() if name not in ("type", "from_n")
        }
    assert now["trade_count"] == 3 and (now["high_ticks"], now["low_ticks"]) == (105, 98)


async def test_nothing_is_missed_or_counted_twice_while_others_trade_and_followers_come_and_go(
    exchange: Exchange,
) -> None:
    channel = f"stats:{exchange.instrument()}"
    await play(exchange, 3, 60)
    playing = asyncio.create_task(play(exchange, 4, 400))
    readers: list[Client] = []
    while not playing.done():
        readers.append(await follow(exchange, "ren", channel))
        await asyncio.sleep(0.05)
    await playing
    newest = exchange.state.numbers[exchange.world.instruments["INS"]].trade_n
    assert newest > 50 and len(readers) > 3
    day = await rest(exchange, "INS")
    for reader in readers:
        while not (heard := [one for one in reader.seen if one.get("type", "").startswith("stats.")]) or (
            heard[-1]["n"] < newest
        ):
            await reader.next()
        assert heard[0]["type"] == "stats.snapshot"
        assert all(later["from_n"] == earlier["n"] + 1 for earlier, later in pairwise(heard) if "from_n" in later)
        assert same(heard[-1], day)


async def test_who_comes_back_is_shown_the_day_and_an_instrument_without_trades_has_no_prices(
    exchange: Exchange,
) -> None:
    channel = f"stats:{exchange.instrument('TWO')}"
    reader = await follow(exchange, "ren", channel, from_n=1)
    quiet = await told(reader, 0)
    assert (quiet["trade_count"], quiet["volume_lots"], quiet["turnover_minor"]) == (0, 0, 0)
    assert [quiet[name] for name in ("open_ticks", "close_ticks", "vwap_minor", "previous_close_ticks")] == [None] * 4
    assert (await reader.ask(id=7, type="unsubscribe", channel=channel))["type"] == "unsubscribed"
    again = await reader.ask(id=8, type="subscribe", channel=channel, from_n=1)
    assert (again["type"], again["n"]) == ("subscribed", 0)
    assert (await told(reader, 0))["date"] == quiet["date"]
    unknown = await reader.ask(id=9, type="subscribe", channel="stats:I1-1")
    assert unknown["code"] == "channel.unknown"
    levels = await reader.ask(id=10, type="subscribe", channel=channel + ":5")
    assert levels["code"] == "channel.unknown"


async def test_a_day_that_cannot_be_read_is_asked_for_again(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError("away"), OSError("still away")]
    reads = Journal.day

    async def fails(journal: Journal, instrument_id: InstrumentId) -> Day | None:
        if failures:
            raise failures.pop()
        return await reads(journal, instrument_id)

    monkeypatch.setattr(Journal, "day", fails)
    monkeypatch.setattr("api.stream.days.READ_AGAIN_S", 0.01)
    reader = await follow(exchange, "ren", f"stats:{exchange.instrument('TWO')}")
    assert (await told(reader, 0))["trade_count"] == 0 and not failures


async def test_the_python_client_follows_it(exchange: Exchange) -> None:
    async with Stream(exchange.url, lambda: exchange.ticket("ren")) as stream:
        live = await stream.statistics(exchange.instrument("ALL"))
        async with asyncio.timeout(5):
            assert (await live.messages.get())["type"] == "stats.snapshot"
            await traded(exchange, 5, 103)
            assert (await live.messages.get())["close_ticks"] == 103


# --- the channel alone: midnight, and rows that meet a day while it is being read

MIDNIGHT_NS = 20_000 * NS_PER_DAY
INSTRUMENT = InstrumentId(make_id(9))
TICK_MINOR = 5


def trade(sequence: int, n: int, price: int, at_ns: int, lots: int = 1) -> PublicTrade:
    trade_id = TradeId(make_id(sequence))
    return PublicTrade(trade_id, PriceTicks(price), QuantityLots(lots), Side.BUY, n, MIDNIGHT_NS + at_ns)


def change(*trades: PublicTrade) -> BookChange:
    return BookChange(instrument_id=INSTRUMENT, from_book_n=1, to_book_n=1, levels=(), trades=trades)


def day_read(first: int, last: int, trade_n: int, *, close: int = 0, candle: Candle | None = None) -> Day:
    of = Traded(INSTRUMENT, TICK_MINOR, "UTC")
    start, end = MIDNIGHT_NS, MIDNIGHT_NS + NS_PER_DAY
    return Day(of, start, end, first, last, trade_n, None, candle, None, close)


def candle(price: int, lots: int) -> Candle:
    return Candle(
        instrument_id=INSTRUMENT,
        start_ns=TimeNs(MIDNIGHT_NS),
        end_ns=TimeNs(MIDNIGHT_NS + NS_PER_DAY),
        open_ticks=PriceTicks(price),
        high_ticks=PriceTicks(price),
        low_ticks=PriceTicks(price),
        close_ticks=PriceTicks(price),
        volume_lots=QuantityLots(lots),
        turnover_minor=price * lots * TICK_MINOR,  # type: ignore[arg-type]
        vwap_minor=price * TICK_MINOR,  # type: ignore[arg-type]
        trade_count=1,
        first_trade_n=1,
        last_trade_n=1,
    )


class Asked:
    """A channel, and how often it asked for its day."""

    def __init__(self) -> None:
        self.times = 0
        self.channel = StatisticsChannel(INSTRUMENT, 0, self.read)

    def read(self, channel: StatisticsChannel) -> None:
        del channel
        self.times += 1

    def message(self, at_ns: int, sequence: int = 99) -> Any:
        whole = self.channel.emit(Moment(1, sequence, MIDNIGHT_NS + at_ns))
        return None if whole is None else _body(whole)


def _body(whole: bytes) -> Any:
    """What a frame of up to 64 KiB carries."""
    return msgspec.json.decode(whole[whole.index(b"{") :])


def test_trades_that_come_while_the_day_is_read_count_once() -> None:
    asked = Asked()
    asked.channel.take(change(trade(50, 1, 100, 10), trade(51, 2, 90, 11)))
    assert asked.message(11) is None, "nothing is told before the day is known"
    assert asked.channel.snapshot(Moment()) is None
    # The tables were read at sequence 50: the first of the two trades is in the candle already.
    assert asked.channel.begin(day_read(50, 50, 1, candle=candle(100, 1)), Moment(1, 51, MIDNIGHT_NS + 11))
    now = asked.message(11)
    assert (now["type"], now["n"], now["trade_count"]) == ("stats.snapshot", 2, 2)
    assert (now["open_ticks"], now["low_ticks"], now["close_ticks"]) == (100, 90, 90)
    assert (now["turnover_minor"], now["vwap_minor"]) == (190 * TICK_MINOR, 475)


def test_a_correction_while_the_day_is_read_has_it_read_again() -> None:
    asked = Asked()
    asked.channel.corrected(60)
    assert asked.times == 1, "it is being read already"
    assert not asked.channel.begin(day_read(59, 61, 3, candle=candle(100, 1)), Moment(1, 61, MIDNIGHT_NS))
    assert asked.times == 2 and asked.message(0) is None
    assert asked.channel.begin(day_read(60, 61, 3), Moment(1, 61, MIDNIGHT_NS))
    assert asked.message(0)["trade_count"] == 0
    asked.channel.corrected(70)
    assert asked.times == 3
    asked.channel.take(change(trade(71, 5, 80, 20)))
    assert asked.message(20) is None
    assert asked.channel.begin(day_read(71, 71, 5, candle=candle(80, 1)), Moment(1, 71, MIDNIGHT_NS + 20))
    now = asked.message(20)
    assert (now["type"], now["n"], now["trade_count"]) == ("stats.snapshot", 5, 1)


@pytest.mark.parametrize(
    ("at_ns", "close", "count", "date"),
    [
        (NS_PER_DAY - 1, 88, 2, "2024-10-04"),
        (NS_PER_DAY, 100, 1, "2024-10-05"),
        (3 * NS_PER_DAY, 100, 1, "2024-10-07"),
    ],
)
def test_at_midnight_another_day_begins_and_the_last_price_is_its_previous_close(
    at_ns: int, close: int, count: int, date: str
) -> None:
    asked = Asked()
    start = Moment(1, 40, MIDNIGHT_NS)
    assert asked.channel.begin(day_read(40, 40, 7, close=88), start)
    assert asked.message(0)["previous_close_ticks"] == 88
    asked.channel.take(change(trade(41, 8, 100, 5), trade(42, 9, 101, at_ns)))
    now = asked.message(at_ns)
    assert (now["previous_close_ticks"], now["trade_count"], now["date"]) == (close, count, date)
    assert (now["from_n"], now["n"]) == (8, 9)


def test_a_day_without_trades_passes_without_a_number() -> None:
    asked = Asked()
    assert asked.channel.begin(day_read(40, 40, 7, close=88), Moment(1, 40, MIDNIGHT_NS))
    asked.message(0)
    asked.channel.roll(MIDNIGHT_NS + NS_PER_DAY - 1)
    assert asked.message(NS_PER_DAY - 1) is None
    asked.channel.roll(MIDNIGHT_NS + NS_PER_DAY)
    now = asked.message(NS_PER_DAY)
    assert (now["type"], now["from_n"], now["n"], now["previous_close_ticks"]) == ("stats.changed", 8, 7, 88)
    assert asked.message(NS_PER_DAY) is None


def test_a_day_read_after_midnight_has_passed_begins_the_new_one() -> None:
    asked = Asked()
    later = Moment(1, 41, MIDNIGHT_NS + NS_PER_DAY)
    assert asked.channel.begin(day_read(40, 40, 1, close=88, candle=candle(100, 2)), later)
    now = asked.message(NS_PER_DAY)
    assert (now["previous_close_ticks"], now["trade_count"]) == (100, 0)


def test_a_sum_that_a_browser_would_not_read_exactly_is_null() -> None:
    asked = Asked()
    huge = trade(41, 1, 2**40, 5, 2**13)
    assert asked.channel.begin(day_read(40, 40, 0), Moment(1, 40, MIDNIGHT_NS))
    asked.channel.take(change(huge))
    asked.message(5)
    now = _body(asked.channel.snapshot(Moment()) or b"")
    assert (now["turnover_minor"], now["volume_lots"], now["vwap_minor"]) == (None, 2**13, 2**40 * TICK_MINOR)


def test_a_changed_day_says_all_that_a_snapshot_says() -> None:
    assert set(DayChanged.__struct_fields__) == {*DayStatistics.__struct_fields__, "from_n"}


async def test_what_the_tables_have_before_the_rows_is_told_when_the_rows_have_it_too(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit is in the tables a moment before it is published: a day read in between waits for it."""
    days = exchange.hub.days
    reach = days.reached
    behind = [9] * 20
    monkeypatch.setattr(days, "reached", lambda: behind.pop() if behind else reach())
    reader = await follow(exchange, "ren", f"stats:{exchange.instrument('TWO')}")
    assert (await told(reader, 0))["sequence"] == exchange.hub.market.moment.sequence
    assert not behind


def test_any_row_after_midnight_tells_followers_of_the_new_day() -> None:
    """The market itself, with rows that tell nothing but the time."""

    class Reader:
        def __init__(self) -> None:
            self.messages: list[Any] = []

        def push(self, whole: bytes) -> None:
            self.messages.append(_body(whole))

        def is_full(self) -> bool:
            return False

    def row(sequence: int, at_ns: int) -> FeedRow:
        header = Header(Sequence(sequence), Epoch(1), TimeNs(MIDNIGHT_NS + at_ns), NODE, NO_CONNECTION)
        return FeedRow(header, encode_events([]))

    asked: list[StatisticsChannel] = []
    market, reader = Market(read_day=asked.append), Reader()
    market.rows([row(40, 0)])
    assert not market.follow("stats", INSTRUMENT, reader, None) and not reader.messages
    market.day_was_read(asked[0], day_read(40, 40, 7, close=88, candle=candle(100, 1)))
    market.rows([row(41, NS_PER_DAY - 1)])
    assert not market.is_waiting
    market.rows([row(42, NS_PER_DAY)])
    assert market.is_waiting
    market.tick()
    market.rows([row(43, NS_PER_DAY + 1)])
    assert not market.is_waiting, "once a midnight"
    assert [(one["type"], one["date"], one["previous_close_ticks"]) for one in reader.messages] == [
        ("stats.snapshot", "2024-10-04", 88),
        ("stats.changed", "2024-10-05", 100),
    ]
