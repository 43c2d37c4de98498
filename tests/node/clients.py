"""Clients who trade at random, keep their own list of what was acknowledged, and ask again with the same key."""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and the seed is printed
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from exchange.core.ids import OrderId, UserId
from exchange.core.instruments import OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Command
from exchange.core.units import PriceTicks, QuantityLots, TimeNs
from exchange.node.clock import SystemClock
from exchange.node.ports import NodeFault, Outcome
from matching.messages import CancelAllOrders, CancelOrder, OrderAccepted, PlaceOrder, ReplaceOrder
from tests.node.officers import Officers
from tests.node.template import NAMES, Stage

CLOCK = SystemClock()


@dataclass
class Asked:
    """One command of one client, until it is answered; `sequence` is what the first acknowledgement said."""

    key: str
    principal: UserId
    command: Command
    sequence: int = 0
    faults: list[str] = field(default_factory=list[str])

    @property
    def answered(self) -> bool:
        """Whether the client was told what became of it."""
        return bool(self.sequence)


class Clients:
    """Members of the template who bid and offer round 100 by every kind of order, cancel, replace and withdraw all."""

    def __init__(
        self,
        stage: Stage,
        rng: random.Random,
        *,
        officers: bool = False,
        now_ns: Callable[[], int] = CLOCK.now_ns,
    ) -> None:
        self.stage = stage
        self.rng = rng
        self.officers = Officers(stage, rng) if officers else None
        """Operators who bust, correct, release, group, change phases and bring papers; members who stop themselves."""
        self.now_ns = now_ns
        """The node's time, for orders that are good till a moment."""
        self.asked: dict[str, Asked] = {}
        self.open: list[tuple[str, OrderId, int]] = []
        self.on_conflict: Callable[[str], None] = lambda _text: None

    def ask(self) -> Asked:
        """Think of one more command."""
        rng = self.rng
        key = f"k{len(self.asked)}"
        command: Command
        draw = rng.random()
        if self.officers is not None and draw > 0.92 and (asking := self.officers.ask()) is not None:
            return self.say(*asking)
        if draw < 0.25 and self.open:
            name, order_id, _ = rng.choice(self.open)
            command = CancelOrder(account_id=self.stage.accounts[name], order_id=order_id)
        elif draw < 0.35 and self.open:
            name, order_id, lots = rng.choice(self.open)
            command = ReplaceOrder(
                account_id=self.stage.accounts[name],
                order_id=order_id,
                client_order_id=f"C{key}",
                price_ticks=PriceTicks(rng.randint(95, 105)),
                quantity_lots=QuantityLots(max(1, lots + rng.randint(-3, 3))),
            )
        elif draw < 0.38:
            name = rng.choice(NAMES)
            command = CancelAllOrders(account_id=self.stage.accounts[name])
        else:
            name = rng.choice(NAMES)
            market = rng.random() < 0.05
            command = PlaceOrder(
                client_order_id=f"C{key}",
                account_id=self.stage.accounts[name],
                instrument_id=rng.choice(self.stage.instruments),
                side=rng.choice(tuple(Side)),
                quantity_lots=QuantityLots(rng.randint(1, 20)),
                price_ticks=None if market else PriceTicks(rng.randint(95, 105)),
                order_type=OrderType.MARKET if market else OrderType.LIMIT,
                time_in_force=rng.choice((TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)),
                cancel_on_disconnect=rng.random() < 0.1,
            )
            if command.instrument_id == self.stage.special and not market and rng.random() < 0.4:
                command = self._special(command)
        asked = self.asked[key] = Asked(key, self.stage.users[name], command)
        return asked

    def say(self, principal: UserId, command: Command) -> Asked:
        """Ask this, by a key of its own."""
        key = f"k{len(self.asked)}"
        asked = self.asked[key] = Asked(key, principal, command)
        return asked

    def _special(self, order: PlaceOrder) -> PlaceOrder:
        """The same order with a condition: a slice, a level, a peg, an end, a pair, a call, a word for own orders."""
        rng, price = self.rng, order.price_ticks
        stays = msgspec.structs.replace(order, time_in_force=TimeInForce.GTC)
        draw = rng.randrange(12)
        if draw == 0:
            return msgspec.structs.replace(stays, display_lots=QuantityLots(3), quantity_lots=QuantityLots(12))
        if draw == 1:
            pair = rng.choice(self.open)[1] if self.open and rng.random() < 0.5 else None
            return msgspec.structs.replace(stays, order_type=OrderType.STOP_LIMIT, stop_ticks=price, oco_order_id=pair)
        if draw == 2:
            return msgspec.structs.replace(
                stays, order_type=OrderType.TRAILING_STOP, trail_ticks=PriceTicks(2), price_ticks=None
            )
        if draw == 3:
            return msgspec.structs.replace(stays, order_type=OrderType.PEGGED_BEST)
        if draw == 4:
            later = TimeNs(self.now_ns() + rng.randint(1, 2_000) * 1_000_000)
            return msgspec.structs.replace(stays, time_in_force=TimeInForce.GTD, expires_at_ns=later)
        if draw == 5:
            return msgspec.structs.replace(stays, all_or_none=True)
        if draw == 6:
            return msgspec.structs.replace(stays, hidden=True)
        if draw == 7:
            return msgspec.structs.replace(stays, post_only=True)
        if draw == 8:
            return msgspec.structs.replace(stays, minimum_lots=QuantityLots(min(3, order.quantity_lots)))
        if draw == 9:
            return msgspec.structs.replace(order, time_in_force=TimeInForce.AT_OPEN)
        if draw == 10:
            return msgspec.structs.replace(order, time_in_force=TimeInForce.AT_CLOSE)
        return msgspec.structs.replace(order, self_trade_prevention=SelfTradePrevention.DECREMENT)

    def waiting(self) -> list[Asked]:
        """What is not answered yet."""
        return [asked for asked in self.asked.values() if not asked.answered]

    def hears(self, asked: Asked, result: Outcome | NodeFault) -> None:
        """Take an answer. A second one to the same key must be the first one again."""
        if isinstance(result, NodeFault):
            asked.faults.append(result.code)
            return
        if asked.answered and asked.sequence != result.sequence:
            self.on_conflict(f"{asked.key}: acknowledged at {asked.sequence}, then at {result.sequence}")
        asked.sequence = result.sequence
        if self.officers is not None:
            self.officers.hear(result.events)
        if result.events and isinstance(event := result.events[0], OrderAccepted):
            names = {account: name for name, account in self.stage.accounts.items()}
            self.open.append((names[event.account_id], event.order_id, event.quantity_lots))
            del self.open[:-40]
