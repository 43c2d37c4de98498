"""Chapter three: books open by a call; investors bid over the WebSocket, issuers offer; trades settle as they are made.

Each trader follows its own account and keeps its own list of what it was told; the counts of the story come from those
lists, not from the exchange's tables.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - a cast's whims, seeded, far from the core
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from api.client import Followed, Refused, Stream
from exchange.story.founding import fund
from exchange.story.stage import Stage, StoryBroken, money, one

INVESTORS = 25
ORDERS = 12_600
ISSUER_ORDERS = 90
CASH_MINOR = 40_000_000
MIDDLE_TICKS = 1_000
OUTSTANDING = 24
OPENING_LOTS = 40
OPENED_S = 10.0
SEED = 20_261_123

Tell = Callable[[int], None]


@dataclass
class OwnOrder:
    """What a trader was told of one of its orders."""

    quantity_lots: int
    prices: set[int] = field(default_factory=set[int])
    filled_lots: int = 0
    is_open: bool = True
    changed: bool = False
    asked: bool = False
    """Whether a change of it was asked for: asked once, so that no two messages race for one order."""


@dataclass
class Trader:
    """One account on its own connection."""

    user: str
    account_id: str
    stream: Stream
    chance: random.Random
    instruments: list[str]
    sells_only: bool = False
    orders: dict[str, OwnOrder] = field(default_factory=dict[str, OwnOrder])
    refused: dict[str, int] = field(default_factory=dict[str, int])
    sent: int = 0
    moved: dict[str, int] = field(default_factory=dict[str, int])
    """How often its orders showed a next slice, were set free by a price, …"""

    async def listen(self, channel: Followed) -> None:
        """Take note of every private event."""
        async for message in channel:
            order = self.orders.get(message.get("order_id", ""))
            match message["type"]:
                case "order.accepted":
                    self.orders[message["order_id"]] = OwnOrder(message["quantity_lots"])
                case "trade.made" if order is not None:
                    order.prices.add(message["price_ticks"])
                    order.filled_lots += message["quantity_lots"]
                    order.is_open = message["remaining_lots"] > 0
                case "order.cancelled" if order is not None:
                    order.is_open = False
                    order.changed |= message["reason"] == "requested"
                case "order.replaced" if order is not None:
                    order.changed = True
                    order.quantity_lots = message["quantity_lots"]
                case "order.moved":
                    self.moved[message["cause"]] = self.moved.get(message["cause"], 0) + 1
                case _:
                    pass

    async def place(self, tell: Tell, **order: Any) -> None:
        """Place one order that is not left to chance.

        Raises: Refused.
        """
        self.sent += 1
        tell(1)
        await self.stream.place(client_order_id=f"{self.user}-{self.sent}", account_id=self.account_id, **order)

    async def trade(self, count: int, tell: Tell) -> None:
        """Send so many orders, some changed or withdrawn on the way, a window of them unanswered at a time."""
        window = asyncio.Semaphore(OUTSTANDING)

        async def act(action: Any) -> None:
            try:
                await action
            except Refused as refusal:
                self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
            finally:
                window.release()

        async with asyncio.TaskGroup() as tasks:
            while self.sent < count:
                await window.acquire()
                tasks.create_task(act(self._next(tell)))
                await asyncio.sleep(0)

    async def _next(self, tell: Tell) -> None:
        """One message: an order, or a change of one that is open."""
        draw = self.chance.random()
        if draw < 0.26 and (order_id := self._some_open()) is not None:
            await self._change(order_id)
            return
        self.sent += 1
        tell(1)
        buys = not self.sells_only and self.chance.random() < 0.58
        if draw < 0.82:
            distance, lots = -self.chance.randrange(1, 7), self.chance.randrange(1, 6)
        elif draw < 0.86 and not self.sells_only:
            distance, lots = self.chance.randrange(2, 6), self.chance.randrange(1, 6)
        else:  # more than the other side has within a few ticks: filled in part, at several prices
            distance, lots = self.chance.randrange(4, 7), self.chance.randrange(250, 500)
            buys = not self.sells_only
        sweeps = lots > 50
        await self.stream.place(
            client_order_id=f"{self.user}-{self.sent}",
            account_id=self.account_id,
            instrument_id=self.chance.choice(self.instruments),
            side="buy" if buys else "sell",
            quantity_lots=lots,
            price_ticks=MIDDLE_TICKS + (distance if buys else -distance),
            time_in_force="ioc" if sweeps else "gtc",
        )

    async def _change(self, order_id: str) -> None:
        order = self.orders[order_id]
        if self.chance.random() < 0.6 or order.quantity_lots - order.filled_lots < 2:
            await self.stream.cancel(self.account_id, order_id)
        else:
            distance = self.chance.randrange(1, 9)
            await self.stream.replace(
                account_id=self.account_id,
                order_id=order_id,
                client_order_id=f"{self.user}-r{self.chance.randrange(10**9)}",
                price_ticks=MIDDLE_TICKS - distance if self.chance.random() < 0.5 else MIDDLE_TICKS + distance,
                quantity_lots=order.quantity_lots,
            )

    def _some_open(self) -> str | None:
        """An order that is open and was not changed yet, the earliest of a few."""
        for order_id, order in list(self.orders.items())[-60:]:
            if order.is_open and not order.asked:
                order.asked = True
                return order_id
        return None


async def admit_investors(stage: Stage) -> None:
    """Twenty-five simulated investors, invited to the test market, their test money received."""
    stage.facts["investors"] = []
    for place in range(1, INVESTORS + 1):
        name = f"Simulated investor {place}"
        told = await stage.ask("operator", "member.register", name=name, role="investor", country="CN", simulated=True)
        member_id = one(told, "member.registered")["member"]["member_id"]
        account_id = one(told, "account.opened")["account"]["account_id"]
        await stage.ask("operator", "member.class", member_id=member_id, standings=["invited", "method_statement"])
        await fund(stage, account_id, name, "XTS", CASH_MINOR)
        stage.facts["investors"].append(
            {"user": f"investor{place}", "member_id": member_id, "account_id": account_id, "name": name}
        )
    for place in range(0, INVESTORS, 5):
        group = stage.facts["investors"][place : place + 5]
        await asyncio.gather(*(stage.cast(person["user"], person["member_id"]) for person in group))
    admitted = len(stage.facts["investors"])
    money_each = money(CASH_MINOR, "XTS")
    stage.tell("investors", admitted, f"{admitted} simulated investors are admitted; each pays in {money_each}.")


async def trade_on_the_book(stage: Stage) -> None:
    """Issuers and investors trade; then the counts must be what the story promises.

    Raises: StoryBroken.
    """
    whole = ORDERS + INVESTORS

    def tell(count: int) -> None:
        stage.advance(count / whole)

    instruments = [instrument["instrument_id"] for instrument in stage.facts["instruments"]]
    cast = [(person["user"], person["account_id"], instruments, False) for person in stage.facts["investors"]]
    cast += [
        (issuer["user"], issuer["account_id"], [issuer["instrument_id"]], True) for issuer in stage.facts["instruments"]
    ]
    traders: list[Trader] = []
    listeners: list[asyncio.Task[None]] = []
    streams: list[Stream] = []
    try:
        for place, (user, account_id, names, sells_only) in enumerate(cast):
            stream = stage.clients[user].stream()
            await stream.__aenter__()
            streams.append(stream)
            trader = Trader(user, account_id, stream, _whims(place), names, sells_only)
            listeners.append(asyncio.create_task(trader.listen(await stream.account(account_id))))
            traders.append(trader)
        issuers = [trader for trader in traders if trader.sells_only]
        await _open_by_call(stage, issuers, [trader for trader in traders if not trader.sells_only], tell)
        share = -(-(ORDERS - len(issuers) * ISSUER_ORDERS) // INVESTORS)
        await asyncio.gather(*(trader.trade(ISSUER_ORDERS if trader.sells_only else share, tell) for trader in traders))
        await asyncio.sleep(0.5)  # the last private events are on their way
    finally:
        for listener in listeners:
            listener.cancel()
        for stream in streams:
            await stream.__aexit__(None, None, None)
    _count(stage, traders)


def _whims(place: int) -> random.Random:
    """A trader's own seeded chance."""
    return random.Random(SEED + place)  # noqa: S311 - nothing secret hangs on it


