"""What every figure of a deal can grow to over some scenarios, proven before the run in integers without limit.

If no bound passes 2⁵³ − 1 and no side of a test, once multiplied, passes 2⁶³ − 1, then 64-bit arithmetic is exact and
the vectorised evaluator runs; otherwise it refuses and names what could overflow. The bounds are of the worst kind:
nothing is ever paid, every coupon at its highest, every support drawn in full each period.
"""

from __future__ import annotations

from math import gcd

from securitization.analytics.arithmetic import EXACT
from securitization.analytics.inputs import PoolScenarios
from securitization.deal import Deal, all_waterfalls
from securitization.deal_check_names import formulas
from securitization.deal_formulas import (
    PPM,
    FeesDue,
    Fixed,
    Formula,
    InAccount,
    Least,
    Less,
    Most,
    OfPool,
    OfSupport,
    OfTranches,
    PoolFigure,
    Share,
    Sum,
    TargetOf,
    TrancheFigure,
    Tripped,
)
from securitization.deal_problems import DealCode, DealRefused, Problem
from securitization.deal_steps import FromSupport, TopUp
from securitization.deal_terms import (
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
    RateFee,
    SteppedCoupon,
    Swap,
    TieredFee,
    Tranche,
    UnpaidInterest,
)
from securitization.schedule import days_in_year, period_days
from securitization.trigger import comparison

INT64 = 2**63 - 1


def prove_bounds(deal: Deal, pool: PoolScenarios) -> Problem | None:
    """Why a run could overflow, or None when it cannot.

    Refused: vectors.overflow, with the path of what could.
    """
    try:
        _Bounds(deal, pool).prove()
    except DealRefused as refused:
        return refused.problem
    return None


def reduced(ratio_ppm: int) -> tuple[int, int]:
    """A ratio as the smallest whole numbers: `left * denominator` against `right * numerator`."""
    common = gcd(ratio_ppm, PPM)
    return ratio_ppm // common, PPM // common


