"""What is asked of an entry that comes back: is it what intake would have made, and is it news?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from exchange.assets.applications import read_application
from exchange.assets.codes import Fault, IntakeCode, Unreadable
from exchange.assets.entries import ExpiryBasis, PatentEntry, PatentFacts, derive
from exchange.assets.identifiers import read_publication
from exchange.assets.kinds import OFFICES


def audit(entry: PatentEntry, as_of: date) -> Fault | None:
    """Whether an entry is what intake would have made: canonical numbers, and everything derived as derived.

    A command may come from any client; the engine asks this before it believes `missing`, `blocks` or the hash.
    """
    try:
        if entry.publication_number:
            number = read_publication(entry.publication_number)
            if (number.text, number.office, number.kind) != (entry.publication_number, entry.country, entry.kind):
                return _not_canonical("publication_number")
        elif entry.kind or not entry.application_number or entry.country not in OFFICES:
            return _not_canonical("publication_number")
        if entry.application_number:
            application = read_application(entry.country, entry.application_number)
            if application.text != entry.application_number:
                return _not_canonical("application_number")
        for name in ("filing_date", "publication_date", "grant_date", "priority_date", "earliest_filing_date"):
            if getattr(entry, name):
                date.fromisoformat(getattr(entry, name))
        if entry.nominal_expiry:
            date.fromisoformat(entry.nominal_expiry)
        again = derive(_facts_of(entry), entry.applicant_commitments, entry.inventor_commitments, as_of)
    except Unreadable as unreadable:
        return Fault(line=0, column="", code=unreadable.code, detail=unreadable.detail)
    except ValueError:
        return Fault(line=0, column="", code=IntakeCode.DATE_INVALID)
    for name in entry.__struct_fields__:
        if getattr(again, name) != getattr(entry, name):
            return _not_canonical(name)
    return None


def _not_canonical(column: str) -> Fault:
    return Fault(line=0, column=column, code=IntakeCode.ENTRY_NOT_CANONICAL)


def _facts_of(entry: PatentEntry) -> PatentFacts:
    """The facts an entry was made of, its persons left out."""
    return PatentFacts(
        publication_number=entry.publication_number,
        country=entry.country,
        kind=entry.kind,
        title=entry.title,
        applicants=entry.applicants,
        person_applicants=(),
        inventors=(),
        inventors_abridged=entry.inventors_abridged,
        application_number=entry.application_number,
        filing_date=entry.filing_date,
        publication_date=entry.publication_date,
        grant_date=entry.grant_date,
        priority_date=entry.priority_date,
        earliest_filing_date=entry.earliest_filing_date,
        ipc=entry.ipc,
        stated_expiry=entry.nominal_expiry if entry.expiry_basis is ExpiryBasis.STATED else "",
    )


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What a re-upload brings: keys never seen, keys whose contents changed, and how many are the same."""

    new: tuple[PatentEntry, ...]
    changed: tuple[PatentEntry, ...]
    same: tuple[str, ...]


def diff(old_hashes: Mapping[str, str], entries: Iterable[PatentEntry]) -> Diff:
    """Part entries by what is already stored: `old_hashes` is key → content hash."""
    new: list[PatentEntry] = []
    changed: list[PatentEntry] = []
    same: list[str] = []
    for entry in entries:
        old = old_hashes.get(entry.key)
        if old is None:
            new.append(entry)
        elif old != entry.content_hash:
            changed.append(entry)
        else:
            same.append(entry.key)
    return Diff(new=tuple(new), changed=tuple(changed), same=tuple(same))
