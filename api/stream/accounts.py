"""The private channels, `account:…`: how far each has come, and who follows it by which right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from api.stream.channels import Follower
from api.stream.private import Told, private_frame, told
from api.stream.projections import channel_numbers
from api.stream.rights import Rights
from exchange.core.ids import AccountId, UserId
from exchange.core.membership import Mandate, User
from exchange.core.messages import Event, Header
from matching.depth import CommittedRow


class AccountFollower(Follower, Protocol):
    """Who follows an account."""

    def dropped(self, account_id: AccountId, code: str) -> None:
        """The right to see the account is gone; nothing more of it will come."""
        ...


@dataclass(slots=True, eq=False)
class AccountFollowing:
    """One follower of an account, whose right it uses, and the record that the right rests on."""

    follower: AccountFollower
    user_id: UserId
    by: User | Mandate | None = None


class Accounts:
    """Every account's private channel."""

    __slots__ = ("_followed_by", "_rights", "numbers")

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._followed_by: dict[AccountId, dict[Follower, AccountFollowing]] = {}
        self.numbers = channel_numbers()
        """How far each channel has come; 0 for one that never spoke."""

    def restore(self, numbers: Mapping[AccountId, int]) -> None:
        """Start from the tables. Nobody follows yet."""
        self.numbers.restore(numbers)
        self._followed_by = {}

    def rows(self, rows: Iterable[CommittedRow]) -> None:
        """Tell the accounts what committed rows told them; only rows that somebody follows are read as events."""
        followed_by = self._followed_by
        for row in self.numbers.rows(rows):
            for event in row.events:
                for one in told(event):
                    if one[0] in followed_by:
                        self._tell(row.header, event, one)

    def follow(self, account_id: AccountId, follower: AccountFollower, user_id: UserId) -> None:
        """Send every further message of the account to this follower, while the user may see it."""
        self._followed_by.setdefault(account_id, {})[follower] = AccountFollowing(follower, user_id)
        self.numbers.follow(account_id)

    def unfollow(self, account_id: AccountId, follower: Follower) -> None:
        """Send no more of the account to this follower."""
        followed_by = self._followed_by.get(account_id)
        if followed_by is not None:
            followed_by.pop(follower, None)
            if not followed_by:
                del self._followed_by[account_id]
                self.numbers.unfollow(account_id)

    def _tell(self, header: Header, event: Event, one: Told) -> None:
        account_id = one[0]
        whole = private_frame(header, event, one)
        refused: list[AccountFollowing] = []
        for following in self._followed_by[account_id].values():
            if self._may(following, account_id):
                following.follower.push(whole)
            else:
                refused.append(following)
        for following in refused:
            self.unfollow(account_id, following.follower)
            following.follower.dropped(account_id, self._rights.refusal(account_id))

    def _may(self, following: AccountFollowing, account_id: AccountId) -> bool:
        rights, user_id = self._rights, following.user_id
        match following.by:
            case User() as user if rights.directory.users.get(user_id) is user:
                return True
            case Mandate() as mandate if rights.is_in_force(mandate):
                return True
            case _:
                following.by = rights.lasting(user_id, account_id) or rights.mandate(user_id, account_id)
                return following.by is not None
