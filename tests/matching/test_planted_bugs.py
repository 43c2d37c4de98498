"""The suite fails on a broken book: each planted bug is noticed by the state machine and by the scenarios.

A test that has never failed proves nothing. Whoever weakens the machine or drops a scenario finds out here.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from matching.book import Book
from tests.matching.machine import BookMachine
from tests.matching.market import Market
from tests.matching.planted import PLANTED
from tests.matching.scenarios import SCENARIOS

NOTICED = (AssertionError, InvariantBroken, LookupError, AttributeError)
SEARCH = settings(
    max_examples=200, stateful_step_count=40, phases=[Phase.generate], database=None, derandomize=True, deadline=None
)


def failing_scenarios(book_class: type[Book]) -> list[str]:
    """The names of the scenarios that a book does not play as told."""
    failing: list[str] = []
    for name, text in SCENARIOS.items():
        try:
            Market(book_class()).plays(text)
        except NOTICED:
            failing.append(name)
    return failing


@pytest.mark.parametrize("book_class", PLANTED)
def test_the_state_machine_notices(book_class: type[Book]) -> None:
    machine = type("Machine", (BookMachine,), {"book_class": book_class})
    with pytest.raises(NOTICED):
        run_state_machine_as_test(machine, settings=SEARCH)


@pytest.mark.parametrize("book_class", PLANTED)
def test_a_scenario_notices(book_class: type[Book]) -> None:
    assert failing_scenarios(book_class)


def test_the_book_itself_plays_all_scenarios() -> None:
    assert failing_scenarios(Book) == []
