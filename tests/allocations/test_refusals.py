"""What an allocation is refused with, each code at its border, and in what order."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.messages import AccountOpened
from exchange.core.ids import NO_CONNECTION, AccountId, InstrumentId
from exchange.core.instruments import Side
from exchange.core.membership import ClassMember, FreezeMember, GrantMandate, OpenAccount
from exchange.core.node_messages import AdvanceClock, Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.units import Minor, PriceTicks, QuantityLots, TimeNs
from exchange.engine import day_totals
from exchange.engine.desk import desk_for
from matching.allocation_messages import (
    AllocationDayEnded,
    AllocationMade,
    AllocationPart,
    DayTotal,
    MakeAllocation,
)
from matching.limit_messages import LimitsSet, LimitUsed, SetLimits
from matching.messages import CancelOrder, FreezeInstrument, OrderAccepted, PlaceOrder
from tests.allocations.stage import allocation, at_the_days_end, stage, sub_account
from tests.engine.days import CODE
from tests.support import STEP_NS, Venue

BEFORE = "2026-03-01"


@pytest.fixture
def venue() -> Venue:
    """The block account bought ten lots at 100 and waits to share them."""
    return traded()


def traded(**profile: int) -> Venue:
    """The stage after one trade."""
    venue = stage(**profile)
    venue.plays("""
        wu sells 10 @ 100 -> rests
        block buys 10 @ 100 -> wu 10 @ 100
    """)
    return venue


def changed(venue: Venue, **fields: object) -> MakeAllocation:
    """Ten lots for alpha, but for these fields."""
    return msgspec.structs.replace(allocation(venue, Side.BUY, {"alpha": 10}), **fields)


def rows(venue: Venue, *parts: tuple[str, int]) -> tuple[AllocationPart, ...]:
    return tuple(
        AllocationPart(account_id=venue.accounts[name], quantity_lots=QuantityLots(lots)) for name, lots in parts
    )


def freeze_account(name: str) -> Callable[[Venue], object]:
    return lambda venue: venue.do(FreezeAccount(account_id=venue.accounts[name], frozen=True, reason="order"))


def limit(**figures: int) -> Callable[[Venue], object]:
    return lambda venue: venue.make(
        SetLimits(account_id=venue.accounts["alpha"], currency="XTS", **figures),  # type: ignore[arg-type]
        LimitsSet,
    )


def nothing(venue: Venue) -> None:
    """The world stays as it is."""


def same(venue: Venue) -> MakeAllocation:
    return changed(venue)


ACROSS: list[tuple[str, Callable[[Venue], object], Callable[[Venue], MakeAllocation], str, str]] = [
    # what is wrong, what happens before, what is asked, by whom, code
    ("nothing", nothing, same, "fund", ""),
    ("no such account", nothing, lambda v: changed(v, account_id=AccountId(77)), "fund", "account.unknown"),
    ("another member asks", nothing, same, "li", "account.not_yours"),
    ("a user without the right", nothing, same, "clerk", "account.not_yours"),
    ("an operator", nothing, same, "ops", "role.not_allowed"),
    ("the block is frozen", freeze_account("block"), same, "fund", "account.frozen"),
    (
        "the member is frozen",
        lambda v: v.do(FreezeMember(member_id=v.members["fund"], frozen=True, reason="order")),
        same,
        "fund",
        "member.frozen",
    ),
    (
        "not opened to allocate",
        nothing,
        lambda v: changed(v, account_id=v.accounts["own"]),
        "fund",
        "allocation.not_kept",
    ),
    ("no such instrument", nothing, lambda v: changed(v, instrument_id=InstrumentId(77)), "fund", "instrument.unknown"),
    (
        "the instrument is frozen",
        lambda v: v.do(FreezeInstrument(instrument_id=v.instruments[CODE], frozen=True, reason="order")),
        same,
        "fund",
        "instrument.frozen",
    ),
    (
        "the right is frozen",
        lambda v: v.do(FreezeAsset(asset_id=v.asset(CODE), frozen=True, reason="order")),
        same,
        "fund",
        "asset.frozen",
    ),
    ("yesterday's", nothing, lambda v: changed(v, day=BEFORE), "fund", "allocation.day_over"),
    ("nothing was sold", nothing, lambda v: changed(v, side=Side.SELL), "fund", "allocation.nothing_traded"),
    (
        "fewer were expected",
        nothing,
        lambda v: changed(v, expected_lots=QuantityLots(9)),
        "fund",
        "allocation.totals_changed",
    ),
    (
        "more were expected",
        nothing,
        lambda v: changed(v, expected_lots=QuantityLots(11)),
        "fund",
        "allocation.totals_changed",
    ),
    (
        "an account twice",
        nothing,
        lambda v: changed(v, rows=rows(v, ("alpha", 1), ("alpha", 1))),
        "fund",
        "allocation.rows_invalid",
    ),
    ("the block itself", nothing, lambda v: changed(v, rows=rows(v, ("block", 1))), "fund", "allocation.rows_invalid"),
    (
        "one lot more than there is",
        nothing,
        lambda v: changed(v, rows=rows(v, ("alpha", 10), ("beta", 1))),
        "fund",
        "allocation.more_than_traded",
    ),
    (
        "an account that is none",
        nothing,
        lambda v: changed(v, rows=(AllocationPart(account_id=AccountId(77), quantity_lots=QuantityLots(1)),)),
        "fund",
        "account.unknown",
    ),
    ("another member's account", nothing, lambda v: changed(v, rows=rows(v, ("li", 1))), "fund", "account.not_yours"),
    ("a fund is frozen", freeze_account("alpha"), same, "fund", "account.frozen"),
    (
        "the market admits the member no more",
        lambda v: v.do(ClassMember(member_id=v.members["fund"], standings=())),
        same,
        "fund",
        "rule.suitability",
    ),
    ("a part as large as an order may be", limit(order_value_minor=1_000), same, "fund", ""),
    ("a part larger by one", limit(order_value_minor=999), same, "fund", "limit.order_value"),
    ("a part as large as the day may be", limit(day_value_minor=1_000), same, "fund", ""),
    ("a day larger by one", limit(day_value_minor=999), same, "fund", "limit.day_value"),
    ("a position to the last lot", limit(position_lots=10), same, "fund", ""),
    ("a position and one more", limit(position_lots=9), same, "fund", "limit.position"),
]


@pytest.mark.parametrize(("before", "asked", "by", "code"), [row[1:] for row in ACROSS], ids=[row[0] for row in ACROSS])
def test_an_allocation_is_refused_with(
    venue: Venue, before: Callable[[Venue], object], asked: Callable[[Venue], MakeAllocation], by: str, code: str
) -> None:
    before(venue)
    assert venue.refusal(asked(venue), by) == code
    venue.close()


def test_an_account_that_allocates_names_no_beneficiary_and_receives_from_no_other(venue: Venue) -> None:
    command = OpenAccount(member_id=venue.members["fund"], sub_account="b2", beneficiary="Alpha Fund", allocates=True)
    assert venue.refusal(command, "fund") == "allocation.names_beneficiary"
    venue.accounts["b2"] = sub_account(venue, "b2", "", allocates=True)
    assert venue.refusal(changed(venue, rows=rows(venue, ("b2", 1))), "fund") == "allocation.rows_invalid"
    plain = OpenAccount(member_id=venue.members["fund"], sub_account="b3")
    assert not venue.make(plain, AccountOpened, "fund").account.allocates, "nobody allocates who did not ask for it"
    venue.close()


def test_a_mandate_must_cover_the_block_and_each_part(venue: Venue) -> None:
    def mandate(name: str, limit_minor: int = 0) -> None:
        venue.do(
            GrantMandate(
                account_id=venue.accounts[name],
                user_id=venue.users["li"],
                rights=(UserRight.TRADE,),
                limit_minor=Minor(limit_minor),
                valid_from_ns=TimeNs(venue.clock_ns),
                valid_until_ns=TimeNs(venue.clock_ns * 2),
            ),
            "fund",
        )

    mandate("block")
    assert venue.refusal(changed(venue), "li") == "account.not_yours"
    mandate("alpha", 999)
    assert venue.refusal(changed(venue), "li") == "mandate.invalid"
    mandate("alpha", 1_000)
    assert venue.refusal(changed(venue), "li") == ""
    venue.accounts["li2"] = venue.accounts["li"]
    venue.plays("""
        wu sells 1 @ 100 -> rests
        block buys 1 @ 100 -> wu 1 @ 100
    """)
    to_itself = msgspec.structs.replace(allocation(venue, Side.BUY, {"alpha": 1}), rows=rows(venue, ("li2", 1)))
    assert venue.refusal(to_itself, "li") == "allocation.other_member"
    venue.close()


def test_a_day_value_counts_parts_and_orders_together(venue: Venue) -> None:
    limit(day_value_minor=1_000)(venue)
    events = venue.do(allocation(venue, Side.BUY, {"alpha": 9}), "fund")
    assert [event.use.used_minor for event in events if isinstance(event, LimitUsed)] == [900]
    venue.plays("alpha buys 2 @ 51 -> limit.day_value")
    venue.plays("alpha buys 2 @ 50 -> rests")
    assert venue.refusal(allocation(venue, Side.BUY, {"alpha": 1}), "fund") == "limit.day_value"
    venue.close()


def test_a_seller_that_is_given_its_lots_back_keeps_its_position(venue: Venue) -> None:
    """What the sale of a block brings back counts for the block account's own limit."""
    venue.plays("li buys 10 @ 100 -> rests")
    venue.do(allocation(venue, Side.BUY, {"alpha": 10}), "fund")
    venue.plays("block sells 10 @ 100 -> li 10 @ 100")
    for lots, code in ((99, "limit.position"), (100, "")):
        venue.make(
            SetLimits(account_id=venue.accounts["block"], currency="XTS", position_lots=lots),  # type: ignore[arg-type]
            LimitsSet,
        )
        assert venue.refusal(allocation(venue, Side.SELL, {"alpha": 10}), "fund") == code
    venue.close()


