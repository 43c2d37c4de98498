"""The suite fails on a broken engine: each planted bug is noticed by the state machine, by a scenario, or by both.

A test that has never failed proves nothing. Whoever weakens the machine, the promises or a scenario finds out here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from tests import support
from tests.engine import planted
from tests.engine.machine import ExchangeMachine, build
from tests.engine.planted import PLANTED, Plant
from tests.engine.scenarios import SCENARIOS

NOTICED = (AssertionError, InvariantBroken)
SEARCH = settings(
    max_examples=300,
    stateful_step_count=25,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
ONLY_THE_MACHINE = {
    planted.mandate_limit_ignored,
    planted.receipt_credited_twice,
    planted.payer_not_checked,
    planted.withdrawal_leaves_twice,
}
"""Bugs of which the market's scenarios have nothing to tell; members and client money have tests of their own."""


@pytest.fixture(autouse=True)
def handlers_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bugs are planted in the readable handlers; the compiled desk would decide past them."""
    monkeypatch.setattr(support, "desk_for", lambda _state: None)


@pytest.fixture(autouse=True)
def no_stage_is_kept() -> Iterator[None]:
    """A stage set by a sound engine would give the broken one away, and the reverse."""
    support._sandbox.cache_clear()
    yield
    support._sandbox.cache_clear()


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_state_machine_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(NOTICED):
        stage = build()
        machine = type("Machine", (ExchangeMachine,), {"stage": staticmethod(lambda: stage)})
        run_state_machine_as_test(machine, settings=SEARCH)


@pytest.mark.parametrize(
    "plant", [plant for plant in PLANTED if plant not in ONLY_THE_MACHINE], ids=lambda plant: plant.__name__
)
def test_a_scenario_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(NOTICED):
        for scenario in SCENARIOS.values():
            venue = scenario.venue()
            venue.plays(scenario.text)
            venue.close()


def test_the_machine_has_nothing_against_the_engine_as_it_is() -> None:
    stage = build()
    machine = type("Machine", (ExchangeMachine,), {"stage": staticmethod(lambda: stage)})
    run_state_machine_as_test(machine, settings=settings(SEARCH, max_examples=20))
