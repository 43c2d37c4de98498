"""Client money out: only to a bank account verified as the member's own, step by step as the bank does it.

Requested it is held on the member's account, instructed it is in transit, confirmed it has left the client nostro.
"""

from __future__ import annotations

import msgspec

from custody.accounts import VENUE, Bank
from custody.funding_messages import (
    CancelWithdrawal,
    ConfirmWithdrawal,
    InstructWithdrawal,
    PayoutAccount,
    PayoutAccountRevoked,
    PayoutAccountVerified,
    RequestWithdrawal,
    ReturnWithdrawal,
    RevokePayoutAccount,
    VerifyPayoutAccount,
    Withdrawal,
    WithdrawalCancelled,
    WithdrawalConfirmed,
    WithdrawalInstructed,
    WithdrawalRequested,
    WithdrawalReturned,
    WithdrawalStatus,
)
from custody.ledger import Leg
from exchange.core.ids import PayoutAccountId, WithdrawalId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import MemberStatus, Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import refuse_account
from exchange.engine.funding import same_name
from exchange.engine.state import ExchangeState


def verify_payout_account(state: ExchangeState, header: Header, command: VerifyPayoutAccount) -> list[Event]:
    """Put a bank account on record as a member's own."""
    member = state.members.get(command.member_id)
    if member is None or command.member_id == VENUE:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]
    if not same_name(command.holder_name, member.name):
        return [Rejected(code=RejectCode.WITHDRAWAL_ACCOUNT_UNVERIFIED, detail=command.holder_name)]
    if any(
        payout.member_id == command.member_id and payout.bank_account == command.bank_account
        for payout in state.table(PayoutAccount).values()
    ):
        return [Rejected(code=RejectCode.ACCOUNT_EXISTS, detail=command.bank_account)]

    state.change()
    payout = PayoutAccount(
        payout_account_id=PayoutAccountId(make_id(header.sequence)),
        member_id=command.member_id,
        bank_account=command.bank_account,
        holder_name=command.holder_name,
    )
    state.put(payout)
    return [PayoutAccountVerified(payout_account=payout)]


def revoke_payout_account(state: ExchangeState, header: Header, command: RevokePayoutAccount) -> list[Event]:
    """Take a bank account off the record."""
    del header
    payout = state.table(PayoutAccount).get(command.payout_account_id)
    if payout is None:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN)]

    state.change()
    revoked = msgspec.structs.replace(payout, revoked=True)
    state.put(revoked)
    return [PayoutAccountRevoked(payout_account=revoked)]


