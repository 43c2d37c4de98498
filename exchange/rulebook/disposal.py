"""What a disposal owes: days of publicity, the floors of rewards, and which outcomes a pilot assignment may take.

Floors are rounded up, because a reward one fen under its floor breaks the rule; days are counted as the Civil Code
counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from exchange.core.calendar import BusinessCalendar, add_trading_days, local_date, start_of_day_ns
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import NS_PER_DAY, Minor, Ppm, TimeNs, div_ceil, div_floor
from exchange.rulebook.checks import Refusal
from exchange.rulebook.overlays import Overlay, Overlays, cite_overlay
from exchange.rulebook.profile import Method, Profile, cite

PPM = 1_000_000
AGREED = (Method.AGREEMENT, Method.RFQ)
"""The methods by which two find a price between themselves (协议定价)."""


# --- Before: the way, the publicity, the time limits ------------------------------------------------------------------


def check_disposal_method(overlays: Overlays, overlay: Overlay, method: Method) -> Refusal | None:
    """Whether this class of seller may dispose of an outcome this way.

    Refused: rule.method_not_allowed.
    Source: 促进科技成果转化法 art. 18 (state institutions); 企业国有资产法 art. 54 (state firms sell in the open).
    """
    if method in overlay.fields.methods.value:
        return None
    return Refusal(
        code=RejectCode.RULE_METHOD_NOT_ALLOWED,
        detail=f"{overlay.seller_class} under the {overlay.jurisdiction} overlay may not sell by {method}",
        rule=cite_overlay(overlays, overlay, "methods"),
    )


def publicity_days(overlay: Overlay, method: Method) -> int:
    """Calendar days for which name and intended price are shown before the contract; zero where none are asked.

    Only an agreed price is publicised, and one that was asked for among some is agreed: a listing, an auction and a
    tender are public by themselves.
    """
    return overlay.fields.agreement_publicity_days.value if method in AGREED else 0


def pilot_notice_days(profile: Profile) -> int:
    """Calendar days in which anybody may object to a pilot assignment."""
    return profile.fields.pilot_notice_days.value


def period_end_ns(calendar: BusinessCalendar, started_at_ns: int, days: int) -> TimeNs | None:
    """The moment a period of so many calendar days is over, or `None` if the calendar does not reach that far.

    The day it starts on is not counted; it ends with its last day, and a last day that is a weekend or holiday moves to
    the next trading day. A period of zero days is over when it starts.

    Source: 民法典 arts. 201, 203.
    """
    if days == 0:
        return TimeNs(started_at_ns)
    last_day = local_date(started_at_ns, calendar.time_zone) + timedelta(days=days)
    try:
        last_day = add_trading_days(calendar, last_day, 0)
    except (ValueError, OverflowError):
        return None
    return start_of_day_ns(last_day + timedelta(days=1), calendar.time_zone)


def open_sale_notice_ns(calendar: BusinessCalendar, started_at_ns: int, trading_days: int) -> TimeNs | None:
    """The moment the notice of an open sale is over, or `None` if the calendar does not reach that far.

    Counted in trading days, the day of the notice not among them; over when the last of them ends.
    """
    if trading_days == 0:
        return TimeNs(started_at_ns)
    try:
        last_day = add_trading_days(calendar, local_date(started_at_ns, calendar.time_zone), trading_days)
    except (ValueError, OverflowError):
        return None
    return start_of_day_ns(last_day + timedelta(days=1), calendar.time_zone)


def long_stop_ns(profile: Profile, contracted_at_ns: int) -> TimeNs:
    """When a contract that no office has recorded is unwound and the escrow refunded: elapsed days, no calendar."""
    return TimeNs(contracted_at_ns + profile.fields.recordal_long_stop_days.value * NS_PER_DAY)


# --- After: net income and the floors of rewards ----------------------------------------------------------------------


def net_income_minor(income_minor: int, taxes_minor: int, upkeep_minor: int, direct_costs_minor: int) -> Minor:
    """What is left of transfer or licence income to reward from; never below zero.

    Source: 北京市促进科技成果转化条例 (2019) art. 12; used for the other overlays by analogy.
    """
    ensure(min(income_minor, taxes_minor, upkeep_minor, direct_costs_minor) >= 0, "income and its deductions are >= 0")
    return Minor(max(0, income_minor - taxes_minor - upkeep_minor - direct_costs_minor))


def reward_floor_minor(overlay: Overlay, net_minor: int) -> Minor:
    """The least the contributors must get of this net income, together."""
    return _floor_of(net_minor, overlay.fields.reward_floor_ppm.value)


def transfer_staff_floor_minor(overlay: Overlay, net_minor: int) -> Minor:
    """The least the transfer staff must get of this net income, together."""
    return _floor_of(net_minor, overlay.fields.transfer_staff_floor_ppm.value)


def _floor_of(amount_minor: int, floor_ppm: int) -> Minor:
    return Minor(div_ceil(amount_minor * floor_ppm, PPM))


# --- Pilot assignment: what the outcome was paid with -----------------------------------------------------------------


class FundingSource(Protocol):
    """One source of an outcome's funds, in the outcome's one currency."""

    @property
    def fiscal(self) -> bool: ...
    @property
    def amount_minor(self) -> int: ...


def fiscal_share_ppm(sources: Sequence[FundingSource]) -> Ppm:
    """The share of fiscal funds, rounded down for display; zero where no funds are stated."""
    fiscal_minor, total_minor = _funds(sources)
    return Ppm(div_floor(fiscal_minor * PPM, total_minor)) if total_minor else Ppm(0)


def eligible_by_funding(profile: Profile, sources: Sequence[FundingSource]) -> Refusal | None:
    """Whether the outcome was obtained wholly or mainly with fiscal funds: more than the profile's share.

    Decided by cross-multiplication, so that exactly half is not "mainly" and one fen more is.

    Refused: pilot.not_eligible, with the figure.
    Source: the policy's 全部或者主要利用财政性资金取得职务科技成果; the number of "mainly" is the profile's.
    """
    above_ppm = profile.fields.pilot_fiscal_share_above_ppm.value
    fiscal_minor, total_minor = _funds(sources)
    if fiscal_minor * PPM > above_ppm * total_minor:
        return None
    return Refusal(
        code=RejectCode.PILOT_NOT_ELIGIBLE,
        detail=f"fiscal funds {fiscal_minor} of {total_minor} minor units, {fiscal_share_ppm(sources)} ppm; "
        f"needs more than {above_ppm} ppm",
        rule=cite(profile, "pilot_fiscal_share_above_ppm"),
    )


def _funds(sources: Sequence[FundingSource]) -> tuple[int, int]:
    ensure(all(source.amount_minor >= 0 for source in sources), "a funding amount is zero or more")
    fiscal_minor = sum(source.amount_minor for source in sources if source.fiscal)
    return fiscal_minor, sum(source.amount_minor for source in sources)
