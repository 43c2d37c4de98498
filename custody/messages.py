"""Custody's commands and events. Accounts first; money, rights and corrections follow in their own modules.

An event that moves units carries a Movement: its postings, holds and the private marks of the accounts concerned.
"""

from __future__ import annotations

from custody.accounts import Account, Asset
from exchange.core.messages import Event
from exchange.core.postings import Movement


class AccountOpened(Event, frozen=True, kw_only=True, tag="account.opened"):
    """An owner has a place in the ledger."""

    account: Account


class AssetIssued(Event, frozen=True, kw_only=True, tag="asset.issued"):
    """Units of a new asset exist: the asset, its mirror account, and the movement that credited them.

    Units: the mirror stands at minus what is outstanding, so the asset sums to zero.
    """

    asset: Asset
    account: Account
    movement: Movement
