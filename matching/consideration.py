"""What a right is paid with besides the price at signing, and what such an offer is worth next to another. Pure.

The price at signing is cash in escrow. What comes later is promised in items: instalments 分期 on days, milestones
里程碑 when something is reached, royalties 提成 of a base with a minimum a year, equity 作价入股 of a company. A stated
formula makes offers comparable: every item is counted at what it is expected to bring, discounted to the contract.

The formula, in minor units and whole days, where a year has 365 days and `PPM` is 1,000,000:

    of y whole years and d days:  amount * probability * PPM^y * 365 * PPM
                                  ------------------------------------------------------------------
                                  PPM * (PPM + discount_ppm)^y * (365 * PPM + discount_ppm * d)

rounded once an item to the nearest minor unit, a tie to the even one. The item's probability is 1 for an instalment and
for each royalty year, whose amount is the greater of its minimum and the rate of what is expected to be sold.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.messages import Part, Record
from exchange.core.units import MAX_INTEGER, AnyMinor, Code, Minor, Name, PositiveMinor, Ppm, RatePpm, div_half_even

PPM = 1_000_000
YEAR_DAYS = 365
MAX_INSTALMENTS = 36
MAX_MILESTONES = 10
MAX_YEARS = 20

DueDays = Annotated[int, msgspec.Meta(ge=1, le=MAX_YEARS * YEAR_DAYS)]
ReportDays = Annotated[int, msgspec.Meta(ge=1, le=YEAR_DAYS)]
ShareRate = Annotated[Ppm, msgspec.Meta(ge=1, le=PPM)]
Years = Annotated[int, msgspec.Meta(ge=1, le=MAX_YEARS)]
Condition = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


# --- What is promised -------------------------------------------------------------------------------------------------


class Instalment(Part, frozen=True, kw_only=True):
    """A part of the price on a later day.

    Units: due `due_days` days of 24 hours after the right has passed.
    """

    amount_minor: PositiveMinor
    due_days: DueDays


class Milestone(Part, frozen=True, kw_only=True):
    """An amount that is owed if its condition is reached within `within_days` of the right's passing, else never.

    Units: due `due_days` after it is reported reached.
    """

    code: Code
    condition: Condition
    amount_minor: PositiveMinor
    within_days: DueDays
    due_days: ReportDays


class Royalty(Part, frozen=True, kw_only=True):
    """A rate of a base in each of so many years from the right's passing, and no less than a minimum a year.

    Units: each year has 365 days; its base is reported, and what it makes is paid, within `due_days` of its end.
    """

    base: Name
    rate_ppm: ShareRate
    minimum_minor: AnyMinor = Minor(0)
    years: Years
    due_days: ReportDays


class Equity(Part, frozen=True, kw_only=True):
    """A share of a company, entered in that company's own register within `due_days` of the right's passing.

    Units: `value_minor` is what the parties value it at; it is no money and moves in no account here.
    """

    company: Name
    share_ppm: ShareRate
    value_minor: AnyMinor
    due_days: DueDays


class Items(Part, frozen=True, kw_only=True):
    """Everything promised beside the price at signing."""

    instalments: Annotated[tuple[Instalment, ...], msgspec.Meta(max_length=MAX_INSTALMENTS)] = ()
    milestones: Annotated[tuple[Milestone, ...], msgspec.Meta(max_length=MAX_MILESTONES)] = ()
    royalty: Royalty | None = None
    equity: Equity | None = None


def items_problem(items: Items) -> str:
    """What makes these no items of a contract; empty if nothing does."""
    if items == Items():
        return "no items: leave them out"
    days = [instalment.due_days for instalment in items.instalments]
    if days != sorted(set(days)):
        return "instalments in the order of their days, one a day"
    codes = [milestone.code for milestone in items.milestones]
    if len(set(codes)) != len(codes):
        return "a milestone's code stands twice"
    return ""


def promised_minor(items: Items | None) -> int:
    """The money that may come to be owed and is known today: instalments, milestones, royalty minimums."""
    if items is None:
        return 0
    fixed = [instalment.amount_minor for instalment in items.instalments]
    fixed += [milestone.amount_minor for milestone in items.milestones]
    royalty = items.royalty
    return sum(fixed) + (royalty.minimum_minor * royalty.years if royalty is not None else 0)


def royalty_minor(base_minor: int, rate_ppm: int, minimum_minor: int) -> int:
    """What one year's base makes, to the nearest minor unit, a tie to the even one; at least the minimum.

    >>> royalty_minor(1_000_000, 30_000, 0), royalty_minor(1_000_000, 30_000, 40_000)
    (30000, 40000)
    """
    return max(minimum_minor, div_half_even(base_minor * rate_ppm, PPM))


# --- What it is worth -------------------------------------------------------------------------------------------------


class ExpectedMilestone(Part, frozen=True, kw_only=True):
    """How probable whoever asks for offers takes a milestone to be, and when it would be reached."""

    code: Code
    probability_ppm: RatePpm
    after_days: DueDays


class Basis(Part, frozen=True, kw_only=True):
    """What is published beforehand so that offers can be compared: the same for all of them.

    Units: `discount_ppm` a year; `expected_base_minor` of each year from the right's passing, zero in later ones;
    `equity_credit_ppm` of an equity item's own value is counted.
    """

    discount_ppm: RatePpm
    milestones: Annotated[tuple[ExpectedMilestone, ...], msgspec.Meta(max_length=MAX_MILESTONES)] = ()
    royalty_base: Annotated[str, msgspec.Meta(max_length=200)] = ""
    expected_base_minor: Annotated[tuple[AnyMinor, ...], msgspec.Meta(max_length=MAX_YEARS)] = ()
    equity_credit_ppm: RatePpm = Ppm(0)


class ValuedItem(Record, frozen=True, kw_only=True):
    """How one item of an offer was counted: its amount, its probability, the days it was discounted for."""

    item: str
    amount_minor: Minor
    probability_ppm: int
    after_days: int
    value_minor: Minor


def present_value_minor(amount_minor: int, probability_ppm: int, after_days: int, discount_ppm: int) -> int:
    """What an amount that comes later, or perhaps, is worth at the contract: the formula at the top of this file.

    >>> present_value_minor(1_100_000, PPM, 365, 100_000), present_value_minor(1_000_000, 500_000, 0, 100_000)
    (1000000, 500000)
    """
    years, days = divmod(after_days, YEAR_DAYS)
    numerator = amount_minor * probability_ppm * PPM**years * YEAR_DAYS * PPM
    denominator = PPM * (PPM + discount_ppm) ** years * (YEAR_DAYS * PPM + discount_ppm * days)
    return div_half_even(numerator, denominator)


def uncounted(items: Items, basis: Basis) -> str:
    """What of an offer the basis says nothing about, so that it could not be compared; empty if nothing."""
    known = [expected.code for expected in basis.milestones]
    for milestone in items.milestones:
        if milestone.code not in known:
            return f"milestone {milestone.code}"
    if items.royalty is not None and items.royalty.base != basis.royalty_base:
        return f"royalty of {items.royalty.base}"
    if items.equity is not None and not basis.equity_credit_ppm:
        return "equity"
    return ""


def valued(price_minor: int, items: Items | None, basis: Basis) -> tuple[ValuedItem, ...]:
    """Every item of an offer as it is counted, the price at signing first. What `uncounted` names counts for nothing.

    A milestone that would be reached after its own last day counts for nothing.
    """
    rows = [("price", price_minor, PPM, 0)]
    if items is not None:
        rows += [
            (f"instalment {place}", int(one.amount_minor), PPM, one.due_days)
            for place, one in enumerate(items.instalments, 1)
        ]
        rows += [_expected(milestone, basis) for milestone in items.milestones]
        rows += _royalty_years(items.royalty, basis) if items.royalty is not None else []
        if items.equity is not None:
            credit = int(basis.equity_credit_ppm)
            rows.append(("equity", int(items.equity.value_minor), credit, items.equity.due_days))
    return tuple(
        ValuedItem(
            item=item,
            amount_minor=Minor(amount_minor),
            probability_ppm=probability_ppm,
            after_days=after_days,
            value_minor=Minor(present_value_minor(amount_minor, probability_ppm, after_days, basis.discount_ppm)),
        )
        for item, amount_minor, probability_ppm, after_days in rows
    )


def worth_minor(rows: tuple[ValuedItem, ...]) -> int:
    """What an offer is worth next to others; no more than the wire can say."""
    return min(MAX_INTEGER, sum(row.value_minor for row in rows))


def _expected(milestone: Milestone, basis: Basis) -> tuple[str, int, int, int]:
    """A milestone at what is expected of it."""
    name = f"milestone {milestone.code}"
    for expected in basis.milestones:
        if expected.code == milestone.code and expected.after_days <= milestone.within_days:
            after_days = expected.after_days + milestone.due_days
            return name, int(milestone.amount_minor), int(expected.probability_ppm), after_days
    return name, int(milestone.amount_minor), 0, milestone.within_days


def _royalty_years(royalty: Royalty, basis: Basis) -> list[tuple[str, int, int, int]]:
    """A royalty's years at what is expected to be sold in them, if it is of the base that the basis speaks of."""
    sold = basis.expected_base_minor if royalty.base == basis.royalty_base else ()
    rows: list[tuple[str, int, int, int]] = []
    for year in range(1, royalty.years + 1):
        base_minor = sold[year - 1] if year <= len(sold) else 0
        amount_minor = royalty_minor(base_minor, royalty.rate_ppm, royalty.minimum_minor)
        rows.append((f"royalty year {year}", amount_minor, PPM, year * YEAR_DAYS + royalty.due_days))
    return rows
