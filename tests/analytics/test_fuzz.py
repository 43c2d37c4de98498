"""Any pool that can be written down is projected in finite figures, or refused by code; nothing else happens."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from securitization.analytics.assets import (
    Balloon,
    Bullet,
    EvenPrincipal,
    Instalment,
    Lease,
    LevelPay,
    Loan,
    PaymentStep,
    PoolAsset,
    RateStep,
    Receivable,
    Scheduled,
    SteppedPay,
)
from securitization.analytics.assumptions import (
    Abs,
    Assumption,
    Assumptions,
    Cdr,
    Cpr,
    Mdr,
    Psa,
    Roll,
    Sda,
    Smm,
    Stress,
    Vector,
)
from securitization.analytics.cashflows import whole
from securitization.analytics.projection import PoolPart, project
from securitization.analytics.refused import ProjectionRefused
from securitization.analytics.royalty import Forecast, RoyaltyStream, SCurve, Tier, Trend

PPM = st.integers(0, 1_000_000)
MINOR = st.sampled_from((1, 2, 999, 10**6, 10**12, 2**53 - 1))
MONTH = st.integers(1, 36)
MONTHS = st.one_of(st.sampled_from((6, 12, 24, 36)), MONTH)
"""Mostly whole periods of whatever length; a few that are refused."""


def in_order(months: st.SearchStrategy[int], most: int) -> st.SearchStrategy[list[int]]:
    """Months that rise; now and then none."""
    return st.lists(months, max_size=most, unique=True).map(sorted)


STEPS = st.tuples(in_order(MONTH, 3), st.integers(0, 10**6)).map(
    lambda drawn: tuple(PaymentStep(from_month=month, payment_minor=drawn[1] + month) for month in drawn[0])
)
RATE = st.sampled_from((0, 1, 48_000, 10_000_000))
RATE_STEPS = st.tuples(in_order(st.integers(2, 600), 2), RATE).map(
    lambda drawn: tuple(RateStep(from_month=month, rate_ppm=drawn[1]) for month in drawn[0])
)
TERMS = st.one_of(
    st.builds(LevelPay, interest_only_months=st.integers(0, 60)),
    st.builds(EvenPrincipal, interest_only_months=st.integers(0, 60)),
    st.builds(Bullet),
    st.builds(Balloon, amortise_months=st.integers(30, 1_200)),
    st.builds(Scheduled, principal_minor=st.lists(st.integers(0, 10**6), max_size=4).map(tuple)),
    st.builds(SteppedPay, payments=STEPS),
)
EVERY, AGE, NAME = st.sampled_from((1, 1, 2, 3, 12)), st.integers(0, 500), st.just("A")
ONE_EACH = st.lists(MINOR, min_size=1, max_size=3)
PARTS: st.SearchStrategy[PoolPart] = st.one_of(
    st.builds(
        Loan, asset_id=NAME, balance_minor=MINOR, rate_ppm=RATE, remaining_months=MONTHS, terms=TERMS,
        every_months=EVERY, age_months=AGE, rate_steps=RATE_STEPS,
    ),
    st.builds(
        Lease, asset_id=NAME, rents=STEPS, rate_ppm=RATE, remaining_months=MONTHS, residual_minor=st.integers(0, 9),
        every_months=EVERY, age_months=AGE,
    ),
    st.builds(
        Receivable, asset_id=NAME, age_months=AGE,
        instalments=st.tuples(in_order(MONTH, 3), MINOR).map(
            lambda drawn: tuple(Instalment(month=month, amount_minor=drawn[1]) for month in drawn[0])
        ),
    ),
    st.builds(
        RoyaltyStream, stream_id=NAME, expiry_month=st.integers(1, 60), kept_ppm=PPM, erosion_ppm=PPM,
        after_expiry_ppm=PPM, obsolescence_ppm=PPM, minimum_minor=MINOR, termination_ppm=PPM,
        every_months=st.integers(1, 12), lag_months=st.integers(0, 20),
        tiers=st.tuples(in_order(st.integers(1, 9), 3), PPM).map(
            lambda drawn: tuple(Tier(above_minor=above, rate_ppm=drawn[1]) for above in (0, *drawn[0]))
        ),
        sales=st.one_of(
            st.builds(SCurve, peak_minor=MINOR, half_month=st.integers(-600, 600), width_months=st.integers(1, 10)),
            st.builds(Trend, first_minor=MINOR, growth_ppm=st.sampled_from((-999_999, 0, 100_000_000))),
            st.builds(Forecast, yearly_minor=ONE_EACH.map(tuple)),
        ),
    ),
)  # fmt: skip
VECTOR = st.builds(
    Vector, per=st.sampled_from(("year", "month")), rates_ppm=st.lists(PPM, min_size=1, max_size=4).map(tuple)
)
MULTIPLE = st.sampled_from((0, 1, 1_000_000, 1_500_000, 1_000_000_000))
ROLL = st.sampled_from((
    None,
    Roll(rows_ppm=((900_000, 100_000),)),
    Roll(rows_ppm=((900_000, 100_000, 0), (0, 0, 1_000_000))),
    Roll(rows_ppm=((1, 2, 3), (1_000_000, 0, 0))),
))  # fmt: skip
ASSUMPTION = st.builds(
    Assumption, severity_ppm=PPM, recovery_lag_months=st.integers(0, 50), arrears=ROLL,
    prepayment=st.one_of(
        st.builds(Cpr, rate_ppm=PPM), st.builds(Smm, rate_ppm=PPM), st.builds(Psa, speed_ppm=MULTIPLE),
        st.builds(Abs, rate_ppm=PPM), VECTOR,
    ),
    default=st.one_of(
        st.builds(Cdr, rate_ppm=PPM), st.builds(Mdr, rate_ppm=PPM), st.builds(Sda, speed_ppm=MULTIPLE), VECTOR
    ),
)  # fmt: skip
STRESS = st.builds(
    Stress, name=st.just("s"), prepayment_ppm=MULTIPLE, default_ppm=MULTIPLE, severity_ppm=MULTIPLE, sales_ppm=MULTIPLE
)


@settings(max_examples=300)
@given(part=PARTS, other=st.one_of(st.none(), PARTS), assumption=ASSUMPTION, stress=STRESS, months=st.integers(35, 60))
def test_whatever_can_be_written_down_is_projected_or_refused(
    part: PoolPart, other: PoolPart | None, assumption: Assumption, stress: Stress, months: int
) -> None:
    parts = [part]
    if other is not None:
        renamed = {"stream_id": "B"} if isinstance(other, RoyaltyStream) else {"asset_id": "B"}
        parts.append(msgspec.structs.replace(other, **renamed))
    try:
        flows = project(parts, Assumptions(otherwise=assumption), [stress], months)
        rounded = whole(flows)
    except ProjectionRefused as refused:
        assert refused.detail
        return
    for name in ("interest", "scheduled", "prepaid", "defaults", "recoveries", "balance"):
        assert np.isfinite(getattr(flows, name)).all(), name
        assert (getattr(rounded, name) >= 0).all(), name
    gone = (rounded.principal + rounded.defaults).sum() + rounded.balance[0, -1]
    assert gone == rounded.opening


@settings(max_examples=100)
@given(st.one_of(PARTS, ASSUMPTION, STRESS))
def test_what_is_written_down_is_read_back(struct: msgspec.Struct) -> None:
    kind = PoolAsset | RoyaltyStream if isinstance(struct, PoolAsset | RoyaltyStream) else type(struct)
    assert msgspec.json.decode(msgspec.json.encode(struct), type=kind) == struct
