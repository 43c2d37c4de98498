"""Any sequence of offers, scores and days, on the engine and with the secretary; compared after each, then replayed."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exchange.core.units import Ppm
from tests.models.tender_model import Secretary
from tests.sales.stage import THOUSAND
from tests.sales.tender_stage import PANEL, TenderHall
from tests.support import STEP_NS

BIDDERS = ("li", "wu", "ren")
WHO = st.sampled_from(BIDDERS)
JUDGE = st.sampled_from(PANEL)
OFFERS = st.sampled_from(
    [
        (800, 0, 0),
        (799, 0, 0),
        (900, 0, 0),
        (900, 0, 0),
        (600, 220, 365),
        (600, 219, 365),
        (700, 400, 1_000),
        (900, 1, 1),
    ]
)
POINTS = st.sampled_from([(0, 0), (50, 50), (100, 0), (33, 67), (100, 100)])


@functools.cache
def begun(forfeit: int) -> TenderHall:
    """A tender that takes commitments of three bidders; copied, never changed."""
    hall = TenderHall.cn()
    hall.tendered(*BIDDERS, unrevealed_forfeit_ppm=Ppm(forfeit))
    return hall


class TenderMachine(RuleBasedStateMachine):
    """A tender beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.hall: TenderHall
        self.model: Secretary | None = None

    @initialize(
        forfeit=st.sampled_from([0, 500_000]),
        offers=st.lists(st.tuples(WHO, OFFERS), min_size=2, max_size=4),
        reveal=st.sampled_from([0, 2, 3, 3, 3]),
        leaves=st.sampled_from([(), (), ("ann",), ("ann", "ben")]),
        scored=st.lists(POINTS, min_size=9, max_size=9),
        judges=st.sampled_from([0, 1, 2, 3, 3]),
    )
    def begin(
        self,
        forfeit: int,
        offers: list[tuple[str, tuple[int, int, int]]],
        reveal: int,
        leaves: tuple[str, ...],
        scored: list[tuple[int, int]],
        judges: int,
    ) -> None:
        """Some offers, perhaps revealed, perhaps scored: left to the rules, few tenders would be decided."""
        self.hall = begun(forfeit).again()
        self.hall.venue.checking = self.checking
        sale = self.hall.sale()
        self.model = Secretary(
            floor=800 * THOUSAND,
            deposit=sale.deposit_minor,
            forfeit=Fraction(forfeit, 1_000_000),
            ends=sale.ends_at_ns,
            reveals_until=sale.reveal_until_ns,
            panel=list(PANEL),
            bidders=BIDDERS,
            money={who: self.hall.money(who) for who in (*BIDDERS, "lab")},
        )
        for who, offer in offers:
            self.offer(who, offer)
        if not reveal:
            return
        self.to_the_next_date(early=False)
        for who in BIDDERS[:reveal]:
            self.reveal(who)
        self.to_the_next_date(early=False)
        for place, points in enumerate(scored[: 3 * judges]):
            self.score(PANEL[place // 3], BIDDERS[place % 3], points)
        for who in leaves:
            self.leave(who)

    @property
    def sheet(self) -> Secretary:
        assert self.model is not None
        return self.model

    @property
    def now(self) -> int:
        """When the next command will be decided."""
        return self.hall.venue.clock_ns + STEP_NS

    def both(self, who: str, step: list[str], answer: str) -> None:
        """Take a step on the engine, whose answer must be the model's."""
        command, by = self.hall.step_of(who, step)
        refused = self.hall.venue.refusal(command, by)
        self.hall._keep(who, step)
        assert refused == answer, f"{who} {step}"

    @rule(who=WHO, offer=OFFERS)
    def offer(self, who: str, offer: tuple[int, int, int]) -> None:
        """In season or out of it."""
        price, later, days = offer
        answer = self.sheet.offer(who, price * THOUSAND, later * THOUSAND, days)
        self.both(who, ["offers", text_of(price, later, days)], answer)

    @rule(who=WHO)
    def reveal(self, who: str) -> None:
        """In season or out of it."""
        made = self.sheet.sheets.get(who)
        text = text_of(made.price // THOUSAND, made.later // THOUSAND, made.days) if made else "1"
        self.both(who, ["opens", text], self.sheet.reveal(who))

    @rule(who=JUDGE, whom=WHO, points=POINTS)
    def score(self, who: str, whom: str, points: tuple[int, int]) -> None:
        """In season or out of it."""
        now = self.now
        answer = self.sheet.score(who, whom, points)
        self.both(who, ["scores", whom, "/".join(map(str, points))], answer)
        if not answer:
            self.sheet.decide_if_all_scored(now)

    @rule(who=JUDGE)
    def leave(self, who: str) -> None:
        """In season or out of it."""
        self.both(who, ["leaves"], self.sheet.leave(who, self.now))

    @precondition(lambda self: self.model is not None and self.model.phase in ("awarded", "offered"))
    @rule(well=st.booleans())
    def go_on(self, well: bool) -> None:
        """What the winner does, or the next."""
        who = self.sheet.winner
        if self.sheet.phase == "offered":
            self.both(who, ["takes" if well else "declines", "A"], self.sheet.answer(well, self.now))
        elif not well:
            self.both(who, ["withdraws", "A"], self.sheet.step_back(self.now))

    @rule(early=st.booleans())
    def to_the_next_date(self, early: bool) -> None:
        """To the next date in the book, or to a second before it."""
        venue = self.hall.venue
        for at in self.sheet.dates():
            venue.clock_ns = max(venue.clock_ns, at - (10**9 if early else 0))
            if at <= venue.clock_ns:
                self.sheet.clock(at, self.now)
            self.hall.tick()

    @rule()
    def restart(self) -> None:
        """Nothing is lost by it."""
        if self.checking:
            self.hall.venue.restart()

    @invariant()
    def everything_is_where_the_secretary_has_it(self) -> None:
        if self.model is None:
            return
        hall, sheet = self.hall, self.model
        money_id = hall.bank().money_asset_id
        ledger, accounts = hall.venue.state.ledger, hall.venue.accounts
        assert {who: hall.money(who) for who in sheet.money} == sheet.money
        assert {who: ledger.held(accounts[who], money_id) for who in sheet.held} == sheet.held
        lot = hall.lot("A")
        assert lot.state == sheet.phase
        if sheet.phase in ("awarded", "offered"):
            won = sheet.sheets[sheet.winner]
            assert (hall.who(lot.leading_paddle), lot.price_minor) == (sheet.winner, won.price)
            told = {who: hall.offered(who).score_ppm for who in sheet.final}
            assert told == sheet.final

    def teardown(self) -> None:
        """Everything that can be proved about the venue."""
        if self.model is not None:
            self.hall.venue.close()


def text_of(price: int, later: int, days: int) -> str:
    """An offer in a scenario's words."""
    return f"{price}+{later}@{days}" if later else str(price)
