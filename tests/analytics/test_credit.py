"""Drawn scenarios: each beside one worked out by hand, all of them beside what is known of such pools."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, multivariate_t

from securitization.analytics import copula_fast, credit_flows
from securitization.analytics.amortise import schedule
from securitization.analytics.assets import Bullet, EvenPrincipal, Loan
from securitization.analytics.assumptions import Assumption, Assumptions, Cdr, Mdr, Roll, Segment, Smm, Stress
from securitization.analytics.copula import (
    Dependence,
    Guarantor,
    SegmentLoadings,
    default_months,
    names_of,
    thresholds,
    vasicek,
    vasicek_quantile,
)
from securitization.analytics.credit_flows import PatentRisk, Simulated, Simulation, removed, simulate
from securitization.analytics.draws import Draws, Needs, blocks
from securitization.analytics.measures import credit
from securitization.analytics.projection import project
from securitization.analytics.refused import ProjectionRefused
from securitization.analytics.royalty import Forecast, RoyaltyStream, Tier, ended_months, royalties
from tests.analytics.pools import loan
from tests.models.credit_model import Fall, Owed, Standby, month_of_default, month_of_fall, played

NAMES = ("interest", "scheduled", "prepaid", "defaults", "recoveries", "balance")
CORRELATION_20 = (447_214,)


def bullets(count: int, months: int = 12, balance: int = 1_000_000, debtor: str = "") -> list[Loan]:
    return [
        Loan(
            asset_id=f"L{number}",
            debtor=debtor,
            balance_minor=balance,
            rate_ppm=48_000,
            remaining_months=months,
            terms=Bullet(),
        )
        for number in range(count)
    ]


def chance(yearly_ppm: int, **more: int) -> Assumptions:
    return Assumptions(otherwise=Assumption(default=Cdr(rate_ppm=yearly_ppm), **more))


METHODS = st.sampled_from(("plain", "antithetic", "sobol"))


World = tuple[list[Loan], Assumptions, Simulation]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small pool, two factors, a guarantor perhaps, patents perhaps."""
    loans = [
        Loan(
            asset_id=f"L{number}",
            debtor=draw(st.sampled_from(("", "D1", "D2"))),
            balance_minor=draw(st.integers(1, 10**9)),
            rate_ppm=draw(st.integers(0, 200_000)),
            remaining_months=draw(st.integers(1, 8)),
            terms=draw(st.sampled_from((Bullet(), EvenPrincipal()))),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    assumption = Assumption(
        prepayment=Smm(rate_ppm=draw(st.integers(0, 200_000))),
        default=Cdr(rate_ppm=draw(st.integers(1, 990_000))),
        severity_ppm=draw(st.integers(0, 1_000_000)),
        recovery_lag_months=draw(st.integers(0, 3)),
    )
    names = [each.asset_id for each in loans]
    patents = tuple(
        PatentRisk(
            right=f"P{number}",
            assets=tuple(draw(st.lists(st.sampled_from(names), min_size=1, unique=True))),
            invalid_ppm=draw(st.integers(1, 990_000)),
            jump_ppm=draw(st.integers(0, 1_000_000)),
            severity_ppm=draw(st.integers(0, 1_000_000)),
        )
        for number in range(draw(st.integers(0, 2)))
    )
    guarantor = Guarantor(
        name="G",
        default_ppm=draw(st.integers(1, 900_000)),
        loadings_ppm=(300_000, -600_000),
        cover_ppm=draw(st.integers(0, 1_000_000)),
        lag_months=draw(st.integers(0, 2)),
    )
    simulation = Simulation(
        draws=Draws(seed=draw(st.integers(0, 99)), scenarios=8, method=draw(METHODS)),
        dependence=Dependence(otherwise_ppm=(500_000, 400_000)),
        guarantor=draw(st.sampled_from((None, guarantor))),
        patents=patents,
    )  # fmt: skip
    return loans, Assumptions(otherwise=assumption), simulation


@settings(max_examples=60)
@given(worlds())
def test_every_scenario_is_what_one_works_out_by_hand(world: World) -> None:
    beside_hand(world)


def a_month_late(*given_: object) -> np.ndarray:
    """Planted: every default comes a month after its time."""
    return default_months(*given_) + 1  # type: ignore[arg-type]


def in_calm_years(*given_: object) -> np.ndarray:
    """Planted: patents fall a year after their time."""
    return ended_months(*given_) + 12  # type: ignore[arg-type]


def to_the_end(scenario: np.ndarray, asset: np.ndarray, month: np.ndarray, *rest: object) -> np.ndarray:
    """Planted: what has defaulted still pays in its month of default."""
    return removed(scenario, asset, month + 1, *rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "bug"), [("default_months", a_month_late), ("ended_months", in_calm_years), ("removed", to_the_end)]
)
def test_a_planted_bug_is_found_by_hand(name: str, bug: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit_flows, name, bug)
    risk = PatentRisk(right="P", assets=("L0",), invalid_ppm=900_000, jump_ppm=900_000, severity_ppm=900_000)
    world = (
        bullets(3, months=8),
        Assumptions(otherwise=Assumption(default=Cdr(rate_ppm=700_000), severity_ppm=400_000)),
        Simulation(
            draws=Draws(seed=3, scenarios=64), dependence=Dependence(otherwise_ppm=(500_000, 400_000)), patents=(risk,)
        ),
    )
    with pytest.raises((AssertionError, IndexError)):
        beside_hand(world)


def beside_hand(world: World) -> None:
    """Hold every scenario to the model."""
    loans, assumptions, simulation = world
    months = 10
    told = simulate(list(loans), assumptions, simulation, months, fast=False)
    assumption, row = assumptions.otherwise, schedule(list(loans), months)
    debtors = list(dict.fromkeys(each.debtor or each.asset_id for each in loans))
    smm, yearly = assumption.prepayment.rate_ppm / 1e6, assumption.default.rate_ppm / 1e6
    assets = []
    for number, each in enumerate(loans):
        left = [(1 - smm) ** month for month in range(months + 1)]
        assets.append(
            Owed(
                debtor=debtors.index(each.debtor or each.asset_id),
                interest=[float(left[month] * row.interest[number, month]) for month in range(months)],
                scheduled=[float(left[month] * row.principal[number, month]) for month in range(months)],
                prepaid=[float(left[month] * smm * row.balance[number, month + 1]) for month in range(months)],
                before=[float(left[month] * row.balance[number, month]) for month in range(months + 1)],
                severity=assumption.severity_ppm / 1e6,
                lag=assumption.recovery_lag_months,
                patents=[place for place, patent in enumerate(simulation.patents) if each.asset_id in patent.assets],
            )
        )
    guarantor = simulation.guarantor
    names = len(debtors) + (guarantor is not None)
    standby = guarantor and Standby(len(debtors), guarantor.cover_ppm / 1e6, guarantor.lag_months)
    for block in blocks(simulation.draws, Needs(2, names, 0, len(simulation.patents))):
        for place in range(block.at.stop - block.at.start):
            factors = block.factors[place].tolist()
            defaults = [
                month_of_default([0.5, 0.4], factors, float(block.own[place, name]), yearly, months)
                for name in range(len(debtors))
            ]  # fmt: skip
            if guarantor is not None:
                own = float(block.own[place, -1])
                defaults.append(month_of_default([0.3, -0.6], factors, own, guarantor.default_ppm / 1e6, months))
            falls = [
                Fall(
                    month_of_fall(patent.invalid_ppm / 1e6, float(block.falls[place, number])),
                    bool(block.jumps[place, number] < patent.jump_ppm / 1e6),
                    patent.severity_ppm / 1e6,
                )
                for number, patent in enumerate(simulation.patents)
            ]
            model = played(assets, defaults, falls, standby, months)
            at = block.at.start + place
            for name in NAMES:
                found = getattr(told.flows, name)[at]
                np.testing.assert_allclose(found, model[name], rtol=1e-9, atol=1e-9 * told.flows.opening, err_msg=name)
            np.testing.assert_allclose(told.guarantee[at], model["guarantee"], rtol=1e-9)
            assert told.debtors[at] == sum(month < months for month in defaults[: len(debtors)])
            fallen = [sum(fall.month == month for fall in falls) for month in range(months)]
            assert told.invalidated[at].tolist() == fallen
            assert told.guarantor_fails[at] == (guarantor is not None and defaults[-1] < months)


@settings(max_examples=15)
@given(world=worlds(), degrees=st.sampled_from((0, 4)))
def test_compiled_loops_give_the_same_bits(world: World, degrees: int) -> None:
    """As plain Python always, and compiled where numba is installed."""
    loans, assumptions, simulation = world
    dependence = Dependence(otherwise_ppm=(500_000, 400_000), degrees_of_freedom=degrees)
    simulation = Simulation(
        draws=simulation.draws, dependence=dependence, guarantor=simulation.guarantor, patents=simulation.patents
    )
    expected = simulate(list(loans), assumptions, simulation, 10, fast=False)
    ways = [copula_fast.LOOPS.__getitem__, *([copula_fast.compiled] if copula_fast.HERE else [])]
    for way in ways:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copula_fast, "compiled", way)
            found = simulate(list(loans), assumptions, simulation, 10, fast=True)
        for name in NAMES:
            np.testing.assert_array_equal(getattr(found.flows, name), getattr(expected.flows, name), err_msg=name)
        np.testing.assert_array_equal(found.guarantor_month, expected.guarantor_month)


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    def run(seed: int) -> Simulated:
        simulation = Simulation(
            draws=Draws(seed=seed, scenarios=600), dependence=Dependence(otherwise_ppm=CORRELATION_20)
        )
        return simulate(list(bullets(20)), chance(50_000), simulation, 12, fast=False)

    np.testing.assert_array_equal(run(1).flows.defaults, run(1).flows.defaults)
    assert (run(1).flows.defaults != run(2).flows.defaults).any()