def request_withdrawal(state: ExchangeState, header: Header, command: RequestWithdrawal) -> list[Event]:
    """Hold the money until the bank is told."""
    if (
        refusal := refuse_account(
            state, header, command.account_id, UserRight.WITHDRAW, value_minor=command.amount_minor
        )
    ) is not None:
        return [refusal]
    bank = state.table(Bank).get(command.bank_id)
    if bank is None:
        return [Rejected(code=RejectCode.BANK_UNKNOWN)]
    if state.assets[bank.money_asset_id].frozen:
        return [Rejected(code=RejectCode.ASSET_FROZEN)]
    payout = state.table(PayoutAccount).get(command.payout_account_id)
    if payout is None or payout.member_id != state.accounts[command.account_id].member_id:
        return [Rejected(code=RejectCode.WITHDRAWAL_ACCOUNT_UNVERIFIED)]
    if command.amount_minor > state.ledger.available(command.account_id, bank.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    withdrawal = Withdrawal(
        withdrawal_id=WithdrawalId(make_id(header.sequence)),
        account_id=command.account_id,
        asset_id=bank.money_asset_id,
        payout_account_id=command.payout_account_id,
        amount_minor=command.amount_minor,
        status=WithdrawalStatus.REQUESTED,
    )
    state.put(withdrawal)
    movement = state.ledger.move(header.sequence, (), [_leg(withdrawal, 1)])
    return [WithdrawalRequested(withdrawal=withdrawal, movement=movement)]


def instruct_withdrawal(state: ExchangeState, header: Header, command: InstructWithdrawal) -> list[Event]:
    """Move the held money in transit: the bank was told. A freeze or revocation since the request stops it here."""
    withdrawal = state.table(Withdrawal).get(command.withdrawal_id)
    if (refusal := _refuse_step(withdrawal, WithdrawalStatus.REQUESTED)) is not None or withdrawal is None:
        return [refusal or Rejected(code=RejectCode.WITHDRAWAL_UNKNOWN)]
    account = state.accounts[withdrawal.account_id]
    if account.frozen:
        return [Rejected(code=RejectCode.ACCOUNT_FROZEN)]
    if state.members[account.member_id].status is MemberStatus.FROZEN:
        return [Rejected(code=RejectCode.MEMBER_FROZEN)]
    if state.assets[withdrawal.asset_id].frozen:
        return [Rejected(code=RejectCode.ASSET_FROZEN)]
    if withdrawal.payout_account_id not in state.table(PayoutAccount):
        return [Rejected(code=RejectCode.WITHDRAWAL_ACCOUNT_UNVERIFIED)]

    state.change()
    instructed = _step(state, withdrawal, WithdrawalStatus.INSTRUCTED)
    legs = [_leg(withdrawal, -1), (_bank_of(state, withdrawal).in_transit_id, *_leg(withdrawal, 1)[1:])]
    movement = state.ledger.move(header.sequence, legs, [_leg(withdrawal, -1)])
    return [WithdrawalInstructed(withdrawal=instructed, movement=movement)]


def confirm_withdrawal(state: ExchangeState, header: Header, command: ConfirmWithdrawal) -> list[Event]:
    """The bank paid: the money leaves the client nostro."""
    withdrawal = state.table(Withdrawal).get(command.withdrawal_id)
    if (refusal := _refuse_step(withdrawal, WithdrawalStatus.INSTRUCTED)) is not None or withdrawal is None:
        return [refusal or Rejected(code=RejectCode.WITHDRAWAL_UNKNOWN)]

    state.change()
    confirmed = _step(state, withdrawal, WithdrawalStatus.CONFIRMED)
    bank = _bank_of(state, withdrawal)
    legs = [
        (bank.in_transit_id, withdrawal.asset_id, -withdrawal.amount_minor),
        (bank.nostro_client_id, withdrawal.asset_id, withdrawal.amount_minor),
    ]
    return [WithdrawalConfirmed(withdrawal=confirmed, movement=state.ledger.move(header.sequence, legs))]


def return_withdrawal(state: ExchangeState, header: Header, command: ReturnWithdrawal) -> list[Event]:
    """The bank could not pay: the money is the member's again."""
    withdrawal = state.table(Withdrawal).get(command.withdrawal_id)
    if (refusal := _refuse_step(withdrawal, WithdrawalStatus.INSTRUCTED)) is not None or withdrawal is None:
        return [refusal or Rejected(code=RejectCode.WITHDRAWAL_UNKNOWN)]

    state.change()
    returned = _step(state, withdrawal, WithdrawalStatus.RETURNED)
    legs = [
        (_bank_of(state, withdrawal).in_transit_id, withdrawal.asset_id, -withdrawal.amount_minor),
        _leg(withdrawal, 1),
    ]
    movement = state.ledger.move(header.sequence, legs)
    return [WithdrawalReturned(withdrawal=returned, movement=movement, reason=command.reason)]


def cancel_withdrawal(state: ExchangeState, header: Header, command: CancelWithdrawal) -> list[Event]:
    """Release the hold of a request the bank was not told of."""
    withdrawal = state.table(Withdrawal).get(command.withdrawal_id)
    if withdrawal is None:
        return [Rejected(code=RejectCode.WITHDRAWAL_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    if (
        not operator
        and (refusal := refuse_account(state, header, withdrawal.account_id, UserRight.WITHDRAW, frozen_too=True))
        is not None
    ):
        return [refusal]
    if (refusal := _refuse_step(withdrawal, WithdrawalStatus.REQUESTED)) is not None:
        return [refusal]

    state.change()
    cancelled = _step(state, withdrawal, WithdrawalStatus.CANCELLED)
    movement = state.ledger.move(header.sequence, (), [_leg(withdrawal, -1)])
    return [WithdrawalCancelled(withdrawal=cancelled, movement=movement)]


def _refuse_step(withdrawal: Withdrawal | None, needed: WithdrawalStatus) -> Rejected | None:
    """Whether the withdrawal is not where this step begins. Those that are over have left memory, and are unknown."""
    if withdrawal is None:
        return Rejected(code=RejectCode.WITHDRAWAL_UNKNOWN)
    if withdrawal.status is not needed:
        return Rejected(code=RejectCode.WITHDRAWAL_STATE, detail=withdrawal.status)
    return None


def _step(state: ExchangeState, withdrawal: Withdrawal, status: WithdrawalStatus) -> Withdrawal:
    changed = msgspec.structs.replace(withdrawal, status=status)
    state.put(changed)
    return changed


def _leg(withdrawal: Withdrawal, sign: int) -> Leg:
    """The withdrawal's amount on the member's account."""
    return withdrawal.account_id, withdrawal.asset_id, sign * withdrawal.amount_minor


def _bank_of(state: ExchangeState, withdrawal: Withdrawal) -> Bank:
    return state.table(Bank)[state.assets[withdrawal.asset_id].bank_id]
