"""A pool from its first asset to its sale, and what becomes of it when a right falls."""

from __future__ import annotations

import pytest

from custody.pledges import ReleasePledge
from exchange.assets.kinds import PatentStatus
from exchange.core.ids import to_wire
from exchange.core.units import Minor
from securitization.pool_messages import PoolTripped
from securitization.pool_records import PoolAssetState, PoolKind, PoolState
from tests.pools.stage import ANY, ISSUER, Yard, rule
from tests.sales.stage import THOUSAND


def test_a_pool_is_filled_sealed_and_sold_and_every_originator_is_paid() -> None:
    yard = Yard.cn()
    yard.opened(rule("debtor_to", value=700_000), rule("right_in_force"))
    fee, loan = yard.pooled("wu", 300), yard.loan(100, 100)
    assert (yard.units_at("lab", fee), yard.units_at("bank", loan)) == (300, 100)
    assert yard.does("seal") == "pool.rules_failed"
    small = yard.pooled("OUTSIDE-1", 50)
    assert yard.does("seal") == ""
    assert yard.pool().balance_minor == 450 * THOUSAND
    before = {who: yard.cash_of(who) for who in ("lab", "bank", ISSUER)}
    assert yard.does("sell") == ""
    paid = {who: yard.cash_of(who) - cash for who, cash in before.items()}
    assert paid == {"lab": 350, "bank": 100, ISSUER: -450}
    for asset, owed in ((fee, 300), (loan, 100), (small, 50)):
        assert yard.units_at(ISSUER, asset) == owed
        assert yard.held_of(ISSUER, yard.asset(asset).asset_id) == owed * THOUSAND
        assert yard.asset(asset).state is PoolAssetState.SOLD
    yard.venue.close()


def test_a_price_below_par_is_shared_by_balances_to_the_unit() -> None:
    yard = Yard.cn()
    yard.opened()
    assets = [yard.pooled(f"D{number}", 1, least_ppm=999_990) for number in range(3)]
    assert yard.does("seal") == ""
    assert yard.does("sell", price_minor=Minor(299_996)) == "pool.price"
    assert yard.does("sell", price_minor=Minor(299_998)) == ""
    assert [int(yard.asset(asset).price_minor) for asset in assets] == [100_000, 99_999, 99_999]
    yard.venue.close()


def test_the_check_names_each_asset_and_rule() -> None:
    yard = Yard.cn()
    yard.opened(rule("debtor_to", value=600_000), rule("valued", value=30), rule("loan_to_value_to", value=500_000))
    yard.valued(1_000)
    first = yard.pooled("wu", 300)
    yard.pooled("mei", 200)
    assert yard.checked() == []
    yard.wait(31, "days")
    name = to_wire("PX", first)
    assert [line for line in yard.checked() if line.startswith(name)] == [f"{name} valued 31"]
    yard.valued(999)
    code = yard.venue.state.assets[yard.right_id].code
    assert yard.checked() == [f"rights.{code} loan_to_value_to 500501"]
    yard.venue.close()


def test_the_borrowing_base_takes_the_haircut_off() -> None:
    yard = Yard.cn()
    yard.opened(haircut_ppm=400_000, valuation_days=30)
    yard.pooled("wu", 300)
    yard.valued(400)
    yard.checked()
    assert yard.pool().borrowing_base_minor == 240 * THOUSAND
    yard.wait(31, "days")
    yard.checked()
    assert yard.pool().borrowing_base_minor == 0
    yard.venue.close()


@pytest.mark.parametrize("status", [PatentStatus.LAPSED_FEE, PatentStatus.REVOKED, PatentStatus.EXPIRED])
def test_a_right_that_falls_trips_what_hangs_on_it_and_stops_the_sale(status: PatentStatus) -> None:
    yard = Yard.cn()
    yard.opened(rule("right_in_force"))
    hangs, stands = yard.pooled("wu", 300), yard.pooled("mei", 100, right_asset_id=yard.other_right)
    assert yard.does("seal") == ""
    events = yard.falls(yard.right_id, status)
    assert [event.pool.tripped for event in events if isinstance(event, PoolTripped)] == [1]
    assert yard.asset(hangs).tripped and not yard.asset(stands).tripped
    assert to_wire("PX", hangs) in yard.failing("sell") and yard.pool().state is PoolState.SEALED
    yard.venue.close()


