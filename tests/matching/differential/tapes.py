"""The suite's tapes in other clothes: the ids a journal gives, and prices too far apart for one window.

Nothing but names changes, so both books must do the same; the compiled one finds orders and levels on other roads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from matching.book_messages import BookRules
from matching.book_records import BookCommand, Cancel, Replace, SetPhase, SetReferences, Submit
from tests.matching.suite import tapes

JOURNAL = 1_024
"""An order's number is its command's place in the journal times this."""
FAR = 9_973
"""Neighbouring prices of the narrow world lie so far apart that a window of 2^18 holds 26 of them."""


def dressed(seed: int, count: int) -> tuple[BookRules, Iterator[BookCommand]]:
    """The tape of a seed and its rules: every fourth seed plain, the others with journal ids, far prices, or both."""
    ids = JOURNAL if seed % 2 else 1
    ticks = FAR if seed % 4 >= 2 else 1
    return tapes.rules_of(seed), stretched(tapes.tape(seed, count), ids, ticks)


def stretched(commands: Iterable[BookCommand], ids: int, ticks: int) -> Iterator[BookCommand]:
    """The same commands with every id and every price multiplied."""
    for command in commands:
        match command:
            case Submit(order, max_fills):
                moved = msgspec.structs.replace(
                    order,
                    order_id=order.order_id * ids,
                    oco_id=order.oco_id * ids,
                    price_ticks=order.price_ticks * ticks,
                    stop_ticks=order.stop_ticks * ticks,
                    trail_ticks=order.trail_ticks * ticks,
                    offset_ticks=order.offset_ticks * ticks,
                    max_notional_ticks=order.max_notional_ticks * ticks,
                )
                yield Submit(moved, max_fills)
            case Cancel(order_id, reason):
                yield Cancel(order_id * ids, reason)
            case Replace(order_id, price, lots, stop, max_fills):
                yield Replace(order_id * ids, price * ticks, lots, stop * ticks, max_fills)
            case SetPhase(matching, call, fixed, max_fills):
                yield SetPhase(matching, call, fixed * ticks, max_fills)
            case SetReferences(last, reference, low, high):
                yield SetReferences(last * ticks, reference * ticks, low * ticks, high * ticks)
            case _:
                yield command
