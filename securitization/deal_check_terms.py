"""Whether the terms make sense each by itself: calendar, tranches, coupons, fees, supports, triggers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from securitization.deal import Deal, Period
from securitization.deal_problems import DealCode, Problem
from securitization.deal_terms import (
    Bullet,
    EventFee,
    Fee,
    FloatingCoupon,
    InterestOnly,
    NoCoupon,
    Planned,
    SteppedCoupon,
    TieredFee,
    Tranche,
)
from securitization.deal_triggers import Status
from securitization.trigger import comparison


def check_terms(deal: Deal) -> list[Problem]:
    """Refused: calendar.*, tranche.*, coupon.*, fee.*, support.terms, trigger.*, in this order."""
    return [
        *_calendar(deal),
        *_tranches(deal),
        *_fees(deal),
        *_supports(deal),
        *_triggers(deal),
    ]


def _problem(code: DealCode, path: str, reason: str) -> Problem:
    return Problem(code=code, path=path, reason=reason)


def _calendar(deal: Deal) -> list[Problem]:
    found: list[Problem] = []
    before: Period | None = None
    for place, period in enumerate(deal.periods):
        path = f"$.periods[{place}]"
        wrong = [name for name in Period.__struct_fields__ if not _is_date(getattr(period, name))]
        if wrong:
            return [_problem(DealCode.CALENDAR_DATE, f"{path}.{wrong[0]}", "no such date")]
        if period.start >= period.end:
            found.append(_problem(DealCode.CALENDAR_ORDER, f"{path}.end", "is not after the start"))
        if period.payment_date < period.end:
            found.append(_problem(DealCode.CALENDAR_ORDER, f"{path}.payment_date", "is before the period's end"))
        if period.record_date > period.payment_date:
            found.append(_problem(DealCode.CALENDAR_ORDER, f"{path}.record_date", "is after the payment"))
        if before is not None and period.start != before.end:
            found.append(
                _problem(DealCode.CALENDAR_ORDER, f"{path}.start", f"is not {before.end}, where the last ends")
            )
        if before is not None and period.payment_date <= before.payment_date:
            found.append(_problem(DealCode.CALENDAR_ORDER, f"{path}.payment_date", "is not after the one before"))
        before = period
    return found


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _tranches(deal: Deal) -> Iterator[Problem]:
    total = sum(tranche.face_minor for tranche in deal.tranches)
    if total != deal.issue_minor:
        yield _problem(
            DealCode.TRANCHE_TOTAL, "$.issue_minor", f"is {deal.issue_minor}, the faces are {total} together"
        )
    strips = [tranche.name for tranche in deal.tranches if isinstance(tranche.principal, InterestOnly)]
    for place, tranche in enumerate(deal.tranches):
        path = f"$.tranches[{place}]"
        yield from _principal(deal, tranche, path, strips)
        yield from _coupon(deal, tranche, path)


def _principal(deal: Deal, tranche: Tranche, path: str, strips: list[str]) -> Iterator[Problem]:
    last, principal = len(deal.periods), tranche.principal
    match principal:
        case InterestOnly():
            inner = [name for name in principal.notional_of if name in strips]
            if inner:
                yield _problem(DealCode.TRANCHE_NOTIONAL, f"{path}.principal.notional_of", f"{inner[0]} has no balance")
            if tranche.face_minor or isinstance(tranche.coupon, NoCoupon) or tranche.capitalise_until_period:
                yield _problem(DealCode.TRANCHE_NOTIONAL, path, "interest only: no face, a coupon, nothing capitalised")
        case Planned():
            plan = principal.balances_minor
            if len(plan) != last:
                reason = f"{len(plan)} balances for {last} periods"
                yield _problem(DealCode.TRANCHE_SCHEDULE, f"{path}.principal.balances_minor", reason)
            elif max(plan) > tranche.face_minor or list(plan) != sorted(plan, reverse=True) or plan[-1]:
                reason = "must fall from the face to zero"
                yield _problem(DealCode.TRANCHE_SCHEDULE, f"{path}.principal.balances_minor", reason)
        case Bullet():
            if principal.period > last:
                yield _problem(DealCode.TRANCHE_PERIOD, f"{path}.principal.period", f"there are {last} periods")
        case _:
            pass
    if not tranche.face_minor and not isinstance(principal, InterestOnly):
        yield _problem(DealCode.TRANCHE_TOTAL, f"{path}.face_minor", "a tranche with principal has a face")


def _coupon(deal: Deal, tranche: Tranche, path: str) -> Iterator[Problem]:
    last, coupon = len(deal.periods), tranche.coupon
    if tranche.capitalise_until_period > last:
        yield _problem(DealCode.TRANCHE_PERIOD, f"{path}.capitalise_until_period", f"there are {last} periods")
    if isinstance(coupon, NoCoupon) and tranche.capitalise_until_period:
        yield _problem(DealCode.TRANCHE_PERIOD, f"{path}.capitalise_until_period", "there is no coupon")
    if isinstance(coupon, FloatingCoupon) and coupon.cap_ppm is not None and coupon.cap_ppm < coupon.floor_ppm:
        reason = f"is below the floor of {coupon.floor_ppm}"
        yield _problem(DealCode.COUPON_BOUNDS, f"{path}.coupon.cap_ppm", reason)
    if isinstance(coupon, SteppedCoupon):
        begins = [step.from_period for step in coupon.steps]
        rising = all(one < other for one, other in pairwise(begins))
        if begins[0] != 1 or not rising or begins[-1] > last:
            yield _problem(DealCode.COUPON_STEPS, f"{path}.coupon.steps", f"begin with {begins}")


def _fees(deal: Deal) -> Iterator[Problem]:
    for place, fee in enumerate(deal.fees):
        path = f"$.fees[{place}]"
        if fee.maximum_minor is not None and fee.maximum_minor < fee.minimum_minor:
            reason = f"is below the minimum of {fee.minimum_minor}"
            yield _problem(DealCode.FEE_BOUNDS, f"{path}.maximum_minor", reason)
        if isinstance(fee.charge, EventFee) and fee.minimum_minor:
            yield _problem(DealCode.FEE_BOUNDS, f"{path}.minimum_minor", "would be due without an event")
        if fee.first_period > len(deal.periods):
            yield _problem(DealCode.FEE_PERIODS, f"{path}.first_period", f"there are {len(deal.periods)} periods")
        if fee.every_periods > 1 and not _may_skip(fee):
            reason = "a fee by days of the period, or for each event, is due every period"
            yield _problem(DealCode.FEE_PERIODS, f"{path}.every_periods", reason)
        if isinstance(fee.charge, TieredFee):
            yield from _bands(fee.charge, f"{path}.charge.bands")


def _may_skip(fee: Fee) -> bool:
    """Whether a fee may skip periods: one that counts days or events would forget those of the periods skipped."""
    return not isinstance(fee.charge, EventFee) and getattr(fee.charge, "day_count", None) is None


def _bands(charge: TieredFee, path: str) -> Iterator[Problem]:
    bounds = [band.up_to_minor for band in charge.bands]
    inner = [bound for bound in bounds if bound is not None]
    rising = all(one < other for one, other in pairwise(inner))
    if bounds[-1] is not None or len(inner) != len(bounds) - 1 or not rising:
        yield _problem(DealCode.FEE_BANDS, path, f"end at {bounds}")


def _supports(deal: Deal) -> Iterator[Problem]:
    for place, support in enumerate(deal.supports):
        if not support.recourse and (support.restores or support.rate_ppm):
            yield _problem(
                DealCode.SUPPORT_TERMS, f"$.supports[{place}]", "nothing is owed back, so nothing bears interest"
            )


def _triggers(deal: Deal) -> Iterator[Problem]:
    last = len(deal.periods)
    for place, trigger in enumerate(deal.triggers):
        path = f"$.triggers[{place}]"
        if trigger.status is Status.NORMAL:
            yield _problem(DealCode.TRIGGER_STATUS, f"{path}.status", "a trigger leads away from the normal status")
        for name, count in (
            ("test.window", comparison(trigger.test).window),
            ("strikes", trigger.strikes),
            ("cure_after", trigger.cure_after or 0),
        ):
            if count > last:
                yield _problem(DealCode.TRIGGER_WINDOW, f"{path}.{name}", f"{count} periods of {last}")
