"""All public channels, on a tick: what a tick's rows changed leaves as one message a channel, framed once for all.

Committed rows only add up in the visible books; a tick asks what changed, and only of the instruments that are
watched, those with a follower now or not long ago. A follower whose connection is full is passed over and caught up
later with one merged message; nobody waits for it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from api.stream.answers import encode, envelope, frame
from api.stream.books import BookChannel, Moment, TradeLine, TradesChannel
from api.stream.projections import VisibleBooks, visible_books
from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header
from exchange.core.wire import name_of
from exchange.core.wire_json import show
from matching.depth import CommittedRow, Quote, StandingOrder
from matching.messages import Instrument

TICK_S = 0.025
INSTRUMENTS = "instruments"
INSTRUMENTS_A_MESSAGE = 200


class Follower(Protocol):
    """Who follows a channel: takes frames, and says when it is full."""

    def push(self, whole: bytes) -> None:
        """Send a frame with the next write."""
        ...

    def is_full(self) -> bool:
        """Whether what was sent before has not left yet."""
        ...


@dataclass(slots=True, eq=False)
class Following:
    """One follower's place in one channel: the serial of the last message it was sent."""

    follower: Follower
    serial: int


class Source(Protocol):
    """What a public channel sends: a tick's message, one for all that was missed, or a snapshot."""

    serial: int
    n: int

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if anything changed."""
        ...

    def keep(self, *, wanted: bool) -> None:
        """Begin or stop keeping what is sent."""
        ...

    def since_serial(self, serial: int, moment: Moment) -> bytes | None:
        """One message for everything after the message `serial`."""
        ...

    def since_number(self, from_n: int, moment: Moment) -> bytes | None:
        """One message for the events from `from_n` on."""
        ...

    def snapshot(self, moment: Moment) -> bytes:
        """How things stand."""
        ...


S = TypeVar("S", bound=Source)


class _Channel(Generic[S]):
    """A public channel and its followers."""

    __slots__ = ("followed_by", "source")

    def __init__(self, source: S) -> None:
        self.source = source
        self.followed_by: dict[Follower, Following] = {}


AnyChannel = _Channel[BookChannel] | _Channel[TradesChannel]


class InstrumentChanged(msgspec.Struct, frozen=True, gc=False, tag="instrument.changed"):
    """An instrument came, or changed its phase or terms; `event` says by what."""

    event: str
    instrument: dict[str, object]


class InstrumentsSnapshot(msgspec.Struct, frozen=True, gc=False, tag="instruments.snapshot"):
    """Instruments as they stand; more parts follow until `last`."""

    instruments: list[dict[str, object]]
    last: bool


class Market:
    """Depth, trades and instruments as of the last committed batch, and who follows them."""

    def __init__(self, depth: VisibleBooks | None = None) -> None:
        self.moment = Moment()
        self.depth = depth or visible_books()
        self.instruments: dict[InstrumentId, Instrument] = {}
        self._books: dict[InstrumentId, _Channel[BookChannel]] = {}
        self._trades: dict[InstrumentId, _Channel[TradesChannel]] = {}
        self._watched: dict[InstrumentId, None] = {}
        """The instruments whose channels are told on every tick."""
        self._restored: dict[InstrumentId, tuple[int, Sequence[TradeLine]]] = {}
        """Number and lines of the last trades in the tables, until somebody asks for an instrument's channels."""
        self._changed: dict[AnyChannel, None] = {}
        self._behind: dict[AnyChannel, None] = {}
        self._followers: dict[Follower, None] = {}
        self._instruments_n = 0

    def restore(
        self,
        moment: Moment,
        instruments: Iterable[Instrument],
        open_orders: Iterable[StandingOrder],
        numbers: Mapping[InstrumentId, tuple[int, int]],
        last_trades: Mapping[InstrumentId, list[TradeLine]],
        last_prices: Mapping[InstrumentId, int] | None = None,
    ) -> None:
        """Start from the tables: open orders, each book's last numbers, trades and price. Nobody follows yet."""
        self.moment = moment
        self.instruments = {instrument.instrument_id: instrument for instrument in instruments}
        book_numbers = {instrument_id: book_n for instrument_id, (book_n, _) in numbers.items()}
        self.depth.restore(open_orders, book_numbers, last_prices)
        self._books, self._trades, self._watched = {}, {}, {}
        self._restored = {
            instrument_id: (trade_n, last_trades.get(instrument_id, ()))
            for instrument_id, (_, trade_n) in numbers.items()
        }
        self._changed, self._behind, self._followers = {}, {}, {}
        self._instruments_n = 0

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
                    self._instrument(event, getattr(event, name))
        self.moment = _moment(rows[-1].header)
        return others

    def settle(self) -> None:
        """Hand what changed to the watched instruments' channels. All rows count as one: only the outcome shows."""
        if not self.depth.is_changed:
            return
        for change in self.depth.changes():
            book, trades = self._books[change.instrument_id], self._trades[change.instrument_id]
            book.source.take(change)
            self._changed[book] = None
            if change.trades:
                trades.source.take(change.trades)
                self._changed[trades] = None

    def _instrument(self, event: Event, instrument: Instrument) -> None:
        """Take in an instrument's latest terms, and tell those who follow the list at once."""
        self.instruments[instrument.instrument_id] = instrument
        self._instruments_n += 1
        if self._followers:
            body = encode(InstrumentChanged(name_of(event), show(instrument)))
            whole = self._instruments_frame(body)
            for follower in self._followers:
                follower.push(whole)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """The best prices, the phase and the last price, all of one moment; None without such an instrument."""
        instrument = self.instruments.get(instrument_id)
        if instrument is None:
            return None
        top, last_price_ticks = self.depth.snapshot(instrument_id, 1), self.depth.last_price(instrument_id)
        return Quote(self.moment.sequence, self.moment.at_ns, instrument.phase, last_price_ticks, top)

    @property
    def is_waiting(self) -> bool:
        """Whether the next tick has something to do."""
        return bool(self.depth.is_changed or self._changed or self._behind)

    def tick(self) -> None:
        """Send what changed, and what followers missed while they were full."""
        self.settle()
        changed, self._changed = self._changed, {}
        for channel in changed:
            self._emit(channel)
        behind, self._behind = self._behind, {}
        for channel in behind:
            for following in channel.followed_by.values():
                if following.serial != channel.source.serial:
                    self._catch_up(channel, following)

    def sweep(self) -> None:
        """Stop keeping the messages of channels that nobody follows, and watching where neither channel is followed."""
        self.settle()
        for instrument_id in list(self._watched):
            channels: tuple[AnyChannel, ...] = (self._books[instrument_id], self._trades[instrument_id])
            for channel in channels:
                if not channel.followed_by:
                    channel.source.keep(wanted=False)
            if not any(channel.followed_by for channel in channels):
                for channel in channels:
                    self._send_now(channel)
                del self._watched[instrument_id]
                self.depth.unwatch(instrument_id)

    # --- followers -

    def number(self, kind: str, instrument_id: InstrumentId) -> int:
        """How far a channel has come, with everything that waits for the tick sent now."""
        channel = self._channel(kind, instrument_id)
        self._send_now(channel)
        return channel.source.n

    def follow(self, kind: str, instrument_id: InstrumentId, follower: Follower, from_n: int | None) -> None:
        """Send a snapshot, or what was missed since `from_n`, and everything from then on."""
        channel = self._channel(kind, instrument_id)
        self._send_now(channel)
        source = channel.source
        source.keep(wanted=True)
        first = source.snapshot(self.moment) if from_n is None else source.since_number(from_n, self.moment)
        if first is not None:
            follower.push(first)
        channel.followed_by[follower] = Following(follower, source.serial)

    def unfollow(self, kind: str, instrument_id: InstrumentId, follower: Follower) -> None:
        """Send no more of the channel to this follower."""
        channels: Mapping[InstrumentId, AnyChannel] = self._books if kind == "book" else self._trades
        if instrument_id in channels:  # after a new start nobody follows, until the closed connections are gone too
            channels[instrument_id].followed_by.pop(follower, None)

    def instruments_number(self) -> int:
        """How far the list of instruments has come in this epoch."""
        return self._instruments_n

    def follow_instruments(self, follower: Follower) -> None:
        """Send every change of an instrument from now on."""
        self._followers[follower] = None

    def unfollow_instruments(self, follower: Follower) -> None:
        """Send no more changes."""
        self._followers.pop(follower, None)

    def instruments_page(self, after: int) -> tuple[bytes, int | None]:
        """A part of the list as it stands now, after an identifier; and where the next part begins, if there is one."""
        ids = sorted(instrument_id for instrument_id in self.instruments if instrument_id > after)
        page = ids[:INSTRUMENTS_A_MESSAGE]
        last = len(page) == len(ids)
        lines = [show(self.instruments[instrument_id]) for instrument_id in page]
        body = encode(InstrumentsSnapshot(lines, last))
        return self._instruments_frame(body), None if last else page[-1]

    # --- inside -

    def _emit(self, channel: AnyChannel) -> None:
        source = channel.source
        before = source.serial
        whole = source.emit(self.moment)
        if whole is None:
            return
        for following in channel.followed_by.values():
            if following.follower.is_full():
                self._behind[channel] = None
            elif following.serial == before:
                following.follower.push(whole)
                following.serial = source.serial
            else:
                self._catch_up(channel, following)

    def _catch_up(self, channel: AnyChannel, following: Following) -> None:
        if following.follower.is_full():
            self._behind[channel] = None
            return
        missed = channel.source.since_serial(following.serial, self.moment)
        if missed is not None:
            following.follower.push(missed)
        following.serial = channel.source.serial

    def _send_now(self, channel: AnyChannel) -> None:
        """Before a snapshot, everybody gets what the snapshot has in it already."""
        self.settle()
        if channel in self._changed:
            del self._changed[channel]
            self._emit(channel)

    def _channel(self, kind: str, instrument_id: InstrumentId) -> AnyChannel:
        book, trades = self._channels(instrument_id)
        return book if kind == "book" else trades

    def _channels(self, instrument_id: InstrumentId) -> tuple[_Channel[BookChannel], _Channel[TradesChannel]]:
        """An instrument's channels, which are told on every tick from now on."""
        if instrument_id not in self._watched:
            self._watch(instrument_id)
        return self._books[instrument_id], self._trades[instrument_id]

    def _watch(self, instrument_id: InstrumentId) -> None:
        """Bring the channels to where the book is, and keep them there."""
        if instrument_id not in self._books:
            self._books[instrument_id] = _Channel(BookChannel(instrument_id, self.depth))
            self._trades[instrument_id] = _Channel(TradesChannel(instrument_id))
            trade_n, lines = self._restored.pop(instrument_id, (0, ()))
            self._trades[instrument_id].source.restore(trade_n, lines)
        self._trades[instrument_id].source.begin(self.depth.watch(instrument_id))
        self._books[instrument_id].source.begin(self.depth.book_n(instrument_id), self._phase(instrument_id))
        self._watched[instrument_id] = None

    def _phase(self, instrument_id: InstrumentId) -> Phase | None:
        instrument = self.instruments.get(instrument_id)
        return instrument.phase if instrument else None

    def _instruments_frame(self, body: bytes) -> bytes:
        moment = self.moment
        return frame(envelope(INSTRUMENTS, moment.epoch, self._instruments_n, moment.sequence, moment.at_ns, body))


def _moment(header: Header) -> Moment:
    return Moment(header.epoch, header.sequence, header.at_ns)


@functools.cache
def _instrument_fields(kind: Any) -> tuple[str, ...]:
    """The fields of an event that carry an instrument; none, for the hot ones."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.type is Instrument)
