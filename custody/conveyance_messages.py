"""Recorded papers enter the exchange, a bounded slice at a time; what they say of each property is found anew.

The moment a paper is imported is when the exchange learned of it. A paper that comes again with other contents is a new
version: the old one stays as it was known until then, so an answer for a past moment never changes.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from custody.conveyances import ConveyanceKind, ConveyedProperty, Paper
from custody.rights import TitleCheck
from custody.title import TitleReason
from exchange.core.ids import ConveyanceId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import TimeNs

MAX_PAPERS = 200
"""Papers one command may bring; a longer list is many commands, in the slow lane."""
MAX_LINES = 2_000
"""Properties all papers of one command may list together: each one's title is found anew within the command."""


class Conveyance(Record, frozen=True, kw_only=True):
    """One version of a recorded paper, known from `known_at_ns` until `superseded_at_ns` (0: until now)."""

    conveyance_id: ConveyanceId
    reel_frame: str
    kind: ConveyanceKind
    confirms: ConveyanceKind
    executed_on: str
    recorded_on: str
    assignors: tuple[str, ...]
    assignees: tuple[str, ...]
    persons_from: int
    persons_to: int
    names: tuple[str, ...]
    properties_stated: int
    properties: tuple[ConveyedProperty, ...]
    imported_by: UserId
    known_at_ns: TimeNs
    superseded_at_ns: TimeNs

    @property
    def live(self) -> bool:
        """Whether this is what is known now."""
        return not self.superseded_at_ns

    @property
    def paper(self) -> Paper:
        """The paper by itself, as it was imported."""
        return Paper(**{name: getattr(self, name) for name in Paper.__struct_fields__})


class RecordedTitle(Record, frozen=True, kw_only=True):
    """What all papers now known say of one property; `reel_frames` are those that concern it or ever did."""

    property_id: str
    application_number: str
    patent_number: str
    publication_number: str
    title: TitleCheck
    encumbered: bool
    owners: tuple[str, ...]
    reasons: tuple[TitleReason, ...]
    reel_frames: tuple[str, ...]
    found_at_ns: TimeNs

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number the property is found by, each once."""
        numbers = (self.property_id, self.application_number, self.patent_number, self.publication_number)
        return tuple(dict.fromkeys(number for number in numbers if number))


class RefusedPaper(Record, frozen=True, kw_only=True):
    """A paper that was not taken: its place in the command, its reel and frame, and a stable code."""

    place: int
    reel_frame: str
    code: str
    detail: str = ""


class ImportConveyances(Command, frozen=True, kw_only=True, tag="conveyances.import"):
    """Bring in a slice of a list of recorded papers: new ones, changed ones, and those that are known already.

    A paper that is not what a register could hold (a day that is none or lies ahead, a property twice, no party on
    a side) is refused alone; the rest of the slice is taken. Each property they list has its title found anew.
    Refused: import.too_large.
    """

    papers: Annotated[tuple[Paper, ...], msgspec.Meta(min_length=1)]


class ConveyancesImported(Event, frozen=True, kw_only=True, tag="conveyances.imported"):
    """What a slice brought. `superseded` are the earlier versions of those that changed, now closed."""

    new: tuple[Conveyance, ...]
    changed: tuple[Conveyance, ...]
    superseded: tuple[Conveyance, ...]
    same: int
    refused: tuple[RefusedPaper, ...]
    titles: tuple[RecordedTitle, ...]
