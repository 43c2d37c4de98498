"""Price, yield, margins, spreads and durations: their laws, and QuantLib as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - what its own documents call it
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.rejections import RejectCode
from securitization.analytics import pricing
from securitization.analytics.refused import ProjectionRefused

TIMES = np.arange(1, 11) / 2
BOND = np.array([2.5] * 9 + [102.5])


def quantlib_bond(coupon: float, years: int, periods_a_year: int) -> ql.FixedRateBond:
    """A bullet bond from today on 30/360, so that its payments lie at whole periods."""
    today = ql.Date(15, 6, 2026)
    ql.Settings.instance().evaluationDate = today
    plan = ql.Schedule(
        today, today + ql.Period(years, ql.Years), ql.Period(12 // periods_a_year, ql.Months), ql.NullCalendar(),
        ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward, False,
    )  # fmt: skip
    return ql.FixedRateBond(0, 100.0, plan, [coupon], ql.Thirty360(ql.Thirty360.BondBasis))


@pytest.mark.parametrize(("coupon", "years", "a_year"), [(0.05, 5, 2), (0.038, 1, 1), (0.09, 30, 2), (0.024, 3, 4)])
@pytest.mark.parametrize("price", [80.0, 100.0, 117.5])
def test_quantlib_finds_the_same_yield_duration_and_convexity(
    coupon: float, years: int, a_year: int, price: float
) -> None:
    """Source: QuantLib 1.4x, BondFunctions; tolerance 1e-8 for yields, 1e-8 relative for the rest."""
    bond = quantlib_bond(coupon, years, a_year)
    frequency = {1: ql.Annual, 2: ql.Semiannual, 4: ql.Quarterly}[a_year]
    basis = ql.Thirty360(ql.Thirty360.BondBasis)
    clean = ql.BondPrice(price, ql.BondPrice.Clean)
    theirs = ql.BondFunctions.bondYield(
        bond, clean, basis, ql.Compounded, frequency, ql.Settings.instance().evaluationDate, 1e-12, 200
    )
    cash = np.full(years * a_year, 100 * coupon / a_year)
    cash[-1] += 100
    times = np.arange(1, years * a_year + 1) / a_year
    ours = pricing.yield_of(cash, times, price, frequency=a_year)
    assert float(ours) == pytest.approx(theirs, abs=1e-8)
    rate = ql.InterestRate(theirs, basis, ql.Compounded, frequency)
    for kind, measure in (
        (ql.Duration.Macaulay, pricing.macaulay_duration),
        (ql.Duration.Modified, pricing.modified_duration),
    ):
        assert float(measure(cash, times, ours, frequency=a_year)) == pytest.approx(
            ql.BondFunctions.duration(bond, rate, kind), rel=1e-7
        )
    assert float(pricing.convexity(cash, times, ours, frequency=a_year)) == pytest.approx(
        ql.BondFunctions.convexity(bond, rate), rel=1e-7
    )


def test_quantlib_finds_the_same_z_spread() -> None:
    """Source: QuantLib, BondFunctions.zSpread on a curve of zero rates; tolerance 1e-8."""
    bond = quantlib_bond(0.05, 5, 2)
    today = ql.Settings.instance().evaluationDate
    zero = 0.02 + 0.002 * TIMES
    basis = ql.Thirty360(ql.Thirty360.BondBasis)
    dates = [today, *(today + ql.Period(6 * number, ql.Months) for number in range(1, 11))]
    curve = ql.ZeroCurve(dates, [0.02, *zero], basis, ql.NullCalendar(), ql.Linear(), ql.Compounded, ql.Semiannual)
    price = ql.BondPrice(98.0, ql.BondPrice.Clean)
    theirs = ql.BondFunctions.zSpread(bond, price, curve, basis, ql.Compounded, ql.Semiannual, today, 1e-12, 200)
    assert float(pricing.z_spread(BOND, TIMES, zero, 98.0)) == pytest.approx(theirs, abs=1e-8)


@settings(max_examples=60)
@given(
    cash=st.lists(st.floats(0, 1e6), min_size=2, max_size=12).filter(lambda each: sum(each) > 1),
    rate=st.floats(-0.5, 2.0),
    frequency=st.sampled_from((1, 2, 12)),
)
def test_the_yield_of_a_price_gives_the_price_back(cash: list[float], rate: float, frequency: int) -> None:
    payments, times = np.array(cash), np.arange(1, len(cash) + 1) / 4
    price = pricing.present_value(payments, times, rate, frequency=frequency)
    found = pricing.yield_of(payments, times, price, frequency=frequency)
    assert float(pricing.present_value(payments, times, found, frequency=frequency)) == pytest.approx(
        float(price), rel=1e-9
    )
    assert float(found) == pytest.approx(rate, abs=1e-7)


@pytest.mark.parametrize(("price", "frequency"), [(1e-60, 12), (1e-20, 2), (1e-3, 12), (50.0, 2), (1e5, 12)])
def test_a_yield_far_from_any_guess_is_found_too(price: float, frequency: int) -> None:
    """Thirty years of months: Newton alone would creep for hundreds of steps."""
    times = np.arange(1, 361) / 12
    payments = np.where(times > 10, 1.0, 0.0)
    found = pricing.yield_of(payments, times, price, frequency=frequency)
    assert float(pricing.present_value(payments, times, found, frequency=frequency)) == pytest.approx(price, rel=1e-9)


def test_many_scenarios_at_once_are_each_their_own() -> None:
    cash = np.stack([BOND, BOND * 0.9, np.roll(BOND, -3)])
    prices = np.array([100.0, 85.0, 120.0])
    together = pricing.yield_of(cash, TIMES, prices)
    apart = [float(pricing.yield_of(row, TIMES, price)) for row, price in zip(cash, prices, strict=True)]
    np.testing.assert_allclose(together, apart, atol=1e-12)


@pytest.mark.parametrize("frequency", [1, 2, 12])
def test_modified_duration_and_convexity_are_the_slopes_of_the_price(frequency: int) -> None:
    def price(rate: float) -> float:
        return float(pricing.present_value(BOND, TIMES, rate, frequency=frequency))

    here, step = price(0.04), 1e-4
    slope = (price(0.04 - step) - price(0.04 + step)) / (2 * step * here)
    bend = (price(0.04 - step) + price(0.04 + step) - 2 * here) / (step**2 * here)
    assert float(pricing.modified_duration(BOND, TIMES, 0.04, frequency=frequency)) == pytest.approx(slope, rel=1e-6)
    assert float(pricing.convexity(BOND, TIMES, 0.04, frequency=frequency)) == pytest.approx(bend, rel=1e-5)


def test_with_payments_that_do_not_move_effective_duration_is_the_modified() -> None:
    prices = [pricing.present_value(BOND, TIMES, 0.04 + shift) for shift in (0.0, 1e-4, -1e-4)]
    found = pricing.effective_duration(*prices, 1e-4)
    assert float(found) == pytest.approx(float(pricing.modified_duration(BOND, TIMES, 0.04)), rel=1e-6)


def test_over_a_flat_curve_the_z_spread_is_the_yield_less_the_rate() -> None:
    spread = pricing.z_spread(BOND, TIMES, np.full(10, 0.03), 95.0)
    assert float(spread) == pytest.approx(float(pricing.yield_of(BOND, TIMES, 95.0)) - 0.03, abs=1e-12)


def test_a_floater_at_par_has_its_own_margin_as_discount_margin() -> None:
    index = 0.02 + 0.001 * np.arange(10)
    cash = 100 * (index + 0.0075) / 2
    cash[-1] += 100
    assert float(pricing.discount_margin(cash, TIMES, index, 100.0)) == pytest.approx(0.0075, abs=1e-12)


NOTHING = [
    ("yield", lambda: pricing.yield_of(np.zeros(3), np.arange(1.0, 4.0), 100.0)),
    ("yield", lambda: pricing.yield_of(BOND, TIMES, -1.0)),
    ("average life", lambda: pricing.average_life(np.zeros(3), np.arange(1.0, 4.0))),
    ("duration", lambda: pricing.macaulay_duration(np.zeros(3), np.arange(1.0, 4.0), 0.05)),
    ("Z-spread", lambda: pricing.z_spread(BOND, TIMES, np.full(10, 0.03), 0.0)),
]


@pytest.mark.parametrize(("what", "ask"), NOTHING)
def test_what_has_no_answer_is_refused_and_says_what(what: str, ask: object) -> None:
    with pytest.raises(ProjectionRefused, match=what) as refused:
        ask()  # type: ignore[operator]
    assert refused.value.code is RejectCode.MEASURE_NO_SOLUTION


def test_the_payment_window_is_from_the_first_to_the_last_principal() -> None:
    first, last = pricing.payment_window(np.array([[0, 0, 5, 0, 5, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]))
    assert (first.tolist(), last.tolist()) == ([3, 1, 0], [5, 1, 0])
