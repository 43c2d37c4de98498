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


def test_a_session_opens_halts_resumes_and_closes_and_nothing_else() -> None:
    passages = [(before, after) for before in Phase for after in Phase if session.allowed(before, after)]
    assert sorted(passages) == sorted(
        [(CLOSED, CONTINUOUS), (CONTINUOUS, HALTED), (HALTED, CONTINUOUS), (CONTINUOUS, CLOSED), (HALTED, CLOSED)]
    )


def test_orders_are_taken_in_continuous_trading_only() -> None:
    assert [phase for phase in Phase if session.accepts_orders(phase)] == [CONTINUOUS]


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
