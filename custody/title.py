"""What a check of title answers, and why: each reason with the reels and frames it rests on.

`clear` needs a chain without a gap from every inventor to the owner of record and no burden left; `defect` says that
the papers themselves speak against the title; `unknown` that evidence is wanted. No paper is not a clean title.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from custody.rights import TitleCheck
from exchange.core.messages import Record


class TitleCode(StrEnum):
    """Why a title is not clear. Never renamed or reused."""

    GAP = "title.gap"
    CONFLICT = "title.conflict"
    INVENTOR_OUTSTANDING = "title.inventor_outstanding"
    ENCUMBERED = "title.encumbered"
    POSSIBLY_ENCUMBERED = "title.possibly_encumbered"
    NO_PAPERS = "title.no_papers"
    PROPERTY_UNIDENTIFIED = "title.property_unidentified"
    ROOT_MISSING = "title.root_missing"
    INVENTORS_UNKNOWN = "title.inventors_unknown"
    INVENTOR_UNPLACED = "title.inventor_unplaced"
    NAME_DIFFERS = "title.name_differs"
    CORRECTED_ELSEWHERE = "title.corrected_elsewhere"
    RELEASE_UNMATCHED = "title.release_unmatched"
    LICENCE = "title.licence"
    KIND_UNREAD = "title.kind_unread"
    DATES = "title.dates"


DEFECTS = frozenset(
    {
        TitleCode.GAP,
        TitleCode.CONFLICT,
        TitleCode.INVENTOR_OUTSTANDING,
        TitleCode.ENCUMBERED,
        TitleCode.POSSIBLY_ENCUMBERED,
    }
)
"""Reasons that speak against the title; all others ask for evidence."""
BURDENS = frozenset({TitleCode.ENCUMBERED, TitleCode.POSSIBLY_ENCUMBERED})

SENTENCES: dict[TitleCode, str] = {
    TitleCode.GAP: "the chain is broken",
    TitleCode.CONFLICT: "conveyed twice",
    TitleCode.INVENTOR_OUTSTANDING: "an inventor has not conveyed",
    TitleCode.ENCUMBERED: "encumbered",
    TitleCode.POSSIBLY_ENCUMBERED: "possibly still encumbered",
    TitleCode.NO_PAPERS: "no paper of title is on file",
    TitleCode.PROPERTY_UNIDENTIFIED: "the paper names no number of the property",
    TitleCode.ROOT_MISSING: "the chain does not reach back to the inventors",
    TitleCode.INVENTORS_UNKNOWN: "the inventors are not on record",
    TitleCode.INVENTOR_UNPLACED: "an inventor's name is spelled otherwise, or the inventor has not conveyed",
    TitleCode.NAME_DIFFERS: "a party's name differs from paper to paper",
    TitleCode.CORRECTED_ELSEWHERE: "a paper was corrected, and the correction does not list this property",
    TitleCode.RELEASE_UNMATCHED: "a release of an interest that is not on file",
    TitleCode.LICENCE: "a licence is on record",
    TitleCode.KIND_UNREAD: "a paper whose kind cannot be read",
    TitleCode.DATES: "recorded before it was executed",
}


class TitleReason(Record, frozen=True, kw_only=True):
    """One reason, with the papers it rests on, and what is to be said of them."""

    code: TitleCode
    reel_frames: tuple[str, ...]
    detail: str = ""

    @property
    def text(self) -> str:
        """The reason in a sentence that names its papers."""
        words = SENTENCES[self.code]
        if self.reel_frames:
            words += f": {', '.join(self.reel_frames)}"
        return f"{words} ({self.detail})" if self.detail else words


def answer(reasons: Iterable[TitleReason]) -> TitleCheck:
    """What the reasons come to.

    >>> answer([])
    <TitleCheck.CLEAR: 'clear'>
    """
    found = TitleCheck.CLEAR
    for reason in reasons:
        if reason.code in DEFECTS:
            return TitleCheck.DEFECT
        found = TitleCheck.UNKNOWN
    return found


def is_burden(reasons: Iterable[TitleReason]) -> bool:
    """Whether a security interest stands, or may stand."""
    return any(reason.code in BURDENS for reason in reasons)