# --- The end of the day -----------------------------------------------------------------------------------------------


def test_the_last_moment_of_the_day_still_counts(venue: Venue) -> None:
    command = allocation(venue, Side.BUY, {"alpha": 4})
    at_the_days_end(venue, before_ns=1)
    assert venue.refusal(command, "fund") == ""
    at_the_days_end(venue)
    assert venue.refusal(command, "fund") == "allocation.day_over", "the first moment of the next day"
    venue.close()


def test_a_trade_at_the_very_first_moment_is_the_next_days_and_has_its_own_end(venue: Venue) -> None:
    for _ in range(2):
        at_the_days_end(venue)
        venue.clock_ns -= STEP_NS  # the counterparty's order comes a moment before
        venue.plays("""
            wu sells 3 @ 100 -> rests
            block buys 3 @ 100 -> wu 3 @ 100
        """)
        assert [total.lots for total in venue.state.table(DayTotal).values()] == [10, 3]
        venue.plays("li buys 1 @ 1 -> rests")
        assert [total.lots for total in venue.state.table(DayTotal).values()] == [3]
        venue.plays("""
            wu sells 7 @ 100 -> rests
            block buys 7 @ 100 -> wu 7 @ 100
        """)
    venue.close()


def test_many_totals_end_in_bounded_steps(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_totals, "MAX_ENDED", 1)
    venue.plays("""
        li buys 3 @ 100 -> rests
        block sells 3 @ 100 -> li 3 @ 100
    """)
    at_the_days_end(venue)
    events = venue.do(AdvanceClock(chance=venue.chance()), "node")
    ended = [event for event in events if isinstance(event, AllocationDayEnded)]
    assert [[total.side for total in event.totals] for event in ended] == [[Side.BUY], [Side.SELL]]
    assert not venue.state.table(DayTotal)
    assert not [one for one in venue.state.table(Timer).values() if one.kind is TimerKind.ALLOCATION_DAY_ENDS]
    venue.close()


