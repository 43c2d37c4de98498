"""Any sequence of parts offered, claims answered and papers signed, on the engine and with the notary."""

from __future__ import annotations

import functools
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.outcomes import PriorClaimKind
from custody.rights import TitleCheck
from matching.deals import DealState
from tests.claims.stage import PURSE, THOUSAND, Owners
from tests.models.preemption_model import Notary

PEOPLE = ("thu", "ada", "bo", "cy", "dee", "li", "wu")
CONTRACTS = {"cy": "commissioner", "dee": "commissioner", "wu": "co_developer"}
PRICES = st.one_of(st.sampled_from([1, 2, 3, 100_001, 90_000_000, 990_099_009, 990_099_010]), st.integers(1, 5 * 10**7))
UNITS = st.one_of(st.sampled_from([1, 2, 3, 7, 500_000, 1_000_000, 1_500_000]), st.integers(1, 1_500_001))
WHO = st.sampled_from(PEOPLE)


@functools.cache
def _claimed() -> Owners:
    """The golden right, on which two have a commissioner's claim, and one a co-developer's."""
    owners = Owners.golden()
    assert owners.declares(PriorClaimKind.COMMISSIONER, "cy", "dee", by="thu") == ""
    assert owners.declares(PriorClaimKind.CO_DEVELOPER, "wu", by="thu") == ""
    return owners


class ClaimMachine(RuleBasedStateMachine):
    """Pre-emption beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.owners = _claimed().fresh()
        self.owners.venue.checking = self.checking

    @initialize()
    def begin(self) -> None:
        self.notary = Notary(
            total=3_000_000,
            shares={"thu": 1_500_000, "ada": 1_000_000, "bo": 500_000},
            money=dict.fromkeys(PEOPLE, PURSE * THOUSAND),
            contracts=dict(CONTRACTS),
        )

    @precondition(lambda self: self.notary.state in ("none", "over"))
    @rule(seller=WHO, buyer=WHO, units=UNITS, price=PRICES)
    def offer(self, seller: str, buyer: str, units: int, price: int) -> None:
        """A part is offered, by whoever owns one or does not; other co-owners agree to it."""
        if seller == buyer:
            return
        owners = self.owners
        owners.venue.pass_time(days=8)  # past the days between a purchase and a sale
        for who in self.notary.shares:
            owners.consent(who)
        owners.examine(owners.right_id, TitleCheck.CLEAR)
        owners.buyer = buyer
        expected = self.notary.propose(seller, buyer, units, price)
        assert owners.proposes(seller, units, price) == expected

    @precondition(lambda self: self.notary.state == "proposed")
    @rule()
    def accepted_and_shown(self) -> None:
        """The buyer accepts; a state university's price is shown for its days."""
        owners = self.owners
        assert owners.step("accept", by=owners.buyer) == ""
        if owners.deal().state is DealState.PUBLICITY:
            owners.venue.clock_ns = owners.deal().publicity_until_ns
            owners.tick()
        self.notary.price_found()

    @precondition(lambda self: self.notary.state in ("none", "over"))
    @rule(units=UNITS, price=PRICES, which=st.lists(st.booleans(), min_size=7, max_size=7), on=st.booleans())
    def a_whole_round(self, units: int, price: int, which: list[bool], on: bool) -> None:
        """Whoever owns most sells a part to a stranger, everybody asked answers, and it may come to its end."""
        most = max(self.notary.shares, key=lambda who: self.notary.shares[who])
        self.offer(most, "li" if most != "li" else "wu", min(units, self.notary.shares[most]), price)
        self.accepted_and_shown()
        if self.notary.state == "pre_emption":
            self.all_answer(which)
        if on and self.notary.takers:
            self.signs(buyer=False)
            self.the_office_answers(granted=True)

    @rule(who=WHO)
    def steps_in(self, who: str) -> None:
        self.both(who, "exercises", self.notary.exercise(who))

    @rule(who=WHO)
    def waives(self, who: str) -> None:
        self.both(who, "waives", self.notary.waive(who))

    @precondition(lambda self: self.notary.state == "pre_emption")
    @rule(which=st.lists(st.booleans(), min_size=7, max_size=7))
    def all_answer(self, which: list[bool]) -> None:
        """Everybody asked answers; left to chance, a round would seldom end with several who step in."""
        for who, yes in zip(list(self.notary.asked), which, strict=False):
            self.both(who, "exercises" if yes else "waives", (self.notary.exercise if yes else self.notary.waive)(who))

    def both(self, who: str, step: str, expected: str) -> None:
        """A step whose answer must be the notary's."""
        if not self.owners.deal_id:
            return
        assert self.owners.takes(who, step) == expected, (who, step)

    @precondition(lambda self: self.notary.state == "pre_emption")
    @rule(late=st.booleans())
    def days_pass(self, late: bool) -> None:
        """To the very moment, or a second before it."""
        owners = self.owners
        owners.venue.clock_ns = max(
            owners.venue.clock_ns, owners.deal().preemption_until_ns - (0 if late else 1_000_000_000)
        )
        owners.tick()
        if late:
            self.notary.time_is_up()

    @precondition(lambda self: self.notary.state in ("pre_emption", "signing"))
    @rule(buyer=st.booleans())
    def signs(self, buyer: bool) -> None:
        owners, notary = self.owners, self.notary
        who = notary.buyer if buyer else notary.seller
        if buyer and notary.buyer in notary.takers:
            return
        assert owners.step(f"{'buyer' if buyer else 'seller'} signs", by=who) == notary.sign(
            "buyer" if buyer else "seller"
        )

    @precondition(lambda self: self.notary.state in ("proposed", "pre_emption", "signing", "contracted"))
    @rule()
    def seller_steps_back(self) -> None:
        assert self.owners.step("withdraw", by=self.notary.seller) == self.notary.withdraw()

    @precondition(lambda self: self.notary.state == "contracted")
    @rule(granted=st.booleans())
    def the_office_answers(self, granted: bool) -> None:
        assert self.owners.step("confirm" if granted else "refuse") == ""
        self.notary.recorded(granted)

    @rule()
    def restart(self) -> None:
        self.owners.venue.restart()

    @invariant()
    def money_and_units_lie_where_the_notary_says(self) -> None:
        owners, notary = self.owners, getattr(self, "notary", None)
        if notary is None:
            return
        assert {who: owners.money(who) for who in PEOPLE} == notary.money
        assert owners.escrow() == notary.drawer
        assert owners.fees_due() == notary.venue
        assert owners.all_held() == sum(notary.envelopes.values())
        held = {owners.name_of(account): units for account, units in owners.venue.state.ledger.holders(owners.right_id)}
        assert held == notary.shares
        assert sum(held.values()) == notary.total
        outcome = owners.outcome_now()
        named = {owners.member_name(member_id) for member_id in (outcome.member_id, *outcome.co_owner_ids)}
        assert named == set(notary.shares), "whoever holds is named an owner, and nobody else"
        if notary.state in ("proposed", "pre_emption", "signing", "contracted"):
            deal = owners.deal()
            assert deal.state.value == notary.state
            taken = {owners.name_of(part.account_id): (part.units, part.price_minor) for part in deal.parts}
            assert taken == notary.takers

    def teardown(self) -> None:
        self.owners.venue.close()
