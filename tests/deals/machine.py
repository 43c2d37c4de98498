"""Any sequence of steps and days, on the engine and with the clerk; compared after each, and loaded and replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.rights import TitleCheck
from exchange.assets.messages import PatentStub
from exchange.core.ids import DealId
from exchange.core.instruments import TitleRegime
from exchange.core.units import Minor
from tests.deals.stage import CASH, Desk
from tests.models.deal_model import Clerk
from tests.rulebook.shipped import calendar

PRICES = st.one_of(
    st.sampled_from([1, 99_999, 100_000, 100_001, 10_000_000, 10_000_001, 99_009_900, 99_009_901, CASH]),
    st.integers(1, CASH // 4),
)
"""The fee's corners, and the price at which price and fee are exactly the buyer's money, and one fen more."""
STEPS = ("propose", "accept", "object", "resolve", "sign", "answer", "withdraw", "restart", "twice")
LAST_DAY = datetime(2027, 5, 1, tzinfo=UTC)


class DealMachine(RuleBasedStateMachine):
    """The agreement beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk.cn()
        self.desk.venue.checking = self.checking

    @initialize(
        university=st.booleans(), american=st.booleans(), wait=st.booleans(), days=st.sampled_from([0, 18, 19, 45, 200])
    )
    def begin(self, university: bool, american: bool, wait: bool, days: int) -> None:
        """A seller with or without publicity, a right with or without an office, terms that wait for it or not."""
        self.desk.seller = "thu" if university else "lab"
        self.desk.right_id = self.desk.right(self.desk.seller)
        if american:
            self.desk.american()
        self.wait = wait
        self.desk.step(f"wait {days}")
        year = calendar("cn")
        self.clerk = Clerk(
            publicity_days=15 if university else 0,
            needs_office=wait or not american,
            closed_days=year.holidays,
            open_days=year.extra_days,
            calendar_until=year.covers_until,
            seller_money=0,
            buyer_money=CASH,
        )

    def another_right(self) -> None:
        """The seller has more than one right to sell."""
        desk = self.desk
        american = desk.right_of(desk.right_id).title_regime is TitleRegime.US_SIGNED_WRITING
        desk.right_id = desk.right(desk.seller)
        desk.deal_id = DealId(0)
        if american:
            desk.american()
        self.clerk.owner, self.clerk.state = "seller", "none"

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.desk.venue.clock_ns / 1e9, tz=UTC)

    def both(self, step: str, answer: str, **changed: Any) -> None:
        """Take a step on the engine, whose answer must be the clerk's."""
        assert self.desk.step(step, **changed) == answer, step

    @rule(step=st.sampled_from(STEPS), price=PRICES, yes=st.booleans())
    def any_step(self, step: str, price: int, yes: bool) -> None:
        """A step in season or out of it."""
        match step:
            case "propose":
                self.propose(price)
            case "accept":
                self.accept()
            case "object":
                self.object()
            case "resolve":
                self.resolve(upheld=yes)
            case "sign":
                self.sign("buyer" if yes else "seller")
            case "answer":
                self.answer(granted=yes)
            case "withdraw":
                self.withdraw(by_buyer=yes)
            case "restart":
                self.desk.venue.restart()
            case _:
                self.sign("buyer" if yes else "seller")
                self.sign("buyer" if yes else "seller")

    @rule(price=PRICES, well=st.booleans(), late=st.booleans())
    def go_on(self, price: int, well: bool, late: bool) -> None:
        """Whatever brings the deal further: left to chance, it would seldom come to its end."""
        match self.clerk.state:
            case "proposed":
                self.accept()
            case "publicity" if not well and not late:
                self.object()
            case "publicity":
                self.wait_for(self.clerk.shown_until, late)
            case "objected":
                self.resolve(upheld=late)
            case "signing":
                self.sign("buyer" if well ^ ("buyer" in self.clerk.signed) else "seller")
            case "contracted":
                self.answer(granted=well)
            case "completed":
                self.propose(price)  # it is another's now
                self.another_right()
            case _:
                self.propose(price)

    @rule(price=PRICES, times=st.integers(1, 4), late=st.booleans())
    def go_on_well(self, price: int, times: int, late: bool) -> None:
        """Several steps towards the end in a row."""
        for _ in range(times):
            self.go_on(price, well=True, late=late)
            self.money_and_right_lie_where_the_clerk_says()

    @precondition(lambda self: self.clerk.stop_at is not None)
    @rule(late=st.booleans())
    def the_office_is_slow(self, late: bool) -> None:
        """Until a second before the long stop, or after it."""
        assert self.clerk.stop_at is not None
        self.wait_for(self.clerk.stop_at + timedelta(seconds=1 if late else -1), late)

    def wait_for(self, due: datetime | None, late: bool) -> None:
        """Let time pass to the moment itself, or to a second before it."""
        assert due is not None
        self.desk.venue.clock_ns = max(self.desk.venue.clock_ns, int(due.timestamp()) * 10**9 - (0 if late else 10**9))
        self.desk.tick()
        self.clerk.clock(self.now())

    def propose(self, price: int) -> None:
        command = self.desk.proposal(price_minor=Minor(price), wait_for_recordal=self.wait)
        expected = self.clerk.propose(price)
        if expected:
            assert self.desk.venue.refusal(command, self.desk.seller) == expected
        else:
            self.desk.offered(price_minor=Minor(price), wait_for_recordal=self.wait)

    def accept(self) -> None:
        self.both("accept", self.clerk.accept(self.now()))

    def object(self) -> None:
        self.both("object", self.clerk.object())

    def resolve(self, upheld: bool) -> None:
        self.both("uphold" if upheld else "dismiss", self.clerk.resolve(upheld, self.now()))

    def sign(self, side: str) -> None:
        self.both(f"{side} signs", self.clerk.sign(side, self.now()))

    def answer(self, granted: bool) -> None:
        self.both("confirm" if granted else "refuse", self.clerk.recorded(granted))

    def withdraw(self, by_buyer: bool) -> None:
        self.both("withdraw", self.clerk.withdraw(), by=self.desk.buyer if by_buyer else self.desk.seller)

    @precondition(lambda self: self.now() < LAST_DAY)
    @rule(days=st.sampled_from([1, 5, 13, 15, 16, 90, 180]))
    def pass_days(self, days: int) -> None:
        self.desk.step(f"wait {days}")
        self.clerk.clock(self.now())

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
        patent = desk.venue.state.table(PatentStub)[desk.right_of(desk.right_id).patent_id]
        assert patent.owner_id == desk.venue.members["li" if clerk.owner == "buyer" else desk.seller]
        if clerk.owner == "buyer" and desk.right_of(desk.right_id).title is not TitleCheck.CLEAR:
            desk.examine(desk.right_id, TitleCheck.CLEAR)

    def teardown(self) -> None:
        self.desk.venue.close()