def test_who_keeps_lots_is_told_and_who_keeps_none_is_not(venue: Venue) -> None:
    venue.do(allocation(venue, Side.BUY, {"alpha": 10}), "fund")
    at_the_days_end(venue)
    told = [event for event in venue.do(AdvanceClock(), "node") if isinstance(event, AllocationDayEnded)]
    assert [event.movement.marks for event in told] == [()]
    venue.plays("""
        wu sells 1 @ 100 -> rests
        block buys 1 @ 100 -> wu 1 @ 100
    """)
    at_the_days_end(venue)
    told = [event for event in venue.do(AdvanceClock(), "node") if isinstance(event, AllocationDayEnded)]
    assert [mark.account_id for event in told for mark in event.movement.marks] == [venue.accounts["block"]]
    venue.close()


# --- The compiled desk ------------------------------------------------------------------------------------------------


def test_the_desk_keeps_off_an_allocation_account_and_every_book_in_which_it_waits() -> None:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu", cash=1_000)
    venue.member("li", cash=100_000)
    venue.accounts["block"] = venue.make(
        OpenAccount(member_id=venue.members["li"], sub_account="block", allocates=True), AccountOpened, "li"
    ).account.account_id
    venue.users["block"] = venue.users["li"]
    venue.instrument("INS", wu=1_000, block=10)

    def order(who: str, side: Side, price: int) -> PlaceOrder:
        return PlaceOrder(
            client_order_id=f"c{venue.state.sequence}",
            account_id=venue.accounts[who],
            instrument_id=venue.instruments["INS"],
            side=side,
            quantity_lots=QuantityLots(1),
            price_ticks=PriceTicks(price),
        )

    def served(command: PlaceOrder | CancelOrder, by: str) -> bool:
        copy = venue.copy()
        desk = desk_for(copy.state)
        assert desk is not None, "the compiled desk is part of what is tested"
        return desk.decide(copy._header(copy.users[by], NO_CONNECTION), command) is not None

    assert served(order("wu", Side.SELL, 100), "wu")
    assert not served(order("block", Side.SELL, 100), "li")
    waits = venue.make(order("block", Side.SELL, 100), OrderAccepted, "li").order_id
    assert not served(order("wu", Side.SELL, 100), "wu")
    venue.restart()
    assert not served(order("wu", Side.SELL, 100), "wu"), "a start knows who waits"
    venue.do(CancelOrder(account_id=venue.accounts["block"], order_id=waits), "li")
    assert served(order("wu", Side.SELL, 100), "wu")
    venue.close()


def test_parts_of_an_allocation_are_read_whole(venue: Venue) -> None:
    made = venue.make(allocation(venue, Side.BUY, {"alpha": 4, "beta": 6}), AllocationMade, "fund")
    assert made.total.left_lots == 0
    assert (made.allocation.quantity_lots, made.allocation.notional_minor) == (10, 1_000)
    assert [row.account_id for row in made.allocation.rows] == [venue.accounts["alpha"], venue.accounts["beta"]]
    assert {mark.account_id for mark in made.movement.marks} == {
        venue.accounts[name] for name in ("block", "alpha", "beta")
    }
