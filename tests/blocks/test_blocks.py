"""Blocks of shares and notes by agreement: what passes to whom, what is held meanwhile, and what comes back."""

from __future__ import annotations

from tests.blocks.stage import PURSE, Floor

FEE = 100
"""The least fee of the test market's schedule: 0.1 %, at least 100."""


def test_a_block_passes_against_its_price_in_one_transfer() -> None:
    floor = Floor.shares()
    floor.sold("a", "thu", "li", 300_000, 900_000)
    floor.has(thu=700_000, li=300_000)
    assert floor.venue.cash("li") == PURSE - 900_900
    assert floor.venue.cash("thu") == PURSE + 900_000 - 900
    assert (floor.escrow(), floor.fees_due()) == (0, 1_800)
    assert floor.held("thu") == 0


def test_units_are_held_from_the_offer_on_and_offered_once() -> None:
    floor = Floor.shares()
    floor.plays("""
        a: thu sells li 600000 for 5000   ->  proposed
        b: thu sells wu 400000 for 5000   ->  proposed
        c: thu sells ren 1 for 5000       ->  hold.insufficient_available
        li accepts a                      ->  signing
        thu withdraws b                   ->  withdrawn
        c: thu sells ren 400000 for 5000  ->  proposed
        d: thu sells ren 1 for 5000       ->  hold.insufficient_available
    """)
    assert floor.held("thu") == 1_000_000
    floor.plays("""
        thu signs a     ->  signing
        li signs a      ->  completed
        ren accepts c   ->  signing
        ren signs c     ->  signing
        restart         ->
        ren withdraws c ->  withdrawn
    """)
    floor.has(thu=400_000, li=600_000, ren=0)
    assert (floor.held("thu"), floor.escrow(), floor.venue.cash("ren")) == (0, 0, PURSE)


def test_an_offer_lapses_and_so_does_a_contract_the_seller_does_not_sign() -> None:
    floor = Floor.shares()
    floor.plays("""
        a: thu sells li 10 for 5000   ->  proposed
        b: thu sells wu 10 for 5000   ->  proposed
        wait 100                      ->
        wu accepts b                  ->  signing
        wu signs b                    ->  signing
        wait 81                       ->
    """)
    assert (floor.state("a"), floor.state("b")) == ("lapsed", "signing")
    floor.plays("wait 100 ->")
    assert floor.state("b") == "lapsed"
    assert (floor.held("thu"), floor.escrow(), floor.venue.cash("wu")) == (0, 0, PURSE)


def test_co_holders_step_in_by_what_they_hold_where_the_deed_keeps_their_claim() -> None:
    floor = Floor.shares(waived=False, first_refusal_days=15)
    floor.plays("""
        a: thu sells li 400000 for 4000   ->  proposed
        li accepts a                      ->  signing
        li signs a                        ->  signing
        thu signs a                       ->  completed
        b: thu sells wu 200000 for 2000   ->  proposed
        wu accepts b                      ->  pre_emption
        wu signs b                        ->  deal.pre_emption_running
        thu withdraws b                   ->  deal.state
        li waives b                       ->  signing
        wu signs b                        ->  signing
        thu signs b                       ->  completed
        c: thu sells ren 300000 for 3000  ->  proposed
        ren accepts c                     ->  pre_emption
        li exercises c                    ->  pre_emption
        wu exercises c                    ->  signing, li 200000, wu 100000
        thu withdraws c                   ->  deal.state
        thu signs c                       ->  completed, li 200000, wu 100000
        d: thu sells li 100000 for 1000   ->  proposed
        li accepts d                      ->  signing
    """)
    floor.has(thu=100_000, li=600_000, wu=300_000, ren=0)
    assert floor.venue.cash("ren") == PURSE
    assert floor.venue.cash("li") == PURSE - 4_000 - 2_000 - 2 * FEE


def test_silence_lets_the_buyer_go_on() -> None:
    floor = Floor.shares(waived=False, first_refusal_days=15)
    floor.sold("a", "thu", "li", 400_000, 4_000)
    floor.plays("""
        b: thu sells wu 200000 for 2000   ->  proposed
        wu accepts b                      ->  pre_emption
        wait 16                           ->
        wu signs b                        ->  signing
        thu signs b                       ->  completed
    """)
    floor.has(thu=400_000, li=400_000, wu=200_000)


def test_notes_are_sold_on_in_a_private_products_market() -> None:
    floor = Floor.notes()
    floor.plays("wait 5 ->")
    cash = floor.venue.cash("li")
    floor.sold("a", "li", "ren", 200, 210_000)
    floor.has(li=300, wu=400, ren=200)
    assert floor.venue.cash("li") == cash + 210_000 - 210
    assert floor.venue.cash("ren") == PURSE - 210_000 - 210
