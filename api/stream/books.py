"""Two public channels of one instrument, `book:…` and `trades:…`: numbered, kept in a ring, merged for who fell behind.

A message covers the events `from_n..n` and carries absolute sizes, so any run of messages can be merged into one that
says the same: that is how a tick is made of rows, how a slow reader catches up, and how a returning one resumes.
`book:INS:5` is the same for the five best prices of each side alone: a price that is no longer one of them is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from api.stream.channels import Moment
from api.stream.projections import VisibleBooks
from exchange.core.ids import InstrumentId, TradeId, to_wire
from exchange.core.instruments import Phase, Side
from matching.correction_messages import Remedy, TradeCorrection
from matching.visible import RECENT_TRADES, BookChange, DepthLevel, PublicTrade

RING_MESSAGES = 1_000
"""Messages a channel keeps for those who return; a channel nobody follows keeps none."""
TAPE_SHOWN = RECENT_TRADES
"""Trades a snapshot shows."""
SNAPSHOT_DEPTH = 50

_number = attrgetter("n")


class BookChanged(msgspec.Struct, frozen=True, gc=False, tag="book.changed", omit_defaults=True):
    """Sizes that changed since `from_n`, each `[price_ticks, lots]` (0 lots: gone), and the checksum of the top."""

    from_n: int
    bids: list[tuple[int, int]]
    offers: list[tuple[int, int]]
    checksum: int
    phase: Phase | None = None


class BookSnapshot(msgspec.Struct, frozen=True, gc=False, tag="book.snapshot"):
    """The best levels of both sides after event `n`, best first, each `[price_ticks, lots]`."""

    bids: list[tuple[int, int]]
    offers: list[tuple[int, int]]
    checksum: int
    phase: Phase | None


class TradeLine(msgspec.Struct, frozen=True, gc=False):
    """A trade as everybody sees it; `aggressor` is the side that came last, null in an auction."""

    n: int
    trade_id: str
    price_ticks: int
    quantity_lots: int
    aggressor: Side | None
    at_ns: int


class CorrectionLine(msgspec.Struct, frozen=True, gc=False):
    """A trade that was busted (`reversed`, `compensated`), or has another price (`repriced`), as everybody sees it."""

    n: int
    trade_id: str
    remedy: Remedy
    price_ticks: int
    quantity_lots: int
    at_ns: int


TapeLine = TradeLine | CorrectionLine


class TradesMade(msgspec.Struct, frozen=True, gc=False, tag="trades.made", omit_defaults=True):
    """The trades numbered `from_n..n`, in order, and the corrections among these numbers, if there are any."""

    from_n: int
    trades: list[TradeLine]
    corrections: list[CorrectionLine] = []


class TradesSnapshot(msgspec.Struct, frozen=True, gc=False, tag="trades.snapshot", omit_defaults=True):
    """The last trades up to number `n`, in order, and the corrections among these numbers, if there are any."""

    trades: list[TradeLine]
    corrections: list[CorrectionLine] = []


@dataclass(slots=True)
class Merged:
    """Book changes merged into one: the last size at each price, the last phase."""

    from_n: int
    n: int
    bids: dict[int, int] = field(default_factory=dict[int, int])
    offers: dict[int, int] = field(default_factory=dict[int, int])
    phase: Phase | None = None
    checksum: int = 0
    frame: bytes = b""

    def add(self, later: Merged) -> None:
        """Take in what came next."""
        self.n, self.checksum = later.n, later.checksum
        self.bids.update(later.bids)
        self.offers.update(later.offers)
        if later.phase is not None:
            self.phase = later.phase


class BookChannel:
    """One instrument's depth as messages. `serial` counts the messages sent, so that one without events counts too."""

    __slots__ = ("_depth", "_pending", "_ring", "instrument_id", "n", "name", "phase", "serial")

    def __init__(self, instrument_id: InstrumentId, depth: VisibleBooks) -> None:
        self.instrument_id = instrument_id
        self.name = "book:" + id_text("I", instrument_id)
        self.n = 0
        """The number of the last event."""
        self.phase: Phase | None = None
        self.serial = 0
        self._depth = depth
        self._pending: Merged | None = None
        self._ring: deque[Merged] | None = None

    def begin(self, n: int, phase: Phase | None) -> None:
        """Stand at an event's number: what came before, nobody followed."""
        self.n, self.phase = n, phase

    def take(self, change: BookChange) -> bool:
        """Take in what rows changed; it is sent with the next tick."""
        pending = self._pending
        if pending is None:
            pending = self._pending = Merged(change.from_book_n, change.to_book_n)
        for side, price_ticks, lots in change.levels:
            (pending.bids if side is Side.BUY else pending.offers)[price_ticks] = lots
        pending.n = self.n = change.to_book_n
        if change.phase is not None:
            pending.phase = self.phase = change.phase
        return True

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if anything changed; it is kept for those who come back."""
        entry = self._pending
        if entry is None:
            return None
        self._pending = None
        if self._ring is None:  # nobody follows: whoever comes gets a snapshot
            self.serial += 1
            return None
        entry.checksum = self._checksum()
        entry.frame = self._frame(entry, moment)
        self.serial += 1
        if self._ring is not None:
            self._ring.append(entry)
        return entry.frame

    def keep(self, *, wanted: bool) -> None:
        """Begin or stop keeping what is sent."""
        if not wanted:
            self._ring = None
        elif self._ring is None:
            self._ring = deque(maxlen=RING_MESSAGES)

    def since_serial(self, serial: int, moment: Moment) -> bytes | None:
        """One message for everything sent after the message `serial`; a snapshot if that is too long ago."""
        missed = self.serial - serial
        if not missed:
            return None
        ring = self._ring or ()
        if missed > len(ring):
            return self.snapshot(moment)
        return self._merge(list(islice(ring, len(ring) - missed, None)), moment)

    def since_number(self, from_n: int, moment: Moment) -> bytes | None:
        """One message for the events from `from_n` on; a snapshot if they are no longer kept, or not yet."""
        ring = self._ring or ()
        entries = [entry for entry in ring if entry.n >= from_n or entry.from_n >= from_n]
        if entries and entries[0].from_n == from_n:
            return self._merge(entries, moment)
        if not entries and from_n == self.n + 1:
            return None
        return self.snapshot(moment)

    def snapshot(self, moment: Moment) -> bytes:
        """The book as it stands. Emit first: what is pending is in it already."""
        return self._snapshot(moment, SNAPSHOT_DEPTH)

    def _snapshot(self, moment: Moment, levels: int) -> bytes:
        now = self._depth.snapshot(self.instrument_id, levels)
        body = BookSnapshot(_pairs(now.bids), _pairs(now.offers), self._checksum(), self.phase)
        return frame(envelope(self.name, moment.epoch, now.book_n, moment.sequence, moment.at_ns, encode(body)))

    def _checksum(self) -> int:
        return self._depth.checksum(self.instrument_id)

    def _merge(self, entries: Sequence[Merged], moment: Moment) -> bytes:
        if len(entries) == 1:
            return entries[0].frame
        merged = Merged(entries[0].from_n, entries[0].n)
        for entry in entries:
            merged.add(entry)
        return self._frame(merged, moment)

    def _frame(self, entry: Merged, moment: Moment) -> bytes:
        bids, offers = list(entry.bids.items()), list(entry.offers.items())
        body = BookChanged(entry.from_n, bids, offers, entry.checksum, entry.phase)
        return frame(envelope(self.name, moment.epoch, entry.n, moment.sequence, moment.at_ns, encode(body)))


class TopChannel(BookChannel):
    """The best prices alone: what is sent is how they differ from what was sent before."""

    __slots__ = ("_levels", "_told")

    def __init__(self, instrument_id: InstrumentId, depth: VisibleBooks, levels: int, *, is_asked: bool) -> None:
        super().__init__(instrument_id, depth)
        if is_asked:  # else the market shows no more
            self.name += f":{levels}"
        self._levels = levels
        self._told: tuple[dict[int, int], dict[int, int]] = ({}, {})
        """Lots by price as the last message left them, bids and offers."""

    def keep(self, *, wanted: bool) -> None:
        """Begin or stop keeping what is sent; what there is now, a snapshot tells."""
        if wanted and self._ring is None:
            self._told = self._top()
        super().keep(wanted=wanted)

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if the best prices changed or the phase; else what is pending waits for one that does."""
        entry = self._pending
        if entry is None or self._ring is None:
            return super().emit(moment)
        now = self._top()
        for told, levels, changed in zip(self._told, now, (entry.bids, entry.offers), strict=True):
            changed.clear()
            changed.update({price: 0 for price in told if price not in levels})
            changed.update({price: lots for price, lots in levels.items() if told.get(price) != lots})
        if not entry.bids and not entry.offers and entry.phase is None:
            return None
        self._told = now
        return super().emit(moment)

    def snapshot(self, moment: Moment) -> bytes:
        """The best prices as they stand."""
        return self._snapshot(moment, self._levels)

    def _checksum(self) -> int:
        return self._depth.checksum(self.instrument_id, self._levels)

    def _top(self) -> tuple[dict[int, int], dict[int, int]]:
        now = self._depth.snapshot(self.instrument_id, self._levels)
        return dict(_pairs(now.bids)), dict(_pairs(now.offers))


