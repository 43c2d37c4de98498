"""Who is who, as committed: users, members, accounts, mandates and keys, kept by listening to the feed.

The edge asks it on every request, so a user suspended by a command is refused from that commit on, token or no token.
What it says decides only what may be *read*; every command is decided again by the engine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from api.auth.codes import EdgeCode, EdgeRefused
from api.problems import RequestRefused
from custody.accounts import VENUE, Account
from exchange.core.ids import AccountId, KeyId, MandateId, MemberId, UserId
from exchange.core.membership import Key, Mandate, Member, User, UserSuspended
from exchange.core.messages import Record
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.node.ports import Batch, Clock

STAFF = frozenset({Role.OPERATOR, Role.REGULATOR})
KEPT: tuple[type[Record], ...] = (User, Member, Account, Mandate, Key)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what that allows to read."""

    user_id: UserId
    member_id: MemberId
    roles: frozenset[Role]
    session_id: str = ""

    @property
    def staff(self) -> bool:
        """Whether this is an operator or a regulator, who read everything."""
        return not STAFF.isdisjoint(self.roles)

    @property
    def operator(self) -> bool:
        """Whether this is an operator."""
        return Role.OPERATOR in self.roles


class Directory:
    """The committed users, members, accounts, mandates and keys."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[UserId, User] = {}
        self.members: dict[MemberId, Member] = {}
        self.accounts: dict[AccountId, Account] = {}
        self.mandates: dict[MandateId, Mandate] = {}
        self.keys: dict[KeyId, Key] = {}
        self.accounts_by_member: dict[MemberId, dict[AccountId, None]] = {}
        self.sequence = 0
        """The last sequence whose commit was heard of."""
        self.on_suspended: list[Callable[[UserId], None]] = []

    def restore(self, records: Iterable[Record], sequence: int) -> None:
        """Start from the tables."""
        for kept in (self.users, self.members, self.accounts, self.mandates, self.keys, self.accounts_by_member):
            kept.clear()
        for record in records:
            self.put(record)
        self.sequence = sequence

    def publish(self, batch: Batch) -> None:
        """Take note of a committed batch."""
        for row in batch.rows:
            if row.told is not None:
                continue  # orders change no record of who may do what
            for event in row.events:
                for name in _carried(type(event)):
                    value = getattr(event, name)
                    for record in value if isinstance(value, tuple) else (value,):
                        self.put(record)
                if isinstance(event, UserSuspended) and event.user.suspended:
                    for tell in self.on_suspended:
                        tell(event.user.user_id)
        if batch.rows:
            self.sequence = batch.rows[-1].header.sequence

    def put(self, record: Record) -> None:
        """Keep a record's latest value."""
        match record:
            case User():
                self.users[record.user_id] = record
            case Member():
                self.members[record.member_id] = record
            case Account():
                self.accounts[record.account_id] = record
                self.accounts_by_member.setdefault(record.member_id, {})[record.account_id] = None
            case Mandate():
                self.mandates[record.mandate_id] = record
            case Key():
                self.keys[record.key_id] = record
            case _:
                pass  # other records are read from the tables

    def principal(self, user_id: UserId, session_id: str = "") -> Principal:
        """What an authenticated user may read now.

        Refused: auth.required (no such user), user.suspended.
        """
        user = self.users.get(user_id)
        if user is None:
            raise EdgeRefused(EdgeCode.AUTH_REQUIRED, "the token's user is not registered")
        if user.suspended:
            raise RequestRefused(RejectCode.USER_SUSPENDED)
        return Principal(user.user_id, user.member_id, frozenset(user.roles), session_id)

    def key(self, key_id: KeyId) -> Key | None:
        """A registered signing key: the signed door's look-up."""
        return self.keys.get(key_id)

    def owns(self, principal: Principal, account_id: AccountId) -> bool:
        """Whether the account is the principal's member's, or mandated to the principal for viewing now."""
        account = self.accounts.get(account_id)
        if account is not None and account.member_id == principal.member_id and self._views_own(principal):
            return True
        return any(mandate.account_id == account_id for mandate in self._mandates_of(principal))

    def may_view(self, principal: Principal, account_id: AccountId) -> bool:
        """Whether the principal may read what belongs to the account."""
        return principal.staff or self.owns(principal, account_id)

    def viewable_accounts(self, principal: Principal) -> list[AccountId]:
        """The accounts a principal who is not staff may read, in order."""
        own = self.accounts_by_member.get(principal.member_id, {}) if self._views_own(principal) else {}
        return sorted({*own, *(mandate.account_id for mandate in self._mandates_of(principal))})

    def users_of(self, member_id: MemberId) -> list[UserId]:
        """The users of one member, in order."""
        return sorted(user.user_id for user in self.users.values() if user.member_id == member_id)

    def by_name(self, user_name: str) -> User | None:
        """The user of that name, if there is one."""
        return next((user for user in self.users.values() if user.user_name == user_name), None)

    def _views_own(self, principal: Principal) -> bool:
        """Whether the user may see its member's accounts; the venue's own are read by staff alone."""
        return principal.member_id != VENUE and UserRight.VIEW in self.users[principal.user_id].rights

    def _mandates_of(self, principal: Principal) -> list[Mandate]:
        now_ns = self.clock.now_ns()
        return [
            mandate
            for mandate in self.mandates.values()
            if mandate.user_id == principal.user_id
            and not mandate.revoked
            and UserRight.VIEW in mandate.rights
            and mandate.valid_from_ns <= now_ns < mandate.valid_until_ns
        ]


@functools.cache
def _carried(kind: Any) -> tuple[str, ...]:
    """The fields of an event that hold records kept here; none, for the hot ones."""
    found: list[str] = []
    for name, hint in get_type_hints(kind).items():
        if name in kind.__struct_fields__ and any(inner in KEPT for inner in (hint, *get_args(hint))):
            found.append(name)
    return tuple(found)
