"""What is kept of the servicing of an issued deal: how it stands, its duties, collections and payments.

The commands that change it are in `servicing_messages`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    ClassPaymentId,
    CollectionId,
    CollectionPageId,
    DealPaymentId,
    DutyId,
    IssueId,
    MemberId,
    PaymentPageId,
    PoolId,
    ProjectedPeriodId,
    ServicingId,
    UnpaidPartId,
    UserId,
)
from exchange.core.messages import Part, Record
from exchange.core.units import AnyMinor, Minor, Sequence, TimeNs
from securitization.deal_formulas import Label
from securitization.deal_terms import MAX_ITEMS, MAX_PERIODS
from securitization.explain import PeriodResult
from securitization.issue_messages import RunningDeal

MAX_ROWS = 200
"""Rows of one import."""
MAX_LINES = 160
"""Holders one chunk pays: a line may post its money, and its notes twice."""

PeriodNumber = Annotated[int, msgspec.Meta(ge=1, le=MAX_PERIODS)]
Days = Annotated[int, msgspec.Meta(ge=0, le=90)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$")]


class ServicingState(StrEnum):
    """Where the servicing of a deal stands."""

    ACTIVE = "active"
    REDEEMED = "redeemed"
    """Every class is at zero, every note is ended."""
    UNPAID = "unpaid"
    """The periods are over and a class is still owed something: its notes stay as claims."""


class Calendar(Part, frozen=True, kw_only=True):
    """How many days before a period's payment date each duty is to be done, by the end of the day.

    The report is published so many days after that date.
    """

    collection_days: Days = 10
    shortfall_notice_days: Days = 7
    top_up_days: Days = 5
    guarantee_call_days: Days = 3
    pay_instruction_days: Days = 1
    disclosure_days: Days = 10


class Linked(Part, frozen=True, kw_only=True):
    """A name of the deal's text, and the ledger account it stands for."""

    name: Label
    account_id: AccountId


class NoteClass(Part, frozen=True, kw_only=True):
    """A class of the deal's text, and the notes in which it is held."""

    name: Label
    asset_id: AssetId


class Servicing(Record, frozen=True, kw_only=True):
    """The servicing of one issued deal: its text, its notes and accounts, how it stands, what lies ready for a period.

    Units: `deposited_minor` is what the servicer has handed over for the period, `repurchased_minor` what the
    originator paid for claims bought back; both lie in `collections_account_id`.
    """

    servicing_id: ServicingId
    state: ServicingState
    originator_account_id: AccountId
    servicer_account_id: AccountId
    trustee_account_id: AccountId
    name: str
    deal_text: str
    deal_sha256: str
    money_asset_id: AssetId
    classes: tuple[NoteClass, ...]
    accounts: tuple[Linked, ...]
    payees: tuple[Linked, ...]
    running: RunningDeal
    calendar: Calendar
    collections_account_id: AccountId
    period: int
    deposited_minor: Minor = Minor(0)
    repurchased_minor: Minor = Minor(0)
    record_sequence: Sequence = Sequence(0)
    """Where in the journal the holders of the period were fixed; 0: its record date is still to come."""
    collection_id: CollectionId = CollectionId(0)
    """The period's complete collection."""
    payment_id: DealPaymentId = DealPaymentId(0)
    """The period's payment under way."""
    paying: bool = False
    """Its holders are being paid: the period is over when they are."""
    issue_id: IssueId = IssueId(0)
    pool_id: PoolId = PoolId(0)
    """The pool behind it; 0: single claims."""
    fallen: tuple[AssetId, ...] = ()
    """The rights behind the pool whose fall a paid period counted."""
    backup_account_id: AccountId = AccountId(0)
    perfected_at_ns: TimeNs = TimeNs(0)
    perfection_sha256: str = ""
    """The notice by which the debtors were told to pay the issuer, once they were."""

    @property
    def live(self) -> bool:
        """Whether there is still something to pay."""
        return self.state is ServicingState.ACTIVE


# --- Duties -----------------------------------------------------------------------------------------------------------


