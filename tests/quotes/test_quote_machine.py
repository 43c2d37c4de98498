"""Requests keep to the clerk's sheet whatever is asked in whatever order; and the suite fails on a broken one.

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
from exchange.engine import deals, quotes
from matching.quote_messages import QuoteState
from tests.quotes.machine import QuoteMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=300,
    stateful_step_count=15,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestQuoteMachine = QuoteMachine.TestCase
TestQuoteMachine.settings = settings(max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=QUIET)

PLANTED: list[tuple[str, ModuleType, str, Callable[[Any], Callable[..., Any]]]] = [
    ("other quotes stay", quotes, "_pass_quotes", lambda _: lambda *_: ((), [])),
    ("an expired quote still binds", quotes, "_expires", lambda _: lambda *_: []),
    ("one may quote twice", quotes, "quotes_of", lambda _: lambda *_: []),
    ("a quote may be taken back", deals, "refuse_step_back", lambda _: lambda *_: None),
    ("nobody has a date to sign", quotes, "_date_if_signing", lambda _: lambda *_: []),
    ("quotes may be made for the past", quotes, "_refuse_quote", lambda _: lambda *_: None),
    ("what is accepted stays open", quotes, "_put_quote", lambda sound: lambda s, q, to: sound(s, q, _never(to))),
]


def _never(to: QuoteState) -> QuoteState:
    return QuoteState.PASSED if to is QuoteState.ACCEPTED else to


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    module: ModuleType, name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    if name == "_expires":
        monkeypatch.setitem(quotes.timers.FIRINGS, quotes.TimerKind.QUOTE_EXPIRES, getattr(module, name))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (QuoteMachine,), {"checking": False}), settings=SEARCH)
