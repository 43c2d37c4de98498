"""A pool as a file: what it owes, what is assumed of it, what may happen to its patents and its guarantor.

The file stands beside a deal's file and is read as strictly. What the deal asks for besides collections (valuations,
indexes, events) is given a period at a time; nothing is taken for granted. `joined` says whether the two fit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

import msgspec
import numpy as np

from exchange.core.messages import Part
from exchange.core.units import CurrencyCode
from securitization.analytics.amortise import Floats, schedule
from securitization.analytics.assumptions import Assumptions, Stress
from securitization.analytics.copula import Dependence, Guarantor
from securitization.analytics.credit_flows import PatentRisk
from securitization.analytics.projection import PoolPart, parted
from securitization.analytics.stress import Horizon
from securitization.deal import Deal
from securitization.deal_formulas import Amount, Label
from securitization.deal_problems import DealCode, Problem
from securitization.deal_terms import MAX_ITEMS, MAX_PERIODS, SpreadPpm, Title, Words
from securitization.schedule import months_after
from securitization.strict_json import Refusals, read_strictly

MAX_TEXT = 4_000_000
CODES = Refusals(too_large=DealCode.POOL_TOO_LARGE, not_json=DealCode.POOL_NOT_JSON, shape=DealCode.POOL_SHAPE)
Counts = Annotated[tuple[Amount, ...], msgspec.Meta(max_length=MAX_PERIODS)]
Rates = Annotated[tuple[SpreadPpm, ...], msgspec.Meta(max_length=MAX_PERIODS)]


class PoolFile(Part, frozen=True, kw_only=True):
    """A whole pool at the cut-off, which is the day the deal's first period starts.

    Units: `valuation_minor` of all rights, one a period, as long as none of `patents` has fallen: each that falls takes
    an equal part away. `rates_ppm` a year and `events` by count, one a period for each index and event of the deal.
    `guarantees` names the deal's supports that fail with the guarantor; then it covers nothing within the pool.
    """

    format: Literal[1]
    name: Label
    title: Title
    sources: Annotated[tuple[Words, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    currency: CurrencyCode
    parts: Annotated[tuple[PoolPart, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    assumptions: Assumptions
    scenarios: Annotated[tuple[Stress, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    dependence: Dependence = Dependence(otherwise_ppm=(0,))
    guarantor: Guarantor | None = None
    guarantees: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    patents: Annotated[tuple[PatentRisk, ...], msgspec.Meta(max_length=1_000)] = ()
    valuation_minor: Counts
    rates_ppm: dict[Label, Rates] = {}  # noqa: RUF012 - msgspec copies it
    events: dict[Label, Counts] = {}  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Joined:
    """A deal and a pool that fit. Units: `times` are years from the cut-off to each payment date, of 365 days."""

    deal: Deal
    pool: PoolFile
    horizon: Horizon
    times: Floats


def read_pool(text: str) -> PoolFile | Problem:
    """Read a pool's file strictly.

    Refused: pool.too_large, pool.not_json, pool.shape.
    """
    return read_strictly(text, PoolFile, MAX_TEXT, CODES)


def canonical_pool(pool: PoolFile) -> str:
    """The one text of a pool: fields in declared order, two spaces of indent, a closing line end."""
    return msgspec.json.format(msgspec.json.encode(pool), indent=2).decode() + "\n"


def pool_hash(pool: PoolFile) -> str:
    """The SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(canonical_pool(pool).encode()).hexdigest()


