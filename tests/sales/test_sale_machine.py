"""The sale keeps to the auctioneer's sheets whatever is asked in whatever order; and the suite fails on a broken one.

A test that has never failed proves nothing: each planted bug is noticed by the state machine.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from exchange.engine import deal_contracts, deals, lots, sale_awards, sale_clock, sale_contracts, sale_ends
from matching.lots import best_allocation, pay_as_bid, places
from tests.sales.machine import SaleMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=1_500,  # it ends with the first that notices
    stateful_step_count=25,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestSaleMachine = SaleMachine.TestCase
TestSaleMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=QUIET)

Bug = tuple[str, ModuleType, str, Callable[[Any], Callable[..., Any]]]
"""What is wrong, the module, the name in it, and the broken function made of the sound one."""

PLANTED: list[Bug] = [
    ("an increment is not asked", lots, "least_bid_minor", lambda _: lambda start, *_: start),
    ("a late bid moves nothing", lots, "extended_end_ns", lambda _: lambda end, *_: end),
    ("the clock falls once too often", sale_clock, "dutch_fallen", lambda sound: lambda *a: sound(*a) + 1),
    ("reserves are forgotten", sale_awards, "kept_minor", lambda _: lambda _, some: [lot.start_minor for lot in some]),
    ("the winner pays its own price", sale_awards, "pay_second_price", lambda _: _own_price),
    ("the first lot takes all of a price", sale_awards, "pay_as_bid", lambda _: _all_on_one),
    ("losers wait for their deposits", sale_awards, "_let_go", lambda _: lambda *_: []),
    ("a default costs nothing", sale_contracts, "_default", lambda _: sale_contracts._without_fault),
    ("nobody is offered what came free", sale_contracts, "offer_next", lambda _: _all_fail),
    ("who does not reveal keeps all", sale_clock, "div_floor", lambda _: lambda *_: 0),
    ("the deposit does not help to pay", deal_contracts, "deposit_towards", lambda _: lambda *_: 0),
    ("a seller may sign a part of a set away", deal_contracts, "refuse_before_the_set", lambda _: lambda *_: None),
    ("a buyer that has paid may step back", deals, "refuse_step_back", lambda _: lambda *_: None),
]


def _own_price(bids: Any, kept: Any, step: Any) -> dict[int, int]:
    return pay_as_bid(best_allocation(bids, kept).winners, kept, step)


def _all_on_one(winners: Any, weights: Any, step: Any) -> dict[int, int]:
    del weights, step
    return {
        place: bid.price_minor - bid.lots.bit_count() + 1 if not number else 1
        for bid in winners
        for number, place in enumerate(places(bid.lots))
    }


def _all_fail(state: Any, header: Any, sale: Any, some: Any) -> list[Any]:
    failed = sale_ends.fail_lots(state, header, sale, some, "", counted=True)
    return [*failed, *sale_ends.close_if_over(state, header, sale)]


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    module: ModuleType, name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (SaleMachine,), {"checking": False}), settings=SEARCH)