async def _open_by_call(stage: Stage, issuers: list[Trader], investors: list[Trader], tell: Tell) -> None:
    """Every book opens with a call: offers and bids gather, one price serves as many as it can; trading goes on."""
    instruments = [issuer.instruments[0] for issuer in issuers]
    calls = [await investors[0].stream.auction(instrument_id) for instrument_id in instruments]
    await _begin(stage, instruments, "opening_call")
    await asyncio.gather(*(_first_offers(issuer, tell) for issuer in issuers))
    await asyncio.gather(*(_first_bids(place, trader, tell) for place, trader in enumerate(investors)))
    await _begin(stage, instruments, "continuous")
    async with asyncio.timeout(OPENED_S):
        stage.facts["openings"] = [await _opened(call) for call in calls]
    for call in calls:
        await investors[0].stream.unfollow(call)
    await asyncio.gather(*(_iceberg(issuer, tell) for issuer in issuers))
    await asyncio.gather(*(_stop(trader, tell) for trader in investors))


async def _begin(stage: Stage, instruments: list[str], phase: str) -> None:
    """An operator begins a phase everywhere."""
    for instrument_id in instruments:
        await stage.ask("operator", "instrument.change_phase", instrument_id=instrument_id, phase=phase)


async def _opened(call: Followed) -> dict[str, Any]:
    """Follow a call until its auction is settled and trading goes on; answers what the auction fixed."""
    async for message in call:
        if message["phase"] == "continuous" and message["fixed"] is not None:
            fixed: dict[str, Any] = message["fixed"]
            return fixed
    raise StoryBroken("a call did not end")


