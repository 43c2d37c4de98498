"""Formulas of a deal: whole amounts worked out of the pool, the tranches, fees, accounts and supports.

Every formula gives an integer of zero or more: minor units, or a count where it counts. `less` stops at zero, `share`
names its rounding. There is no division by a figure: a test compares products, never ratios.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.units import MAX_INTEGER

MAX_TERMS = 20
MAX_DEPTH = 8
"""How deep formulas may be nested."""
PPM = 1_000_000
MAX_RATIO_PPM = 100 * PPM

Label = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}(?!\n)$")]
"""A name inside a deal: lower case, digits and underscores."""
Amount = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
RatioPpm = Annotated[int, msgspec.Meta(ge=0, le=MAX_RATIO_PPM)]
Names = Annotated[tuple[Label, ...], msgspec.Meta(min_length=1, max_length=MAX_TERMS)]


class PoolFigure(StrEnum):
    """A figure of the pool in a period, as reported or projected."""

    BALANCE = "balance"
    OPENING_BALANCE = "opening_balance"
    INITIAL_BALANCE = "initial_balance"
    INTEREST = "interest"
    PRINCIPAL = "principal"
    RECOVERIES = "recoveries"
    COLLECTIONS = "collections"
    DEFAULTS = "defaults"
    CUMULATIVE_DEFAULTS = "cumulative_defaults"
    VALUATION = "valuation"
    INITIAL_VALUATION = "initial_valuation"
    INVALIDATED_RIGHTS = "invalidated_rights"


class TrancheFigure(StrEnum):
    """A figure of tranches; `principal_due` is what is owed today by bullet, plan or final maturity."""

    FACE = "face"
    BALANCE = "balance"
    INTEREST_ACCRUED = "interest_accrued"
    INTEREST_DUE = "interest_due"
    PRINCIPAL_DUE = "principal_due"


class SupportFigure(StrEnum):
    """A figure of a guarantee or liquidity line; `failed` is 1 when its provider failed."""

    AVAILABLE = "available"
    OWED = "owed"
    FAILED = "failed"


class Rounding(StrEnum):
    """How a share is rounded to the minor unit."""

    FLOOR = "floor"
    HALF_EVEN = "half_even"
    CEIL = "ceil"


class Fixed(Part, frozen=True, kw_only=True, tag_field="is", tag="amount"):
    """An amount that is written down. Units: minor, or a count where it is compared with one."""

    amount_minor: Amount


class OfPool(Part, frozen=True, kw_only=True, tag_field="is", tag="pool"):
    """A figure of the pool."""

    figure: PoolFigure


class OfTranches(Part, frozen=True, kw_only=True, tag_field="is", tag="tranches"):
    """A figure of some tranches, added up."""

    figure: TrancheFigure
    tranches: Names


class FeesDue(Part, frozen=True, kw_only=True, tag_field="is", tag="fees_due"):
    """What is owed of some fees, arrears included."""

    fees: Names


class InAccount(Part, frozen=True, kw_only=True, tag_field="is", tag="account"):
    """What lies in an account now."""

    account: Label


class TargetOf(Part, frozen=True, kw_only=True, tag_field="is", tag="target"):
    """The target of a reserve account; zero in the last period."""

    account: Label


class OfSupport(Part, frozen=True, kw_only=True, tag_field="is", tag="support"):
    """A figure of a support."""

    figure: SupportFigure
    support: Label


class Tripped(Part, frozen=True, kw_only=True, tag_field="is", tag="tripped"):
    """1 while a trigger checked before is tripped, else 0."""

    trigger: Label


class Share(Part, frozen=True, kw_only=True, tag_field="is", tag="share"):
    """A part of another formula. Units: `rate_ppm` in millionths, rounded as `rounding` says."""

    rate_ppm: RatioPpm
    of: Formula
    rounding: Rounding = Rounding.HALF_EVEN


class Sum(Part, frozen=True, kw_only=True, tag_field="is", tag="sum"):
    """All of them together."""

    of: Formulas


class Less(Part, frozen=True, kw_only=True, tag_field="is", tag="less"):
    """One without the other, never below zero."""

    of: Formula
    minus: Formula


class Least(Part, frozen=True, kw_only=True, tag_field="is", tag="least"):
    """The smallest of them."""

    of: Formulas


class Most(Part, frozen=True, kw_only=True, tag_field="is", tag="most"):
    """The greatest of them."""

    of: Formulas


Formula = (
    Fixed
    | OfPool
    | OfTranches
    | FeesDue
    | InAccount
    | TargetOf
    | OfSupport
    | Tripped
    | Share
    | Sum
    | Less
    | Least
    | Most
)
Formulas = Annotated[tuple[Formula, ...], msgspec.Meta(min_length=1, max_length=MAX_TERMS)]


def children(formula: Formula) -> tuple[tuple[str, Formula], ...]:
    """The formulas directly inside one, each with its place in it."""
    match formula:
        case Share():
            return ((".of", formula.of),)
        case Less():
            return ((".of", formula.of), (".minus", formula.minus))
        case Sum() | Least() | Most():
            return tuple((f".of[{place}]", inner) for place, inner in enumerate(formula.of))
        case _:
            return ()


def walk(formula: Formula, path: str) -> list[tuple[str, Formula]]:
    """A formula and all inside it, outermost first, each with its path."""
    found = [(path, formula)]
    for place, inner in children(formula):
        found.extend(walk(inner, path + place))
    return found
