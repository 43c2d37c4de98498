"""Statements of banks and other registers, compared with the ledger; an issue that does not agree is suspended.

A suspended issue is a frozen asset with a reason: whatever asks for frozen assets (orders, deals, transfers,
distributions) stops it, and nobody releases it by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from custody.accounts import Asset, Bank
from custody.funding_messages import Receipt
from custody.reconciliation import (
    MAX_DIFFERENCES,
    CloseReconciliation,
    CompareLines,
    Difference,
    DifferenceKind,
    DifferenceResolved,
    IssueReleased,
    IssueSuspended,
    LinesCompared,
    OpenReconciliation,
    Reconciliation,
    ReconciliationClosed,
    ReconciliationOpened,
    ReconciliationStatus,
    ResolveDifference,
    StatementKind,
    StatementLine,
    Suspension,
    rising,
    total_differences,
)
from exchange.core.calendar import local_date
from exchange.core.ids import (
    AccountId,
    AssetId,
    BankId,
    DifferenceId,
    MemberId,
    ReconciliationId,
    make_id,
    sequence_of,
    to_wire,
)
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine.corrections import orders_in
from exchange.engine.distributions import SUSPENSIONS
from exchange.engine.documents import refuse_documents
from exchange.engine.order_ends import end_orders
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState

Found = tuple[DifferenceKind, str, int, int, int]
"""What differs: kind, reference, account, ours, theirs."""


def open_reconciliation(state: ExchangeState, header: Header, command: OpenReconciliation) -> list[Event]:
    """Fix the venue's own figures, and tell which totals differ."""
    bank = state.table(Bank).get(command.bank_id) if command.bank_id is not None else None
    asset = state.assets.get(command.asset_id) if command.asset_id is not None else None
    if command.bank_id is not None and bank is None:
        return [Rejected(code=RejectCode.BANK_UNKNOWN)]
    if command.asset_id is not None and (asset is None or asset.kind is AssetKind.MONEY):
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    before = _newest(state, command.bank_id or 0, command.asset_id or 0)
    if (problem := _problem(header, command, before)) is not None:
        return [Rejected(code=RejectCode.RECONCILIATION_INVALID, detail=problem)]
    if before is not None and before.status is ReconciliationStatus.OPEN:
        return [Rejected(code=RejectCode.RECONCILIATION_STATE, detail=to_wire("RC", before.reconciliation_id))]
    if (refusal := refuse_documents(state, MemberId(0), (command.statement_sha256,))) is not None:
        return [refusal]

    state.change()
    if before is not None:
        before = msgspec.structs.replace(before, newest=False)
        state.put(before)
    ours, house = _own_figures(state, bank, asset)
    opened = Reconciliation(
        reconciliation_id=ReconciliationId(make_id(header.sequence)),
        kind=StatementKind.BANK if bank is not None else StatementKind.REGISTER,
        source=command.source,
        bank_id=command.bank_id or BankId(0),
        asset_id=command.asset_id or AssetId(0),
        statement_date=command.statement_date,
        statement_sha256=command.statement_sha256,
        ours=ours,
        theirs=(command.closing_client_minor if bank is not None else command.total_units) or 0,
        ours_house_minor=Minor(house),
        theirs_house_minor=Minor(command.closing_house_minor or 0),
        status=ReconciliationStatus.OPEN,
        opened_by=header.principal,
        opened_at_ns=header.at_ns,
        since=sequence_of(before.reconciliation_id) if before is not None else 0,
    )
    found: list[Found] = [(kind, "", 0, one, other) for kind, one, other in total_differences(opened)]
    opened, differences = _keep(state, header, opened, found)
    return [ReconciliationOpened(reconciliation=opened, before=before, differences=differences)]


