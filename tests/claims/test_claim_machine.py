"""Whatever is offered, claimed, waived and signed, no claim is lost, units sum and money is exact; bugs are noticed."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from exchange.engine import deal_completion, preemption, prior_claims
from tests.claims.machine import ClaimMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=200,  # it ends with the first that notices
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestClaimMachine = ClaimMachine.TestCase
TestClaimMachine.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=QUIET
)


def _greedy(units: int, price: int, weights: list[int]) -> list[tuple[int, int]]:
    parts = [(units * weight // sum(weights), price * weight // sum(weights)) for weight in weights]
    rest = (units - sum(part[0] for part in parts[1:]), price - sum(part[1] for part in parts[1:]))
    return [rest, *parts[1:]]


def _kept(sound: Any) -> Any:
    def end(state: Any, claims: Any, taken: Any) -> Any:
        return tuple(msgspec.structs.replace(claim, held_minor=0) for claim in sound(state, claims[:1], taken))

    return end


PLANTED: list[tuple[str, ModuleType, str, Callable[[Any], Callable[..., Any]]]] = [
    ("nobody is asked", preemption, "claimants_on", lambda _: lambda *_: []),
    (
        "the last who is asked is forgotten",
        preemption,
        "claimants_on",
        lambda sound: lambda *a: sound(*a)[:-1] or sound(*a),
    ),
    ("a buyer is never before anybody", prior_claims, "RANKS", lambda sound: sound[::-1]),
    ("all share alike", preemption, "split_claims", lambda sound: lambda u, p, w: sound(u, p, [1] * len(w))),
    ("the first takes the rest", preemption, "split_claims", lambda _: _greedy),
    ("a late kind ranks first", preemption, "RANKS", lambda sound: sound[::-1]),
    ("the round ends with its first answer", preemption, "_close_if_answered", lambda _: preemption._close),
    ("what was promised stays promised", preemption, "_end_claims", _kept),
    ("who sold is an owner still", deal_completion, "pass_units", lambda _: lambda *_: []),
]


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    module: ModuleType, name: str, make: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (ClaimMachine,), {"checking": False}), settings=SEARCH)
