"""Tests and triggers of a deal as data: what is compared, how often it may fail, what it leads to, whether it heals."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from securitization.deal_formulas import Formula, Label, Names, RatioPpm
from securitization.deal_terms import MAX_PERIODS, Title

Window = Annotated[int, msgspec.Meta(ge=1, le=MAX_PERIODS)]


class Status(StrEnum):
    """What a deal is in; later ones are graver, and the gravest a tripped trigger leads to is in force."""

    NORMAL = "normal"
    CLEAN_UP = "clean_up"
    EARLY_AMORTISATION = "early_amortisation"
    EVENT_OF_DEFAULT = "event_of_default"


SEVERITY = tuple(Status)


class Relation(StrEnum):
    """How the left side must stand to the right for the test to fail."""

    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"


class Compared(Part, frozen=True, kw_only=True, tag_field="is", tag="compare"):
    """Fails when `left` stands in `relation` to `ratio_ppm` of `right`; both are added up over the last `window`
    periods, and not tested before there are so many. Multiplied crosswise, never divided."""

    left: Formula
    relation: Relation
    right: Formula
    ratio_ppm: RatioPpm = 1_000_000
    window: Window = 1


class OverCollateralisation(Part, frozen=True, kw_only=True, tag_field="is", tag="overcollateralisation"):
    """OC: fails when the pool's balance is below `minimum_ppm` of the tranches'."""

    tranches: Names
    minimum_ppm: RatioPpm


class InterestCoverage(Part, frozen=True, kw_only=True, tag_field="is", tag="interest_coverage"):
    """IC: fails when the pool's interest is below `minimum_ppm` of the interest the tranches accrued, over a window."""

    tranches: Names
    minimum_ppm: RatioPpm
    window: Window = 1


class CumulativeDefault(Part, frozen=True, kw_only=True, tag_field="is", tag="cumulative_default"):
    """Fails when all defaults so far are above `maximum_ppm` of the initial pool."""

    maximum_ppm: RatioPpm


class ValuationFallen(Part, frozen=True, kw_only=True, tag_field="is", tag="valuation"):
    """Fails when the rights are valued below `minimum_ppm` of what they were at first."""

    minimum_ppm: RatioPpm


class RightsInvalidated(Part, frozen=True, kw_only=True, tag_field="is", tag="invalidation"):
    """Fails when so many rights, or more, were invalidated or lapsed so far."""

    rights: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class SupportFailed(Part, frozen=True, kw_only=True, tag_field="is", tag="support_failed"):
    """Fails when a guarantor or other provider failed (default, downgrade below what the deal asks)."""

    support: Label


class InterestUnpaid(Part, frozen=True, kw_only=True, tag_field="is", tag="interest_unpaid"):
    """Fails when some of the tranches' interest is still owed. Meant after payment."""

    tranches: Names


class PrincipalUnpaid(Part, frozen=True, kw_only=True, tag_field="is", tag="principal_unpaid"):
    """Fails when principal that fell due is still owed. Meant after payment."""

    tranches: Names


class Follows(Part, frozen=True, kw_only=True, tag_field="is", tag="follows"):
    """Fails while a trigger that is checked before is tripped (cross default)."""

    trigger: Label


Test = (
    Compared
    | OverCollateralisation
    | InterestCoverage
    | CumulativeDefault
    | ValuationFallen
    | RightsInvalidated
    | SupportFailed
    | InterestUnpaid
    | PrincipalUnpaid
    | Follows
)


class CheckPoint(StrEnum):
    """When a trigger is checked: once the period's money came in, or after it was paid out."""

    COLLECTION = "collection"
    PAYMENT = "payment"


class Trigger(Part, frozen=True, kw_only=True):
    """Trips when its test failed `strikes` times, in a row or in all; leads to `status` from the next waterfall on.

    With `cure_after` it heals when the test passed that often in a row; without, it never does.
    """

    name: Label
    title: Title
    test: Test
    checked: CheckPoint
    status: Status
    strikes: Window = 1
    in_a_row: bool = True
    cure_after: Window | None = None
