"""Licences keep to the registrar's pages whatever is asked in whatever order; and the suite fails on a broken one.

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
from exchange.core.units import TimeNs
from exchange.engine import licence_checks, licences, open_licences
from tests.licences.machine import LicenceMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=200,
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestLicenceMachine = LicenceMachine.TestCase
TestLicenceMachine.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=QUIET
)

PLANTED: list[tuple[str, ModuleType, str, Callable[[Any], Callable[..., Any]]]] = [
    ("nothing keeps a licence out", licence_checks, "refuse_conflict", lambda _: lambda *_: None),
    ("what overlaps may stand", licence_checks, "may_not_stand_beside", lambda _: lambda *_: False),
    ("an open one stands beside an exclusive one", open_licences, "licences_of", lambda _: lambda *_: []),
    ("the licensee pays no fee", licences, "cost_minor", lambda _: lambda licence: int(licence.price_minor)),
    ("a licence is never late", licences, "recordal_due_ns", lambda _: lambda *_: TimeNs(0)),
    ("a licence ends a day late", licences, "expires_at_ns", lambda sound: lambda one: sound(one) + 86_400 * 10**9),
    (
        "a stopped licence keeps its money",
        licences,
        "end_licence",
        lambda sound: lambda s, h, one, *rest: sound(s, h, _poor(one), *rest),
    ),
]


def _poor(licence: Any) -> Any:
    return type(licence)(**{name: getattr(licence, name) for name in licence.__struct_fields__} | {"escrow_minor": 0})


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    module: ModuleType, name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (LicenceMachine,), {"checking": False}), settings=SEARCH)
