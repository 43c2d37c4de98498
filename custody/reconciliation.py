"""Reconciliation 对账: what a bank or another register says, beside what stands here, line by line.

open → lines … → agreed, or different → resolved. The venue's own figures are fixed when a statement is opened; each
line is compared as it comes, and a holding that moved since is told as such, never guessed. An issue whose units do not
agree is suspended until every difference is resolved by two operators, or a later statement agrees.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated

import msgspec

from custody.accounts import Asset
from exchange.core.ids import AccountId, AssetId, BankId, DifferenceId, ReconciliationId, UserId
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.units import AnyMinor, IsoDate, Minor, Name, Sha256Hex, Text, TimeNs

MAX_LINES = 200
"""Lines of one command."""
MAX_DIFFERENCES = 1_000
"""Differences kept of one statement; more are counted, and only a statement that agrees ends it."""
Total = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Signed = Annotated[int, msgspec.Meta(ge=-(2**53 - 1), le=2**53 - 1)]


class StatementKind(StrEnum):
    """Whose statement it is."""

    BANK = "bank"
    REGISTER = "register"


class ReconciliationStatus(StrEnum):
    """Where a statement stands."""

    OPEN = "open"
    AGREED = "agreed"
    DIFFERENT = "different"
    RESOLVED = "resolved"
    SUPERSEDED = "superseded"
    """It differed, and a later one was compared."""


class DifferenceKind(StrEnum):
    """In what a statement and the venue differ. Never renamed or reused."""

    CLIENT_BALANCE = "client_balance"
    """The bank's client account and its mirror here."""
    HOUSE_BALANCE = "house_balance"
    PAYMENT_NOT_HERE = "payment_not_here"
    """The bank received a payment that is not recorded here."""
    PAYMENT_NOT_THERE = "payment_not_there"
    """A payment is recorded here that the bank does not list."""
    PAYMENT_AMOUNT = "payment_amount"
    TOTAL_UNITS = "total_units"
    """What is issued, there and here."""
    HOLDER_NOT_HERE = "holder_not_here"
    HOLDER_NOT_THERE = "holder_not_there"
    HOLDER_UNITS = "holder_units"
    MOVED_SINCE = "moved_since"
    """The holding moved after the statement was opened, so it cannot be compared: import a later statement."""


class StatementLine(Part, frozen=True, kw_only=True):
    """One line: of a bank a payment's reference and amount (negative: out), of a register a holder and its units.

    Lines come in rising order, by `reference` or by `account_id`, each once.
    """

    reference: Annotated[str, msgspec.Meta(max_length=100)] = ""
    account_id: AccountId | None = None
    amount: Signed


class Reconciliation(Record, frozen=True, kw_only=True):
    """One statement and how far its comparison has come.

    Units: `ours` and `theirs` are minor units of the client account, or units issued; the house's account apart.
    `newest` marks the latest of its subject; `since` is the sequence of the one before it, from which payments count.
    """

    reconciliation_id: ReconciliationId
    kind: StatementKind
    source: str
    bank_id: BankId
    asset_id: AssetId
    statement_date: str
    statement_sha256: str
    ours: int
    theirs: int
    ours_house_minor: Minor
    theirs_house_minor: Minor
    status: ReconciliationStatus
    opened_by: UserId
    opened_at_ns: TimeNs
    since: int = 0
    lines: int = 0
    last_reference: str = ""
    last_account_id: AccountId = AccountId(0)
    differences: int = 0
    unresolved: int = 0
    newest: bool = True

    @property
    def counts(self) -> bool:
        """Whether a later step may ask for it."""
        return self.newest or self.status in (ReconciliationStatus.OPEN, ReconciliationStatus.DIFFERENT)


class Difference(Record, frozen=True, kw_only=True):
    """One thing in which a statement and the venue differ. Units: as its kind says; `ours` is the venue's."""

    difference_id: DifferenceId
    reconciliation_id: ReconciliationId
    kind: DifferenceKind
    reference: str
    account_id: AccountId
    ours: int
    theirs: int
    resolved_by: UserId = UserId(0)
    resolved_at_ns: TimeNs = TimeNs(0)
    resolution: str = ""
    evidence_sha256: str = ""
    over: bool = False


class Suspension(Record, frozen=True, kw_only=True):
    """An issue that is suspended because its units do not agree. `frozen_before`: it was frozen for another reason."""

    asset_id: AssetId
    reconciliation_id: ReconciliationId
    since_ns: TimeNs
    frozen_before: bool
    over: bool = False


