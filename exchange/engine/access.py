"""Who acts for whom: the one check behind REST, socket, signed door and command line.

`Header.principal` is who authenticated; the command names the account; an action needs the user's right on it, as one
of the owner's own users or by a mandate within its scope, limit and dates.
"""

from __future__ import annotations

from exchange.core.ids import NODE, AccountId, MemberId
from exchange.core.membership import Member, User
from exchange.core.messages import Header, Rejected
from exchange.core.parties import MemberStatus, Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.state import ExchangeState


def refuse_role(state: ExchangeState, header: Header, roles: tuple[Role, ...]) -> Rejected | None:
    """Whether the principal may send this command at all."""
    if header.principal == NODE:
        return None if Role.NODE in roles else Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail="node")
    user = state.users.get(header.principal)
    if user is None:
        return Rejected(code=RejectCode.USER_UNKNOWN)
    if user.suspended:
        return Rejected(code=RejectCode.USER_SUSPENDED)
    for role in user.roles:  # tuples are compared by identity first; a set would call each enum's hash
        if role in roles:
            break
    else:
        return Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail=", ".join(user.roles))
    return None


def refuse_account(
    state: ExchangeState,
    header: Header,
    account_id: AccountId,
    right: UserRight,
    *,
    value_minor: int = 0,
    frozen_too: bool = False,
) -> Rejected | None:
    """Whether the principal may use this account in this way, and the account may be used.

    `frozen_too` lets a frozen owner still withdraw what it asked for (a cancel takes nothing from anybody).
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen.
    """
    account = state.accounts.get(account_id)
    if account is None:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN)
    user = state.users.get(header.principal)
    if user is None:
        return Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)
    if (user.member_id != account.member_id or right not in user.rights) and (
        refusal := _refuse_mandate(state, header, account_id, right, value_minor)
    ) is not None:
        return refusal
    if frozen_too:
        return None
    if account.frozen:
        return Rejected(code=RejectCode.ACCOUNT_FROZEN)
    if state.members[account.member_id].status is MemberStatus.FROZEN:
        return Rejected(code=RejectCode.MEMBER_FROZEN)
    if state.members[user.member_id].status is MemberStatus.FROZEN:
        return Rejected(code=RejectCode.MEMBER_FROZEN)
    return None


def _refuse_mandate(
    state: ExchangeState, header: Header, account_id: AccountId, right: UserRight, value_minor: int
) -> Rejected | None:
    """Whether no mandate covers the action; a mandate that is close but too small says so."""
    refusal = Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)
    for mandate in state.mandates_of(header.principal, account_id):
        if right not in mandate.rights or not mandate.valid_from_ns <= header.at_ns < mandate.valid_until_ns:
            continue
        if mandate.limit_minor and value_minor > mandate.limit_minor:
            refusal = Rejected(code=RejectCode.MANDATE_INVALID, detail=f"limit_minor={mandate.limit_minor}")
            continue
        return None
    return refusal


def refuse_member(state: ExchangeState, header: Header, member_id: MemberId, right: UserRight) -> Rejected | None:
    """Whether the principal may act for this member where no account is concerned.

    Refused: account.not_yours, member.frozen.
    """
    if not acts_for_member(state, header, member_id, right):
        return Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)
    if state.members[member_id].status is MemberStatus.FROZEN:
        return Rejected(code=RejectCode.MEMBER_FROZEN)
    return None


def principal_member(state: ExchangeState, header: Header) -> Member | None:
    """The member the principal belongs to; none for the node."""
    user = state.users.get(header.principal)
    return state.members.get(user.member_id) if user else None


def acts_for_member(state: ExchangeState, header: Header, member_id: MemberId, right: UserRight) -> bool:
    """Whether the principal is a user of that member with that right."""
    user: User | None = state.users.get(header.principal)
    return user is not None and user.member_id == member_id and right in user.rights
