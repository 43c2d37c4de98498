"""What an evaluator is given of each period: the pool's collections and figures, whole minor units, and what happened.

As CSV one row is one period, the columns are those of `columns`; none may be missing, so nothing is taken for granted.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

from exchange.core.messages import Record
from exchange.core.units import MAX_INTEGER
from securitization.deal import Deal
from securitization.deal_formulas import PPM
from securitization.deal_problems import DealCode, Problem

AMOUNTS = (
    "interest_minor",
    "principal_minor",
    "recoveries_minor",
    "defaults_minor",
    "balance_minor",
    "valuation_minor",
    "invalidated_rights",
)


class PoolPeriod(Record, frozen=True, kw_only=True):
    """The pool in one period.

    Units: minor; `balance_minor` performing at the end, `defaults_minor` newly defaulted, `valuation_minor` of the
    rights behind it; `invalidated_rights` newly invalidated, lapsed or expired; rates in ppm a year; events
    by their count.
    """

    interest_minor: int
    principal_minor: int
    recoveries_minor: int
    defaults_minor: int
    balance_minor: int
    valuation_minor: int
    invalidated_rights: int = 0
    rates_ppm: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it
    events: dict[str, int] = {}  # noqa: RUF012
    failed_supports: tuple[str, ...] = ()

    @property
    def collections_minor(self) -> int:
        """All that came in."""
        return self.interest_minor + self.principal_minor + self.recoveries_minor


def columns(deal: Deal) -> list[str]:
    """The columns of a deal's periods file."""
    return [
        "period",
        *AMOUNTS,
        *(f"rate_ppm:{name}" for name in deal.indexes),
        *(f"events:{name}" for name in deal.events),
        *(f"failed:{support.name}" for support in deal.supports),
    ]


def check_periods(deal: Deal, periods: Sequence[PoolPeriod]) -> Problem | None:
    """Why these figures cannot be run, or None. Paths name the period and figure.

    Refused: periods.count, periods.value.
    """
    if len(periods) != len(deal.periods):
        reason = f"{len(periods)} periods of figures for a deal of {len(deal.periods)}"
        return Problem(code=DealCode.PERIODS_COUNT, path="periods", reason=reason)
    indexes, events = sorted(deal.indexes), sorted(deal.events)
    supports = [support.name for support in deal.supports]
    for number, period in enumerate(periods, start=1):
        given: list[tuple[str, int]] = [(name, getattr(period, name)) for name in AMOUNTS]
        given += [(f"events:{name}", count) for name, count in period.events.items()]
        given.append(("collections_minor", period.collections_minor))
        for name, value in given:
            if not 0 <= value <= MAX_INTEGER:
                return _wrong(number, name, f"{value} is not from 0 to {MAX_INTEGER}")
        for name, rate in period.rates_ppm.items():
            if not -PPM <= rate <= PPM:
                return _wrong(number, f"rate_ppm:{name}", f"{rate} is not from {-PPM} to {PPM}")
        if sorted(period.rates_ppm) != indexes:
            return _wrong(number, "rates_ppm", f"expected one rate for each of {indexes}")
        if sorted(period.events) != events:
            return _wrong(number, "events", f"expected one count for each of {events}")
        for name in period.failed_supports:
            if name not in supports:
                return _wrong(number, f"failed:{name}", "no such support")
    return _check_sums(periods)


def read_periods(deal: Deal, text: str) -> list[PoolPeriod] | Problem:
    """Read a periods file.

    Refused: periods.column, periods.value, periods.count.
    """
    rows = list(csv.reader(line for line in text.removeprefix("\ufeff").splitlines() if line.strip()))
    if not rows:
        return Problem(code=DealCode.PERIODS_COUNT, path="periods", reason="the file is empty")
    head, wanted = [name.strip() for name in rows[0]], columns(deal)
    if sorted(head) != sorted(wanted):
        missing = [name for name in wanted if name not in head]
        others = [name for place, name in enumerate(head) if name not in wanted or name in head[:place]]
        reason = f"missing {missing or 'nothing'}, not expected {others or 'nothing'}"
        return Problem(code=DealCode.PERIODS_COLUMN, path="line 1", reason=reason)
    if len(rows) - 1 != len(deal.periods):
        reason = f"{len(rows) - 1} rows for a deal of {len(deal.periods)} periods"
        return Problem(code=DealCode.PERIODS_COUNT, path="periods", reason=reason)
    periods: list[PoolPeriod] = []
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(head):
            return _wrong(number, "row", f"{len(row)} values for {len(head)} columns")
        values: dict[str, int] = {}
        for name, cell in zip(head, row, strict=True):
            value = _whole(cell)
            if value is None:
                return _wrong(number, name, f"{cell[:40]!r} is not a whole number")
            values[name] = value
        if values["period"] != number:
            return _wrong(number, "period", f"expected {number}, found {values['period']}")
        failed = {support.name: values[f"failed:{support.name}"] for support in deal.supports}
        for name, value in failed.items():
            if value not in {0, 1}:
                return _wrong(number, f"failed:{name}", "expected 0 or 1")
        periods.append(
            PoolPeriod(
                **{name: values[name] for name in AMOUNTS},
                rates_ppm={name: values[f"rate_ppm:{name}"] for name in deal.indexes},
                events={name: values[f"events:{name}"] for name in deal.events},
                failed_supports=tuple(name for name, value in failed.items() if value),
            )
        )
    return check_periods(deal, periods) or periods


def write_periods(deal: Deal, periods: Sequence[PoolPeriod]) -> str:
    """The periods file that `read_periods` reads back."""
    lines = [",".join(columns(deal))]
    for number, period in enumerate(periods, start=1):
        cells = [number, *(getattr(period, name) for name in AMOUNTS)]
        cells += [period.rates_ppm[name] for name in deal.indexes]
        cells += [period.events[name] for name in deal.events]
        cells += [int(support.name in period.failed_supports) for support in deal.supports]
        lines.append(",".join(str(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def _check_sums(periods: Sequence[PoolPeriod]) -> Problem | None:
    defaults = rights = 0
    for number, period in enumerate(periods, start=1):
        defaults, rights = defaults + period.defaults_minor, rights + period.invalidated_rights
        if max(defaults, rights) > MAX_INTEGER:
            return _wrong(number, "defaults_minor", f"the sum so far is above {MAX_INTEGER}")
    return None


def _whole(cell: str) -> int | None:
    text = cell.strip()
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 16 else None


def _wrong(number: int, name: str, reason: str) -> Problem:
    return Problem(code=DealCode.PERIODS_VALUE, path=f"periods[{number}].{name}", reason=reason)
