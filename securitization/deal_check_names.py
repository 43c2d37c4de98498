"""Whether every name is declared once, known where it is used and used somewhere; and formulas know what they use."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from securitization.deal import Deal, all_waterfalls
from securitization.deal_formulas import (
    MAX_DEPTH,
    FeesDue,
    Formula,
    InAccount,
    OfSupport,
    OfTranches,
    TargetOf,
    TrancheFigure,
    Tripped,
    children,
    walk,
)
from securitization.deal_problems import DealCode, Problem
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
from securitization.deal_terms import (
    EventFee,
    FloatingCoupon,
    FloatingLeg,
    Hedge,
    InterestOnly,
    RateFee,
    Swap,
    TieredFee,
)
from securitization.deal_triggers import Follows, SupportFailed
from securitization.trigger import comparison


class Noun(StrEnum):
    """What a name can be the name of: the deal's lists."""

    TRANCHE = "tranches"
    ACCOUNT = "accounts"
    FEE = "fees"
    SUPPORT = "supports"
    HEDGE = "hedges"
    TRIGGER = "triggers"
    INDEX = "indexes"
    EVENT = "events"


class Place(StrEnum):
    """Where a formula stands, which decides what is known there."""

    ACCRUAL = "as the period opens"
    TARGET = "in a target"
    STEP = "in a step"
    TEST = "in a test"


Use = tuple[Noun, str, str]
"""What kind of thing is named, its name, and where."""

ACCRUAL_FIGURES = (TrancheFigure.FACE, TrancheFigure.BALANCE)


def check_names(deal: Deal) -> list[Problem]:
    """Refused: formula.too_deep, name.duplicate, name.unknown, formula.not_here, name.unused."""
    stated = list(formulas(deal))
    deep = [
        Problem(code=DealCode.FORMULA_TOO_DEEP, path=path, reason=f"deeper than {MAX_DEPTH}")
        for path, formula, _ in stated
        if _depth(formula) > MAX_DEPTH
    ]
    return deep or [*_duplicates(deal), *_unknown(deal, stated), *_misplaced(stated)] or _unused(deal)


def declared(deal: Deal) -> dict[Noun, list[str]]:
    """Every name of the deal, by what it names."""
    return {
        Noun.TRANCHE: [tranche.name for tranche in deal.tranches],
        Noun.ACCOUNT: [account.name for account in deal.accounts],
        Noun.FEE: [fee.name for fee in deal.fees],
        Noun.SUPPORT: [support.name for support in deal.supports],
        Noun.HEDGE: [hedge.name for hedge in deal.hedges],
        Noun.TRIGGER: [trigger.name for trigger in deal.triggers],
        Noun.INDEX: list(deal.indexes),
        Noun.EVENT: list(deal.events),
    }


def formulas(deal: Deal) -> Iterator[tuple[str, Formula, Place]]:
    """Every formula of the deal, with its path and where it stands; those a named test stands for too."""
    for place, account in enumerate(deal.accounts):
        if account.target is not None:
            yield f"$.accounts[{place}].target", account.target, Place.TARGET
    for place, fee in enumerate(deal.fees):
        if isinstance(fee.charge, RateFee | TieredFee):
            yield f"$.fees[{place}].charge.base", fee.charge.base, Place.ACCRUAL
    for place, hedge in enumerate(deal.hedges):
        yield f"$.hedges[{place}].notional", hedge.notional, Place.ACCRUAL
    for place, trigger in enumerate(deal.triggers):
        test = comparison(trigger.test)
        yield f"$.triggers[{place}].test.left", test.left, Place.TEST
        yield f"$.triggers[{place}].test.right", test.right, Place.TEST
    for status, steps in all_waterfalls(deal):
        for place, step in enumerate(steps):
            path = f"$.waterfalls.{status}[{place}]"
            if isinstance(step, PayFees | PayPrincipal | Transfer) and step.limit is not None:
                yield f"{path}.limit", step.limit, Place.STEP
            if isinstance(step, WriteOff):
                yield f"{path}.amount", step.amount, Place.STEP


