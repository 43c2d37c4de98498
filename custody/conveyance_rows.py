"""From the rows of two lists, papers and the properties they convey, to papers the exchange can stand on.

A bad row is refused alone, with its line, its column and a stable code; a paper none of whose properties can be read is
refused with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import msgspec

from custody.conveyance_text import confirmed_by, kind_of, papers_named
from custody.conveyances import (
    MAX_INVENTORS,
    MAX_NAME,
    MAX_PARTIES,
    MAX_PROPERTIES,
    ConveyanceKind,
    ConveyedProperty,
    Paper,
)
from custody.party_names import (
    has_organisation_word,
    is_organisation,
    organisation_key,
    person_words,
    same_person,
    words_of,
)

MAX_TEXT = 2_000
MAX_PAPERS = 200_000
PAPER_COLUMNS = ("reel_frame", "execution_date", "conveyance_text", "assignors", "assignees")
"""Columns a list of papers needs; `recorded_date` and `n_properties` are read where they are."""
PROPERTY_COLUMNS = ("reel_frame", "application_number", "patent_number", "publication_number", "inventors")

_REEL_FRAME = re.compile(r"([0-9]{1,6})/([0-9]{1,4})")
_NUMBER = re.compile(r"[0-9A-Z]{0,14}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ConveyanceCode(StrEnum):
    """Why a row of a list was not taken. Never renamed or reused."""

    FILE_COLUMN_MISSING = "file.column_missing"
    FILE_TOO_MANY_ROWS = "file.too_many_rows"
    REEL_FRAME_INVALID = "conveyance.reel_frame_invalid"
    DUPLICATE = "conveyance.duplicate"
    DATE_INVALID = "conveyance.date_invalid"
    DATE_FUTURE = "conveyance.date_future"
    TEXT_MISSING = "conveyance.text_missing"
    FIELD_TOO_LONG = "conveyance.field_too_long"
    PARTY_MISSING = "conveyance.party_missing"
    TOO_MANY_PARTIES = "conveyance.too_many_parties"
    COUNT_INVALID = "conveyance.count_invalid"
    NO_PROPERTIES = "conveyance.no_properties"
    TOO_MANY_PROPERTIES = "conveyance.too_many_properties"
    PROPERTY_WITHOUT_PAPER = "property.without_paper"
    PROPERTY_NUMBER_INVALID = "property.number_invalid"
    PROPERTY_DUPLICATE = "property.duplicate"
    PROPERTY_TOO_MANY_INVENTORS = "property.too_many_inventors"


class ConveyanceFault(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was refused: in which list, where, why, and what stood there."""

    list_name: str
    line: int
    column: str
    code: ConveyanceCode
    detail: str = ""


class Line(NamedTuple):
    """A row of a list, by column."""

    number: int
    values: Mapping[str, str]


class Recorded(NamedTuple):
    """A paper with what the office shows of it and the journal does not keep: its text, and its parties' names."""

    paper: Paper
    text: str
    assignors: tuple[str, ...]
    assignees: tuple[str, ...]
    titles: Mapping[str, str]
    """The title of each property, by its identifier."""
    inventors: Mapping[str, tuple[str, ...]]
    """The inventors of each property, in the order of their places."""


