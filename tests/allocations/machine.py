"""A day's trades and allocations in any order, against a manager's notebook (tests/models/allocation_model.py)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exchange.core.instruments import Side
from exchange.core.messages import Rejected
from exchange.core.node_messages import AdvanceClock, Timer, TimerKind
from exchange.core.units import PriceTicks, QuantityLots
from matching.allocation_messages import AllocationDayEnded, AllocationMade
from matching.messages import PlaceOrder, TradeMade
from tests.allocations.stage import FUNDS, allocation, at_the_days_end, stage
from tests.engine.days import CODE
from tests.models.allocation_model import Notebook
from tests.support import Venue

NAMES = ("block", *FUNDS)
FEE_PPM = 12_345
START_LOTS = 100
CASH = 100_000


def build() -> Venue:
    """The stage of the scenarios, with a fee that seldom divides."""
    return stage(fee_ppm=FEE_PPM, fee_minimum=1)


class AllocationMachine(RuleBasedStateMachine):
    """The engine and the notebook, told the same."""

    stage: ClassVar[Callable[[], Venue]] = staticmethod(functools.cache(build))

    def __init__(self) -> None:
        super().__init__()
        self.venue = self.stage().copy()
        units = dict.fromkeys(NAMES, 0) | {"block": START_LOTS}
        self.paper = Notebook(dict.fromkeys(NAMES, CASH), units)

    @rule(
        buys=st.booleans(),
        lots=st.integers(1, 9),
        price=st.sampled_from([1, 7, 99, 100, 101]),
        rests=st.booleans(),
    )
    def trade(self, buys: bool, lots: int, price: int, rests: bool) -> None:
        """The block account trades with the market, as maker or as taker."""
        other = "wu" if buys else "li"
        have = self.paper.units["block"]
        if not buys and lots > have:
            return
        if other == "li" and lots * price * 2 > self.venue.cash("li"):
            return
        if buys and lots * price * 2 > self.paper.cash["block"]:
            return
        pair = [("block", buys), (other, not buys)]
        for who, side in pair if rests else reversed(pair):
            events = self.venue.do(self.order(who, Side.BUY if side else Side.SELL, lots, price), who)
            assert not isinstance(events[0], Rejected), events
        [trade] = [event for event in events if isinstance(event, TradeMade)]
        own = trade.buyer if buys else trade.seller
        self.paper.trade("buy" if buys else "sell", lots, price, own.fee_minor)

    def order(self, who: str, side: Side, lots: int, price: int) -> PlaceOrder:
        """A plain order."""
        return PlaceOrder(
            client_order_id=f"c{self.venue.state.sequence}",
            account_id=self.venue.accounts[who],
            instrument_id=self.venue.instruments[CODE],
            side=side,
            quantity_lots=QuantityLots(lots),
            price_ticks=PriceTicks(price),
        )

    @rule(
        side=st.sampled_from(Side),
        parts=st.dictionaries(st.sampled_from(list(FUNDS)), st.integers(1, 9), min_size=1),
    )
    def share(self, side: Side, parts: dict[str, int]) -> None:
        """Some of the day's lots go to the funds."""
        expected = self.paper.share(side.value, list(parts.items()))
        [first, *_] = self.venue.do(allocation(self.venue, side, parts), "fund")
        if expected:
            assert isinstance(first, Rejected) and first.code.value == expected, (first, expected)
        else:
            assert isinstance(first, AllocationMade), first

    @rule(side=st.sampled_from(Side))
    def share_all(self, side: Side) -> None:
        """Everything that is left goes to one fund, so that the parts must sum to the whole."""
        page = self.paper.pages.get(side.value)
        if page is not None and page.lots > page.shared_lots:
            self.share(side, {"own": page.lots - page.shared_lots})

    @rule(chance=st.integers(0, 3))
    def end_the_day(self, chance: int) -> None:
        """Midnight."""
        timers = [one for one in self.venue.state.table(Timer).values() if one.kind is TimerKind.ALLOCATION_DAY_ENDS]
        if chance or not timers:
            return
        at_the_days_end(self.venue)
        kept: dict[str, int] = {}
        for event in self.venue.do(AdvanceClock(chance=self.venue.chance()), "node"):
            if isinstance(event, AllocationDayEnded):
                kept |= {one.side.value: one.left_lots for one in event.totals if one.left_lots}
        assert kept == self.paper.kept()

    @rule(chance=st.integers(0, 3))
    def restart(self, chance: int) -> None:
        """The node stops and starts again."""
        if not chance:
            self.venue.restart()
            self.venue.finish_runs()

    @invariant()
    def both_have_the_same(self) -> None:
        """Every account's money and units."""
        for name in NAMES:
            assert self.venue.cash(name) == self.paper.cash[name], name
            assert self.venue.units(name, CODE) == self.paper.units[name], name

    def teardown(self) -> None:
        """Everything that can be proved."""
        self.venue.close()
