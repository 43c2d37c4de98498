"""Publicity 公示 of an agreed price: shown for the overlay's days before the contract.

Anybody may object, and the clock stands until that is decided.
"""

from __future__ import annotations

import msgspec

from exchange.core.ids import DealId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import TimeNs
from exchange.engine import timers
from exchange.engine.deal_cases import end_deal, follow, move_deal, open_deal, put_deal
from exchange.engine.preemption import open_preemption, price_found
from exchange.engine.state import ExchangeState
from exchange.rulebook.disposal import period_end_ns
from matching.deals import (
    Deal,
    DealObjected,
    DealPublicityEnded,
    DealState,
    ObjectionDismissed,
    ObjectToDeal,
    ResolveObjection,
)
from matching.lot_messages import DealOpened
from matching.messages import Market


def object_to_deal(state: ExchangeState, header: Header, command: ObjectToDeal) -> list[Event]:
    """Anybody may object while the deal is shown; its clock stands."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    if deal.state is not DealState.PUBLICITY:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]

    state.change()
    objected = put_deal(
        state, deal, state=DealState.OBJECTED, objected_by=header.principal, publicity_until_ns=TimeNs(0)
    )
    dropped = timers.drop_timers(state, TimerKind.DEAL_PUBLICITY_ENDS, deal.deal_id)
    told = move_deal(state, header, objected)
    return [DealObjected(deal=objected, reason=command.reason, movement=told), *dropped]


def resolve_objection(state: ExchangeState, header: Header, command: ResolveObjection) -> list[Event]:
    """Upheld ends the deal; dismissed shows it again for the whole period."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    if deal.state is not DealState.OBJECTED:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]
    if header.principal == deal.objected_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    until = publicity_until(state, header, deal)
    if not command.upheld and isinstance(until, Rejected):
        return [until]

    state.change()
    if command.upheld or isinstance(until, Rejected):
        return end_deal(state, header, deal, DealState.STOPPED, command.reason)
    shown = put_deal(state, deal, **publicity(state, header, deal, until))
    told = move_deal(state, header, shown)
    dismissed = ObjectionDismissed(deal=shown, reason=command.reason, movement=told)
    return [dismissed, *start_clock(state, header, shown)]


# --- The clock --------------------------------------------------------------------------------------------------------


def publicity_until(state: ExchangeState, header: Header, deal: Deal) -> TimeNs | Rejected:
    """When a publicity that starts now would be over.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[deal.market_id]
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, deal.publicity_days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def publicity(state: ExchangeState, header: Header, deal: Deal, until: TimeNs) -> dict[str, object]:
    """What an acceptance, or a dismissal, changes: the days begin, or there are none and the price is found."""
    if not deal.publicity_days:
        return price_found(state, header, deal)
    return {"state": DealState.PUBLICITY, "publicity_until_ns": until}


def start_clock(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """Have the publicity end in time, or the pre-emption begin. Call after the line."""
    if deal.state is not DealState.PUBLICITY:
        return open_preemption(state, header, deal)
    return [timers.set_timer(state, header, TimerKind.DEAL_PUBLICITY_ENDS, deal.publicity_until_ns, deal.deal_id)]


def _publicity_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    deal = state.table(Deal)[DealId(timer.subject_id)]
    ensure(deal.state is DealState.PUBLICITY, "a publicity timer stands as long as the publicity runs")
    shown = put_deal(state, deal, **price_found(state, header, deal))
    told = DealPublicityEnded(deal=shown, movement=move_deal(state, header, shown))
    return [told, *open_preemption(state, header, shown), *follow(state, header, shown)]


def agree(state: ExchangeState, header: Header, deal: Deal, until: TimeNs) -> list[Event]:
    """Keep a deal that both sides are bound to: it is shown first where that is asked. Call after the line."""
    found = msgspec.structs.replace(deal, **publicity(state, header, deal, until))
    opened, terms, movement = open_deal(state, header, found)
    return [DealOpened(deal=opened, terms=terms, movement=movement), *start_clock(state, header, opened)]


timers.FIRINGS[TimerKind.DEAL_PUBLICITY_ENDS] = _publicity_ends
