"""What a deal is made of: tranches with their coupons, accounts, fees, supports, hedges. Data only.

Arithmetic is in `tranche`, `fees_due` and `waterfall`; what must not be said together is refused by `deal_checks`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.units import MAX_INTEGER
from securitization.deal_formulas import MAX_TERMS, PPM, Amount, Formula, Label, Names

MAX_PERIODS = 480
"""Forty years of months."""
MAX_ITEMS = 40
"""The most tranches, accounts, fees, supports, hedges or triggers."""

RatePpm = Annotated[int, msgspec.Meta(ge=0, le=PPM)]
SpreadPpm = Annotated[int, msgspec.Meta(ge=-PPM, le=PPM)]
PeriodNumber = Annotated[int, msgspec.Meta(ge=1, le=MAX_PERIODS)]
"""Periods are counted from 1."""
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+(?!\n)$")]


class Title(Part, frozen=True, kw_only=True):
    """What something is called, in English and Chinese."""

    en: Words
    zh: Words


class DayCount(StrEnum):
    """How days become a part of a year. Source: ISDA 2006 Definitions 4.16 (d), (e), (g); 30E/360 counts no 31st."""

    ACT_365 = "act_365"
    ACT_360 = "act_360"
    THIRTY_E_360 = "thirty_e_360"


# --- Tranches ---------------------------------------------------------------------------------------------------------


class NoCoupon(Part, frozen=True, kw_only=True, tag_field="is", tag="none"):
    """Principal only, or a residual class."""


class FixedCoupon(Part, frozen=True, kw_only=True, tag_field="is", tag="fixed"):
    """One rate for ever. Units: ppm a year."""

    rate_ppm: RatePpm


class RateStep(Part, frozen=True, kw_only=True):
    """From this period on, this rate."""

    from_period: PeriodNumber
    rate_ppm: RatePpm


class SteppedCoupon(Part, frozen=True, kw_only=True, tag_field="is", tag="stepped"):
    """Rates that change on given periods."""

    steps: Annotated[tuple[RateStep, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class FloatingCoupon(Part, frozen=True, kw_only=True, tag_field="is", tag="floating"):
    """An index and a spread, never below the floor (zero at least), never above the cap."""

    index: Label
    spread_ppm: SpreadPpm
    floor_ppm: RatePpm = 0
    cap_ppm: RatePpm | None = None


Coupon = NoCoupon | FixedCoupon | SteppedCoupon | FloatingCoupon


class PassThrough(Part, frozen=True, kw_only=True, tag_field="is", tag="pass_through"):
    """Takes whatever principal a step gives it; the rest falls due in the last period."""


class Planned(Part, frozen=True, kw_only=True, tag_field="is", tag="planned"):
    """Paid down to a balance written down for the end of each period (PAC)."""

    balances_minor: Annotated[tuple[Amount, ...], msgspec.Meta(min_length=1, max_length=MAX_PERIODS)]


class Bullet(Part, frozen=True, kw_only=True, tag_field="is", tag="bullet"):
    """All of it falls due in one period."""

    period: PeriodNumber


class InterestOnly(Part, frozen=True, kw_only=True, tag_field="is", tag="interest_only"):
    """No principal; interest on the balances of other tranches as the period opens."""

    notional_of: Names


Principal = PassThrough | Planned | Bullet | InterestOnly


class UnpaidInterest(StrEnum):
    """What becomes of interest that was not paid: owed on as it is, or bearing the coupon itself."""

    CARRIED = "carried"
    COMPOUNDING = "compounding"


class Tranche(Part, frozen=True, kw_only=True):
    """A class of claims. `seniority` 1 is the most senior; equal numbers rank side by side.

    Until `capitalise_until_period` interest is not paid but added to the balance (PIK); 0 means never.
    """

    name: Label
    title: Title
    seniority: Annotated[int, msgspec.Meta(ge=1, le=MAX_ITEMS)]
    face_minor: Amount
    coupon: Coupon
    day_count: DayCount
    principal: Principal
    unpaid_interest: UnpaidInterest = UnpaidInterest.CARRIED
    capitalise_until_period: Annotated[int, msgspec.Meta(ge=0, le=MAX_PERIODS)] = 0


# --- Accounts and fees ------------------------------------------------------------------------------------------------


class Account(Part, frozen=True, kw_only=True):
    """A place for money. With a `target` it is a reserve; in the last period every target is zero."""

    name: Label
    title: Title
    opening_minor: Amount = 0
    target: Formula | None = None


class FlatFee(Part, frozen=True, kw_only=True, tag_field="is", tag="flat"):
    """The same each time."""

    amount_minor: Amount


class RateFee(Part, frozen=True, kw_only=True, tag_field="is", tag="rate"):
    """A rate on a base: a year's rate by the days of the period, or without a `day_count` a rate each time."""

    rate_ppm: RatePpm
    base: Formula
    day_count: DayCount | None = None


