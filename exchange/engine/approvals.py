"""Four eyes, in the engine: what was approved is exactly what is applied, by somebody else, in time.

A command whose route says `four_eyes` is not decided when it comes. Its journal bytes are kept; a second person with
the same right grants them, and only then the handler decides, against the state of that moment.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from exchange.core.ids import ApprovalId, make_id
from exchange.core.messages import Command, Event, Header, Rejected
from exchange.core.node_messages import (
    Approval,
    ApprovalEnded,
    ApprovalRequested,
    DenyApproval,
    GrantApproval,
    Timer,
    TimerKind,
)
from exchange.core.rejections import RejectCode
from exchange.core.units import NS_PER_DAY, TimeNs
from exchange.core.wire import decode_command, encode_command, name_of
from exchange.engine import timers
from exchange.engine.state import ExchangeState

APPROVAL_LIFE_NS = 7 * NS_PER_DAY

Decide = Callable[[ExchangeState, Header, Command], list[Event]]


def request(state: ExchangeState, header: Header, command: Command) -> list[Event]:
    """Keep a command for its second signature."""
    state.change()
    approval = Approval(
        approval_id=ApprovalId(make_id(header.sequence)),
        maker_id=header.principal,
        command_name=name_of(command),
        command=encode_command(command),
        expires_at_ns=TimeNs(header.at_ns + APPROVAL_LIFE_NS),
    )
    state.put(approval)
    timer = timers.set_timer(state, header, TimerKind.APPROVAL_EXPIRES, approval.expires_at_ns, approval.approval_id)
    return [ApprovalRequested(approval=approval), timer]


def grant(state: ExchangeState, header: Header, command: GrantApproval, decide: Decide | None = None) -> list[Event]:
    """Apply exactly what waits, as asked by its maker and signed by another with the same right.

    A refusal of the command itself leaves the approval open: the world may yet become what it asks for.
    """
    approval = state.table(Approval).get(command.approval_id)
    if approval is None or decide is None:
        return [Rejected(code=RejectCode.APPROVAL_UNKNOWN)]
    if header.principal == approval.maker_id:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    maker, checker = state.users[approval.maker_id], state.users[header.principal]
    if set(maker.roles).isdisjoint(checker.roles):
        return [Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail="approval")]
    events = decide(state, header, decode_command(approval.command))
    if events and isinstance(events[0], Rejected):
        return events

    state.change()
    ended = _end(state, approval, "granted")
    dropped = timers.drop_timers(state, TimerKind.APPROVAL_EXPIRES, approval.approval_id)
    return [ended, *dropped, *events]


def deny(state: ExchangeState, header: Header, command: DenyApproval) -> list[Event]:
    """Send the waiting command back; its own maker may withdraw it too."""
    approval = state.table(Approval).get(command.approval_id)
    if approval is None:
        return [Rejected(code=RejectCode.APPROVAL_UNKNOWN)]
    if set(state.users[approval.maker_id].roles).isdisjoint(state.users[header.principal].roles):
        return [Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail="approval")]

    state.change()
    dropped = timers.drop_timers(state, TimerKind.APPROVAL_EXPIRES, approval.approval_id)
    return [_end(state, approval, "denied", command.reason), *dropped]


def _expire(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    del header
    approval = state.table(Approval).get(timer.subject_id)
    return [_end(state, approval, "expired")] if approval is not None else []


def _end(state: ExchangeState, approval: Approval, status: str, reason: str = "") -> ApprovalEnded:
    ended = msgspec.structs.replace(approval, status=status)
    state.put(ended)
    return ApprovalEnded(approval=ended, reason=reason)


timers.FIRINGS[TimerKind.APPROVAL_EXPIRES] = _expire
