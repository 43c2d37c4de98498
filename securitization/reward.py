"""What a programme owes: the least of rate times base, the cap, and what is left of the budget."""

from __future__ import annotations

from exchange.core.units import div_floor
from securitization.messages import Programme, RewardRole

PPM = 1_000_000


def reward_minor(programme: Programme, role: RewardRole, base_minor: int) -> int:
    """The reward of one role for one issue; a fraction of a cent is not paid. Units: minor.

    Source: DOMAIN workflow 12, `min(rate × base, cap, budget left)`.
    """
    rate = programme.issuer_rate_ppm if role is RewardRole.ISSUER else programme.intermediary_rate_ppm
    return min(div_floor(base_minor * rate, PPM), programme.cap_minor, programme.budget_left_minor)
