"""Who is paid what of a collection: one step today, all of it to the holders of the one class."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.core.units import share_out


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
