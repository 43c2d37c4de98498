"""The projection beside loans worked out by hand, and its rounding to whole minor units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, share_out
from securitization.analytics import cashflows
from securitization.analytics.amortise import Schedule, schedule
from securitization.analytics.assets import Bullet, EvenPrincipal, LevelPay, Terms
from securitization.analytics.assumptions import (
    Abs,
    Assumption,
    Assumptions,
    Cdr,
    Cpr,
    Mdr,
    Sda,
    Segment,
    Smm,
    Stress,
    Vector,
    a_month,
    monthly,
)
from securitization.analytics.cashflows import (
    Flows,
    Rates,
    Stresses,
    bucketed,
    by_period,
    largest_remainder,
    projected,
    rates_of,
    whole,
)
from securitization.analytics.copula import Dependence
from securitization.analytics.credit_flows import Simulation, simulate
from securitization.analytics.draws import Draws
from securitization.analytics.projection import project
from securitization.analytics.refused import ProjectionRefused
from tests.analytics.pools import loan
from tests.models.pool_model import PlannedLoan, Pool

NAMES = ("interest", "scheduled", "prepaid", "defaults", "recoveries", "balance")
FOUR_DRAWS = Simulation(draws=Draws(seed=1, scenarios=4), dependence=Dependence(otherwise_ppm=(0,)))
AS_IS = [Stress(name="base")]


def by_hand(rows: Schedule, rates: Rates, stresses: Stresses) -> dict[str, np.ndarray]:
    """What the model says of the same rows and rates."""
    planned = [
        PlannedLoan(
            rows.balance[place].tolist(),
            rows.interest[place].tolist(),
            rows.accrued[place].tolist(),
            rates.default[place].tolist(),
            rates.prepayment[place].tolist(),
            float(rates.severity[place]),
            int(rates.lag[place]),
        )
        for place in range(len(rates.lag))
    ]
    played = [
        Pool(planned, rows.months).play(default.tolist(), prepayment.tolist(), float(severity))
        for default, prepayment, severity in zip(stresses.default, stresses.prepayment, stresses.severity, strict=True)
    ]
    return {name: np.array([[getattr(month, name) for month in months] for months in played]) for name in NAMES}


RATE = st.floats(0, 0.5)
LOANS = st.lists(
    st.tuples(
        st.integers(1, 10**9),
        st.integers(0, 200_000),
        st.integers(1, 6),
        st.sampled_from((1, 2)),
        st.sampled_from((LevelPay(), EvenPrincipal(), Bullet())),
        st.tuples(RATE, RATE, st.floats(0, 1), st.integers(0, 4)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(loans=LOANS, scenarios=st.lists(st.tuples(*[st.floats(0, 3)] * 3), min_size=1, max_size=4), data=st.data())
def test_every_month_of_every_scenario_is_what_one_works_out_by_hand(
    loans: list[tuple[int, int, int, int, Terms, tuple[float, float, float, int]]],
    scenarios: list[tuple[float, float, float]],
    data: st.DataObject,
) -> None:
    assets = [
        loan(balance, rate, periods * every, terms, name=f"L{place}", every=every)
        for place, (balance, rate, periods, every, terms, _) in enumerate(loans)
    ]
    months = 16
    curves = [each[-1] for each in loans]
    shared = data.draw(st.booleans(), label="all loans share the first one's curves")
    if shared:
        curves = [curves[0]] * len(curves)
    ramp = np.linspace(1.0, 0.5, months)
    rates = Rates(
        np.array([smm * ramp for smm, _, _, _ in curves]),
        np.array([mdr * ramp for _, mdr, _, _ in curves]),
        np.array([severity for _, _, severity, _ in curves]),
        np.array([lag for _, _, _, lag in curves]),
    )
    times = np.array(scenarios)
    stresses = Stresses(np.repeat(times[:, :1], months, 1), np.repeat(times[:, 1:2], months, 1), times[:, 2])
    rows = schedule(list(assets), months)
    expected = by_hand(rows, rates, stresses)
    scale = float(rows.balance[:, 0].sum())
    collapsed = bucketed(rows, rates)
    if shared:
        assert len(collapsed[1].lag) == 1
    for found in (projected(rows, rates, stresses), projected(*collapsed, stresses)):
        for name in NAMES:
            np.testing.assert_allclose(getattr(found, name), expected[name], rtol=1e-9, atol=1e-9 * scale, err_msg=name)


def test_blocks_of_scenarios_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assets = [loan(name=f"L{number}", months=6 + number) for number in range(5)]
    assumptions = Assumptions(otherwise=Assumption(prepayment=Cpr(rate_ppm=80_000), default=Cdr(rate_ppm=30_000)))
    scenarios = [Stress(name=f"S{number}", default_ppm=number * 100_000) for number in range(7)]
    rates = rates_of(list(assets), assumptions, 12)
    stresses = Stresses.of(scenarios, 12)
    at_once = projected(schedule(list(assets), 12), rates, stresses)
    monkeypatch.setattr(cashflows, "CELLS", 10)  # two scenarios a block
    in_blocks = projected(schedule(list(assets), 12), rates, stresses)
    for name in NAMES:
        np.testing.assert_allclose(getattr(in_blocks, name), getattr(at_once, name), rtol=1e-13)


def test_a_planted_slip_is_found_by_the_model() -> None:
    """Had prepayment come before the scheduled payment, the model would say so."""
    rows, rates = (
        schedule([loan(months=6)], 6),
        Rates(np.full((1, 6), 0.1), np.zeros((1, 6)), np.zeros(1), np.zeros(1, int)),
    )
    stresses = Stresses.of(AS_IS, 6)
    expected = by_hand(rows, rates, stresses)["prepaid"]
    np.testing.assert_allclose(projected(rows, rates, stresses).prepaid, expected)
    slipped = Schedule(np.concatenate([rows.balance[:, :1], rows.balance[:, :-1]], axis=1), rows.interest, rows.accrued)
    assert not np.allclose(projected(slipped, rates, stresses).prepaid, expected)


def test_segments_have_assumptions_of_their_own() -> None:
    bio = Segment(segment="bio", assumption=Assumption(default=Mdr(rate_ppm=500_000), severity_ppm=1_000_000))
    assumptions = Assumptions(otherwise=Assumption(), by_segment=(bio,))
    assets = [
        loan(1_000, 0, 2, Bullet(), name="A", segment="bio"),
        loan(1_000, 0, 2, Bullet(), name="B", segment="chips"),
    ]
    flows = project(list(assets), assumptions, AS_IS, 2)
    assert flows.defaults[0].tolist() == [500, 250]
    assert flows.recoveries[0].tolist() == [0, 0]
    assert flows.scheduled[0].tolist() == [0, 1_250]


def test_who_prepays_between_two_dates_pays_the_interest_accrued() -> None:
    assumptions = Assumptions(otherwise=Assumption(prepayment=Vector(per="month", rates_ppm=(500_000, 0))))
    flows = project([loan(1_200, 120_000, 3, Bullet(), every=3)], assumptions, AS_IS, 3)
    assert flows.prepaid[0].tolist() == [600, 0, 0]
    assert flows.interest[0].tolist() == [6, 0, 18]  # half of 12 for one month, then half of 36 for three


def test_a_recovery_comes_after_its_lag_and_not_after_the_projection() -> None:
    assumption = Assumption(
        default=Vector(per="month", rates_ppm=(1_000_000,)), severity_ppm=400_000, recovery_lag_months=2
    )
    for months, expected in ((2, [0, 0]), (3, [0, 0, 600]), (4, [0, 0, 600, 0])):
        flows = project([loan(1_000, 0, 2, Bullet())], Assumptions(otherwise=assumption), AS_IS, months)
        assert flows.recoveries[0].tolist() == expected


def test_no_multiple_makes_more_than_everything_default_or_be_lost() -> None:
    assumption = Assumption(prepayment=Smm(rate_ppm=600_000), default=Mdr(rate_ppm=600_000), severity_ppm=600_000)
    stress = Stress(name="worst", default_ppm=2_000_000, prepayment_ppm=2_000_000, severity_ppm=2_000_000)
    flows = project([loan(1_000, 0, 2, Bullet())], Assumptions(otherwise=assumption), [stress, *AS_IS], 2)
    assert flows.defaults[0].tolist() == [1_000, 0]
    assert flows.recoveries[0].tolist() == [0, 0]
    assert flows.defaults[1, 0] == 600
    assert flows.prepaid[1, 0] == pytest.approx(400)  # who defaults does not prepay
    assert flows.recoveries[1, 0] == pytest.approx(240)


def test_under_sda_no_loan_defaults_in_the_months_a_liquidation_takes() -> None:
    assumption = Assumption(default=Sda(speed_ppm=1_000_000), recovery_lag_months=3)
    flows = project([loan(months=24)], Assumptions(otherwise=assumption), AS_IS, 27)
    assert (flows.defaults[0, :21] > 0).all()
    assert (flows.defaults[0, 21:] == 0).all()


def test_abs_of_nothing_prepays_nothing() -> None:
    assert monthly(Abs(rate_ppm=0), np.array([400]), 3).tolist() == [[0, 0, 0]]


def test_abs_takes_the_last_loan_and_is_refused_for_a_loan_it_had_taken_before() -> None:
    rates = monthly(Abs(rate_ppm=20_000), np.array([0, 49]), 60)
    assert rates[0, 48] == 0.5
    assert rates[0, 49:].tolist() == [1.0] * 11  # the fiftieth takes the last
    assert rates[1].tolist() == [1.0] * 60
    with pytest.raises(ProjectionRefused) as refused:
        monthly(Abs(rate_ppm=20_000), np.array([0, 50]), 1)
    assert refused.value.code is RejectCode.PROJECTION_ASSUMPTION_INVALID


def test_a_vector_holds_its_last_rate_and_may_be_a_year_or_a_month() -> None:
    rates = (10_000, 20_000)
    by_month = monthly(Vector(per="month", rates_ppm=rates), np.array([7]), 4)[0]
    assert by_month.tolist() == [0.01, 0.02, 0.02, 0.02]
    by_year = monthly(Vector(per="year", rates_ppm=rates), np.array([7]), 3)[0]
    np.testing.assert_array_equal(by_year, a_month(np.array([0.01, 0.02, 0.02])))


def test_months_are_added_to_periods_and_the_balance_is_the_last_months() -> None:
    flows = project([loan(1_200, 120_000, 6, EvenPrincipal())], Assumptions(otherwise=Assumption()), AS_IS, 6)
    quarters = by_period(flows, 3)
    assert quarters.scheduled[0].tolist() == [600, 600]
    assert quarters.interest[0].tolist() == pytest.approx([12 + 10 + 8, 6 + 4 + 2])
    assert quarters.balance[0].tolist() == [600, 0]
    with pytest.raises(ProjectionRefused):
        by_period(flows, 4)


def flows_of(balance: list[float], scheduled: list[float], prepaid: list[float], defaults: list[float]) -> Flows:
    rows = [np.array([row], dtype=float) for row in (scheduled, prepaid, defaults, balance)]
    return Flows(100.0, np.zeros_like(rows[0]), rows[0], rows[1], rows[2], np.zeros_like(rows[0]), rows[3])


def test_what_is_rounded_still_adds_up() -> None:
    # 100 falls to 97.5, to 95: half goes to the even neighbour, so by 2 and by 3, shared out in proportion.
    rounded = whole(flows_of([97.5, 95.0], [1.5, 1.5], [0.75, 0.75], [0.25, 0.25]))
    assert rounded.balance[0].tolist() == [98, 95]
    assert rounded.scheduled[0].tolist() == [1, 2]
    assert rounded.prepaid[0].tolist() == [1, 1]
    assert rounded.defaults[0].tolist() == [0, 0]


def test_small_interest_is_not_lost_over_many_periods() -> None:
    flows = flows_of([100.0] * 10, [0.0] * 10, [0.0] * 10, [0.0] * 10)
    flows.interest[:] = 0.3
    assert whole(flows).interest[0].tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 1, 0]  # 0.3, 0.6, 0.9, 1.2, 1.5 to even: 2, …
    assert whole(flows).interest.sum() == 3


@settings(max_examples=40)
@given(
    balance=st.integers(1, 10**13),
    rate=st.integers(0, 200_000),
    cpr=st.integers(0, 900_000),
    cdr=st.integers(0, 900_000),
    severity=st.integers(0, 1_000_000),
    every=st.sampled_from((1, 3)),
)
def test_whole_units_are_within_one_of_the_floats_and_nothing_is_created_or_lost(
    balance: int, rate: int, cpr: int, cdr: int, severity: int, every: int
) -> None:
    assumption = Assumption(
        prepayment=Cpr(rate_ppm=cpr), default=Cdr(rate_ppm=cdr), severity_ppm=severity, recovery_lag_months=2
    )
    scenarios = [*AS_IS, Stress(name="worse", default_ppm=2_000_000)]
    flows = by_period(project([loan(balance, rate, 24)], Assumptions(otherwise=assumption), scenarios, 27), every)
    rounded = whole(flows)
    fell = rounded.principal + rounded.defaults
    np.testing.assert_array_equal(fell, -np.diff(rounded.balance, axis=1, prepend=rounded.opening))
    assert (rounded.balance[:, -1] == 0).all()
    for name in NAMES:
        each, exact = getattr(rounded, name), getattr(flows, name)
        assert each.dtype == np.int64
        assert (each >= 0).all()
        within = 1.0 + 1e-9 * balance if name == "balance" else 2.0 + 1e-9 * balance
        assert (np.abs(each - exact) <= within).all(), name
    for name in ("interest", "recoveries"):
        totals = getattr(rounded, name).sum(axis=1), getattr(flows, name).sum(axis=1)
        np.testing.assert_allclose(*totals, atol=0.5 + 1e-9 * balance)


def test_the_largest_sum_passes_and_one_more_is_refused() -> None:
    flows = flows_of([100.0], [0.0], [0.0], [0.0])
    flows.interest[:] = float(MAX_INTEGER)
    assert whole(flows).interest[0, 0] == MAX_INTEGER
    flows.interest[:] = float(MAX_INTEGER + 1)
    with pytest.raises(ProjectionRefused) as refused:
        whole(flows)
    assert refused.value.code is RejectCode.PROJECTION_TOO_LARGE


def test_a_projection_as_large_as_allowed_passes_and_one_more_scenario_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cashflows, "MAX_CELLS", 36)
    scenarios = [Stress(name=f"S{number}") for number in range(4)]
    assert project([loan()], Assumptions(otherwise=Assumption()), scenarios[:3], 12).interest.shape == (3, 12)
    for ask in (
        lambda: project([loan()], Assumptions(otherwise=Assumption()), scenarios, 12),
        lambda: simulate([loan()], Assumptions(otherwise=Assumption()), FOUR_DRAWS, 12),
    ):
        with pytest.raises(ProjectionRefused) as refused:
            ask()
        assert refused.value.code is RejectCode.PROJECTION_TOO_LARGE


@given(total=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=5).filter(any))
def test_many_shares_at_once_are_those_that_the_ledger_works_out_one_by_one(total: int, weights: list[int]) -> None:
    found = largest_remainder(np.array([total]), np.array([weights], dtype=float))[0]
    assert found.sum() == total
    exact = share_out(total, weights)
    # A float quota may fall on the other side of a tie; nothing is off by more than the one unit in question.
    assert np.abs(found - exact).max() <= 1
    if total * max(weights) < 2**40:
        ties = len({total * weight % sum(weights) for weight in weights}) < len(weights)
        assert ties or found.tolist() == exact


def test_where_all_parts_are_nothing_the_first_takes_the_whole() -> None:
    assert largest_remainder(np.array([3]), np.zeros((1, 3)))[0].tolist() == [3, 0, 0]
