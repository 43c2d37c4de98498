"""Distributions under a storm of trades, freezes and kills, against a model in fractions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from custody.distribution import Cut
from exchange.core.rejections import InvariantBroken
from exchange.engine import distribution_payments, distribution_plan, distributions, record_dates
from tests.incomes.machine import Distributing, Paying

QUIET = list(HealthCheck)
SOUND = settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=QUIET)
SEARCH = settings(
    max_examples=60,
    stateful_step_count=20,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError, ValueError)


def test_distributions_pay_what_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "MAX_LINES", 3)
    run_state_machine_as_test(Distributing, settings=SOUND)


Bug = tuple[str, Any, str, Callable[[Any], Callable[..., Any]]]
"""What is wrong, where, the name there, and the broken function made of the sound one."""


def _of_today(sound: Callable[..., Any]) -> Callable[..., Any]:
    """Reads the ledger again for each page, instead of the record."""

    def lines(state: Any, distribution: Any, held: Any, pot: int, begin: int, end: int) -> Any:
        now = distributions.units_now(state, distribution.share_asset_id)
        held.units[:] = [now[account_id] for account_id in held.accounts]
        return sound(state, distribution, held, pot, begin, end)

    return lines


def _too_early(sound: Callable[..., Any]) -> Callable[..., Any]:
    """Forgets whoever waits."""
    return lambda distribution: sound(msgspec.structs.replace(distribution, waiting=0))


PLANTED: list[Bug] = [
    ("nobody gets the odd cents", record_dates, "cut_from", lambda _: lambda remainders, ranked, total: Cut(total, -1)),
    ("everybody gets an odd cent", record_dates, "cut_from", lambda _: lambda remainders, ranked, total: Cut(0, -1)),
    ("nothing is withheld", distribution_plan, "withheld_minor", lambda _: lambda gross, rate: 0),
    ("tax is rounded down", distribution_plan, "withheld_minor", lambda _: lambda gross, rate: gross * rate // 10**6),
    ("the reward is rounded down", distribution_plan, "div_ceil", lambda _: lambda whole, parts: whole // parts),
    ("a frozen payee is paid", distribution_payments, "_is_stopped", lambda _: lambda state, account: False),
    ("the holders are those of today", distributions, "_holders_lines", _of_today),
    ("an end is told too early", distribution_payments, "_settled", _too_early),
]


@pytest.mark.parametrize(("place", "name", "broken"), [row[1:] for row in PLANTED], ids=[row[0] for row in PLANTED])
def test_a_planted_bug_is_noticed(
    place: Any, name: str, broken: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributions, "MAX_LINES", 3)
    monkeypatch.setattr(place, name, broken(getattr(place, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(Distributing, settings=SEARCH)
        run_state_machine_as_test(Paying, settings=SEARCH)
