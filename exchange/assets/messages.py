"""Patents enter the exchange, a bounded slice of a list at a time, and applicants' names are mapped to members.

The journal and the table carry the whole entry; memory keeps the stub, which is all a later decision asks.
"""

from __future__ import annotations

from exchange.assets.entries import ExpiryBasis, PartyName, PatentEntry, Purpose
from exchange.assets.kinds import PatentStatus
from exchange.core.ids import AssetId, MemberId, OutcomeId, PatentId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import IsoDate, Name, Sha256Hex, Text, TimeNs

MAX_ENTRIES = 200
"""Entries one command may bring; a longer list is many commands, in the slow lane."""

NOBODY = MemberId(0)
"""The owner of a patent whose applicants no operator has mapped to a member yet."""


class PatentStub(Record, frozen=True, kw_only=True):
    """What memory keeps of a patent. Its fields are columns of the patent's own table, so it may be changed alone.

    `number` is the publication number, before publication the application number. `listable` and `shareable` say that
    nothing the record lacks blocks a listing, or shares. `outcome_id` and `right_id` (0: none) say which outcome it
    lies in and under which asset its ownership right is in custody.
    """

    patent_id: PatentId
    number: str
    country: str
    status: PatentStatus
    nominal_expiry: str
    content_hash: bytes
    listable: bool
    shareable: bool
    owner_id: MemberId
    encumbered: bool = False
    outcome_id: OutcomeId = OutcomeId(0)
    right_id: AssetId = AssetId(0)


class Patent(Record, frozen=True, kw_only=True):
    """A patent as it was last imported, and how it stands here. No natural person is named."""

    patent_id: PatentId
    number: str
    country: str
    status: PatentStatus
    nominal_expiry: str
    content_hash: bytes
    listable: bool
    shareable: bool
    owner_id: MemberId
    encumbered: bool
    outcome_id: OutcomeId
    right_id: AssetId
    publication_number: str
    kind: str
    title: str
    applicants: tuple[str, ...]
    applicant_commitments: tuple[str, ...]
    inventor_commitments: tuple[str, ...]
    inventors_abridged: bool
    application_number: str
    filing_date: str
    publication_date: str
    grant_date: str
    priority_date: str
    earliest_filing_date: str
    ipc: tuple[str, ...]
    expiry_basis: ExpiryBasis
    missing: tuple[str, ...]
    blocks: tuple[Purpose, ...]
    imported_by: MemberId
    imported_at_ns: TimeNs


class RefusedEntry(Record, frozen=True, kw_only=True):
    """An entry that was not taken: its place in the command, its number, and a stable code with what it speaks of."""

    place: int
    number: str
    code: str
    detail: str = ""


class ImportPatents(Command, frozen=True, kw_only=True, tag="patents.import"):
    """Bring in a slice of a list: new patents, changed ones, and those that are the same by their content.

    An institution imports its own; an operator for whomever the applicants' aliases name. A patent that is known and
    belongs to another, or whose applicants' aliases all name others, is refused alone, as is an entry that is not what
    intake makes of it; the rest of the slice is taken.
    Refused: import.too_large, account.not_yours, member.frozen.
    """

    entries: tuple[PatentEntry, ...]


class PatentsImported(Event, frozen=True, kw_only=True, tag="patents.imported"):
    """What a slice brought. `changed` are known patents with other contents, or whose owner has become known.

    A patent with something in `missing` is incomplete: kept, and not good for the purposes in `blocks`.
    """

    new: tuple[Patent, ...]
    changed: tuple[Patent, ...]
    same: int
    refused: tuple[RefusedEntry, ...]


class PatentsChanged(Event, frozen=True, kw_only=True, tag="patents.changed"):
    """How patents stand here after another event of the same command: their owner, outcome, right or encumbrance."""

    patents: tuple[PatentStub, ...]


class ChangePatentStatus(Command, frozen=True, kw_only=True, tag="patent.change_status"):
    """Enter, by two operators, what an office or a court decided about a patent after its import.

    Where it no longer lives, its listings end, orders for its shares are withdrawn, and what is not yet effective is
    unwound; what was settled stays settled. A suspended one keeps its listings, and nothing of it trades.
    Refused: patent.unknown, patent.status_invalid (a status no paper tells, the same one, after its end, or a date to
    come), document.unknown, instrument.phase (an auction of its shares is being settled).
    Source: 专利法 arts. 44, 47.
    """

    patent_id: PatentId
    status: PatentStatus
    effective_date: IsoDate
    reference: Name
    document_sha256: Sha256Hex
    reason: Text = ""


class PatentStatusChanged(Event, frozen=True, kw_only=True, tag="patent.status_changed"):
    """How the patent stands from that day on. What it stopped is told by the events that follow."""

    patent: PatentStub
    before: PatentStatus
    effective_date: str
    reference: str
    document_sha256: str
    reason: str


class Alias(Record, frozen=True, kw_only=True):
    """An operator's word that applicants of this name are that member."""

    alias_key: str
    name: str
    member_id: MemberId


class ConfirmAlias(Command, frozen=True, kw_only=True, tag="alias.confirm"):
    """Map an applicant's name, in all spellings that differ in case, punctuation or legal form, to a member.

    Patents imported before take their owner when they are imported again.
    Refused: member.unknown, alias.exists.
    """

    name: PartyName
    member_id: MemberId


class AliasConfirmed(Event, frozen=True, kw_only=True, tag="alias.confirmed"):
    """Applicants of this name are the member."""

    alias: Alias
