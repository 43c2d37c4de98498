"""The agreement of a pilot case and its ledger entry, at once or when the office has recorded the co-owners."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from custody.ledger import Leg
from custody.outcomes import Outcome, PriorClaim, PriorClaimKind
from custody.pilot import (
    AgreePilot,
    Assignment,
    Pilot,
    PilotAgreed,
    PilotCompleted,
    PilotEnded,
    PilotKind,
    PilotState,
    PilotTerms,
    PlannedReport,
    pilot_terms_hash,
    team_units,
)
from custody.pilot_life import ConfirmPilotRecordal, PilotContracted, RefusePilotRecordal
from custody.rights import Right, RightForm
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, MemberId, PilotId
from exchange.core.instruments import TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Units
from exchange.engine import timers
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.pilot_checks import (
    assets_of,
    concerned,
    out_of_range,
    parts_of,
    put_pilot,
    refuse_holders,
    refuse_outcome,
    refuse_recordal_date,
    refuse_signer,
)
from exchange.engine.pilot_life import grant_use_right, plan_reports
from exchange.engine.rules import profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import long_stop_ns
from exchange.rulebook.profile import Profile, cite
from matching.messages import Market

# --- Signatures -------------------------------------------------------------------------------------------------------


def agree_pilot(state: ExchangeState, header: Header, command: AgreePilot) -> list[Event]:
    """One more signs; the last signature moves the units."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if (refusal := refuse_signer(state, header, pilot, command.account_id)) is not None:
        return [refusal]
    if pilot.state in (PilotState.PROPOSED, PilotState.NOTICE, PilotState.OBJECTED):
        return [Rejected(code=RejectCode.PILOT_NOTICE_RUNNING, detail=pilot.state)]
    if pilot.state is not PilotState.AGREEING:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if command.account_id == pilot.account_id:
        signed = _institution_signs(state, header, pilot, command.terms)
    else:
        signed = _inventor_signs(header, pilot, command)
    if isinstance(signed, Rejected):
        return [signed]
    last = all(member.signed_by for member in signed.team)
    if last and (refusal := _refuse_entry(state, header, signed)) is not None:
        return [refusal]

    state.change()
    state.put(signed)
    told = move_and_tell(state, header, concerned(signed))
    agreed = PilotAgreed(pilot=signed, account_id=command.account_id, movement=told)
    return [agreed, *_enter(state, header, signed)] if last else [agreed]


def _institution_signs(state: ExchangeState, header: Header, pilot: Pilot, terms: PilotTerms) -> Pilot | Rejected:
    """The institution brings the terms, or others: those already signed by the team are void then."""
    terms_sha256 = pilot_terms_hash(terms)
    if pilot.terms_sha256 == terms_sha256:
        return Rejected(code=RejectCode.PILOT_STATE, detail="the institution has signed these terms")
    if any(member.signed_by == header.principal for member in pilot.team):
        return Rejected(code=RejectCode.APPROVAL_SAME_PERSON)
    outcome = state.table(Outcome)[pilot.outcome_id]
    profile = profile_of(state, state.table(Market)[pilot.market_id])
    if (refusal := _refuse_terms(state, profile, outcome, pilot, terms)) is not None:
        return refusal
    if (refusal := refuse_documents(state, outcome.member_id, (terms.duties_sha256,))) is not None:
        return refusal
    return msgspec.structs.replace(
        pilot,
        team_numerator=terms.team_share.numerator,
        team_denominator=terms.team_share.denominator,
        income_ratio_ppm=terms.income_ratio_ppm,
        duties_sha256=terms.duties_sha256,
        terms_sha256=terms_sha256,
        signed_by=header.principal,
        signed_at_ns=header.at_ns,
        team=tuple(msgspec.structs.replace(member, signed_by=0, signed_at_ns=0) for member in pilot.team),
        use_years=terms.use_years,
        use_transferable=terms.use_transferable,
        reports=tuple(
            PlannedReport(stage=report.stage, due_days=report.due_days, subject=report.subject)
            for report in terms.reports
        ),
    )


def _refuse_terms(
    state: ExchangeState, profile: Profile, outcome: Outcome, pilot: Pilot, terms: PilotTerms
) -> Rejected | None:
    """Whether every part is whole, and the terms are what the case's kind and programme allow.

    Refused: pilot.shares_invalid, pilot.terms_invalid.
    """
    share = Fraction(terms.team_share.numerator, terms.team_share.denominator)
    if pilot.kind is PilotKind.OWNERSHIP:
        for asset_id in assets_of(state, outcome):
            total = state.assets[asset_id].total_units
            if team_units(total, share, pilot.team) is None:
                detail = f"{share} of {total} units, {len(pilot.team)}"
                return Rejected(code=RejectCode.PILOT_SHARES_INVALID, detail=detail)
        if terms.use_years or terms.use_transferable:
            return Rejected(code=RejectCode.PILOT_TERMS_INVALID, detail="ownership has no term")
    else:
        minimum = profile.fields.pilot_use_right_minimum_years.value
        if share != 1:
            return Rejected(code=RejectCode.PILOT_TERMS_INVALID, detail="a use right is granted whole: 1/1")
        if terms.use_years < max(1, minimum):
            rule = cite(profile, "pilot_use_right_minimum_years")
            return Rejected(code=RejectCode.PILOT_TERMS_INVALID, detail=f"use_years is at least {minimum}", rule=rule)
    problem = out_of_range(pilot.rules, pilot.kind, share, terms.income_ratio_ppm)
    return Rejected(code=RejectCode.PILOT_TERMS_INVALID, detail=problem) if problem else None


