"""Each text scenario ends as it says, and its venue can be loaded and replayed."""

from __future__ import annotations

import pytest

from tests.engine.scenarios import SCENARIOS
from tests.support import Venue


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_ends_as_it_says(name: str) -> None:
    scenario = SCENARIOS[name]
    venue = scenario.venue()
    venue.plays(scenario.text)
    venue.close()


def test_a_scenario_that_lies_is_an_error() -> None:
    venue = Venue.sandbox()
    venue.member("wu")
    venue.instrument("INS", wu=10)
    with pytest.raises(AssertionError, match="should be: wu 1 @ 1"):
        venue.plays("wu sells 1 @ 1 -> wu 1 @ 1")
