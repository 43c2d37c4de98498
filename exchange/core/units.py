"""Units of count, and the only functions that may round.

Every number the exchange keeps is an integer whose unit is in its name: `price_ticks`, `quantity_lots`,
`fee_minor`, `rate_ppm`, `at_ns`. A lot is the smallest quantity an instrument trades in, a tick its smallest
price step; a minor unit is the smallest coin of a currency (a cent, a fen). `price_ticks` is the price of *one
lot*, so `notional_minor = price_ticks * tick_minor * quantity_lots` is exact.
"""

from __future__ import annotations

from collections.abc import Sequence as Series
from typing import Annotated, NewType

import msgspec

MAX_INTEGER = 2**53 - 1
"""The largest integer on the wire: a browser reads it exactly (IEEE 754 double)."""

PriceTicks = NewType("PriceTicks", int)
QuantityLots = NewType("QuantityLots", int)
Units = NewType("Units", int)
"""Units of one custody asset: minor units of money, right units of a right, notes of a class."""
Minor = NewType("Minor", int)
Ppm = NewType("Ppm", int)
"""Parts per million: 1 % is 10,000 ppm."""
TimeNs = NewType("TimeNs", int)
"""Nanoseconds since 1970-01-01T00:00Z."""
Sequence = NewType("Sequence", int)
"""A command's place in the journal, from 1 without gaps."""
Epoch = NewType("Epoch", int)

AboveZero = msgspec.Meta(gt=0, le=MAX_INTEGER)
ZeroOrMore = msgspec.Meta(ge=0, le=MAX_INTEGER)

PositivePrice = Annotated[PriceTicks, AboveZero]
PositiveLots = Annotated[QuantityLots, AboveZero]
PositiveUnits = Annotated[Units, AboveZero]
PositiveMinor = Annotated[Minor, AboveZero]
AnyMinor = Annotated[Minor, ZeroOrMore]
RatePpm = Annotated[Ppm, msgspec.Meta(ge=0, le=1_000_000)]
PositiveCount = Annotated[int, AboveZero]
Count = Annotated[int, ZeroOrMore]
AtNs = Annotated[TimeNs, msgspec.Meta(ge=0, le=2**63 - 1)]

Text = Annotated[str, msgspec.Meta(max_length=4_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"""A short printable ASCII token without spaces: a client's own identifier, a profile's name."""
Sha256Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
IsoDate = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND


def div_floor(numerator: int, denominator: int) -> int:
    """Divide and round towards minus infinity.

    >>> div_floor(7, 2), div_floor(-7, 2)
    (3, -4)
    """
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """Divide and round towards plus infinity.

    >>> div_ceil(7, 2), div_ceil(-7, 2)
    (4, -3)
    """
    return -(-numerator // denominator)


def div_half_even(numerator: int, denominator: int) -> int:
    """Divide and round to nearest, a tie to the even neighbour (ISO 80000-1 rule A).

    >>> [div_half_even(n, 2) for n in (1, 3, 5)]
    [0, 2, 2]
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return quotient


def share_out(whole: int, weights: Series[int]) -> list[int]:
    """Split `whole` in proportion to `weights` by largest remainder; the parts sum to the whole.

    Equal remainders go to the earlier place, so the answer depends on the order of the weights alone.
    A sum of zero weights gives nothing to anybody and is refused.

    >>> share_out(100, [1, 1, 1])
    [34, 33, 33]

    Raises: ValueError if `whole` or a weight is negative, or all weights are zero.
    Source: Hamilton's method of largest remainders.
    """
    total = sum(weights)
    if whole < 0 or total <= 0 or min(weights) < 0:
        raise ValueError("share_out needs a whole of zero or more and weights of zero or more, not all zero")
    parts = [whole * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(whole * weights[place] % total), place))
    for place in by_remainder[: whole - sum(parts)]:
        parts[place] += 1
    return parts
