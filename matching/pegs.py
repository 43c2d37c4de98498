"""Where a pegged order stands: at a distance from the best prices of displayed orders that are no pegs themselves.

Pegs move at the end of an operation that leaves nothing pending, once, in the order of their numbers, each as one that
leaves its queue and joins another. A peg takes when it enters, if its price meets somebody; moving, it never meets
anyone: it stays a tick behind the best price of the other side, hidden orders and pegs included. A peg that loses what
it follows stays where it is.
"""

from __future__ import annotations

from matching.book_messages import MAX_TICKS, NO_PRICE, Kind
from matching.queues import Entry


def peg_price(entry: Entry, best_bid: int, best_offer: int) -> int:
    """The price a peg wants, within its own limit; NO_PRICE where what it follows is missing.

    Units: `best_bid` and `best_offer` are those that pegs follow, NO_PRICE if none.
    """
    own, other = (best_bid, best_offer) if entry.buys else (best_offer, best_bid)
    back = -entry.order.offset_ticks if entry.buys else entry.order.offset_ticks  # away from the other side
    kind = entry.order.kind
    if kind == Kind.PEGGED_BEST:
        base = own
    elif kind == Kind.PEGGED_MARKET:
        base = other
    elif NO_PRICE in (own, other):
        base = NO_PRICE
    else:
        base = (own + other) // 2 if entry.buys else -(-(own + other) // 2)  # to the less aggressive tick
    if base == NO_PRICE:
        return NO_PRICE
    limit = entry.order.price_ticks
    price = min(base + back, limit) if entry.buys else max(base + back, limit)
    return price if 1 <= price <= MAX_TICKS else NO_PRICE


def behind(entry: Entry, price_ticks: int, other_best: int) -> int:
    """The price, moved back to a tick behind the other side's best where it would meet it."""
    if other_best == NO_PRICE:
        return price_ticks
    return min(price_ticks, other_best - 1) if entry.buys else max(price_ticks, other_best + 1)
