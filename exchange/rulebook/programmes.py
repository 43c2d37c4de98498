"""Reward programmes as published texts: event, roles, amount, caps, window, notice, clawback, each with its source.

A text says what an authority promised, no more: one that names only a cap says `cap_only`, one without any amount is a
`template`. Which scheme pays by it, from whose money, is another matter (exchange/engine/schemes.py).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.rejections import RejectCode
from exchange.core.reward_terms import (
    AmountBasis,
    Cap,
    ClawbackTerms,
    EvidenceKind,
    Exhaustion,
    RewardEventKind,
    RoleAmount,
    SchemeRole,
    Stacking,
    formula_problem,
)
from exchange.core.units import Code, CurrencyCode, IsoDate, Name, PositiveCount
from exchange.rulebook.profile import Days
from exchange.rulebook.texts import Row, SourcedRow, TextError, is_date, read_text, write_text

Roles = Annotated[tuple[SchemeRole, ...], msgspec.Meta(min_length=1, max_length=10)]
Amounts = Annotated[tuple[RoleAmount, ...], msgspec.Meta(max_length=10)]
Caps = Annotated[tuple[Cap, ...], msgspec.Meta(max_length=8)]
Proofs = Annotated[tuple[EvidenceKind, ...], msgspec.Meta(max_length=9)]


class ProgrammeFields(Part, frozen=True, kw_only=True):
    """The rows of a programme.

    Units: days are calendar days: to claim after the event (0: within the call), of notice, to appeal.
    """

    event: Row[RewardEventKind]
    roles: Row[Roles]
    basis: Row[AmountBasis]
    amounts: Row[Amounts]
    caps: Row[Caps]
    evidence: Row[Proofs]
    window_days: Row[Days]
    notice_days: Row[Days]
    appeal_days: Row[Days]
    exhaustion: Row[Exhaustion]
    stacking: Row[Stacking]
    clawback: Row[ClawbackTerms]


class RewardProgramme(Part, frozen=True, kw_only=True, tag_field="text", tag="reward_programme"):
    """One version of a programme, as published."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    title_zh: Name
    title_en: Name
    authority: Name
    currency: CurrencyCode
    fields: ProgrammeFields

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]:
        """Every row by its name."""
        return tuple((name, getattr(self.fields, name)) for name in ProgrammeFields.__struct_fields__)


def parse_programme(text: str) -> RewardProgramme | TextError:
    """Read and check the text of a programme.

    Refused: scheme.programme_invalid, with the place in the text.
    """
    programme = read_text(text, RewardProgramme, RejectCode.SCHEME_PROGRAMME_INVALID)
    if isinstance(programme, TextError):
        return programme
    problem = _contradiction(programme)
    if problem is None:
        return programme
    path, reason = problem
    return TextError(code=RejectCode.SCHEME_PROGRAMME_INVALID, path=path, reason=reason)


def canonical_programme(programme: RewardProgramme) -> str:
    """The one text of this programme."""
    return write_text(programme)


def amounts_problem(roles: tuple[SchemeRole, ...], amounts: tuple[RoleAmount, ...]) -> str:
    """What is wrong with amounts that should cover exactly these roles; empty: nothing."""
    named = [each.role for each in amounts]
    if sorted(named) != sorted(roles):
        return "one amount for each role, and for no other"
    return next((problem for each in amounts if (problem := formula_problem(each.formula))), "")


def _contradiction(programme: RewardProgramme) -> tuple[str, str] | None:
    fields = programme.fields
    if not is_date(programme.effective_from):
        return "$.effective_from", "no such date"
    roles, basis, caps = fields.roles.value, fields.basis.value, fields.caps.value
    if len(dict.fromkeys(roles)) != len(roles):
        return "$.fields.roles.value", "a role stands twice"
    if basis is AmountBasis.FORMULA:
        if problem := amounts_problem(roles, fields.amounts.value):
            return "$.fields.amounts.value", problem
    elif fields.amounts.value:
        return "$.fields.amounts.value", f"a programme of basis {basis} states no amount"
    if basis is AmountBasis.CAP_ONLY and not caps:
        return "$.fields.caps.value", "a programme that states only a cap states one"
    for place, cap in enumerate(caps):
        if problem := formula_problem(cap.limit):
            return f"$.fields.caps.value[{place}].limit", problem
    days = [step.until_day for step in fields.clawback.value.steps]
    if sorted(dict.fromkeys(days)) != days:
        return "$.fields.clawback.value.steps", "days rise"
    if days and fields.clawback.value.linear_days:
        return "$.fields.clawback.value", "steps or linear, not both"
    return None
