"""What an offer is worth next to another: by hand for the plain cases, and beside exact fractions for all others."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import MAX_INTEGER, Minor, Ppm
from matching.consideration import (
    PPM,
    Basis,
    Equity,
    ExpectedMilestone,
    Instalment,
    Items,
    Milestone,
    Royalty,
    items_problem,
    present_value_minor,
    promised_minor,
    royalty_minor,
    uncounted,
    valued,
    worth_minor,
)

YUAN = 100
MILLION = 1_000_000 * YUAN

BASIS = Basis(
    discount_ppm=Ppm(100_000),
    milestones=(ExpectedMilestone(code="trial", probability_ppm=Ppm(250_000), after_days=700),),
    royalty_base="net sales",
    expected_base_minor=(Minor(0), Minor(11 * MILLION)),
    equity_credit_ppm=Ppm(500_000),
)
TRIAL = Milestone(code="trial", condition="it passed", amount_minor=Minor(4 * MILLION), within_days=700, due_days=30)
SALES = Royalty(base="net sales", rate_ppm=Ppm(50_000), minimum_minor=Minor(MILLION // 10), years=3, due_days=1)
SHARES = Equity(company="Newco", share_ppm=Ppm(100_000), value_minor=Minor(MILLION), due_days=365)

TABLE = """
one million at once                        | 1000000.00
1.1 million after a year                   | 1000000.00
1.21 million after two years               | 1000000.00
1.05 million after 182 days                | 1000130.48
a million after a day                      |  999726.10
4 million at one in four after 730 days    |  826446.28
"""
WORTH = {
    "one million at once": (MILLION, PPM, 0),
    "1.1 million after a year": (11 * MILLION // 10, PPM, 365),
    "1.21 million after two years": (121 * MILLION // 100, PPM, 730),
    "1.05 million after 182 days": (105 * MILLION // 100, PPM, 182),
    "a million after a day": (MILLION, PPM, 1),
    "4 million at one in four after 730 days": (4 * MILLION, 250_000, 730),
}
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("what", "worth"), ROWS, ids=[row[0] for row in ROWS])
def test_at_ten_per_cent_a_year(what: str, worth: str) -> None:
    assert f"{present_value_minor(*WORTH[what], 100_000) / YUAN:.2f}" == worth


def exact(amount: int, probability: int, days: int, rate: int) -> Fraction:
    """The formula in words: each whole year divides by one plus the rate, the rest by its part of the year's rate."""
    years, rest = divmod(days, 365)
    yearly = 1 + Fraction(rate, 1_000_000)
    return amount * Fraction(probability, 1_000_000) / yearly**years / (1 + (yearly - 1) * Fraction(rest, 365))


AMOUNTS = st.one_of(st.integers(0, 1_000), st.integers(0, MAX_INTEGER))
PARTS = st.one_of(st.sampled_from([0, 1, 500_000, 999_999, 1_000_000]), st.integers(0, PPM))
DAYS = st.one_of(st.sampled_from([0, 1, 364, 365, 366, 730, 7_300]), st.integers(0, 7_300))


@given(AMOUNTS, PARTS, DAYS, PARTS)
def test_it_is_the_exact_value_to_the_nearest_fen(amount: int, probability: int, days: int, rate: int) -> None:
    value = present_value_minor(amount, probability, days, rate)
    assert value == round(exact(amount, probability, days, rate)), "round of a fraction goes to the even one, too"


@given(AMOUNTS, PARTS, DAYS, PARTS, st.integers(0, 400))
def test_nothing_is_worth_more_for_coming_later_or_less_probably(
    amount: int, probability: int, days: int, rate: int, more: int
) -> None:
    value = present_value_minor(amount, probability, days, rate)
    assert 0 <= present_value_minor(amount, probability, days + more, rate) <= value <= amount
    assert present_value_minor(amount, max(0, probability - more), days, rate) <= value


