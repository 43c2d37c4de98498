"""Whether each step of a waterfall can do something: what it names is owed, funded, repaid, shared out whole."""

from __future__ import annotations

from collections.abc import Iterator

from securitization.deal import Deal, all_waterfalls
from securitization.deal_check_names import formulas, step_uses
from securitization.deal_formulas import TargetOf, walk
from securitization.deal_problems import DealCode, Problem
from securitization.deal_steps import (
    FromAccount,
    FundReserve,
    PayHedges,
    PayInterest,
    PayPrincipal,
    PrincipalOrder,
    ReleaseReserve,
    RepaySupports,
    Step,
    TopUp,
    Transfer,
    WriteOff,
)
from securitization.deal_terms import Hedge, InterestOnly, NoCoupon, Swap, Tranche
from securitization.waterfall import shares_are_whole


def check_steps(deal: Deal) -> list[Problem]:
    """Refused: step.same_account, step.repeated, step.no_target, step.no_recourse, step.nothing_owed, shares.sum."""
    targetless = [account.name for account in deal.accounts if account.target is None]
    found = [
        Problem(code=DealCode.STEP_NO_TARGET, path=inner_path, reason=f"{inner.account} has no target")
        for path, formula, _ in formulas(deal)
        for inner_path, inner in walk(formula, path)
        if isinstance(inner, TargetOf) and inner.account in targetless
    ]
    return found + [
        problem
        for status, steps in all_waterfalls(deal)
        for place, step in enumerate(steps)
        for problem in _check_step(deal, step, f"$.waterfalls.{status}[{place}]")
    ]


def owes_interest(deal: Deal, tranche: Tranche) -> bool:
    """Whether a tranche is ever owed interest in cash."""
    return not isinstance(tranche.coupon, NoCoupon) and tranche.capitalise_until_period < len(deal.periods)


def owes_principal(tranche: Tranche) -> bool:
    """Whether a tranche is ever owed principal."""
    return not isinstance(tranche.principal, InterestOnly)


def owes_hedge(hedge: Hedge) -> bool:
    """Whether anything is ever owed to a hedge's counterparty."""
    return isinstance(hedge.terms, Swap) or hedge.terms.premium_minor > 0


def _check_step(deal: Deal, step: Step, path: str) -> Iterator[Problem]:
    yield from _repeated(step, path)
    yield from _accounts(deal, step, path)
    yield from _nothing_owed(deal, step, path)
    if isinstance(step, RepaySupports):
        for place, name in enumerate(step.supports):
            if not next(support.recourse for support in deal.supports if support.name == name):
                reason = f"{name} has no recourse"
                yield Problem(code=DealCode.STEP_NO_RECOURSE, path=f"{path}.supports[{place}]", reason=reason)
    if isinstance(step, PayPrincipal):
        if step.order is not PrincipalOrder.SHARES:
            wrong = "are given, but not the order" if step.shares_ppm else ""
        elif len(step.shares_ppm) != len(step.tranches):
            wrong = f"{len(step.shares_ppm)} shares for {len(step.tranches)} tranches"
        else:
            wrong = "" if shares_are_whole(step.shares_ppm) else f"are {sum(step.shares_ppm)} ppm together"
        if wrong:
            yield Problem(code=DealCode.SHARES_SUM, path=f"{path}.shares_ppm", reason=wrong)


def _repeated(step: Step, path: str) -> Iterator[Problem]:
    """A name that stands twice in one list of a step; interest and principal of a top-up are two lists."""
    seen: list[tuple[str, str, str]] = []
    for noun, name, where in step_uses(step, path):
        one = (noun, name, where.rpartition("[")[0])
        if one in seen and where.endswith("]"):
            yield Problem(code=DealCode.STEP_REPEATED, path=where, reason=f"{name} is named before")
        seen.append(one)
    if isinstance(step, TopUp):
        for place, source in enumerate(step.sources):
            if source in step.sources[:place]:
                yield Problem(code=DealCode.STEP_REPEATED, path=f"{path}.sources[{place}]", reason="is named before")


def _accounts(deal: Deal, step: Step, path: str) -> Iterator[Problem]:
    pairs: list[tuple[str, str, str]] = []
    reserve: str | None = None
    match step:
        case FundReserve():
            pairs, reserve = [(step.from_account, step.account, "account")], step.account
        case ReleaseReserve():
            pairs, reserve = [(step.account, step.to_account, "to_account")], step.account
        case Transfer():
            pairs = [(step.from_account, step.to_account, "to_account")]
        case TopUp():
            sources = [source.account for source in step.sources if isinstance(source, FromAccount)]
            pairs = [(source, step.to_account, "sources") for source in sources]
        case _:
            pass
    for source, destination, field in pairs:
        if source == destination:
            reason = f"{source} would pay itself"
            yield Problem(code=DealCode.STEP_SAME_ACCOUNT, path=f"{path}.{field}", reason=reason)
    if reserve is not None and next(one.target for one in deal.accounts if one.name == reserve) is None:
        yield Problem(code=DealCode.STEP_NO_TARGET, path=f"{path}.account", reason=f"{reserve} has no target")


def _nothing_owed(deal: Deal, step: Step, path: str) -> Iterator[Problem]:
    tranches = {tranche.name: tranche for tranche in deal.tranches}
    hedges = {hedge.name: hedge for hedge in deal.hedges}
    interest: tuple[str, ...] = ()
    principal: tuple[str, ...] = ()
    hedged: tuple[str, ...] = ()
    match step:
        case PayInterest():
            interest = step.tranches
        case PayPrincipal() | WriteOff():
            principal = step.tranches
        case PayHedges():
            hedged = step.hedges
        case TopUp():
            interest, principal, hedged = step.interest, step.principal, step.hedges
            if not (step.fees or step.hedges or step.interest or step.principal):
                yield Problem(code=DealCode.STEP_NOTHING_OWED, path=path, reason="no dues are named")
        case _:
            pass
    names = [name for name in interest if not owes_interest(deal, tranches[name])]
    names += [name for name in principal if not owes_principal(tranches[name])]
    names += [name for name in hedged if not owes_hedge(hedges[name])]
    for name in names:
        yield Problem(code=DealCode.STEP_NOTHING_OWED, path=path, reason=f"{name} is never owed this")
