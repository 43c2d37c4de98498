"""Any sequence of quotes, answers and days, on the engine and with the clerk; compared after each, then replayed."""

from __future__ import annotations

import functools
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exchange.core.units import TimeNs
from tests.deals.stage import CASH
from tests.models.quote_model import Clerk
from tests.quotes.stage import DAY_NS, QuoteDesk
from tests.support import STEP_NS

WHO = st.sampled_from(["li", "wu", "li", "wu", "lab"])
PRICES = st.sampled_from([1, 99_999, 80_000_000, 99_009_900, 99_009_901])
"""The fee's corners, and what with its fee is exactly the buyer's money, and one fen more."""
HOUR_NS = 3_600 * 10**9
DAYS = st.sampled_from([0, 1, 10, 30, -1])


@functools.cache
def asked(*names: str) -> QuoteDesk:
    """Quotes are asked; copied, never changed."""
    return QuoteDesk.asked(*names)


class QuoteMachine(RuleBasedStateMachine):
    """A request beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.desk: QuoteDesk
        self.model: Clerk | None = None

    @initialize(
        names=st.sampled_from([(), ("li", "wu"), ("li",)]),
        quotes=st.lists(st.tuples(WHO, PRICES), max_size=3),
        taken=st.sampled_from([False, False, True]),
    )
    def begin(self, names: tuple[str, ...], quotes: list[tuple[str, int]], taken: bool) -> None:
        """Of all or of some, with the first quotes in, and perhaps one of them taken."""
        self.desk = asked(*names).again()
        self.desk.venue.checking = self.checking
        closes = self.desk.shown_request().closes_at_ns
        self.model = Clerk(asked=names, closes=closes, money={"li": CASH, "wu": CASH, "lab": 0})
        for who, price in quotes:
            self.quote(who, price, 10)
        if taken:
            self.accept("li")

    @property
    def clerk(self) -> Clerk:
        assert self.model is not None
        return self.model

    @property
    def now(self) -> int:
        """When the next command will be decided."""
        return self.desk.venue.clock_ns + STEP_NS

    @rule(who=WHO, price=PRICES, days=DAYS)
    def quote(self, who: str, price: int, days: int) -> None:
        """In season or out of it, until a full hour: what ends together ends in one moment."""
        until = TimeNs((self.desk.venue.clock_ns // HOUR_NS + 1) * HOUR_NS + days * DAY_NS)
        expected = self.clerk.quote(who, price, until, self.now)
        events = self.desk.venue.do(self.desk.quote(who, price, until), who)
        code = getattr(events[0], "code", "")
        assert code == expected, f"{who} quotes {price}"
        if not code:
            self.desk.quoted[who] = events[0].quote.quote_id  # type: ignore[attr-defined]

    @rule(whom=st.sampled_from(["li", "wu"]))
    def accept(self, whom: str) -> None:
        """In season or out of it."""
        now = self.now
        assert self.desk.takes("lab", ["takes", whom]) == self.clerk.accept(whom, now)

    @precondition(lambda self: self.model is not None and self.model.state == "accepted")
    @rule(steps=st.lists(st.sampled_from(["back", "buyer", "seller", "office"]), max_size=4))
    def go_on(self, steps: list[str]) -> None:
        """What brings the contract further, or would end it."""
        assert self.clerk.taken is not None
        who = self.clerk.taken.who
        for step in steps:
            now = self.now
            match step:
                case "office":
                    assert self.desk.takes("ops", ["records"]) == self.clerk.recorded()
                case "back":
                    assert self.desk.takes(who, ["withdraws"]) == self.clerk.step_back()
                case _:
                    by = who if step == "buyer" else "lab"
                    assert self.desk.takes(by, ["signs"]) == self.clerk.sign(step == "buyer", now)

    @rule(really=st.sampled_from([False, False, True]))
    def close(self, really: bool) -> None:
        """Seldom, or little would come of it."""
        if really:
            assert self.desk.takes("lab", ["closes"]) == self.clerk.close()

    @rule(early=st.booleans())
    def to_the_next_date(self, early: bool) -> None:
        """To the next date in the book, or to a second before it."""
        for at in self.clerk.dates()[:1]:
            venue = self.desk.venue
            venue.clock_ns = max(venue.clock_ns, at - (10**9 if early else 0))
            self.clerk.clock(venue.clock_ns)
            self.desk.tick()

    @rule()
    def restart(self) -> None:
        """Nothing is lost by it."""
        if self.checking:
            self.desk.venue.restart()

    @invariant()
    def everything_is_where_the_clerk_has_it(self) -> None:
        if self.model is None:
            return
        desk, clerk = self.desk, self.model
        assert {who: desk.money(who) for who in clerk.money} == clerk.money
        assert (desk.escrow(), desk.fees_due(), desk.owner()) == (clerk.drawer, clerk.venue, clerk.owner)
        assert desk.shown_request().state == clerk.state
        last = {slip.who: slip.state for slip in clerk.slips}
        assert {who: desk.quote_of(who).state.value for who in desk.quoted} == last

    def teardown(self) -> None:
        """Everything that can be proved about the venue."""
        if self.model is not None:
            self.desk.venue.close()
