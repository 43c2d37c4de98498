"""An independent model of income distribution: fractions, and largest remainder as a lawyer would say it."""

from __future__ import annotations

from fractions import Fraction


def largest_remainder(whole: int, weights: list[Fraction]) -> list[int]:
    """Everybody gets the whole cents of their exact part; what is left goes, cent by cent, to the largest rests."""
    total = sum(weights, Fraction(0))
    exact = [whole * weight / total for weight in weights]
    cents = [part.numerator // part.denominator for part in exact]
    waiting = list(range(len(weights)))
    for _ in range(whole - sum(cents)):
        best = max(waiting, key=lambda place: (exact[place] - cents[place], -place))
        cents[best] += 1
        waiting.remove(best)
    return cents


def at_least(whole: int, percent: Fraction) -> int:
    """The smallest number of cents that is not below a part."""
    exact = whole * percent
    return -(-exact.numerator // exact.denominator)


def nearest_cent(exact: Fraction) -> int:
    """The nearest cent; of two as near, the even one."""
    low = exact.numerator // exact.denominator
    rest = exact - low
    if rest == Fraction(1, 2):
        return low + low % 2
    return low + (rest > Fraction(1, 2))


def planned(
    net: int, reward: Fraction, team: list[Fraction], ratio: Fraction, units: list[int]
) -> tuple[list[int], list[int], int]:
    """What the team's members, and the holders, get of net income; and what is left with the owner."""
    pot = at_least(net, reward)
    exact = net * ratio
    holders_pot = exact.numerator // exact.denominator if units else 0
    to_team = largest_remainder(pot, team)
    to_holders = largest_remainder(holders_pot, [Fraction(each) for each in units]) if units else []
    exact_pot = net * ratio
    left = net - pot - exact_pot.numerator // exact_pot.denominator
    return to_team, to_holders, left