async def _first_offers(trader: Trader, tell: Tell) -> None:
    """An issuer offers its shares at a ladder of prices."""
    for step in range(12):
        await trader.place(
            tell,
            instrument_id=trader.instruments[0],
            side="sell",
            quantity_lots=30,
            price_ticks=MIDDLE_TICKS + 1 + step % 6,
            time_in_force="gtc",
        )


async def _first_bids(place: int, trader: Trader, tell: Tell) -> None:
    """An investor bids in two calls, for the opening alone."""
    for step in range(2):
        await trader.place(
            tell,
            instrument_id=trader.instruments[(2 * place + step) % len(trader.instruments)],
            side="buy",
            quantity_lots=OPENING_LOTS,
            price_ticks=MIDDLE_TICKS + 4,
            time_in_force="at_open",
        )


async def _iceberg(trader: Trader, tell: Tell) -> None:
    """An issuer offers many lots and shows few of them; and a few more so far up that they stay for who comes later."""
    await trader.place(
        tell,
        instrument_id=trader.instruments[0],
        side="sell",
        quantity_lots=200,
        display_lots=20,
        price_ticks=MIDDLE_TICKS + 3,
        time_in_force="gtc",
    )
    for step in (8, 10, 12):
        await trader.place(
            tell,
            instrument_id=trader.instruments[0],
            side="sell",
            quantity_lots=50,
            price_ticks=MIDDLE_TICKS + step,
            time_in_force="gtc",
        )


async def _stop(trader: Trader, tell: Tell) -> None:
    """An investor buys once the price has risen to a level."""
    await trader.place(
        tell,
        instrument_id=trader.chance.choice(trader.instruments),
        side="buy",
        order_type="stop_limit",
        stop_ticks=MIDDLE_TICKS + 4,
        quantity_lots=3,
        price_ticks=MIDDLE_TICKS + 6,
        time_in_force="gtc",
    )


def _count(stage: Stage, traders: list[Trader]) -> None:
    """The story's figures, and whether they are as promised."""
    orders = [order for trader in traders for order in trader.orders.values()]
    for trader in traders:
        for code, count in trader.refused.items():
            stage.refusals[code] += count
    counts = {
        "sent": sum(trader.sent for trader in traders),
        "accepted": len(orders),
        "accounts": sum(1 for trader in traders if trader.orders),
        "traded": sum(1 for order in orders if order.filled_lots),
        "cancelled_or_replaced": sum(1 for order in orders if order.changed),
        "part_filled_at_two_prices": sum(
            1 for order in orders if len(order.prices) >= 2 and order.filled_lots < order.quantity_lots
        ),
        "iceberg_slices": sum(trader.moved.get("refilled", 0) for trader in traders),
        "stops_triggered": sum(trader.moved.get("triggered", 0) for trader in traders),
    }
    accepted = max(1, counts["accepted"])
    promised = {"traded": 30, "cancelled_or_replaced": 15, "part_filled_at_two_prices": 5}
    for name, percent in promised.items():
        if counts[name] * 100 < percent * accepted:
            raise StoryBroken(f"{name}: promised {percent} % of the orders, came out as {counts}")
    if counts["accepted"] < 10_000 or counts["accounts"] < 20:
        raise StoryBroken(f"too few orders: {counts}")
    opened = sum(1 for fixed in stage.facts["openings"] if fixed["price_ticks"] and fixed["quantity_lots"])
    if opened < len(stage.facts["openings"]) or not counts["iceberg_slices"] or not counts["stops_triggered"]:
        raise StoryBroken(f"a call without a price, or no slice or stop: {opened} opened, {counts}")
    lots = sum(fixed["quantity_lots"] for fixed in stage.facts["openings"])
    stage.tell(
        "openings",
        {"instruments": opened, "lots": lots},
        f"{opened} books open by a call auction, each at one price, for {lots:,} lots in all.",
    )
    stage.tell(
        "orders",
        counts,
        f"{counts['accepted']:,} orders come from {counts['accounts']} accounts over the WebSocket: "
        f"{counts['traded']:,} trade, {counts['cancelled_or_replaced']:,} are cancelled or replaced, "
        f"{counts['part_filled_at_two_prices']:,} are filled in part at two prices or more. "
        f"Icebergs show {counts['iceberg_slices']} further slices, "
        f"{counts['stops_triggered']} stops are set free. Every trade settles at once, shares against money.",
    )
