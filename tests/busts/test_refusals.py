"""What is refused and why, the exact end of the window, and which trades are kept for it."""

from __future__ import annotations

import msgspec
import pytest

from exchange.core.ids import InstrumentId, TradeId
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.units import MAX_INTEGER, NS_PER_SECOND
from exchange.engine import recent_trades
from exchange.engine.recent_trades import RecentTrade, RecentTrades, keep
from exchange.store.load import state as loading
from matching.correction_messages import TradeBusted
from tests.busts.stage import WINDOW_SECONDS, Busts, bust, by_two, correct, remedy, stage, trades_of
from tests.engine.days import CODE
from tests.support import STEP_NS, Venue


def traded(venue: Venue, lots: int = 10) -> TradeId:
    """One trade of wu and li."""
    venue.plays(f"""
        wu sells {lots} @ 100 -> rests
        li buys {lots} @ 100 -> wu {lots} @ 100
    """)
    return trades_of(venue)[-1]


def test_a_market_without_trading_rules_busts_nothing() -> None:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu")
    venue.member("li", cash=10_000)
    venue.instrument("INS", wu=100)
    trade_id = traded(venue)
    assert venue.state.recent_trades == {}, "and keeps no trades for it"
    assert remedy(by_two(venue, bust(venue, trade_id, 90))) == "rule.bust_not_allowed"
    venue.close()


def test_a_trade_and_its_instrument_must_be_there() -> None:
    venue = stage()
    trade_id = traded(venue)
    elsewhere = msgspec.structs.replace(bust(venue, trade_id, 90), instrument_id=InstrumentId(77))
    assert remedy(by_two(venue, elsewhere)) == "instrument.unknown"
    assert remedy(by_two(venue, bust(venue, trade_id + 1, 90))) == "trade.unknown"
    venue.instrument("TWO", band=(1, 1_000), holders={"wu": 10}, opened=False)
    other = msgspec.structs.replace(bust(venue, trade_id, 90), instrument_id=venue.instruments["TWO"])
    assert remedy(by_two(venue, other)) == "trade.unknown"
    venue.close()


def test_a_fair_price_must_be_worth_a_number() -> None:
    venue = stage()
    trade_id = traded(venue)
    assert remedy(by_two(venue, bust(venue, trade_id, MAX_INTEGER // 10 + 1))) == "order.too_large"
    assert remedy(by_two(venue, bust(venue, trade_id, MAX_INTEGER // 10))) == "reversed"
    venue.close()


def test_two_operators_mend_a_trade_and_one_does_not() -> None:
    venue = stage()
    trade_id = traded(venue)
    requested = venue.make(bust(venue, trade_id, 90), ApprovalRequested)
    grant = GrantApproval(approval_id=requested.approval.approval_id)
    assert venue.refusal(grant) == "approval.same_person"
    assert venue.units("li") == 10
    assert remedy(venue.do(grant, "ops2")) == "reversed"
    assert venue.units("li") == 0
    venue.close()


@pytest.mark.parametrize(("late_ns", "ends"), [(0, "repriced"), (1, "trade.window_over")])
def test_the_last_moment_of_the_window_is_the_seconds_of_the_rules_after_the_trade(late_ns: int, ends: str) -> None:
    venue = stage()
    trade_id = traded(venue)
    made_ns = venue.state.recent_trades[trade_id].at_ns
    requested = venue.make(correct(venue, trade_id, 90), ApprovalRequested)
    venue.clock_ns = made_ns + WINDOW_SECONDS * NS_PER_SECOND + late_ns - STEP_NS
    events = venue.do(GrantApproval(approval_id=requested.approval.approval_id), "ops2")
    assert venue.state.at_ns == made_ns + WINDOW_SECONDS * NS_PER_SECOND + late_ns
    assert remedy(events) == ends
    venue.close()


def test_the_newest_trades_are_kept_and_a_start_keeps_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_trades, "MOST_KEPT", 3)
    monkeypatch.setattr(loading, "MOST_KEPT", 3)
    venue = stage()
    ids = [traded(venue, 1) for _ in range(4)]
    assert list(venue.state.recent_trades) == ids[1:]
    assert remedy(by_two(venue, bust(venue, ids[0], 90))) == "trade.unknown"
    assert remedy(by_two(venue, bust(venue, ids[1], 90))) == "reversed"
    venue.restart()
    assert list(venue.state.recent_trades) == ids[1:]
    assert [trade.is_corrected for trade in venue.state.recent_trades.values()] == [True, False, False]
    assert remedy(by_two(venue, bust(venue, ids[1], 90))) == "trade.already_corrected"
    venue.close()


def test_many_trades_more_than_are_kept_leave_the_newest() -> None:
    trades = RecentTrades()
    for number in range(recent_trades.MOST_KEPT + 5):
        keep(trades, RecentTrade(TradeId(number), InstrumentId(1), 1, 1, *(0,) * 2, 0, 0, number))  # type: ignore[arg-type]
    assert len(trades) == 16_384
    assert next(iter(trades)) == 5


def test_what_everybody_reads_of_a_correction_names_no_party() -> None:
    venue = stage()
    Busts(venue).plays("""
        wu sells 10 @ 100 -> rests
        li buys 10 @ 100 -> wu 10 @ 100
    """)
    [event] = [each for each in by_two(venue, bust(venue, trades_of(venue)[0], 90)) if isinstance(each, TradeBusted)]
    assert not [name for name in event.correction.__struct_fields__ if "account" in name or "order" in name]
    told = {mark.account_id for mark in event.movement.marks}
    assert {venue.accounts["li"], venue.accounts["wu"]} <= told, "both hear of it"
    assert event.book_n == venue.state.numbers[venue.instruments[CODE]].book_n
    venue.close()
