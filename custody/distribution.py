"""Income distribution 收益分配: the arithmetic, exact to the cent, and nothing else.

Income less the taxes of the deal, upkeep and direct costs is net income. Of it the contributors are rewarded first, the
transfer staff next; the holders of shares get what their deed says; co-owners share the rest with the owner. Each of
these is a *pot*; a pot is shared out into *lines*, one a payee, by largest remainder, so that the lines sum to the pot.
Source: 促进科技成果转化法 (2015) arts. 43-45; 北京市促进科技成果转化条例 (2019) art. 12.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from operator import neg
from typing import Annotated

import msgspec

from custody.rights import DeclaredShare
from exchange.core.ids import AccountId
from exchange.core.messages import Citation, Part, Record
from exchange.core.units import (
    CountryCode,
    Minor,
    PositiveMinor,
    RatePpm,
    Sha256Hex,
    div_floor,
    div_half_even,
    share_out,
)

PPM = 1_000_000
MAX_PAYEES = 50


class PotRole(StrEnum):
    """Who is paid out of a pot."""

    CONTRIBUTORS = "contributors"
    """Who made the outcome or did much for its conversion: the inventors, a pilot's team."""
    STAFF = "staff"
    HOLDERS = "holders"
    """The holders of the outcome's shares at the record date, by their units."""
    CO_OWNERS = "co_owners"
    OWNER = "owner"
    """What stays with the owner who distributes: it has no lines, and never leaves its account."""


class DeductionKind(StrEnum):
    """What may be taken off before net income."""

    TAXES = "taxes"
    UPKEEP = "upkeep"
    DIRECT_COSTS = "direct_costs"


class Deduction(Part, frozen=True, kw_only=True):
    """One sum to be taken off, and the document that shows it."""

    kind: DeductionKind
    amount_minor: PositiveMinor
    document_sha256: Sha256Hex


class OwnRule(Part, frozen=True, kw_only=True):
    """The institution's own rule of what its contributors get, and the document that says so."""

    rate_ppm: RatePpm
    document_sha256: Sha256Hex


class PayeeShare(Part, frozen=True, kw_only=True):
    """A payee's account, and its part of the pot: one third is 1 / 3."""

    account_id: AccountId
    share: DeclaredShare


class Treaty(Part, frozen=True, kw_only=True):
    """A lower rate for payees of one country by its tax treaty, with the document that shows the claim to it."""

    country: CountryCode
    rate_ppm: RatePpm
    document_sha256: Sha256Hex


Deductions = Annotated[tuple[Deduction, ...], msgspec.Meta(max_length=50)]
Payees = Annotated[tuple[PayeeShare, ...], msgspec.Meta(max_length=MAX_PAYEES)]
Treaties = Annotated[tuple[Treaty, ...], msgspec.Meta(max_length=50)]


class Deducted(Record, frozen=True, kw_only=True):
    """A deduction as it is kept."""

    kind: DeductionKind
    amount_minor: Minor
    document_sha256: str


class Pot(Record, frozen=True, kw_only=True):
    """One part of the net income: `amount_minor` is `rate_ppm` of `base_minor`, by `rule` or by the reason given.

    Units: `rate_ppm` 0 with an amount says that it is what was left.
    """

    role: PotRole
    base_minor: Minor
    rate_ppm: int
    amount_minor: Minor
    reason: str
    document_sha256: str = ""
    rule: Citation | None = None


class Line(Record, frozen=True, kw_only=True):
    """What one payee gets of one pot: its part is `weight / of`, and `withheld_minor` of it goes to the tax office."""

    account_id: AccountId
    role: PotRole
    weight: int
    of: int
    gross_minor: Minor
    withholding_ppm: int
    withheld_minor: Minor


def parts_of(pot_minor: int, shares: Sequence[Fraction]) -> list[int]:
    """A pot shared out by exact fractions, by largest remainder; what the fractions leave of one comes last.

    >>> parts_of(100, [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)])
    [34, 33, 33, 0]
    >>> parts_of(100, [Fraction(1, 6)])
    [17, 83]
    """
    scale = math.lcm(*(share.denominator for share in shares))
    weights = [int(share * scale) for share in shares]
    return share_out(pot_minor, [*weights, scale - sum(weights)])


def rate_of(base_minor: int, rate_ppm: int) -> int:
    """A rate of a sum, rounded down: what an agreement gives of net income never exceeds its rate."""
    return div_floor(base_minor * rate_ppm, PPM)


def withheld_minor(gross_minor: int, rate_ppm: int) -> int:
    """What is withheld of one payment, to the nearest cent, a tie to the even one.

    >>> withheld_minor(500_000_00, 100_000)
    5000000
    """
    return div_half_even(gross_minor * rate_ppm, PPM)


# --- Holders of record ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut:
    """Which remainders are rounded up, so that a pot can be shared out place by place.

    Every remainder above `remainder` is, and those equal to it up to place `last`.
    """

    remainder: int
    last: int


NO_CUT = Cut(remainder=0, last=-1)


def cut_of(pot_minor: int, units: Sequence[int], total: int) -> Cut:
    """Where largest remainder stops rounding up; with it `part_at` answers what `share_out` would, one at a time.

    >>> cut_of(100, [1, 1, 1], 3)
    Cut(remainder=1, last=0)
    """
    remainders = [pot_minor * each % total for each in units]
    return cut_from(remainders, sorted(remainders, reverse=True), total)


def cut_from(remainders: Sequence[int], ranked: Sequence[int], total: int) -> Cut:
    """The same from the remainders by place, and the largest first. Units: they are of `total`."""
    ups = sum(remainders) // total if total else 0
    if not ups:
        return Cut(remainder=total, last=-1)
    remainder = ranked[ups - 1]
    left = ups - bisect_left(ranked, -remainder, key=neg)
    last = -1
    for _ in range(left):
        last = remainders.index(remainder, last + 1)
    return Cut(remainder=remainder, last=last)


def part_at(pot_minor: int, place: int, units: int, total: int, cut: Cut) -> int:
    """What the holder at this place gets of the pot."""
    part, rest = divmod(pot_minor * units, total)
    return part + (rest > cut.remainder or (rest == cut.remainder and place <= cut.last))


# --- The plan's hash --------------------------------------------------------------------------------------------------


def chained_hash(previous_sha256: str, value: object) -> str:
    """The hash of a plan with one more part: what was hashed before, then the part's own bytes (msgpack)."""
    return hashlib.sha256(bytes.fromhex(previous_sha256) + msgspec.msgpack.encode(value)).hexdigest()
