"""Income on record: where it came from, that it lies in its owner's account and stays there until it is distributed."""

from __future__ import annotations

import msgspec

from custody.distribution_messages import (
    Income,
    IncomeKind,
    IncomeRecorded,
    IncomeState,
    IncomeWithdrawn,
    RecordIncome,
    WithdrawIncome,
)
from custody.funding_messages import Receipt, ReceiptStatus
from custody.outcomes import Outcome
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, DistributionId, IncomeId, MemberId, OutcomeId, make_id, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import refuse_frozen_assets
from exchange.engine.documents import refuse_documents
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.obligations import Obligation
from matching.sides import LastSale


def record_income(state: ExchangeState, header: Header, command: RecordIncome) -> list[Event]:
    """Keep an income, and hold its amount."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    member_id = MemberId(state.accounts[command.account_id].member_id)
    refusal = _refuse_kind(command) or _refuse_subject(state, command, member_id)
    if refusal is not None:
        return [refusal]
    money = state.assets.get(command.money_asset_id)
    if money is None or money.kind is not AssetKind.MONEY:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN, detail="money_asset_id")]
    if (refusal := refuse_frozen_assets(state, command.money_asset_id)) is not None:
        return [refusal]
    source = _source(state, command, member_id)
    if isinstance(source, Rejected):
        return [source]
    if (refusal := refuse_documents(state, member_id, (command.evidence_sha256,))) is not None:
        return [refusal]
    if command.amount_minor > state.ledger.available(command.account_id, command.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    income = Income(
        income_id=IncomeId(make_id(header.sequence)),
        account_id=command.account_id,
        outcome_id=command.outcome_id or OutcomeId(0),
        asset_id=command.asset_id or AssetId(0),
        money_asset_id=command.money_asset_id,
        kind=command.kind,
        amount_minor=command.amount_minor,
        source=source,
        evidence_sha256=command.evidence_sha256,
        profit_year=command.profit_year,
        state=IncomeState.RECORDED,
        distribution_id=DistributionId(0),
        recorded_by=header.principal,
        recorded_at_ns=header.at_ns,
    )
    state.put(income)
    held = [(income.account_id, income.money_asset_id, int(income.amount_minor))]
    return [IncomeRecorded(income=income, movement=state.ledger.move(header.sequence, [], held))]


def withdraw_income(state: ExchangeState, header: Header, command: WithdrawIncome) -> list[Event]:
    """Let a mistaken record's money go."""
    income = state.table(Income).get(command.income_id)
    if income is None:
        return [Rejected(code=RejectCode.INCOME_UNKNOWN)]
    if not_party(state, header, income.account_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.INCOME_NOT_PARTY)]
    if income.state is not IncomeState.RECORDED:
        return [Rejected(code=RejectCode.INCOME_STATE, detail=income.state)]

    state.change()
    withdrawn = put_income(state, income, state=IncomeState.WITHDRAWN, reason=command.reason)
    released = [(income.account_id, income.money_asset_id, -income.amount_minor)]
    movement = move_and_tell(state, header, (income.account_id,), (), released)
    return [IncomeWithdrawn(income=withdrawn, movement=movement)]


def not_party(state: ExchangeState, header: Header, account_id: AccountId, right: UserRight) -> bool:
    """Whether the principal may not act for this account; whether the account is frozen is another question."""
    return refuse_account(state, header, account_id, right, frozen_too=True) is not None


def put_income(state: ExchangeState, income: Income, /, **changes: object) -> Income:
    """Keep the income under its new values. Call after the line."""
    changed = msgspec.structs.replace(income, **changes)
    state.put(changed)
    return changed


# --- Inside -----------------------------------------------------------------------------------------------------------


def _refuse_kind(command: RecordIncome) -> Rejected | None:
    """Whether the command names one subject, at most one source, and a year just where there is one."""
    if (command.outcome_id is None) == (command.asset_id is None):
        return _invalid("an outcome, or a right alone")
    if (command.kind is IncomeKind.PROFIT) != (command.profit_year > 0):
        return _invalid("profit_year counts the years of a profit, from 1")
    if sum(one is not None for one in (command.deal_id, command.obligation_id, command.receipt_id)) > 1:
        return _invalid("one source")
    return None


def _refuse_subject(state: ExchangeState, command: RecordIncome, member_id: MemberId) -> Rejected | None:
    """Whether the outcome is the member's, or the right is, or was until it sold it."""
    if command.outcome_id is not None:
        outcome = state.table(Outcome).get(command.outcome_id)
        if outcome is None:
            return Rejected(code=RejectCode.OUTCOME_UNKNOWN)
        return None if outcome.member_id == member_id else Rejected(code=RejectCode.RIGHT_NOT_OWNED)
    asset_id = command.asset_id or AssetId(0)
    right = state.table(Right).get(asset_id)
    if right is None:
        return Rejected(code=RejectCode.ASSET_UNKNOWN)
    sold = state.table(LastSale).get(asset_id)
    if state.ledger.units(command.account_id, asset_id) <= 0 and (sold is None or sold.seller_id != member_id):
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED)
    if right.outcome_id:
        return _invalid(f"the right lies in {to_wire('X', right.outcome_id)}: name the outcome")
    return None


def _source(state: ExchangeState, command: RecordIncome, member_id: MemberId) -> str | Rejected:
    """What brought the income, checked as far as the exchange still knows it.

    Refused: income.source_invalid.
    """
    source = f"sha256:{command.evidence_sha256}"
    problem = ""
    if (deal_id := command.deal_id) is not None:
        source = to_wire("D", deal_id)
        known = (sale for sale in state.table(LastSale).values() if sale.deal_id == deal_id)
        if all(sale.seller_id != member_id for sale in known):
            problem = "not the last sale of a right by this member"
    elif (obligation_id := command.obligation_id) is not None:
        source = to_wire("OB", obligation_id)
        owed = state.table(Obligation).get(obligation_id)
        if owed is not None and (
            owed.creditor_account_id != command.account_id or owed.paid_minor < command.amount_minor
        ):
            problem = f"paid_minor={owed.paid_minor} to another, or less"
    elif (receipt_id := command.receipt_id) is not None:
        source = to_wire("V", receipt_id)
        receipt = state.table(Receipt).get(receipt_id)
        if receipt is None or receipt.status is not ReceiptStatus.CREDITED or receipt.account_id != command.account_id:
            problem = "not credited to this account"
        elif receipt.amount_minor < command.amount_minor:
            problem = f"amount_minor={receipt.amount_minor}"
    if not problem and state.find(Income, source) is not None:
        problem = "recorded before"
    return Rejected(code=RejectCode.INCOME_SOURCE_INVALID, detail=f"{source}: {problem}") if problem else source


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.INCOME_INVALID, detail=detail)
