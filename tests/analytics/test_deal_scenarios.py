"""A deal's file under the analytics: each class's flows are the plain evaluator's, in every scenario, to the unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securitization.analytics import deal_scenarios
from securitization.analytics.credit_flows import Simulation
from securitization.analytics.deal_measures import EXPECTED, Asked, measure
from securitization.analytics.deal_scenarios import evaluate, evaluate_failed, periods_of, scenarios_of
from securitization.analytics.draws import Draws
from securitization.analytics.pool_file import CODES, Joined, PoolFile, canonical_pool, joined, read_pool
from securitization.analytics.stress import Collected, Drawn, draw
from securitization.deal_problems import DealRefused, Problem
from securitization.evaluate import run_deal
from securitization.explain import DealRun
from securitization.shipped import POOLS, example_pool_text
from tests.securitization.change import example


def together(name: str) -> Joined:
    """An example deal beside its pool."""
    pool = read_pool(example_pool_text(name))
    assert isinstance(pool, PoolFile)
    found = joined(example(name), pool)
    assert isinstance(found, Joined)
    return found


def drawn(told: Joined, scenarios: int) -> Drawn:
    """Some scenarios of it."""
    pool = told.pool
    simulation = Simulation(
        draws=Draws(seed=5, scenarios=scenarios),
        dependence=pool.dependence,
        guarantor=pool.guarantor,
        patents=pool.patents,
    )
    return draw(pool.parts, pool.assumptions, simulation, told.horizon, lambda given: evaluate(told, given))


def worst(told: Joined, scenarios: int) -> tuple[Drawn, list[int]]:
    """Scenarios, and the numbers of those most worth a look: guarantor gone, patents fallen, most defaults, none."""
    found = drawn(told, scenarios)
    defaults = found.pool.defaults.sum(axis=1)
    fallen = found.given.invalidated_rights.sum(axis=1)
    some = [int(defaults.argmax()), int(defaults.argmin()), int(fallen.argmax())]
    return found, [*some, *np.flatnonzero(found.guarantor_fails)[:3].tolist()]


def plain(told: Joined, given: Collected, scenario: int) -> dict[str, list[tuple[int, int]]]:
    """Each class's (cash, balance with what was written off) by period, from the plain evaluator's own figures."""
    run = run_deal(told.deal, periods_of(scenarios_of(told, given), scenario))
    assert isinstance(run, DealRun)
    flows: dict[str, list[tuple[int, int]]] = {tranche.name: [] for tranche in told.deal.tranches}
    written_off = dict.fromkeys(flows, 0)
    for period in run.periods:
        for name, rows in flows.items():
            mine = [payment for payment in period.payments if payment.to == name]
            cash = sum(each.amount_minor for each in mine if each.kind in {"interest", "principal", "residual"})
            written_off[name] += sum(each.amount_minor for each in mine if each.kind == "write_off")
            rows.append((cash, period.figures[f"tranche.{name}.balance"] + written_off[name]))
    return flows


def vector(told: Joined, given: Collected, scenario: int) -> dict[str, list[tuple[int, int]]]:
    """The same from the vectorised evaluator."""
    return {
        each.name: list(zip(each.cash[scenario].tolist(), each.balance[scenario].tolist(), strict=True))
        for each in evaluate(told, given)
    }


@pytest.mark.parametrize("name", POOLS)
def test_each_class_is_paid_and_owed_the_same_by_both_evaluators(name: str) -> None:
    told = together(name)
    found, scenarios = worst(told, 400)

    assert found.guarantor_fails.any()
    assert found.given.invalidated_rights.any()
    for scenario in scenarios:
        assert vector(told, found.given, scenario) == plain(told, found.given, scenario), scenario


@pytest.mark.parametrize("planted", ["guarantor stands", "rights hold", "a unit less"])
def test_a_planted_difference_is_found(planted: str) -> None:
    told = together("nanshan_5")
    found, scenarios = worst(told, 400)
    wrong = found.given
    if planted == "guarantor stands":
        wrong = replace(wrong, guarantor_failed=np.zeros_like(wrong.guarantor_failed))
    elif planted == "rights hold":
        wrong = replace(wrong, invalidated_rights=np.zeros_like(wrong.invalidated_rights))
    else:
        recoveries = wrong.pool.recoveries.copy()
        recoveries[:, -1] += 1
        wrong = replace(wrong, pool=replace(wrong.pool, recoveries=recoveries))

    some = scenarios + list(range(400)) if planted == "rights hold" else scenarios
    assert any(vector(told, wrong, each) != plain(told, found.given, each) for each in some)


def test_scenarios_run_in_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    told = together("patent_licences_3y")
    found = drawn(told, 50)
    monkeypatch.setattr(deal_scenarios, "AT_ONCE", 7)
    for whole, parts in zip(found.tranches, evaluate(told, found.given), strict=True):
        assert (whole.interest == parts.interest).all()
        assert (whole.principal == parts.principal).all()


def test_the_guarantor_gone_from_the_start_is_gone_in_every_scenario() -> None:
    told = together("nanshan_5")
    found = drawn(told, 200)
    gone = replace(found.given, guarantor_failed=np.ones_like(found.given.guarantor_failed))
    for each, same in zip(evaluate_failed(told, found.given), evaluate(told, gone), strict=True):
        assert (each.principal == same.principal).all()
    assert evaluate_failed(told, found.given)[0].loss.sum() > found.tranches[0].loss.sum()


def test_a_patent_that_falls_takes_its_part_of_the_valuation() -> None:
    told = together("nanshan_5")
    given = drawn(told, 400).given
    pool = scenarios_of(told, given)
    fallen = given.invalidated_rights.cumsum(axis=1)

    assert fallen.max() > 1
    assert (pool.valuation_minor == 41_200_000_000 - 41_200_000_000 // 26 * fallen).all()


def test_what_could_overflow_is_refused_with_its_place() -> None:
    told = together("nanshan_5")
    huge = replace(told, pool=_valued(told.pool, 2**53))
    with pytest.raises(DealRefused, match=r"periods\.value at valuation_minor"):
        drawn(huge, 2)


def _valued(pool: PoolFile, valuation_minor: int) -> PoolFile:
    from msgspec.structs import replace as changed

    return changed(pool, valuation_minor=(valuation_minor,) * 4, patents=())


@pytest.mark.parametrize("name", POOLS)
def test_an_example_pool_is_canonical_and_says_what_is_invented(name: str) -> None:
    pool = together(name).pool
    assert canonical_pool(pool) == example_pool_text(name)
    assert any("nvented" in source for source in pool.sources)


def test_the_pool_of_nanshan_has_the_published_counts() -> None:
    told = together("nanshan_5")
    assert (len(told.pool.parts), len(told.pool.patents)) == (12, 26)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_pool_with_a_stretch_of_its_text_changed_is_read_or_refused(data: st.DataObject) -> None:
    text = example_pool_text("nanshan_5")
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 12))
    changed = text[:at] + data.draw(st.text(max_size=6)) + text[at + length :]
    found = read_pool(changed)
    assert isinstance(found, PoolFile) or (isinstance(found, Problem) and found.code in set(CODES))


def test_named_scenarios_are_the_pools_own_between_expected_and_the_guarantors_failure() -> None:
    told = together("nanshan_5")
    pool = told.pool
    simulation = Simulation(draws=Draws(seed=1, scenarios=2), dependence=pool.dependence, guarantor=pool.guarantor)
    found = measure(told, Asked(pool.assumptions, simulation, {}, {}))
    assert found.stressed.names == (EXPECTED, "double", "severe", "guarantor_fails")
    assert found.stressed.times.tolist() == [91 / 365, 183 / 365, 277 / 365, 1.0]
