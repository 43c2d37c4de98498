"""A product whose register is elsewhere: who keeps it, and the versions of its register file that are mirrored here.

Its units are handed over once: the outside registrar's account then holds all of them, so that what is paid on them
goes to the registrar as one payee, who pays its own list. That list comes as files. A file is imported in parts,
completed against the units there are, confirmed by somebody else, and then stands beside every earlier one. Holders who
are no members have no names here: the sender keeps a key, and the file names them by a keyed hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, MirrorFileId, MirrorPageId, UserId
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import IsoDate, Name, PositiveCount, Sha256Hex, Text, TimeNs
from exchange.core.units import Units as UnitCount
from securitization.issue_messages import NoteLock

MAX_LINES = 200
"""Lines of one command."""
MAX_HOLDERS = 2_000
"""Lines of one file: such products have at most 200 holders by law, and what reads them reads them whole."""
MAX_HAND_OVER = 400
"""Accounts whose units one hand-over moves, in one transfer."""


class MirrorState(StrEnum):
    """Where a register file stands."""

    OPEN = "open"
    COMPLETE = "complete"
    """Its lines make up its totals, and the totals the units there are; it waits for a second person."""
    CONFIRMED = "confirmed"
    DISCARDED = "discarded"


class MirrorLine(Part, frozen=True, kw_only=True):
    """A holder and its units: the keyed hash of its name there, and its account, where it has one here.

    Lines come in rising order by `holder_sha256`, each once.
    """

    holder_sha256: Sha256Hex
    units: PositiveCount
    account_id: AccountId | None = None


class MirrorRegister(Record, frozen=True, kw_only=True):
    """An asset whose register is elsewhere, and the file that counts now. Units: `units` were handed over.

    `as_of` and `version` are those of the file with the latest day, and among those of one day the newest.
    """

    asset_id: AssetId
    registrar_account_id: AccountId
    units: UnitCount
    document_sha256: str
    handed_over_ns: TimeNs
    versions: int = 0
    mirror_file_id: MirrorFileId = MirrorFileId(0)
    as_of: str = ""
    version: int = 0


class MirrorFile(Record, frozen=True, kw_only=True):
    """One version of the outside register, as of the end of a day. Units: `total_units`, `read_units` of the asset."""

    mirror_file_id: MirrorFileId
    asset_id: AssetId
    version: int
    source: str
    as_of: str
    file_sha256: str
    total_units: UnitCount
    holders: int
    state: MirrorState
    opened_by: UserId
    opened_at_ns: TimeNs
    parts: int = 0
    read_holders: int = 0
    read_units: UnitCount = UnitCount(0)
    last_holder: str = ""
    confirmed_by: UserId = UserId(0)
    confirmed_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether a later step may ask for it."""
        return self.state in (MirrorState.OPEN, MirrorState.COMPLETE)


class MirrorPage(Record, frozen=True, kw_only=True):
    """The lines of one part of a file."""

    page_id: MirrorPageId
    mirror_file_id: MirrorFileId
    asset_id: AssetId
    n: int
    lines: tuple[MirrorLine, ...]


class HandOverRegister(Command, frozen=True, kw_only=True, tag="mirror.hand_over"):
    """Let an outside registrar hold every unit of an asset here, once, from its initial registration on.

    A second operator signs. What an originator keeps stays held, on the registrar's account.
    Refused: asset.unknown, mirror.own_register (with the profile's rule), mirror.state (handed over before, or no units
    yet), account.unknown, account.frozen, member.frozen, asset.frozen, mirror.units_held, mirror.too_many,
    document.unknown.
    """

    asset_id: AssetId
    registrar_account_id: AccountId
    document_sha256: Sha256Hex


class MirrorHandedOver(Event, frozen=True, kw_only=True, tag="mirror.handed_over"):
    """The registrar's account holds all of it; `held` is what stays held."""

    register: MirrorRegister
    movement: Movement
    held: Movement
    lock: NoteLock | None = None


