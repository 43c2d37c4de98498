"""A node in this process, over a real database file: start it, ask it, end it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from exchange.core.ids import UserId
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots
from exchange.node.clock import SystemClock
from exchange.node.head_file import HeadFile
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Clock, Outcome, Store
from exchange.store.sqlite import SqliteStore
from matching.messages import PlaceOrder
from tests.node.template import Stage


class Running:
    """A running node and who is on it."""

    def __init__(self, keeper: Keeper, bus: LocalBus, stage: Stage) -> None:
        self.keeper = keeper
        self.bus = bus
        self.stage = stage

    def order(self, name: str, text: str, price: int = 100, lots: int = 1) -> PlaceOrder:
        """An order; `text` is its client order id."""
        return PlaceOrder(
            client_order_id=text,
            account_id=self.stage.accounts[name],
            instrument_id=self.stage.instruments[0],
            side=Side.SELL if name == "wu" else Side.BUY,
            quantity_lots=QuantityLots(lots),
            price_ticks=PriceTicks(price),
        )

    async def place(self, name: str, text: str, *, key: str = "", price: int = 100) -> Outcome:
        """Place an order and wait for its outcome.

        Raises: NodeFault.
        """
        return await self.bus.submit(self.order(name, text, price), self.user(name), key=key)

    def user(self, name: str) -> UserId:
        """A member's user."""
        return self.stage.users[name]


@contextlib.asynccontextmanager
async def running(
    path: Path,
    stage: Stage,
    *,
    clock: Clock | None = None,
    head_file: HeadFile | None = None,
    accept_head: bool = False,
    open_store: Callable[[], Store] | None = None,
) -> AsyncIterator[Running]:
    """A node, for as long as the block; what its first start refuses is raised."""
    time = clock or SystemClock()
    bus = LocalBus()
    opened = open_store or (lambda: SqliteStore(path, time))
    keeper = Keeper(opened, bus, LocalFeed(), time, head_file=head_file, accept_head=accept_head)
    task = asyncio.create_task(keeper.run())
    ready = asyncio.create_task(keeper.ready.wait())
    await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
    try:
        if not task.done():
            yield Running(keeper, bus, stage)
    finally:
        ready.cancel()
        keeper.close()
        await task
    task.result()
