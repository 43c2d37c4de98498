"""The exchange's state machine with an eraser: trades are made, spent, busted, corrected, and grow too old for that.

The engine's trades are the clerk's (tests/models/bust_model.py) in the same order; what is made of each, every purse
and every drawer must be the same afterwards. Restarts come with the rest of the machine, and at the end everything is
loaded from the tables and decided again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from exchange.core.ids import TradeId
from exchange.core.instruments import Phase
from exchange.core.messages import Event
from exchange.core.units import PriceTicks
from matching.correction_messages import BustTrade, CorrectTrade
from matching.messages import ChangePhase, TradeMade
from tests.busts.stage import EVIDENCE, REASON, by_two, remedy
from tests.engine.days import venue_with
from tests.engine.machine import CASH, FEE, HIGHEST, HOLDER_CAP, LOWEST, STEPS, UNITS, VALUE_CAP, ExchangeMachine
from tests.models.bust_model import PaperBusts
from tests.models.exchange_model import Terms, Told
from tests.support import Venue

WINDOW_SECONDS = 50_000
"""Longer than any tape lasts, but for its hours that pass at once."""


def build() -> Venue:
    """The machine's venue, in a market whose trades may be busted."""
    ppm, least, most = FEE
    venue = venue_with(
        fee_ppm=ppm,
        fee_minimum=least,
        fee_maximum=most,
        profile={"holder_cap": HOLDER_CAP, "value_cap_minor": VALUE_CAP},
        bust_window_seconds=WINDOW_SECONDS,
        bust_reasons=[REASON],
    )
    for name, cash in CASH.items():
        venue.member(name, cash=cash)
    for code, (lot_units, tick_minor) in STEPS.items():
        venue.instrument(
            code, lot_units=lot_units, tick_minor=tick_minor, band=(LOWEST, HIGHEST), holders=UNITS[code], opened=False
        )
        venue.do(ChangePhase(instrument_id=venue.instruments[code], phase=Phase.CONTINUOUS))
    return venue


class BustMachine(ExchangeMachine):
    """The engine and the clerk with an eraser, told the same."""

    stage: ClassVar[Callable[[], Venue]] = staticmethod(functools.cache(build))
    paper: PaperBusts

    def __init__(self) -> None:
        super().__init__()
        terms = {code: Terms(lot, tick, LOWEST, HIGHEST) for code, (lot, tick) in STEPS.items()}
        paper = PaperBusts(FEE, HOLDER_CAP, VALUE_CAP, terms)
        paper.purse, paper.drawer = self.paper.purse, self.paper.drawer
        self.paper = paper
        self.trades: list[TradeId] = []

    def agree(self, told: Told, events: list[Event]) -> None:
        """An order was answered as the clerk answered it; its trades may be busted from now on."""
        self.trades += [event.trade_id for event in events if isinstance(event, TradeMade)]
        super().agree(told, events)
        assert len(self.trades) == len(self.paper.fills)

    @precondition(lambda self: self.trades)
    @rule(
        changes=st.lists(
            st.tuples(
                st.sampled_from([True, True, False]),
                st.sampled_from([0, 0, 0, 1, 1, 2, 3, 7, 20]),
                st.sampled_from([1, 8, 9, 10, 11, 12, 30, 31]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def mend(self, changes: list[tuple[bool, int, int]]) -> None:
        """Trades, the newest first, are to be undone or to have other prices."""
        for undo, back, price in changes:
            self.mend_one(len(self.trades) - 1 - back % len(self.trades), price, undo=undo)

    def mend_one(self, number: int, price: int, *, undo: bool) -> None:
        """A trade is to be undone, or to have another price."""
        instrument_id = self.venue.instruments[self.paper.fills[number].code]
        kind = BustTrade if undo else CorrectTrade
        command = kind(
            instrument_id=instrument_id,
            trade_id=self.trades[number],
            reason=REASON,
            evidence_sha256=EVIDENCE,
            **{"fair_price_ticks" if undo else "price_ticks": PriceTicks(price)},
        )
        expected = self.paper.bust(number, price) if undo else self.paper.correct(number, price)
        assert remedy(by_two(self.venue, command)) == expected, (number, self.paper.fills[number])
        self.both_have_the_same_balances()

    @rule(chance=st.integers(0, 5))
    def let_a_day_pass(self, chance: int) -> None:
        """What was traded is final now and then."""
        if not chance:
            self.venue.pass_time(seconds=WINDOW_SECONDS + 1)
            self.paper.grow_old()
            self.paper.mandates.clear()
            if self.trades:
                self.mend_one(len(self.trades) - 1, 10, undo=True)
