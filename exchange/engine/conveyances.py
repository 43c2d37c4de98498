"""Recorded papers come in, the titles they concern are found anew, and what those say is asked before a disposal.

Papers are kept as they stand now, since the next one may link to any of them; earlier versions are the store's. A
property is the patent's by its patent, publication or application number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from custody.chain import chain_of, properties_of
from custody.conveyance_messages import (
    MAX_LINES,
    MAX_PAPERS,
    Conveyance,
    ConveyancesImported,
    ImportConveyances,
    RecordedTitle,
    RefusedPaper,
)
from custody.conveyance_rows import ConveyanceCode
from custody.conveyances import Paper, property_number
from custody.rights import TitleCheck
from exchange.assets.messages import PatentStub
from exchange.core.calendar import local_date
from exchange.core.ids import ConveyanceId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState

MAX_TITLES = 5_000
"""Properties whose title one command may find anew; a paper also touches those of the papers that it names."""
MAX_DETAIL = 480
"""Characters of a refusal's detail: a title with many faults names the gravest first."""


def import_conveyances(state: ExchangeState, header: Header, command: ImportConveyances) -> list[Event]:
    """Take a slice of a list, paper by paper; what is refused of it is told with its place and code."""
    lines = sum(len(paper.properties) for paper in command.papers)
    if len(command.papers) > MAX_PAPERS or lines > MAX_LINES:
        detail = f"max_papers={MAX_PAPERS} max_properties={MAX_LINES}"
        return [Rejected(code=RejectCode.IMPORT_TOO_LARGE, detail=detail)]
    today = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
    new: list[Conveyance] = []
    changed: list[Conveyance] = []
    superseded: list[Conveyance] = []
    refused: list[RefusedPaper] = []
    same = 0
    seen: dict[str, None] = {}
    for place, paper in enumerate(command.papers):
        fault = _fault(paper, today, seen)
        seen[paper.reel_frame] = None
        if fault is not None:
            code, detail = fault
            refused.append(RefusedPaper(place=place, reel_frame=paper.reel_frame, code=code.value, detail=detail))
            continue
        known = state.find(Conveyance, paper.reel_frame)
        version = _version(header, paper, place)
        if known is None:
            new.append(version)
        elif known.paper == paper:
            same += 1
        else:
            changed.append(version)
            superseded.append(msgspec.structs.replace(known, superseded_at_ns=header.at_ns))

    touched = _touched(state, (*superseded, *new, *changed))
    if len(touched) > MAX_TITLES:
        return [Rejected(code=RejectCode.IMPORT_TOO_LARGE, detail=f"touches {len(touched)} titles of {MAX_TITLES}")]

    state.change()
    for version in (*superseded, *new, *changed):
        state.put(version)
    titles = _titles(state, header, touched)
    return [
        ConveyancesImported(
            new=tuple(new),
            changed=tuple(changed),
            superseded=tuple(superseded),
            same=same,
            refused=tuple(refused),
            titles=titles,
        )
    ]


# --- Questions of other workflows -------------------------------------------------------------------------------------


def recorded_titles(state: ExchangeState, patent: PatentStub) -> list[RecordedTitle]:
    """What the recorded papers say of a patent, once for each property that has its number."""
    if patent.country != "US":
        return []
    found = state.property_numbers.get(property_number(patent.number), {})
    return [state.titles[property_id] for property_id in sorted(found)]


def refuse_recorded_title(state: ExchangeState, patents: Iterable[PatentStub]) -> Rejected | None:
    """Whether the recorded papers speak against the title to any of these patents.

    What they leave unknown is for an examination to answer; only a further paper lifts what they say against it.
    Refused: right.encumbered, right.title_defect, each with the reasons and the papers they rest on.
    """
    for patent in patents:
        for title in recorded_titles(state, patent):
            if title.title is TitleCheck.DEFECT:
                code = RejectCode.RIGHT_ENCUMBERED if title.encumbered else RejectCode.RIGHT_TITLE_DEFECT
                said = "; ".join(reason.text for reason in title.reasons)
                return Rejected(code=code, detail=f"{patent.number}: {said}"[:MAX_DETAIL])
    return None


# --- Inside -----------------------------------------------------------------------------------------------------------


