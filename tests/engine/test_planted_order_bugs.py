"""Bugs planted where a book's answer becomes holds, events and rows: tapes of every kind of order notice each.

Few are noticed by a scenario alone: those that bite only whoever has not one unit to spare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from exchange.core.instruments import SelfTradePrevention
from exchange.core.rejections import InvariantBroken
from exchange.engine import book_fold, book_follow, fees, orders, phases, settlement
from exchange.engine.state import ExchangeState
from exchange.store.load import state as load
from exchange.store.save import hot, records
from matching.messages import OrderMoved, OrderReduced
from tests import support
from tests.engine.days import staged
from tests.engine.order_machine import Both, drawn
from tests.engine.order_type_scenarios import SCENARIOS
from tests.engine.order_types import Teller
from tests.engine.test_order_machine import FEW, stage

NOTICED = (AssertionError, InvariantBroken, KeyError)
Plant = Callable[[pytest.MonkeyPatch], None]


def pair_is_covered_twice(patch: pytest.MonkeyPatch) -> None:
    """Both orders of a pair hold in full."""
    for module in (fees, book_fold, orders):
        patch.setattr(module, "cover_units", fees.hold_units)


def survivor_stays_half_covered(patch: pytest.MonkeyPatch) -> None:
    """Whoever is left of a pair goes on holding only what it needed beyond the other."""
    patch.setattr(book_fold, "cover", lambda state, header, order, events: None)


def pair_trades_before_it_is_dissolved(patch: pytest.MonkeyPatch) -> None:
    """A trade does not end the other order of a pair."""
    filled = book_fold._filled

    def fills(state: ExchangeState, header: Any, instrument: Any, event: Any, events: Any) -> None:
        for order_id in (event.order_id, event.other_id):
            order = state.orders[order_id]
            if order.partner_id:
                state.orders[order.partner_id].partner_id = order.partner_id = 0  # type: ignore[index]
        filled(state, header, instrument, event, events)

    patch.setattr(book_fold, "_filled", fills)


def work_is_left_for_good(patch: pytest.MonkeyPatch) -> None:
    """What a command left over never goes on."""
    patch.setattr(book_follow, "start_run", lambda *asked, **more: [])


def standing_is_not_told(patch: pytest.MonkeyPatch) -> None:
    """The tables do not learn which prices were reached, nor what pegs last followed."""
    tell = book_follow.tell_standing

    def tells(state: ExchangeState, header: Any, instrument_id: Any) -> list[Any]:
        return [event for event in tell(state, header, instrument_id) if "Standing" not in type(event).__name__]

    patch.setattr(book_follow, "tell_standing", tells)


def slice_is_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The tables believe that an iceberg shows all it has."""

    def moved(changes: Any, header: Any, event: OrderMoved) -> None:
        hot.order_moved(changes, header, event)
        changes.conditions(event.order_id)["reserve_lots"] = 0

    _save(patch, OrderMoved, moved)


def number_is_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The tables keep the number an order came with."""

    def moved(changes: Any, header: Any, event: OrderMoved) -> None:
        hot.order_moved(changes, header, event)
        changes.order(event.order_id)["priority"] = event.order_id

    _save(patch, OrderMoved, moved)


def total_is_not_cut(patch: pytest.MonkeyPatch) -> None:
    """An order that is cut by self-trade prevention keeps its total, so its owner is asked for lots it lost."""

    def reduced(changes: Any, header: Any, event: OrderReduced) -> None:
        before = dict(changes.order(event.order_id))
        hot.order_reduced(changes, header, event)
        _forget(changes.order(event.order_id), before, "quantity_lots")

    _save(patch, OrderReduced, reduced)


def one_lot_too_many_is_settled(patch: pytest.MonkeyPatch) -> None:
    """A trade settles a lot more than the book traded, where the taker has it."""
    settle = settlement.settle

    def settles(
        state: Any, header: Any, instrument: Any, taker: Any, maker: Any, price: int, lots: int, who: Any
    ) -> Any:
        return settle(state, header, instrument, taker, maker, price, min(taker.remaining_lots, lots + 1), who)

    patch.setattr(book_fold, "settle", settles)


def expiry_outlives_its_order(patch: pytest.MonkeyPatch) -> None:
    """The timer of a good-till-date order that ended stays."""
    patch.setattr(book_fold, "_drop_expiry", lambda state, order, events: None)


def conditions_forgotten_at_a_start(patch: pytest.MonkeyPatch) -> None:
    """A start takes every order for one that trades with its own account's as a plain one does."""
    conditions = load._conditions
    patch.setattr(
        load,
        "_conditions",
        lambda row: msgspec.structs.replace(conditions(row), self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST),
    )


def level_of_a_trailing_stop_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The tables keep the level at which a stop was first parked."""

    def moved(changes: Any, header: Any, event: OrderMoved) -> None:
        before = dict(changes.conditions(event.order_id))
        hot.order_moved(changes, header, event)
        if event.cause == "repriced":
            _forget(changes.conditions(event.order_id), before, "level_ticks")

    _save(patch, OrderMoved, moved)


def _forget(changed: dict[str, Any], before: dict[str, Any], name: str) -> None:
    """Leave one column as it was."""
    if name in before:
        changed[name] = before[name]
    else:
        changed.pop(name)


def _save(patch: pytest.MonkeyPatch, event: type[Any], saver: Any) -> None:
    patch.setattr(records, "SAVERS", {**records.SAVERS, event: saver})


PLANTED: list[Plant] = [
    pair_is_covered_twice,
    survivor_stays_half_covered,
    pair_trades_before_it_is_dissolved,
    work_is_left_for_good,
    standing_is_not_told,
    slice_is_not_saved,
    number_is_not_saved,
    total_is_not_cut,
    one_lot_too_many_is_settled,
    expiry_outlives_its_order,
    conditions_forgotten_at_a_start,
    level_of_a_trailing_stop_forgotten,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_tapes_or_a_scenario_notice(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "desk_for", lambda _state: None)
    for module in (orders, book_follow):
        monkeypatch.setattr(module, "MAX_FILLS", FEW)
    monkeypatch.setattr(phases, "PHASE_FILLS", FEW)
    sound, sound_stage = stage("last_trade"), staged()
    Teller(sound_stage).line("ops opens")
    plant(monkeypatch)
    with pytest.raises(NOTICED):
        for seed in range(100, 130):
            Both(sound.copy(), FEW, FEW).play(drawn(seed, 60))
        for text in SCENARIOS.values():
            teller = Teller(sound_stage.copy())
            teller.play(text)
