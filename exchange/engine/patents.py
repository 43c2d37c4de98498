"""Patents come in: each entry is decided again, compared with what is known by its hash, and given its owner.

An owner is a claim until the right is examined: an applicant's confirmed alias beats it as long as the patent is
neither in custody nor part of an outcome; from then on only a recorded transfer changes it.
"""

from __future__ import annotations

from datetime import date

import msgspec

from custody.accounts import VENUE
from exchange.assets.checks import audit
from exchange.assets.codes import IntakeCode, Unreadable
from exchange.assets.entries import PatentEntry, Purpose
from exchange.assets.expiry import status_on
from exchange.assets.kinds import PatentStatus, Stage, read_kind
from exchange.assets.messages import (
    MAX_ENTRIES,
    NOBODY,
    Alias,
    AliasConfirmed,
    ConfirmAlias,
    ImportPatents,
    Patent,
    PatentsImported,
    PatentStub,
    RefusedEntry,
)
from exchange.assets.names import alias_key
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, MemberId, OutcomeId, PatentId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import refuse_member
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState

TOLD = (
    PatentStatus.IN_FORCE,
    PatentStatus.LAPSED_FEE,
    PatentStatus.WITHDRAWN,
    PatentStatus.REFUSED,
    PatentStatus.REVOKED,
    PatentStatus.CEASED,
    PatentStatus.SUSPENDED,
)
"""What only an office's or a court's paper says of a patent: no list that is imported later takes it back."""


def import_patents(state: ExchangeState, header: Header, command: ImportPatents) -> list[Event]:
    """Take a slice of a list, entry by entry; what is refused of it is told with its place and code."""
    if len(command.entries) > MAX_ENTRIES:
        return [Rejected(code=RejectCode.IMPORT_TOO_LARGE, detail=f"max_entries={MAX_ENTRIES}")]
    importer = state.users[header.principal].member_id
    if importer != VENUE and (refusal := refuse_member(state, header, importer, UserRight.TRADE)) is not None:
        return [refusal]
    as_of = local_date(header.at_ns, VENUE_TIME_ZONE)
    new: list[Patent] = []
    changed: list[Patent] = []
    refused: list[RefusedEntry] = []
    same = 0
    seen: dict[str, None] = {}
    for place, entry in enumerate(command.entries):
        known = state.find(PatentStub, entry.key)
        decided = _decide(state, importer, known, entry, as_of, seen)
        if not isinstance(decided, int):
            refused.append(msgspec.structs.replace(decided, place=place))
        elif known is None:
            new.append(_patent(header, importer, decided, entry, as_of, make_id(header.sequence, place)))
        elif known.owner_id == decided and known.content_hash == bytes.fromhex(entry.content_hash):
            same += 1
        else:
            changed.append(_patent(header, importer, decided, entry, as_of, known.patent_id, known))

    state.change()
    for patent in (*new, *changed):
        state.put(_stub(patent))
    return [PatentsImported(new=tuple(new), changed=tuple(changed), same=same, refused=tuple(refused))]


def confirm_alias(state: ExchangeState, header: Header, command: ConfirmAlias) -> list[Event]:
    """Map an applicant's name to a member; a name that is mapped stays mapped."""
    del header
    if command.member_id == VENUE or command.member_id not in state.members:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]
    key = alias_key(command.name)
    if not key:
        return [Rejected(code=RejectCode.ALIAS_INVALID, detail=command.name)]
    if key in state.records[Alias]:
        return [Rejected(code=RejectCode.ALIAS_EXISTS, detail=key)]

    state.change()
    alias = Alias(alias_key=key, name=command.name, member_id=command.member_id)
    state.put(alias)
    return [AliasConfirmed(alias=alias)]


