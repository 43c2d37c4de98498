"""Every refusal of an order, in its order of precedence: what is wrong in every way is put right one way at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from exchange.core.ids import AccountId, InstrumentId, OrderId
from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.membership import ClassMember, FreezeMember, GrantMandate
from exchange.core.messages import Command, Rejected
from exchange.core.parties import Standing, UserRight
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, PriceTicks, QuantityLots, TimeNs
from exchange.engine.book_fold import MAX_FILLS
from matching.messages import (
    CancelAllOrders,
    CancelOrder,
    ChangePhase,
    FreezeInstrument,
    OrderAccepted,
    OrderCancelled,
    PlaceOrder,
    ReplaceOrder,
)
from tests.support import Venue, publish, sandbox_text

Step = tuple[str, Callable[[], Any]]
"""The code a command is refused with, and what puts that right."""


def place(venue: Venue, who: str, side: Side, lots: int, price: int | None, **more: Any) -> PlaceOrder:
    """An order for INS on a member's main account."""
    return PlaceOrder(
        client_order_id="c",
        account_id=venue.accounts[who],
        instrument_id=venue.instruments["INS"],
        side=side,
        quantity_lots=QuantityLots(lots),
        price_ticks=None if price is None else PriceTicks(price),
        **more,
    )


class Wrong:
    """A command that is changed and asked again until nothing refuses it."""

    def __init__(self, venue: Venue, command: Command, by: str) -> None:
        self.venue, self.command, self.by = venue, command, by

    def with_(self, **fields: Any) -> Callable[[], None]:
        """Puts some fields right."""

        def repair() -> None:
            self.command = msgspec.structs.replace(self.command, **fields)

        return repair

    def climbs(self, steps: list[Step]) -> None:
        """Each code in turn, then acceptance."""
        for code, repair in steps:
            assert self.venue.refusal(self.command, self.by) == code
            repair()
        events = self.venue.do(self.command, self.by)
        assert not isinstance(events[0], Rejected), events
        self.venue.close()


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu")
    venue.member("li", cash=1_000)
    venue.instrument("INS", band=(1, 1_000), wu=1_000)
    return venue


def mandate(venue: Venue, who: str, for_whom: str, limit_minor: int = 0) -> Callable[[], Any]:
    """Lets a user act on another's account for an hour."""
    return lambda: venue.do(
        GrantMandate(
            account_id=venue.accounts[for_whom],
            user_id=venue.users[who],
            rights=(UserRight.TRADE,),
            limit_minor=Minor(limit_minor),
            valid_from_ns=TimeNs(venue.clock_ns),
            valid_until_ns=TimeNs(venue.clock_ns + 3_600_000_000_000),
        ),
        for_whom,
    )


def test_placing_is_refused_in_this_order(venue: Venue) -> None:
    order = place(venue, "li", Side.BUY, 2_000, None)
    wrong = Wrong(venue, msgspec.structs.replace(order, account_id=AccountId(7)), "wu")
    right = venue.instruments["INS"]
    venue.do(FreezeAccount(account_id=venue.accounts["li"], frozen=True))
    venue.do(FreezeMember(member_id=venue.members["li"], frozen=True))
    venue.do(FreezeInstrument(instrument_id=right, frozen=True))
    venue.do(FreezeAsset(asset_id=venue.asset(), frozen=True))
    venue.do(FreezeAsset(asset_id=venue.money, frozen=True))
    steps: list[Step] = [
        ("account.unknown", wrong.with_(account_id=venue.accounts["li"])),
        ("account.not_yours", mandate(venue, "wu", "li", limit_minor=1_000)),
        ("mandate.invalid", mandate(venue, "wu", "li")),
        ("account.frozen", lambda: venue.do(FreezeAccount(account_id=venue.accounts["li"], frozen=False))),
        ("member.frozen", lambda: venue.do(FreezeMember(member_id=venue.members["li"], frozen=False))),
        ("instrument.frozen", lambda: venue.do(FreezeInstrument(instrument_id=right, frozen=False))),
        ("asset.frozen", lambda: venue.do(FreezeAsset(asset_id=venue.asset(), frozen=False))),
        ("asset.frozen", lambda: venue.do(FreezeAsset(asset_id=venue.money, frozen=False))),
        ("order.price_missing", wrong.with_(price_ticks=PriceTicks(1_001))),
        ("order.price_band", wrong.with_(price_ticks=PriceTicks(1_000), quantity_lots=QuantityLots(2**53 - 1))),
        ("order.too_large", wrong.with_(quantity_lots=QuantityLots(2), price_ticks=PriceTicks(501))),
        ("hold.insufficient_available", wrong.with_(price_ticks=PriceTicks(500))),
    ]
    wrong.climbs(steps)


