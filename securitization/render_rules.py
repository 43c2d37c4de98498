"""Says what triggers test and what steps do, in Chinese or English."""

from __future__ import annotations

from securitization.deal_formulas import Formula
from securitization.deal_steps import (
    FromAccount,
    FundReserve,
    PayFees,
    PayHedges,
    PayInterest,
    PayPrincipal,
    PayResidual,
    PrincipalOrder,
    ReleaseReserve,
    RepaySupports,
    Step,
    TopUp,
    Transfer,
    WriteOff,
)
from securitization.deal_triggers import (
    Compared,
    CumulativeDefault,
    Follows,
    InterestCoverage,
    InterestUnpaid,
    OverCollateralisation,
    PrincipalUnpaid,
    RightsInvalidated,
    SupportFailed,
    Test,
    Trigger,
    ValuationFallen,
)
from securitization.render_terms import Teller


def tell_trigger(teller: Teller, trigger: Trigger) -> str:
    """A trigger."""
    cure = "cure.none" if trigger.cure_after is None else "cure.after"
    return teller.say(
        "trigger",
        title=teller.title(trigger.title),
        name=trigger.name,
        test=_test(teller, trigger.test),
        when=teller.say(f"checked.{trigger.checked}"),
        strikes=trigger.strikes,
        row=teller.say(f"row.{str(trigger.in_a_row).lower()}"),
        cure=teller.say(cure, count=trigger.cure_after or 0),
        status=teller.say(f"status.{trigger.status}"),
    )


def _test(teller: Teller, test: Test) -> str:
    match test:
        case Compared():
            return teller.say(
                "test.compare",
                left=teller.formula(test.left),
                relation=teller.say(f"relation.{test.relation}"),
                ratio=teller.rate(test.ratio_ppm),
                right=teller.formula(test.right),
                window=_window(teller, test.window),
            )
        case OverCollateralisation():
            ratio, names = teller.rate(test.minimum_ppm), teller.names(test.tranches)
            return teller.say("test.overcollateralisation", ratio=ratio, names=names)
        case InterestCoverage():
            ratio, names = teller.rate(test.minimum_ppm), teller.names(test.tranches)
            window = _window(teller, test.window)
            return teller.say("test.interest_coverage", ratio=ratio, names=names, window=window)
        case CumulativeDefault():
            return teller.say("test.cumulative_default", ratio=teller.rate(test.maximum_ppm))
        case ValuationFallen():
            return teller.say("test.valuation", ratio=teller.rate(test.minimum_ppm))
        case RightsInvalidated():
            return teller.say("test.invalidation", count=test.rights)
        case SupportFailed():
            return teller.say("test.support_failed", name=teller.name(test.support))
        case InterestUnpaid():
            return teller.say("test.interest_unpaid", names=teller.names(test.tranches))
        case PrincipalUnpaid():
            return teller.say("test.principal_unpaid", names=teller.names(test.tranches))
        case Follows():
            return teller.say("test.follows", name=teller.name(test.trigger))


def _window(teller: Teller, window: int) -> str:
    return "" if window == 1 else teller.say("test.window", window=window)


def tell_step(teller: Teller, step: Step) -> str:
    """A step of a waterfall."""
    match step:
        case PayFees():
            return teller.say(
                "step.pay_fees",
                names=teller.names(step.fees),
                account=teller.name(step.from_account),
                order=teller.say(f"order.{step.order}"),
                limit=_limit(teller, step.limit),
            )
        case PayHedges():
            return teller.say(
                "step.pay_hedges", names=teller.names(step.hedges), account=teller.name(step.from_account)
            )
        case PayInterest():
            names, account = teller.names(step.tranches), teller.name(step.from_account)
            return teller.say(
                "step.pay_interest", names=names, account=account, order=teller.say(f"order.{step.order}")
            )
        case PayPrincipal():
            shares = teller.say("comma").join(teller.rate(share) for share in step.shares_ppm)
            given = {"shares": shares} if step.order is PrincipalOrder.SHARES else {}
            return teller.say(
                "step.pay_principal",
                names=teller.names(step.tranches),
                account=teller.name(step.from_account),
                order=teller.say(f"order.{step.order}", **given),
                limit=_limit(teller, step.limit),
                accelerated=teller.say(f"accelerated.{str(step.accelerated).lower()}"),
            )
        case PayResidual():
            names = teller.name(step.tranche)
            return teller.say("step.pay_residual", account=teller.name(step.from_account), names=names)
        case FundReserve():
            to = teller.name(step.account)
            return teller.say("step.fund_reserve", account=teller.name(step.from_account), to=to)
        case ReleaseReserve():
            to = teller.name(step.to_account)
            return teller.say("step.release_reserve", account=teller.name(step.account), to=to)
        case Transfer():
            to, limit = teller.name(step.to_account), _limit(teller, step.limit)
            return teller.say("step.transfer", account=teller.name(step.from_account), to=to, limit=limit)
        case TopUp():
            return _top_up(teller, step)
        case RepaySupports():
            names = teller.names(step.supports)
            return teller.say("step.repay_supports", account=teller.name(step.from_account), names=names)
        case WriteOff():
            return teller.say("step.write_off", formula=teller.formula(step.amount), names=teller.names(step.tranches))


def _limit(teller: Teller, limit: Formula | None) -> str:
    return "" if limit is None else teller.say("limit", formula=teller.formula(limit))


def _top_up(teller: Teller, step: TopUp) -> str:
    dues = [
        teller.say(f"dues.{what}", names=teller.names(names))
        for what, names in (
            ("fees", step.fees),
            ("hedges", step.hedges),
            ("interest", step.interest),
            ("principal", step.principal),
        )
        if names
    ]
    sources = [one.account if isinstance(one, FromAccount) else one.support for one in step.sources]
    return teller.say(
        "step.top_up",
        to=teller.name(step.to_account),
        dues=teller.say("comma").join(dues),
        sources=teller.names(sources),
    )
