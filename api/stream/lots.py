"""The public channel of each lot in a sale, `lot:…`: every change of it whole, numbered by the lot itself.

Bids and clocks are slow beside an order book, so nothing is merged: each message shows the lot as it then stands. Who
was too full to be sent one is sent a snapshot with the next.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, get_args

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from api.stream.channels import Moment
from exchange.core.ids import LotId
from exchange.core.messages import Event, Header
from exchange.core.wire import name_of
from exchange.core.wire_json import show
from matching.sale_messages import Lot

RING_MESSAGES = 500
"""Messages a lot keeps for those who return."""


class Follower(Protocol):
    """Who follows a lot: takes frames, and says when it is full."""

    def push(self, whole: bytes) -> None:
        """Send a frame with the next write."""
        ...

    def is_full(self) -> bool:
        """Whether what was sent before has not left yet."""
        ...


class LotChanged(msgspec.Struct, frozen=True, gc=False, tag="lot.changed"):
    """The lot as it stands after a change; `event` says what changed it: a bid, a clock's step, an award."""

    event: str
    lot: dict[str, object]


class LotSnapshot(msgspec.Struct, frozen=True, gc=False, tag="lot.snapshot"):
    """The lot as it stands."""

    lot: dict[str, object]


@dataclass(slots=True)
class _Channel:
    """A lot, its last messages by their number, and who follows it: whether they lack something."""

    lot: Lot
    ring: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=RING_MESSAGES))
    followers: dict[Follower, bool] = field(default_factory=dict["Follower", bool])


class Lots:
    """The lots of all sales as of the last committed row."""

    def __init__(self) -> None:
        self._channels: dict[LotId, _Channel] = {}
        self.moment = Moment()
        """Where the journal stands; rows of orders, which change no lot, move it too."""

    def restore(self, moment: Moment, lots: Iterable[Lot]) -> None:
        """Start from the tables; nobody follows yet."""
        self.moment = moment
        self._channels = {lot.lot_id: _Channel(lot) for lot in lots}

    def row(self, header: Header, events: Sequence[Event]) -> None:
        """Take in one journal row, and tell who follows a lot that it changed."""
        self.moment = Moment(header.epoch, header.sequence, header.at_ns)
        for event in events:
            for lot in _lots_in(event):
                self._take(event, lot)

    def number(self, lot_id: LotId) -> int | None:
        """How far a lot's channel has come; None: there is no such lot."""
        channel = self._channels.get(lot_id)
        return channel.lot.n if channel is not None else None

    def follow(self, lot_id: LotId, follower: Follower, from_n: int | None) -> None:
        """Send the lot as it stands, or the messages from `from_n` on, and every change from then on."""
        channel = self._channels[lot_id]
        kept = [(n, whole) for n, whole in channel.ring if from_n is not None and n >= from_n]
        if from_n != channel.lot.n + 1:
            missed = [whole for _, whole in kept] if kept and kept[0][0] == from_n else [self._snapshot(channel)]
            for whole in missed:
                follower.push(whole)
        channel.followers[follower] = False

    def unfollow(self, lot_id: LotId, follower: Follower) -> None:
        """Send no more of the lot to this follower; a lot that is over is forgotten with its last one."""
        channel = self._channels.get(lot_id)
        if channel is None:
            return
        channel.followers.pop(follower, None)
        self._forget(channel)

    def _take(self, event: Event, lot: Lot) -> None:
        channel = self._channels.setdefault(lot.lot_id, _Channel(lot))
        channel.lot = lot
        whole = self._frame(lot, encode(LotChanged(name_of(event), show(lot))))
        channel.ring.append((lot.n, whole))
        for follower, lacks in channel.followers.items():
            if follower.is_full():
                channel.followers[follower] = True
            else:
                follower.push(self._snapshot(channel) if lacks else whole)
                channel.followers[follower] = False
        self._forget(channel)

    def _forget(self, channel: _Channel) -> None:
        if not channel.lot.live and not channel.followers:
            self._channels.pop(channel.lot.lot_id, None)

    def _snapshot(self, channel: _Channel) -> bytes:
        return self._frame(channel.lot, encode(LotSnapshot(show(channel.lot))))

    def _frame(self, lot: Lot, body: bytes) -> bytes:
        moment = self.moment
        channel = "lot:" + id_text("LT", lot.lot_id)
        return frame(envelope(channel, moment.epoch, lot.n, moment.sequence, moment.at_ns, body))


def _lots_in(event: Event) -> Iterator[Lot]:
    """The lots an event carries, in its fields' order."""
    for name in _lot_fields(cast("Any", type(event))):
        value = getattr(event, name)
        yield from value if isinstance(value, tuple) else (value,)


@functools.cache
def _lot_fields(kind: Any) -> tuple[str, ...]:
    """The fields of an event that carry lots; none, for all but those of sales."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if Lot in (field.type, *get_args(field.type)))
