"""A book cleared by hand: single lots called out one by one. Imports nothing of the project."""

from __future__ import annotations

from fractions import Fraction


def allot(offered: int, bids: list[tuple[int, int]], *, low_is_best: bool) -> list[int] | None:
    """Lots for each bid of (lots, limit), in the order given; None: not covered."""
    if sum(lots for lots, _ in bids) < offered:
        return None
    got = [0] * len(bids)
    left = offered
    waiting = list(range(len(bids)))
    while left:
        limits = [bids[place][1] for place in waiting]
        best = min(limits) if low_is_best else max(limits)
        level = [place for place in waiting if bids[place][1] == best]
        waiting = [place for place in waiting if bids[place][1] != best]
        asked = sum(bids[place][0] for place in level)
        if asked <= left:
            for place in level:
                got[place] = bids[place][0]
            left -= asked
            continue
        shares = {place: Fraction(left * bids[place][0], asked) for place in level}
        for place in level:
            got[place] = int(shares[place])
        rest = left - sum(got[place] for place in level)
        for _ in range(rest):
            first = max(level, key=lambda place: (shares[place] - got[place], -place))
            got[first] += 1
        left = 0
    return got
