"""Taking an assignment back: all of it, by a compensating entry, or not at all.

A part that came back alone would leave a split nobody agreed to, so what is missing anywhere refuses the whole. A use
right is burned from whoever has it: its units exist only by the agreement that is revoked.
"""

from __future__ import annotations

from datetime import date

import msgspec

from custody.kept_share import KeptShare
from custody.ledger import Leg
from custody.outcomes import Outcome, PriorClaimKind
from custody.pilot import Pilot, PilotKind, PilotState
from custody.pilot_life import PilotRevoked, RevokePilot, UseRight, UseRightState
from custody.rights import Right, RightForm
from exchange.core.ids import AssetId, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.rejections import RejectCode
from exchange.engine import timers
from exchange.engine.deal_checks import party, refuse_frozen_assets
from exchange.engine.documents import refuse_documents
from exchange.engine.pilot_checks import assets_of, concerned, parts_of, put_pilot, refuse_recordal_date
from exchange.engine.pilot_life import burning, drop_reports, put_use_right, use_right_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell


def revoke_pilot(state: ExchangeState, header: Header, command: RevokePilot) -> list[Event]:
    """Send everything that was assigned back. Arrives here with two signatures."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if pilot.state is not PilotState.COMPLETED:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if pilot.kept_share_id or state.find(KeptShare, pilot.pilot_id) is not None:
        return [Rejected(code=RejectCode.PILOT_STATE, detail="the kept share goes, or has gone, to the team")]
    if (refusal := _refuse_office(header, pilot, command)) is not None:
        return [refusal]
    institution = party(state, pilot.account_id)
    if (refusal := refuse_documents(state, institution.member_id, (command.document_sha256,))) is not None:
        return [refusal]
    outcome = state.table(Outcome)[pilot.outcome_id]
    asset_ids = list(pilot.asset_ids) or assets_of(state, outcome)
    if (refusal := refuse_frozen_assets(state, *asset_ids)) is not None:
        return [refusal]
    use_right = use_right_of(state, pilot)
    legs = burning(state, use_right.asset_id) if use_right is not None else _returning(state, pilot, asset_ids)
    if isinstance(legs, Rejected):
        return [legs]

    state.change()
    reports, dropped = drop_reports(state, pilot.pilot_id)
    ended: UseRight | None = None
    if use_right is not None:
        ended = put_use_right(state, use_right, state=UseRightState.REVOKED, ended_at_ns=header.at_ns)
        dropped.extend(timers.drop_timers(state, TimerKind.USE_RIGHT_ENDS, use_right.asset_id))
    revoked = put_pilot(state, pilot, state=PilotState.REVOKED, reason=command.reason)
    alone = _without_co_owners(outcome, pilot)
    state.put(alone)
    event = PilotRevoked(
        pilot=revoked,
        outcome=alone,
        use_right=ended,
        reports=reports,
        document_sha256=command.document_sha256,
        effective_date=command.effective_date or "",
        office_reference=command.office_reference,
        movement=move_and_tell(state, header, concerned(pilot), legs),
    )
    return [event, *dropped]


def _refuse_office(header: Header, pilot: Pilot, command: RevokePilot) -> Rejected | None:
    """Whether the office that recorded the co-owners has recorded this; where none did, none is named.

    Refused: recordal.invalid.
    """
    if not pilot.office_reference:
        if command.effective_date is None and not command.office_reference:
            return None
        return Rejected(code=RejectCode.RECORDAL_INVALID, detail="no office recorded the co-owners")
    if not command.office_reference:
        detail = f"the office recorded the co-owners under {pilot.office_reference}"
        return Rejected(code=RejectCode.RECORDAL_INVALID, detail=detail)
    return refuse_recordal_date(header, date.fromisoformat(pilot.effective_date), command.effective_date or "")


def _returning(state: ExchangeState, pilot: Pilot, asset_ids: list[AssetId]) -> list[Leg] | Rejected:
    """The transfer that sends every unit back, if everybody of the team has theirs free.

    Refused: right.immobilised, pilot.revoke_uncovered with what is missing where.
    """
    legs: list[Leg] = []
    missing: list[str] = []
    for asset_id, parts in parts_of(state, asset_ids, pilot):
        right = state.table(Right).get(asset_id)
        code = state.assets[asset_id].code
        if right is not None and right.form is not RightForm.WHOLE:
            return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=f"{code} is {right.form}")
        for member, units in zip(pilot.team, parts, strict=True):
            free = state.ledger.available(member.account_id, asset_id)
            if free < units:
                missing.append(f"{to_wire('A', member.account_id)} has {free} of {units} free of {code}")
            legs.append((member.account_id, asset_id, -units))
        legs.append((pilot.account_id, asset_id, sum(parts)))
    if missing:
        return Rejected(code=RejectCode.PILOT_REVOKE_UNCOVERED, detail="; ".join(missing)[:480])
    return legs


def _without_co_owners(outcome: Outcome, pilot: Pilot) -> Outcome:
    """The outcome without those whom the case made its co-owners, and without their claim if nobody else has one."""
    if pilot.kind is PilotKind.USE_RIGHT:
        return outcome
    owners = tuple(member_id for member_id in outcome.co_owner_ids if member_id not in pilot.added_owner_ids)
    claims = outcome.claims
    if pilot.added_owner_ids and not owners:
        claims = tuple(claim for claim in claims if claim.kind is not PriorClaimKind.CO_OWNER)
    return msgspec.structs.replace(outcome, co_owner_ids=owners, claims=claims)
