"""A patent's entry: what the journal carries of a record, what it lacks, and the purposes that blocks.

The entry names no natural person: `seal` parts a row's facts into the entry with salted commitments and the
`PersonalFields` that an erasable side store keeps. Everything derived (expiry, status, missing, blocks, hash) follows
from the facts by `derive`, so a reader can decide an entry again and refuse one that was made up (`audit`).
"""

from __future__ import annotations

import hashlib
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec

from exchange.assets.applications import read_application
from exchange.assets.expiry import nominal_term, status_on
from exchange.assets.kinds import PatentStatus, RightType, Stage, read_kind
from exchange.assets.names import name_salt, salted_commitment
from exchange.core.messages import Part
from exchange.core.units import CountryCode, Sha256Hex

MAX_TITLE = 1_000
MAX_NAME = 400
MAX_APPLICANTS = 50
MAX_INVENTORS = 200
MAX_CLASSES = 100

Number = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Z./-]*$")]
DateOrNone = Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
PartyName = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
IpcClass = Annotated[str, msgspec.Meta(pattern=r"^[A-HY]\d{2}[A-Z]\d{1,4}/\d{2,6}$")]


class Purpose(StrEnum):
    """What a record can be used for; a missing field blocks some of them."""

    DISPLAY = "display"
    LISTING = "listing"
    SHARES = "shares"
    POOL = "pool"
    FOREIGN_SALE = "foreign_sale"


class ExpiryBasis(StrEnum):
    """Where the nominal expiry comes from: the source states it, it was computed, or it is not known."""

    STATED = "stated"
    COMPUTED = "computed"
    UNKNOWN = "unknown"


BLOCKED_BY: dict[str, tuple[Purpose, ...]] = {
    "title": tuple(Purpose),
    "kind": (Purpose.POOL, Purpose.FOREIGN_SALE),
    "applicants": (Purpose.LISTING, Purpose.SHARES, Purpose.POOL, Purpose.FOREIGN_SALE),
    "inventors": (Purpose.SHARES,),
    "application_number": (Purpose.SHARES, Purpose.POOL, Purpose.FOREIGN_SALE),
    "filing_date": (Purpose.SHARES, Purpose.POOL),
    "publication_date": (Purpose.POOL,),
    "grant_date": (Purpose.POOL,),
    "ipc": (Purpose.FOREIGN_SALE,),
    "nominal_expiry": (Purpose.LISTING, Purpose.SHARES, Purpose.POOL, Purpose.FOREIGN_SALE),
}
"""Missing field → purposes it blocks, in the order an entry reports them.

Without an owner or an end nothing can be offered; without inventors their share cannot be told; without the
application number no office records a transfer; without a class the export gate has nothing to look at.
"""


class PatentEntry(Part, frozen=True, kw_only=True):
    """One patent record as the journal carries it, without any natural person's name.

    `publication_number` is empty for an application that was not published; its key is the application number then.
    `inventors_abridged` says that the source names only the first ("et al."). Names of applicants are as written.
    `earliest_filing_date` is the earliest non-provisional a US patent goes back to, where the source tells it.
    """

    publication_number: Number
    country: CountryCode
    kind: Annotated[str, msgspec.Meta(max_length=2)]
    title: Annotated[str, msgspec.Meta(max_length=MAX_TITLE)]
    applicants: Annotated[tuple[PartyName, ...], msgspec.Meta(max_length=MAX_APPLICANTS)]
    applicant_commitments: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MAX_APPLICANTS)]
    inventor_commitments: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MAX_INVENTORS)]
    inventors_abridged: bool
    application_number: Number
    filing_date: DateOrNone
    publication_date: DateOrNone
    grant_date: DateOrNone
    priority_date: DateOrNone
    earliest_filing_date: DateOrNone
    ipc: Annotated[tuple[IpcClass, ...], msgspec.Meta(max_length=MAX_CLASSES)]
    nominal_expiry: DateOrNone
    expiry_basis: ExpiryBasis
    status: PatentStatus
    missing: tuple[str, ...]
    blocks: tuple[Purpose, ...]
    content_hash: Sha256Hex

    @property
    def key(self) -> str:
        """What a later upload of the same record is matched by."""
        return self.publication_number or self.application_number


class PersonalFields(msgspec.Struct, frozen=True, kw_only=True):
    """The natural persons a record names, with the salts of their commitments: for the side store, never the journal.

    Salts are hexadecimal and parallel to the names; forgetting both leaves commitments that nobody can open.
    """

    key: str
    inventors: tuple[str, ...]
    inventor_salts: tuple[str, ...]
    applicants: tuple[str, ...]
    applicant_salts: tuple[str, ...]


class PatentFacts(NamedTuple):
    """What one row says, read and checked, before persons leave it. `stated_expiry` comes from the source itself."""

    publication_number: str
    country: str
    kind: str
    title: str
    applicants: tuple[str, ...]
    person_applicants: tuple[str, ...]
    inventors: tuple[str, ...]
    inventors_abridged: bool
    application_number: str
    filing_date: str
    publication_date: str
    grant_date: str
    priority_date: str
    earliest_filing_date: str
    ipc: tuple[str, ...]
    stated_expiry: str = ""

    @property
    def key(self) -> str:
        """What the record is known by: its publication number, before publication its application number."""
        return self.publication_number or self.application_number


