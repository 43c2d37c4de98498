"""Ordinary trading, made from a seed: many accounts that place, move and withdraw orders for reasons of their own.

The book here is the tests' own, a few lines of price and time, so that nothing of the project decides who trades. It
makes the same facts as a story does, and patterns can be planted between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - a seeded source of ordinary days

from exchange.core.ids import AccountId, MemberId, OrderId, TradeId, make_id
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots, Sequence, TimeNs
from matching.surveillance.facts import Entered, Fact, Part, Reduced, Traded, Turn, TurnKind, Withdrawn
from matching.surveillance.relations import Owner, Relations
from tests.matching.surveillance.stories import DAY_NS

SECOND_NS = 1_000_000_000


@dataclass
class Resting:
    """An order of the day."""

    order_id: OrderId
    account_id: AccountId
    side: Side
    price: int
    lots: int
    place: int


@dataclass
class Day:
    """A book, its facts so far, and the people of the day: every third member has a second account."""

    seed: int
    members: int = 30
    facts: list[Fact] = field(default_factory=list)
    at_ns: int = DAY_NS + 9 * 3_600 * SECOND_NS
    sequence: int = 0
    open: dict[OrderId, Resting] = field(default_factory=dict)
    owners: dict[AccountId, Owner] = field(default_factory=dict)
    worth: int = 1_000
    placed: int = 0

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        for number in range(self.members):
            member_id = MemberId(make_id(10_000 + number))
            self.owners[AccountId(make_id(20_000 + number))] = Owner(member_id=member_id)
            if number % 3 == 0:
                self.owners[AccountId(make_id(30_000 + number))] = Owner(
                    member_id=member_id, beneficiary=f"of {number}"
                )
        self.people = list(self.owners)

    @property
    def relations(self) -> Relations:
        """Whose accounts these are."""
        return Relations(self.owners)

    # --- What ordinary people do --------------------------------------------------------------------------------------

    def trade(self, orders: int) -> None:
        """Let so many orders come in; between them some are withdrawn, moved or cut."""
        for _ in range(orders):
            self.pass_time(self.chance.expovariate(1 / 3))
            self.worth = max(500, self.worth + self.chance.choice((-1, 0, 0, 0, 1)))
            self._somebody_places()
            if self.open and self.chance.random() < 0.45:
                self._somebody_changes(self.chance.choice(list(self.open)))

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.at_ns += int(seconds * SECOND_NS) + 1

    def _somebody_places(self) -> None:
        side = self.chance.choice((Side.BUY, Side.SELL))
        away = int(self.chance.expovariate(1 / 8)) - 3
        price = self.worth - away if side is Side.BUY else self.worth + away
        self.place(self.chance.choice(self.people), side, self.chance.choice((1, 2, 5, 5, 10, 10, 20, 50)), price)

    def _somebody_changes(self, order_id: OrderId) -> None:
        order, chosen = self.open[order_id], self.chance.random()
        if chosen < 0.7:
            self.withdraw(order_id)
        elif chosen < 0.85 and order.lots > 1:
            self.reduce(order_id, order.lots // 2)
        else:
            self.move(order_id, order.price + self.chance.choice((-2, 2)))

    # --- What anybody may do ------------------------------------------------------------------------------------------

    def place(self, account_id: AccountId, side: Side, lots: int, price: int) -> OrderId:
        """Enter an order; it trades with the best of the others' first."""
        self.sequence += 1
        self.placed += 1
        order = Resting(OrderId(make_id(self.sequence)), account_id, side, price, lots, self.sequence)
        self._enter(order)
        return order.order_id

    def move(self, order_id: OrderId, price: int) -> None:
        """Give an order another price, at the back of the queue."""
        self.sequence += 1
        order = self.open.pop(order_id)
        order.price, order.place = price, self.sequence
        self._enter(order)

    def _enter(self, order: Resting) -> None:
        self.facts.append(
            Entered(
                sequence=Sequence(self.sequence),
                at_ns=TimeNs(self.at_ns),
                order_id=order.order_id,
                account_id=order.account_id,
                side=order.side,
                price_ticks=PriceTicks(order.price),
                quantity_lots=QuantityLots(order.lots),
                visible_lots=QuantityLots(order.lots),
            )
        )
        self._match(order)
        if order.lots:
            self.open[order.order_id] = order

    def withdraw(self, order_id: OrderId) -> None:
        """Take an order away, if it is still there."""
        order = self.open.pop(order_id, None)
        if order is None:
            return
        self.sequence += 1
        self.facts.append(
            Withdrawn(
                sequence=Sequence(self.sequence),
                at_ns=TimeNs(self.at_ns),
                order_id=order_id,
                cancelled_lots=QuantityLots(order.lots),
                by_choice=True,
            )
        )

    def reduce(self, order_id: OrderId, lots: int) -> None:
        """Ask for less at the same place."""
        self.sequence += 1
        self.open[order_id].lots = lots
        self.facts.append(
            Reduced(
                sequence=Sequence(self.sequence),
                at_ns=TimeNs(self.at_ns),
                order_id=order_id,
                remaining_lots=QuantityLots(lots),
            )
        )

    def turn(self, kind: TurnKind) -> None:
        """A moment comes."""
        self.sequence += 1
        self.facts.append(Turn(sequence=Sequence(self.sequence), at_ns=TimeNs(self.at_ns), kind=kind))

    def best(self, side: Side) -> int | None:
        """The best price of a side."""
        prices = [order.price for order in self.open.values() if order.side is side]
        if not prices:
            return None
        return max(prices) if side is Side.BUY else min(prices)

    def _match(self, taker: Resting) -> None:
        buys = taker.side is Side.BUY
        others = [
            order
            for order in self.open.values()
            if order.side is not taker.side
            and order.account_id != taker.account_id
            and (order.price <= taker.price if buys else order.price >= taker.price)
        ]
        others.sort(key=lambda order: (order.price if buys else -order.price, order.place))
        for number, maker in enumerate(others, 1):
            if not taker.lots:
                return
            lots = min(taker.lots, maker.lots)
            taker.lots -= lots
            maker.lots -= lots
            if not maker.lots:
                del self.open[maker.order_id]
            buyer, seller = (taker, maker) if buys else (maker, taker)
            self.facts.append(
                Traded(
                    sequence=Sequence(self.sequence),
                    at_ns=TimeNs(self.at_ns),
                    trade_id=TradeId(make_id(self.sequence, number)),
                    price_ticks=PriceTicks(maker.price),
                    quantity_lots=QuantityLots(lots),
                    aggressor=taker.side,
                    buyer=_part(buyer),
                    seller=_part(seller),
                )
            )


def _part(order: Resting) -> Part:
    return Part(order_id=order.order_id, account_id=order.account_id, remaining_lots=QuantityLots(order.lots))
