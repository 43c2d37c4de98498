"""Days by the timetable and by hand, told as scenarios; and what is not told well in one."""

from __future__ import annotations

import pytest

from tests.engine.day_scenarios import SCENARIOS
from tests.engine.days import Days, staged


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_day_goes_as_it_is_told(name: str) -> None:
    scenario = SCENARIOS[name]
    venue = staged(**scenario.rules)
    Days(venue).plays(scenario.text)
    venue.close()