def test_a_longer_simulation_begins_with_the_shorter_one() -> None:
    few, many = (
        np.concatenate([block.own for block in blocks(Draws(seed=5, scenarios=count), Needs(1, 3, 0, 0))])
        for count in (500, 1_000)
    )
    np.testing.assert_array_equal(few, many[:500])


def test_antithetic_scenarios_mirror_the_first_half() -> None:
    drawn = list(blocks(Draws(seed=3, scenarios=1_400, method="antithetic"), Needs(2, 4, 0, 1)))
    assert [(block.at.start, block.at.stop) for block in drawn] == [(0, 500), (500, 700), (700, 1_200), (1_200, 1_400)]
    for first, mirror in zip(drawn[:2], drawn[2:], strict=True):
        np.testing.assert_array_equal(mirror.own, -first.own)
        np.testing.assert_array_equal(mirror.factors, -first.factors)
        np.testing.assert_allclose(mirror.falls, 1 - first.falls)


def test_sobol_points_fill_evenly() -> None:
    drawn = np.concatenate([
        block.factors for block in blocks(Draws(seed=3, scenarios=1_024, method="sobol"), Needs(2, 1, 0, 0))
    ])  # fmt: skip
    share = (drawn < 0).mean(axis=0)
    assert share.tolist() == [0.5, 0.5]  # plain draws would be off by 0.016 as a rule
    quarter = ((drawn < 0).sum(axis=1) == 2).mean()
    assert quarter == 0.25


