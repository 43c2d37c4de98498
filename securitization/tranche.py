"""What a tranche earns in a period and what principal it is owed: the arithmetic both evaluators do."""

from __future__ import annotations

from collections.abc import Mapping

from exchange.core.units import div_half_even
from securitization.deal_formulas import PPM
from securitization.deal_terms import (
    Bullet,
    Coupon,
    FixedCoupon,
    FloatingCoupon,
    InterestOnly,
    NoCoupon,
    PassThrough,
    Planned,
    SteppedCoupon,
    Tranche,
)


def coupon_rate_ppm(coupon: Coupon, number: int, rates_ppm: Mapping[str, int]) -> int:
    """The rate of a coupon in a period; a floating one is index plus spread, within floor and cap.

    Units: ppm a year.
    """
    match coupon:
        case NoCoupon():
            return 0
        case FixedCoupon():
            return coupon.rate_ppm
        case SteppedCoupon():
            return [step.rate_ppm for step in coupon.steps if step.from_period <= number][-1]
        case FloatingCoupon():
            rate = max(rates_ppm[coupon.index] + coupon.spread_ppm, coupon.floor_ppm)
            return rate if coupon.cap_ppm is None else min(rate, coupon.cap_ppm)


def accrued_minor(base_minor: int, rate_ppm: int, days: int, year_days: int) -> int:
    """What a base earns at a yearly rate over some days, rounded half to even once.

    >>> accrued_minor(100_000_000, 38_000, 365, 365)
    3800000
    """
    return div_half_even(base_minor * rate_ppm * days, PPM * year_days)


def principal_due_minor(tranche: Tranche, balance_minor: int, number: int, last: int) -> int:
    """The principal that is owed in a period and not merely welcome: by plan, by bullet, or at the end."""
    match tranche.principal:
        case Planned():
            return max(0, balance_minor - tranche.principal.balances_minor[number - 1])
        case Bullet():
            return balance_minor if number >= tranche.principal.period else 0
        case PassThrough():
            return balance_minor if number == last else 0
        case InterestOnly():
            return 0


def can_take_minor(tranche: Tranche, balance_minor: int, number: int, accelerated: bool) -> int:
    """The most principal that may be paid in a period; all of the balance when it is accelerated."""
    if accelerated:
        return balance_minor
    match tranche.principal:
        case Planned():
            return max(0, balance_minor - tranche.principal.balances_minor[number - 1])
        case Bullet():
            return balance_minor if number >= tranche.principal.period else 0
        case PassThrough():
            return balance_minor
        case InterestOnly():
            return 0
