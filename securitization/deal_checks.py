"""Static checks: what is wrong with a deal before any money moves, each with its code and its place in the file.

In groups, since a later group relies on the earlier: names first, then terms and steps, then whole waterfalls. A deal
without a problem runs for any figures: both evaluators do all it says, and in its last period no account keeps money.
"""

from __future__ import annotations

from securitization.deal import Deal
from securitization.deal_check_flows import check_flows
from securitization.deal_check_names import check_names
from securitization.deal_check_order import check_order
from securitization.deal_check_steps import check_steps
from securitization.deal_check_terms import check_terms
from securitization.deal_problems import Problem


def check_deal(deal: Deal) -> list[Problem]:
    """All problems of the first group that has any, in the order of the file; none for a sound deal."""
    return check_names(deal) or [*check_terms(deal), *check_steps(deal)] or [*check_flows(deal), *check_order(deal)]
