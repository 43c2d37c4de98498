"""Client money in, and fees out to the house, step by step as the bank does it. (Out to members: withdrawals.py.)

In every state between, `client accounts + suspense + in transit + escrow + fees due + client nostro = 0`, because each
step is one balanced transfer among those kinds; the house's own money is another pair of accounts.
"""

from __future__ import annotations

import msgspec

from custody.accounts import Account, AccountKind, Asset, Bank
from custody.funding_messages import (
    BankOpened,
    HouseSwept,
    MatchReceipt,
    OpenBank,
    PayoutAccount,
    Receipt,
    ReceiptCredited,
    ReceiptRecorded,
    ReceiptReturned,
    ReceiptStatus,
    RecordReceipt,
    ReturnReceipt,
    SweepHouse,
)
from custody.ledger import Leg
from custody.transfers import Transfer, TransferKind, kept_legs
from exchange.core.ids import AccountId, AssetId, BankId, ReceiptId, TransferId, make_id
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, Minor
from exchange.engine.issuance import asset_code_taken, open_venue_account
from exchange.engine.state import ExchangeState

BANK_ACCOUNTS = (
    AccountKind.NOSTRO_CLIENT,
    AccountKind.NOSTRO_HOUSE,
    AccountKind.SUSPENSE,
    AccountKind.IN_TRANSIT,
    AccountKind.ESCROW,
    AccountKind.FEES_DUE,
    AccountKind.HOUSE,
)
"""The venue's accounts at each bank, in the order of the Bank record's fields."""


def open_bank(state: ExchangeState, header: Header, command: OpenBank) -> list[Event]:
    """Make the bank, its money, and the venue's accounts there."""
    code = f"{command.currency}@{command.code}"
    if asset_code_taken(state, code):
        return [Rejected(code=RejectCode.BANK_EXISTS, detail=code)]

    state.change()
    bank_id = BankId(make_id(header.sequence))
    asset_id = AssetId(make_id(header.sequence, 1))
    accounts = tuple(
        open_venue_account(state, AccountId(make_id(header.sequence, place)), kind, f"{kind}:{code}")
        for place, kind in enumerate(BANK_ACCOUNTS, start=2)
    )
    nostro_client, nostro_house, suspense, in_transit, escrow, fees_due, house = (a.account_id for a in accounts)
    asset = Asset(
        asset_id=asset_id,
        kind=AssetKind.MONEY,
        code=code,
        currency=command.currency,
        scale=command.scale,
        bank_id=bank_id,
        home_account_id=nostro_client,
    )
    bank = Bank(
        bank_id=bank_id,
        name=command.name,
        currency=command.currency,
        money_asset_id=asset_id,
        nostro_client_id=nostro_client,
        nostro_house_id=nostro_house,
        suspense_id=suspense,
        in_transit_id=in_transit,
        escrow_id=escrow,
        fees_due_id=fees_due,
        house_id=house,
    )
    state.put(asset)
    state.put(bank)
    return [BankOpened(bank=bank, asset=asset, accounts=accounts)]


# --- Receipts ---------------------------------------------------------------------------------------------------------


def record_receipt(state: ExchangeState, header: Header, command: RecordReceipt) -> list[Event]:
    """Put the money in suspense, and credit it at once where payer and account agree."""
    bank = state.table(Bank).get(command.bank_id)
    if bank is None:
        return [Rejected(code=RejectCode.BANK_UNKNOWN)]
    if (earlier := state.receipt_references.get((command.bank_id, command.reference))) is not None:
        return [Rejected(code=RejectCode.RECEIPT_DUPLICATE, detail=f"receipt_id={earlier}")]
    money = bank.money_asset_id
    if command.amount_minor - state.ledger.units(bank.nostro_client_id, money) > MAX_INTEGER:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_INTEGER}")]

    state.change()
    receipt = Receipt(
        receipt_id=ReceiptId(make_id(header.sequence)),
        bank_id=command.bank_id,
        reference=command.reference,
        payer_name=command.payer_name,
        payer_account=command.payer_account,
        amount_minor=command.amount_minor,
        account_id=AccountId(0),
        status=ReceiptStatus.RECEIVED,
    )
    state.put(receipt)
    legs = [
        (bank.nostro_client_id, money, -receipt.amount_minor),
        (bank.suspense_id, money, receipt.amount_minor),
    ]
    events: list[Event] = [ReceiptRecorded(receipt=receipt, movement=state.ledger.move(header.sequence, legs))]
    if command.account_id is not None and _refuse_credit(state, bank, receipt, command.account_id) is None:
        events.append(_credit(state, header, bank, receipt, command.account_id))
    return events