@pytest.mark.parametrize(("method", "count"), [("antithetic", 501), ("sobol", 1_000)])
def test_a_number_of_scenarios_that_does_not_suit_the_method_is_refused(method: str, count: int) -> None:
    with pytest.raises(ProjectionRefused, match=str(count)):
        list(blocks(Draws(seed=1, scenarios=count, method=method), Needs(1, 1, 0, 0)))  # type: ignore[arg-type]


@pytest.mark.parametrize("degrees", [0, 4])
def test_two_names_default_together_as_often_as_their_copula_says(degrees: int) -> None:
    """Source: SciPy's bivariate normal and t distributions; tolerance four standard errors of 400,000 draws."""
    pd, correlation, count = 0.05, 0.2, 400_000
    ranks = thresholds(np.array([[pd], [pd]]), degrees)
    rng = np.random.default_rng(11)
    beta = np.sqrt(correlation)
    common = rng.standard_normal((count, 1)) @ np.full((1, 2), beta)
    scale = np.sqrt(rng.chisquare(degrees, count) / degrees) if degrees else None
    own = np.full(2, np.sqrt(1 - correlation))
    found = default_months(common, rng.standard_normal((count, 2)), own, scale, ranks) == 0
    shape, point = [[1, correlation], [correlation, 1]], ranks[:, 0]
    if degrees:
        both = multivariate_t(shape=shape, df=degrees).cdf(point, random_state=1)
    else:
        both = multivariate_normal(cov=shape).cdf(point)
    assert found.mean(axis=0) == pytest.approx([pd, pd], abs=4 * np.sqrt(pd * (1 - pd) / count))
    assert found.all(axis=1).mean() == pytest.approx(both, abs=4 * np.sqrt(both / count))
    assert both > (0.0095 if degrees else 0.0050)  # against 0.0025 if they were independent


