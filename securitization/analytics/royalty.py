"""Royalty streams: sales, the patent's end, what the licence makes of them, and each inventor's part.

A stream owes no fixed amount, so it has no balance: all it brings is income. Sales follow a curve, multiplied in each
scenario; they fade with obsolescence, and at the patent's expiry generics take most of them at once and more each year.
The licence charges tiers of rates on the sales of its year, tops a poor year up to its minimum, and may be terminated.

Source: SECURITIZATION facts 1.5 (Zerit: one royalty, quarterly, 30 % to the inventors); Brulotte v. Thys Co., 379 U.S.
29 (1964): a United States patent earns nothing after it has expired, which is `after_expiry_ppm` = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from exchange.core.messages import Part
from exchange.core.units import AnyMinor, Code, Count, Minor, PositiveCount, PositiveMinor, Ppm, RatePpm
from securitization.analytics import refused
from securitization.analytics.amortise import PPM, Floats
from securitization.analytics.cashflows import Flows, Whole, largest_remainder

GrowthPpm = Annotated[int, msgspec.Meta(gt=-PPM, le=100 * PPM)]


class SCurve(Part, frozen=True, kw_only=True, tag="s_curve"):
    """Sales that take off and saturate: a logistic curve.

    Units: `peak_minor` a year, half of it reached in `half_month`; `width_months` e-folds the rise.
    """

    peak_minor: PositiveMinor
    half_month: Annotated[int, msgspec.Meta(ge=-600, le=600)]
    width_months: PositiveCount


class Trend(Part, frozen=True, kw_only=True, tag="trend"):
    """Sales that grow or decline by the same share each year. Units: `first_minor` a year; `growth_ppm` a year."""

    first_minor: PositiveMinor
    growth_ppm: GrowthPpm = 0


class Forecast(Part, frozen=True, kw_only=True, tag="forecast"):
    """Sales as somebody forecasts them, year by year; the last year holds on. Units: minor a year."""

    yearly_minor: Annotated[tuple[AnyMinor, ...], msgspec.Meta(min_length=1, max_length=50)]


Sales = SCurve | Trend | Forecast


class Tier(Part, frozen=True, kw_only=True):
    """The rate on the part of a year's sales that lies above `above_minor`, up to the next tier."""

    above_minor: AnyMinor
    rate_ppm: RatePpm


class RoyaltyStream(Part, frozen=True, kw_only=True, tag="royalty"):
    """One licence: its sales, its patent's end, its rates.

    Units: `expiry_month` is the last month of protection, from the cut-off; of the sales, `kept_ppm` are left at once
    after it, and `erosion_ppm` a year of those are lost from then on. `obsolescence_ppm` of the sales are lost a year
    from the start. `minimum_minor` a contract year, owed for whole years of protection. `termination_ppm` a year is the
    chance that the licence ends. Royalties of `every_months` are paid `lag_months` after these have ended.
    """

    stream_id: Code
    sales: Sales
    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1, max_length=20)]
    expiry_month: PositiveCount
    kept_ppm: RatePpm = Ppm(0)
    erosion_ppm: RatePpm = Ppm(0)
    after_expiry_ppm: RatePpm = Ppm(0)
    obsolescence_ppm: RatePpm = Ppm(0)
    minimum_minor: AnyMinor = Minor(0)
    termination_ppm: RatePpm = Ppm(0)
    every_months: Annotated[int, msgspec.Meta(ge=1, le=12)] = 3
    lag_months: Count = 0