def _fault(paper: Paper, today: str, seen: dict[str, None]) -> tuple[ConveyanceCode, str] | None:
    """What keeps one paper from being taken; its form was checked when it was decoded."""
    if paper.reel_frame in seen:
        return ConveyanceCode.DUPLICATE, paper.reel_frame
    for day in (paper.executed_on, paper.recorded_on):
        try:
            if day and date.fromisoformat(day).isoformat() > today:
                return ConveyanceCode.DATE_FUTURE, day
        except ValueError:
            return ConveyanceCode.DATE_INVALID, day
    if not (paper.assignors or paper.persons_from) or not (paper.assignees or paper.persons_to):
        return ConveyanceCode.PARTY_MISSING, ""
    listed: dict[str, None] = {}
    for one in paper.properties:
        if one.property_id in listed:
            return ConveyanceCode.PROPERTY_DUPLICATE, one.property_id
        listed[one.property_id] = None
        places = (*one.inventors_from, *one.inventors_to)
        if any(place >= one.inventors for place in places) or len(one.inventors_from) > paper.persons_from:
            return ConveyanceCode.COUNT_INVALID, one.property_id
        if len(one.inventors_to) > paper.persons_to:
            return ConveyanceCode.COUNT_INVALID, one.property_id
    return None


def _version(header: Header, paper: Paper, place: int) -> Conveyance:
    fields = {name: getattr(paper, name) for name in Paper.__struct_fields__}
    return Conveyance(
        conveyance_id=ConveyanceId(make_id(header.sequence, place)),
        imported_by=header.principal,
        known_at_ns=header.at_ns,
        superseded_at_ns=TimeNs(0),
        **fields,
    )


def _touched(state: ExchangeState, versions: Iterable[Conveyance]) -> list[str]:
    """The properties whose title these papers may change: theirs, and those of the papers they name or are named by.

    Read before anything changes, so papers that name one another within one slice are looked up among them too.
    """
    slice_ = {version.reel_frame: version for version in versions if version.live}
    found: dict[str, None] = {}
    for version in versions:
        found.update(dict.fromkeys(_property_ids(version)))
        for named in (*version.names, *state.named_by.get(version.reel_frame, ())):
            other = slice_.get(named) or state.find(Conveyance, named)
            if other is not None:
                found.update(dict.fromkeys(_property_ids(other)))
    return sorted(found)


def _property_ids(conveyance: Conveyance) -> list[str]:
    """The properties a paper lists that have a number; no other could ever be asked about."""
    return [one.property_id for one in conveyance.properties if "#" not in one.property_id]


def _titles(state: ExchangeState, header: Header, property_ids: list[str]) -> tuple[RecordedTitle, ...]:
    """Find the titles of some properties anew, and keep them. Call after the line."""
    papers: dict[str, Paper] = {}
    for property_id in property_ids:
        for reel_frame in state.papers_of.get(property_id, ()):
            for one in (reel_frame, *state.named_by.get(reel_frame, ())):
                _take(state, papers, one)
            for one in papers[reel_frame].names:
                _take(state, papers, one)
    found = properties_of(papers.values())
    numbers = _numbers(papers)
    titles: list[RecordedTitle] = []
    for property_id in property_ids:
        steps, inventors, _ = found.get(property_id, ([], 0, True))
        chain = chain_of(steps, inventors)
        earlier = state.titles.get(property_id)
        application, patent, publication = numbers.get(property_id) or _known_numbers(earlier)
        reel_frames = dict.fromkeys((*(earlier.reel_frames if earlier else ()), *(step.reel_frame for step in steps)))
        title = RecordedTitle(
            property_id=property_id,
            application_number=application,
            patent_number=patent,
            publication_number=publication,
            title=chain.title,
            encumbered=chain.encumbered,
            owners=chain.owners,
            reasons=chain.reasons,
            reel_frames=tuple(sorted(reel_frames)),
            found_at_ns=header.at_ns,
        )
        state.put(title)
        titles.append(title)
    return tuple(titles)


def _take(state: ExchangeState, papers: dict[str, Paper], reel_frame: str) -> None:
    """Put a paper that is on file among those looked at."""
    if reel_frame not in papers and (conveyance := state.find(Conveyance, reel_frame)) is not None:
        papers[reel_frame] = conveyance.paper


def _numbers(papers: dict[str, Paper]) -> dict[str, tuple[str, str, str]]:
    """The numbers of each property, each by the paper of the highest reel that names one."""
    found: dict[str, tuple[str, str, str]] = {}
    for reel_frame in sorted(papers):
        for one in papers[reel_frame].properties:
            application, patent, publication = found.get(one.property_id, ("", "", ""))
            found[one.property_id] = (
                one.application_number or application,
                one.patent_number or patent,
                one.publication_number or publication,
            )
    return found


def _known_numbers(title: RecordedTitle | None) -> tuple[str, str, str]:
    """The numbers a property had while a paper still listed it."""
    return (title.application_number, title.patent_number, title.publication_number) if title else ("", "", "")
