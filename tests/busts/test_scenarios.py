"""Every scenario of busts and corrections, told by the engine as it is written."""

from __future__ import annotations

import pytest

from tests.busts.scenarios import SCENARIOS, Scenario
from tests.busts.stage import Busts, stage


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_a_scenario_ends_as_it_is_told(scenario: Scenario) -> None:
    venue = stage(**scenario.stage)
    Busts(venue).plays(scenario.text)
    venue.close()