def _inventor_signs(header: Header, pilot: Pilot, command: AgreePilot) -> Pilot | Rejected:
    """One of the team signs the institution's terms, once."""
    if not pilot.signed_by:
        return Rejected(code=RejectCode.PILOT_STATE, detail="the institution signs first")
    if any(member.account_id == command.account_id and member.signed_by for member in pilot.team):
        return Rejected(code=RejectCode.PILOT_STATE, detail="this account has signed")
    if header.principal == pilot.signed_by:
        return Rejected(code=RejectCode.APPROVAL_SAME_PERSON)
    if pilot_terms_hash(command.terms) != pilot.terms_sha256:
        return Rejected(code=RejectCode.PILOT_TERMS_CHANGED, detail=f"terms_sha256={pilot.terms_sha256}")
    return msgspec.structs.replace(
        pilot,
        team=tuple(
            msgspec.structs.replace(member, signed_by=header.principal, signed_at_ns=header.at_ns)
            if member.account_id == command.account_id
            else member
            for member in pilot.team
        ),
    )


# --- Ledger entry -----------------------------------------------------------------------------------------------------


def _refuse_entry(state: ExchangeState, header: Header, pilot: Pilot) -> Rejected | None:
    """Whether the units may move now: everybody and everything free, enough of them, not too many holders."""
    for account_id in concerned(pilot):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return refusal
    outcome = state.table(Outcome)[pilot.outcome_id]
    if (refusal := refuse_outcome(state, header, outcome, pilot.account_id)) is not None:
        return refusal
    if pilot.kind is PilotKind.USE_RIGHT:
        return None
    for asset_id, parts in parts_of(state, assets_of(state, outcome), pilot):
        if sum(parts) > state.ledger.available(pilot.account_id, asset_id):
            return Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=state.assets[asset_id].code)
    return _refuse_too_many(state, pilot, assets_of(state, outcome))


def _refuse_too_many(state: ExchangeState, pilot: Pilot, asset_ids: list[AssetId]) -> Rejected | None:
    profile = profile_of(state, state.table(Market)[pilot.market_id])
    team = [member.account_id for member in pilot.team]
    for asset_id in asset_ids:
        if (refusal := refuse_holders(state, profile, team, asset_id)) is not None:
            return refusal
    return None


def _enter(state: ExchangeState, header: Header, signed: Pilot) -> list[Event]:
    """What the last signature brings: the entry, or its units held until the office has recorded it."""
    outcome = state.table(Outcome)[signed.outcome_id]
    if signed.kind is PilotKind.USE_RIGHT:
        return grant_use_right(state, header, put_pilot(state, signed, contracted_at_ns=header.at_ns))
    asset_ids = assets_of(state, outcome)
    contracted = put_pilot(state, signed, contracted_at_ns=header.at_ns, asset_ids=tuple(asset_ids))
    if not awaits_office(state, asset_ids):
        return _complete(state, header, contracted, [])
    waiting = put_pilot(state, contracted, state=PilotState.RECORDING)
    movement = move_and_tell(state, header, concerned(waiting), (), held_by(state, waiting))
    due_ns = long_stop_ns(profile_of(state, state.table(Market)[waiting.market_id]), header.at_ns)
    timer = timers.set_timer(state, header, TimerKind.PILOT_LONG_STOP, due_ns, waiting.pilot_id)
    return [PilotContracted(pilot=waiting, movement=movement), timer]


def awaits_office(state: ExchangeState, asset_ids: list[AssetId]) -> bool:
    """Whether title to one of these waits for an office, by the law of the right itself; shares never do.

    Source: 专利法 art. 10.
    """
    found = [state.table(Right).get(asset_id) for asset_id in asset_ids]
    return any(right is not None and right.title_regime is TitleRegime.CN_REGISTER_CONSTITUTIVE for right in found)


def held_by(state: ExchangeState, pilot: Pilot) -> list[Leg]:
    """What a case that waits for the office holds of the institution's units."""
    if pilot.state is not PilotState.RECORDING:
        return []
    parts = parts_of(state, list(pilot.asset_ids), pilot)
    return [(pilot.account_id, asset_id, sum(each)) for asset_id, each in parts]


