"""The layouts of patent lists that are known, and how a row of each becomes facts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from exchange.assets.applications import ApplicationNumber
from exchange.assets.codes import IntakeCode, quoted
from exchange.assets.entries import MAX_APPLICANTS, MAX_INVENTORS, PatentFacts
from exchange.assets.identifiers import PublicationNumber
from exchange.assets.kinds import OFFICES, RightType
from exchange.assets.names import pair_names, split_names, without_persons
from exchange.assets.rowreader import RowReader, is_day, plain

USPTO_SEARCH = "uspto-ppubs"
"""The value of `source` under which persons are written `Family; Given` and inventors cut after the first."""


class Layout(NamedTuple):
    """A list's columns in the order its reader takes them, those it must have, and the one that gives it away."""

    marker: str
    number_column: str
    required: tuple[str, ...]
    columns: tuple[str, ...]
    read: Callable[[RowReader, tuple[str, ...]], PatentFacts | None]


_US_REGULAR = re.compile(r"US [0-9]{5,12}D? A ((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")


def _earliest_regular(priorities: str, filed: str) -> str:
    """The earliest US application of kind A among the priorities: a US term counts from it (35 USC 154(a)(2))."""
    days = ["-".join(match.groups()) for match in _US_REGULAR.finditer(priorities)]
    earliest = min((day for day in days if is_day(day)), default="")
    return earliest if earliest < filed else ""


def _read_standard(reader: RowReader, values: tuple[str, ...]) -> PatentFacts | None:
    """One row of the layout of the patents README."""
    (number_text, country, kind, title, applicants_text, assignees_text, inventors_text, application_text,
     filing, publication, grant, priorities, priority, ipc, source) = values  # fmt: skip
    office, number = country.strip(), None
    if number_text:
        number = reader.publication("publication_number", number_text)
    elif not application_text.strip():
        reader.fault("publication_number", IntakeCode.NUMBER_MISSING, "neither a publication nor an application number")
    elif office not in OFFICES:
        reader.fault("country", IntakeCode.COUNTRY_UNKNOWN, f"{quoted(office)} is not a WIPO ST.3 code")
        return None
    if number is not None:
        if office and office != number.office:
            reader.fault("country", IntakeCode.COUNTRY_MISMATCH, f"{quoted(office)}, the number says {number.office}")
        if kind and kind != number.kind:
            reader.fault("kind", IntakeCode.KIND_MISMATCH, f"{quoted(kind)}, the number says {number.kind}")
        office = number.office
    application = reader.application(office, application_text) if office in OFFICES else None
    if number is not None and application is not None:
        _check_application(reader, number, application)

    filed, published = reader.day("filing_date", filing), reader.day("publication_date", publication)
    granted, prior = reader.day("grant_date", grant), reader.day("earliest_priority_date", priority)
    reader.in_order(("earliest_priority_date", prior), ("filing_date", filed))
    reader.in_order(("filing_date", filed), ("publication_date", published))
    reader.in_order(("filing_date", filed), ("grant_date", granted))

    applicants, persons, inventors, abridged = _read_names(applicants_text, assignees_text, inventors_text, source)
    facts = PatentFacts(
        publication_number=number.text if number else "",
        country=office,
        kind=number.kind if number else "",
        title=reader.title(title),
        applicants=reader.names("applicants", applicants, MAX_APPLICANTS),
        person_applicants=reader.names("applicants", persons, MAX_APPLICANTS),
        inventors=reader.names("inventors", inventors, MAX_INVENTORS),
        inventors_abridged=abridged,
        application_number=application.text if application else "",
        filing_date=filed,
        publication_date=published,
        grant_date=granted,
        priority_date=prior,
        earliest_filing_date=_earliest_regular(priorities, filed) if office == "US" and priorities else "",
        ipc=reader.classes(ipc),
    )
    return None if reader.faults and reader.rejected() else facts


def _check_application(reader: RowReader, number: PublicationNumber, application: ApplicationNumber) -> None:
    """A publication and its application must speak of the same right."""
    asked = application.right
    if asked is not None and number.office == application.office and asked is not number.right:
        detail = f"{application.text} asks for a {asked}, {number.text} is a {number.right}"
        if not (number.office == "US" and number.right is RightType.REISSUE):
            reader.fault("application_number", IntakeCode.APPLICATION_MISMATCH, detail)


