"""A pool of assets and royalty streams under assumptions and scenarios, whichever way its segments default."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from securitization.analytics import refused
from securitization.analytics.amortise import PPM, schedule
from securitization.analytics.arrears import rolled
from securitization.analytics.assets import PoolAsset, Receivable
from securitization.analytics.assumptions import Assumptions, Roll, Stress
from securitization.analytics.cashflows import Flows, Stresses, bounded, bucketed, projected, rates_of
from securitization.analytics.royalty import RoyaltyStream, as_flows, royalties

PoolPart = PoolAsset | RoyaltyStream


def parted(parts: Sequence[PoolPart]) -> tuple[list[PoolAsset], list[RoyaltyStream]]:
    """The assets that owe a balance, and the streams that do not.

    Refused: projection.asset_invalid, for a pool of nothing or two parts of one name.
    Raises: ProjectionRefused.
    """
    names = {part.stream_id if isinstance(part, RoyaltyStream) else part.asset_id for part in parts}
    refused.asset(bool(parts), "a pool needs an asset")
    refused.asset(len(names) == len(parts), "two parts of the pool have one name")
    streams = [part for part in parts if isinstance(part, RoyaltyStream)]
    return [part for part in parts if not isinstance(part, RoyaltyStream)], streams


def project(parts: Sequence[PoolPart], assumptions: Assumptions, scenarios: Sequence[Stress], months: int) -> Flows:
    """Project a pool under every scenario for so many months: longer than its last payment, so that recoveries come in.

    Refused: projection.asset_invalid, projection.too_large, projection.assumption_invalid.
    Raises: ProjectionRefused.
    """
    assets, streams = parted(parts)
    bounded(len(scenarios), months)
    stresses = Stresses.of(scenarios, months)
    by_roll: dict[Roll | None, list[PoolAsset]] = {}
    for asset in assets:
        by_roll.setdefault(assumptions.of(asset.segment).arrears, []).append(asset)
    flows = [income(streams, scenarios, months)]
    for roll, some in by_roll.items():
        for asset in some if roll is not None else []:
            monthly = not isinstance(asset, Receivable) and asset.every_months == 1
            refused.assumption(monthly, f"{asset.asset_id}: arrears are for loans and leases that pay every month")
        rows, rates = bucketed(schedule(some, months), rates_of(some, assumptions, months))
        flows.append(projected(rows, rates, stresses) if roll is None else rolled(rows, rates, roll, stresses).flows)
    return sum(flows[1:], flows[0])


def income(streams: Sequence[RoyaltyStream], scenarios: Sequence[Stress], months: int) -> Flows:
    """What royalties bring under every scenario, each month weighed by the chance that the licence still runs."""
    times = np.repeat(np.array([[each.sales_ppm / PPM] for each in scenarios]), months, axis=1)
    paid = np.zeros((len(scenarios), months))
    for stream in streams:
        paid += royalties(stream, months, times)
    return as_flows(paid)