def test_a_fine_pool_loses_as_vasicek_says() -> None:
    """One factor, 2,000 equal names: the limit of Vasicek (2002), with tolerances for 2,000 names and 4,096 draws."""
    pd, count = 0.05, 4_096
    simulation = Simulation(
        draws=Draws(seed=20, scenarios=count, method="sobol"), dependence=Dependence(otherwise_ppm=CORRELATION_20)
    )
    told = simulate(list(bullets(2_000)), chance(50_000), simulation, 12, fast=False)
    loss = told.flows.defaults.sum(axis=1) / told.flows.opening
    assert loss.mean() == pytest.approx(pd, abs=0.0005)
    for share in (0.01, 0.03, 0.05, 0.10, 0.20):
        assert (loss <= share).mean() == pytest.approx(float(vasicek(np.array(share), pd, 0.2)), abs=0.01)
    for level in (0.5, 0.9, 0.99):
        limit = vasicek_quantile(level, pd, 0.2)
        assert np.quantile(loss, level) == pytest.approx(limit, rel=0.06)
        assert float(vasicek(np.array(limit), pd, 0.2)) == pytest.approx(level)


def test_without_a_common_factor_the_mean_is_the_deterministic_projection() -> None:
    """Tolerance: four standard errors of the mean, month by month."""
    assumptions = Assumptions(
        otherwise=Assumption(default=Mdr(rate_ppm=20_000), severity_ppm=400_000, recovery_lag_months=2)
    )
    loans = [*bullets(30, 9), *(loan(500_000, 90_000, 12, EvenPrincipal(), name=f"E{number}") for number in range(30))]
    simulation = Simulation(draws=Draws(seed=9, scenarios=3_000), dependence=Dependence(otherwise_ppm=(0,)))
    drawn = simulate(list(loans), assumptions, simulation, 14, fast=False).flows
    expected = project(list(loans), assumptions, [Stress(name="base")], 14)
    for name in NAMES:
        found = getattr(drawn, name)
        error = found.std(axis=0) / np.sqrt(3_000)
        assert (np.abs(found.mean(axis=0) - getattr(expected, name)[0]) <= 4 * error + 1e-6).all(), name


def test_a_mirrored_half_makes_the_expected_loss_surer() -> None:
    def error(method: str) -> float:
        draws = Draws(seed=4, scenarios=4_000, method=method)  # type: ignore[arg-type]
        simulation = Simulation(draws=draws, dependence=Dependence(otherwise_ppm=CORRELATION_20))
        told = simulate(list(bullets(50)), chance(100_000), simulation, 12, fast=False)
        return credit(told.flows.defaults.sum(axis=1), 50_000_000, antithetic=method == "antithetic").el_error

    assert error("antithetic") < 0.75 * error("plain")


def guaranteed(default_ppm: int, cover_ppm: int = 1_000_000, loading: int = 0) -> Simulated:
    """Twelve borrowers like those of 南山区-高新投5号, all of which default at once in month 0, and their guarantor."""
    guarantor = Guarantor(name="G", default_ppm=default_ppm, loadings_ppm=(loading,), cover_ppm=cover_ppm, lag_months=1)
    assumptions = Assumptions(
        otherwise=Assumption(default=Mdr(rate_ppm=1_000_000), severity_ppm=700_000, recovery_lag_months=2)
    )
    simulation = Simulation(
        draws=Draws(seed=2, scenarios=400), dependence=Dependence(otherwise_ppm=(0,)), guarantor=guarantor
    )
    return simulate(list(bullets(12)), assumptions, simulation, 12, fast=False)


def test_a_guarantor_that_stands_pays_what_it_covers_and_keeps_what_is_recovered_beyond() -> None:
    whole = guaranteed(0).flows
    assert whole.recoveries[0, :4].tolist() == [0, 12_000_000, 0, 0]  # the collateral's 30 % are the guarantor's now
    half = guaranteed(0, cover_ppm=500_000).flows
    assert half.recoveries[0, :4].tolist() == pytest.approx([0, 6_000_000, 3_600_000, 0])
    most = guaranteed(0, cover_ppm=900_000).flows
    assert most.recoveries[0, :4].tolist() == pytest.approx([0, 10_800_000, 1_200_000, 0])  # only what is still open