def sales_of(stream: RoyaltyStream, months: int) -> Floats:
    """Sales of each month as expected, (month,). Units: minor."""
    month = np.arange(1, months + 1)
    match stream.sales:
        case SCurve(peak_minor=peak, half_month=half, width_months=width):
            sold = peak / (1.0 + np.exp((half - month) / width))
        case Trend(first_minor=first, growth_ppm=growth):
            sold = first * (1.0 + growth / PPM) ** ((month - 1) / 12)
        case Forecast(yearly_minor=yearly):
            sold = np.array(yearly, dtype=np.float64)[np.minimum((month - 1) // 12, len(yearly) - 1)]
        case _:
            assert_never(stream.sales)
    sold = sold / 12 * (1.0 - stream.obsolescence_ppm / PPM) ** ((month - 1) / 12)
    since = month - stream.expiry_month
    eroded = stream.kept_ppm / PPM * (1.0 - stream.erosion_ppm / PPM) ** (np.maximum(since - 1, 0) / 12)
    return np.where(since <= 0, sold, sold * eroded)


def royalties(
    stream: RoyaltyStream, months: int, sales_times: Floats, ended: NDArray[np.int64] | None = None
) -> Floats:
    """What is paid in each scenario and month, (scenario, month).

    Units: `sales_times` multiply the expected sales, (scenario, month); `ended`, (scenario,), is the month from which a
    licence that was terminated, or whose patent was declared invalid, owes nothing. Without it every month is weighed
    by the chance that the licence still runs.
    Refused: projection.assumption_invalid, where tiers do not start at nothing and rise.
    Raises: ProjectionRefused.
    """
    bounds = [tier.above_minor for tier in stream.tiers]
    refused.assumption(
        bounds == sorted(set(bounds)) and bounds[0] == 0, f"{stream.stream_id}: tiers do not rise from 0"
    )
    earned = _earned(stream, sales_of(stream, months) * sales_times)
    month = np.arange(1, months + 1)
    if ended is None:
        runs = (1.0 - stream.termination_ppm / PPM) ** (month / 12)
    else:
        runs = (month < ended[:, None]).astype(np.float64)
    return _paid(stream, earned * runs)


def _earned(stream: RoyaltyStream, sold: Floats) -> Floats:
    """Tiers on the sales of the contract year, and in its last month the rest of the minimum."""
    months = sold.shape[1]
    month = np.arange(1, months + 1)
    earned = np.zeros_like(sold)
    for begin in range(0, months, 12):
        year = slice(begin, begin + 12)
        due = charged(stream.tiers, sold[:, year].cumsum(axis=1))
        earned[:, year] = np.diff(due, axis=1, prepend=0.0)
        earned[:, year] *= np.where(month[year] <= stream.expiry_month, 1.0, stream.after_expiry_ppm / PPM)
        if begin + 12 <= min(months, stream.expiry_month):
            short = stream.minimum_minor - earned[:, year].sum(axis=1)
            earned[:, begin + 11] += np.maximum(short, 0.0)
    return earned


def charged(tiers: Sequence[Tier], sales: Floats) -> Floats:
    """The royalty on so much sold in a year: each tier's rate on the part within it.

    >>> two = Tier(above_minor=0, rate_ppm=50_000), Tier(above_minor=1_000, rate_ppm=80_000)
    >>> charged(two, np.array([500.0, 1_000.0, 1_500.0])).tolist()
    [25.0, 50.0, 90.0]
    """
    due = np.zeros_like(sales)
    for tier, following in zip(tiers, [*tiers[1:], None], strict=True):
        top = np.inf if following is None else following.above_minor - tier.above_minor
        due += np.clip(sales - tier.above_minor, 0.0, top) * tier.rate_ppm / PPM
    return due


def _paid(stream: RoyaltyStream, earned: Floats) -> Floats:
    """Royalties of a reporting period, in the month in which they are paid; those after the projection are not."""
    paid = np.zeros_like(earned)
    months = earned.shape[1]
    for begin in range(0, months, stream.every_months):
        end = begin + stream.every_months
        if end <= months and end + stream.lag_months <= months:
            paid[:, end + stream.lag_months - 1] = earned[:, begin:end].sum(axis=1)
    return paid


def ended_months(hazard_ppm: Sequence[int], uniforms: Floats) -> NDArray[np.int64]:
    """The month in which each licence ends or each patent falls, drawn, (scenario, licence).

    Units: `hazard_ppm` a year, as a chance; `uniforms` in [0, 1) are the draws. A hazard of nothing never comes.
    """
    survives = np.log1p(-np.minimum(np.array(hazard_ppm) / PPM, 1 - 1e-12))
    years = np.divide(np.log1p(-uniforms), survives, out=np.full(uniforms.shape, np.inf), where=survives < 0)
    return np.asarray(np.minimum(np.floor(years * 12), 100_000).astype(np.int64) + 1)


def as_flows(paid: Floats) -> Flows:
    """A stream as a part of a pool: income, and no balance."""
    nothing = np.zeros_like(paid)
    return Flows(0.0, paid, nothing, nothing, nothing, nothing, nothing)


def split(paid: Whole, shares: Sequence[int]) -> Whole:
    """Each holder's part of what is paid, (…, holder), by largest remainder, so that the parts sum to it.

    Units: `shares` are holders' weights, such as right units: 300,000 for the inventors, 700,000 for the university.
    Refused: projection.assumption_invalid, where nobody has a share.
    Raises: ProjectionRefused.
    """
    refused.assumption(bool(shares) and min(shares) >= 0 and sum(shares) > 0, "a split needs shares")
    return largest_remainder(paid, np.broadcast_to(np.array(shares, dtype=np.float64), (*paid.shape, len(shares))))
