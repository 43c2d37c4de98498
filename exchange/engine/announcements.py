"""Announcements: filed by the issuer, released by another person to all at once, halting trading where they matter."""

from __future__ import annotations

import msgspec

from exchange.core.ids import AnnouncementId, AssetId, InstrumentId, make_id
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import RejectCode
from exchange.core.units import NS_PER_SECOND, TimeNs
from exchange.engine.days import resume
from exchange.engine.insiders import issuer_of, may_speak_for
from exchange.engine.phases import move_phase
from exchange.engine.state import ExchangeState
from exchange.engine.timers import FIRINGS, set_timer
from matching.messages import Instrument
from matching.notice_messages import (
    Announcement,
    AnnouncementClosed,
    AnnouncementFiled,
    AnnouncementReadOut,
    AnnouncementReleased,
    AnnouncementState,
    FileAnnouncement,
    NewsNumber,
    RejectAnnouncement,
    ReleaseAnnouncement,
    WithdrawAnnouncement,
)
from matching.session import allowed

NEWS = 1
MAX_HALTED = 64
"""Instruments one announcement may halt."""


def file_announcement(state: ExchangeState, header: Header, command: FileAnnouncement) -> list[Event]:
    """Put an announcement before an operator; only its filer's member and the venue read it yet."""
    if len(set(command.asset_ids)) < len(command.asset_ids):
        return [Rejected(code=RejectCode.ANNOUNCEMENT_INVALID, detail="an asset is named twice")]
    for asset_id in command.asset_ids:
        issuer_id = issuer_of(state, asset_id)
        if issuer_id is None:
            return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
        if not may_speak_for(state, header, issuer_id):
            return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    if len(_instruments_of(state, command.asset_ids)) > MAX_HALTED:
        return [Rejected(code=RejectCode.ANNOUNCEMENT_INVALID, detail=f"max_instruments={MAX_HALTED}")]

    state.change()
    announcement = Announcement(
        announcement_id=AnnouncementId(make_id(header.sequence)),
        state=AnnouncementState.FILED,
        member_id=state.users[header.principal].member_id,
        asset_ids=command.asset_ids,
        title=command.title,
        text=command.text,
        price_relevant=command.price_relevant,
        filed_by=header.principal,
        filed_at_ns=header.at_ns,
    )
    state.put(announcement)
    return [AnnouncementFiled(announcement=announcement)]


def release_announcement(state: ExchangeState, header: Header, command: ReleaseAnnouncement) -> list[Event]:
    """Tell everybody, and halt what it may move until it has been read."""
    found = _filed(state, command.announcement_id)
    if isinstance(found, Rejected):
        return [found]
    if found.filed_by == header.principal:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]

    state.change()
    instruments = _instruments_of(state, found.asset_ids) if found.price_relevant else []
    trading = [each for each in instruments if allowed(each.phase, Phase.HALTED)]
    halted = [each for each in instruments if each in trading or _is_halted(state, each.instrument_id)]
    number = NewsNumber(channel=NEWS, n=_news_n(state) + 1)
    state.put(number)
    released = msgspec.structs.replace(
        found,
        state=AnnouncementState.RELEASED,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
        n=number.n,
        halted=tuple(each.instrument_id for each in halted),
        read_out_ns=TimeNs(header.at_ns + command.read_out_seconds * NS_PER_SECOND) if halted else TimeNs(0),
    )
    state.put(released)
    events: list[Event] = [AnnouncementReleased(announcement=released, number=number)]
    reason = f"announcement {released.n}"
    for each in trading:
        events.extend(move_phase(state, header, each, Phase.HALTED, reason))
    if halted:
        due = released.read_out_ns
        events.append(set_timer(state, header, TimerKind.ANNOUNCEMENT_READ, due, released.announcement_id))
    return events


def reject_announcement(state: ExchangeState, header: Header, command: RejectAnnouncement) -> list[Event]:
    """Send an announcement back."""
    found = _filed(state, command.announcement_id)
    if isinstance(found, Rejected):
        return [found]

    state.change()
    return _close(state, header, found, AnnouncementState.REJECTED, command.reason)


def withdraw_announcement(state: ExchangeState, header: Header, command: WithdrawAnnouncement) -> list[Event]:
    """Take back what nobody has read yet."""
    found = _filed(state, command.announcement_id)
    if isinstance(found, Rejected):
        return [found]
    if not may_speak_for(state, header, found.member_id):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]

    state.change()
    return _close(state, header, found, AnnouncementState.WITHDRAWN, "")


def read_out(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Resume what an announcement halted and nobody has moved since: one instrument a timer.

    A book that opens may set much going, so the next one has a timer of its own, due at once.
    """
    announcement = state.table(Announcement)[timer.subject_id]
    first, *rest = announcement.halted
    read_out_ns = announcement.read_out_ns if rest else TimeNs(0)
    done = msgspec.structs.replace(announcement, halted=tuple(rest), read_out_ns=read_out_ns)
    state.put(done)
    events: list[Event] = [AnnouncementReadOut(announcement=done)]
    if not _is_halted(state, first):
        events.extend(resume(state, header, state.instruments[first], f"announcement {done.n} was read"))
    if rest:
        events.append(set_timer(state, header, TimerKind.ANNOUNCEMENT_READ, header.at_ns, done.announcement_id))
    return events


def _is_halted(state: ExchangeState, instrument_id: InstrumentId) -> bool:
    """Whether an announcement about it is being read, so that another one makes the wait longer and never shorter."""
    return any(instrument_id in announcement.halted for announcement in state.table(Announcement).values())


def _news_n(state: ExchangeState) -> int:
    number = state.table(NewsNumber).get(NEWS)
    return number.n if number is not None else 0


def _filed(state: ExchangeState, announcement_id: AnnouncementId) -> Announcement | Rejected:
    found = state.table(Announcement).get(announcement_id)
    if found is None:
        return Rejected(code=RejectCode.ANNOUNCEMENT_UNKNOWN)
    if found.state is not AnnouncementState.FILED:
        return Rejected(code=RejectCode.ANNOUNCEMENT_STATE, detail=found.state)
    return found


def _close(
    state: ExchangeState, header: Header, found: Announcement, to: AnnouncementState, reason: str
) -> list[Event]:
    closed = msgspec.structs.replace(
        found, state=to, decided_by=header.principal, decided_at_ns=header.at_ns, reason=reason
    )
    state.put(closed)
    return [AnnouncementClosed(announcement=closed)]


def _instruments_of(state: ExchangeState, asset_ids: tuple[AssetId, ...]) -> list[Instrument]:
    return [each for _, each in sorted(state.instruments.items()) if each.asset_id in asset_ids]


FIRINGS[TimerKind.ANNOUNCEMENT_READ] = read_out