class _Refused(Exception):  # noqa: N818 - carries a fault to the row's loop
    def __init__(self, code: ConveyanceCode, column: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.column, self.detail = code, column, detail


# --- Reading the lists ------------------------------------------------------------------------------------------------


def read_papers(
    papers: Iterable[Line], properties: Iterable[Line], *, today: str
) -> tuple[list[Recorded], list[ConveyanceFault]]:
    """Read both lists; answers the papers in the order of their reels, and every fault.

    `today` is the day after which no paper can have been executed.
    """
    faults: list[ConveyanceFault] = []
    heads: dict[str, tuple[Line, _Head]] = {}
    for line in papers:
        if len(heads) >= MAX_PAPERS:
            limit = _Refused(ConveyanceCode.FILE_TOO_MANY_ROWS, "", f"{MAX_PAPERS} are read")
            faults.append(_fault("papers", line, limit))
            break
        try:
            head = _read_head(line.values, today, heads)
        except _Refused as refused:
            faults.append(_fault("papers", line, refused))
            continue
        heads[head.reel_frame] = (line, head)
    conveyed = _read_properties(properties, heads, faults)
    read: list[Recorded] = []
    for reel_frame in sorted(heads):
        line, head = heads[reel_frame]
        listed = conveyed.get(reel_frame, {})
        if not listed:
            faults.append(_fault("papers", line, _Refused(ConveyanceCode.NO_PROPERTIES, "reel_frame", reel_frame)))
            continue
        read.append(_recorded(head, listed))
    return read, faults


class _Head(NamedTuple):
    reel_frame: str
    text: str
    executed_on: str
    recorded_on: str
    assignors: tuple[str, ...]
    assignees: tuple[str, ...]
    stated: int


class _Listed(NamedTuple):
    application_number: str
    patent_number: str
    publication_number: str
    inventors: tuple[tuple[str, ...], ...]
    title: str


def _read_head(values: Mapping[str, str], today: str, known: Mapping[str, object]) -> _Head:
    """One row of the list of papers.

    Raises: _Refused.
    """
    reel_frame = _reel_frame(values)
    if reel_frame in known:
        raise _Refused(ConveyanceCode.DUPLICATE, "reel_frame", reel_frame)
    text = " ".join(_field(values, "conveyance_text", MAX_TEXT).upper().split())
    if not text:
        raise _Refused(ConveyanceCode.TEXT_MISSING, "conveyance_text")
    stated = _field(values, "n_properties", 10) or "0"
    if not (stated.isascii() and stated.isdigit()) or int(stated) > 100_000:
        raise _Refused(ConveyanceCode.COUNT_INVALID, "n_properties", stated)
    return _Head(
        reel_frame=reel_frame,
        text=text,
        executed_on=_date(values, "execution_date", today),
        recorded_on=_date(values, "recorded_date", today),
        assignors=_parties(values, "assignors"),
        assignees=_parties(values, "assignees"),
        stated=int(stated),
    )


def _read_properties(
    lines: Iterable[Line], heads: Mapping[str, object], faults: list[ConveyanceFault]
) -> dict[str, dict[str, _Listed]]:
    """The list of properties, by paper and property."""
    found: dict[str, dict[str, _Listed]] = {}
    for line in lines:
        try:
            reel_frame = _reel_frame(line.values)
            _enter(found.setdefault(reel_frame, {}), reel_frame, line.values, heads)
        except _Refused as refused:
            faults.append(_fault("properties", line, refused))
    return found


def _enter(
    of_paper: dict[str, _Listed], reel_frame: str, values: Mapping[str, str], heads: Mapping[str, object]
) -> None:
    """Put one property among those of its paper, under its first number.

    Raises: _Refused.
    """
    if reel_frame not in heads:
        raise _Refused(ConveyanceCode.PROPERTY_WITHOUT_PAPER, "reel_frame", reel_frame)
    listed = _read_property(values)
    # A line without any number is a property of its own: nothing says that two of them are one.
    key = listed.application_number or listed.patent_number or listed.publication_number
    key = key or f"{reel_frame}#{len(of_paper) + 1}"
    if key in of_paper:
        raise _Refused(ConveyanceCode.PROPERTY_DUPLICATE, "application_number", key)
    if len(of_paper) >= MAX_PROPERTIES:
        raise _Refused(ConveyanceCode.TOO_MANY_PROPERTIES, "reel_frame", f"{MAX_PROPERTIES} a paper are read")
    of_paper[key] = listed


def _read_property(values: Mapping[str, str]) -> _Listed:
    """One row of the list of properties.

    Raises: _Refused.
    """
    names = [name for name in re.split(r"[,;]", _field(values, "inventors", 20_000)) if words_of(name)]
    if len(names) > MAX_INVENTORS:
        raise _Refused(ConveyanceCode.PROPERTY_TOO_MANY_INVENTORS, "inventors", f"{MAX_INVENTORS} are read")
    return _Listed(
        application_number=_number(values, "application_number"),
        patent_number=_number(values, "patent_number"),
        publication_number=_number(values, "publication_number"),
        inventors=inventors_of(names),
        title=" ".join(_field(values, "title", MAX_TEXT).split()),
    )


def inventors_of(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Inventors by their words in the order of the alphabet, each once: the places others refer to."""
    return tuple(sorted({person_words(name) for name in names} - {()}))


# --- Reading one paper ------------------------------------------------------------------------------------------------


def _recorded(head: _Head, listed: Mapping[str, _Listed]) -> Recorded:
    """A paper put together from its rows."""
    kind = kind_of(head.text)
    known = {words: None for one in listed.values() for words in one.inventors}
    organisations_from, persons_from = _parted(head.assignors, known)
    organisations_to, persons_to = _parted(head.assignees, known)
    paper = Paper(
        reel_frame=head.reel_frame,
        kind=kind,
        confirms=confirmed_by(head.text) if kind is ConveyanceKind.CORRECTION else ConveyanceKind.OTHER,
        executed_on=head.executed_on,
        recorded_on=head.recorded_on,
        assignors=organisations_from,
        assignees=organisations_to,
        persons_from=len(persons_from),
        persons_to=len(persons_to),
        names=papers_named(head.text),
        properties_stated=head.stated,
        properties=tuple(
            ConveyedProperty(
                property_id=key,
                application_number=one.application_number,
                patent_number=one.patent_number,
                publication_number=one.publication_number,
                inventors=len(one.inventors),
                inventors_from=inventors_among(one.inventors, persons_from),
                inventors_to=inventors_among(one.inventors, persons_to),
            )
            for key, one in listed.items()
        ),
    )
    titles = {key: one.title for key, one in listed.items()}
    inventors = {key: tuple(" ".join(words) for words in one.inventors) for key, one in listed.items()}
    return Recorded(paper, head.text, head.assignors, head.assignees, titles, inventors)


def inventors_among(inventors: tuple[tuple[str, ...], ...], persons: Iterable[tuple[str, ...]]) -> tuple[int, ...]:
    """The places of the inventors who are among some persons: those of the same words first, then those like them."""
    left = dict(enumerate(inventors))
    unlike: list[tuple[str, ...]] = []
    found: list[int] = []
    for person in persons:
        place = next((place for place, words in left.items() if words == person), None)
        if place is None:
            unlike.append(person)
        else:
            del left[place]
            found.append(place)
    for person in unlike:
        place = next((place for place, words in left.items() if same_person(words, person)), None)
        if place is not None:
            del left[place]
            found.append(place)
    return tuple(sorted(found))


def _parted(
    names: Iterable[str], inventors: Iterable[tuple[str, ...]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The keys of the organisations among some parties, and the words of the natural persons.

    A name without the office's comma is a person's too where it is an inventor's: it must not reach the journal.
    """
    organisations: dict[str, None] = {}
    persons: list[tuple[str, ...]] = []
    for name in names:
        words = person_words(name)
        is_inventor = len(words) > 1 and any(same_person(words, inventor) for inventor in inventors)
        if is_organisation(name) and (has_organisation_word(name) or not is_inventor):
            organisations[organisation_key(name)] = None
        else:
            persons.append(words)
    return tuple(sorted(organisations)), persons


# --- Reading one field ------------------------------------------------------------------------------------------------


def _field(values: Mapping[str, str], column: str, most: int) -> str:
    text = values.get(column, "").strip()
    if len(text) > most:
        raise _Refused(ConveyanceCode.FIELD_TOO_LONG, column, f"{len(text)} characters, {most} allowed")
    return text


def _number(values: Mapping[str, str], column: str) -> str:
    number = _field(values, column, 40).upper().replace("/", "").replace(",", "").replace(" ", "")
    if not _NUMBER.fullmatch(number):
        raise _Refused(ConveyanceCode.PROPERTY_NUMBER_INVALID, column, number)
    return number


def _reel_frame(values: Mapping[str, str]) -> str:
    text = _field(values, "reel_frame", 40)
    found = _REEL_FRAME.fullmatch(text)
    if found is None:
        raise _Refused(ConveyanceCode.REEL_FRAME_INVALID, "reel_frame", text)
    return f"{int(found[1]):06d}/{int(found[2]):04d}"


def _date(values: Mapping[str, str], column: str, today: str) -> str:
    text = _field(values, column, 40)
    if not text:
        return ""
    try:
        valid = bool(_DATE.fullmatch(text)) and text.isascii() and bool(date.fromisoformat(text))
    except ValueError:
        valid = False
    if not valid:
        raise _Refused(ConveyanceCode.DATE_INVALID, column, text)
    if text > today:
        raise _Refused(ConveyanceCode.DATE_FUTURE, column, text)
    return text


def _parties(values: Mapping[str, str], column: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for part in _field(values, column, 30_000).split(";") if (name := part.strip())))
    names = tuple(name for name in names if words_of(name))
    if not names:
        raise _Refused(ConveyanceCode.PARTY_MISSING, column)
    if len(names) > MAX_PARTIES:
        raise _Refused(ConveyanceCode.TOO_MANY_PARTIES, column, f"{len(names)}, {MAX_PARTIES} allowed")
    if longest := next((name for name in names if len(name) > MAX_NAME // 2), ""):
        raise _Refused(ConveyanceCode.FIELD_TOO_LONG, column, f"a name of {len(longest)} characters")
    return names


def _fault(list_name: str, line: Line, refused: _Refused) -> ConveyanceFault:
    return ConveyanceFault(
        list_name=list_name, line=line.number, column=refused.column, code=refused.code, detail=refused.detail[:120]
    )
