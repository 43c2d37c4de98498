"""Steps and formulas of a deal as lines of an exported program."""

from __future__ import annotations

from securitization.deal_formulas import (
    FeesDue,
    Fixed,
    Formula,
    InAccount,
    Least,
    Less,
    Most,
    OfPool,
    OfSupport,
    OfTranches,
    Share,
    Sum,
    SupportFigure,
    TargetOf,
    TrancheFigure,
    Tripped,
)
from securitization.deal_steps import (
    FromAccount,
    FundReserve,
    PayFees,
    PayHedges,
    PayInterest,
    PayPrincipal,
    PayResidual,
    ReleaseReserve,
    RepaySupports,
    Step,
    TopUp,
    Transfer,
    WriteOff,
)
from securitization.explain import Kind


def expression(formula: Formula) -> str:
    """A formula as a Python expression over the program's state."""
    match formula:
        case Fixed():
            return str(formula.amount_minor)
        case OfPool():
            return f"pool[{str(formula.figure)!r}]"
        case OfTranches():
            return _of_tranches(formula)
        case FeesDue():
            return f"total(fee_due, {list(formula.fees)!r})"
        case InAccount():
            return f"account[{formula.account!r}]"
        case TargetOf():
            return f"target({formula.account!r})"
        case OfSupport():
            name = repr(formula.support)
            match formula.figure:
                case SupportFigure.AVAILABLE:
                    return f"available({name})"
                case SupportFigure.OWED:
                    return f"(owed[{name}] + support_interest[{name}])"
                case SupportFigure.FAILED:
                    return f"failed[{name}]"
        case Tripped():
            return f"tripped[{formula.trigger!r}]"
        case Share():
            return f"div_{formula.rounding}({expression(formula.of)} * {formula.rate_ppm}, PPM)"
        case Sum():
            return f"sum([{_several(formula.of)}])"
        case Less():
            return f"max(0, {expression(formula.of)} - {expression(formula.minus)})"
        case Least():
            return f"min([{_several(formula.of)}])"
        case Most():
            return f"max([{_several(formula.of)}])"


def _several(formulas: tuple[Formula, ...]) -> str:
    return ", ".join(expression(one) for one in formulas)


def _of_tranches(formula: OfTranches) -> str:
    names = list(formula.tranches)
    match formula.figure:
        case TrancheFigure.FACE:
            return f"total(FACES, {names!r})"
        case TrancheFigure.BALANCE:
            return f"total(balance, {names!r})"
        case TrancheFigure.INTEREST_ACCRUED:
            return f"total(accrued, {names!r})"
        case TrancheFigure.INTEREST_DUE:
            return f"total(interest_due, {names!r})"
        case TrancheFigure.PRINCIPAL_DUE:
            return f"sum(principal_due(name) for name in {names!r})"


def step_line(step: Step, path: str) -> str:
    """A step as one call."""
    where = repr(path)
    match step:
        case PayFees():
            limit = "" if step.limit is None else f", {expression(step.limit)}"
            names = list(step.fees)
            return f"pay({where}, 'fee', {step.from_account!r}, fee_due, {names!r}, {str(step.order)!r}{limit})"
        case PayHedges():
            return f"pay({where}, 'hedge', {step.from_account!r}, hedge_due, {list(step.hedges)!r}, 'sequential')"
        case PayInterest():
            names = list(step.tranches)
            return f"pay({where}, 'interest', {step.from_account!r}, interest_due, {names!r}, {str(step.order)!r})"
        case PayPrincipal():
            limit = "None" if step.limit is None else expression(step.limit)
            terms = f"{list(step.tranches)!r}, {str(step.order)!r}, {list(step.shares_ppm)!r}, {limit}"
            return f"pay_principal({where}, {step.from_account!r}, {terms}, {step.accelerated})"
        case PayResidual():
            return f"pay_residual({where}, {step.from_account!r}, {step.tranche!r})"
        case FundReserve():
            missing = f"max(0, target({step.account!r}) - account[{step.account!r}])"
            amount = f"min(account[{step.from_account!r}], {missing})"
            return f"move({where}, 'reserve', {step.from_account!r}, {step.account!r}, {amount})"
        case ReleaseReserve():
            amount = f"max(0, account[{step.account!r}] - target({step.account!r}))"
            return f"move({where}, 'release', {step.account!r}, {step.to_account!r}, {amount})"
        case Transfer():
            lies = f"account[{step.from_account!r}]"
            amount = lies if step.limit is None else f"min({lies}, {expression(step.limit)})"
            return f"move({where}, 'transfer', {step.from_account!r}, {step.to_account!r}, {amount})"
        case TopUp():
            return f"top_up({where}, {step.to_account!r}, {_dues(step)}, {_sources(step)!r})"
        case RepaySupports():
            return f"repay({where}, {step.from_account!r}, {list(step.supports)!r})"
        case WriteOff():
            return f"write_off({where}, {list(step.tranches)!r}, {expression(step.amount)})"


def _dues(step: TopUp) -> str:
    dues = [
        f"total({figures}, {list(names)!r})"
        for figures, names in (("fee_due", step.fees), ("hedge_due", step.hedges), ("interest_due", step.interest))
        if names
    ]
    dues += [f"principal_due({name!r})" for name in step.principal]
    return " + ".join(dues)


def _sources(step: TopUp) -> list[tuple[str, str]]:
    return [
        (str(Kind.ACCOUNT_DRAW), one.account) if isinstance(one, FromAccount) else (str(Kind.SUPPORT_DRAW), one.support)
        for one in step.sources
    ]
