"""English auctions: rising bids, increments, reserves, the soft close, and several lots as one set."""

from __future__ import annotations

import pytest

from tests.sales.stage import THOUSAND, Hall


def hall(reserves: dict[str, int] | None = None, /, **lots: int) -> Hall:
    """A hall in which li, wu, ren and mei are admitted to an English auction of these lots."""
    made = Hall.cn()
    made.announced("english", reserves, **lots)
    made.enter("li", "wu", "ren", "mei")
    return made


def test_each_bid_starts_at_the_start_and_rises_by_the_increment() -> None:
    made = hall(A=800)
    made.plays("""
        li  bids A 800   ->  sale.state
        begin            ->  A open
        li  bids A 799   ->  bid.too_low
        li  bids A 800   ->  A li 800
        wu  bids A 849   ->  bid.too_low
        wu  bids A 850   ->  A wu 850
        wu  bids A 900   ->  A wu 900
        ren bids A 5000  ->  A ren 5000
        li  bids B 5100  ->  bid.lots_invalid
        li  bids A+A 5100  ->  bid.lots_invalid
        end              ->  A awarded ren 5000
        li  bids A 6000  ->  sale.state
    """)
    made.venue.close()


def test_the_winner_pays_the_seller_is_paid_and_the_right_is_recorded() -> None:
    made = hall(A=800)
    made.plays("""
        begin            ->  A open
        li  bids A 800   ->  A li 800
        wu  bids A 1000  ->  A wu 1000
        end              ->  A awarded wu 1000
        wu  signs A      ->  A awarded wu 1000
        lab signs A      ->  A contracted wu 1000
        ops records A    ->  A sold wu 1000
    """)
    assert made.owner_of("A") == "wu"
    assert made.money("wu") == (10_000 - 1_010) * THOUSAND
    assert made.money("lab") == 990 * THOUSAND
    assert (made.sale().state, made.escrow(), made.fees_due()) == ("closed", 0, 20 * THOUSAND)
    made.venue.close()


def test_a_reserve_is_hidden_and_below_it_nothing_is_sold() -> None:
    made = hall({"A": 1_000}, A=800)
    assert (made.lot("A").reserve_minor, made.lot("A").reserve_met) == (0, False)
    made.plays("""
        begin            ->  A open
        li  bids A 950   ->  A (li 950)
        end              ->  A failed: reserve not met
    """)
    assert made.sale().state == "closed"
    made.venue.close()


def test_a_bid_that_just_reaches_the_reserve_is_sold() -> None:
    made = hall({"A": 1_000}, A=800)
    made.plays("""
        begin            ->  A open
        li  bids A 999   ->  A (li 999)
        wu  bids A 1049  ->  A wu 1049
        end              ->  A awarded wu 1049
    """)
    made.venue.close()


def test_a_late_bid_moves_the_end_by_the_soft_close_and_no_further() -> None:
    made = hall(A=800)
    made.plays("begin -> A open")
    announced = made.sale().ends_at_ns
    made.plays("""
        almost end 301   ->  A open
        li  bids A 800   ->  A li 800
    """)
    assert made.lot("A").ends_at_ns == announced, "five minutes and a moment before the end moves nothing"
    made.plays("""
        almost end 10    ->  A li 800
        wu  bids A 850   ->  A wu 850
    """)
    assert made.lot("A").ends_at_ns == made.venue.state.at_ns + 300 * 10**9
    made.plays("""
        almost end 299   ->  A wu 850
        ren bids A 900   ->  A ren 900
        almost end 1     ->  A ren 900
        end              ->  A awarded ren 900
    """)
    made.venue.close()


def test_no_bid_enters_an_auction_that_has_ended() -> None:
    for before_ns, code in ((2_000_000, ""), (0, "sale.state")):
        made = hall(A=800)
        made.plays("begin -> A open\nli bids A 800 -> A li 800")
        made.venue.clock_ns = made.lot("A").ends_at_ns - before_ns
        assert made.venue.refusal(made.bid("wu", "A", 900), "wu") == code
        assert made.lot("A").state == ("awarded" if code else "open")


