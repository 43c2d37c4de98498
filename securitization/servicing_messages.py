"""Servicing of an issued deal: its records, what is asked, what is told.

A period goes: collections imported and their money deposited; the payment *prepared* (a dry run of the waterfall, with
every step's reason, frozen by a hash); what supports and hedges owe paid in; *approved* by the trustee; *paid* by two
operators who name the hash, into the ledger at once and to the holders of record chunk by chunk. The duties of a
period, who has each and until when, are records too; one that is late starts the next step.
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
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import AnyMinor, Minor, Name, PositiveMinor, Sequence, Sha256Hex, Text, TimeNs
from securitization.deal_formulas import Label
from securitization.deal_terms import MAX_ITEMS, MAX_PERIODS
from securitization.explain import PeriodResult
from securitization.issue_messages import Issue, NoteLock, RunningDeal
from securitization.pool_records import Pool, PoolAsset

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
    """How many days before a period's payment date each duty is to be done, by the end of the day."""

    collection_days: Days = 10
    shortfall_notice_days: Days = 7
    top_up_days: Days = 5
    guarantee_call_days: Days = 3
    pay_instruction_days: Days = 1


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
    """One thing somebody has to do by a moment. `subject` is the support or hedge that has to pay in."""

    duty_id: DutyId
    servicing_id: ServicingId
    account_id: AccountId
    period: int
    kind: DutyKind
    subject: str
    member_id: MemberId
    due_ns: TimeNs
    state: DutyState

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


# --- Opening ----------------------------------------------------------------------------------------------------------


