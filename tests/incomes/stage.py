"""A university with an income to distribute: the desk of a pilot case, one income and one distribution at hand.

stage = Stage.cn()                     `thu` is a state university with CNY 1,000,000.00 of licence income on record
stage.planned()                        a plan of it: the contributors' reward by the law's standard
stage.step("approve"), stage.step("pay"), stage.venue.finish_runs()
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from custody.accounts import AccountKind
from custody.distribution import Line, PayeeShare, PotRole
from custody.distribution_messages import (
    ApproveDistribution,
    Distribution,
    DistributionProposed,
    Income,
    IncomeKind,
    IncomeRecorded,
    PayDistribution,
    PlanPage,
    ProposeDistribution,
    RecordIncome,
    ReleaseUnclaimed,
    RemitWithholding,
    Unclaimed,
    WithdrawDistribution,
    WithdrawIncome,
)
from custody.outcomes import FileShareDeed
from exchange.core.ids import AccountId, AssetId, DistributionId, IncomeId, UnclaimedId
from exchange.core.messages import Command, Rejected
from exchange.core.parties import SellerClass
from exchange.core.units import Minor, Ppm
from tests.deals.stage import Desk
from tests.pilots.stage import TEAM, Case, part

INCOME = 1_000_000_00
NET = 890_000_00
DEDUCTED = (("taxes", 60_000_00), ("upkeep", 20_000_00), ("direct_costs", 30_000_00))


class Stage(Case):
    """A case with an income, and perhaps a distribution, at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.income_id = IncomeId(0)
        self.distribution_id = DistributionId(0)
        self.share_id = AssetId(0)

    @classmethod
    def cn(cls, **fields: Any) -> Stage:
        """The default: an outcome of `thu` in custody, and licence income of it on record."""
        stage = cls.without_income()
        stage.recorded(**fields)
        return stage

    @classmethod
    def without_income(cls) -> Stage:
        """An outcome of `thu` in custody, and the money in its account."""
        return _prepared().twin()

    def twin(self) -> Stage:
        """Another stage with the same past."""
        stage = Stage(self.venue.copy())
        names = ("cn_market", "serial", "deal_id", "right_id", "seller", "buyer", "pilot_id", "outcome_id", "team")
        for name in (*names, "income_id", "distribution_id", "share_id"):
            setattr(stage, name, getattr(self, name))
        return stage

    # --- Income -------------------------------------------------------------------------------------------------------

    def record(self, **changed: Any) -> RecordIncome:
        """The command that puts the income on record."""
        fields: dict[str, Any] = {
            "account_id": self.venue.accounts["thu"],
            "outcome_id": self.outcome_id,
            "money_asset_id": self.money_id(),
            "kind": IncomeKind.LICENCE,
            "amount_minor": Minor(INCOME),
            "evidence_sha256": self.file("thu", "licence contract"),
        }
        return RecordIncome(**(fields | changed))

    def recorded(self, **changed: Any) -> Income:
        """Put an income on record, and keep it at hand."""
        income = self.venue.make(self.record(**changed), IncomeRecorded, "thu").income
        self.income_id = income.income_id
        return income

    def money_id(self) -> AssetId:
        """The market's money."""
        return self.bank().money_asset_id

    # --- The distribution at hand -------------------------------------------------------------------------------------

    def deductions(self) -> list[dict[str, Any]]:
        """CNY 110,000 of taxes, upkeep and direct costs, each with its paper."""
        return [
            {"kind": kind, "amount_minor": amount, "document_sha256": self.file("thu", kind)}
            for kind, amount in DEDUCTED
        ]

    def payees(self, **parts: tuple[int, int]) -> tuple[PayeeShare, ...]:
        """Payees by name, each with a fraction."""
        accounts = self.venue.accounts
        return tuple(PayeeShare(account_id=accounts[name], share=part(*share)) for name, share in parts.items())

    def proposal(self, **changed: Any) -> ProposeDistribution:  # type: ignore[override]
        """The command that has the plan worked out: golden deductions, the team in equal parts."""
        from msgspec import convert

        from custody.distribution import Deduction

        fields: dict[str, Any] = {
            "income_id": self.income_id,
            "deductions": tuple(convert(one, Deduction, strict=False) for one in self.deductions()),
            "contributors": self.payees(**dict.fromkeys(TEAM, (1, len(TEAM)))),
            "split_sha256": self.file("thu", "team split"),
        }
        return ProposeDistribution(**(fields | changed))

    def planned(self, by: str = "thu", **changed: Any) -> Distribution:
        """Have a plan worked out, and keep it at hand."""
        made = self.venue.make(self.proposal(**changed), DistributionProposed, by).distribution
        self.distribution_id = made.distribution_id
        self.venue.finish_runs()
        return self.distribution()

    def distribution(self) -> Distribution:
        """The distribution at hand as it last was, also when memory has let it go."""
        return self._last(Distribution, "distribution_id", self.distribution_id)

    def income(self) -> Income:
        """The income at hand as it last was."""
        return self._last(Income, "income_id", self.income_id)

    def _last(self, kind: Any, key: str, wanted: int) -> Any:
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                for name in event.__struct_fields__:
                    value = getattr(event, name)
                    if isinstance(value, kind) and getattr(value, key) == wanted:
                        return value
        raise AssertionError(f"no {kind.__name__} at hand")

    def lines(self) -> list[Line]:
        """Every line of the plan at hand, page after page, paid or not."""
        pages: dict[int, PlanPage] = {}
        for entry in self.venue.journal:
            for event in entry.events:
                found = [getattr(event, "page", None), *getattr(event, "pages", ())]
                for page in found:
                    if isinstance(page, PlanPage) and page.distribution_id == self.distribution_id:
                        pages[page.n] = page
        return [line for n in sorted(pages) for line in pages[n].lines]

    def pot(self, role: PotRole) -> int:
        """What is in one pot of the plan at hand; 0: there is none."""
        return sum(pot.amount_minor for pot in self.distribution().pots if pot.role is role)

    def steps_of(self, step: str, **changed: Any) -> tuple[Command, str]:
        """The command of a step of the distribution at hand, and who sends it."""
        known = self.distribution() if self.distribution_id else None
        named = {"distribution_id": self.distribution_id}
        plan = {**named, "plan_sha256": known.plan_sha256 if known else "0" * 64}
        waiting = self.waiting()
        paper = {"bank_reference": "TAX-1", "evidence_sha256": self.file("thu", "tax receipt")}
        steps: dict[str, tuple[Callable[..., Command], dict[str, Any], str]] = {
            "propose": (ProposeDistribution, {}, "thu"),
            "withdraw income": (WithdrawIncome, {"income_id": self.income_id}, "thu"),
            "withdraw": (WithdrawDistribution, named, "thu"),
            "approve": (ApproveDistribution, plan, "dean"),
            "pay": (PayDistribution, plan, "ops"),
            "release": (
                ReleaseUnclaimed,
                {"unclaimed_id": waiting[0].unclaimed_id if waiting else UnclaimedId(1)},
                "ops",
            ),
            "remit": (RemitWithholding, {**named, **paper}, "ops"),
        }
        make, fields, by = steps[step]
        if step == "propose":
            return self.proposal(**changed), by
        return make(**(fields | changed)), by

    def take(self, step: str, by: str = "", **changed: Any) -> str:
        """Take one step; answers the code it is refused with, or nothing. `run` finishes what runs."""
        if step == "run":
            self.venue.finish_runs()
            return ""
        command, sender = self.steps_of(step, **changed)
        if step in ("pay", "remit"):
            events = self.venue.by_two(command, by or sender)
            return events[0].code.value if isinstance(events[0], Rejected) else ""
        events = self.venue.do(command, by or sender)
        if events and isinstance(events[0], Rejected):
            return events[0].code.value
        if isinstance(events[0], DistributionProposed):
            self.distribution_id = events[0].distribution.distribution_id
        return ""

    def takes(self, *steps: str) -> None:
        """Take several steps, none of which is refused."""
        for step in steps:
            refused = self.take(step)
            assert not refused, f"{step}: {refused}"

    def refused_by(self, command: Command, by: str = "thu") -> tuple[str, str]:
        """The code and the provision a command is refused with."""
        events = self.venue.do(command, by)
        first = events[0]
        assert isinstance(first, Rejected), first
        return first.code.value, first.rule.provision if first.rule else ""

    # --- Shares -------------------------------------------------------------------------------------------------------

    def floats(self, *, ratio_ppm: int = 400_000, **units: int) -> AssetId:
        """Let the outcome float under a deed, and hand its holders their units; the rest stays with `thu`."""
        deed = FileShareDeed(
            outcome_id=self.outcome_id,
            version=1,
            document_sha256=self.file("thu", "deed"),
            registered_holder_id=self.venue.members["thu"],
            signer_ids=(self.venue.members["thu"],),
            transfer_consent=True,
            preemption_waived=True,
            majority_ppm=Ppm(500_000),
            income_ratio_ppm=Ppm(ratio_ppm),
        )
        refused = self.venue.refusal(deed, "thu")
        assert not refused, refused
        self.share_id = self.floated()
        self.hand(**units)
        return self.share_id

    def hand(self, **units: int) -> None:
        """Move shares from `thu` to others, as trades would."""
        accounts, share_id = self.venue.accounts, self.share_id
        named = [(accounts[name], count) for name, count in units.items() if count]
        self.move([(accounts["thu"], -sum(count for _, count in named)), *named], share_id)

    def move(self, legs: list[tuple[AccountId, int]], asset_id: AssetId) -> None:
        """Post one transfer, by hand."""
        if any(units for _, units in legs):
            self.venue.seed(
                lambda state, header: [
                    state.ledger.move(header.sequence, [(account, asset_id, units) for account, units in legs])
                ]
            )

    def waiting(self) -> list[Unclaimed]:
        """What waits for its payee."""
        return list(self.venue.state.table(Unclaimed).values())

    def kept_for(self, kind: AccountKind) -> int:
        """What lies in the distribution's own account of one kind."""
        found = self.distribution()
        account = found.escrow_account_id if kind is AccountKind.ESCROW else found.tax_account_id
        return self.venue.state.ledger.units(account, self.money_id())


@functools.cache
def _prepared() -> Stage:
    case = Case.cn()
    stage = Stage(case.venue)
    for name in ("cn_market", "serial", "deal_id", "right_id", "seller", "buyer", "pilot_id", "outcome_id", "team"):
        setattr(stage, name, getattr(case, name))
    stage.pay_in("thu", INCOME)
    stage.trader("hana", country="JP")
    stage.trader("gus", country="DE")
    stage.trader("tao", seller_class=SellerClass.INVENTOR)
    assert isinstance(stage, Desk)
    return stage
