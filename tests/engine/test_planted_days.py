"""The tests of days fail on a broken engine: each planted bug is noticed by what should notice it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from tests.engine import test_calls
from tests.engine.day_machine import DayMachine
from tests.engine.day_planted import BY_CHANCE, BY_CHANCE_AFTER_A_WHILE, BY_ITS_OWN_TEST, BY_SCENARIO, Plant
from tests.engine.day_scenarios import SCENARIOS
from tests.engine.days import Days, staged

NOTICED = (AssertionError, InvariantBroken)
SEARCH = settings(
    max_examples=200,
    stateful_step_count=15,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def name_of(plant: Plant) -> str:
    return plant.__name__


@pytest.mark.parametrize("plant", BY_SCENARIO, ids=name_of)
def test_a_scenario_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(NOTICED):
        for scenario in SCENARIOS.values():
            venue = staged(**scenario.rules)
            venue.checking = False
            Days(venue).plays(scenario.text)


AFTER_A_WHILE = [pytest.param(plant, marks=pytest.mark.soak) for plant in BY_CHANCE_AFTER_A_WHILE]
"""A scenario notices each of them at once; the machine alone takes up to a minute for one."""


@pytest.mark.parametrize("plant", [*BY_CHANCE, *AFTER_A_WHILE], ids=name_of)
def test_the_state_machine_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(NOTICED):
        run_state_machine_as_test(DayMachine, settings=SEARCH)


@pytest.mark.parametrize("plant", BY_ITS_OWN_TEST, ids=name_of)
def test_the_tests_of_calls_notice(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(NOTICED):
        test_calls.test_a_call_ends_at_the_moment_its_revealed_seed_gives_and_the_seed_is_the_one_committed_to()
        test_calls.test_each_seed_ends_one_call_and_the_next_is_committed_to_before_its_call()
        test_calls.test_a_crash_changes_nothing_of_who_gets_what("pro_rata")
