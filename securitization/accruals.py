"""What falls due as a period opens: interest of tranches, receipts and payments of hedges, fees, interest of supports.

In this order, each from the balances as the period opened; collections are already in.
"""

from __future__ import annotations

from exchange.core.units import div_half_even
from securitization.deal_formulas import PPM
from securitization.deal_terms import (
    DayCount,
    EventFee,
    Fee,
    FixedLeg,
    FlatFee,
    FloatingLeg,
    Hedge,
    InterestOnly,
    RateCap,
    RateFee,
    RateFloor,
    Swap,
    TieredFee,
    UnpaidInterest,
)
from securitization.explain import Kind, Payment, Reason, Rule
from securitization.running import Running, TrancheState, worth
from securitization.schedule import days_in_year, period_days
from securitization.tranche import accrued_minor, coupon_rate_ppm


def accrue(now: Running) -> list[Payment]:
    """Make due what this period makes due; tells what is capitalised and what hedges bring in."""
    opening = {name: state.balance for name, state in now.tranches.items()}
    told = [
        payment
        for place, name in enumerate(now.tranches)
        if (payment := _accrue_interest(now, now.tranches[name], opening, f"$.tranches[{place}]")) is not None
    ]
    told += [_settle_hedge(now, hedge, f"$.hedges[{place}]") for place, hedge in enumerate(now.deal.hedges)]
    for fee in now.deal.fees:
        due = now.fees[fee.name]
        why = _charge(now, fee)
        due.amount, due.why = _added(due.amount, why)
    for support in now.supports.values():
        days = _days(now, support.terms.day_count)
        year = days_in_year(support.terms.day_count)
        support.interest_due += accrued_minor(support.owed, support.terms.rate_ppm, days, year)
    return told


def _days(now: Running, day_count: DayCount) -> int:
    return period_days(now.deal.periods[now.number - 1], day_count)


def _accrue_interest(now: Running, state: TrancheState, opening: dict[str, int], path: str) -> Payment | None:
    """Add a period's interest to what is due, or to the balance while it is capitalised."""
    terms = state.terms
    if isinstance(terms.principal, InterestOnly):
        base = sum(opening[name] for name in terms.principal.notional_of)
    else:
        base = opening[terms.name]
    if terms.unpaid_interest is UnpaidInterest.COMPOUNDING:
        base += state.interest_due
    rate, days = coupon_rate_ppm(terms.coupon, now.number, now.pool.rates_ppm), _days(now, terms.day_count)
    year = days_in_year(terms.day_count)
    state.accrued = accrued_minor(base, rate, days, year)
    figures = (("base", base), ("rate_ppm", rate), ("days", days), ("year_days", year))
    why = Reason(rule=Rule.INTEREST, value=state.accrued, subject=terms.name, figures=figures)
    if now.number <= terms.capitalise_until_period:
        state.balance += state.accrued
        capitalised = Reason(rule=Rule.CAPITALISED, value=state.accrued, subject=terms.name, parts=(why,))
        return Payment(
            path=path, kind=Kind.CAPITALISED, account="", to=terms.name, amount_minor=state.accrued, why=capitalised
        )
    state.interest_due, state.why_due = _added(state.interest_due, why)
    return None


def _added(carried: int, why: Reason) -> tuple[int, Reason]:
    """What is due with what was carried, and why."""
    total = carried + why.value
    before = Reason(rule=Rule.CARRIED, value=carried)
    return total, Reason(rule=Rule.DUE, value=total, parts=(why, before))


def _settle_hedge(now: Running, hedge: Hedge, path: str) -> Payment:
    """Take in what a hedge pays, and make due what it costs."""
    notional = worth(now, hedge.notional)
    receives, pays = _hedge_legs(now, hedge, notional)
    net = receives.value - pays.value if isinstance(hedge.terms, Swap) else receives.value
    figures = (("receives", receives.value), ("pays", pays.value))
    received, owed = max(0, net), max(0, -net) if isinstance(hedge.terms, Swap) else pays.value
    due = now.hedges[hedge.name]
    why = Reason(rule=Rule.NET, value=owed, subject=hedge.name, figures=figures, parts=(receives, pays))
    due.amount, due.why = _added(due.amount, why)
    now.accounts[hedge.account] += received
    told = Reason(rule=Rule.NET, value=received, subject=hedge.name, figures=figures, parts=(receives, pays))
    return Payment(
        path=path, kind=Kind.HEDGE_RECEIPT, account=hedge.account, to=hedge.name, amount_minor=received, why=told
    )