def joined(deal: Deal, pool: PoolFile) -> Joined | Problem:
    """A pool beside the deal it is for, or why it cannot be. Places are of the pool's file, but for the calendar's.

    Refused: pool.calendar, pool.currency, pool.figures, pool.guarantor, pool.balance.
    Raises: ProjectionRefused, projection.asset_invalid, for an asset that cannot be projected or outlives the deal.
    """
    months = _months_a_period(deal)
    if isinstance(months, Problem):
        return months
    horizon = Horizon(months=months * len(deal.periods), months_a_period=months)
    problem = _currency(deal, pool) or _figures(deal, pool) or _guarantor(deal, pool) or _balance(deal, pool, horizon)
    if problem is not None:
        return problem
    start = date.fromisoformat(deal.periods[0].start)
    days = [(date.fromisoformat(period.payment_date) - start).days for period in deal.periods]
    return Joined(deal, pool, horizon, np.array(days) / 365)


def _months_a_period(deal: Deal) -> int | Problem:
    """How many months every period of the deal lasts."""
    start, first = (date.fromisoformat(day) for day in (deal.periods[0].start, deal.periods[0].end))
    months = (first.year - start.year) * 12 + first.month - start.month
    for number, period in enumerate(deal.periods, start=1):
        if months < 1 or months_after(start, months * number).isoformat() != period.end:
            reason = f"period {number} ends on {period.end}, not {max(months, 1) * number} months after {start}"
            path = f"deal $.periods[{number - 1}].end"
            return Problem(code=DealCode.POOL_CALENDAR, path=path, reason=reason)
    return months


def _currency(deal: Deal, pool: PoolFile) -> Problem | None:
    if pool.currency == deal.currency:
        return None
    reason = f"{pool.currency}, the deal is in {deal.currency}"
    return Problem(code=DealCode.POOL_CURRENCY, path="$.currency", reason=reason)


def _figures(deal: Deal, pool: PoolFile) -> Problem | None:
    """Valuations, indexes and events: all that the deal names, no others, one a period."""
    for path, given, wanted in (
        ("$.rates_ppm", list(pool.rates_ppm), list(deal.indexes)),
        ("$.events", list(pool.events), list(deal.events)),
    ):
        if sorted(given) != sorted(wanted):
            reason = f"found {sorted(given)}, the deal asks for {sorted(wanted)}"
            return Problem(code=DealCode.POOL_FIGURES, path=path, reason=reason)
    tables: list[tuple[str, int]] = [("$.valuation_minor", len(pool.valuation_minor))]
    tables += [(f"$.rates_ppm.{name}", len(rates)) for name, rates in pool.rates_ppm.items()]
    tables += [(f"$.events.{name}", len(counts)) for name, counts in pool.events.items()]
    for path, found in tables:
        if found != len(deal.periods):
            reason = f"{found} figures for {len(deal.periods)} periods"
            return Problem(code=DealCode.POOL_FIGURES, path=path, reason=reason)
    return None


def _guarantor(deal: Deal, pool: PoolFile) -> Problem | None:
    """A guarantor pays within the pool or behind the deal's supports, never both."""
    supports = [support.name for support in deal.supports]
    for place, name in enumerate(pool.guarantees):
        if pool.guarantor is None or name not in supports or name in pool.guarantees[:place]:
            reason = f"{name!r} is not one support of the deal's {supports} behind a guarantor"
            return Problem(code=DealCode.POOL_GUARANTOR, path=f"$.guarantees[{place}]", reason=reason)
    if pool.guarantees and pool.guarantor is not None and pool.guarantor.cover_ppm:
        reason = f"{pool.guarantor.name} stands behind {pool.guarantees[0]} and would pay within the pool as well"
        return Problem(code=DealCode.POOL_GUARANTOR, path="$.guarantor.cover_ppm", reason=reason)
    return None


def _balance(deal: Deal, pool: PoolFile, horizon: Horizon) -> Problem | None:
    assets, _ = parted(pool.parts)
    owed = round(float(schedule(assets, horizon.months).balance[:, 0].sum())) if assets else 0
    if owed == deal.pool.initial_balance_minor:
        return None
    reason = f"the assets owe {owed}, the deal says {deal.pool.initial_balance_minor}"
    return Problem(code=DealCode.POOL_BALANCE, path="$.parts", reason=reason)
