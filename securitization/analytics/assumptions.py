"""How fast a pool is expected to prepay and to default, in the units of the trade, turned into monthly rates.

A speed is data (CPR, PSA, ABS, SMM for prepayment; CDR, SDA, MDR for default; a vector for either). `monthly` turns it
into one rate a month for loans of given ages. An `Assumption` adds what a default costs and when; `Assumptions` aims
one at each segment of a pool; a `Stress` multiplies them, and is the axis of scenarios.

Source: Bond Market Association, Uniform Practices, chapter SF, Standard Formulas (1999-02-01), B.2, B.4 and C.
"""

from __future__ import annotations

from typing import Annotated, Literal, assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from exchange.core.messages import Part
from exchange.core.units import Code, Ppm, RatePpm
from securitization.analytics import refused
from securitization.analytics.amortise import PPM, Floats

MULTIPLE = msgspec.Meta(ge=0, le=1_000_000_000)
MultiplePpm = Annotated[int, MULTIPLE]
"""A multiple in parts per million: 1,000,000 leaves a thing as it is, 1,500,000 is 150 %."""


class Cpr(Part, frozen=True, kw_only=True, tag="cpr"):
    """Constant prepayment rate: the share of what is left that prepays in a year. Units: ppm a year."""

    rate_ppm: RatePpm


class Smm(Part, frozen=True, kw_only=True, tag="smm"):
    """Single monthly mortality: the share of what is left that prepays in a month. Units: ppm a month."""

    rate_ppm: RatePpm


class Psa(Part, frozen=True, kw_only=True, tag="psa"):
    """A multiple of the standard prepayment model: 0.2 % CPR more each month to 6 % in month 30 of a loan's life."""

    speed_ppm: MultiplePpm


class Abs(Part, frozen=True, kw_only=True, tag="abs"):
    """Absolute prepayment: the share of the *original* number of loans that prepays each month. Units: ppm a month."""

    rate_ppm: RatePpm


class Cdr(Part, frozen=True, kw_only=True, tag="cdr"):
    """Constant default rate: the share of what performs that defaults in a year. Units: ppm a year."""

    rate_ppm: RatePpm


class Mdr(Part, frozen=True, kw_only=True, tag="mdr"):
    """Monthly default rate: the share of what performs that defaults in a month. Units: ppm a month."""

    rate_ppm: RatePpm


class Sda(Part, frozen=True, kw_only=True, tag="sda"):
    """A multiple of the standard default assumption: up to 0.60 % a year in month 30, down from 60 to 0.03 % in 120."""

    speed_ppm: MultiplePpm


class Vector(Part, frozen=True, kw_only=True, tag="vector"):
    """A rate for each month from the cut-off; the last one holds on. Units: ppm, a year or a month as `per` says."""

    per: Literal["year", "month"]
    rates_ppm: Annotated[tuple[RatePpm, ...], msgspec.Meta(min_length=1, max_length=600)]


Prepayment = Cpr | Smm | Psa | Abs | Vector
Default = Cdr | Mdr | Sda | Vector


class Roll(Part, frozen=True, kw_only=True):
    """How loans fall behind and catch up: a row for each number of missed payments, from none.

    Units: row i holds the ppm of the loans i payments behind that a month later are 0, 1, … payments behind, and last
    those that have defaulted; each row sums to 1,000,000. Nobody falls more than one payment further behind in a month.
    """

    rows_ppm: Annotated[tuple[tuple[RatePpm, ...], ...], msgspec.Meta(min_length=1, max_length=13)]


class Assumption(Part, frozen=True, kw_only=True):
    """What is expected of one kind of asset.

    Units: `severity_ppm` of the balance at default is lost; the rest comes in `recovery_lag_months` after the default.
    No default happens in the last `recovery_lag_months` under SDA, as the standard has it (C.3.j). With `arrears`,
    loans fall behind before they default, and `default` says nothing.
    """

    prepayment: Prepayment = Smm(rate_ppm=Ppm(0))
    default: Default = Mdr(rate_ppm=Ppm(0))
    severity_ppm: RatePpm = Ppm(0)
    recovery_lag_months: Annotated[int, msgspec.Meta(ge=0, le=120)] = 0
    arrears: Roll | None = None


