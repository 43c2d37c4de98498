"""Engine, paper market and clerk agree on tapes of every kind of order, whatever a command may do at once."""

from __future__ import annotations

import functools

import pytest

from exchange.engine import book_follow, orders, phases
from tests import support
from tests.engine.days import staged
from tests.engine.order_machine import FEE, HIGHEST, Both, drawn
from tests.support import Venue

FEW = 2
"""Steps a command may make, so that books are left with something to go on with."""
STEPS = 60


@functools.cache
def stage(stop_reference: str) -> Venue:
    """Four people, a market with every kind of order, trading; copied, never changed."""
    venue = staged(band=(1, HIGHEST), fee_ppm=FEE[0], fee_minimum=FEE[1], stop_reference=stop_reference)
    venue.plays("ops opens -> done")
    venue.checking = False
    return venue


@pytest.mark.parametrize("stop_reference", ["last_trade", "opposite_quote"])
@pytest.mark.parametrize("seed", range(8))
def test_engine_market_and_clerk_agree(stop_reference: str, seed: int) -> None:
    Both(stage(stop_reference).copy(), orders.MAX_FILLS, phases.PHASE_FILLS).play(drawn(seed, STEPS))


@pytest.mark.parametrize("stop_reference", ["last_trade", "opposite_quote"])
@pytest.mark.parametrize("seed", range(100, 108))
def test_they_agree_when_a_command_leaves_work_for_later(
    stop_reference: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support, "desk_for", lambda _state: None)  # the desk's own bound is compiled in
    for module in (orders, book_follow):
        monkeypatch.setattr(module, "MAX_FILLS", FEW)
    monkeypatch.setattr(phases, "PHASE_FILLS", FEW)
    Both(stage(stop_reference).copy(), FEW, FEW).play(drawn(seed, STEPS))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_200))
def test_they_agree_on_longer_tapes(seed: int) -> None:
    Both(stage("last_trade").copy(), orders.MAX_FILLS, phases.PHASE_FILLS).play(drawn(seed, 400))