class FeeBand(Part, frozen=True, kw_only=True):
    """A rate on the part of the base up to a bound; the last band has none."""

    up_to_minor: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None
    rate_ppm: RatePpm


class TieredFee(Part, frozen=True, kw_only=True, tag_field="is", tag="tiered"):
    """Marginal bands of a base; each band's fee is rounded, then they are added."""

    bands: Annotated[tuple[FeeBand, ...], msgspec.Meta(min_length=1, max_length=MAX_TERMS)]
    base: Formula
    day_count: DayCount | None = None


class EventFee(Part, frozen=True, kw_only=True, tag_field="is", tag="event"):
    """So much for each time something happened in the period."""

    event: Label
    amount_minor: Amount


class Fee(Part, frozen=True, kw_only=True):
    """What a service costs. Unpaid parts stay owed, without interest.

    Units: `minimum_minor` and `maximum_minor` bound the fee each time it is due, before `vat_ppm` is added.
    """

    name: Label
    title: Title
    charge: FlatFee | RateFee | TieredFee | EventFee
    minimum_minor: Amount = 0
    maximum_minor: Amount | None = None
    vat_ppm: RatePpm = 0
    first_period: PeriodNumber = 1
    every_periods: PeriodNumber = 1


# --- Supports and hedges ----------------------------------------------------------------------------------------------


class SupportKind(StrEnum):
    """Who stands behind the deal and how: a line of cash, a guarantor, or a payer of differences (差额支付)."""

    LIQUIDITY = "liquidity"
    GUARANTEE = "guarantee"
    DIFFERENCE = "difference"


class Support(Part, frozen=True, kw_only=True):
    """Money somebody pays in when there is too little.

    With `recourse` what was paid in is owed back (a loan, or by subrogation); with `restores` a repayment can be drawn
    again. Units: `rate_ppm` a year on what is owed.
    """

    name: Label
    title: Title
    kind: SupportKind
    limit_minor: Amount
    recourse: bool
    restores: bool = False
    rate_ppm: RatePpm = 0
    day_count: DayCount = DayCount.ACT_365


class FixedLeg(Part, frozen=True, kw_only=True, tag_field="is", tag="fixed"):
    """A fixed rate."""

    rate_ppm: RatePpm


class FloatingLeg(Part, frozen=True, kw_only=True, tag_field="is", tag="floating"):
    """An index and a spread, zero at least."""

    index: Label
    spread_ppm: SpreadPpm = 0


class Swap(Part, frozen=True, kw_only=True, tag_field="is", tag="swap"):
    """The legs of a period are netted: received as the period's money comes in, or owed."""

    receive: FixedLeg | FloatingLeg
    pay: FixedLeg | FloatingLeg


class RateCap(Part, frozen=True, kw_only=True, tag_field="is", tag="cap"):
    """A bought cap: pays what the index is above the strike. Units: `premium_minor` is owed each period."""

    index: Label
    strike_ppm: RatePpm
    premium_minor: Amount


class RateFloor(Part, frozen=True, kw_only=True, tag_field="is", tag="floor"):
    """A bought floor: pays what the index is below the strike. Units: `premium_minor` is owed each period."""

    index: Label
    strike_ppm: RatePpm
    premium_minor: Amount


class Hedge(Part, frozen=True, kw_only=True):
    """A rate hedge on a notional that is worked out as the period opens; receipts come into `account`."""

    name: Label
    title: Title
    terms: Swap | RateCap | RateFloor
    notional: Formula
    day_count: DayCount
    account: Label
