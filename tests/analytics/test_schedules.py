"""What each kind of asset owes: tables for a pocket calculator, and QuantLib as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - what its own documents call it
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.rejections import RejectCode
from securitization.analytics.amortise import one, schedule
from securitization.analytics.assets import (
    Balloon,
    Bullet,
    EvenPrincipal,
    Instalment,
    Lease,
    LevelPay,
    PaymentStep,
    PoolAsset,
    Receivable,
    Scheduled,
    SteppedPay,
    Terms,
)
from securitization.analytics.refused import ProjectionRefused
from tests.analytics.pools import loan, owes


def test_a_bullet_pays_interest_each_quarter_and_the_whole_principal_last() -> None:
    owes(
        loan(1_000_000, 40_000, 12, Bullet(), every=3),
        """
         3: 10_000 + 0         -> 1_000_000
         6: 10_000 + 0         -> 1_000_000
         9: 10_000 + 0         -> 1_000_000
        12: 10_000 + 1_000_000 -> 0
        """,
    )


def test_a_level_payment_is_the_same_each_time() -> None:
    # 1,200 at 1 % a month in three payments: 1,200 × 0.01 / (1 − 1.01⁻³) = 408.03
    owes(
        loan(1_200, 120_000, 3),
        """
        1: 12.00 + 396.03 -> 803.97
        2:  8.04 + 399.99 -> 403.99
        3:  4.04 + 403.99 -> 0
        """,
    )


def test_a_level_payment_is_worked_out_again_when_the_rate_steps() -> None:
    # After month 1 there are 803.97 left and two payments at 2 %: 803.97 × 0.02 / (1 − 1.02⁻²) = 414.09
    owes(
        loan(1_200, 120_000, 3, steps=((2, 240_000),)),
        """
        1: 12.00 + 396.03 -> 803.97
        2: 16.08 + 398.01 -> 405.97
        3:  8.12 + 405.97 -> 0
        """,
    )


def test_interest_only_months_come_before_the_level_payments() -> None:
    owes(
        loan(1_000, 0, 4, LevelPay(interest_only_months=2)),
        """
        1: 0 + 0   -> 1_000
        2: 0 + 0   -> 1_000
        3: 0 + 500 -> 500
        4: 0 + 500 -> 0
        """,
    )


def test_even_principal_pays_less_interest_each_time() -> None:
    owes(
        loan(1_200, 120_000, 4, EvenPrincipal(interest_only_months=1)),
        """
        1: 12 + 0   -> 1_200
        2: 12 + 400 -> 800
        3:  8 + 400 -> 400
        4:  4 + 400 -> 0
        """,
    )


def test_a_balloon_leaves_what_its_slow_payments_have_not_paid() -> None:
    owes(
        loan(1_000, 0, 3, Balloon(amortise_months=10)),
        """
        1: 0 + 100 -> 900
        2: 0 + 100 -> 800
        3: 0 + 800 -> 0
        """,
    )


def test_a_plan_is_followed_to_the_unit() -> None:
    owes(
        loan(600, 0, 6, Scheduled(principal_minor=(100, 0, 500)), every=2),
        """
        2: 0 + 100 -> 500
        4: 0 + 0   -> 500
        6: 0 + 500 -> 0
        """,
    )


def test_stepped_payments_include_their_interest_and_the_last_pays_the_rest() -> None:
    steps = (PaymentStep(from_month=1, payment_minor=100), PaymentStep(from_month=3, payment_minor=300))
    owes(
        loan(1_000, 120_000, 4, SteppedPay(payments=steps)),
        """
        1: 10.00 +  90.00 -> 910.00
        2:  9.10 +  90.90 -> 819.10
        3:  8.19 + 291.81 -> 527.29
        4:  5.27 + 527.29 -> 0
        """,
    )


def test_a_lease_is_worth_its_rents_and_its_purchase_price() -> None:
    # Before each rent: (100 + 200) / 1.01 = 297.03, and (100 + 297.03) / 1.01 = 393.10
    lease = Lease(
        asset_id="E1",
        rents=(PaymentStep(from_month=1, payment_minor=100),),
        rate_ppm=120_000,
        remaining_months=2,
        residual_minor=200,
    )
    assert round(float(one(lease).balance[0, 0]), 2) == 393.10
    owes(
        lease,
        """
        1: 3.93 +  96.07 -> 297.03
        2: 2.97 + 297.03 -> 0
        """,
    )


def test_licence_fees_are_owed_on_their_dates_without_interest() -> None:
    fees = Receivable(
        asset_id="R1", instalments=(Instalment(month=2, amount_minor=300), Instalment(month=5, amount_minor=700))
    )
    owes(
        fees,
        """
        2: 0 + 300 -> 700
        5: 0 + 700 -> 0
        """,
    )


def test_interest_accrues_between_payment_dates_and_starts_again_after_each() -> None:
    row = one(loan(1_200, 120_000, 6, Bullet(), every=3))
    assert row.accrued[0].tolist() == [12, 24, 0, 12, 24, 0]
    stepped = one(loan(1_200, 120_000, 3, Bullet(), every=3, steps=((3, 240_000),)))
    assert stepped.accrued[0].tolist() == [12, 24, 0]
    assert stepped.interest[0].tolist() == [0, 0, 12 + 12 + 24]


REFUSED: list[tuple[str, PoolAsset]] = [
    ("12 months are not whole periods of 5", loan(every=5)),
    ("the plan has 2 parts and sums to 999999", loan(months=2, terms=Scheduled(principal_minor=(999_998, 1)))),
    ("the plan has 1 parts and sums to 1000000", loan(months=2, terms=Scheduled(principal_minor=(1_000_000,)))),
    ("a balloon amortises beyond", loan(months=12, terms=Balloon(amortise_months=12))),
    ("are not in order", loan(steps=((5, 1), (5, 2)))),
    ("has no instalment", Receivable(asset_id="R", instalments=())),
    ("pays less than its interest", loan(terms=SteppedPay(payments=(PaymentStep(from_month=1, payment_minor=4_999),)))),
    ("nothing is owed", Lease(asset_id="E", rents=(), rate_ppm=0, remaining_months=3)),
]  # fmt: skip


@pytest.mark.parametrize(("why", "asset"), REFUSED, ids=[why for why, _ in REFUSED])
def test_an_asset_that_cannot_be_paid_as_it_says_is_refused_by_name(why: str, asset: PoolAsset) -> None:
    with pytest.raises(ProjectionRefused, match=why) as refused:
        schedule([asset])
    assert refused.value.code is RejectCode.PROJECTION_ASSET_INVALID
    assert refused.value.detail.startswith(asset.asset_id)


def test_a_payment_of_exactly_the_interest_is_allowed() -> None:
    row = one(loan(terms=SteppedPay(payments=(PaymentStep(from_month=1, payment_minor=5_000),))))
    assert row.balance[0, 11] == pytest.approx(1_000_000)


def test_a_pool_needs_assets_with_names_of_their_own_and_months_enough() -> None:
    for assets, months in (([], 12), ([loan(), loan()], 12), ([loan(months=12)], 11)):
        with pytest.raises(ProjectionRefused):
            schedule(list(assets), months)
    assert schedule([loan(months=12)], 12).months == 12


TERMS: st.SearchStrategy[Terms] = st.one_of(
    st.builds(LevelPay, interest_only_months=st.integers(0, 11)),
    st.builds(EvenPrincipal, interest_only_months=st.integers(0, 11)),
    st.builds(Bullet),
    st.builds(Balloon, amortise_months=st.integers(121, 600)),
)


@given(
    terms=TERMS,
    balance=st.integers(1, 10**12),
    rate=st.integers(0, 400_000),
    periods=st.integers(12, 40),
    every=st.sampled_from((1, 2, 3)),
)
def test_every_loan_pays_back_exactly_what_it_owes_and_interest_on_what_is_left(
    terms: Terms, balance: int, rate: int, periods: int, every: int
) -> None:
    row = one(loan(balance, rate, periods * every, terms, every=every))
    assert row.principal.sum() == pytest.approx(balance, rel=1e-12)
    assert (row.principal >= -1e-9 * balance).all()
    assert row.balance[0, -1] == 0
    before = row.balance[0, :-1].reshape(-1, every)
    np.testing.assert_allclose(
        row.interest[0, every - 1 :: every], before.sum(axis=1) * rate / 12e6, rtol=1e-9, atol=1e-6
    )


@given(
    balance=st.integers(1, 10**12),
    rate=st.integers(0, 400_000),
    periods=st.integers(1, 40),
    every=st.sampled_from((1, 2, 3)),
    only=st.integers(0, 120),
)
def test_the_closed_form_is_what_walking_the_dates_gives(
    balance: int, rate: int, periods: int, every: int, only: int
) -> None:
    """The walk is taken by a loan whose rate steps to itself after its last month."""
    terms, months = LevelPay(interest_only_months=only), periods * every
    closed = one(loan(balance, rate, months, terms, every=every))
    walked = one(loan(balance, rate, months, terms, every=every, steps=((600, rate),)))
    for name in ("balance", "interest", "accrued"):
        np.testing.assert_allclose(getattr(closed, name), getattr(walked, name), rtol=1e-9, atol=1e-9 * balance)


@pytest.mark.parametrize(("rate", "months", "every"), [(0.065, 120, 1), (0.038, 36, 3), (0.11, 240, 6)])
def test_quantlib_draws_up_the_same_level_payments(rate: float, months: int, every: int) -> None:
    """Source: QuantLib's sinkingNotionals, tolerance one part in 10¹⁰."""
    frequency = {1: ql.Monthly, 3: ql.Quarterly, 6: ql.Semiannual}[every]
    theirs = ql.sinkingNotionals(ql.Period(months, ql.Months), frequency, rate, 1_000_000.0)
    ours = one(loan(1_000_000, round(rate * 1e6), months, every=every)).balance[0, ::every]
    np.testing.assert_allclose(ours[:-1], theirs[: len(ours) - 1], rtol=1e-10)
