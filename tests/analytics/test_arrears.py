"""Loans that fall behind, beside every path that one loan can take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securitization.analytics.amortise import schedule
from securitization.analytics.arrears import matrix, rolled, stressed
from securitization.analytics.assets import Bullet, EvenPrincipal
from securitization.analytics.assumptions import Assumption, Assumptions, Mdr, Roll, Smm, Stress
from securitization.analytics.cashflows import Stresses, rates_of
from securitization.analytics.projection import project
from securitization.analytics.refused import ProjectionRefused
from tests.analytics.pools import loan
from tests.models.arrears_model import expected

AS_IS = [Stress(name="base")]
TYPICAL = Roll(rows_ppm=((950_000, 50_000, 0, 0), (400_000, 300_000, 300_000, 0), (100_000, 100_000, 200_000, 600_000)))


@st.composite
def rolls(draw: st.DrawFn) -> Roll:
    """Up to three states; any chances that a month can have."""
    states = draw(st.integers(1, 3))
    rows = []
    for behind in range(states):
        reach = [to for to in range(states + 1) if to <= behind + 1 or to == states]
        cuts = sorted(draw(st.lists(st.integers(0, 1_000_000), min_size=len(reach) - 1, max_size=len(reach) - 1)))
        parts = np.diff([0, *cuts, 1_000_000]).tolist()
        rows.append(tuple(parts[reach.index(to)] if to in reach else 0 for to in range(states + 1)))
    return Roll(rows_ppm=tuple(rows))


@settings(max_examples=40)
@given(roll=rolls(), months=st.integers(1, 5), after=st.integers(0, 2))
def test_a_bucket_brings_what_all_paths_of_one_loan_bring_on_average(roll: Roll, months: int, after: int) -> None:
    asset = loan(12_000, 120_000, months, EvenPrincipal())
    rows = schedule([asset], months + after)
    assumption = Assumption(arrears=roll, severity_ppm=250_000)
    rates = rates_of([asset], Assumptions(otherwise=assumption), months + after)
    told = rolled(rows, rates, roll, Stresses.of(AS_IS, months + after))
    model = expected(rows.balance[0].tolist(), rows.interest[0].tolist(), matrix(roll).tolist())
    np.testing.assert_allclose(told.flows.scheduled[0], model.principal, atol=1e-8)
    np.testing.assert_allclose(told.flows.interest[0], model.interest, atol=1e-8)
    np.testing.assert_allclose(told.flows.defaults[0], model.defaults, atol=1e-8)
    np.testing.assert_allclose(told.flows.balance[0], model.owed, atol=1e-8)
    np.testing.assert_allclose(told.flows.recoveries[0], 0.75 * np.array(model.defaults), atol=1e-8)


def test_a_missed_payment_comes_in_when_the_loan_catches_up() -> None:
    # All miss the first payment and none a second: month 2 brings one of two payments, and so on; one is always open.
    always_late = Roll(rows_ppm=((0, 1_000_000, 0), (0, 1_000_000, 0)))
    flows = project(
        [loan(300, 0, 3, EvenPrincipal())], Assumptions(otherwise=Assumption(arrears=always_late)), AS_IS, 6
    )
    assert flows.scheduled[0].tolist() == [0, 100, 100, 50, 25, 12.5]
    assert flows.balance[0].tolist() == [300, 200, 100, 50, 25, 12.5]


def test_with_nobody_behind_a_roll_is_a_monthly_default_rate() -> None:
    assets = [loan(name="A"), loan(2_000_000, 30_000, 9, Bullet(), name="B")]
    prepayment, scenarios = Smm(rate_ppm=20_000), [*AS_IS, Stress(name="worse", default_ppm=2_500_000)]
    roll = Roll(rows_ppm=((990_000, 10_000),))
    by_roll = Assumptions(otherwise=Assumption(prepayment=prepayment, arrears=roll, severity_ppm=300_000))
    by_rate = Assumptions(
        otherwise=Assumption(prepayment=prepayment, default=Mdr(rate_ppm=10_000), severity_ppm=300_000)
    )
    ours, theirs = (project(list(assets), each, scenarios, 12) for each in (by_roll, by_rate))
    for name in ("interest", "scheduled", "prepaid", "defaults", "recoveries", "balance"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12, atol=1e-6, err_msg=name)


def test_nothing_of_the_principal_is_created_or_lost_under_stress() -> None:
    scenarios = [Stress(name=f"S{times}", default_ppm=times * 500_000) for times in range(8)]
    assumption = Assumption(arrears=TYPICAL, prepayment=Smm(rate_ppm=10_000))
    flows = project([loan(months=24)], Assumptions(otherwise=assumption), scenarios, 30)
    paid = (flows.scheduled + flows.prepaid + flows.defaults).sum(axis=1) + flows.balance[:, -1]
    np.testing.assert_allclose(paid, 1_000_000)
    assert (np.diff(flows.defaults.sum(axis=1)) > 0).all()


def test_chances_stay_chances_however_large_the_multiple() -> None:
    told = stressed(matrix(TYPICAL), np.array([0.0, 1.0, 2.0, 1e6]))
    np.testing.assert_allclose(told.sum(axis=2), 1.0)
    assert (told >= 0).all()
    np.testing.assert_allclose(told[1], matrix(TYPICAL))
    assert told[2, 0].tolist() == pytest.approx([0.9, 0.1, 0, 0])
    assert told[3, 0].tolist() == pytest.approx([0, 1, 0, 0])
    certain = stressed(np.array([[0.0, 1.0]]), np.array([0.25]))
    assert certain[0, 0].tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    "rows",
    [
        ((999_999, 0),),
        ((1_000_000,),),
        ((0, 0, 1_000_000, 0), (1_000_000, 0, 0, 0), (1_000_000, 0, 0, 0)),
    ],
)
def test_a_roll_that_does_not_add_up_or_leaps_is_refused(rows: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ProjectionRefused, match="row 0"):
        matrix(Roll(rows_ppm=rows))


def test_the_balance_behind_is_told_apart() -> None:
    asset = loan(months=12, terms=Bullet())
    assumption = Assumption(arrears=TYPICAL)
    rates = rates_of([asset], Assumptions(otherwise=assumption), 12)
    told = rolled(schedule([asset], 12), rates, TYPICAL, Stresses.of(AS_IS, 12))
    assert told.behind[0, 0] == pytest.approx(50_000)
    assert (told.behind[0, :-1] < told.flows.balance[0, :-1]).all()
    assert told.behind[0, -1] == told.flows.balance[0, -1]  # after the last date, whoever owes is behind


def test_arrears_are_counted_in_monthly_payments() -> None:
    quarterly = Assumptions(otherwise=Assumption(arrears=TYPICAL))
    with pytest.raises(ProjectionRefused, match="every month"):
        project([loan(every=3)], quarterly, AS_IS, 12)