class _Bounds:
    """The greatest values so far; they only grow from period to period."""

    def __init__(self, deal: Deal, pool: PoolScenarios) -> None:
        self.deal = deal
        self.pool = _greatest(deal, pool)
        self.rates = {name: int(values.max()) for name, values in pool.rates_ppm.items()}
        self.lowest = {name: int(values.min()) for name, values in pool.rates_ppm.items()}
        self.events = {name: int(values.max()) for name, values in pool.events.items()}
        collected = pool.interest_minor.max(0), pool.principal_minor.max(0), pool.recoveries_minor.max(0)
        self.cash = sum(account.opening_minor for account in deal.accounts)
        self.cash += sum(int(value) for values in collected for value in values)
        self.balance = {tranche.name: tranche.face_minor for tranche in deal.tranches}
        self.interest = {tranche.name: 0 for tranche in deal.tranches}
        self.accrued = {tranche.name: 0 for tranche in deal.tranches}
        self.fees = {fee.name: 0 for fee in deal.fees}
        self.hedges = {hedge.name: 0 for hedge in deal.hedges}
        self.supports = {support.name: support.limit_minor for support in deal.supports}
        self.limits = sum(self.supports.values())
        drawn = [
            source.support
            for _, steps in all_waterfalls(deal)
            for step in steps
            if isinstance(step, TopUp)
            for source in step.sources
            if isinstance(source, FromSupport)
        ]
        self.draws = sum(support.limit_minor * drawn.count(support.name) for support in deal.supports)

    def prove(self) -> None:
        """Go through the periods.

        Raises: DealRefused where a bound is passed.
        """
        for name, value in self.pool.items():
            self._hold(value, f"pool.{name}")
        for number in range(1, len(self.deal.periods) + 1):
            self._accrue(number)
            self.cash += self.draws
            owed = [self.balance, self.interest, self.fees, self.hedges, self.supports]
            total = self.cash + self.limits + sum(sum(values.values()) for values in owed)
            self._hold(total, f"$.periods[{number - 1}]")
        for path, formula, _ in formulas(self.deal):
            self._formula(formula, path)
        for place, trigger in enumerate(self.deal.triggers):
            test, path = comparison(trigger.test), f"$.triggers[{place}].test"
            numerator, denominator = reduced(test.ratio_ppm)
            left = self._formula(test.left, path) * test.window
            right = self._formula(test.right, path) * test.window
            self._hold(max(left, right), path)
            self._hold(max(left * denominator, right * numerator), path, INT64)

    def _hold(self, value: int, path: str, limit: int = EXACT) -> int:
        if value > limit:
            reason = f"could be {value}, exact up to {limit}"
            raise DealRefused(Problem(code=DealCode.VECTORS_OVERFLOW, path=path, reason=reason))
        return value

    def _product(self, base: int, rate_ppm: int, days: int, year: int, path: str) -> int:
        """What a base earns at most; every operand must be exact as well as the result."""
        self._hold(max(base, rate_ppm * days, PPM * year), path)
        return self._hold(base * rate_ppm * days // (PPM * year) + 1, path)

    def _accrue(self, number: int) -> None:
        period = self.deal.periods[number - 1]
        opening = dict(self.balance)
        for place, tranche in enumerate(self.deal.tranches):
            path, name = f"$.tranches[{place}]", tranche.name
            base = opening[name]
            if isinstance(tranche.principal, InterestOnly):
                base = sum(opening[other] for other in tranche.principal.notional_of)
            if tranche.unpaid_interest is UnpaidInterest.COMPOUNDING:
                base += self.interest[name]
            days, year = period_days(period, tranche.day_count), days_in_year(tranche.day_count)
            self.accrued[name] = max(self.accrued[name], self._product(base, self._coupon(tranche), days, year, path))
            grown = self.balance if number <= tranche.capitalise_until_period else self.interest
            grown[name] += self.accrued[name]
        for place, hedge in enumerate(self.deal.hedges):
            path = f"$.hedges[{place}]"
            notional = self._formula(hedge.notional, path)
            days, year = period_days(period, hedge.day_count), days_in_year(hedge.day_count)
            receives, pays = self._legs(hedge)
            self.cash += self._product(notional, receives, days, year, path)
            owed = self._product(notional, pays, days, year, path)
            self.hedges[hedge.name] += owed if isinstance(hedge.terms, Swap) else hedge.terms.premium_minor
        for place, fee in enumerate(self.deal.fees):
            self.fees[fee.name] += self._fee(fee, number, f"$.fees[{place}]")
        for place, support in enumerate(self.deal.supports):
            days, year = period_days(period, support.day_count), days_in_year(support.day_count)
            path = f"$.supports[{place}]"
            self.supports[support.name] += self._product(support.limit_minor, support.rate_ppm, days, year, path)

    def _coupon(self, tranche: Tranche) -> int:
        coupon = tranche.coupon
        match coupon:
            case NoCoupon():
                return 0
            case FixedCoupon():
                return coupon.rate_ppm
            case SteppedCoupon():
                return max(step.rate_ppm for step in coupon.steps)
            case FloatingCoupon():
                highest = max(self.rates[coupon.index] + coupon.spread_ppm, coupon.floor_ppm)
                return highest if coupon.cap_ppm is None else min(highest, coupon.cap_ppm)

    def _legs(self, hedge: Hedge) -> tuple[int, int]:
        terms = hedge.terms
        if isinstance(terms, Swap):
            return self._leg(terms.receive), self._leg(terms.pay)
        # A cap receives the highest rate at most, a floor its strike less the lowest.
        return max(self.rates[terms.index], terms.strike_ppm - min(0, self.lowest[terms.index])), 0

    def _leg(self, leg: FixedLeg | FloatingLeg) -> int:
        if isinstance(leg, FixedLeg):
            return leg.rate_ppm
        return max(0, self.rates[leg.index] + leg.spread_ppm)

    def _fee(self, fee: Fee, number: int, path: str) -> int:
        charge = fee.charge
        match charge:
            case FlatFee():
                value = charge.amount_minor
            case EventFee():
                value = self.events[charge.event] * charge.amount_minor
            case RateFee() | TieredFee():
                bands = charge.bands if isinstance(charge, TieredFee) else ()
                rate = max((band.rate_ppm for band in bands), default=0)
                rate = charge.rate_ppm if isinstance(charge, RateFee) else rate
                base = self._formula(charge.base, path)
                period = self.deal.periods[number - 1]
                days, year = 1, 1
                if charge.day_count is not None:
                    days, year = period_days(period, charge.day_count), days_in_year(charge.day_count)
                value = self._product(base, rate, days, year, path) + len(bands)
        value = self._hold(max(value, fee.minimum_minor), path)
        return value + self._product(value, fee.vat_ppm, 1, 1, path)

    def _formula(self, formula: Formula, path: str) -> int:
        match formula:
            case Fixed():
                value = formula.amount_minor
            case OfPool():
                value = self.pool[formula.figure]
            case OfTranches():
                value = sum(self._tranche(formula.figure, name) for name in formula.tranches)
            case FeesDue():
                value = sum(self.fees[name] for name in formula.fees)
            case InAccount():
                value = self.cash
            case TargetOf():
                target = next(one.target for one in self.deal.accounts if one.name == formula.account)
                value = 0 if target is None else self._formula(target, path)
            case OfSupport():
                value = max(1, self.supports[formula.support])
            case Tripped():
                value = 1
            case Share():
                value = self._product(self._formula(formula.of, path), formula.rate_ppm, 1, 1, path)
            case Sum():
                value = sum(self._formula(inner, path) for inner in formula.of)
            case Less():
                self._formula(formula.minus, path)
                value = self._formula(formula.of, path)
            case Least():
                value = min([self._formula(inner, path) for inner in formula.of])
            case Most():
                value = max([self._formula(inner, path) for inner in formula.of])
        return self._hold(value, path)

    def _tranche(self, figure: TrancheFigure, name: str) -> int:
        match figure:
            case TrancheFigure.INTEREST_ACCRUED:
                return self.accrued[name]
            case TrancheFigure.INTEREST_DUE:
                return self.interest[name]
            case _:
                return self.balance[name]


def _greatest(deal: Deal, pool: PoolScenarios) -> dict[PoolFigure, int]:
    """The greatest of each of the pool's figures, over all scenarios and periods."""
    interest, principal = pool.interest_minor, pool.principal_minor
    greatest = {
        PoolFigure.BALANCE: int(pool.balance_minor.max()),
        PoolFigure.INITIAL_BALANCE: deal.pool.initial_balance_minor,
        PoolFigure.INTEREST: int(interest.max()),
        PoolFigure.PRINCIPAL: int(principal.max()),
        PoolFigure.RECOVERIES: int(pool.recoveries_minor.max()),
        PoolFigure.DEFAULTS: int(pool.defaults_minor.max()),
        PoolFigure.VALUATION: int(pool.valuation_minor.max()),
        PoolFigure.INITIAL_VALUATION: deal.pool.initial_valuation_minor,
        PoolFigure.CUMULATIVE_DEFAULTS: sum(int(value) for value in pool.defaults_minor.max(axis=0)),
        PoolFigure.INVALIDATED_RIGHTS: sum(int(value) for value in pool.invalidated_rights.max(axis=0)),
    }
    greatest[PoolFigure.COLLECTIONS] = (
        greatest[PoolFigure.INTEREST] + greatest[PoolFigure.PRINCIPAL] + greatest[PoolFigure.RECOVERIES]
    )
    greatest[PoolFigure.OPENING_BALANCE] = max(greatest[PoolFigure.BALANCE], greatest[PoolFigure.INITIAL_BALANCE])
    return greatest
