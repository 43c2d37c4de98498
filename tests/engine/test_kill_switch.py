"""The kill switch, and members that belong together."""

from __future__ import annotations

import pytest

from custody.corrections_messages import KillOrders, OrdersKilled, ReleaseOrders
from exchange.core.ids import AccountId, MemberId
from exchange.core.membership import GroupMember
from matching.messages import OrderCancelled
from tests.engine.days import staged
from tests.engine.order_types import Teller
from tests.support import Venue


@pytest.fixture
def teller() -> Teller:
    """A market with every kind of order, trading."""
    teller = Teller(staged())
    teller.line("ops opens")
    return teller


@pytest.mark.parametrize("who", ["li", "ops"])
def test_a_kill_ends_every_order_and_takes_no_new_one_until_an_operator_releases(teller: Teller, who: str) -> None:
    venue = teller.venue
    teller.play("""
        li   buys 5 @ 90 as a           -> rests
        li   buys 5 stop 120 as s       -> s waits at 120
        zhao buys 1 @ 80                -> rests
    """)
    venue.make(KillOrders(account_id=venue.accounts["li"], reason="runaway"), OrdersKilled, who)
    teller.play("""
        li   buys 1 @ 90                -> order.killed
        li   replaces a by 9 @ 90       -> order.killed
        the node restarts               -> rests
        li   buys 1 @ 90                -> order.killed
        runs finish                     -> a ends: kill_switch; s ends: kill_switch
        li   holds                      -> 0 units, 0 cash
        zhao holds                      -> 0 units, 80 cash
    """)
    assert venue.refusal(ReleaseOrders(account_id=venue.accounts["li"]), "li") == "role.not_allowed"
    venue.do(ReleaseOrders(account_id=venue.accounts["li"]))
    teller.play("li buys 1 @ 90 -> rests")
    venue.close()


def test_nobody_kills_anothers_orders_but_an_operator(teller: Teller) -> None:
    venue = teller.venue
    assert venue.refusal(KillOrders(account_id=venue.accounts["li"]), "wu") == "account.not_yours"
    assert venue.refusal(KillOrders(account_id=AccountId(77)), "wu") == "account.unknown"
    assert venue.refusal(ReleaseOrders(account_id=AccountId(77))) == "account.unknown"


def test_a_killed_account_may_still_cancel(teller: Teller) -> None:
    venue = teller.venue
    teller.play("li buys 5 @ 90 as a -> rests")
    venue.do(KillOrders(account_id=venue.accounts["li"]), "li")
    teller.play("""
        li cancels a    -> a ends: requested
        runs finish     -> rests
    """)
    venue.close()


def test_members_of_one_group_do_not_trade_with_each_other(teller: Teller) -> None:
    venue = teller.venue
    for name in ("wu", "li"):
        venue.do(GroupMember(member_id=venue.members[name], group_id=7))
    teller.play("""
        wu   sells 5 @ 100 as a         -> a shows 5 @ 100
        ren  sells 5 @ 100 as b         -> rests
        li   buys 5 @ 100 as c          -> c ends: self_trade
        li   buys 8 @ 100 oldest as d   -> a ends: self_trade; li 5 ren @ 100; d shows 3 @ 100
        the node restarts               -> rests
        wu   sells 3 @ 100              -> order5 ends: self_trade
        ren  sells 3 @ 100              -> li 3 ren @ 100
    """)
    venue.do(GroupMember(member_id=venue.members["li"], group_id=0))
    teller.play("""
        wu   sells 5 @ 100 as e         -> e shows 5 @ 100
        li   buys 5 @ 100               -> li 5 wu @ 100
    """)
    assert venue.refusal(GroupMember(member_id=MemberId(77), group_id=1)) == "member.unknown"
    venue.close()


def test_a_group_is_asked_also_where_only_plain_orders_are_taken() -> None:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    for name in ("wu", "li"):
        venue.member(name, cash=10_000)
        venue.do(GroupMember(member_id=venue.members[name], group_id=7))
    venue.instrument("INS", wu=10)
    teller = Teller(venue)
    teller.play("wu sells 5 @ 100 as a -> a shows 5 @ 100")
    events = venue.journal[-1].events
    assert not any(isinstance(event, OrderCancelled) for event in events)
    teller.play("""
        li buys 5 @ 100 as b            -> b ends: self_trade
        li buys 5 @ 100 post            -> rule.order_not_allowed
    """)
    venue.close()
