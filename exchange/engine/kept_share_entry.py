"""The signatures of a kept share's transfer and its ledger entry: right against price, in one transfer."""

from __future__ import annotations

import msgspec

from custody.kept_share import (
    ConfirmKeptShareRecordal,
    KeptShare,
    KeptShareCompleted,
    KeptShareSigned,
    KeptShareState,
    RefuseKeptShareRecordal,
    SignKeptShare,
    TeamBuyer,
)
from custody.ledger import Leg
from custody.outcomes import Outcome, OutcomeChanged, PriorClaimKind
from custody.pilot import Pilot
from custody.rights import Right, RightForm
from exchange.core.calendar import local_date
from exchange.core.ids import KeptShareId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.kept_shares import (
    end_kept_share,
    everybody,
    held_by,
    in_state,
    part_of,
    put_kept_share,
    refuse_kept_share,
)
from exchange.engine.pilot_checks import put_pilot, refuse_recordal_date
from exchange.engine.pilot_entry import awaits_office
from exchange.engine.rights import account_of_all, pass_title
from exchange.engine.rules import profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import long_stop_ns
from matching.messages import Market

# --- Signatures -------------------------------------------------------------------------------------------------------


def sign_kept_share(state: ExchangeState, header: Header, command: SignKeptShare) -> list[Event]:
    """One of the team signs, and what it pays is held; the last one completes, or begins the wait for the office."""
    kept_share = state.table(KeptShare).get(command.kept_share_id)
    if kept_share is None:
        return [Rejected(code=RejectCode.KEPT_SHARE_UNKNOWN)]
    buyer = next((each for each in kept_share.team if each.account_id == command.account_id), None)
    if buyer is None:
        return [Rejected(code=RejectCode.KEPT_SHARE_NOT_PARTY)]
    if (refusal := _refuse_signer(state, header, buyer)) is not None:
        return [refusal]
    if kept_share.state in (KeptShareState.NOTICE, KeptShareState.OBJECTED):
        return [Rejected(code=RejectCode.KEPT_SHARE_NOTICE_RUNNING, detail=kept_share.state)]
    if kept_share.state is not KeptShareState.SIGNING or buyer.signed_by:
        return [Rejected(code=RejectCode.KEPT_SHARE_STATE, detail=kept_share.state)]
    if header.principal == kept_share.offered_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if command.contract_sha256 != kept_share.contract_sha256 or command.price_minor != kept_share.price_minor:
        detail = f"contract_sha256={kept_share.contract_sha256} price_minor={kept_share.price_minor}"
        return [Rejected(code=RejectCode.KEPT_SHARE_TERMS_CHANGED, detail=detail)]
    if buyer.price_minor > state.ledger.available(buyer.account_id, kept_share.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]
    if (refusal := refuse_kept_share(state, header, kept_share)) is not None:
        return [refusal]

    state.change()
    mine = msgspec.structs.replace(buyer, signed_by=header.principal, signed_at_ns=header.at_ns)
    team = tuple(mine if each is buyer else each for each in kept_share.team)
    last = all(each.signed_by for each in team)
    waits = last and awaits_office(state, [kept.asset_id for kept in kept_share.kept])
    signed = put_kept_share(
        state,
        kept_share,
        team=team,
        state=KeptShareState.RECORDING if waits else KeptShareState.SIGNING,
        contracted_at_ns=header.at_ns if last else kept_share.contracted_at_ns,
    )
    holds: list[Leg] = [(buyer.account_id, kept_share.money_asset_id, int(buyer.price_minor))]
    if waits:
        holds.extend((kept_share.account_id, kept.asset_id, int(kept.units)) for kept in kept_share.kept)
    told = move_and_tell(state, header, everybody(signed), (), holds)
    events: list[Event] = [KeptShareSigned(kept_share=signed, account_id=buyer.account_id, movement=told)]
    if waits:
        due_ns = long_stop_ns(profile_of(state, state.table(Market)[signed.market_id]), header.at_ns)
        kind = TimerKind.KEPT_SHARE_LONG_STOP
        events.append(timers.set_timer(state, header, kind, due_ns, signed.kept_share_id))
    elif last:
        events.extend(_complete(state, header, signed))
    return events


def _refuse_signer(state: ExchangeState, header: Header, buyer: TeamBuyer) -> Rejected | None:
    """Whether the principal may not sign for this account, to the amount it pays."""
    refusal = refuse_account(state, header, buyer.account_id, UserRight.TRADE, value_minor=buyer.price_minor)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.KEPT_SHARE_NOT_PARTY)
    return refusal


# --- Recordal ---------------------------------------------------------------------------------------------------------


