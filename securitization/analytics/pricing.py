"""What payments are worth and how that moves: price, yield, margin, spread, duration, convexity, average life.

Every function takes the scenarios on the first axes and the payments on the last, with one row of times in years for
all of them. Rates and yields are floats a year: 0.038 is 3.80 %. A yield compounds `frequency` times a year: 2 is the
trade's bond-equivalent yield, 12 its mortgage yield, 1 what China's interbank market quotes.

Source: Bond Market Association, Standard Formulas (1999), G.1, G.2 and H.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exchange.core.rejections import RejectCode
from securitization.analytics.amortise import Floats
from securitization.analytics.refused import ProjectionRefused
from securitization.analytics.solve import falling

Amounts = NDArray[np.int64] | NDArray[np.float64]
Counts = NDArray[np.int64]
LOWEST_YIELD, HIGHEST_YIELD = -0.9, 100.0


def present_value(cash: Floats, times: Floats, rate: Floats | float, *, frequency: int = 2) -> Floats:
    """What the payments are worth at a yield, accrued interest included. Units: `times` in years from settlement."""
    return np.asarray((cash * discount(times, rate, frequency)).sum(axis=-1))


def discount(times: Floats, rate: Floats | float, frequency: int) -> Floats:
    """The worth today of one unit at each time, (…, time)."""
    return np.asarray((1.0 + np.asarray(rate)[..., None] / frequency) ** (-frequency * times))


def yield_of(cash: Floats, times: Floats, price: Floats | float, *, frequency: int = 2) -> Floats:
    """The yield at which the payments are worth the price, accrued interest included (G.1.a).

    Refused: measure.no_solution, where no yield between −90 % and 10,000 % gives the price.
    Raises: ProjectionRefused.
    """
    prices = np.broadcast_to(np.asarray(price, dtype=np.float64), cash.shape[:-1])

    def short_of_price(rate: Floats) -> tuple[Floats, Floats]:
        worth = cash * discount(times, rate, frequency)
        slope = -(worth * times).sum(axis=-1) / (1.0 + rate / frequency)
        return worth.sum(axis=-1) - prices, slope

    return falling(short_of_price, LOWEST_YIELD, HIGHEST_YIELD, prices.shape, "yield")


def recompounded(rate: Floats | float, *, frequency: int, to: int) -> Floats:
    """The same yield compounded otherwise: from 2 to 12 turns a bond-equivalent into a mortgage yield (G.1.b)."""
    return np.asarray(to * ((1.0 + np.asarray(rate) / frequency) ** (frequency / to) - 1.0))


def discount_margin(cash: Floats, times: Floats, index: Floats, price: Floats | float) -> Floats:
    """What added to the index makes the payments worth the price, at simple interest between payments (G.2.b).

    Units: `index` is the assumed rate a year from each payment's predecessor, settlement first, (time,) or (…, time).
    Refused: measure.no_solution.
    Raises: ProjectionRefused.
    """
    prices = np.broadcast_to(np.asarray(price, dtype=np.float64), cash.shape[:-1])
    spans = np.diff(times, prepend=0.0)

    def short_of_price(margin: Floats) -> tuple[Floats, Floats]:
        growth = 1.0 + (index + margin[..., None]) * spans
        worth = cash / growth.cumprod(axis=-1)
        slope = -(worth * (spans / growth).cumsum(axis=-1)).sum(axis=-1)
        return worth.sum(axis=-1) - prices, slope

    lowest = float(max(-0.9, -0.9 / spans.max() - index.min()))
    return falling(short_of_price, lowest, 10.0, prices.shape, "discount margin")


def z_spread(cash: Floats, times: Floats, zero: Floats, price: Floats | float, *, frequency: int = 2) -> Floats:
    """What added to every zero rate makes the payments worth the price: the zero-volatility spread.

    Units: `zero` is the zero rate a year to each time, compounded `frequency` times a year, (time,).
    Refused: measure.no_solution.
    Raises: ProjectionRefused.
    """
    prices = np.broadcast_to(np.asarray(price, dtype=np.float64), cash.shape[:-1])

    def short_of_price(spread: Floats) -> tuple[Floats, Floats]:
        growth = 1.0 + (zero + spread[..., None]) / frequency
        worth = cash * growth ** (-frequency * times)
        return worth.sum(axis=-1) - prices, -(worth * times / growth).sum(axis=-1)

    return falling(short_of_price, float(LOWEST_YIELD - zero.min()), 10.0, prices.shape, "Z-spread")


def macaulay_duration(cash: Floats, times: Floats, rate: Floats | float, *, frequency: int = 2) -> Floats:
    """The average time of the payments, weighted by what each is worth (G.1.d). Units: years."""
    worth = cash * discount(times, rate, frequency)
    return np.asarray((worth * times).sum(axis=-1) / _some(worth.sum(axis=-1), "duration"))


def modified_duration(cash: Floats, times: Floats, rate: Floats | float, *, frequency: int = 2) -> Floats:
    """The share of the price lost for a unit of yield, the payments held as they are (G.1.e). Units: years."""
    return macaulay_duration(cash, times, rate, frequency=frequency) / (1.0 + np.asarray(rate) / frequency)


def convexity(cash: Floats, times: Floats, rate: Floats | float, *, frequency: int = 2) -> Floats:
    """The price differentiated twice by the yield, over the price, the payments held (G.1.f). Units: years²."""
    worth = cash * discount(times, rate, frequency)
    twice = (worth * times * (times + 1.0 / frequency)).sum(axis=-1)
    return np.asarray(twice / _some(worth.sum(axis=-1), "convexity") / (1.0 + np.asarray(rate) / frequency) ** 2)


def effective_duration(price: Floats, price_up: Floats, price_down: Floats, shift: float) -> Floats:
    """The share of the price lost for a unit of yield when the payments move with it (G.1.g). Units: years.

    `price_up` is the price after the yield rose by `shift`, with the prepayments expected then.
    """
    return np.asarray((price_down - price_up) / (2.0 * price * shift))


def effective_convexity(price: Floats, price_up: Floats, price_down: Floats, shift: float) -> Floats:
    """The curvature that goes with `effective_duration` (G.1.g). Units: years²."""
    return np.asarray((price_down + price_up - 2.0 * price) / (price * shift**2))


def average_life(principal: Floats, times: Floats) -> Floats:
    """The average time until principal comes back, weighted by amount (G.1.c). Units: years.

    A negative payment is interest added to principal and counts, as for loans of growing balance (H.1).
    Refused: measure.no_solution, where a scenario pays no principal.
    Raises: ProjectionRefused.
    """
    return np.asarray((principal * times).sum(axis=-1) / _some(principal.sum(axis=-1), "average life"))


def payment_window(principal: Amounts) -> tuple[Counts, Counts]:
    """The first and the last period that pay principal, from 1; 0 and 0 where none does."""
    paying = principal > 0
    count = principal.shape[-1]
    first = np.where(paying.any(axis=-1), paying.argmax(axis=-1) + 1, 0)
    last = np.where(paying.any(axis=-1), count - paying[..., ::-1].argmax(axis=-1), 0)
    return first, last


def _some(total: Floats, what: str) -> Floats:
    """The same, unless a lane has nothing to weigh."""
    if not (np.asarray(total) > 0).all():
        raise ProjectionRefused(RejectCode.MEASURE_NO_SOLUTION, f"no {what}: nothing is paid")
    return total