def _read_names(
    applicants: str, assignees: str, inventors: str, source: str
) -> tuple[list[str], list[str], list[str], bool]:
    """Organisations, persons among the applicants, inventors, and whether the inventors' list was cut short.

    The assignee on the face of the document stands in where no organisation applied.
    """
    applicants, assignees, inventors = plain(applicants), plain(assignees), plain(inventors)
    abridged = inventors.endswith("et al.")
    if source == USPTO_SEARCH:
        if abridged:
            inventors = inventors.removesuffix("et al.")
        named = pair_names(inventors)
        organisations, persons = pair_names(applicants)
        if not organisations:
            organisations, assigned = pair_names(assignees)
            persons = persons or assigned
        return organisations, persons, named[1] + named[0], abridged
    named_inventors = split_names(inventors)
    organisations, persons = without_persons(split_names(applicants), named_inventors)
    if not organisations:
        organisations, assigned = without_persons(split_names(assignees), named_inventors)
        persons = persons or assigned
    return organisations, persons, named_inventors, abridged


_NASA_NONE = re.compile(r"/?0?")
_NASA_GRANT = re.compile(r"[0-9]{6,8}")
US_FIRST_B = 6_167_569
"""The first US grant of 2001, when kinds B1 and B2 took the place of A."""


def _read_nasa(reader: RowReader, values: tuple[str, ...]) -> PatentFacts | None:
    """One row of NASA's technology-transfer list: no kinds, no dates but the nominal expiry, no inventors."""
    center, patent_text, application_text, title, expiry = values
    written = "".join(patent_text.split()).replace(",", "").upper()
    applied = "".join(application_text.split())
    if _NASA_NONE.fullmatch(applied):
        applied = ""  # the list writes /0 or / where it has none
    number = reader.publication("patent_number", f"US{written}{_nasa_kind(written)}") if written else None
    application = reader.application("US", applied)
    if not written and not applied:
        reader.fault("patent_number", IntakeCode.NUMBER_MISSING, "neither a patent nor an application number")
    if number is not None and application is not None:
        _check_application(reader, number, application)
        if number.kind == "A" and application.text[2:4] >= "10" and application.text[4] == "/":
            detail = f"grant {number.number} came before applications of series {application.text[2:4]}"
            reader.fault("patent_number", IntakeCode.APPLICATION_MISMATCH, detail)
    facts = PatentFacts(
        publication_number=number.text if number else "",
        country="US",
        kind=number.kind if number else "",
        title=reader.title(title),
        applicants=reader.names("center", split_names(center), MAX_APPLICANTS),
        person_applicants=(),
        inventors=(),
        inventors_abridged=False,
        application_number=application.text if application else "",
        filing_date="",
        publication_date="",
        grant_date="",
        priority_date="",
        earliest_filing_date="",
        ipc=(),
        stated_expiry=reader.day("expiration_date", expiry, past=False),
    )
    return None if reader.faults and reader.rejected() else facts


def _nasa_kind(number: str) -> str:
    """The kind a bare US patent number implies; B where B1 and B2 cannot be told apart."""
    if number.startswith("RE"):
        return "E"
    if number.startswith("D"):
        return "S"
    return "A" if _NASA_GRANT.fullmatch(number) and int(number) < US_FIRST_B else "B"


LAYOUTS = (
    Layout(
        marker="publication_number",
        number_column="publication_number",
        required=("publication_number", "title"),
        columns=(
            "publication_number",
            "country",
            "kind",
            "title",
            "applicants",
            "assignees",
            "inventors",
            "application_number",
            "filing_date",
            "publication_date",
            "grant_date",
            "priority_numbers",
            "earliest_priority_date",
            "ipc",
            "source",
        ),
        read=_read_standard,
    ),
    Layout(
        marker="case_number",
        number_column="patent_number",
        required=("case_number", "center", "patent_number", "application_number", "title", "expiration_date"),
        columns=("center", "patent_number", "application_number", "title", "expiration_date"),
        read=_read_nasa,
    ),
)
"""Known layouts; a header belongs to the first whose marker it has."""
