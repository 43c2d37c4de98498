"""Transfers by hand, their reversal, and freezes.

A posting is never edited. Its correction is a new transfer with the signs turned that names the one it turns, each at
most once and only while the units are still there. What may be reversed is said in `TransferKind` (transfers.py).
"""

from __future__ import annotations

from custody.accounts import Account, Asset
from custody.funding_messages import Receipt
from custody.transfers import Transfer
from exchange.core.ids import AccountId, AssetId, TransferId
from exchange.core.messages import Command, Event
from exchange.core.postings import Movement
from exchange.core.units import Name, PositiveUnits, Text


class TransferUnits(Command, frozen=True, kw_only=True, tag="ledger.transfer"):
    """Move units between two members' accounts by decision of two operators: a court's order, a succession, an error.

    Refused: asset.unknown, account.unknown (or both are one), use_right.not_transferable (the agreement keeps it with
    the team), hold.insufficient_available.
    """

    asset_id: AssetId
    from_account_id: AccountId
    to_account_id: AccountId
    units: PositiveUnits
    reason: Name


class UnitsTransferred(Event, frozen=True, kw_only=True, tag="ledger.transferred"):
    """The units moved, whole."""

    transfer: Transfer
    movement: Movement
    reason: str


class ReverseTransfer(Command, frozen=True, kw_only=True, tag="ledger.reverse"):
    """Turn a transfer: a new one with the signs changed. Needs two operators; once; while the units are still there.

    Refused: ledger.transfer_unknown (the journal is not there yet), ledger.not_reversible (that command made none of a
    TransferKind: what a trade posted is final), ledger.already_reversed, hold.insufficient_available.
    """

    transfer_id: TransferId
    reason: Name


class TransferReversed(Event, frozen=True, kw_only=True, tag="ledger.reversed"):
    """The units are where they were; both transfers stay. A receipt so uncredited is in suspense again."""

    transfer: Transfer
    receipt: Receipt | None
    movement: Movement
    reason: str


class FreezeAccount(Command, frozen=True, kw_only=True, tag="account.freeze"):
    """Stop, or with `frozen` false release, one account. Its orders end; what it has stays.

    Refused: account.unknown.
    """

    account_id: AccountId
    frozen: bool
    reason: Text = ""


class AccountFrozen(Event, frozen=True, kw_only=True, tag="account.frozen"):
    """The account was stopped, or released."""

    account: Account
    reason: str


class FreezeAsset(Command, frozen=True, kw_only=True, tag="asset.freeze"):
    """Stop, or with `frozen` false release, every movement of one asset: no order in it or against it, no withdrawal.

    Refused: asset.unknown.
    """

    asset_id: AssetId
    frozen: bool
    reason: Text = ""


class AssetFrozen(Event, frozen=True, kw_only=True, tag="asset.frozen"):
    """The asset was stopped, or released."""

    asset: Asset
    reason: str


# --- The kill switch --------------------------------------------------------------------------------------------------


class KillOrders(Command, frozen=True, kw_only=True, tag="orders.kill"):
    """End all open orders of an account, as a run, and take no new ones until an operator releases it.

    A member may stop its own accounts, an operator any.
    Refused: account.unknown, account.not_yours.
    Source: FIA, Best Practices for Automated Trading Risk Controls (2024), kill switch.
    """

    account_id: AccountId
    reason: Text = ""


class OrdersKilled(Event, frozen=True, kw_only=True, tag="orders.killed"):
    """The account takes no new orders."""

    account: Account
    reason: str


class ReleaseOrders(Command, frozen=True, kw_only=True, tag="orders.release"):
    """Let an account enter orders again.

    Refused: account.unknown.
    """

    account_id: AccountId
    reason: Text = ""


class OrdersReleased(Event, frozen=True, kw_only=True, tag="orders.released"):
    """The account takes orders again."""

    account: Account
    reason: str