def _hedge_legs(now: Running, hedge: Hedge, notional: Reason) -> tuple[Reason, Reason]:
    days, year = _days(now, hedge.day_count), days_in_year(hedge.day_count)

    def leg(rate: int, rule: Rule) -> Reason:
        figures = (("base", notional.value), ("rate_ppm", rate), ("days", days), ("year_days", year))
        value = accrued_minor(notional.value, rate, days, year)
        return Reason(rule=rule, value=value, subject=hedge.name, figures=figures, parts=(notional,))

    terms, rates = hedge.terms, now.pool.rates_ppm
    match terms:
        case Swap():
            return leg(_leg_rate(terms.receive, rates), Rule.LEG), leg(_leg_rate(terms.pay, rates), Rule.LEG)
        case RateCap():
            paid = leg(max(0, rates[terms.index] - terms.strike_ppm), Rule.OPTION)
        case RateFloor():
            paid = leg(max(0, terms.strike_ppm - rates[terms.index]), Rule.OPTION)
    return paid, Reason(rule=Rule.PREMIUM, value=terms.premium_minor, subject=hedge.name)


def _leg_rate(leg: FixedLeg | FloatingLeg, rates_ppm: dict[str, int]) -> int:
    if isinstance(leg, FixedLeg):
        return leg.rate_ppm
    return max(0, rates_ppm[leg.index] + leg.spread_ppm)


def _charge(now: Running, fee: Fee) -> Reason:
    """What a fee costs this period, with its bounds and tax."""
    if now.number < fee.first_period or (now.number - fee.first_period) % fee.every_periods:
        return Reason(rule=Rule.NOT_THIS_PERIOD, value=0, subject=fee.name)
    plain = _plain_charge(now, fee)
    value = max(plain.value, fee.minimum_minor)
    if fee.maximum_minor is not None:
        value = min(value, fee.maximum_minor)
    figures: tuple[tuple[str, int], ...] = (("minimum", fee.minimum_minor),)
    if fee.maximum_minor is not None:
        figures += (("maximum", fee.maximum_minor),)
    bounded = plain if value == plain.value else Reason(rule=Rule.BOUNDED, value=value, figures=figures, parts=(plain,))
    if not fee.vat_ppm:
        return bounded
    tax = div_half_even(value * fee.vat_ppm, PPM)
    return Reason(rule=Rule.VAT, value=value + tax, figures=(("vat_ppm", fee.vat_ppm), ("vat", tax)), parts=(bounded,))


def _plain_charge(now: Running, fee: Fee) -> Reason:
    charge = fee.charge
    match charge:
        case FlatFee():
            return Reason(rule=Rule.FLAT, value=charge.amount_minor, subject=fee.name)
        case EventFee():
            count = now.pool.events[charge.event]
            figures = (("events", count), ("each", charge.amount_minor))
            return Reason(rule=Rule.EVENTS, value=count * charge.amount_minor, subject=charge.event, figures=figures)
        case RateFee():
            base = worth(now, charge.base)
            return _rated(now, base.value, charge.rate_ppm, charge.day_count, Rule.RATE, (base,))
        case TieredFee():
            base = worth(now, charge.base)
            parts: list[Reason] = []
            below = 0
            for band in charge.bands:
                upper = base.value if band.up_to_minor is None else min(base.value, band.up_to_minor)
                parts.append(_rated(now, max(0, upper - below), band.rate_ppm, charge.day_count, Rule.BAND, ()))
                below = max(below, upper)
            total = sum(part.value for part in parts)
            return Reason(rule=Rule.TIERS, value=total, subject=fee.name, parts=(base, *parts))


def _rated(
    now: Running, base: int, rate_ppm: int, day_count: DayCount | None, rule: Rule, parts: tuple[Reason, ...]
) -> Reason:
    """A rate on a base: by the days of a year, or each time."""
    figures: tuple[tuple[str, int], ...] = (("base", base), ("rate_ppm", rate_ppm))
    if day_count is None:
        return Reason(rule=rule, value=div_half_even(base * rate_ppm, PPM), figures=figures, parts=parts)
    days, year = _days(now, day_count), days_in_year(day_count)
    figures = (*figures, ("days", days), ("year_days", year))
    return Reason(rule=rule, value=accrued_minor(base, rate_ppm, days, year), figures=figures, parts=parts)
