"""A deal of two classes in servicing: issued here, its notes held by `wu`, `ren` and `li`; `licensor0` keeps three.

Everything goes through the engine, from the published text on: what is served is what was issued.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from datetime import date

import msgspec

from exchange.core.ids import AssetId, IssueId, OfferingId
from exchange.core.messages import Event, Rejected
from exchange.core.parties import UserRight
from exchange.core.units import Minor, Ppm
from exchange.engine.servicing import end_of_day_ns
from securitization.deal import Deal, read_deal
from securitization.deal_problems import Problem
from securitization.issue_messages import ClassTerms, Issue
from securitization.offering_messages import ClassOffer, Offering, PlaceBookBid, Pricing
from securitization.periods import PoolPeriod, read_periods
from securitization.servicing import due_date
from securitization.servicing_messages import (
    ApprovePayment,
    DepositCollection,
    FundPayment,
    ImportCollection,
    OpenServicing,
    PayPayment,
    PerfectSale,
    PreparePayment,
    ServicingOpened,
)
from securitization.servicing_records import Calendar, CollectionRow, DealPayment, DutyKind, PeriodFigures, Servicing
from securitization.shipped import example_deal_text, example_periods_text
from tests.issuing import stage as issuing
from tests.support import Venue

FACE = 10_000
SENIOR = {"wu": 60, "ren": 29, "li": 1}
JUNIOR = {"ren": 7, "licensor0": 3}
CASH = {"servicer": 2_000_000, "guarantor": 100_000, "licensor0": 100_000}
NOTHING = PoolPeriod(
    interest_minor=0,
    principal_minor=0,
    recoveries_minor=0,
    defaults_minor=0,
    balance_minor=1_050_000,
    valuation_minor=1_500_000,
)
"""A period in which nothing came in."""
SMALLER = 10_000
"""The deal served here is the shipped one divided by this, in the sandbox's currency and two years later."""


@functools.cache
def deal_and_periods() -> tuple[Deal, list[PoolPeriod]]:
    """The deal that is issued, and what its pool brings, period by period."""
    whole = read_deal(example_deal_text("two_classes"))
    assert not isinstance(whole, Problem)
    periods = read_periods(whole, example_periods_text("two_classes"))
    assert not isinstance(periods, Problem)
    deal = read_deal(text())
    assert not isinstance(deal, Problem)
    return deal, [smaller(period) for period in periods]


