"""Workflow 5: who has a prior claim is asked before a stranger buys, and may step in on its terms.

`thu` owns half of a patent, `ada` a third and `bo` a sixth; `li` is the stranger. Prices are in thousands of CNY.
"""

from __future__ import annotations

import pytest

from custody.outcomes import PriorClaimKind
from matching.preemption import ClaimState
from tests.claims.stage import Owners

OFFERED = """
    thu  proposes half 900    ->  proposed
    li   accepts              ->  publicity
    li   signs                ->  deal.publicity_running
    wait 16                   ->  pre_emption, ada notified, bo notified
"""


def test_two_co_owners_step_in_and_share_the_half_as_they_own() -> None:
    owners = Owners.golden()
    owners.plays(
        OFFERED.rstrip()
        + """
        li   signs                ->  deal.pre_emption_running
        li   exercises            ->  prior_claim.unknown
        thu  withdraws            ->  deal.state
        ada  exercises            ->  pre_emption, ada exercised, bo notified
        ada  waives               ->  prior_claim.state
        restart                   ->  pre_emption, ada exercised, bo notified
        bo   exercises            ->  signing, ada 2/6, bo 1/6
        li   signs                ->  deal.not_party
        thu  signs                ->  contracted, ada 2/6, bo 1/6
        ops  records              ->  completed, ada 2/6, bo 1/6
    """
    )
    assert owners.shares() == {"ada": "4/6", "bo": "2/6"}
    assert owners.ended() == {"ada": ClaimState.TAKEN, "bo": ClaimState.TAKEN}
    owners.venue.close()


def test_one_waives_the_other_is_silent_and_the_stranger_buys() -> None:
    owners = Owners.golden()
    owners.plays(
        OFFERED.rstrip()
        + """
        bo   waives               ->  pre_emption, ada notified, bo waived
        wait 19                   ->  signing
        ada  exercises            ->  prior_claim.unknown
        li   signs                ->  signing
        thu  signs                ->  contracted
        ops  records              ->  completed
    """
    )
    assert owners.shares() == {"li": "3/6", "ada": "2/6", "bo": "1/6"}
    assert owners.ended() == {"ada": ClaimState.EXPIRED, "bo": ClaimState.WAIVED}
    owners.venue.close()


@pytest.mark.parametrize(
    "kind",
    [PriorClaimKind.FINISHER, PriorClaimKind.COMMISSIONER, PriorClaimKind.CO_DEVELOPER],
    ids=["civil code 847", "civil code 859", "civil code 860"],
)
def test_each_kind_of_prior_claim_is_asked_before_a_stranger(kind: PriorClaimKind) -> None:
    owners = Owners.claimed(kind)
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified
        li   signs                ->  deal.pre_emption_running
        cy   exercises            ->  signing, cy 6/6
        li   signs                ->  deal.not_party
        lab  signs                ->  contracted, cy 6/6
        ops  records              ->  completed, cy 6/6
    """)
    assert owners.shares() == {"cy": "6/6"}
    owners.venue.close()


def test_a_co_owner_who_did_not_consent_stops_a_sale_before_it_begins() -> None:
    owners = Owners.golden()
    owners.withdraw_consent("bo")
    assert owners.happens("thu proposes half 900") == "consent.missing"
    owners.consent("bo")
    assert owners.happens("thu proposes half 900") == "proposed"
    owners.venue.close()