def compare_lines(state: ExchangeState, header: Header, command: CompareLines) -> list[Event]:
    """Compare the next lines, each with what stands here now."""
    statement = _open(state, command.reconciliation_id)
    if isinstance(statement, Rejected):
        return [statement]
    if command.from_line != statement.lines:
        return [Rejected(code=RejectCode.RECONCILIATION_STALE, detail=f"next line is {statement.lines}")]
    if not rising(statement, command.lines):
        return [Rejected(code=RejectCode.RECONCILIATION_LINES_INVALID, detail=statement.kind)]

    state.change()
    last = command.lines[-1]
    if statement.kind is StatementKind.BANK:
        found = _compare_payments(state, statement, command.lines, last.reference)
    else:
        found = _compare_holders(state, statement, command.lines, last.account_id)
    read = msgspec.structs.replace(
        statement,
        lines=statement.lines + len(command.lines),
        last_reference=last.reference,
        last_account_id=last.account_id or AccountId(0),
    )
    read, differences = _keep(state, header, read, found)
    return [LinesCompared(reconciliation=read, differences=differences)]


def close_reconciliation(state: ExchangeState, header: Header, command: CloseReconciliation) -> list[Event]:
    """What the statement did not list is missing there; then it agrees, or an issue of it is suspended."""
    statement = _open(state, command.reconciliation_id)
    if isinstance(statement, Rejected):
        return [statement]
    if command.lines != statement.lines:
        return [Rejected(code=RejectCode.RECONCILIATION_STALE, detail=f"{statement.lines} lines have come")]

    state.change()
    compare = _compare_payments if statement.kind is StatementKind.BANK else _compare_holders
    rest, differences = _keep(state, header, statement, compare(state, statement, (), None))
    agrees = not rest.differences
    status = ReconciliationStatus.AGREED if agrees else ReconciliationStatus.DIFFERENT
    closed = msgspec.structs.replace(rest, status=status)
    state.put(closed)
    superseded, ended = _supersede(state, header, closed)
    told = ReconciliationClosed(reconciliation=closed, differences=differences, superseded=superseded, ended=ended)
    if not closed.asset_id:
        return [told]
    return [told, *(_release(state, closed.asset_id) if agrees else _suspend(state, header, closed))]


def resolve_difference(state: ExchangeState, header: Header, command: ResolveDifference) -> list[Event]:
    """Note how one difference was resolved; the last one of a statement ends it, and releases its issue."""
    difference = state.table(Difference).get(command.difference_id)
    statement = state.table(Reconciliation).get(difference.reconciliation_id) if difference is not None else None
    if difference is None or statement is None or statement.status is not ReconciliationStatus.DIFFERENT:
        return [Rejected(code=RejectCode.RECONCILIATION_DIFFERENCE_UNKNOWN)]
    if (refusal := refuse_documents(state, MemberId(0), (command.evidence_sha256,))) is not None:
        return [refusal]

    state.change()
    resolved = _end(state, header, difference, command.reason, command.evidence_sha256)
    left = statement.unresolved - 1
    status = ReconciliationStatus.DIFFERENT if left else ReconciliationStatus.RESOLVED
    after = msgspec.structs.replace(statement, unresolved=left, status=status)
    state.put(after)
    told = DifferenceResolved(difference=resolved, reconciliation=after)
    return [told, *([] if left or not after.asset_id else _release(state, after.asset_id))]


# --- Comparing --------------------------------------------------------------------------------------------------------


def _compare_payments(
    state: ExchangeState, statement: Reconciliation, lines: tuple[StatementLine, ...], until: str | None
) -> list[Found]:
    """Each payment the bank received beside its receipt here; and receipts since the last statement it does not list.

    What the bank paid out is compared in the closing balance alone. `until` is the last line's reference; None: no
    more lines come.
    """
    found: list[Found] = []
    listed: dict[str, int] = {line.reference: line.amount for line in lines}
    for reference, amount in listed.items():
        receipt_id = state.receipt_references.get((statement.bank_id, reference))
        if receipt_id is None and amount > 0:
            found.append((DifferenceKind.PAYMENT_NOT_HERE, reference, 0, 0, amount))
        elif receipt_id is not None and (ours := int(state.table(Receipt)[receipt_id].amount_minor)) != amount:
            found.append((DifferenceKind.PAYMENT_AMOUNT, reference, 0, ours, amount))
    opened = sequence_of(statement.reconciliation_id)
    unlisted = [
        receipt
        for receipt in state.table(Receipt).values()
        if receipt.bank_id == statement.bank_id
        and statement.since < sequence_of(receipt.receipt_id) < opened
        and receipt.reference > statement.last_reference
        and (until is None or receipt.reference <= until)
        and receipt.reference not in listed
    ]
    found += [
        (DifferenceKind.PAYMENT_NOT_THERE, receipt.reference, 0, int(receipt.amount_minor), 0)
        for receipt in sorted(unlisted, key=lambda receipt: receipt.reference)
    ]
    return found


