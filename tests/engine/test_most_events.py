"""The most that one command can tell: every step of the book at its worst, every follower moved, and the rest."""

from __future__ import annotations

import pytest

from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.core.messages import MAX_EVENTS
from exchange.core.units import NS_PER_SECOND
from exchange.engine.book_fold import MAX_FILLS
from exchange.engine.order_ends import MAX_TOLD
from matching.book_messages import MAX_FOLLOWERS
from matching.messages import (
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    PlaceOrder,
    TradeMade,
)
from tests.engine.days import staged
from tests.support import Venue

WORST_OF_A_STEP = 5
"""Two steps of a stop that acts and meets one order make ten: it moved, the other of its pair ended with its timer,
it is covered by itself, a trade, its maker's timer or next slice, the other of the maker's pair ended with its timer,
its own rest ended with its timer."""
BESIDES = 16
"""The order accepted and perhaps ended, its timer, its book's standing, a run, an indication, a phase."""


def test_a_command_that_makes_every_step_and_moves_every_follower_stays_within_its_events() -> None:
    assert WORST_OF_A_STEP * MAX_FILLS + MAX_FOLLOWERS + BESIDES <= MAX_EVENTS
    assert MAX_TOLD + MAX_FOLLOWERS + BESIDES <= MAX_EVENTS, "one more cancel moves every follower"


@pytest.fixture(scope="module")
def venue() -> Venue:
    """Bids a tick apart, each of a pair; for each a stop, of a pair too, that takes it alone; pegs to the offers."""
    venue = staged()
    venue.checking = False
    venue.plays("ops opens -> done")
    venue.deposit("li", 1_000_000)
    venue.deposit("zhao", 1_000_000)
    count = MAX_FILLS // 2
    enter(venue, "ren", Side.SELL, 1, 900)
    enter(venue, "zhao", Side.BUY, 1, 900)
    for place in range(count):
        bid = enter(venue, "li", Side.BUY, 1, 200 - place)
        enter(venue, "li", Side.BUY, 1, 800, stop_ticks=950, oco_order_id=bid)
        offer = enter(venue, "wu", Side.SELL, 2, 500 + place)
        enter(venue, "wu", Side.SELL, 2, 200 - place, time_in_force=TimeInForce.IOC, stop_ticks=300, oco_order_id=offer)
    enter(venue, "ren", Side.SELL, 1, 700)
    for _ in range(MAX_FOLLOWERS):
        enter(venue, "ren", Side.SELL, 1, None, order_type=OrderType.PEGGED_BEST)
    return venue


def enter(venue: Venue, who: str, side: Side, lots: int, price: int | None, **terms: object) -> int:
    """Place an order that ends some day; its identifier."""
    if "stop_ticks" in terms:
        terms["order_type"] = OrderType.STOP_LIMIT
    if "time_in_force" not in terms:
        terms |= {"time_in_force": TimeInForce.GTD, "expires_at_ns": venue.clock_ns + 1_000 * NS_PER_SECOND}
    fields = {
        "client_order_id": "c",
        "account_id": venue.accounts[who],
        "instrument_id": venue.instruments["INS"],
        "side": side,
        "quantity_lots": lots,
        "price_ticks": price,
    }
    return venue.make(PlaceOrder(**(fields | terms)), OrderAccepted, who).order_id  # type: ignore[arg-type]


def test_the_worst_command_that_can_be_made_tells_no_more(venue: Venue) -> None:
    enter(venue, "zhao", Side.BUY, 1, 250)
    events = venue.journal[-1].events
    assert not any(isinstance(event, TradeMade) for event in events)
    enter(venue, "ren", Side.SELL, 1, 250)
    events = venue.journal[-1].events
    told = {kind: sum(isinstance(event, kind) for event in events) for kind in (TradeMade, OrderCancelled, OrderMoved)}
    assert told[TradeMade] > MAX_FILLS // 2 - 2
    assert told[OrderCancelled] > 3 * (MAX_FILLS // 2 - 2)
    assert told[OrderMoved] >= MAX_FILLS // 2 - 2
    assert any(isinstance(event, OrderCovered) for event in events)
    assert MAX_EVENTS // 2 < len(events) <= WORST_OF_A_STEP * MAX_FILLS + MAX_FOLLOWERS + BESIDES
    venue.finish_runs()
    venue.close()
