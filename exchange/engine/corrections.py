"""Transfers by hand and reversals, both with four eyes; and the freezes.

A reversal is a new transfer with the signs turned. It is refused where it would take from somebody more than is free
there: whoever was credited by mistake and has spent it owes it, which no posting can mend.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.corrections_messages import (
    AccountFrozen,
    AssetFrozen,
    FreezeAccount,
    FreezeAsset,
    ReverseTransfer,
    TransferReversed,
    TransferUnits,
    UnitsTransferred,
)
from custody.funding_messages import Receipt, ReceiptStatus
from custody.ledger import Leg
from custody.pilot_life import UseRight
from custody.reconciliation import Suspension
from custody.transfers import Transfer, TransferKind, kept_legs
from exchange.core.ids import AccountId, AssetId, OrderId, ReceiptId, TransferId, make_id, sequence_of, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.encumbrances import refuse_moved
from exchange.engine.order_ends import end_orders
from exchange.engine.state import ExchangeState
from matching.listing_messages import Listing
from matching.messages import FreezeInstrument, InstrumentFrozen


def transfer_units(state: ExchangeState, header: Header, command: TransferUnits) -> list[Event]:
    """Move units between members' accounts by hand; frozen ones too, since a court may order exactly that."""
    if command.asset_id not in state.assets:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    ends = (command.from_account_id, command.to_account_id)
    for account_id in ends:
        account = state.accounts.get(account_id)
        if account is None or account.kind is not AccountKind.CLIENT:
            return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN)]
    if ends[0] == ends[1]:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="both accounts are one")]
    use_right = state.table(UseRight).get(command.asset_id)
    if use_right is not None and not use_right.transferable:
        return [Rejected(code=RejectCode.USE_RIGHT_NOT_TRANSFERABLE, detail="the agreement keeps it with the team")]
    if (refusal := refuse_moved(state, command.asset_id)) is not None:
        return [refusal]
    if command.units > state.ledger.available(command.from_account_id, command.asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    legs: list[Leg] = [
        (command.from_account_id, command.asset_id, -command.units),
        (command.to_account_id, command.asset_id, command.units),
    ]
    transfer = Transfer(
        transfer_id=TransferId(make_id(header.sequence)), kind=TransferKind.BY_HAND, legs=kept_legs(legs)
    )
    state.put(transfer)
    movement = state.ledger.move(header.sequence, legs)
    return [UnitsTransferred(transfer=transfer, movement=movement, reason=command.reason)]


def reverse_transfer(state: ExchangeState, header: Header, command: ReverseTransfer) -> list[Event]:
    """Turn a transfer, once, while what it moved is still free where it went."""
    transfer = state.table(Transfer).get(command.transfer_id)
    if transfer is None:
        past = sequence_of(command.transfer_id) <= state.sequence
        return [Rejected(code=RejectCode.LEDGER_NOT_REVERSIBLE if past else RejectCode.LEDGER_TRANSFER_UNKNOWN)]
    if transfer.reversed_at:
        return [Rejected(code=RejectCode.LEDGER_ALREADY_REVERSED, detail=f"sequence={transfer.reversed_at}")]
    legs: list[Leg] = [(leg.account_id, leg.asset_id, -leg.units) for leg in transfer.legs]
    for account_id, asset_id, units in legs:
        if (refusal := refuse_moved(state, asset_id)) is not None:
            return [refusal]
        if account_id not in state.ledger.mirrors and -units > state.ledger.available(account_id, asset_id):
            return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    turned = msgspec.structs.replace(transfer, reversed_at=header.sequence)
    state.put(turned)
    receipt: Receipt | None = None
    if transfer.kind is TransferKind.RECEIPT_CREDITED:
        credited = state.table(Receipt)[ReceiptId(transfer.subject_id)]
        receipt = msgspec.structs.replace(credited, status=ReceiptStatus.RECEIVED, account_id=AccountId(0))
        state.put(receipt)
    movement = state.ledger.move(header.sequence, legs)
    return [TransferReversed(transfer=turned, receipt=receipt, movement=movement, reason=command.reason)]


# --- Freezes ----------------------------------------------------------------------------------------------------------


def freeze_account(state: ExchangeState, header: Header, command: FreezeAccount) -> list[Event]:
    """Stop or release a member's account; a stop ends its open orders."""
    account = state.accounts.get(command.account_id)
    if account is None or account.kind is not AccountKind.CLIENT:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN)]

    state.change()
    changed = msgspec.structs.replace(account, frozen=command.frozen)
    state.put(changed)
    events: list[Event] = [AccountFrozen(account=changed, reason=command.reason)]
    if command.frozen:
        plan = [order.order_id for order in state.orders_in_sequence() if order.account_id == account.account_id]
        events.extend(end_orders(state, header, plan))
    return events


def freeze_asset(state: ExchangeState, header: Header, command: FreezeAsset) -> list[Event]:
    """Stop or release an asset; a stop ends every open order in it or against it."""
    asset = state.assets.get(command.asset_id)
    if asset is None:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    suspended = state.table(Suspension).get(command.asset_id)
    if suspended is not None:
        statement = to_wire("RC", suspended.reconciliation_id)
        return [Rejected(code=RejectCode.ASSET_SUSPENDED, detail=f"{statement} is not resolved")]

    state.change()
    changed = msgspec.structs.replace(asset, frozen=command.frozen)
    state.put(changed)
    ended = end_orders(state, header, orders_in(state, asset.asset_id)) if command.frozen else []
    return [AssetFrozen(asset=changed, reason=command.reason), *ended]


def orders_in(state: ExchangeState, asset_id: AssetId) -> list[OrderId]:
    """Every open order in an asset or against it."""
    return [
        order.order_id
        for order in state.orders_in_sequence()
        if asset_id
        in (
            state.instruments[order.instrument_id].asset_id,
            state.instruments[order.instrument_id].money_asset_id,
        )
    ]


def freeze_instrument(state: ExchangeState, header: Header, command: FreezeInstrument) -> list[Event]:
    """Stop or release trading in one instrument, whatever its phase; a stop ends its open orders."""
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return [Rejected(code=RejectCode.INSTRUMENT_UNKNOWN)]
    if instrument.listing_id and not command.frozen and instrument.listing_id not in state.records[Listing]:
        return [Rejected(code=RejectCode.LISTING_STATE, detail="delisted for good")]

    state.change()
    changed = msgspec.structs.replace(instrument, frozen=command.frozen)
    state.put(changed)
    events: list[Event] = [InstrumentFrozen(instrument=changed, reason=command.reason)]
    if command.frozen:
        plan = [order.order_id for order in state.orders_in_sequence() if order.instrument_id == command.instrument_id]
        events.extend(end_orders(state, header, plan))
    return events
