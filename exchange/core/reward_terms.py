"""What a reward programme says in data: events and roles, facts, formulas as trees, caps, and what is taken back.

A published programme and an authority's own formula are written in the same words; `securitization/reward.py` works
them out. Every amount is in whole minor units, every rounding has its name.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.units import AnyMinor, PositiveCount, RatePpm

MAX_NODES = 64
MAX_DEPTH = 8


class RewardEventKind(StrEnum):
    """What opens a claim. A closed issue is read from the ledger; the others are put on record with their document."""

    PRODUCT_ISSUED = "product_issued"
    CONTRACT_REGISTERED = "contract_registered"
    FEE_INCURRED = "fee_incurred"
    LOAN_SETTLED = "loan_settled"
    AGENCY_RECOGNISED = "agency_recognised"
    TRAINING_HELD = "training_held"
    CENTRE_RECOGNISED = "centre_recognised"
    TRIAL_SERVED = "trial_served"
    DEMONSTRATION_DONE = "demonstration_done"


class SchemeRole(StrEnum):
    """As what a party claims; of a closed issue the first three are read from the ledger."""

    ISSUER = "issuer"
    INTERMEDIARY = "intermediary"
    ENTERPRISE = "enterprise"
    GUARANTOR = "guarantor"
    AGENCY = "agency"
    SELLER = "seller"
    CENTRE = "centre"
    CENTRE_FIRM = "centre_firm"
    TRAINER = "trainer"
    OWNER = "owner"


class Fact(StrEnum):
    """A figure that a formula may ask for. Units: minor, but `participants`, a count."""

    ISSUE_SIZE = "issue_size"
    FINANCING = "financing"
    FINANCING_COST = "financing_cost"
    INTEREST = "interest"
    FEE = "fee"
    VAT_DUE = "vat_due"
    VAT_PAID = "vat_paid"
    SPEND = "spend"
    CONTRACT_INCOME = "contract_income"
    REVENUE = "revenue"
    PARTICIPANTS = "participants"


class Rounding(StrEnum):
    """How a fraction of a minor unit goes."""

    FLOOR = "floor"
    HALF_EVEN = "half_even"


class Fixed(Part, frozen=True, kw_only=True, tag_field="rule", tag="fixed"):
    """The same for everybody."""

    amount_minor: AnyMinor


class Base(Part, frozen=True, kw_only=True, tag_field="rule", tag="base"):
    """A fact as it stands."""

    fact: Fact


class Rate(Part, frozen=True, kw_only=True, tag_field="rule", tag="rate"):
    """A share of something."""

    rate_ppm: RatePpm
    of: Formula
    rounding: Rounding = Rounding.FLOOR


class Band(Part, frozen=True, kw_only=True):
    """One band of a tiered rate, up to and with its end; the last has none."""

    rate_ppm: RatePpm
    up_to_minor: PositiveCount | None = None


class Bands(Part, frozen=True, kw_only=True, tag_field="rule", tag="bands"):
    """Marginal rates: the bands cut `over`, and each earns its rate of the same part of `of`; rounded once.

    Without `over` the bands cut `of` itself.
    """

    of: Formula
    bands: Annotated[tuple[Band, ...], msgspec.Meta(min_length=1, max_length=16)]
    over: Fact | None = None
    rounding: Rounding = Rounding.FLOOR


class Each(Part, frozen=True, kw_only=True, tag_field="rule", tag="each"):
    """So much for each of a count."""

    fact: Fact
    amount_minor: AnyMinor


class Total(Part, frozen=True, kw_only=True, tag_field="rule", tag="total"):
    """All of these together."""

    of: Annotated[tuple[Formula, ...], msgspec.Meta(min_length=1, max_length=8)]


class Least(Part, frozen=True, kw_only=True, tag_field="rule", tag="least"):
    """The least of these: how a maximum is written."""

    of: Annotated[tuple[Formula, ...], msgspec.Meta(min_length=1, max_length=8)]


class Most(Part, frozen=True, kw_only=True, tag_field="rule", tag="most"):
    """The most of these: how a floor is written."""

    of: Annotated[tuple[Formula, ...], msgspec.Meta(min_length=1, max_length=8)]


class When(Part, frozen=True, kw_only=True, tag_field="rule", tag="when"):
    """One formula where a fact is above a bound, the other where it is not."""

    fact: Fact
    above_minor: AnyMinor
    then: Formula
    otherwise: Formula


Formula = Fixed | Base | Rate | Bands | Each | Total | Least | Most | When


class RoleAmount(Part, frozen=True, kw_only=True):
    """What one role earns."""

    role: SchemeRole
    formula: Formula


class CapScope(StrEnum):
    """Whose claims a cap counts together; years are those of the calls."""

    CLAIM = "claim"
    EVENT = "event"
    ROLE_YEAR = "role_year"
    APPLICANT_YEAR = "applicant_year"
    PROGRAMME_YEAR = "programme_year"


class Cap(Part, frozen=True, kw_only=True):
    """The most that the claims of one scope may come to, all together."""

    scope: CapScope
    limit: Formula


class AmountBasis(StrEnum):
    """Where the amount comes from: the text's formula, only a cap in it, or nothing in it at all."""

    FORMULA = "formula"
    CAP_ONLY = "cap_only"
    TEMPLATE = "template"


