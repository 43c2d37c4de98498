"""Dutch clocks, and sealed bids: commitments first, prices after, at the first price or the second."""

from __future__ import annotations

from typing import Any

import pytest

from matching.lots import commitment_of
from matching.sale_messages import SealedPricing
from tests.sales.stage import THOUSAND, Hall


def hall(method: str, reserves: dict[str, int] | None = None, /, **more: Any) -> Hall:
    """A hall in which li, wu, ren and mei are admitted."""
    made = Hall.cn()
    made.announced(method, reserves, **more)
    made.enter("li", "wu", "ren", "mei")
    return made


# --- Dutch ------------------------------------------------------------------------------------------------------------


def test_the_clock_falls_by_steps_and_the_first_to_accept_wins_at_what_it_shows() -> None:
    made = hall("dutch", A=500)
    made.plays("""
        begin              ->  A 1000
        wait 59 seconds    ->  A 1000
        wait 1 seconds     ->  A 900
        li  bids A 899     ->  bid.too_low
        wait 120 seconds   ->  A 700
        wu  bids A 900     ->  A awarded wu 700
        li  bids A 700     ->  sale.state
        wu  signs A        ->  A awarded wu 700
        lab signs A        ->  A contracted wu 700
        ops records A      ->  A sold wu 700
    """)
    assert made.money("wu") == (10_000 - 707) * THOUSAND
    made.venue.close()


def test_the_clock_stops_at_the_listing_price_and_stands_there_for_one_step() -> None:
    made = hall("dutch", A=450)
    assert made.sale().ends_at_ns - made.sale().starts_at_ns == 6 * 60 * 10**9
    made.plays("""
        begin              ->  A 900
        wait 240 seconds   ->  A 500
        wait 60 seconds    ->  A 450
        wait 59 seconds    ->  A 450
        end                ->  A failed: no bid
    """)
    assert made.sale().state == "closed"
    made.venue.close()


def test_the_clock_shows_what_it_should_however_long_nobody_asked() -> None:
    made = hall("dutch", A=500)
    made.plays("""
        wait 10 days       ->  A 1000
        wait 150 seconds   ->  A 800
        restart            ->  A 800
        wait 30 seconds    ->  A 700
    """)
    made.venue.close()


# --- Sealed -----------------------------------------------------------------------------------------------------------


def test_the_highest_sealed_bid_pays_its_own_price() -> None:
    made = hall("sealed", A=800)
    made.plays("""
        begin                ->  A open
        li  commits A 900    ->  A open
        wu  commits A 1200   ->  A open
        wu  commits A 1200   ->  bid.exists
        li  reveals A 900    ->  sale.state
        end                  ->  A revealing
        li  commits A 2000   ->  sale.state
        li  reveals A 900    ->  A revealing
        li  reveals A 900    ->  bid.state
        wu  reveals A 1200   ->  A revealing
        close                ->  A awarded wu 1200
    """)
    assert made.lot("A").bids == 2
    made.venue.close()


def test_the_highest_sealed_bid_pays_the_second_price_or_the_reserve() -> None:
    for reserve, price in ((0, 900), (1_000, 1_000)):
        made = hall("sealed", {"A": reserve}, A=800, pricing=SealedPricing.SECOND)
        made.plays(f"""
            begin                ->  A open
            li  commits A 900    ->  A open
            wu  commits A 1200   ->  A open
            end                  ->  A revealing
            wu  reveals A 1200   ->  A revealing
            li  reveals A 900    ->  A revealing
            close                ->  A awarded wu {price}
        """)
        made.venue.close()


def test_of_two_equal_commitments_the_earlier_wins() -> None:
    made = hall("sealed", A=800)
    made.plays("""
        begin                ->  A open
        wu  commits A 900    ->  A open
        li  commits A 900    ->  A open
        end                  ->  A revealing
        li  reveals A 900    ->  A revealing
        wu  reveals A 900    ->  A revealing
        close                ->  A awarded wu 900
    """)


