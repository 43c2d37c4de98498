"""Pilot assignment 职务科技成果赋权: an institution gives its inventors ownership of a service outcome, by exact units.

proposed → notice 公示 ⇄ objected → agreeing → completed. The team settles its inner split in writing first, somebody
other than the proposer records the collective decision, anybody may object in the notice period, and with the last
signature the units move. One pilot an outcome: what was assigned once, or runs, is not assigned again.
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
from exchange.core.ids import AccountId, AssetId, MarketId, OutcomeId, PilotId, UserId
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import RatePpm, Sha256Hex, Text, TimeNs, Units

Reason = Annotated[Text, msgspec.Meta(min_length=1)]
MAX_TEAM = 50


class PilotKind(StrEnum):
    """What the team is given. A long-term use right, with its term and tracking, belongs to a later issue."""

    OWNERSHIP = "ownership"
    USE_RIGHT = "use_right"


class PilotState(StrEnum):
    """Where a case stands. The last two are ends without an assignment: another case may follow."""

    PROPOSED = "proposed"
    NOTICE = "notice"
    OBJECTED = "objected"
    """The clock stands until an operator has decided the objection."""
    AGREEING = "agreeing"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    """An objection was upheld."""


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


class PilotTerms(Part, frozen=True, kw_only=True):
    """What institution and inventors agree on, besides the inner split, which the team settled before.

    Units: `team_share` of the whole right goes to the team, `income_ratio_ppm` of its net income. `duties_sha256` names
    the document of decision mechanism, costs and upkeep.
    """

    team_share: DeclaredShare
    income_ratio_ppm: RatePpm
    duties_sha256: Sha256Hex


def pilot_terms_hash(terms: PilotTerms) -> str:
    """The SHA-256 of the terms as compact JSON, fields in their declared order: any client can compute it."""
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


class Pilot(Record, frozen=True, kw_only=True):
    """One case, from its proposal to the ledger entry.

    Units: `team_numerator / team_denominator` of the whole, zero until the institution has signed. `market_id` names
    the market whose profile version and calendar the case runs under.
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

    @property
    def counts(self) -> bool:
        """Whether the case runs, or has assigned the outcome: no other may begin."""
        return self.state not in (PilotState.WITHDRAWN, PilotState.STOPPED)


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
    split. `account_id` is where the institution holds the right, or the shares.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, market.unknown, outcome.unknown,
    pilot.kind_not_supported, pilot.state (a case runs, or assigned the outcome), right.not_owned,
    pilot.team_invalid, pilot.shares_invalid, pilot.not_eligible, asset.frozen, right.immobilised, right.expired,
    patent.not_listable, right.encumbered, right.title_defect, right.title_unknown, deal.state, listing.state,
    document.unknown.
    """

    outcome_id: OutcomeId
    market_id: MarketId
    account_id: AccountId
    team: Annotated[tuple[TeamShare, ...], msgspec.Meta(min_length=1, max_length=MAX_TEAM)]
    representative_id: AccountId
    split_sha256: Sha256Hex
    kind: PilotKind = PilotKind.OWNERSHIP
    funding: Annotated[tuple[DeclaredFunding, ...], msgspec.Meta(max_length=50)] = ()


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
    The last signature moves the units.
    Refused: pilot.unknown, pilot.not_party, mandate.invalid, account.frozen, member.frozen, pilot.notice_running,
    pilot.state (the institution signs first, and each of the team once), approval.same_person (one person for the
    institution and the team), pilot.shares_invalid, document.unknown, pilot.terms_changed, and with the last signature
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
