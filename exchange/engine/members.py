"""Members, users, keys, mandates and their accounts."""

from __future__ import annotations

import msgspec

from custody.accounts import VENUE, Account, AccountKind
from custody.messages import AccountOpened
from exchange.assets.codes import Unreadable
from exchange.assets.party_identifiers import read_lei, read_ror, read_uscc
from exchange.core.ids import AccountId, KeyId, MandateId, MemberId, UserId, make_id
from exchange.core.keys import is_sound_key
from exchange.core.membership import (
    ClassMember,
    FoundExchange,
    FreezeMember,
    GrantMandate,
    GroupMember,
    Key,
    KeyRegistered,
    KeyRevoked,
    Mandate,
    MandateGranted,
    MandateRevoked,
    Member,
    MemberClassed,
    MemberFrozen,
    MemberGrouped,
    MemberRegistered,
    OpenAccount,
    RegisterKey,
    RegisterMember,
    RegisterUser,
    RevokeKey,
    RevokeMandate,
    SuspendUser,
    User,
    UserRegistered,
    UserSuspended,
)
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import MEMBER_ROLES, MemberStatus, Role, SellerClass, UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import acts_for_member
from exchange.engine.order_ends import end_orders
from exchange.engine.state import ExchangeState

MAIN = "main"
"""The sub-account every member has from the start."""


def found_exchange(state: ExchangeState, header: Header, command: FoundExchange) -> list[Event]:
    """Make the venue and its first operator, once."""
    if state.members:
        return [Rejected(code=RejectCode.MEMBER_EXISTS)]

    state.change()
    venue = Member(
        member_id=VENUE,
        name=command.venue_name,
        role=Role.OPERATOR,
        country="CN",
        identifier="",
        seller_class=SellerClass.PRIVATE,
        node="core",
        simulated=False,
    )
    operator = User(
        user_id=UserId(make_id(header.sequence)),
        member_id=VENUE,
        user_name=command.operator_name,
        roles=(Role.OPERATOR,),
        rights=tuple(UserRight),
    )
    state.put(venue)
    state.put(operator)
    return [MemberRegistered(member=venue), UserRegistered(user=operator)]


def register_member(state: ExchangeState, header: Header, command: RegisterMember) -> list[Event]:
    """Admit a member and open its main account. Regulators are users of the venue, not members."""
    if command.role not in MEMBER_ROLES:
        return [Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail=command.role)]
    if command.identifier and not _is_party_identifier(command.identifier):
        return [Rejected(code=RejectCode.MEMBER_IDENTIFIER_INVALID, detail=command.identifier)]
    if any(_same_party(member, command) for member in state.members.values()):
        return [Rejected(code=RejectCode.MEMBER_EXISTS, detail=command.name)]

    state.change()
    member = Member(
        member_id=MemberId(make_id(header.sequence)),
        name=command.name,
        role=command.role,
        country=command.country,
        identifier=command.identifier,
        seller_class=command.seller_class,
        node=command.node,
        simulated=command.simulated,
    )
    state.put(member)
    account = _open(state, AccountId(make_id(header.sequence, 1)), member.member_id, MAIN, "")
    return [MemberRegistered(member=member), account]


def freeze_member(state: ExchangeState, header: Header, command: FreezeMember) -> list[Event]:
    """Stop or release a member; a stop also ends its open orders."""
    member = state.members.get(command.member_id)
    if member is None or command.member_id == VENUE:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]

    state.change()
    status = MemberStatus.FROZEN if command.frozen else MemberStatus.ACTIVE
    changed = msgspec.structs.replace(member, status=status)
    state.put(changed)
    events: list[Event] = [MemberFrozen(member=changed, reason=command.reason)]
    if command.frozen:
        plan = [
            order.order_id
            for order in state.orders_in_sequence()
            if state.accounts[order.account_id].member_id == member.member_id
        ]
        events.extend(end_orders(state, header, plan))
    return events


def class_member(state: ExchangeState, header: Header, command: ClassMember) -> list[Event]:
    """Put a member's standings on record, replacing the earlier ones."""
    del header
    member = state.members.get(command.member_id)
    if member is None or command.member_id == VENUE:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]

    state.change()
    changed = msgspec.structs.replace(member, standings=command.standings)
    state.put(changed)
    return [MemberClassed(member=changed)]


def group_member(state: ExchangeState, header: Header, command: GroupMember) -> list[Event]:
    """Say which members belong together."""
    del header
    member = state.members.get(command.member_id)
    if member is None or command.member_id == VENUE:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]

    state.change()
    changed = msgspec.structs.replace(member, group_id=command.group_id)
    state.put(changed)
    return [MemberGrouped(member=changed)]


def register_user(state: ExchangeState, header: Header, command: RegisterUser) -> list[Event]:
    """Let somebody authenticate for a member, with the member's role unless others are named."""
    member = state.members.get(command.member_id)
    if member is None:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]
    roles = command.roles or (member.role,)
    venue_roles = {Role.OPERATOR, Role.REGULATOR}
    allowed = venue_roles if command.member_id == VENUE else {member.role}
    if not allowed.issuperset(roles):
        return [Rejected(code=RejectCode.ROLE_NOT_ALLOWED, detail=", ".join(roles))]
    if any(user.user_name == command.user_name for user in state.users.values()):
        return [Rejected(code=RejectCode.MEMBER_EXISTS, detail=command.user_name)]

    state.change()
    user = User(
        user_id=UserId(make_id(header.sequence)),
        member_id=command.member_id,
        user_name=command.user_name,
        roles=roles,
        rights=command.rights,
    )
    state.put(user)
    return [UserRegistered(user=user)]


