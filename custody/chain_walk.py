"""One walk along the papers that move title: who holds it after each, and how each paper links to those before.

Holders begin with the inventors, who own by law until they convey. A paper takes from its givers what they hold and
gives it to its takers; a giver who holds nothing has given before (a confirmation, or a conflict), has a name close
to a holder's (a doubt), is a person who could not be placed among the inventors, or is a stranger (a gap).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from custody.conveyances import SUCCESSIONS, TITLE_KINDS, ConveyanceKind, Step, inventor_key
from custody.party_names import Likeness, likeness
from custody.title import TitleCode, TitleReason


class LinkState(StrEnum):
    """How a paper stands in the chain."""

    LINKED = "linked"
    CONFIRMS = "confirms"
    """It says once more what an earlier paper said."""
    IN_DOUBT = "in_doubt"
    """A name differs a little from the owner's, or a person could not be placed."""
    ROOT_MISSING = "root_missing"
    GAP = "gap"
    CONFLICT = "conflict"
    CORRECTED = "corrected"
    """Another paper stands in its place."""
    BURDEN = "burden"
    """It moves no title: interests, releases, licences."""
    ELSEWHERE = "elsewhere"
    """It names a paper of this property and does not list the property."""
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Link:
    """One paper's place in the chain; `placed_on` is the day it counts from."""

    step: Step
    placed_on: str
    state: LinkState
    note: str = ""


