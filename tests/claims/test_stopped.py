"""A court's order reaches a right while those with a prior claim are being asked: everybody gets back what was held."""

from __future__ import annotations

from custody.preservations import OrderPreservation
from tests.claims.stage import Owners


def test_an_order_ends_the_claims_and_then_the_deal() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  exercises            ->  pre_emption, ada exercised, bo notified
    """)
    order = OrderPreservation(
        asset_id=owners.right_id, court="Court", reference="1", document_sha256=owners.file("ops", "order")
    )
    owners.venue.by_two(order)
    assert owners.shown() == "stopped"
    assert owners.ended() == {"ada": "outranked", "bo": "expired"}
    assert owners.all_held() == 0
    owners.plays("""
        bo   exercises   ->  prior_claim.unknown
        wait 30          ->  stopped
    """)
