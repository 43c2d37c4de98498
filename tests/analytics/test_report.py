"""Tables carry the figures of the measures, and pictures are well-formed, to scale and the same each time."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from securitization.analytics import plots, report
from securitization.analytics.assets import Bullet, PoolAsset
from securitization.analytics.assumptions import Assumption, Assumptions, Cdr, Stress
from securitization.analytics.copula import Dependence, Guarantor
from securitization.analytics.credit_flows import Simulation
from securitization.analytics.draws import Draws
from securitization.analytics.measures import TrancheFlows, credit, tails, where
from securitization.analytics.stress import Drawn, Horizon, Stressed, draw, stress
from securitization.analytics.svg import BOTTOM, HEIGHT, TOP, ticks
from tests.analytics.pools import loan
from tests.analytics.test_measures import sequential

SVG = "{http://www.w3.org/2000/svg}"
POOL: list[PoolAsset] = [loan(1_000_000, 48_000, 12, Bullet(), name=f"L{number}", every=3) for number in range(12)]
ASSUMED = Assumptions(otherwise=Assumption(default=Cdr(rate_ppm=100_000), severity_ppm=600_000))
HORIZON = Horizon(months=15, months_a_period=3)
DEAL = sequential(10_800_000, 1_200_000)


@pytest.fixture(scope="module")
def stressed() -> Stressed:
    return stress(POOL, ASSUMED, [Stress(name="base"), Stress(name="worse", default_ppm=3_000_000)], HORIZON, DEAL)


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    guarantor = Guarantor(name="G", default_ppm=100_000, loadings_ppm=(600_000,), cover_ppm=1_000_000)
    simulation = Simulation(
        draws=Draws(seed=5, scenarios=1_000, method="antithetic"),
        dependence=Dependence(otherwise_ppm=(600_000,)),
        guarantor=guarantor,
    )
    return draw(POOL, ASSUMED, simulation, HORIZON, DEAL)


def test_each_scenarios_row_says_where_the_pool_went(stressed: Stressed) -> None:
    table = report.scenario_table(stressed)
    assert list(table.index) == ["base", "worse"]
    paid = table["principal_minor"] + table["defaults_minor"] + table["outstanding_minor"]
    assert paid.tolist() == [12_000_000, 12_000_000]
    classes = table["A_paid_minor"] + table["B_paid_minor"]
    assert classes.tolist() == (table["principal_minor"] + table["recoveries_minor"]).tolist()
    assert table.loc["base", "A_loss_minor"] == 0 < table.loc["worse", "A_loss_minor"]


def test_one_scenarios_periods_add_up_to_its_row(stressed: Stressed) -> None:
    periods, row = report.cash_table(stressed, 1), report.scenario_table(stressed).loc["worse"]
    assert list(periods.index) == [1, 2, 3, 4, 5]
    assert periods["years"].tolist() == [0.25, 0.5, 0.75, 1.0, 1.25]
    for name in ("interest_minor", "defaults_minor", "recoveries_minor"):
        assert periods[name].sum() == row[name]
    assert periods["A_balance_minor"].iloc[-1] == row["A_loss_minor"]


def test_a_price_gives_a_row_only_to_the_classes_it_names() -> None:
    quarterly = np.array([0.25, 0.5, 0.75, 1.0])
    senior = TrancheFlows("A", 9_500, np.array([[90, 90, 90, 91]]), np.array([[0, 0, 0, 9_500]]))
    junior = TrancheFlows("B", 500, np.zeros((1, 4), dtype=np.int64), np.array([[0, 0, 0, 0]]))
    table = report.price_table([senior, junior], quarterly, 0, {"A": 100.0}, frequency=4)
    assert list(table.index) == ["A"]
    row = table.loc["A"]
    assert (row["attachment"], row["detachment"]) == (0.05, 1.0)
    assert row["yield"] == pytest.approx(0.038, abs=1e-4)
    assert (row["average_life_years"], row["first_period"], row["last_period"]) == (1.0, 4, 4)
    assert row["modified_duration_years"] < row["duration_years"] < 1.0


def test_the_credit_table_is_the_measures_and_says_what_was_drawn(drawn: Drawn) -> None:
    table = report.credit_table(drawn)
    assert table.attrs["seed"] == 5
    assert (table.attrs["method"], table.attrs["scenarios"]) == ("antithetic", 1_000)
    assert table.attrs["guarantor_fails"] == drawn.guarantor_fails.mean() > 0
    for each in drawn.tranches:
        row, found = table.loc[each.name], credit(each.loss, each.opening, antithetic=True)
        assert (row["pd"], row["el"], row["lgd"], row["el_error"]) == (found.pd, found.el, found.lgd, found.el_error)
        assert row["es_0.99"] == tails(each.loss, each.opening, [0.99])[0].expected_shortfall
        case = where(each.loss, each.opening, drawn.guarantor_fails)
        assert case is not None
        assert row["el_guarantor_fails"] == case.el > row["el"]


def test_coverage_counts_the_classes_before(stressed: Stressed) -> None:
    table = report.coverage_table(stressed, 0)
    first = stressed.pool.balance[0, 0]
    assert table.loc[1, "A_overcollateralisation"] == first / stressed.tranches[0].balance[0, 0]
    both = stressed.tranches[0].balance[0, 0] + stressed.tranches[1].balance[0, 0]
    assert table.loc[1, "B_overcollateralisation"] == first / both


def test_break_even_rates_keep_their_classes() -> None:
    assert report.break_even_table({"A": 0.4, "B": 0.1})["break_even_cdr"].to_dict() == {"A": 0.4, "B": 0.1}


def pictures(stressed: Stressed, drawn: Drawn) -> dict[str, str]:
    junior = drawn.tranches[1]
    return {
        "balances": plots.balances(stressed.tranches, stressed.times, 0, "Owed"),
        "fan": plots.fan(drawn.pool.balance, drawn.times, "Pool", "minor units"),
        "losses": plots.losses(junior.loss, junior.opening, "Losses", drawn.guarantor_fails),
        "histogram": plots.histogram(junior.loss, junior.opening, "Losses"),
        "break even": plots.break_even({"A": 0.4, "B": 0.1}, "Borne"),
    }


def test_every_picture_is_well_formed_named_and_the_same_each_time(stressed: Stressed, drawn: Drawn) -> None:
    first, again = pictures(stressed, drawn), pictures(stressed, drawn)
    assert first == again
    for name, picture in first.items():
        root = ET.fromstring(picture)  # noqa: S314 - our own bytes
        assert root.tag == f"{SVG}svg", name
        assert root.find(f"{SVG}title") is not None, name
        assert "nan" not in picture, name
        assert "inf" not in picture, name
        for each in root.iter(f"{SVG}polyline"):
            for point in (each.get("points") or "").split():
                across, down = map(float, point.split(","))
                assert 0 <= across <= 720, name
                assert 0 <= down <= 400, name


def test_bars_are_to_scale(stressed: Stressed, drawn: Drawn) -> None:
    root = ET.fromstring(pictures(stressed, drawn)["break even"])  # noqa: S314
    bars = [float(each.get("height") or 0) for each in root.iter(f"{SVG}rect") if each.get("fill") != "#ffffff"]
    assert bars[0] == pytest.approx(4 * bars[1], abs=0.3)
    assert bars[0] == pytest.approx((HEIGHT - TOP - BOTTOM) / 1.15, abs=0.2)


def test_words_of_others_cannot_break_out_of_a_picture() -> None:
    hostile = '</title><script>alert("1")</script>&'
    for picture in (
        plots.break_even({hostile: 0.1}, hostile),
        plots.fan(np.ones((2, 2)), np.array([1.0, 2.0]), hostile, hostile),
    ):
        root = ET.fromstring(picture)  # noqa: S314
        assert root.find(f".//{SVG}script") is None
        assert root.find(f"{SVG}title").text == hostile  # type: ignore[union-attr]


def test_a_class_that_never_loses_and_a_pool_that_never_moves_have_pictures_too() -> None:
    for picture in (
        plots.losses(np.zeros(4, dtype=np.int64), 100, "none"),
        plots.histogram(np.zeros(4, dtype=np.int64), 100, "none"),
        plots.fan(np.zeros((4, 3)), np.array([1.0, 2.0, 3.0]), "none", "nothing"),
        plots.break_even({"A": 0.0}, "none"),
    ):
        assert ET.fromstring(picture).tag == f"{SVG}svg"  # noqa: S314


def test_marks_of_an_axis_are_round_and_within_it() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(3.0, 47.0) == [10.0, 20.0, 30.0, 40.0]
    assert ticks(-1e-3, 1e-3)[0] >= -1e-3
