"""Co-owners step in before a buyer of another's part, pro rata: the golden case, and what becomes of the rest."""

from __future__ import annotations

from matching.preemption import ClaimState
from tests.claims.stage import PURSE, THOUSAND, Owners


def test_two_co_owners_of_a_third_and_a_sixth_take_a_half_as_two_to_one() -> None:
    owners = Owners.golden()
    assert owners.shares() == {"thu": "3/6", "ada": "2/6", "bo": "1/6"}
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  exercises            ->  pre_emption, ada exercised, bo notified
        li   signs                ->  deal.pre_emption_running
        thu  withdraws            ->  deal.state
        li   withdraws            ->  deal.state
        bo   exercises            ->  signing, ada 2/6, bo 1/6
        thu  withdraws            ->  deal.state
        ada  withdraws            ->  deal.state
        li   signs                ->  deal.not_party
        thu  signs                ->  contracted, ada 2/6, bo 1/6
        restart                   ->  contracted, ada 2/6, bo 1/6
        ops  records              ->  completed, ada 2/6, bo 1/6
    """)
    assert owners.shares() == {"ada": "4/6", "bo": "2/6"}
    fees = {"ada": 6, "bo": 3}  # one per cent of 600 and of 300 thousand
    assert owners.money("ada") == (PURSE - 600 - fees["ada"]) * THOUSAND
    assert owners.money("bo") == (PURSE - 300 - fees["bo"]) * THOUSAND
    assert owners.money("li") == PURSE * THOUSAND
    assert owners.money("thu") == (PURSE + 900 - 9) * THOUSAND
    assert owners.ended() == {"ada": ClaimState.TAKEN, "bo": ClaimState.TAKEN}
    outcome = owners.outcome_now()
    assert outcome.member_id == owners.venue.members["ada"], "who holds most is named first"
    assert outcome.co_owner_ids == (owners.venue.members["bo"],)
    owners.venue.close()


def test_an_institution_that_keeps_the_smallest_part_is_still_named_first() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes 5/12 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  waives               ->  pre_emption, ada waived, bo notified
        bo   waives               ->  signing
        li   signs                ->  signing
        thu  signs                ->  contracted
        ops  records              ->  completed
    """)
    members = owners.venue.members
    assert owners.outcome_now().member_id == members["thu"]
    assert owners.outcome_now().co_owner_ids == (members["li"], members["ada"], members["bo"])
    owners.venue.close()


def test_one_that_steps_in_alone_takes_all_of_it() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        bo   exercises            ->  pre_emption, ada notified, bo exercised
        ada  waives               ->  signing, bo 3/6
        thu  signs                ->  contracted, bo 3/6
        ops  records              ->  completed, bo 3/6
    """)
    assert owners.shares() == {"ada": "2/6", "bo": "4/6"}
    owners.venue.close()


def test_silence_waives_and_the_buyer_goes_on() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        bo   waives               ->  pre_emption, ada notified, bo waived
        wait 14                   ->  pre_emption, ada notified, bo waived
        wait 5                    ->  signing
        ada  exercises            ->  prior_claim.unknown
        li   signs                ->  signing
        thu  signs                ->  contracted
        ops  records              ->  completed
    """)
    assert owners.ended() == {"ada": ClaimState.EXPIRED, "bo": ClaimState.WAIVED}
    assert owners.shares() == {"li": "3/6", "ada": "2/6", "bo": "1/6"}
    assert owners.outcome_now().co_owner_ids == (owners.venue.members["ada"], owners.venue.members["bo"])
    owners.venue.close()


def test_the_days_are_the_calendars_and_the_last_second_still_counts() -> None:
    for late, answer in ((False, "signing, ada 3/6"), (True, "prior_claim.unknown")):
        owners = Owners.golden()
        owners.plays("""
            thu  proposes half 900    ->  proposed
            li   accepts              ->  publicity
            wait 16                   ->  pre_emption, ada notified, bo notified
            bo   waives               ->  pre_emption, ada notified, bo waived
        """)
        until = owners.deal().preemption_until_ns
        owners.venue.clock_ns = until if late else until - 2 * 10**9
        assert owners.happens("ada exercises") == answer
        owners.venue.close()


def test_another_price_is_another_deal_and_asks_again() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  waives               ->  pre_emption, ada waived, bo notified
        bo   waives               ->  signing
        li   withdraws            ->  withdrawn
        thu  proposes half 800    ->  proposed
        li   accepts              ->  publicity
        wait 20                   ->  pre_emption, ada notified, bo notified
    """)


def test_a_claim_that_was_exercised_outlives_a_seller_who_does_not_sign() -> None:
    """The long stop sends everything back, and a new deal with the same buyer asks them anew."""
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  exercises            ->  pre_emption, ada exercised, bo notified
        bo   exercises            ->  signing, ada 2/6, bo 1/6
        wait 181                  ->  lapsed, ada 2/6, bo 1/6
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
    """)
    assert owners.money("ada") == owners.money("bo") == PURSE * THOUSAND
    assert (owners.escrow(), owners.all_held()) == (0, 0)
    owners.venue.close()


def test_co_owners_sell_to_each_other_without_asking_the_third() -> None:
    owners = Owners.golden()
    owners.buyer = "ada"
    owners.plays("""
        thu  proposes half 900    ->  proposed
        ada  accepts              ->  publicity
        wait 16                   ->  signing
    """)


def test_an_objection_that_is_upheld_comes_before_anybody_is_asked() -> None:
    owners = Owners.golden()
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        pku  objects              ->  objected
    """)
    owners.steps("uphold")
    assert owners.claims() == []