@pytest.mark.parametrize(("ppm", "left"), [(0, 80), (500_000, 40), (1_000_000, 0)])
def test_who_commits_and_does_not_reveal_forfeits_what_was_announced(ppm: int, left: int) -> None:
    made = hall("sealed", A=800, unrevealed_forfeit_ppm=ppm)
    made.plays("""
        begin                ->  A open
        li  commits A 900    ->  A open
        wu  commits A 1200   ->  A open
        end                  ->  A revealing
        li  reveals A 900    ->  A revealing
        close                ->  A awarded li 900
    """)
    assert (made.purse("wu"), made.deposit("wu")) == (10_000 - 80 + left, 0)
    assert made.purse("lab") == 80 - left
    assert made.bidder("wu").forfeited_minor == (80 - left) * THOUSAND
    made.venue.close()


def test_nobody_hears_a_revealed_price_before_all_is_in() -> None:
    made = hall("sealed", A=800)
    made.plays("""
        begin                ->  A open
        li  commits A 900    ->  A open
        end                  ->  A revealing
    """)
    seller, bidder = made.venue.accounts["lab"], made.venue.accounts["li"]
    made.plays("li reveals A 900 -> A revealing")
    [told] = made.venue.journal[-1].events
    assert [mark.account_id for mark in told.movement.marks] == [bidder]  # type: ignore[attr-defined]
    assert seller != bidder
    assert (made.lot("A").bids, made.lot("A").leading_minor) == (0, 0)


def test_what_is_revealed_must_be_what_was_committed_to_by_the_same_bidder() -> None:
    made = hall("sealed", A=800)
    made.plays("""
        begin                ->  A open
        li  commits A 900    ->  A open
        wu  commits A 950    ->  A open
        end                  ->  A revealing
    """)
    command, _ = made.step_of("li", ["reveals", "A", "900"])
    for changed in ({"price_minor": 901 * THOUSAND}, {"nonce": "another-nonce-altogether"}):
        fields = {name: getattr(command, name) for name in command.__struct_fields__} | changed
        assert made.venue.refusal(type(command)(**fields), "li") == "bid.commitment_mismatch"
    assert made.venue.refusal(command, "wu") == "account.not_yours"
    assert commitment_of("BR1-1", ["LT1-2"], 5, "n") != commitment_of("BR1-9", ["LT1-2"], 5, "n")


def test_a_revealed_bid_below_the_start_is_void_and_forfeits_nothing() -> None:
    made = hall("sealed", A=800, unrevealed_forfeit_ppm=1_000_000)
    made.plays("""
        begin                ->  A open
        li  commits A 700    ->  A open
        end                  ->  A revealing
        li  reveals A 700    ->  A revealing
        close                ->  A failed: no bid
    """)
    assert made.purse("li") == 10_000


def test_without_commitments_there_is_nothing_to_reveal() -> None:
    made = hall("sealed", A=800)
    made.plays("""
        begin                ->  A open
        end                  ->  A failed: no bid
    """)
    assert made.sale().state == "closed"
    made.venue.close()


def test_sealed_bids_for_several_lots_are_awarded_to_who_values_them_most_together() -> None:
    made = hall("sealed", A=800, B=400)
    made.plays("""
        begin                  ->  A open, B open
        li  commits A 900      ->  A open, B open
        wu  commits B 700      ->  A open, B open
        ren commits A+B 1650   ->  A open, B open
        end                    ->  A revealing, B revealing
        li  reveals A 900      ->  A revealing, B revealing
        wu  reveals B 700      ->  A revealing, B revealing
        ren reveals A+B 1650   ->  A revealing, B revealing
        close                  ->  A awarded ren 1100, B awarded ren 550
    """)
    made.venue.close()


def test_of_a_set_at_the_second_price_each_winner_pays_what_the_others_lose_by_it() -> None:
    made = hall("sealed", A=800, B=400, pricing=SealedPricing.SECOND)
    made.plays("""
        begin                  ->  A open, B open
        li  commits A 1200     ->  A open, B open
        wu  commits B 800      ->  A open, B open
        ren commits A+B 1700   ->  A open, B open
        end                    ->  A revealing, B revealing
        li  reveals A 1200     ->  A revealing, B revealing
        wu  reveals B 800      ->  A revealing, B revealing
        ren reveals A+B 1700   ->  A revealing, B revealing
        close                  ->  A awarded li 900, B awarded wu 500
    """)
    made.venue.close()
