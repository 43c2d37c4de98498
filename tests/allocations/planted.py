"""Engines that share out wrongly. The state machine or a scenario must notice every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from exchange.core.units import Minor
from exchange.engine import allocations, book_fold, busts, day_totals
from exchange.engine.state import ExchangeState
from matching.allocation_messages import DayTotal

Plant = Callable[[pytest.MonkeyPatch], None]


def average_rounded_down(patch: pytest.MonkeyPatch) -> None:
    """Each lot costs the average without its cents, and the block account bears the rest."""

    def floors(whole: int, weights: list[int]) -> list[int]:
        return [whole // sum(weights) * weight for weight in weights]

    patch.setattr(allocations, "share_out", floors)


def fees_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The block account bears the fees."""
    shared = allocations.shared

    def without(total: DayTotal, command: Any) -> Any:
        rows = shared(total, command)
        return tuple(msgspec.structs.replace(row, fee_minor=Minor(0)) for row in rows)

    patch.setattr(allocations, "shared", without)


def only_the_taker_counted(patch: pytest.MonkeyPatch) -> None:
    """An order that waited in the book counts for nothing when it is filled."""
    count = day_totals.count_trade

    def taker(state: ExchangeState, header: Any, instrument: Any, trade: Any) -> None:
        if header.sequence == max(trade.buyer.order_id, trade.seller.order_id) // 1024:
            newest = trade.buyer if trade.buyer.order_id > trade.seller.order_id else trade.seller
            if newest.account_id in state.allocating:
                count(state, header, instrument, trade)

    patch.setattr(book_fold, "count_trade", taker)


def uncovered(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether the funds have their money."""
    patch.setattr(allocations, "_refuse_uncovered", lambda *_: None)


def shared_twice(patch: pytest.MonkeyPatch) -> None:
    """What was shared may be shared again."""
    patch.setattr(DayTotal, "left_lots", property(lambda total: total.lots))


def bust_of_what_was_shared(patch: pytest.MonkeyPatch) -> None:
    """A shared trade is reversed out of the block account's own lots."""
    patch.setattr(busts, "is_shared_out", lambda *_: False)


def holders_uncounted(patch: pytest.MonkeyPatch) -> None:
    """A new holder asks for no place."""
    patch.setattr(allocations, "_refuse_holders", lambda *_: None)


def desk_not_kept_off(patch: pytest.MonkeyPatch) -> None:
    """The compiled desk serves while a block's order rests, and fills it uncounted."""
    open_order = ExchangeState.open_order

    def plain(state: ExchangeState, order: Any) -> None:
        open_order(state, order)
        if order.conditions is None and order.account_id in state.allocating:
            state.numbers[order.instrument_id].special -= 1

    patch.setattr(ExchangeState, "open_order", plain)


PLANTED = (
    average_rounded_down,
    fees_forgotten,
    only_the_taker_counted,
    uncovered,
    shared_twice,
    bust_of_what_was_shared,
    holders_uncounted,
    desk_not_kept_off,
)
ONLY_A_SCENARIO = (bust_of_what_was_shared, holders_uncounted)
"""The machine busts nothing, and its market has no cap."""
