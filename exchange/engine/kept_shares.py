"""权益让渡, step by step: what the institution kept is offered to the team, shown, objected to, signed, recorded.

Nothing moves before the last signature: a signed buyer's money is held, and units and money change hands in one
transfer. Price and parts follow the team's inner split; the venue charges no fee for it.
"""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec

from custody.kept_share import (
    KeptShare,
    KeptShareEnded,
    KeptShareNoticeEnded,
    KeptShareObjected,
    KeptShareObjectionDismissed,
    KeptShareOffered,
    KeptShareState,
    KeptUnits,
    ObjectToKeptShare,
    OfferKeptShare,
    ResolveKeptShare,
    TeamBuyer,
    WithdrawKeptShare,
)
from custody.ledger import Leg
from custody.outcomes import Outcome, PriorClaimKind
from custody.pilot import Pilot, PilotKind, PilotState
from exchange.core.ids import AccountId, KeptShareId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import MemberStatus, UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, TimeNs, Units, share_out
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.outcomes import open_claims
from exchange.engine.pilot_checks import assets_of, notice_days, refuse_outcome
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.checks import check_export
from exchange.rulebook.disposal import period_end_ns
from exchange.rulebook.profile import cite
from matching.messages import Market

BEFORE_CONTRACT = (KeptShareState.NOTICE, KeptShareState.OBJECTED, KeptShareState.SIGNING)

# --- Offer ------------------------------------------------------------------------------------------------------------


