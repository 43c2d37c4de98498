"""The flow of orders that `load` plays over sockets, as commands: for seeding a database and for the engine alone.

61 % limits round 1,000 ticks (one in three marketable), 5 % immediate-or-cancel, 34 % cancels of orders that rested.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from exchange.core.ids import AccountId, InstrumentId, OrderId, UserId
from exchange.core.instruments import Side, TimeInForce
from exchange.core.messages import Command, Event
from exchange.core.units import PriceTicks, QuantityLots
from matching.messages import CancelOrder, OrderAccepted, PlaceOrder

MIDDLE_TICKS = 1_000
FLOW_TICKS = 20
"""How far from the middle the flow bids and offers; what rests beyond is out of its reach."""
MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Trader:
    """An account and the user who trades for it; `can_sell` if it has shares of every instrument."""

    user: UserId
    account: AccountId
    can_sell: bool


@dataclass(slots=True)
class Flow:
    """Draws one command after another, and learns from the answers which orders rest."""

    traders: list[Trader]
    instruments: list[InstrumentId]
    random: random.Random
    prefix: str
    number: int = 0
    resting: list[tuple[Trader, OrderId]] = field(default_factory=list[tuple[Trader, OrderId]])

    def draw(self) -> tuple[Trader, Command]:
        """The next command and who sends it."""
        draw = self.random
        if self.resting and draw.random() < 0.34:
            place = draw.randrange(len(self.resting))
            trader, order_id = self.resting[place]
            self.resting[place] = self.resting[-1]
            self.resting.pop()
            return trader, CancelOrder(account_id=trader.account, order_id=order_id)
        distance = draw.randrange(1, FLOW_TICKS)
        buys, marketable = draw.random() < 0.5, draw.random() < 1 / 3
        price = MIDDLE_TICKS + (distance if buys == marketable else -distance)
        time_in_force = TimeInForce.IOC if draw.random() < 0.076 else TimeInForce.GTC
        return self._place(buys, draw.randrange(1, 20), price, time_in_force)

    def far(self) -> tuple[Trader, Command]:
        """An order that rests where the flow does not come."""
        buys = self.random.random() < 0.5
        away = self.random.randrange(2 * FLOW_TICKS, MIDDLE_TICKS // 2)
        price = MIDDLE_TICKS + (-away if buys else away)
        return self._place(buys, self.random.randrange(1, 4), price, TimeInForce.GTC)

    def learn(self, trader: Trader, events: list[Event]) -> None:
        """Remember an order that may rest, to cancel it one day."""
        if len(events) == 1 and isinstance(accepted := events[0], OrderAccepted) and len(self.resting) < MAX_KNOWN:
            self.resting.append((trader, accepted.order_id))

    def _place(self, buys: bool, lots: int, price: int, time_in_force: TimeInForce) -> tuple[Trader, Command]:
        trader = self.random.choice(self.traders)
        while not buys and not trader.can_sell:
            trader = self.random.choice(self.traders)
        self.number += 1
        return trader, PlaceOrder(
            client_order_id=f"{self.prefix}{self.number}",
            account_id=trader.account,
            instrument_id=self.random.choice(self.instruments),
            side=Side.BUY if buys else Side.SELL,
            quantity_lots=QuantityLots(lots),
            price_ticks=PriceTicks(price),
            time_in_force=time_in_force,
        )
