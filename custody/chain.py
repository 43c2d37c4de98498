"""The chain of title of one property: from its inventors, paper by paper, to who owns it now.

Papers are walked by the day they were executed (for a United States patent title passes by the signed writing), and
within a day in whatever order links them; one without any date stands behind every paper of a lower reel. A correction
stands in the place of the paper it corrects. What does not link is told and never mended: a giver nobody conveyed to is
a gap, a second conveyance by the same giver to another taker a conflict. How papers came into the list plays no part.

Source: 35 U.S.C. 261, 262; DOMAIN 2.9: effective is the execution date, reel and frame order what has no dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import msgspec

from custody.burdens import Interest, interests_of
from custody.chain_walk import Link, LinkState, Walk
from custody.conveyances import ConveyanceKind, Paper, Step, step_of
from custody.rights import TitleCheck
from custody.title import TitleCode, TitleReason, answer, is_burden

Placed = tuple[str, Step]
"""A paper with the day it counts from."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything the papers say of one property, in the order of the chain."""

    links: tuple[Link, ...]
    owners: tuple[str, ...]
    """Owners of record: who has the title by the papers, whatever is to be said against them."""
    interests: tuple[Interest, ...]
    unmatched_releases: tuple[str, ...]
    reasons: tuple[TitleReason, ...]

    @property
    def title(self) -> TitleCheck:
        """What a check of title answers."""
        return answer(self.reasons)

    @property
    def encumbered(self) -> bool:
        """Whether a security interest stands, or may."""
        return is_burden(self.reasons)


def chain_of(steps: Iterable[Step], inventors: int, *, identified: bool = True, effective_on: str = "") -> Chain:
    """Walk one property's papers.

    `inventors` is how many the record names; `effective_on` leaves out what was executed after that day; `identified`
    is false where no paper names a number of the property.
    """
    placed = [entry for entry in _placed(steps) if not effective_on or entry[0] <= effective_on]
    walk = Walk(inventors)
    standing = _corrected(placed, walk)
    for day, same_day in groupby(standing, itemgetter(0)):
        listed = [step for _, step in same_day if step.listed]
        walk.take_day(day, listed)
    walk.close()
    owners = tuple(sorted(walk.holders))
    interests, unmatched, burdens = interests_of(standing, owners)
    reasons = [*walk.reasons, *burdens]
    if not identified:
        reasons.append(TitleReason(code=TitleCode.PROPERTY_UNIDENTIFIED, reel_frames=()))
    return Chain(
        links=tuple(sorted(walk.links, key=lambda link: (link.placed_on, link.step.reel_frame))),
        owners=owners,
        interests=tuple(interests),
        unmatched_releases=tuple(unmatched),
        reasons=tuple(sorted(reasons, key=lambda reason: (_ORDER[reason.code], reason.reel_frames, reason.detail))),
    )


def properties_of(papers: Iterable[Paper]) -> dict[str, tuple[list[Step], int, bool]]:
    """Each property's papers, the number of its inventors and whether it has a number, in the order of the alphabet.

    A paper that names another paper of the property, or is named by one, and does not list the property itself, is
    among them as not listed.
    """
    by_reel = {paper.reel_frame: paper for paper in papers}
    found: dict[str, tuple[list[Step], int, bool]] = {}
    for reel_frame in sorted(by_reel):
        paper = by_reel[reel_frame]
        for one in paper.properties:
            steps, inventors, identified = found.get(one.property_id, ([], 0, True))
            steps.append(step_of(paper, one))
            found[one.property_id] = (steps, max(inventors, one.inventors), identified and "#" not in one.property_id)
    for reel_frame in sorted(by_reel):
        paper = by_reel[reel_frame]
        for named in paper.names:
            if named in by_reel and named != reel_frame:
                _tell_elsewhere(found, paper, by_reel[named])
                _tell_elsewhere(found, by_reel[named], paper)
    return {key: found[key] for key in sorted(found)}


def _tell_elsewhere(found: dict[str, tuple[list[Step], int, bool]], paper: Paper, other: Paper) -> None:
    """Put a paper among those of each property that it does not list and the other one does, once."""
    for one in other.properties:
        steps = found[one.property_id][0]
        if all(step.reel_frame != paper.reel_frame for step in steps):
            steps.append(step_of(paper, None))


_ORDER = {code: place for place, code in enumerate(TitleCode)}


def _placed(steps: Iterable[Step]) -> list[Placed]:
    """The papers with the day each counts from, by day and reel."""
    found: list[Placed] = []
    latest = ""
    for step in sorted(steps, key=lambda step: step.reel_frame):
        day = step.executed_on or step.recorded_on or latest
        latest = max(latest, day)
        found.append((day, step))
    return sorted(found, key=lambda entry: (entry[0], entry[1].reel_frame))


def _corrected(placed: list[Placed], walk: Walk) -> list[Placed]:
    """The papers that stand, corrections in the place of what they correct; the others are told to the walk."""
    days = {step.reel_frame: day for day, step in placed}
    by_reel = {step.reel_frame: step for _, step in placed}
    replaced: dict[str, str] = {}
    for reel_frame in sorted(by_reel):
        step = by_reel[reel_frame]
        if not step.correction:
            continue
        targets = [named for named in step.names if named in by_reel and named < reel_frame]
        if step.listed:
            for target in targets:
                replaced[target] = reel_frame
                days[reel_frame] = min(days[reel_frame], days[target])
            continue
        targets = [target for target in targets if by_reel[target].listed]
        walk.links.append(Link(step, days[reel_frame], LinkState.ELSEWHERE, f"corrects {', '.join(targets)}"))
        if targets:
            reason = TitleReason(code=TitleCode.CORRECTED_ELSEWHERE, reel_frames=(*targets, reel_frame))
            walk.reasons.append(reason)
    for target, by in replaced.items():
        walk.links.append(Link(by_reel[target], days[target], LinkState.CORRECTED, f"by {by}"))
    for step in by_reel.values():
        if not step.listed and not step.correction and step.reel_frame not in replaced:
            walk.links.append(Link(step, days[step.reel_frame], LinkState.ELSEWHERE, "does not list this property"))
    standing = [
        (days[step.reel_frame], _as_original(step, by_reel, replaced))
        for step in by_reel.values()
        if step.reel_frame not in replaced and not (step.correction and not step.listed)
    ]
    return sorted(standing, key=lambda entry: (entry[0], entry[1].reel_frame))


def _as_original(step: Step, by_reel: dict[str, Step], replaced: dict[str, str]) -> Step:
    """A correction does what the paper did whose place it takes, whatever little its own text says of that."""
    if not step.correction:
        return step
    kinds = [by_reel[target].kind for target, by in sorted(replaced.items()) if by == step.reel_frame]
    kinds = [kind for kind in kinds if kind is not ConveyanceKind.OTHER]
    return msgspec.structs.replace(step, kind=kinds[0]) if kinds else step