class OpenMirrorFile(Command, frozen=True, kw_only=True, tag="mirror.open"):
    """Begin to import one file of the outside register, as of the end of a day; it may correct an earlier day.

    Refused: mirror.unknown (not handed over), mirror.invalid (a day to come, or before the hand-over's), mirror.state
    (another file is open), document.unknown.
    """

    asset_id: AssetId
    source: Name
    as_of: IsoDate
    file_sha256: Sha256Hex
    total_units: PositiveCount
    holders: Annotated[int, msgspec.Meta(ge=1, le=MAX_HOLDERS)]


class MirrorFileOpened(Event, frozen=True, kw_only=True, tag="mirror.opened"):
    """The file has its version."""

    register: MirrorRegister
    file: MirrorFile


class ImportMirrorLines(Command, frozen=True, kw_only=True, tag="mirror.import"):
    """The next part of an open file.

    Refused: mirror.file_unknown, mirror.state, mirror.stale (not the next part), mirror.lines_invalid (not in rising
    order, more than the file said, or an account that is nobody's).
    """

    mirror_file_id: MirrorFileId
    part: PositiveCount
    lines: Annotated[tuple[MirrorLine, ...], msgspec.Meta(min_length=1, max_length=MAX_LINES)]


class MirrorLinesImported(Event, frozen=True, kw_only=True, tag="mirror.imported"):
    """So many lines are here."""

    file: MirrorFile
    page: MirrorPage


class CompleteMirrorFile(Command, frozen=True, kw_only=True, tag="mirror.complete"):
    """Say that every part came: lines and units must be what the file said, and the units those there are.

    Refused: mirror.file_unknown, mirror.state, mirror.totals.
    """

    mirror_file_id: MirrorFileId


class MirrorFileCompleted(Event, frozen=True, kw_only=True, tag="mirror.completed"):
    """The file waits for a second person."""

    file: MirrorFile


class ConfirmMirrorFile(Command, frozen=True, kw_only=True, tag="mirror.confirm"):
    """Let a complete file count, by another operator than the one who opened it.

    Refused: mirror.file_unknown, mirror.state, mirror.same_person, mirror.totals (units have changed since).
    """

    mirror_file_id: MirrorFileId


class MirrorFileConfirmed(Event, frozen=True, kw_only=True, tag="mirror.confirmed"):
    """The file is one of the asset's versions for good."""

    register: MirrorRegister
    file: MirrorFile


class DiscardMirrorFile(Command, frozen=True, kw_only=True, tag="mirror.discard"):
    """Give up a file that was not confirmed; its lines stay on record and never count.

    Refused: mirror.file_unknown, mirror.state.
    """

    mirror_file_id: MirrorFileId
    reason: Text


class MirrorFileDiscarded(Event, frozen=True, kw_only=True, tag="mirror.discarded"):
    """The file never counts."""

    file: MirrorFile


class ChangeKind(StrEnum):
    """How a holder differs between two versions."""

    ENTERED = "entered"
    LEFT = "left"
    UNITS = "units"


class HolderChange(Part, frozen=True, kw_only=True):
    """One holder that differs between two versions. Units: before and after."""

    kind: ChangeKind
    holder_sha256: str
    before: int
    after: int


def follows(last_holder: str, lines: tuple[MirrorLine, ...]) -> bool:
    """Whether lines go on in rising order, none twice."""
    return all(one < other for one, other in pairwise([last_holder, *(line.holder_sha256 for line in lines)]))


def changes(before: Iterable[MirrorLine], after: Iterable[MirrorLine]) -> list[HolderChange]:
    """In what two versions of a register differ, by holder."""
    one = {line.holder_sha256: line.units for line in before}
    other = {line.holder_sha256: line.units for line in after}
    found: list[HolderChange] = []
    for holder in sorted({**one, **other}):
        was, now = one.get(holder, 0), other.get(holder, 0)
        if was != now:
            kind = ChangeKind.UNITS if was and now else ChangeKind.ENTERED if now else ChangeKind.LEFT
            found.append(HolderChange(kind=kind, holder_sha256=holder, before=was, after=now))
    return found


def counts_before(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether of two (day, version) the first is the earlier: by its day, then by its version."""
    return one < other