class Walk:
    """Holders of title, as paper after paper is taken."""

    def __init__(self, inventors: int) -> None:
        self.inventors = inventors
        self.holders: dict[str, str] = {inventor_key(place): "" for place in range(inventors)}
        """Each holder, with the paper it took by; empty for an inventor by law."""
        self.given: dict[str, Step] = {}
        """Who has conveyed, by their last paper."""
        self.links: list[Link] = []
        self.reasons: list[TitleReason] = []
        self.moved = False
        self.rooted = True
        self.unplaced: list[str] = []
        """Papers given by persons who are none of the inventors by name."""

    def take_day(self, day: str, steps: list[Step]) -> None:
        """Take the papers of one day, each as soon as its givers hold title; what never links comes last."""
        pending = list(steps)
        while pending:
            step = next((one for one in pending if any(giver in self.holders for giver in one.givers)), pending[0])
            pending.remove(step)
            state, note = self._take(step)
            self.links.append(Link(step, day, state, note))

    def close(self) -> None:
        """Say what is left: no paper of title at all, or inventors who have not conveyed."""
        if not self.moved:
            self._tell(TitleCode.NO_PAPERS)
        left = sorted(key for key, reel_frame in self.holders.items() if not reel_frame)
        if not self.inventors:
            self._tell(TitleCode.INVENTORS_UNKNOWN)
        elif self.moved and self.rooted and left:
            detail = f"{', '.join(left)} of {self.inventors}"
            if self.unplaced:
                self._tell(TitleCode.INVENTOR_UNPLACED, *dict.fromkeys(self.unplaced), detail=detail)
            else:
                self._tell(TitleCode.INVENTOR_OUTSTANDING, detail=detail)

    def _take(self, step: Step) -> tuple[LinkState, str]:
        """Take one paper; answers how it stands."""
        if step.recorded_on and step.executed_on > step.recorded_on:
            self._tell(TitleCode.DATES, step.reel_frame, detail=f"executed {step.executed_on}")
        if step.kind is ConveyanceKind.LICENCE:
            self._tell(TitleCode.LICENCE, step.reel_frame, detail=f"to {' and '.join(step.takers)}")
            return LinkState.BURDEN, ""
        if step.kind is ConveyanceKind.OTHER:
            self._tell(TitleCode.KIND_UNREAD, step.reel_frame)
            return LinkState.UNREAD, ""
        if step.kind not in TITLE_KINDS:
            return LinkState.BURDEN, ""
        self.moved = True
        held = [giver for giver in step.givers if giver in self.holders]
        if held:
            return self._move(step, held)
        again = [giver for giver in step.givers if giver in self.given]
        if again:
            return self._again(step, again)
        close = self._close_to(step)
        if close is not None:
            return self._doubt(step, *close)
        if all(giver.startswith("giver ") for giver in step.givers):
            self.unplaced.append(step.reel_frame)
            self._give(step)
            return LinkState.IN_DOUBT, "the giver is none of the inventors by name"
        return self._stranger(step)

    def _move(self, step: Step, held: list[str]) -> tuple[LinkState, str]:
        for giver in held:
            del self.holders[giver]
            self.given[giver] = step
        if any(giver.startswith("giver ") for giver in step.givers):
            self.unplaced.append(step.reel_frame)
        self._give(step)
        return LinkState.LINKED, ""

    def _again(self, step: Step, again: list[str]) -> tuple[LinkState, str]:
        """A giver who has given: to the same taker it confirms, to another it conflicts."""
        earlier = self.given[again[0]]
        if set(step.takers) <= {*earlier.takers, *self.holders}:
            return LinkState.CONFIRMS, f"as {earlier.reel_frame}"
        doubtful = [
            taker
            for taker in step.takers
            if any(likeness(taker, known) is not Likeness.OTHER for known in (*earlier.takers, *self.holders))
        ]
        if len(doubtful) == len(step.takers):
            detail = f"{' and '.join(step.takers)} or {' and '.join(earlier.takers)}"
            self._tell(TitleCode.NAME_DIFFERS, earlier.reel_frame, step.reel_frame, detail=detail)
            return LinkState.IN_DOUBT, f"as {earlier.reel_frame}, under another name"
        detail = f"{again[0]} to {' and '.join(earlier.takers)}, then to {' and '.join(step.takers)}"
        self._tell(TitleCode.CONFLICT, earlier.reel_frame, step.reel_frame, detail=detail)
        return LinkState.CONFLICT, f"{again[0]} had conveyed by {earlier.reel_frame}"

    def _close_to(self, step: Step) -> tuple[str, str] | None:
        """A giver and the holder whose name is close to it; the first of each in the order of the alphabet."""
        for giver in sorted(step.givers):
            for holder in sorted(self.holders):
                if self.holders[holder] and likeness(giver, holder) is not Likeness.OTHER:
                    return giver, holder
        return None

    def _doubt(self, step: Step, giver: str, holder: str) -> tuple[LinkState, str]:
        earlier = self.holders.pop(holder)
        self.given[holder] = self.given[giver] = step
        self._tell(TitleCode.NAME_DIFFERS, earlier, step.reel_frame, detail=f"{holder} or {giver}")
        self._give(step)
        return LinkState.IN_DOUBT, f"the holder is {holder}"

    def _stranger(self, step: Step) -> tuple[LinkState, str]:
        """A giver to whom no paper conveyed: at the beginning the root is missing, later the chain is broken."""
        givers = " and ".join(step.givers)
        if set(step.takers) <= set(self.holders):
            # Another's quitclaim to who holds it anyway: the claim it gives up must have come from somewhere.
            self._tell(TitleCode.ROOT_MISSING, step.reel_frame, detail=f"no paper to {givers}")
            return LinkState.CONFIRMS, f"no paper to {givers}"
        if all(not reel_frame for reel_frame in self.holders.values()) and not self.given:
            self.rooted = False
            self._tell(TitleCode.ROOT_MISSING, step.reel_frame, detail=f"no paper to {givers}")
            state = LinkState.ROOT_MISSING
        else:
            holders = " and ".join(sorted(self.holders)) or "nobody"
            self._tell(TitleCode.GAP, step.reel_frame, detail=f"no paper to {givers}; {holders} held it")
            state = LinkState.GAP
        # The last paper's taker is the owner of record; whoever held before has a claim the reason tells of.
        self.holders.clear()
        for giver in step.givers:
            self.given[giver] = step
        self._give(step)
        return state, f"no paper to {givers}"

    def _give(self, step: Step) -> None:
        for taker in step.takers:
            self.holders[taker] = step.reel_frame
            if step.kind in SUCCESSIONS:
                self.given.pop(taker, None)  # a party that took a name again stands in it anew

    def _tell(self, code: TitleCode, *reel_frames: str, detail: str = "") -> None:
        self.reasons.append(TitleReason(code=code, reel_frames=reel_frames, detail=detail))
