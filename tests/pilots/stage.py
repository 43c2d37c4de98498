"""A reform office's desk: `thu` assigns an outcome of public money to its inventors `ada`, `bo` and `cy`.

case = Case.cn()                     know-how or a patented outcome, examined, its funds stated
case.opened(); case.step("decide"); case.step("wait 16"); case.step("thu signs"); case.step("ada signs")
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from custody.kept_share import (
    ConfirmKeptShareRecordal,
    KeptShare,
    ObjectToKeptShare,
    OfferKeptShare,
    RefuseKeptShareRecordal,
    ResolveKeptShare,
    SignKeptShare,
    WithdrawKeptShare,
)
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
    DeclaredReport,
    ObjectToPilot,
    Pilot,
    PilotKind,
    PilotProposed,
    PilotTerms,
    ProposePilot,
    ReportStage,
    ResolvePilot,
    TeamShare,
    WithdrawPilot,
)
from custody.pilot_life import (
    ConfirmPilotRecordal,
    ExtendUseRight,
    FilePilotReport,
    PilotReport,
    RefusePilotRecordal,
    RevokePilot,
    UseRight,
)
from custody.rights import DeclaredShare, RegisterRight, RightRegistered, TitleCheck
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, KeptShareId, OutcomeId, PilotId, PilotReportId
from exchange.core.messages import Command, Record, Rejected
from exchange.core.parties import SellerClass, UserRight
from exchange.core.units import Minor, Ppm
from exchange.engine.state import VENUE_TIME_ZONE
from tests.deals.stage import Desk

TEAM = ("ada", "bo", "cy")
PUBLIC = DeclaredFunding(source="NSFC", country="CN", fiscal=True, amount_minor=Minor(600_000_00))
PRIVATE = DeclaredFunding(source="Li Ltd", country="CN", fiscal=False, amount_minor=Minor(400_000_00))


def part(numerator: int, denominator: int) -> DeclaredShare:
    """A fraction."""
    return DeclaredShare(numerator=numerator, denominator=denominator)


THIRD, SEVEN_TENTHS = part(1, 3), part(7, 10)
KEPT_PRICE = 30_000_01
"""CNY 30,000.01: in thirds the last fen goes to the first of the team."""
REPORTS = (
    DeclaredReport(stage=ReportStage.SCIENCE, due_days=90, subject="bench results"),
    DeclaredReport(stage=ReportStage.TECHNOLOGY, due_days=365, subject="pilot line"),
    DeclaredReport(stage=ReportStage.MILESTONE, due_days=365, subject="first licence"),
)


R = TypeVar("R", bound=Record)
KEPT_STEPS: dict[str, tuple[Callable[..., Command], dict[str, Any], str]] = {
    "object kept": (ObjectToKeptShare, {"reason": "too cheap"}, "pku"),
    "uphold kept": (ResolveKeptShare, {"upheld": True, "reason": "so it is"}, "ops"),
    "dismiss kept": (ResolveKeptShare, {"upheld": False, "reason": "it is not"}, "ops"),
    "withdraw kept": (WithdrawKeptShare, {}, "thu"),
    "confirm kept": (ConfirmKeptShareRecordal, {}, "ops"),
    "refuse kept": (RefuseKeptShareRecordal, {"reason": "a paper is missing", "office_reference": "CN 8"}, "ops"),
}


class Case(Desk):
    """A desk with inventors, an outcome and one pilot case at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.pilot_id = PilotId(0)
        self.outcome_id = OutcomeId(0)
        self.kept_share_id = KeptShareId(0)
        self.kind = PilotKind.OWNERSHIP
        self.reports: tuple[DeclaredReport, ...] = ()
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
        for name in ("kept_share_id", "kind", "reports"):
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
            "kind": self.kind,
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
        """Seven tenths of the right and half of the income for the team; or the whole use right for ten years."""
        fields: dict[str, Any] = {
            "team_share": SEVEN_TENTHS,
            "income_ratio_ppm": Ppm(500_000),
            "duties_sha256": self.file("thu", "duties"),
            "reports": self.reports,
        }
        if self.kind is PilotKind.USE_RIGHT:
            fields |= {"team_share": part(1, 1), "use_years": 10}
        return PilotTerms(**(fields | changed))

    def command(self, step: str, **changed: Any) -> tuple[Command, str]:
        """The command of a step of the case at hand, and who sends it when nothing else is said."""
        if step.endswith(" signs"):
            who = step.removesuffix(" signs")
            fields: dict[str, Any] = {"account_id": self.venue.accounts[who], "terms": self.terms()}
            return AgreePilot(**({"pilot_id": self.pilot_id, **fields} | changed)), who
        if step.endswith(" reports"):
            return self.reporting(step.removesuffix(" reports"), **changed)
        if step.endswith(" buys"):
            who = step.removesuffix(" buys")
            bought: dict[str, Any] = {
                "kept_share_id": self.kept_share_id,
                "account_id": self.venue.accounts[who],
                "contract_sha256": self.file("thu", "transfer"),
                "price_minor": Minor(KEPT_PRICE),
            }
            return SignKeptShare(**(bought | changed)), who
        if step in KEPT_STEPS:
            kept_make, kept_fields, kept_by = KEPT_STEPS[step]
            return kept_make(
                **({"kept_share_id": self.kept_share_id, **kept_fields, **self._office(step)} | changed)
            ), kept_by
        steps: dict[str, tuple[Callable[..., Command], dict[str, Any], str]] = {
            "confirm": (ConfirmPilotRecordal, self._office("confirm"), "ops"),
            "no record": (RefusePilotRecordal, {"reason": "a paper is missing", "office_reference": "CN 7"}, "ops"),
            "extend": (ExtendUseRight, {"years": 5, "decision_sha256": self.file("thu", "extension")}, "dean"),
            "revoke": (RevokePilot, {"reason": "fraud", "document_sha256": self.file("thu", "revocation")}, "ops"),
            "offer": (
                OfferKeptShare,
                {
                    "price_minor": Minor(KEPT_PRICE),
                    "contract_sha256": self.file("thu", "transfer"),
                    "decision_sha256": self.file("thu", "transfer decision"),
                },
                "dean",
            ),
            "decide": (DecidePilot, {"decision_sha256": self.file("thu", "decision")}, "dean"),
            "object": (ObjectToPilot, {"reason": "I took part"}, "pku"),
            "uphold": (ResolvePilot, {"upheld": True, "reason": "so it is"}, "ops"),
            "dismiss": (ResolvePilot, {"upheld": False, "reason": "it is not so"}, "ops"),
            "withdraw": (WithdrawPilot, {}, "thu"),
        }
        make, given, by = steps[step]
        return make(**({"pilot_id": self.pilot_id, **given} | changed)), by

    def reporting(self, who: str, **changed: Any) -> tuple[Command, str]:
        """The command by which somebody files the next report that is owed."""
        owed = sorted(self.venue.state.table(PilotReport))
        fields: dict[str, Any] = {
            "report_id": PilotReportId(owed[0] if owed else 0),
            "account_id": self.venue.accounts[who],
            "document_sha256": self.file(who, "report"),
            "progress_ppm": Ppm(400_000),
        }
        return FilePilotReport(**(fields | changed)), who

    def _office(self, step: str) -> dict[str, Any]:
        """What an office says of a recordal today."""
        if not step.startswith("confirm"):
            return {}
        today = local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()
        return {"effective_date": today, "office_reference": "CNIPA 2026-0001"}

    def step(self, step: str, by: str = "", **changed: Any) -> str:
        """Take one step; a revocation takes two operators, an offer keeps the transfer at hand."""
        if step == "revoke":
            command, _ = self.command(step, **changed)
            events = self.venue.by_two(command)
            return events[0].code.value if isinstance(events[0], Rejected) else ""
        refused = super().step(step, by, **changed)
        if step == "offer" and not refused:
            self.kept_share_id = max(kept for kept in self.venue.state.table(KeptShare))
        return refused

    def use_right(self) -> UseRight:
        """The use right at hand."""
        return self.venue.state.table(UseRight)[self.pilot().asset_ids[0]]

    def kept_share(self) -> KeptShare:
        """The transfer of a kept share at hand, as it was last told."""
        return self.told("kept_share", KeptShare)

    def told(self, name: str, kind: type[R]) -> R:
        """The last record of one kind that an event carried under a name."""
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                found = getattr(event, name, None)
                if isinstance(found, kind):
                    return found
        raise AssertionError(f"nobody told a {kind.__name__}")

    def patented(self) -> None:
        """Let the outcome at hand be one whose right an office records."""
        self.custody(patent_ids=(self.patent("thu"),))

    def assigned(self, *more: str) -> None:
        """A whole case, from its opening to the last signature, and further steps."""
        self.opened()
        self.steps("decide", "wait 16", "thu signs", *(f"{name} signs" for name in self.team), *more)

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
        case.pay_in(name, 20_000_00)
    case.venue.user("dean", "thu", rights=(UserRight.VIEW, UserRight.APPROVE))
    case.venue.user("clerk", "thu", rights=(UserRight.VIEW, UserRight.TRADE))
    return case
