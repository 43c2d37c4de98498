"""Which claims may stand behind a product: each failure names the claim and the rule."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.core.ids import AssetId, ProductId, to_wire
from securitization.messages import Claim, ClaimStatus


def ineligible(claim: Claim, money_asset_id: AssetId, final_date: str) -> str | None:
    """Why a claim may not be pooled, or None."""
    name = to_wire("C", claim.claim_id)
    if claim.status is not ClaimStatus.REGISTERED or claim.product_id != ProductId(0):
        return f"{name}: is {claim.status}"
    if claim.money_asset_id != money_asset_id:
        return f"{name}: is owed in another currency"
    if claim.due_date > final_date:
        return f"{name}: is due {claim.due_date}, after the notes' final date {final_date}"
    return None


def pool_total(claims: Sequence[Claim]) -> int:
    """What the pool is owed. Units: minor."""
    return sum(claim.amount_minor for claim in claims)
