"""The market's checks at their boundaries: the last that is allowed, and one more."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.calendar import BusinessCalendar, is_trading_day
from exchange.core.instruments import TechnologyClass
from exchange.core.parties import Standing
from exchange.core.rejections import RejectCode
from exchange.rulebook.checks import (
    check_currency,
    check_export,
    check_holder_cap,
    check_opposite_side_gap,
    check_suitability,
    check_value_cap,
    count_holders,
)
from exchange.rulebook.profile import Suitability
from tests.rulebook.shipped import calendar, profile

VENUE = profile("cn_ip_venue")
SANDBOX = profile("sandbox")
CN = calendar("cn")


def test_two_hundred_holders_are_allowed_and_a_trust_of_three_over_198_is_one_too_many() -> None:
    assert count_holders(198, [2]) == 200
    assert check_holder_cap(VENUE, 200) is None
    refusal = check_holder_cap(VENUE, count_holders(198, [3]))
    assert refusal is not None
    assert (refusal.code, refusal.detail) == (RejectCode.RULE_HOLDER_CAP, "201 holders, at most 200")
    assert refusal.rule.provision == "CN-38/37"


def test_a_private_product_counts_to_two_hundred_by_the_securities_law() -> None:
    refusal = check_holder_cap(profile("cn_private_product"), 201)
    assert refusal is not None
    assert refusal.rule.provision == "CN-SEC-9"


def test_the_sandbox_takes_fifty_holders_and_a_licensed_venue_any_number() -> None:
    assert check_holder_cap(SANDBOX, 50) is None
    assert check_holder_cap(SANDBOX, 51) is not None
    assert check_holder_cap(profile("licensed_securities"), 1_000_000) is None


def test_the_value_cap_itself_is_allowed_and_one_minor_unit_more_is_not() -> None:
    cap = SANDBOX.fields.value_cap_minor.value
    assert cap == 10_000_000_000
    assert check_value_cap(SANDBOX, cap) is None
    refusal = check_value_cap(SANDBOX, cap + 1)
    assert refusal is not None
    assert (refusal.code, refusal.rule.field) == (RejectCode.RULE_VALUE_CAP, "value_cap_minor")
    assert check_value_cap(VENUE, 2**53 - 1) is None


def test_the_sandbox_trades_the_test_currency_and_nothing_of_value() -> None:
    assert check_currency(SANDBOX, "XTS") is None
    for currency in ("CNY", "USD", "xts", ""):
        refusal = check_currency(SANDBOX, currency)
        assert refusal is not None
        assert (refusal.code, refusal.rule.field) == (RejectCode.CURRENCY_MISMATCH, "currencies")
    assert check_currency(VENUE, "CNY") is None
    assert check_currency(VENUE, "XTS") is not None


# --- Five trading days between buying and selling --------------------------------------------------------------------

GAPS = """
bought       sale is allowed from   why
2026-03-02   2026-03-09             a plain week
2026-03-06   2026-03-13             over a weekend
2026-02-13   2026-03-02             Spring Festival 15-23 February; the working Saturdays 14 and 28 are not trading days
2026-04-30   2026-05-12             Labour Day 1-5 May; the working Saturday 9 is not a trading day
2026-09-24   2026-10-09             Mid-Autumn and National Day
2026-12-31   2027-01-08             over the year's end
"""


@pytest.mark.parametrize("line", GAPS.strip().splitlines()[1:])
def test_what_was_bought_on_trading_day_one_is_sold_on_trading_day_six_and_not_before(line: str) -> None:
    bought, allowed = (date.fromisoformat(text) for text in line.split()[:2])
    day_before = allowed - timedelta(days=1)
    refusal = check_opposite_side_gap(VENUE, CN, bought, day_before)
    assert refusal is not None
    assert refusal.code is RejectCode.RULE_OPPOSITE_SIDE_GAP
    assert refusal.detail == f"the other side was taken on {bought}; from {allowed} at the earliest"
    assert (refusal.rule.field, refusal.rule.provision) == ("opposite_side_gap_trading_days", "CN-38/37")
    assert check_opposite_side_gap(VENUE, CN, bought, allowed) is None


def test_who_never_took_the_other_side_waits_for_nothing() -> None:
    assert check_opposite_side_gap(VENUE, CN, None, date(2026, 3, 2)) is None


def test_the_sandbox_asks_for_no_gap_and_does_not_need_a_calendar_for_it() -> None:
    assert check_opposite_side_gap(SANDBOX, CN, date(1999, 1, 1), date(1999, 1, 1)) is None


def test_a_gap_that_leaves_the_calendar_is_refused_and_never_guessed() -> None:
    refusal = check_opposite_side_gap(VENUE, CN, date(2027, 12, 28), date(2027, 12, 31))
    assert refusal is not None
    assert refusal.code is RejectCode.CALENDAR_NOT_COVERED
    assert "cn@1 does not cover 2028-01-01" in refusal.detail


@given(
    bought=st.dates(date(2026, 1, 1), date(2027, 11, 1)),
    later=st.integers(0, 40),
    closed=st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 1)), max_size=20),
)
def test_a_sale_is_allowed_exactly_when_five_trading_days_have_come_after_the_purchase(
    bought: date, later: int, closed: list[date]
) -> None:
    days = msgspec.structs.replace(CN, holidays=tuple(sorted(day.isoformat() for day in closed)))
    today = bought + timedelta(days=later)
    counted_from = next_trading_day(days, bought)
    passed = sum(
        is_trading_day(days, counted_from + timedelta(days=step + 1)) for step in range((today - counted_from).days)
    )
    allowed = check_opposite_side_gap(VENUE, days, bought, today) is None
    # A day on which nothing trades is as good as the next trading day: nothing can be sold on it.
    assert allowed == (passed >= 5)


def next_trading_day(days: BusinessCalendar, day: date) -> date:
    while not is_trading_day(days, day):
        day += timedelta(days=1)
    return day


# --- Who may take part, and across which border -----------------------------------------------------------------------

SUITABLE = """
profile                nobody  method_statement  ordinary  professional  invited
cn_ip_venue            no      yes               no        no            no
cn_private_product     no      no                no        yes           no
licensed_securities    no      no                yes       yes           no
offshore_professional  no      no                no        yes           no
sandbox                no      no                no        no            yes
"""


def test_each_market_admits_the_standing_it_asks_for_and_no_other() -> None:
    head, *lines = SUITABLE.strip().splitlines()
    for line in lines:
        name, *answers = line.split()
        for standing, answer in zip(head.split()[1:], answers, strict=True):
            standings = [] if standing == "nobody" else [Standing(standing)]
            refusal = check_suitability(profile(name), standings)
            assert (refusal is None) == (answer == "yes"), (name, standing)
            assert refusal is None or (refusal.code, refusal.rule.field) == (RejectCode.RULE_SUITABILITY, "suitability")


def test_one_admitted_standing_among_several_is_enough() -> None:
    assert check_suitability(SANDBOX, [Standing.ORDINARY, Standing.INVITED]) is None
    assert {profile(line.split()[0]).fields.suitability.value for line in SUITABLE.strip().splitlines()[1:]} == set(
        Suitability
    )


EXPORTS = """
class         CN to CN  CN to SG  CN to HK  US to CN
free          yes       yes       yes       yes
restricted    yes       TIE-33    TIE-33    TIE-33
unclassified  yes       TIE-33    TIE-33    TIE-33
prohibited    yes       TIE-29    TIE-29    TIE-29
"""


def test_only_free_technology_crosses_a_border_before_it_is_cleared() -> None:
    roads = [("CN", "CN"), ("CN", "SG"), ("CN", "HK"), ("US", "CN")]
    lines = [line.split() for line in EXPORTS.strip().splitlines()[1:]]
    assert [name for name, *_ in lines] == ["free", "restricted", "unclassified", "prohibited"]
    for name, *answers in lines:
        for (seller, buyer), answer in zip(roads, answers, strict=True):
            refusal = check_export(TechnologyClass(name), seller, buyer)
            assert (refusal.rule.provision if refusal else "yes") == answer
            assert refusal is None or refusal.code is RejectCode.EXPORT_NOT_CLEARED