def test_an_unknown_instrument_comes_after_the_account_and_before_everything_else(venue: Venue) -> None:
    wrong = Wrong(
        venue, msgspec.structs.replace(place(venue, "li", Side.BUY, 1, 1), instrument_id=InstrumentId(9)), "li"
    )
    venue.do(FreezeAccount(account_id=venue.accounts["li"], frozen=True))
    wrong.climbs(
        [
            ("account.frozen", lambda: venue.do(FreezeAccount(account_id=venue.accounts["li"], frozen=False))),
            ("order.unknown_instrument", wrong.with_(instrument_id=venue.instruments["INS"])),
        ]
    )


@pytest.mark.parametrize(
    ("phase", "code"), [(Phase.HALTED, "order.instrument_halted"), (Phase.CLOSED, "order.instrument_closed")]
)
def test_the_phase_comes_before_the_terms(venue: Venue, phase: Phase, code: str) -> None:
    instrument_id = venue.instruments["INS"]
    venue.do(ChangePhase(instrument_id=instrument_id, phase=phase))
    wrong = Wrong(venue, place(venue, "li", Side.BUY, 1, None), "li")
    wrong.climbs(
        [
            (code, lambda: venue.do(ChangePhase(instrument_id=instrument_id, phase=Phase.CONTINUOUS))),
            ("order.price_missing", wrong.with_(price_ticks=PriceTicks(1))),
        ]
    )


def test_a_price_and_a_cap_fit_the_order_type(venue: Venue) -> None:
    cap = Minor(100)
    venue.plays("wu sells 1 @ 1 -> rests")
    assert venue.refusal(place(venue, "li", Side.BUY, 1, 1, max_notional_minor=cap), "li") == "order.price_not_allowed"
    market = {"order_type": OrderType.MARKET}
    assert venue.refusal(place(venue, "li", Side.BUY, 1, 1, **market), "li") == "order.price_not_allowed"
    sold = place(venue, "wu", Side.SELL, 1, None, max_notional_minor=cap, **market)
    assert venue.refusal(sold, "wu") == "order.price_not_allowed"
    assert venue.refusal(place(venue, "li", Side.BUY, 1, None, **market), "li") == ""
    venue.close()


def test_the_rules_are_asked_in_this_order_and_cited() -> None:
    broken: dict[str, Any] = {
        "centralised_methods": [],
        "suitability": "professional",
        "value_cap_minor": 5,
        "holder_cap": 1,
    }
    codes = ["rule.method_not_allowed", "rule.suitability", "rule.value_cap", "rule.holder_cap"]
    for code in codes:
        venue = Venue.sandbox(**broken)
        venue.member("wu")
        venue.member("li", cash=1_000)
        venue.instrument("INS", wu=10)
        [rejected] = venue.do(place(venue, "li", Side.BUY, 3, 2, time_in_force=TimeInForce.FOK), "li")
        assert isinstance(rejected, Rejected)
        assert rejected.code == code
        assert rejected.rule is not None
        assert (rejected.rule.profile, rejected.rule.version) == ("sandbox", 1)
        broken.pop(next(iter(broken)))
    venue = Venue.sandbox()
    venue.member("wu")
    venue.member("li")
    venue.instrument("INS", wu=10)
    command = place(venue, "li", Side.BUY, 3, 2, time_in_force=TimeInForce.FOK)
    assert venue.refusal(command, "li") == "order.fok_unfilled"
    assert venue.refusal(msgspec.structs.replace(command, time_in_force=TimeInForce.DAY), "li") == (
        "hold.insufficient_available"
    )


def test_a_market_whose_fees_nobody_published_takes_no_order_and_open_ones_keep_theirs(venue: Venue) -> None:
    venue.plays("li buys 5 @ 10 -> rests")
    text = json.loads(sandbox_text(PublishedKind.FEE_SCHEDULE))
    rows = [row for row in text["rows"] if row["method"] != "order_book"]
    publish(venue, PublishedKind.FEE_SCHEDULE, json.dumps({**text, "version": text["version"] + 1, "rows": rows}))
    assert venue.refusal(place(venue, "li", Side.BUY, 1, 1_001), "li") == "order.price_band"
    assert venue.refusal(place(venue, "li", Side.BUY, 1, 1), "li") == "fee.schedule_unknown"
    dearer = [{**row, "rate_ppm": 100_000, "minimum_minor": 0} for row in text["rows"]]
    publish(venue, PublishedKind.FEE_SCHEDULE, json.dumps({**text, "version": text["version"] + 2, "rows": dearer}))
    venue.plays("""
        wu sells 3 @ 10             -> li 3 @ 10
        li has 3 units, 970 cash    -> holds 0 units, 20 cash   # entered when the book was free of charge
        wu has 997 units, 27 cash   -> holds 0 units, 0 cash    # entered at a tenth
    """)
    venue.restart()
    venue.plays("""
        wu sells 2 @ 10             -> li 2 @ 10
        li has 5 units, 950 cash    -> holds 0 units, 0 cash
    """)
    venue.close()


