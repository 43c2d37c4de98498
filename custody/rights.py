"""What a right is, the one form it is in, and how it enters custody.

A whole ownership right (所有权) in a patent or an outcome is issued in `total_units` to its owner's account. It is in
one form at a time: whole, floating as shares, or pooled; outside the whole form its units lie immobilised. Title here
says what an examination found, never that there is no other claim: no records is not a clean title.
"""

from __future__ import annotations

import math
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec

from custody.accounts import Account, Asset
from exchange.core.ids import AccountId, AssetId, OutcomeId, PatentId, UserId
from exchange.core.instruments import Settlement, TechnologyClass, TitleRegime
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import Sha256Hex, TimeNs

BASE_UNITS = 1_000_000
MAX_TOTAL_UNITS = 1_000_000_000_000
"""Finer shares than this are refused: an order of everything must stay within the wire's integers."""


class RightForm(StrEnum):
    """The one form a right is in."""

    WHOLE = "whole"
    SHARES = "shares"
    POOLED = "pooled"


class TitleCheck(StrEnum):
    """What an examination of title answered; without records it is unknown."""

    UNKNOWN = "unknown"
    CLEAR = "clear"
    DEFECT = "defect"


class DeclaredShare(Part, frozen=True, kw_only=True):
    """A fraction somebody was promised, which must be a whole number of units: one third is 1 / 3."""

    numerator: Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]
    denominator: Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]


DeclaredShares = Annotated[tuple[DeclaredShare, ...], msgspec.Meta(max_length=100)]
Evidence = Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=20)]


def units_for(shares: tuple[DeclaredShare, ...]) -> int | None:
    """The smallest multiple of 1,000,000 in which every share is whole; None if they exceed the whole or are too fine.

    >>> units_for(()), units_for((DeclaredShare(numerator=1, denominator=3),))
    (1000000, 3000000)
    """
    fractions = [Fraction(share.numerator, share.denominator) for share in shares]
    if sum(fractions, Fraction(0)) > 1:
        return None
    total = BASE_UNITS
    for fraction in fractions:
        total = math.lcm(total, fraction.denominator)
        if total > MAX_TOTAL_UNITS:
            return None
    return total


class Right(Record, frozen=True, kw_only=True):
    """A whole ownership right in custody, under its asset's identifier. Who owns it is in the ledger alone.

    `evidence` are the owner's documents, `examined_on` those the examination rests on.
    """

    asset_id: AssetId
    patent_id: PatentId
    outcome_id: OutcomeId
    form: RightForm
    settlement: Settlement
    title_regime: TitleRegime
    technology_class: TechnologyClass
    title: TitleCheck
    title_reasons: str
    encumbered: bool
    evidence: tuple[str, ...]
    examined_on: tuple[str, ...]
    examined_by: UserId
    registered_at_ns: TimeNs


class RegisterRight(Command, frozen=True, kw_only=True, tag="right.register"):
    """Bring the whole ownership right in one patent, or one outcome, into custody, to its owner's account.

    `technology_class` is the owner's declaration. Title stands at `unknown` until it is examined.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, patent.unknown, outcome.unknown,
    right.not_owned, right.immobilised, patent.not_listable, right.expired, asset.exists, shares.invalid,
    document.unknown.
    """

    account_id: AccountId
    patent_id: PatentId | None = None
    outcome_id: OutcomeId | None = None
    shares: DeclaredShares = ()
    technology_class: TechnologyClass = TechnologyClass.UNCLASSIFIED
    evidence: Evidence = ()


class RightRegistered(Event, frozen=True, kw_only=True, tag="right.registered"):
    """The right is in custody; all its units are the owner's."""

    right: Right
    asset: Asset
    account: Account
    movement: Movement


class ExamineRight(Command, frozen=True, kw_only=True, tag="right.examine"):
    """Record what an examination of title found, with the documents it rests on; it may also set the export class.

    Refused: asset.unknown, document.unknown.
    """

    asset_id: AssetId
    title: TitleCheck
    encumbered: bool = False
    reasons: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    evidence: Annotated[Evidence, msgspec.Meta(min_length=1)]
    technology_class: TechnologyClass | None = None


class RightExamined(Event, frozen=True, kw_only=True, tag="right.examined"):
    """What is on record about the right's title."""

    right: Right
