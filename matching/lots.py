"""Auctions of whole rights: what each method asks of a bid, who wins, and what the winners pay. Pure arithmetic.

English 英式: bids rise by increments, and a late one moves the end. Dutch 荷式: a clock falls, the first to accept
wins. Sealed 密封: commitments first, prices revealed after; the winner pays its own price, or what it displaced.
Several lots may be bid for as one set, all or nothing. Whoever wins is found exactly, which bounds the lots of a sale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from exchange.core.units import NS_PER_SECOND, TimeNs, div_ceil, share_out

MAX_LOTS = 8
"""Lots of one sale: with n lots the winners are found over 2^n sets of lots."""


class SetBid(NamedTuple):
    """A price for some lots together, all or nothing. `lots` has a bit for each place in the sale.

    Bids are numbered as they came: of two that are worth the same the lower `bid_id` goes first.
    """

    bid_id: int
    bidder: int
    lots: int
    price_minor: int


class Allocation(NamedTuple):
    """Who gets what: the bids that win, in the order they came, and what all lots are then worth to the seller."""

    winners: tuple[SetBid, ...]
    worth_minor: int


def places(lots: int) -> list[int]:
    """The places whose bits are set.

    >>> places(0b101)
    [0, 2]
    """
    return [place for place in range(lots.bit_length()) if lots >> place & 1]


# --- Who wins ---------------------------------------------------------------------------------------------------------


def best_allocation(bids: Iterable[SetBid], kept_minor: Sequence[int]) -> Allocation:
    """The bids that together are worth most, where no lot goes twice and an unsold one is worth what it is kept for.

    Exact, by dynamic programming over sets of lots. Of equal worth the one that sells more lots is taken, and then the
    one whose last bid came first. A bidder may win several bids: each of them was made to be taken alone or together.
    Units: `kept_minor[place]` is the reserve of each lot; a bid that only reaches its reserves still wins.
    """
    entrants = _strongest(bids)
    starting: list[list[tuple[int, SetBid]]] = [[] for _ in kept_minor]
    for rank, bid in enumerate(entrants):
        starting[places(bid.lots)[0]].append((rank, bid))
    # A value is (worth, lots sold, minus 2^rank of each winner): all three add up, so best parts make a best whole.
    best: list[tuple[int, int, int]] = [(0, 0, 0)]
    chosen: list[SetBid | None] = [None]
    for lots in range(1, 1 << len(kept_minor)):
        lowest = lots & -lots
        place = lowest.bit_length() - 1
        worth, sold, order = best[lots ^ lowest]
        value, choice = (worth + kept_minor[place], sold, order), None
        for rank, bid in starting[place]:
            if bid.lots & ~lots:
                continue
            worth, sold, order = best[lots ^ bid.lots]
            candidate = (worth + bid.price_minor, sold + bid.lots.bit_count(), order - (1 << rank))
            if candidate > value:
                value, choice = candidate, bid
        best.append(value)
        chosen.append(choice)
    winners: list[SetBid] = []
    lots = len(chosen) - 1
    while lots:
        taken = chosen[lots]
        lots ^= taken.lots if taken is not None else lots & -lots
        if taken is not None:
            winners.append(taken)
    return Allocation(tuple(sorted(winners)), best[-1][0])


def _strongest(bids: Iterable[SetBid]) -> list[SetBid]:
    """Of each set of lots the one bid that can win: the highest, of equal ones the first; in the order they came."""
    strongest: dict[int, SetBid] = {}
    for bid in sorted(bids):
        held = strongest.get(bid.lots)
        if held is None or bid.price_minor > held.price_minor:
            strongest[bid.lots] = bid
    return sorted(strongest.values())


# --- What they pay ----------------------------------------------------------------------------------------------------


def pay_as_bid(winners: Iterable[SetBid], weights: Sequence[int], step_minor: int = 1) -> dict[int, int]:
    """The price of each lot by its place when every winner pays what it bid; a set's price is shared by weight.

    Units: bids and weights are whole steps of `step_minor`, and so is each lot's price.
    """
    prices: dict[int, int] = {}
    for bid in winners:
        prices.update(_share(bid.price_minor, bid.lots, weights, step_minor))
    return prices


def pay_second_price(bids: Sequence[SetBid], kept_minor: Sequence[int], step_minor: int = 1) -> dict[int, int]:
    """The price of each lot by its place when every winner pays what the others and the seller lose by its presence.

    For one lot this is the second highest bid, or the reserve. A bidder never pays more than it bid nor less than the
    reserves of what it won, so its price is shared out by the reserves.
    Source: Vickrey (1961), Clarke (1971), Groves (1973).
    """
    winners, worth = best_allocation(bids, kept_minor)
    prices: dict[int, int] = {}
    for bidder in dict.fromkeys(bid.bidder for bid in winners):
        won = [bid for bid in winners if bid.bidder == bidder]
        without = best_allocation([bid for bid in bids if bid.bidder != bidder], kept_minor).worth_minor
        due = without - (worth - sum(bid.price_minor for bid in won))
        prices.update(_share(due, sum(bid.lots for bid in won), kept_minor, step_minor))
    return prices


def _share(price_minor: int, lots: int, weights: Sequence[int], step_minor: int) -> dict[int, int]:
    """One price over its lots, by weight; each lot bears at least its weight when the price bears their sum."""
    taken = places(lots)
    parts = share_out(price_minor // step_minor, [weights[place] for place in taken])
    return {place: part * step_minor for place, part in zip(taken, parts, strict=True)}


# --- English ----------------------------------------------------------------------------------------------------------


def least_bid_minor(start_minor: int, highest_minor: int, increment_minor: int) -> int:
    """The least that may be bid for a set of lots: its starting prices, then an increment above its highest bid.

    >>> least_bid_minor(100, 0, 5), least_bid_minor(100, 100, 5)
    (100, 105)
    """
    return highest_minor + increment_minor if highest_minor else start_minor


def extended_end_ns(ends_at_ns: int, bid_at_ns: int, soft_close_seconds: int) -> TimeNs:
    """When bidding ends after a bid: never sooner than the soft close after it (反狙击延时)."""
    return TimeNs(max(ends_at_ns, bid_at_ns + soft_close_seconds * NS_PER_SECOND))


# --- Dutch ------------------------------------------------------------------------------------------------------------


def dutch_steps(start_minor: int, floor_minor: int, step_minor: int) -> int:
    """How many times the clock falls before it stands at the floor."""
    return div_ceil(start_minor - floor_minor, step_minor)


def dutch_price_minor(start_minor: int, floor_minor: int, step_minor: int, fallen: int) -> int:
    """What the clock shows after it fell so many times.

    >>> [dutch_price_minor(100, 70, 20, fallen) for fallen in range(4)]
    [100, 80, 70, 70]
    """
    return max(floor_minor, start_minor - step_minor * fallen)


def dutch_fallen(starts_at_ns: int, at_ns: int, step_seconds: int) -> int:
    """How many times the clock has fallen at a moment: it falls at the end of each step."""
    return max(0, at_ns - starts_at_ns) // (step_seconds * NS_PER_SECOND)


def dutch_end_ns(starts_at_ns: int, steps: int, step_seconds: int) -> TimeNs:
    """When the clock stops: the floor stands for one step, like every price before it."""
    return TimeNs(starts_at_ns + (steps + 1) * step_seconds * NS_PER_SECOND)


# --- Sealed -----------------------------------------------------------------------------------------------------------


def commitment_of(bidder: str, lots: Sequence[str], price_minor: int, nonce: str) -> str:
    """The SHA-256 that commits a bidder to a price for some lots, which any client can compute.

    The text is compact JSON of identifiers as on the wire, `["BR1-9",["LT1-5"],120000,"nonce"]`. Naming the bidder
    keeps anybody from committing to another's bid by copying its hash; the nonce keeps prices from being guessed.
    """
    return hashlib.sha256(msgspec.json.encode([bidder, list(lots), price_minor, nonce])).hexdigest()
