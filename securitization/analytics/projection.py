"""A pool of assets under assumptions and scenarios, whichever way its segments default."""

from __future__ import annotations

from collections.abc import Sequence

from securitization.analytics import refused
from securitization.analytics.amortise import schedule
from securitization.analytics.arrears import rolled
from securitization.analytics.assets import PoolAsset
from securitization.analytics.assumptions import Assumptions, Roll, Stress
from securitization.analytics.cashflows import Flows, Stresses, bucketed, projected, rates_of


def project(assets: list[PoolAsset], assumptions: Assumptions, scenarios: Sequence[Stress], months: int) -> Flows:
    """Project a pool under every scenario for so many months: longer than its last payment, so that recoveries come in.

    Refused: projection.asset_invalid, projection.assumption_invalid.
    Raises: ProjectionRefused.
    """
    refused.asset(bool(assets), "a pool needs an asset")
    refused.asset(len({each.asset_id for each in assets}) == len(assets), "two assets have one name")
    stresses = Stresses.of(scenarios, months)
    by_roll: dict[Roll | None, list[PoolAsset]] = {}
    for asset in assets:
        by_roll.setdefault(assumptions.of(asset.segment).arrears, []).append(asset)
    parts: list[Flows] = []
    for roll, some in by_roll.items():
        rows, rates = bucketed(schedule(some, months), rates_of(some, assumptions, months))
        parts.append(projected(rows, rates, stresses) if roll is None else rolled(rows, rates, roll, stresses).flows)
    return sum(parts[1:], parts[0])
