"""The phases of a trading session, what each permits, and the prices an instrument takes.

closed 休市 → continuous 连续竞价 ⇄ halted 停牌; a session closes from either. Orders stay in the book over a halt, and
good-till-cancelled ones over the night. (Call auctions 集合竞价 add their phases here.)
"""

from __future__ import annotations

from typing import assert_never

from exchange.core.instruments import Phase, Side
from exchange.core.units import PriceTicks
from matching.messages import Instrument


def allowed(from_phase: Phase, to_phase: Phase) -> bool:
    """Whether an instrument may pass from one phase to the other; staying is no passage."""
    match from_phase:
        case Phase.CLOSED:
            return to_phase is Phase.CONTINUOUS
        case Phase.CONTINUOUS:
            return to_phase in {Phase.HALTED, Phase.CLOSED}
        case Phase.HALTED:
            return to_phase in {Phase.CONTINUOUS, Phase.CLOSED}
        case _:
            assert_never(from_phase)


def accepts_orders(phase: Phase) -> bool:
    """Whether new orders and replacements are taken: both may trade at once."""
    match phase:
        case Phase.CONTINUOUS:
            return True
        case Phase.CLOSED | Phase.HALTED:
            return False
        case _:
            assert_never(phase)


def within_band(instrument: Instrument, price_ticks: PriceTicks) -> bool:
    """Whether a limit price lies inside the instrument's band, its edges included."""
    return instrument.band_low_ticks <= price_ticks <= instrument.band_high_ticks


def protection_price(instrument: Instrument, side: Side) -> PriceTicks:
    """The worst price a market order may trade at: the far edge of the band."""
    return instrument.band_high_ticks if side is Side.BUY else instrument.band_low_ticks
