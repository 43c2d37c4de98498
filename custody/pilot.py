"""Pilot assignment 职务科技成果赋权: an institution gives its inventors ownership of a service outcome, by exact units.

proposed → notice 公示 ⇄ objected → agreeing → (recording) → completed. The team settles its inner split in writing
first, somebody other than the proposer records the collective decision, anybody may object in the notice period, and
with the last signature the units move, or wait for the office that records the co-owners. Instead of ownership the team
may get a use right of at least ten years. One pilot an outcome: what is assigned, or runs, is not assigned again.
What follows the ledger entry is in `pilot_life`, the programme a case belongs to in `reform`.
Source: 国科发区〔2020〕128号; 科学技术进步法 (2021) art. 33.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec

from custody.outcomes import DeclaredFunding, Funding, Outcome
from custody.rights import DeclaredShare
from exchange.core.ids import AccountId, AssetId, KeptShareId, MarketId, MemberId, OutcomeId, PilotId, ReformId, UserId
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import Name, RatePpm, Sha256Hex, Text, TimeNs, Units

Reason = Annotated[Text, msgspec.Meta(min_length=1)]
MAX_TEAM = 50
MAX_REPORTS = 40
MAX_USE_YEARS = 100


class PilotKind(StrEnum):
    """What the team is given: a part of the right itself, or a long-term use right beside it."""

    OWNERSHIP = "ownership"
    USE_RIGHT = "use_right"


class PilotState(StrEnum):
    """Where a case stands. From `withdrawn` on, nothing is assigned any more: another case may follow."""

    PROPOSED = "proposed"
    NOTICE = "notice"
    OBJECTED = "objected"
    """The clock stands until an operator has decided the objection."""
    AGREEING = "agreeing"
    RECORDING = "recording"
    """All have signed; the units are held until the office has recorded the co-owners."""
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    """An objection was upheld."""
    RECORDAL_REFUSED = "recordal_refused"
    LAPSED = "lapsed"
    """No recordal came before the long stop."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    """The use right came to its end."""


UNASSIGNED = (
    PilotState.WITHDRAWN,
    PilotState.STOPPED,
    PilotState.RECORDAL_REFUSED,
    PilotState.LAPSED,
    PilotState.REVOKED,
    PilotState.EXPIRED,
)
"""The ends in which nothing is assigned, or no longer."""


class ReportStage(StrEnum):
    """What a tracking report is about: how the outcome goes from science to technology to engineering, or a milestone.

    Source: 成果跟踪反馈机制 科学(S)—技术(T)—工程(E).
    """

    SCIENCE = "science"
    TECHNOLOGY = "technology"
    ENGINEERING = "engineering"
    MILESTONE = "milestone"


class DeclaredReport(Part, frozen=True, kw_only=True):
    """A report the team owes. Units: `due_days` counts from the ledger entry."""

    stage: ReportStage
    due_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)]
    subject: Name


class PlannedReport(Record, frozen=True, kw_only=True):
    """A report the team will owe from the ledger entry on."""

    stage: ReportStage
    due_days: int
    subject: str


class CaseRules(Record, frozen=True, kw_only=True):
    """What a case keeps of its programme for its whole life, whatever becomes of the programme.

    Units: each ratio in parts per million, both ends allowed; the team's is of the right, the income's of net income.
    """

    notice_days: int
    team_from_ppm: int
    team_to_ppm: int
    income_from_ppm: int
    income_to_ppm: int


class TeamShare(Part, frozen=True, kw_only=True):
    """An inventor's account, and the part of the team's share that is theirs: one third is 1 / 3."""

    account_id: AccountId
    share: DeclaredShare


class TeamMember(Record, frozen=True, kw_only=True):
    """An inventor of the team, their part of its share, and their signature (0: none yet)."""

    account_id: AccountId
    numerator: int
    denominator: int
    signed_by: UserId = UserId(0)
    signed_at_ns: TimeNs = TimeNs(0)


class PilotTerms(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What institution and inventors agree on, besides the inner split, which the team settled before.

    Units: `team_share` of the whole right goes to the team, `income_ratio_ppm` of its net income. `duties_sha256` names
    the document of decision mechanism, costs and upkeep. A use right is whole (`team_share` 1/1), for `use_years` from
    the ledger entry, and leaves the team only if it is `use_transferable`.
    """

    team_share: DeclaredShare
    income_ratio_ppm: RatePpm
    duties_sha256: Sha256Hex
    use_years: Annotated[int, msgspec.Meta(ge=0, le=MAX_USE_YEARS)] = 0
    use_transferable: bool = False
    reports: Annotated[tuple[DeclaredReport, ...], msgspec.Meta(max_length=MAX_REPORTS)] = ()