def test_where_the_guarantor_fails_the_pool_is_left_to_its_collateral() -> None:
    told = guaranteed(999_999)
    early = told.guarantor_month <= 1  # it must still stand when it pays, in month 1
    assert 0.8 < early.mean() < 1
    assert told.guarantor_fails.all()
    np.testing.assert_allclose(told.flows.recoveries[early].sum(axis=1), 3_600_000)
    np.testing.assert_allclose(told.flows.recoveries[~early].sum(axis=1), 12_000_000)
    assert (told.guarantee[early] == 0).all()


def test_a_guarantor_tied_to_its_debtors_fails_with_them() -> None:
    """What the average hides: the same guarantor, but its bad years are theirs."""

    def lost(loading: int) -> float:
        guarantor = Guarantor(name="G", default_ppm=20_000, loadings_ppm=(loading,), cover_ppm=1_000_000)
        simulation = Simulation(
            draws=Draws(seed=6, scenarios=8_192, method="sobol"),
            dependence=Dependence(otherwise_ppm=(700_000,)),
            guarantor=guarantor,
        )
        told = simulate(list(bullets(12)), chance(50_000, severity_ppm=700_000), simulation, 12, fast=False)
        return float((told.flows.defaults - told.flows.recoveries).sum(axis=1).mean())

    assert lost(700_000) > 2.5 * lost(0)


def test_a_fallen_patent_stops_its_licensees_or_takes_the_collateral() -> None:
    def run(**risk: int) -> Simulated:
        patent = PatentRisk(right="CN1", assets=("L0", "L1"), invalid_ppm=999_999, **risk)
        simulation = Simulation(
            draws=Draws(seed=1, scenarios=300), dependence=Dependence(otherwise_ppm=(0,)), patents=(patent,)
        )
        return simulate(list(bullets(3)), chance(0, severity_ppm=100_000), simulation, 12, fast=False)

    stops = run(jump_ppm=1_000_000, severity_ppm=600_000)
    fell = stops.invalidated.sum(axis=1) == 1
    np.testing.assert_allclose(stops.flows.defaults.sum(axis=1), np.where(fell, 2_000_000, 0))
    np.testing.assert_allclose(stops.flows.recoveries.sum(axis=1), np.where(fell, 800_000, 0))
    goes_on = run(jump_ppm=0, severity_ppm=600_000)
    assert goes_on.flows.defaults.sum() == 0


def test_loans_of_one_debtor_default_together() -> None:
    simulation = Simulation(draws=Draws(seed=8, scenarios=500), dependence=Dependence(otherwise_ppm=(0,)))
    told = simulate(list(bullets(4, debtor="D")), chance(300_000), simulation, 12, fast=False)
    assert set(np.unique(told.flows.defaults.sum(axis=1)).tolist()) == {0.0, 4_000_000.0}
    assert set(told.debtors.tolist()) == {0, 1}


def test_segments_load_on_factors_of_their_own() -> None:
    dependence = Dependence(
        otherwise_ppm=(1_000_000, 0), by_segment=(SegmentLoadings(segment="bio", loadings_ppm=(0, 1_000_000)),)
    )
    loans = [
        Loan(asset_id=name, segment=segment, balance_minor=1, rate_ppm=0, remaining_months=1, terms=Bullet())
        for name, segment in (("A", "bio"), ("B", "bio"), ("C", "chips"))
    ]
    names = names_of(list(loans), chance(100_000), dependence, 12, None)
    assert names.loadings.tolist() == [[0, 1], [0, 1], [1, 0]]
    assert names.own.tolist() == [0, 0, 0]
    assert names.cumulative[:, -1].tolist() == pytest.approx([0.1] * 3)


ONE = Dependence(otherwise_ppm=(0,))
TWO_KINDS = Assumptions(
    otherwise=Assumption(), by_segment=(Segment(segment="bio", assumption=Assumption(default=Mdr(rate_ppm=1))),)
)


