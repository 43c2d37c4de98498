"""The phases of a trading day, what follows what, what each permits, and what an instrument's book does in it.

    休市    closed           → pre_open, opening_call, continuous
    盘前    pre_open         → opening_call, continuous, closing_call, halted, closed
    集合竞价 opening_call     → continuous, closing_call, halted, closed
    连续竞价 continuous       → volatility_call, closing_call, post_close, halted, closed
    波动中断 volatility_call  → continuous, closing_call, post_close, halted, closed
    停牌    halted           → pre_open, any call, continuous, closed
    收盘竞价 closing_call     → post_close, halted, closed
    交收    settling         → what its auction was held for
    盘后    post_close       → halted, closed

A call ends with its auction, so between a call and what follows lies *settling*, until all its fills are handed out.
Two ends have none: a halt by hand abandons a call, and a call that is overtaken by the closing call becomes it.
Continuous trading never begins over a crossed book: whatever it follows, an auction comes first if need be. Orders stay
over a halt, unless the trading rules end them, and good-till-cancelled ones over the night.
"""

from __future__ import annotations

from typing import assert_never

from exchange.core.instruments import Phase, Side
from exchange.core.units import PriceTicks
from matching.book_messages import Call, Matching
from matching.messages import Instrument

CALLS = (Phase.OPENING_CALL, Phase.VOLATILITY_CALL, Phase.CLOSING_CALL)
"""Phases that show what their auction would do, and end with it."""

PASSAGES: dict[Phase, tuple[Phase, ...]] = {
    Phase.CLOSED: (Phase.PRE_OPEN, Phase.OPENING_CALL, Phase.CONTINUOUS),
    Phase.PRE_OPEN: (Phase.OPENING_CALL, Phase.CONTINUOUS, Phase.CLOSING_CALL, Phase.HALTED, Phase.CLOSED),
    Phase.OPENING_CALL: (Phase.CONTINUOUS, Phase.CLOSING_CALL, Phase.HALTED, Phase.CLOSED),
    Phase.CONTINUOUS: (
        Phase.VOLATILITY_CALL,
        Phase.CLOSING_CALL,
        Phase.POST_CLOSE,
        Phase.HALTED,
        Phase.CLOSED,
    ),
    Phase.VOLATILITY_CALL: (Phase.CONTINUOUS, Phase.CLOSING_CALL, Phase.POST_CLOSE, Phase.HALTED, Phase.CLOSED),
    Phase.HALTED: (Phase.PRE_OPEN, *CALLS, Phase.CONTINUOUS, Phase.CLOSED),
    Phase.CLOSING_CALL: (Phase.POST_CLOSE, Phase.HALTED, Phase.CLOSED),
    Phase.SETTLING: (),
    Phase.POST_CLOSE: (Phase.HALTED, Phase.CLOSED),
}
PLAIN_PHASES = (Phase.CLOSED, Phase.CONTINUOUS, Phase.HALTED)
"""The phases of a market without trading rules, whose books take plain orders alone."""


def allowed(from_phase: Phase, to_phase: Phase) -> bool:
    """Whether an instrument may be asked to pass from one phase to the other; staying is no passage."""
    return to_phase in PASSAGES[from_phase]


def ends_with_auction(from_phase: Phase, to_phase: Phase) -> bool:
    """Whether an auction lies between the two: a call that is neither halted nor overtaken by the closing call."""
    return from_phase in CALLS and to_phase is not Phase.HALTED and to_phase not in CALLS


def accepts_orders(phase: Phase) -> bool:
    """Whether new orders and replacements are taken."""
    match phase:
        case Phase.CONTINUOUS | Phase.PRE_OPEN | Phase.POST_CLOSE:
            return True
        case Phase.OPENING_CALL | Phase.VOLATILITY_CALL | Phase.CLOSING_CALL:
            return True
        case Phase.CLOSED | Phase.HALTED | Phase.SETTLING:
            return False
        case _:
            assert_never(phase)


def book_matching(phase: Phase) -> tuple[Matching, Call]:
    """What an instrument's book does in a phase."""
    match phase:
        case Phase.CLOSED | Phase.HALTED:
            return Matching.HALTED, Call.NONE
        case Phase.PRE_OPEN:
            return Matching.COLLECT, Call.OTHER
        case Phase.OPENING_CALL:
            return Matching.COLLECT, Call.OPENING
        case Phase.VOLATILITY_CALL:
            return Matching.COLLECT, Call.VOLATILITY
        case Phase.CLOSING_CALL:
            return Matching.COLLECT, Call.CLOSING
        case Phase.CONTINUOUS:
            return Matching.CONTINUOUS, Call.NONE
        case Phase.SETTLING:
            return Matching.UNCROSSING, Call.NONE
        case Phase.POST_CLOSE:
            return Matching.FIXED_PRICE, Call.NONE
        case _:
            assert_never(phase)


def within_band(instrument: Instrument, price_ticks: PriceTicks) -> bool:
    """Whether a limit price lies inside the instrument's band, its edges included."""
    return instrument.band_low_ticks <= price_ticks <= instrument.band_high_ticks


def protection_price(instrument: Instrument, side: Side) -> PriceTicks:
    """The worst price a market order may trade at: the far edge of the band."""
    return instrument.band_high_ticks if side is Side.BUY else instrument.band_low_ticks
