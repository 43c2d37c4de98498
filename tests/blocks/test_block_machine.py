"""Blocks keep to the clerk's sheet whatever is asked in whatever order; and the suite fails on a broken engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from exchange.core.rejections import InvariantBroken
from exchange.engine import blocks, deal_checks, deal_completion, deal_contracts, deals, preemption, prior_claims
from tests.blocks.machine import BlockMachine

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=120,
    stateful_step_count=15,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestBlockMachine = BlockMachine.TestCase
TestBlockMachine.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=QUIET
)

Bug = tuple[str, str, Callable[[Any], Callable[..., Any]]]
"""What is wrong, the name in the workflow's modules, and the broken function made of the sound one."""

WORKFLOW = (deals, deal_checks, deal_contracts, deal_completion, preemption, prior_claims, blocks)

PLANTED: list[Bug] = [
    ("promised units are offered again", "refuse_short", lambda _: lambda *_: None),
    ("an offer never lapses", "start_long_stop", lambda _: lambda *_: []),
    ("co-holders are not asked", "claimants_of", lambda _: lambda *_: []),
    ("who steps in shares alike", "claimants_of", lambda sound: lambda *a: [_alike(one) for one in sound(*a)]),
    ("the fee is the buyer's alone", "deal_fees", lambda sound: lambda *a: (sound(*a)[0], 0)),
    ("a seller may step back from a claim", "refuse_step_back", lambda _: lambda *_: None),
]


def _alike(claimant: Any) -> Any:
    return type(claimant)(member_id=claimant.member_id, kind=claimant.kind, weight=1)


class Quick(BlockMachine):
    """The same machine, without the venue's own checks after every command."""

    checking = False


@pytest.mark.parametrize(("name", "broken"), [row[1:] for row in PLANTED], ids=[row[0] for row in PLANTED])
def test_a_planted_bug_is_noticed(
    name: str, broken: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in WORKFLOW:
        if hasattr(module, name):
            monkeypatch.setattr(module, name, broken(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(Quick, settings=SEARCH)  # type: ignore[no-untyped-call]
