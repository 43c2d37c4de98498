"""Every scenario of block allocation, told by the engine as it is written."""

from __future__ import annotations

import pytest

from tests.allocations.scenarios import SCENARIOS
from tests.allocations.stage import Shares, stage
from tests.busts.scenarios import Scenario


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_a_scenario_ends_as_it_is_told(scenario: Scenario) -> None:
    venue = stage(**scenario.stage)
    Shares(venue).plays(scenario.text)
    venue.close()
