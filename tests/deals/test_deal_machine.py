"""Any sequence of steps and days, on the engine and with the clerk; compared after each, and loaded and replayed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.rights import TitleCheck
from exchange.core.units import Minor
from tests.deals.stage import CASH, Desk
from tests.models.deal_model import Clerk
from tests.rulebook.shipped import calendar

PRICES = st.one_of(
    st.sampled_from([1, 99_999, 100_000, 100_001, 10_000_000, 10_000_001, 99_009_900, 99_009_901, CASH]),
    st.integers(1, CASH),
)
"""The fee's corners, and the price at which price and fee are exactly the buyer's money, and one fen more."""
LAST_DAY = datetime(2027, 5, 1, tzinfo=UTC)


class DealMachine(RuleBasedStateMachine):
    """The agreement beside its model."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk.cn()

    @initialize(university=st.booleans(), american=st.booleans(), wait=st.booleans())
    def begin(self, university: bool, american: bool, wait: bool) -> None:
        """A seller with or without publicity, a right with or without an office, terms that wait for it or not."""
        self.desk.seller = "thu" if university else "lab"
        self.desk.right_id = self.desk.right(self.desk.seller)
        if american:
            self.desk.american()
        self.wait = wait
        days = calendar("cn")
        self.clerk = Clerk(
            publicity_days=15 if university else 0,
            needs_office=wait or not american,
            closed_days=days.holidays,
            open_days=days.extra_days,
            seller_money=0,
            buyer_money=CASH,
        )

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.desk.venue.clock_ns / 1e9, tz=UTC)

    def both(self, step: str, answer: str, **changed: Any) -> None:
        """Take a step on the engine, whose answer must be the clerk's."""
        assert self.desk.step(step, **changed) == answer, step

    @rule(price=PRICES)
    def propose(self, price: int) -> None:
        command = self.desk.proposal(price_minor=Minor(price), wait_for_recordal=self.wait)
        expected = self.clerk.propose(price)
        if expected:
            assert self.desk.venue.refusal(command, self.desk.seller) == expected
        else:
            self.desk.offered(price_minor=Minor(price), wait_for_recordal=self.wait)

    @rule()
    def accept(self) -> None:
        self.both("accept", self.clerk.accept(self.now()))

    @rule()
    def object(self) -> None:
        self.both("object", self.clerk.object())

    @rule(upheld=st.booleans())
    def resolve(self, upheld: bool) -> None:
        self.both("uphold" if upheld else "dismiss", self.clerk.resolve(upheld, self.now()))

    @rule(side=st.sampled_from(["seller", "buyer"]))
    def sign(self, side: str) -> None:
        self.both(f"{side} signs", self.clerk.sign(side, self.now()))

    @rule(granted=st.booleans())
    def answer(self, granted: bool) -> None:
        self.both("confirm" if granted else "refuse", self.clerk.recorded(granted))

    @rule(by_buyer=st.booleans())
    def withdraw(self, by_buyer: bool) -> None:
        self.both("withdraw", self.clerk.withdraw(), by=self.desk.buyer if by_buyer else self.desk.seller)

    @precondition(lambda self: self.now() < LAST_DAY)
    @rule(days=st.sampled_from([1, 5, 13, 15, 16, 90, 180]))
    def pass_days(self, days: int) -> None:
        self.desk.step(f"wait {days}")
        self.clerk.clock(self.now())

    @rule()
    def restart(self) -> None:
        self.desk.venue.restart()

    @invariant()
    def money_and_right_lie_where_the_clerk_says(self) -> None:
        desk, clerk = self.desk, getattr(self, "clerk", None)
        if clerk is None:
            return
        assert desk.escrow() == clerk.drawer
        assert (desk.money(desk.seller), desk.money("li")) == (clerk.seller_money, clerk.buyer_money)
        assert desk.fees_due() == clerk.venue_money
        assert desk.owner() == ("li" if clerk.owner == "buyer" else desk.seller)
        assert bool(desk.held()) == (clerk.drawer > 0)
        if clerk.state != "none":
            assert desk.deal().state.value == clerk.state
        if clerk.owner == "buyer" and desk.right_of(desk.right_id).title is not TitleCheck.CLEAR:
            desk.examine(desk.right_id, TitleCheck.CLEAR)

    def teardown(self) -> None:
        self.desk.venue.close()


TestDealMachine = DealMachine.TestCase
TestDealMachine.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
