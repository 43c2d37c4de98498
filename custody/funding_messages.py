"""Client money in and out: banks, receipts and withdrawals in their states, the sweep of fees.

A receipt: received (in suspense) → credited to the member who paid it, or returned to its payer. A withdrawal:
requested (held) → instructed (in transit) → confirmed or returned; before it is instructed it may be cancelled. Each
step is a command, because only somebody outside knows what the bank did.

Source: DOMAIN.md 2.1: client money is not the house's; only its owner pays it in, only to its owner it is paid out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from custody.accounts import Account, Asset, Bank
from custody.transfers import Transfer
from exchange.core.ids import AccountId, AssetId, BankId, MemberId, PayoutAccountId, ReceiptId, WithdrawalId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import CurrencyCode, Minor, Name, PositiveMinor, Text

BankAccount = Annotated[str, msgspec.Meta(min_length=4, max_length=64, pattern=r"^[0-9A-Z][0-9A-Z -]*$")]
"""An account at a bank as the bank spells it: an IBAN, a CNAPS account number."""
BankReference = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"""The bank's own reference of a payment: unique at that bank."""


# --- Banks ------------------------------------------------------------------------------------------------------------


class OpenBank(Command, frozen=True, kw_only=True, tag="bank.open"):
    """Name a settlement bank, its currency's money, and the venue's accounts there.

    Units: `scale` is the number of decimals of the currency's minor unit. The money asset is `CURRENCY@CODE`.
    Refused: bank.exists.
    """

    name: Name
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=16, pattern=r"^[A-Z0-9]+$")]
    currency: CurrencyCode
    scale: Annotated[int, msgspec.Meta(ge=0, le=6)] = 2


class BankOpened(Event, frozen=True, kw_only=True, tag="bank.opened"):
    """Money can be kept at the bank."""

    bank: Bank
    asset: Asset
    accounts: tuple[Account, ...]


# --- Receipts ---------------------------------------------------------------------------------------------------------


class ReceiptStatus(StrEnum):
    """Where a receipt stands."""

    RECEIVED = "received"
    """At the bank, in suspense: nobody's yet."""
    CREDITED = "credited"
    RETURNED = "returned"


class Receipt(Record, frozen=True, kw_only=True):
    """Money that came in at a bank. `account_id` is the account credited (0 while in suspense)."""

    receipt_id: ReceiptId
    bank_id: BankId
    reference: str
    payer_name: str
    payer_account: str
    amount_minor: Minor
    account_id: AccountId
    status: ReceiptStatus


class RecordReceipt(Command, frozen=True, kw_only=True, tag="receipt.record"):
    """Record a payment the bank reports. It is credited at once if the account it names belongs to the payer.

    `account_id` is what the payment's text said; without one, or when somebody else paid, the money waits in suspense.
    Refused: bank.unknown, receipt.duplicate, limit.exceeded.
    """

    bank_id: BankId
    reference: BankReference
    payer_name: Name
    payer_account: BankAccount
    amount_minor: PositiveMinor
    account_id: AccountId | None = None


class ReceiptRecorded(Event, frozen=True, kw_only=True, tag="receipt.recorded"):
    """The money is in the client nostro and in suspense."""

    receipt: Receipt
    movement: Movement


class MatchReceipt(Command, frozen=True, kw_only=True, tag="receipt.match"):
    """Credit a receipt to an account of the member who paid it.

    Refused: receipt.unknown, receipt.state, account.unknown, asset.frozen, receipt.payer_mismatch.
    """

    receipt_id: ReceiptId
    account_id: AccountId


class ReceiptCredited(Event, frozen=True, kw_only=True, tag="receipt.credited"):
    """The money is the member's; the transfer may be reversed once."""

    receipt: Receipt
    transfer: Transfer
    movement: Movement


class ReturnReceipt(Command, frozen=True, kw_only=True, tag="receipt.return"):
    """Record that a receipt nobody could be credited with went back to its payer.

    Refused: receipt.unknown, receipt.state.
    """

    receipt_id: ReceiptId
    reason: Text = ""


class ReceiptReturned(Event, frozen=True, kw_only=True, tag="receipt.returned"):
    """The money left the client nostro for where it came from."""

    receipt: Receipt
    movement: Movement
    reason: str


# --- Withdrawals ------------------------------------------------------------------------------------------------------


class PayoutAccount(Record, frozen=True, kw_only=True):
    """A bank account verified to be in the member's own name: the only place its money may go."""

    payout_account_id: PayoutAccountId
    member_id: MemberId
    bank_account: str
    holder_name: str
    revoked: bool = False