def _compare_holders(
    state: ExchangeState, statement: Reconciliation, lines: tuple[StatementLine, ...], until: AccountId | None
) -> list[Found]:
    """Each holder the register lists beside its units here; and holders here it does not list.

    A holding that moved after the statement was opened cannot be compared any more.
    """
    balances = state.ledger.balances.get(statement.asset_id, {})
    opened = sequence_of(statement.reconciliation_id)
    listed = {line.account_id: line.amount for line in lines if line.account_id is not None}
    unlisted = (
        account_id
        for account_id, balance in balances.items()
        if (balance.units or balance.last_sequence > opened)
        and account_id > statement.last_account_id
        and (until is None or account_id <= until)
        and account_id not in listed
        and account_id not in state.ledger.mirrors
    )
    found: list[Found] = []
    for account_id in sorted((*listed, *unlisted)):
        balance = balances.get(account_id)
        theirs = listed.get(account_id, 0)
        ours = balance.units if balance is not None else 0
        if balance is not None and balance.last_sequence > opened:
            found.append((DifferenceKind.MOVED_SINCE, "", account_id, ours, theirs))
        elif ours != theirs:
            kind = DifferenceKind.HOLDER_UNITS if ours and theirs else None
            kind = kind or (DifferenceKind.HOLDER_NOT_THERE if ours else DifferenceKind.HOLDER_NOT_HERE)
            found.append((kind, "", account_id, ours, theirs))
    return found


def _own_figures(state: ExchangeState, bank: Bank | None, asset: Asset | None) -> tuple[int, int]:
    """What lies at the bank by our mirrors (clients', the house's), or what is issued of an asset."""
    units = state.ledger.units
    if bank is not None:
        money = bank.money_asset_id
        return -units(bank.nostro_client_id, money), -units(bank.nostro_house_id, money)
    return (-units(asset.home_account_id, asset.asset_id), 0) if asset is not None else (0, 0)


# --- Inside -----------------------------------------------------------------------------------------------------------


def _problem(header: Header, command: OpenReconciliation, before: Reconciliation | None) -> str | None:
    """What of a statement's figures or date makes no sense; None: nothing."""
    figures = (command.closing_client_minor, command.closing_house_minor)
    if (command.bank_id is None) == (command.asset_id is None):
        return "name a bank, or an asset"
    if command.bank_id is not None and (None in figures or command.total_units is not None):
        return "a bank has closing balances of clients and house"
    if command.asset_id is not None and (command.total_units is None or figures != (None, None)):
        return "a register has total units"
    try:
        day = date.fromisoformat(command.statement_date)
    except ValueError:
        return f"no such date: {command.statement_date}"
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    if day > today or (before is not None and command.statement_date < before.statement_date):
        return f"{day} is to come, or before the last statement"
    return None


def _newest(state: ExchangeState, bank_id: int, asset_id: int) -> Reconciliation | None:
    """The latest statement of a bank or an asset."""
    return next(
        (
            statement
            for statement in state.table(Reconciliation).values()
            if statement.newest and (statement.bank_id, statement.asset_id) == (bank_id, asset_id)
        ),
        None,
    )


def _open(state: ExchangeState, reconciliation_id: ReconciliationId) -> Reconciliation | Rejected:
    statement = state.table(Reconciliation).get(reconciliation_id)
    if statement is None:
        return Rejected(code=RejectCode.RECONCILIATION_UNKNOWN)
    if statement.status is not ReconciliationStatus.OPEN:
        return Rejected(code=RejectCode.RECONCILIATION_STATE, detail=statement.status)
    return statement


