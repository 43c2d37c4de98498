"""Obligations keep to the bookkeeper's sheets whatever is asked in whatever order; and the suite fails on broken ones.

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
from exchange.engine import obligations
from matching.obligations import ObligationState
from tests.deals.debts import DebtMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=150,
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestDebtMachine = DebtMachine.TestCase
TestDebtMachine.settings = settings(max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=QUIET)

PLANTED: list[tuple[str, str, Callable[[Any], Callable[..., Any]]]] = [
    ("later payments are free of fees", "_fees", lambda _: lambda *_: (0, 0)),
    ("each payment has a fee of its own", "_fees", lambda sound: lambda s, plan, a: sound(s, _nothing_paid(plan), a)),
    ("the minimum is forgotten", "royalty_minor", lambda sound: lambda base, rate, _: sound(base, rate, 0)),
    ("half a fen is rounded up", "royalty_minor", lambda _: lambda b, r, m: max(m, -(-b * r // 1_000_000))),
    ("what is over is still asked for", "_keep", lambda sound: lambda s, h, o, _: sound(s, h, o, o.state)),
    ("a day has an hour more", "_later_ns", lambda sound: lambda at, days: sound(at, days) + days * 3_600 * 10**9),
    ("nothing has a date", "_set_date", lambda sound: lambda s, h, o: _far(sound, s, h, o)),
    ("milestones lapse by being late", "_keep", lambda sound: lambda s, h, o, to: sound(s, h, o, _kept(o, to))),
]


def _nothing_paid(plan: Any) -> Any:
    return msgspec.structs.replace(plan, paid_minor=0)


def _far(sound: Any, state: Any, header: Any, obligation: Any) -> Any:
    return sound(state, header, msgspec.structs.replace(obligation, due_at_ns=2**60 * 3))


def _kept(obligation: Any, to: ObligationState) -> ObligationState:
    return obligation.state if to is ObligationState.LAPSED else to


@pytest.mark.parametrize(("name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obligations, name, make(getattr(obligations, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (DebtMachine,), {"checking": False}), settings=SEARCH)
