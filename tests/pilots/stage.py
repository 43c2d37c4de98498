"""A reform office's desk: `thu` assigns an outcome of public money to its inventors `ada`, `bo` and `cy`.

case = Case.cn()                     know-how or a patented outcome, examined, its funds stated
case.opened(); case.step("decide"); case.step("wait 16"); case.step("thu signs"); case.step("ada signs")
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from custody.outcomes import (
    DeclaredClaim,
    DeclaredFunding,
    IssueShares,
    Outcome,
    OutcomeRegistered,
    PriorClaimKind,
    RegisterOutcome,
    SharesIssued,
)
from custody.pilot import (
    AgreePilot,
    DecidePilot,
    ObjectToPilot,
    Pilot,
    PilotProposed,
    PilotTerms,
    ProposePilot,
    ResolvePilot,
    TeamShare,
    WithdrawPilot,
)
from custody.rights import DeclaredShare, RegisterRight, RightRegistered, TitleCheck
from exchange.core.ids import AssetId, OutcomeId, PilotId
from exchange.core.messages import Command
from exchange.core.parties import SellerClass, UserRight
from exchange.core.units import Minor, Ppm
from tests.deals.stage import Desk

TEAM = ("ada", "bo", "cy")
PUBLIC = DeclaredFunding(source="NSFC", country="CN", fiscal=True, amount_minor=Minor(600_000_00))
PRIVATE = DeclaredFunding(source="Li Ltd", country="CN", fiscal=False, amount_minor=Minor(400_000_00))


def part(numerator: int, denominator: int) -> DeclaredShare:
    """A fraction."""
    return DeclaredShare(numerator=numerator, denominator=denominator)


THIRD, SEVEN_TENTHS = part(1, 3), part(7, 10)


class Case(Desk):
    """A desk with inventors, an outcome and one pilot case at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.pilot_id = PilotId(0)
        self.outcome_id = OutcomeId(0)
        self.team: tuple[str, ...] = TEAM

    @classmethod
    def cn(cls, **fields: Any) -> Case:
        """The default profile's market, an examined right in an outcome paid for by 60 % of public money."""
        prepared = _prepared()
        case = cls(prepared.venue.copy())
        case.cn_market, case.serial, case.seller = prepared.cn_market, prepared.serial, "thu"
        case.custody(**fields)
        return case

    def custody(self, *, shares: tuple[DeclaredShare, ...] = (THIRD, part(3, 10)), **fields: Any) -> None:
        """Register an outcome of `thu`, bring its right into custody and have it examined."""
        waiver = self.file("thu", "waiver")
        terms: dict[str, Any] = {
            "title": "Membrane",
            "readiness_level": 4,
            "funding": (PUBLIC, PRIVATE),
            "claims": (DeclaredClaim(kind=PriorClaimKind.FINISHER, waiver_sha256=waiver),),
        }
        made = self.venue.make(RegisterOutcome(**(terms | fields)), OutcomeRegistered, "thu")
        self.outcome_id = made.outcome.outcome_id
        account = self.venue.accounts["thu"]
        command = RegisterRight(account_id=account, outcome_id=self.outcome_id, shares=shares)
        self.right_id = self.venue.make(command, RightRegistered, "thu").right.asset_id
        self.examine(self.right_id, TitleCheck.CLEAR)

    def floated(self) -> AssetId:
        """Let the outcome at hand float as shares of `thu`."""
        command = IssueShares(
            outcome_id=self.outcome_id, account_id=self.venue.accounts["thu"], shares=(THIRD, part(3, 10))
        )
        return self.venue.make(command, SharesIssued, "thu").asset.asset_id

    def again(self) -> Case:
        """Another case with the same past."""
        case = Case(self.venue.copy())
        for name in ("cn_market", "serial", "deal_id", "right_id", "seller", "buyer", "pilot_id", "outcome_id", "team"):
            setattr(case, name, getattr(self, name))
        return case

    # --- The case at hand ---------------------------------------------------------------------------------------------

    def opening(self, **changed: Any) -> ProposePilot:
        """The command that opens a case for the outcome at hand, the team in equal parts."""
        accounts = self.venue.accounts
        terms: dict[str, Any] = {
            "outcome_id": self.outcome_id,
            "market_id": self.cn_market,
            "account_id": accounts["thu"],
            "team": tuple(TeamShare(account_id=accounts[name], share=part(1, len(self.team))) for name in self.team),
            "representative_id": accounts[self.team[0]],
            "split_sha256": self.file("thu", "split"),
        }
        return ProposePilot(**(terms | changed))

    def opened(self, **changed: Any) -> Pilot:
        """Open a case, and keep it at hand."""
        pilot = self.venue.make(self.opening(**changed), PilotProposed, "thu").pilot
        self.pilot_id = pilot.pilot_id
        return pilot

    def pilot(self) -> Pilot:
        """The case at hand, as it last was: from memory, or from the last event that carries it."""
        found = self.venue.state.table(Pilot).get(self.pilot_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                pilot = getattr(event, "pilot", None)
                if isinstance(pilot, Pilot) and pilot.pilot_id == self.pilot_id:
                    return pilot
        raise AssertionError("no case at hand")

    def terms(self, **changed: Any) -> PilotTerms:
        """Seven tenths of the right and half of the income for the team."""
        fields: dict[str, Any] = {
            "team_share": SEVEN_TENTHS,
            "income_ratio_ppm": Ppm(500_000),
            "duties_sha256": self.file("thu", "duties"),
        }
        return PilotTerms(**(fields | changed))

    def command(self, step: str, **changed: Any) -> tuple[Command, str]:
        """The command of a step of the case at hand, and who sends it when nothing else is said."""
        if step.endswith(" signs"):
            who = step.removesuffix(" signs")
            fields: dict[str, Any] = {"account_id": self.venue.accounts[who], "terms": self.terms()}
            return AgreePilot(**({"pilot_id": self.pilot_id, **fields} | changed)), who
        steps: dict[str, tuple[Callable[..., Command], dict[str, Any], str]] = {
            "decide": (DecidePilot, {"decision_sha256": self.file("thu", "decision")}, "dean"),
            "object": (ObjectToPilot, {"reason": "I took part"}, "pku"),
            "uphold": (ResolvePilot, {"upheld": True, "reason": "so it is"}, "ops"),
            "dismiss": (ResolvePilot, {"upheld": False, "reason": "it is not so"}, "ops"),
            "withdraw": (WithdrawPilot, {}, "thu"),
        }
        make, given, by = steps[step]
        return make(**({"pilot_id": self.pilot_id, **given} | changed)), by

    def outcome_now(self) -> Outcome:
        """The outcome at hand."""
        return self.venue.state.table(Outcome)[self.outcome_id]

    def has_of(self, name: str, asset_id: AssetId | None = None) -> int:
        """A member's units of the right at hand, or of another asset."""
        return self.venue.state.ledger.units(self.venue.accounts[name], asset_id or self.right_id)


@functools.cache
def _prepared() -> Case:
    desk = Desk.cn()
    case = Case(desk.venue)
    case.cn_market, case.serial = desk.cn_market, desk.serial
    for name in (*TEAM, "dee"):
        case.trader(name, seller_class=SellerClass.INVENTOR)
    case.venue.user("dean", "thu", rights=(UserRight.VIEW, UserRight.APPROVE))
    case.venue.user("clerk", "thu", rights=(UserRight.VIEW, UserRight.TRADE))
    return case