class OpenReconciliation(Command, frozen=True, kw_only=True, tag="reconciliation.open"):
    """Begin to compare a statement: of a bank with its closing balances, or of a register with the units it has issued.

    Units: `closing_client_minor`, `closing_house_minor` of the bank's money; `total_units` of the asset.
    Refused: bank.unknown, asset.unknown, reconciliation.invalid (not one of both, or figures missing, or a day that is
    to come or before the last one), reconciliation.state (another is open), document.unknown.
    """

    source: Name
    bank_id: BankId | None = None
    asset_id: AssetId | None = None
    statement_date: IsoDate
    statement_sha256: Sha256Hex
    closing_client_minor: AnyMinor | None = None
    closing_house_minor: AnyMinor | None = None
    total_units: Total | None = None


class ReconciliationOpened(Event, frozen=True, kw_only=True, tag="reconciliation.opened"):
    """The venue's own figures are fixed; totals that differ are told at once."""

    reconciliation: Reconciliation
    before: Reconciliation | None
    differences: tuple[Difference, ...]


class CompareLines(Command, frozen=True, kw_only=True, tag="reconciliation.compare"):
    """Compare the next lines of an open statement.

    Refused: reconciliation.unknown, reconciliation.state, reconciliation.lines_invalid (not in rising order, or of the
    other kind), reconciliation.stale (`from_line` is not the next).
    """

    reconciliation_id: ReconciliationId
    from_line: Total
    lines: Annotated[tuple[StatementLine, ...], msgspec.Meta(min_length=1, max_length=MAX_LINES)]


class LinesCompared(Event, frozen=True, kw_only=True, tag="reconciliation.compared"):
    """So many lines are compared; these differ."""

    reconciliation: Reconciliation
    differences: tuple[Difference, ...]


class CloseReconciliation(Command, frozen=True, kw_only=True, tag="reconciliation.close"):
    """End a statement after its last line. Units: `lines` is how many it had.

    Refused: reconciliation.unknown, reconciliation.state, reconciliation.stale (lines are missing).
    """

    reconciliation_id: ReconciliationId
    lines: Total


class ReconciliationClosed(Event, frozen=True, kw_only=True, tag="reconciliation.closed"):
    """The statement agrees, or differs; what differed before it is for this one to say."""

    reconciliation: Reconciliation
    differences: tuple[Difference, ...]
    superseded: tuple[Reconciliation, ...]
    ended: tuple[Difference, ...]


class ResolveDifference(Command, frozen=True, kw_only=True, tag="reconciliation.resolve"):
    """Put on record how a difference was resolved, with its evidence; a second operator signs.

    Refused: reconciliation.difference_unknown, document.unknown.
    """

    difference_id: DifferenceId
    reason: Text
    evidence_sha256: Sha256Hex


class DifferenceResolved(Event, frozen=True, kw_only=True, tag="reconciliation.resolved"):
    """One difference is resolved; with the last one the statement is."""

    difference: Difference
    reconciliation: Reconciliation


class IssueSuspended(Event, frozen=True, kw_only=True, tag="asset.suspended"):
    """Nothing moves in this issue until its units agree."""

    suspension: Suspension
    asset: Asset


class IssueReleased(Event, frozen=True, kw_only=True, tag="asset.released"):
    """The units agree again, or what differed was resolved."""

    suspension: Suspension
    asset: Asset


def total_differences(reconciliation: Reconciliation) -> list[tuple[DifferenceKind, int, int]]:
    """The totals in which a statement and the venue differ: (kind, ours, theirs)."""
    pairs = [
        (
            DifferenceKind.CLIENT_BALANCE if reconciliation.bank_id else DifferenceKind.TOTAL_UNITS,
            reconciliation.ours,
            reconciliation.theirs,
        ),
        (DifferenceKind.HOUSE_BALANCE, reconciliation.ours_house_minor, reconciliation.theirs_house_minor),
    ]
    return [(kind, int(ours), int(theirs)) for kind, ours, theirs in pairs if ours != theirs]


def rising(reconciliation: Reconciliation, lines: tuple[StatementLine, ...]) -> bool:
    """Whether lines are of the statement's kind and go on in rising order."""
    if reconciliation.kind is StatementKind.BANK:
        keys = [reconciliation.last_reference, *(line.reference for line in lines)]
        fits = all(line.reference and line.account_id is None for line in lines)
        return fits and all(one < other for one, other in pairwise(keys))
    accounts = [reconciliation.last_account_id, *(line.account_id or AccountId(0) for line in lines)]
    fits = all(line.account_id and not line.reference and line.amount > 0 for line in lines)
    return fits and all(one < other for one, other in pairwise(accounts))
