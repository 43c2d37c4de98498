"""Four eyes, in the engine: what was approved is exactly what is applied, by somebody else, in time.

A command whose route says `four_eyes` is not decided when it comes. Its journal bytes are kept; a second person with
the same role grants them, and only then the handler decides, against the state of that moment. A member's own command
waits where its market's profile says so (see thresholds), for another user of that member; it is decided in its
maker's name, who must still be able to ask for it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from custody.accounts import VENUE
from exchange.core.ids import NODE, ApprovalId, MemberId, UserId, make_id
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
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import NS_PER_DAY, TimeNs
from exchange.core.wire import decode_command, encode_command, name_of
from exchange.engine import timers
from exchange.engine.state import ExchangeState

APPROVAL_LIFE_NS = 7 * NS_PER_DAY

Decide = Callable[[ExchangeState, Header, Command], list[Event]]


def request(
    state: ExchangeState,
    header: Header,
    command: Command,
    *,
    member_id: MemberId = VENUE,
    right: UserRight | None = None,
    life_ns: int = APPROVAL_LIFE_NS,
) -> list[Event]:
    """Keep a command for its second signature: an operator's, or with `right` that of another of the member's users."""
    state.change()
    approval = Approval(
        approval_id=ApprovalId(make_id(header.sequence)),
        maker_id=header.principal,
        command_name=name_of(command),
        command=encode_command(command),
        expires_at_ns=TimeNs(header.at_ns + life_ns),
        member_id=member_id,
        needed_right=right.value if right is not None else "",
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
    if header.at_ns >= approval.expires_at_ns:
        return [Rejected(code=RejectCode.APPROVAL_EXPIRED)]
    if header.principal == approval.maker_id:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := _refuse_signer(state, header, approval)) is not None:
        return [refusal]
    signed = header
    if approval.needed_right:
        if state.users[approval.maker_id].suspended:
            return [Rejected(code=RejectCode.USER_SUSPENDED, detail="who asked")]
        signed = msgspec.structs.replace(header, principal=approval.maker_id)
    events = decide(state, signed, decode_command(approval.command))
    if events and isinstance(events[0], Rejected):
        return events

    state.change()
    ended = _end(state, approval, "granted", by=header.principal)
    dropped = timers.drop_timers(state, TimerKind.APPROVAL_EXPIRES, approval.approval_id)
    return [ended, *dropped, *events]


def deny(state: ExchangeState, header: Header, command: DenyApproval) -> list[Event]:
    """Send the waiting command back; its own maker may withdraw it too."""
    approval = state.table(Approval).get(command.approval_id)
    if approval is None:
        return [Rejected(code=RejectCode.APPROVAL_UNKNOWN)]
    withdraws = bool(approval.needed_right) and header.principal == approval.maker_id
    if not withdraws and (refusal := _refuse_signer(state, header, approval)) is not None:
        return [refusal]

    state.change()
    dropped = timers.drop_timers(state, TimerKind.APPROVAL_EXPIRES, approval.approval_id)
    return [_end(state, approval, "denied", command.reason, by=header.principal), *dropped]


def _refuse_signer(state: ExchangeState, header: Header, approval: Approval) -> Rejected | None:
    """Whether the principal is one of those who may sign.

    Refused: role.not_allowed, account.not_yours.
    """
    maker, checker = state.users[approval.maker_id], state.users[header.principal]
    if not approval.needed_right:
        shared = not set(maker.roles).isdisjoint(checker.roles)
        return None if shared else Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail="approval")
    if checker.member_id != approval.member_id or approval.needed_right not in checker.rights:
        return Rejected(code=RejectCode.ACCOUNT_NOT_YOURS, detail=approval.needed_right)
    return None


def _expire(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    del header
    approval = state.table(Approval).get(timer.subject_id)
    return [_end(state, approval, "expired")] if approval is not None else []


def _end(state: ExchangeState, approval: Approval, status: str, reason: str = "", by: UserId = NODE) -> ApprovalEnded:
    ended = msgspec.structs.replace(approval, status=status, decided_by=by)
    state.put(ended)
    return ApprovalEnded(approval=ended, reason=reason)


timers.FIRINGS[TimerKind.APPROVAL_EXPIRES] = _expire