def step_uses(step: Step, path: str) -> list[Use]:
    """What a step names, formulas apart."""

    def several(noun: Noun, field: str, names: tuple[str, ...]) -> list[Use]:
        return [(noun, name, f"{path}.{field}[{place}]") for place, name in enumerate(names)]

    match step:
        case PayFees():
            return [(Noun.ACCOUNT, step.from_account, f"{path}.from_account"), *several(Noun.FEE, "fees", step.fees)]
        case PayHedges():
            account = (Noun.ACCOUNT, step.from_account, f"{path}.from_account")
            return [account, *several(Noun.HEDGE, "hedges", step.hedges)]
        case PayInterest() | PayPrincipal():
            account = (Noun.ACCOUNT, step.from_account, f"{path}.from_account")
            return [account, *several(Noun.TRANCHE, "tranches", step.tranches)]
        case PayResidual():
            account = (Noun.ACCOUNT, step.from_account, f"{path}.from_account")
            return [account, (Noun.TRANCHE, step.tranche, f"{path}.tranche")]
        case FundReserve():
            account = (Noun.ACCOUNT, step.from_account, f"{path}.from_account")
            return [account, (Noun.ACCOUNT, step.account, f"{path}.account")]
        case ReleaseReserve():
            account = (Noun.ACCOUNT, step.account, f"{path}.account")
            return [account, (Noun.ACCOUNT, step.to_account, f"{path}.to_account")]
        case Transfer():
            account = (Noun.ACCOUNT, step.from_account, f"{path}.from_account")
            return [account, (Noun.ACCOUNT, step.to_account, f"{path}.to_account")]
        case TopUp():
            found = [(Noun.ACCOUNT, step.to_account, f"{path}.to_account")]
            for place, source in enumerate(step.sources):
                if isinstance(source, FromAccount):
                    found.append((Noun.ACCOUNT, source.account, f"{path}.sources[{place}].account"))
                else:
                    found.append((Noun.SUPPORT, source.support, f"{path}.sources[{place}].support"))
            found += [*several(Noun.FEE, "fees", step.fees), *several(Noun.HEDGE, "hedges", step.hedges)]
            found += several(Noun.TRANCHE, "interest", step.interest)
            return found + several(Noun.TRANCHE, "principal", step.principal)
        case RepaySupports():
            account = (Noun.ACCOUNT, step.from_account, f"{path}.from_account")
            return [account, *several(Noun.SUPPORT, "supports", step.supports)]
        case WriteOff():
            return several(Noun.TRANCHE, "tranches", step.tranches)


def _depth(formula: Formula) -> int:
    return 1 + max((_depth(inner) for _, inner in children(formula)), default=0)


def _term_uses(deal: Deal) -> Iterator[Use]:
    """What terms name: accounts of collections and hedges, indexes, events, notionals, failed supports."""
    into = deal.collections
    for name, account in (("interest", into.interest), ("principal", into.principal), ("recoveries", into.recoveries)):
        yield Noun.ACCOUNT, account, f"$.collections.{name}"
    for place, tranche in enumerate(deal.tranches):
        if isinstance(tranche.coupon, FloatingCoupon):
            yield Noun.INDEX, tranche.coupon.index, f"$.tranches[{place}].coupon.index"
        if isinstance(tranche.principal, InterestOnly):
            for inner, name in enumerate(tranche.principal.notional_of):
                yield Noun.TRANCHE, name, f"$.tranches[{place}].principal.notional_of[{inner}]"
    for place, fee in enumerate(deal.fees):
        if isinstance(fee.charge, EventFee):
            yield Noun.EVENT, fee.charge.event, f"$.fees[{place}].charge.event"
    for place, hedge in enumerate(deal.hedges):
        yield Noun.ACCOUNT, hedge.account, f"$.hedges[{place}].account"
        yield from _hedge_indexes(hedge, f"$.hedges[{place}].terms")
    for place, trigger in enumerate(deal.triggers):
        if isinstance(trigger.test, SupportFailed):
            yield Noun.SUPPORT, trigger.test.support, f"$.triggers[{place}].test.support"
        if isinstance(trigger.test, Follows):
            yield Noun.TRIGGER, trigger.test.trigger, f"$.triggers[{place}].test.trigger"


