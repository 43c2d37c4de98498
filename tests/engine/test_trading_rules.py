"""Trading rules in force: published, confirmed, activated; named by a market; asked before an order reaches a book."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.messages import Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rule_messages import ActivateText, ConfirmField, PublishedKind, PublishText
from exchange.core.units import PriceTicks, QuantityLots
from exchange.engine.runs import CHUNK
from exchange.rulebook import shipped
from matching.listing_messages import DelistListing, MarketOpened, OpenMarket
from matching.messages import ChangePhase, PlaceOrder
from tests.engine.days import DAY, Days, rules_text, staged, venue_with
from tests.listings.stage import House
from tests.support import Venue, publish

RULES = PublishedKind.TRADING_RULES


def opening(venue: Venue, **changed: Any) -> OpenMarket:
    """A second market of the sandbox, under trading rules."""
    fields: dict[str, Any] = {
        "name": "second",
        "profile": "sandbox",
        "profile_version": 1,
        "currency": "XTS",
        "money_asset_id": venue.money,
        "calendar": "always",
        "calendar_version": 1,
        "fee_schedule": "sandbox",
        "trading_rules": "sandbox",
        "trading_rules_version": 1,
    }
    return OpenMarket(**(fields | changed))


def test_rules_are_published_whole_confirmed_row_by_row_and_activated_before_a_market_names_them() -> None:
    venue = Venue.sandbox()
    broken = PublishText(kind=RULES, text=rules_text(order_types=["market"]))
    assert venue.refusal(broken) == "trading_rules.invalid"
    unknown: dict[str, Any] = {"kind": RULES, "name": "sandbox", "version": 1}
    assert venue.refusal(ConfirmField(**unknown, field="timetable", source="read")) == "trading_rules.unknown"
    assert venue.refusal(opening(venue)) == "trading_rules.unknown"
    venue.do(PublishText(kind=RULES, text=shipped.trading_rules_text("sandbox")))
    assert venue.refusal(PublishText(kind=RULES, text=rules_text())) == "document.exists"
    rows = list(json.loads(shipped.trading_rules_text("sandbox"))["fields"])
    unconfirmed = venue.by_two(ActivateText(**unknown))[0]
    assert isinstance(unconfirmed, Rejected)
    assert (unconfirmed.code, unconfirmed.detail) == ("profile.unconfirmed", ", ".join(rows))
    refused = venue.do(opening(venue))[0]
    assert isinstance(refused, Rejected) and refused.detail == "sandbox@1 is not in force"
    for field in rows:
        venue.do(ConfirmField(**unknown, field=field, source="read by an operator"))
    venue.by_two(ActivateText(**unknown))
    assert venue.refusal(opening(venue)) == ""
    venue.close()


@pytest.mark.parametrize(
    ("why", "changed", "code"),
    [
        ("a version that is not there", {"trading_rules_version": 2}, "trading_rules.unknown"),
        ("a name without a version", {"trading_rules_version": None}, "trading_rules.unknown"),
        ("a version without a name", {"trading_rules": None}, "trading_rules.unknown"),
        ("none at all", {"trading_rules": None, "trading_rules_version": None}, ""),
    ],
)
def test_a_market_names_rules_that_are_in_force_or_none(why: str, changed: dict[str, Any], code: str) -> None:
    del why
    venue = Venue.sandbox()
    publish(venue, RULES, rules_text())
    assert venue.refusal(opening(venue, **changed)) == code


@pytest.mark.parametrize(
    ("methods", "timetable", "code"),
    [
        (["order_book", "call_auction"], DAY, ""),
        (["order_book"], DAY, "rule.method_not_allowed"),
        (["order_book"], [], ""),
        ([], [], "rule.method_not_allowed"),
    ],
)
def test_rules_run_no_more_than_the_profile_allows(
    methods: list[str], timetable: list[dict[str, Any]], code: str
) -> None:
    venue = Venue.sandbox(centralised_methods=methods)
    publish(venue, RULES, rules_text(timetable=timetable))
    assert venue.refusal(opening(venue)) == code


def test_a_call_by_hand_needs_a_profile_that_allows_calls() -> None:
    venue = venue_with(profile={"centralised_methods": ["order_book"]})
    venue.member("wu")
    venue.instrument("INS", wu=10, opened=False)
    command = ChangePhase(instrument_id=venue.instruments["INS"], phase=Phase.OPENING_CALL)
    assert venue.refusal(command) == "rule.method_not_allowed"


def test_a_market_without_rules_opens_halts_and_closes_and_has_no_calls() -> None:
    venue = Venue.sandbox()
    venue.member("wu")
    venue.instrument("INS", wu=10)
    for phase in (Phase.CLOSING_CALL, Phase.VOLATILITY_CALL, Phase.POST_CLOSE):
        refused = venue.do(ChangePhase(instrument_id=venue.instruments["INS"], phase=phase))[0]
        assert isinstance(refused, Rejected)
        assert (refused.code, refused.detail) == ("instrument.phase", f"{phase}: the market has no trading rules")
    assert [timer for timer in venue.state.due if timer] == []


def test_what_the_rules_do_not_take_is_refused_with_its_row_before_it_reaches_a_book() -> None:
    venue = staged(order_types=["limit"], conditions=[], times_in_force=["day", "ioc"])
    Days(venue).plays("ops begins continuous -> continuous")
    asked: list[tuple[dict[str, Any], str]] = [
        ({"order_type": OrderType.STOP_LIMIT, "stop_ticks": PriceTicks(90)}, "order_types"),
        ({"time_in_force": TimeInForce.FOK}, "times_in_force"),
        ({"time_in_force": TimeInForce.GTC}, "times_in_force"),
        ({"order_type": OrderType.MARKET, "price_ticks": None}, "order_types"),
        ({"hidden": True}, "conditions"),
        ({}, ""),
    ]
    for number, (fields, row) in enumerate(asked):
        plain: dict[str, Any] = {
            "client_order_id": f"c{number}",
            "account_id": venue.accounts["li"],
            "instrument_id": venue.instruments["INS"],
            "side": Side.BUY,
            "quantity_lots": QuantityLots(1),
            "price_ticks": PriceTicks(100),
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.DAY,
        }
        answer = venue.do(PlaceOrder(**(plain | fields)), "li")[0]
        if not row:
            assert not isinstance(answer, Rejected)
            continue
        assert isinstance(answer, Rejected) and answer.rule is not None
        assert (answer.code, answer.rule.field, answer.rule.provision) == ("rule.order_not_allowed", row, "SANDBOX")
    venue.close()


def listed(house: House) -> Any:
    """An instrument that came by the listing workflow, in a market with a timetable."""
    publish(house.venue, RULES, rules_text(timetable=DAY))
    market_id = house.venue.make(opening(house.venue), MarketOpened).market.market_id
    return house.admitted("thu", house.book("thu", house.floating("thu"), market_id=market_id))


def test_an_admitted_instrument_follows_the_timetable_until_it_is_delisted() -> None:
    house = House.sandbox()
    venue = house.venue
    admitted = listed(house)
    venue.instruments["INS"] = admitted.instrument.instrument_id
    assert [timer.kind for timer in timers(venue)] == [TimerKind.PHASE_DUE]
    Days(venue).plays("09:10:00 -> pre_open, opening_call")
    venue.do(DelistListing(listing_id=admitted.listing.listing_id, reason="invalidated"))
    assert timers(venue) == []
    assert venue.state.instruments[venue.instruments["INS"]].phase is Phase.CLOSED
    venue.close()


def test_an_instrument_is_not_delisted_while_its_auction_settles() -> None:
    house = House.sandbox()
    venue = house.venue
    admitted = listed(house)
    instrument_id = admitted.instrument.instrument_id
    venue.do(ChangePhase(instrument_id=instrument_id, phase=Phase.OPENING_CALL))
    venue.do(ChangePhase(instrument_id=instrument_id, phase=Phase.CONTINUOUS))
    delist = DelistListing(listing_id=admitted.listing.listing_id, reason="invalidated")
    refused = venue.do(delist)[0]
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.detail) == ("instrument.phase", "its auction is being settled")
    assert 0 < venue.finish_runs() < CHUNK
    assert venue.refusal(delist) == ""
    venue.close()


def timers(venue: Venue) -> list[Any]:
    """What is due by itself to the instrument."""
    kinds = (TimerKind.PHASE_DUE, TimerKind.CALL_ENDS, TimerKind.HALT_ENDS)
    return [timer for timer in venue.state.table(Timer).values() if timer.kind in kinds]
