"""Trading limits: whom they bind, what they count, and the last unit each allows."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import AccountId, UserId
from exchange.core.instruments import Side
from exchange.core.parties import UserRight
from exchange.core.units import Minor, PriceTicks, QuantityLots
from matching.limit_messages import LimitsSet, LimitUsed, SetLimits
from matching.messages import CancelOrder, OrderAccepted, PlaceOrder, ReplaceOrder
from tests.support import Venue


@pytest.fixture
def venue() -> Venue:
    """`wu` offers, `li` bids; no fees, so that a bid holds its price."""
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu", cash=1_000)
    venue.member("li", cash=1_000_000)
    venue.instrument("INS", wu=10_000)
    return venue


def order(venue: Venue, who: str, side: Side, lots: int, price: int, **more: Any) -> PlaceOrder:
    return PlaceOrder(
        client_order_id=f"c{venue.state.sequence}",
        account_id=venue.accounts[more.pop("account", who)],
        instrument_id=venue.instruments["INS"],
        side=side,
        quantity_lots=QuantityLots(lots),
        price_ticks=PriceTicks(price),
        **more,
    )


def limit(venue: Venue, by: str = "ops", **figures: Any) -> LimitsSet:
    return venue.make(SetLimits(account_id=venue.accounts["li"], currency="XTS", **figures), LimitsSet, by)


def bids(venue: Venue, lots: int, price: int, who: str = "li") -> str:
    """What a bid of `li` is refused with; empty if it stands."""
    return venue.refusal(order(venue, who, Side.BUY, lots, price, account="li"), who)


TABLE: list[tuple[dict[str, Any], list[tuple[int, int, str]]]] = [
    # the limit                       lots, price → code, one order after the other
    ({"order_value_minor": 1_000}, [(10, 100, ""), (10, 101, "limit.order_value"), (11, 91, "limit.order_value")]),
    ({"day_value_minor": 1_000}, [(5, 100, ""), (5, 100, ""), (1, 1, "limit.day_value")]),
    ({"open_value_minor": 1_000}, [(5, 100, ""), (5, 101, "limit.open_value"), (5, 100, "")]),
    ({"position_lots": 10}, [(6, 100, ""), (5, 100, "limit.position"), (4, 100, ""), (1, 1, "limit.position")]),
    # the first figure that is broken is named
    ({"order_value_minor": 99, "position_lots": 1}, [(2, 100, "limit.order_value"), (2, 1, "limit.position")]),
]


@pytest.mark.parametrize(("figures", "orders"), TABLE)
def test_each_figure_allows_its_last_unit_and_not_one_more(
    venue: Venue, figures: dict[str, Any], orders: list[tuple[int, int, str]]
) -> None:
    limit(venue, **figures)
    for lots, price, code in orders:
        assert bids(venue, lots, price) == code, (lots, price)
    venue.close()


def test_a_price_may_lie_as_far_from_the_last_one_as_the_limit_says(venue: Venue) -> None:
    limit(venue, price_distance_ppm=100_000)
    assert bids(venue, 1, 7) == "", "without a last price there is nothing to be far from"
    venue.plays("wu sells 1 @ 5 -> li 1 @ 7")
    venue.do(order(venue, "wu", Side.SELL, 5, 200), "wu")
    venue.member("ren", cash=10_000)
    venue.plays("ren buys 1 @ 200 -> wu 1 @ 200")
    assert [bids(venue, 1, price) for price in (179, 180, 220, 221)] == [
        "limit.price_distance",
        "",
        "",
        "limit.price_distance",
    ]
    venue.close()


def test_the_day_value_counts_what_was_entered_and_not_what_is_left_of_it(venue: Venue) -> None:
    limit(venue, day_value_minor=1_000)
    [accepted, used] = venue.do(order(venue, "li", Side.BUY, 6, 100), "li")
    assert isinstance(accepted, OrderAccepted) and isinstance(used, LimitUsed)
    assert used.use.used_minor == 600
    venue.do(CancelOrder(account_id=venue.accounts["li"], order_id=accepted.order_id), "li")
    assert bids(venue, 5, 100) == "limit.day_value", "a cancelled order was entered all the same"
    venue.restart()
    assert bids(venue, 5, 100) == "limit.day_value", "a restart forgets nothing"
    assert bids(venue, 4, 100) == ""
    venue.pass_time(days=1)
    assert bids(venue, 10, 100) == "", "a new day"
    venue.close()


def test_new_terms_count_only_what_they_are_worth_more(venue: Venue) -> None:
    limit(venue, day_value_minor=1_000, open_value_minor=900)
    accepted = venue.make(order(venue, "li", Side.BUY, 5, 100), OrderAccepted, "li")

    def replaced(lots: int, price: int) -> str:
        command = ReplaceOrder(
            account_id=venue.accounts["li"],
            order_id=accepted.order_id,
            client_order_id=f"r{lots}-{price}",
            price_ticks=PriceTicks(price),
            quantity_lots=QuantityLots(lots),
        )
        return venue.refusal(command, "li")

    assert replaced(9, 101) == "limit.open_value"
    assert replaced(9, 100) == "", "500 + 400 of the day"
    assert replaced(3, 100) == "", "less adds nothing and gives nothing back"
    assert replaced(5, 100) == "limit.day_value", "200 more than the 100 that are left"
    assert replaced(4, 100) == ""
    venue.close()


def test_an_open_value_is_free_again_when_the_order_is_over(venue: Venue) -> None:
    limit(venue, open_value_minor=1_000)
    venue.plays("""
        li buys 10 @ 100 as a -> rests
        li buys  1 @ 1        -> limit.open_value
        wu sells 4 @ 100      -> li 4 @ 100
        li buys  4 @ 100 as b -> rests
        li buys  1 @ 1        -> limit.open_value
        li cancels a          -> 6 lots
        li buys  6 @ 100      -> rests
    """)
    venue.close()


def test_a_users_limit_binds_the_user_on_every_account_and_nobody_else(venue: Venue) -> None:
    venue.user("junior", "li")
    venue.make(SetLimits(user_id=venue.users["junior"], currency="XTS", order_value_minor=Minor(100)), LimitsSet)
    assert bids(venue, 1, 101, "junior") == "limit.order_value"
    assert bids(venue, 1, 100, "junior") == ""
    assert bids(venue, 1, 101) == "", "another user of the same account"
    venue.close()


def test_a_users_open_orders_are_counted_from_the_first_limit_on(venue: Venue) -> None:
    venue.user("junior", "li")
    assert bids(venue, 5, 100, "junior") == ""
    assert bids(venue, 5, 100) == ""
    venue.make(SetLimits(user_id=venue.users["junior"], currency="XTS", open_value_minor=Minor(1_000)), LimitsSet)
    venue.restart()
    assert bids(venue, 6, 100, "junior") == "limit.open_value"
    assert bids(venue, 5, 100, "junior") == ""
    venue.close()


def test_the_venues_limit_and_the_members_own_both_bind(venue: Venue) -> None:
    limit(venue, order_value_minor=1_000)
    limit(venue, by="li", order_value_minor=500)
    assert [bids(venue, 1, price) for price in (501, 500)] == ["limit.order_value", ""]
    limit(venue, by="li", order_value_minor=5_000)
    assert [bids(venue, 1, price) for price in (1_001, 1_000)] == ["limit.order_value", ""]
    limit(venue)  # no figure: the venue's limit ends
    assert bids(venue, 1, 5_000) == ""
    limit(venue, by="li")
    assert bids(venue, 1, 5_001) == ""
    assert not venue.state.limited_accounts, "nobody's orders are followed any more"
    venue.close()


def test_who_may_set_which_limit(venue: Venue) -> None:
    venue.user("junior", "li", rights=(UserRight.TRADE,))
    account, stranger = venue.accounts["li"], venue.accounts["wu"]

    def code(by: str, **terms: Any) -> str:
        figures: dict[str, Any] = {"currency": "XTS", "order_value_minor": 5} | terms
        return venue.refusal(SetLimits(**figures), by)

    assert code("li", account_id=stranger) == "account.not_yours"
    assert code("junior", account_id=account) == "account.not_yours", "a trader does not set its own limit"
    assert code("ops", account_id=AccountId(99 * 1024)) == "account.unknown"
    assert code("ops", user_id=UserId(99 * 1024)) == "user.unknown"
    assert code("ops") == "limit.invalid", "whose?"
    assert code("ops", account_id=account, user_id=venue.users["li"]) == "limit.invalid"
    assert code("ops", account_id=account, order_value_minor=None) == "limit.invalid", "nothing to end"
    assert code("li", account_id=account) == ""
    venue.close()


def test_a_limit_binds_in_its_own_currency_alone(venue: Venue) -> None:
    venue.make(
        SetLimits(account_id=venue.accounts["li"], currency="USD", order_value_minor=Minor(1)),
        LimitsSet,
    )
    assert bids(venue, 10, 100) == ""
    venue.close()


def test_an_order_that_a_limit_refuses_is_refused_before_its_hold_is_asked(venue: Venue) -> None:
    limit(venue, order_value_minor=100)
    assert bids(venue, 1_000_000, 1_000) == "limit.order_value"
