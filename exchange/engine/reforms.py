"""Reform programmes, stage by stage: drafted, piloted, evaluated, promoted, ended. Who may open a case asks them."""

from __future__ import annotations

import msgspec

from custody.accounts import VENUE
from custody.pilot import CaseRules
from custody.reform import (
    DraftReform,
    EndReform,
    EvaluateReform,
    PromoteReform,
    Reform,
    ReformDrafted,
    ReformEnded,
    ReformEvaluated,
    ReformPilotStarted,
    ReformPromoted,
    ReformScope,
    ReformStage,
    StartReformPilot,
)
from exchange.core.calendar import local_date
from exchange.core.ids import ReformId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.documents import refuse_documents
from exchange.engine.rules import profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.disposal import pilot_notice_days
from exchange.rulebook.profile import cite
from exchange.rulebook.texts import is_date
from matching.messages import Market


def draft_reform(state: ExchangeState, header: Header, command: DraftReform) -> list[Event]:
    """Put a programme on record; nobody may open a case under it yet."""
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    if (other := state.find(Reform, command.name)) is not None:
        return [Rejected(code=RejectCode.REFORM_EXISTS, detail=to_wire("RP", other.reform_id))]
    if (refusal := _refuse_scope(state, market, command.scope)) is not None:
        return [refusal]
    if (refusal := refuse_documents(state, VENUE, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    scope = command.scope
    reform = Reform(
        reform_id=ReformId(make_id(header.sequence)),
        version=1,
        name=command.name,
        market_id=command.market_id,
        stage=ReformStage.DRAFT,
        unit_ids=scope.unit_ids,
        all_units=scope.all_units,
        kinds=scope.kinds,
        fields=scope.fields,
        negative_fields=scope.negative_fields,
        excluded_classes=scope.excluded_classes,
        rules=_rules(scope),
        document_sha256=command.document_sha256,
        changed_by=header.principal,
        changed_at_ns=header.at_ns,
    )
    state.put(reform)
    return [ReformDrafted(reform=reform)]


def start_pilot(state: ExchangeState, header: Header, command: StartReformPilot) -> list[Event]:
    """Open the pilot from its first day to its last. Arrives here with two signatures."""
    reform = _in_stage(state, command.reform_id, ReformStage.DRAFT)
    if isinstance(reform, Rejected):
        return [reform]
    if (refusal := _refuse_version(reform, command.version)) is not None:
        return [refusal]
    today = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
    days = (command.starts_on, command.ends_on)
    if not all(map(is_date, days)) or command.starts_on > command.ends_on or command.ends_on < today:
        detail = f"the pilot cannot run from {command.starts_on} to {command.ends_on}"
        return [Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail=detail)]

    state.change()
    started = _next(
        state, header, reform, stage=ReformStage.PILOT, starts_on=command.starts_on, ends_on=command.ends_on
    )
    return [ReformPilotStarted(reform=started)]


def evaluate_reform(state: ExchangeState, header: Header, command: EvaluateReform) -> list[Event]:
    """The pilot's evaluation is on record."""
    reform = _in_stage(state, command.reform_id, ReformStage.PILOT)
    if isinstance(reform, Rejected):
        return [reform]
    if (refusal := refuse_documents(state, VENUE, (command.report_sha256,))) is not None:
        return [refusal]

    state.change()
    evaluated = _next(state, header, reform, stage=ReformStage.EVALUATED, report_sha256=command.report_sha256)
    return [ReformEvaluated(reform=evaluated)]


def promote_reform(state: ExchangeState, header: Header, command: PromoteReform) -> list[Event]:
    """A new scope, without a last day. Arrives here with two signatures."""
    reform = _in_stage(state, command.reform_id, ReformStage.EVALUATED, ReformStage.PROMOTED)
    if isinstance(reform, Rejected):
        return [reform]
    if (refusal := _refuse_version(reform, command.version)) is not None:
        return [refusal]
    if (refusal := _refuse_scope(state, state.table(Market)[reform.market_id], command.scope)) is not None:
        return [refusal]
    if (refusal := refuse_documents(state, VENUE, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    scope = command.scope
    promoted = _next(
        state,
        header,
        reform,
        stage=ReformStage.PROMOTED,
        unit_ids=scope.unit_ids,
        all_units=scope.all_units,
        kinds=scope.kinds,
        fields=scope.fields,
        negative_fields=scope.negative_fields,
        excluded_classes=scope.excluded_classes,
        rules=_rules(scope),
        document_sha256=command.document_sha256,
    )
    return [ReformPromoted(reform=promoted)]


def end_reform(state: ExchangeState, header: Header, command: EndReform) -> list[Event]:
    """No further case begins; one operator may narrow, only widening takes two."""
    stages = tuple(stage for stage in ReformStage if stage is not ReformStage.ENDED)
    reform = _in_stage(state, command.reform_id, *stages)
    if isinstance(reform, Rejected):
        return [reform]

    state.change()
    return [ReformEnded(reform=_next(state, header, reform, stage=ReformStage.ENDED, reason=command.reason))]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _in_stage(state: ExchangeState, reform_id: ReformId, *stages: ReformStage) -> Reform | Rejected:
    """The programme, if it stands in one of these stages.

    Refused: reform.unknown, reform.state.
    """
    reform = state.table(Reform).get(reform_id)
    if reform is None:
        return Rejected(code=RejectCode.REFORM_UNKNOWN)
    if reform.stage not in stages:
        return Rejected(code=RejectCode.REFORM_STATE, detail=reform.stage)
    return reform


def _refuse_version(reform: Reform, version: int) -> Rejected | None:
    """Whether the operators read another version than stands now."""
    if version == reform.version:
        return None
    return Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail=f"version={reform.version}")


def _refuse_scope(state: ExchangeState, market: Market, scope: ReformScope) -> Rejected | None:
    """Whether a scope contradicts itself or the market's profile.

    Refused: reform.terms_invalid, member.unknown.
    """
    if scope.team_from_ppm > scope.team_to_ppm or scope.income_from_ppm > scope.income_to_ppm:
        return Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail="a range begins above its end")
    if bool(scope.unit_ids) == scope.all_units:
        return Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail="name the units in scope, or all")
    for name in ("unit_ids", "kinds", "fields", "negative_fields", "excluded_classes"):
        values: tuple[object, ...] = getattr(scope, name)
        if len(dict.fromkeys(values)) != len(values):
            return Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail=f"{name} has a value twice")
    both = [field for field in scope.fields if field in scope.negative_fields]
    if both:
        return Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail=f"{both[0]} is in scope and excluded")
    profile = profile_of(state, market)
    least = pilot_notice_days(profile)
    if scope.notice_days < least:
        rule = cite(profile, "pilot_notice_days")
        return Rejected(code=RejectCode.REFORM_TERMS_INVALID, detail=f"notice_days is at least {least}", rule=rule)
    for member_id in scope.unit_ids:
        if member_id not in state.members:
            return Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", member_id))
    return None


def _rules(scope: ReformScope) -> CaseRules:
    return CaseRules(
        notice_days=scope.notice_days,
        team_from_ppm=scope.team_from_ppm,
        team_to_ppm=scope.team_to_ppm,
        income_from_ppm=scope.income_from_ppm,
        income_to_ppm=scope.income_to_ppm,
    )


def _next(state: ExchangeState, header: Header, reform: Reform, /, **changes: object) -> Reform:
    """Keep the programme's next version. Call after the line."""
    changed = msgspec.structs.replace(
        reform, version=reform.version + 1, changed_by=header.principal, changed_at_ns=header.at_ns, **changes
    )
    state.put(changed)
    return changed
