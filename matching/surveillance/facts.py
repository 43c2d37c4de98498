"""What the detectors are shown of one instrument, in the journal's order.

They are plain values, not the events themselves: an event says everything the tables need, a detector wants five of
its fields, and a book that tells its story in other words can be watched all the same.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from exchange.core.ids import AccountId, OrderId, TradeId
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots, Sequence, TimeNs


class Placed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every fact has: its row of the journal and that row's time."""

    sequence: Sequence
    at_ns: TimeNs


class Entered(Placed, frozen=True, kw_only=True, gc=False):
    """An order came to the back of the queue: a new one, or an old one with a new price or more lots.

    Units: `quantity_lots` is what it now asks for, lots already filled not counted; `visible_lots` what others see.
    """

    order_id: OrderId
    account_id: AccountId
    side: Side
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    visible_lots: QuantityLots


class Moved(Placed, frozen=True, kw_only=True, gc=False):
    """The book put an order elsewhere, or shows another part of it: a stop acts, a peg follows, an iceberg goes on.

    Its sender did nothing, so it is as old as it was.
    """

    order_id: OrderId
    price_ticks: PriceTicks
    visible_lots: QuantityLots


class Reduced(Placed, frozen=True, kw_only=True, gc=False):
    """An order asks for less and kept its place; `by_choice` unless it met another of its own."""

    order_id: OrderId
    remaining_lots: QuantityLots
    by_choice: bool = True


class Withdrawn(Placed, frozen=True, kw_only=True, gc=False):
    """What remained of an order is gone; `by_choice` if its sender took it away and no rule did."""

    order_id: OrderId
    cancelled_lots: QuantityLots
    by_choice: bool


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order's part in a trade. Units: `remaining_lots` is what it still asks for afterwards."""

    order_id: OrderId
    account_id: AccountId
    remaining_lots: QuantityLots


class Traded(Placed, frozen=True, kw_only=True, gc=False):
    """Two orders met; in an auction nobody came second."""

    trade_id: TradeId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    aggressor: Side | None
    buyer: Part
    seller: Part

    @property
    def taker(self) -> Part | None:
        """The part of the order that came second."""
        if self.aggressor is None:
            return None
        return self.buyer if self.aggressor is Side.BUY else self.seller


class LastTraded(Placed, frozen=True, kw_only=True, gc=False):
    """What the last trade before the stretch cost: a price can only have moved from somewhere."""

    trade_id: TradeId
    price_ticks: PriceTicks


class TurnKind(StrEnum):
    """Moments for which a price may be worth moving."""

    CLOSE = "close"
    AUCTION = "auction"
    RECORD_DATE = "record_date"


class Turn(Placed, frozen=True, kw_only=True, gc=False):
    """Such a moment has come: trading closed, a call began, or who holds now was put on record."""

    kind: TurnKind


Fact: TypeAlias = Entered | Moved | Reduced | Withdrawn | Traded | LastTraded | Turn