def test_without_a_bid_the_lot_fails_and_every_deposit_is_free() -> None:
    made = hall(A=800)
    assert [made.deposit(who) for who in ("li", "wu")] == [80, 80]
    made.plays("""
        begin            ->  A open
        end              ->  A failed: no bid
    """)
    assert [made.deposit(who) for who in ("li", "wu", "ren", "mei")] == [0, 0, 0, 0]
    assert made.sale().state == "closed"
    made.venue.close()


# --- Several lots -----------------------------------------------------------------------------------------------------


def test_a_set_wins_when_it_is_worth_more_than_its_lots_apart() -> None:
    made = hall(A=800, B=400)
    made.plays("""
        begin              ->  A open, B open
        li  bids A 800     ->  A li 800, B open
        wu  bids B 500     ->  A li 800, B wu 500
        ren bids A+B 1300  ->  A li 800, B wu 500
        ren bids A+B 1310  ->  bid.too_low
        ren bids A+B 1350  ->  A+B ren 1350
        mei bids B 551     ->  A li 800, B mei 551
        end                ->  A awarded li 800, B awarded mei 551
    """)
    made.venue.close()


def test_of_equal_offers_the_one_that_was_whole_first_wins() -> None:
    made = hall(A=800, B=400)
    made.plays("""
        begin              ->  A open, B open
        ren bids A+B 1300  ->  A+B ren 1300
        li  bids A 800     ->  A+B ren 1300
        wu  bids B 500     ->  A+B ren 1300
        wu  bids B 551     ->  A li 800, B wu 551
    """)


def test_a_set_sold_together_is_two_contracts_whose_prices_add_up() -> None:
    made = hall(A=800, B=400)
    made.plays("""
        begin              ->  A open, B open
        ren bids A+B 1500  ->  A+B ren 1500
        end                ->  A awarded ren 1000, B awarded ren 500
    """)
    assert made.deposit("ren") == 120
    made.plays("""
        ren signs A        ->  A awarded ren 1000, B awarded ren 500
        lab signs A        ->  deal.state
    """)
    assert made.deposit("ren") == 120, "it stands for what is not paid yet"
    made.plays("""
        ren signs B        ->  A awarded ren 1000, B awarded ren 500
        lab signs A        ->  A contracted ren 1000, B awarded ren 500
        lab signs B        ->  A contracted ren 1000, B contracted ren 500
        ops records A      ->  A sold ren 1000, B contracted ren 500
        ops records B      ->  A sold ren 1000, B sold ren 500
    """)
    assert made.deposit("ren") == 0
    assert made.sale().state == "closed"
    made.venue.close()


def test_reserves_of_a_set_are_met_by_their_sum() -> None:
    made = hall({"A": 1_000, "B": 500}, A=800, B=400)
    made.plays("""
        begin              ->  A open, B open
        li  bids A 1000    ->  A li 1000, B open
        ren bids A+B 1499  ->  A li 1000, B open
        wu  bids B 450     ->  A li 1000, B (wu 450)
        ren bids A+B 1560  ->  A+B ren 1560
        end                ->  A awarded ren 1040, B awarded ren 520
    """)


@pytest.mark.parametrize("restart", [False, True])
def test_a_restart_in_the_middle_of_an_auction_loses_nothing(restart: bool) -> None:
    made = hall({"A": 900}, A=800, B=400)
    for line in (
        "begin              ->  A open, B open",
        "li  bids A 850     ->  A (li 850), B open",
        "ren bids A+B 1320  ->  A+B ren 1320",
        "end                ->  A awarded ren 880, B awarded ren 440",
        "ren signs A        ->  A awarded ren 880, B awarded ren 440",
        "ren signs B        ->  A awarded ren 880, B awarded ren 440",
    ):
        if restart:
            made.venue.restart()
        made.plays(line)
    made.venue.close()
