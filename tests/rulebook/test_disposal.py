"""Publicity, rewards and pilot funding: the golden arithmetic, and the last fen of each boundary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.parties import SellerClass
from exchange.core.rejections import InvariantBroken, RejectCode
from exchange.rulebook.disposal import (
    check_disposal_method,
    eligible_by_funding,
    fiscal_share_ppm,
    long_stop_ns,
    net_income_minor,
    period_end_ns,
    pilot_notice_days,
    publicity_days,
    reward_floor_minor,
    transfer_staff_floor_minor,
)
from exchange.rulebook.overlays import overlay_for
from exchange.rulebook.profile import Method
from tests.rulebook.shipped import calendar, overlays, profile

VENUE = profile("cn_ip_venue")
OVERLAYS = overlays()
UNIVERSITY = SellerClass.STATE_UNIVERSITY
NS = 1_000_000_000


def at_ns(text: str) -> int:
    """A moment in Shanghai, in nanoseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


@dataclass(frozen=True)
class Funds:
    fiscal: bool
    amount_minor: int


# --- Rewards ---------------------------------------------------------------------------------------------------------


def test_the_golden_licence_income_leaves_890_000_and_the_floors_of_three_places() -> None:
    net = net_income_minor(1_000_000, taxes_minor=60_000, upkeep_minor=20_000, direct_costs_minor=30_000)
    assert net == 890_000
    assert reward_floor_minor(overlay_for(OVERLAYS, "national", UNIVERSITY), net) == 445_000
    assert reward_floor_minor(overlay_for(OVERLAYS, "beijing", UNIVERSITY), net) == 623_000
    assert transfer_staff_floor_minor(overlay_for(OVERLAYS, "hainan", UNIVERSITY), net) == 89_000


def test_a_floor_is_rounded_up_so_that_a_reward_at_it_never_breaks_the_rule() -> None:
    assert reward_floor_minor(overlay_for(OVERLAYS, "national", UNIVERSITY), 3) == 2
    assert reward_floor_minor(overlay_for(OVERLAYS, "beijing", UNIVERSITY), 1) == 1


def test_costs_above_the_income_leave_nothing_to_reward_and_no_debt() -> None:
    assert net_income_minor(100, taxes_minor=60, upkeep_minor=40, direct_costs_minor=0) == 0
    assert net_income_minor(100, taxes_minor=60, upkeep_minor=40, direct_costs_minor=1) == 0
    with pytest.raises(InvariantBroken):
        net_income_minor(100, taxes_minor=-1, upkeep_minor=0, direct_costs_minor=0)


def test_a_place_without_an_overlay_of_its_own_falls_back_to_the_national_one() -> None:
    assert overlay_for(OVERLAYS, "gansu", UNIVERSITY) == overlay_for(OVERLAYS, "national", UNIVERSITY)
    assert overlay_for(OVERLAYS, "beijing", SellerClass.PRIVATE) == overlay_for(
        OVERLAYS, "national", SellerClass.PRIVATE
    )


def test_the_floor_binds_state_institutions_and_is_only_a_default_for_the_others() -> None:
    binding = {
        seller_class: overlay_for(OVERLAYS, "national", seller_class).fields.reward_floor_binding.value
        for seller_class in SellerClass
    }
    assert binding == {seller_class: seller_class is UNIVERSITY for seller_class in SellerClass}


# --- Publicity and periods -------------------------------------------------------------------------------------------


def test_only_an_agreed_price_of_a_state_institution_is_publicised_before_the_contract() -> None:
    for place in ("national", "beijing", "zhejiang", "hainan"):
        overlay = overlay_for(OVERLAYS, place, UNIVERSITY)
        assert publicity_days(overlay, Method.AGREEMENT) == 15
        assert publicity_days(overlay, Method.ENGLISH) == 0
    for seller_class in (SellerClass.PRIVATE, SellerClass.FOREIGN, SellerClass.INVENTOR):
        assert publicity_days(overlay_for(OVERLAYS, "national", seller_class), Method.AGREEMENT) == 0


def test_zhejiang_publicises_on_the_market_too_and_marks_a_related_buyer() -> None:
    fields = overlay_for(OVERLAYS, "zhejiang", UNIVERSITY).fields
    assert fields.agreement_publicity_on_market.value
    assert fields.related_buyer_marked.value


