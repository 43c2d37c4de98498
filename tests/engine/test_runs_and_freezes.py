"""Long work goes on in chunks and survives a restart; a freeze acts at once, and for the rest by a run."""

from __future__ import annotations

from exchange.core.ids import ConnectionId, RunId
from exchange.core.instruments import Side, TimeInForce
from exchange.core.membership import FreezeMember
from exchange.core.messages import Rejected
from exchange.core.node_messages import ContinueRun, RunContinued, RunStarted, StartNode
from exchange.core.units import PriceTicks, QuantityLots
from exchange.engine.order_ends import MAX_ENDED
from exchange.engine.runs import CHUNK
from matching.messages import CancelAllOrders, OrderCancelled, PlaceOrder
from tests.support import Venue


def bidders(count: int) -> Venue:
    """A venue where li has this many bids open; checks are made at the end only."""
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.checking = False
    venue.member("wu")
    venue.member("li", cash=count)
    venue.instrument("INS", wu=10)
    for place in range(count):
        bid(venue, f"b{place}")
    return venue


def bid(venue: Venue, name: str, connection: int = 0) -> None:
    """One bid of li's for one lot at one tick, good till cancelled."""
    command = PlaceOrder(
        client_order_id=name,
        account_id=venue.accounts["li"],
        instrument_id=venue.instruments["INS"],
        side=Side.BUY,
        quantity_lots=QuantityLots(1),
        price_ticks=PriceTicks(1),
        time_in_force=TimeInForce.GTC,
        cancel_on_disconnect=connection > 0,
    )
    venue.do(command, "li", ConnectionId(connection))


def test_cancel_all_ends_every_order_in_chunks() -> None:
    venue = bidders(2 * CHUNK + 1)
    started = venue.make(CancelAllOrders(account_id=venue.accounts["li"]), RunStarted, "li")
    assert started.run.total == 2 * CHUNK + 1
    assert len(venue.state.orders) == 2 * CHUNK + 1
    assert venue.finish_runs() == 3
    venue.holds("li", cash=0)
    assert not venue.state.orders
    venue.close()


def test_a_run_goes_on_after_a_restart_and_minds_what_traded_meanwhile() -> None:
    venue = bidders(CHUNK + 5)
    run = venue.make(CancelAllOrders(account_id=venue.accounts["li"]), RunStarted, "li").run
    venue.do(ContinueRun(run_id=run.run_id, from_position=0), "node")
    venue.plays("wu sells 2 @ 1 -> li 1 @ 1, li 1 @ 1")
    venue.restart()
    events = venue.do(ContinueRun(run_id=run.run_id, from_position=CHUNK), "node")
    assert [type(event) for event in events] == [*[OrderCancelled] * 3, RunContinued]
    assert not venue.state.runs
    venue.close()


def test_a_chunk_is_done_once() -> None:
    venue = bidders(CHUNK + 1)
    run = venue.make(CancelAllOrders(account_id=venue.accounts["li"]), RunStarted, "li").run
    assert venue.refusal(ContinueRun(run_id=RunId(1), from_position=0), "node") == "run.unknown"
    assert venue.refusal(ContinueRun(run_id=run.run_id, from_position=1), "node") == "run.stale"
    assert venue.refusal(ContinueRun(run_id=run.run_id, from_position=0), "node") == ""
    assert venue.refusal(ContinueRun(run_id=run.run_id, from_position=0), "node") == "run.stale"
    assert venue.refusal(ContinueRun(run_id=run.run_id, from_position=CHUNK), "node") == ""
    assert venue.refusal(ContinueRun(run_id=run.run_id, from_position=CHUNK), "node") == "run.unknown"


def test_a_freeze_ends_orders_in_its_own_command_and_only_a_long_tail_by_a_run() -> None:
    venue = bidders(MAX_ENDED + 1)
    events = venue.do(FreezeMember(member_id=venue.members["li"], frozen=True))
    assert sum(isinstance(event, OrderCancelled) for event in events) == MAX_ENDED
    assert isinstance(events[-1], RunStarted)
    assert len(venue.state.orders) == 1
    venue.finish_runs()
    venue.holds("li", cash=0)
    venue.close()


def test_a_start_ends_what_was_to_end_with_the_connections_of_earlier_epochs() -> None:
    venue = bidders(1)
    venue.deposit("li", 3)
    bid(venue, "c1", connection=1)
    bid(venue, "c2", connection=2)
    venue.restart()
    assert len(venue.state.orders) == 3
    assert venue.finish_runs() == 1
    assert [order.client_order_id for order in venue.state.orders.values()] == ["b0"]
    bid(venue, "c3", connection=1)
    assert not isinstance(venue.do(StartNode(), "node")[0], Rejected)
    assert not venue.state.runs, "the orders of this epoch stay"
    assert len(venue.state.orders) == 2
    venue.close()