def _hedge_indexes(hedge: Hedge, path: str) -> Iterator[Use]:
    if isinstance(hedge.terms, Swap):
        for side, leg in (("receive", hedge.terms.receive), ("pay", hedge.terms.pay)):
            if isinstance(leg, FloatingLeg):
                yield Noun.INDEX, leg.index, f"{path}.{side}.index"
    else:
        yield Noun.INDEX, hedge.terms.index, f"{path}.index"


def _formula_uses(formula: Formula, path: str) -> Iterator[Use]:
    for inner_path, inner in walk(formula, path):
        match inner:
            case OfTranches():
                yield from ((Noun.TRANCHE, name, inner_path) for name in inner.tranches)
            case FeesDue():
                yield from ((Noun.FEE, name, inner_path) for name in inner.fees)
            case InAccount() | TargetOf():
                yield Noun.ACCOUNT, inner.account, inner_path
            case OfSupport():
                yield Noun.SUPPORT, inner.support, inner_path
            case Tripped():
                yield Noun.TRIGGER, inner.trigger, inner_path
            case _:
                pass


def _duplicates(deal: Deal) -> list[Problem]:
    """One name, one thing: an explanation says `reserve` and must not leave open which."""
    found: list[Problem] = []
    seen: list[str] = []
    for noun, names in declared(deal).items():
        for place, name in enumerate(names):
            if name in seen:
                reason = f"{name} is declared before"
                found.append(Problem(code=DealCode.NAME_DUPLICATE, path=f"$.{noun}[{place}]", reason=reason))
            seen.append(name)
    return found


def _step_uses(deal: Deal) -> list[Use]:
    return [
        use
        for status, steps in all_waterfalls(deal)
        for place, step in enumerate(steps)
        for use in step_uses(step, f"$.waterfalls.{status}[{place}]")
    ]


def _unknown(deal: Deal, stated: list[tuple[str, Formula, Place]]) -> list[Problem]:
    known = declared(deal)
    uses = [*_term_uses(deal), *_step_uses(deal)]
    uses += [use for path, formula, _ in stated for use in _formula_uses(formula, path)]
    return [
        Problem(code=DealCode.NAME_UNKNOWN, path=path, reason=f"{name} is not one of the deal's {noun}")
        for noun, name, path in uses
        if name not in known[noun]
    ]


def _misplaced(stated: list[tuple[str, Formula, Place]]) -> list[Problem]:
    found: list[Problem] = []
    for path, formula, place in stated:
        for inner_path, inner in walk(formula, path):
            wrong = isinstance(inner, Tripped) and place is not Place.TEST
            if place is Place.ACCRUAL:
                wrong |= isinstance(inner, FeesDue | InAccount | TargetOf | OfSupport)
                wrong |= isinstance(inner, OfTranches) and inner.figure not in ACCRUAL_FIGURES
            if wrong:
                reason = f"{type(inner).__struct_config__.tag} is not known {place}"
                found.append(Problem(code=DealCode.FORMULA_NOT_HERE, path=inner_path, reason=reason))
    return found


def _unused(deal: Deal) -> list[Problem]:
    """What is declared and never acted on. Tranches, fees and hedges are looked after by `due.unpaid`."""
    steps = [step for _, some in all_waterfalls(deal) for step in some]
    acted = [(noun, name) for noun, name, _ in [*_term_uses(deal), *_step_uses(deal)]]
    sources = [source for step in steps if isinstance(step, TopUp) for source in step.sources]
    drawn = [source.support for source in sources if not isinstance(source, FromAccount)]
    filled = [step.account for step in steps if isinstance(step, FundReserve | ReleaseReserve)]
    found = [
        Problem(code=DealCode.NAME_UNUSED, path=f"$.{noun}[{place}]", reason=f"nothing is done with {name}")
        for noun, names in declared(deal).items()
        for place, name in enumerate(names)
        if noun in {Noun.ACCOUNT, Noun.INDEX, Noun.EVENT} and (noun, name) not in acted
    ]
    found += [
        Problem(code=DealCode.NAME_UNUSED, path=f"$.accounts[{place}].target", reason="nothing funds or releases it")
        for place, account in enumerate(deal.accounts)
        if account.target is not None and account.name not in filled
    ]
    return found + [
        Problem(code=DealCode.NAME_UNUSED, path=f"$.supports[{place}]", reason=f"no step draws on {support.name}")
        for place, support in enumerate(deal.supports)
        if support.name not in drawn
    ]