def suspend_user(state: ExchangeState, header: Header, command: SuspendUser) -> list[Event]:
    """Stop or readmit one user; nobody suspends themselves."""
    user = state.users.get(command.user_id)
    if user is None:
        return [Rejected(code=RejectCode.USER_UNKNOWN)]
    if command.user_id == header.principal:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]

    state.change()
    changed = msgspec.structs.replace(user, suspended=command.suspended)
    state.put(changed)
    return [UserSuspended(user=changed)]


def register_key(state: ExchangeState, header: Header, command: RegisterKey) -> list[Event]:
    """Register a public key for a counterparty's user; one key is one user's for ever."""
    user = state.users.get(command.user_id)
    if user is None:
        return [Rejected(code=RejectCode.USER_UNKNOWN)]
    public_key = bytes.fromhex(command.public_key_hex)
    if command.valid_until_ns <= command.valid_from_ns or Role.COUNTERPARTY not in user.roles:
        return [Rejected(code=RejectCode.KEY_INVALID)]
    if not is_sound_key(public_key):
        return [Rejected(code=RejectCode.KEY_INVALID, detail="not a sound Ed25519 key")]
    if any(key.public_key == public_key for key in state.table(Key).values()):
        return [Rejected(code=RejectCode.KEY_INVALID, detail="registered before")]

    state.change()
    key = Key(
        key_id=KeyId(make_id(header.sequence)),
        user_id=command.user_id,
        public_key=public_key,
        valid_from_ns=command.valid_from_ns,
        valid_until_ns=command.valid_until_ns,
    )
    state.put(key)
    return [KeyRegistered(key=key)]


def revoke_key(state: ExchangeState, header: Header, command: RevokeKey) -> list[Event]:
    """End a key at once; it stays in the table as proof of what it signed."""
    del header
    key = state.table(Key).get(command.key_id)
    if key is None:
        return [Rejected(code=RejectCode.KEY_UNKNOWN)]

    state.change()
    revoked = msgspec.structs.replace(key, revoked=True)
    state.put(revoked)
    return [KeyRevoked(key=revoked)]


def grant_mandate(state: ExchangeState, header: Header, command: GrantMandate) -> list[Event]:
    """Let another's user act on one's account; only a user who may approve for the owner can."""
    account = state.accounts.get(command.account_id)
    if account is None:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN)]
    if not acts_for_member(state, header, account.member_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    if command.user_id not in state.users:
        return [Rejected(code=RejectCode.USER_UNKNOWN)]
    if not command.rights or command.valid_until_ns <= max(command.valid_from_ns, header.at_ns):
        return [Rejected(code=RejectCode.MANDATE_INVALID)]

    state.change()
    mandate = Mandate(
        mandate_id=MandateId(make_id(header.sequence)),
        account_id=command.account_id,
        user_id=command.user_id,
        rights=command.rights,
        limit_minor=command.limit_minor,
        valid_from_ns=command.valid_from_ns,
        valid_until_ns=command.valid_until_ns,
    )
    state.put(mandate)
    return [MandateGranted(mandate=mandate)]


def revoke_mandate(state: ExchangeState, header: Header, command: RevokeMandate) -> list[Event]:
    """Take a mandate back; orders placed under it stay the account's."""
    mandate = state.table(Mandate).get(command.mandate_id)
    if mandate is None:
        return [Rejected(code=RejectCode.MANDATE_UNKNOWN)]
    owner = state.accounts[mandate.account_id].member_id
    if not acts_for_member(state, header, owner, UserRight.APPROVE):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]

    state.change()
    revoked = msgspec.structs.replace(mandate, revoked=True)
    state.put(revoked)
    return [MandateRevoked(mandate=revoked)]


def open_account(state: ExchangeState, header: Header, command: OpenAccount) -> list[Event]:
    """Open a sub-account: by the member's own approver, or by an operator."""
    if command.member_id not in state.members:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    if not operator and not acts_for_member(state, header, command.member_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    if command.member_id == VENUE or any(
        account.member_id == command.member_id and account.sub_account == command.sub_account
        for account in state.accounts.values()
    ):
        return [Rejected(code=RejectCode.ACCOUNT_EXISTS, detail=command.sub_account)]
    if command.allocates and command.beneficiary:
        return [Rejected(code=RejectCode.ALLOCATION_NAMES_BENEFICIARY)]

    state.change()
    account_id = AccountId(make_id(header.sequence))
    names = command.sub_account, command.beneficiary
    return [_open(state, account_id, command.member_id, *names, allocates=command.allocates)]


def main_account(state: ExchangeState, member_id: MemberId) -> AccountId:
    """A member's first account, opened by the command that admitted it."""
    return state.accounts[AccountId(member_id + 1)].account_id


def _open(
    state: ExchangeState,
    account_id: AccountId,
    member_id: MemberId,
    sub_account: str,
    beneficiary: str,
    *,
    allocates: bool = False,
) -> AccountOpened:
    account = Account(
        account_id=account_id,
        member_id=member_id,
        sub_account=sub_account,
        beneficiary=beneficiary,
        kind=AccountKind.CLIENT,
        allocates=allocates,
    )
    state.put(account)
    return AccountOpened(account=account)


def _is_party_identifier(text: str) -> bool:
    """Whether the text is an LEI, a USCC or a ROR whose check digits hold."""
    for read in (read_lei, read_uscc, read_ror):
        try:
            read(text)
        except Unreadable:
            continue
        return True
    return False


def _same_party(member: Member, command: RegisterMember) -> bool:
    """The same checked identifier, or without one the same name in the same role."""
    if command.identifier:
        return member.identifier == command.identifier and member.role is command.role
    return member.name == command.name and member.role is command.role
