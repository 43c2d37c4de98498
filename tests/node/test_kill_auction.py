"""A process killed in the middle of an auction: the run that hands out its fills goes on where the journal left it.

Each round members enter orders in a call, an operator ends it, and the node is killed while the run is under way, more
than once. In the end every auction has handed out what it fixed: no more, no less, and at its price.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and the seed is printed
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase, Side, TimeInForce
from exchange.core.messages import Command
from exchange.core.units import PriceTicks, QuantityLots
from exchange.core.wire import decode_events
from exchange.store.proofs import verify
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.matching import InstrumentTable
from exchange.store.snapshot import snapshot
from matching.messages import CancelAllOrders, ChangePhase, InstrumentPhaseChanged, PlaceOrder, TradeMade
from matching.session_messages import AuctionFixed
from tests.node.clients import Clients
from tests.node.driven import Driver, Node, Nodes, Wire, copy_template, nodes
from tests.node.template import NAMES, Stage

SEED = 70
AUCTIONS = 3
KILLS = 3
"""Kills of one auction, the first as soon as it is fixed."""
ORDERS = 700
PATIENCE_S = 20.0


def everybody_orders(driver: Driver, wire: Wire, stage: Stage, rng: random.Random, call: int) -> None:
    """Members bid and offer so that most of them meet: single lots, so that the fills are many."""
    for number in range(ORDERS):
        name = "wu" if number % 2 else rng.choice(NAMES[1:])
        order = PlaceOrder(
            client_order_id=f"A{call}-{number}",
            account_id=stage.accounts[name],
            instrument_id=stage.special,
            side=Side.SELL if name == "wu" else Side.BUY,
            quantity_lots=QuantityLots(rng.randint(1, 3)),
            price_ticks=PriceTicks(rng.randint(95, 100) if name == "wu" else rng.randint(100, 105)),
            time_in_force=rng.choice((TimeInForce.GTC, TimeInForce.AT_OPEN)),
        )
        driver.send(wire, driver.clients.say(stage.users[name], order))
        if number % 50 == 0:
            driver.turn(wire, more=False)
    driver.finish(wire)


def asks(driver: Driver, wire: Wire, stage: Stage, command: Command) -> None:
    """An operator asks, and waits for the answer."""
    driver.send(wire, driver.clients.say(stage.operators[0], command))
    driver.finish(wire)


def phase_of(url: str, instrument_id: InstrumentId) -> Phase:
    """The phase in the tables."""
    columns = InstrumentTable.__table__.c
    with snapshot(url) as tables:
        [(phase,)] = tables.stream(select(columns.phase).where(columns.instrument_id == instrument_id))
    return Phase(phase)


def auctions_in(url: str, instrument_id: InstrumentId) -> list[tuple[int, int, int, set[int]]]:
    """Each auction as the journal tells it: lots and price it fixed, lots it handed out, prices it did so at."""
    found: list[tuple[int, int, int, set[int]]] = []
    under_way = False
    columns = JournalTable.__table__.c
    with snapshot(url) as tables:
        for (events,) in tables.stream(select(columns.events).order_by(columns.sequence)):
            for event in decode_events(bytes(events)):
                if isinstance(event, AuctionFixed) and event.instrument_id == instrument_id:
                    found.append((event.quantity_lots, event.price_ticks, 0, set()))
                    under_way = True
                elif isinstance(event, TradeMade) and event.instrument_id == instrument_id and under_way:
                    lots, price, handed_out, prices = found.pop()
                    found.append((lots, price, handed_out + event.quantity_lots, prices | {event.price_ticks}))
                elif isinstance(event, InstrumentPhaseChanged) and event.instrument.instrument_id == instrument_id:
                    under_way = event.instrument.phase is Phase.SETTLING
    return found


def killed_soon(node: Node, driver: Driver, wire: Wire, wait_s: float) -> None:
    """Kill the node after a moment, and hear what it still said."""
    time.sleep(wait_s)
    node.kill()
    driver.drain(wire)


def settled(forking: Nodes, driver: Driver, url: str, folder: Path, stage: Stage) -> tuple[Node, Wire]:
    """A node that is left alone until the auction is over."""
    node = forking.start(url, folder)
    wire = node.connect()
    driver.begin(wire)
    driver.finish(wire)
    end = time.monotonic() + PATIENCE_S
    while phase_of(url, stage.special) is Phase.SETTLING:
        assert time.monotonic() < end, "the run does not go on"
        time.sleep(0.01)
    return node, wire


def test_an_auction_killed_while_it_hands_out_its_fills_hands_out_each_of_them_once(
    staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    rng = random.Random(SEED)
    database = copy_template(template, tmp_path / "data")
    url, folder = f"sqlite:///{database}", database.parent
    driver = Driver(Clients(stage, rng))
    driver.clients.on_conflict = pytest.fail
    in_the_middle = 0
    with nodes(tmp_path) as forking:
        node, wire = settled(forking, driver, url, folder, stage)
        for call in range(AUCTIONS):
            for name in NAMES:
                asks(driver, wire, stage, CancelAllOrders(account_id=stage.accounts[name]))
            for phase in (Phase.CLOSED, Phase.OPENING_CALL):
                asks(driver, wire, stage, ChangePhase(instrument_id=stage.special, phase=phase))
            everybody_orders(driver, wire, stage, rng, call)
            asks(driver, wire, stage, ChangePhase(instrument_id=stage.special, phase=Phase.CONTINUOUS))
            killed_soon(node, driver, wire, 0.0)
            in_the_middle += phase_of(url, stage.special) is Phase.SETTLING
            for _ in range(KILLS - 1):
                node = forking.start(url, folder)
                wire = node.connect()
                killed_soon(node, driver, wire, rng.uniform(0.0, 0.01))
                in_the_middle += phase_of(url, stage.special) is Phase.SETTLING
            node, wire = settled(forking, driver, url, folder, stage)
        assert wire.control("compare") == ""
        assert driver.check(url) == len(driver.clients.asked)
        node.kill()
        wire.close()
    with snapshot(url) as tables:
        report = verify(tables, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]
    told = auctions_in(url, stage.special)
    assert len(told) == AUCTIONS
    for lots, price, handed_out, prices in told:
        assert lots > 0 and handed_out == lots and prices == {price}
    print(f"seed {SEED}: {in_the_middle} of {AUCTIONS * KILLS} kills in the middle of an auction; {report.summary()}")
    assert in_the_middle >= AUCTIONS