def offer_kept_share(state: ExchangeState, header: Header, command: OfferKeptShare) -> list[Event]:
    """Offer all that was kept to the team, and show it."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    institution = party(state, pilot.account_id)
    if not acts_for_member(state, header, institution.member_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if institution.status is MemberStatus.FROZEN:
        return [Rejected(code=RejectCode.MEMBER_FROZEN)]
    if pilot.state is not PilotState.COMPLETED or pilot.kind is not PilotKind.OWNERSHIP:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=f"{pilot.kind} {pilot.state}")]
    if (other := state.find(KeptShare, pilot.pilot_id)) is not None:
        detail = f"{to_wire('KS', other.kept_share_id)} is {other.state}"
        return [Rejected(code=RejectCode.KEPT_SHARE_STATE, detail=detail)]
    kept = _kept(state, pilot)
    if isinstance(kept, Rejected):
        return [kept]
    documents = (command.contract_sha256, command.decision_sha256)
    if (refusal := refuse_documents(state, institution.member_id, documents)) is not None:
        return [refusal]
    draft = _draft(state, header, pilot, kept, command)
    if (refusal := refuse_kept_share(state, header, draft)) is not None:
        return [refusal]
    until = _notice_until(state, header, draft)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    offered = put_kept_share(state, draft, notice_until_ns=until)
    event = KeptShareOffered(kept_share=offered, movement=move_and_tell(state, header, everybody(offered)))
    return [event, _start_clock(state, header, offered)]


def _kept(state: ExchangeState, pilot: Pilot) -> tuple[KeptUnits, ...] | Rejected:
    """Everything the institution has of what was divided, if its split is whole.

    Refused: right.not_owned, pilot.shares_invalid.
    """
    kept: list[KeptUnits] = []
    for asset_id in pilot.asset_ids or assets_of(state, state.table(Outcome)[pilot.outcome_id]):
        units = state.ledger.units(pilot.account_id, asset_id)
        if not units:
            continue
        if any(units * member.numerator % member.denominator for member in pilot.team):
            detail = f"{units} of {state.assets[asset_id].code} among {len(pilot.team)}"
            return Rejected(code=RejectCode.PILOT_SHARES_INVALID, detail=detail)
        kept.append(KeptUnits(asset_id=asset_id, units=Units(units)))
    return tuple(kept) or Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail="the institution kept nothing")


def _draft(
    state: ExchangeState, header: Header, pilot: Pilot, kept: tuple[KeptUnits, ...], command: OfferKeptShare
) -> KeptShare:
    """The transfer as it would stand; the price is shared out by the inner split, to the last minor unit."""
    common = math.lcm(*(member.denominator for member in pilot.team))
    weights = [member.numerator * (common // member.denominator) for member in pilot.team]
    prices = share_out(command.price_minor, weights)
    return KeptShare(
        kept_share_id=KeptShareId(make_id(header.sequence)),
        pilot_id=pilot.pilot_id,
        outcome_id=pilot.outcome_id,
        market_id=pilot.market_id,
        money_asset_id=state.table(Market)[pilot.market_id].money_asset_id,
        account_id=pilot.account_id,
        representative_id=pilot.representative_id,
        team=tuple(
            TeamBuyer(
                account_id=member.account_id,
                numerator=member.numerator,
                denominator=member.denominator,
                price_minor=Minor(price),
            )
            for member, price in zip(pilot.team, prices, strict=True)
        ),
        kept=kept,
        price_minor=command.price_minor,
        contract_sha256=command.contract_sha256,
        decision_sha256=command.decision_sha256,
        state=KeptShareState.NOTICE,
        offered_by=header.principal,
        offered_at_ns=header.at_ns,
    )


def refuse_kept_share(state: ExchangeState, header: Header, kept_share: KeptShare) -> Rejected | None:
    """Whether the transfer may go on now: the parties, the money, the export gate, the right, others' prior claims.

    Refused: account.frozen, member.frozen, asset.frozen, export.not_cleared, whatever refuses the assignment of what is
    left, hold.insufficient_available, listing.prior_claims_open.
    """
    for account_id in everybody(kept_share):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return refusal
    if (refusal := refuse_frozen_assets(state, kept_share.money_asset_id)) is not None:
        return refusal
    outcome = state.table(Outcome)[kept_share.outcome_id]
    institution = party(state, kept_share.account_id)
    for buyer in kept_share.team:
        inventor = party(state, buyer.account_id)
        if (refused := check_export(outcome.technology_class, institution.country, inventor.country)) is not None:
            return refused.rejected()
    if (refusal := refuse_outcome(state, header, outcome, kept_share.account_id, whole=False)) is not None:
        return refusal
    for kept in kept_share.kept:
        if state.ledger.available(kept_share.account_id, kept.asset_id) < kept.units:
            return Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=state.assets[kept.asset_id].code)
    claims = _claims_of_others(state, outcome, kept_share)
    if claims:
        rule = cite(profile_of(state, state.table(Market)[kept_share.market_id]), "first_refusal_days")
        return Rejected(code=RejectCode.LISTING_PRIOR_CLAIMS_OPEN, detail=", ".join(claims), rule=rule)
    return None


def _claims_of_others(state: ExchangeState, outcome: Outcome, kept_share: KeptShare) -> list[PriorClaimKind]:
    """Prior claims nobody waived that are not the team's own: its members are the finishers, and co-owners by the case.

    Source: 民法典 arts. 305, 847, 859, 860.
    """
    inventors = [party(state, buyer.account_id).member_id for buyer in kept_share.team]
    own = [PriorClaimKind.FINISHER]
    if all(owner in inventors for owner in outcome.co_owner_ids):
        own.append(PriorClaimKind.CO_OWNER)
    return [kind for kind in open_claims(state, outcome) if kind not in own]


# --- Notice and objections --------------------------------------------------------------------------------------------


def object_to_kept_share(state: ExchangeState, header: Header, command: ObjectToKeptShare) -> list[Event]:
    """Anybody may object while it is shown; its clock stands."""
    kept_share = in_state(state, command.kept_share_id, KeptShareState.NOTICE)
    if isinstance(kept_share, Rejected):
        return [kept_share]

    state.change()
    objected = put_kept_share(
        state, kept_share, state=KeptShareState.OBJECTED, objected_by=header.principal, notice_until_ns=TimeNs(0)
    )
    dropped = timers.drop_timers(state, TimerKind.KEPT_SHARE_NOTICE_ENDS, kept_share.kept_share_id)
    told = move_and_tell(state, header, everybody(objected))
    return [KeptShareObjected(kept_share=objected, reason=command.reason, movement=told), *dropped]


def resolve_kept_share(state: ExchangeState, header: Header, command: ResolveKeptShare) -> list[Event]:
    """Upheld ends it; dismissed shows it again for the whole period."""
    kept_share = in_state(state, command.kept_share_id, KeptShareState.OBJECTED)
    if isinstance(kept_share, Rejected):
        return [kept_share]
    if header.principal == kept_share.objected_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    until = _notice_until(state, header, kept_share)
    if not command.upheld and isinstance(until, Rejected):
        return [until]

    state.change()
    if command.upheld or isinstance(until, Rejected):
        return end_kept_share(state, header, kept_share, KeptShareState.STOPPED, command.reason)
    shown = put_kept_share(state, kept_share, state=KeptShareState.NOTICE, notice_until_ns=until)
    told = move_and_tell(state, header, everybody(shown))
    dismissed = KeptShareObjectionDismissed(kept_share=shown, reason=command.reason, movement=told)
    return [dismissed, _start_clock(state, header, shown)]


def _notice_until(state: ExchangeState, header: Header, kept_share: KeptShare) -> TimeNs | Rejected:
    """When a notice that starts now would be over: as many days as the case itself was shown.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[kept_share.market_id]
    days = notice_days(profile_of(state, market), state.table(Pilot)[kept_share.pilot_id].rules)
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def _start_clock(state: ExchangeState, header: Header, kept_share: KeptShare) -> Event:
    kind = TimerKind.KEPT_SHARE_NOTICE_ENDS
    return timers.set_timer(state, header, kind, kept_share.notice_until_ns, kept_share.kept_share_id)


