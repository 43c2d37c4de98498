"""Any order of steps of a case, its recordal, its revocation and its kept share, against the same case on paper.

Nothing is ever lost: the fractions sum to one and the money to zero on paper, and the ledger has exactly those.
"""

from __future__ import annotations

import functools
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.pilot import TeamShare
from tests.pilots.model import TEAM, Paper
from tests.pilots.stage import Case, part
from tests.pilots.test_life import give

TOTAL = 1_000_000
NAMES = ("thu", *TEAM)
MAX_WAITS = 15
"""Thirty days each: the calendar in force covers them all."""


@functools.cache
def _opened(registered: bool) -> Case:
    case = Case.cn(shares=())
    if registered:
        case.custody(shares=(), patent_ids=(case.patent("thu"),))
    team = tuple(
        TeamShare(account_id=case.venue.accounts[name], share=part(each.numerator, each.denominator))
        for name, each in TEAM.items()
    )
    case.opened(team=team)
    return case


class PilotMachine(RuleBasedStateMachine):
    """The engine's case beside the one on paper."""

    @initialize(registered=st.booleans())
    def open(self, registered: bool) -> None:
        self.case = _opened(registered).again()
        self.paper = Paper(registered)
        self.waits = 0
        self.money_before = {name: self.case.money(name) for name in NAMES}

    def _take(self, step: str, expected: str) -> None:
        assert self.case.step(step) == expected, f"{step}: {self.paper.state} {self.paper.kept}"

    @rule()
    def decide(self) -> None:
        self._take("decide", self.paper.decide())

    @rule()
    def object(self) -> None:
        self._take("object", self.paper.object())

    @rule()
    def dismiss(self) -> None:
        self._take("dismiss", self.paper.dismiss())

    @rule()
    def wait(self) -> None:
        if self.waits < MAX_WAITS:
            self.waits += 1
            self._take("wait 30", self.paper.wait())

    @rule(who=st.sampled_from(NAMES))
    def sign(self, who: str) -> None:
        self._take(f"{who} signs", self.paper.sign(who))

    @rule()
    def everybody_signs(self) -> None:
        """The way to the ledger entry is long; now and then all of it is taken at once."""
        self.decide()
        self.dismiss()
        self.wait()
        for who in NAMES:
            self.sign(who)

    @rule()
    def confirm(self) -> None:
        self._take("confirm", self.paper.confirm())

    @precondition(lambda self: self.paper.state != "proposed")
    @rule()
    def revoke(self) -> None:
        office = {"office_reference": "CN 9", "effective_date": self.case.pilot().effective_date}
        changed = office if self.paper.recorded else {}
        expected = self.paper.revoke()
        assert self.case.step("revoke", **changed) == expected

    @rule(giver=st.sampled_from((*NAMES, "li")), taker=st.sampled_from(("thu", "li", "ada")), tenths=st.integers(1, 3))
    def give(self, giver: str, taker: str, tenths: int) -> None:
        if giver != taker:
            expected = self.paper.give(giver, taker, Fraction(tenths, 10))
            assert give(self.case, self.case.right_id, giver, taker, tenths * TOTAL // 10) == expected

    @precondition(lambda self: self.paper.state == "completed")
    @rule()
    def offer(self) -> None:
        self._take("offer", self.paper.offer())

    @precondition(lambda self: self.paper.kept != "")
    @rule(who=st.sampled_from(tuple(TEAM)))
    def buy(self, who: str) -> None:
        expected = self.paper.buy(who)
        got = self.case.step(f"{who} buys")
        assert got == expected, f"{who} buys: {self.paper.kept}"

    @precondition(lambda self: self.paper.state == "completed")
    @rule()
    def everybody_buys(self) -> None:
        """As with the signatures: the whole way at once, now and then."""
        self.offer()
        self.wait()
        for who in TEAM:
            self.buy(who)

    @precondition(lambda self: self.paper.kept != "")
    @rule()
    def step_back(self) -> None:
        self._take("withdraw kept", self.paper.step_back())

    @precondition(lambda self: self.paper.kept != "")
    @rule()
    def confirm_kept(self) -> None:
        self._take("confirm kept", self.paper.confirm_kept())

    @invariant()
    def the_ledger_is_what_is_on_paper(self) -> None:
        if not hasattr(self, "paper"):
            return
        assert sum(self.paper.has.values()) == 1
        assert sum(self.paper.money.values()) == 0
        for name, fraction in self.paper.has.items():
            assert self.case.has_of(name) == fraction * TOTAL, name
        for name, change in self.paper.money.items():
            assert self.case.money(name) - self.money_before[name] == change, name
        assert self.case.pilot().state.value == self.paper.state

    def teardown(self) -> None:
        if hasattr(self, "case"):
            self.case.venue.close()


PilotMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPilotMachine = PilotMachine.TestCase