class VerifyPayoutAccount(Command, frozen=True, kw_only=True, tag="payout_account.verify"):
    """Put a bank account on record as the member's own, after its holder's name was checked.

    Refused: member.unknown, withdrawal.account_unverified (another holder), account.exists.
    """

    member_id: MemberId
    bank_account: BankAccount
    holder_name: Name


class PayoutAccountVerified(Event, frozen=True, kw_only=True, tag="payout_account.verified"):
    """Money may be paid out to the account."""

    payout_account: PayoutAccount


class RevokePayoutAccount(Command, frozen=True, kw_only=True, tag="payout_account.revoke"):
    """Take a bank account off the record; what was instructed already still goes there.

    Refused: account.unknown.
    """

    payout_account_id: PayoutAccountId


class PayoutAccountRevoked(Event, frozen=True, kw_only=True, tag="payout_account.revoked"):
    """Nothing more is paid out to the account."""

    payout_account: PayoutAccount


class WithdrawalStatus(StrEnum):
    """Where a withdrawal stands."""

    REQUESTED = "requested"
    """Held on the member's account."""
    INSTRUCTED = "instructed"
    """In transit: the bank was told."""
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Withdrawal(Record, frozen=True, kw_only=True):
    """Money on its way out."""

    withdrawal_id: WithdrawalId
    account_id: AccountId
    asset_id: AssetId
    payout_account_id: PayoutAccountId
    amount_minor: Minor
    status: WithdrawalStatus


class RequestWithdrawal(Command, frozen=True, kw_only=True, tag="withdrawal.request"):
    """Ask for money to be paid out to one's own verified bank account; it is held at once.

    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, bank.unknown,
    asset.frozen, withdrawal.account_unverified, hold.insufficient_available.
    """

    account_id: AccountId
    bank_id: BankId
    payout_account_id: PayoutAccountId
    amount_minor: PositiveMinor


class WithdrawalRequested(Event, frozen=True, kw_only=True, tag="withdrawal.requested"):
    """The money is held and waits for the bank to be told."""

    withdrawal: Withdrawal
    movement: Movement


class InstructWithdrawal(Command, frozen=True, kw_only=True, tag="withdrawal.instruct"):
    """Record that the bank was told to pay.

    Refused: withdrawal.unknown, withdrawal.state, account.frozen, member.frozen, asset.frozen,
    withdrawal.account_unverified (revoked since).
    """

    withdrawal_id: WithdrawalId


class WithdrawalInstructed(Event, frozen=True, kw_only=True, tag="withdrawal.instructed"):
    """The money left the member's account and is in transit."""

    withdrawal: Withdrawal
    movement: Movement


class ConfirmWithdrawal(Command, frozen=True, kw_only=True, tag="withdrawal.confirm"):
    """Record that the bank paid.

    Refused: withdrawal.unknown, withdrawal.state.
    """

    withdrawal_id: WithdrawalId


class WithdrawalConfirmed(Event, frozen=True, kw_only=True, tag="withdrawal.confirmed"):
    """The money left the client nostro."""

    withdrawal: Withdrawal
    movement: Movement


class ReturnWithdrawal(Command, frozen=True, kw_only=True, tag="withdrawal.return"):
    """Record that the bank could not pay; the money goes back to the account it came from.

    Refused: withdrawal.unknown, withdrawal.state.
    """

    withdrawal_id: WithdrawalId
    reason: Text = ""


class WithdrawalReturned(Event, frozen=True, kw_only=True, tag="withdrawal.returned"):
    """The money is the member's again."""

    withdrawal: Withdrawal
    movement: Movement
    reason: str


class CancelWithdrawal(Command, frozen=True, kw_only=True, tag="withdrawal.cancel"):
    """Take back a request the bank was not told of yet: the member's own, or an operator.

    Refused: withdrawal.unknown, account.not_yours, withdrawal.state.
    """

    withdrawal_id: WithdrawalId


class WithdrawalCancelled(Event, frozen=True, kw_only=True, tag="withdrawal.cancelled"):
    """The hold is released."""

    withdrawal: Withdrawal
    movement: Movement


# --- The house --------------------------------------------------------------------------------------------------------


class SweepHouse(Command, frozen=True, kw_only=True, tag="house.sweep"):
    """Record that charged fees were moved from the client to the house account at the bank; all, unless some are named.

    Refused: bank.unknown, hold.insufficient_available (more than is due, or nothing).
    """

    bank_id: BankId
    amount_minor: PositiveMinor | None = None


class HouseSwept(Event, frozen=True, kw_only=True, tag="house.swept"):
    """Fees became the house's; the transfer may be reversed once."""

    bank_id: BankId
    amount_minor: Minor
    transfer: Transfer
    movement: Movement