def test_a_right_that_returns_cures() -> None:
    yard = Yard.cn()
    yard.opened(rule("right_in_force"))
    fee = yard.pooled("wu", 300)
    assert yard.does("seal") == "" and yard.does("sell") == ""
    yard.falls(yard.right_id, PatentStatus.LAPSED_FEE)
    assert (yard.pool().tripped, bool(yard.asset(fee).tripped)) == (1, True)
    yard.falls(yard.right_id, PatentStatus.IN_FORCE)
    assert (yard.pool().tripped, yard.asset(fee).tripped) == (0, "")
    yard.venue.close()


def test_a_right_that_comes_to_its_end_before_the_final_maturity_trips_on_that_day() -> None:
    yard = Yard.cn()
    expires = yard.expiry(yard.right_id)
    later = f"{int(expires[:4]) + 1}{expires[4:]}"
    yard.opened(final_date=later)
    fee = yard.pooled("wu", 300)
    days = rule("right_outlives_final")
    yard.venue.pass_time(days=1)
    assert not yard.asset(fee).tripped
    from datetime import date

    left = (date.fromisoformat(expires) - date.fromisoformat(yard.today())).days
    yard.venue.pass_time(days=left - 1)
    assert yard.checked() == [] and not yard.asset(fee).tripped
    yard.venue.pass_time(days=1)
    yard.checked()
    assert yard.asset(fee).tripped and yard.pool().tripped == 1
    yard.opened(days, final_date=later)
    other = yard.fee("wu", 300)
    assert "ends" in yard.failing("add", other)
    yard.venue.close()


def test_a_pledge_that_ended_before_the_sale_stops_it() -> None:
    yard = Yard.cn()
    yard.opened(rule("secured", value=1_000_000))
    loan = yard.loan(100, 100)
    assert yard.does("seal") == ""
    pledge = yard.asset(loan).encumbrance_id
    assert not yard.venue.refusal(ReleasePledge(encumbrance_id=pledge), "bank")
    assert yard.does("sell") == "pool.rules_failed"
    yard.venue.close()


def test_a_revolving_pool_buys_and_swaps_until_its_date_by_every_rule() -> None:
    yard = Yard.cn()
    yard.opened(rule("debtor_to", value=500_000), kind=PoolKind.REVOLVING, revolving_until="2026-09-01")
    one, two = yard.pooled("wu", 300), yard.pooled("mei", 300)
    assert yard.does("seal") == "" and yard.does("sell") == ""
    more, bigger, smaller = yard.fee("D3", 300), yard.fee("wu", 400), yard.fee("wu", 299)
    assert yard.does("add", more, price_minor=Minor(300 * THOUSAND - 1)) == "pool.price"
    assert yard.does("add", bigger, price_minor=Minor(400 * THOUSAND)) == "pool.rules_failed"
    assert yard.does("add", more, price_minor=Minor(300 * THOUSAND)) == ""
    assert yard.does("substitute", one, by_pool_asset_id=smaller) == "pool_asset.substitute"
    assert yard.does("substitute", one, by_pool_asset_id=bigger) == ""
    assert (yard.units_at("lab", one), yard.units_at(ISSUER, bigger)) == (300, 400)
    assert yard.asset(one).state is PoolAssetState.OFFERED and yard.does("withdraw", one) == ""
    yard.wait(200, "days")
    assert yard.does("substitute", two, by_pool_asset_id=smaller) == "pool.state"
    yard.venue.close()


def test_a_receivable_is_never_in_two_places() -> None:
    yard = Yard.cn()
    yard.opened()
    contract = yard.file("lab", "the one contract")
    fee = yard.pooled("wu", 300, contract_sha256=contract)
    yard.opened(name="another")
    again = yard.receivable("wu", 300, contract_sha256=contract)
    assert yard.venue.refusal(again, "lab") == "pool_asset.invalid"
    # What is registered is held whole: not even two operators can move it by hand.
    from custody.corrections_messages import TransferUnits

    by_hand = TransferUnits(
        from_account_id=yard.venue.accounts["lab"],
        to_account_id=yard.venue.accounts["wu"],
        asset_id=yard.asset(fee).asset_id,
        units=1,  # type: ignore[arg-type]
        reason="by hand",
    )
    assert "hold.insufficient_available" in str(yard.venue.by_two(by_hand))
    yard.venue.close()


def test_the_seal_names_every_term_of_every_asset() -> None:
    seals: list[str] = []
    for debtor, thousands in (("wu", 300), ("wu", 301), ("mei", 300)):
        yard = Yard.cn()
        yard.opened(ANY)
        yard.pooled(debtor, thousands)
        assert yard.does("seal") == ""
        seals.append(yard.pool().seal_sha256)
        assert yard.does("sell", seal_sha256="1" * 64) == "pool.seal_changed"
    assert len(set(seals)) == 3
