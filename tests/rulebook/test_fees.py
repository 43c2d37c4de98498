"""Fees: what a schedule says, and the promises that holds, previews and postings rest on."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.instruments import Side
from exchange.core.rejections import InvariantBroken
from exchange.core.units import Minor, Ppm
from exchange.rulebook.fees import FeeRow, charge, fee_ceiling, fee_minor, fee_row
from exchange.rulebook.profile import Method
from exchange.rulebook.texts import Mark
from tests.rulebook.shipped import schedule


def row(rate_ppm: int, minimum_minor: int = 0, maximum_minor: int | None = None) -> FeeRow:
    return FeeRow(
        profile="sandbox",
        method=Method.ORDER_BOOK,
        side=Side.BUY,
        rate_ppm=Ppm(rate_ppm),
        minimum_minor=Minor(minimum_minor),
        maximum_minor=maximum_minor,
        rounding="ceil",
        source="a test",
        provision="TEST",
        mark=Mark.UNCHECKED,
    )


@st.composite
def rows(draw: st.DrawFn) -> FeeRow:
    """Any row a schedule may hold; small rates, minima and maxima are as likely as large ones."""
    minimum = draw(st.integers(0, 200) | st.integers(0, 2**40))
    maximum = draw(st.none() | st.integers(minimum, minimum + 200) | st.integers(minimum, 2**41))
    return row(draw(st.integers(0, 5_000) | st.integers(0, 1_000_000)), minimum, maximum)


notionals = st.integers(0, 300) | st.integers(0, 2**42)


# --- What the shipped schedules say -----------------------------------------------------------------------------------

SHIPPED = """
schedule     method      notional      fee       why
sandbox      order_book  0             0         nothing traded, nothing charged
sandbox      order_book  3             3         never more than the notional
sandbox      order_book  1000          5         the minimum
sandbox      order_book  16666         5         0.03 % is 4.9998: still the minimum
sandbox      order_book  16667         6         5.0001, rounded up
sandbox      order_book  1000000       300       0.03 %
sandbox      agreement   1000000       1000      0.1 %
sandbox      agreement   5000000000    1000000   the maximum
cn_ip_venue  agreement   5000000       100000    1 % of CNY 50,000 is below the minimum of CNY 1,000
cn_ip_venue  agreement   10000001      100001    1 %, rounded up to the fen
cn_ip_venue  agreement   20000000000   50000000  the maximum of CNY 500,000
"""


@pytest.mark.parametrize("line", SHIPPED.strip().splitlines()[1:])
@pytest.mark.parametrize("side", Side)
def test_the_shipped_schedules_charge_both_sides_this(line: str, side: Side) -> None:
    name, method, notional, fee, *_ = line.split()
    priced = fee_row(schedule(name), name, Method(method), side)
    assert priced is not None
    assert fee_minor(priced, int(notional)) == int(fee)


def test_what_a_schedule_does_not_price_has_no_row() -> None:
    assert fee_row(schedule("cn_ip_venue"), "cn_ip_venue", Method.ORDER_BOOK, Side.BUY) is None
    assert fee_row(schedule("sandbox"), "cn_ip_venue", Method.AGREEMENT, Side.BUY) is None


def test_a_minimum_is_paid_once_by_an_order_however_often_it_trades() -> None:
    five = row(300, minimum_minor=5)
    assert charge(five, 0, 0, 1_000) == 5
    assert charge(five, 1_000, 5, 2_000) == 0
    assert charge(five, 2_000, 5, 1_000_000) == 295


def test_the_ceiling_of_a_remainder_knows_that_the_minimum_was_paid() -> None:
    five = row(300, minimum_minor=5)
    assert fee_ceiling(five, 1_000) == 5
    assert fee_ceiling(five, 500, notional_before_minor=500) == 0


def test_a_charge_that_does_not_follow_from_what_was_charged_stops_the_node() -> None:
    with pytest.raises(InvariantBroken):
        charge(row(300, 5), 1_000, 4, 2_000)
    with pytest.raises(InvariantBroken):
        charge(row(300, 5), 1_000, 5, 999)
    with pytest.raises(InvariantBroken):
        fee_minor(row(300), -1)


# --- What holds for every schedule ------------------------------------------------------------------------------------


@given(rows(), notionals, notionals)
def test_a_fee_never_falls_as_the_notional_grows_and_never_grows_faster_than_it(
    priced: FeeRow, notional: int, more: int
) -> None:
    before, after = fee_minor(priced, notional), fee_minor(priced, notional + more)
    assert 0 <= before <= notional
    assert 0 <= after - before <= more


@given(rows(), st.lists(notionals, max_size=8))
def test_the_charges_of_any_split_sum_to_the_fee_of_the_whole_and_each_is_covered_by_its_fill(
    priced: FeeRow, fills: list[int]
) -> None:
    notional = charged = 0
    for fill in fills:
        amount = charge(priced, notional, charged, notional + fill)
        assert 0 <= amount <= fill  # so an offer's proceeds always cover it
        notional, charged = notional + fill, charged + amount
    assert charged == fee_minor(priced, sum(fills))


@given(
    priced=rows(),
    limit=st.integers(1, 10_000),
    fills=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10_000)), max_size=8),
    unfilled=st.integers(0, 50),
)
def test_a_bids_hold_covers_every_path_at_or_below_its_limit_and_ends_at_zero(
    priced: FeeRow, limit: int, fills: list[tuple[int, int]], unfilled: int
) -> None:
    remaining = unfilled + sum(lots for lots, _ in fills)

    def hold(notional: int) -> int:
        return remaining * limit + fee_ceiling(priced, remaining * limit, notional)

    notional = charged = 0
    held = hold(0)
    for lots, below in fills:
        cost = lots * max(1, limit - below)
        amount = charge(priced, notional, charged, notional + cost)
        notional, charged, remaining = notional + cost, charged + amount, remaining - lots
        assert hold(notional) <= held - cost - amount  # the fill is paid out of the hold, which only shrinks
        held = hold(notional)
    remaining = 0
    assert hold(notional) == 0


@given(rows(), st.lists(notionals, min_size=2, max_size=6))
def test_a_ceiling_is_reached_by_trading_everything_and_by_nothing_less(priced: FeeRow, points: list[int]) -> None:
    ceilings = [fee_ceiling(priced, point) for point in sorted(points)]
    assert all(low <= high for low, high in pairwise(ceilings))
    assert ceilings[-1] == charge(priced, 0, 0, max(points))


def test_a_ceiling_that_forgot_what_was_traded_would_hold_the_minimum_twice() -> None:
    """Why `fee_ceiling` asks what was traded: a bid of 10 at 100 with a minimum of 5 fills 4 at its limit."""
    five = row(0, minimum_minor=5)
    held = 10 * 100 + fee_ceiling(five, 1_000)
    left = held - 400 - charge(five, 0, 0, 400)
    assert left == 600
    assert 600 + fee_ceiling(five, 600, notional_before_minor=400) == left
    assert 600 + fee_ceiling(five, 600) == left + 5


def test_a_row_is_a_value_and_its_maximum_may_equal_its_minimum() -> None:
    flat = msgspec.structs.replace(row(300, minimum_minor=5), maximum_minor=5)
    assert [fee_minor(flat, notional) for notional in (4, 5, 10**9)] == [4, 5, 5]
