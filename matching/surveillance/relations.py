"""Which accounts belong together, so far as the exchange knows.

Two accounts are related by an owner (the same named beneficiary, or the same member's own money), by a member, or by a
group that an officer declares for the look at hand. Relations are not passed on: two managers with one common client
are not one group. And they rest on what never changes of an account, so that an alert of last year is found again.

A mandate relates nobody: a broker with a mandate from each of its clients would make one group of them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from exchange.core.ids import AccountId, MemberId


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account it is: the member, and the beneficiary behind it; none named: the member itself."""

    member_id: MemberId
    beneficiary: str = ""


class Group(NamedTuple):
    """One reason for which accounts belong together: how, and the common thing itself."""

    how: str
    what: str | int


class Relations:
    """The groups of each account. Owners may be added at any time, never changed."""

    def __init__(
        self, owners: Mapping[AccountId, Owner] | None = None, declared: Sequence[Iterable[AccountId]] = ()
    ) -> None:
        self._groups: dict[AccountId, tuple[Group, ...]] = {}
        self._declared: dict[AccountId, list[Group]] = {}
        for number, accounts in enumerate(declared):
            for account_id in accounts:
                self._declared.setdefault(account_id, []).append(Group("declared", number))
        self.add(owners or {})

    def __contains__(self, account_id: AccountId) -> bool:
        """Whether the account's owner is known."""
        return account_id in self._groups

    def add(self, owners: Mapping[AccountId, Owner]) -> None:
        """Learn whose accounts these are."""
        for account_id, owner in owners.items():
            name = " ".join(owner.beneficiary.casefold().split())
            own = Group("owner", name or owner.member_id)
            self._groups[account_id] = (
                own,
                Group("member", owner.member_id),
                *self._declared.get(account_id, ()),
            )

    def groups(self, account_id: AccountId) -> tuple[Group, ...]:
        """All groups of an account, the closest first. One whose owner is unknown stands alone."""
        known = self._groups.get(account_id)
        if known is not None:
            return known
        return (Group("account", account_id), *self._declared.get(account_id, ()))

    def shared(self, one: AccountId, other: AccountId) -> Group | None:
        """The closest group both accounts are in; None if nothing relates them."""
        others = self.groups(other)
        for group in self.groups(one):
            if group in others:
                return group
        return None