def seal(facts: PatentFacts, salt: bytes, as_of: date) -> tuple[PatentEntry, PersonalFields]:
    """Part the facts into the entry for the journal and the persons for the side store.

    `salt` is the row's own (16 bytes or more), drawn by the shell and kept with the persons: the same salt for the
    same key makes a re-upload comparable, a salt forgotten with its person makes it new.
    """
    inventors, inventor_salts = _commit(facts.inventors, salt, "inventor")
    applicants, applicant_salts = _commit(facts.person_applicants, salt, "applicant")
    entry = derive(facts, applicants, inventors, as_of)
    persons = PersonalFields(
        key=facts.key,
        inventors=facts.inventors,
        inventor_salts=inventor_salts,
        applicants=facts.person_applicants,
        applicant_salts=applicant_salts,
    )
    return entry, persons


def _commit(names: tuple[str, ...], salt: bytes, role: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commitments of the names and their salts."""
    salts = [name_salt(salt, role, place) for place in range(len(names))]
    commitments = [salted_commitment(name, own) for name, own in zip(names, salts, strict=True)]
    return tuple(commitments), tuple(own.hex() for own in salts)


_DAILY = frozenset({"CN", "US", "EP"})
"""Offices where a grant takes effect on the day it is published."""


def derive(facts: PatentFacts, applicants: tuple[str, ...], inventors: tuple[str, ...], as_of: date) -> PatentEntry:
    """Complete an entry: what follows from the facts and the commitments alone."""
    office, kind = facts.country, facts.kind
    right, stage = read_kind(office, kind) if kind else (_right_asked_for(facts), Stage.FILED)
    granted = facts.grant_date
    if not granted and stage is Stage.GRANTED and office in _DAILY:
        granted = facts.publication_date
    expiry, basis = facts.stated_expiry, ExpiryBasis.STATED
    if not expiry:
        term = right and nominal_term(
            office,
            right,
            filing_date=facts.filing_date,
            grant_date=granted,
            earliest_filing_date=facts.earliest_filing_date,
        )
        expiry, basis = (term.expiry, ExpiryBasis.COMPUTED) if term else ("", ExpiryBasis.UNKNOWN)
    draft = PatentEntry(
        publication_number=facts.publication_number,
        country=office,
        kind=kind,
        title=facts.title,
        applicants=facts.applicants,
        applicant_commitments=applicants,
        inventor_commitments=inventors,
        inventors_abridged=facts.inventors_abridged,
        application_number=facts.application_number,
        filing_date=facts.filing_date,
        publication_date=facts.publication_date,
        grant_date=granted,
        priority_date=facts.priority_date,
        earliest_filing_date=facts.earliest_filing_date,
        ipc=facts.ipc,
        nominal_expiry=expiry,
        expiry_basis=basis,
        status=status_on(stage, expiry, as_of),
        missing=(),
        blocks=(),
        content_hash="",
    )
    missing = _missing(draft, stage)
    blocked = [purpose for name in missing for purpose in BLOCKED_BY[name]]
    return msgspec.structs.replace(
        draft,
        missing=missing,
        blocks=tuple(purpose for purpose in Purpose if purpose in blocked) if blocked else (),
        content_hash=content_hash(draft),
    )


def _right_asked_for(facts: PatentFacts) -> RightType | None:
    """The right an unpublished application asks for, where its number says so; a US one is no design, so 20 years."""
    right = read_application(facts.country, facts.application_number).right
    return RightType.INVENTION if right is None and facts.country == "US" else right


def _missing(draft: PatentEntry, stage: Stage) -> tuple[str, ...]:
    """The fields a record of its stage should have and does not, in the order of BLOCKED_BY."""
    lacks = []
    if not draft.title:
        lacks.append("title")
    if draft.country == "US" and draft.kind == "B":  # a grant whose list does not tell B1 from B2
        lacks.append("kind")
    if not draft.applicants and not draft.applicant_commitments:
        lacks.append("applicants")
    if not draft.inventor_commitments:
        lacks.append("inventors")
    if not draft.application_number:
        lacks.append("application_number")
    if not draft.filing_date:
        lacks.append("filing_date")
    if not draft.publication_date and stage is not Stage.FILED:
        lacks.append("publication_date")
    if not draft.grant_date and stage is Stage.GRANTED:
        lacks.append("grant_date")
    if not draft.ipc:
        lacks.append("ipc")
    if not draft.nominal_expiry:
        lacks.append("nominal_expiry")
    return tuple(lacks)


def content_hash(entry: PatentEntry) -> str:
    """SHA-256 of what the entry says of the record. The status is left out: time alone changes it."""
    said = (
        entry.publication_number,
        entry.country,
        entry.kind,
        entry.title,
        entry.applicants,
        entry.applicant_commitments,
        entry.inventor_commitments,
        entry.inventors_abridged,
        entry.application_number,
        entry.filing_date,
        entry.publication_date,
        entry.grant_date,
        entry.priority_date,
        entry.earliest_filing_date,
        entry.ipc,
        entry.nominal_expiry,
        entry.expiry_basis,
    )
    return hashlib.sha256(b"patent-entry/1\x00" + msgspec.json.encode(said)).hexdigest()
