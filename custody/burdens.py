"""Security interests on one property, and which of them are released.

A release counts for the interest it names, if the secured party gives it and not before the interest was granted. One
that names none counts for the one open interest of the same parties; if there are several, each may still stand. An
interest without a release stands, or, where a second recording of the same agreement was released, may stand.

Source: DOMAIN 2.9, golden case of patent 11066912; UCC 9-513 (the secured party ends its own interest).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from custody.conveyances import ConveyanceKind, Step
from custody.party_names import Likeness, likeness
from custody.title import TitleCode, TitleReason


class InterestState(StrEnum):
    """Whether an interest still burdens the property."""

    OPEN = "open"
    POSSIBLY = "possibly_open"
    RELEASED = "released"
    MERGED = "merged"
    """The secured party became the owner."""


@dataclass(slots=True)
class Interest:
    """One security interest: who granted it, who has it now, what was said of its end and by which papers."""

    reel_frame: str
    placed_on: str
    debtors: tuple[str, ...]
    secured: tuple[str, ...]
    former: tuple[str, ...] = ()
    covers: bool = True
    """False for one that a paper of the property names and that does not list the property."""
    state: InterestState = InterestState.OPEN
    by: list[str] = field(default_factory=list[str])
    doubts: list[str] = field(default_factory=list[str])

    def doubt(self, reel_frame: str, words: str) -> None:
        """Note a paper by which the interest may have ended."""
        if self.state is InterestState.OPEN:
            self.state = InterestState.POSSIBLY
        self.by.append(reel_frame)
        self.doubts.append(words)

    def release(self, reel_frame: str) -> None:
        """End it."""
        self.state = InterestState.RELEASED
        self.by = [reel_frame]
        self.doubts = []

    @property
    def stands(self) -> bool:
        """Whether it burdens the property, or may."""
        return self.covers and self.state in (InterestState.OPEN, InterestState.POSSIBLY)


def interests_of(
    steps: Iterable[tuple[str, Step]], owners: tuple[str, ...]
) -> tuple[list[Interest], list[str], list[TitleReason]]:
    """The interests, the releases that match none of them, and what both come to.

    `steps` are the property's papers with the day each is placed on, in the order of the chain.
    """
    placed = list(steps)
    found = {
        step.reel_frame: Interest(step.reel_frame, day, step.givers, step.takers, covers=step.listed)
        for day, step in placed
        if step.kind is ConveyanceKind.SECURITY_INTEREST
    }
    for day, step in placed:
        if step.kind is ConveyanceKind.SECURITY_TRANSFER and step.listed:
            _transfer(found, day, step)
    releases = [(day, step) for day, step in placed if step.kind is ConveyanceKind.RELEASE]
    unmatched: list[Step] = []
    for day, step in releases:
        if step.names and not _release_named(found, day, step):
            unmatched.append(step)
    for day, step in releases:
        if not step.names and step.listed and not _release_unnamed(found, day, step):
            unmatched.append(step)
    interests = sorted(
        (one for one in found.values() if one.covers), key=lambda interest: (interest.placed_on, interest.reel_frame)
    )
    _merge(interests, owners)
    _pair_twins(interests)
    return interests, [step.reel_frame for step in unmatched], _reasons(interests, unmatched)


def _transfer(found: dict[str, Interest], day: str, step: Step) -> None:
    """Give the interest to its new holder; one that is not on file is opened by the paper that transfers it."""
    named = [found[reel_frame] for reel_frame in step.names if reel_frame in found]
    if not named and not step.names:
        named = [interest for interest in found.values() if set(interest.secured) & set(step.givers)]
    for interest in named:
        interest.covers = True
        interest.former += interest.secured
        interest.secured = step.takers
    if not named:
        reel_frame = step.names[0] if step.names else step.reel_frame
        found[reel_frame] = Interest(reel_frame, day, (), step.takers, former=step.givers)


def _release_named(found: dict[str, Interest], day: str, step: Step) -> bool:
    """Apply a release that names its interests; whether any of them is on file."""
    named = [found[reel_frame] for reel_frame in step.names if reel_frame in found]
    for interest in named:
        if interest.state is InterestState.RELEASED:
            continue
        if not step.listed:
            if step.cut:
                interest.doubt(step.reel_frame, f"{step.reel_frame} releases it for a list that is not whole here")
        elif day < interest.placed_on:
            interest.doubt(step.reel_frame, f"{step.reel_frame} releases it, dated before it")
        elif set(step.givers) & set(interest.secured):
            interest.release(step.reel_frame)
        elif set(step.givers) & set(interest.former):
            interest.doubt(step.reel_frame, f"{step.reel_frame} is given by who had transferred it")
        elif _alike(step.givers, interest.secured):
            interest.doubt(step.reel_frame, f"{step.reel_frame} is given under another spelling")
        else:
            interest.doubt(step.reel_frame, f"{step.reel_frame} is given by another party")
    return bool(named) or not step.listed


def _release_unnamed(found: dict[str, Interest], day: str, step: Step) -> bool:
    """Apply a release that names no paper, by its parties; whether any interest is theirs."""
    theirs = [
        interest
        for interest in found.values()
        if interest.stands and interest.placed_on <= day and set(interest.secured) & set(step.givers)
    ]
    if len(theirs) == 1:
        theirs[0].release(step.reel_frame)
    else:
        for interest in theirs:
            interest.doubt(step.reel_frame, f"{step.reel_frame} names none of {len(theirs)} interests of its party")
    return bool(theirs)


def _alike(ones: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return any(likeness(one, other) is not Likeness.OTHER for one in ones for other in others)


def _merge(interests: list[Interest], owners: tuple[str, ...]) -> None:
    """Whoever owns the whole owes nothing to themselves."""
    for interest in interests:
        if interest.stands and len(owners) == 1 and owners[0] in interest.secured:
            interest.state = InterestState.MERGED


def _pair_twins(interests: list[Interest]) -> None:
    """An open interest of the same parties and day as a released one may be the same agreement, recorded twice."""
    released = [interest for interest in interests if interest.state is InterestState.RELEASED]
    for interest in interests:
        if interest.state is not InterestState.OPEN or not interest.covers:
            continue
        for twin in released:
            same = set(interest.debtors) == set(twin.debtors) and set(interest.secured) == set(twin.secured)
            if same and interest.placed_on == twin.placed_on:
                words = f"of the same parties and day as {twin.reel_frame}, which {twin.by[0]} releases"
                interest.doubt(twin.by[0], words)


def _reasons(interests: list[Interest], unmatched: list[Step]) -> list[TitleReason]:
    reasons: list[TitleReason] = []
    for interest in interests:
        if not interest.stands:
            continue
        open_ = interest.state is InterestState.OPEN
        code = TitleCode.ENCUMBERED if open_ else TitleCode.POSSIBLY_ENCUMBERED
        words = f"held by {' and '.join(interest.secured)}"
        detail = f"{words}, no release on file" if open_ else f"{words}; {'; '.join(interest.doubts)}"
        reasons.append(TitleReason(code=code, reel_frames=(interest.reel_frame,), detail=detail))
    for step in unmatched:
        named = f", names {', '.join(step.names)}" if step.names else ", names none"
        detail = f"given by {' and '.join(step.givers)}{named}"
        reasons.append(TitleReason(code=TitleCode.RELEASE_UNMATCHED, reel_frames=(step.reel_frame,), detail=detail))
    return reasons
