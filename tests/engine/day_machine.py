"""A state machine that trades, changes phases and lets time pass at random, beside the floor of tests/models."""

from __future__ import annotations

import functools
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.messages import Event, Rejected
from exchange.core.node_messages import AdvanceClock
from exchange.core.units import NS_PER_SECOND, PriceTicks, QuantityLots
from matching.messages import CancelOrder, ChangePhase, InstrumentPhaseChanged, OrderAccepted, PlaceOrder, TradeMade
from matching.session import CALLS
from matching.session_messages import AuctionIndicated
from tests.engine.days import venue_with
from tests.models.day_model import Floor
from tests.support import Venue

LOWEST, HIGHEST = 1, 40
PEOPLE = ("ren", "wu", "li", "zhao")
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "calls": {"static_band_ppm": 200_000, "volatility_seconds": 120},
    "both": {"static_band_ppm": 300_000, "dynamic_band_ppm": 100_000, "volatility_seconds": 60},
    "halts": {"dynamic_band_ppm": 150_000, "breaker_seconds": 60},
    "shares": {"allocation": "pro_rata", "static_band_ppm": 200_000, "volatility_seconds": 60},
    "strict": {"static_band_ppm": 100_000, "halt_keeps_orders": False},
}
PHASES = st.sampled_from(
    ["opening_call", "volatility_call"] * 2
    + ["continuous"] * 4
    + ["closing_call", "post_close", "halted", "closed", "pre_open"]
)
"""An operator mostly asks for what lets people trade."""
PRICES = st.sampled_from([18, 19, 20, 20, 20, 21, 21, 22, 24, 16, 30, 10, None])


class Ask(NamedTuple):
    """One order, as drawn; `price` None: at market."""

    who: str
    buys: bool
    lots: int
    price: int | None
    tif: str


ASKS = st.builds(
    Ask,
    st.sampled_from(PEOPLE),
    st.booleans(),
    st.integers(1, 9),
    PRICES,
    st.sampled_from(["day", "gtc", "gtc", "ioc"]),
)


def build(variant: str) -> Venue:
    """The venue at the first curtain."""
    venue = venue_with(**VARIANTS[variant])
    for name in PEOPLE:
        venue.member(name, cash=1_000_000)
    venue.instrument("INS", band=(LOWEST, HIGHEST), holders=dict.fromkeys(PEOPLE, 10_000), opened=False)
    return venue


