"""The engine agrees with a manager's notebook on every part; an engine that shares wrongly is found out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from tests import support
from tests.allocations.machine import AllocationMachine, build
from tests.allocations.planted import ONLY_A_SCENARIO, PLANTED, Plant
from tests.allocations.scenarios import SCENARIOS
from tests.allocations.stage import Shares, stage
from tests.engine import days

TestAllocations = AllocationMachine.TestCase
TestAllocations.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)

SEARCH = settings(
    max_examples=100,
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
WRONG = (AssertionError, InvariantBroken, ValueError)


@pytest.fixture
def no_stage_is_kept() -> Iterator[None]:
    """A stage set by a sound engine would give the broken one away, and the reverse."""
    support._sandbox.cache_clear()
    days._venue.cache_clear()
    yield
    support._sandbox.cache_clear()
    days._venue.cache_clear()


@pytest.mark.usefixtures("no_stage_is_kept")
@pytest.mark.parametrize("plant", [one for one in PLANTED if one not in ONLY_A_SCENARIO], ids=lambda one: one.__name__)
def test_the_state_machine_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(WRONG):
        venue = build()
        machine = type("Machine", (AllocationMachine,), {"stage": staticmethod(lambda: venue)})
        run_state_machine_as_test(machine, settings=SEARCH)


@pytest.mark.usefixtures("no_stage_is_kept")
@pytest.mark.parametrize("plant", PLANTED, ids=lambda one: one.__name__)
def test_a_scenario_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(WRONG):
        for scenario in SCENARIOS.values():
            venue = stage(**scenario.stage)
            Shares(venue).plays(scenario.text)
            venue.close()
