"""Every implementation plays every scenario as it is told, and the paper market beside it agrees with each line."""

from __future__ import annotations

import pytest

from matching.book_messages import Allocation, AuctionRule, BookRules, StopTrigger
from tests.matching.suite.conftest import BookFactory
from tests.matching.suite.market import SuiteMarket
from tests.matching.suite.plain_market import PlainMarket
from tests.matching.suite.scenarios_bugs import BUGS
from tests.matching.suite.scenarios_calls import CALLS, RULES
from tests.matching.suite.scenarios_orders import ORDERS
from tests.matching.suite.scenarios_plain import SCENARIOS
from tests.matching.suite.scenarios_stops import QUOTES, STOPS

PRO_RATA = "pro rata"


def rules_named(name: str) -> BookRules:
    """The rules that the first words of a scenario's name ask for."""
    first = name.partition(":")[0]
    if first == PRO_RATA:
        return BookRules(allocation=Allocation.PRO_RATA)
    return BookRules(auction=AuctionRule[first])


@pytest.mark.parametrize("name", [*ORDERS, *STOPS, *CALLS])
def test_the_market_plays_as_told(book_factory: BookFactory, name: str) -> None:
    SuiteMarket(book_factory, BookRules()).plays((ORDERS | STOPS | CALLS)[name])


@pytest.mark.parametrize("name", SCENARIOS)
def test_plain_orders_trade_as_told(book_factory: BookFactory, name: str) -> None:
    PlainMarket(book_factory(BookRules())).plays(SCENARIOS[name])


@pytest.mark.parametrize("name", QUOTES)
def test_stops_that_follow_quotes_act_as_told(book_factory: BookFactory, name: str) -> None:
    SuiteMarket(book_factory, BookRules(stop_trigger=StopTrigger.OPPOSITE_QUOTE)).plays(QUOTES[name])


@pytest.mark.parametrize("name", RULES)
def test_auctions_decide_as_their_rule_says(book_factory: BookFactory, name: str) -> None:
    SuiteMarket(book_factory, rules_named(name)).plays(RULES[name])


@pytest.mark.parametrize("name", BUGS)
def test_no_bug_of_this_class(book_factory: BookFactory, name: str) -> None:
    SuiteMarket(book_factory, BookRules()).plays(BUGS[name])