class Exhaustion(StrEnum):
    """Who gets what when a call's budget does not suffice."""

    FIRST_COME = "first_come"
    PRO_RATA = "pro_rata"
    RANKED = "ranked"


class Stacking(StrEnum):
    """Whether the same role may claim for the same event under another programme too."""

    NONE = "none"
    FREE = "free"


class EvidenceKind(StrEnum):
    """What a document proves."""

    APPLICATION_FORM = "application_form"
    CONTRACT = "contract"
    REGISTRATION = "registration"
    INVOICE = "invoice"
    TAX_RECEIPT = "tax_receipt"
    AUDIT_REPORT = "audit_report"
    RECOGNITION = "recognition"
    LOAN_SETTLEMENT = "loan_settlement"
    TRAINING_RECORD = "training_record"


class ClawbackTrigger(StrEnum):
    """Why a paid reward is taken back."""

    FALSE_STATEMENT = "false_statement"
    EARLY_REDEMPTION = "early_redemption"
    DEFAULT = "default"
    CANCELLED = "cancelled"


class ClawbackStep(Part, frozen=True, kw_only=True):
    """Up to and with so many days after payment this share is taken back."""

    until_day: PositiveCount
    share_ppm: RatePpm


class ClawbackTerms(Part, frozen=True, kw_only=True):
    """How much is taken back: by steps, or the part not earned yet of `linear_days`; neither: all of it.

    A false statement always costs all of it.
    """

    linear_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    steps: Annotated[tuple[ClawbackStep, ...], msgspec.Meta(max_length=16)] = ()


def parts_of(formula: Formula) -> tuple[Formula, ...]:
    """The formulas right inside a formula."""
    match formula:
        case Rate() | Bands():
            return (formula.of,)
        case Total() | Least() | Most():
            return formula.of
        case When():
            return (formula.then, formula.otherwise)
        case Fixed() | Base() | Each():
            return ()


def facts_of(formula: Formula) -> tuple[Fact, ...]:
    """Every fact a formula asks for, each once, in its order."""
    own: tuple[Fact, ...] = ()
    if isinstance(formula, Base | Each | When):
        own = (formula.fact,)
    elif isinstance(formula, Bands) and formula.over is not None:
        own = (formula.over,)
    inside = (fact for part in parts_of(formula) for fact in facts_of(part))
    return tuple(dict.fromkeys((*own, *inside)))


def formula_problem(formula: Formula, depth: int = 1) -> str:
    """What is wrong with a formula; empty: nothing."""
    if depth > MAX_DEPTH:
        return f"deeper than {MAX_DEPTH}"
    if depth == 1 and _count(formula) > MAX_NODES:
        return f"more than {MAX_NODES} rules"
    if isinstance(formula, Bands):
        ends = [band.up_to_minor for band in formula.bands]
        stated = [end for end in ends[:-1] if end is not None]
        if ends[-1] is not None or len(stated) != len(ends) - 1 or sorted(dict.fromkeys(stated)) != stated:
            return "bands rise, and only the last has no end"
    for part in parts_of(formula):
        if problem := formula_problem(part, depth + 1):
            return problem
    return ""


def _count(formula: Formula) -> int:
    return 1 + sum(_count(part) for part in parts_of(formula))
