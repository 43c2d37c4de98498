"""Any sequence of bids, answers and days, on the engine and with the auctioneer; compared after each, then replayed."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exchange.core.units import Minor, Ppm
from matching.sale_messages import SealedPricing
from tests.models.auction_model import Auctioneer, Sheet
from tests.sales.stage import BIDDERS, DAY_NS, THOUSAND, Hall
from tests.support import STEP_NS

STARTS = {"A": 800, "B": 400, "C": 300}
WHO = st.sampled_from(BIDDERS[:3])
ALL = 9_900
"""With its fee exactly what a bidder can pay only when its deposit counts towards it."""
ABOVE = st.sampled_from([-1, 0, 0, 1, 50, 400, ALL, ALL])
BIDS = st.lists(st.tuples(WHO, st.integers(0, 6), ABOVE), min_size=2, max_size=6)
HOW = st.sampled_from(["well", "well", "badly", "oddly"])


@functools.cache
def announced(method: str, lots: int, reserve: int, second: bool, forfeit: int) -> Hall:
    """A sale to which three bidders were admitted; copied, never changed."""
    hall = Hall.cn()
    prices = {name: STARTS[name] for name in list(STARTS)[:lots]}
    reserves = {name: price + reserve for name, price in prices.items()} if reserve else {}
    more: dict[str, Any] = {"unrevealed_forfeit_ppm": Ppm(forfeit)} if forfeit else {}
    hall.announced(method, reserves, **prices, pricing=SealedPricing.SECOND if second else SealedPricing.FIRST, **more)
    hall.enter(*BIDDERS[:3])
    return hall


class SaleMachine(RuleBasedStateMachine):
    """A public sale beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.hall: Hall
        self.model: Auctioneer | None = None

    @initialize(
        method=st.sampled_from(["english", "english", "dutch", "sealed", "sealed"]),
        lots=st.sampled_from([1, 2, 2, 3]),
        reserve=st.sampled_from([0, 0, 50, 200]),
        second=st.booleans(),
        forfeit=st.sampled_from([0, 333_333, 1_000_000]),
        bids=BIDS,
        skipped=st.sets(st.integers(0, 4), max_size=2),
        ended=st.booleans(),
        pause=st.sampled_from([0, 61, 150]),
    )
    def announce(
        self,
        method: str,
        lots: int,
        reserve: int,
        second: bool,
        forfeit: int,
        bids: list[tuple[str, int, int]],
        skipped: set[int],
        ended: bool,
        pause: int,
    ) -> None:
        """A sale of one to three lots, with or without reserves, three bidders, and their first bids; perhaps its end.

        Left to the rules, which are drawn from a few at a time, most sales would end without a bid.
        """
        sealed = method == "sealed"
        lots, reserve = (1, 0) if method == "dutch" else (lots, reserve)
        self.hall = announced(method, lots, reserve, sealed and second, forfeit if sealed else 0).again()
        self.hall.venue.checking = self.checking
        names, sale = list(self.hall.lots), self.hall.sale()
        double = 2 if method == "dutch" else 1
        self.model = Auctioneer(
            method=method,
            second_price=sealed and second,
            sheets={
                name: Sheet(
                    start=STARTS[name] * double * THOUSAND,
                    reserve=(STARTS[name] + reserve) * THOUSAND if reserve else 0,
                )
                for name in names
            },
            bidders=BIDDERS[:3],
            deposit=sale.deposit_minor,
            increment=sale.increment_minor,
            soft_close=sale.soft_close_seconds * 10**9,
            payment=5 * DAY_NS,
            forfeit=Fraction(sale.unrevealed_forfeit_ppm, 1_000_000),
            begins=sale.starts_at_ns,
            ends=sale.ends_at_ns,
            reveals_until=sale.reveal_until_ns,
            step=60 * 10**9,
            floor=STARTS["A"] * THOUSAND,
            money={who: self.hall.money(who) for who in (*BIDDERS[:3], "lab")},
        )
        self.clock_to(sale.starts_at_ns)
        self.clock_to(sale.starts_at_ns + pause * 10**9)
        self.bid_all(bids)
        if ended and method == "sealed":
            self.clock_to(self.model.ends)
            self.reveal_all(skipped)
        if ended and self.model.phase in ("bidding", "revealing"):
            self.clock_to(min(at for at, _ in self.model._appointments()))

    @property
    def sheet(self) -> Auctioneer:
        """The model, once the sale is announced."""
        assert self.model is not None
        return self.model

    @property
    def now(self) -> int:
        """When the next command will be decided."""
        return self.hall.venue.clock_ns + STEP_NS

    def clock_to(self, at_ns: int) -> None:
        """Let time pass, on both sides."""
        venue = self.hall.venue
        venue.clock_ns = max(venue.clock_ns, at_ns)
        if any(at <= venue.clock_ns for at, _ in self.sheet._appointments()):
            self.sheet.clock(self.now)
        self.hall.tick()

    def both(self, who: str, step: list[str], answer: str) -> None:
        """Take a step on the engine, whose answer must be the model's."""
        command, by = self.hall.step_of(who, step)
        refused = self.hall.venue.refusal(command, by)
        self.hall._keep(who, step)
        assert refused == answer, f"{who} {step}"

    # --- Bids ---------------------------------------------------------------------------------------------------------

    def some_lots(self, choice: int) -> tuple[str, ...]:
        names = list(self.sheet.sheets)
        return tuple(name for place, name in enumerate(names) if (choice % (2 ** len(names) - 1) + 1) >> place & 1)

    @rule(bids=BIDS, late=st.booleans())
    def bid(self, bids: list[tuple[str, int, int]], late: bool) -> None:
        """In season or out of it, or ten seconds before the end."""
        if late and self.sheet.phase == "bidding":
            self.clock_to(self.sheet.ends - 10 * 10**9)
        self.bid_all(bids)

    def bid_all(self, bids: list[tuple[str, int, int]]) -> None:
        """In the open, at about the least that is asked; or sealed, at about the start; or with all one's money."""
        for who, choice, above in bids:
            sheet, lots = self.sheet, self.some_lots(choice)
            if sheet.method == "sealed":
                start = sum(sheet.sheets[name].start for name in lots) // THOUSAND
                price = start + above if above < ALL else ALL
                self.both(who, ["commits", "+".join(lots), str(price)], sheet.commit(who, lots, price * THOUSAND))
                continue
            least = sheet.shown(self.now) if sheet.method == "dutch" else sheet.least(lots)
            price = -(-least // THOUSAND) + above if above < ALL else ALL
            expected = sheet.place(who, lots, price * THOUSAND, self.now)
            self.both(who, ["bids", "+".join(lots), str(price)], expected)
            self.everything_is_where_the_auctioneer_has_it()

    @precondition(lambda self: self.model is not None and self.model.method == "sealed" and self.model.bids)
    @rule(skipped=st.sets(st.integers(0, 5), max_size=2), wait=st.booleans())
    def reveal(self, skipped: set[int], wait: bool) -> None:
        """Most of what was committed, in season or out of it."""
        if wait and self.sheet.phase == "bidding":
            self.clock_to(self.sheet.ends)
        self.reveal_all(skipped)

    def reveal_all(self, skipped: set[int]) -> None:
        """Open what was committed, but for some."""
        for place, bid in enumerate(list(self.sheet.bids)):
            if place not in skipped:
                step = ["reveals", "+".join(bid.lots), str(bid.price // THOUSAND)]
                self.both(bid.who, step, self.sheet.reveal(bid))

    # --- Contracts ----------------------------------------------------------------------------------------------------

    def lots_in(self, *states: str) -> list[str]:
        return [name for name, sheet in self.sheet.sheets.items() if sheet.state in states]

    @precondition(lambda self: self.model is not None and self.lots_in("awarded", "contracted", "offered"))
    @rule(steps=st.lists(st.tuples(st.integers(0, 2), HOW), min_size=1, max_size=4))
    def go_on(self, steps: list[tuple[int, str]]) -> None:
        """Several steps of contracts, well or badly."""
        for place, how in steps:
            self.one_step(place, how)
            self.everything_is_where_the_auctioneer_has_it()

    def one_step(self, place: int, how: str) -> None:
        """Whatever brings a lot further."""
        names = self.lots_in("awarded", "contracted", "offered")
        if not names:
            return
        name = names[place % len(names)]
        sheet = self.sheet.sheets[name]
        match sheet.state:
            case "offered":
                verb = "declines" if how == "badly" else "takes"
                self.both(sheet.winner, [verb, name], self.sheet.answer(name, verb == "takes", self.now))
            case "contracted":
                granted = how != "badly"
                self.both("ops", ["records" if granted else "refuses", name], self.sheet.recorded(name, granted))
            case _ if how == "badly":
                self.both(sheet.winner, ["withdraws", name], self.sheet.step_back(name, self.now))
            case _ if how == "oddly" and sheet.paid:
                self.both(sheet.winner, ["signs", name], self.sheet.pay(name, self.now))
            case _ if how == "oddly" and self.sheet.seller_signs(name) == "deal.state":
                self.both("lab", ["signs", name], "deal.state")  # it is of a set that is not paid
            case _ if sheet.paid:
                self.both("lab", ["signs", name], self.sheet.seller_signs(name))
            case _:
                self.both(sheet.winner, ["signs", name], self.sheet.pay(name, self.now))

    # --- Time ---------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 59, 60, 299, 7_200]))
    def wait(self, seconds: int) -> None:
        """A while."""
        self.clock_to(self.hall.venue.clock_ns + seconds * 10**9)

    @rule(early=st.booleans())
    def wait_for_what_comes(self, early: bool) -> None:
        """To the next date in the book, or to a second before it; bidding ends when there is something to end."""
        dates = [at for at, _ in self.sheet._appointments()]
        if self.sheet.phase == "bidding" and len(self.sheet.bids) < 3:
            self.clock_to(self.sheet.begins + 150 * 10**9)
        elif dates:
            self.clock_to(min(dates) - (10**9 if early else 0))

    @rule()
    def restart(self) -> None:
        """Nothing is lost by it."""
        if self.checking:
            self.hall.venue.restart()

    # --- What must agree ----------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_where_the_auctioneer_has_it(self) -> None:
        if self.model is None:
            return
        hall, sheet = self.hall, self.model
        money_id = hall.bank().money_asset_id
        ledger, accounts = hall.venue.state.ledger, hall.venue.accounts
        assert {who: hall.money(who) for who in sheet.money} == sheet.money
        assert {who: ledger.held(accounts[who], money_id) for who in sheet.held} == sheet.held
        assert (hall.escrow(), hall.fees_due()) == (sheet.escrow, sheet.venue)
        leaders = sheet.leaders() if sheet.phase == "bidding" and sheet.method == "english" else {}
        for name, one in sheet.sheets.items():
            lot = hall.lot(name)
            assert lot.state == one.state, name
            if one.winner and one.state != "failed":
                assert (hall.who(lot.leading_paddle), lot.price_minor) == (one.winner, one.price), name
            if name in leaders:
                leading = sheet.bids[leaders[name][0]]
                told = (hall.who(lot.leading_paddle), lot.leading_minor, lot.reserve_met)
                assert told == (leading.who, leading.price, leaders[name][1]), name
            if sheet.method == "dutch" and sheet.phase == "bidding":
                assert lot.clock_minor == sheet.shown(hall.venue.state.at_ns)
        if sheet.phase == "bidding":
            assert max(Minor(lot.ends_at_ns) for lot in hall.standing_lots()) == sheet.ends

    def teardown(self) -> None:
        """Everything that can be proved about the venue."""
        if self.model is not None:
            self.hall.venue.close()
