"""Both halves of the visible book, the readable one and the compiled one where it was built, and rows to hand them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from exchange.core.ids import NO_CONNECTION, NODE
from exchange.core.messages import Event, Header
from exchange.core.units import Epoch, TimeNs
from exchange.core.units import Sequence as JournalSequence
from exchange.core.wire import encode_event, encode_events
from matching.depth import DepthFeed

try:
    from matching._depth import DepthFeed as CompiledFeed
except ImportError:
    FEEDS: tuple[type[DepthFeed], ...] = (DepthFeed,)
else:
    FEEDS = (DepthFeed, CompiledFeed)  # type: ignore[assignment] # they share their interface, not a class


@dataclass(frozen=True)
class Row:
    """A committed row: its events, and as bytes."""

    header: Header
    events: Sequence[Event]

    @cached_property
    def events_bytes(self) -> bytes:
        """The events as journal bytes."""
        return encode_events([encode_event(event) for event in self.events])


@dataclass(frozen=True)
class CutRow(Row):
    """A row of whose bytes only the first ones can be read."""

    readable: int

    @cached_property
    def events_bytes(self) -> bytes:
        """The first bytes of the events, and then none that belong to them."""
        return encode_events([encode_event(event) for event in self.events])[: self.readable] + b"\xc1"


def committed(sequence: int, events: Sequence[Event]) -> Row:
    """A row stamped with its sequence as its time."""
    return Row(Header(JournalSequence(sequence), Epoch(1), TimeNs(sequence), NODE, NO_CONNECTION), events)