def pilot_terms_hash(terms: PilotTerms) -> str:
    """The SHA-256 of the terms as compact JSON, fields in their declared order: any client can compute it.

    The last three are left out of the text where they say nothing, so terms without them keep their hash.
    """
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


class Pilot(Record, frozen=True, kw_only=True):
    """One case, from its proposal to the ledger entry, and to its end if it has one.

    Units: `team_numerator / team_denominator` of the whole, zero until the institution has signed. `market_id` names
    the market whose profile version and calendar the case runs under; `reform_id`, `reform_version` and `rules` the
    programme it began under (0: none), `field` what it was opened for. `asset_ids` are what was divided,
    `added_owner_ids` who became a co-owner by it; `reports_filed` counts the team's reports,
    `kept_share_id` is how the rest followed.
    """

    pilot_id: PilotId
    outcome_id: OutcomeId
    market_id: MarketId
    account_id: AccountId
    funding: tuple[Funding, ...]
    team: tuple[TeamMember, ...]
    representative_id: AccountId
    split_sha256: str
    state: PilotState
    proposed_by: UserId
    proposed_at_ns: TimeNs
    decided_by: UserId = UserId(0)
    decided_at_ns: TimeNs = TimeNs(0)
    decision_sha256: str = ""
    notice_until_ns: TimeNs = TimeNs(0)
    objected_by: UserId = UserId(0)
    team_numerator: int = 0
    team_denominator: int = 0
    income_ratio_ppm: int = 0
    duties_sha256: str = ""
    terms_sha256: str = ""
    signed_by: UserId = UserId(0)
    signed_at_ns: TimeNs = TimeNs(0)
    completed_at_ns: TimeNs = TimeNs(0)
    reason: str = ""
    kind: PilotKind = PilotKind.OWNERSHIP
    reform_id: ReformId = ReformId(0)
    reform_version: int = 0
    rules: CaseRules | None = None
    field: str = ""
    use_years: int = 0
    use_transferable: bool = False
    reports: tuple[PlannedReport, ...] = ()
    asset_ids: tuple[AssetId, ...] = ()
    added_owner_ids: tuple[MemberId, ...] = ()
    contracted_at_ns: TimeNs = TimeNs(0)
    effective_date: str = ""
    office_reference: str = ""
    known_at_ns: TimeNs = TimeNs(0)
    reports_filed: int = 0
    kept_share_id: KeptShareId = KeptShareId(0)

    @property
    def counts(self) -> bool:
        """Whether the case runs, or has assigned the outcome: no other may begin."""
        return self.state not in UNASSIGNED


def splits_whole(team: Sequence[TeamShare]) -> bool:
    """Whether the parts of the team sum exactly to its share."""
    parts = [Fraction(member.share.numerator, member.share.denominator) for member in team]
    return sum(parts, Fraction(0)) == 1


def team_units(total_units: int, team_share: Fraction, team: Sequence[TeamMember]) -> list[int] | None:
    """What each of the team gets of a right's units; None if somebody's part is not whole, or the share exceeds it.

    >>> halves = [TeamMember(account_id=AccountId(n), numerator=1, denominator=2) for n in (1, 2)]
    >>> team_units(1_000_000, Fraction(7, 10), halves)
    [350000, 350000]
    >>> team_units(1_000_000, Fraction(1, 3), halves) is None
    True
    """
    if team_share > 1:
        return None
    parts = [total_units * team_share * Fraction(member.numerator, member.denominator) for member in team]
    return [int(part) for part in parts] if all(part.denominator == 1 for part in parts) else None


# --- Proposal and decision --------------------------------------------------------------------------------------------


class ProposePilot(Command, frozen=True, kw_only=True, tag="pilot.propose"):
    """Open a case for an outcome of one's own institution, for a team of its inventors.

    `funding` is only for an outcome that states none. `split_sha256` names the team's written agreement on its inner
    split. `account_id` is where the institution holds the right, or the shares. `reform_id` names the programme the
    case belongs to; a market that has had one takes no case without. `field` is the outcome's field of technology in
    the programme's words; `touches_security` declares that it touches national security or a major public interest.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, market.unknown, outcome.unknown,
    pilot.state (a case runs, or assigned the outcome), right.not_owned, pilot.team_invalid, pilot.shares_invalid,
    pilot.excluded, pilot.incentive_given, reform.unknown, pilot.out_of_scope, pilot.not_eligible, asset.frozen,
    right.immobilised, right.expired, patent.not_listable, right.encumbered, right.title_defect, right.title_unknown,
    deal.state, listing.state, document.unknown.
    """

    outcome_id: OutcomeId
    market_id: MarketId
    account_id: AccountId
    team: Annotated[tuple[TeamShare, ...], msgspec.Meta(min_length=1, max_length=MAX_TEAM)]
    representative_id: AccountId
    split_sha256: Sha256Hex
    kind: PilotKind = PilotKind.OWNERSHIP
    funding: Annotated[tuple[DeclaredFunding, ...], msgspec.Meta(max_length=50)] = ()
    reform_id: ReformId | None = None
    field: Annotated[str, msgspec.Meta(max_length=200)] = ""
    touches_security: bool = False


