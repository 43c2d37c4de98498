"""Which phase and which listing state follows which, and what each permits."""

from __future__ import annotations

import pytest

from exchange.core.ids import AssetId, InstrumentId, ListingId, MarketId
from exchange.core.instruments import Phase, Settlement, Side
from exchange.core.units import PriceTicks
from matching import listing, session
from matching.listing import ListingState
from matching.messages import Instrument

CLOSED, CONTINUOUS, HALTED = Phase.CLOSED, Phase.CONTINUOUS, Phase.HALTED

SHARE = Instrument(
    instrument_id=InstrumentId(1),
    code="X-1",
    name="Share of an outcome",
    market_id=MarketId(1),
    listing_id=ListingId(1),
    asset_id=AssetId(2),
    money_asset_id=AssetId(1),
    lot_units=100,
    tick_minor=5,
    band_low_ticks=PriceTicks(90),
    band_high_ticks=PriceTicks(110),
    settlement=Settlement.BOOK_ENTRY,
    phase=CLOSED,
    frozen=False,
)


GRAPH = """
from \\ to         clo  pre  opn  con  vol  hal  ccl  set  pos
closed             .    y    y    y    .    .    .    .    .
pre_open           y    .    y    y    .    y    y    .    .
opening_call       A    .    .    A    .    y    y    .    .
continuous         y    .    .    .    y    y    y    .    y
volatility_call    A    .    .    A    .    y    y    .    A
halted             y    y    y    y    y    .    y    .    .
closing_call       A    .    .    .    .    y    .    .    A
settling           .    .    .    .    .    .    .    .    .
post_close         y    .    .    .    .    y    .    .    .
"""
"""y: may be asked for; A: may be asked for, and an auction lies between; dot: refused."""


def test_each_of_the_81_passages_is_allowed_or_refused_as_the_graph_says() -> None:
    rows = [line.split() for line in GRAPH.strip().splitlines()[1:]]
    assert [row[0] for row in rows] == [phase.value for phase in Phase]
    for before, (_, *marks) in zip(Phase, rows, strict=True):
        for after, mark in zip(Phase, marks, strict=True):
            assert session.allowed(before, after) is (mark != "."), f"{before} to {after}"
            if mark != ".":
                assert session.ends_with_auction(before, after) is (mark == "A"), f"{before} to {after}"


def test_what_each_phase_takes_and_what_its_book_does() -> None:
    told = {
        phase.value: (session.accepts_orders(phase), *(word.name for word in session.book_matching(phase)))
        for phase in Phase
    }
    assert told == {
        "closed": (False, "HALTED", "NONE"),
        "pre_open": (True, "COLLECT", "OTHER"),
        "opening_call": (True, "COLLECT", "OPENING"),
        "continuous": (True, "CONTINUOUS", "NONE"),
        "volatility_call": (True, "COLLECT", "VOLATILITY"),
        "halted": (False, "HALTED", "NONE"),
        "closing_call": (True, "COLLECT", "CLOSING"),
        "settling": (False, "UNCROSSING", "NONE"),
        "post_close": (True, "FIXED_PRICE", "NONE"),
    }


def test_a_market_without_trading_rules_has_the_three_phases_it_always_had() -> None:
    passages = [(a, b) for a in session.PLAIN_PHASES for b in session.PLAIN_PHASES if session.allowed(a, b)]
    assert sorted(passages) == sorted(
        [(CLOSED, CONTINUOUS), (CONTINUOUS, HALTED), (HALTED, CONTINUOUS), (CONTINUOUS, CLOSED), (HALTED, CLOSED)]
    )


@pytest.mark.parametrize(("price", "inside"), [(89, False), (90, True), (100, True), (110, True), (111, False)])
def test_a_band_includes_its_edges(price: int, inside: bool) -> None:
    assert session.within_band(SHARE, PriceTicks(price)) is inside


def test_a_market_order_is_protected_by_the_far_edge_of_the_band() -> None:
    assert session.protection_price(SHARE, Side.BUY) == 110
    assert session.protection_price(SHARE, Side.SELL) == 90


def test_a_listing_is_admitted_before_it_trades_and_never_comes_back() -> None:
    passages = {
        f"{before.value} to {after.value}"
        for before in ListingState
        for after in ListingState
        if listing.allowed(before, after)
    }
    assert passages == {
        "draft to admitted",
        "draft to rejected",
        "admitted to trading",
        "admitted to delisted",
        "trading to halted",
        "trading to delisted",
        "halted to trading",
        "halted to delisted",
    }
    assert [state for state in ListingState if listing.is_over(state)] == [ListingState.DELISTED, ListingState.REJECTED]
