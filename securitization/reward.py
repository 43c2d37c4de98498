"""What a programme owes: formulas worked out step by step in exact integers, caps, shares of a budget, clawback.

Every step is kept as a line (rule, inputs, result), so that a figure can be read and checked by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from exchange.core.messages import Record
from exchange.core.reward_terms import (
    Bands,
    Base,
    Cap,
    CapScope,
    ClawbackTerms,
    ClawbackTrigger,
    Each,
    Exhaustion,
    Fact,
    Fixed,
    Formula,
    Least,
    Most,
    Rate,
    Rounding,
    Total,
    When,
)
from exchange.core.units import div_floor, div_half_even, share_out
from securitization.messages import Programme, RewardRole

PPM = 1_000_000


class FigureLine(Record, frozen=True, kw_only=True):
    """One step of a figure: which rule, at which place in the text, from which inputs, with what result."""

    place: str
    rule: str
    inputs: tuple[tuple[str, int], ...]
    result: int


def reward_minor(programme: Programme, role: RewardRole, base_minor: int) -> int:
    """The reward of one role for one issue; a fraction of a cent is not paid. Units: minor.

    Source: DOMAIN workflow 12, `min(rate × base, cap, budget left)`.
    """
    rate = programme.issuer_rate_ppm if role is RewardRole.ISSUER else programme.intermediary_rate_ppm
    return min(div_floor(base_minor * rate, PPM), programme.cap_minor, programme.budget_left_minor)


def work_out(formula: Formula, facts: Mapping[Fact, int], place: str, lines: list[FigureLine]) -> int:
    """The value of a formula; its steps are added to `lines`, inner ones first.

    Raises: KeyError if a fact is missing: `facts_of` says which are asked for.
    """
    inputs: list[tuple[str, int]] = []
    result = _value(formula, facts, place, lines, inputs)
    lines.append(FigureLine(place=place, rule=type(formula).__name__.lower(), inputs=tuple(inputs), result=result))
    return result


def _value(
    formula: Formula, facts: Mapping[Fact, int], place: str, lines: list[FigureLine], inputs: list[tuple[str, int]]
) -> int:
    match formula:
        case Fixed():
            return formula.amount_minor
        case Base():
            return facts[formula.fact]
        case Each():
            inputs += [(formula.fact, facts[formula.fact]), ("amount_minor", formula.amount_minor)]
            return facts[formula.fact] * formula.amount_minor
        case Rate():
            of = work_out(formula.of, facts, f"{place}.of", lines)
            inputs += [("of", of), ("rate_ppm", formula.rate_ppm)]
            return _divide(of * formula.rate_ppm, PPM, formula.rounding)
        case Bands():
            of = work_out(formula.of, facts, f"{place}.of", lines)
            over = of if formula.over is None else facts[formula.over]
            inputs += [("of", of), ("over", over)]
            return _in_bands(formula, of, over, inputs)
        case Total() | Least() | Most():
            values = [work_out(part, facts, f"{place}.of[{n}]", lines) for n, part in enumerate(formula.of)]
            inputs += [(str(n), value) for n, value in enumerate(values)]
            return sum(values) if isinstance(formula, Total) else (min if isinstance(formula, Least) else max)(values)
        case When():
            inputs += [(formula.fact, facts[formula.fact]), ("above_minor", formula.above_minor)]
            above = facts[formula.fact] > formula.above_minor
            return work_out(
                formula.then if above else formula.otherwise,
                facts,
                f"{place}.{'then' if above else 'otherwise'}",
                lines,
            )
        case _:
            assert_never(formula)


def _in_bands(formula: Bands, of: int, over: int, inputs: list[tuple[str, int]]) -> int:
    """Each band's part of what is cut, times its rate; one division at the end."""
    weighted, below = 0, 0
    for place, band in enumerate(formula.bands):
        end = over if band.up_to_minor is None else min(over, band.up_to_minor)
        part = max(end - below, 0)
        inputs += [(f"part[{place}]", part), (f"rate_ppm[{place}]", band.rate_ppm)]
        weighted += part * band.rate_ppm
        below = max(below, end)
    if formula.over is None:
        return _divide(weighted, PPM, formula.rounding)
    return _divide(of * weighted, over * PPM, formula.rounding) if over else 0


def _divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    return (div_floor if rounding is Rounding.FLOOR else div_half_even)(numerator, denominator)


def capped(
    amount_minor: int,
    caps: Sequence[Cap],
    facts: Mapping[Fact, int],
    used: Mapping[CapScope, int],
    lines: list[FigureLine],
) -> int:
    """The amount within every cap, given what other claims of each scope came to. Units: minor."""
    for place, cap in enumerate(caps):
        limit = work_out(cap.limit, facts, f"caps[{place}].limit", lines)
        counted = 0 if cap.scope is CapScope.CLAIM else used[cap.scope]
        before, amount_minor = amount_minor, min(amount_minor, max(limit - counted, 0))
        inputs = (("amount", before), ("limit", limit), ("used", counted))
        lines.append(FigureLine(place=f"caps[{place}]", rule=f"cap:{cap.scope}", inputs=inputs, result=amount_minor))
    return amount_minor


def shared(exhaustion: Exhaustion, budget_minor: int, asked: Sequence[int]) -> list[int]:
    """What each claim gets of a budget; `asked` is in the order of rank. Units: minor.

    Pro rata scales in whole cents by largest remainder, so that the awards come to the budget exactly; otherwise each
    in its turn gets what it asked for, and the one at the edge what is left.
    """
    if sum(asked) <= budget_minor:
        return list(asked)
    if exhaustion is Exhaustion.PRO_RATA:
        return share_out(budget_minor, asked)
    awards: list[int] = []
    for each in asked:
        awards.append(min(each, budget_minor - sum(awards)))
    return awards


def clawback_minor(terms: ClawbackTerms, trigger: ClawbackTrigger, paid_minor: int, days: int) -> int:
    """What is taken back so many days after payment; a fraction of a cent stays with the earner. Units: minor."""
    if trigger is ClawbackTrigger.FALSE_STATEMENT:
        return paid_minor
    if terms.steps:
        share_ppm = next((step.share_ppm for step in terms.steps if days <= step.until_day), 0)
        return div_floor(paid_minor * share_ppm, PPM)
    if terms.linear_days:
        return div_floor(paid_minor * max(terms.linear_days - days, 0), terms.linear_days)
    return paid_minor
