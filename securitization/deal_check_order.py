"""Whether a waterfall respects who ranks before whom.

Interest goes by rank. Principal goes by rank too; only in the normal status may tranches of different rank share it in
proportion. No tranche is paid principal before the interest of its seniors and its own. What is left of an account goes
to the most junior, last. A guarantor's recourse waits for the holders it stands behind. Losses fall on juniors first.
"""

from __future__ import annotations

from collections.abc import Iterator

from securitization.deal import Deal, all_waterfalls
from securitization.deal_problems import DealCode, Problem
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
    RepaySupports,
    Step,
    TopUp,
    Transfer,
    WriteOff,
)
from securitization.deal_terms import InterestOnly, SupportKind, Tranche
from securitization.deal_triggers import Status

Turn = tuple[int, int]
"""When a tranche is paid first: the step, and the place within it; equal where the step pays side by side."""


def check_order(deal: Deal) -> list[Problem]:
    """Refused: seniority.wrong, seniority.residual, seniority.subrogation."""
    ranks = {tranche.name: tranche.seniority for tranche in deal.tranches}
    found: list[Problem] = []
    for status, steps in all_waterfalls(deal):
        path = f"$.waterfalls.{status}"
        interest, principal = _interest_turns(steps), _principal_turns(steps)
        found += _by_rank(path, "interest", interest, ranks, sharing=[])
        found += _by_rank(path, "principal", principal, ranks, sharing=_shared(steps, status))
        found += _interest_first(path, interest, principal, ranks)
        found += _residual(path, status, steps, ranks)
        found += _subrogation(deal, path, steps, interest, principal)
        found += _losses(deal.tranches, path, steps)
    return found


def _interest_turns(steps: tuple[Step, ...]) -> dict[str, Turn]:
    turns: dict[str, Turn] = {}
    for place, step in enumerate(steps):
        if isinstance(step, PayInterest):
            for inner, name in enumerate(step.tranches):
                turns.setdefault(name, (place, 0 if step.order is Order.PRO_RATA else inner))
    return turns


def _principal_turns(steps: tuple[Step, ...]) -> dict[str, Turn]:
    turns: dict[str, Turn] = {}
    for place, step in enumerate(steps):
        if isinstance(step, PayPrincipal):
            for inner, name in enumerate(step.tranches):
                turns.setdefault(name, (place, inner if step.order is PrincipalOrder.SEQUENTIAL else 0))
    return turns


def _shared(steps: tuple[Step, ...], status: Status) -> list[int]:
    """The steps that may pay principal of different ranks side by side: those of the normal status."""
    return [place for place, step in enumerate(steps) if isinstance(step, PayPrincipal) and status is Status.NORMAL]


def _by_rank(
    path: str, what: str, turns: dict[str, Turn], ranks: dict[str, int], sharing: list[int]
) -> Iterator[Problem]:
    for senior, early in turns.items():
        for junior, turn in turns.items():
            beside = turn == early and turn[0] in sharing
            if ranks[senior] < ranks[junior] and turn <= early and not beside:
                how = "side by side with" if turn == early else "before"
                reason = f"{what} of {junior} is paid {how} that of {senior}"
                yield Problem(code=DealCode.SENIORITY_WRONG, path=f"{path}[{turn[0]}]", reason=reason)


def _interest_first(
    path: str, interest: dict[str, Turn], principal: dict[str, Turn], ranks: dict[str, int]
) -> Iterator[Problem]:
    for name, turn in principal.items():
        for senior, early in interest.items():
            if ranks[senior] <= ranks[name] and turn[0] < early[0]:
                reason = f"principal of {name} is paid before interest of {senior}"
                yield Problem(code=DealCode.SENIORITY_WRONG, path=f"{path}[{turn[0]}]", reason=reason)


def _residual(path: str, status: Status, steps: tuple[Step, ...], ranks: dict[str, int]) -> Iterator[Problem]:
    """The residual is the most junior's and comes last: of its account, and in other statuses than normal of all."""
    for place, step in enumerate(steps):
        if not isinstance(step, PayResidual):
            continue
        where = f"{path}[{place}]"
        if ranks[step.tranche] != max(ranks.values()):
            reason = f"{step.tranche} is not the most junior"
            yield Problem(code=DealCode.SENIORITY_RESIDUAL, path=f"{where}.tranche", reason=reason)
        for later, other in enumerate(steps[place + 1 :], start=place + 1):
            same = step.from_account in _taken_from(other)
            dues = isinstance(other, PayFees | PayHedges | PayInterest | PayPrincipal | RepaySupports)
            if same or (dues and status is not Status.NORMAL):
                reason = f"step {later} pays after the residual"
                yield Problem(code=DealCode.SENIORITY_RESIDUAL, path=where, reason=reason)
                break


def _taken_from(step: Step) -> list[str]:
    match step:
        case PayFees() | PayHedges() | PayInterest() | PayPrincipal() | RepaySupports() | FundReserve() | Transfer():
            return [step.from_account]
        case TopUp():
            return [source.account for source in step.sources if isinstance(source, FromAccount)]
        case _:
            return []


def _subrogation(
    deal: Deal,
    path: str,
    steps: tuple[Step, ...],
    interest: dict[str, Turn],
    principal: dict[str, Turn],
) -> Iterator[Problem]:
    covered = _covered(deal)
    kinds = {support.name: support.kind for support in deal.supports}
    for place, step in enumerate(steps):
        if not isinstance(step, RepaySupports):
            continue
        for name in step.supports:
            if kinds[name] is SupportKind.LIQUIDITY:
                continue
            waits = [turns[one] for one in covered.get(name, []) for turns in (interest, principal) if one in turns]
            if any(turn[0] > place for turn in waits):
                reason = f"{name} is repaid before those it stands behind"
                yield Problem(code=DealCode.SENIORITY_SUBROGATION, path=f"{path}[{place}]", reason=reason)


def _covered(deal: Deal) -> dict[str, list[str]]:
    """The tranches that each support stands behind in any waterfall."""
    covered: dict[str, list[str]] = {}
    for _, steps in all_waterfalls(deal):
        for step in steps:
            if isinstance(step, TopUp):
                for source in step.sources:
                    if not isinstance(source, FromAccount):
                        covered.setdefault(source.support, []).extend([*step.interest, *step.principal])
    return covered


def _losses(tranches: tuple[Tranche, ...], path: str, steps: tuple[Step, ...]) -> Iterator[Problem]:
    owing = [tranche for tranche in tranches if not isinstance(tranche.principal, InterestOnly)]
    ranks = {tranche.name: tranche.seniority for tranche in owing}
    for place, step in enumerate(steps):
        if not isinstance(step, WriteOff):
            continue
        for inner, name in enumerate(step.tranches):
            spared = [
                one.name for one in owing if one.seniority > ranks[name] and one.name not in step.tranches[:inner]
            ]
            if spared:
                reason = f"{name} loses before its junior {spared[0]}"
                where = f"{path}[{place}].tranches[{inner}]"
                yield Problem(code=DealCode.SENIORITY_WRONG, path=where, reason=reason)
