"""The compiled desk decides as the handlers do.

Every venue of these tests asks the desk first and proves at its end that the handlers decide the same again; here are
the borders between the two, and the proof that the desk was asked at all.
"""

from __future__ import annotations

import pytest

from custody.corrections_messages import FreezeAccount
from exchange.core.ids import NO_CONNECTION
from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.core.membership import FreezeMember
from exchange.core.messages import Command, Header
from exchange.core.units import PriceTicks, QuantityLots
from exchange.engine import _desk as compiled_desk
from exchange.engine.apply import ROUTES
from exchange.engine.desk import Decided, desk_for, takes
from matching.messages import CancelOrder, PlaceOrder, ReplaceOrder
from tests.support import Venue


@pytest.fixture
def venue() -> Venue:
    """Wu sells, li and bo buy; bo is short of money."""
    venue = Venue.sandbox(fee_ppm=300, fee_minimum=5, holder_cap=2)
    venue.member("wu")
    venue.member("li", cash=20_000_000)
    venue.member("bo", cash=50)
    venue.instrument("INS", wu=1_000)
    return venue


def order(venue: Venue, who: str, side: Side, price: int | None = 100, **terms: object) -> PlaceOrder:
    fields = {
        "client_order_id": f"c{venue.state.sequence}",
        "account_id": venue.accounts[who],
        "instrument_id": venue.instruments["INS"],
        "side": side,
        "quantity_lots": QuantityLots(10),
        "price_ticks": PriceTicks(price) if price else None,
    }
    return PlaceOrder(**(fields | terms))  # type: ignore[arg-type]


def decided(venue: Venue, command: Command, by: str) -> Decided | None:
    """What the desk makes of a command, on a copy."""
    copy = venue.copy()
    desk = desk_for(copy.state)
    assert desk is not None, "the compiled desk is part of what is tested"
    header: Header = copy._header(copy.users[by], NO_CONNECTION)
    return desk.decide(header, command)


def test_plain_orders_and_cancels_are_decided_at_the_desk(venue: Venue) -> None:
    assert decided(venue, order(venue, "li", Side.BUY), "li") is not None
    assert decided(venue, order(venue, "wu", Side.SELL, time_in_force=TimeInForce.IOC), "wu") is not None
    venue.plays("wu sells 10 @ 100 -> rests")
    sold = next(iter(venue.state.orders))
    assert decided(venue, CancelOrder(account_id=venue.accounts["wu"], order_id=sold), "wu") is not None
    assert decided(venue, order(venue, "li", Side.BUY, None, order_type=OrderType.MARKET), "li") is not None


@pytest.mark.parametrize(
    ("who", "terms"),
    [
        ("li", {"time_in_force": TimeInForce.FOK}),
        ("li", {"price_ticks": None}),
        ("li", {"price_ticks": PriceTicks(1_000_001)}),
        ("li", {"quantity_lots": QuantityLots(2**53 - 1)}),
        ("li", {"order_type": OrderType.MARKET, "price_ticks": None}),  # nobody offers
        ("li", {"order_type": OrderType.MARKET, "price_ticks": None, "max_notional_minor": 500}),
        ("li", {"instrument_id": 77}),
        ("li", {"account_id": 77}),
        ("bo", {}),  # no money
    ],
)
def test_what_may_be_refused_or_is_not_plain_is_handed_back_untouched(
    venue: Venue, who: str, terms: dict[str, object]
) -> None:
    assert decided(venue, order(venue, who, Side.BUY, **terms), who) is None
    venue.do(order(venue, who, Side.BUY, **terms), who)
    venue.close()


def test_a_third_holder_is_handed_back(venue: Venue) -> None:
    venue.plays("li buys 1 @ 90 -> rests")
    assert decided(venue, order(venue, "bo", Side.BUY, 1, quantity_lots=QuantityLots(1)), "bo") is None
    venue.plays("bo buys 1 @ 1 -> rule.holder_cap")
    venue.close()


def test_anothers_account_a_mandate_and_a_frozen_owner_are_handed_back(venue: Venue) -> None:
    assert decided(venue, order(venue, "li", Side.BUY), "wu") is None
    venue.plays("li buys 1 @ 90 -> rests")
    venue.do(order(venue, "li", Side.BUY), "li")
    for told in ("account", "member"):
        copy = venue.copy()
        bid = min(copy.state.orders)
        freeze(copy, told)
        assert decided(copy, order(copy, "li", Side.BUY), "li") is None
        assert decided(copy, CancelOrder(account_id=copy.accounts["li"], order_id=bid), "li") is None


def freeze(venue: Venue, what: str) -> None:
    if what == "account":
        venue.do(FreezeAccount(account_id=venue.accounts["li"], frozen=True, reason="court order"))
    else:
        venue.do(FreezeMember(member_id=venue.members["li"], frozen=True, reason="court order"))


def test_the_desk_serves_only_the_handlers_that_it_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert takes(PlaceOrder)
    assert takes(CancelOrder)
    assert not takes(ReplaceOrder)
    monkeypatch.setitem(ROUTES, PlaceOrder, ROUTES[ReplaceOrder])
    assert not takes(PlaceOrder)


def test_the_desk_is_compiled_here() -> None:
    assert compiled_desk.__file__.endswith((".so", ".pyd"))
