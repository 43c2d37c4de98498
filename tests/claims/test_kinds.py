"""Who may step in, in which order, and who is not asked: the finisher, the commissioner, co-developers, co-owners."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from custody.outcomes import PriorClaimKind, WaivePriorClaim
from custody.rights import TitleCheck
from matching.preemption import ClaimState, split_claims
from tests.claims.stage import PURSE, THOUSAND, Owners

FINISHER, COMMISSIONER = PriorClaimKind.FINISHER, PriorClaimKind.COMMISSIONER
CHINA = timezone(timedelta(hours=8))
CO_DEVELOPER, CO_OWNER = PriorClaimKind.CO_DEVELOPER, PriorClaimKind.CO_OWNER


@pytest.mark.parametrize("kind", [FINISHER, COMMISSIONER, CO_DEVELOPER])
def test_whoever_has_a_claim_buys_in_the_buyers_place(kind: PriorClaimKind) -> None:
    owners = Owners.claimed(kind)
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified
        cy   exercises            ->  signing, cy 6/6
        lab  signs                ->  contracted, cy 6/6
        ops  records              ->  completed, cy 6/6
    """)
    assert owners.owner() == "cy"
    assert owners.money("cy") == (PURSE - 808) * THOUSAND
    assert owners.money("li") == PURSE * THOUSAND
    owners.venue.close()


@pytest.mark.parametrize(
    ("opened", "last_day"),
    [("2026-03-02", "2026-03-17"), ("2026-03-14", "2026-03-30"), ("2026-03-20", "2026-04-07")],
)
def test_there_are_fifteen_days_and_the_last_is_a_trading_day(opened: str, last_day: str) -> None:
    """A Sunday moves to Monday, and 4 April 2026 is Qingming: its Saturday moves past the holiday."""
    owners = Owners.claimed(FINISHER)
    owners.venue.clock_ns = int(datetime.fromisoformat(f"{opened}T12:00+08:00").timestamp()) * 10**9
    owners.happens("lab proposes all 800")
    owners.happens("li accepts")
    until = datetime.fromtimestamp(owners.deal().preemption_until_ns // 10**9, tz=CHINA)
    assert until.isoformat() == f"{date.fromisoformat(last_day) + timedelta(days=1)}T00:00:00+08:00"


def test_claims_rank_and_who_is_outranked_gets_everything_back() -> None:
    """Co-developer before commissioner before finisher."""
    owners = Owners.claimed(
        FINISHER, COMMISSIONER, CO_DEVELOPER, finisher=("ada",), commissioner=("bo",), co_developer=("cy",)
    )
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified, bo notified, ada notified
        ada  exercises            ->  pre_emption, cy notified, bo notified, ada exercised
        bo   exercises            ->  pre_emption, cy notified, bo exercised, ada exercised
        wait 19                   ->  signing, bo 6/6
    """)
    assert owners.ended() == {"cy": ClaimState.EXPIRED, "bo": ClaimState.TAKEN, "ada": ClaimState.OUTRANKED}
    assert (owners.money("ada"), owners.all_held()) == (PURSE * THOUSAND, 0)
    assert owners.escrow() == 808 * THOUSAND
    owners.venue.close()


def test_several_of_a_kind_share_alike_to_the_last_unit_and_fen() -> None:
    owners = Owners.claimed(COMMISSIONER, commissioner=("ada", "bo", "cy"))
    owners.happens("lab proposes 1000000 800")
    assert owners.step("accept") == "", owners.shown()
    for who in ("ada", "bo", "cy"):
        assert owners.takes(who, "exercises") == ""
    parts = [(owners.name_of(part.account_id), part.units, part.price_minor) for part in owners.deal().parts]
    assert parts == [("ada", 333_334, 26_666_720), ("bo", 333_333, 26_666_640), ("cy", 333_333, 26_666_640)]
    assert sum(part[2] for part in parts) == 800 * THOUSAND
    owners.venue.close()


def test_whoever_has_two_claims_is_asked_once_by_the_better_one() -> None:
    owners = Owners.claimed(FINISHER, CO_DEVELOPER, finisher=("cy", "ada"), co_developer=("cy",))
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified, ada notified
    """)
    assert [claim.kind.value for claim in owners.claims()] == ["co_developer", "finisher"]


def test_a_buyer_with_a_claim_of_its_own_yields_only_to_those_before_it() -> None:
    owners = Owners.claimed(FINISHER, COMMISSIONER, finisher=("cy", "ada"), commissioner=("bo",))
    owners.buyer = "ada"
    owners.plays("""
        lab  proposes all 800     ->  proposed
        ada  accepts              ->  pre_emption, bo notified
        ada  withdraws            ->  deal.state
        bo   waives               ->  signing
        ada  withdraws            ->  withdrawn
    """)
    owners.buyer = "bo"
    owners.plays("""
        lab  proposes all 800     ->  proposed
        bo   accepts              ->  signing
    """)


