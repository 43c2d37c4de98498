"""A machine that plans, trades, freezes, kills and pays as it likes, beside a model that knows only fractions."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.corrections_messages import FreezeAccount
from custody.distribution import OwnRule, PotRole
from custody.distribution_messages import DistributionState
from exchange.core.node_messages import ContinueRun
from exchange.core.units import Minor, Ppm
from tests.incomes.stage import Stage
from tests.models.distribution_model import nearest_cent, planned

HOLDERS = ("hana", "gus", "li", "wu", "tao")
TEAM = ("ada", "bo", "gus")
ABROAD = ("hana", "gus")
PAYEES = ("ada", "bo", *HOLDERS)


class Distributing(RuleBasedStateMachine):
    """Money moves as the model says, whatever else happens meanwhile."""

    AHEAD = (0, 0, 0, 1, 3)
    """How many steps a distribution may be ahead when everything else begins."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage.without_income()
        self.owed: dict[str, int] = {}
        self.tax: dict[str, int] = {}
        self.frozen: set[str] = set()
        self.start = {name: self.stage.money(name) for name in (*PAYEES, "thu")}

    @initialize(
        amount=st.integers(1, 1_000_000_00),
        rate=st.integers(500_000, 600_000),
        ratio=st.integers(0, 400_000),
        team=st.lists(st.integers(1, 7), min_size=3, max_size=3),
        units=st.lists(st.integers(0, 150_000), min_size=5, max_size=5),
        ahead=st.integers(0, 4),
    )
    def begin(self, amount: int, rate: int, ratio: int, team: list[int], units: list[int], ahead: int) -> None:
        """An income, shares in some hands, and a plan that is being worked out."""
        self.stage.floats(ratio_ppm=ratio, **dict(zip(HOLDERS, units, strict=True)))
        self.stage.recorded(amount_minor=Minor(amount))
        parts = {name: (part, sum(team)) for name, part in zip(TEAM, team, strict=True)}
        rule_of_thu = OwnRule(rate_ppm=Ppm(rate), document_sha256=self.stage.file("thu", "rule"))
        held = sorted(self._held().items(), key=lambda one: self.stage.venue.accounts[one[0]])
        refused = self.stage.take(
            "propose",
            deductions=(),
            own_rule=rule_of_thu,
            contributors=self.stage.payees(**parts),
        )
        assert not refused, refused
        to_team, to_holders, self.left = planned(
            amount,
            Fraction(rate, 1_000_000),
            [Fraction(part, sum(team)) for part in team],
            Fraction(ratio, 1_000_000),
            [each for _, each in held],
        )
        lines = [*zip(TEAM, to_team, strict=True), *zip([name for name, _ in held], to_holders, strict=True)]
        for name, gross in lines:
            withheld = nearest_cent(Fraction(gross, 10)) if name in ABROAD else 0
            self.owed[name] = self.owed.get(name, 0) + gross - withheld
            self.tax[name] = self.tax.get(name, 0) + withheld
        for step in ("run", "approve", "pay")[: self.AHEAD[ahead]]:
            self.stage.takes(step)

    def _held(self) -> dict[str, int]:
        names = {account: name for name, account in self.stage.venue.accounts.items()}
        return {names[account]: units for account, units in self.stage.venue.state.ledger.holders(self.stage.share_id)}

    # --- What may happen ----------------------------------------------------------------------------------------------

    @rule(one=st.sampled_from(HOLDERS), other=st.sampled_from(PAYEES), part=st.integers(1, 4))
    def trade(self, one: str, other: str, part: int) -> None:
        """Shares change hands: it concerns no record that was taken."""
        accounts = self.stage.venue.accounts
        units = self.stage.venue.state.ledger.units(accounts[one], self.stage.share_id) // part
        if one != other:
            self.stage.move([(accounts[one], -units), (accounts[other], units)], self.stage.share_id)

    @precondition(lambda self: self.stage.venue.state.runs)
    @rule()
    def chunk(self) -> None:
        """The next chunk of what runs."""
        run = self.stage.venue.state.runs[min(self.stage.venue.state.runs)]
        before = {name: self.stage.money(name) for name in sorted(self.frozen)}
        self.stage.venue.do(ContinueRun(run_id=run.run_id, from_position=run.position), "node")
        assert {name: self.stage.money(name) for name in sorted(self.frozen)} == before, "who is frozen is not paid"

    @rule()
    def kill(self) -> None:
        """The node is killed, and starts from its tables."""
        self.stage.venue.restart()

    @rule(name=st.sampled_from(PAYEES))
    def freeze(self, name: str) -> None:
        """A payee is frozen, or free again."""
        self.frozen ^= {name}
        account_id = self.stage.venue.accounts[name]
        self.stage.venue.do(FreezeAccount(account_id=account_id, frozen=name in self.frozen))

    @rule()
    def approve(self) -> None:
        """The approver signs, if there is a plan."""
        ready = self.stage.distribution().state is DistributionState.PLANNED
        assert (not self.stage.take("approve")) is ready

    @rule()
    def pay(self) -> None:
        """Two operators have it paid, if it is approved."""
        ready = self.stage.distribution().state is DistributionState.APPROVED
        assert (not self.stage.take("pay")) is ready

    @rule()
    def release(self) -> None:
        """Whatever waits is asked for."""
        names = {account: name for name, account in self.stage.venue.accounts.items()}
        for part in self.stage.waiting():
            refused = self.stage.take("release", unclaimed_id=part.unclaimed_id)
            assert bool(refused) is (names[part.account_id] in self.frozen)

    @rule()
    def remit(self) -> None:
        """The tax office is paid what was withheld."""
        known = self.stage.distribution()
        ready = known.state is DistributionState.PAID and known.withheld_minor > known.remitted_minor
        assert (not self.stage.take("remit")) is ready

    # --- What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def nobody_has_more_than_is_theirs(self) -> None:
        """Payees have at most what the model owes them; what the plan pays out is fixed to the cent."""
        if not self.owed:
            return
        known = self.stage.distribution()
        if known.state in (DistributionState.PAYING, DistributionState.PAID, DistributionState.DONE):
            assert known.planned_minor == sum(self.owed.values()) + sum(self.tax.values())
        for name in PAYEES:
            got = self.stage.money(name) - self.start[name]
            assert 0 <= got <= self.owed.get(name, 0), f"{name} has {got} of {self.owed.get(name, 0)}"

    def teardown(self) -> None:
        """Let everything come to its end: each payee has exactly its part, the tax office the rest."""
        if not self.owed:
            return
        stage = self.stage
        for name in sorted(self.frozen):
            stage.venue.do(FreezeAccount(account_id=stage.venue.accounts[name], frozen=False))
        stage.venue.finish_runs()
        for step in ("approve", "pay", "run"):
            stage.take(step)
        for part in stage.waiting():
            assert not stage.take("release", unclaimed_id=part.unclaimed_id)
        stage.take("remit")
        assert stage.distribution().state is DistributionState.DONE
        for name in PAYEES:
            assert stage.money(name) - self.start[name] == self.owed.get(name, 0), name
        assert stage.pot(PotRole.OWNER) == self.left
        assert stage.distribution().remitted_minor == sum(self.tax.values())
        paid_out = sum(self.owed.values()) + sum(self.tax.values())
        assert self.start["thu"] - stage.money("thu") == paid_out - self.owed.get("thu", 0)
        stage.venue.close()


class Paying(Distributing):
    """The same from where the pages are being paid on."""

    AHEAD = (3, 3, 3, 3, 3)
