"""Any sequence of payments, reports and days, on the engine and with the bookkeeper; compared after each."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.deals.promises import ALL, DAY_NS, Promises
from tests.deals.stage import PRICE
from tests.models.obligation_model import Bookkeeper

NAMES = ("I1", "I2", "M1", "R1", "R2", "E1")
NAME = st.sampled_from(NAMES)
BASES = st.sampled_from([0, 200_000_150, 900_000_150])
"""Below the minimum of 50,000 yuan, and above it with half a fen beside an even one."""


@functools.cache
def promised(cash: int) -> Promises:
    """Every kind of item, and a buyer who can pay all of it or only some; copied, never changed."""
    return Promises.of(ALL, cash)


class DebtMachine(RuleBasedStateMachine):
    """Obligations beside their model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.due: Promises
        self.model: Bookkeeper | None = None

    @initialize(cash=st.sampled_from([1, 100, 2_000]), day=st.sampled_from([0, 0, 89, 366, 731]))
    def begin(self, cash: int, day: int) -> None:
        """The right has just passed, or some time ago."""
        self.due = promised(cash).again()
        self.due.venue.checking = self.checking
        milestone, royalty, equity = ALL.milestones[0], ALL.royalty, ALL.equity
        assert royalty is not None and equity is not None
        self.model = Bookkeeper(
            price=PRICE, buyer=self.due.money("li"), seller=self.due.money("lab"), venue=self.due.fees_due()
        )
        self.model.promise(
            [(int(one.amount_minor), one.due_days) for one in ALL.instalments],
            [(int(milestone.amount_minor), milestone.within_days, milestone.due_days)],
            (Fraction(3, 100), int(royalty.minimum_minor), royalty.years, royalty.due_days),
            equity.due_days,
        )
        self.pass_days(day)

    @property
    def sheet(self) -> Bookkeeper:
        assert self.model is not None
        return self.model

    @property
    def today(self) -> int:
        """Whole days since the right passed."""
        return (self.due.venue.clock_ns - self.due.passed_ns) // DAY_NS

    def both(self, who: str, verb: str, name: str, number: int, answer: str) -> None:
        """Take a step on the engine, whose answer must be the model's."""
        assert self.due.venue.refusal(self.due.do(who, verb, name, f"{number}fen"), who) == answer, f"{verb} {name}"

    @rule(name=NAME, part=st.sampled_from([1, 2, 3, 1, 1]), more=st.sampled_from([0, 0, 0, 1]))
    def pay(self, name: str, part: int, more: int) -> None:
        """All that is owed, or a part of it, or a fen more."""
        one = self.sheet.sheets[name]
        amount = max(1, (one.amount - one.paid) // part + more)
        self.both("li", "pays", name, amount, self.sheet.pay(name, amount))

    @rule(name=st.sampled_from(["M1", "R1", "R2", "M1", "R1", "R2", "I1", "E1"]), base=BASES, by=st.booleans())
    def report(self, name: str, base: int, by: bool) -> None:
        """In season or out of it."""
        base = base if name.startswith("R") else min(base, 1) * by
        who = "ops" if by else "li"
        self.both(who, "reports", name, base, self.sheet.report(name, base, self.today))

    @rule(name=st.sampled_from(["E1", "E1", "I2", "M1"]))
    def deliver(self, name: str) -> None:
        self.both("lab", "delivered", name, 0, self.sheet.deliver(name))

    @rule(name=NAME)
    def release(self, name: str) -> None:
        self.both("lab", "releases", name, 0, self.sheet.release(name))

    @rule(days=st.sampled_from([1, 29, 30, 31, 90, 200]))
    def pass_days(self, days: int) -> None:
        """Some days, and ten seconds for each: whoever has n days has them whole, however long a command took."""
        before = self.today
        self.due.venue.clock_ns = self.due.passed_ns + (before + days) * (DAY_NS + 10**10)
        self.due.tick()
        self.sheet.clock(before, before + days)

    @rule()
    def restart(self) -> None:
        """Nothing is lost by it."""
        if self.checking:
            self.due.venue.restart()

    @invariant()
    def everything_is_where_the_bookkeeper_has_it(self) -> None:
        if self.model is None:
            return
        due, model = self.due, self.model
        assert (due.money("li"), due.money("lab"), due.fees_due()) == (model.buyer, model.seller, model.venue)
        for name, sheet in model.sheets.items():
            one = due.obligation(name)
            told = (one.state.value, one.amount_minor, one.paid_minor, one.late)
            assert told == (sheet.state, sheet.amount, sheet.paid, sheet.late), name

    def teardown(self) -> None:
        """Everything that can be proved about the venue."""
        if self.model is not None:
            self.due.venue.close()
