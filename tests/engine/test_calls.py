"""Calls and their auctions: drawn ends anybody can check, settling in steps, and what may not happen meanwhile."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import pytest

from exchange.core.ids import InstrumentId, OrderId
from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.messages import MAX_EVENTS, Event, Rejected
from exchange.core.node_messages import AdvanceClock, ContinueRun, RunKind
from exchange.core.units import NS_PER_SECOND, PriceTicks, QuantityLots
from exchange.engine.auctions import shares_due
from exchange.engine.sessions import session_of
from matching.book_messages import most_events
from matching.messages import (
    CancelAllOrders,
    CancelOrder,
    CancelReason,
    ChangePhase,
    FreezeInstrument,
    InstrumentPhaseChanged,
    OrderAccepted,
    OrderCancelled,
    PlaceOrder,
    ReplaceOrder,
    TradeMade,
)
from matching.session_messages import AuctionFixed, CallSeedCommitted, CallSeedRevealed, SessionChanged
from tests.engine.days import Days, day, staged, venue_with
from tests.support import Venue

E = TypeVar("E", bound=Event)
RANDOM = day("09:00:00 opening_call", "09:10:00 continuous +30", "17:00:00 closing_call", "17:05:00 closed +60")


def told(venue: Venue, kind: type[E], place: int = 0) -> list[E]:
    """Every event of one kind, in the journal's order."""
    return [event for entry in venue.journal[place:] for event in entry.events if isinstance(event, kind)]


def instrument_id(venue: Venue) -> InstrumentId:
    return venue.instruments["INS"]


def phase(venue: Venue) -> Phase:
    return venue.state.instruments[venue.instruments["INS"]].phase


# --- Ends that are drawn ----------------------------------------------------------------------------------------------


def when_continuous_began(venue: Venue) -> int:
    """The moment of the header at which the phase settling began for continuous trading."""
    for entry in venue.journal:
        for event in entry.events:
            if isinstance(event, AuctionFixed):
                return entry.header.at_ns
    raise AssertionError("no auction was held")


def test_a_call_ends_at_the_moment_its_revealed_seed_gives_and_the_seed_is_the_one_committed_to() -> None:
    venue = staged(timetable=RANDOM)
    days = Days(venue)
    days.plays("09:00:00 -> opening_call")
    [committed] = told(venue, CallSeedCommitted)
    assert told(venue, CallSeedRevealed) == []
    days.plays("09:11:00 -> settling, continuous")
    [revealed] = told(venue, CallSeedRevealed)

    seed = bytes.fromhex(revealed.seed_hex)
    assert hashlib.sha256(seed).hexdigest() == committed.commitment_sha256
    assert revealed.first_end_ns % (86_400 * NS_PER_SECOND) == (9 * 3_600 + 600) * NS_PER_SECOND
    message = seed + instrument_id(venue).to_bytes(8, "big") + revealed.first_end_ns.to_bytes(8, "big")
    drawn_ms = int(hashlib.sha256(message).hexdigest()[:16], 16) % 30_001
    assert revealed.end_ns == revealed.first_end_ns + drawn_ms * 1_000_000
    assert revealed.random_seconds == 30
    assert 0 <= when_continuous_began(venue) - revealed.end_ns <= 2_000_000, "the first command from then on"
    venue.close()


def test_each_seed_ends_one_call_and_the_next_is_committed_to_before_its_call() -> None:
    venue = staged(timetable=RANDOM)
    Days(venue).plays("""
        09:30:00        -> opening_call, settling, continuous
        18:00:00        -> closing_call, settling, closed
        +1 09:30:00     -> opening_call, settling, continuous
    """)
    committed = [event.commitment_sha256 for event in told(venue, CallSeedCommitted)]
    revealed = [hashlib.sha256(bytes.fromhex(event.seed_hex)).hexdigest() for event in told(venue, CallSeedRevealed)]
    assert committed[: len(revealed)] == revealed
    assert len(committed) == len(set(committed)) == len(revealed) + 1 == 4
    venue.close()


