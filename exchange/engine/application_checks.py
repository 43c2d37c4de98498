"""What an application is held to: its call, its event, the role in it, no double claim, evidence against the ledger.

A closed issue is read from the ledger (`closed_issues`). What happened outside was put on record with its figures. A
figure that neither shows must stand in the evidence, and one that they show must be the same there.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AssetId, SchemeCallId, to_wire
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode, ensure
from exchange.core.reward_terms import (
    AmountBasis,
    CapScope,
    Exhaustion,
    Fact,
    Formula,
    RewardEventKind,
    RoleAmount,
    SchemeRole,
    Stacking,
    facts_of,
)
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import MAX_INTEGER, Minor, TimeNs
from exchange.engine.closed_issues import Occasion, issue_closed, product_closed
from exchange.engine.documents import refuse_documents
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.programmes import RewardProgramme
from securitization.application_messages import Application, ApplicationState, Evidence
from securitization.messages import Reward
from securitization.reward import FigureLine, capped, work_out
from securitization.scheme_messages import CallState, RewardEvent, Scheme, SchemeCall


def programme_of(state: ExchangeState, scheme: Scheme) -> RewardProgramme:
    """The version of the programme a scheme lives under."""
    document = state.parsed.get((PublishedKind.REWARD_PROGRAMME.value, scheme.programme, scheme.version))
    ensure(isinstance(document, RewardProgramme), "a scheme's programme is published")
    assert isinstance(document, RewardProgramme)  # noqa: S101 - for the type checker; ensure() above is the guard
    return document


def applications_of(state: ExchangeState, call_id: SchemeCallId) -> list[Application]:
    """The applications of one call that count, in the order in which they were opened."""
    return [each for each in state.table(Application).values() if each.call_id == call_id]


def put_call(state: ExchangeState, call: SchemeCall, /, **changes: object) -> SchemeCall:
    """Keep a call as it now stands. Call after the line."""
    changed = msgspec.structs.replace(call, **changes)
    ensure(0 <= changed.left_minor <= changed.budget_minor, "a call promises no more than its budget")
    state.put(changed)
    return changed


def days_on_ns(header: Header, days: int) -> TimeNs:
    """The end of so many calendar days after today."""
    return start_of_day_ns(local_date(header.at_ns, VENUE_TIME_ZONE) + timedelta(days=days + 1), VENUE_TIME_ZONE)


def occasion(
    state: ExchangeState, kind: RewardEventKind, application: Application, money_asset_id: AssetId
) -> Occasion | Rejected:
    """The event a claim names, as the ledger or the record shows it.

    Refused: application.no_event.
    """
    product_id, event_id, issue_id = application.occasion
    if (product_id != 0) + (event_id != 0) + (issue_id != 0) != 1:
        return _no_event("one event is named")
    if event_id:
        event = state.table(RewardEvent).get(event_id)
        if event is None or event.kind is not kind:
            return _no_event(f"not on record as {kind}")
        return Occasion(
            happened_on=event.happened_on,
            parties=tuple((party.role, party.member_id) for party in event.parties),
            facts={each.fact: each.value for each in event.facts},
        )
    if kind is not RewardEventKind.PRODUCT_ISSUED:
        return _no_event(f"not on record as {kind}")
    return (
        issue_closed(state, issue_id, money_asset_id) if issue_id else product_closed(state, product_id, money_asset_id)
    )


def refuse_claim(
    state: ExchangeState, header: Header, application: Application, scheme: Scheme, call: SchemeCall, *, late: bool
) -> Rejected | None:
    """Whether this claim may be made: open call, event, role, window, not twice. `late` passes over the days.

    Refused: scheme_call.state, application.no_event, application.not_entitled, application.window, reward.double_claim.
    """
    fields = programme_of(state, scheme).fields
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    if not late and (call.state is not CallState.OPEN or not call.opens_on <= today.isoformat() <= call.closes_on):
        return Rejected(code=RejectCode.SCHEME_CALL_STATE, detail=f"{call.opens_on} to {call.closes_on}")
    found = occasion(state, fields.event.value, application, scheme.money_asset_id)
    if isinstance(found, Rejected):
        return found
    if application.role not in fields.roles.value or (application.role, application.member_id) not in found.parties:
        detail = f"not the {application.role} of this event"
        return Rejected(code=RejectCode.APPLICATION_NOT_ENTITLED, detail=detail)
    window = fields.window_days.value
    if not late and window and (today - timedelta(days=window)).isoformat() > found.happened_on:
        detail = f"{window} days after {found.happened_on}"
        return Rejected(code=RejectCode.APPLICATION_WINDOW, detail=detail)
    return _refuse_double(state, application, fields.stacking.value)


def _refuse_double(state: ExchangeState, application: Application, stacking: Stacking) -> Rejected | None:
    """Whether the same party claimed, for the same event in the same role, under this or another programme.

    Refused: reward.double_claim.
    """
    for reward in state.table(Reward).values():  # claimed by the older command
        earned = (reward.product_id, reward.role.value, state.accounts[reward.account_id].member_id)
        if application.product_id and earned == (application.product_id, application.role.value, application.member_id):
            return Rejected(code=RejectCode.REWARD_DOUBLE_CLAIM, detail=to_wire("E", reward.reward_id))
    key = (application.occasion, application.role, application.member_id)
    for other in state.table(Application).values():
        if other.application_id == application.application_id or other.state is ApplicationState.DRAFT:
            continue
        if (other.occasion, other.role, other.member_id) != key:
            continue
        theirs = programme_of(state, state.table(Scheme)[other.scheme_id]).fields.stacking.value
        if other.programme == application.programme or Stacking.NONE in (stacking, theirs):
            detail = f"{to_wire('AP', other.application_id)} under {other.programme}"
            return Rejected(code=RejectCode.REWARD_DOUBLE_CLAIM, detail=detail)
    return None


def facts_with_evidence(
    state: ExchangeState,
    application: Application,
    scheme: Scheme,
    evidence: tuple[Evidence, ...],
    asked_minor: int | None,
) -> dict[Fact, int] | Rejected:
    """Every figure the rules ask for, from the ledger or the record first, and else from the evidence.

    Refused: document.unknown, application.evidence.
    """
    fields = programme_of(state, scheme).fields
    hashes = [each.document_sha256 for each in evidence]
    if (refusal := refuse_documents(state, application.member_id, hashes)) is not None:
        return refusal
    kinds = [each.kind for each in evidence]
    missing = [kind for kind in fields.evidence.value if kind not in kinds]
    if missing:
        return _evidence(f"missing: {', '.join(missing)}")
    if (asked_minor is not None) != (_formula(scheme, fields.amounts.value, application.role) is None):
        return _evidence("asked_minor is for an amount that an authority decides")
    found = occasion(state, fields.event.value, application, scheme.money_asset_id)
    if isinstance(found, Rejected):
        return found
    facts = dict(found.facts)
    for each in evidence:
        for figure in each.figures:
            known = facts.setdefault(figure.fact, figure.value)
            if known != figure.value:
                return _evidence(f"{figure.fact} is {known}, not {figure.value}")
    for fact in _asked_for(state, application, scheme):
        if fact not in facts:
            return _evidence(f"missing: {fact}")
    return facts


def figure(
    state: ExchangeState, application: Application, scheme: Scheme, facts: dict[Fact, int], asked_minor: int | None
) -> tuple[int, tuple[FigureLine, ...]] | Rejected:
    """What the rules come to within every cap, and each step of it. Units: minor.

    Refused: application.evidence (a step is larger than the ledger can carry), reward.budget (the caps are reached).
    """
    fields = programme_of(state, scheme).fields
    formula = _formula(scheme, fields.amounts.value, application.role)
    lines: list[FigureLine] = []
    if formula is None:
        amount = asked_minor or 0
        lines.append(FigureLine(place="asked_minor", rule="asked", inputs=(), result=amount))
    else:
        amount = work_out(formula, facts, f"amounts.{application.role}", lines)
    amount = capped(amount, fields.caps.value, facts, _used(state, application), lines)
    values = [line.result for line in lines] + [value for line in lines for _, value in line.inputs]
    if max(values) > MAX_INTEGER:
        return _evidence("a figure is too large")
    if amount <= 0:
        return Rejected(code=RejectCode.REWARD_BUDGET, detail="the rules and caps leave nothing")
    return amount, tuple(lines)


def first_come(state: ExchangeState, scheme: Scheme) -> bool:
    """Whether a claim is set aside as soon as it is made."""
    return programme_of(state, scheme).fields.exhaustion.value is Exhaustion.FIRST_COME


def is_decided(state: ExchangeState, scheme: Scheme) -> bool:
    """Whether an authority decides each amount, within the cap that is all the programme states."""
    return programme_of(state, scheme).fields.basis.value is AmountBasis.CAP_ONLY and not scheme.amounts


def _formula(scheme: Scheme, amounts: tuple[RoleAmount, ...], role: SchemeRole) -> Formula | None:
    """The formula of a role: the authority's, or the programme's; None where each amount is decided."""
    for each in scheme.amounts or amounts:
        if each.role is role:
            return each.formula
    return None


def _asked_for(state: ExchangeState, application: Application, scheme: Scheme) -> tuple[Fact, ...]:
    fields = programme_of(state, scheme).fields
    formula = _formula(scheme, fields.amounts.value, application.role)
    asked = facts_of(formula) if formula is not None else ()
    caps = (fact for cap in fields.caps.value for fact in facts_of(cap.limit))
    return tuple(dict.fromkeys((*asked, *caps)))


def _used(state: ExchangeState, application: Application) -> dict[CapScope, int]:
    """What other claims under the same programme came to, in each scope a cap may have. Units: minor."""
    used = dict.fromkeys(CapScope, 0)
    for other in state.table(Application).values():
        if other.programme != application.programme or other.application_id == application.application_id:
            continue
        same_year = other.year == application.year
        within = {
            CapScope.EVENT: other.occasion == application.occasion,
            CapScope.ROLE_YEAR: same_year and other.role is application.role,
            CapScope.APPLICANT_YEAR: same_year and other.member_id == application.member_id,
            CapScope.PROGRAMME_YEAR: same_year,
        }
        for scope, counts in within.items():
            used[scope] += other.counts_minor if counts else 0
    return used


def _no_event(detail: str) -> Rejected:
    return Rejected(code=RejectCode.APPLICATION_NO_EVENT, detail=detail)


def _evidence(detail: str) -> Rejected:
    return Rejected(code=RejectCode.APPLICATION_EVIDENCE, detail=detail)


def set_aside(call: SchemeCall, application: Application, amount_minor: int) -> Minor:
    """What of a call's budget a claim gets at once; what it had set aside before is free for it again."""
    return Minor(min(amount_minor, call.left_minor + application.awarded_minor))