def test_a_state_owned_firm_sells_in_the_open_and_not_by_agreement() -> None:
    overlay = overlay_for(OVERLAYS, "national", SellerClass.STATE_OWNED_ENTERPRISE)
    assert check_disposal_method(OVERLAYS, overlay, Method.LISTING) is None
    refusal = check_disposal_method(OVERLAYS, overlay, Method.AGREEMENT)
    assert refusal is not None
    assert refusal.code is RejectCode.RULE_METHOD_NOT_ALLOWED
    assert refusal.rule.field == "national/state_owned_enterprise/methods"
    assert refusal.rule.provision == "CN-SOA-54"
    university = overlay_for(OVERLAYS, "national", UNIVERSITY)
    assert check_disposal_method(OVERLAYS, university, Method.AGREEMENT) is None


PERIODS = """
started                 days   over at       why
2026-03-02T09:30:00     15     2026-03-18    day one is 3 March; the fifteenth, 17 March, is counted whole
2026-03-02T00:00:00     15     2026-03-18    the day it starts on never counts
2026-03-02T23:59:59     15     2026-03-18    at whatever hour
2026-03-06T12:00:00     15     2026-03-24    the fifteenth day is Saturday the 21st; Monday the 23rd ends it
2026-01-31T12:00:00     15     2026-02-25    the fifteenth, 15 February, opens the Spring Festival; the 24th ends it
2026-03-02T09:30:00     1      2026-03-04    one whole day
"""


@pytest.mark.parametrize("line", PERIODS.strip().splitlines()[1:])
def test_a_period_counts_whole_days_after_the_first_and_ends_on_a_working_day(line: str) -> None:
    started, days, over = line.split()[:3]
    assert period_end_ns(calendar("cn"), at_ns(started), int(days)) == at_ns(over)


def test_a_period_of_no_days_is_over_when_it_starts_and_one_beyond_the_calendar_is_unknown() -> None:
    assert period_end_ns(calendar("cn"), 42, 0) == 42
    assert period_end_ns(calendar("cn"), at_ns("2027-12-20T12:00:00"), 15) is None


def test_the_long_stop_is_180_elapsed_days_and_the_pilot_notice_15() -> None:
    signed = int(datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC).timestamp()) * NS
    assert long_stop_ns(VENUE, signed) - signed == 180 * 86_400 * NS
    assert pilot_notice_days(VENUE) == 15


# --- Pilot assignment: wholly or mainly from fiscal funds -------------------------------------------------------------


def test_more_than_half_fiscal_is_mainly_and_exactly_half_is_not() -> None:
    assert eligible_by_funding(VENUE, [Funds(True, 500_001), Funds(False, 499_999)]) is None
    refusal = eligible_by_funding(VENUE, [Funds(True, 500_000), Funds(False, 500_000)])
    assert refusal is not None
    assert refusal.code is RejectCode.PILOT_NOT_ELIGIBLE
    assert refusal.detail == "fiscal funds 500000 of 1000000 minor units, 500000 ppm; needs more than 500000 ppm"
    assert refusal.rule.field == "pilot_fiscal_share_above_ppm"


def test_one_fen_over_half_of_a_large_sum_is_mainly_although_the_figure_shown_is_half() -> None:
    sources = [Funds(True, 10**12 + 1), Funds(False, 10**12)]
    assert fiscal_share_ppm(sources) == 500_000
    assert eligible_by_funding(VENUE, sources) is None


def test_an_outcome_paid_wholly_by_fiscal_funds_is_eligible_and_one_with_no_funds_stated_is_not() -> None:
    assert eligible_by_funding(VENUE, [Funds(True, 1)]) is None
    for sources in ([], [Funds(True, 0)], [Funds(False, 5)]):
        assert fiscal_share_ppm(sources) == 0
        assert eligible_by_funding(VENUE, sources) is not None


@given(st.lists(st.builds(Funds, fiscal=st.booleans(), amount_minor=st.integers(0, 2**53 - 1)), max_size=6))
def test_the_order_and_the_splitting_of_sources_never_change_eligibility(sources: list[Funds]) -> None:
    merged = [
        Funds(kind, sum(source.amount_minor for source in sources if source.fiscal is kind)) for kind in (False, True)
    ]
    assert (eligible_by_funding(VENUE, sources) is None) == (eligible_by_funding(VENUE, merged) is None)
    assert fiscal_share_ppm(sources) == fiscal_share_ppm(merged[::-1])