class TradesChannel:
    """One instrument's trades as messages. None is ever left out of a message; only a snapshot may skip some."""

    __slots__ = ("_new", "_tape", "n", "name", "serial")

    def __init__(self, instrument_id: InstrumentId) -> None:
        self.name = "trades:" + id_text("I", instrument_id)
        self.serial = self.n = 0
        """The number of the last trade sent: a message's serial is its last number."""
        self._tape: deque[TapeLine] = deque(maxlen=TAPE_SHOWN)
        self._new: list[TapeLine] = []

    def restore(self, n: int, lines: Sequence[TapeLine]) -> None:
        """Start from the tables: the last number, and the last lines as far as no number is missing."""
        self.serial = self.n = n
        self._new = []
        known = len(lines)
        while known and lines[known - 1].n == n - (len(lines) - known):
            known -= 1
        self._tape.extend(lines[known:])

    def begin(self, trades: Sequence[PublicTrade], corrections: Iterable[CorrectionLine] = ()) -> None:
        """Take in the last trades and corrections, as far as they are kept, which nobody followed."""
        lines: list[TapeLine] = [*map(_line, trades), *corrections]
        lines.sort(key=_number)
        self._tape.extend(lines)
        if lines:
            self.serial = self.n = lines[-1].n

    def take(self, change: BookChange) -> bool:
        """Take in what rows changed; trades are sent with the next tick."""
        self._new.extend(map(_line, change.trades))
        return bool(change.trades)

    def correct(self, line: CorrectionLine) -> None:
        """Take in what became of a trade; it is sent with the next tick, among the trades by its number."""
        self._new.append(line)

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if there were trades or corrections."""
        lines = sorted(self._new, key=_number)
        if not lines:
            return None
        self._new = []
        self._tape.extend(lines)
        self.serial = self.n = lines[-1].n
        return self._frame(lines, moment)

    def keep(self, *, wanted: bool) -> None:
        """Keep a long tape, or only what a snapshot shows."""
        self._tape = deque(self._tape, maxlen=RING_MESSAGES if wanted else TAPE_SHOWN)

    def since_serial(self, serial: int, moment: Moment) -> bytes | None:
        """One message for the trades after number `serial`; a snapshot if they are no longer kept."""
        missed = self.serial - serial
        if not missed:
            return None
        if not 0 < missed <= len(self._tape):
            return self.snapshot(moment)
        return self._frame(list(islice(self._tape, len(self._tape) - missed, None)), moment)

    def since_number(self, from_n: int, moment: Moment) -> bytes | None:
        """One message for the trades from `from_n` on; a snapshot if they are no longer kept, or not yet."""
        return self.since_serial(from_n - 1, moment)

    def snapshot(self, moment: Moment) -> bytes:
        """The last trades."""
        lines = list(islice(self._tape, max(0, len(self._tape) - TAPE_SHOWN), None))
        body = encode(TradesSnapshot(*_parts(lines)))
        return frame(envelope(self.name, moment.epoch, self.serial, moment.sequence, moment.at_ns, body))

    def _frame(self, lines: list[TapeLine], moment: Moment) -> bytes:
        body = encode(TradesMade(lines[0].n, *_parts(lines)))
        return frame(envelope(self.name, moment.epoch, lines[-1].n, moment.sequence, moment.at_ns, body))


def trade_line(
    trade_id: int, n: int, price_ticks: int, quantity_lots: int, aggressor: Side | None, at_ns: int
) -> TradeLine:
    """A trade as everybody sees it."""
    return TradeLine(n, to_wire("T", TradeId(trade_id)), price_ticks, quantity_lots, aggressor, at_ns)


def correction_line(correction: TradeCorrection) -> CorrectionLine:
    """What became of a trade, as everybody sees it."""
    return CorrectionLine(
        correction.trade_n,
        to_wire("T", correction.trade_id),
        correction.remedy,
        correction.corrected_ticks,
        correction.quantity_lots,
        correction.decided_at_ns,
    )


def _parts(lines: Iterable[TapeLine]) -> tuple[list[TradeLine], list[CorrectionLine]]:
    """Trades and corrections apart."""
    trades: list[TradeLine] = []
    corrections: list[CorrectionLine] = []
    for line in lines:
        if isinstance(line, TradeLine):
            trades.append(line)
        else:
            corrections.append(line)
    return trades, corrections


def _line(trade: PublicTrade) -> TradeLine:
    return trade_line(
        trade.trade_id, trade.trade_n, trade.price_ticks, trade.quantity_lots, trade.aggressor, trade.at_ns
    )


def _pairs(levels: Sequence[DepthLevel]) -> list[tuple[int, int]]:
    return [(level.price_ticks, level.lots) for level in levels]
