"""How a book becomes an allotment: who gets how much at which price, exactly.

The best bids are filled first. The level at which the notes run out is the margin: what is left there is shared out pro
rata by largest remainder, in whole lots, an equal remainder going to the earlier bid. Nothing here knows accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange.core.messages import Record
from exchange.core.units import div_half_even, share_out
from securitization.offering_messages import Allotment, Pricing

PPM = 1_000_000
DAYS_A_YEAR = 365
NS_PER_DAY = 86_400_000_000_000


class Asked(Record, frozen=True, kw_only=True):
    """One bid: lots at a limit. The book lists bids in the order in which they came."""

    key: int
    lots: int
    limit: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a class's book came to: lots by bid, in the book's order; bids that got nothing are left out."""

    covered: bool
    asked_lots: int
    limit: int
    marginal_lots: int
    lots: dict[int, int]


def clear(offered_lots: int, book: list[Asked], pricing: Pricing) -> Cleared:
    """Fill a class's book: the highest price first, or the lowest coupon; pro rata at the margin.

    >>> book = [Asked(key=1, lots=6, limit=101), Asked(key=2, lots=4, limit=100), Asked(key=3, lots=4, limit=100)]
    >>> clear(11, book, Pricing.PRICE).lots
    {1: 6, 2: 3, 3: 2}
    """
    asked = sum(bid.lots for bid in book)
    if asked < offered_lots:
        return Cleared(covered=False, asked_lots=asked, limit=0, marginal_lots=0, lots={})
    levels = sorted({bid.limit for bid in book}, reverse=pricing is not Pricing.YIELD)
    left, lots = offered_lots, dict[int, int]()
    for limit in levels:
        at_level = [bid for bid in book if bid.limit == limit]
        wanted = sum(bid.lots for bid in at_level)
        if wanted < left:
            lots |= {bid.key: bid.lots for bid in at_level}
            left -= wanted
            continue
        parts = share_out(left, [bid.lots for bid in at_level])
        lots |= {bid.key: part for bid, part in zip(at_level, parts, strict=True) if part}
        return Cleared(covered=True, asked_lots=asked, limit=limit, marginal_lots=left, lots=lots)
    return Cleared(covered=True, asked_lots=asked, limit=0, marginal_lots=0, lots=lots)


def price_of(pricing: Pricing, allotment: Allotment, limit: int, marginal: int, face_minor: int) -> int:
    """What one note costs a bidder. Units: minor; a book by coupon sells at the face."""
    if pricing is Pricing.YIELD:
        return face_minor
    return limit if allotment is Allotment.MULTIPLE else marginal


def refund_interest_minor(held_minor: int, rate_ppm: int, from_ns: int, until_ns: int) -> int:
    """Interest on cash that was locked for nothing: whole days, ACT/365, rounded down."""
    days = (until_ns - from_ns) // NS_PER_DAY
    return held_minor * rate_ppm * days // (PPM * DAYS_A_YEAR)


def reserve_minor(book_cap_minor: int, rate_ppm: int, from_ns: int, until_ns: int) -> int:
    """The most a refund may ever pay in interest: each part is rounded down, so the whole's is enough."""
    return refund_interest_minor(book_cap_minor, rate_ppm, from_ns, until_ns)


def fee_minor(raised_minor: int, rate_ppm: int, amount_minor: int) -> int:
    """What a role earns at closing: a part of what was raised, rounded half even, and an amount."""
    return div_half_even(raised_minor * rate_ppm, PPM) + amount_minor