def confirm_recordal(state: ExchangeState, header: Header, command: ConfirmPilotRecordal) -> list[Event]:
    """The office recorded the co-owners: the units move."""
    pilot = _recording(state, command.pilot_id)
    if isinstance(pilot, Rejected):
        return [pilot]
    since = local_date(pilot.contracted_at_ns, VENUE_TIME_ZONE)
    if (refusal := refuse_recordal_date(header, since, command.effective_date)) is not None:
        return [refusal]
    for account_id in concerned(pilot):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return [refusal]
    if (refusal := refuse_frozen_assets(state, *pilot.asset_ids)) is not None:
        return [refusal]
    if (refusal := _refuse_too_many(state, pilot, list(pilot.asset_ids))) is not None:
        return [refusal]

    state.change()
    releases: list[Leg] = [(account_id, asset_id, -units) for account_id, asset_id, units in held_by(state, pilot)]
    recorded = put_pilot(
        state,
        pilot,
        effective_date=command.effective_date,
        office_reference=command.office_reference,
        known_at_ns=header.at_ns,
    )
    return _complete(state, header, recorded, releases)


def refuse_recordal(state: ExchangeState, header: Header, command: RefusePilotRecordal) -> list[Event]:
    """The office refused: the case ends, the units are free."""
    pilot = _recording(state, command.pilot_id)
    if isinstance(pilot, Rejected):
        return [pilot]

    state.change()
    told = put_pilot(state, pilot, office_reference=command.office_reference, known_at_ns=header.at_ns)
    return end_pilot(state, header, told, PilotState.RECORDAL_REFUSED, command.reason)


def _long_stop(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """No recordal came: what was held is free."""
    pilot = state.table(Pilot)[PilotId(timer.subject_id)]
    ensure(pilot.state is PilotState.RECORDING, "a long stop stands as long as the office is waited for")
    return end_pilot(state, header, pilot, PilotState.LAPSED, "long stop")


timers.FIRINGS[TimerKind.PILOT_LONG_STOP] = _long_stop


def end_pilot(state: ExchangeState, header: Header, pilot: Pilot, to: PilotState, reason: str) -> list[Event]:
    """The case comes to nothing; what it held is free. Call after the line."""
    releases = [(account_id, asset_id, -units) for account_id, asset_id, units in held_by(state, pilot)]
    ended = put_pilot(state, pilot, state=to, reason=reason)
    dropped = [
        event
        for kind in (TimerKind.PILOT_NOTICE_ENDS, TimerKind.PILOT_LONG_STOP)
        for event in timers.drop_timers(state, kind, pilot.pilot_id)
    ]
    return [PilotEnded(pilot=ended, movement=move_and_tell(state, header, concerned(ended), (), releases)), *dropped]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _recording(state: ExchangeState, pilot_id: PilotId) -> Pilot | Rejected:
    """The case, if it waits for the office."""
    pilot = state.table(Pilot).get(pilot_id)
    if pilot is None:
        return Rejected(code=RejectCode.PILOT_UNKNOWN)
    if pilot.state is not PilotState.RECORDING:
        return Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)
    return pilot


def _complete(state: ExchangeState, header: Header, pilot: Pilot, releases: list[Leg]) -> list[Event]:
    """The ledger entry: exact units of everything the outcome is held in, in one transfer."""
    outcome = state.table(Outcome)[pilot.outcome_id]
    legs: list[Leg] = []
    assigned: list[Assignment] = []
    for asset_id, parts in parts_of(state, list(pilot.asset_ids), pilot):
        legs.append((pilot.account_id, asset_id, -sum(parts)))
        for member, units in zip(pilot.team, parts, strict=True):
            legs.append((member.account_id, asset_id, units))
            assigned.append(Assignment(account_id=member.account_id, asset_id=asset_id, units=Units(units)))
    added: tuple[MemberId, ...] = ()
    if outcome.form is RightForm.WHOLE:
        inventors = [party(state, member.account_id).member_id for member in pilot.team]
        added = tuple(inventor for inventor in inventors if inventor not in outcome.co_owner_ids)
        outcome = _with_co_owners(outcome, added)
        state.put(outcome)
    completed = put_pilot(state, pilot, state=PilotState.COMPLETED, completed_at_ns=header.at_ns, added_owner_ids=added)
    entered = PilotCompleted(
        pilot=completed,
        outcome=outcome,
        assigned=tuple(assigned),
        movement=move_and_tell(state, header, concerned(pilot), legs, releases),
    )
    dropped = timers.drop_timers(state, TimerKind.PILOT_LONG_STOP, pilot.pilot_id)
    return [entered, *dropped, *plan_reports(state, header, completed)]


def _with_co_owners(outcome: Outcome, added: tuple[MemberId, ...]) -> Outcome:
    """The inventors own it too: a share deed needs their signatures, a sale their waiver, and they gave neither."""
    others = tuple(claim for claim in outcome.claims if claim.kind is not PriorClaimKind.CO_OWNER)
    claim = PriorClaim(kind=PriorClaimKind.CO_OWNER, waiver_sha256="")
    return msgspec.structs.replace(outcome, co_owner_ids=(*outcome.co_owner_ids, *added), claims=(*others, claim))