def _decide(
    state: ExchangeState,
    importer: MemberId,
    known: PatentStub | None,
    entry: PatentEntry,
    as_of: date,
    seen: dict[str, None],
) -> MemberId | RefusedEntry:
    """The patent's owner after this import, or why the entry is not taken."""
    if entry.key in seen:
        return _refused(entry, IntakeCode.DUPLICATE_IN_FILE, "twice in one command")
    seen[entry.key] = None
    try:
        # The sender may have decided on another day: the status is ours to say, everything else must agree.
        fault = audit(msgspec.structs.replace(entry, status=_status(entry, as_of)), as_of)
    except Unreadable as unreadable:
        return _refused(entry, unreadable.code, unreadable.detail)
    if fault is not None:
        return _refused(entry, fault.code, f"{fault.column} {fault.detail}".strip())
    owner = _owner(state, importer, known, entry)
    if owner is None:
        return _refused(entry, RejectCode.RIGHT_NOT_OWNED, "another's by an earlier import or its applicants")
    return owner


def _refused(entry: PatentEntry, code: IntakeCode | RejectCode, detail: str) -> RefusedEntry:
    return RefusedEntry(place=0, number=entry.key, code=code.value, detail=detail)


def _status(entry: PatentEntry, as_of: date) -> PatentStatus:
    stage = read_kind(entry.country, entry.kind)[1] if entry.kind else Stage.FILED
    return status_on(stage, entry.nominal_expiry, as_of)


def _owner(state: ExchangeState, importer: MemberId, known: PatentStub | None, entry: PatentEntry) -> MemberId | None:
    """Whose patent it is after this import; None: not the importer's to bring."""
    before = known.owner_id if known else NOBODY
    if known is not None and (known.right_id or known.outcome_id):
        return before if importer in (VENUE, before) else None
    named = _named_members(state, entry.applicants)
    if importer == VENUE:
        return named[0] if named and before not in named else before
    if named:
        return importer if importer in named else None
    return importer if before in (NOBODY, importer) else None


def _named_members(state: ExchangeState, applicants: tuple[str, ...]) -> list[MemberId]:
    """The members the applicants' names are mapped to, in the applicants' order."""
    aliases = state.records[Alias]
    if not aliases:
        return []
    found = (aliases.get(alias_key(name)) for name in applicants)
    return [alias.member_id for alias in found if isinstance(alias, Alias)]


def _patent(
    header: Header,
    importer: MemberId,
    owner: MemberId,
    entry: PatentEntry,
    as_of: date,
    patent_id: int,
    known: PatentStub | None = None,
) -> Patent:
    return Patent(
        patent_id=PatentId(patent_id),
        number=entry.key,
        country=entry.country,
        status=known.status if known and known.status in TOLD else _status(entry, as_of),
        nominal_expiry=entry.nominal_expiry,
        content_hash=bytes.fromhex(entry.content_hash),
        listable=Purpose.LISTING not in entry.blocks,
        shareable=Purpose.SHARES not in entry.blocks,
        owner_id=owner,
        encumbered=known.encumbered if known else False,
        outcome_id=known.outcome_id if known else OutcomeId(0),
        right_id=known.right_id if known else AssetId(0),
        publication_number=entry.publication_number,
        kind=entry.kind,
        title=entry.title,
        applicants=entry.applicants,
        applicant_commitments=entry.applicant_commitments,
        inventor_commitments=entry.inventor_commitments,
        inventors_abridged=entry.inventors_abridged,
        application_number=entry.application_number,
        filing_date=entry.filing_date,
        publication_date=entry.publication_date,
        grant_date=entry.grant_date,
        priority_date=entry.priority_date,
        earliest_filing_date=entry.earliest_filing_date,
        ipc=entry.ipc,
        expiry_basis=entry.expiry_basis,
        missing=entry.missing,
        blocks=entry.blocks,
        imported_by=importer,
        imported_at_ns=header.at_ns,
    )


_STUB_FIELDS = PatentStub.__struct_fields__


def _stub(patent: Patent) -> PatentStub:
    return PatentStub(**{name: getattr(patent, name) for name in _STUB_FIELDS})
