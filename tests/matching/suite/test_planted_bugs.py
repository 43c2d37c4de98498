"""The suite fails on a broken book: each planted bug is noticed by a scenario and by the tapes.

A test that has never failed proves nothing. Whoever drops a scenario or narrows the tapes finds out here.
"""

from __future__ import annotations

import pytest

from exchange.core.rejections import InvariantBroken
from matching.book_messages import BookRules
from matching.order_book import PlainBook
from tests.matching.suite.against_model import paper_market, play_both
from tests.matching.suite.market import SuiteMarket
from tests.matching.suite.planted import PLANTED
from tests.matching.suite.scenarios_bugs import BUGS
from tests.matching.suite.scenarios_calls import CALLS
from tests.matching.suite.scenarios_orders import ORDERS
from tests.matching.suite.scenarios_stops import STOPS
from tests.matching.suite.tapes import rules_of, tape

SCENARIOS = ORDERS | STOPS | CALLS | BUGS
NOTICED = (AssertionError, InvariantBroken, LookupError, AttributeError, TypeError)


def failing_scenario(book: type[PlainBook]) -> str | None:
    """The first scenario that a book does not play as told."""
    for name, text in SCENARIOS.items():
        try:
            SuiteMarket(book, BookRules()).plays(text)
        except NOTICED:
            return name
    return None


def failing_tape(book: type[PlainBook]) -> int | None:
    """The first seed whose tape a book does not play as the paper market does."""
    for seed in range(20):
        rules = rules_of(seed)
        broken, paper = book(rules), paper_market(rules)
        try:
            for command in tape(seed, 500):
                play_both(broken, paper, command)
        except NOTICED:
            return seed
    return None


@pytest.mark.parametrize("book", PLANTED)
def test_a_scenario_notices(book: type[PlainBook]) -> None:
    assert failing_scenario(book) is not None


@pytest.mark.parametrize("book", PLANTED)
def test_a_tape_notices(book: type[PlainBook]) -> None:
    assert failing_tape(book) is not None


def test_the_book_itself_plays_every_scenario() -> None:
    assert failing_scenario(PlainBook) is None
