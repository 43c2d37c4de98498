"""What everybody is told at once, and who knew it before: announcements, insider lists and closed periods.

An announcement is filed, read by another person, and released to all in one moment; one that can move a price halts
trading until it has been read. Who knows before the others stands on the insider list of the matter, and orders nothing
of it; in a closed period the issuer itself does not either.

Source: Regulation (EU) 596/2014 (MAR) articles 17, 18 and 19(11) as the model; 证券法 (2019) articles 51-53 and 80 say
the same of securities here. They bind the venue's own rights by its rulebook, not by themselves.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AnnouncementId, AssetId, InsiderListId, InstrumentId, MemberId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import AtNs, Name, Text, TimeNs

MAX_ASSETS = 16
MAX_INSIDERS = 200
MAX_READ_OUT_SECONDS = 3_600

AnnouncementText = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
Assets = Annotated[tuple[AssetId, ...], msgspec.Meta(min_length=1, max_length=MAX_ASSETS)]
Users = Annotated[tuple[UserId, ...], msgspec.Meta(max_length=MAX_INSIDERS)]
Members = Annotated[tuple[MemberId, ...], msgspec.Meta(max_length=MAX_INSIDERS)]
ReadOutSeconds = Annotated[int, msgspec.Meta(ge=1, le=MAX_READ_OUT_SECONDS)]

# --- Insiders ---------------------------------------------------------------------------------------------------------


class InsiderList(Record, frozen=True, kw_only=True):
    """Who knows of a matter that is not public, from its opening to its end: users, and members with all their users.

    In the closed period, `closed_from_ns` up to but not including `closed_until_ns`, the issuer's own member is barred
    as well. Both zero: there is none.
    """

    list_id: InsiderListId
    asset_id: AssetId
    issuer_id: MemberId
    matter: str
    users: tuple[UserId, ...]
    members: tuple[MemberId, ...]
    closed_from_ns: TimeNs
    closed_until_ns: TimeNs
    opened_by: UserId
    opened_at_ns: TimeNs
    ended_at_ns: TimeNs = TimeNs(0)
    ended_by: UserId = UserId(0)


class OpenInsiderList(Command, frozen=True, kw_only=True, tag="insiders.open"):
    """Open the insider list of a matter about one traded asset: by its issuer, or an operator.

    Refused: asset.unknown, account.not_yours, insiders.invalid, user.unknown, member.unknown.
    """

    asset_id: AssetId
    matter: Name
    users: Users = ()
    members: Members = ()


class ChangeInsiders(Command, frozen=True, kw_only=True, tag="insiders.change"):
    """Say anew who is on a list; the journal keeps who was on it when.

    Refused: insiders.unknown, account.not_yours, insiders.invalid, user.unknown, member.unknown.
    """

    list_id: InsiderListId
    users: Users = ()
    members: Members = ()


class SetClosedPeriod(Command, frozen=True, kw_only=True, tag="insiders.close_period"):
    """Set, move or (both moments alike) lift the period in which the issuer and its insiders do not trade.

    Refused: insiders.unknown, account.not_yours, insiders.invalid (it ends before it begins, or has ended).
    """

    list_id: InsiderListId
    closed_from_ns: AtNs
    closed_until_ns: AtNs


class EndInsiderList(Command, frozen=True, kw_only=True, tag="insiders.end"):
    """End a list: the matter is public, or came to nothing.

    Refused: insiders.unknown, account.not_yours.
    """

    list_id: InsiderListId
    reason: Text = ""


class InsidersListed(Event, frozen=True, kw_only=True, tag="insiders.listed"):
    """The insider list as it now stands."""

    insiders: InsiderList
    reason: str = ""


# --- Announcements ----------------------------------------------------------------------------------------------------


class AnnouncementState(StrEnum):
    """filed → released, rejected or withdrawn."""

    FILED = "filed"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Announcement(Record, frozen=True, kw_only=True):
    """Something about traded assets that all learn at the same moment.

    `n` numbers the released ones without a gap, from 1. A price-relevant one halted `halted` until `read_out_ns`.
    """

    announcement_id: AnnouncementId
    state: AnnouncementState
    member_id: MemberId
    asset_ids: tuple[AssetId, ...]
    title: str
    text: str
    price_relevant: bool
    filed_by: UserId
    filed_at_ns: TimeNs
    decided_by: UserId = UserId(0)
    decided_at_ns: TimeNs = TimeNs(0)
    reason: str = ""
    n: int = 0
    halted: tuple[InstrumentId, ...] = ()
    read_out_ns: TimeNs = TimeNs(0)

    @property
    def live(self) -> bool:
        """Whether it waits for a decision, or trading waits for it."""
        return self.state is AnnouncementState.FILED or bool(self.halted)


class NewsNumber(Record, frozen=True, kw_only=True):
    """How many announcements were released so far; there is one such record, under `channel` 1."""

    channel: int
    n: int


class FileAnnouncement(Command, frozen=True, kw_only=True, tag="announcement.file"):
    """File an announcement about traded assets: by their issuer, or an operator. Nobody else reads it yet.

    Refused: announcement.invalid, asset.unknown, account.not_yours.
    """

    asset_ids: Assets
    title: Name
    text: AnnouncementText
    price_relevant: bool


class ReleaseAnnouncement(Command, frozen=True, kw_only=True, tag="announcement.release"):
    """Release an announcement to everybody at once; never by who filed it.

    A price-relevant one halts every open book of its assets; trading resumes after `read_out_seconds` as it was, unless
    an operator has changed the phase since.
    Refused: announcement.unknown, announcement.state, approval.same_person.
    """

    announcement_id: AnnouncementId
    read_out_seconds: ReadOutSeconds = 600


class RejectAnnouncement(Command, frozen=True, kw_only=True, tag="announcement.reject"):
    """Send an announcement back, with the reason.

    Refused: announcement.unknown, announcement.state.
    """

    announcement_id: AnnouncementId
    reason: Text


class WithdrawAnnouncement(Command, frozen=True, kw_only=True, tag="announcement.withdraw"):
    """Take back what is not released yet.

    Refused: announcement.unknown, account.not_yours, announcement.state.
    """

    announcement_id: AnnouncementId


class AnnouncementFiled(Event, frozen=True, kw_only=True, tag="announcement.filed"):
    """The announcement waits for an operator."""

    announcement: Announcement


class AnnouncementReleased(Event, frozen=True, kw_only=True, tag="announcement.released"):
    """Everybody may know, from this moment."""

    announcement: Announcement
    number: NewsNumber


class AnnouncementClosed(Event, frozen=True, kw_only=True, tag="announcement.closed"):
    """It was sent back or withdrawn, and stays unread."""

    announcement: Announcement


class AnnouncementReadOut(Event, frozen=True, kw_only=True, tag="announcement.read_out"):
    """Time enough has passed: what it halted resumes, one by one; `halted` are those still waiting."""

    announcement: Announcement