class DutyKind(StrEnum):
    """What is to be done for a period, in the order in which one follows the other."""

    COLLECTION = "collection"
    """The servicer hands in the complete collection and its money."""
    SHORTFALL_NOTICE = "shortfall_notice"
    """The servicer has the payment worked out: what is missing is told with it."""
    TOP_UP = "top_up"
    """A line of cash, a payer of differences or a hedge pays in."""
    GUARANTEE_CALL = "guarantee_call"
    """The guarantor pays in."""
    PAY_INSTRUCTION = "pay_instruction"
    """The trustee approves the payment."""
    DISCLOSURE = "disclosure"
    """The issuer publishes the report of the payment, once everybody has theirs."""


class DutyState(StrEnum):
    """Where a duty stands."""

    OPEN = "open"
    LATE = "late"
    DONE = "done"
    DONE_LATE = "done_late"
    MISSED = "missed"
    """It was not done, and the next step was taken without it."""
    DROPPED = "dropped"
    """It needs not be done any more: the payment changed, or went another way."""


class Duty(Record, frozen=True, kw_only=True):
    """One thing somebody has to do by a moment. `subject` is the support or hedge that has to pay in.

    `report_sha256` is the hash of the published report, of a disclosure that is done.
    """

    duty_id: DutyId
    servicing_id: ServicingId
    account_id: AccountId
    period: int
    kind: DutyKind
    subject: str
    member_id: MemberId
    due_ns: TimeNs
    state: DutyState
    report_sha256: str = ""

    @property
    def live(self) -> bool:
        """Whether it is still to be done."""
        return self.state in (DutyState.OPEN, DutyState.LATE)


# --- Collections ------------------------------------------------------------------------------------------------------


class CollectionRow(Part, frozen=True, kw_only=True):
    """What one asset or segment of the pool brought in a period. Units: `balance_minor` performing at its end."""

    key: Key
    interest_minor: AnyMinor = Minor(0)
    principal_minor: AnyMinor = Minor(0)
    prepayment_minor: AnyMinor = Minor(0)
    default_minor: AnyMinor = Minor(0)
    recovery_minor: AnyMinor = Minor(0)
    balance_minor: AnyMinor = Minor(0)


class Named(Part, frozen=True, kw_only=True):
    """A rate or count under its name in the deal's text."""

    name: Label
    value: Annotated[int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000)]


NamedValues = Annotated[tuple[Named, ...], msgspec.Meta(max_length=MAX_ITEMS)]


class PeriodFigures(Part, frozen=True, kw_only=True):
    """What is known of a period beside its rows; named with the last part of a version, which completes it."""

    valuation_minor: AnyMinor
    invalidated_rights: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    rates_ppm: NamedValues = ()
    events: NamedValues = ()


class CollectionTotals(Record, frozen=True, kw_only=True):
    """The rows of a collection, summed."""

    interest_minor: int = 0
    principal_minor: int = 0
    prepayment_minor: int = 0
    default_minor: int = 0
    recovery_minor: int = 0
    balance_minor: int = 0

    @property
    def cash_minor(self) -> int:
        """What came in of it as money."""
        return self.interest_minor + self.principal_minor + self.prepayment_minor + self.recovery_minor


class ProjectedPeriod(Record, frozen=True, kw_only=True):
    """What a period is expected to bring, and once its collection is complete, what that brought more.

    Units: `difference` is what was collected less what was projected, below zero where less came in.
    """

    projected_period_id: ProjectedPeriodId
    servicing_id: ServicingId
    account_id: AccountId
    servicer_account_id: AccountId
    period: int
    version: int
    projected: CollectionTotals
    document_sha256: str
    collection_id: CollectionId = CollectionId(0)
    difference: CollectionTotals = CollectionTotals()
    over: bool = False
    """The period is paid, or a later version took its place."""


class CollectionState(StrEnum):
    """Where a version of a period's collection stands."""

    OPEN = "open"
    COMPLETE = "complete"
    SUPERSEDED = "superseded"
    PAID = "paid"


class Collection(Record, frozen=True, kw_only=True):
    """One version of what a period brought, as the servicer says. Rows are kept in pages; here are their totals."""

    collection_id: CollectionId
    servicing_id: ServicingId
    account_id: AccountId
    period: int
    version: int
    state: CollectionState
    parts: int
    rows: int
    last_key: str
    totals: CollectionTotals
    rows_sha256: str
    figures: PeriodFigures | None = None
    fallen: tuple[AssetId, ...] = ()
    """The rights behind the pool that fell since the last paid period: what `invalidated_rights` counts."""

    @property
    def live(self) -> bool:
        """Whether it may still be paid."""
        return self.state in (CollectionState.OPEN, CollectionState.COMPLETE)


