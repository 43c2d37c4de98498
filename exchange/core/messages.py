"""The three kinds of message on the road: a Command asks, an Event tells, a Header says who and when.

A command's tag is a noun and a verb (`order.place`), an event's a noun and a participle (`order.accepted`); the tag
is the message's name on the wire and in the journal and is never reused. A POST's body is the command itself.
Records that events carry (a deal, a posting) derive from `Record`.
"""

from __future__ import annotations

import msgspec

from exchange.core.ids import ConnectionId, UserId
from exchange.core.rejections import RejectCode
from exchange.core.units import Epoch, Sequence, TimeNs

MAX_EVENTS = 1_024
"""A command makes at most this many events; larger work is a run."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for one change of state. Decoded from JSON at the edge, from msgpack out of the journal."""


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Tells one change of state, whole: every table row that changes follows from the event alone."""


class Record(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A value inside events and state. Fields are appended with a default, never moved or reused."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value inside a command's body: named fields, unknown ones refused."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """What the sequencer stamps on a command: its place, its time, who authenticated."""

    sequence: Sequence
    epoch: Epoch
    at_ns: TimeNs
    principal: UserId
    connection_id: ConnectionId


class Citation(Record, frozen=True, kw_only=True):
    """The rule behind a refusal or an admission: profile, version, field, and the provision it encodes."""

    profile: str
    version: int
    field: str
    provision: str


class Rejected(Event, frozen=True, kw_only=True, tag="command.rejected"):
    """An answer, not a failure: nothing changed. `detail` names what stood in the way."""

    code: RejectCode
    detail: str = ""
    rule: Citation | None = None
