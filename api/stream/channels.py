"""A public channel and its followers: who was sent what, who is full, and who is behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec

from matching.visible import BookChange


class Moment(msgspec.Struct, frozen=True, gc=False):
    """Where the journal stood: the sender of market data stamps its messages with it."""

    epoch: int = 0
    sequence: int = 0
    at_ns: int = 0


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

    def take(self, change: BookChange) -> bool:
        """Take in what rows changed; whether the next tick has something to look at."""
        ...

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

    def snapshot(self, moment: Moment) -> bytes | None:
        """How things stand; None while that is not known, and told to all when it is."""
        ...


class Channel:
    """A public channel and its followers."""

    __slots__ = ("followed_by", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.followed_by: dict[Follower, Following] = {}

    def follow(self, follower: Follower) -> None:
        """Send a follower every message from now on."""
        self.followed_by[follower] = Following(follower, self.source.serial)

    def emit(self, moment: Moment) -> bool:
        """Send the tick's message to whoever has room for it; whether somebody had none."""
        source = self.source
        before = source.serial
        whole = source.emit(moment)
        if whole is None:
            return False
        behind = False
        for following in self.followed_by.values():
            if following.follower.is_full():
                behind = True
            elif following.serial == before:
                following.follower.push(whole)
                following.serial = source.serial
            else:
                self._catch_up(following, moment)
        return behind

    def catch_up(self, moment: Moment) -> bool:
        """Send what followers missed to those who have room again; whether somebody still has none."""
        behind = False
        for following in self.followed_by.values():
            if following.serial == self.source.serial:
                continue
            if following.follower.is_full():
                behind = True
            else:
                self._catch_up(following, moment)
        return behind

    def _catch_up(self, following: Following, moment: Moment) -> None:
        missed = self.source.since_serial(following.serial, moment)
        if missed is not None:
            following.follower.push(missed)
        following.serial = self.source.serial
