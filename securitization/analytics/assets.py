"""What a pool may hold, as data: loans and leases with their ways of paying back, receivables with their instalments.

An asset says what is owed and when, never what will come in: prepayment, default and recovery are assumptions
(`assumptions`), and one asset may be projected under many of them. Months are counted from the cut-off date: month 1
ends one month after it. Royalty streams owe no fixed amount and live in `royalty`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.units import AnyMinor, Code, Count, Minor, PositiveMinor

Months = Annotated[int, msgspec.Meta(ge=1, le=600)]
RatePpmAYear = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
"""Nominal interest a year, in parts per million: 3.80 % is 38,000. A payment period of k months bears k/12 of it."""


class RateStep(Part, frozen=True, kw_only=True):
    """From this month on, interest accrues at this rate.

    Units: `from_month` ≥ 2 counts from the cut-off; `rate_ppm` a year.
    """

    from_month: Annotated[int, msgspec.Meta(ge=2, le=600)]
    rate_ppm: RatePpmAYear


class PaymentStep(Part, frozen=True, kw_only=True):
    """From this month on, each payment is this much, interest included.

    Units: `payment_minor` a payment date.
    """

    from_month: Months
    payment_minor: AnyMinor


class LevelPay(Part, frozen=True, kw_only=True, tag="level"):
    """Equal payments of principal and interest, worked out again at each step of the rate.

    Units: the first `interest_only_months` pay interest alone.
    """

    interest_only_months: Count = 0


class EvenPrincipal(Part, frozen=True, kw_only=True, tag="even"):
    """Equal parts of principal, and interest on what is left.

    Units: the first `interest_only_months` pay interest alone.
    """

    interest_only_months: Count = 0


class Bullet(Part, frozen=True, kw_only=True, tag="bullet"):
    """Interest on each payment date, the whole principal on the last."""


class Balloon(Part, frozen=True, kw_only=True, tag="balloon"):
    """Level payments as if the loan ran for `amortise_months`; what is left falls due on its last date.

    Units: `amortise_months` > the months that remain.
    """

    amortise_months: Annotated[int, msgspec.Meta(ge=1, le=1_200)]


class Scheduled(Part, frozen=True, kw_only=True, tag="schedule"):
    """Principal by a plan, one amount a payment date; the parts sum to the balance.

    Units: minor.
    """

    principal_minor: tuple[AnyMinor, ...]


class SteppedPay(Part, frozen=True, kw_only=True, tag="stepped"):
    """Payments that step up or down; the last date pays what is left.

    A payment that is less than the interest is refused: interest is not added to principal.
    """

    payments: tuple[PaymentStep, ...]


Terms = LevelPay | EvenPrincipal | Bullet | Balloon | Scheduled | SteppedPay


class Asset(Part, frozen=True, kw_only=True):
    """What every asset says of itself: its own name, whose debt it is, and the segment that assumptions aim at."""

    asset_id: Code
    debtor: str = ""
    segment: str = ""


class Loan(Asset, frozen=True, kw_only=True, tag="loan"):
    """A loan, such as one secured by pledged patents.

    Units: `balance_minor` at the cut-off; `rate_ppm` a year; `remaining_months` to the last payment; `every_months` the
    months between payments; `age_months` since origination, which PSA, ABS and SDA ask for.
    """

    balance_minor: PositiveMinor
    rate_ppm: RatePpmAYear
    remaining_months: Months
    terms: Terms
    every_months: Annotated[int, msgspec.Meta(ge=1, le=60)] = 1
    age_months: Count = 0
    rate_steps: tuple[RateStep, ...] = ()


class Lease(Asset, frozen=True, kw_only=True, tag="lease"):
    """A finance lease or sale-and-leaseback: rents in arrears that may step, and a purchase price at the end.

    Its balance is what rents and price are worth at the rate implicit in the lease.

    Units: `rents` a payment date; `rate_ppm` a year; `residual_minor` with the last rent.
    Source: IFRS 16 appendix A, interest rate implicit in the lease.
    """

    rents: tuple[PaymentStep, ...]
    rate_ppm: RatePpmAYear
    remaining_months: Months
    residual_minor: AnyMinor = Minor(0)
    every_months: Annotated[int, msgspec.Meta(ge=1, le=60)] = 1
    age_months: Count = 0


class Instalment(Part, frozen=True, kw_only=True):
    """One amount and the month at whose end it is due."""

    month: Months
    amount_minor: PositiveMinor


class Receivable(Asset, frozen=True, kw_only=True, tag="receivable"):
    """Licence fees or a supplier's invoices: fixed amounts on fixed dates, without interest.

    Units: `instalments` in the order of their months, none twice.
    """

    instalments: tuple[Instalment, ...]
    age_months: Count = 0


PoolAsset = Loan | Lease | Receivable
