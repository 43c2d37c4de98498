"""Who is paid what of a sum: in order, in proportion, or by fixed shares; and the shares of holders and originators."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.core.units import share_out
from securitization.deal_formulas import PPM


def in_order(available_minor: int, dues_minor: Sequence[int]) -> list[int]:
    """Pay dues one after the other until nothing is left.

    >>> in_order(10, [4, 8, 3])
    [4, 6, 0]
    """
    paid: list[int] = []
    for due in dues_minor:
        paid.append(min(available_minor, due))
        available_minor -= paid[-1]
    return paid


def pro_rata(available_minor: int, dues_minor: Sequence[int]) -> list[int]:
    """Pay dues in proportion, by largest remainder; nobody gets more than is due.

    >>> pro_rata(10, [4, 8, 3])
    [3, 5, 2]
    """
    whole = min(available_minor, sum(dues_minor))
    return share_out(whole, dues_minor) if whole else [0] * len(dues_minor)


def by_shares(available_minor: int, shares_ppm: Sequence[int], takes_minor: Sequence[int]) -> list[int]:
    """Split what is available by fixed shares; what one cannot take stays unpaid.

    >>> by_shares(10, [700_000, 300_000], [5, 100])
    [5, 3]
    """
    parts = share_out(min(available_minor, sum(takes_minor)), shares_ppm)
    return [min(part, take) for part, take in zip(parts, takes_minor, strict=True)]


def shares_are_whole(shares_ppm: Sequence[int]) -> bool:
    """Whether shares add up to one."""
    return sum(shares_ppm) == PPM


def to_holders(collected_minor: int, holdings: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(account, notes, amount) for each holder of record, by largest remainder: the parts sum to the collection.

    Units: `holdings` are (account, notes); amounts in minor. Ties go to the earlier account.
    """
    amounts = share_out(collected_minor, [notes for _, notes in holdings])
    return [(account, notes, amount) for (account, notes), amount in zip(holdings, amounts, strict=True)]


def to_originators(raised_minor: int, claims: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(account, amount) for each claim sold into the pool, in proportion to the claims.

    Units: `claims` are (originator's account, claim amount in minor); the parts sum to what was raised.
    """
    amounts = share_out(raised_minor, [amount for _, amount in claims])
    return [(account, part) for (account, _), part in zip(claims, amounts, strict=True)]
