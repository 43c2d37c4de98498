"""From a sealed pool to a pool's file, so that what is stressed is what was sealed.

What owes no interest becomes a receivable, as it is. What owes interest becomes a loan that repays by its plan,
at the one rate a year that its flows show; flows that show none, to the minor unit, are refused and never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from exchange.core.units import AnyMinor, Minor, div_half_even
from securitization.analytics.assets import Instalment, Loan, Receivable, Scheduled
from securitization.analytics.pool_file import PoolFile
from securitization.deal_problems import DealCode, Problem
from securitization.pool_records import Flow, PoolAsset
from securitization.schedule import months_after

PPM = 1_000_000
MONTHS = 12


def exported(like: PoolFile, assets: Sequence[tuple[str, PoolAsset]], cut_off_date: str) -> PoolFile | Problem:
    """A pool's file with these assets, named, in the place of the template's parts; all else is the template's.

    A risk of the template about a patent keeps those of its assets that are in the pool.
    Refused: pool.figures, with the asset and the flow that fits no month or no rate.
    """
    start = date.fromisoformat(cut_off_date)
    parts: list[Loan | Receivable] = []
    for place, (name, asset) in enumerate(assets):
        part = _part(name, asset, start)
        if isinstance(part, str):
            return Problem(code=DealCode.POOL_FIGURES, path=f"$.items[{place}].flows", reason=f"{name}: {part}")
        parts.append(part)
    known = {name for name, _ in assets}
    kept = ((risk, tuple(each for each in risk.assets if each in known)) for risk in like.patents)
    patents = tuple(msgspec.structs.replace(risk, assets=some) for risk, some in kept if some)
    return msgspec.structs.replace(like, parts=tuple(parts), patents=patents)


def month_of(start: date, day: date) -> int:
    """The month, counted from 1, in which a day lies; a month ends on the day of the month on which it began.

    >>> [month_of(date(2026, 3, 2), date(2026, 4, day)) for day in (1, 2, 3)]
    [1, 1, 2]
    """
    months = (day.year - start.year) * MONTHS + day.month - start.month
    return months + 1 if day > months_after(start, months) else max(months, 1)


def _part(name: str, asset: PoolAsset, start: date) -> Loan | Receivable | str:
    """One asset as the projection takes it, or why it cannot be."""
    months = [month_of(start, date.fromisoformat(flow.due_date)) for flow in asset.flows]
    if asset.flows[0].due_date <= start.isoformat():
        return f"{asset.flows[0].due_date} is not after the cut-off"
    if len(set(months)) != len(months):
        return "two flows in one month"
    if any(flow.interest_minor for flow in asset.flows):
        return _loan(name, asset, months)
    instalments = tuple(
        Instalment(month=month, amount_minor=flow.principal_minor)
        for month, flow in zip(months, asset.flows, strict=True)
        if flow.principal_minor
    )
    return Receivable(asset_id=name, debtor=asset.debtor, segment=asset.kind.value, instalments=instalments)


def _loan(name: str, asset: PoolAsset, months: list[int]) -> Loan | str:
    """A loan that pays at one rate every so many months."""
    every = months[0]
    if months != [every * (place + 1) for place in range(len(months))]:
        return f"interest falls due in the months {months}, not every {every}"
    first = asset.flows[0]
    rate_ppm = div_half_even(first.interest_minor * MONTHS * PPM, asset.balance_minor * every)
    left = int(asset.balance_minor)
    for flow in asset.flows:
        if abs(div_half_even(left * rate_ppm * every, MONTHS * PPM) - flow.interest_minor) > _slack(left, every):
            return (
                f"{flow.interest_minor} on {flow.due_date} is not the rate of {first.due_date}, {rate_ppm} ppm a year"
            )
        left -= flow.principal_minor
    return Loan(
        asset_id=name,
        debtor=asset.debtor,
        segment=asset.kind.value,
        balance_minor=asset.balance_minor,
        rate_ppm=rate_ppm,
        remaining_months=months[-1],
        terms=Scheduled(principal_minor=_plan(asset.flows)),
        every_months=every,
    )


def _slack(left_minor: int, every: int) -> int:
    """What a rate of whole ppm may miss by: half a ppm of the balance for the months, and a unit. Units: minor."""
    return left_minor * every // (2 * MONTHS * PPM) + 1


def _plan(flows: Sequence[Flow]) -> tuple[AnyMinor, ...]:
    return tuple(Minor(flow.principal_minor) for flow in flows)
