"""How far every private channel has come: counted for all accounts, told to those that somebody follows.

This is the readable half; `_numbers.pyx` counts the same from the rows' bytes, and makes no event of a row that nobody
follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from api.stream.private import told
from exchange.core.ids import AccountId
from matching.depth import R


class ChannelNumbers:
    """How far every account's channel has come, and which of them are followed."""

    __slots__ = ("_followed", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[AccountId, int] = {}
        self._followed: dict[AccountId, None] = {}

    def restore(self, numbers: Mapping[AccountId, int]) -> None:
        """Start from the tables. Nobody follows yet."""
        self._numbers = dict(numbers)
        self._followed = {}

    def __getitem__(self, account_id: AccountId) -> int:
        """The number of the account's last message; 0 for one that never spoke."""
        return self._numbers.get(account_id, 0)

    def follow(self, account_id: AccountId) -> None:
        """Pick out the rows that tell this account something."""
        self._followed[account_id] = None

    def unfollow(self, account_id: AccountId) -> None:
        """Pick them out no longer."""
        self._followed.pop(account_id, None)

    def rows(self, rows: Iterable[R]) -> list[R]:
        """Count what committed rows told, in order; answers the rows that told a followed account something."""
        found: list[R] = []
        for row in rows:
            hit = False
            for event in row.events:
                for account_id, mark, _ in told(event):
                    self._numbers[account_id] = mark.n
                    hit = hit or account_id in self._followed
            if hit:
                found.append(row)
        return found
