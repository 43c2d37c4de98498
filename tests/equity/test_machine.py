"""Any sequence of offers, answers and entries, on the engine and in the secretary's book."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.claims.stage import THOUSAND
from tests.equity.stage import Firm
from tests.models.equity_model import Secretary

PEOPLE = ("thu", "ada", "li", "wu", "cy", "dee")
WHO = st.sampled_from(PEOPLE)
UNITS = st.one_of(st.sampled_from([1, 2, 3, 7, 100_001]), st.integers(1, 300 * THOUSAND))
PRICES = st.one_of(st.sampled_from([1, 2, 3, 99_999_999, 999_999_999]), st.integers(1, 600 * THOUSAND))


class EquityMachine(RuleBasedStateMachine):
    """The register of members beside its model."""

    @initialize()
    def begin(self) -> None:
        self.firm = Firm.founded()
        shares = {who: units * THOUSAND for who, units in (("thu", 200), ("ada", 200), ("li", 300), ("wu", 300))}
        self.book = Secretary(shares=shares, money={who: self.firm.money(who) for who in PEOPLE})
        self.order_members()

    def order_members(self) -> None:
        """Members stand in the order of their accounts, which is the exchange's; a tie goes to the earlier."""
        accounts = self.firm.venue.accounts
        self.book.shares = dict(sorted(self.book.shares.items(), key=lambda one: accounts[one[0]]))

    @precondition(lambda self: self.book.state == "none")
    @rule(seller=WHO, buyer=WHO, units=UNITS, price=PRICES)
    def offers(self, seller: str, buyer: str, units: int, price: int) -> None:
        if seller == buyer:
            return
        firm = self.firm
        firm.venue.pass_time(days=12)  # past the days between a purchase and a sale, holidays too
        expected = self.book.offer(seller, buyer, units, price)
        events = firm.venue.do(firm.offering(seller, units, price, buyer), seller)
        told = getattr(events[0], "code", "")
        assert str(getattr(told, "value", told)) == expected
        if not expected:
            firm.offer_id = events[0].offer.offer_id  # type: ignore[attr-defined]

    @precondition(lambda self: self.book.state == "offered")
    @rule(takes=st.booleans())
    def buyer_decides(self, takes: bool) -> None:
        if not takes:
            assert self.firm.takes(self.book.seller, "withdraws") == ""
            self.book.state = "none"
            return
        expected = self.book.accept()
        assert self.firm.takes(self.book.buyer, "accepts") == expected

    @precondition(lambda self: self.book.state == "notice")
    @rule(who=WHO, steps_in=st.booleans())
    def member_answers(self, who: str, steps_in: bool) -> None:
        expected = self.book.answer(who, steps_in=steps_in)
        assert self.firm.takes(who, "exercises" if steps_in else "waives") == expected

    @precondition(lambda self: self.book.state == "notice")
    @rule(which=st.lists(st.booleans(), min_size=6, max_size=6))
    def all_answer(self, which: list[bool]) -> None:
        for who, yes in zip(list(self.book.silent), which, strict=False):
            if self.book.state == "notice" and who in self.book.silent:
                self.member_answers(who, yes)

    @precondition(lambda self: self.book.state == "notice")
    @rule(late=st.booleans())
    def days_pass(self, late: bool) -> None:
        firm = self.firm
        firm.venue.clock_ns = max(firm.venue.clock_ns, firm.offer().notice_until_ns - (0 if late else 1_000_000_000))
        firm.tick()
        if late:
            self.book.over()

    @precondition(lambda self: self.book.state == "contracted")
    @rule(entered=st.booleans())
    def company_answers(self, entered: bool) -> None:
        assert self.firm.takes("co", "enters" if entered else "refuses") == ""
        self.book.ends(entered=entered)
        self.order_members()

    @invariant()
    def they_agree(self) -> None:
        firm, book = self.firm, self.book
        holders = firm.venue.state.ledger.holders(firm.equity())
        assert {firm.name_of(account): units for account, units in holders} == book.shares
        ledger, money = firm.venue.state.ledger, firm.bank().money_asset_id
        free = {who: ledger.available(firm.venue.accounts[who], money) for who in PEOPLE}
        assert free == book.money, book.state
        if book.state == "contracted":
            assert {firm.name_of(one.account_id): (one.units, one.price_minor) for one in firm.offer().takers} == (
                book.takers
            )

    def teardown(self) -> None:
        self.firm.venue.close()


TestEquityMachine = EquityMachine.TestCase
TestEquityMachine.settings = settings(max_examples=12, stateful_step_count=16, deadline=None)
