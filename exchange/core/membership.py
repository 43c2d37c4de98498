"""Members, their users, keys and mandates, as commands and events. Roles and keys are commands; passwords never are."""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, KeyId, MandateId, MemberId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.parties import MemberStatus, Role, SellerClass, Standing, UserRight
from exchange.core.units import MAX_INTEGER, AnyMinor, AtNs, Code, CountryCode, Minor, Name, Text, TimeNs

UserName = Annotated[str, msgspec.Meta(min_length=2, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Member(Record, frozen=True, kw_only=True):
    """A firm, institute or person admitted to the venue. `identifier` is an LEI, USCC or ROR, checked by its digits."""

    member_id: MemberId
    name: str
    role: Role
    country: str
    identifier: str
    seller_class: SellerClass
    node: str
    simulated: bool
    status: MemberStatus = MemberStatus.ACTIVE
    standings: tuple[Standing, ...] = ()
    group_id: int = 0
    """Members of one group belong together and do not trade with each other on a book; 0: none."""


class User(Record, frozen=True, kw_only=True):
    """Somebody who authenticates for a member; what they may ask for follows from roles and rights."""

    user_id: UserId
    member_id: MemberId
    user_name: str
    roles: tuple[Role, ...]
    rights: tuple[UserRight, ...]
    suspended: bool = False


class Key(Record, frozen=True, kw_only=True):
    """A counterparty's public signing key (Ed25519, 32 bytes), which acts as one user while it is valid."""

    key_id: KeyId
    user_id: UserId
    public_key: bytes
    valid_from_ns: TimeNs
    valid_until_ns: TimeNs
    revoked: bool = False


class Mandate(Record, frozen=True, kw_only=True):
    """A permission to act on another member's account: scope, a limit for each order's value, and dates."""

    mandate_id: MandateId
    account_id: AccountId
    user_id: UserId
    rights: tuple[UserRight, ...]
    limit_minor: Minor
    valid_from_ns: TimeNs
    valid_until_ns: TimeNs
    revoked: bool = False


class FoundExchange(Command, frozen=True, kw_only=True, tag="exchange.found"):
    """The very first command: names the venue and its first operator.

    Refused: member.exists.
    """

    venue_name: Name
    operator_name: UserName


class RegisterMember(Command, frozen=True, kw_only=True, tag="member.register"):
    """Admit a member, and open its first account.

    Refused: role.not_allowed, member.exists, member.identifier_invalid.
    """

    name: Name
    role: Role
    country: CountryCode
    identifier: Annotated[str, msgspec.Meta(max_length=40)] = ""
    seller_class: SellerClass = SellerClass.PRIVATE
    node: Annotated[str, msgspec.Meta(max_length=100)] = "core"
    simulated: bool = False


class MemberRegistered(Event, frozen=True, kw_only=True, tag="member.registered"):
    """A member was admitted."""

    member: Member


class FreezeMember(Command, frozen=True, kw_only=True, tag="member.freeze"):
    """Stop, or with `frozen` false release, everything a member could ask for. Holdings stay; its orders end.

    Refused: member.unknown.
    """

    member_id: MemberId
    frozen: bool
    reason: Text = ""


class MemberFrozen(Event, frozen=True, kw_only=True, tag="member.frozen"):
    """The member was stopped, or released."""

    member: Member
    reason: str


class ClassMember(Command, frozen=True, kw_only=True, tag="member.class"):
    """Put on record what a member was found to be: professional, invited to a test, its method statement signed.

    Refused: member.unknown.
    """

    member_id: MemberId
    standings: tuple[Standing, ...]


class GroupMember(Command, frozen=True, kw_only=True, tag="member.group"):
    """Put a member into a group of members that belong together, or (0) in none; their orders do not meet on a book.

    It holds for orders entered from now on.
    Refused: member.unknown.
    """

    member_id: MemberId
    group_id: Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class MemberGrouped(Event, frozen=True, kw_only=True, tag="member.grouped"):
    """The group a member belongs to."""

    member: Member


class MemberClassed(Event, frozen=True, kw_only=True, tag="member.classed"):
    """What is on record about the member's suitability."""

    member: Member


class RegisterUser(Command, frozen=True, kw_only=True, tag="user.register"):
    """Let somebody authenticate for a member. The password goes to the edge, never here.

    Refused: member.unknown, member.exists, role.not_allowed.
    """

    member_id: MemberId
    user_name: UserName
    roles: tuple[Role, ...] = ()
    rights: tuple[UserRight, ...] = (UserRight.VIEW, UserRight.TRADE)


class UserRegistered(Event, frozen=True, kw_only=True, tag="user.registered"):
    """A user may act for its member."""

    user: User


class SuspendUser(Command, frozen=True, kw_only=True, tag="user.suspend"):
    """Stop, or with `suspended` false readmit, one user.

    Refused: user.unknown.
    """

    user_id: UserId
    suspended: bool


class UserSuspended(Event, frozen=True, kw_only=True, tag="user.suspended"):
    """The user was stopped, or readmitted."""

    user: User


class RegisterKey(Command, frozen=True, kw_only=True, tag="key.register"):
    """Register a counterparty's Ed25519 public key (64 hex digits, a sound point) for one of its users.

    Refused: user.unknown, key.invalid.
    """

    user_id: UserId
    public_key_hex: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    valid_from_ns: AtNs
    valid_until_ns: AtNs


class KeyRegistered(Event, frozen=True, kw_only=True, tag="key.registered"):
    """The key's signatures act as its user while it is valid."""

    key: Key


class RevokeKey(Command, frozen=True, kw_only=True, tag="key.revoke"):
    """End a key at once.

    Refused: key.unknown.
    """

    key_id: KeyId


class KeyRevoked(Event, frozen=True, kw_only=True, tag="key.revoked"):
    """The key's signatures are refused from here on."""

    key: Key


class GrantMandate(Command, frozen=True, kw_only=True, tag="mandate.grant"):
    """Let another member's user act on one's account, within a scope, a value limit (0: none) and dates.

    Refused: account.unknown, account.not_yours, user.unknown, mandate.invalid.
    """

    account_id: AccountId
    user_id: UserId
    rights: tuple[UserRight, ...]
    limit_minor: AnyMinor = Minor(0)
    valid_from_ns: AtNs
    valid_until_ns: AtNs


class MandateGranted(Event, frozen=True, kw_only=True, tag="mandate.granted"):
    """The user may act on the account."""

    mandate: Mandate


class RevokeMandate(Command, frozen=True, kw_only=True, tag="mandate.revoke"):
    """Take a mandate back.

    Refused: mandate.unknown, account.not_yours.
    """

    mandate_id: MandateId


class MandateRevoked(Event, frozen=True, kw_only=True, tag="mandate.revoked"):
    """The mandate no longer holds."""

    mandate: Mandate


class OpenAccount(Command, frozen=True, kw_only=True, tag="account.open"):
    """Open a sub-account, naming whose units it keeps.

    One that `allocates` trades for several of the member's accounts and shares with them on the same day
    (`allocation.make`), so it names no beneficiary of its own.
    Refused: member.unknown, account.not_yours, account.exists, allocation.names_beneficiary.
    """

    member_id: MemberId
    sub_account: Code
    beneficiary: Annotated[str, msgspec.Meta(max_length=200)] = ""
    allocates: bool = False