def match_receipt(state: ExchangeState, header: Header, command: MatchReceipt) -> list[Event]:
    """Credit what waits in suspense to the member who paid it."""
    receipt = state.table(Receipt).get(command.receipt_id)
    if receipt is None:
        return [Rejected(code=RejectCode.RECEIPT_UNKNOWN)]
    if receipt.status is not ReceiptStatus.RECEIVED:
        return [Rejected(code=RejectCode.RECEIPT_STATE, detail=receipt.status)]
    bank = state.table(Bank)[receipt.bank_id]
    if (refusal := _refuse_credit(state, bank, receipt, command.account_id)) is not None:
        return [refusal]

    state.change()
    return [_credit(state, header, bank, receipt, command.account_id)]


def return_receipt(state: ExchangeState, header: Header, command: ReturnReceipt) -> list[Event]:
    """Let money that is nobody's go back to its payer."""
    receipt = state.table(Receipt).get(command.receipt_id)
    if receipt is None:
        return [Rejected(code=RejectCode.RECEIPT_UNKNOWN)]
    if receipt.status is not ReceiptStatus.RECEIVED:
        return [Rejected(code=RejectCode.RECEIPT_STATE, detail=receipt.status)]

    state.change()
    bank = state.table(Bank)[receipt.bank_id]
    returned = msgspec.structs.replace(receipt, status=ReceiptStatus.RETURNED)
    state.put(returned)
    legs = [
        (bank.suspense_id, bank.money_asset_id, -receipt.amount_minor),
        (bank.nostro_client_id, bank.money_asset_id, receipt.amount_minor),
    ]
    movement = state.ledger.move(header.sequence, legs)
    return [ReceiptReturned(receipt=returned, movement=movement, reason=command.reason)]


def _refuse_credit(state: ExchangeState, bank: Bank, receipt: Receipt, account_id: AccountId) -> Rejected | None:
    """Whether the money may not be this account's. Its own frozen owner may still be paid; a frozen money moves not."""
    account = state.accounts.get(account_id)
    if account is None or account.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN)
    if state.assets[bank.money_asset_id].frozen:
        return Rejected(code=RejectCode.ASSET_FROZEN)
    if not _paid_by(state, receipt, account):
        return Rejected(code=RejectCode.RECEIPT_PAYER_MISMATCH, detail=receipt.payer_name)
    return None


def _paid_by(state: ExchangeState, receipt: Receipt, account: Account) -> bool:
    """Whether the member itself paid: from a bank account verified as its own, or under its own name."""
    if same_name(receipt.payer_name, state.members[account.member_id].name):
        return True
    return any(
        payout.member_id == account.member_id and payout.bank_account == receipt.payer_account
        for payout in state.table(PayoutAccount).values()
    )


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, but for case and spacing."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _credit(
    state: ExchangeState, header: Header, bank: Bank, receipt: Receipt, account_id: AccountId
) -> ReceiptCredited:
    money = bank.money_asset_id
    credited = msgspec.structs.replace(receipt, status=ReceiptStatus.CREDITED, account_id=account_id)
    state.put(credited)
    legs = [(bank.suspense_id, money, -receipt.amount_minor), (account_id, money, receipt.amount_minor)]
    transfer, movement = _transfer(state, header, TransferKind.RECEIPT_CREDITED, legs, receipt.receipt_id)
    return ReceiptCredited(receipt=credited, transfer=transfer, movement=movement)


# --- The house --------------------------------------------------------------------------------------------------------


def sweep_house(state: ExchangeState, header: Header, command: SweepHouse) -> list[Event]:
    """Move fees that are due from the clients' to the house's account at the bank."""
    bank = state.table(Bank).get(command.bank_id)
    if bank is None:
        return [Rejected(code=RejectCode.BANK_UNKNOWN)]
    money = bank.money_asset_id
    due = state.ledger.available(bank.fees_due_id, money)
    amount = due if command.amount_minor is None else command.amount_minor
    if not 0 < amount <= due:
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"due_minor={due}")]

    state.change()
    legs = [
        (bank.fees_due_id, money, -amount),
        (bank.nostro_client_id, money, amount),
        (bank.nostro_house_id, money, -amount),
        (bank.house_id, money, amount),
    ]
    transfer, movement = _transfer(state, header, TransferKind.HOUSE_SWEPT, legs, command.bank_id)
    return [HouseSwept(bank_id=command.bank_id, amount_minor=Minor(amount), transfer=transfer, movement=movement)]


def _transfer(
    state: ExchangeState, header: Header, kind: TransferKind, legs: list[Leg], subject_id: int
) -> tuple[Transfer, Movement]:
    """Post a transfer that may be reversed, and keep its legs. Call after the line, once a command."""
    transfer = Transfer(
        transfer_id=TransferId(make_id(header.sequence)), kind=kind, legs=kept_legs(legs), subject_id=subject_id
    )
    state.put(transfer)
    return transfer, state.ledger.move(header.sequence, legs)
