"""The arithmetic of auctions: winners by trying everything, second prices, shares of a set's price, clocks and ends."""

from __future__ import annotations

import hashlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import NS_PER_SECOND
from matching.lots import (
    MAX_LOTS,
    SetBid,
    best_allocation,
    commitment_of,
    dutch_end_ns,
    dutch_fallen,
    dutch_price_minor,
    dutch_steps,
    extended_end_ns,
    pay_as_bid,
    pay_second_price,
    places,
)


@st.composite
def auctions(draw: st.DrawFn) -> tuple[list[SetBid], list[int]]:
    """A few bids of a few bidders for a few lots, at prices so small that ties are common."""
    kept = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    sets = st.integers(1, 2 ** len(kept) - 1)
    drawn = draw(st.lists(st.tuples(st.integers(1, 3), sets, st.integers(1, 16)), max_size=7))
    return [SetBid(number, bidder, lots, price) for number, (bidder, lots, price) in enumerate(drawn)], kept


def by_trying_everything(bids: list[SetBid], kept: list[int]) -> tuple[tuple[SetBid, ...], int]:
    """Every combination of bids for different lots; the worthiest, then with most lots, then whole the earliest."""
    found: list[tuple[int, int, list[int], tuple[SetBid, ...]]] = []
    for size in range(len(kept) + 1):
        for chosen in itertools.combinations(bids, size):
            taken = [place for bid in chosen for place in places(bid.lots)]
            if len(set(taken)) == len(taken):
                unsold = sum(minor for place, minor in enumerate(kept) if place not in taken)
                came = [-bid.bid_id for bid in reversed(chosen)]
                found.append((sum(bid.price_minor for bid in chosen) + unsold, len(taken), came, chosen))
    best = max(found, key=lambda one: one[:3])
    return best[3], best[0]


@given(auctions())
def test_the_winners_are_those_that_trying_everything_finds(auction: tuple[list[SetBid], list[int]]) -> None:
    assert best_allocation(*auction) == by_trying_everything(*auction)


@given(auctions())
def test_a_second_price_is_never_above_ones_bids_nor_below_the_reserves(
    auction: tuple[list[SetBid], list[int]],
) -> None:
    bids, kept = auction
    prices = pay_second_price(bids, kept)
    winners = best_allocation(bids, kept).winners
    assert sorted(prices) == sorted(place for bid in winners for place in places(bid.lots))
    for bidder in {bid.bidder for bid in winners}:
        own = [bid for bid in winners if bid.bidder == bidder]
        paid = sum(prices[place] for bid in own for place in places(bid.lots))
        assert paid <= sum(bid.price_minor for bid in own)
    assert all(price >= kept[place] for place, price in prices.items())


@given(auctions(), st.integers(0, 6), st.integers(1, 16))
def test_at_the_second_price_a_winner_gains_nothing_by_bidding_otherwise(
    auction: tuple[list[SetBid], list[int]], which: int, other: int
) -> None:
    """Each bidder with one bid: then telling the truth is best, whatever the others do (Vickrey, Clarke, Groves)."""
    bids, kept = auction
    bids = list({bid.bidder: bid for bid in bids}.values())
    if not bids:
        return
    mine = bids[which % len(bids)]

    def gain(offered: list[SetBid]) -> int:
        prices = pay_second_price(offered, kept)
        won = [bid for bid in best_allocation(offered, kept).winners if bid.bidder == mine.bidder]
        return mine.price_minor - sum(prices[place] for place in places(mine.lots)) if won else 0

    changed = [bid._replace(price_minor=other) if bid is mine else bid for bid in bids]
    assert gain(changed) <= gain(bids)


def test_for_one_lot_the_second_price_is_the_second_highest_bid_or_the_reserve() -> None:
    bids = [SetBid(1, 1, 1, 90), SetBid(2, 2, 1, 120), SetBid(3, 3, 1, 100)]
    assert pay_second_price(bids, [50]) == {0: 100}
    assert pay_second_price(bids, [110]) == {0: 110}
    assert pay_second_price(bids, [121]) == {}
    assert pay_second_price([SetBid(1, 1, 1, 70), SetBid(2, 2, 1, 70)], [50]) == {0: 70}


@given(st.integers(1, 400), st.lists(st.integers(1, 50), min_size=1, max_size=MAX_LOTS), st.integers(1, 7))
def test_a_sets_price_is_shared_whole_in_steps_and_each_lot_bears_its_start(
    more: int, starts: list[int], step: int
) -> None:
    weights = [start * step for start in starts]
    price = sum(weights) + more * step
    shares = pay_as_bid([SetBid(1, 1, 2 ** len(starts) - 1, price)], weights, step)
    assert sum(shares.values()) == price
    assert all(shares[place] % step == 0 and shares[place] >= weight for place, weight in enumerate(weights))


def test_as_many_lots_as_a_sale_may_have_are_awarded_exactly() -> None:
    kept = [100] * MAX_LOTS
    apart = [SetBid(place, place, 1 << place, 150) for place in range(MAX_LOTS)]
    whole = SetBid(99, 99, 2**MAX_LOTS - 1, 150 * MAX_LOTS)
    assert best_allocation([*apart, whole], kept).winners == tuple(apart)
    dearer = whole._replace(price_minor=whole.price_minor + 1)
    assert best_allocation([*apart, dearer], kept).winners == (dearer,)


@pytest.mark.parametrize(("fallen", "price"), [(0, 1_000), (1, 900), (4, 600), (5, 550), (6, 550)], ids=str)
def test_the_clock_falls_to_its_floor_and_no_further(fallen: int, price: int) -> None:
    assert dutch_price_minor(1_000, 550, 100, fallen) == price
    assert dutch_steps(1_000, 550, 100) == 5


@given(st.integers(0, 10**18), st.integers(1, 3_600), st.integers(0, 50), st.integers(0, 10**9))
def test_the_clock_has_fallen_once_for_each_whole_step(start_ns: int, step_seconds: int, steps: int, less: int) -> None:
    after = start_ns + steps * step_seconds * NS_PER_SECOND
    assert dutch_fallen(start_ns, after, step_seconds) == steps
    assert dutch_fallen(start_ns, after - 1 - less, step_seconds) < steps or not steps
    assert dutch_end_ns(start_ns, steps, step_seconds) == after + step_seconds * NS_PER_SECOND


def test_a_late_bid_moves_the_end_to_a_whole_soft_close_after_it() -> None:
    second = NS_PER_SECOND
    assert extended_end_ns(1_000 * second, 699 * second, 300) == 1_000 * second
    assert extended_end_ns(1_000 * second, 700 * second, 300) == 1_000 * second
    assert extended_end_ns(1_000 * second, 701 * second, 300) == 1_001 * second


def test_a_commitment_is_the_hash_of_compact_json_that_any_client_writes() -> None:
    text = json.dumps(["BR1-9", ["LT1-5", "LT1-5-1"], 120_000, "nonce"], separators=(",", ":"))
    assert commitment_of("BR1-9", ["LT1-5", "LT1-5-1"], 120_000, "nonce") == hashlib.sha256(text.encode()).hexdigest()
