"""The tender keeps to the secretary's sheets whatever is asked in whatever order; and the suite fails on a broken one.

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
from exchange.engine import sale_awards, sale_talks, tender_checks, tenders
from matching.tender_messages import TenderScore
from tests.sales.tender_machine import TenderMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=300,
    stateful_step_count=12,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestTenderMachine = TenderMachine.TestCase
TestTenderMachine.settings = settings(
    max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=QUIET
)

PLANTED: list[tuple[str, ModuleType, str, Callable[[Any], Callable[..., Any]]]] = [
    ("the highest price wins", tenders, "ranking", lambda sound: lambda some, *_: sound(some, 1_000_000, [0, 0])),
    ("a later offer goes first", tenders, "ranking", lambda sound: lambda *a: _turned(sound(*a))),
    ("who did not score everything counts", tenders, "_complete", lambda _: lambda _s, panel: list(panel.sitting)),
    ("one evaluator is enough", tenders, "_all_scored", lambda _: lambda *a: bool(tenders._complete(*a))),
    ("what comes later counts in full", tenders, "worth_minor", lambda _: _in_full),
    ("nothing is void", tenders, "void_offer", lambda _: lambda *_: ""),
    ("an offer may be worth less", tender_checks, "worth_minor", lambda sound: lambda rows: sound(rows) + 10**7),
    ("the others' deposits stay", sale_talks, "bidders_of", lambda _: lambda *_: []),
    ("whoever came last is next", sale_awards, "_winners", lambda sound: lambda *a: sound(*a[:3], a[3][-1:])),
    ("a score is lost", tenders, "scores_of", lambda _: _but_the_last),
]


def _turned(ranked: Any) -> Any:
    return sorted(ranked, key=lambda one: (-one.score_ppm, -one.worth_minor, -one.bid_id))


def _in_full(rows: Any) -> int:
    return sum(row.amount_minor for row in rows)


def _but_the_last(state: Any, sale_id: Any) -> list[TenderScore]:
    found = [score for score in state.table(TenderScore).values() if score.sale_id == sale_id]
    return found[:-1] if len(found) > 1 else found


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    module: ModuleType, name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (TenderMachine,), {"checking": False}), settings=SEARCH)
