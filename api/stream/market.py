"""All public channels of instruments, on a tick: what a tick's rows changed leaves as one message a channel.

Committed rows only add up in the visible books; a tick asks what changed, and only of the instruments that are
watched, those with a follower now or not long ago. A follower whose connection is full is passed over and caught up
later with one merged message; nobody waits for it.

What an instrument's market discloses bounds its channels: how many prices `book:INS` shows, and whether `orders:INS`
is there at all.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast, get_args

import msgspec

from api.stream.auctions import Auction, AuctionChannel, Auctions
from api.stream.books import (
    SNAPSHOT_DEPTH,
    TAPE_SHOWN,
    BookChannel,
    CorrectionLine,
    TapeLine,
    TopChannel,
    TradesChannel,
    correction_line,
)
from api.stream.by_order import OrdersChannel
from api.stream.channels import Channel, Follower, Moment, Source
from api.stream.codes import StreamCode
from api.stream.instruments import Instruments
from api.stream.projections import VisibleBooks, visible_books
from api.stream.statistics import STATISTICS, StatisticsChannel
from exchange.core.ids import InstrumentId, MarketId
from exchange.core.instruments import Phase
from exchange.core.messages import Header
from exchange.core.units import MAX_INTEGER
from exchange.store.queries.days import Day
from matching.correction_messages import TradeBusted, TradeCorrected, TradeCorrection
from matching.depth import CommittedRow, OpenOrder, Quote
from matching.messages import Instrument
from matching.visible import OrderLine

TICK_S = 0.025
NEVER_NS = MAX_INTEGER * 1_000


class Disclosure(NamedTuple):
    """What a market shows of its books: at most so many prices a side (None: all), and single orders or not."""

    levels: int | None = None
    by_order: bool = False


EVERYTHING_BY_PRICE = Disclosure()
"""What a market without trading rules discloses."""


class Known(NamedTuple):
    """What a start knows of trades and auctions."""

    numbers: Mapping[InstrumentId, tuple[int, int]]
    """Each instrument's last `book_n` and `trade_n`."""
    last_trades: Mapping[InstrumentId, list[TapeLine]]
    last_prices: Mapping[InstrumentId, int]
    auctions: Mapping[InstrumentId, Auction]


