"""A deal of two classes in servicing: its notes are held by `wu`, `ren` and `li`, its periods lie ahead of the venue's
clock. What is asked goes through the engine; only the notes are put by hand, for issuing has tests of its own."""

from __future__ import annotations

import dataclasses

import msgspec

from custody.ledger import Leg
from exchange.core.ids import AssetId
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import Role, UserRight
from exchange.core.units import Minor
from exchange.engine.issuance import issue_units
from exchange.engine.state import ExchangeState
from securitization.deal import Deal, canonical_deal, read_deal
from securitization.deal_problems import Problem
from securitization.periods import PoolPeriod, read_periods
from securitization.servicing_messages import (
    ApprovePayment,
    CollectionRow,
    DealPayment,
    DepositCollection,
    FundPayment,
    ImportCollection,
    Linked,
    NoteClass,
    OpenServicing,
    PayPayment,
    PeriodFigures,
    PreparePayment,
    Servicing,
    ServicingOpened,
)
from securitization.shipped import example_deal_text, example_periods_text
from tests.support import Seeded, Venue

SENIOR = {"wu": 60, "ren": 30, "li": 1}
JUNIOR = {"ren": 7, "li": 3}


def deal_and_periods() -> tuple[Deal, list[PoolPeriod]]:
    """The shipped deal of two classes in the sandbox's currency, two years later."""
    deal = read_deal(example_deal_text("two_classes"))
    assert not isinstance(deal, Problem)
    later = tuple(
        msgspec.structs.replace(one, **{name: _later(getattr(one, name)) for name in one.__struct_fields__})
        for one in deal.periods
    )
    deal = msgspec.structs.replace(deal, currency="XTS", periods=later)
    periods = read_periods(deal, example_periods_text("two_classes"))
    assert not isinstance(periods, Problem)
    return deal, periods


def _later(day: str) -> str:
    return f"{int(day[:4]) + 2}{day[4:]}"


@dataclasses.dataclass
class Stage:
    """A venue with the deal in servicing."""

    venue: Venue
    deal: Deal
    periods: list[PoolPeriod]
    notes: dict[str, AssetId]
    servicing_id: int = 0

    @classmethod
    def opened(cls) -> Stage:
        """The servicing just taken up: half a year before the first payment date."""
        stage = cls.ready()
        requested = stage.venue.by_two(stage.opening())
        found = next(event for event in requested if isinstance(event, ServicingOpened))
        stage.servicing_id = found.servicing.servicing_id
        return stage

    @classmethod
    def ready(cls) -> Stage:
        """Everybody is there, and the notes are held."""
        venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
        cash = {"originator": 10**9, "servicer": 2 * 10**10, "bank": 10**9}
        for name in ("originator", "servicer", "trustee", "bank"):
            venue.member(name, Role.INTERMEDIARY, cash=cash.get(name, 0))
        venue.user("trustee2", "trustee", (UserRight.VIEW, UserRight.APPROVE))
        for name in ("wu", "ren", "li"):
            venue.member(name)
        deal, periods = deal_and_periods()
        stage = cls(venue, deal, periods, {})
        stage.notes = {"senior": stage._note("senior", SENIOR), "junior": stage._note("junior", JUNIOR)}
        return stage

    def _note(self, name: str, parts: dict[str, int]) -> AssetId:
        accounts, found = self.venue.accounts, []

        def seed(state: ExchangeState, header: Header) -> Seeded:
            first = next(iter(parts))
            issue = issue_units(
                state,
                header,
                ordinal=1,
                kind=AssetKind.NOTE,
                code=f"NOTE:{name}",
                total_units=sum(parts.values()),
                title_regime=TitleRegime.OWN_REGISTER,
                subject_id=0,
                to_account_id=accounts[first],
            )
            note_id = issue.asset.asset_id
            legs: list[Leg] = []
            for holder, units in list(parts.items())[1:]:
                legs += [(accounts[first], note_id, -units), (accounts[holder], note_id, units)]
            found.append(note_id)
            return [issue.asset, issue.account, issue.movement, state.ledger.move(header.sequence, legs)]

        self.venue.seed(seed)
        return found[0]

    def opening(self, **changed: object) -> OpenServicing:
        """The command that takes the deal into servicing."""
        accounts = self.venue.accounts
        command = OpenServicing(
            name="Two classes",
            deal_text=canonical_deal(self.deal),
            money_asset_id=self.venue.money,
            originator_account_id=accounts["originator"],
            servicer_account_id=accounts["servicer"],
            trustee_account_id=accounts["trustee"],
            classes=tuple(NoteClass(name=name, asset_id=note_id) for name, note_id in self.notes.items()),
            payees=(
                Linked(name="trustee", account_id=accounts["trustee"]),
                Linked(name="line", account_id=accounts["bank"]),
            ),
        )
        return msgspec.structs.replace(command, **changed)

    def servicing(self) -> Servicing:
        """The servicing as it is kept."""
        return self.venue.state.table(Servicing)[self.servicing_id]

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
            "fund": (lambda: FundPayment(payment_id=payment_id, name="line"), "bank"),
            "approve": (lambda: ApprovePayment(payment_id=payment_id, plan_sha256=plan), "trustee2"),
            "pay": (lambda: PayPayment(payment_id=payment_id, plan_sha256=plan), "ops"),
        }
        make, by = steps[name]
        command = msgspec.structs.replace(make(), **changed)
        return venue.by_two(command) if name == "pay" else venue.do(command, by)

    def to_payment_date(self) -> None:
        """Let the record date of the period pass: the payment date has begun."""
        from datetime import date

        from exchange.engine.servicing import end_of_day_ns

        day = date.fromisoformat(self.deal.periods[self.servicing().period - 1].record_date)
        self.venue.clock_ns = max(self.venue.clock_ns, end_of_day_ns(day))
        self.venue.do(DepositCollection(servicing_id=1), "servicer")  # refused; time goes by before it
