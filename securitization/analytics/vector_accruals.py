"""What falls due as a period opens, in every scenario: the arithmetic of `securitization.accruals` on arrays."""

from __future__ import annotations

import numpy as np

from securitization.analytics.arithmetic import Vector, rounded_product
from securitization.analytics.vector_state import Vectors, worth
from securitization.deal_formulas import PPM, Rounding
from securitization.deal_terms import (
    DayCount,
    EventFee,
    Fee,
    FixedCoupon,
    FixedLeg,
    FlatFee,
    FloatingCoupon,
    FloatingLeg,
    Hedge,
    InterestOnly,
    NoCoupon,
    RateCap,
    RateFee,
    RateFloor,
    SteppedCoupon,
    Swap,
    TieredFee,
    Tranche,
    UnpaidInterest,
)
from securitization.explain import Kind, payment_key
from securitization.schedule import days_in_year, period_days


def accrue(now: Vectors) -> dict[str, Vector]:
    """Make due what this period makes due; gives what is capitalised and what hedges bring in, by payment key."""
    told: dict[str, Vector] = {}
    opening = dict(now.balance)
    for place, tranche in enumerate(now.deal.tranches):
        accrued = _interest(now, tranche, opening)
        now.accrued[tranche.name] = accrued
        if now.number <= tranche.capitalise_until_period:
            now.balance[tranche.name] = now.balance[tranche.name] + accrued
            told[payment_key(f"$.tranches[{place}]", Kind.CAPITALISED, tranche.name)] = accrued
        else:
            now.interest_due[tranche.name] = now.interest_due[tranche.name] + accrued
    for place, hedge in enumerate(now.deal.hedges):
        receives, pays = _legs(now, hedge)
        if isinstance(hedge.terms, Swap):
            receives, pays = np.maximum(0, receives - pays), np.maximum(0, pays - receives)
        now.accounts[hedge.account] = now.accounts[hedge.account] + receives
        now.hedges[hedge.name] = now.hedges[hedge.name] + pays
        told[payment_key(f"$.hedges[{place}]", Kind.HEDGE_RECEIPT, hedge.name)] = receives
    for fee in now.deal.fees:
        if now.number >= fee.first_period and (now.number - fee.first_period) % fee.every_periods == 0:
            now.fees[fee.name] = now.fees[fee.name] + _charge(now, fee)
    for support in now.deal.supports:
        earned = _earned(now, now.owed[support.name], support.rate_ppm, support.day_count)
        now.support_interest[support.name] = now.support_interest[support.name] + earned
    return told


def _earned(now: Vectors, base: Vector, rate_ppm: Vector | int, day_count: DayCount) -> Vector:
    days = period_days(now.deal.periods[now.column], day_count)
    return rounded_product(base, rate_ppm * days, PPM * days_in_year(day_count), Rounding.HALF_EVEN)


def _interest(now: Vectors, tranche: Tranche, opening: dict[str, Vector]) -> Vector:
    if isinstance(tranche.principal, InterestOnly):
        base = np.sum([opening[name] for name in tranche.principal.notional_of], axis=0)
    else:
        base = opening[tranche.name]
    if tranche.unpaid_interest is UnpaidInterest.COMPOUNDING:
        base = base + now.interest_due[tranche.name]
    return _earned(now, base, _coupon(now, tranche), tranche.day_count)


def _coupon(now: Vectors, tranche: Tranche) -> Vector | int:
    coupon = tranche.coupon
    match coupon:
        case NoCoupon():
            return 0
        case FixedCoupon():
            return coupon.rate_ppm
        case SteppedCoupon():
            rate = 0
            for step in coupon.steps:
                if step.from_period <= now.number:
                    rate = step.rate_ppm
            return rate
        case FloatingCoupon():
            rates = now.pool.rates_ppm[coupon.index][:, now.column] + coupon.spread_ppm
            return np.minimum(
                np.maximum(rates, coupon.floor_ppm), PPM * 2 if coupon.cap_ppm is None else coupon.cap_ppm
            )


def _legs(now: Vectors, hedge: Hedge) -> tuple[Vector, Vector]:
    """What a hedge pays and what it costs, before netting."""
    notional, terms = worth(now, hedge.notional), hedge.terms
    match terms:
        case Swap():
            receives = _earned(now, notional, _leg_rate(now, terms.receive), hedge.day_count)
            return receives, _earned(now, notional, _leg_rate(now, terms.pay), hedge.day_count)
        case RateCap():
            rate = np.maximum(0, now.pool.rates_ppm[terms.index][:, now.column] - terms.strike_ppm)
        case RateFloor():
            rate = np.maximum(0, terms.strike_ppm - now.pool.rates_ppm[terms.index][:, now.column])
    return _earned(now, notional, rate, hedge.day_count), now.whole(terms.premium_minor)


def _leg_rate(now: Vectors, leg: FixedLeg | FloatingLeg) -> Vector | int:
    if isinstance(leg, FixedLeg):
        return leg.rate_ppm
    return np.maximum(0, now.pool.rates_ppm[leg.index][:, now.column] + leg.spread_ppm)


def _charge(now: Vectors, fee: Fee) -> Vector:
    """What a fee costs this period, with its bounds and tax."""
    value = np.maximum(_plain_charge(now, fee), fee.minimum_minor)
    if fee.maximum_minor is not None:
        value = np.minimum(value, fee.maximum_minor)
    return value + rounded_product(value, fee.vat_ppm, PPM, Rounding.HALF_EVEN)


def _plain_charge(now: Vectors, fee: Fee) -> Vector:
    charge = fee.charge
    match charge:
        case FlatFee():
            return now.whole(charge.amount_minor)
        case EventFee():
            return now.pool.events[charge.event][:, now.column] * charge.amount_minor
        case RateFee():
            return _rated(now, worth(now, charge.base), charge.rate_ppm, charge.day_count)
        case TieredFee():
            base, total, below = worth(now, charge.base), now.whole(0), 0
            for band in charge.bands:
                upper = base if band.up_to_minor is None else np.minimum(base, band.up_to_minor)
                total = total + _rated(now, np.maximum(0, upper - below), band.rate_ppm, charge.day_count)
                below = band.up_to_minor or 0
            return total


def _rated(now: Vectors, base: Vector, rate_ppm: int, day_count: DayCount | None) -> Vector:
    if day_count is None:
        return rounded_product(base, rate_ppm, PPM, Rounding.HALF_EVEN)
    return _earned(now, base, rate_ppm, day_count)