class CollectionPage(Record, frozen=True, kw_only=True):
    """Some rows of a collection, as they were imported."""

    page_id: CollectionPageId
    collection_id: CollectionId
    account_id: AccountId
    n: int
    rows: tuple[CollectionRow, ...]


# --- Payments ---------------------------------------------------------------------------------------------------------


class DealPaymentState(StrEnum):
    """Where a payment stands."""

    PREPARED = "prepared"
    APPROVED = "approved"
    PAYING = "paying"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


class PayIn(Record, frozen=True, kw_only=True):
    """What a support or hedge has to pay in, and how much of it lies ready."""

    name: str
    account_id: AccountId
    amount_minor: Minor
    funded_minor: Minor = Minor(0)


class DealPayment(Record, frozen=True, kw_only=True):
    """One period's payment: the waterfall's result with every reason, and how the deal stands after it.

    `failed_supports` did not pay in when called; `plan_sha256` is the hash of all that the payment will do.
    """

    payment_id: DealPaymentId
    servicing_id: ServicingId
    account_id: AccountId
    period: int
    revision: int
    state: DealPaymentState
    collection_id: CollectionId
    failed_supports: tuple[str, ...]
    result: PeriodResult
    after: RunningDeal
    pay_ins: tuple[PayIn, ...]
    plan_sha256: str
    prepared_by: UserId
    prepared_at_ns: TimeNs
    approved_by: UserId = UserId(0)
    escrow_account_id: AccountId = AccountId(0)
    """Where the holders' money lies while they are paid."""
    classes_left: int = 0
    """Classes that had holders to pay when the payment began; none when all are paid."""
    waiting_minor: Minor = Minor(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether a step of it is still to come."""
        return self.state not in (DealPaymentState.PAID, DealPaymentState.WITHDRAWN)

    @property
    def missing_minor(self) -> int:
        """What is still to be paid in."""
        return sum(one.amount_minor - one.funded_minor for one in self.pay_ins)


class ClassPaymentState(StrEnum):
    """Where a class's part of a period stands."""

    RECORDED = "recorded"
    PAYING = "paying"
    PAID = "paid"


class ClassPayment(Record, frozen=True, kw_only=True):
    """The holders of record of one class for one period, and what they are paid.

    Units: `record_units` are the notes of all `holders`; `pot_minor` is shared among them by largest remainder.
    """

    class_payment_id: ClassPaymentId
    servicing_id: ServicingId
    account_id: AccountId
    period: int
    name: str
    asset_id: AssetId
    record_sequence: Sequence
    state: ClassPaymentState
    payment_id: DealPaymentId = DealPaymentId(0)
    pot_minor: Minor = Minor(0)
    redeems: bool = False
    holders: int = 0
    record_units: int = 0
    pages: int = 0
    paid_minor: Minor = Minor(0)
    burned_units: int = 0

    @property
    def live(self) -> bool:
        """Whether somebody is still to be paid."""
        return self.state is not ClassPaymentState.PAID


class HolderLine(Record, frozen=True, kw_only=True):
    """What one holder of record got of its class's pot: `notes` of all notes. `waits`: the holder was frozen."""

    account_id: AccountId
    notes: int
    amount_minor: Minor
    waits: bool = False


class PaymentPage(Record, frozen=True, kw_only=True):
    """Some holders of one class, paid together; in the order of their accounts."""

    page_id: PaymentPageId
    class_payment_id: ClassPaymentId
    payment_id: DealPaymentId
    account_id: AccountId
    n: int
    first_account_id: AccountId
    last_account_id: AccountId
    lines: tuple[HolderLine, ...]


class UnpaidPart(Record, frozen=True, kw_only=True):
    """A holder's part that waits in the payment's escrow, because the holder was frozen."""

    unpaid_part_id: UnpaidPartId
    payment_id: DealPaymentId
    escrow_account_id: AccountId
    account_id: AccountId
    money_asset_id: AssetId
    amount_minor: Minor
    released_sequence: Sequence = Sequence(0)

    @property
    def live(self) -> bool:
        """Whether it still waits."""
        return not self.released_sequence
