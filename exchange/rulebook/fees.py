"""Dated fee schedules, and the one function by which a fee is previewed, held and posted.

A fee is charged on the cumulative notional of one order or deal: each fill pays the fee of the total so far less what
was charged before. So a minimum is paid once, and how an order happens to be split never changes what it costs. A fee
never exceeds the notional it is charged on, in total and fill by fill, so an offer's fee is always covered by its
proceeds.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from exchange.core.instruments import Side
from exchange.core.messages import Part
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import MAX_INTEGER, AnyMinor, Code, CurrencyCode, IsoDate, PositiveCount, RatePpm, div_ceil
from exchange.rulebook.profile import Method
from exchange.rulebook.texts import Mark, Provision, Source, SourcedRow, TextError, is_date, read_text, write_text

PPM = 1_000_000
Maximum = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)] | None


class FeeRow(Part, frozen=True, kw_only=True):
    """What one side pays for one method in markets of one profile.

    Units: `rate_ppm` of the notional, rounded up to the minor unit, at least `minimum_minor`, at most `maximum_minor`
    (`None`: no maximum), never more than the notional.
    """

    profile: Code
    method: Method
    side: Side
    rate_ppm: RatePpm
    minimum_minor: AnyMinor
    maximum_minor: Maximum
    rounding: Literal["ceil"]
    source: Source
    provision: Provision
    mark: Mark


class FeeSchedule(Part, frozen=True, kw_only=True, tag_field="text", tag="fee_schedule"):
    """One version of a venue's fees in one currency, as published. An order keeps the version it was entered under."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    currency: CurrencyCode
    rows: tuple[FeeRow, ...]

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]:
        """Every row, named `profile/method/side`."""
        return tuple((f"{row.profile}/{row.method}/{row.side}", row) for row in self.rows)


def parse_fee_schedule(text: str) -> FeeSchedule | TextError:
    """Read and check a fee schedule's text.

    Refused: fee.schedule_invalid, with the place in the text.
    """
    schedule = read_text(text, FeeSchedule, RejectCode.FEE_SCHEDULE_INVALID)
    if isinstance(schedule, TextError):
        return schedule
    problem = _contradiction(schedule)
    if problem is None:
        return schedule
    path, reason = problem
    return TextError(code=RejectCode.FEE_SCHEDULE_INVALID, path=path, reason=reason)


def canonical_schedule(schedule: FeeSchedule) -> str:
    """The one text of this schedule."""
    return write_text(schedule)


def fee_row(schedule: FeeSchedule, profile: str, method: Method, side: Side) -> FeeRow | None:
    """The row that prices this side of this method, or `None`: the schedule does not price it, so it may not trade."""
    for row in schedule.rows:
        if (row.profile, row.method, row.side) == (profile, method, side):
            return row
    return None


def fee_minor(row: FeeRow, cumulative_notional_minor: int) -> int:
    """The whole fee of an order or deal that has traded this much so far.

    Never falls as the notional grows, never grows faster than the notional, never exceeds it.
    """
    if cumulative_notional_minor < 0:
        raise InvariantBroken("a notional is zero or more")
    fee = div_ceil(cumulative_notional_minor * row.rate_ppm, PPM)
    fee = max(fee, row.minimum_minor)
    if row.maximum_minor is not None and fee > row.maximum_minor:
        fee = row.maximum_minor
    return min(cumulative_notional_minor, fee)


def charge(row: FeeRow, notional_before_minor: int, charged_before_minor: int, notional_after_minor: int) -> int:
    """What this fill is charged: the fee of the total so far, less what was charged before. Zero or more."""
    ensure(notional_before_minor <= notional_after_minor, "a fill adds to the notional")
    ensure(charged_before_minor == fee_minor(row, notional_before_minor), "what was charged is the fee so far")
    return fee_minor(row, notional_after_minor) - charged_before_minor


def fee_ceiling(row: FeeRow, notional_minor: int, notional_before_minor: int = 0) -> int:
    """The most that can still be charged while at most `notional_minor` more is traded, however it is split.

    A bid holds `remaining at the limit + fee_ceiling(that, traded so far)`. What was traded so far must be said: the
    ceiling of the remainder alone would hold the minimum a second time after the first fill has paid it, and the hold
    would have to grow by it when it may only fall.
    """
    charged = fee_minor(row, notional_before_minor) if notional_before_minor else 0
    return fee_minor(row, notional_before_minor + notional_minor) - charged


def _contradiction(schedule: FeeSchedule) -> tuple[str, str] | None:
    if not is_date(schedule.effective_from):
        return "$.effective_from", "no such date"
    names = [name for name, _ in schedule.named_rows()]
    for place, row in enumerate(schedule.rows):
        if names[place] in names[:place]:
            return f"$.rows[{place}]", f"{names[place]} is priced twice"
        if row.maximum_minor is not None and row.maximum_minor < row.minimum_minor:
            return f"$.rows[{place}].maximum_minor", "less than the minimum"
    return None