class Segment(Part, frozen=True, kw_only=True):
    """The assumption for the assets of one segment."""

    segment: Code
    assumption: Assumption


class Assumptions(Part, frozen=True, kw_only=True):
    """One assumption for the pool, and others for named segments of it."""

    otherwise: Assumption
    by_segment: tuple[Segment, ...] = ()

    def of(self, segment: str) -> Assumption:
        """The assumption for a segment.

        Refused: projection.assumption_invalid, where a segment has two.
        Raises: ProjectionRefused.
        """
        refused.assumption(len({each.segment for each in self.by_segment}) == len(self.by_segment), "two for a segment")
        return next((each.assumption for each in self.by_segment if each.segment == segment), self.otherwise)


class Stress(Part, frozen=True, kw_only=True):
    """One scenario: multiples of the monthly rates of prepayment and default, of severity, and of what licensees sell.

    A monthly rate never passes 1, nor a severity the whole balance, however large the multiple.
    """

    name: Code
    prepayment_ppm: MultiplePpm = PPM
    default_ppm: MultiplePpm = PPM
    severity_ppm: MultiplePpm = PPM
    sales_ppm: MultiplePpm = PPM


def monthly(speed: Prepayment | Default, ages: NDArray[np.int64], months: int) -> Floats:
    """A monthly rate for each loan and month, (loan, month 1..T).

    Units: `ages` in months at the cut-off; the rate of month t is that of a loan's month age + t.
    Refused: projection.assumption_invalid, for loans so old that ABS had prepaid them all before the cut-off.
    Raises: ProjectionRefused.
    """
    month = ages[:, None] + np.arange(1, months + 1)
    match speed:
        case Smm() | Mdr():
            return np.full(month.shape, speed.rate_ppm / PPM)
        case Cpr() | Cdr():
            return np.full(month.shape, a_month(speed.rate_ppm / PPM))
        case Psa(speed_ppm=multiple):
            return a_month(np.minimum(multiple / PPM * 0.002 * np.clip(month, 1, 30), 1.0))
        case Abs(rate_ppm=rate):
            left = PPM - rate * (month - 1.0)  # of the original loans, before the month
            refused.assumption(bool((left[:, :1] > 0).all()), f"ABS of {rate} ppm had prepaid a loan of this age")
            return np.where(left > rate, rate / np.maximum(left, 1.0), 1.0) if rate else np.zeros(month.shape)
        case Sda(speed_ppm=multiple):
            return a_month(np.minimum(multiple / PPM * sda(month), 1.0))
        case Vector(per=per, rates_ppm=rates):
            held = np.array(rates)[np.minimum(np.arange(months), len(rates) - 1)] / PPM
            return np.broadcast_to(a_month(held) if per == "year" else held, month.shape).copy()
        case _:
            assert_never(speed)


def sda(month: NDArray[np.int64]) -> Floats:
    """The annual default rate of 100 % SDA in a month of a loan's life.

    >>> [round(float(each), 6) for each in sda(np.array([1, 30, 60, 61, 120, 121]))]
    [0.0002, 0.006, 0.006, 0.005905, 0.0003, 0.0003]

    Source: Standard Formulas C.4.
    """
    return np.interp(month, [0, 30, 60, 120], [0.0, 0.006, 0.006, 0.0003])


def a_month(a_year: Floats | float) -> Floats:
    """The monthly rate that compounds to an annual one. Source: Standard Formulas B.2.b, C.4.g."""
    return np.asarray(1.0 - (1.0 - np.asarray(a_year)) ** (1 / 12))


def a_year(a_month: Floats | float) -> Floats:
    """The annual rate that a monthly one compounds to: SMM to CPR, MDR to CDR."""
    return np.asarray(1.0 - (1.0 - np.asarray(a_month)) ** 12)


def abs_speed(factor: float, scheduled: float, age: int, months: int) -> float:
    """The ABS speed that explains a pool factor, a share of the original loans a month.

    Units: over `months` the pool fell to `factor` of itself where the schedule alone says `scheduled`; `age` at the
    end.
    Source: Standard Formulas B.4, written with survival = factor / scheduled.
    """
    survival = factor / scheduled
    return (1.0 - survival) / (age - (age - months) * survival)
