"""What a test compares, when it fails, and how a trigger trips and heals."""

from __future__ import annotations

from exchange.core.messages import Record
from securitization.deal_formulas import (
    PPM,
    Fixed,
    OfPool,
    OfSupport,
    OfTranches,
    PoolFigure,
    SupportFigure,
    TrancheFigure,
    Tripped,
)
from securitization.deal_triggers import (
    SEVERITY,
    Compared,
    CumulativeDefault,
    Follows,
    InterestCoverage,
    InterestUnpaid,
    OverCollateralisation,
    PrincipalUnpaid,
    Relation,
    RightsInvalidated,
    Status,
    SupportFailed,
    Test,
    Trigger,
    ValuationFallen,
)


class TriggerState(Record, frozen=True, kw_only=True):
    """How often a test failed (in a row, or in all) and passed in a row, and whether the trigger is tripped."""

    strikes: int = 0
    passes: int = 0
    tripped: bool = False


def comparison(test: Test) -> Compared:
    """The comparison that a named test stands for."""
    match test:
        case Compared():
            return test
        case OverCollateralisation():
            balances = OfTranches(figure=TrancheFigure.BALANCE, tranches=test.tranches)
            pool = OfPool(figure=PoolFigure.BALANCE)
            return Compared(left=pool, relation=Relation.BELOW, right=balances, ratio_ppm=test.minimum_ppm)
        case InterestCoverage():
            accrued = OfTranches(figure=TrancheFigure.INTEREST_ACCRUED, tranches=test.tranches)
            return Compared(
                left=OfPool(figure=PoolFigure.INTEREST),
                relation=Relation.BELOW,
                right=accrued,
                ratio_ppm=test.minimum_ppm,
                window=test.window,
            )
        case CumulativeDefault():
            left, right = OfPool(figure=PoolFigure.CUMULATIVE_DEFAULTS), OfPool(figure=PoolFigure.INITIAL_BALANCE)
            return Compared(left=left, relation=Relation.ABOVE, right=right, ratio_ppm=test.maximum_ppm)
        case ValuationFallen():
            left, right = OfPool(figure=PoolFigure.VALUATION), OfPool(figure=PoolFigure.INITIAL_VALUATION)
            return Compared(left=left, relation=Relation.BELOW, right=right, ratio_ppm=test.minimum_ppm)
        case RightsInvalidated():
            invalidated = OfPool(figure=PoolFigure.INVALIDATED_RIGHTS)
            return Compared(left=invalidated, relation=Relation.AT_LEAST, right=Fixed(amount_minor=test.rights))
        case SupportFailed():
            failed = OfSupport(figure=SupportFigure.FAILED, support=test.support)
            return Compared(left=failed, relation=Relation.AT_LEAST, right=Fixed(amount_minor=1))
        case InterestUnpaid():
            owed = OfTranches(figure=TrancheFigure.INTEREST_DUE, tranches=test.tranches)
            return Compared(left=owed, relation=Relation.ABOVE, right=Fixed(amount_minor=0))
        case PrincipalUnpaid():
            owed = OfTranches(figure=TrancheFigure.PRINCIPAL_DUE, tranches=test.tranches)
            return Compared(left=owed, relation=Relation.ABOVE, right=Fixed(amount_minor=0))
        case Follows():
            other = Tripped(trigger=test.trigger)
            return Compared(left=other, relation=Relation.AT_LEAST, right=Fixed(amount_minor=1))


def fails(relation: Relation, left: int, right: int, ratio_ppm: int) -> bool:
    """Whether the left side stands so to that part of the right: cross-multiplied, exact at the threshold.

    >>> fails(Relation.BELOW, 105, 100, 1_050_000), fails(Relation.BELOW, 104, 100, 1_050_000)
    (False, True)
    """
    match relation:
        case Relation.BELOW:
            return left * PPM < right * ratio_ppm
        case Relation.AT_MOST:
            return left * PPM <= right * ratio_ppm
        case Relation.ABOVE:
            return left * PPM > right * ratio_ppm
        case Relation.AT_LEAST:
            return left * PPM >= right * ratio_ppm


def after_check(trigger: Trigger, before: TriggerState, failed: bool) -> TriggerState:
    """A trigger's state after one check."""
    if failed:
        strikes = before.strikes + 1
        return TriggerState(strikes=strikes, passes=0, tripped=before.tripped or strikes >= trigger.strikes)
    strikes = 0 if trigger.in_a_row else before.strikes
    passes = before.passes + 1
    if before.tripped and trigger.cure_after is not None and passes >= trigger.cure_after:
        return TriggerState(strikes=0, passes=passes, tripped=False)
    return TriggerState(strikes=strikes, passes=passes, tripped=before.tripped)


def status_of(tripped: list[Status]) -> Status:
    """The gravest of the statuses that tripped triggers lead to."""
    return max([Status.NORMAL, *tripped], key=SEVERITY.index)
