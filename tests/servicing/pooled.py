"""A pool issued and in servicing: the collections name its assets, and the register says whose right fell.

life = Life.opened(Plan.of_fees(), deal)
life.collects(10, 100, left=[...])        what came in, in thousands of CNY: interest, principal, balances left
life.pays()                               the period to its end
"""

from __future__ import annotations

from datetime import date
from typing import Any

from exchange.core.ids import PoolAssetId, ServicingId, to_wire
from exchange.core.messages import Event, Rejected
from exchange.core.units import Minor
from exchange.engine.servicing import end_of_day_ns
from securitization.deal import Deal, read_deal
from securitization.issue_messages import IssueState
from securitization.pool_records import Pool
from securitization.servicing_messages import (
    ApprovePayment,
    DepositCollection,
    FundPayment,
    ImportCollection,
    MakeRepurchase,
    OpenServicing,
    PayPayment,
    PerfectSale,
    PreparePayment,
)
from securitization.servicing_records import CollectionRow, DealPayment, Duty, Named, PeriodFigures, Servicing
from tests.issuing.pooled import Plan
from tests.issuing.stage import DOCUMENT
from tests.sales.stage import THOUSAND

CASH = ("servicer", "agent", "guarantor", "lab", "arranger")


class Life:
    """A plan that is served."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.venue, self.yard = plan, plan.venue, plan.yard
        self.servicing_id = ServicingId(0)
        self.version = 1
        self.rates: dict[str, int] = {}

    @classmethod
    def opened(cls, plan: Plan, text: str = "", **changed: Any) -> Life:
        """Established and taken into servicing; who pays anything has CNY 2,000,000 more."""
        life = cls(plan.established(text, **changed))
        for name in CASH:
            life.yard.pay_in(name, 2_000 * THOUSAND)
        life.venue.by_two(OpenServicing(issue_id=plan.issue_id))
        (life.servicing_id,) = (ServicingId(int(key)) for key in life.venue.state.table(Servicing))  # type: ignore[arg-type]
        return life

    # --- Looking ------------------------------------------------------------------------------------------------------

    def servicing(self) -> Servicing:
        """The servicing, while it is not over."""
        return self.venue.state.table(Servicing)[self.servicing_id]

    def payment(self) -> DealPayment:
        """The payment under way."""
        return self.venue.state.table(DealPayment)[self.servicing().payment_id]

    def status(self) -> str:
        """In what the deal is."""
        return self.servicing().running.status.value

    def duties(self) -> list[str]:
        """What is to be done, as `kind subject state`."""
        return [f"{duty.kind} {duty.subject} {duty.state}" for duty in self.venue.state.table(Duty).values()]

    def redeemed(self) -> bool:
        """Whether it is all over."""
        over = self.plan.issue().state is IssueState.REDEEMED
        assert over == (self.servicing_id not in self.venue.state.table(Servicing))
        return over

    def balances(self) -> list[int]:
        """What the classes are owed, in thousands."""
        return [one.balance_minor // THOUSAND for one in self.plan.issue().classes]

    # --- Stepping -----------------------------------------------------------------------------------------------------

    def key(self, asset: PoolAssetId) -> str:
        """How an asset's row is named."""
        return to_wire("PX", asset)

    def rows(self, interest: int, principal: int, left: dict[PoolAssetId, int]) -> tuple[CollectionRow, ...]:
        """A row an asset: the first one's interest, and principal of each as far as it owes no more."""
        rows: list[CollectionRow] = []
        for asset, owed in sorted(left.items()):
            paid = min(principal, self.plan.pool_asset(asset).balance_minor // THOUSAND - owed)
            row = CollectionRow(
                key=self.key(asset),
                interest_minor=Minor(0 if rows else interest * THOUSAND),
                principal_minor=Minor(max(0, paid) * THOUSAND),
                balance_minor=Minor(owed * THOUSAND),
            )
            principal -= max(0, paid)
            rows.append(row)
        assert not principal, "no asset has so much left to pay"
        return tuple(sorted(rows, key=lambda row: row.key))

    def collection(self, rows: tuple[CollectionRow, ...], **figures: Any) -> ImportCollection:
        """The command that hands rows in."""
        known = {"valuation_minor": Minor(1_500 * THOUSAND)}
        known |= {"rates_ppm": tuple(Named(name=name, value=rate) for name, rate in self.rates.items())}
        return ImportCollection(
            servicing_id=self.servicing_id,
            period=self.servicing().period,
            version=self.version,
            rows=rows,
            figures=PeriodFigures(**(known | figures)),
        )

    def collects(self, interest: int, principal: int, left: dict[PoolAssetId, int], by: str = "servicer") -> None:
        """The period's collection, its money, and the payment worked out."""
        command = self.collection(self.rows(interest, principal, left))
        assert self.venue.refusal(command, by) == ""
        if interest + principal:
            assert self.venue.refusal(DepositCollection(servicing_id=self.servicing_id), by) == ""
        assert self.venue.refusal(PreparePayment(servicing_id=self.servicing_id), by) == ""

    def funds(self, name: str, by: str) -> str:
        """A support or hedge pays in."""
        return self.venue.refusal(FundPayment(payment_id=self.payment().payment_id, name=name), by)

    def to_day(self, day: str) -> None:
        """Let time go by until a day is over; timers fire."""
        self.venue.clock_ns = max(self.venue.clock_ns, end_of_day_ns(date.fromisoformat(day)))
        self.venue.do(DepositCollection(servicing_id=ServicingId(1)), "servicer")  # refused

    def pays(self) -> None:
        """Approved, paid on its day, to the last holder; all that can be proved is."""
        payment = self.payment()
        exact = {"payment_id": payment.payment_id, "plan_sha256": payment.plan_sha256}
        assert self.venue.refusal(ApprovePayment(**exact), "trustee2") == ""
        deal = read_deal(self.servicing().deal_text)
        assert isinstance(deal, Deal)
        self.to_day(deal.periods[self.servicing().period - 1].record_date)
        events = self.venue.by_two(PayPayment(**exact))
        assert not isinstance(events[0], Rejected), events
        self.venue.finish_runs()
        self.version = 1

    def buys_back(self, asset: PoolAssetId, thousands: int, by: str = "lab") -> list[Event]:
        """The originator buys an asset back."""
        command = MakeRepurchase(
            servicing_id=self.servicing_id,
            key=self.key(asset),
            amount_minor=Minor(thousands * THOUSAND),
            reason="breach",
            document_sha256=DOCUMENT,
        )
        return self.venue.do(command, by)

    def perfects(self, by: str = "trustee") -> str:
        """The trustee tells the debtors."""
        command = PerfectSale(servicing_id=self.servicing_id, document_sha256=DOCUMENT)
        return self.venue.refusal(command, by)

    def pool(self) -> Pool:
        """The pool behind it."""
        return self.venue.state.table(Pool)[self.yard.pool_id]
