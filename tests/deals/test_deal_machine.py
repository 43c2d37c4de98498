"""The agreement keeps to the clerk's sheet whatever is asked in whatever order; and the suite fails on a broken one.

A test that has never failed proves nothing: each planted bug is noticed by the state machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from exchange.engine import deal_cases, deal_completion, deal_contracts, deal_publicity, deals
from tests.deals.machine import DealMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=100,
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestDealMachine = DealMachine.TestCase
TestDealMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=QUIET)

Bug = tuple[str, str, Callable[[Any], Callable[..., Any]]]
"""What is wrong, the name in the workflow's modules, and the broken function made of the sound one."""

WORKFLOW = (deals, deal_publicity, deal_contracts, deal_completion, deal_cases)

PLANTED: list[Bug] = [
    ("the seller pays no fee", "deal_fees", lambda sound: lambda *a: (sound(*a)[0], 0)),
    ("the fee is twice what was said", "deal_fees", lambda sound: lambda *a: tuple(2 * fee for fee in sound(*a))),
    ("no publicity is asked", "days_of_publicity", lambda _: lambda *_: 0),
    ("publicity knows no holiday", "period_end_ns", lambda sound: lambda c, *a: sound(_restless(c), *a)),
    ("publicity never ends", "start_clock", lambda _: lambda *_: []),
    ("the long stop comes a day late", "long_stop_ns", lambda sound: lambda *a: sound(*a) + 86_400 * 10**9),
    ("there is no long stop", "start_long_stop", lambda _: lambda *_: []),
    ("no office is waited for", "awaits_office", lambda _: lambda *_: False),
    ("a side may sign twice", "_signers", lambda sound: lambda *a: (0, sound(*a)[1])),
    ("a right is sold by whoever had it", "refuse_deal", lambda _: lambda *_: None),
    ("the right is not held", "_to_escrow", lambda _: lambda *a: deal_cases.move_deal(*a, *_money_only(*a))),
    ("title does not follow", "pass_units", lambda _: lambda *_: []),
]


def _restless(calendar: Any) -> Any:
    """A calendar whose only free days are weekends."""
    return msgspec.structs.replace(calendar, holidays=(), extra_days=())


def _money_only(state: Any, header: Any, deal: Any) -> tuple[list[Any], list[Any]]:
    del header
    bank, money_id = deal_cases.bank_and_money(state, deal)
    return [(deal.buyer_account_id, money_id, -deal.escrow_minor), (bank.escrow_id, money_id, deal.escrow_minor)], []


@pytest.mark.parametrize(("name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [module for module in WORKFLOW if hasattr(module, name)]
    assert places, "the name is still one of the workflow's"
    for module in places:
        monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (DealMachine,), {"checking": False}), settings=SEARCH)
