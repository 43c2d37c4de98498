"""The single price of a call auction, and who gets how much at it.

Every rule begins with the greatest volume that can trade and then the least that is left over at the price. They differ
in what decides between prices that are equal so far:

    rule      then                                             candidates               source
    XETRA     pressure, then the reference price               prices of limit orders   Market Model Xetra, auctions
    EURONEXT  pressure, then the reference price               prices of limit orders   Trading Manual, Notice 4-01
    LSE       pressure, then the reference price               prices of limit orders   MIT201, auction matching
    SSE       the middle of the lowest and the highest         prices of limit orders   上交所交易规则, 集合竞价
    SZSE      the reference price: previous close, last trade  every tick               深交所交易规则, 集合竞价

*Pressure*: when at all these prices the surplus is one of bids, the highest of them; when of offers, the lowest.
*Reference*: the reference price itself where it lies between the lowest and the highest of them, else the nearer of the
two. Without a reference price, and for SSE, the middle, half a tick rounded up.

A market order counts at every price up to its protection price, which is a candidate only where no other price trades
as much: nobody asked to pay it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from exchange.core.rejections import ensure
from matching.book_messages import NO_INDICATION, NO_PRICE, AuctionRule, BookSide, Indication

PRESSURE_DECIDES: Final = (AuctionRule.XETRA, AuctionRule.EURONEXT, AuctionRule.LSE)
REFERENCE_DECIDES: Final = (*PRESSURE_DECIDES, AuctionRule.SZSE)


class CurvePoint(NamedTuple):
    """What one side would trade at one price; `wished` if a limit order names this price."""

    price_ticks: int
    lots: int
    wished: bool = True


class Balance(NamedTuple):
    """What stands against what at one price."""

    price_ticks: int
    bid_lots: int
    offer_lots: int

    @property
    def volume(self) -> int:
        """What would trade."""
        return min(self.bid_lots, self.offer_lots)

    @property
    def surplus(self) -> int:
        """Bids above offers; below zero, offers above bids."""
        return self.bid_lots - self.offer_lots


def single_price(
    bids: Sequence[CurvePoint], offers: Sequence[CurvePoint], rule: AuctionRule, reference_ticks: int
) -> Indication:
    """The price of a call auction, what trades at it and what is left over there.

    Units: `bids` descend and `offers` ascend from the best price, and reach at least as far as the two sides cross.
    """
    if not bids or not offers or bids[0].price_ticks < offers[0].price_ticks:
        return NO_INDICATION
    curves = _Curves(bids, offers)
    low, high = offers[0].price_ticks, bids[0].price_ticks
    points = [point for point in (*reversed(bids), *offers) if low <= point.price_ticks <= high]
    named = list(dict.fromkeys(sorted(point.price_ticks for point in points)))
    wished = list(dict.fromkeys(sorted(point.price_ticks for point in points if point.wished)))
    if low <= reference_ticks <= high and not wished:
        wished = [reference_ticks]  # market orders alone trade at the reference price
    most = curves.most(named)
    if not curves.reaching(wished, most):
        wished = named
    if rule is AuctionRule.SZSE:
        wished = _every_tick(named, wished[0], wished[-1])
    best = [curves.at(price) for price in curves.reaching(wished, most)]
    least = min(abs(balance.surplus) for balance in best)
    best = [balance for balance in best if abs(balance.surplus) == least]
    return _indication(curves.at(_decide(best, rule, reference_ticks)))


def share_pro_rata(lots: int, remaining_lots: Sequence[int]) -> list[int]:
    """Share lots out in proportion to what remains of each, oldest first; the parts sum to the whole.

    Whole lots by proportion, the others one each by largest remainder, among equal remainders to the oldest.
    """
    total = sum(remaining_lots)
    ensure(0 <= lots <= total, "no more is shared out than is wanted")
    parts = [lots * wanted // total for wanted in remaining_lots]
    left = lots - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: (-(lots * remaining_lots[place] % total), place))
    for place in by_remainder[:left]:
        parts[place] += 1
    return parts


class _Curves:
    """How much is bid at a price or above, and offered at it or below."""

    def __init__(self, bids: Sequence[CurvePoint], offers: Sequence[CurvePoint]) -> None:
        self._bid_prices = [-point.price_ticks for point in bids]
        self._offer_prices = [point.price_ticks for point in offers]
        self._bid_lots = [0, *accumulate(point.lots for point in bids)]
        self._offer_lots = [0, *accumulate(point.lots for point in offers)]

    def bid(self, price_ticks: int) -> int:
        """Lots bid at a price or above: fewer as prices rise."""
        return self._bid_lots[bisect_right(self._bid_prices, -price_ticks)]

    def offered(self, price_ticks: int) -> int:
        """Lots offered at a price or below: more as prices rise."""
        return self._offer_lots[bisect_right(self._offer_prices, price_ticks)]

    def at(self, price_ticks: int) -> Balance:
        """Both curves at one price."""
        return Balance(price_ticks, self.bid(price_ticks), self.offered(price_ticks))

    def most(self, prices: Sequence[int]) -> int:
        """The greatest volume at any of these prices, ascending: where the curves cross, or just before."""
        crossing = bisect_left(prices, True, key=lambda price: self.offered(price) >= self.bid(price))
        return max(self.at(price).volume for price in prices[max(crossing - 1, 0) : crossing + 1])

    def reaching(self, prices: Sequence[int], volume: int) -> Sequence[int]:
        """Those of these prices, ascending, at which this much trades: neighbours of each other."""
        first = bisect_left(prices, True, key=lambda price: self.offered(price) >= volume)
        end = bisect_left(prices, True, key=lambda price: self.bid(price) < volume)
        return prices[first:end]


def _every_tick(named: list[int], lowest: int, highest: int) -> list[int]:
    """Enough ticks to speak for all from the lowest to the highest: between two named prices nothing changes."""
    inner = named[bisect_left(named, lowest) : bisect_right(named, highest)]
    ticks = {tick for price in inner for tick in (price - 1, price, price + 1)} | {lowest, highest}
    return sorted(tick for tick in ticks if lowest <= tick <= highest)


def _decide(best: list[Balance], rule: AuctionRule, reference_ticks: int) -> int:
    """The one price among those that trade as much and leave as little over, ascending."""
    lowest, highest = best[0].price_ticks, best[-1].price_ticks
    if lowest == highest:
        return lowest
    if rule in PRESSURE_DECIDES:
        if all(balance.surplus > 0 for balance in best):
            return highest
        if all(balance.surplus < 0 for balance in best):
            return lowest
    if rule in REFERENCE_DECIDES and reference_ticks != NO_PRICE:
        return min(max(reference_ticks, lowest), highest)
    return (lowest + highest + 1) // 2


def _indication(balance: Balance) -> Indication:
    side = BookSide.BUY if balance.surplus > 0 else BookSide.SELL if balance.surplus < 0 else 0
    return Indication(balance.price_ticks, balance.volume, abs(balance.surplus), side)


__all__ = ["Balance", "CurvePoint", "share_pro_rata", "single_price"]
