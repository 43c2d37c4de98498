"""Signed legs and held units: the two ways in which a balance may change.

A transfer is a balanced set of postings, all or nothing. A hold is a promise of units, to an order or a pending
transfer; it moves nothing and lowers only what is available.
"""

from __future__ import annotations

from exchange.core.ids import AccountId, AssetId
from exchange.core.messages import Record
from exchange.core.units import Sequence, Units


class Posting(Record, frozen=True, kw_only=True):
    """One signed leg of a transfer, with the balance after it.

    Units: `units` and `balance_after` count the asset's units; the postings of a transfer sum to zero per asset.
    `previous_sequence` is where this account and asset was posted before (0: never), so a statement walks the chain.
    """

    account_id: AccountId
    asset_id: AssetId
    units: Units
    balance_after: Units
    previous_sequence: Sequence


class HoldChange(Record, frozen=True, kw_only=True):
    """What an account has promised of one asset, after the change."""

    account_id: AccountId
    asset_id: AssetId
    held_after: Units


class FeedMark(Record, frozen=True, kw_only=True):
    """An event's place in its account's private channel.

    `n` counts the account's events without gaps; `previous_sequence` is the earlier command that told this account
    something (0: none), so a reader who missed messages is walked back through the journal by key.
    """

    n: int
    previous_sequence: Sequence


class AccountMark(Record, frozen=True, kw_only=True):
    """An event's place in one account's private channel."""

    account_id: AccountId
    mark: FeedMark


class Movement(Record, frozen=True, kw_only=True):
    """Everything an event changed in the ledger: postings of balanced transfers, holds, and who is told."""

    postings: tuple[Posting, ...] = ()
    holds: tuple[HoldChange, ...] = ()
    marks: tuple[AccountMark, ...] = ()
