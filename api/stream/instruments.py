"""The list of instruments as a channel: in parts for who comes, each change at once for who follows."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from api.stream.answers import encode, envelope, frame
from api.stream.channels import Follower, Moment
from exchange.core.ids import InstrumentId
from exchange.core.messages import Event
from exchange.core.wire import name_of
from exchange.core.wire_json import show
from matching.messages import Instrument

INSTRUMENTS = "instruments"
INSTRUMENTS_A_MESSAGE = 200


class InstrumentChanged(msgspec.Struct, frozen=True, gc=False, tag="instrument.changed"):
    """An instrument came, or changed its phase or terms; `event` says by what."""

    event: str
    instrument: dict[str, object]


class InstrumentsSnapshot(msgspec.Struct, frozen=True, gc=False, tag="instruments.snapshot"):
    """Instruments as they stand; more parts follow until `last`."""

    instruments: list[dict[str, object]]
    last: bool


class Instruments:
    """Every instrument's latest terms, and who follows them."""

    __slots__ = ("_followers", "by_id", "n")

    def __init__(self) -> None:
        self.by_id: dict[InstrumentId, Instrument] = {}
        self.n = 0
        """How far the list has come in this epoch."""
        self._followers: dict[Follower, None] = {}

    def restore(self, instruments: Iterable[Instrument]) -> None:
        """Start from the tables. Nobody follows yet."""
        self.by_id = {instrument.instrument_id: instrument for instrument in instruments}
        self.n = 0
        self._followers = {}

    def take(self, event: Event, instrument: Instrument, moment: Moment) -> None:
        """Take in an instrument's latest terms, and tell those who follow the list at once."""
        self.by_id[instrument.instrument_id] = instrument
        self.n += 1
        if self._followers:
            whole = self._frame(encode(InstrumentChanged(name_of(event), show(instrument))), moment)
            for follower in self._followers:
                follower.push(whole)

    def follow(self, follower: Follower) -> None:
        """Send every change of an instrument from now on."""
        self._followers[follower] = None

    def unfollow(self, follower: Follower) -> None:
        """Send no more changes."""
        self._followers.pop(follower, None)

    def page(self, after: int, moment: Moment) -> tuple[bytes, int | None]:
        """A part of the list as it stands now, after an identifier; and where the next part begins, if there is one."""
        ids = sorted(instrument_id for instrument_id in self.by_id if instrument_id > after)
        page = ids[:INSTRUMENTS_A_MESSAGE]
        last = len(page) == len(ids)
        lines = [show(self.by_id[instrument_id]) for instrument_id in page]
        whole = self._frame(encode(InstrumentsSnapshot(lines, last)), moment)
        return whole, None if last else page[-1]

    def _frame(self, body: bytes, moment: Moment) -> bytes:
        return frame(envelope(INSTRUMENTS, moment.epoch, self.n, moment.sequence, moment.at_ns, body))
