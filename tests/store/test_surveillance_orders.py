"""Surveillance over a journal in which every kind of order was traded: what shows can impress, what does not cannot."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from exchange.core.ids import OrderId
from exchange.core.instruments import OrderType, Phase, SelfTradePrevention, Side
from exchange.core.units import PriceTicks, QuantityLots
from exchange.store.queries.reader import Reads
from exchange.store.queries.surveillance import Patrol
from matching.messages import CancelOrder, ChangePhase, OrderAccepted, PlaceOrder
from matching.surveillance.alerts import Alert, AlertKind
from matching.surveillance.parameters import shipped
from tests.engine.days import staged
from tests.support import Venue

LAYERS: dict[str, tuple[dict[str, Any], bool]] = {
    "as they are": ({"order_type": OrderType.LIMIT}, True),
    "pegged below the best bid": ({"order_type": OrderType.PEGGED_BEST}, True),
    "as icebergs that show a lot": ({"order_type": OrderType.LIMIT, "display_lots": QuantityLots(1)}, False),
    "hidden": ({"order_type": OrderType.LIMIT, "hidden": True}, False),
    "all or none": ({"order_type": OrderType.LIMIT, "all_or_none": True}, False),
    "as stops that wait": ({"order_type": OrderType.STOP_LIMIT, "stop_ticks": PriceTicks(150)}, False),
}


class Desk:
    """People who trade at a venue, and what a walk over its journal finds."""

    def __init__(self) -> None:
        self.venue: Venue = staged()
        self.keys = 0
        self.instrument_id = self.venue.instruments["INS"]
        self.venue.do(ChangePhase(instrument_id=self.instrument_id, phase=Phase.CONTINUOUS))

    def places(self, who: str, side: Side, lots: int, price: int, **more: Any) -> OrderId:
        """Somebody's order."""
        self.keys += 1
        order = PlaceOrder(
            client_order_id=f"key-{self.keys}",
            account_id=self.venue.accounts[who],
            instrument_id=self.instrument_id,
            side=side,
            quantity_lots=QuantityLots(lots),
            price_ticks=PriceTicks(price),
            **more,
        )
        return self.venue.make(order, OrderAccepted, who).order_id

    def withdraws(self, who: str, order_id: OrderId) -> None:
        """Somebody takes an order away."""
        self.venue.do(CancelOrder(account_id=self.venue.accounts[who], order_id=order_id), who)

    def alerts(self, folder: Path) -> list[Alert]:
        """What a walk over the whole journal finds."""
        path = folder / "exchange.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as file:
            self.venue.scratch.connection.backup(file)
        reads = Reads(f"sqlite:///{path}")
        try:
            patrol = Patrol(shipped(), first=1, last=10_000)
            found: list[Alert] = []
            while not patrol.done:
                found += reads.run(patrol.step)
            return found
        finally:
            reads.close()


@pytest.mark.parametrize(("terms", "impresses"), LAYERS.values(), ids=LAYERS)
def test_three_bids_that_go_when_the_offer_is_sold(terms: dict[str, Any], impresses: bool, tmp_path: Path) -> None:
    desk = Desk()
    desk.places("li", Side.BUY, 1, 100)
    real = desk.places("wu", Side.SELL, 10, 102)
    pegged = terms["order_type"] is OrderType.PEGGED_BEST
    shown = [
        desk.places(
            "ren", Side.BUY, 20, 100 if pegged else 100 - away, **terms, **({"offset_ticks": away} if pegged else {})
        )
        for away in (1, 2, 3)
    ]
    own = desk.places("ren", Side.SELL, 10, 101)
    desk.places("zhao", Side.BUY, 10, 101)
    for order_id in shown:
        desk.withdraws("ren", order_id)
    desk.withdraws("wu", real)

    found = desk.alerts(tmp_path)
    if not impresses:
        assert found == []
        return
    [alert] = found
    assert (alert.kind, alert.accounts) == (AlertKind.LAYERING, (desk.venue.accounts["ren"],))
    assert alert.order_ids == (own, *shown)


def test_bids_that_an_own_offer_cut_were_not_withdrawn(tmp_path: Path) -> None:
    desk = Desk()
    shown = [desk.places("ren", Side.BUY, 20, price) for price in (99, 98, 97)]
    desk.places("ren", Side.SELL, 10, 101)
    desk.places("zhao", Side.BUY, 10, 101)
    desk.places("ren", Side.SELL, 58, 97, self_trade_prevention=SelfTradePrevention.DECREMENT)
    assert [desk.venue.state.orders[order_id].remaining_lots for order_id in shown[2:]] == [2]

    assert desk.alerts(tmp_path) == []


def test_an_auctions_trades_press_no_price(tmp_path: Path) -> None:
    desk = Desk()
    desk.places("wu", Side.SELL, 1, 100)
    desk.places("li", Side.BUY, 1, 100)
    desk.venue.do(ChangePhase(instrument_id=desk.instrument_id, phase=Phase.CLOSING_CALL))
    for price in (104, 108, 112):
        desk.places("wu", Side.SELL, 5, price)
        desk.places("zhao", Side.BUY, 5, 120)
    desk.venue.do(ChangePhase(instrument_id=desk.instrument_id, phase=Phase.POST_CLOSE))
    desk.venue.finish_runs()
    desk.venue.do(ChangePhase(instrument_id=desk.instrument_id, phase=Phase.CLOSED))
    assert desk.venue.state.numbers[desk.instrument_id].trade_n > 1

    assert desk.alerts(tmp_path) == []