def test_names_that_make_no_sense_are_refused() -> None:
    twice = [*bullets(1, debtor="D"), msgspec.structs.replace(bullets(2, debtor="D")[1], segment="bio")]
    roll = Assumptions(otherwise=Assumption(arrears=Roll(rows_ppm=((1_000_000, 0),))))
    tied = Guarantor(name="D", default_ppm=0, loadings_ppm=(0,), cover_ppm=0)
    other = Guarantor(name="G", default_ppm=0, loadings_ppm=(0, 0), cover_ppm=0)
    for why, assets, assumptions, dependence, guarantor in (
        ("two assumptions", twice, TWO_KINDS, ONE, None),
        ("arrears", bullets(1), roll, ONE, None),
        ("cannot guarantee itself", bullets(1, debtor="D"), chance(1), ONE, tied),
        ("same factors", bullets(1), chance(1), ONE, other),
        ("pass 1", bullets(1), chance(1), Dependence(otherwise_ppm=(800_000, 700_000)), None),
    ):
        with pytest.raises(ProjectionRefused, match=why):
            names_of(list(assets), assumptions, dependence, 12, guarantor)
    stranger = PatentRisk(right="CN1", assets=("nobody",), invalid_ppm=1, jump_ppm=0, severity_ppm=0)
    simulation = Simulation(draws=Draws(seed=1, scenarios=1), dependence=ONE, patents=(stranger,))
    with pytest.raises(ProjectionRefused, match="nobody"):
        simulate(list(bullets(1)), chance(1), simulation, 12, fast=False)


def licence(termination_ppm: int = 0) -> RoyaltyStream:
    return RoyaltyStream(
        stream_id="R",
        sales=Forecast(yearly_minor=(1_200_000,)),
        tiers=(Tier(above_minor=0, rate_ppm=100_000),),
        expiry_month=240,
        every_months=1,
        termination_ppm=termination_ppm,
    )


def test_a_royalty_ends_with_its_licence_or_its_patent() -> None:
    patent = PatentRisk(right="CN1", assets=("R", "L0"), invalid_ppm=200_000, jump_ppm=1_000_000, severity_ppm=0)
    simulation = Simulation(draws=Draws(seed=12, scenarios=4_000), dependence=ONE, patents=(patent,))
    told = simulate([*bullets(1, 24), licence(190_000)], chance(0), simulation, 24, fast=False)
    # Drawn ends pay on average what a chance of 1 − 0.81 × 0.8 a year leaves, within four standard errors.
    runs = (0.81 * 0.8) ** (np.arange(1, 25) / 12)
    error = told.royalties.std(axis=0) / np.sqrt(4_000)
    assert (np.abs(told.royalties.mean(axis=0) - 10_000 * runs) <= 4 * error).all()
    assert told.invalidated.sum(axis=1).max() == 1  # the licence's own end is no patent's fall
    fell = told.invalidated.sum(axis=1) == 1
    assert (told.royalties[fell, -1] == 0).all()
    np.testing.assert_array_equal(told.flows.defaults.sum(axis=1), np.where(fell, 1_000_000, 0))


@pytest.mark.parametrize("guarantor", [None, Guarantor(name="G", default_ppm=1, loadings_ppm=(0,), cover_ppm=0)])
def test_a_pool_of_royalties_alone_may_be_drawn(guarantor: Guarantor | None) -> None:
    simulation = Simulation(draws=Draws(seed=1, scenarios=64, method="sobol"), dependence=ONE, guarantor=guarantor)
    told = simulate([licence()], chance(0), simulation, 12, fast=False)
    np.testing.assert_array_equal(
        told.flows.interest, np.repeat(royalties(licence(), 12, np.ones((1, 12))), 64, axis=0)
    )
    assert told.flows.balance.sum() == told.debtors.sum() == 0


def test_royalties_come_in_beside_loans_and_sales_may_be_stressed() -> None:
    scenarios = [Stress(name="base"), Stress(name="poor", sales_ppm=500_000)]
    flows = project([*bullets(1), licence()], chance(0), scenarios, 12)
    alone = project(list(bullets(1)), chance(0), scenarios, 12)
    np.testing.assert_allclose((flows.interest - alone.interest)[:, 0], [10_000, 5_000])
    assert flows.opening == alone.opening
    with pytest.raises(ProjectionRefused, match="one name"):
        project([licence(), licence()], chance(0), scenarios, 12)
