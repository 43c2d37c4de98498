"""Reform programmes 成果权属改革: pilot first, promote later (先试点后推广). It says who may open a pilot case.

draft → pilot → evaluated → promoted; each may end. A stage or scope that changes is the next version of the record; it
decides which cases may begin, and leaves those that began under an earlier version their terms.
Source: 国科发区〔2020〕128号; 琼府办〔2025〕7号 (twelve units for three years, then the whole province).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from custody.pilot import CaseRules, PilotKind
from exchange.core.ids import MarketId, MemberId, ReformId, UserId
from exchange.core.instruments import TechnologyClass
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.units import IsoDate, Name, PositiveCount, RatePpm, Sha256Hex, Text, TimeNs

MAX_UNITS = 500
MAX_FIELDS = 100


class ReformStage(StrEnum):
    """Where a programme stands; cases begin in the pilot (until its last day) and once it is promoted."""

    DRAFT = "draft"
    PILOT = "pilot"
    EVALUATED = "evaluated"
    PROMOTED = "promoted"
    ENDED = "ended"


class ReformScope(Part, frozen=True, kw_only=True):
    """Who may open a case, for what, and within which ranges.

    Units: `team_*_ppm` bound the team's share of the right, `income_*_ppm` its ratio of net income, both ends allowed.
    `unit_ids` are the institutions in scope, `all_units` every one; no `fields` is every field. `negative_fields` and
    `excluded_classes` are the negative list. `notice_days` are at least the market profile's.
    """

    unit_ids: Annotated[tuple[MemberId, ...], msgspec.Meta(max_length=MAX_UNITS)] = ()
    all_units: bool = False
    kinds: Annotated[tuple[PilotKind, ...], msgspec.Meta(min_length=1, max_length=2)] = (
        PilotKind.OWNERSHIP,
        PilotKind.USE_RIGHT,
    )
    fields: Annotated[tuple[Name, ...], msgspec.Meta(max_length=MAX_FIELDS)] = ()
    negative_fields: Annotated[tuple[Name, ...], msgspec.Meta(max_length=MAX_FIELDS)] = ()
    excluded_classes: Annotated[tuple[TechnologyClass, ...], msgspec.Meta(max_length=4)] = ()
    team_from_ppm: RatePpm
    team_to_ppm: RatePpm
    income_from_ppm: RatePpm
    income_to_ppm: RatePpm
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)]


class Reform(Record, frozen=True, kw_only=True):
    """A programme as it stands in one version. Earlier versions are in the journal's events, whole.

    `document_sha256` is the text that founded the version; `report_sha256` the evaluation.
    """

    reform_id: ReformId
    version: int
    name: str
    market_id: MarketId
    stage: ReformStage
    unit_ids: tuple[MemberId, ...]
    all_units: bool
    kinds: tuple[PilotKind, ...]
    fields: tuple[str, ...]
    negative_fields: tuple[str, ...]
    excluded_classes: tuple[TechnologyClass, ...]
    rules: CaseRules
    document_sha256: str
    changed_by: UserId
    changed_at_ns: TimeNs
    starts_on: str = ""
    ends_on: str = ""
    report_sha256: str = ""
    reason: str = ""

    @property
    def opened(self) -> bool:
        """Whether it ever took cases: a draft that ended never did."""
        return bool(self.starts_on)


class DraftReform(Command, frozen=True, kw_only=True, tag="reform.draft"):
    """Put a programme on record for one market, with the scope its pilot will have; nobody may open a case yet.

    Refused: market.unknown, reform.exists (its name is taken), reform.terms_invalid (ranges upside down, nobody in
    scope, fewer days of notice than the profile asks, a value twice), member.unknown, document.unknown.
    """

    name: Name
    market_id: MarketId
    scope: ReformScope
    document_sha256: Sha256Hex


class ReformDrafted(Event, frozen=True, kw_only=True, tag="reform.drafted"):
    """The programme is on record."""

    reform: Reform


class StartReformPilot(Command, frozen=True, kw_only=True, tag="reform.start_pilot"):
    """Open the pilot, with two operators: the version they read, its first and last day.

    Refused: reform.unknown, reform.state, reform.terms_invalid (another version, days that do not follow each other or
    are over).
    """

    reform_id: ReformId
    version: PositiveCount
    starts_on: IsoDate
    ends_on: IsoDate


class ReformPilotStarted(Event, frozen=True, kw_only=True, tag="reform.pilot_started"):
    """Cases in scope may begin from the first day to the last."""

    reform: Reform


class EvaluateReform(Command, frozen=True, kw_only=True, tag="reform.evaluate"):
    """Put the pilot's evaluation on record: only an evaluated programme is promoted.

    Refused: reform.unknown, reform.state, document.unknown.
    """

    reform_id: ReformId
    report_sha256: Sha256Hex


class ReformEvaluated(Event, frozen=True, kw_only=True, tag="reform.evaluated"):
    """The report is on record; cases may still begin until the pilot's last day."""

    reform: Reform


class PromoteReform(Command, frozen=True, kw_only=True, tag="reform.promote"):
    """Promote an evaluated programme, or change a promoted one's scope, with two operators: a new scope, by a new text.

    Refused: reform.unknown, reform.state, reform.terms_invalid, member.unknown, document.unknown.
    """

    reform_id: ReformId
    version: PositiveCount
    scope: ReformScope
    document_sha256: Sha256Hex


class ReformPromoted(Event, frozen=True, kw_only=True, tag="reform.promoted"):
    """Cases in the new scope may begin, without a last day."""

    reform: Reform


class EndReform(Command, frozen=True, kw_only=True, tag="reform.end"):
    """End a programme: no further case begins under it; those that run, or are completed, keep their terms.

    Refused: reform.unknown, reform.state.
    """

    reform_id: ReformId
    reason: Annotated[Text, msgspec.Meta(min_length=1)]


class ReformEnded(Event, frozen=True, kw_only=True, tag="reform.ended"):
    """No further case begins under it."""

    reform: Reform
