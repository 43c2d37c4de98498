"""The export gate: who may order shares of a technology from another jurisdiction, before any order is taken."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import OrderId
from exchange.core.instruments import Phase, Side, TechnologyClass
from exchange.core.membership import GrantMandate
from exchange.core.messages import Citation, Rejected
from exchange.core.parties import Role, UserRight
from exchange.core.units import AtNs, PriceTicks, QuantityLots
from matching.messages import ChangePhase, OrderAccepted, PlaceOrder, ReplaceOrder, TradeMade
from tests.listings.stage import House


def floated(technology: TechnologyClass) -> House:
    """A Chinese institution's outcome of one export class on a book, a Chinese bidder and an American one."""
    house = House.sandbox()
    shares = house.floating("thu", technology_class=technology)
    admitted = house.admitted("thu", house.book("thu", shares))
    house.venue.instruments["INS"] = admitted.instrument.instrument_id
    house.venue.do(ChangePhase(instrument_id=admitted.instrument.instrument_id, phase=Phase.CONTINUOUS))
    house.venue.member("li", cash=1_000_000)
    house.venue.member("acme", Role.COUNTERPARTY, cash=1_000_000, country="US")
    return house


def order(house: House, name: str, side: Side = Side.BUY, **changed: Any) -> PlaceOrder:
    """An order of ten lots."""
    terms: dict[str, Any] = {
        "client_order_id": f"{name}-{house.venue.state.sequence}",
        "account_id": house.venue.accounts[name],
        "instrument_id": house.venue.instruments["INS"],
        "side": side,
        "quantity_lots": QuantityLots(10),
        "price_ticks": PriceTicks(100),
    }
    return PlaceOrder(**(terms | changed))


@pytest.mark.parametrize(
    ("technology", "provision"),
    [
        (TechnologyClass.UNCLASSIFIED, "TIE-33"),
        (TechnologyClass.RESTRICTED, "TIE-33"),
        (TechnologyClass.PROHIBITED, "TIE-29"),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_a_party_from_another_jurisdiction_may_not_order_what_is_not_free(
    technology: TechnologyClass, provision: str, side: Side
) -> None:
    house = floated(technology)
    [rejected] = house.venue.do(order(house, "acme", side), "acme")
    rule = Citation(profile="technology_export", version=1, field="technology_class", provision=provision)
    assert isinstance(rejected, Rejected)
    assert (rejected.code.value, rejected.rule) == ("export.not_cleared", rule)
    house.venue.close()


@pytest.mark.parametrize("technology", list(TechnologyClass))
def test_at_home_every_class_may_be_ordered(technology: TechnologyClass) -> None:
    house = floated(technology)
    assert isinstance(house.venue.do(order(house, "li"), "li")[0], OrderAccepted)
    house.venue.close()


def test_what_is_free_trades_across_the_border() -> None:
    house = floated(TechnologyClass.FREE)
    house.venue.do(order(house, "thu", Side.SELL), "thu")
    accepted, traded = house.venue.do(order(house, "acme"), "acme")
    assert isinstance(accepted, OrderAccepted) and isinstance(traded, TradeMade)
    house.venue.close()


def test_a_domestic_agent_opens_no_door_for_a_foreign_account_and_a_foreign_agent_closes_none() -> None:
    house = floated(TechnologyClass.RESTRICTED)
    venue = house.venue
    for owner, agent in (("acme", "li"), ("li", "acme")):
        venue.do(
            GrantMandate(
                account_id=venue.accounts[owner],
                user_id=venue.users[agent],
                rights=(UserRight.TRADE,),
                valid_from_ns=AtNs(0),
                valid_until_ns=AtNs(venue.clock_ns + 10**18),
            ),
            owner,
        )
    assert venue.refusal(order(house, "acme"), "li") == "export.not_cleared"
    assert venue.refusal(order(house, "li"), "acme") == ""
    venue.close()


def test_the_gate_is_asked_before_the_holder_cap_and_after_the_value_cap() -> None:
    house = floated(TechnologyClass.RESTRICTED)
    worth_too_much = order(house, "acme", quantity_lots=QuantityLots(1_000_000_000), price_ticks=PriceTicks(1_000))
    assert house.venue.refusal(worth_too_much, "acme") == "rule.value_cap"
    assert house.venue.refusal(order(house, "acme"), "acme") == "export.not_cleared"


def test_a_foreign_order_for_what_is_free_may_be_replaced() -> None:
    house = floated(TechnologyClass.FREE)
    accepted = house.venue.do(order(house, "acme"), "acme")[0]
    assert isinstance(accepted, OrderAccepted)
    replace = ReplaceOrder(
        account_id=house.venue.accounts["acme"],
        order_id=OrderId(accepted.order_id),
        client_order_id="again",
        price_ticks=PriceTicks(101),
        quantity_lots=QuantityLots(10),
    )
    assert house.venue.refusal(replace, "acme") == ""
    house.venue.close()
