"""Servicing of an issued deal: what is asked, what is told.

A period goes: collections imported and their money deposited; the payment *prepared* (a dry run of the waterfall, with
every step's reason, frozen by a hash); what supports and hedges owe paid in; *approved* by the trustee; *paid* by two
operators who name the hash, into the ledger at once and to the holders of record chunk by chunk. The duties of a
period, who has each and until when, are records too; one that is late starts the next step.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    DealPaymentId,
    IssueId,
    ServicingId,
    UnpaidPartId,
)
from exchange.core.messages import Command, Event, Part
from exchange.core.postings import Movement
from exchange.core.units import AnyMinor, Minor, Name, PositiveMinor, Sha256Hex, Text
from securitization.deal_formulas import Label
from securitization.deal_terms import MAX_ITEMS, MAX_PERIODS
from securitization.issue_messages import Issue, NoteLock
from securitization.pool_records import Pool, PoolAsset
from securitization.servicing_records import (
    MAX_ROWS,
    Calendar,
    ClassPayment,
    Collection,
    CollectionPage,
    CollectionRow,
    DealPayment,
    Duty,
    Key,
    Linked,
    NoteClass,
    PaymentPage,
    PeriodFigures,
    PeriodNumber,
    ProjectedPeriod,
    Servicing,
    UnpaidPart,
)

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


class PublishReport(Command, frozen=True, kw_only=True, tag="report.publish"):
    """Put on record, as the issuer, which report of a payment was published: the hash of its JSON.

    Once for each payment, when all its holders have theirs; after its day it counts as done late.
    Refused: report.not_due (no such payment, not over, or published), servicing.not_party.
    Source: SSE guideline no. 5 on disclosure of asset-backed securities, periodic reports.
    """

    servicing_id: ServicingId
    period: PeriodNumber
    report_sha256: Sha256Hex


class ReportPublished(Event, frozen=True, kw_only=True, tag="report.published"):
    """Whoever has a report can see whether it is the published one."""

    duty: Duty
    movement: Movement


class ReleaseUnpaidPart(Command, frozen=True, kw_only=True, tag="payment.release"):
    """Pay a part that waited for a holder who is frozen no more.

    Refused: payment.part_unknown, payment.not_party, account.frozen, member.frozen, asset.frozen.
    """

    unpaid_part_id: UnpaidPartId


class UnpaidPartReleased(Event, frozen=True, kw_only=True, tag="payment.released"):
    """The holder has it."""

    unpaid_part: UnpaidPart
    movement: Movement