class Market:
    """Depth, trades, auctions and instruments as of the last committed batch, and who follows them."""

    def __init__(
        self,
        depth: VisibleBooks | None = None,
        disclosure: Callable[[MarketId], Disclosure] = lambda _: EVERYTHING_BY_PRICE,
        read_day: Callable[[StatisticsChannel], None] = lambda _: None,
    ) -> None:
        self.moment = Moment()
        self.depth = depth or visible_books()
        self.list = Instruments()
        self.auctions = Auctions()
        self._disclosure = disclosure
        self._read_day = read_day
        self._day_ends_ns = NEVER_NS
        """The first midnight at which the day of a channel of statistics ends."""
        self._trades: dict[InstrumentId, TradesChannel] = {}
        """The tapes, which go on while nobody watches."""
        self._watched: dict[InstrumentId, dict[str, Channel]] = {}
        """The channels that are told on every tick, by the name of their kind: `book`, `book:5`, `trades`, …"""
        self._restored: dict[InstrumentId, tuple[int, Sequence[TapeLine]]] = {}
        """Number and lines of the last trades in the tables, until somebody asks for an instrument's channels."""
        self._unseen: dict[InstrumentId, deque[CorrectionLine]] = {}
        """The last corrections of trades in instruments that nobody watches."""
        self._changed: dict[Channel, None] = {}
        self._behind: dict[Channel, None] = {}

    def restore(
        self, moment: Moment, instruments: Iterable[Instrument], open_orders: Iterable[OpenOrder], known: Known
    ) -> None:
        """Start from the tables. Nobody follows yet."""
        self.moment = moment
        self.list.restore(instruments)
        self.auctions.restore(known.auctions)
        book_numbers = {instrument_id: book_n for instrument_id, (book_n, _) in known.numbers.items()}
        self.depth.restore(open_orders, book_numbers, known.last_prices)
        self._trades, self._watched, self._unseen = {}, {}, {}
        self._restored = {
            instrument_id: (trade_n, known.last_trades.get(instrument_id, ()))
            for instrument_id, (_, trade_n) in known.numbers.items()
        }
        self._changed, self._behind = {}, {}

    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """Every instrument's latest terms."""
        return self.list.by_id

    # --- committed rows in -

    def rows(self, rows: Sequence[CommittedRow]) -> Sequence[CommittedRow]:
        """Take in committed rows; what they changed is told with the next tick, a changed instrument at once.

        Answers the rows that told more than an order's path.
        """
        if not rows:
            return rows
        others = self.depth.rows(rows)
        for row in others:
            self.moment = _moment(row.header)
            for event in row.events:
                for name in _instrument_fields(cast("Any", type(event))):
                    instrument: Instrument | None = getattr(event, name)
                    if instrument is None:
                        continue
                    self.list.take(event, instrument, self.moment)
                    self._auction_changed(self.auctions.phase(instrument))
                self._auction_changed(self.auctions.take(event))
                if isinstance(event, TradeBusted | TradeCorrected):
                    self._correct(event.correction)
        self.moment = _moment(rows[-1].header)
        if self.moment.at_ns >= self._day_ends_ns:
            self._roll_days()
        return others

    def settle(self) -> None:
        """Hand what changed to the watched instruments' channels. All rows count as one: only the outcome shows."""
        if not self.depth.is_changed:
            return
        for change in self.depth.changes():
            for channel in self._watched[change.instrument_id].values():
                if channel.source.take(change):
                    self._changed[channel] = None

    def _correct(self, correction: TradeCorrection) -> None:
        """Tell what became of a trade with the next tick; or keep it for who asks, as the trades are kept."""
        instrument_id, line = correction.instrument_id, correction_line(correction)
        channels = self._watched.get(instrument_id)
        if channels is None:
            self._unseen.setdefault(instrument_id, deque(maxlen=TAPE_SHOWN)).append(line)
        else:
            self._trades[instrument_id].correct(line)
            self._changed[channels["trades"]] = None
            statistics = channels.get(STATISTICS)
            if statistics is not None:
                cast("StatisticsChannel", statistics.source).corrected(self.moment.sequence)

    def _auction_changed(self, instrument_id: InstrumentId | None) -> None:
        channel = self._watched.get(instrument_id, {}).get("auction") if instrument_id is not None else None
        if channel is not None and isinstance(channel.source, AuctionChannel):
            channel.source.changed()
            self._changed[channel] = None

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """The best prices, the phase and the last price, all of one moment; None without such an instrument."""
        instrument = self.instruments.get(instrument_id)
        if instrument is None:
            return None
        top, last_price_ticks = self.depth.snapshot(instrument_id, 1), self.depth.last_price(instrument_id)
        return Quote(self.moment.sequence, self.moment.at_ns, instrument.phase, last_price_ticks, top)

    def disclosed(self, instrument_id: InstrumentId) -> Disclosure:
        """What the public may see of an instrument's book."""
        instrument = self.instruments.get(instrument_id)
        return self._disclosure(instrument.market_id) if instrument is not None else EVERYTHING_BY_PRICE

    @property
    def is_waiting(self) -> bool:
        """Whether the next tick has something to do."""
        return bool(self.depth.is_changed or self._changed or self._behind)

    def tick(self) -> None:
        """Send what changed, and what followers missed while they were full."""
        self.settle()
        changed, self._changed = self._changed, {}
        behind, self._behind = self._behind, {}
        for channel in changed:
            self._emit(channel)
        for channel in behind:
            if channel.catch_up(self.moment):
                self._behind[channel] = None

    def sweep(self) -> None:
        """Stop keeping the messages of channels that nobody follows, and watching where no channel is followed."""
        self.settle()
        for instrument_id, channels in list(self._watched.items()):
            for kind, channel in list(channels.items()):
                if channel.followed_by:
                    continue
                self._send_now(channel)
                channel.source.keep(wanted=False)
                if kind not in ("book", "trades"):
                    self._forget(channels.pop(kind))
            if not any(channel.followed_by for channel in channels.values()):
                for channel in channels.values():
                    self._forget(channel)
                del self._watched[instrument_id]
                self.depth.unwatch(instrument_id)

    # --- trading days -

    def is_waiting_for(self, source: StatisticsChannel) -> bool:
        """Whether a channel of statistics is still there and waits for its day."""
        channel = self._watched.get(source.instrument_id, {}).get(STATISTICS)
        return channel is not None and channel.source is source and not source.is_known

    def day_was_read(self, source: StatisticsChannel, day: Day) -> None:
        """Tell the followers of a channel of statistics of the day it waited for."""
        self.settle()
        if source.begin(day, self.moment):
            self._day_ends_ns = min(self._day_ends_ns, source.end_ns)
            self._emit(self._watched[source.instrument_id][STATISTICS])

    def _roll_days(self) -> None:
        """Midnight has passed for somebody: the trades before it are counted first, then another day begins."""
        self.settle()
        self._day_ends_ns = NEVER_NS
        for channels in self._watched.values():
            channel = channels.get(STATISTICS)
            if channel is not None and isinstance(source := channel.source, StatisticsChannel) and source.is_known:
                source.roll(self.moment.at_ns)
                self._changed[channel] = None
                self._day_ends_ns = min(self._day_ends_ns, source.end_ns)

    # --- followers -

    def refusal(self, kind: str, instrument_id: InstrumentId) -> StreamCode | None:
        """Why there is no such channel of an instrument, if there is none."""
        if instrument_id not in self.instruments:
            return StreamCode.CHANNEL_UNKNOWN
        known, _, levels = kind.partition(":")
        if known == "book" and levels:
            return None if int(levels) <= self._most_levels(instrument_id) else StreamCode.CHANNEL_LEVELS
        if known == "orders" and not self.disclosed(instrument_id).by_order:
            return StreamCode.CHANNEL_NOT_DISCLOSED
        return None

    def number(self, kind: str, instrument_id: InstrumentId) -> int:
        """How far a channel has come, with everything that waits for the tick sent now."""
        channel = self._channel(kind, instrument_id)
        self._send_now(channel)
        return channel.source.n

    def follow(self, kind: str, instrument_id: InstrumentId, follower: Follower, from_n: int | None) -> bool:
        """Send a snapshot, or what was missed since `from_n`, and everything from then on.

        True if the channel's snapshot comes in parts, for which `orders_page` is to be asked.
        """
        channel = self._channel(kind, instrument_id)
        self._send_now(channel)
        source = channel.source
        source.keep(wanted=True)
        channel.follow(follower)
        if isinstance(source, OrdersChannel) and (from_n is None or not source.is_resumed(from_n)):
            return True
        first = source.snapshot(self.moment) if from_n is None else source.since_number(from_n, self.moment)
        if first is not None:
            follower.push(first)
        return False

    def orders_page(self, instrument_id: InstrumentId, after: OrderLine | None) -> tuple[bytes, OrderLine | None]:
        """A part of an instrument's single orders, and where the next part begins, if there is one."""
        channel = self._channel("orders", instrument_id)
        self._send_now(channel)
        return cast("OrdersChannel", channel.source).page(after, self.moment)

    def unfollow(self, kind: str, instrument_id: InstrumentId, follower: Follower) -> None:
        """Send no more of the channel to this follower."""
        channel = self._watched.get(instrument_id, {}).get(kind)
        if channel is not None:  # after a new start nobody follows, until the closed connections are gone too
            channel.followed_by.pop(follower, None)

    # --- inside -

    def _emit(self, channel: Channel) -> None:
        if channel.emit(self.moment):
            self._behind[channel] = None

    def _send_now(self, channel: Channel) -> None:
        """Before a snapshot, everybody gets what the snapshot has in it already."""
        self.settle()
        if channel in self._changed:
            del self._changed[channel]
            self._emit(channel)

    def _forget(self, channel: Channel) -> None:
        self._changed.pop(channel, None)
        self._behind.pop(channel, None)

    def _most_levels(self, instrument_id: InstrumentId) -> int:
        return min(self.disclosed(instrument_id).levels or SNAPSHOT_DEPTH, SNAPSHOT_DEPTH)

    def _channel(self, kind: str, instrument_id: InstrumentId) -> Channel:
        """One of an instrument's channels, all of which are told on every tick from now on."""
        if instrument_id not in self._watched:
            self._watch(instrument_id)
        channels = self._watched[instrument_id]
        if kind not in channels:  # what came before, it need not tell
            self.settle()
            channels[kind] = Channel(self._source(kind, instrument_id))
        return channels[kind]

    def _watch(self, instrument_id: InstrumentId) -> None:
        """Bring the book and the tape to where they are, and keep them there."""
        if instrument_id not in self._trades:
            self._trades[instrument_id] = TradesChannel(instrument_id)
            trade_n, lines = self._restored.pop(instrument_id, (0, ()))
            self._trades[instrument_id].restore(trade_n, lines)
        last_trades = self.depth.watch(instrument_id, by_order=self.disclosed(instrument_id).by_order)
        self._trades[instrument_id].begin(last_trades, self._unseen.pop(instrument_id, ()))
        book: Channel = Channel(self._source("book", instrument_id))
        self._watched[instrument_id] = {"book": book, "trades": Channel(self._trades[instrument_id])}

    def _source(self, kind: str, instrument_id: InstrumentId) -> Source:
        known, _, wanted = kind.partition(":")
        if known == "orders":
            return OrdersChannel(instrument_id, self.depth)
        if known == "auction":
            return AuctionChannel(instrument_id, self.auctions)
        if known == STATISTICS:
            return StatisticsChannel(instrument_id, self._trades[instrument_id].n, self._read_day)
        levels = int(wanted) if wanted else self.disclosed(instrument_id).levels
        book = BookChannel(instrument_id, self.depth)
        if levels is not None:
            book = TopChannel(instrument_id, self.depth, levels, is_asked=bool(wanted))
        book.begin(self.depth.book_n(instrument_id), self._phase(instrument_id))
        return book

    def _phase(self, instrument_id: InstrumentId) -> Phase | None:
        instrument = self.instruments.get(instrument_id)
        return instrument.phase if instrument else None


def _moment(header: Header) -> Moment:
    return Moment(header.epoch, header.sequence, header.at_ns)


@functools.cache
def _instrument_fields(kind: Any) -> tuple[str, ...]:
    """The fields of an event that carry an instrument, or may; none, for the hot ones."""
    fields = msgspec.structs.fields(kind)
    return tuple(field.name for field in fields if Instrument in (field.type, *get_args(field.type)))