def confirm_recordal(state: ExchangeState, header: Header, command: ConfirmKeptShareRecordal) -> list[Event]:
    """The office recorded it: right against price."""
    kept_share = in_state(state, command.kept_share_id, KeptShareState.RECORDING)
    if isinstance(kept_share, Rejected):
        return [kept_share]
    since = local_date(kept_share.contracted_at_ns, VENUE_TIME_ZONE)
    if (refusal := refuse_recordal_date(header, since, command.effective_date)) is not None:
        return [refusal]
    for account_id in everybody(kept_share):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return [refusal]
    assets = (kept_share.money_asset_id, *(kept.asset_id for kept in kept_share.kept))
    if (refusal := refuse_frozen_assets(state, *assets)) is not None:
        return [refusal]

    state.change()
    recorded = put_kept_share(
        state,
        kept_share,
        effective_date=command.effective_date,
        office_reference=command.office_reference,
        known_at_ns=header.at_ns,
    )
    return _complete(state, header, recorded)


def refuse_recordal(state: ExchangeState, header: Header, command: RefuseKeptShareRecordal) -> list[Event]:
    """The office refused: what was held is free."""
    kept_share = in_state(state, command.kept_share_id, KeptShareState.RECORDING)
    if isinstance(kept_share, Rejected):
        return [kept_share]

    state.change()
    told = put_kept_share(state, kept_share, office_reference=command.office_reference, known_at_ns=header.at_ns)
    return end_kept_share(state, header, told, KeptShareState.RECORDAL_REFUSED, command.reason)


def _long_stop(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """No recordal came: what was held is free."""
    kept_share = state.table(KeptShare)[KeptShareId(timer.subject_id)]
    ensure(kept_share.state is KeptShareState.RECORDING, "a long stop stands as long as the office is waited for")
    return end_kept_share(state, header, kept_share, KeptShareState.LAPSED, "long stop")


timers.FIRINGS[TimerKind.KEPT_SHARE_LONG_STOP] = _long_stop

# --- Ledger entry -----------------------------------------------------------------------------------------------------


def _complete(state: ExchangeState, header: Header, kept_share: KeptShare) -> list[Event]:
    """Right against price in one transfer. Call after the line."""
    releases = [(account_id, asset_id, -units) for account_id, asset_id, units in held_by(kept_share)]
    legs: list[Leg] = [(kept_share.account_id, kept_share.money_asset_id, int(kept_share.price_minor))]
    legs.extend((buyer.account_id, kept_share.money_asset_id, -buyer.price_minor) for buyer in kept_share.team)
    for kept in kept_share.kept:
        legs.append((kept_share.account_id, kept.asset_id, -kept.units))
        legs.extend((buyer.account_id, kept.asset_id, part_of(kept.units, buyer)) for buyer in kept_share.team)
    movement = move_and_tell(state, header, everybody(kept_share), legs, releases)
    completed = put_kept_share(state, kept_share, state=KeptShareState.COMPLETED)
    pilot = put_pilot(state, state.table(Pilot)[kept_share.pilot_id], kept_share_id=kept_share.kept_share_id)
    event = KeptShareCompleted(kept_share=completed, pilot=pilot, movement=movement)
    dropped = timers.drop_timers(state, TimerKind.KEPT_SHARE_LONG_STOP, kept_share.kept_share_id)
    return [event, *dropped, *_sole_owner(state, kept_share)]


def _sole_owner(state: ExchangeState, kept_share: KeptShare) -> list[Event]:
    """Where one inventor has every unit of every right, the register's other records follow the title."""
    events: list[Event] = []
    outcome = state.table(Outcome)[kept_share.outcome_id]
    buyers = [buyer.account_id for buyer in kept_share.team]
    if outcome.form is not RightForm.WHOLE or len(buyers) > 1:
        return events
    account_id = buyers[0]
    if any(account_of_all(state, kept.asset_id) != account_id for kept in kept_share.kept):
        return events
    owner_id = party(state, account_id).member_id
    for kept in kept_share.kept:
        if kept.asset_id in state.table(Right):
            events.extend(pass_title(state, kept.asset_id, owner_id))
    outcome = state.table(Outcome)[kept_share.outcome_id]
    others = tuple(member_id for member_id in outcome.co_owner_ids if member_id != owner_id)
    claims = tuple(claim for claim in outcome.claims if others or claim.kind is not PriorClaimKind.CO_OWNER)
    alone = msgspec.structs.replace(outcome, member_id=owner_id, co_owner_ids=others, claims=claims)
    state.put(alone)
    return [*events, OutcomeChanged(outcome=alone)]