def test_a_call_that_is_ended_by_hand_keeps_its_seed_secret_and_for_the_next() -> None:
    venue = staged(timetable=RANDOM)
    days = Days(venue)
    days.plays("""
        09:10:00              -> opening_call
        ops begins continuous -> settling, continuous
    """)
    ends = [timer for timer in venue.state.due if timer[1]]
    assert told(venue, CallSeedRevealed) == []
    assert len(ends) == 1, "the drawn end is forgotten: the timetable's next phase is all that is due"
    days.plays("18:00:00 -> closing_call, settling, closed")
    [committed], [revealed] = told(venue, CallSeedCommitted)[:1], told(venue, CallSeedRevealed)
    assert hashlib.sha256(bytes.fromhex(revealed.seed_hex)).hexdigest() == committed.commitment_sha256


def test_without_chance_calls_end_on_the_dot() -> None:
    venue = staged(timetable=RANDOM)
    while phase(venue) is not Phase.SETTLING:
        venue.clock_ns = max(venue.clock_ns, venue.state.due[0][0])
        venue.do(AdvanceClock(), "node")
    assert told(venue, CallSeedCommitted) == []
    seconds_of_day = venue.state.at_ns % (86_400 * NS_PER_SECOND) // NS_PER_SECOND
    assert seconds_of_day == 9 * 3_600 + 600


def test_only_a_session_event_holds_a_seed_before_it_is_revealed() -> None:
    venue = staged(timetable=RANDOM)
    Days(venue).plays("09:10:00 -> opening_call")
    seed = session_of(venue.state, venue.instruments["INS"]).seed
    assert len(seed) == 32
    for entry in venue.journal:
        for event in entry.events:
            shown = repr(event)
            assert isinstance(event, SessionChanged) or (seed.hex() not in shown and repr(seed) not in shown)


# --- Settling ---------------------------------------------------------------------------------------------------------


def crowded(orders: int, **rules: Any) -> Venue:
    """A call of many small orders, about half of which can trade."""
    venue = venue_with(**rules)
    venue.checking = False
    for name in ("wu", "ren", "li", "zhao"):
        venue.member(name, cash=10_000_000)
    venue.instrument("INS", band=(1, 1_000), holders=dict.fromkeys(("wu", "ren"), 100_000), opened=False)
    venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.OPENING_CALL))
    for place in range(orders):
        who = ("li", "wu", "zhao", "ren")[place % 4]
        side = Side.BUY if who in ("li", "zhao") else Side.SELL
        venue.do(order(venue, who, side, 1 + place * 5 % 7, 98 + place * 11 % 5), who)
    return venue


def order(venue: Venue, who: str, side: Side, lots: int, price: int | None, **more: Any) -> PlaceOrder:
    fields: dict[str, Any] = {
        "client_order_id": f"c{venue.state.sequence}",
        "account_id": venue.accounts[who],
        "instrument_id": venue.instruments["INS"],
        "side": side,
        "quantity_lots": QuantityLots(lots),
        "price_ticks": None if price is None else PriceTicks(price),
        "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
    }
    return PlaceOrder(**(fields | more))


@pytest.mark.parametrize("allocation", ["price_time", "pro_rata"])
def test_an_auction_settled_in_chunks_with_a_crash_between_any_two_is_the_one_that_was_fixed(allocation: str) -> None:
    venue = crowded(1_200, allocation=allocation)
    begun = len(venue.journal)
    venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.CONTINUOUS))
    [fixed] = told(venue, AuctionFixed)
    assert fixed.quantity_lots >= 1_000
    shares = len(venue.state.books[venue.instruments["INS"]].state().shares)
    assert shares > 20 if allocation == "pro_rata" else shares == 0
    chunks = 0
    while phase(venue) is Phase.SETTLING:
        venue.restart()
        [run] = [run for run in venue.state.runs.values() if run.kind is RunKind.UNCROSS]
        venue.do(ContinueRun(run_id=run.run_id, from_position=run.position), "node")
        assert len(venue.journal[-1].events) <= MAX_EVENTS
        chunks += 1
    assert chunks > 4
    trades = told(venue, TradeMade, begun)
    assert sum(trade.quantity_lots for trade in trades) == fixed.quantity_lots
    assert {(trade.price_ticks, trade.aggressor) for trade in trades} == {(fixed.price_ticks, None)}
    assert phase(venue) is Phase.CONTINUOUS
    venue.close()