class PilotProposed(Event, frozen=True, kw_only=True, tag="pilot.proposed"):
    """The case waits for the institution's decision; `rule` is the provision it is eligible by."""

    pilot: Pilot
    rule: Citation
    movement: Movement


class DecidePilot(Command, frozen=True, kw_only=True, tag="pilot.decide"):
    """Record the institution's collective decision, as one of its approvers who did not propose: the notice begins.

    Refused: pilot.unknown, pilot.not_party, member.frozen, pilot.state, approval.same_person, document.unknown,
    calendar.not_covered.
    """

    pilot_id: PilotId
    decision_sha256: Sha256Hex


class PilotDecided(Event, frozen=True, kw_only=True, tag="pilot.decided"):
    """The case is shown until `notice_until_ns`."""

    pilot: Pilot
    movement: Movement


class PilotNoticeEnded(Event, frozen=True, kw_only=True, tag="pilot.notice_ended"):
    """Nobody objected in time: institution and team may agree."""

    pilot: Pilot
    movement: Movement


class WithdrawPilot(Command, frozen=True, kw_only=True, tag="pilot.withdraw"):
    """End a case before its ledger entry, as its institution.

    Refused: pilot.unknown, pilot.not_party, pilot.state.
    """

    pilot_id: PilotId
    reason: Text = ""


class PilotEnded(Event, frozen=True, kw_only=True, tag="pilot.ended"):
    """The case came to nothing; another may be opened."""

    pilot: Pilot
    movement: Movement


# --- Objections -------------------------------------------------------------------------------------------------------


class ObjectToPilot(Command, frozen=True, kw_only=True, tag="pilot.object"):
    """Object, as any member or an operator, in the notice period: its clock stands.

    Refused: pilot.unknown, pilot.state.
    """

    pilot_id: PilotId
    reason: Reason


class PilotObjected(Event, frozen=True, kw_only=True, tag="pilot.objected"):
    """The notice stands still until the objection is decided."""

    pilot: Pilot
    reason: str
    movement: Movement


class ResolvePilot(Command, frozen=True, kw_only=True, tag="pilot.resolve"):
    """Decide an objection, with reasons, as an operator who did not make it: upheld ends the case, else a new period.

    Refused: pilot.unknown, pilot.state, approval.same_person, calendar.not_covered.
    """

    pilot_id: PilotId
    upheld: bool
    reason: Reason


class PilotObjectionDismissed(Event, frozen=True, kw_only=True, tag="pilot.objection_dismissed"):
    """The notice begins anew, whole."""

    pilot: Pilot
    reason: str
    movement: Movement


# --- Agreement --------------------------------------------------------------------------------------------------------


class AgreePilot(Command, frozen=True, kw_only=True, tag="pilot.agree"):
    """Sign the agreement for one account: the institution first, which brings the terms, then each of the team.

    The institution may sign again under other terms while somebody's signature is missing; the team's are void then.
    The last signature moves the units, grants the use right, or begins the wait for the office.
    Refused: pilot.unknown, pilot.not_party, mandate.invalid, account.frozen, member.frozen, pilot.notice_running,
    pilot.state (the institution signs first, and each of the team once), approval.same_person (one person for the
    institution and the team), pilot.shares_invalid, pilot.terms_invalid (outside the programme's ranges, a use right
    too short or not whole), document.unknown, pilot.terms_changed, and with the last signature
    whatever refuses the proposal now, hold.insufficient_available or rule.holder_cap.
    """

    pilot_id: PilotId
    account_id: AccountId
    terms: PilotTerms


class PilotAgreed(Event, frozen=True, kw_only=True, tag="pilot.agreed"):
    """One more has signed."""

    pilot: Pilot
    account_id: AccountId
    movement: Movement


class Assignment(Record, frozen=True, kw_only=True):
    """What one inventor got of one right, or of the outcome's shares."""

    account_id: AccountId
    asset_id: AssetId
    units: Units


class PilotCompleted(Event, frozen=True, kw_only=True, tag="pilot.completed"):
    """The units are the inventors'. Where whole rights were split, they are co-owners of the outcome from here on."""

    pilot: Pilot
    outcome: Outcome
    assigned: tuple[Assignment, ...]
    movement: Movement