class DayMachine(RuleBasedStateMachine):
    """The engine and the floor, told the same."""

    stage: ClassVar[Callable[[str], Venue]] = staticmethod(functools.cache(build))

    @initialize(variant=st.sampled_from([*VARIANTS, "shares", "halts"]))
    def curtain(self, variant: str) -> None:
        """One kind of trading rules."""
        chosen = VARIANTS[variant]

        def ppm(name: str) -> Fraction | None:
            width = chosen.get(name)
            return None if width is None else Fraction(width, 1_000_000)

        self.venue = type(self).stage(variant).copy()
        self.venue.checking = False
        self.floor = Floor(
            LOWEST,
            HIGHEST,
            ppm("static_band_ppm"),
            ppm("dynamic_band_ppm"),
            int(chosen.get("volatility_seconds") or 0),
            int(chosen.get("breaker_seconds") or 0),
            chosen.get("halt_keeps_orders", True) is True,
            chosen.get("allocation") == "pro_rata",
        )
        self.seen = len(self.venue.journal)
        self.names = 0
        self.told: AuctionIndicated | None = None
        self.phase("opening_call")
        self.order("li", buys=True, lots=3, price=20, tif="gtc")
        self.order("wu", buys=False, lots=4, price=20, tif="gtc")
        self.phase("continuous")

    @rule(asks=st.lists(ASKS, min_size=1, max_size=6))
    def orders(self, asks: list[Ask]) -> None:
        """Some people order, one after the other."""
        for ask in asks:
            self.order(ask.who, buys=ask.buys, lots=ask.lots, price=ask.price, tif=ask.tif)

    def order(self, who: str, buys: bool, lots: int, price: int | None, tif: str) -> None:
        """Somebody orders."""
        self.names += 1
        name = f"o{self.names}"
        command = PlaceOrder(
            client_order_id=name,
            account_id=self.venue.accounts[who],
            instrument_id=self.venue.instruments["INS"],
            side=Side.BUY if buys else Side.SELL,
            quantity_lots=QuantityLots(lots),
            price_ticks=None if price is None else PriceTicks(price),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=TimeInForce(tif),
        )
        events = self.venue.do(command, who)
        if isinstance(events[0], OrderAccepted):
            self.venue.orders[name] = events[0].order_id
        expected = self.floor.order(name, who, "buy" if buys else "sell", lots, price, tif, self.venue.clock_ns)
        self.answered(events, expected)

    @rule(place=st.integers(0, 99))
    def cancel(self, place: int) -> None:
        """Somebody takes an order back."""
        if not self.venue.orders:
            return
        name = sorted(self.venue.orders)[place % len(self.venue.orders)]
        who = next((order.who for order in self.floor.board if order.name == name), PEOPLE[0])
        command = CancelOrder(account_id=self.venue.accounts[who], order_id=self.venue.orders[name])
        self.answered(self.venue.do(command, who), "" if self.floor.cancel(name) else "order.unknown")

    @rule(phase=PHASES)
    def phase(self, phase: str) -> None:
        """An operator asks for a phase."""
        command = ChangePhase(instrument_id=self.venue.instruments["INS"], phase=Phase(phase))
        events = self.venue.do(command)
        self.answered(events, self.floor.ask(phase, self.venue.clock_ns))

    @rule(seconds=st.sampled_from([1, 59, 61, 130, 400]), killed=st.sampled_from([False, False, False, True]))
    def time(self, seconds: int, killed: bool) -> None:
        """Time passes; now and then the node is killed and starts again."""
        venue = self.venue
        if killed:
            venue.restart()
        target = venue.clock_ns + seconds * NS_PER_SECOND
        while venue.state.due and venue.state.due[0][0] <= target:
            due_ns = venue.state.due[0][0]
            venue.clock_ns = max(venue.clock_ns, due_ns)
            venue.do(AdvanceClock(chance=venue.chance()), "node")
            self.floor.tick(venue.clock_ns)
            self.finish()
        venue.clock_ns = max(venue.clock_ns, target)

    def answered(self, events: list[Event], expected: str) -> None:
        """The engine said what the floor says."""
        answer = events[0].code.value if events and isinstance(events[0], Rejected) else ""
        assert answer == expected, f"the engine says {answer or 'yes'}, the floor {expected or 'yes'}"
        self.finish()

    def finish(self) -> None:
        """What the node does in its slow lane; now and then it is killed before."""
        if self.venue.state.runs and self.names % 3 == 0:
            self.venue.restart()
        self.venue.finish_runs()

    @invariant()
    def agree(self) -> None:
        """Phase, trades, orders, prices and what the call shows are the floor's."""
        if not hasattr(self, "floor"):
            return
        venue, floor = self.venue, self.floor
        instrument = venue.state.instruments[venue.instruments["INS"]]
        new = [event for entry in venue.journal[self.seen :] for event in entry.events]
        self.seen = len(venue.journal)
        names = {account_id: name for name, account_id in venue.accounts.items()}
        trades = [
            (names[e.buyer.account_id], names[e.seller.account_id], e.quantity_lots, e.price_ticks)
            for e in new
            if isinstance(e, TradeMade)
        ]
        assert trades == floor.trades, f"trades {trades}, on the floor {floor.trades}"
        phases = [event.instrument.phase.value for event in new if isinstance(event, InstrumentPhaseChanged)]
        assert phases == floor.phases, f"phases {phases}, on the floor {floor.phases}"
        floor.trades, floor.phases = [], []
        assert instrument.phase.value == floor.phase
        open_orders = {order.client_order_id: order.remaining_lots for order in venue.state.orders.values()}
        assert open_orders == {order.name: order.left for order in floor.board}
        book = venue.state.books[instrument.instrument_id].state()
        assert (book.last_ticks, book.reference_ticks) == (floor.last, floor.reference)
        low, high = floor.range()
        for price in range(LOWEST, HIGHEST + 1):
            inside = not book.band_high_ticks or book.band_low_ticks <= price <= book.band_high_ticks
            assert inside is (low <= price <= high), f"{price} within {low} to {high}"
        for event in new:
            if isinstance(event, AuctionIndicated):
                self.told = event
            elif isinstance(event, InstrumentPhaseChanged) and event.instrument.phase not in CALLS:
                self.told = None
        if instrument.phase in CALLS:
            told = self.told
            assert told is not None, "a call shows what it would do"
            over = told.imbalance_lots * (-1 if told.imbalance_side is Side.SELL else 1)
            assert (told.price_ticks, told.paired_lots, over) == floor.indication()

    def teardown(self) -> None:
        """Everything is proved again: the tables, and deciding it all anew."""
        if hasattr(self, "venue"):
            self.venue.close()
