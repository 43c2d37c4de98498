"""The orders lately entered, with what is left of them: what a detector may still ask about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots, Sequence, TimeNs
from matching.surveillance.facts import Entered, Moved, Part
from matching.surveillance.relations import Group, Relations


@dataclass(slots=True)
class Recent:
    """An order as it was last entered. Units: `shown_lots` of the remaining ones are what others see."""

    sequence: Sequence
    at_ns: TimeNs
    order_id: OrderId
    account_id: AccountId
    side: Side
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    remaining_lots: QuantityLots
    visible_lots: QuantityLots

    @property
    def shown_lots(self) -> int:
        """What others see of it."""
        return min(self.remaining_lots, self.visible_lots)


class RecentOrders:
    """Orders entered within a span of time, at most so many; the oldest are forgotten first.

    An order that has ended stays until its time is over, with nothing remaining: a trade may ask when it was entered.
    """

    def __init__(self, relations: Relations, *, within_ns: int, most: int) -> None:
        self.forgotten = 0
        self._relations = relations
        self._within_ns = within_ns
        self._most = most
        self._orders: dict[OrderId, Recent] = {}
        self._of_group: dict[tuple[Group, Side], dict[OrderId, Recent]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def enter(self, fact: Entered) -> Recent | None:
        """Remember an order as it is now; the one it was before, if it was known."""
        before = self._orders.pop(fact.order_id, None)
        if before is not None:
            self._unlist(before)
        entered = Recent(
            fact.sequence,
            fact.at_ns,
            fact.order_id,
            fact.account_id,
            fact.side,
            fact.price_ticks,
            fact.quantity_lots,
            fact.quantity_lots,
            fact.visible_lots,
        )
        self._orders[fact.order_id] = entered
        for group in self._relations.groups(fact.account_id):
            self._of_group.setdefault((group, fact.side), {})[fact.order_id] = entered
        if len(self._orders) > self._most:
            self._forget_first()
            self.forgotten += 1
        return before

    def get(self, order_id: OrderId) -> Recent | None:
        """An order, if it was entered lately."""
        return self._orders.get(order_id)

    def move(self, fact: Moved) -> None:
        """The book put an order elsewhere, or shows another part of it."""
        known = self._orders.get(fact.order_id)
        if known is not None:
            known.price_ticks, known.visible_lots = fact.price_ticks, fact.visible_lots

    def set_remaining(self, order_id: OrderId, lots: QuantityLots) -> None:
        """Something of an order was filled or taken away; with nothing left it is no longer open."""
        known = self._orders.get(order_id)
        if known is not None:
            known.remaining_lots = lots
            if not lots:
                self._unlist(known)

    def end(self, order_id: OrderId) -> None:
        """What remained of an order is gone."""
        self.set_remaining(order_id, QuantityLots(0))

    def fill(self, part: Part) -> None:
        """An order had its part in a trade."""
        self.set_remaining(part.order_id, part.remaining_lots)

    def open_of(self, group: Group, side: Side) -> Iterator[Recent]:
        """The open orders of a group on one side, in the order they were entered."""
        return iter(self._of_group.get((group, side), {}).values())

    def forget(self, now_ns: int) -> None:
        """Forget what was entered too long ago."""
        while self._orders:
            first = next(iter(self._orders.values()))
            if now_ns - first.at_ns <= self._within_ns:
                return
            self._forget_first()

    def _forget_first(self) -> None:
        first = self._orders.pop(next(iter(self._orders)))
        self._unlist(first)

    def _unlist(self, order: Recent) -> None:
        for group in self._relations.groups(order.account_id):
            listed = self._of_group.get((group, order.side))
            if listed is not None:
                listed.pop(order.order_id, None)
                if not listed:
                    del self._of_group[group, order.side]