def text() -> str:
    """The deal's text."""
    whole = json.loads(example_deal_text("two_classes"))
    later = [{name: f"{int(day[:4]) + 2}{day[4:]}" for name, day in period.items()} for period in whole["periods"]]
    supports = [support | {"limit_minor": support["limit_minor"] // SMALLER} for support in whole["supports"]]
    return issuing.deal_text(periods=later, supports=supports)


def smaller(period: PoolPeriod) -> PoolPeriod:
    """A period's figures in the size of the deal served here."""
    names = ("interest", "principal", "recoveries", "defaults", "balance", "valuation")
    return msgspec.structs.replace(
        period, **{f"{name}_minor": getattr(period, f"{name}_minor") // SMALLER for name in names}
    )


@functools.cache
def _established(published: str) -> issuing.Stage:
    """The deal issued: 90 senior and 10 junior notes of 10,000, of which the originator keeps three."""
    stage = issuing.Stage(investors=0)
    venue = stage.venue
    for name in ("wu", "ren", "li"):
        venue.member(name, cash=1_000_000)
    for name, cash in CASH.items():
        venue.deposit(name, cash)
    venue.user("trustee2", "trustee", (UserRight.VIEW, UserRight.APPROVE))
    terms = (
        ClassTerms(name="senior", note_face_minor=Minor(FACE), rated=True),
        ClassTerms(name="junior", note_face_minor=Minor(FACE), retained_ppm=Ppm(300_000)),
    )
    stage.propose_text(published, classes=terms)
    stage.satisfy()
    price = {"least_minor": Minor(FACE), "most_minor": Minor(FACE)}
    offers = tuple(ClassOffer(name=name, lot_notes=1, **price) for name in ("senior", "junior"))
    venue.by_two(stage.terms(Pricing.FIXED, classes=offers))
    stage.offering_id = OfferingId(int(next(iter(venue.state.table(Offering)))))
    for name, parts in (("senior", SENIOR), ("junior", JUNIOR)):
        for who, notes in parts.items():
            if who != "licensor0":
                bid = PlaceBookBid(
                    offering_id=stage.offering_id,
                    account_id=venue.accounts[who],
                    class_name=name,
                    notes=notes,
                    limit=FACE,
                )
                assert venue.refusal(bid, who) == ""
    stage.close()
    venue.finish_runs()
    return stage


@dataclasses.dataclass
class Stage:
    """A venue with the deal in servicing."""

    venue: Venue
    deal: Deal
    periods: list[PoolPeriod]
    notes: dict[str, AssetId]
    issue_id: IssueId
    servicing_id: int = 0

    @classmethod
    def opened(cls) -> Stage:
        """The servicing just taken up: months before the first payment date."""
        stage = cls.ready()
        requested = stage.venue.by_two(stage.opening())
        found = next(event for event in requested if isinstance(event, ServicingOpened))
        stage.servicing_id = found.servicing.servicing_id
        return stage

    @classmethod
    def ready(cls, published: str = "") -> Stage:
        """The deal is issued, or another text of it, and nobody serves it yet."""
        issued = _established(published or text())
        deal, periods = deal_and_periods()
        if published:
            read = read_deal(published)
            assert not isinstance(read, Problem)
            deal = read
        notes = {one.name: one.asset_id for one in issued.issue().classes}
        return cls(issued.venue.copy(), deal, periods, notes, issued.issue_id)

    def opening(self, **changed: object) -> OpenServicing:
        """The command that takes the deal into servicing."""
        return msgspec.structs.replace(OpenServicing(issue_id=self.issue_id), **changed)

    def issue(self) -> Issue:
        """The issue that is served."""
        return self.venue.state.table(Issue)[self.issue_id]

    def servicing(self) -> Servicing:
        """The servicing as it is kept, or as it was last told."""
        kept = self.venue.state.table(Servicing).get(self.servicing_id)
        if kept is not None:
            return kept
        told = (getattr(event, "servicing", None) for entry in self.venue.journal[::-1] for event in entry.events)
        return next(found for found in told if isinstance(found, Servicing))

    def payment(self) -> DealPayment:
        """The payment under way."""
        return self.venue.state.table(DealPayment)[self.servicing().payment_id]

    def collection(self, pool: PoolPeriod, version: int = 1) -> ImportCollection:
        """A period's collection in two rows."""
        half = {name: getattr(pool, f"{name}_minor") // 3 for name in ("interest", "principal", "balance")}
        row = CollectionRow(key="a-1", **{f"{name}_minor": Minor(value) for name, value in half.items()})
        rest = CollectionRow(
            key="a-2",
            **{f"{name}_minor": Minor(getattr(pool, f"{name}_minor") - value) for name, value in half.items()},
            default_minor=Minor(pool.defaults_minor),
            recovery_minor=Minor(pool.recoveries_minor),
        )
        return ImportCollection(
            servicing_id=self.servicing_id,
            period=self.servicing().period,
            version=version,
            rows=(row, rest),
            figures=PeriodFigures(valuation_minor=Minor(pool.valuation_minor)),
        )

    def step(self, name: str, **changed: object) -> str:
        """Take a step; answers the code of its refusal, or nothing."""
        events = self.take(name, **changed)
        return events[0].code.value if isinstance(events[0], Rejected) else ""

    def take(self, name: str, **changed: object) -> list[Event]:
        """Take a step of the period, and answer what it told."""
        venue, servicing_id = self.venue, self.servicing_id
        at_hand = venue.state.table(Servicing).get(servicing_id)
        payment_id = at_hand.payment_id if at_hand else 0
        known = venue.state.table(DealPayment).get(payment_id)
        plan = known.plan_sha256 if known else "0" * 64
        steps = {
            "import": (lambda: self.collection(self.periods[self.servicing().period - 1]), "servicer"),
            "deposit": (lambda: DepositCollection(servicing_id=servicing_id), "servicer"),
            "prepare": (lambda: PreparePayment(servicing_id=servicing_id), "servicer"),
            "fund": (lambda: FundPayment(payment_id=payment_id, name="line"), "guarantor"),
            "approve": (lambda: ApprovePayment(payment_id=payment_id, plan_sha256=plan), "trustee2"),
            "pay": (lambda: PayPayment(payment_id=payment_id, plan_sha256=plan), "ops"),
            "serve": (self.opening, "ops"),
            "perfect": (lambda: PerfectSale(servicing_id=servicing_id, document_sha256=issuing.DOCUMENT), "trustee"),
            "import part": (lambda: self.part(self.periods[self.servicing().period - 1]), "servicer"),
            "import nothing": (lambda: self.collection(NOTHING), "servicer"),
            "import again": (lambda: self.collection(NOTHING, version=2), "servicer"),
        }
        make, by = steps[name]
        command = msgspec.structs.replace(make(), **changed)
        return venue.by_two(command) if name in ("pay", "serve") else venue.do(command, by)

    def part(self, pool: PoolPeriod) -> ImportCollection:
        """The first part of a collection that has more."""
        whole = self.collection(pool)
        return msgspec.structs.replace(whole, rows=whole.rows[:1], figures=None)

    def to_payment_date(self) -> None:
        """Let the record date of the period pass: the payment date has begun."""
        day = date.fromisoformat(self.deal.periods[self.servicing().period - 1].record_date)
        self.to_day(day)

    def to_collection_day(self) -> None:
        """Let the day pass by which the collection is to be handed in."""
        self.to_day(due_date(self.deal, self.servicing().period, Calendar(), DutyKind.COLLECTION))

    def to_day(self, day: date) -> None:
        """Let a day pass; timers fire."""
        self.venue.clock_ns = max(self.venue.clock_ns, end_of_day_ns(day))
        self.venue.do(DepositCollection(servicing_id=1), "servicer")  # refused; time goes by before it
