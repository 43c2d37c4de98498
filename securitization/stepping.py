"""One step of a waterfall, done: who is paid, from where, how much, and why."""

from __future__ import annotations

from collections.abc import Sequence

from securitization.deal_formulas import Formula
from securitization.deal_steps import (
    FromAccount,
    FundReserve,
    Order,
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
from securitization.explain import Kind, Payment, Reason, Rule
from securitization.running import Due, Running, target_of, worth
from securitization.tranche import can_take_minor, principal_due_minor
from securitization.waterfall import by_shares, in_order, pro_rata


def take_step(now: Running, step: Step, path: str) -> list[Payment]:
    """Do one step; tells every amount, zero too."""
    match step:
        case PayFees():
            return _pay_dues(now, path, Kind.FEE, step.from_account, step.fees, now.fees, step.order, step.limit)
        case PayHedges():
            order = Order.SEQUENTIAL
            return _pay_dues(now, path, Kind.HEDGE, step.from_account, step.hedges, now.hedges, order, None)
        case PayInterest():
            return _pay_interest(now, step, path)
        case PayPrincipal():
            return _pay_principal(now, step, path)
        case PayResidual():
            left = now.accounts[step.from_account]
            now.accounts[step.from_account] = 0
            why = Reason(rule=Rule.RESIDUAL, value=left, subject=step.from_account)
            return [_payment(path, Kind.RESIDUAL, step.from_account, step.tranche, left, why)]
        case FundReserve():
            return [_fund(now, step, path)]
        case ReleaseReserve():
            return [_release(now, step, path)]
        case Transfer():
            available = _available(now, step.from_account, step.limit)
            why = Reason(rule=Rule.MOVED, value=available.value, subject=step.to_account, parts=(available,))
            _move(now, step.from_account, step.to_account, available.value)
            return [_payment(path, Kind.TRANSFER, step.from_account, step.to_account, available.value, why)]
        case TopUp():
            return _top_up(now, step, path)
        case RepaySupports():
            return _repay(now, step, path)
        case WriteOff():
            return _write_off(now, step, path)


def _payment(path: str, kind: Kind, account: str, to: str, amount: int, why: Reason) -> Payment:
    return Payment(path=path, kind=kind, account=account, to=to, amount_minor=amount, why=why)


def _move(now: Running, source: str, destination: str, amount: int) -> None:
    now.accounts[source] -= amount
    now.accounts[destination] += amount


def _available(now: Running, account: str, limit: Formula | None) -> Reason:
    """What a step may take out of an account."""
    balance = now.accounts[account]
    if limit is None:
        return Reason(rule=Rule.AVAILABLE, value=balance, subject=account)
    bound = worth(now, limit)
    figures = (("balance", balance), ("limit", bound.value))
    value = min(balance, bound.value)
    return Reason(rule=Rule.AVAILABLE, value=value, subject=account, figures=figures, parts=(bound,))


def _told(
    path: str,
    kind: Kind,
    account: str,
    names: Sequence[str],
    dues: Sequence[Reason],
    paid: Sequence[int],
    available: Reason,
    rule: Rule,
) -> list[Payment]:
    """The payments of several dues, each explained by its due and by what there was."""
    total = sum(due.value for due in dues)
    told: list[Payment] = []
    left = available.value
    for name, due, amount in zip(names, dues, paid, strict=True):
        figures = (("due", due.value), ("left", left)) if rule is Rule.PAID else (("due", due.value), ("total", total))
        why = Reason(rule=rule, value=amount, subject=name, figures=figures, parts=(due, available))
        told.append(_payment(path, kind, account, name, amount, why))
        left -= amount
    return told


def _pay_dues(
    now: Running,
    path: str,
    kind: Kind,
    account: str,
    names: Sequence[str],
    dues: dict[str, Due],
    order: Order,
    limit: Formula | None,
) -> list[Payment]:
    available = _available(now, account, limit)
    reasons = [Reason(rule=Rule.OWED, value=dues[n].amount, subject=n, parts=(dues[n].why,)) for n in names]
    paid = _split(order, available.value, reasons)
    for name, amount in zip(names, paid, strict=True):
        dues[name].amount -= amount
    now.accounts[account] -= sum(paid)
    return _told(path, kind, account, names, reasons, paid, available, _rule(order))


def _split(order: Order, available: int, dues: Sequence[Reason]) -> list[int]:
    amounts = [due.value for due in dues]
    return in_order(available, amounts) if order is Order.SEQUENTIAL else pro_rata(available, amounts)


def _rule(order: Order) -> Rule:
    return Rule.PAID if order is Order.SEQUENTIAL else Rule.PAID_PRO_RATA


def _pay_interest(now: Running, step: PayInterest, path: str) -> list[Payment]:
    available = _available(now, step.from_account, None)
    states = [now.tranches[name] for name in step.tranches]
    dues = [
        Reason(rule=Rule.OWED, value=state.interest_due, subject=state.terms.name, parts=(state.why_due,))
        for state in states
    ]
    paid = _split(step.order, available.value, dues)
    for state, amount in zip(states, paid, strict=True):
        state.interest_due -= amount
    now.accounts[step.from_account] -= sum(paid)
    return _told(path, Kind.INTEREST, step.from_account, step.tranches, dues, paid, available, _rule(step.order))


def _pay_principal(now: Running, step: PayPrincipal, path: str) -> list[Payment]:
    available = _available(now, step.from_account, step.limit)
    states = [now.tranches[name] for name in step.tranches]
    takes = [can_take_minor(state.terms, state.balance, now.number, step.accelerated) for state in states]
    dues = [
        Reason(rule=Rule.PRINCIPAL_DUE, value=take, subject=state.terms.name, figures=(("balance", state.balance),))
        for state, take in zip(states, takes, strict=True)
    ]
    match step.order:
        case PrincipalOrder.SEQUENTIAL:
            paid, rule = in_order(available.value, takes), Rule.PAID
        case PrincipalOrder.PRO_RATA:
            paid, rule = pro_rata(available.value, takes), Rule.PAID_PRO_RATA
        case PrincipalOrder.SHARES:
            paid, rule = by_shares(available.value, step.shares_ppm, takes), Rule.PAID_BY_SHARE
    for state, amount in zip(states, paid, strict=True):
        state.balance -= amount
    now.accounts[step.from_account] -= sum(paid)
    return _told(path, Kind.PRINCIPAL, step.from_account, step.tranches, dues, paid, available, rule)


def _fund(now: Running, step: FundReserve, path: str) -> Payment:
    target, available = target_of(now, step.account), _available(now, step.from_account, None)
    missing = max(0, target.value - now.accounts[step.account])
    amount = min(available.value, missing)
    figures = (("holds", now.accounts[step.account]), ("missing", missing))
    why = Reason(rule=Rule.FUNDED, value=amount, subject=step.account, figures=figures, parts=(target, available))
    _move(now, step.from_account, step.account, amount)
    return _payment(path, Kind.RESERVE, step.from_account, step.account, amount, why)


def _release(now: Running, step: ReleaseReserve, path: str) -> Payment:
    target, holds = target_of(now, step.account), now.accounts[step.account]
    amount = max(0, holds - target.value)
    why = Reason(rule=Rule.RELEASED, value=amount, subject=step.account, figures=(("holds", holds),), parts=(target,))
    _move(now, step.account, step.to_account, amount)
    return _payment(path, Kind.RELEASE, step.account, step.to_account, amount, why)


def _top_up(now: Running, step: TopUp, path: str) -> list[Payment]:
    dues = [(name, now.fees[name].amount) for name in step.fees]
    dues += [(name, now.hedges[name].amount) for name in step.hedges]
    dues += [(name, now.tranches[name].interest_due) for name in step.interest]
    for name in step.principal:
        state = now.tranches[name]
        dues.append((name, principal_due_minor(state.terms, state.balance, now.number, now.last)))
    holds = now.accounts[step.to_account]
    missing = max(0, sum(due for _, due in dues) - holds)
    need = Reason(rule=Rule.SHORTFALL, value=missing, subject=step.to_account, figures=(*dues, ("holds", holds)))
    told: list[Payment] = []
    for source in step.sources:
        if isinstance(source, FromAccount):
            kind, name, available, rule = Kind.ACCOUNT_DRAW, source.account, now.accounts[source.account], Rule.DRAWN
        else:
            support = now.supports[source.support]
            kind, name, available = Kind.SUPPORT_DRAW, source.support, support.available
            rule = Rule.FAILED if support.failed else Rule.DRAWN
        amount = min(missing, available)
        figures = (("missing", missing), ("available", available))
        why = Reason(rule=rule, value=amount, subject=name, figures=figures, parts=(need,))
        if isinstance(source, FromAccount):
            now.accounts[name] -= amount
        else:
            now.supports[name].used += amount
            now.supports[name].owed += amount if now.supports[name].terms.recourse else 0
        now.accounts[step.to_account] += amount
        missing -= amount
        told.append(_payment(path, kind, step.to_account, name, amount, why))
    return told


def _repay(now: Running, step: RepaySupports, path: str) -> list[Payment]:
    told: list[Payment] = []
    for name in step.supports:
        support = now.supports[name]
        for kind, owed in ((Kind.SUPPORT_INTEREST, support.interest_due), (Kind.SUPPORT_PRINCIPAL, support.owed)):
            available = _available(now, step.from_account, None)
            due = Reason(rule=Rule.OWED, value=owed, subject=name)
            amount = min(available.value, owed)
            told += _told(path, kind, step.from_account, [name], [due], [amount], available, Rule.PAID)
            now.accounts[step.from_account] -= amount
            if kind is Kind.SUPPORT_INTEREST:
                support.interest_due -= amount
            else:
                support.owed -= amount
                support.used -= amount if support.terms.restores else 0
    return told


def _write_off(now: Running, step: WriteOff, path: str) -> list[Payment]:
    loss = worth(now, step.amount)
    states = [now.tranches[name] for name in step.tranches]
    told: list[Payment] = []
    for state, amount in zip(states, in_order(loss.value, [state.balance for state in states]), strict=True):
        name, figures = state.terms.name, (("balance", state.balance),)
        why = Reason(rule=Rule.WRITTEN_OFF, value=amount, subject=name, figures=figures, parts=(loss,))
        told.append(_payment(path, Kind.WRITE_OFF, "", name, amount, why))
        state.balance -= amount
    return told