def test_suitability_follows_what_is_on_record(venue: Venue) -> None:
    venue.do(ClassMember(member_id=venue.members["li"], standings=(Standing.PROFESSIONAL,)))
    assert venue.refusal(place(venue, "li", Side.BUY, 1, 1), "li") == "rule.suitability"
    venue.do(ClassMember(member_id=venue.members["li"], standings=(Standing.PROFESSIONAL, Standing.INVITED)))
    assert venue.refusal(place(venue, "li", Side.BUY, 1, 1), "li") == ""


def test_replacing_is_refused_in_this_order(venue: Venue) -> None:
    accepted = venue.do(place(venue, "li", Side.BUY, 4, 100), "li")[0]
    assert isinstance(accepted, OrderAccepted)
    venue.plays("wu sells 2 @ 100 -> li 2 @ 100")
    instrument_id = venue.instruments["INS"]
    venue.do(ChangePhase(instrument_id=instrument_id, phase=Phase.HALTED))
    command = ReplaceOrder(
        account_id=AccountId(7),
        order_id=OrderId(9),
        client_order_id="r",
        price_ticks=PriceTicks(1_001),
        quantity_lots=QuantityLots(2),
    )
    wrong = Wrong(venue, command, "wu")
    wrong.climbs(
        [
            ("account.unknown", wrong.with_(account_id=venue.accounts["li"])),
            ("account.not_yours", mandate(venue, "wu", "li", limit_minor=2_001)),
            ("order.unknown", wrong.with_(order_id=accepted.order_id)),
            ("mandate.invalid", mandate(venue, "wu", "li")),
            (
                "order.instrument_halted",
                lambda: venue.do(ChangePhase(instrument_id=instrument_id, phase=Phase.CONTINUOUS)),
            ),
            ("order.price_band", wrong.with_(price_ticks=PriceTicks(100), quantity_lots=QuantityLots(2**53 - 1))),
            ("order.too_large", wrong.with_(quantity_lots=QuantityLots(2))),
            ("order.replace_nothing", wrong.with_(quantity_lots=QuantityLots(4))),
            ("order.replace_nothing", wrong.with_(quantity_lots=QuantityLots(11))),
            ("hold.insufficient_available", wrong.with_(quantity_lots=QuantityLots(10))),
        ]
    )


def test_a_frozen_owner_may_cancel_but_not_replace(venue: Venue) -> None:
    li = venue.accounts["li"]
    venue.do(FreezeAccount(account_id=li, frozen=True))
    assert venue.refusal(CancelOrder(account_id=li, order_id=OrderId(1)), "li") == "order.unknown"
    replace = ReplaceOrder(
        account_id=li,
        order_id=OrderId(1),
        client_order_id="r",
        price_ticks=PriceTicks(1),
        quantity_lots=QuantityLots(1),
    )
    assert venue.refusal(replace, "li") == "account.frozen"
    assert venue.refusal(CancelAllOrders(account_id=li), "li") == ""
    assert venue.refusal(CancelAllOrders(account_id=li), "wu") == "account.not_yours"
    assert venue.refusal(CancelAllOrders(account_id=AccountId(7)), "wu") == "account.unknown"


def test_fill_or_kill_over_too_many_makers_is_refused_and_others_stop_at_the_limit() -> None:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.checking = False
    venue.member("wu")
    venue.member("li", cash=1_000)
    venue.instrument("INS", wu=1_000)
    for _ in range(MAX_FILLS + 1):
        venue.do(place(venue, "wu", Side.SELL, 1, 1), "wu")
    fok = place(venue, "li", Side.BUY, MAX_FILLS + 1, 1, time_in_force=TimeInForce.FOK)
    assert venue.refusal(fok, "li") == "order.too_many_fills"
    assert (
        venue.refusal(msgspec.structs.replace(fok, quantity_lots=QuantityLots(MAX_FILLS + 2)), "li")
        == "order.too_many_fills"
    )
    copied = venue.copy()
    assert copied.refusal(msgspec.structs.replace(fok, quantity_lots=QuantityLots(MAX_FILLS)), "li") == ""
    copied.has("li", units=MAX_FILLS, cash=1_000 - MAX_FILLS)
    events = venue.do(place(venue, "li", Side.BUY, 250, 1), "li")
    assert len(events) == MAX_FILLS + 2
    last = events[-1]
    assert isinstance(last, OrderCancelled) and last.reason == "fill_limit"
    venue.has("li", units=MAX_FILLS, cash=1_000 - MAX_FILLS)
    venue.holds("li", cash=0)
    venue.close()
