"""Outside of which prices a trade interrupts trading: a static range round one price, a dynamic one round another.

Units: a range is ppm of its price; its edges, rounded towards the price to whole ticks, may still trade.
Source: Market Model Xetra, volatility interruption; LSE MIT201, price monitoring.
"""

from __future__ import annotations

from typing import NamedTuple

from exchange.core.units import div_ceil, div_floor

PPM = 1_000_000


class PriceBand(NamedTuple):
    """The lowest and the highest price that may trade; zeros: no limit."""

    low_ticks: int
    high_ticks: int


NO_BAND = PriceBand(0, 0)


def band_round(price_ticks: int, ppm: int | None) -> PriceBand:
    """The range round one price; no range without a width, or without a price.

    >>> band_round(1_005, 100_000)
    PriceBand(low_ticks=905, high_ticks=1105)
    """
    if ppm is None or not price_ticks:
        return NO_BAND
    low = max(1, div_ceil(price_ticks * (PPM - ppm), PPM))
    return PriceBand(low, div_floor(price_ticks * (PPM + ppm), PPM))


def both(static: PriceBand, dynamic: PriceBand) -> PriceBand:
    """What lies in both ranges; where they have nothing in common, the static one."""
    if NO_BAND in (static, dynamic):
        return dynamic if static == NO_BAND else static
    low, high = max(static.low_ticks, dynamic.low_ticks), min(static.high_ticks, dynamic.high_ticks)
    return PriceBand(low, high) if low <= high else static


def within(band: PriceBand, price_ticks: int) -> bool:
    """Whether a price lies in the range, its edges included."""
    return band == NO_BAND or band.low_ticks <= price_ticks <= band.high_ticks
