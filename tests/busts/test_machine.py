"""The engine agrees with the clerk on every trade that is mended; an engine that mends wrongly is found out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from tests import support
from tests.busts.machine import BustMachine, build
from tests.busts.planted import PLANTED, Plant
from tests.engine import days

TestBusts = BustMachine.TestCase
TestBusts.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)

SEARCH = settings(
    max_examples=150,
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def no_stage_is_kept() -> Iterator[None]:
    """A stage set by a sound engine would give the broken one away, and the reverse."""
    support._sandbox.cache_clear()
    days._venue.cache_clear()
    yield
    support._sandbox.cache_clear()
    days._venue.cache_clear()


@pytest.mark.usefixtures("no_stage_is_kept")
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_state_machine_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, InvariantBroken)):
        stage = build()
        machine = type("Machine", (BustMachine,), {"stage": staticmethod(lambda: stage)})
        run_state_machine_as_test(machine, settings=SEARCH)