@pytest.mark.parametrize("allocation", ["price_time", "pro_rata"])
def test_a_crash_changes_nothing_of_who_gets_what(allocation: str) -> None:
    def allotted(crashes: bool) -> list[tuple[int, int, int]]:
        venue = crowded(400, allocation=allocation)
        place = len(venue.journal)
        venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.CONTINUOUS))
        while venue.state.runs:
            if crashes:
                venue.restart()
            run = venue.state.runs[min(venue.state.runs)]
            venue.do(ContinueRun(run_id=run.run_id, from_position=run.position), "node")
        return [(t.buyer.order_id, t.seller.order_id, t.quantity_lots) for t in told(venue, TradeMade, place)]

    assert allotted(crashes=True) == allotted(crashes=False) != []


def settling() -> Venue:
    """An auction that has begun to settle, with orders of both kinds left."""
    venue = crowded(400)
    venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.CONTINUOUS))
    assert phase(venue) is Phase.SETTLING
    return venue


def test_while_an_auction_settles_nobody_enters_changes_or_leaves() -> None:
    venue = settling()
    some = min(venue.state.orders)
    who = {account_id: name for name, account_id in venue.accounts.items()}[venue.state.orders[some].account_id]
    account = venue.accounts[who]
    assert venue.refusal(order(venue, "li", Side.BUY, 1, 100), "li") == "order.uncrossing"
    assert venue.refusal(CancelOrder(account_id=account, order_id=some), who) == "order.uncrossing"
    replaced = ReplaceOrder(
        account_id=account,
        order_id=some,
        client_order_id="again",
        price_ticks=PriceTicks(1),
        quantity_lots=QuantityLots(1),
    )
    assert venue.refusal(replaced, who) == "order.uncrossing"
    for wanted in Phase:
        command = ChangePhase(instrument_id=venue.instruments["INS"], phase=wanted)
        assert venue.refusal(command) == "instrument.phase"
    venue.finish_runs()
    assert phase(venue) is Phase.CONTINUOUS
    venue.close()


def test_who_withdraws_all_while_an_auction_settles_is_withdrawn_after_it() -> None:
    venue = settling()
    place = len(venue.journal)
    venue.do(CancelAllOrders(account_id=venue.accounts["li"]), "li")
    venue.finish_runs()
    kinds = [type(event) for entry in venue.journal[place:] for event in entry.events]
    assert TradeMade not in kinds[kinds.index(OrderCancelled) :], "first the auction, then the withdrawals"
    assert {event.reason for event in told(venue, OrderCancelled, place)} == {CancelReason.CANCEL_ALL}
    assert all(open_order.account_id != venue.accounts["li"] for open_order in venue.state.orders.values())
    venue.close()


def test_an_instrument_frozen_while_its_auction_settles_gets_what_was_fixed_and_then_closes() -> None:
    venue = settling()
    [fixed] = told(venue, AuctionFixed)
    place = len(venue.journal)
    venue.do(FreezeInstrument(instrument_id=venue.instruments["INS"], frozen=True))
    venue.finish_runs()
    assert sum(trade.quantity_lots for trade in told(venue, TradeMade, place)) == fixed.quantity_lots
    assert phase(venue) is Phase.CLOSED
    assert venue.state.orders == {}
    venue.close()


@pytest.mark.parametrize(("by_hand", "then"), [(Phase.CLOSED, Phase.CLOSED), (Phase.CONTINUOUS, Phase.CLOSING_CALL)])
def test_a_phase_due_while_an_auction_settles_follows_it_unless_an_operator_closed(by_hand: Phase, then: Phase) -> None:
    venue = staged(
        timetable=day("09:00:00 opening_call", "09:10:00 continuous", "09:20:00 closing_call", "10:00:00 closed")
    )
    days = Days(venue)
    days.plays("""
        09:00:00               -> opening_call
        li   buys  5 @ 100     -> rests
        wu   sells 5 @ 100     -> rests
    """)
    venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=by_hand))
    for _ in range(2):
        venue.clock_ns = max(venue.clock_ns, venue.state.due[0][0])
        venue.do(AdvanceClock(), "node")
    assert phase(venue) is Phase.SETTLING
    venue.finish_runs()
    assert phase(venue) is then
    assert sum(trade.quantity_lots for trade in told(venue, TradeMade)) == 5
    venue.close()


