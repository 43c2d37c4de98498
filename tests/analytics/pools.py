"""Words for the tests: loans in one line, and tables of months as a person would write them."""

from __future__ import annotations

from securitization.analytics.amortise import one
from securitization.analytics.assets import LevelPay, Loan, PoolAsset, RateStep, Terms


def loan(
    balance: int = 1_000_000,
    rate_ppm: int = 60_000,
    months: int = 12,
    terms: Terms | None = None,
    *,
    name: str = "L1",
    every: int = 1,
    age: int = 0,
    segment: str = "",
    steps: tuple[tuple[int, int], ...] = (),
) -> Loan:
    """A loan; level payments unless told otherwise."""
    return Loan(
        asset_id=name,
        segment=segment,
        balance_minor=balance,
        rate_ppm=rate_ppm,
        remaining_months=months,
        terms=terms or LevelPay(),
        every_months=every,
        age_months=age,
        rate_steps=tuple(RateStep(from_month=month, rate_ppm=rate) for month, rate in steps),
    )


def owes(asset: PoolAsset, table: str) -> None:
    """Hold the schedule to lines of `month: interest + principal -> left`; every other month pays nothing."""
    row = one(asset)
    told = {}
    for line in filter(None, map(str.strip, table.splitlines())):
        month, rest = line.split(":")
        paid, left = rest.split("->")
        interest, principal = paid.split("+")
        told[int(month)] = tuple(round(float(each.replace("_", "").strip()), 2) for each in (interest, principal, left))
    for month in range(1, row.months + 1):
        found = (
            round(float(row.interest[0, month - 1]), 2),
            round(float(row.principal[0, month - 1]), 2),
            round(float(row.balance[0, month]), 2),
        )
        expected = told.get(month, (0.0, 0.0, round(float(row.balance[0, month - 1]), 2)))
        assert found == expected, f"month {month}: {found} instead of {expected}"
    assert max(told) == row.months