def test_co_owners_by_contract_have_no_number_and_share_alike() -> None:
    """Where one account holds every unit, the co-owners on record are asked all the same."""
    owners = Owners.claimed(FINISHER, finisher=("cy",))
    members = owners.venue.members
    owners.bring("lab", co_owner_ids=(members["ada"], members["bo"]))
    owners.consent("ada")
    owners.consent("bo")
    assert owners.proposes("lab", None, 800 * THOUSAND) == "listing.prior_claims_open", "nobody named its finishers"
    assert owners.declares(FINISHER, "cy") == ""
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, ada notified, bo notified, cy notified
        bo   exercises            ->  pre_emption, ada notified, bo exercised, cy notified
        cy   exercises            ->  pre_emption, ada notified, bo exercised, cy exercised
        ada  exercises            ->  signing, ada 3/6, bo 3/6
    """)
    owners.venue.close()


def test_what_nobody_can_be_asked_about_stops_the_deal_until_it_is_waived() -> None:
    owners = Owners.claimed(COMMISSIONER, commissioner=())
    command = owners.proposal(asset_id=owners.right_id)
    assert owners.refused(command, "lab") == ("listing.prior_claims_open", "CN-CIVIL-847")
    waiver = owners.file("lab", "waiver of the commissioner")
    waive = WaivePriorClaim(outcome_id=owners.outcome_id, kind=COMMISSIONER, waiver_sha256=waiver)
    assert owners.venue.refusal(waive, "lab") == ""
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  signing
    """)


def test_a_pledgee_is_never_asked_in_a_deal_but_before_it() -> None:
    owners = Owners.claimed(PriorClaimKind.PLEDGEE)
    command = owners.proposal(asset_id=owners.right_id)
    assert owners.refused(command, "lab") == ("listing.prior_claims_open", "CN-CIVIL-847")


def test_the_finisher_has_its_claim_against_the_institution_alone() -> None:
    owners = Owners.claimed(FINISHER)
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified
        cy   waives               ->  signing
        li   signs                ->  signing
        lab  signs                ->  contracted
        ops  records              ->  completed
        wait 30                   ->  completed
    """)
    owners.examine(owners.right_id, TitleCheck.CLEAR)
    owners.buyer = "wu"
    owners.plays("""
        li   proposes all 900     ->  proposed
        wu   accepts              ->  signing
    """)
    owners.venue.close()


def test_holders_are_named_while_nothing_runs() -> None:
    owners = Owners.claimed(FINISHER)
    assert owners.declares(CO_OWNER, "ada") == "outcome.state"
    assert owners.declares(CO_DEVELOPER, "ada", by="thu") == "right.not_owned"
    assert owners.declares(CO_DEVELOPER, "ada") == ""
    owners.happens("lab proposes all 800")
    assert owners.declares(CO_DEVELOPER, "bo") == "deal.state"


@pytest.mark.parametrize(
    ("units", "price", "weights", "parts"),
    [
        (500_000, 90, [2, 1], [(333_333, 60), (166_667, 30)]),
        (3, 10, [1, 1, 1], [(1, 4), (1, 3), (1, 3)]),
        (2, 10, [5, 5, 1], [(1, 5), (1, 5), (0, 0)]),
        (10, 1, [1, 1], [(10, 1), (0, 0)]),
        (1, 1, [1, 9], [(0, 0), (1, 1)]),
        (7, 100, [4], [(7, 100)]),
    ],
)
def test_a_split_is_whole(units: int, price: int, weights: list[int], parts: list[tuple[int, int]]) -> None:
    assert split_claims(units, price, weights) == parts


def test_a_court_stops_a_sale_in_which_others_may_still_step_in_and_nobody_stays_bound() -> None:
    owners = Owners.claimed(FINISHER, CO_DEVELOPER, finisher=("ada",), co_developer=("cy",))
    owners.plays("""
        lab  proposes all 800     ->  proposed
        li   accepts              ->  pre_emption, cy notified, ada notified
        ada  exercises            ->  pre_emption, cy notified, ada exercised
    """)
    assert owners.all_held() == 808 * THOUSAND
    assert owners.court_orders(owners.right_id) == ""
    assert owners.ended() == {"cy": ClaimState.EXPIRED, "ada": ClaimState.OUTRANKED}
    assert (owners.shown(), owners.all_held(), owners.escrow()) == ("stopped", 0, 0)
    assert not owners.venue.state.due
    owners.venue.close()