class OpenServicing(Command, frozen=True, kw_only=True, tag="servicing.open"):
    """Take an established issue into servicing: from here on its periods have duties, record dates and payments.

    The issue says all the rest: the text with the coupons found, notes, accounts, payees, parties, the pool. The first
    journals have commands that say it themselves, without an issue; they can be read, and are refused. Two operators.
    Refused: servicing.invalid, issue.unknown, issue.state, servicing.exists.
    """

    issue_id: IssueId | None = None
    calendar: Calendar = Calendar()
    name: Name | None = None
    deal_text: Annotated[str, msgspec.Meta(max_length=100_000)] | None = None
    money_asset_id: AssetId | None = None
    originator_account_id: AccountId | None = None
    servicer_account_id: AccountId | None = None
    trustee_account_id: AccountId | None = None
    classes: Annotated[tuple[NoteClass, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    payees: Annotated[tuple[Linked, ...], msgspec.Meta(max_length=3 * MAX_ITEMS)] = ()


class ServicingOpened(Event, frozen=True, kw_only=True, tag="servicing.opened"):
    """The first period's duties are open."""

    servicing: Servicing
    duties: tuple[Duty, ...]
    movement: Movement


class PerfectSale(Command, frozen=True, kw_only=True, tag="servicing.perfect"):
    """Tell the debtors to pay the issuer, as the trustee; the back-up, if there is one, takes the servicer's place.

    Once, after early amortisation or an event of default began, or while the collection is late.
    Refused: servicing.unknown, servicing.not_party, servicing.state (it is done, or a period's money is handed in),
    servicing.not_triggered, document.unknown.
    """

    servicing_id: ServicingId
    document_sha256: Sha256Hex


class SalePerfected(Event, frozen=True, kw_only=True, tag="servicing.perfected"):
    """Who serves the deal now has what the one before had still to do."""

    servicing: Servicing
    replaced_account_id: AccountId
    duties: tuple[Duty, ...]
    movement: Movement


class DebtorsTold(Event, frozen=True, kw_only=True, tag="servicing.debtors_told"):
    """What a debtor owes, it owes the issuer: told to those who are members here."""

    issuer_account_id: AccountId
    document_sha256: str
    movement: Movement


class ClassHoldersRecorded(Event, frozen=True, kw_only=True, tag="servicing.holders_recorded"):
    """The record date is over: the holders of each class are those at the end of this command."""

    servicing: Servicing
    classes: tuple[ClassPayment, ...]
    movement: Movement


class DutyLate(Event, frozen=True, kw_only=True, tag="servicing.duty_late"):
    """A duty was not done in time: the `duties` opened and dropped for it, and the payment as it now stands."""

    duty: Duty
    duties: tuple[Duty, ...] = ()
    payment: DealPayment | None = None
    movement: Movement = Movement()


# --- Collections ------------------------------------------------------------------------------------------------------


class ExpectedPeriod(Part, frozen=True, kw_only=True):
    """What one period is expected to bring."""

    period: PeriodNumber
    interest_minor: AnyMinor = Minor(0)
    principal_minor: AnyMinor = Minor(0)
    prepayment_minor: AnyMinor = Minor(0)
    default_minor: AnyMinor = Minor(0)
    recovery_minor: AnyMinor = Minor(0)
    balance_minor: AnyMinor = Minor(0)


class RecordProjection(Command, frozen=True, kw_only=True, tag="projection.record"):
    """Put on record what the periods are expected to bring, as the servicer or the trustee.

    Rising periods, from the current one on while its collection is not complete. What was on record for those it names
    is replaced; each complete collection is compared with what stands for its period.
    Refused: servicing.unknown, servicing.not_party, projection.invalid, document.unknown.
    """

    servicing_id: ServicingId
    periods: Annotated[tuple[ExpectedPeriod, ...], msgspec.Meta(min_length=1, max_length=MAX_PERIODS)]
    document_sha256: Sha256Hex


class ProjectionRecorded(Event, frozen=True, kw_only=True, tag="projection.recorded"):
    """Collections are compared with these from now on; `replaced` count no more."""

    periods: tuple[ProjectedPeriod, ...]
    replaced: tuple[ProjectedPeriod, ...]
    movement: Movement


class ImportCollection(Command, frozen=True, kw_only=True, tag="collection.import"):
    """Hand in some rows of a period's collection; the part that names the figures completes the version.

    Of a pool, a version is one part with a row for each asset under its number (`PX1-204`); the register counts the
    rights that fell, which may be named or left at 0. Rows rise by key within a version. A complete later version
    replaces an earlier one, and withdraws a payment that was prepared from it, until the period is paid.
    Refused: servicing.unknown, servicing.not_party, collection.period, collection.version, collection.invalid.
    """

    servicing_id: ServicingId
    period: PeriodNumber
    version: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    part: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    rows: Annotated[tuple[CollectionRow, ...], msgspec.Meta(max_length=MAX_ROWS)]
    figures: PeriodFigures | None = None


class CollectionImported(Event, frozen=True, kw_only=True, tag="collection.imported"):
    """The rows are on record. `replaced` is the version it takes the place of, `payment` what was withdrawn for it."""

    collection: Collection
    page: CollectionPage
    servicing: Servicing
    replaced: Collection | None = None
    payment: DealPayment | None = None
    duties: tuple[Duty, ...] = ()
    movement: Movement = Movement()
    projected: ProjectedPeriod | None = None
    """What was expected of the period, with the difference."""


class DepositCollection(Command, frozen=True, kw_only=True, tag="collection.deposit"):
    """Hand over the money of the complete collection; what a correction made too much comes back.

    Refused: servicing.unknown, servicing.not_party, account.frozen, member.frozen, collection.incomplete,
    collection.period, hold.insufficient_available.
    """

    servicing_id: ServicingId


class CollectionDeposited(Event, frozen=True, kw_only=True, tag="collection.deposited"):
    """The money lies ready. Units: `amount_minor` is below zero where it came back."""

    servicing: Servicing
    amount_minor: int
    duties: tuple[Duty, ...]
    movement: Movement


class RepurchaseMade(Event, frozen=True, kw_only=True, tag="repurchase.made"):
    """The price is principal of the period; an asset of a pool has left it and is its originator's, `held` there."""

    key: str
    amount_minor: Minor
    reason: str
    document_sha256: str
    servicing: Servicing
    movement: Movement
    pool: Pool | None = None
    pool_asset: PoolAsset | None = None
    held: Movement | None = None


class MakeRepurchase(Command, frozen=True, kw_only=True, tag="repurchase.make"):
    """The originator buys a claim back on a breach of what it assured, or to clean up; the price is paid at once.

    Of a pool, `key` is the asset's number (`PX1-204`): its own originator pays and has the receivable again.
    Refused: servicing.unknown, pool_asset.unknown, servicing.not_party, account.frozen, member.frozen,
    collection.period (its payment is prepared; of a pool, its collection is complete), asset.frozen, document.unknown,
    hold.insufficient_available.
    """

    servicing_id: ServicingId
    key: Key
    amount_minor: PositiveMinor
    reason: Text
    document_sha256: Sha256Hex


# --- Payments ---------------------------------------------------------------------------------------------------------


class PreparePayment(Command, frozen=True, kw_only=True, tag="payment.prepare"):
    """Have the period's waterfall worked out: a dry run, frozen by its hash, that moves nothing.

    Refused: servicing.unknown, servicing.not_party, collection.incomplete, collection.not_deposited,
    payment.state (the period's payment is under way), collection.invalid (the evaluator's limits).
    """

    servicing_id: ServicingId


class PaymentPrepared(Event, frozen=True, kw_only=True, tag="payment.prepared"):
    """What will be paid, with every reason; who has to pay in has a duty now."""

    servicing: Servicing
    payment: DealPayment
    duties: tuple[Duty, ...]
    movement: Movement


class FundPayment(Command, frozen=True, kw_only=True, tag="payment.fund"):
    """Pay in what a support or hedge owes to a payment.

    Refused: payment.unknown, payment.state, payment.not_called, payment.not_party, account.frozen, member.frozen,
    hold.insufficient_available.
    """

    payment_id: DealPaymentId
    name: Label


class PaymentFunded(Event, frozen=True, kw_only=True, tag="payment.funded"):
    """The money lies with the collections."""

    payment: DealPayment
    duties: tuple[Duty, ...]
    movement: Movement


class ApprovePayment(Command, frozen=True, kw_only=True, tag="payment.approve"):
    """The trustee agrees to the payment with this hash.

    Refused: payment.unknown, payment.not_party, payment.state, approval.same_person, payment.changed,
    payment.not_funded.
    """

    payment_id: DealPaymentId
    plan_sha256: Sha256Hex


class PaymentApproved(Event, frozen=True, kw_only=True, tag="payment.approved"):
    """Two operators may pay it."""

    payment: DealPayment
    duties: tuple[Duty, ...]
    movement: Movement


class PayPayment(Command, frozen=True, kw_only=True, tag="payment.pay"):
    """Post the payment, and start paying the holders of record. Two operators, who name the hash.

    Refused: payment.unknown, payment.state, payment.changed, payment.record_pending (the record date is not over),
    asset.frozen, distribution.suspended, payment.no_holders, payment.notes_held (some that end now).
    """

    payment_id: DealPaymentId
    plan_sha256: Sha256Hex


class PaymentStarted(Event, frozen=True, kw_only=True, tag="payment.started"):
    """The deal's accounts have moved as the waterfall says, and the deal stands as after the payment."""

    payment: DealPayment
    servicing: Servicing
    collections: tuple[Collection, ...]
    classes: tuple[ClassPayment, ...]
    movement: Movement
    issue: Issue | None = None
    """With the balances of its classes after the payment."""
    locks: tuple[NoteLock, ...] = ()
    """Retained notes that end with it, held no more."""
    projected: ProjectedPeriod | None = None


class ClassHoldersPaid(Event, frozen=True, kw_only=True, tag="payment.holders_paid"):
    """Some holders of one class got their parts; those frozen wait."""

    class_payment: ClassPayment
    page: PaymentPage | None
    waiting: tuple[UnpaidPart, ...]
    movement: Movement


class PaymentCompleted(Event, frozen=True, kw_only=True, tag="payment.completed"):
    """Every class is paid. Unless the deal is over, its next period is open; if it is, so is its issue."""

    payment: DealPayment
    servicing: Servicing
    duties: tuple[Duty, ...]
    movement: Movement
    issue: Issue | None = None


class ReleaseUnpaidPart(Command, frozen=True, kw_only=True, tag="payment.release"):
    """Pay a part that waited for a holder who is frozen no more.

    Refused: payment.part_unknown, payment.not_party, account.frozen, member.frozen, asset.frozen.
    """

    unpaid_part_id: UnpaidPartId


class UnpaidPartReleased(Event, frozen=True, kw_only=True, tag="payment.released"):
    """The holder has it."""

    unpaid_part: UnpaidPart
    movement: Movement