def test_every_item_says_how_it_was_counted() -> None:
    items = Items(
        instalments=(Instalment(amount_minor=Minor(11 * MILLION), due_days=365),),
        milestones=(TRIAL,),
        royalty=SALES,
        equity=SHARES,
    )
    rows = valued(5 * MILLION, items, BASIS)
    shown = [(row.item, row.amount_minor // YUAN, row.probability_ppm, row.after_days) for row in rows]
    assert shown == [
        ("price", 5_000_000, PPM, 0),
        ("instalment 1", 11_000_000, PPM, 365),
        ("milestone trial", 4_000_000, 250_000, 730),
        ("royalty year 1", 100_000, PPM, 366),  # nothing is sold: its minimum
        ("royalty year 2", 550_000, PPM, 731),  # 5 % of eleven millions
        ("royalty year 3", 100_000, PPM, 1_096),  # beyond what is expected: its minimum
        ("equity", 1_000_000, 500_000, 365),
    ]
    assert [row.value_minor for row in rows] == [
        round(exact(row.amount_minor, row.probability_ppm, row.after_days, 100_000)) for row in rows
    ]
    assert worth_minor(rows) == sum(row.value_minor for row in rows)


def test_a_price_at_signing_is_worth_itself() -> None:
    assert worth_minor(valued(MILLION, None, BASIS)) == MILLION


def test_what_the_basis_does_not_speak_of_is_named_and_counts_for_nothing() -> None:
    other = Milestone(code="other", condition="it rains", amount_minor=Minor(1), within_days=1, due_days=1)
    bare = Basis(discount_ppm=Ppm(0))
    cases: list[tuple[Items, Basis, str]] = [
        (Items(milestones=(TRIAL,), royalty=SALES, equity=SHARES), BASIS, ""),
        (Items(milestones=(TRIAL, other)), BASIS, "milestone other"),
        (Items(royalty=SALES), bare, "royalty of net sales"),
        (Items(equity=SHARES), bare, "equity"),
    ]
    for items, basis, named in cases:
        assert uncounted(items, basis) == named
    assert worth_minor(valued(7, Items(milestones=(TRIAL,), equity=SHARES), bare)) == 7


def test_a_milestone_expected_after_its_last_day_counts_for_nothing() -> None:
    for within_days, counts in ((700, True), (699, False)):
        one = Milestone(code="trial", condition="x", amount_minor=Minor(100), within_days=within_days, due_days=1)
        [_, row] = valued(0, Items(milestones=(one,)), BASIS)
        assert bool(row.value_minor) is counts


@pytest.mark.parametrize(
    ("base", "rate", "minimum", "owed"),
    [
        (1_000, 500, 0, 0),  # half a fen, to the even one
        (3_000, 500, 0, 2),  # one and a half
        (1_001, 500, 0, 1),
        (0, 1_000_000, 5, 5),
        (5, 1_000_000, 5, 5),
        (6, 1_000_000, 5, 6),
    ],
)
def test_a_royalty_is_rounded_to_the_nearest_fen_and_no_less_than_its_minimum(
    base: int, rate: int, minimum: int, owed: int
) -> None:
    assert royalty_minor(base, rate, minimum) == owed


def test_what_is_promised_is_the_money_known_today() -> None:
    instalment = Instalment(amount_minor=Minor(7), due_days=1)
    cases: list[tuple[Any, int]] = [
        (None, 0),
        (Items(instalments=(instalment,)), 7),
        (Items(milestones=(TRIAL,)), 4 * MILLION),
        (Items(royalty=SALES), 3 * MILLION // 10),
        (Items(equity=SHARES), 0),
    ]
    assert [promised_minor(items) for items, _ in cases] == [promised for _, promised in cases]


def test_items_contradict_themselves_only_so() -> None:
    first, second = (Instalment(amount_minor=Minor(1), due_days=days) for days in (1, 2))
    assert not items_problem(Items(instalments=(first, second)))
    for wrong in (Items(), Items(instalments=(second, first)), Items(milestones=(TRIAL, TRIAL))):
        assert items_problem(wrong)