def _keep(
    state: ExchangeState, header: Header, statement: Reconciliation, found: Iterable[Found]
) -> tuple[Reconciliation, tuple[Difference, ...]]:
    """Keep what differs, as far as it is kept, and count all of it. Call after the line."""
    counted = list(found)
    room = max(0, MAX_DIFFERENCES - statement.differences)
    differences = tuple(
        Difference(
            difference_id=DifferenceId(make_id(header.sequence, ordinal)),
            reconciliation_id=statement.reconciliation_id,
            kind=kind,
            reference=reference,
            account_id=AccountId(account_id),
            ours=ours,
            theirs=theirs,
        )
        for ordinal, (kind, reference, account_id, ours, theirs) in enumerate(counted[:room])
    )
    for difference in differences:
        state.put(difference)
    changed = msgspec.structs.replace(
        statement,
        differences=statement.differences + len(counted),
        unresolved=statement.unresolved + len(counted),
    )
    state.put(changed)
    return changed, differences


def _end(state: ExchangeState, header: Header, difference: Difference, why: str, evidence: str) -> Difference:
    ended = msgspec.structs.replace(
        difference,
        resolved_by=header.principal,
        resolved_at_ns=header.at_ns,
        resolution=why,
        evidence_sha256=evidence,
        over=True,
    )
    state.put(ended)
    return ended


def _supersede(
    state: ExchangeState, header: Header, later: Reconciliation
) -> tuple[tuple[Reconciliation, ...], tuple[Difference, ...]]:
    """End the earlier statement of the subject that differs, and its differences: the later one says what still does.

    Call after the line. So there is never more than one that differs, and one event carries what it kept.
    """
    earlier = [
        statement
        for statement in state.table(Reconciliation).values()
        if statement.status is ReconciliationStatus.DIFFERENT
        and statement.reconciliation_id != later.reconciliation_id
        and (statement.bank_id, statement.asset_id) == (later.bank_id, later.asset_id)
    ]
    why = f"{to_wire('RC', later.reconciliation_id)} was compared"
    over: list[Reconciliation] = []
    ended: list[Difference] = []
    for statement in earlier:
        over.append(msgspec.structs.replace(statement, status=ReconciliationStatus.SUPERSEDED, unresolved=0))
        state.put(over[-1])
        mine = [
            difference
            for difference in state.table(Difference).values()
            if difference.reconciliation_id == statement.reconciliation_id
        ]
        ended += [_end(state, header, difference, why, later.statement_sha256) for difference in mine]
    return tuple(over), tuple(ended)


def _suspend(state: ExchangeState, header: Header, statement: Reconciliation) -> list[Event]:
    """Stop an issue, and end what is open in it; one that is suspended already stays so. Call after the line."""
    known = state.table(Suspension).get(statement.asset_id)
    asset = state.assets[statement.asset_id]
    suspension = Suspension(
        asset_id=asset.asset_id,
        reconciliation_id=statement.reconciliation_id,
        since_ns=known.since_ns if known is not None else header.at_ns,
        frozen_before=known.frozen_before if known is not None else asset.frozen,
    )
    state.put(suspension)
    stopped = msgspec.structs.replace(asset, frozen=True)
    state.put(stopped)
    ended = end_orders(state, header, orders_in(state, asset.asset_id))
    return [IssueSuspended(suspension=suspension, asset=stopped), *ended]


def _release(state: ExchangeState, asset_id: AssetId) -> list[Event]:
    """Let an issue go, unless it was frozen before. Call after the line."""
    suspension = state.table(Suspension).get(asset_id)
    if suspension is None:
        return []
    over = msgspec.structs.replace(suspension, over=True)
    state.put(over)
    released = msgspec.structs.replace(state.assets[asset_id], frozen=suspension.frozen_before)
    state.put(released)
    return [IssueReleased(suspension=over, asset=released)]


def _why_suspended(state: ExchangeState, asset_id: AssetId) -> str:
    """Why nothing is distributed on an issue now; empty: nothing stands in the way."""
    suspension = state.table(Suspension).get(asset_id)
    return f"{to_wire('RC', suspension.reconciliation_id)} is not resolved" if suspension is not None else ""


SUSPENSIONS.append(_why_suspended)