def _notice_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    kept_share = state.table(KeptShare)[KeptShareId(timer.subject_id)]
    ensure(kept_share.state is KeptShareState.NOTICE, "a notice timer stands as long as the notice runs")
    shown = put_kept_share(state, kept_share, state=KeptShareState.SIGNING)
    return [KeptShareNoticeEnded(kept_share=shown, movement=move_and_tell(state, header, everybody(shown)))]


timers.FIRINGS[TimerKind.KEPT_SHARE_NOTICE_ENDS] = _notice_ends


def withdraw_kept_share(state: ExchangeState, header: Header, command: WithdrawKeptShare) -> list[Event]:
    """The institution, or one of the team, steps back before all have signed."""
    kept_share = state.table(KeptShare).get(command.kept_share_id)
    if kept_share is None:
        return [Rejected(code=RejectCode.KEPT_SHARE_UNKNOWN)]
    mine = [
        account_id
        for account_id in everybody(kept_share)
        if refuse_account(state, header, account_id, UserRight.TRADE, frozen_too=True) is None
    ]
    if not mine:
        return [Rejected(code=RejectCode.KEPT_SHARE_NOT_PARTY)]
    if kept_share.state not in BEFORE_CONTRACT:
        return [Rejected(code=RejectCode.KEPT_SHARE_STATE, detail=kept_share.state)]

    state.change()
    return end_kept_share(state, header, kept_share, KeptShareState.WITHDRAWN, command.reason)


# --- What others of the workflow use ----------------------------------------------------------------------------------


def in_state(state: ExchangeState, kept_share_id: KeptShareId, wanted: KeptShareState) -> KeptShare | Rejected:
    """The transfer, if it stands there.

    Refused: kept_share.unknown, kept_share.state.
    """
    kept_share = state.table(KeptShare).get(kept_share_id)
    if kept_share is None:
        return Rejected(code=RejectCode.KEPT_SHARE_UNKNOWN)
    if kept_share.state is not wanted:
        return Rejected(code=RejectCode.KEPT_SHARE_STATE, detail=kept_share.state)
    return kept_share


def everybody(kept_share: KeptShare) -> list[AccountId]:
    """The institution's account and the team's: all are told."""
    return [kept_share.account_id, *(buyer.account_id for buyer in kept_share.team)]


def part_of(units: int, buyer: TeamBuyer) -> int:
    """What one of the team gets of some units; the offer was refused unless it is whole."""
    part = Fraction(units * buyer.numerator, buyer.denominator)
    ensure(part.denominator == 1, "every part of a kept share is a whole number of units")
    return int(part)


def held_by(kept_share: KeptShare) -> list[Leg]:
    """What a transfer holds: the money of who signed, and the units while the office is waited for."""
    if not kept_share.live:
        return []
    legs: list[Leg] = [
        (buyer.account_id, kept_share.money_asset_id, int(buyer.price_minor))
        for buyer in kept_share.team
        if buyer.signed_by
    ]
    if kept_share.state is KeptShareState.RECORDING:
        legs.extend((kept_share.account_id, kept.asset_id, int(kept.units)) for kept in kept_share.kept)
    return legs


def put_kept_share(state: ExchangeState, kept_share: KeptShare, /, **changes: object) -> KeptShare:
    """Keep the transfer under its new values. Call after the line."""
    changed = msgspec.structs.replace(kept_share, **changes)
    state.put(changed)
    return changed


def end_kept_share(
    state: ExchangeState, header: Header, kept_share: KeptShare, to: KeptShareState, reason: str
) -> list[Event]:
    """It comes to nothing; everything that was held is free. Call after the line."""
    releases = [(account_id, asset_id, -units) for account_id, asset_id, units in held_by(kept_share)]
    ended = put_kept_share(state, kept_share, state=to, reason=reason)
    dropped = [
        event
        for kind in (TimerKind.KEPT_SHARE_NOTICE_ENDS, TimerKind.KEPT_SHARE_LONG_STOP)
        for event in timers.drop_timers(state, kind, kept_share.kept_share_id)
    ]
    movement = move_and_tell(state, header, everybody(ended), (), releases)
    return [KeptShareEnded(kept_share=ended, movement=movement), *dropped]
