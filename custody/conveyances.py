"""Recorded papers as values: what moves title to a patent, burdens it, or sets it free, as the office recorded it.

A paper is named by its reel and frame. It has three times that are never mixed: the day it was executed (for a United
States patent the day title passes), the day the office recorded it, and the moment the exchange learned of it, which
is the journal's. Natural persons are not named here: an inventor is a place among the property's inventors, any other
person a party without a name, so that a paper may stand in the journal for ever.

Source: 35 U.S.C. 261; 37 C.F.R. 3.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part

MAX_PROPERTIES = 2_000
"""Properties one paper may list; the largest of the sample states 1,099."""
MAX_PARTIES = 100
MAX_INVENTORS = 200
MAX_NAME = 300


class ConveyanceKind(StrEnum):
    """What a paper does, as its recorded text says it."""

    ASSIGNMENT = "assignment"
    NAME_CHANGE = "name_change"
    CONVERSION = "entity_conversion"
    MERGER = "merger"
    CORRECTION = "corrective"
    SECURITY_INTEREST = "security_interest"
    SECURITY_TRANSFER = "security_transfer"
    RELEASE = "release"
    LICENCE = "licence"
    OTHER = "other"
    """A text that no rule reads: whoever examines the title must."""


TITLE_KINDS = frozenset(
    {ConveyanceKind.ASSIGNMENT, ConveyanceKind.NAME_CHANGE, ConveyanceKind.CONVERSION, ConveyanceKind.MERGER}
)
"""What moves title, or the name it stands in. A correction moves what the corrected paper moved."""
SUCCESSIONS = frozenset({ConveyanceKind.NAME_CHANGE, ConveyanceKind.CONVERSION, ConveyanceKind.MERGER})
"""One party becomes another, with all it has."""

ReelFrame = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}/[0-9]{4}$")]
"""Six digits of the reel, four of the frame, so that papers sort in the order of their recording."""
Day = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
"""A date, or nothing where the record has none."""
PartyKey = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
"""An organisation's name by the rules of custody.party_names."""
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{0,14}$")]
Places = Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, lt=MAX_INVENTORS)], ...], msgspec.Meta(max_length=200)]
_US_NUMBER = re.compile(r"(?:US)?((?:D|RE|PP|H)?[0-9]{4,11})(?:[A-Z][0-9]?)?")
Persons = Annotated[int, msgspec.Meta(ge=0, le=MAX_PARTIES)]


class ConveyedProperty(Part, frozen=True, kw_only=True):
    """One patent or application a paper lists.

    `inventors` counts those the record names (0: unknown); `inventors_from` and `inventors_to` are the places, in the
    order of the alphabet, of those who give and who take by this paper.
    """

    property_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z/#]{1,24}$")]
    application_number: Number = ""
    patent_number: Number = ""
    publication_number: Number = ""
    inventors: Annotated[int, msgspec.Meta(ge=0, le=MAX_INVENTORS)] = 0
    inventors_from: Places = ()
    inventors_to: Places = ()


class Paper(Part, frozen=True, kw_only=True):
    """One recorded paper.

    `confirms` is what a correction restates; `names` are the reels and frames its text names; `persons_from` and
    `persons_to` count the natural persons among its parties; `properties_stated` is how many properties the office
    counts, of which the list may hold only a part.
    """

    reel_frame: ReelFrame
    kind: ConveyanceKind
    confirms: ConveyanceKind = ConveyanceKind.OTHER
    executed_on: Day = ""
    recorded_on: Day = ""
    assignors: Annotated[tuple[PartyKey, ...], msgspec.Meta(max_length=MAX_PARTIES)] = ()
    assignees: Annotated[tuple[PartyKey, ...], msgspec.Meta(max_length=MAX_PARTIES)] = ()
    persons_from: Persons = 0
    persons_to: Persons = 0
    names: Annotated[tuple[ReelFrame, ...], msgspec.Meta(max_length=20)] = ()
    properties_stated: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    properties: Annotated[tuple[ConveyedProperty, ...], msgspec.Meta(min_length=1, max_length=MAX_PROPERTIES)]

    @property
    def cut(self) -> bool:
        """Whether the paper covers more properties than are listed here."""
        return self.properties_stated > len(self.properties)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one paper does to one property, or might: `listed` is false where it names a paper of the property only.

    `givers` and `takers` are keys: an organisation's, `inventor 2` by place, `person 1 of 048041/0605` for the rest.
    """

    reel_frame: str
    kind: ConveyanceKind
    correction: bool
    executed_on: str
    recorded_on: str
    givers: tuple[str, ...]
    takers: tuple[str, ...]
    names: tuple[str, ...]
    cut: bool
    listed: bool = True


def step_of(paper: Paper, conveyed: ConveyedProperty | None) -> Step:
    """What a paper does to one of its properties; None: to one that it does not list."""
    correction = paper.kind is ConveyanceKind.CORRECTION
    from_places = conveyed.inventors_from if conveyed else ()
    to_places = conveyed.inventors_to if conveyed else ()
    return Step(
        reel_frame=paper.reel_frame,
        kind=paper.confirms if correction else paper.kind,
        correction=correction,
        executed_on=paper.executed_on,
        recorded_on=paper.recorded_on,
        givers=(*paper.assignors, *_persons(paper, "giver", from_places, paper.persons_from)),
        takers=(*paper.assignees, *_persons(paper, "taker", to_places, paper.persons_to)),
        names=paper.names,
        cut=paper.cut,
        listed=conveyed is not None,
    )


def inventor_key(place: int) -> str:
    """The key of a property's inventor.

    >>> inventor_key(0)
    'inventor 1'
    """
    return f"inventor {place + 1}"


def _persons(paper: Paper, side: str, places: tuple[int, ...], count: int) -> tuple[str, ...]:
    known = tuple(inventor_key(place) for place in places)
    others = max(0, count - len(known))
    return known + tuple(f"{side} {number + 1} of {paper.reel_frame}" for number in range(others))


def property_number(number: str) -> str:
    """A United States number as the recorded papers write it.

    >>> property_number("US11066912B2"), property_number("US20170226839A1"), property_number("15/581,625")
    ('11066912', '20170226839', '15581625')
    """
    plain = number.upper().replace("/", "").replace(",", "").replace("-", "").replace(" ", "")
    found = _US_NUMBER.fullmatch(plain)
    return found[1] if found else plain
