"""Whether whole waterfalls hold water: every status has one, no cash is left, no due is forgotten, no circles."""

from __future__ import annotations

from collections.abc import Iterator

from securitization.deal import Deal, all_waterfalls, waterfall_of
from securitization.deal_check_steps import owes_hedge, owes_interest, owes_principal
from securitization.deal_formulas import TargetOf, Tripped, walk
from securitization.deal_problems import DealCode, Problem
from securitization.deal_steps import (
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
)
from securitization.deal_triggers import CheckPoint, Status, Trigger
from securitization.trigger import comparison


def check_flows(deal: Deal) -> list[Problem]:
    """Refused: status.missing, status.unreachable, cycle.formula, cycle.trigger; for each waterfall cash.dead,
    due.unpaid, cycle.accounts."""
    found = [*_statuses(deal), *_formula_cycles(deal), *_trigger_cycles(deal)]
    for status, steps in all_waterfalls(deal):
        found += _dead_cash(deal, status, steps)
        found += _unpaid(deal, status, steps)
        found += _account_cycles(status, steps)
    return found


def _statuses(deal: Deal) -> Iterator[Problem]:
    for place, trigger in enumerate(deal.triggers):
        if waterfall_of(deal, trigger.status) is None:
            reason = f"there is no waterfall for {trigger.status}"
            yield Problem(code=DealCode.STATUS_MISSING, path=f"$.triggers[{place}].status", reason=reason)
    led_to = [trigger.status for trigger in deal.triggers]
    for status, _ in all_waterfalls(deal):
        if status is not Status.NORMAL and status not in led_to:
            reason = f"no trigger leads to {status}"
            yield Problem(code=DealCode.STATUS_UNREACHABLE, path=f"$.waterfalls.{status}", reason=reason)


def _dead_cash(deal: Deal, status: Status, steps: tuple[Step, ...]) -> list[Problem]:
    """Walk a waterfall backwards and note which accounts are emptied from there on.

    A residual empties its account; an unlimited transfer and, in the last period, the release of a reserve do so if
    what they fill is emptied later. Then every account must be emptied from the first step on, and every account a
    step fills from the next. (Funding a reserve brings nothing in the last period, its target being zero.)
    """
    found: list[Problem] = []
    emptied: list[str] = []
    for place in range(len(steps) - 1, -1, -1):
        step, path = steps[place], f"$.waterfalls.{status}[{place}]"
        filled = step.to_account if isinstance(step, Transfer | ReleaseReserve | TopUp) else None
        if filled is not None and filled not in emptied:
            reason = f"no later step empties {filled}"
            found.insert(0, Problem(code=DealCode.CASH_DEAD, path=f"{path}.to_account", reason=reason))
        match step:
            case PayResidual():
                emptied.append(step.from_account)
            case Transfer() if step.limit is None and step.to_account in emptied:
                emptied.append(step.from_account)
            case ReleaseReserve() if step.to_account in emptied:
                emptied.append(step.account)
            case _:
                pass
    left = [account.name for account in deal.accounts if account.name not in emptied]
    found += [
        Problem(code=DealCode.CASH_DEAD, path=f"$.waterfalls.{status}", reason=f"no step empties {name}")
        for name in left
    ]
    return found


def _unpaid(deal: Deal, status: Status, steps: tuple[Step, ...]) -> Iterator[Problem]:
    """What falls due and is paid by no step of the waterfall; a fee that is only ever paid up to a limit counts too."""
    fees = [name for step in steps if isinstance(step, PayFees) and step.limit is None for name in step.fees]
    hedges = [name for step in steps if isinstance(step, PayHedges) for name in step.hedges]
    interest = [name for step in steps if isinstance(step, PayInterest) for name in step.tranches]
    principal = [name for step in steps if isinstance(step, PayPrincipal) for name in step.tranches]
    repaid = [name for step in steps if isinstance(step, RepaySupports) for name in step.supports]
    owed = [(fee.name, "fee", fees) for fee in deal.fees]
    owed += [(hedge.name, "hedge", hedges) for hedge in deal.hedges if owes_hedge(hedge)]
    owed += [(tranche.name, "interest of", interest) for tranche in deal.tranches if owes_interest(deal, tranche)]
    owed += [(tranche.name, "principal of", principal) for tranche in deal.tranches if owes_principal(tranche)]
    owed += [(support.name, "support", repaid) for support in deal.supports if support.recourse]
    for name, what, paid in owed:
        if name not in paid:
            reason = f"no step pays {what} {name} in full"
            yield Problem(code=DealCode.DUE_UNPAID, path=f"$.waterfalls.{status}", reason=reason)


def _account_cycles(status: Status, steps: tuple[Step, ...]) -> Iterator[Problem]:
    """A transfer whose money can come back to where it was."""
    leads: dict[str, list[str]] = {}
    for place, step in enumerate(steps):
        if isinstance(step, Transfer):
            if step.from_account in _reached(leads, step.to_account):
                reason = f"{step.to_account} leads back to {step.from_account}"
                path = f"$.waterfalls.{status}[{place}]"
                yield Problem(code=DealCode.CYCLE_ACCOUNTS, path=path, reason=reason)
            leads.setdefault(step.from_account, []).append(step.to_account)


def _reached(leads: dict[str, list[str]], start: str) -> list[str]:
    """Every name that can be reached from one, itself included."""
    found = [start]
    for name in found:
        found += [other for other in leads.get(name, []) if other not in found]
    return found


def _formula_cycles(deal: Deal) -> Iterator[Problem]:
    leads: dict[str, list[str]] = {}
    paths: dict[str, str] = {}
    for place, account in enumerate(deal.accounts):
        paths[account.name] = f"$.accounts[{place}].target"
        if account.target is not None:
            inside = walk(account.target, "")
            leads[account.name] = [inner.account for _, inner in inside if isinstance(inner, TargetOf)]
    for name, others in leads.items():
        if any(name in _reached(leads, other) for other in others):
            reason = f"the target of {name} depends on itself"
            yield Problem(code=DealCode.CYCLE_FORMULA, path=paths[name], reason=reason)


def _trigger_cycles(deal: Deal) -> Iterator[Problem]:
    """A trigger may ask about those checked before it in a period, not about itself or later ones."""
    points = list(CheckPoint)
    checked = sorted(range(len(deal.triggers)), key=lambda place: (points.index(deal.triggers[place].checked), place))
    before: list[str] = []
    for place in checked:
        trigger: Trigger = deal.triggers[place]
        test = comparison(trigger.test)
        for side, formula in (("left", test.left), ("right", test.right)):
            for path, inner in walk(formula, f"$.triggers[{place}].test.{side}"):
                if isinstance(inner, Tripped) and inner.trigger not in before:
                    reason = f"{inner.trigger} is not checked before {trigger.name}"
                    yield Problem(code=DealCode.CYCLE_TRIGGER, path=path, reason=reason)
        before.append(trigger.name)
