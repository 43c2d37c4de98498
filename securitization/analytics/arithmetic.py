"""The named roundings on arrays of 64-bit integers: exact wherever every operand and result is below 2⁵³.

A product of two such numbers has up to 106 bits. The quotient is first guessed in doubles, which is off by a few units
at most; the remainder, taken modulo 2⁶⁴ as integers wrap, is then exact, and corrects the guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from securitization.deal_formulas import Rounding

Vector: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

EXACT = 2**53 - 1
"""The greatest operand and result for which these functions are exact."""


def divide_product(one: Vector, other: Vector | int, by: Vector | int) -> tuple[Vector, Vector]:
    """The quotient, rounded down, and the remainder of `one * other / by`; all of zero or more, `by` above zero."""
    quotient: Vector = np.floor(one.astype(np.float64) * other / by).astype(np.int64)
    remainder: Vector = one * other - quotient * by
    correction: Vector = remainder // by
    return quotient + correction, remainder - correction * by


def rounded_product(one: Vector, other: Vector | int, by: Vector | int, rounding: Rounding) -> Vector:
    """`one * other / by`, rounded as named."""
    quotient, remainder = divide_product(one, other, by)
    if rounding is Rounding.FLOOR:
        return quotient
    if rounding is Rounding.CEIL:
        return quotient + (remainder > 0)
    twice = 2 * remainder
    upwards: Mask = (twice > by) | ((twice == by) & (quotient % 2 == 1))
    return quotient + upwards


def share_out_vectors(whole: Vector, weights: Sequence[Vector]) -> list[Vector]:
    """Split each scenario's whole in proportion to its weights by largest remainder; nothing where all weights are 0.

    Equal remainders go to the earlier place, as `share_out` has it.
    """
    if len(weights) == 1:
        return [np.where(weights[0] > 0, whole, 0)]
    total = np.sum(weights, axis=0)
    by = np.maximum(total, 1)
    divided = [divide_product(whole, weight, by) for weight in weights]
    if len(weights) == 2:
        (one, rest), (other, other_rest) = divided
        left = np.where(total > 0, whole, 0) - one - other
        first = left * (rest >= other_rest)
        return [one + first, other + left - first]
    parts = np.stack([quotient for quotient, _ in divided], axis=1)
    remainders = np.stack([remainder for _, remainder in divided], axis=1)
    left = np.where(total > 0, whole, 0) - parts.sum(axis=1)
    ranks = np.argsort(np.argsort(-remainders, axis=1, kind="stable"), axis=1, kind="stable")
    parts += ranks < left[:, None]
    return [parts[:, place] for place in range(len(weights))]


def in_order_vectors(available: Vector, dues: Sequence[Vector]) -> list[Vector]:
    """Pay dues one after the other until nothing is left."""
    paid: list[Vector] = []
    for due in dues:
        paid.append(np.minimum(available, due))
        available = available - paid[-1]
    return paid


def pro_rata_vectors(available: Vector, dues: Sequence[Vector]) -> list[Vector]:
    """Pay dues in proportion, by largest remainder."""
    return share_out_vectors(np.minimum(available, np.sum(dues, axis=0)), dues)


def by_shares_vectors(available: Vector, shares_ppm: Sequence[int], takes: Sequence[Vector]) -> list[Vector]:
    """Split what is available by fixed shares; what one cannot take stays unpaid."""
    whole = np.minimum(available, np.sum(takes, axis=0))
    parts = share_out_vectors(whole, [np.full_like(whole, share) for share in shares_ppm])
    return [np.minimum(part, take) for part, take in zip(parts, takes, strict=True)]
