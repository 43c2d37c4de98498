"""Any number of blocks beside each other, on the engine and with the clerk; compared after each step."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.blocks.stage import PURSE, Floor
from tests.models.block_model import Clerk, Slip

WHO = ("thu", "li", "wu", "ren")
UNITS = st.one_of(st.sampled_from([1, 2, 333_333, 500_000, 600_000, 1_000_000]), st.integers(1, 400_000))
PRICES = st.one_of(st.sampled_from([1, 3, 99, 100, 100_000, 9_990_009, 9_990_010]), st.integers(1, 200_000))
"""The corners of the fee, and the price that takes all of a purse, and one more."""


class BlockMachine(RuleBasedStateMachine):
    """Blocks beside their model; planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    @initialize(claims=st.booleans())
    def begin(self, claims: bool) -> None:
        """A deed that keeps the co-holders' claim, or waives it; li has a third of the shares already."""
        self.floor = Floor.shares(waived=not claims, first_refusal_days=15)
        self.floor.venue.checking = self.checking
        cash = dict.fromkeys(WHO, PURSE)
        self.clerk = Clerk({"thu": 1_000_000, "li": 0, "wu": 0, "ren": 0}, cash, claims, claim_days=15)
        self.names: list[str] = []
        for buyer, units in (("li", 300_000), ("wu", 100_001)):
            self.propose("thu", buyer, units, 5_000)
            self.steps(("accepts", "waives", "signs"), 8)

    def both(self, who: str, step: str, name: str, slip: Slip) -> None:
        """Take a step on the engine, whose answer must be the clerk's."""
        clerk = self.clerk
        match step:
            case "accepts":
                answer = clerk.accept(slip)
            case "exercises" | "waives":
                answer = clerk.answer(slip, who, step == "exercises")
            case "withdraws":
                answer = clerk.withdraw(slip) if slip.open else "deal.unknown"
            case _:
                answer = clerk.sign(slip, "seller" if who == slip.seller else "buyer")
        if step == "accepts" and not slip.open and answer:
            answer = "deal.unknown"
        told = self.floor.venue.refusal(self.floor.command(who, step, name), who)
        assert told == answer, (who, step, slip)

    def propose(self, seller: str, buyer: str, units: int, price: int) -> None:
        """Another offer."""
        expected = self.clerk.propose(seller, buyer, units, price)
        name = f"s{len(self.names)}"
        told = self.floor.offers(name, seller, buyer, units, price)
        assert told == (expected or "proposed"), (seller, buyer, units, price)
        if not expected:
            self.names.append(name)

    @rule(pair=st.permutations(WHO), units=UNITS, price=PRICES)
    def offer(self, pair: list[str], units: int, price: int) -> None:
        """Somebody offers a block to somebody else."""
        self.propose(pair[0], pair[1], units, price)

    @precondition(lambda self: self.names)
    @rule(
        place=st.integers(0, 50),
        step=st.sampled_from(["accepts", "signs", "withdraws", "exercises", "waives"]),
        who=st.sampled_from(WHO),
    )
    def any_step(self, place: int, step: str, who: str) -> None:
        """A step in season or out of it, by whoever may take it at all."""
        name = self.names[-1 - place % len(self.names)]
        slip = self.clerk.slips[self.names.index(name)]
        if step == "accepts":
            who = slip.buyer
        elif step in ("signs", "withdraws"):
            own = slip.takers[0][0] if slip.takers else slip.buyer
            who = slip.seller if who in ("thu", "wu") else own
        self.both(who, step, name, slip)

    @precondition(lambda self: self.names)
    @rule(
        ways=st.lists(st.sampled_from(["accepts", "exercises", "waives", "signs"]), min_size=1, max_size=4),
        times=st.integers(1, 6),
    )
    def go_on(self, ways: list[str], times: int) -> None:
        """Bring the newest slip further: left to chance, it would seldom come to its end."""
        self.steps(tuple(ways), times)

    @rule(ways=st.lists(st.sampled_from(["exercises", "waives"]), min_size=1, max_size=2), units=st.integers(2, 50_000))
    def claimed(self, ways: list[str], units: int) -> None:
        """Co-holders are asked about a block and answer; then its seller would rather step back."""
        known = len(self.names)
        self.propose("thu", "ren", units, 3 * units)
        if len(self.names) > known:
            self.steps(("accepts", *ways), 3)
            self.both("thu", "withdraws", self.names[-1], self.clerk.slips[-1])

    def steps(self, ways: tuple[str, ...], times: int) -> None:
        """Whatever the newest open slip waits for, so many times."""
        for turn in range(times):
            waiting = [place for place, slip in enumerate(self.clerk.slips) if slip.open]
            if not waiting:
                return
            slip, name = self.clerk.slips[waiting[-1]], self.names[waiting[-1]]
            if slip.state == "proposed":
                self.both(slip.buyer, "accepts", name, slip)
            elif slip.state == "pre_emption":
                who = next(one for one, said in slip.asked.items() if not said)
                answers = [way for way in ways if way in ("exercises", "waives")] or ["waives"]
                self.both(who, answers[turn % len(answers)], name, slip)
                if not slip.asked[who]:  # it cannot pay: it lets go
                    self.both(who, "waives", name, slip)
            else:
                side = "buyer" if "buyer" not in slip.signed else "seller"
                self.both(slip.buyer if side == "buyer" else slip.seller, "signs", name, slip)

    @rule(days=st.sampled_from([1, 14, 15, 16, 90, 180]))
    def pass_days(self, days: int) -> None:
        """Days go by, one by one."""
        for _ in range(days):
            self.floor.venue.pass_time(days=1)
            self.floor.tick()
            self.clerk.pass_days(1)

    @rule()
    def restart(self) -> None:
        """The node stops and starts."""
        self.floor.venue.restart()

    @invariant()
    def units_and_money_lie_where_the_clerk_says(self) -> None:
        clerk = getattr(self, "clerk", None)
        if clerk is None:
            return
        floor = self.floor
        assert {who: floor.units(who) for who in WHO} == clerk.units
        assert {who: floor.held(who) for who in WHO} == {who: clerk.promised_units(who) for who in WHO}
        assert {who: floor.venue.cash(who) for who in WHO} == clerk.cash
        held = {who: floor.venue.state.ledger.held(floor.venue.accounts[who], floor.venue.money) for who in WHO}
        assert held == {who: clerk.promised_cash(who) for who in WHO}
        assert floor.escrow() == sum(slip.drawer for slip in clerk.slips)
        assert floor.fees_due() == clerk.earned
        assert [floor.deal(name).state.value for name in self.names] == [slip.state for slip in clerk.slips]

    def teardown(self) -> None:
        if getattr(self, "floor", None) is not None:
            self.floor.venue.close()
