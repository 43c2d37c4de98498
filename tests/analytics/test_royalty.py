"""Royalties year by year, in tables that a licensing officer can check."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import share_out
from securitization.analytics.cashflows import whole
from securitization.analytics.refused import ProjectionRefused
from securitization.analytics.royalty import (
    Forecast,
    RoyaltyStream,
    SCurve,
    Tier,
    Trend,
    as_flows,
    ended_months,
    royalties,
    sales_of,
    split,
)

FIVE_PERCENT = (Tier(above_minor=0, rate_ppm=50_000),)


def stream(**changes: object) -> RoyaltyStream:
    """1,200,000 a year at 5 %, protected for ten years, paid monthly."""
    given_ = {
        "stream_id": "R1",
        "sales": Forecast(yearly_minor=(1_200_000,)),
        "tiers": FIVE_PERCENT,
        "expiry_month": 120,
        "every_months": 1,
    }
    return RoyaltyStream(**{**given_, **changes})  # type: ignore[arg-type]


def yearly(of: RoyaltyStream, years: int, times: float = 1.0) -> list[float]:
    """What each year pays, in one scenario."""
    paid = royalties(of, years * 12, np.full((1, years * 12), times))[0]
    return [round(float(each), 2) for each in paid.reshape(years, 12).sum(axis=1)]


def test_five_percent_of_the_forecast_which_holds_on() -> None:
    assert yearly(stream(sales=Forecast(yearly_minor=(600_000, 1_200_000))), 3) == [30_000, 60_000, 60_000]


def test_each_tier_charges_only_what_lies_within_it_and_starts_again_each_year() -> None:
    tiers = (*FIVE_PERCENT, Tier(above_minor=1_000_000, rate_ppm=80_000))
    assert yearly(stream(tiers=tiers), 2) == [50_000 + 16_000] * 2
    assert yearly(stream(tiers=tiers), 1, times=1_000_000 / 1_200_000) == [50_000]  # the last unit of the first tier


def test_a_poor_year_is_topped_up_to_the_minimum_in_its_last_month() -> None:
    poor = stream(minimum_minor=60_001)
    paid = royalties(poor, 24, np.ones((1, 24)))[0]
    assert paid[[0, 10, 11, 23]].tolist() == pytest.approx([5_000, 5_000, 5_001, 5_001])
    assert yearly(stream(minimum_minor=60_000), 1) == [60_000]
    assert yearly(stream(minimum_minor=60_001, expiry_month=23), 2) == [60_001, 55_000]  # no whole year, no minimum


def test_the_patents_end_takes_the_royalty_and_what_is_left_erodes() -> None:
    assert yearly(stream(expiry_month=12), 2) == [60_000, 0]
    kept = {"expiry_month": 12, "kept_ppm": 200_000, "after_expiry_ppm": 1_000_000}
    assert yearly(stream(**kept), 2) == [60_000, 12_000]
    months = sales_of(stream(**kept, erosion_ppm=500_000), 37)
    assert [round(float(months[at])) for at in (11, 12, 24, 36)] == [100_000, 20_000, 10_000, 5_000]


def test_sales_take_off_grow_decline_and_grow_old() -> None:
    curve = sales_of(stream(sales=SCurve(peak_minor=12_000, half_month=24, width_months=6)), 120)
    assert curve[23] == pytest.approx(500)
    assert (np.diff(curve) >= 0).all()
    assert curve[-1] == pytest.approx(1_000, rel=1e-6)
    falling = sales_of(stream(sales=Trend(first_minor=12_000, growth_ppm=-200_000)), 25)
    assert falling[[0, 12, 24]].tolist() == pytest.approx([1_000, 800, 640])
    old = sales_of(stream(obsolescence_ppm=100_000), 13)
    assert old[[0, 12]].tolist() == pytest.approx([100_000, 90_000])


def test_a_quarter_is_paid_after_its_lag_and_not_after_the_projection() -> None:
    quarterly = stream(every_months=3, lag_months=2)
    assert royalties(quarterly, 8, np.ones((1, 8)))[0].tolist() == pytest.approx([0, 0, 0, 0, 15_000, 0, 0, 15_000])
    assert royalties(quarterly, 7, np.ones((1, 7)))[0].tolist() == pytest.approx([0, 0, 0, 0, 15_000, 0, 0])


def test_a_chance_of_termination_weighs_every_month_or_ends_a_drawn_scenario() -> None:
    ends = stream(termination_ppm=190_000)
    expected = royalties(ends, 24, np.ones((1, 24)))[0]
    assert expected[[11, 23]].tolist() == pytest.approx([5_000 * 0.81, 5_000 * 0.81**2])
    drawn = royalties(ends, 3, np.ones((3, 3)), ended=np.array([1, 3, 99]))
    assert drawn.tolist() == [[0, 0, 0], [5_000, 5_000, 0], [5_000, 5_000, 5_000]]


def test_drawn_endings_come_as_often_as_their_chance() -> None:
    """Source: 20,000 evenly spread draws, so the share that ends within a year is the chance itself."""
    evenly = (np.arange(20_000) + 0.5)[:, None] / 20_000
    months = ended_months([100_000], evenly)
    assert (months <= 12).mean() == pytest.approx(0.1, abs=1e-4)
    assert (months <= 24).mean() == pytest.approx(1 - 0.9**2, abs=1e-4)
    assert (ended_months([0], evenly) > 10_000).all()
    drawn = royalties(stream(), 24, np.ones((20_000, 24)), ended=months[:, 0]).mean(axis=0)
    # A licence that ends within month t pays nothing for it, so the draws agree with the chance at the month's end.
    np.testing.assert_allclose(drawn, royalties(stream(termination_ppm=100_000), 24, np.ones((1, 24)))[0], rtol=2e-4)


def test_sales_may_be_multiplied_by_scenario_and_month() -> None:
    times = np.array([[1.0, 0.5], [2.0, 0.0]])
    assert royalties(stream(), 2, times).tolist() == [[5_000, 2_500], [10_000, 0]]


def test_tiers_that_do_not_rise_from_nothing_are_refused() -> None:
    for bounds in ((1,), (0, 0), (0, 5, 4)):
        tiers = tuple(Tier(above_minor=each, rate_ppm=1) for each in bounds)
        with pytest.raises(ProjectionRefused, match="R1"):
            royalties(stream(tiers=tiers), 2, np.ones((1, 2)))


def test_yale_keeps_seventy_percent_and_the_inventors_thirty_to_the_unit() -> None:
    """BioPharma Royalty Trust (2000): 30 % of the royalty to the inventors, 70 % to the university."""
    paid = whole(as_flows(royalties(stream(every_months=3), 12, np.ones((1, 12))))).interest
    parts = split(paid, [300_000, 700_000])
    assert parts[0, 2].tolist() == [4_500, 10_500]
    assert split(np.array([1]), [1, 1, 1]).tolist() == [[1, 0, 0]]
    with pytest.raises(ProjectionRefused):
        split(paid, [0, 0])


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.lists(st.integers(1, 3_000), min_size=1, max_size=5))
def test_the_split_is_the_ledgers(amounts: list[int], shares: list[int]) -> None:
    parts = split(np.array([amounts]), shares)[0]
    for amount, row in zip(amounts, parts.tolist(), strict=True):
        assert sum(row) == amount
        remainders = [amount * share % sum(shares) for share in shares]
        if len(set(remainders)) == len(remainders):
            assert row == share_out(amount, shares)
