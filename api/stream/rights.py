"""Who may see an account, asked again for every message.

The answer for a user's own member and for staff follows from the user's record alone; any other needs a mandate that is
in force. Records are other objects after every change, so an answer is kept as long as what it rests on is the same.
"""

from __future__ import annotations

from api.directory import STAFF, Directory
from exchange.core.ids import AccountId, UserId
from exchange.core.membership import Mandate, User
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode


class Rights:
    """What the committed directory says of viewing."""

    __slots__ = ("directory",)

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def is_active(self, user_id: UserId) -> bool:
        """Whether the user is known and not suspended."""
        user = self.directory.users.get(user_id)
        return user is not None and not user.suspended

    def may_view(self, user_id: UserId, account_id: AccountId) -> bool:
        """Whether the user may see the account now."""
        return self.lasting(user_id, account_id) is not None or self.mandate(user_id, account_id) is not None

    def lasting(self, user_id: UserId, account_id: AccountId) -> User | None:
        """The user's record, if it alone lets the user see the account: the owner's own users, and staff."""
        user, account = self.directory.users.get(user_id), self.directory.accounts.get(account_id)
        if user is None or user.suspended or account is None:
            return None
        if not STAFF.isdisjoint(user.roles):
            return user
        return user if user.member_id == account.member_id and UserRight.VIEW in user.rights else None

    def refusal(self, account_id: AccountId) -> RejectCode:
        """Why a user who may not see an account may not."""
        known = account_id in self.directory.accounts
        return RejectCode.ACCOUNT_NOT_YOURS if known else RejectCode.ACCOUNT_UNKNOWN

    def mandate(self, user_id: UserId, account_id: AccountId) -> Mandate | None:
        """A mandate by which the user may see the account now."""
        if not self.is_active(user_id) or account_id not in self.directory.accounts:
            return None
        return next(
            (
                mandate
                for mandate in self.directory.mandates.values()
                if mandate.user_id == user_id and mandate.account_id == account_id and self.is_in_force(mandate)
            ),
            None,
        )

    def is_in_force(self, mandate: Mandate) -> bool:
        """Whether the mandate lets its user see now: not revoked or replaced, within its dates, and of that scope."""
        return (
            self.directory.mandates.get(mandate.mandate_id) is mandate
            and not mandate.revoked
            and UserRight.VIEW in mandate.rights
            and mandate.valid_from_ns <= self.directory.clock.now_ns() < mandate.valid_until_ns
            and self.is_active(mandate.user_id)
        )
