"""What a class may lose: tables by hand, laws, and a break-even rate that a plain search finds too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securitization.analytics.assets import Bullet, PoolAsset
from securitization.analytics.assumptions import Assumption, Assumptions, Cdr, Stress
from securitization.analytics.copula import Dependence, Guarantor
from securitization.analytics.credit_flows import PatentRisk, Simulation
from securitization.analytics.draws import Draws
from securitization.analytics.measures import (
    TrancheFlows,
    break_even,
    coverage,
    credit,
    points,
    tails,
    tranche_loss,
    where,
)
from securitization.analytics.refused import ProjectionRefused
from securitization.analytics.stress import Collected, Evaluate, Horizon, break_even_cdr, draw, stress
from tests.analytics.pools import loan


def sequential(*openings: int) -> Evaluate:
    """A deal that pays principal in order and no interest: the least waterfall there is."""

    def evaluate(given: Collected) -> list[TrancheFlows]:
        cash = given.pool.principal + given.pool.recoveries
        classes = []
        for number, opening in enumerate(openings):
            owed = np.maximum(opening - (cash.cumsum(axis=1) - cash), 0)
            paid = np.minimum(cash, owed)
            classes.append(TrancheFlows("ABC"[number], opening, np.zeros_like(paid), paid))
            cash = cash - paid
        return classes

    return evaluate


def test_points_of_a_typical_chinese_deal_add_to_the_whole() -> None:
    # 文科租赁一期: 6.96 of 7.33 senior, 0.37 subordinated, 5.05 %
    (senior, junior) = points([696_000_000, 37_000_000])
    assert (round(senior[0], 4), senior[1]) == (0.0505, 1.0)
    assert (junior[0], junior[1]) == (0.0, senior[0])


def test_a_class_loses_between_its_points() -> None:
    told = tranche_loss(np.array([0.0, 0.05, 0.10, 0.20, 1.0]), 0.05, 0.15)
    assert told.tolist() == pytest.approx([0, 0, 0.5, 1, 1])
    with pytest.raises(ProjectionRefused):
        tranche_loss(np.array([0.1]), 0.15, 0.15)


@given(loss=st.lists(st.floats(0, 1), min_size=1, max_size=8), cut=st.floats(0.01, 0.99))
def test_the_classes_together_lose_what_the_pool_loses(loss: list[float], cut: float) -> None:
    pool = np.array(loss)
    whole = tranche_loss(pool, cut, 1.0) * (1 - cut) + tranche_loss(pool, 0.0, cut) * cut
    np.testing.assert_allclose(whole, pool, atol=1e-12)


def test_expected_loss_is_probability_times_severity() -> None:
    told = credit(np.array([0, 0, 0, 100, 300]), 1_000)
    assert (told.pd, told.el, told.lgd) == pytest.approx((0.4, 0.08, 0.2))
    assert told.el_error == pytest.approx(np.std([0, 0, 0, 0.1, 0.3], ddof=1) / np.sqrt(5))
    never = credit(np.zeros(4), 1_000)
    assert (never.pd, never.el, never.lgd) == (0, 0, 0)


def test_mirrored_draws_are_counted_as_pairs() -> None:
    # Each pair averages to the same, so the mean is known without error, which single draws would not show.
    assert credit(np.array([0, 50, 200, 150]), 1_000, antithetic=True).el_error == pytest.approx(0.0)
    assert credit(np.array([0, 50, 200, 150]), 1_000).el_error > 0.02


def test_tails_look_at_the_worst_scenarios_and_part_of_one() -> None:
    loss = np.arange(1, 101)  # 1 … 100 of 100
    ninety_five, tight = tails(loss, 100, [0.95, 0.985])
    assert (ninety_five.value_at_risk, ninety_five.expected_shortfall) == pytest.approx((0.95, 0.98))
    # The worst 1.5 scenarios: 100 and half of 99
    assert (tight.value_at_risk, tight.expected_shortfall) == pytest.approx((0.99, (1.00 + 0.5 * 0.99) / 1.5))
    assert tails(np.array([7]), 10, [0.999])[0].expected_shortfall == pytest.approx(0.7)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40), st.sampled_from((0.5, 0.9, 0.95, 0.99, 0.999)))
def test_value_at_risk_is_the_least_loss_not_passed_with_that_probability(loss: list[int], level: float) -> None:
    told = tails(np.array(loss), 100, [level])[0]
    least = min(each for each in loss if sum(other <= each for other in loss) >= level * len(loss) - 1e-9)
    assert told.value_at_risk == pytest.approx(least / 100)
    assert told.expected_shortfall >= told.value_at_risk - 1e-12


def test_the_case_that_the_guarantor_fails_is_looked_at_by_itself() -> None:
    loss, fails = np.array([0, 400, 0, 200]), np.array([False, True, False, True])
    told = where(loss, 1_000, fails)
    assert told is not None
    assert (told.scenarios, told.pd, told.el) == pytest.approx((2, 1.0, 0.3))
    assert where(loss, 1_000, np.zeros(4, dtype=bool)) is None


def test_coverage_is_infinite_where_nothing_is_owed() -> None:
    assert coverage(np.array([150, 80, 5]), np.array([100, 100, 0])).tolist() == [1.5, 0.8, np.inf]


def test_break_even_of_known_answers() -> None:
    """Class A loses above 30 %, B at any default, C never, D already without one."""

    def losses(rates: np.ndarray) -> np.ndarray:
        never = np.zeros_like(rates)
        return np.stack([rates > 0.3, rates > 0, never, never + 1], axis=1)

    found = break_even(losses)
    assert found[0] == pytest.approx(0.3, abs=1e-6)
    assert found[0] <= 0.3
    assert found[1] == pytest.approx(0.0, abs=1e-6)
    assert found[2:].tolist() == [1.0, 0.0]


def test_a_class_that_recovers_at_a_higher_rate_is_judged_by_its_first_loss() -> None:
    found = break_even(lambda rates: ((rates > 0.2) & (rates < 0.4) | (rates > 0.6))[:, None])
    assert found[0] == pytest.approx(0.2, abs=1e-6)


def test_break_even_cdr_of_three_classes_is_what_a_plain_search_finds() -> None:
    assets: list[PoolAsset] = [loan(10_000_000, 0, 24, Bullet(), name=f"L{number}") for number in range(4)]
    assumptions = Assumptions(otherwise=Assumption(severity_ppm=600_000, recovery_lag_months=3))
    deal, horizon = sequential(28_000_000, 8_000_000, 4_000_000), Horizon(months=27, months_a_period=3)
    found = break_even_cdr(assets, assumptions, horizon, deal)
    # 24 months at a rate c leave (1 − c)² of a bullet; the rest comes back at 40 %. A class between the points a and b
    # is whole while the loss 0.6 × (1 − (1 − c)²) stays within a.
    for name, attachment in (("A", 0.30), ("B", 0.10), ("C", 0.0)):
        assert found[name] == pytest.approx(1 - np.sqrt(1 - attachment / 0.6), abs=2e-6), name

    def loses(name: str, cdr: float) -> bool:
        at = Assumption(default=Cdr(rate_ppm=round(cdr * 1e6)), severity_ppm=600_000, recovery_lag_months=3)
        stressed = stress(assets, Assumptions(otherwise=at), [Stress(name="s")], horizon, deal)
        return bool(next(each for each in stressed.tranches if each.name == name).loss[0] > 0)

    for name in "AB":
        assert not loses(name, found[name] - 1e-6)
        assert loses(name, found[name] + 3e-6)


def test_a_stress_keeps_its_scenarios_names_in_order_and_refuses_two_alike() -> None:
    scenarios = [Stress(name="base"), Stress(name="worse", default_ppm=3_000_000)]
    assumptions = Assumptions(otherwise=Assumption(default=Cdr(rate_ppm=50_000), severity_ppm=1_000_000))
    asset: list[PoolAsset] = [loan(1_000_000, 0, 12, Bullet())]
    told = stress(asset, assumptions, scenarios, Horizon(months=12, months_a_period=6), sequential(900_000, 100_000))
    assert told.names == ("base", "worse")
    assert told.times.tolist() == [0.5, 1.0]
    # 5 % a year are 0.42653 % a month; three times that leaves (1 − 0.0127959)¹² = 85.68 %, a loss of 143,193.
    assert [each.loss.tolist() for each in told.tranches] == [[0, 43_193], [50_000, 100_000]]
    with pytest.raises(ProjectionRefused):
        stress(asset, assumptions, scenarios[:1] * 2, Horizon(months=12), sequential(1_000_000))


def test_a_drawn_deal_is_told_when_its_guarantor_fails_and_a_patent_falls() -> None:
    """Losses of the senior class come where the guarantor fails, and the deal could see it in time."""
    assets: list[PoolAsset] = [
        loan(1_000_000, 48_000, 12, Bullet(), name=f"L{number}", every=3) for number in range(12)
    ]
    assumptions = Assumptions(otherwise=Assumption(default=Cdr(rate_ppm=200_000), severity_ppm=800_000))
    simulation = Simulation(
        draws=Draws(seed=5, scenarios=2_000),
        dependence=Dependence(otherwise_ppm=(600_000,)),
        guarantor=Guarantor(name="G", default_ppm=100_000, loadings_ppm=(600_000,), cover_ppm=1_000_000),
        patents=(PatentRisk(right="CN1", assets=("L0",), invalid_ppm=100_000, jump_ppm=0, severity_ppm=900_000),),
    )
    seen: list[Collected] = []

    def deal(given: Collected) -> list[TrancheFlows]:
        seen.append(given)
        return list(sequential(11_400_000, 600_000)(given))

    told = draw(assets, assumptions, simulation, Horizon(months=15, months_a_period=3), deal)
    senior = told.tranches[0]
    fails = told.guarantor_fails
    assert seen == [told.given]
    assert fails.mean() == pytest.approx(1 - 0.9**1.25, abs=0.03)
    assert (np.diff(told.given.guarantor_failed, axis=1) >= 0).all()
    assert (told.given.invalidated_rights.sum(axis=1) > 0).mean() == pytest.approx(1 - 0.9**1.25, abs=0.03)
    assert (senior.loss[~fails] == 0).all()
    stressed, all_ = where(senior.loss, senior.opening, fails), credit(senior.loss, senior.opening)
    assert stressed is not None
    assert stressed.el > 5 * all_.el > 0
    assert (told.guarantee <= told.pool.recoveries + 1).all()
    assert (told.pool.principal + told.pool.defaults).sum(axis=1).tolist() == [12_000_000] * 2_000
