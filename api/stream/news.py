"""The public channel `news`: every announcement at the moment of its release, numbered without a gap.

Who comes back names the number wanted next and is sent what came meanwhile, as far as the ring reaches; older ones are
read at /v1/notices/announcements. Nothing is merged: announcements are few.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from api.stream.channels import Moment
from api.stream.lots import Follower
from exchange.core.messages import Event, Header
from matching.notice_messages import Announcement, AnnouncementReleased

NEWS = "news"
RING_MESSAGES = 200


class NewsReleased(msgspec.Struct, frozen=True, gc=False, tag="announcement.released"):
    """An announcement as everybody reads it; what it halted trades again at `read_out_ns` (0: nothing was halted)."""

    announcement_id: str
    asset_ids: tuple[str, ...]
    title: str
    text: str
    price_relevant: bool
    released_at_ns: int
    instrument_ids: tuple[str, ...]
    read_out_ns: int


class News:
    """The released announcements as of the last committed row, and who follows them."""

    def __init__(self) -> None:
        self.moment = Moment()
        """Where the journal stands; rows without announcements move it too."""
        self.n = 0
        self._ring: deque[Announcement] = deque(maxlen=RING_MESSAGES)
        self._followers: dict[Follower, None] = {}

    def restore(self, moment: Moment, announcements: Iterable[Announcement]) -> None:
        """Start from the tables: the last announcements, oldest first; nobody follows yet."""
        self.moment = moment
        self._ring = deque(announcements, maxlen=RING_MESSAGES)
        self.n = self._ring[-1].n if self._ring else 0
        self._followers = {}

    def row(self, header: Header, events: Sequence[Event]) -> None:
        """Take in one journal row, and tell everybody what it released."""
        self.moment = Moment(header.epoch, header.sequence, header.at_ns)
        for event in events:
            if isinstance(event, AnnouncementReleased):
                self._ring.append(event.announcement)
                self.n = event.announcement.n
                whole = self._frame(event.announcement)
                for follower in self._followers:
                    follower.push(whole)

    def follow(self, follower: Follower, from_n: int | None) -> None:
        """Send what came from `from_n` on, as far as it is kept, and everything from then on."""
        for announcement in self._ring:
            if from_n is not None and announcement.n >= from_n:
                follower.push(self._frame(announcement))
        self._followers[follower] = None

    def unfollow(self, follower: Follower) -> None:
        """Send no more to this follower."""
        self._followers.pop(follower, None)

    def _frame(self, announcement: Announcement) -> bytes:
        body = NewsReleased(
            announcement_id=id_text("AN", announcement.announcement_id),
            asset_ids=tuple(id_text("S", asset_id) for asset_id in announcement.asset_ids),
            title=announcement.title,
            text=announcement.text,
            price_relevant=announcement.price_relevant,
            released_at_ns=announcement.decided_at_ns,
            instrument_ids=tuple(id_text("I", instrument_id) for instrument_id in announcement.halted),
            read_out_ns=announcement.read_out_ns,
        )
        moment = self.moment
        return frame(envelope(NEWS, moment.epoch, announcement.n, moment.sequence, moment.at_ns, encode(body)))