def test_what_lives_for_the_auction_alone_ends_with_it() -> None:
    venue = staged()
    days = Days(venue)
    days.plays("""
        ops begins opening_call      -> opening_call
        wu   sells 5 @ 100           -> rests
        li   buys  9 at market       -> rests
        zhao buys  2 @ 99 at_open    -> rests
        ops begins continuous        -> settling, continuous
        trades                       -> li wu 5 @ 100
        book                         -> |
    """)
    reasons = sorted(event.reason.value for event in told(venue, OrderCancelled))
    assert reasons == ["auction_ended", "market_remainder"]
    venue.close()


# --- Bounds -----------------------------------------------------------------------------------------------------------


def test_a_change_of_phase_fits_behind_the_most_that_timers_tell_before_it() -> None:
    from exchange.engine.node_life import MAX_TOLD
    from exchange.engine.phases import PHASE_FILLS

    few = 16
    assert MAX_TOLD + most_events(PHASE_FILLS) + few <= MAX_EVENTS


def test_orders_that_join_a_call_in_several_steps_are_waited_for() -> None:
    venue = venue_with()
    venue.checking = False
    venue.member("wu", cash=0)
    venue.member("li", cash=1_000_000)
    venue.instrument("INS", band=(1, 1_000), holders={"wu": 10_000}, opened=False)
    venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.CONTINUOUS))
    for place in range(120):
        who, side = (("li", Side.BUY), ("wu", Side.SELL))[place % 2]
        events = venue.do(order(venue, who, side, 1, 100, time_in_force=TimeInForce.AT_CLOSE), who)
        assert isinstance(events[0], OrderAccepted)
    change = ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.CLOSING_CALL)
    venue.do(change)
    assert venue.state.books[venue.instruments["INS"]].pending
    closing = ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.CLOSED)
    refused = venue.do(closing)[0]
    assert isinstance(refused, Rejected) and refused.detail == "orders are still joining the call"
    venue.finish_runs()
    venue.do(closing)
    venue.finish_runs()
    [fixed] = told(venue, AuctionFixed)
    assert (fixed.quantity_lots, phase(venue)) == (60, Phase.CLOSED)
    venue.close()


def test_a_timed_end_waits_for_orders_that_are_still_joining() -> None:
    venue = venue_with(timetable=day("09:00:00 continuous", "10:00:00 closing_call", "10:00:01 closed"))
    venue.checking = False
    venue.member("wu", cash=0)
    venue.member("li", cash=1_000_000)
    venue.instrument("INS", band=(1, 1_000), holders={"wu": 10_000}, opened=False)
    Days(venue).plays("09:00:00 -> continuous")
    for place in range(120):
        who, side = (("li", Side.BUY), ("wu", Side.SELL))[place % 2]
        venue.do(order(venue, who, side, 1, 100, time_in_force=TimeInForce.AT_CLOSE), who)
    for _ in range(2):  # both moments come before any run goes on
        venue.clock_ns = max(venue.clock_ns, venue.state.due[0][0])
        venue.do(AdvanceClock(), "node")
    assert phase(venue) is Phase.CLOSING_CALL
    Days(venue).plays("10:00:02 -> settling, closed")
    [fixed] = told(venue, AuctionFixed)
    assert fixed.quantity_lots == 60
    venue.close()


def test_shares_that_are_due_follow_from_the_plan_and_what_is_left() -> None:
    plan = [100, 31, 11, 21, 60, 12, 10, 30, 13, 0, 5]
    left = {OrderId(11): 55, OrderId(12): 30, OrderId(13): 5}
    assert shares_due(plan, left) == ((11, 16), (12, 10))
    assert shares_due(plan, {OrderId(11): 39}) == ()
    assert shares_due([0, 0], {}) == ()


def test_every_phase_an_instrument_passes_through_is_told_with_its_reason() -> None:
    venue = staged(timetable=RANDOM)
    Days(venue).plays("09:11:00 -> opening_call, settling, continuous")
    reasons = [event.reason for event in told(venue, InstrumentPhaseChanged)]
    assert reasons == ["timetable", "timetable", "the auction is settled"]
