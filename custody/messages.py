"""Custody's commands and events. Accounts first; money, rights and corrections follow in their own modules.

An event that moves units carries a Movement: its postings, holds and the private marks of the accounts concerned.
"""

from __future__ import annotations

from custody.accounts import Account
from exchange.core.messages import Event


class AccountOpened(Event, frozen=True, kw_only=True, tag="account.opened"):
    """An owner has a place in the ledger."""

    account: Account
